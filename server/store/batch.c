/* batch.c: one transaction of the writer: BEGIN IMMEDIATE, a savepoint for each command, rollups,
 * COMMIT. Decides what each command is told; knows neither threads nor queues. */
#include "batch.h"

#include <assert.h>

#include "db_private.h"
#include "migrate.h"
#include "rollups_private.h"

enum { TIME_KEPT_MS = 1000, CLOCK_BEHIND_MS = 5000 };

void batch_init(struct batch *batch, struct db *db)
{
    *batch = (struct batch){ .db = db, .kept_ms = NO_INT };
    batch->ctx.arena = &batch->arena;
    batch->ctx.ids = &batch->ids;
}

enum err batch_resume(struct ctx *ctx, struct batch *batch)
{
    enum err err = migrate_time_read(ctx, batch->db, &batch->kept_ms);
    if (err || batch->kept_ms == NO_INT)
        return err;
    batch->now_ms = batch->kept_ms + TIME_KEPT_MS; /* it may have been as late as that */
    int64_t behind_ms = batch->now_ms - clock_now_ms();
    if (behind_ms > CLOCK_BEHIND_MS)
        log_line(LOG_WARN, "writer",
                 "the clock is %lld s behind the data: until it has caught up, everything is dated "
                 "at the latest time the data knows",
                 (long long)(behind_ms / 1000));
    return OK;
}

void batch_free(struct batch *batch)
{
    arena_free(&batch->arena);
}

static int64_t batch_now(struct batch *batch)
{
    int64_t now_ms = clock_now_ms();
    if (now_ms > batch->now_ms)
        batch->now_ms = now_ms;
    return batch->now_ms;
}

static void batch_reset(struct batch *batch)
{
    batch->first = NULL;
    batch->end = &batch->first;
    batch->count = 0;
    batch->lost = false;
    batch->commit_us = 0;
    failure_clear(&batch->ctx);
    arena_reset(&batch->arena);
    batch->ctx.now_ms = batch_now(batch);
}

void batch_begin(struct batch *batch)
{
    batch_reset(batch);
    batch->lost = db_begin_write(&batch->ctx, batch->db) != OK;
    if (!batch->lost)
        db_remember(batch->db);
}

/* What the command did is kept in the transaction only when it says OK and can be released. */
static enum err command_run(struct batch *batch, struct command *command)
{
    struct db *db = batch->db;
    enum err err = db_savepoint(command->ctx, db, &command->savepoint);
    if (err)
        return err;
    err = command->run(command, db);
    assert(db_is_idle(db));
    /* After an error inner savepoints may be open: they are rolled back with this one. */
    assert(err || db->depth == command->savepoint.depth);
    if (!db_in_transaction(db))
        return err;
    if (!err)
        err = db_release(command->ctx, db, &command->savepoint);
    if (err)
        db_rollback_to(db, &command->savepoint);
    return err;
}

void batch_run(struct batch *batch, struct command *command)
{
    command->next = NULL;
    *batch->end = command;
    batch->end = &command->next;
    batch->count++;
    command->more = command->wipe = false;
    if (batch->lost)
        return;
    /* Ids and time are the writer's for as long as its thread has the command. */
    struct id_source *ids = command->ctx->ids;
    command->ctx->ids = &batch->ids;
    command->ctx->now_ms = batch_now(batch);
    command->result = command_run(batch, command);
    command->ctx->ids = ids;
    /* On a full disk, an I/O error or lack of memory the engine may have ended the transaction
     * itself, and with it what earlier commands of the batch did. */
    batch->lost = !db_in_transaction(batch->db);
    metric_add(METRIC_WRITER_COMMANDS, 1);
}

static bool batch_commit(struct batch *batch)
{
    if (batch->lost)
        return false;
    int64_t start_us = clock_monotonic_us();
    enum err err = rollups_flush(&batch->ctx, batch->db);
    /* What only looked, or was refused, leaves nothing to be dated, and costs the disk nothing. */
    bool wrote = db_noted(batch->db) != 0;
    bool keeps_time =
        wrote && (batch->kept_ms == NO_INT || batch->now_ms - batch->kept_ms >= TIME_KEPT_MS);
    if (!err && keeps_time)
        err = migrate_time_write(&batch->ctx, batch->db, batch->now_ms);
    if (!err)
        err = db_commit(&batch->ctx, batch->db);
    if (!err && keeps_time)
        batch->kept_ms = batch->now_ms;
    batch->commit_us = clock_monotonic_us() - start_us;
    return err == OK;
}

void command_fail_storage(struct command *command)
{
    failure_clear(command->ctx);
    command->more = false;
    command->result = fail(command->ctx, ERR_STORAGE, NULL, "what was asked could not be stored");
}

/* Why the batch failed: its own failure, or that of the command during which it was lost. */
static const char *batch_reason(const struct batch *batch)
{
    const char *detail = batch->ctx.failure.detail;
    for (const struct command *at = batch->first; at && !detail; at = at->next)
        if (!at->next)
            detail = at->ctx->failure.detail;
    return detail ? detail : "the engine has ended the transaction";
}

bool batch_end(struct batch *batch)
{
    bool committed = batch_commit(batch);
    if (committed) {
        metric_add(METRIC_WRITER_BATCHES, 1);
        return true;
    }
    /* A failed COMMIT is never tried again: what it left behind is not known. */
    log_line(LOG_ERROR, "writer", "a batch of %zu was rolled back: %s", batch->count,
             batch_reason(batch));
    db_rollback(batch->db);
    for (struct command *at = batch->first; at; at = at->next)
        command_fail_storage(at);
    metric_add(METRIC_WRITER_FAILED_BATCHES, 1);
    return false;
}

bool batch_probe(struct batch *batch)
{
    batch_reset(batch);
    enum err err = db_begin_write(&batch->ctx, batch->db);
    if (!err)
        err = migrate_probe(&batch->ctx, batch->db);
    if (!err)
        err = db_commit(&batch->ctx, batch->db);
    if (err)
        db_rollback(batch->db);
    return err == OK;
}
