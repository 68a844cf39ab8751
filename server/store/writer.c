/* writer.c: the writer's thread and its queues: who is next, when storage is given up, when the log
 * is copied. What happens inside a transaction is batch.c's part. */
#include <funneld/writer.h>

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <funneld/store.h>

#include "batch.h"
#include "db_private.h"
#include "upkeep.h"

enum {
    ALARM_BYTES = 1 << 30,
    TRUNCATE_AGAIN_US = 5000000, /* each try holds the writer up while readers are waited for */
    PROBE_US = 1000000,
    WIPE_WAIT_US = 5000000, /* how long an erasure waits for readers to let go of the log */
    WIPE_PART = 3, /* of the time that a wipe has taken, the others have so much behind it */
    /* Background work gets one part of the time to three of the others, and saves up this much. */
    BACKGROUND_PART = 3,
    CREDIT_MAX_US = WRITER_BATCH_US,
};

enum health {
    HEALTHY,
    HEALTH_FULL,   /* nothing can be written at the moment; probed until it can */
    HEALTH_FAILED, /* a commit or a checkpoint failed half-way: for good */
};

struct queue {
    struct command *head, *tail;
    size_t count;
};

struct writer {
    struct store *store;
    size_t queue_max; /* of each queue */
    pthread_t thread;
    atomic_int health; /* set by the writer's thread with the lock held */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct queue foreground, background; /* under lock */
    bool stopping;                       /* under lock */
    unsigned pulse_asked, pulse_given;   /* under lock; equal: not asked since it went round */

    /* Only the writer's thread. */
    struct batch batch;
    struct queue wiping;  /* committed, and told once the log is wiped */
    struct queue resting; /* until their next round */
    bool ended;           /* nothing comes round any more */
    int64_t wipe_us;      /* not before this, while others wait */
    int64_t credit_us;    /* what background work may take while others wait */
    int64_t checkpoint_us, truncate_us, probe_us; /* not before these */
    bool alarmed;                                 /* about the size of the log */
};

/* ---- Queues; under lock ---- */

static void queue_push(struct queue *queue, struct command *command)
{
    command->next = NULL;
    command->queued_us = clock_monotonic_us();
    if (queue->tail)
        queue->tail->next = command;
    else
        queue->head = command;
    queue->tail = command;
    queue->count++;
}

static struct command *queue_pop(struct queue *queue)
{
    struct command *command = queue->head;
    if (!command)
        return NULL;
    queue->head = command->next;
    if (!queue->head)
        queue->tail = NULL;
    queue->count--;
    return command;
}

static struct queue *queue_of(struct writer *writer, const struct command *command)
{
    return command->background ? &writer->background : &writer->foreground;
}

/* The queue whose turn it is, or NULL when nothing waits. */
static struct queue *queue_choose(struct writer *writer)
{
    if (writer->foreground.count && writer->background.count)
        return writer->credit_us > 0 ? &writer->background : &writer->foreground;
    if (writer->foreground.count)
        return &writer->foreground;
    return writer->background.count ? &writer->background : NULL;
}

static void queue_measure(const struct writer *writer)
{
    metric_set(METRIC_WRITER_QUEUE, (int64_t)(writer->foreground.count + writer->background.count));
}

/* ---- Any thread ---- */

/* Why a command cannot be taken, or NULL. Under lock. */
static const char *refusal(const struct writer *writer, const struct queue *queue, enum err *ret)
{
    *ret = ERR_STORAGE;
    if (writer->health == HEALTH_FAILED)
        return "storage has failed; nothing is written until a restart";
    if (writer->health == HEALTH_FULL)
        return "storage has no room at the moment";
    *ret = ERR_BUSY;
    if (writer->stopping)
        return "shutting down";
    return queue->count >= writer->queue_max ? "too much is waiting to be written" : NULL;
}

bool writer_submit(struct writer *writer, struct command *command)
{
    struct queue *queue = queue_of(writer, command);
    enum err err = OK;
    pthread_mutex_lock(&writer->lock);
    const char *why = refusal(writer, queue, &err);
    if (!why) {
        queue_push(queue, command);
        queue_measure(writer);
        pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->lock);
    /* From here on an accepted command is the writer's: it may be done and gone already. */
    return !why || fail(command->ctx, err, NULL, "%s", why) == OK;
}

void writer_wake(struct writer *writer, struct command *command)
{
    pthread_mutex_lock(&writer->lock);
    command->woken = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}

bool writer_healthy(struct writer *writer)
{
    return atomic_load(&writer->health) == HEALTHY;
}

bool writer_failed(struct writer *writer)
{
    return atomic_load(&writer->health) == HEALTH_FAILED;
}

static int64_t queue_age_us(const struct queue *queue, int64_t now_us)
{
    return queue->head ? now_us - queue->head->queued_us : 0;
}

void writer_measure(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    int64_t now_us = clock_monotonic_us();
    int64_t foreground_us = queue_age_us(&writer->foreground, now_us);
    int64_t background_us = queue_age_us(&writer->background, now_us);
    pthread_mutex_unlock(&writer->lock);
    metric_set(METRIC_WRITER_OLDEST_US,
               foreground_us > background_us ? foreground_us : background_us);
    metric_set(METRIC_WRITER_WRITABLE, writer_healthy(writer));
    metric_set(METRIC_WAL_BYTES, store_wal_bytes(writer->store));
    metric_set(METRIC_DB_BYTES, store_file_bytes(writer->store));
}

bool writer_pulse(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool alive = writer->pulse_given == writer->pulse_asked;
    writer->pulse_asked++;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    return alive;
}

/* ---- Health; the writer's thread ---- */

/* Of a command that has nothing more to do for now. done() may free it, or submit it anew. */
static void command_end(struct writer *writer, struct command *command)
{
    if (command->every_us == 0 || writer->ended) {
        command->done(command);
        return;
    }
    command->due_us = clock_monotonic_us() + command->every_us;
    queue_push(&writer->resting, command);
}

/* Nothing is run on storage that does not work, and those that wait are told at once. */
static void queue_refuse(struct writer *writer, struct queue *queue)
{
    for (;;) {
        pthread_mutex_lock(&writer->lock);
        struct command *command = queue_pop(queue);
        queue_measure(writer);
        pthread_mutex_unlock(&writer->lock);
        if (!command)
            return;
        command_fail_storage(command);
        command_end(writer, command);
    }
}

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

/* What the last work says about storage. `failed`: it could not be committed. */
static void health_look(struct writer *writer, bool failed)
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
    health_look(writer, !works);
    if (works)
        health_set(writer, HEALTHY);
}

/* ---- Upkeep of the log; the writer's thread ---- */

/* Of the writer's own connection: nobody else may ask it. */
static void backlog_measure(const struct writer *writer)
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
    health_look(writer, /* failed= */ false);
    backlog_measure(writer);
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
    health_look(writer, /* failed= */ false);
    wipe_tell(writer, !err, writer->health == HEALTH_FAILED ? INT64_MAX : now_us);
}

static bool truncate_wanted(const struct writer *writer)
{
    const struct db *db = writer->batch.db;
    return db->driver->log_bytes(db->connection) > TRUNCATE_BYTES;
}

/* When the log is to be seen to next; 0 when it need not be, so that an idle daemon sleeps. */
static int64_t log_due(const struct writer *writer)
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

/* The earliest of what waits for its time; 0: nothing does. */
static int64_t writer_due(const struct writer *writer)
{
    int64_t due_us = log_due(writer);
    for (const struct command *at = writer->resting.head; at; at = at->next)
        if (due_us == 0 || at->due_us < due_us)
            due_us = at->due_us;
    return due_us;
}

/* Those whose next round it is wait with the others again. Under lock. */
static void wake_rested(struct writer *writer)
{
    int64_t now_us = writer->resting.count ? clock_monotonic_us() : 0;
    for (size_t count = writer->resting.count; count > 0; count--) {
        struct command *command = queue_pop(&writer->resting);
        bool rests = now_us < command->due_us && !command->woken;
        command->woken = rests && command->woken;
        queue_push(rests ? &writer->resting : queue_of(writer, command), command);
    }
}

static void upkeep(struct writer *writer)
{
    int64_t due_us = log_due(writer), now_us = clock_monotonic_us();
    if (due_us == 0 || now_us < due_us)
        return;
    if (writer->wiping.count)
        wipe(writer);
    else if (writer->health == HEALTH_FULL)
        probe(writer);
    else
        checkpoint(writer, truncate_wanted(writer) && now_us >= writer->truncate_us);
}

/* ---- Batches; the writer's thread ---- */

/* The next command for the batch that began at start_us, or NULL when it is to be committed. */
static struct command *batch_next(struct writer *writer, struct queue *queue, int64_t start_us)
{
    const struct batch *batch = &writer->batch;
    if (batch->count >= WRITER_BATCH_COMMANDS)
        return NULL;
    if (batch->count && !batch->lost && clock_monotonic_us() - start_us > WRITER_BATCH_US)
        return NULL;
    pthread_mutex_lock(&writer->lock);
    struct command *command = NULL;
    /* One slice of background work at a time while others wait. */
    if (queue == &writer->foreground || !batch->count || !writer->foreground.count)
        command = queue_pop(queue);
    queue_measure(writer);
    pthread_mutex_unlock(&writer->lock);
    return command;
}

/* Whether the command, whose slice was kept, goes on in a later transaction. */
static bool command_again(struct writer *writer, struct command *command)
{
    if (command->result || !command->more)
        return false;
    pthread_mutex_lock(&writer->lock);
    /* A job of hours must not hold up the end; it goes on from what it has committed. */
    bool again = !(writer->stopping && command->background);
    if (again)
        queue_push(queue_of(writer, command), command);
    pthread_mutex_unlock(&writer->lock);
    if (!again)
        command->result = fail(command->ctx, ERR_BUSY, NULL, "shutting down");
    return again;
}

static void wipe_await(struct writer *writer, struct command *command)
{
    command->due_us = clock_monotonic_us() + WIPE_WAIT_US;
    queue_push(&writer->wiping, command);
}

static void batch_tell(struct writer *writer)
{
    struct command *next = NULL;
    for (struct command *command = writer->batch.first; command; command = next) {
        next = command->next;
        if (command_again(writer, command))
            continue;
        if (command->wipe && !command->result)
            wipe_await(writer, command);
        else
            command_end(writer, command);
    }
}

static void credit_account(struct writer *writer, bool background, bool contended, int64_t busy_us)
{
    pthread_mutex_lock(&writer->lock);
    bool foreground_waits = writer->foreground.count > 0;
    bool background_waits = writer->background.count > 0;
    pthread_mutex_unlock(&writer->lock);
    if (background && (contended || foreground_waits))
        writer->credit_us -= busy_us;
    if (!background && background_waits)
        writer->credit_us += busy_us / BACKGROUND_PART;
    if (writer->credit_us > CREDIT_MAX_US)
        writer->credit_us = CREDIT_MAX_US;
}

static void batch_work(struct writer *writer, struct queue *queue, bool contended)
{
    struct batch *batch = &writer->batch;
    struct command *command = NULL;
    int64_t start_us = clock_monotonic_us();
    batch_begin(batch);
    bool begun = !batch->lost;
    while (!(begun && batch->lost) && (command = batch_next(writer, queue, start_us)))
        batch_run(batch, command);
    bool committed = batch_end(batch);
    if (committed)
        store_changed(writer->store, db_noted(batch->db));
    int64_t busy_us = clock_monotonic_us() - start_us;
    health_look(writer, !committed); /* before anyone is told, so that nobody tries again in vain */
    credit_account(writer, queue == &writer->background, contended, busy_us);
    metric_add(METRIC_WRITER_BUSY_US, busy_us);
    if (committed) {
        metric_observe(HISTOGRAM_BATCH, (int64_t)batch->count);
        metric_observe(HISTOGRAM_COMMIT, batch->commit_us);
    }
    backlog_measure(writer);
    batch_tell(writer);
}

static void work(struct writer *writer, struct queue *queue, bool contended)
{
    if (writer_healthy(writer)) {
        batch_work(writer, queue, contended);
        return;
    }
    queue_refuse(writer, &writer->foreground);
    queue_refuse(writer, &writer->background);
}

/* ---- The thread ---- */

/* Sleeps until there is work, or until due_us when that is not 0. Under lock. */
static void writer_sleep(struct writer *writer, int64_t due_us)
{
    if (due_us == 0) {
        pthread_cond_wait(&writer->wake, &writer->lock);
        return;
    }
    struct timespec due = { .tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000 };
    pthread_cond_timedwait(&writer->wake, &writer->lock, &due);
}

static void *writer_thread(void *self)
{
    struct writer *writer = self;
    pthread_mutex_lock(&writer->lock);
    for (;;) {
        writer->pulse_given = writer->pulse_asked;
        wake_rested(writer);
        struct queue *queue = queue_choose(writer);
        bool contended = writer->foreground.count && writer->background.count;
        if (!queue) {
            if (writer->stopping)
                break;
            int64_t due_us = writer_due(writer);
            if (due_us == 0 || clock_monotonic_us() < due_us) {
                writer_sleep(writer, due_us);
                continue;
            }
        }
        pthread_mutex_unlock(&writer->lock);
        if (queue)
            work(writer, queue, contended);
        upkeep(writer);
        pthread_mutex_lock(&writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    if (!writer_failed(writer))
        checkpoint(writer, /* truncate= */ true);
    writer->ended = true;
    if (writer->wiping.count)
        wipe(writer);
    wipe_tell(writer, /* wiped= */ false, INT64_MAX);
    for (struct command *command; (command = queue_pop(&writer->resting));)
        command->done(command);
    return NULL;
}

static void writer_free(struct writer *writer)
{
    batch_free(&writer->batch);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

enum err writer_start(struct ctx *ctx, struct store *store, size_t queue_max, struct writer **ret)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the writer");
    writer->store = store;
    writer->queue_max = queue_max;
    writer->checkpoint_us = clock_monotonic_us(); /* at once: a killed process may have left much */
    writer->wipe_us = writer->checkpoint_us;
    batch_init(&writer->batch, store_writer(store));
    enum err err = batch_resume(ctx, &writer->batch);
    if (err) {
        free(writer);
        return err;
    }
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* that of clock_monotonic_us() */
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&writer->thread, NULL, writer_thread, writer) != 0) {
        writer_free(writer);
        return fail(ctx, ERR_MEMORY, NULL, "the writer's thread could not be started");
    }
    pthread_setname_np(writer->thread, "writer");
    *ret = writer;
    return OK;
}

void writer_stop(struct writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    assert(!writer->foreground.count && !writer->background.count);
    writer_free(writer);
}
