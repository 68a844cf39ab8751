-- Pipelines and stages that can be added, put in another order and archived.
--
-- Rollups count a lead by the order that its pipeline's stages are in. When that order changes,
-- they go on being kept, and read, in the old one, until a job has counted every lead again in the
-- new; then they are the new ones.

-- From then on no lead comes into it. What was, stays.
ALTER TABLE pipeline ADD COLUMN archived_at BIGINT;
-- When its stages came into the order they are in; rules act anew from then on.
ALTER TABLE pipeline ADD COLUMN ordered_at BIGINT;
-- The rollup cells that are read; and those that are being counted, of the leads up to
-- recounted_to.
ALTER TABLE pipeline ADD COLUMN rollups_id BIGINT;
ALTER TABLE pipeline ADD COLUMN next_rollups_id BIGINT;
ALTER TABLE pipeline ADD COLUMN recounted_to BLOB;
UPDATE pipeline SET rollups_id = pipeline_id;

ALTER TABLE stage ADD COLUMN archived_at BIGINT;
-- Its place in the order that rollups_id is counted by, and whether it is one of its stages.
ALTER TABLE stage ADD COLUMN counted_position BIGINT;
ALTER TABLE stage ADD COLUMN is_counted BIGINT;
-- Members that a lead must have before it goes on, as lines.
ALTER TABLE stage ADD COLUMN required_fields TEXT;
UPDATE stage SET counted_position = position, is_counted = 1;

ALTER TABLE rollup RENAME COLUMN pipeline_id TO rollups_id;

-- Rollup cells that nobody reads any more: they go a few at a time.
CREATE TABLE rollups_retired (
    rollups_id BIGINT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
