/* due.c: leads whose score or stage time alone has changed: found when they are due, brought up to
 * date by the writer, and told as they stand to whoever asks in between. One that cannot be brought
 * up to date makes way for the others and is tried again, less and less often, or by its next
 * fact. */
#include "history.h"
#include "scoring.h"

static enum err take(struct ctx *ctx, struct db *db, const struct id *id, void *self)
{
    const struct catalog *const *catalog = self;
    struct lead lead;
    bool done = false;
    enum err err = lead_load_state(ctx, db, id, &lead);
    if (!err)
        err = lead_advance(ctx, db, *catalog, &lead, NULL, &done);
    if (!err)
        db_count(db, METRIC_SCORES_DUE);
    if (err || done)
        return err;
    struct history history;
    err = history_open(ctx, db, id, &history);
    return err ? err : history_replay(ctx, db, &history);
}

/* A minute after it has failed, then after two, four ... but each day. */
static int64_t retry_at(int64_t tries, int64_t now)
{
    const int64_t first_ms = 60000;
    int64_t pause_ms = tries > 11 ? MS_PER_DAY : first_ms << (tries - 1);
    return now + (pause_ms < MS_PER_DAY ? pause_ms : MS_PER_DAY);
}

static enum err take_one(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                         const struct due_lead *lead, struct due_taken *taken)
{
    struct due_failed failed = { .lead = *lead };
    enum err err = lead_attempt(ctx, db, &lead->lead_id, take, &catalog, &failed.why);
    if (err || !failed.why.err)
        return err;
    failed.lead.tries++;
    taken->failed[taken->failed_count++] = failed;
    return due_failure_put(ctx, db, &failed.lead, retry_at(failed.lead.tries, ctx->now_ms));
}

enum err leads_take_due(struct ctx *ctx, struct db *db, int64_t limit, struct due_taken *ret)
{
    const struct catalog *catalog;
    struct rows rows = { 0 };
    *ret = (struct due_taken){ 0 };
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = leads_due(ctx, db, ctx->now_ms, limit, &rows);
    const struct due_lead *leads = rows.items;
    ret->failed = err ? NULL : ctx_alloc(ctx, (rows.count + 1) * sizeof *ret->failed);
    if (!err && !ret->failed)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows.count && !err; i++) {
        if (ret->lag_ms == 0 && leads[i].tries == 0)
            ret->lag_ms = ctx->now_ms - leads[i].score_due_at;
        err = take_one(ctx, db, catalog, &leads[i], ret);
    }
    ret->count = (int64_t)rows.count;
    return err ? err : due_failures_tidy(ctx, db, &ret->failing);
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
