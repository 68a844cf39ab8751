-- A tally has another form from here on, of which a late activity can be told too: the next fact of
-- a lead makes it anew from the log.
UPDATE lead_state SET tally = NULL WHERE tally IS NOT NULL;
