-- Rollups: counts kept exact in the transaction that changes a fact.

-- rollup_add
INSERT INTO rollup (basis, dimension, pipeline_id, day, member, item, entered, reached, value_minor,
    within_1, within_3, within_7, within_14, within_30, within_60, within_90, within_180)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (basis, dimension, pipeline_id, day, member, item) DO UPDATE SET
    entered = rollup.entered + excluded.entered,
    reached = rollup.reached + excluded.reached,
    value_minor = rollup.value_minor + excluded.value_minor,
    within_1 = rollup.within_1 + excluded.within_1,
    within_3 = rollup.within_3 + excluded.within_3,
    within_7 = rollup.within_7 + excluded.within_7,
    within_14 = rollup.within_14 + excluded.within_14,
    within_30 = rollup.within_30 + excluded.within_30,
    within_60 = rollup.within_60 + excluded.within_60,
    within_90 = rollup.within_90 + excluded.within_90,
    within_180 = rollup.within_180 + excluded.within_180;

-- rollup_sums -> rollup
-- Of the days from $4 up to but without $5, per member and item.
SELECT member, item, CAST(sum(entered) AS BIGINT) AS entered,
    CAST(sum(reached) AS BIGINT) AS reached, CAST(sum(value_minor) AS BIGINT) AS value_minor
FROM rollup
WHERE basis = $1 AND dimension = $2 AND pipeline_id = $3 AND day >= $4 AND day < $5
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
WHERE basis = $1 AND dimension = $2 AND pipeline_id = $3 AND day >= $4 AND day < $5
GROUP BY member, item
ORDER BY member, item;

-- rollup_value
-- Of all that is grouped by nothing, in one basis.
SELECT CAST(coalesce(sum(value_minor), 0) AS BIGINT) FROM rollup
WHERE basis = $1 AND dimension = $2;

-- rollup_all -> rollup
-- Every cell, for a recount.
SELECT basis, dimension, pipeline_id, day, member, item, entered, reached, value_minor, within_1,
    within_3, within_7, within_14, within_30, within_60, within_90, within_180
FROM rollup;
