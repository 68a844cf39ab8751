-- Answers to requests that carried an Idempotency-Key.

-- kept_answer_find -> kept_answer
SELECT key_id, key, fingerprint, created_at, status, location, etag, body, lead_id
FROM idempotency
WHERE key_id = $1 AND key = $2;

-- kept_answer_insert
INSERT INTO idempotency (key_id, key, fingerprint, created_at) VALUES ($1, $2, $3, $4);

-- kept_answer_fill
UPDATE idempotency SET status = $3, location = $4, etag = $5, body = $6, lead_id = $7
WHERE key_id = $1 AND key = $2;

-- kept_answer_show
INSERT INTO idempotency_list (key_id, key, lead_id) VALUES ($1, $2, $3)
ON CONFLICT (key_id, key, lead_id) DO NOTHING;

-- kept_answer_delete
DELETE FROM idempotency WHERE key_id = $1 AND key = $2;

-- kept_answers_expire
-- A few of the oldest at a time, so that nobody waits for a large deletion.
DELETE FROM idempotency
WHERE (key_id, key) IN (
    SELECT key_id, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2);
