-- Rule sets: published lists of scoring rules and criteria.

-- rule_set_insert
INSERT INTO rule_set (id, version, name, min_milli, max_milli, published_at, copied_from)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- score_group_insert
INSERT INTO score_group (rule_set_version, key, min_milli, max_milli) VALUES ($1, $2, $3, $4);

-- rule_insert
INSERT INTO rule (rule_set_version, position, key, name, score_group, points_milli, when_condition,
    each_selector, cap_milli, cap_times, decay, decay_days, decay_percent, decayed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- criterion_insert
INSERT INTO criterion (rule_set_version, kind, score_min, exit_below, dwell_hours, when_condition)
VALUES ($1, $2, $3, $4, $5, $6);

-- rule_set_latest -> rule_set
SELECT id, version, name, min_milli, max_milli, published_at, copied_from
FROM rule_set
ORDER BY version DESC LIMIT 1;

-- rule_set_by_version -> rule_set
SELECT id, version, name, min_milli, max_milli, published_at, copied_from
FROM rule_set
WHERE version = $1;

-- rule_set_by_id -> rule_set
SELECT id, version, name, min_milli, max_milli, published_at, copied_from
FROM rule_set
WHERE id = $1;

-- rule_set_list -> rule_set
SELECT id, version, name, min_milli, max_milli, published_at, copied_from
FROM rule_set
ORDER BY version;

-- score_groups -> score_group
SELECT key, min_milli, max_milli FROM score_group WHERE rule_set_version = $1 ORDER BY key;

-- rules -> rule
SELECT position, key, name, score_group, points_milli, when_condition, each_selector, cap_milli,
    cap_times, decay, decay_days, decay_percent, decayed
FROM rule
WHERE rule_set_version = $1
ORDER BY position;

-- criteria -> criterion
SELECT kind, score_min, exit_below, dwell_hours, when_condition
FROM criterion
WHERE rule_set_version = $1
ORDER BY kind;
