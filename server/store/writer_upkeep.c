/* writer_upkeep.c: whether storage works, and what the log needs: to be copied, cut, wiped. All
 * on the writer's thread, between batches. */
#include "writer_private.h"

#include "db_private.h"
#include "upkeep.h"

enum {
    ALARM_BYTES = 1 << 30,
    TRUNCATE_AGAIN_US = 5000000, /* each try holds the writer up while readers are waited for */
    PROBE_US = 1000000,
    WIPE_WAIT_US = 5000000, /* how long an erasure waits for readers to let go of the log */
    WIPE_PART = 3, /* of the time that a wipe has taken, the others have so much behind it */
};

/* ---- Health ---- */

static void health_set(struct writer *writer, enum health health)
{
    static const char *const messages[] = {
        [HEALTHY] = "storage works again: writes are taken",
        [HEALTH_FULL] = "storage has no room or does not work: writes are refused, reads go on; "
                        "tried again every second",
        [HEALTH_FAILED] = "storage failed in the middle of a commit or checkpoint: what the disk "
                          "holds is not known, so nothing is written until a restart",
    };
    if (writer->health == (int)health || writer->health == HEALTH_FAILED)
        return;
    log_line(health == HEALTHY ? LOG_INFO : LOG_ERROR, "writer", "%s", messages[health]);
    pthread_mutex_lock(&writer->lock);
    atomic_store(&writer->health, (int)health);
    pthread_mutex_unlock(&writer->lock);
    writer->probe_us = clock_monotonic_us() + PROBE_US;
}

void writer_health_look(struct writer *writer, bool failed)
{
    struct db *db = writer->batch.db;
    enum fault fault = db->driver->take_fault(db->connection);
    if (fault == FAULT_SYNC)
        health_set(writer, HEALTH_FAILED);
    else if (failed && fault != FAULT_NONE)
        health_set(writer, HEALTH_FULL);
}

static void probe(struct writer *writer)
{
    bool works = batch_probe(&writer->batch);
    writer->probe_us = clock_monotonic_us() + PROBE_US;
    writer_health_look(writer, !works);
    if (works)
        health_set(writer, HEALTHY);
}

/* ---- The log ---- */

/* Of the writer's own connection: nobody else may ask it. */
void writer_backlog_measure(const struct writer *writer)
{
    const struct db *db = writer->batch.db;
    metric_set(METRIC_WAL_BACKLOG_BYTES, db->driver->log_backlog_bytes(db->connection));
}

/* The log cannot begin anew while somebody reads what was before: told once, not every second. */
static void log_alarm(struct writer *writer)
{
    int64_t bytes = store_wal_bytes(writer->store);
    bool alarm = bytes > ALARM_BYTES;
    metric_set(METRIC_WAL_ALARM, alarm);
    if (alarm && !writer->alarmed)
        log_line(LOG_WARN, "writer",
                 "the log beside the data file has grown to %lld MiB, because something reads for "
                 "long: a backup, or another program that has the file open",
                 (long long)(bytes >> 20));
    writer->alarmed = alarm;
}

static void checkpoint(struct writer *writer, bool truncate)
{
    struct ctx *ctx = &writer->batch.ctx;
    failure_clear(ctx);
    arena_reset(ctx->arena);
    int64_t start_us = clock_monotonic_us();
    enum err err = store_checkpoint(ctx, writer->store, truncate);
    int64_t now_us = clock_monotonic_us();
    const struct db *db = writer->batch.db;
    metric_observe(HISTOGRAM_CHECKPOINT, now_us - start_us);
    metric_set(METRIC_CHECKPOINT_BLOCKED,
               err == ERR_BUSY || (!err && db->driver->log_backlog_bytes(db->connection) > 0));
    writer->checkpoint_us = now_us + CHECKPOINT_US;
    if (err && truncate)
        writer->truncate_us = now_us + TRUNCATE_AGAIN_US;
    if (err == ERR_BUSY)
        log_line(LOG_DEBUG, "writer", "readers kept the log from being cut");
    /* A full disk keeps the data file from growing, but the log still has it all. */
    writer_health_look(writer, /* failed= */ false);
    writer_backlog_measure(writer);
    log_alarm(writer);
}

/* Tells those that have waited for it, or for too long. */
static void wipe_tell(struct writer *writer, bool wiped, int64_t now_us)
{
    for (size_t count = writer->wiping.count; count > 0; count--) {
        struct command *command = queue_pop(&writer->wiping);
        if (!wiped && now_us < command->due_us) {
            queue_push(&writer->wiping, command);
            continue;
        }
        if (!wiped)
            command->result = fail(command->ctx, ERR_UNSETTLED, NULL,
                                   "what was deleted is committed, but readers keep its bytes in "
                                   "the log; ask again");
        command_end(writer, command);
    }
}

/* One for all that wait: while it runs, others gather. */
static void wipe(struct writer *writer)
{
    struct ctx *ctx = &writer->batch.ctx;
    failure_clear(ctx);
    arena_reset(ctx->arena);
    int64_t start_us = clock_monotonic_us();
    enum err err = store_wipe(ctx, writer->store);
    int64_t now_us = clock_monotonic_us();
    writer->wipe_us = now_us + WIPE_PART * (now_us - start_us);
    writer_health_look(writer, /* failed= */ false);
    wipe_tell(writer, !err, writer->health == HEALTH_FAILED ? INT64_MAX : now_us);
}

static bool truncate_wanted(const struct writer *writer)
{
    const struct db *db = writer->batch.db;
    return db->driver->log_bytes(db->connection) > TRUNCATE_BYTES;
}

int64_t writer_log_due(const struct writer *writer)
{
    const struct db *db = writer->batch.db;
    if (writer->health == HEALTH_FAILED)
        return 0;
    if (writer->wiping.count)
        return writer->wipe_us;
    if (writer->health == HEALTH_FULL)
        return writer->probe_us;
    if (db->driver->log_backlog_bytes(db->connection) > PASSIVE_BYTES)
        return writer->checkpoint_us;
    if (!truncate_wanted(writer))
        return 0;
    return writer->truncate_us > writer->checkpoint_us ? writer->truncate_us
                                                       : writer->checkpoint_us;
}

void writer_wipe_await(struct writer *writer, struct command *command)
{
    command->due_us = clock_monotonic_us() + WIPE_WAIT_US;
    queue_push(&writer->wiping, command);
}

void writer_upkeep(struct writer *writer)
{
    int64_t due_us = writer_log_due(writer), now_us = clock_monotonic_us();
    if (due_us == 0 || now_us < due_us)
        return;
    if (writer->wiping.count)
        wipe(writer);
    else if (writer->health == HEALTH_FULL)
        probe(writer);
    else
        checkpoint(writer, truncate_wanted(writer) && now_us >= writer->truncate_us);
}

void writer_upkeep_end(struct writer *writer)
{
    if (!writer_failed(writer))
        checkpoint(writer, /* truncate= */ true);
    writer->ended = true;
    if (writer->wiping.count)
        wipe(writer);
    wipe_tell(writer, /* wiped= */ false, INT64_MAX);
}
