/* fields_rules.c: the field tables of rules.h, like those of types.h in fields.c. */
#include <funneld/rules.h>

const char *const decay_names[] = { "none", "window", "linear", "half_life", NULL };
const char *const rule_set_status_names[] = { "draft", "published", "retired", NULL };
const char *const job_kind_names[] = { "rescore", "preview", "recount", "reclassify", NULL };
const char *const job_state_names[] = { "queued", "running", "done", "failed", "cancelled", NULL };
const char *const crossing_direction_names[] = { "up", "down", NULL };

static const struct field rule_fields[] = {
    FIELD(struct rule, position, INT, .flags = FIELD_HIDDEN),
    FIELD(struct rule, key, TEXT, .flags = FIELD_NOT_NULL, .note = "unique in the rule set"),
    FIELD(struct rule, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD(struct rule, score_group, TEXT, .flags = FIELD_NOT_NULL, .note = "key of its group"),
    FIELD(struct rule, points_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "per match, in thousandths of a point"),
    FIELD(struct rule, when, JSON, .column = "when_condition", .schema = "Condition",
          .note = "condition under which it counts; null: always"),
    FIELD(struct rule, each, JSON, .column = "each_selector", .schema = "Selector",
          .note = "activities that are a match each; null: one match"),
    FIELD(struct rule, cap_milli, INT, .note = "of the rule's sum, in thousandths; null: none"),
    FIELD(struct rule, cap_times, INT, .note = "matches that count, the largest; null: all"),
    FIELD_NAMED(struct rule, decay, decay_names, .flags = FIELD_NOT_NULL,
                .note = "what becomes of a match's points with its age"),
    FIELD(struct rule, decay_days, INT, .note = "window, period of linear, or half-life"),
    FIELD(struct rule, decay_percent, INT, .note = "lost in each period of a linear decay"),
    FIELD(struct rule, decayed, BYTES, .flags = FIELD_HIDDEN),
};
const struct table rule_table = TABLE(struct rule, "rule", rule_fields);

static const struct field score_group_fields[] = {
    FIELD(struct score_group, key, TEXT, .flags = FIELD_NOT_NULL, .note = "fit, engagement ..."),
    FIELD(struct score_group, min_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "floor of its sum, in thousandths"),
    FIELD(struct score_group, max_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "cap of its sum, in thousandths"),
};
const struct table score_group_table = TABLE(struct score_group, "score_group", score_group_fields);

static const struct field criterion_fields[] = {
    FIELD_NAMED(struct criterion, kind, stage_kind_names, .flags = FIELD_NOT_NULL,
                .note = "kind of the stage entered by rule"),
    FIELD(struct criterion, score_min, INT, .flags = FIELD_NOT_NULL,
          .note = "score at which it is entered"),
    FIELD(struct criterion, exit_below, INT,
          .note = "score below which it is left again; null: never"),
    FIELD(struct criterion, dwell_hours, INT,
          .note = "hours that the score must have stayed there; null: none"),
    FIELD(struct criterion, when, JSON, .column = "when_condition", .schema = "Condition",
          .note = "condition to be entered; null: none"),
};
const struct table criterion_table = TABLE(struct criterion, "criterion", criterion_fields);

static const struct field rule_set_fields[] = {
    FIELD(struct rule_set, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD_NAMED(struct rule_set, status, rule_set_status_names, .flags = FIELD_NOT_NULL,
                .note = "published: it is the one in force"),
    FIELD(struct rule_set, version, INT, .note = "1, 2, 3 ... as published; null: a draft"),
    FIELD(struct rule_set, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD(struct rule_set, min_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "floor of a score, in thousandths"),
    FIELD(struct rule_set, max_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "cap of a score, in thousandths"),
    FIELD(struct rule_set, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was made"),
    FIELD(struct rule_set, updated_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "last change while it was a draft"),
    FIELD(struct rule_set, published_at, TIME, .note = "since when it is or was in force"),
    FIELD(struct rule_set, retired_at, TIME, .note = "until when"),
    FIELD(struct rule_set, copied_from, ID,
          .note = "the older one that was published again as this one"),
    FIELD(struct rule_set, groups, ROWS, .of = &score_group_table,
          .note = "sums that are clamped one by one"),
    FIELD(struct rule_set, rules, ROWS, .of = &rule_table, .note = "in order"),
    FIELD(struct rule_set, criteria, ROWS, .of = &criterion_table,
          .note = "of stages entered by rule"),
};
const struct table rule_set_table = TABLE(struct rule_set, "rule_set", rule_set_fields);

enum { CAP_MILLI_MAX = 1000000000, DWELL_HOURS_MAX = 8760 };

static const struct field rule_input_fields[] = {
    FIELD_AS(struct rule_input, rule.key, TEXT, "key", .flags = FIELD_REQUIRED, .min = 1, .max = 64,
             .note = "lower-case letters, digits and _, a letter first; unique in the rule set"),
    FIELD_AS(struct rule_input, rule.name, TEXT, "name", .flags = FIELD_REQUIRED, .min = 1,
             .max = 200, .note = "what people see"),
    FIELD_AS(struct rule_input, rule.score_group, TEXT, "score_group", .flags = FIELD_REQUIRED,
             .min = 1, .max = 64, .note = "key of its group"),
    FIELD_AS(struct rule_input, rule.points_milli, INT, "points_milli", .flags = FIELD_REQUIRED,
             .min = -POINTS_MILLI_MAX, .max = POINTS_MILLI_MAX,
             .note = "per match, in thousandths of a point; may be negative"),
    FIELD_AS(struct rule_input, rule.when, JSON, "when", .schema = "Condition",
             .note = "condition under which it counts; left out: always"),
    FIELD_AS(struct rule_input, rule.each, JSON, "each", .schema = "Selector",
             .note = "an activity type and where: a match for each of those; left out: one match"),
    FIELD_AS(struct rule_input, rule.cap_milli, INT, "cap_milli", .min = 1, .max = CAP_MILLI_MAX,
             .note = "of the rule's sum, in thousandths"),
    FIELD_AS(struct rule_input, rule.cap_times, INT, "cap_times", .min = 1, .max = CAP_TIMES_MAX,
             .note = "matches that count, the largest"),
    FIELD_NAMED_AS(struct rule_input, rule.decay, decay_names, "decay",
                   .note = "what becomes of a match's points with its age; none unless given"),
    FIELD_AS(struct rule_input, rule.decay_days, INT, "decay_days", .min = 1, .max = 3650,
             .note = "window, period of linear, or half-life (of at most 365)"),
    FIELD_AS(struct rule_input, rule.decay_percent, INT, "decay_percent", .min = 1, .max = 100,
             .note = "lost in each period of a linear decay"),
};
static const struct table rule_input_table =
    TABLE(struct rule_input, "rule_input", rule_input_fields);

#define SUM_LIMITS .min = -CAP_MILLI_MAX, .max = CAP_MILLI_MAX

static const struct field score_group_input_fields[] = {
    FIELD_AS(struct score_group_input, group.key, TEXT, "key", .flags = FIELD_REQUIRED, .min = 1,
             .max = 64, .note = "lower-case letters, digits and _, a letter first"),
    FIELD_AS(struct score_group_input, group.min_milli, INT, "min_milli", .flags = FIELD_REQUIRED,
             SUM_LIMITS, .note = "floor of its sum, in thousandths"),
    FIELD_AS(struct score_group_input, group.max_milli, INT, "max_milli", .flags = FIELD_REQUIRED,
             SUM_LIMITS, .note = "cap of its sum, in thousandths"),
};
static const struct table score_group_input_table =
    TABLE(struct score_group_input, "score_group_input", score_group_input_fields);

static const struct field criterion_input_fields[] = {
    FIELD_NAMED_AS(struct criterion_input, criterion.kind, stage_kind_names, "kind",
                   .flags = FIELD_REQUIRED, .note = "kind of the stage that is entered by rule"),
    FIELD_AS(struct criterion_input, criterion.score_min, INT, "score_min", .flags = FIELD_REQUIRED,
             .min = -1000000, .max = 1000000, .note = "score at which it is entered, in points"),
    FIELD_AS(struct criterion_input, criterion.exit_below, INT, "exit_below", .min = -1000000,
             .max = 1000000, .note = "score below which it is left again; left out: never"),
    FIELD_AS(struct criterion_input, criterion.dwell_hours, INT, "dwell_hours", .min = 0,
             .max = DWELL_HOURS_MAX,
             .note = "hours that the score must have stayed there; 0 unless given"),
    FIELD_AS(struct criterion_input, criterion.when, JSON, "when", .schema = "Condition",
             .note = "condition to be entered, beside the score"),
};
static const struct table criterion_input_table =
    TABLE(struct criterion_input, "criterion_input", criterion_input_fields);

static const struct field rule_set_input_fields[] = {
    FIELD(struct rule_set_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .note = "what people see"),
    FIELD(struct rule_set_input, min_milli, INT, SUM_LIMITS,
          .note = "floor of a score, in thousandths; 0 unless given"),
    FIELD(struct rule_set_input, max_milli, INT, SUM_LIMITS,
          .note = "cap of a score, in thousandths; 100000 unless given"),
    FIELD(struct rule_set_input, groups, ROWS, .flags = FIELD_REQUIRED,
          .of = &score_group_input_table, .min = 1, .max = SCORE_GROUPS_MAX,
          .note = "sums that are clamped one by one"),
    FIELD(struct rule_set_input, rules, ROWS, .flags = FIELD_REQUIRED, .of = &rule_input_table,
          .max = RULES_MAX, .note = "in order"),
    FIELD(struct rule_set_input, criteria, ROWS, .of = &criterion_input_table, .max = CRITERIA_MAX,
          .note = "of stages that are entered by rule"),
};
const struct table rule_set_input_table =
    TABLE(struct rule_set_input, "rule_set_input", rule_set_input_fields);

static const struct field job_fields[] = {
    FIELD(struct job, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD_NAMED(struct job, kind, job_kind_names, .flags = FIELD_NOT_NULL, .note = "what it does"),
    FIELD_NAMED(struct job, state, job_state_names, .flags = FIELD_NOT_NULL,
                .note = "done, failed and cancelled ones are over"),
    FIELD(struct job, subject, ID, .note = "what it is about: a rule set"),
    FIELD(struct job, done, INT, .flags = FIELD_NOT_NULL, .note = "leads worked off"),
    FIELD(struct job, total, INT, .note = "of them; null until they are counted"),
    FIELD(struct job, failed, INT, .flags = FIELD_NOT_NULL,
          .note = "those of them that nothing could be done about, for their data are damaged"),
    FIELD(struct job, failed_leads, TEXTS, .note = "ids of the first 20 that failed"),
    FIELD(struct job, progress, JSON, .flags = FIELD_DECIMAL,
          .note = "done of total, 0 to 1; null until they are counted"),
    FIELD(struct job, result, JSON, .schema = "JobResult",
          .note = "of a preview or a reclassification; there in part before the end"),
    FIELD(struct job, detail, TEXT,
          .note = "why it failed or was cancelled, or what there is to know besides"),
    FIELD(struct job, actor, TEXT, .note = "name of the key that began it"),
    FIELD(struct job, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was asked for"),
    FIELD(struct job, started_at, TIME, .note = "when it was begun"),
    FIELD(struct job, finished_at, TIME, .note = "when it was over"),
    FIELD(struct job, cursor, ID, .flags = FIELD_HIDDEN),
};
const struct table job_table = TABLE(struct job, "job", job_fields);

static const struct field due_lead_fields[] = {
    FIELD(struct due_lead, lead_id, ID),
    FIELD(struct due_lead, score_due_at, TIME),
    FIELD(struct due_lead, tries, INT),
};
const struct table due_lead_table = TABLE(struct due_lead, "due_lead", due_lead_fields);

static const struct field crossing_fields[] = {
    FIELD(struct crossing, lead_id, ID, .flags = FIELD_NOT_NULL, .note = "who"),
    FIELD(struct crossing, score_before, INT, .flags = FIELD_NOT_NULL,
          .note = "under the rules in force"),
    FIELD(struct crossing, score_after, INT, .flags = FIELD_NOT_NULL,
          .note = "under the rules looked at"),
};
const struct table crossing_table = TABLE(struct crossing, "crossing", crossing_fields);

static const struct field crossing_row_fields[] = {
    FIELD(struct crossing_row, job, ID),        FIELD(struct crossing_row, criterion, INT),
    FIELD(struct crossing_row, direction, INT), FIELD(struct crossing_row, last_lead, ID),
    FIELD(struct crossing_row, leads, BYTES),
};
const struct table crossing_row_table =
    TABLE(struct crossing_row, "crossing_row", crossing_row_fields);
