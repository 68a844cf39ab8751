-- Lists of leads by the time at which they entered their stage: those that wait the longest, or
-- have just come. An activity does not move it; what does is a change of stage or status, and new
-- leads are written behind one another.
CREATE INDEX lead_state_entered
ON lead_state (stage_id, status, stage_entered_at, lead_id, erased_at)
WHERE erased_at IS NULL;
