-- Erasure: the person behind a lead goes. What happened and when stays, so that figures of the past
-- stay; or that goes too.

-- Since when the lead is nobody's: seen nowhere and changed by nobody, but counted in what was.
ALTER TABLE lead_state ADD COLUMN erased_at BIGINT;
-- As before, of those leads that there is still somebody behind. The last column lets a count be
-- made from the index alone.
DROP INDEX lead_state_stage;
CREATE INDEX lead_state_stage ON lead_state (stage_id, status, score DESC, lead_id, erased_at)
WHERE erased_at IS NULL;

-- Who had which lead erased, and when. It says nothing of the person, and is kept for good.
CREATE TABLE erasure (
    id BLOB NOT NULL PRIMARY KEY,
    lead_id BLOB NOT NULL,
    facts BIGINT NOT NULL, -- enum erasure_facts: kept, removed
    actor TEXT, -- name of the key
    begun_at BIGINT NOT NULL,
    finished_at BIGINT -- NULL while something is left to be removed, in slices
) WITHOUT ROWID;
CREATE UNIQUE INDEX erasure_lead ON erasure (lead_id);
-- What is to be taken up again after a crash.
CREATE INDEX erasure_unfinished ON erasure (id) WHERE finished_at IS NULL;

-- What an erasure finds by its lead. Ids grow with time, so new leads write these at their end.
CREATE INDEX lead_key_lead ON lead_key (lead_id);
CREATE INDEX submission_lead ON submission (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX idempotency_lead ON idempotency (lead_id) WHERE lead_id IS NOT NULL;
-- Entries of the journal that no lead came of, oldest first: they expire.
CREATE INDEX submission_nobody ON submission (received_at) WHERE lead_id IS NULL;

-- Addresses and phone numbers that stand in a post, as keyed hashes: with them an erasure finds
-- what no lead came of.
CREATE TABLE submission_key (
    hash BLOB NOT NULL, -- HMAC of the match key of an address, or of an E.164 number
    submission_id BLOB NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    PRIMARY KEY (hash, submission_id)
) WITHOUT ROWID;
CREATE INDEX submission_key_submission ON submission_key (submission_id);

-- Keys and fingerprints are hashes with a key from here on: what a client chose or sent may name
-- somebody. Those kept before could not be told apart, and lived for a day.
DELETE FROM idempotency;
-- The leads that a kept answer of a list shows; idempotency.lead_id is that of an answer with one.
CREATE TABLE idempotency_list (
    key_id BLOB NOT NULL,
    key TEXT NOT NULL,
    lead_id BLOB NOT NULL,
    PRIMARY KEY (key_id, key, lead_id),
    FOREIGN KEY (key_id, key) REFERENCES idempotency (key_id, key) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX idempotency_list_lead ON idempotency_list (lead_id);
