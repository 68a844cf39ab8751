/* stages.h: pipelines, their stages, and how leads came through them, as plain structs and enums
 * like those of types.h. No functions. */
#ifndef FUNNELD_STAGES_H
#define FUNNELD_STAGES_H

#include <funneld/types.h>

/* ---- Pipelines and stages ---- */

enum stage_kind {
    STAGE_TARGET,
    STAGE_MQL,
    STAGE_SQL,
    STAGE_DEMO,
    STAGE_PROPOSAL,
    STAGE_CLOSE,
    STAGE_CUSTOM,
};
extern const char *const stage_kind_names[];

enum { STAGES_MAX = 32, REQUIRED_FIELDS_MAX = 20 };

struct stage {
    /* small and ours, never in JSON: it stands in every lead and every rollup cell */
    int64_t stage_id;
    int64_t pipeline_id;
    const char *key;  /* "mql" */
    const char *name; /* what people see */
    enum stage_kind kind;
    int64_t position;
    int64_t probability_bp;       /* of winning, in hundredths of a percent */
    struct texts required_fields; /* that a lead must have before it goes on */
    int64_t offer_hours;          /* of kind mql: how long an offer stands; NO_INT: for good */
    struct id offer_team;         /* of kind mql: to whom it offers what has no owner */
    int64_t archived_at;          /* NO_INT: it is in use */
    /* Its place in the order that the rollups are counted by, and whether it is one of theirs. */
    int64_t counted_position, is_counted;
};
extern const struct table stage_table;

struct pipeline {
    int64_t pipeline_id;
    const char *key;
    const char *name;
    const char *currency; /* ISO 4217; amounts of its leads are in it */
    int64_t is_default;
    int64_t archived_at; /* NO_INT: it is in use */
    int64_t ordered_at;  /* since when its stages are in this order; NO_INT: since it was made */
    int64_t rollups_id;  /* of the cells that are read */
    /* Of those that are being counted, by the present order; NO_INT: none are. They hold the leads
     * up to this one. */
    int64_t next_rollups_id;
    struct id recounted_to;
    struct rows stages; /* struct stage, by position, archived ones too */
};
extern const struct table pipeline_table;

struct stage_input {
    struct input input;
    const char *key, *name;
    int kind; /* enum stage_kind */
    int64_t probability_bp;
    struct texts required_fields;
    int64_t offer_hours;
    struct id offer_team;
    const char *before; /* key of a stage; NULL: the last */
};
extern const struct table stage_create_table; /* POST /v1/pipelines/{key}/stages */
extern const struct table stage_patch_table;

struct pipeline_input {
    struct input input;
    const char *key, *name, *currency;
    int64_t is_default;
    struct rows stages; /* struct stage_input */
};
extern const struct table pipeline_create_table; /* POST /v1/pipelines */
extern const struct table pipeline_patch_table;

/* ---- Stage events ---- */

enum cause {
    CAUSE_RULE,
    CAUSE_USER,
    CAUSE_API,
    CAUSE_IMPORT,
    CAUSE_MERGE,
    CAUSE_DECAY,
    CAUSE_CORRECTION,
};
extern const char *const cause_names[];

/* What sales said to an offer of a lead, and why not. */
enum handoff_answer { ANSWER_NONE, ANSWER_ACCEPTED, ANSWER_REJECTED };
extern const char *const answer_names[];
enum reject_kind {
    REJECT_NONE,
    REJECT_PROCEDURAL,   /* it came to the wrong people */
    REJECT_CLERICAL,     /* something is missing, or wrong */
    REJECT_DEFINITIONAL, /* it is not what was agreed on */
    REJECT_SPAM          /* nobody is behind it: it counts nowhere */
};
extern const char *const reject_kind_names[];

/* One entry into a stage, or one change of status. Never deleted, at most voided. */
struct stage_event {
    struct id id;
    struct id lead_id;
    /* NO_INT: a change of status only; from is NO_INT at creation */
    int64_t from_stage_id, to_stage_id;
    const char *from, *to; /* keys */
    enum lead_status from_status, to_status;
    int64_t occurred_at;
    int64_t recorded_at;
    enum cause cause;
    const char *actor;
    const char *reason;
    int64_t score; /* at the time */
    int64_t rule_set_version;
    struct id owner; /* at entry */
    int64_t cycle;
    enum handoff_answer answer;   /* where it decides on an offer */
    enum reject_kind reject_kind; /* of a rejection */
    int64_t voided_at;
};
extern const struct table stage_event_table;

/* With what names its lead elsewhere. */
struct stage_event_told {
    struct stage_event event; /* first: the fields of both tables are the same */
    const char *email, *source_system, *external_id;
};
extern const struct table stage_event_told_table;

/* ---- Hand-offs ---- */

/* One time that a lead was offered to sales: its entry into a stage of kind mql, and what came of
 * it. Derived from stage events and activities. */
enum handoff_state {
    HANDOFF_OFFERED,
    HANDOFF_ACCEPTED,
    HANDOFF_REJECTED,
    HANDOFF_EXPIRED,  /* nobody has answered in time */
    HANDOFF_WITHDRAWN /* the lead left the stage otherwise */
};
extern const char *const handoff_state_names[];

struct handoff {
    struct id id; /* of the entry */
    const char *stage;
    int64_t offered_at;
    struct id offered_to; /* owner at entry; nil: whoever takes it */
    struct id team;       /* of the stage, where there was no owner */
    int64_t expires_at;
    int64_t cycle;
    enum handoff_state state;
    int64_t answered_at;
    const char *answered_by;
    enum reject_kind reject_kind;
    const char *reason;
    int64_t answer_ms;         /* the acceptance clock: from the offer to the answer */
    int64_t first_response_at; /* the first call, e-mail or meeting from the offer on */
    int64_t response_ms;       /* the response clock */
};
extern const struct table handoff_table;

#endif
