/* fields_stages.c: the field tables of stages.h, like those of types.h in fields.c. */
#include <funneld/stages.h>

const char *const stage_kind_names[] = { "target",   "mql",   "sql",    "demo",
                                         "proposal", "close", "custom", NULL };
const char *const cause_names[] = { "rule",  "user",  "api",        "import",
                                    "merge", "decay", "correction", NULL };
const char *const answer_names[] = { "none", "accepted", "rejected", NULL };
const char *const reject_kind_names[] = { "none",         "procedural", "clerical",
                                          "definitional", "spam",       NULL };
const char *const handoff_state_names[] = { "offered", "accepted",  "rejected",
                                            "expired", "withdrawn", NULL };

static const struct field stage_fields[] = {
    FIELD(struct stage, stage_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct stage, pipeline_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct stage, key, TEXT, .flags = FIELD_NOT_NULL, .note = "name in URLs and filters"),
    FIELD(struct stage, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD_NAMED(struct stage, kind, stage_kind_names, .flags = FIELD_NOT_NULL,
                .note = "what the stage means, whatever it is called"),
    FIELD(struct stage, position, INT, .flags = FIELD_NOT_NULL,
          .note = "order in the pipeline, from 1"),
    FIELD(struct stage, probability_bp, INT, .flags = FIELD_NOT_NULL,
          .note = "of winning, in hundredths of a percent"),
    FIELD(struct stage, required_fields, TEXTS,
          .note = "members that a lead must have before it goes on"),
    FIELD(struct stage, offer_hours, INT,
          .note = "of kind mql: how long an offer to sales stands; null: until it is answered"),
    FIELD(struct stage, offer_team, ID,
          .note = "of kind mql: the team that leads without an owner are offered to"),
    FIELD(struct stage, archived_at, TIME, .note = "since when no lead comes into it"),
    FIELD(struct stage, counted_position, INT, .flags = FIELD_HIDDEN),
    FIELD(struct stage, is_counted, INT, .flags = FIELD_HIDDEN),
};
const struct table stage_table = TABLE(struct stage, "stage", stage_fields);

static const struct field pipeline_fields[] = {
    FIELD(struct pipeline, pipeline_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct pipeline, key, TEXT, .flags = FIELD_NOT_NULL, .note = "name in URLs and filters"),
    FIELD(struct pipeline, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD(struct pipeline, currency, TEXT, .flags = FIELD_NOT_NULL,
          .note = "ISO 4217; every amount of its leads is in it"),
    FIELD(struct pipeline, is_default, BOOL, .flags = FIELD_NOT_NULL,
          .note = "takes the leads that name no pipeline"),
    FIELD(struct pipeline, archived_at, TIME, .note = "since when it takes no lead"),
    FIELD(struct pipeline, ordered_at, TIME,
          .note = "since when its stages are in this order, if not from the start"),
    FIELD(struct pipeline, rollups_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct pipeline, next_rollups_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct pipeline, recounted_to, ID, .flags = FIELD_HIDDEN),
    FIELD(struct pipeline, stages, ROWS, .of = &stage_table, .note = "in order"),
};
const struct table pipeline_table = TABLE(struct pipeline, "pipeline", pipeline_fields);

#define STAGE_SETTINGS                                                                             \
    FIELD(struct stage_input, probability_bp, INT, .min = 0, .max = 10000,                         \
          .note = "of winning, in hundredths of a percent"),                                       \
        FIELD(struct stage_input, offer_hours, INT, .min = 1, .max = 8760,                         \
              .note = "of kind mql: how long an offer to sales stands"),                           \
        FIELD(struct stage_input, offer_team, ID,                                                  \
              .note = "of kind mql: the team that leads without an owner are offered to"),         \
        FIELD(struct stage_input, required_fields, TEXTS, .max = REQUIRED_FIELDS_MAX,              \
              .note = "members that a lead must have before it goes on, as amount_minor")
#define STAGE_WORDS                                                                                \
    FIELD(struct stage_input, key, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64,             \
          .note = "lower-case letters, digits and _"),                                             \
        FIELD(struct stage_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100,       \
              .note = "what people see"),                                                          \
        FIELD_NAMED(struct stage_input, kind, stage_kind_names,                                    \
                    .note = "what it means; by default custom")

static const struct field stage_of_pipeline_fields[] = { STAGE_WORDS, STAGE_SETTINGS };
static const struct table stage_of_pipeline_table =
    TABLE(struct stage_input, "stage_of_pipeline", stage_of_pipeline_fields);

static const struct field stage_create_fields[] = {
    STAGE_WORDS,
    STAGE_SETTINGS,
    FIELD(struct stage_input, before, TEXT, .min = 1, .max = 64,
          .note = "key of the stage that it comes before; by default it is the last"),
};
const struct table stage_create_table =
    TABLE(struct stage_input, "stage_create", stage_create_fields);

static const struct field stage_patch_fields[] = {
    FIELD(struct stage_input, name, TEXT, .flags = FIELD_NOT_NULL, .min = 1, .max = 100,
          .note = "what people see"),
    STAGE_SETTINGS,
};
const struct table stage_patch_table = TABLE(struct stage_input, "stage_patch", stage_patch_fields);

static const struct field pipeline_create_fields[] = {
    FIELD(struct pipeline_input, key, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
          .note = "lower-case letters, digits and _"),
    FIELD(struct pipeline_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100,
          .note = "what people see"),
    FIELD(struct pipeline_input, currency, TEXT, .min = 3, .max = 3,
          .note = "ISO 4217; by default that of the default pipeline"),
    FIELD(struct pipeline_input, is_default, BOOL,
          .note = "true: it takes the leads that name no pipeline from now on"),
    FIELD(struct pipeline_input, stages, ROWS, .flags = FIELD_REQUIRED, .min = 1, .max = STAGES_MAX,
          .of = &stage_of_pipeline_table, .note = "in order"),
};
const struct table pipeline_create_table =
    TABLE(struct pipeline_input, "pipeline_create", pipeline_create_fields);

static const struct field pipeline_patch_fields[] = {
    FIELD(struct pipeline_input, name, TEXT, .flags = FIELD_NOT_NULL, .min = 1, .max = 100,
          .note = "what people see"),
    FIELD(struct pipeline_input, is_default, BOOL, .flags = FIELD_NOT_NULL,
          .note = "true: it takes the leads that name no pipeline from now on"),
};
const struct table pipeline_patch_table =
    TABLE(struct pipeline_input, "pipeline_patch", pipeline_patch_fields);

#define STAGE_EVENT_FIELDS                                                                         \
    FIELD(struct stage_event, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),                  \
        FIELD(struct stage_event, lead_id, ID, .flags = FIELD_NOT_NULL, .note = "whose"),          \
        FIELD(struct stage_event, from_stage_id, INT, .flags = FIELD_HIDDEN),                      \
        FIELD(struct stage_event, to_stage_id, INT, .flags = FIELD_HIDDEN),                        \
        FIELD(struct stage_event, from, TEXT, .column = "from_stage",                              \
              .note = "stage left; null at creation"),                                             \
        FIELD(struct stage_event, to, TEXT, .column = "to_stage",                                  \
              .note = "stage entered; null: only the status changed"),                             \
        FIELD_NAMED(struct stage_event, from_status, lead_status_names, .flags = FIELD_NOT_NULL,   \
                    .note = "status before"),                                                      \
        FIELD_NAMED(struct stage_event, to_status, lead_status_names, .flags = FIELD_NOT_NULL,     \
                    .note = "status after"),                                                       \
        FIELD(struct stage_event, occurred_at, TIME, .flags = FIELD_NOT_NULL,                      \
              .note = "when it happened"),                                                         \
        FIELD(struct stage_event, recorded_at, TIME, .flags = FIELD_NOT_NULL,                      \
              .note = "when it was heard of"),                                                     \
        FIELD_NAMED(struct stage_event, cause, cause_names, .flags = FIELD_NOT_NULL,               \
                    .note = "what made it happen"),                                                \
        FIELD(struct stage_event, actor, TEXT, .note = "name of the key or user"),                 \
        FIELD(struct stage_event, reason, TEXT, .note = "as given"),                               \
        FIELD(struct stage_event, score, INT, .flags = FIELD_NOT_NULL, .note = "at the time"),     \
        FIELD(struct stage_event, rule_set_version, INT, .flags = FIELD_NOT_NULL,                  \
              .note = "in force at the time"),                                                     \
        FIELD(struct stage_event, owner, ID, .note = "at entry"),                                  \
        FIELD(struct stage_event, cycle, INT, .flags = FIELD_NOT_NULL, .note = "after it"),        \
        FIELD_NAMED(struct stage_event, answer, answer_names, .flags = FIELD_NOT_NULL,             \
                    .note = "to the offer of the lead, where it is one"),                          \
        FIELD_NAMED(struct stage_event, reject_kind, reject_kind_names, .flags = FIELD_NOT_NULL,   \
                    .note = "of a rejection"),                                                     \
        FIELD(struct stage_event, voided_at, TIME,                                                 \
              .note = "set where a late fact or a correction undid it")

static const struct field stage_event_fields[] = { STAGE_EVENT_FIELDS };
const struct table stage_event_table = TABLE(struct stage_event, "stage_event", stage_event_fields);

static const struct field stage_event_told_fields[] = {
    STAGE_EVENT_FIELDS,
    FIELD(struct stage_event_told, email, TEXT, .note = "of the lead"),
    FIELD(struct stage_event_told, source_system, TEXT, .note = "of the lead"),
    FIELD(struct stage_event_told, external_id, TEXT, .note = "of the lead"),
};
const struct table stage_event_told_table =
    TABLE(struct stage_event_told, "stage_event_told", stage_event_told_fields);

static const struct field handoff_fields[] = {
    FIELD(struct handoff, id, ID, .flags = FIELD_NOT_NULL, .note = "of the stage event"),
    FIELD(struct handoff, stage, TEXT, .flags = FIELD_NOT_NULL, .note = "that it entered"),
    FIELD(struct handoff, offered_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it entered it"),
    FIELD(struct handoff, offered_to, ID, .note = "owner then; null: whoever takes it"),
    FIELD(struct handoff, team, ID, .note = "of the stage, where the lead had no owner"),
    FIELD(struct handoff, expires_at, TIME, .note = "by offer_hours of the stage"),
    FIELD(struct handoff, cycle, INT, .flags = FIELD_NOT_NULL, .note = "of the lead then"),
    FIELD_NAMED(struct handoff, state, handoff_state_names, .flags = FIELD_NOT_NULL,
                .note = "withdrawn: the lead left the stage otherwise"),
    FIELD(struct handoff, answered_at, TIME, .note = "when it was accepted or rejected"),
    FIELD(struct handoff, answered_by, TEXT, .note = "name of the key or user"),
    FIELD_NAMED(struct handoff, reject_kind, reject_kind_names, .flags = FIELD_NOT_NULL,
                .note = "why it was rejected"),
    FIELD(struct handoff, reason, TEXT, .note = "as given with the answer"),
    FIELD(struct handoff, answer_ms, INT, .note = "from the offer to the answer"),
    FIELD(struct handoff, first_response_at, TIME,
          .note = "of the first call, email_sent or meeting since the offer"),
    FIELD(struct handoff, response_ms, INT, .note = "from the offer to that"),
};
const struct table handoff_table = TABLE(struct handoff, "handoff", handoff_fields);
