-- Activities, clustered by lead and time.

-- activity_insert
INSERT INTO activity (lead_id, occurred_at, id, type, recorded_at, campaign, source_system,
    external_id, engagement, engagement_given, properties)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- activity_key_insert
INSERT INTO activity_key (source_system, external_id, activity_id) VALUES ($1, $2, $3);

-- activity_update
-- Its place among the others moves with occurred_at.
UPDATE activity
SET occurred_at = $4, type = $5, campaign = $6, engagement = $7, engagement_given = $8,
    properties = $9
WHERE lead_id = $1 AND occurred_at = $2 AND id = $3;

-- activity_key_outlive
UPDATE activity_key SET lead_id = $3 WHERE source_system = $1 AND external_id = $2;

-- activity_by_id -> activity
SELECT lead_id, occurred_at, id, type, recorded_at, campaign, source_system, external_id,
    engagement, engagement_given, properties
FROM activity
WHERE id = $1;

-- activity_by_key -> activity
SELECT a.lead_id, a.occurred_at, a.id, a.type, a.recorded_at, a.campaign, a.source_system,
    a.external_id, a.engagement, a.engagement_given, a.properties
FROM activity_key k
JOIN activity a ON a.id = k.activity_id
WHERE k.source_system = $1 AND k.external_id = $2;

-- activity_log -> activity
-- The history of a lead since $2 in the order it happened: what a replay reads.
SELECT occurred_at, type, engagement
FROM activity
WHERE lead_id = $1 AND occurred_at > $2
ORDER BY lead_id, occurred_at, id;

-- activity_log_properties -> activity
-- The same for rules that look closer.
SELECT occurred_at, type, engagement, properties
FROM activity
WHERE lead_id = $1 AND occurred_at > $2
ORDER BY lead_id, occurred_at, id;

-- activity_span -> activity
SELECT occurred_at, type, engagement, properties
FROM activity
WHERE lead_id = $1 AND occurred_at > $2 AND occurred_at <= $3
ORDER BY lead_id, occurred_at, id;

-- activity_logs -> activity
-- Those of the leads from $1 to $2, lead by lead.
SELECT lead_id, occurred_at, type, engagement
FROM activity
WHERE lead_id >= $1 AND lead_id <= $2
ORDER BY lead_id, occurred_at, id;

-- activity_logs_properties -> activity
SELECT lead_id, occurred_at, type, engagement, properties
FROM activity
WHERE lead_id >= $1 AND lead_id <= $2
ORDER BY lead_id, occurred_at, id;

-- activity_mail_steps -> activity
-- What happened with mail, from $2 to $3.
SELECT lead_id, occurred_at, id, type, campaign, engagement, engagement_given, properties
FROM activity
WHERE lead_id = $1 AND occurred_at >= $2 AND occurred_at <= $3
    AND type IN ('email_delivered', 'email_opened', 'email_clicked')
ORDER BY occurred_at, id LIMIT $4;

-- activity_first_response
-- The first call, e-mail or meeting from $2 up to but without $3.
SELECT occurred_at
FROM activity
WHERE lead_id = $1 AND occurred_at >= $2 AND occurred_at < $3 AND engagement = $4
    AND type IN ('call', 'email_sent', 'meeting')
ORDER BY occurred_at, id LIMIT 1;

-- activity_walk -> activity
-- All of them, as they lie.
SELECT lead_id, occurred_at, id, type, recorded_at, campaign, source_system, external_id,
    engagement, engagement_given, properties
FROM activity
WHERE (lead_id, occurred_at, id) > ($1, $2, $3)
ORDER BY lead_id, occurred_at, id LIMIT $4;

-- activity_list -> activity
SELECT lead_id, occurred_at, id, type, recorded_at, campaign, source_system, external_id,
    engagement, engagement_given, properties
FROM activity
WHERE lead_id = $1;

-- activity_count
SELECT count(*) FROM activity WHERE lead_id = $1;

-- activity_list_type
AND type = $1;

-- activity_list_engagement
AND engagement = $1;

-- activity_list_campaign
AND campaign = $1;

-- activity_list_gte
AND occurred_at >= $1;

-- activity_list_lt
AND occurred_at < $1;

-- activity_list_later
AND (occurred_at, id) > ($1, $2);

-- activity_list_earlier
AND (occurred_at, id) < ($1, $2);

-- activity_list_oldest_first
ORDER BY occurred_at, id LIMIT $1;

-- activity_list_latest_first
ORDER BY occurred_at DESC, id DESC LIMIT $1;

-- reclassification_insert
INSERT INTO reclassification (job, type, occurred_gte, occurred_lt, campaign, user_agent,
    engagement_was, engagement, activities, leads)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- reclassification_by_job -> reclassification
SELECT job, type, occurred_gte, occurred_lt, campaign, user_agent, engagement_was, engagement,
    activities, leads
FROM reclassification
WHERE job = $1;

-- reclassification_save
UPDATE reclassification SET activities = $2, leads = $3 WHERE job = $1;
