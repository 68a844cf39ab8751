/* recount.c: the job that counts every lead of a pipeline by the new order of its stages. Until it
 * is done the rollups are kept and read in the old order; leads that it has come by are counted in
 * both. Then the new ones take over, and the old go a few at a time. */
#include "history.h"

enum { CELLS_AT_ONCE = 256 };

static bool is_counting(const struct pipeline *pipeline)
{
    return pipeline->next_rollups_id != NO_INT;
}

/* What was counted so far by the order before is of no use. */
static enum err begin_anew(struct ctx *ctx, struct db *db, struct pipeline pipeline)
{
    enum err err = is_counting(&pipeline) ? rollups_retire(ctx, db, pipeline.next_rollups_id) : OK;
    pipeline.recounted_to = (struct id){ 0 };
    if (!err)
        err = rollups_id_next(ctx, db, &pipeline.next_rollups_id);
    return err ? err : pipeline_save(ctx, db, &pipeline);
}

enum err recount_begin(struct ctx *ctx, struct db *db, const struct pipeline *reordered,
                       struct job *ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    const struct pipeline *pipelines = err ? NULL : catalog->pipelines.items;
    if (!err)
        err = begin_anew(ctx, db, *reordered);
    for (size_t i = 0; !err && i < catalog->pipelines.count; i++)
        if (pipelines[i].pipeline_id != reordered->pipeline_id && is_counting(&pipelines[i]))
            err = begin_anew(ctx, db, pipelines[i]);
    if (!err)
        err = catalog_renew(ctx, db);
    if (!err)
        err = jobs_cancel_kind(ctx, db, JOB_RECOUNT, "the order has changed again");
    return err ? err : job_create(ctx, db, JOB_RECOUNT, &(struct id){ 0 }, ret);
}

/* An erased lead has nothing left that rules could act by; its stage events stay, and count its
 * cycles by the new order. */
static enum err relink_erased(struct ctx *ctx, struct db *db, struct history *history)
{
    enum err err = history_relink(ctx, db, history);
    return err ? err : lead_save_state(ctx, db, &history->lead);
}

/* Rules act anew by the new order, as they do when they are published. */
static enum err recount(struct ctx *ctx, struct db *db, const struct id *id, void *self)
{
    (void)self;
    struct history history;
    enum err err = history_load_any(ctx, db, id, &history);
    if (err || !is_counting(history.pipeline))
        return err;
    err = history_require(ctx, &history);
    if (err)
        return err;
    if (history.lead.erased_at != NO_INT) {
        err = relink_erased(ctx, db, &history);
    } else {
        err = contributions_apply(ctx, db, &history, -1);
        if (!err)
            err = history_replay(ctx, db, &history);
    }
    return err ? err : contributions_recount(ctx, db, &history);
}

/* One that rules cannot act on any more still counts, or what it adds would be taken away later
 * without ever having been there. */
static enum err count_as_it_stands(struct ctx *ctx, struct db *db, const struct id *id, void *self)
{
    (void)self;
    struct history history;
    enum err err = history_load_any(ctx, db, id, &history);
    if (err || !is_counting(history.pipeline))
        return err;
    return contributions_recount(ctx, db, &history);
}

/* From now on the pipeline is counted by the order that its stages are in. */
static enum err take_over(struct ctx *ctx, struct db *db, struct pipeline pipeline)
{
    const struct stage *stages = pipeline.stages.items;
    enum err err = rollups_retire(ctx, db, pipeline.rollups_id);
    pipeline.rollups_id = pipeline.next_rollups_id;
    pipeline.next_rollups_id = NO_INT;
    pipeline.recounted_to = (struct id){ 0 };
    if (!err)
        err = pipeline_save(ctx, db, &pipeline);
    for (size_t i = 0; i < pipeline.stages.count && !err; i++) {
        struct stage stage = stages[i];
        stage.counted_position = stage.position;
        stage.is_counted = stage.archived_at == NO_INT;
        err = stage_save(ctx, db, &stage);
    }
    return err;
}

/* Notes how far the job has come, or with `done` that every lead is counted. */
static enum err come_to(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                        const struct id *lead_id, bool done)
{
    enum err err = OK;
    for (size_t i = 0; i < catalog->pipelines.count && !err; i++) {
        struct pipeline pipeline = ((const struct pipeline *)catalog->pipelines.items)[i];
        if (!is_counting(&pipeline))
            continue;
        pipeline.recounted_to = *lead_id;
        err = done ? take_over(ctx, db, pipeline) : pipeline_save(ctx, db, &pipeline);
    }
    return err ? err : catalog_renew(ctx, db);
}

static enum err count_leads(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                            struct job *job)
{
    bool more;
    enum err err = job_each_lead(ctx, db, job, recount, count_as_it_stands, NULL, &more);
    return err ? err : come_to(ctx, db, catalog, &job->cursor, !more);
}

static enum err sweep(struct ctx *ctx, struct db *db, bool *ret_more)
{
    struct rows retired;
    int64_t count;
    enum err err = rollups_retired(ctx, db, &retired);
    *ret_more = !err && retired.count > 0;
    if (!*ret_more)
        return err;
    const struct rollup_row *first = retired.items;
    return rollups_sweep(ctx, db, first->rollups_id, CELLS_AT_ONCE, &count);
}

enum err recount_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err && job->total == NO_INT)
        err = lead_count_all(ctx, db, &job->total);
    const struct pipeline *pipelines = err ? NULL : catalog->pipelines.items;
    bool counting = false;
    for (size_t i = 0; !err && i < catalog->pipelines.count; i++)
        counting |= is_counting(&pipelines[i]);
    *ret_more = true;
    if (err)
        return err;
    return counting ? count_leads(ctx, db, catalog, job) : sweep(ctx, db, ret_more);
}
