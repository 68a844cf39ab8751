-- Stage events of all leads, and which leads got somewhere, as figures count them. Both are put
-- together from the parts below.

-- The list: a head, filters, the position after the last row seen, an order. What is said of a lead
-- that is erased waits for its removal, and is shown to nobody.

-- stage_event_list -> stage_event
SELECT e.lead_id, e.id, e.from_stage_id, e.to_stage_id, e.from_status, e.to_status, e.occurred_at,
    e.recorded_at, e.cause, e.actor, CASE WHEN s.erased_at IS NULL THEN e.reason END AS reason,
    e.score, e.rule_set_version, e.owner, e.cycle, e.answer, e.reject_kind, e.voided_at,
    f.key AS from_stage, t.key AS to_stage
FROM stage_event e
CROSS JOIN lead_state s
CROSS JOIN lead l
LEFT JOIN stage f ON f.stage_id = e.from_stage_id
LEFT JOIN stage t ON t.stage_id = e.to_stage_id
WHERE s.lead_id = e.lead_id AND l.id = e.lead_id;

-- stage_event_count
SELECT count(*) FROM stage_event e CROSS JOIN lead_state s WHERE s.lead_id = e.lead_id;

-- stage_event_count_with_lead
SELECT count(*)
FROM stage_event e
CROSS JOIN lead_state s
CROSS JOIN lead l
WHERE s.lead_id = e.lead_id AND l.id = e.lead_id;

-- stage_event_list_standing
AND e.voided_at IS NULL;

-- stage_event_list_somebody
AND s.erased_at IS NULL;

-- stage_event_list_counted
-- Entries from elsewhere, and changes of status. A correction, which is the cause $1, says which
-- mistake it undid, and not where it found the lead: that is the stage of the last one before it
-- (event_before() in crm). $2 and $3 are the causes of what rules do.
AND CASE
    WHEN e.to_stage_id IS NULL THEN e.from_status <> e.to_status
    WHEN e.cause <> $1 THEN e.from_stage_id IS NULL OR e.from_stage_id <> e.to_stage_id
    ELSE e.to_stage_id <> (
        SELECT p.to_stage_id
        FROM stage_event p
        CROSS JOIN lead c
        WHERE p.lead_id = e.lead_id AND c.id = e.lead_id AND p.voided_at IS NULL
            AND p.to_stage_id IS NOT NULL
            AND (CASE WHEN p.occurred_at < c.created_at THEN c.created_at ELSE p.occurred_at END,
                CASE WHEN p.from_stage_id IS NULL THEN 0 WHEN p.cause IN ($2, $3) THEN 1 ELSE 2 END,
                p.occurred_at, p.id)
            < (CASE WHEN e.occurred_at < c.created_at THEN c.created_at ELSE e.occurred_at END,
                2, e.occurred_at, e.id)
        ORDER BY
            CASE WHEN p.occurred_at < c.created_at THEN c.created_at ELSE p.occurred_at END DESC,
            CASE WHEN p.from_stage_id IS NULL THEN 0 WHEN p.cause IN ($2, $3) THEN 1 ELSE 2 END
                DESC,
            p.occurred_at DESC, p.id DESC LIMIT 1)
    END;

-- stage_event_list_lead
AND e.lead_id = $1;

-- stage_event_list_pipeline
AND s.pipeline_id = $1;

-- stage_event_list_from
AND e.from_stage_id = $1;

-- stage_event_list_to
AND e.to_stage_id = $1;

-- stage_event_list_to_status
AND e.to_stage_id IS NULL AND e.to_status = $1;

-- stage_event_list_cause
AND e.cause = $1;

-- stage_event_list_owner
AND e.owner = $1;

-- stage_event_list_no_owner
AND e.owner IS NULL;

-- stage_event_list_source
AND l.source = $1;

-- stage_event_list_no_source
AND l.source IS NULL;

-- stage_event_list_campaign
AND l.campaign = $1;

-- stage_event_list_no_campaign
AND l.campaign IS NULL;

-- stage_event_list_lead_owner
AND l.owner = $1;

-- stage_event_list_no_lead_owner
AND l.owner IS NULL;

-- stage_event_list_created
AND e.lead_id IN (SELECT b.id FROM lead b WHERE b.created_at >= $1 AND b.created_at < $2);

-- stage_event_list_occurred
AND e.occurred_at >= $1 AND e.occurred_at < $2;

-- stage_event_list_after_desc
AND e.occurred_at <= $1 AND (e.occurred_at < $1 OR e.id > $2);

-- stage_event_list_order_desc
ORDER BY e.occurred_at DESC, e.id LIMIT $1;

-- stage_event_list_after_asc
AND (e.occurred_at, e.id) > ($1, $2);

-- stage_event_list_order_asc
ORDER BY e.occurred_at, e.id LIMIT $1;

-- Filters of leads (l, s), or of the leads of stage events.

-- lead_list_counted
-- Spam, which is disqualified as such and was not opened again, counts nowhere. $1 is that status,
-- $2 that kind of rejection.
AND (s.status <> $1 OR NOT EXISTS (
    SELECT 1
    FROM stage_event spam
    WHERE spam.lead_id = s.lead_id AND spam.to_stage_id IS NULL AND spam.reject_kind = $2
        AND spam.voided_at IS NULL
        AND NOT EXISTS (
            SELECT 1
            FROM stage_event later
            WHERE later.lead_id = spam.lead_id AND later.to_stage_id IS NULL
                AND later.voided_at IS NULL
                AND (later.occurred_at, later.id) > (spam.occurred_at, spam.id))));

-- Which leads ever reached a stage. Where it is one of those in the order that is counted by,
-- whoever is won has reached it.

-- stages_from
-- The stage $1, and those behind it in that order.
(
    SELECT t.stage_id
    FROM stage g
    JOIN stage t ON t.pipeline_id = g.pipeline_id
    WHERE g.stage_id = $1 AND (t.stage_id = g.stage_id
        OR (g.is_counted = 1 AND t.counted_position >= g.counted_position)));

-- lead_list_reached
-- $2 is the status won. Behind it stages_from, and what closes it.
AND ((s.status = $2 AND s.pipeline_id IN (
        SELECT g.pipeline_id FROM stage g WHERE g.stage_id = $1 AND g.is_counted = 1))
    OR EXISTS (
        SELECT 1
        FROM stage_event e
        WHERE e.lead_id = s.lead_id AND e.voided_at IS NULL AND e.to_stage_id IN;

-- lead_list_reached_close
));

-- Or by the event it was first so, of which more is asked. It is e: an entry, or else what the lead
-- was won by; or what a lead of a status came to it by. Which event that is stands last: how deep
-- it lies counts.

-- lead_list_reached_by
AND EXISTS (
    SELECT 1
    FROM stage_event e
    WHERE e.lead_id = s.lead_id;

-- lead_list_reached_at
-- Nothing is reached before the lead was created.
AND (CASE WHEN e.occurred_at < l.created_at THEN l.created_at ELSE e.occurred_at END) >= $1
AND (CASE WHEN e.occurred_at < l.created_at THEN l.created_at ELSE e.occurred_at END) < $2;

-- lead_list_reached_within
AND e.occurred_at - l.created_at < $1;

-- lead_list_reached_entry
-- The first entry into any of stages_from, which follows.
AND e.id = COALESCE((
        SELECT f.id
        FROM stage_event f
        CROSS JOIN lead b
        WHERE b.id = s.lead_id AND f.lead_id = s.lead_id AND f.voided_at IS NULL
            AND f.to_stage_id IN;

-- lead_list_reached_won
-- $2 is the status won, $3 and $4 are the causes of what rules do.
        ORDER BY
            CASE WHEN f.occurred_at < b.created_at THEN b.created_at ELSE f.occurred_at END,
            CASE WHEN f.from_stage_id IS NULL THEN 0 WHEN f.cause IN ($3, $4) THEN 1 ELSE 2 END,
            f.occurred_at, f.id LIMIT 1), (
        SELECT c.id
        FROM stage_event c
        WHERE c.lead_id = s.lead_id AND c.voided_at IS NULL AND c.to_stage_id IS NULL
            AND c.from_status <> c.to_status AND s.status = $2 AND s.pipeline_id IN (
                SELECT g.pipeline_id FROM stage g WHERE g.stage_id = $1 AND g.is_counted = 1)
        ORDER BY c.occurred_at DESC, c.id DESC LIMIT 1)));

-- lead_list_reached_status
AND s.status = $1 AND e.id = (
        SELECT c.id
        FROM stage_event c
        WHERE c.lead_id = s.lead_id AND c.voided_at IS NULL AND c.to_stage_id IS NULL
            AND c.from_status <> c.to_status
        ORDER BY c.occurred_at DESC, c.id DESC LIMIT 1));

-- The leads of which that can be at all, by the index of what happened.

-- lead_list_something_reached
-- An entry into any of stages_from, which follows; or a change of status; or it was reached before
-- the lead was created then.
AND l.id IN (
    SELECT h.lead_id
    FROM stage_event h
    WHERE h.occurred_at >= $1 AND h.occurred_at < $2
        AND (h.to_stage_id IS NULL
            OR (h.from_stage_id IS NULL AND EXISTS (
                SELECT 1
                FROM stage_event p
                WHERE p.lead_id = h.lead_id AND p.occurred_at < h.occurred_at))
            OR h.to_stage_id IN;

-- lead_list_something_closed
-- A change to the status $3.
AND l.id IN (
    SELECT h.lead_id
    FROM stage_event h
    WHERE h.occurred_at >= $1 AND h.occurred_at < $2
        AND (h.to_stage_id IS NULL AND h.to_status = $3));
