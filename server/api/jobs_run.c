/* jobs_run.c: works the jobs off. One background command of the writer takes the job that has
 * waited longest and does a slice of it, again and again until none is open: how far it has come is
 * committed with what it did, so a crash costs it one slice. A job that only reads goes to the
 * thread for long work, one at a time; what it has found it sends to the writer, and after a crash
 * it begins anew. */
#include "jobs_run.h"

#include <funneld/reports.h>

#include <stddef.h>

#include <funneld/http.h>

/* It comes round by itself only where nobody could wake it: after storage has failed. */
#define RETRY_US INT64_C(10000000)
#define REST_US INT64_C(3600000000)

static void tell_failed(const struct job *job, const char *detail)
{
    char id[ID_TEXT_SIZE];
    id_format(&job->id, id);
    log_line(LOG_ERROR, "jobs", "the job %s (%s) has failed: %s", id, job_kind_names[job->kind],
             detail);
}

/* Why it failed, for its row and for the log. */
static const char *take_failure(struct ctx *ctx, const struct job *job, enum err err)
{
    const char *detail = ctx->failure.detail ? ctx->failure.detail : err_info(err)->title;
    tell_failed(job, detail);
    failure_clear(ctx);
    return detail;
}

/* ---- What they found ---- */

static const struct field preview_fields[] = {
    FIELD_POINT(struct preview_progress, estimate, &preview_report_table,
                .note = "on 10,000 leads, as evenly spread as they can be; null where there are "
                        "no more than that"),
    FIELD_POINT(struct preview_progress, whole, &preview_report_table,
                .note = "on all leads; null until it is done"),
};
const struct table preview_result_table =
    TABLE(struct preview_progress, "preview_result", preview_fields);

static const struct field reclassification_fields[] = {
    FIELD(struct reclassification, activities, INT, .flags = FIELD_NOT_NULL,
          .note = "that are judged otherwise"),
    FIELD(struct reclassification, leads, INT, .flags = FIELD_NOT_NULL, .note = "whose they are"),
};
const struct table reclassification_result_table =
    TABLE(struct reclassification, "reclassification_result", reclassification_fields);

static const struct table *const result_tables[] = { [JOB_PREVIEW] = &preview_result_table,
                                                     [JOB_RECLASSIFY] =
                                                         &reclassification_result_table };

static enum err write_result(struct ctx *ctx, struct job *job)
{
    if (!job->found)
        return OK;
    struct buffer result = { .arena = ctx->arena };
    json_row(&(struct json){ .out = &result }, NULL, result_tables[job->kind], job->found);
    buffer_char(&result, '\0');
    job->result = result.data;
    return result.failed ? fail(ctx, ERR_MEMORY, NULL, "no memory for a result") : OK;
}

/* ---- On the writer's thread: jobs that write ---- */

typedef enum err job_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more);

/* By enum job_kind; NULL: it only reads. */
static job_slice *const slices[] = { [JOB_RESCORE] = rescore_slice,
                                     [JOB_PREVIEW] = NULL,
                                     [JOB_RECOUNT] = recount_slice,
                                     [JOB_RECLASSIFY] = reclassify_slice };

/* Others first. */
static bool nobody_waits(void *self, const char *what, int64_t done, int64_t total)
{
    (void)what, (void)done, (void)total;
    return !writer_awaited(((struct jobs_run *)self)->writer);
}

static enum err slice(struct jobs_run *jobs, struct db *db, struct job *job)
{
    struct ctx *ctx = &jobs->ctx;
    const struct watch watch = { nobody_waits, jobs };
    struct savepoint savepoint;
    bool more = false;
    enum err err = db_savepoint(ctx, db, &savepoint);
    if (err)
        return err;
    job->watch = &watch;
    struct job before = *job;
    err = slices[job->kind](ctx, db, job, &more);
    if (!err)
        err = write_result(ctx, job);
    if (!err)
        err = more ? job_go_on(ctx, db, job) : job_finish(ctx, db, job);
    if (!err && job->state == JOB_FAILED)
        tell_failed(job, job->detail);
    if (!err)
        return db_release(ctx, db, &savepoint);
    if (err_may_pass(err) || !db_in_transaction(db))
        return err;
    db_rollback_to(db, &savepoint);
    return job_end(ctx, db, &before, JOB_FAILED, take_failure(ctx, &before, err));
}

/* The first of those that write, or of those that only read. */
static struct job *first_of(const struct rows *open, bool reads)
{
    struct job *jobs = open->items;
    for (size_t i = 0; i < open->count; i++)
        if ((slices[jobs[i].kind] == NULL) == reads)
            return &jobs[i];
    return NULL;
}

static void reading_begin(struct jobs_run *jobs, const struct job *job)
{
    struct job_reading *reading = &jobs->reading;
    if (!job || atomic_exchange(&reading->at_work, true))
        return;
    reading->job_id = job->id;
    failure_clear(&reading->ctx);
    if (!scanner_submit(jobs->long_work, &reading->scan))
        atomic_store(&reading->at_work, false); /* tried again when this comes round */
}

static enum err run(struct command *command, struct db *db)
{
    struct jobs_run *jobs =
        (struct jobs_run *)((char *)command - offsetof(struct jobs_run, command));
    struct rows open;
    failure_clear(&jobs->ctx);
    arena_reset(&jobs->arena);
    enum err err = jobs_open(&jobs->ctx, db, &open);
    if (err)
        return err;
    metric_set(METRIC_JOBS_OPEN, (int64_t)open.count);
    command->every_us = open.count > 0 ? RETRY_US : REST_US;
    reading_begin(jobs, first_of(&open, true));
    struct job *writes = first_of(&open, false);
    command->more = writes != NULL;
    return writes ? slice(jobs, db, writes) : OK;
}

static void done(struct command *command)
{
    (void)command; /* the writer has stopped, and what is open is gone on with at the next start */
}

/* ---- On the thread for long work: jobs that only read ---- */

/* What the writer is to do for it, while it waits. */
struct writing {
    struct command command;
    struct jobs_run *jobs;
    enum err (*write)(struct ctx *ctx, struct db *db, struct writing *writing);
    const struct crossing_part *part;
    enum job_state state;
    const char *detail;
    int64_t count;
};

static enum err run_writing(struct command *command, struct db *db)
{
    struct writing *writing = (struct writing *)command;
    return writing->write(command->ctx, db, writing);
}

static enum err write_now(struct jobs_run *jobs, struct writing *writing)
{
    struct ctx *ctx = &jobs->reading.ctx;
    writing->command = (struct command){ .ctx = ctx, .run = run_writing, .background = true };
    writing->jobs = jobs;
    return writer_run(jobs->writer, &writing->command);
}

static enum err write_progress(struct ctx *ctx, struct db *db, struct writing *writing)
{
    return job_go_on(ctx, db, &writing->jobs->reading.job);
}

static enum err write_end(struct ctx *ctx, struct db *db, struct writing *writing)
{
    return job_end(ctx, db, &writing->jobs->reading.job, writing->state, writing->detail);
}

static enum err write_part(struct ctx *ctx, struct db *db, struct writing *writing)
{
    return crossings_keep(ctx, db, &writing->jobs->reading.job, writing->part);
}

enum { PARTS_AT_ONCE = 64 };

static enum err write_no_parts(struct ctx *ctx, struct db *db, struct writing *writing)
{
    return crossings_remove(ctx, db, &writing->jobs->reading.job.id, PARTS_AT_ONCE,
                            &writing->count);
}

/* ---- Previews ---- */

static enum err preview_tell(struct ctx *ctx, void *self, const struct preview_progress *progress)
{
    struct jobs_run *jobs = self;
    struct job *job = &jobs->reading.job;
    struct arena *arena = ctx->arena;
    _cleanup_(arena_free) struct arena own = { 0 };
    ctx->arena = &own; /* it is told again and again */
    job->done = progress->done;
    job->total = progress->total;
    job->found = progress;
    enum err err = write_result(ctx, job);
    if (!err)
        err = write_now(jobs, &(struct writing){ .write = write_progress });
    ctx->arena = arena;
    job->result = progress->whole && !err ? ctx_text(ctx, job->result) : NULL;
    if (err)
        failure_keep(ctx);
    return err;
}

static enum err preview_keep(struct ctx *ctx, void *self, const struct crossing_part *part)
{
    (void)ctx;
    return write_now(self, &(struct writing){ .write = write_part, .part = part });
}

/* What a try that was cut short has left goes first. */
static enum err run_preview(struct jobs_run *jobs, struct db *db)
{
    struct job_reading *reading = &jobs->reading;
    const struct preview_listener listener = { preview_tell, preview_keep, jobs };
    struct writing writing = { .write = write_no_parts, .count = PARTS_AT_ONCE };
    enum err err = OK;
    while (!err && writing.count == PARTS_AT_ONCE) {
        writing.count = 0;
        err = write_now(jobs, &writing);
    }
    return err ? err : preview_run(&reading->ctx, db, &reading->job.subject, &listener);
}

typedef enum err job_read(struct jobs_run *jobs, struct db *db);

static job_read *const reads[] = { [JOB_RESCORE] = NULL,
                                   [JOB_PREVIEW] = run_preview,
                                   [JOB_RECOUNT] = NULL,
                                   [JOB_RECLASSIFY] = NULL };

/* ---- One job that only reads ---- */

static enum err load(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
{
    enum err err = db_begin_read(ctx, db);
    if (!err)
        err = job_load(ctx, db, id, ret);
    db_end_read(db);
    return err;
}

/* ERR_CONFLICT: it was cancelled meanwhile, and is over. */
static enum err run_reading(struct scan *scan, struct db *db)
{
    struct job_reading *reading =
        (struct job_reading *)((char *)scan - offsetof(struct job_reading, scan));
    struct jobs_run *jobs =
        (struct jobs_run *)((char *)reading - offsetof(struct jobs_run, reading));
    struct ctx *ctx = &reading->ctx;
    arena_reset(&reading->arena);
    ctx->now_ms = clock_now_ms();
    enum err err = load(ctx, db, &reading->job_id, &reading->job);
    if (!err)
        err = reads[reading->job.kind](jobs, db);
    if (err == ERR_CONFLICT || err_may_pass(err))
        return err;
    struct writing end = { .write = write_end, .state = err ? JOB_FAILED : JOB_DONE };
    end.detail = err ? take_failure(ctx, &reading->job, err) : NULL;
    return write_now(jobs, &end);
}

static void read_done(struct scan *scan)
{
    struct job_reading *reading =
        (struct job_reading *)((char *)scan - offsetof(struct job_reading, scan));
    struct jobs_run *jobs =
        (struct jobs_run *)((char *)reading - offsetof(struct jobs_run, reading));
    atomic_store(&reading->at_work, false);
    if (!err_may_pass(scan->result))
        jobs_run_wake(jobs); /* for the next one */
}

/* ---- Start and end ---- */

enum err jobs_run_start(struct ctx *ctx, struct writer *writer, struct scanner *long_work,
                        struct jobs_run *jobs)
{
    *jobs = (struct jobs_run){
        .writer = writer,
        .long_work = long_work,
        .command = { .ctx = &jobs->ctx,
                     .run = run,
                     .done = done,
                     .background = true,
                     .every_us = REST_US },
        .reading = { .scan = { .ctx = &jobs->reading.ctx, .run = run_reading, .done = read_done } },
    };
    const struct principal ourselves = { .name = "funneld" };
    jobs->ctx = (struct ctx){ .arena = &jobs->arena, .ids = &jobs->ids, .principal = ourselves };
    jobs->reading.ctx = (struct ctx){ .arena = &jobs->reading.arena,
                                      .ids = &jobs->reading.ids,
                                      .principal = ourselves };
    return writer_submit(writer, &jobs->command)
               ? OK
               : fail(ctx, jobs->ctx.failure.err, NULL, "the writer takes no work");
}

void jobs_run_wake(struct jobs_run *jobs)
{
    writer_wake(jobs->writer, &jobs->command);
}

void jobs_run_free(struct jobs_run *jobs)
{
    arena_free(&jobs->arena);
    arena_free(&jobs->reading.arena);
}
