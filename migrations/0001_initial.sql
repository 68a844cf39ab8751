-- The first schema. Ids are 16-byte UUIDv7, times are milliseconds since 1970 UTC, days are civil
-- days since
-- 1970-01-01 in the installation's zone, money is in minor units, booleans are 0 or 1, enums are
-- the numbers of
-- include/funneld/types.h. The price of a write is the number of different pages it dirties: see
-- each table.

-- What was decided once for this installation.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY, -- time_zone, catalog_version ...
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Who may call. Only a hash of the key is kept.
CREATE TABLE api_key (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL, -- SHA-256 of the key's text
    scopes BIGINT NOT NULL, -- bits of enum scope
    created_at BIGINT NOT NULL,
    revoked_at BIGINT -- from then on it opens nothing
) WITHOUT ROWID;
CREATE UNIQUE INDEX api_key_hash ON api_key (hash);

-- People who own leads.
CREATE TABLE app_user (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL, -- normalised
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX app_user_email ON app_user (email);

CREATE TABLE pipeline (
    pipeline_id BIGINT NOT NULL PRIMARY KEY, -- small: it stands in every lead and rollup cell
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    currency TEXT NOT NULL, -- ISO 4217, of all its amounts
    is_default BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE stage (
    stage_id BIGINT NOT NULL PRIMARY KEY, -- small, as above; unique over all pipelines
    pipeline_id BIGINT NOT NULL REFERENCES pipeline (pipeline_id),
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    kind BIGINT NOT NULL, -- enum stage_kind: what the stage means, whatever it is called
    position BIGINT NOT NULL,
    probability_bp BIGINT NOT NULL, -- of winning, in hundredths of a percent
    UNIQUE (pipeline_id, key)
) WITHOUT ROWID;

-- A published list of scoring rules and stage criteria. Never changed: the next version replaces
-- it.
CREATE TABLE rule_set (
    id BLOB NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    min_milli BIGINT NOT NULL, -- the total is clamped to this range, in thousandths of a point
    max_milli BIGINT NOT NULL,
    published_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE score_group (
    rule_set_version BIGINT NOT NULL,
    key TEXT NOT NULL, -- fit, engagement
    min_milli BIGINT NOT NULL,
    max_milli BIGINT NOT NULL,
    PRIMARY KEY (rule_set_version, key)
) WITHOUT ROWID;

CREATE TABLE rule (
    rule_set_version BIGINT NOT NULL,
    position BIGINT NOT NULL, -- 0, 1, 2 ...: index into lead_state.tally
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    score_group TEXT NOT NULL,
    points_milli BIGINT NOT NULL,
    cap_milli BIGINT, -- of the rule's sum
    activity_type TEXT, -- a match per activity of this type; or:
    field TEXT, -- one match while this field of the lead passes the test
    test BIGINT, -- enum rule_test
    value TEXT,
    PRIMARY KEY (rule_set_version, position)
) WITHOUT ROWID;

-- Stages that are entered by rule.
CREATE TABLE criterion (
    rule_set_version BIGINT NOT NULL,
    kind BIGINT NOT NULL, -- enum stage_kind
    score_min BIGINT NOT NULL,
    PRIMARY KEY (rule_set_version, kind)
) WITHOUT ROWID;

CREATE TABLE campaign (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    channel TEXT,
    starts_on BIGINT, -- day
    ends_on BIGINT, -- day
    budget_minor BIGINT,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX campaign_name ON campaign (name);

CREATE TABLE campaign_member (
    campaign BLOB NOT NULL,
    lead_id BLOB NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, lead_id)
) WITHOUT ROWID;

-- Who a lead is: what people and clients change. An activity never writes here.
CREATE TABLE lead (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT, -- lower case, domain as A-labels, with its +tag
    phone TEXT,
    first_name TEXT,
    last_name TEXT,
    company TEXT,
    job_title TEXT,
    website TEXT,
    industry TEXT,
    country TEXT,
    city TEXT,
    source TEXT,
    campaign BLOB, -- the primary one
    owner BLOB,
    amount_minor BIGINT,
    currency TEXT,
    source_system TEXT,
    external_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) WITHOUT ROWID;
-- Lists: newest first, of everyone, or of one source, campaign or owner.
CREATE INDEX lead_created ON lead (created_at DESC, id);
CREATE INDEX lead_source ON lead (source, created_at DESC, id) WHERE source IS NOT NULL;
CREATE INDEX lead_campaign ON lead (campaign, created_at DESC, id) WHERE campaign IS NOT NULL;
CREATE INDEX lead_owner ON lead (owner, created_at DESC, id) WHERE owner IS NOT NULL;

-- Where a lead stands: the narrow row that every activity rewrites. Derived from the log, except
-- for version.
CREATE TABLE lead_state (
    lead_id BLOB NOT NULL PRIMARY KEY,
    pipeline_id BIGINT NOT NULL,
    stage_id BIGINT NOT NULL,
    status BIGINT NOT NULL, -- enum lead_status
    stage_entered_at BIGINT NOT NULL,
    cycle BIGINT NOT NULL,
    version BIGINT NOT NULL, -- of what people and clients change: the ETag
    score BIGINT NOT NULL,
    score_as_of BIGINT NOT NULL,
    rule_set_version BIGINT NOT NULL,
    tally BLOB NOT NULL, -- matches per rule of that rule set, as varints
    last_fact_at BIGINT NOT NULL, -- latest fact in the tally
    automatic_at BIGINT -- latest automatic stage event that a late fact could still change
) WITHOUT ROWID;
-- Boards, and the list of a stage with the best lead first. The one index an activity moves.
CREATE INDEX lead_state_stage ON lead_state (stage_id, status, score DESC, lead_id);

-- Lookups of a lead by key; also what makes identities unique.
CREATE TABLE lead_key (
    kind BIGINT NOT NULL, -- enum lead_key_kind
    -- e-mail without +tag; source_system, unit separator, external_id; E.164 number
    key TEXT NOT NULL,
    lead_id BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- Every change of a field: the audit trail, and what a score at a past instant needs.
CREATE TABLE lead_change (
    lead_id BLOB NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    actor TEXT,
    PRIMARY KEY (lead_id, id)
) WITHOUT ROWID;

-- One entry into a stage, or one change of status. Never deleted, at most voided.
CREATE TABLE stage_event (
    lead_id BLOB NOT NULL,
    id BLOB NOT NULL,
    from_stage_id BIGINT, -- NULL at creation and where only the status changed
    to_stage_id BIGINT,
    from_status BIGINT NOT NULL,
    to_status BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    cause BIGINT NOT NULL, -- enum cause
    actor TEXT,
    reason TEXT,
    score BIGINT NOT NULL, -- at the time
    rule_set_version BIGINT NOT NULL,
    owner BLOB, -- at entry: a later owner does not rewrite history
    cycle BIGINT NOT NULL,
    voided_at BIGINT,
    PRIMARY KEY (lead_id, id)
) WITHOUT ROWID;

-- What happened with a lead, clustered by lead and time.
CREATE TABLE activity (
    lead_id BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    campaign BLOB,
    source_system TEXT,
    external_id TEXT,
    engagement BIGINT NOT NULL, -- enum engagement
    properties TEXT, -- JSON object, opaque
    PRIMARY KEY (lead_id, occurred_at, id)
) WITHOUT ROWID;
-- Ids grow with time, so this index is written at its end: one page for a whole batch.
CREATE UNIQUE INDEX activity_id ON activity (id);

-- What makes a repeated activity count once.
CREATE TABLE activity_key (
    source_system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    activity_id BLOB NOT NULL,
    PRIMARY KEY (source_system, external_id)
) WITHOUT ROWID;

CREATE TABLE form (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE, -- public: it stands in the page
    redirect_hosts TEXT, -- lines
    allowed_origins TEXT, -- lines
    source TEXT,
    campaign BLOB,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

-- The raw journal of form posts, written before they are answered, whatever became of them.
CREATE TABLE submission (
    id BLOB NOT NULL PRIMARY KEY,
    form BLOB NOT NULL,
    received_at BIGINT NOT NULL,
    content_type TEXT,
    body BLOB NOT NULL, -- as it came
    verdict BIGINT NOT NULL, -- enum verdict
    detail TEXT,
    lead_id BLOB
) WITHOUT ROWID;

-- Counts kept exact in the transaction that changes a fact: the sum of contributions(lead) over
-- all leads.
CREATE TABLE rollup (
    basis BIGINT NOT NULL, -- enum rollup_basis
    dimension BIGINT NOT NULL, -- enum dimension
    pipeline_id BIGINT NOT NULL,
    day BIGINT NOT NULL, -- of creation (cohort), of the event (period), 0 (open)
    member BLOB NOT NULL, -- source text, campaign or owner id; empty for none and for all
    item BIGINT NOT NULL, -- a stage, or -1 won, -2 lost, -3 disqualified
    entered BIGINT NOT NULL, -- entries
    reached BIGINT NOT NULL, -- leads
    value_minor BIGINT NOT NULL,
    within_1 BIGINT NOT NULL, -- leads that reached it within so many days of their creation
    within_3 BIGINT NOT NULL,
    within_7 BIGINT NOT NULL,
    within_14 BIGINT NOT NULL,
    within_30 BIGINT NOT NULL,
    within_60 BIGINT NOT NULL,
    within_90 BIGINT NOT NULL,
    within_180 BIGINT NOT NULL,
    PRIMARY KEY (basis, dimension, pipeline_id, day, member, item)
) WITHOUT ROWID;
