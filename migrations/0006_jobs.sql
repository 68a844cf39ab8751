-- Jobs: long work that goes on behind the answer which began it, and after a restart.
CREATE TABLE job (
    id BLOB NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL, -- enum job_kind
    state BIGINT NOT NULL, -- enum job_state
    subject BLOB, -- what it is about: a rule set
    done BIGINT NOT NULL, -- leads
    total BIGINT, -- of them; NULL: not counted yet
    cursor BLOB, -- the lead it has come to, committed with what it did up to there
    result TEXT, -- JSON, by kind; may be there in part before the end
    detail TEXT, -- why it failed, or was cancelled
    actor TEXT, -- name of the key
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT -- done, failed or cancelled
) WITHOUT ROWID;
-- What is to be gone on with.
CREATE INDEX job_open ON job (id) WHERE finished_at IS NULL;
-- What is to expire.
CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL;

-- The rule set whose content this one takes up again.
ALTER TABLE rule_set ADD COLUMN copied_from BLOB;
