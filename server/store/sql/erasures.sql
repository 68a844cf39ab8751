-- Erasures: who had which lead erased, and what it takes away, a few rows at a time. $1 is the
-- lead, the last parameter the most that goes at once.

-- erasure_insert
INSERT INTO erasure (id, lead_id, facts, actor, begun_at, finished_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- erasure_begin_again
UPDATE erasure SET facts = $2, actor = $3, begun_at = $4, finished_at = NULL WHERE id = $1;

-- erasure_finish
UPDATE erasure SET finished_at = $2 WHERE id = $1;

-- erasure_by_lead -> erasure
SELECT id, lead_id, facts, actor, begun_at, finished_at FROM erasure WHERE lead_id = $1;

-- erasure_list -> erasure
SELECT id, lead_id, facts, actor, begun_at, finished_at
FROM erasure
WHERE 1 = 1;

-- erasure_count
SELECT count(*) FROM erasure;

-- erasure_next_unfinished -> erasure
SELECT id, lead_id, facts, actor, begun_at, finished_at
FROM erasure
WHERE finished_at IS NULL
ORDER BY id LIMIT 1;

-- lead_mark_erased
UPDATE lead_state SET erased_at = $2, score_due_at = NULL WHERE lead_id = $1;

-- lead_source_remove
UPDATE lead SET source = NULL WHERE id = $1;

-- lead_identity -> lead
-- Read without where it stands, which may be gone already.
SELECT id, email, phone FROM lead WHERE id = $1;

-- lead_facts -> lead
-- What an erasure leaves of the row: what figures of the past are made of.
SELECT id, source, campaign, owner, amount_minor, currency, created_at, updated_at
FROM lead
WHERE id = $1;

-- lead_keys_remove
DELETE FROM lead_key WHERE (kind, key) IN (SELECT kind, key FROM lead_key WHERE lead_id = $1);

-- lead_changes_remove
DELETE FROM lead_change
WHERE lead_id = $1 AND id IN (SELECT id FROM lead_change WHERE lead_id = $1 ORDER BY id LIMIT $2);

-- lead_values_remove
DELETE FROM lead_value
WHERE lead_id = $1 AND field_id IN (
    SELECT field_id FROM lead_value WHERE lead_id = $1 ORDER BY field_id LIMIT $2);

-- lead_identities -> lead_change
-- Addresses and numbers that it has had.
SELECT field, old_value, new_value
FROM lead_change
WHERE lead_id = $1 AND field IN ('email', 'phone');

-- lead_remove
DELETE FROM lead WHERE id = $1;

-- lead_state_remove
DELETE FROM lead_state WHERE lead_id = $1;

-- lead_memberships_remove
-- By the campaigns, of which there are few: members are clustered by theirs.
DELETE FROM campaign_member WHERE campaign IN (SELECT id FROM campaign) AND lead_id = $1;

-- stage_reasons_remove
UPDATE stage_event SET reason = NULL
WHERE lead_id = $1 AND id IN (
    SELECT id FROM stage_event WHERE lead_id = $1 AND reason IS NOT NULL ORDER BY id LIMIT $2);

-- stage_events_remove
DELETE FROM stage_event
WHERE lead_id = $1 AND id IN (SELECT id FROM stage_event WHERE lead_id = $1 ORDER BY id LIMIT $2);

-- activity_page -> activity
-- Behind ($2, $3), in the order it happened.
SELECT lead_id, occurred_at, id, source_system, external_id
FROM activity
WHERE lead_id = $1 AND (occurred_at, id) > ($2, $3)
ORDER BY occurred_at, id LIMIT $4;

-- activity_key_remove
DELETE FROM activity_key WHERE source_system = $1 AND external_id = $2;

-- activity_keys_outlived_remove
DELETE FROM activity_key
WHERE lead_id = $1 AND (source_system, external_id) IN (
    SELECT source_system, external_id FROM activity_key WHERE lead_id = $1
    ORDER BY source_system, external_id LIMIT $2);

-- activity_strip
-- What is left counts: its type and its time.
UPDATE activity SET source_system = NULL, external_id = NULL, properties = NULL
WHERE lead_id = $1 AND occurred_at = $2 AND id = $3;

-- activity_remove
DELETE FROM activity WHERE lead_id = $1 AND occurred_at = $2 AND id = $3;

-- submissions_of_lead_remove
DELETE FROM submission
WHERE id IN (SELECT id FROM submission WHERE lead_id = $1 ORDER BY id LIMIT $2);

-- submissions_by_key_remove
DELETE FROM submission
WHERE id IN (SELECT submission_id FROM submission_key WHERE hash = $1 LIMIT $2);

-- submissions_of_nobody_by_key_remove
-- People share phones: what another lead came of stays.
DELETE FROM submission
WHERE id IN (
    SELECT k.submission_id FROM submission_key k
    JOIN submission s ON s.id = k.submission_id
    WHERE k.hash = $1 AND s.lead_id IS NULL LIMIT $2);

-- submission_crowd_page -> submission_crowd
-- Behind $1.
SELECT c.submission_id, c.hashes, s.lead_id
FROM submission_crowd c
JOIN submission s ON s.id = c.submission_id
WHERE c.submission_id > $1
ORDER BY c.submission_id LIMIT $2;

-- submission_remove
DELETE FROM submission WHERE id = $1;

-- kept_answers_remove
-- A retry is told that it was done, and is not done again.
UPDATE idempotency SET status = $2, location = NULL, etag = NULL, body = NULL, lead_id = NULL
WHERE (key_id, key) IN (
    SELECT key_id, key FROM idempotency WHERE lead_id = $1 ORDER BY key_id, key LIMIT $3);

-- kept_answers_of_lists_remove
UPDATE idempotency SET status = $2, location = NULL, etag = NULL, body = NULL
WHERE (key_id, key) IN (
    SELECT key_id, key FROM idempotency_list WHERE lead_id = $1 ORDER BY key_id, key LIMIT $3);

-- kept_answer_leads_remove
-- Those that the statement before was about.
DELETE FROM idempotency_list
WHERE lead_id = $1 AND (key_id, key) IN (
    SELECT key_id, key FROM idempotency_list WHERE lead_id = $1 ORDER BY key_id, key LIMIT $2);

-- erasure_leftovers
-- Rows that still say something of the lead once its erasure is finished.
SELECT (SELECT count(*) FROM lead_key WHERE lead_id = $1)
    + (SELECT count(*) FROM lead_value WHERE lead_id = $1)
    + (SELECT count(*) FROM lead_change WHERE lead_id = $1)
    + (SELECT count(*) FROM submission WHERE lead_id = $1)
    + (SELECT count(*) FROM activity_key WHERE lead_id = $1)
    + (SELECT count(*) FROM idempotency WHERE lead_id = $1)
    + (SELECT count(*) FROM stage_event WHERE lead_id = $1 AND reason IS NOT NULL)
    + (SELECT count(*) FROM activity WHERE lead_id = $1 AND (source_system IS NOT NULL
        OR external_id IS NOT NULL OR properties IS NOT NULL));
