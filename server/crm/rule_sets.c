/* rule_sets.c: rule sets come into force one after the other, each a version that never changes
 * again. What they mean for a lead's score is not decided here. */
#include "history.h"

enum err rule_set_publish(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
{
    struct rule_set rule_set, latest;
    enum err err = rule_set_find(ctx, db, id, &rule_set);
    if (!err)
        err = rule_set_latest(ctx, db, &latest);
    if (err)
        return err;
    rule_set.copied_from = rule_set.id;
    rule_set.id = id_new(ctx);
    rule_set.version = latest.version + 1;
    rule_set.published_at = ctx->now_ms;
    err = rule_set_insert(ctx, db, &rule_set);
    if (!err)
        err = catalog_renew(ctx, db);
    if (!err)
        err = jobs_cancel_kind(ctx, db, JOB_RESCORE, "another rule set was published");
    return err ? err : job_create(ctx, db, JOB_RESCORE, &rule_set.id, ret);
}
