/* jobs.c: the life of a job: queued, running, and once done, failed or cancelled, over for good.
 * What the kinds of jobs do stands elsewhere, and so does the thread that does it. */
#include "history.h"

#include <string.h>

enum err job_create(struct ctx *ctx, struct db *db, enum job_kind kind, const struct id *subject,
                    struct job *ret)
{
    *ret = (struct job){ .id = id_new(ctx),
                         .kind = kind,
                         .state = JOB_QUEUED,
                         .subject = *subject,
                         .total = NO_INT,
                         .actor = ctx_actor(ctx),
                         .created_at = ctx->now_ms,
                         .started_at = NO_INT,
                         .finished_at = NO_INT };
    return job_insert(ctx, db, ret);
}

static enum err save(struct ctx *ctx, struct db *db, const struct job *job)
{
    enum err err = job_save(ctx, db, job);
    return err == ERR_NOT_FOUND ? fail(ctx, ERR_CONFLICT, NULL, "the job is over") : err;
}

enum err job_go_on(struct ctx *ctx, struct db *db, struct job *job)
{
    job->state = JOB_RUNNING;
    if (job->started_at == NO_INT)
        job->started_at = ctx->now_ms;
    return save(ctx, db, job);
}

enum err job_end(struct ctx *ctx, struct db *db, struct job *job, enum job_state state,
                 const char *detail)
{
    job->state = state;
    job->detail = detail;
    job->finished_at = ctx->now_ms;
    if (state != JOB_CANCELLED && job->started_at == NO_INT) /* over with its first slice */
        job->started_at = ctx->now_ms;
    db_count(db, state == JOB_FAILED ? METRIC_JOBS_FAILED : METRIC_JOBS_ENDED);
    return save(ctx, db, job);
}

enum err job_finish(struct ctx *ctx, struct db *db, struct job *job)
{
    if (job->failed == 0)
        return job_end(ctx, db, job, JOB_DONE, job->detail);
    const char *detail =
        arena_printf(ctx->arena,
                     "%lld of %lld leads could not be worked off and are as they were; all others "
                     "are done",
                     (long long)job->failed, (long long)job->done);
    return detail ? job_end(ctx, db, job, JOB_FAILED, detail) : ERR_MEMORY;
}

enum err job_cancel(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
{
    enum err err = job_load(ctx, db, id, ret);
    if (!err && ret->kind == JOB_RECOUNT && ret->finished_at == NO_INT)
        return fail(ctx, ERR_CONFLICT, NULL,
                    "funnels would stay in the order before: change the order back instead");
    return err ? err : job_end(ctx, db, ret, JOB_CANCELLED, NULL);
}

enum err jobs_cancel_kind(struct ctx *ctx, struct db *db, enum job_kind kind, const char *detail)
{
    struct rows rows;
    enum err err = jobs_open(ctx, db, &rows);
    struct job *jobs = rows.items;
    for (size_t i = 0; !err && i < rows.count; i++)
        if (jobs[i].kind == kind)
            err = job_end(ctx, db, &jobs[i], JOB_CANCELLED, detail);
    return err;
}

enum err job_show(struct ctx *ctx, struct job *job)
{
    struct rate rate;
    int64_t total = job->total == NO_INT ? 0 : job->total;
    /* there may be more than were counted at the start */
    enum err err = rate_fill(ctx, job->done < total ? job->done : total, total, &rate);
    job->progress = rate.rate;
    return err;
}

enum { LEADS_AT_ONCE = 64 };

/* How long a slice is at most, and how long before it makes way for those who wait: so much that
 * its commit is worth it. */
#define SLICE_US 10000
#define SLICE_MIN_US 1000

static bool may_go_on(const struct job *job, int64_t start_us)
{
    int64_t us = clock_monotonic_us() - start_us;
    return us < SLICE_MIN_US ||
           (us < SLICE_US && watch_step(job->watch, NULL, job->done, job->total));
}

static enum err note_failed(struct ctx *ctx, struct job *job, const struct id *lead_id)
{
    struct texts *known = &job->failed_leads;
    job->failed++;
    if (known->count == JOB_FAILED_LEADS_MAX)
        return OK;
    const char **items = ctx_alloc(ctx, (known->count + 1) * sizeof *items);
    char *text = ctx_alloc(ctx, ID_TEXT_SIZE);
    if (!items || !text)
        return ERR_MEMORY;
    if (known->count > 0)
        memcpy(items, known->items, known->count * sizeof *items);
    id_format(lead_id, text);
    items[known->count] = text;
    *known = (struct texts){ items, known->count + 1 };
    return OK;
}

static enum err visit_lead(struct ctx *ctx, struct db *db, struct job *job, const struct id *id,
                           lead_visit *visit, lead_visit *instead, void *self)
{
    struct failure why;
    enum err err = lead_attempt(ctx, db, id, visit, self, &why);
    if (err || !why.err)
        return err;
    err = note_failed(ctx, job, id);
    return err || !instead ? err : lead_attempt(ctx, db, id, instead, self, &why);
}

enum err job_each_lead(struct ctx *ctx, struct db *db, struct job *job, lead_visit *visit,
                       lead_visit *instead, void *self, bool *ret_more)
{
    struct rows rows;
    int64_t start_us = clock_monotonic_us();
    enum err err = job->total == NO_INT ? lead_count_all(ctx, db, &job->total) : OK;
    if (!err)
        err = lead_ids_after(ctx, db, &job->cursor, LEADS_AT_ONCE, &rows);
    const struct lead *leads = err ? NULL : rows.items;
    size_t count = 0;
    while (!err && count < rows.count && (count == 0 || may_go_on(job, start_us))) {
        err = visit_lead(ctx, db, job, &leads[count].id, visit, instead, self);
        job->cursor = leads[count++].id;
        job->done++;
    }
    *ret_more = !err && (count < rows.count || rows.count == LEADS_AT_ONCE);
    return err;
}
