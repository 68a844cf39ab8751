-- Rollups: counts kept exact in the transaction that changes a fact.

-- A cell is added to where it stands, which is nearly always; otherwise it is new. An upsert would
-- build the whole row first, only to find it there.

-- rollup_add
UPDATE rollup SET entered = entered + $7, reached = reached + $8, value_minor = value_minor + $9
WHERE basis = $1 AND dimension = $2 AND rollups_id = $3 AND day = $4 AND member = $5 AND item = $6;

-- rollup_remove_empty
DELETE FROM rollup
WHERE basis = $1 AND dimension = $2 AND rollups_id = $3 AND day = $4 AND member = $5 AND item = $6
    AND entered = 0 AND reached = 0 AND value_minor = 0 AND within_1 = 0 AND within_3 = 0
    AND within_7 = 0 AND within_14 = 0 AND within_30 = 0 AND within_60 = 0 AND within_90 = 0
    AND within_180 = 0;

-- rollup_add_within
UPDATE rollup SET entered = entered + $7, reached = reached + $8, value_minor = value_minor + $9,
    within_1 = within_1 + $10, within_3 = within_3 + $11, within_7 = within_7 + $12,
    within_14 = within_14 + $13, within_30 = within_30 + $14, within_60 = within_60 + $15,
    within_90 = within_90 + $16, within_180 = within_180 + $17
WHERE basis = $1 AND dimension = $2 AND rollups_id = $3 AND day = $4 AND member = $5 AND item = $6;

-- rollup_insert
INSERT INTO rollup (basis, dimension, rollups_id, day, member, item, entered, reached, value_minor,
    within_1, within_3, within_7, within_14, within_30, within_60, within_90, within_180)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- rollup_sums -> rollup
-- Of the days from $4 up to but without $5, per member and item.
SELECT member, item, CAST(sum(entered) AS BIGINT) AS entered,
    CAST(sum(reached) AS BIGINT) AS reached, CAST(sum(value_minor) AS BIGINT) AS value_minor
FROM rollup
WHERE basis = $1 AND dimension = $2 AND rollups_id = $3 AND day >= $4 AND day < $5
GROUP BY member, item
ORDER BY member, item;

-- rollup_sums_within -> rollup
-- The same with the horizons, which few ask for and which cost as much again.
SELECT member, item, CAST(sum(entered) AS BIGINT) AS entered,
    CAST(sum(reached) AS BIGINT) AS reached,
    CAST(sum(value_minor) AS BIGINT) AS value_minor, CAST(sum(within_1) AS BIGINT) AS within_1,
    CAST(sum(within_3) AS BIGINT) AS within_3, CAST(sum(within_7) AS BIGINT) AS within_7,
    CAST(sum(within_14) AS BIGINT) AS within_14, CAST(sum(within_30) AS BIGINT) AS within_30,
    CAST(sum(within_60) AS BIGINT) AS within_60, CAST(sum(within_90) AS BIGINT) AS within_90,
    CAST(sum(within_180) AS BIGINT) AS within_180
FROM rollup
WHERE basis = $1 AND dimension = $2 AND rollups_id = $3 AND day >= $4 AND day < $5
GROUP BY member, item
ORDER BY member, item;

-- rollup_value
-- Of all that is grouped by nothing, in one basis.
SELECT CAST(coalesce(sum(value_minor), 0) AS BIGINT) FROM rollup
WHERE basis = $1 AND dimension = $2;

-- rollup_all -> rollup
-- Every cell, for a recount.
SELECT basis, dimension, rollups_id, day, member, item, entered, reached, value_minor, within_1,
    within_3, within_7, within_14, within_30, within_60, within_90, within_180
FROM rollup;

-- rollups_id_next
-- Behind all that cells may still stand under.
SELECT coalesce(max(taken.rollups_id), 0) + 1
FROM (
SELECT rollups_id FROM pipeline
UNION ALL
SELECT next_rollups_id FROM pipeline
UNION ALL
SELECT rollups_id FROM rollups_retired) taken;

-- rollups_retire
INSERT INTO rollups_retired (rollups_id) VALUES ($1);

-- rollups_retired -> rollup
SELECT rollups_id FROM rollups_retired ORDER BY rollups_id;

-- rollups_retired_remove
DELETE FROM rollups_retired WHERE rollups_id = $1;

-- rollups_sweep
DELETE FROM rollup
WHERE (basis, dimension, rollups_id, day, member, item) IN (
SELECT basis, dimension, rollups_id, day, member, item
FROM rollup
WHERE basis = $1 AND dimension = $2 AND rollups_id = $3 LIMIT $4);
