/* backtest.c: how well scores told, before a lead was closed, whether it would be won. Pure
 * counting: of each score how many leads were won and lost. It does not know where scores come
 * from. */
#include "backtest.h"

#include "history.h"

#include <string.h>

enum { DECILES = 10 };

enum err backtest_start(struct ctx *ctx, int64_t score_min, int64_t score_max, struct backtest *ret)
{
    *ret =
        (struct backtest){ .score_min = score_min, .count = (size_t)(score_max - score_min) + 1 };
    ret->won = ctx_alloc(ctx, ret->count * sizeof *ret->won);
    ret->lost = ctx_alloc(ctx, ret->count * sizeof *ret->lost);
    return ret->won && ret->lost ? OK : ERR_MEMORY;
}

void backtest_add(struct backtest *backtest, int64_t score, bool won, const bool *met, size_t count)
{
    (won ? backtest->won : backtest->lost)[score - backtest->score_min]++;
    (won ? &backtest->all_won : &backtest->all_lost)[0]++;
    for (size_t i = 0; i < count; i++)
        if (met[i])
            (won ? backtest->met_won : backtest->met_lost)[i]++;
}

/* Of the pairs of a lead that was won and one that was lost, in how many the first scored higher;
 * where both scored the same, half a pair. */
static enum err fill_auc(struct ctx *ctx, const struct backtest *backtest, struct rate *ret)
{
    int64_t lost_below = 0, halves = 0;
    for (size_t i = 0; i < backtest->count; i++) {
        halves += backtest->won[i] * (2 * lost_below + backtest->lost[i]);
        lost_below += backtest->lost[i];
    }
    return rate_fill(ctx, halves, 2 * backtest->all_won * backtest->all_lost, ret);
}

/* With five places. */
static enum err decimal_fill(struct ctx *ctx, long double value, const char **ret)
{
    *ret = arena_printf(ctx->arena, "%.5Lf", value);
    return *ret ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a number");
}

/* Wins in each tenth of the leads, the highest scores first. Leads of one score cannot be told
 * apart: each of them counts as the same part of a win, wherever the border of a tenth falls among
 * them. Positions are in tenths of a lead, so that every tenth begins at a whole one. */
static void count_deciles(const struct backtest *backtest, long double wins[static DECILES])
{
    int64_t all = backtest->all_won + backtest->all_lost, at = 0;
    for (size_t i = backtest->count; i-- > 0;) {
        int64_t leads = backtest->won[i] + backtest->lost[i], end = at + DECILES * leads;
        for (int64_t decile = leads ? at / all : 0; at < end; decile++) {
            int64_t until = (decile + 1) * all < end ? (decile + 1) * all : end;
            wins[decile] += (long double)(until - at) * (long double)backtest->won[i] /
                            (long double)(DECILES * leads);
            at = until;
        }
    }
}

static enum err fill_deciles(struct ctx *ctx, const struct backtest *backtest, struct rows *ret)
{
    long double wins[DECILES] = { 0 };
    long double all = (long double)(backtest->all_won + backtest->all_lost);
    *ret = (struct rows){ ctx_alloc(ctx, DECILES * sizeof(struct preview_decile)), DECILES };
    struct preview_decile *deciles = ret->items;
    if (!deciles)
        return ERR_MEMORY;
    count_deciles(backtest, wins);
    enum err err = OK;
    for (size_t i = 0; i < DECILES && !err; i++) {
        deciles[i].decile = (int64_t)i + 1;
        err = decimal_fill(ctx, all / DECILES, &deciles[i].leads);
        if (!err)
            err = decimal_fill(ctx, wins[i], &deciles[i].won);
        if (!err)
            err = decimal_fill(ctx, wins[i] / (all / DECILES), &deciles[i].win_rate);
        if (!err)
            err = decimal_fill(ctx, DECILES * wins[i] / (long double)backtest->all_won,
                               &deciles[i].lift);
    }
    return err;
}

static enum err fill_criteria(struct ctx *ctx, const struct backtest *backtest,
                              const struct rule_set *rule_set, struct rows *ret)
{
    size_t count = rule_set->criteria.count;
    const struct criterion *criteria = rule_set->criteria.items;
    *ret = (struct rows){ ctx_alloc(ctx, (count + 1) * sizeof(struct preview_precision)), count };
    struct preview_precision *precisions = ret->items;
    if (!precisions)
        return ERR_MEMORY;
    enum err err = OK;
    for (size_t i = 0; i < count && !err; i++) {
        int64_t won = backtest->met_won[i], met = won + backtest->met_lost[i];
        precisions[i].criterion = criteria[i].kind;
        err = rate_fill(ctx, won, met, &precisions[i].precision);
        if (!err)
            err = rate_fill(ctx, won, backtest->all_won, &precisions[i].recall);
        if (!err) /* the harmonic mean of the two */
            err = rate_fill(ctx, 2 * won, met + backtest->all_won, &precisions[i].f1);
    }
    return err;
}

enum err backtest_fill(struct ctx *ctx, const struct backtest *backtest,
                       const struct rule_set *rule_set, struct preview_backtest *ret)
{
    *ret = (struct preview_backtest){ .won = backtest->all_won, .lost = backtest->all_lost };
    enum err err = fill_criteria(ctx, backtest, rule_set, &ret->criteria);
    if (!err)
        err = fill_auc(ctx, backtest, &ret->auc);
    if (err || backtest->all_won == 0 || backtest->all_lost == 0)
        return err;
    return fill_deciles(ctx, backtest, &ret->deciles);
}
