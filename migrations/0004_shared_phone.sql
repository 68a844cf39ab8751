-- People share phones: a number leads to the lead that had it first. The others that have it stand
-- here, so that it leads to the oldest of them once that one gives it up.
CREATE TABLE shared_phone (
    phone TEXT NOT NULL, -- E.164, as in lead_key
    lead_id BLOB NOT NULL,
    PRIMARY KEY (phone, lead_id)
) WITHOUT ROWID;
INSERT INTO shared_phone (phone, lead_id)
SELECT l.phone, l.id FROM lead l JOIN lead_key k ON k.kind = 3 AND k.key = l.phone
WHERE k.lead_id <> l.id;
