-- Pipelines, their stages, and the stage events of leads.

-- pipeline_insert
INSERT INTO pipeline (pipeline_id, key, name, currency, is_default, rollups_id)
VALUES ($1, $2, $3, $4, $5, $6);

-- pipeline_update
UPDATE pipeline SET name = $2, is_default = $3, archived_at = $4, ordered_at = $5, rollups_id = $6,
    next_rollups_id = $7, recounted_to = $8
WHERE pipeline_id = $1;

-- pipeline_id_next
SELECT coalesce(max(pipeline_id), 0) + 1 FROM pipeline;

-- stage_insert
INSERT INTO stage (stage_id, pipeline_id, key, name, kind, position, probability_bp,
    required_fields, counted_position, is_counted, offer_hours, offer_team)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- stage_update
UPDATE stage SET name = $2, position = $3, probability_bp = $4, required_fields = $5,
    archived_at = $6, counted_position = $7, is_counted = $8, offer_hours = $9,
    offer_team = $10
WHERE stage_id = $1;

-- stage_id_next
SELECT coalesce(max(stage_id), 0) + 1 FROM stage;

-- pipelines -> pipeline
SELECT pipeline_id, key, name, currency, is_default, archived_at, ordered_at, rollups_id,
    next_rollups_id, recounted_to
FROM pipeline
ORDER BY pipeline_id;

-- stages -> stage
SELECT stage_id, pipeline_id, key, name, kind, position, probability_bp, required_fields,
    archived_at, counted_position, is_counted, offer_hours, offer_team
FROM stage
WHERE pipeline_id = $1
ORDER BY position;

-- stage_event_insert
INSERT INTO stage_event (lead_id, id, from_stage_id, to_stage_id, from_status, to_status,
    occurred_at, recorded_at, cause, actor, reason, score, rule_set_version, owner, cycle, answer,
    reject_kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- stage_events -> stage_event
-- Voided ones too; the order of what happened is made by the reader, see crm/stages.c.
SELECT e.lead_id, e.id, e.from_stage_id, e.to_stage_id, e.from_status, e.to_status, e.occurred_at,
    e.recorded_at, e.cause, e.actor, e.reason, e.score, e.rule_set_version, e.owner, e.cycle,
    e.answer, e.reject_kind, e.voided_at, f.key AS from_stage, t.key AS to_stage
FROM stage_event e
LEFT JOIN stage f ON f.stage_id = e.from_stage_id
LEFT JOIN stage t ON t.stage_id = e.to_stage_id
WHERE e.lead_id = $1
ORDER BY e.id;

-- stage_event_walk -> stage_event_told
-- All of them, as they lie.
SELECT e.lead_id, e.id, e.from_stage_id, e.to_stage_id, e.from_status, e.to_status, e.occurred_at,
    e.recorded_at, e.cause, e.actor, e.reason, e.score, e.rule_set_version, e.owner, e.cycle,
    e.answer, e.reject_kind, e.voided_at, f.key AS from_stage, t.key AS to_stage, l.email,
    l.source_system, l.external_id
FROM stage_event e
JOIN lead l ON l.id = e.lead_id
LEFT JOIN stage f ON f.stage_id = e.from_stage_id
LEFT JOIN stage t ON t.stage_id = e.to_stage_id
WHERE (e.lead_id, e.id) > ($1, $2)
ORDER BY e.lead_id, e.id LIMIT $3;

-- stage_event_void
UPDATE stage_event SET voided_at = $3 WHERE lead_id = $1 AND id = $2;

-- stage_event_relink
-- What an event that came late changes in those behind it.
UPDATE stage_event SET from_stage_id = $3, from_status = $4, to_status = $5, cycle = $6
WHERE lead_id = $1 AND id = $2;
