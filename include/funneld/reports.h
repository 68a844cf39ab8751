/* reports.h: what is worked out for people to read: why a score is what it is, previews of rule
 * sets, funnels, boards. Use cases like those of crm.h, and by the same rules. */
#ifndef FUNNELD_REPORTS_H
#define FUNNELD_REPORTS_H

#include <funneld/records.h>
#include <funneld/rollups.h>

/* ---- Numbers in reports ---- */

/* Exact, and as a decimal with five places, rounded half up; NULL where nothing can be divided. */
struct rate {
    int64_t numerator, denominator;
    const char *rate;
};
extern const struct table rate_table;

/* ---- The ledger of a score ---- */

enum ledger_kind {
    LEDGER_RULE, /* what its matches come to, decayed */
    LEDGER_RULE_CAP,
    LEDGER_GROUP_CLAMP,
    LEDGER_TOTAL_CLAMP,
    LEDGER_ROUNDING,
};
extern const char *const ledger_kind_names[];

struct ledger_line {
    enum ledger_kind kind;
    const char *rule, *name, *score_group; /* NULL where it has none */
    int64_t matches;
    int64_t points_milli;
    /* Of a rule's line, as the rule has them. */
    int64_t match_milli, cap_milli, cap_times;
    int decay; /* enum decay; -1: no rule's line */
    int64_t decay_days, decay_percent;
};

struct ledger {
    int64_t score, at;
    struct id rule_set;
    int64_t rule_set_version; /* NO_INT: a draft */
    struct rows lines;        /* struct ledger_line: together 1000 times the score */
};

/* at NO_INT: now, under the rule set that the lead is on; otherwise under the one in force then.
 * rule_set: the id or the version of another one. */
struct score_query {
    int64_t at;
    const char *rule_set;
};
/* ERR_NOT_FOUND, ERR_GONE; ERR_VALIDATION names at, rule_set or rule. */
enum err score_ledger(struct ctx *ctx, struct db *db, const struct id *lead_id,
                      const struct score_query *query, struct ledger *ret) _must_check_;

/* An activity that a rule counts. */
struct evidence {
    struct id id;
    const char *type;
    int64_t occurred_at, age_days;
    int64_t points_milli; /* at that age */
    int64_t kept_milli;   /* what the rule's cap leaves of it */
};
/* Of the rule of that key, in the order they happened: struct evidence. The sum of what is kept is
 * what the rule and its cap come to in the ledger. */
enum err score_evidence(struct ctx *ctx, struct db *db, const struct id *lead_id,
                        const struct score_query *query, const char *rule, struct rows *ret)
    _must_check_;

/* ---- Previews: what a rule set would do, before it does it ---- */

/* Scores from one to another, both among them; leads before and after. */
struct preview_bucket {
    int64_t from, to;
    int64_t before, after;
};

/* Leads that meet the criterion, and that come to meet it or cease to. */
struct preview_criterion {
    enum stage_kind criterion;
    int64_t before, after;
    int64_t up, down;
};

/* How well a criterion would have told who would be won. */
struct preview_precision {
    enum stage_kind criterion;
    struct rate precision, recall, f1;
};

/* A tenth of the leads that were closed, the highest scores first. */
struct preview_decile {
    int64_t decile;
    const char *leads, *won, *win_rate, *lift; /* decimals */
};

/* Leads won or lost, each as it stood just before it was closed. */
struct preview_backtest {
    int64_t won, lost;
    struct rate auc;
    struct rows criteria; /* struct preview_precision */
    struct rows deciles;  /* struct preview_decile; none unless some were won and some were lost */
};

/* Leads that would have become MQL in the seven days from there. */
struct preview_week {
    int64_t from;
    int64_t entered;
};

struct preview_report {
    int64_t at;
    int64_t leads;                         /* looked at */
    struct rows distribution;              /* struct preview_bucket */
    struct rows criteria;                  /* struct preview_criterion */
    struct preview_backtest before, after; /* under the rules in force, and those looked at */
    struct rows weeks;                     /* struct preview_week, the oldest first */
    struct rate mqls_per_week;
};
extern const struct table preview_report_table;

struct preview_progress {
    int64_t done, total;                           /* leads */
    const struct preview_report *estimate, *whole; /* NULL: not there yet */
};

struct preview_listener {
    /* Now and then, and whenever there is another report. What they return ends the preview. */
    enum err (*tell)(struct ctx *ctx, void *self, const struct preview_progress *progress);
    /* Who crosses a threshold, in the order of their ids; all before the last tell. */
    enum err (*keep)(struct ctx *ctx, void *self, const struct crossing_part *part);
    void *self;
};
/* On a read-only connection without an open transaction: it takes one for every slice. */
enum err preview_run(struct ctx *ctx, struct db *db, const struct id *rule_set,
                     const struct preview_listener *listener) _must_check_;
/* Those of a preview who cross a threshold, for its listener to keep; on the writer. Without whom
 * somebody had erased, facts and all, since the job was made. */
enum err crossings_keep(struct ctx *ctx, struct db *db, const struct job *job,
                        const struct crossing_part *part) _must_check_;
/* The job that does that. ERR_VALIDATION: as things are, it could not be published. */
enum err rule_set_preview(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
    _must_check_;

/* ---- Metrics ---- */

struct funnel_query {
    struct input input;
    enum rollup_basis basis;
    int64_t from, to; /* days, [from, to) */
    const char *pipeline;
    enum dimension group_by;
    int64_t within_days; /* cohort only; NO_INT: ever */
};

/* A drilldown is a path of the list of what a figure counts: its total is the figure. Left out by
 * the use cases, which know no paths; NULL where there is none. */
struct funnel_drilldown {
    const char *entered, *reached;
};

struct funnel_stage {
    const char *stage;                /* key */
    int64_t entered;                  /* entries */
    int64_t reached;                  /* leads */
    const struct rate *from_previous; /* NULL: there is no stage before */
    struct rate cumulative;
    struct funnel_drilldown drilldown;
};

struct funnel_closed {
    int64_t leads, value_minor; /* NO_INT where it has no meaning */
    const char *drilldown;      /* of leads */
};

struct funnel_group {
    const char *key;    /* source, or campaign or owner id as text; NULL: none, or not grouped */
    struct rows stages; /* struct funnel_stage */
    struct funnel_closed won, lost, disqualified;
};

/* What the two counts of a stage count. */
struct funnel_units {
    const char *entered, *reached;
};

struct funnel_report {
    enum rollup_basis basis;
    int64_t from, to; /* days, as they were taken */
    int64_t as_of;
    const char *pipeline, *currency;
    int group_by; /* enum dimension; -1: not grouped */
    int64_t within_days;
    struct funnel_units units;
    struct rows groups; /* struct funnel_group */
};
extern const struct table funnel_report_table;

enum err funnel_report(struct ctx *ctx, struct db *db, const struct funnel_query *query,
                       struct funnel_report *ret) _must_check_;

/* Of which leads an attribute's share is compared with its share among the won ones. */
enum among { AMONG_CLOSED, AMONG_ALL };
extern const char *const among_names[];

struct attributes_query {
    struct input input;
    const char *pipeline;
    int64_t from, to; /* days of creation, [from, to); NO_INT: of any day */
    int among;        /* enum among */
    int64_t min_support, limit;
};

/* One value of an attribute, or one type of activity. */
struct attribute_lift {
    const char *attribute, *value, *high_value, *activity;
    int op; /* eq, present, absent, between; -1: an activity */
    const char *lift;
    struct rate among_won, among;
};

struct attributes_drilldown {
    const char *leads, *won;
};

struct attributes_report {
    int64_t as_of;
    const char *pipeline;
    int64_t from, to;
    enum among among;
    int64_t leads, won, min_support;
    struct attributes_drilldown drilldown;
    struct texts left_out;
    struct rows lifts; /* struct attribute_lift */
};
extern const struct table attributes_report_table;

/* Looks at every lead, and every activity of those that count. */
enum err attributes_report(struct ctx *ctx, struct db *db, const struct attributes_query *query,
                           struct attributes_report *ret) _must_check_;

struct board_stage {
    const char *stage, *name;   /* key, and what people see */
    int64_t leads, value_minor; /* open ones, all of them */
    const char *drilldown;      /* of leads */
    struct rows first;          /* struct lead: the best by score */
};

struct board {
    const char *pipeline, *currency;
    int64_t as_of;
    struct rows stages; /* struct board_stage */
};
extern const struct table board_table;

enum err board_read(struct ctx *ctx, struct db *db, const char *pipeline, int64_t limit,
                    struct board *ret) _must_check_;

#endif
