-- Teams of users. A stage of kind mql can offer to one what has no owner.
CREATE TABLE team (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    members TEXT, -- ids of users, as lines
    created_at BIGINT NOT NULL,
    archived_at BIGINT -- from then on nothing is offered to it
) WITHOUT ROWID;
ALTER TABLE stage ADD COLUMN offer_team BLOB;
