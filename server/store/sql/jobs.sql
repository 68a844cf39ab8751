-- Jobs: long work that goes on behind the answer which began it.

-- job_insert
INSERT INTO job (id, kind, state, subject, done, total, cursor, result, detail, actor, created_at,
    started_at, finished_at, failed, failed_leads)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, NULL);

-- job_save
-- Only while it is not over: whoever cancels it has the last word.
UPDATE job
SET state = $2, done = $3, total = $4, cursor = $5, result = $6, detail = $7, started_at = $8,
    finished_at = $9, failed = $10, failed_leads = $11
WHERE id = $1 AND finished_at IS NULL;

-- job_by_id -> job
SELECT id, kind, state, subject, done, total, cursor, result, detail, actor, created_at,
    started_at, finished_at, failed, failed_leads
FROM job
WHERE id = $1;

-- jobs_open -> job
-- In the order they were asked for.
SELECT id, kind, state, subject, done, total, cursor, result, detail, actor, created_at,
    started_at, finished_at, failed, failed_leads
FROM job
WHERE finished_at IS NULL
ORDER BY id;

-- job_list -> job
SELECT id, kind, state, subject, done, total, cursor, result, detail, actor, created_at,
    started_at, finished_at, failed, failed_leads
FROM job
WHERE 1 = 1;

-- job_list_count
SELECT count(*) FROM job WHERE 1 = 1;

-- job_list_kind
AND kind = $1;

-- job_list_state
AND state = $1;

-- jobs_expire
DELETE FROM job
WHERE id IN (SELECT id FROM job WHERE finished_at < $1 ORDER BY finished_at LIMIT $2);

-- crossing_insert
INSERT INTO job_crossing (job, criterion, direction, last_lead, leads)
VALUES ($1, $2, $3, $4, $5);

-- crossings_above -> crossing_row
-- The part that $4 is in, unless it is its last, and the next ones.
SELECT leads
FROM job_crossing
WHERE job = $1 AND criterion = $2 AND direction = $3 AND last_lead > $4
ORDER BY last_lead LIMIT $5;

-- crossings_below -> crossing_row
SELECT leads
FROM job_crossing
WHERE job = $1 AND criterion = $2 AND direction = $3 AND last_lead < $4
ORDER BY last_lead DESC LIMIT $5;

-- crossings_around -> crossing_row
-- The part that $4 is in.
SELECT last_lead, leads
FROM job_crossing
WHERE job = $1 AND criterion = $2 AND direction = $3 AND last_lead >= $4
ORDER BY last_lead LIMIT 1;

-- crossing_group_next -> crossing_row
SELECT job, criterion, direction
FROM job_crossing
WHERE (job, criterion, direction) > ($1, $2, $3)
ORDER BY job, criterion, direction LIMIT 1;

-- crossing_update
UPDATE job_crossing SET last_lead = $5, leads = $6
WHERE job = $1 AND criterion = $2 AND direction = $3 AND last_lead = $4;

-- crossing_delete
DELETE FROM job_crossing
WHERE job = $1 AND criterion = $2 AND direction = $3 AND last_lead = $4;

-- crossing_bytes
SELECT coalesce(sum(length(leads)), 0)
FROM job_crossing
WHERE job = $1 AND criterion = $2 AND direction = $3;

-- crossings_remove
DELETE FROM job_crossing
WHERE job = $1 AND (criterion, direction, last_lead) IN (
    SELECT criterion, direction, last_lead FROM job_crossing WHERE job = $1 LIMIT $2);

-- crossings_expire
DELETE FROM job_crossing
WHERE (job, criterion, direction, last_lead) IN (
    SELECT c.job, c.criterion, c.direction, c.last_lead
    FROM job AS j JOIN job_crossing AS c ON c.job = j.id
    WHERE j.finished_at < $1 LIMIT $2);
