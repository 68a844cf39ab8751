/* preview.h: what a rule set would make of all leads. Private to crm. */
#ifndef FUNNELD_CRM_PREVIEW_H
#define FUNNELD_CRM_PREVIEW_H

#include "backtest.h"
#include "course.h"
#include "past.h"

#include <funneld/reports.h>

enum { PREVIEW_WEEKS = 12 };
#define MS_PER_WEEK (7 * MS_PER_DAY)

/* One of the two rule sets: the one in force, and the one that is looked at. */
struct judge {
    const struct scoring *scoring;
    struct facts facts;         /* of the lead at hand */
    struct score_detail detail; /* of the lead at hand, now */
    int64_t *leads;             /* by score, from preview.score_min up */
    struct backtest backtest;
};

struct preview {
    int64_t at; /* one instant for all leads */
    struct judge before, after;
    int64_t score_min, score_max; /* that either can give */
    int64_t count;                /* of leads looked at */
    const struct pipeline *pipelines;
    size_t pipeline_count;
    size_t criterion_count;         /* of after */
    size_t same_kind[CRITERIA_MAX]; /* index among those of before; CRITERIA_MAX: it has none */
    struct preview_criterion criteria[CRITERIA_MAX];
    int64_t weeks[PREVIEW_WEEKS]; /* leads that would have become MQL, the oldest week first */
    /* Where those who cross a threshold go, in the order of their ids; NULL: nowhere. */
    struct crossing_part *parts; /* by criterion and direction, not full yet */
    const struct preview_listener *listener;
};

enum err preview_start(struct ctx *ctx, const struct catalog *catalog,
                       const struct scoring *scoring, int64_t at, struct preview *ret) _must_check_;
/* Judges these leads, in the order of their ids, in the read transaction that is open. What it
 * needs on the way is in ctx's arena. */
enum err preview_judge(struct ctx *ctx, struct db *db, struct preview *preview,
                       const struct rows *leads) _must_check_;

#endif
