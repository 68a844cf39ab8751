/* jobs_run.c: works the jobs off: one background command of the writer, which takes the job that
 * has waited longest and does a slice of it, again and again until none is open. How far a job has
 * come is committed with what it did, so a crash costs it one slice. What the kinds of jobs do is
 * not known here. */
#include "jobs_run.h"

#include <stddef.h>

/* It comes round by itself only where nobody could wake it: after storage has failed. */
#define RETRY_US INT64_C(10000000)
#define REST_US INT64_C(3600000000)

typedef enum err job_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more);

/* By enum job_kind. */
static job_slice *const slices[] = { [JOB_RESCORE] = rescore_slice };

/* What ends with the next try, or not at all: the job waits for it. */
static bool may_pass(enum err err)
{
    return err == ERR_STORAGE || err == ERR_BUSY || err == ERR_DEADLINE || err == ERR_MEMORY;
}

static enum err slice(struct jobs_run *jobs, struct db *db, struct job *job)
{
    struct ctx *ctx = &jobs->ctx;
    struct savepoint savepoint;
    bool more = false;
    enum err err = db_savepoint(ctx, db, &savepoint);
    if (err)
        return err;
    struct job before = *job;
    err = slices[job->kind](ctx, db, job, &more);
    if (!err)
        err = more ? job_go_on(ctx, db, job) : job_end(ctx, db, job, JOB_DONE, NULL);
    if (!err)
        return db_release(ctx, db, &savepoint);
    if (may_pass(err) || !db_in_transaction(db))
        return err;
    db_rollback_to(db, &savepoint);
    const char *detail = ctx->failure.detail;
    log_line(LOG_ERROR, "jobs", "a job has failed: %s", detail ? detail : "no detail");
    failure_clear(ctx);
    return job_end(ctx, db, &before, JOB_FAILED, detail ? detail : err_info(err)->title);
}

static enum err run(struct command *command, struct db *db)
{
    struct jobs_run *jobs =
        (struct jobs_run *)((char *)command - offsetof(struct jobs_run, command));
    struct rows rows;
    failure_clear(&jobs->ctx);
    arena_reset(&jobs->arena);
    enum err err = jobs_open(&jobs->ctx, db, &rows);
    if (err)
        return err;
    metric_set(METRIC_JOBS_OPEN, (int64_t)rows.count);
    command->every_us = rows.count > 0 ? RETRY_US : REST_US;
    command->more = rows.count > 0;
    return rows.count > 0 ? slice(jobs, db, rows.items) : OK;
}

static void done(struct command *command)
{
    (void)command; /* the writer has stopped, and what is open is gone on with at the next start */
}

enum err jobs_run_start(struct ctx *ctx, struct writer *writer, struct jobs_run *jobs)
{
    *jobs = (struct jobs_run){ .writer = writer,
                               .command = { .ctx = &jobs->ctx,
                                            .run = run,
                                            .done = done,
                                            .background = true,
                                            .every_us = REST_US } };
    jobs->ctx = (struct ctx){ .arena = &jobs->arena,
                              .ids = &jobs->ids,
                              .principal = { .name = "funneld" } };
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
}
