/* due.c: leads whose score or stage time alone has changed: found when they are due, brought up to
 * date by the writer, and told as they stand to whoever asks in between. */
#include "history.h"
#include "scoring.h"

static enum err take(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                     const struct id *id)
{
    struct lead lead;
    bool done = false;
    enum err err = lead_load_state(ctx, db, id, &lead);
    if (!err)
        err = lead_advance(ctx, db, catalog, &lead, NULL, &done);
    if (err || done)
        return err;
    struct history history;
    err = history_open(ctx, db, id, &history);
    return err ? err : history_replay(ctx, db, &history);
}

enum err leads_take_due(struct ctx *ctx, struct db *db, int64_t limit, struct due_taken *ret)
{
    const struct catalog *catalog;
    struct rows rows = { 0 };
    *ret = (struct due_taken){ 0 };
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = leads_due(ctx, db, ctx->now_ms, limit, &rows);
    if (err)
        return err;
    const struct lead *leads = rows.items;
    for (size_t i = 0; i < rows.count && !err; i++) {
        err = take(ctx, db, catalog, &leads[i].id);
        db_count(db, METRIC_SCORES_DUE);
    }
    ret->count = (int64_t)rows.count;
    ret->lag_ms = rows.count > 0 ? ctx->now_ms - leads[0].score_due_at : 0;
    return err;
}

enum err lead_read(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    enum err err = lead_load(ctx, db, id, ret);
    if (err || ret->score_due_at == NO_INT || ret->score_due_at > ctx->now_ms)
        return err;
    struct history history;
    err = history_load(ctx, db, id, &history);
    if (!err)
        err = catalog_scoring(ctx, db, ret->rule_set_version, &history.scoring);
    if (err)
        return err == ERR_NOT_FOUND ? fail(ctx, ERR_INTERNAL, NULL, "a lead of no rule set") : err;
    history.rules = history.scoring->rules;
    err = history_foresee(ctx, db, &history);
    if (!err)
        *ret = history.lead;
    return err;
}
