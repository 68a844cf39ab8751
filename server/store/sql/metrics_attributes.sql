-- Leads and what became of them: for figures that look at all of them. Each is put together with
-- outcome_which, by the index of creation, so that what is asked of a month costs no more than that
-- month.

-- outcome_leads -> lead
SELECT s.lead_id AS id, s.status, l.email, l.phone, l.website, l.job_title, l.company, l.industry,
    l.country, l.city, l.source, l.campaign, l.owner, l.source_system
FROM lead l
CROSS JOIN lead_state s
WHERE l.id = s.lead_id;

-- outcome_values -> trait
-- Lead by lead.
SELECT s.lead_id, s.status, v.field_id, v.text, v.number
FROM lead l
CROSS JOIN lead_state s
CROSS JOIN lead_value v
WHERE l.id = s.lead_id AND v.lead_id = s.lead_id AND l.value_count > 0;

-- outcome_activities -> trait
-- Lead by lead, up to when it was closed; $1 and $2 are the numbers of the engagement of machines
-- and of the status open.
SELECT s.lead_id, s.status, a.type AS text
FROM lead l
CROSS JOIN lead_state s
CROSS JOIN activity a
WHERE l.id = s.lead_id AND a.lead_id = s.lead_id AND a.engagement <> $1
    AND (s.status = $2 OR a.occurred_at <= (
        SELECT max(e.occurred_at) FROM stage_event e
        WHERE e.lead_id = s.lead_id AND e.to_status = s.status AND e.from_status <> e.to_status
            AND e.voided_at IS NULL));

-- outcome_which
-- $1 is the pipeline, [$2, $3) when they were created; $4 is 1 for leads of any status, 0 for won
-- and lost ones, whose numbers are $5 and $6. Spam counts nowhere: it is disqualified ($7), and the
-- last change of its status says that it is ($8).
AND s.erased_at IS NULL AND s.pipeline_id = $1 AND l.created_at >= $2 AND l.created_at < $3
    AND ($4 = 1 OR s.status IN ($5, $6))
    AND (s.status <> $7 OR NOT EXISTS (
        SELECT 1 FROM stage_event e
        WHERE e.lead_id = s.lead_id AND e.reject_kind = $8 AND e.voided_at IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM stage_event later
                WHERE later.lead_id = e.lead_id AND later.to_stage_id IS NULL
                    AND later.voided_at IS NULL AND later.occurred_at > e.occurred_at)));
