/* backtest.h: how well scores told whether leads would be won. Private to crm. */
#ifndef FUNNELD_CRM_BACKTEST_H
#define FUNNELD_CRM_BACKTEST_H

#include <funneld/crm.h>
#include <funneld/reports.h>

struct backtest {
    int64_t score_min;
    size_t count;        /* of scores, from score_min up */
    int64_t *won, *lost; /* leads by score */
    int64_t all_won, all_lost;
    int64_t met_won[CRITERIA_MAX], met_lost[CRITERIA_MAX]; /* by criterion */
};

enum err backtest_start(struct ctx *ctx, int64_t score_min, int64_t score_max, struct backtest *ret)
    _must_check_;
/* A lead that was closed, as it stood just before: its score, and which criteria it met. */
void backtest_add(struct backtest *backtest, int64_t score, bool won, const bool *met,
                  size_t count);
enum err backtest_fill(struct ctx *ctx, const struct backtest *backtest,
                       const struct rule_set *rule_set, struct preview_backtest *ret) _must_check_;

#endif
