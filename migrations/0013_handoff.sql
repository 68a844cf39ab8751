-- Hand-off: a lead that enters a stage of kind mql is offered to sales, who accept or reject it.

-- Of a decision on an offer: enum handoff_answer and enum reject_kind.
ALTER TABLE stage_event ADD COLUMN answer BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stage_event ADD COLUMN reject_kind BIGINT NOT NULL DEFAULT 0;

-- How long an offer stands; NULL: until it is answered.
ALTER TABLE stage ADD COLUMN offer_hours BIGINT;

-- From then on no lead can be given to the user. What was stays.
ALTER TABLE app_user ADD COLUMN archived_at BIGINT;
