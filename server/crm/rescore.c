/* rescore.c: the job that brings every lead under the rule set in force: lead by lead in the order
 * of their ids, a slice at a time, each slice committed together with how far it has come. */
#include "history.h"

/* One that came under these rules by itself meanwhile has nothing to be done about it. */
static enum err rescore(struct ctx *ctx, struct db *db, const struct id *id, void *self)
{
    (void)self;
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
    return job_each_lead(ctx, db, job, rescore, NULL, NULL, ret_more);
}
