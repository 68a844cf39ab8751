-- Leads whose score or stage time alone has changed, and those of them that could not be brought up
-- to date.

-- leads_due -> due_lead
SELECT s.lead_id, s.score_due_at, coalesce(f.tries, 0) AS tries
FROM lead_state s
LEFT JOIN due_failure f ON f.lead_id = s.lead_id AND f.score_due_at = s.score_due_at
WHERE s.score_due_at IS NOT NULL AND s.score_due_at <= $1
    AND (f.retry_at IS NULL OR f.retry_at <= $1)
ORDER BY s.score_due_at, s.lead_id LIMIT $2;

-- due_failure_put
INSERT INTO due_failure (lead_id, score_due_at, tries, retry_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (lead_id) DO UPDATE
SET score_due_at = excluded.score_due_at, tries = excluded.tries, retry_at = excluded.retry_at;

-- due_failure_count
SELECT count(*) FROM due_failure;

-- due_failures_over
SELECT count(*) FROM due_failure AS f WHERE NOT EXISTS (
    SELECT 1 FROM lead_state s WHERE s.lead_id = f.lead_id AND s.score_due_at = f.score_due_at);

-- due_failures_remove
DELETE FROM due_failure AS f WHERE NOT EXISTS (
    SELECT 1 FROM lead_state s WHERE s.lead_id = f.lead_id AND s.score_due_at = f.score_due_at);
