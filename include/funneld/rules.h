/* rules.h: rules that score leads and move them, and the jobs that bring them about, as plain
 * structs and enums like those of types.h. No functions. */
#ifndef FUNNELD_RULES_H
#define FUNNELD_RULES_H

#include <funneld/stages.h>

/* ---- Scoring ---- */

enum { RULES_MAX = 64 };

/* What becomes of a match's points with its age in whole days. */
enum decay {
    DECAY_NONE,
    DECAY_WINDOW,    /* all of them for decay_days, then nothing */
    DECAY_LINEAR,    /* decay_percent of them less after each decay_days */
    DECAY_HALF_LIFE, /* half of them after decay_days, by the day */
};
extern const char *const decay_names[];

struct rule {
    int64_t position; /* 0, 1, 2 ... */
    const char *key;
    const char *name;
    const char *score_group;
    int64_t points_milli; /* per match, in thousandths of a point */
    const char *when;     /* a condition, as JSON; NULL: always */
    /* {"activity":"page_view","where":[...]}: a match for each of those; NULL: one match */
    const char *each;
    int64_t cap_milli; /* of the rule's sum; NO_INT: none */
    int64_t cap_times; /* so many matches count, the largest; NO_INT: all */
    enum decay decay;
    int64_t decay_days, decay_percent;
    /* Points of a match by its age in days, and none beyond: int64_t, little end first. Made once
     * when the rule is written. Empty: points_milli at any age. */
    struct bytes decayed;
};
extern const struct table rule_table;

struct score_group {
    const char *key;
    int64_t min_milli, max_milli;
};
extern const struct table score_group_table;

/* A stage that is entered by rule once the score reaches score_min and `when` holds; and left
 * again, back, when the score has stayed below exit_below for dwell_hours. */
struct criterion {
    enum stage_kind kind;
    int64_t score_min;
    int64_t exit_below;  /* at most score_min; NO_INT: never left by rule */
    int64_t dwell_hours; /* NO_INT: at once */
    const char *when;    /* a condition, as JSON; NULL: always */
};
extern const struct table criterion_table;

enum rule_set_status {
    RULE_SET_DRAFT,     /* may change; judges nobody */
    RULE_SET_PUBLISHED, /* in force; never changes again */
    RULE_SET_RETIRED,   /* was in force */
};
extern const char *const rule_set_status_names[];

struct rule_set {
    struct id id;
    enum rule_set_status status;
    int64_t version; /* 1, 2, 3 ... in the order of their publication; NO_INT: a draft */
    const char *name;
    int64_t min_milli, max_milli; /* the total is clamped to this */
    int64_t created_at, updated_at;
    int64_t published_at, retired_at;
    struct id copied_from; /* the older one that it takes up again; nil: none */
    struct rows groups;    /* struct score_group */
    struct rows rules;     /* struct rule, by position */
    struct rows criteria;  /* struct criterion */
};
extern const struct table rule_set_table;

/* What people say of a rule set: all of it at once. */
struct rule_input {
    struct input input;
    struct rule rule;
};
struct score_group_input {
    struct input input;
    struct score_group group;
};
struct criterion_input {
    struct input input;
    struct criterion criterion;
};
struct rule_set_input {
    struct input input;
    const char *name;
    int64_t min_milli, max_milli;
    struct rows groups;   /* struct score_group_input */
    struct rows rules;    /* struct rule_input */
    struct rows criteria; /* struct criterion_input */
};
extern const struct table rule_set_input_table;

/* Points of one match: with so many matches no sum of them overflows. */
enum {
    POINTS_MILLI_MAX = 1000000,
    CAP_TIMES_MAX = 10000,
    SCORE_GROUPS_MAX = 16,
    CRITERIA_MAX = 16
};

/* ---- Jobs: long work that goes on behind the answer which began it ---- */

enum job_kind {
    JOB_RESCORE,    /* every lead under the rule set in force; about that rule set */
    JOB_PREVIEW,    /* what a rule set would make of every lead; about that rule set */
    JOB_RECOUNT,    /* every lead of a pipeline whose stages are in another order */
    JOB_RECLASSIFY, /* activities of which it is said anew whether people did them */
};
extern const char *const job_kind_names[];

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };
extern const char *const job_state_names[];

enum { JOB_FAILED_LEADS_MAX = 20 };

struct job {
    struct id id;
    enum job_kind kind;
    enum job_state state;
    struct id subject;
    int64_t done, total;       /* leads; total NO_INT: not counted yet */
    int64_t failed;            /* of those done: nothing was done about them */
    struct texts failed_leads; /* ids of the first JOB_FAILED_LEADS_MAX */
    const char *progress;      /* done of total, as a decimal; not in the row */
    struct id cursor;          /* the lead it has come to */
    const char *result;        /* JSON by kind */
    /* What is to become that: struct preview_progress, struct reclassification; NULL: the result
     * stays as it is. Not in the row. */
    const void *found;
    const char *detail;
    const char *actor;
    int64_t created_at, started_at;
    int64_t finished_at; /* NO_INT: it is open */
    /* Of whoever works it off: between two leads, whether to go on. NULL: yes; not in the row. */
    const struct watch *watch;
};
extern const struct table job_table;

/* A lead whose score or stage time alone has changed since. */
struct due_lead {
    struct id lead_id;
    int64_t score_due_at;
    int64_t tries; /* to bring it up to date, that failed */
};
extern const struct table due_lead_table;

/* A lead that meets a criterion under the rule set that a preview is about, and not under the one
 * in force, or the other way round. */
enum crossing_direction { CROSSING_UP, CROSSING_DOWN };
extern const char *const crossing_direction_names[];

struct crossing {
    struct id lead_id;
    int64_t score_before, score_after;
};
extern const struct table crossing_table;

/* Some of those of one criterion and direction, in the order of their ids. */
enum { CROSSINGS_AT_ONCE = 1024 };
struct crossing_part {
    enum stage_kind criterion;
    enum crossing_direction direction;
    size_t count;
    struct crossing items[CROSSINGS_AT_ONCE];
};

/* How they are kept: see server/store/jobs.c. */
struct crossing_row {
    struct id job;
    int64_t criterion, direction;
    struct id last_lead;
    struct bytes leads;
};
extern const struct table crossing_row_table;

#endif
