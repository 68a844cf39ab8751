/* naive_writer.c: the writer's seam, done the naive way: each command is a transaction of its own
 * with a commit of its own, under one lock, on the thread that asks. Linked in place of
 * server/store/writer.c it makes a daemon that differs in nothing else: scripts/bench shows with
 * it what group commit is worth. Nobody should run it for real. */
#include <funneld/writer.h>

#include <pthread.h>
#include <stdlib.h>

#include <funneld/store.h>

#include "server/store/batch.h"
#include "server/store/db_private.h"
#include "server/store/upkeep.h"

struct writer {
    struct store *store;
    pthread_mutex_t lock;
    bool stopping, failed;
    struct batch batch;
    int64_t checkpoint_us; /* not before this */
};

/* As often as the real writer. */
static void upkeep(struct writer *writer)
{
    struct db *db = writer->batch.db;
    int64_t now_us = clock_monotonic_us();
    if (now_us < writer->checkpoint_us ||
        db->driver->log_backlog_bytes(db->connection) <= PASSIVE_BYTES)
        return;
    bool truncate = db->driver->log_bytes(db->connection) > TRUNCATE_BYTES;
    failure_clear(&writer->batch.ctx);
    (void)!store_checkpoint(&writer->batch.ctx, writer->store, truncate);
    writer->checkpoint_us = now_us + CHECKPOINT_US;
}

bool writer_submit(struct writer *writer, struct command *command)
{
    pthread_mutex_lock(&writer->lock);
    bool taken = !writer->stopping && !writer->failed;
    if (taken) {
        do {
            batch_begin(&writer->batch);
            batch_run(&writer->batch, command);
            writer->failed = !batch_end(&writer->batch);
            store_changed(writer->store, db_noted(writer->batch.db));
        } while (command->more && !command->result);
        upkeep(writer);
    }
    pthread_mutex_unlock(&writer->lock);
    if (!taken)
        return fail(command->ctx, ERR_BUSY, NULL, "shutting down") == OK;
    command->done(command);
    return true;
}

bool writer_healthy(struct writer *writer)
{
    return !writer_failed(writer);
}

void writer_measure(struct writer *writer)
{
    (void)writer;
}

static void ignore(struct command *command)
{
    (void)command;
}

enum err writer_run(struct writer *writer, struct command *command)
{
    command->done = ignore;
    return writer_submit(writer, command) ? command->result : command->ctx->failure.err;
}

bool writer_awaited(struct writer *writer)
{
    (void)writer;
    return false;
}

void writer_wake(struct writer *writer, struct command *command)
{
    (void)writer;
    (void)command; /* what is to come round again never rests here */
}

bool writer_pulse(struct writer *writer)
{
    (void)writer;
    return true; /* nobody watches a benchmark */
}

bool writer_failed(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool failed = writer->failed;
    pthread_mutex_unlock(&writer->lock);
    return failed;
}

enum err writer_start(struct ctx *ctx, struct store *store, size_t queue_max, struct writer **ret)
{
    (void)queue_max;
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the writer");
    writer->store = store;
    batch_init(&writer->batch, store_writer(store));
    pthread_mutex_init(&writer->lock, NULL);
    *ret = writer;
    return OK;
}

void writer_stop(struct writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    failure_clear(&writer->batch.ctx);
    (void)!store_checkpoint(&writer->batch.ctx, writer->store, true);
    pthread_mutex_unlock(&writer->lock);
    batch_free(&writer->batch);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
