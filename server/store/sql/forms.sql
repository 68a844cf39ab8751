-- Forms and the raw journal of what was posted to them.

-- form_insert
INSERT INTO form (id, name, key, redirect_hosts, allowed_origins, source, campaign, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- form_by_id -> form
SELECT id, name, key, redirect_hosts, allowed_origins, source, campaign, created_at
FROM form
WHERE id = $1;

-- form_by_key -> form
SELECT id, name, key, redirect_hosts, allowed_origins, source, campaign, created_at
FROM form
WHERE key = $1;

-- form_list -> form
SELECT id, name, key, redirect_hosts, allowed_origins, source, campaign, created_at
FROM form
WHERE 1 = 1;

-- form_count
SELECT count(*) FROM form;

-- submission_insert
INSERT INTO submission (id, form, received_at, content_type, body, verdict, detail, lead_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- submission_key_insert
INSERT INTO submission_key (hash, submission_id) VALUES ($1, $2)
ON CONFLICT (hash, submission_id) DO NOTHING;

-- submission_crowd_insert
INSERT INTO submission_crowd (submission_id, hashes) VALUES ($1, $2);

-- submissions_expire
DELETE FROM submission
WHERE id IN (
    SELECT id FROM submission
    WHERE lead_id IS NULL AND received_at < $1
    ORDER BY received_at LIMIT $2);

-- submission_by_id -> submission
SELECT id, form, received_at, content_type, body, verdict, detail, lead_id
FROM submission
WHERE id = $1;

-- submission_list -> submission
-- The bodies are not read.
SELECT id, form, received_at, content_type, verdict, detail, lead_id
FROM submission
WHERE 1 = 1;

-- submission_count
SELECT count(*) FROM submission WHERE 1 = 1;

-- submission_list_form
AND form = $1;

-- submission_list_verdict
AND verdict = $1;
