-- Rule sets: lists of scoring rules and criteria, as drafts and as published.

-- rule_set_insert
INSERT INTO rule_set (id, status, version, name, min_milli, max_milli, created_at, updated_at,
    published_at, retired_at, copied_from)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- rule_set_save
UPDATE rule_set
SET status = $2, version = $3, name = $4, min_milli = $5, max_milli = $6, created_at = $7,
    updated_at = $8, published_at = $9, retired_at = $10, copied_from = $11
WHERE id = $1;

-- rule_set_delete
DELETE FROM rule_set WHERE id = $1;

-- score_group_insert
INSERT INTO score_group (rule_set, key, min_milli, max_milli) VALUES ($1, $2, $3, $4);

-- rule_insert
INSERT INTO rule (rule_set, position, key, name, score_group, points_milli, when_condition,
    each_selector, cap_milli, cap_times, decay, decay_days, decay_percent, decayed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- criterion_insert
INSERT INTO criterion (rule_set, kind, score_min, exit_below, dwell_hours, when_condition)
VALUES ($1, $2, $3, $4, $5, $6);

-- score_groups_delete
DELETE FROM score_group WHERE rule_set = $1;

-- rules_delete
DELETE FROM rule WHERE rule_set = $1;

-- criteria_delete
DELETE FROM criterion WHERE rule_set = $1;

-- rule_set_latest -> rule_set
SELECT id, status, version, name, min_milli, max_milli, created_at, updated_at, published_at,
    retired_at, copied_from
FROM rule_set
WHERE version IS NOT NULL
ORDER BY version DESC LIMIT 1;

-- rule_set_by_version -> rule_set
SELECT id, status, version, name, min_milli, max_milli, created_at, updated_at, published_at,
    retired_at, copied_from
FROM rule_set
WHERE version = $1;

-- rule_set_version_at
SELECT coalesce(
    (SELECT max(version) FROM rule_set WHERE version IS NOT NULL AND published_at <= $1),
    (SELECT min(version) FROM rule_set));

-- rule_set_by_id -> rule_set
SELECT id, status, version, name, min_milli, max_milli, created_at, updated_at, published_at,
    retired_at, copied_from
FROM rule_set
WHERE id = $1;

-- rule_set_list -> rule_set
SELECT id, status, version, name, min_milli, max_milli, created_at, updated_at, published_at,
    retired_at, copied_from
FROM rule_set
WHERE 1 = 1;

-- rule_set_list_count
SELECT count(*) FROM rule_set WHERE 1 = 1;

-- rule_set_list_status
AND status = $1;

-- score_groups -> score_group
SELECT key, min_milli, max_milli FROM score_group WHERE rule_set = $1 ORDER BY key;

-- rules -> rule
SELECT position, key, name, score_group, points_milli, when_condition, each_selector, cap_milli,
    cap_times, decay, decay_days, decay_percent, decayed
FROM rule
WHERE rule_set = $1
ORDER BY position;

-- criteria -> criterion
SELECT kind, score_min, exit_below, dwell_hours, when_condition
FROM criterion
WHERE rule_set = $1
ORDER BY kind;
