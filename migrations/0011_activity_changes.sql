-- Activities that were corrected or removed.

-- 1: the sender or a person said what `engagement` is, so no rule says it anew.
ALTER TABLE activity ADD COLUMN engagement_given BIGINT NOT NULL DEFAULT 0;

-- Of an activity that was removed: the lead it was of. The key stays, so that a repeat does not
-- bring it back, until the lead is erased.
ALTER TABLE activity_key ADD COLUMN lead_id BLOB;
CREATE INDEX activity_key_removed ON activity_key (lead_id) WHERE lead_id IS NOT NULL;
