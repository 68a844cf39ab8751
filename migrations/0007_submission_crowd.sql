-- Form posts that name very many people. A row for each of them would be far more than the post
-- itself; so an erasure looks through these posts one by one.
CREATE TABLE submission_crowd (
    submission_id BLOB NOT NULL PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
    hashes BLOB NOT NULL -- the first 8 bytes of each, as in submission_key.hash
) WITHOUT ROWID;
