-- Which activities a job says anew of whether people did them: all that is not NULL must fit.
CREATE TABLE reclassification (
    job BLOB NOT NULL PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
    type TEXT,
    occurred_gte BIGINT,
    occurred_lt BIGINT,
    campaign BLOB,
    user_agent TEXT, -- that the agent contains
    engagement_was BIGINT, -- enum engagement
    engagement BIGINT, -- enum engagement; NULL: what rules say
    activities BIGINT NOT NULL, -- that it has changed
    leads BIGINT NOT NULL -- whose they are
) WITHOUT ROWID;
