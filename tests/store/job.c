/* job.c: commands for tests of the writer. */
#include "job.h"

#include <stdatomic.h>
#include <string.h>

static atomic_llong done_count;

static void spin(int64_t us)
{
    int64_t end_us = clock_monotonic_us() + us;
    while (clock_monotonic_us() < end_us)
        ;
}

static enum err job_write(struct ctx *ctx, struct db *db, const struct job *job)
{
    if (job->script)
        return core_exec(ctx, db, job->script);
    if (job->filler_bytes) {
        void *filler = ctx_alloc(ctx, (size_t)job->filler_bytes);
        if (!filler)
            return ERR_MEMORY;
        memset(filler, (int)job->number, (size_t)job->filler_bytes);
        return db_exec(ctx, db, CORE_FILL, param_bytes(filler, (size_t)job->filler_bytes));
    }
    return job->number == NO_INT ? OK : core_add(ctx, db, job->number + job->runs);
}

static enum err job_run(struct command *command, struct db *db)
{
    struct job *job = (struct job *)command;
    int64_t start_us = clock_monotonic_us();
    if (job->begun)
        sem_post(job->begun);
    if (job->gate)
        sem_wait(job->gate);
    job->now_ms = command->ctx->now_ms;
    job->id = id_new(command->ctx);
    enum err err = job_write(command->ctx, db, job);
    spin(job->spin_us);
    job->worked_us += clock_monotonic_us() - start_us;
    job->runs++;
    command->more = job->runs < job->slices;
    command->wipe = job->wipe;
    return err ? err : job->answer;
}

static void job_done(struct command *command)
{
    struct job *job = (struct job *)command;
    job->order = atomic_fetch_add(&done_count, 1);
    if (job->again-- > 0 && writer_submit(job->writer, command))
        return;
    sem_post(&job->finished);
}

void job_make(struct job *job, int64_t number)
{
    *job = (struct job){ .number = number };
    job->ctx = (struct ctx){ .arena = &job->arena, .ids = &job->ids, .now_ms = 1 };
    job->command = (struct command){ .ctx = &job->ctx, .run = job_run, .done = job_done };
    sem_init(&job->finished, 0, 0);
}

void job_free(struct job *job)
{
    sem_destroy(&job->finished);
    arena_free(&job->arena);
}

bool job_submit(struct writer *writer, struct job *job)
{
    job->writer = writer;
    return writer_submit(writer, &job->command);
}

enum err job_wait(struct job *job)
{
    sem_wait(&job->finished);
    return job->command.result;
}
