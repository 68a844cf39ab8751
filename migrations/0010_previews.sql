-- Previews: who would cross a threshold, if a rule set came into force.
CREATE TABLE job_crossing (
    job BLOB NOT NULL, -- the preview
    criterion BIGINT NOT NULL, -- enum stage_kind
    direction BIGINT NOT NULL, -- enum crossing_direction: up, down
    last_lead BLOB NOT NULL, -- the last of the leads
    -- Up to 1,024 in the order of their ids; of each 16 bytes of id, and its score before and
    -- after, 4 bytes each, little end first.
    leads BLOB NOT NULL,
    PRIMARY KEY (job, criterion, direction, last_lead)
) WITHOUT ROWID;
