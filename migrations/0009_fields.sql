-- Custom fields: what an installation keeps of its leads beyond the columns of lead.

-- Never deleted: values, rules and the history of changes name them.
CREATE TABLE custom_field (
    field_id BIGINT NOT NULL PRIMARY KEY, -- small: it stands in every value
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    type BIGINT NOT NULL, -- enum value_type
    choices TEXT, -- lines
    min BIGINT, -- of a number, in millionths
    max BIGINT,
    max_length BIGINT, -- of a text, in characters
    indexed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    archived_at BIGINT -- from then on it takes no values and shows none
) WITHOUT ROWID;

-- The values of a lead stand side by side.
CREATE TABLE lead_value (
    lead_id BLOB NOT NULL,
    field_id BIGINT NOT NULL,
    text TEXT, -- of a text or choice; or:
    number BIGINT, -- millionths of a number, a boolean, the civil day of a date
    indexed BIGINT NOT NULL, -- as its field is
    PRIMARY KEY (lead_id, field_id)
) WITHOUT ROWID;
-- Lists sorted by an indexed field, and filters on it. Other fields cost no index a write.
CREATE INDEX lead_value_number ON lead_value (field_id, number, lead_id)
WHERE indexed = 1 AND number IS NOT NULL;
CREATE INDEX lead_value_text ON lead_value (field_id, lower(text), lead_id)
WHERE indexed = 1 AND text IS NOT NULL;

-- How many values the lead has: most have none, and nobody looks for them.
ALTER TABLE lead ADD COLUMN value_count BIGINT NOT NULL DEFAULT 0;
