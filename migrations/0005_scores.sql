-- Scores: conditions, decays and caps of rules, stages that are left again, and scores that time
-- alone changes.

ALTER TABLE rule ADD COLUMN when_condition TEXT; -- JSON: it counts while this holds; NULL: always
-- JSON: a match for each activity that this selects; NULL: one match
ALTER TABLE rule ADD COLUMN each_selector TEXT;
ALTER TABLE rule ADD COLUMN cap_times BIGINT; -- so many matches count, the largest
ALTER TABLE rule ADD COLUMN decay BIGINT NOT NULL DEFAULT 0; -- enum decay
ALTER TABLE rule ADD COLUMN decay_days BIGINT; -- window, period of linear, or half-life
ALTER TABLE rule ADD COLUMN decay_percent BIGINT; -- of linear, per period
-- Points of a match by its age in days, rounded once: int64, little end first; NULL: no decay.
ALTER TABLE rule ADD COLUMN decayed BLOB;

-- What a rule could say until now: a match per activity of a type, or one while a field passes a
-- test (0 present, 1 equals, 2 contains).
UPDATE rule SET each_selector = '{"activity":"' || activity_type || '"}'
WHERE activity_type IS NOT NULL;
UPDATE rule SET when_condition = '{"field":"' || field || '","op":"' ||
    CASE test WHEN 0 THEN 'present"}'
        ELSE CASE test WHEN 1 THEN 'eq' ELSE 'contains' END || '","value":"' ||
            replace(replace(value, '\', '\\'), '"', '\"') || '"}' END
WHERE field IS NOT NULL;
ALTER TABLE rule DROP COLUMN activity_type;
ALTER TABLE rule DROP COLUMN field;
ALTER TABLE rule DROP COLUMN test;
ALTER TABLE rule DROP COLUMN value;

-- Below exit_below for so many hours the stage is left again; NULL: never.
ALTER TABLE criterion ADD COLUMN exit_below BIGINT;
ALTER TABLE criterion ADD COLUMN dwell_hours BIGINT;
ALTER TABLE criterion ADD COLUMN when_condition TEXT; -- JSON: to be entered; NULL: the score alone

-- A tally has another form from here on: the next fact of a lead makes it anew from the log.
ALTER TABLE lead_state DROP COLUMN tally;
-- When time alone changes the score or the stage next; NULL: never.
ALTER TABLE lead_state ADD COLUMN score_due_at BIGINT;
-- What its facts come to under its rule set, see server/crm/tally.c; NULL: not made yet. Last,
-- as it is the long one.
ALTER TABLE lead_state ADD COLUMN tally BLOB;
-- Leads that are due, the first first.
CREATE INDEX lead_state_due ON lead_state (score_due_at, lead_id) WHERE score_due_at IS NOT NULL;
