-- Rule sets begin as drafts: they have no version yet, so that all that is theirs goes by their id.

CREATE TABLE rule_set_new (
    id BLOB NOT NULL PRIMARY KEY,
    status BIGINT NOT NULL, -- enum rule_set_status
    version BIGINT UNIQUE, -- in the order of publication; NULL: a draft
    name TEXT NOT NULL,
    min_milli BIGINT NOT NULL, -- the total is clamped to this range, in thousandths of a point
    max_milli BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL, -- never again once it is published
    published_at BIGINT,
    retired_at BIGINT, -- when the next one came into force
    copied_from BLOB -- the older one whose content this one takes up again
) WITHOUT ROWID;
INSERT INTO rule_set_new (id, status, version, name, min_milli, max_milli, created_at, updated_at,
    published_at, retired_at, copied_from)
SELECT id, CASE WHEN version = (SELECT max(version) FROM rule_set) THEN 1 ELSE 2 END, version, name,
    min_milli, max_milli, published_at, published_at, published_at,
    (SELECT min(later.published_at) FROM rule_set AS later WHERE later.version > rule_set.version),
    copied_from
FROM rule_set;

CREATE TABLE score_group_new (
    rule_set BLOB NOT NULL,
    key TEXT NOT NULL, -- fit, engagement
    min_milli BIGINT NOT NULL,
    max_milli BIGINT NOT NULL,
    PRIMARY KEY (rule_set, key)
) WITHOUT ROWID;
INSERT INTO score_group_new (rule_set, key, min_milli, max_milli)
SELECT rule_set.id, part.key, part.min_milli, part.max_milli
FROM score_group AS part JOIN rule_set ON rule_set.version = part.rule_set_version;

CREATE TABLE rule_new (
    rule_set BLOB NOT NULL,
    position BIGINT NOT NULL, -- 0, 1, 2 ...
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    score_group TEXT NOT NULL,
    points_milli BIGINT NOT NULL,
    when_condition TEXT, -- JSON: it counts while this holds; NULL: always
    each_selector TEXT, -- JSON: a match for each activity that this selects; NULL: one match
    cap_milli BIGINT, -- of the rule's sum
    cap_times BIGINT, -- so many matches count, the largest
    decay BIGINT NOT NULL, -- enum decay
    decay_days BIGINT, -- window, period of linear, or half-life
    decay_percent BIGINT, -- of linear, per period
    decayed BLOB, -- points of a match by its age in days, rounded once; NULL: no decay
    PRIMARY KEY (rule_set, position)
) WITHOUT ROWID;
INSERT INTO rule_new (rule_set, position, key, name, score_group, points_milli, when_condition,
    each_selector, cap_milli, cap_times, decay, decay_days, decay_percent, decayed)
SELECT rule_set.id, part.position, part.key, part.name, part.score_group, part.points_milli,
    part.when_condition, part.each_selector, part.cap_milli, part.cap_times, part.decay,
    part.decay_days, part.decay_percent, part.decayed
FROM rule AS part JOIN rule_set ON rule_set.version = part.rule_set_version;

CREATE TABLE criterion_new (
    rule_set BLOB NOT NULL,
    kind BIGINT NOT NULL, -- enum stage_kind
    score_min BIGINT NOT NULL,
    exit_below BIGINT, -- below it for so many hours the stage is left again; NULL: never
    dwell_hours BIGINT,
    when_condition TEXT, -- JSON: to be entered; NULL: the score alone
    PRIMARY KEY (rule_set, kind)
) WITHOUT ROWID;
INSERT INTO criterion_new (rule_set, kind, score_min, exit_below, dwell_hours, when_condition)
SELECT rule_set.id, part.kind, part.score_min, part.exit_below, part.dwell_hours,
    part.when_condition
FROM criterion AS part JOIN rule_set ON rule_set.version = part.rule_set_version;

DROP TABLE criterion;
DROP TABLE rule;
DROP TABLE score_group;
DROP TABLE rule_set;
ALTER TABLE rule_set_new RENAME TO rule_set;
ALTER TABLE score_group_new RENAME TO score_group;
ALTER TABLE rule_new RENAME TO rule;
ALTER TABLE criterion_new RENAME TO criterion;
