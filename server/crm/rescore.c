/* rescore.c: the job that brings every lead under the rule set in force: lead by lead in the order
 * of their ids, a slice at a time, each slice committed together with how far it has come. */
#include "history.h"

enum { LEADS_AT_ONCE = 64 };

/* How long a slice may hold up the others. */
#define SLICE_US 3000

/* One that came under these rules by itself meanwhile has nothing to be done about it. */
static enum err rescore(struct ctx *ctx, struct db *db, const struct id *id)
{
    const struct catalog *catalog;
    struct history history;
    struct lead lead;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = lead_load_state(ctx, db, id, &lead);
    if (err == ERR_GONE) { /* what it scored by is gone */
        failure_clear(ctx);
        return OK;
    }
    if (err || lead.rule_set_version == catalog->rule_set.version)
        return err;
    err = history_open(ctx, db, id, &history);
    if (!err)
        err = history_replay(ctx, db, &history);
    db_count(db, METRIC_LEADS_RESCORED);
    return err;
}

enum err rescore_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more)
{
    struct rows rows;
    int64_t until_us = clock_monotonic_us() + SLICE_US;
    enum err err = job->total == NO_INT ? lead_count_all(ctx, db, &job->total) : OK;
    if (!err)
        err = lead_ids_after(ctx, db, &job->cursor, LEADS_AT_ONCE, &rows);
    const struct lead *leads = err ? NULL : rows.items;
    size_t count = 0;
    while (!err && count < rows.count && (count == 0 || clock_monotonic_us() < until_us)) {
        err = rescore(ctx, db, &leads[count].id);
        job->cursor = leads[count++].id;
        job->done++;
    }
    *ret_more = !err && (count < rows.count || rows.count == LEADS_AT_ONCE);
    return err;
}
