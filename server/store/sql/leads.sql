-- Leads: who they are (lead), where they stand (lead_state), how they are found (lead_key), what
-- changed.

-- lead_by_id -> lead
SELECT l.id, l.email, l.phone, l.first_name, l.last_name, l.company, l.job_title, l.website,
    l.industry, l.country, l.city, l.source, l.campaign, l.owner, l.amount_minor, l.currency,
    l.source_system, l.external_id, l.created_at, l.updated_at, l.value_count, s.pipeline_id,
    s.stage_id, s.status,
    s.stage_entered_at, s.cycle, s.version, s.score, s.score_as_of, s.rule_set_version, s.tally,
    s.last_fact_at, s.automatic_at, s.score_due_at, s.erased_at, p.key AS pipeline, g.key AS stage
FROM lead l
JOIN lead_state s ON s.lead_id = l.id
JOIN stage g ON g.stage_id = s.stage_id
JOIN pipeline p ON p.pipeline_id = s.pipeline_id
WHERE l.id = $1;

-- lead_state_by_id -> lead
-- The hot row alone: all that an activity on time needs.
SELECT lead_id AS id, pipeline_id, stage_id, status, stage_entered_at, cycle, version, score,
    score_as_of, rule_set_version, tally, last_fact_at, automatic_at, score_due_at, erased_at
FROM lead_state
WHERE lead_id = $1;

-- lead_insert
INSERT INTO lead (id, email, phone, first_name, last_name, company, job_title, website, industry,
    country, city, source, campaign, owner, amount_minor, currency, source_system, external_id,
    created_at, updated_at, value_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21);

-- lead_update
UPDATE lead SET email = $2, phone = $3, first_name = $4, last_name = $5, company = $6,
    job_title = $7, website = $8, industry = $9, country = $10, city = $11, source = $12,
    campaign = $13, owner = $14, amount_minor = $15, currency = $16, source_system = $17,
    external_id = $18, created_at = $19, updated_at = $20, value_count = $21
WHERE id = $1;

-- lead_state_insert
INSERT INTO lead_state (lead_id, pipeline_id, stage_id, status, stage_entered_at, cycle, version,
    score, score_as_of, rule_set_version, tally, last_fact_at, automatic_at, score_due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- lead_state_update
UPDATE lead_state SET pipeline_id = $2, stage_id = $3, status = $4, stage_entered_at = $5,
    cycle = $6, version = $7, score = $8, score_as_of = $9, rule_set_version = $10, tally = $11,
    last_fact_at = $12, automatic_at = $13, score_due_at = $14
WHERE lead_id = $1;

-- lead_score_update
-- What facts and time change when the lead stays where it stands: the index by time of entry does
-- not move.
UPDATE lead_state SET version = $2, score = $3, score_as_of = $4, rule_set_version = $5, tally = $6,
    last_fact_at = $7, automatic_at = $8, score_due_at = $9
WHERE lead_id = $1;

-- lead_tally_update
-- What an activity on time changes when the integer score stays: the index of stages does not move.
UPDATE lead_state SET score_as_of = $2, tally = $3, last_fact_at = $4, score_due_at = $5
WHERE lead_id = $1;

-- lead_key_find -> lead
SELECT lead_id AS id FROM lead_key WHERE kind = $1 AND key = $2;

-- lead_key_insert
INSERT INTO lead_key (kind, key, lead_id) VALUES ($1, $2, $3);

-- lead_key_insert_unless_taken
INSERT INTO lead_key (kind, key, lead_id) VALUES ($1, $2, $3) ON CONFLICT (kind, key) DO NOTHING;

-- lead_key_delete
DELETE FROM lead_key WHERE kind = $1 AND key = $2 AND lead_id = $3;

-- lead_keys_lost
-- $1 is the kind of phones. Whoever shares a number has it, and is not who it leads to.
SELECT (SELECT count(*) FROM lead_key k
        WHERE NOT EXISTS (SELECT 1 FROM lead l WHERE l.id = k.lead_id))
    + (SELECT count(*) FROM shared_phone s
        WHERE NOT EXISTS (
            SELECT 1 FROM lead l JOIN lead_key k ON k.kind = $1 AND k.key = s.phone
            WHERE l.id = s.lead_id AND l.phone = s.phone AND k.lead_id <> s.lead_id));

-- shared_phone_insert
INSERT INTO shared_phone (phone, lead_id) VALUES ($1, $2);

-- shared_phone_delete
DELETE FROM shared_phone WHERE phone = $1 AND lead_id = $2;

-- shared_phone_first -> lead
SELECT lead_id AS id FROM shared_phone WHERE phone = $1 ORDER BY lead_id LIMIT 1;

-- shared_phone_count
SELECT count(*) FROM shared_phone WHERE phone = $1 AND lead_id = $2;

-- lead_change_insert
INSERT INTO lead_change (lead_id, id, at, field, old_value, new_value, actor) VALUES ($1, $2, $3,
    $4, $5, $6, $7);

-- lead_changes -> lead_change
SELECT lead_id, id, at, field, old_value, new_value, actor
FROM lead_change
WHERE lead_id = $1
ORDER BY at, id;

-- lead_change_list -> lead_change
SELECT lead_id, id, at, field, old_value, new_value, actor FROM lead_change WHERE lead_id = $1;

-- lead_change_count
SELECT count(*) FROM lead_change WHERE lead_id = $1;

-- lead_ids_after -> lead
-- Every lead in turn, for recounts; erased ones too, as long as they count.
SELECT lead_id AS id FROM lead_state WHERE lead_id > $1 ORDER BY lead_id LIMIT $2;

-- lead_count_all
SELECT count(*) FROM lead_state;

-- The list is put together from the parts below: head, filters, position after the last row seen,
-- order; or head and places.

-- lead_list -> lead
SELECT l.id, l.email, l.phone, l.first_name, l.last_name, l.company, l.job_title, l.website,
    l.industry, l.country, l.city, l.source, l.campaign, l.owner, l.amount_minor, l.currency,
    l.source_system, l.external_id, l.created_at, l.updated_at, l.value_count, s.pipeline_id,
    s.stage_id, s.status,
    s.stage_entered_at, s.cycle, s.version, s.score, s.score_as_of, s.rule_set_version, s.erased_at
FROM lead l
JOIN lead_state s ON s.lead_id = l.id;

-- lead_stage_keys -> lead
SELECT p.key AS pipeline, g.key AS stage
FROM stage g
JOIN pipeline p ON p.pipeline_id = g.pipeline_id
WHERE g.stage_id = $1;

-- lead_list_next
-- Those that there is somebody behind, in the order of their ids.
WHERE s.lead_id > $1 AND s.erased_at IS NULL
ORDER BY s.lead_id LIMIT $2;

-- lead_list_where
WHERE 1 = 1;

-- lead_list_somebody
AND s.erased_at IS NULL;

-- lead_list_somebody_among_all
AND +s.erased_at IS NULL;

-- lead_count
SELECT count(*)
FROM lead l
JOIN lead_state s ON s.lead_id = l.id
WHERE 1 = 1;

-- lead_count_leads
SELECT count(*) FROM lead l WHERE 1 = 1;

-- lead_count_states
SELECT count(*) FROM lead_state s WHERE 1 = 1;

-- lead_count_pipeline
-- By the stages, which the index of stages begins with.
AND s.stage_id IN (SELECT g.stage_id FROM stage g WHERE g.pipeline_id = $1);

-- lead_list_pipeline
AND s.pipeline_id = $1;

-- lead_list_stage
AND s.stage_id = $1;

-- lead_list_stage_among_all
-- The same, but not by the index of stages.
AND +s.stage_id = $1;

-- lead_count_stage
-- Up to a limit: no more is looked at.
SELECT count(*)
FROM (SELECT 1 FROM lead_state WHERE stage_id = $1 AND erased_at IS NULL LIMIT $2) few;

-- lead_list_status
AND s.status = $1;

-- lead_count_status
-- As lead_count_stage, in whatever stage.
SELECT count(*)
FROM (SELECT 1 FROM lead_state
    WHERE stage_id IN (SELECT stage_id FROM stage) AND status = $1 AND erased_at IS NULL
    LIMIT $2) few;

-- lead_list_any_stage
-- Says nothing, and lets the index of stages serve.
AND s.stage_id IN (SELECT g.stage_id FROM stage g);

-- lead_count_source
-- As lead_count_stage; so are those that follow.
SELECT count(*)
FROM (SELECT 1 FROM lead WHERE source = $1 AND source IS NOT NULL LIMIT $2) few;

-- lead_count_campaign
SELECT count(*)
FROM (SELECT 1 FROM lead WHERE campaign = $1 AND campaign IS NOT NULL LIMIT $2) few;

-- lead_count_owner
SELECT count(*)
FROM (SELECT 1 FROM lead WHERE owner = $1 AND owner IS NOT NULL LIMIT $2) few;

-- lead_list_source
AND l.source = $1 AND l.source IS NOT NULL;

-- lead_list_campaign
AND l.campaign = $1 AND l.campaign IS NOT NULL;

-- lead_list_owner
AND l.owner = $1 AND l.owner IS NOT NULL;

-- lead_list_country
AND l.country = $1;

-- lead_list_id
AND l.id = $1;

-- lead_list_after_created_desc
AND l.created_at <= $1 AND (l.created_at < $1 OR l.id > $2);

-- lead_list_order_created_desc
ORDER BY l.created_at DESC, l.id LIMIT $1;

-- lead_list_after_created_asc
AND (l.created_at, l.id) > ($1, $2);

-- lead_list_order_created_asc
ORDER BY l.created_at, l.id LIMIT $1;

-- lead_list_after_score_desc
AND s.score <= $1 AND (s.score < $1 OR s.lead_id > $2);

-- lead_list_order_score_desc
ORDER BY s.score DESC, s.lead_id LIMIT $1;

-- lead_list_after_score_asc
AND (s.score, s.lead_id) > ($1, $2);

-- lead_list_order_score_asc
ORDER BY s.score, s.lead_id LIMIT $1;

-- lead_list_after_entered_desc
AND s.stage_entered_at <= $1 AND (s.stage_entered_at < $1 OR s.lead_id > $2);

-- lead_list_order_entered_desc
ORDER BY s.stage_entered_at DESC, s.lead_id LIMIT $1;

-- lead_list_after_entered_asc
AND (s.stage_entered_at, s.lead_id) > ($1, $2);

-- lead_list_order_entered_asc
ORDER BY s.stage_entered_at, s.lead_id LIMIT $1;

-- By a value of an indexed custom field: first those that have one, along its index, then the
-- others by id.

-- lead_list_by_value
JOIN lead_value v ON v.lead_id = l.id AND v.field_id = $1 AND v.indexed = 1
    AND v.number IS NOT NULL
WHERE 1 = 1;

-- lead_list_after_value_asc
AND (v.number, v.lead_id) > ($1, $2);

-- lead_list_order_value_asc
ORDER BY v.number, v.lead_id LIMIT $1;

-- lead_list_after_value_desc
AND v.number <= $1 AND (v.number < $1 OR v.lead_id > $2);

-- lead_list_order_value_desc
ORDER BY v.number DESC, v.lead_id LIMIT $1;

-- lead_list_by_text
JOIN lead_value v ON v.lead_id = l.id AND v.field_id = $1 AND v.indexed = 1
    AND v.text IS NOT NULL
WHERE 1 = 1;

-- lead_list_after_text_asc
AND (lower(v.text), v.lead_id) > (lower($1), $2);

-- lead_list_order_text_asc
ORDER BY lower(v.text), v.lead_id LIMIT $1;

-- lead_list_after_text_desc
AND lower(v.text) <= lower($1) AND (lower(v.text) < lower($1) OR v.lead_id > $2);

-- lead_list_order_text_desc
ORDER BY lower(v.text) DESC, v.lead_id LIMIT $1;

-- lead_list_without_value
WHERE NOT EXISTS (
    SELECT 1 FROM lead_value v
    WHERE v.lead_id = l.id AND v.field_id = $1 AND (v.number IS NOT NULL OR v.text IS NOT NULL));

-- lead_list_after_id
AND l.id > $1;

-- lead_list_order_id
ORDER BY l.id LIMIT $1;

-- By score and by the time of entry there is an index of each stage and status. Of any stage or
-- status first only the places of a page are found, by a walk along the index for each stage and
-- status, which the engine merges as far as the page reaches; then the leads. Where no filter asks
-- for it, the inner join is left out by the engine.

-- lead_stages -> stage
SELECT stage_id, pipeline_id FROM stage ORDER BY stage_id;

-- lead_list_places
JOIN (;

-- lead_list_places_more
UNION ALL;

-- lead_list_places_score
SELECT s.lead_id AS id, s.score AS place
FROM lead_state s
LEFT JOIN lead l ON l.id = s.lead_id
WHERE s.stage_id = $1 AND s.status = $2 AND s.erased_at IS NULL;

-- lead_list_places_entered
SELECT s.lead_id AS id, s.stage_entered_at AS place
FROM lead_state s
LEFT JOIN lead l ON l.id = s.lead_id
WHERE s.stage_id = $1 AND s.status = $2 AND s.erased_at IS NULL;

-- lead_list_places_desc
ORDER BY place DESC, id LIMIT $1) place ON place.id = l.id;

-- lead_list_places_asc
ORDER BY place, id LIMIT $1) place ON place.id = l.id;
