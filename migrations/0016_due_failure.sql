-- Leads that were due and could not be brought up to date. They wait, and those behind them do not.
CREATE TABLE due_failure (
    lead_id BLOB NOT NULL PRIMARY KEY,
    score_due_at BIGINT NOT NULL, -- since when it is due; of no use once that has moved on
    tries BIGINT NOT NULL, -- so far
    retry_at BIGINT NOT NULL -- the next one
) WITHOUT ROWID;
