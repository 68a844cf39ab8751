-- Answers to requests that carried an Idempotency-Key, so that a retry is answered again instead of
-- done again. A row is written in the transaction of the effect and lives for a day.
CREATE TABLE idempotency (
    key_id BLOB NOT NULL, -- the API key that asked; sixteen zero bytes for the console
    key TEXT NOT NULL, -- as the client chose it
    fingerprint BLOB NOT NULL, -- SHA-256 of method, target and body
    created_at BIGINT NOT NULL,
    status BIGINT, -- of the answer; NULL while a long list is being worked off
    location TEXT,
    etag TEXT,
    body BLOB,
    lead_id BLOB, -- whose data the body shows: it goes with an erasure
    PRIMARY KEY (key_id, key)
) WITHOUT ROWID;
-- What is to expire next. Grows at its end.
CREATE INDEX idempotency_created ON idempotency (created_at);
