-- A job goes on where single leads fail, and says which.
ALTER TABLE job ADD COLUMN failed BIGINT NOT NULL DEFAULT 0; -- of those done
ALTER TABLE job ADD COLUMN failed_leads TEXT; -- ids of the first of them, as lines
