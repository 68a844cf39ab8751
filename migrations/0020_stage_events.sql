-- Stage events of all leads in the order they happened: the list, and what figures of a period are
-- made of. What happens is written at one end: one page for a whole batch.
CREATE INDEX stage_event_occurred ON stage_event (occurred_at DESC, id);
