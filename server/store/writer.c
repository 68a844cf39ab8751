/* writer.c: the writer's thread and its queues: who is next, and who is told what. What happens
 * inside a transaction is batch.c's part, what the file needs meanwhile writer_upkeep.c's. */
#include "writer_private.h"

#include <assert.h>
#include <stdlib.h>

#include "db_private.h"

/* Background work gets one part of the time to three of the others, and saves up this much. */
enum { BACKGROUND_PART = 3, CREDIT_MAX_US = WRITER_BATCH_US };

/* ---- Queues; under lock ---- */

void queue_push(struct queue *queue, struct command *command)
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

struct command *queue_pop(struct queue *queue)
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

bool writer_awaited(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool awaited = writer->foreground.count > 0;
    pthread_mutex_unlock(&writer->lock);
    return awaited;
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

/* ---- The end of commands, and their next round; the writer's thread ---- */

void command_end(struct writer *writer, struct command *command)
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

/* The earliest of what waits for its time; 0: nothing does. */
static int64_t writer_due(const struct writer *writer)
{
    int64_t due_us = writer_log_due(writer);
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
        command->woken = false;
        queue_push(rests ? &writer->resting : queue_of(writer, command), command);
    }
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

static void batch_tell(struct writer *writer)
{
    struct command *next = NULL;
    for (struct command *command = writer->batch.first; command; command = next) {
        next = command->next;
        if (command_again(writer, command))
            continue;
        if (command->wipe && !command->result)
            writer_wipe_await(writer, command);
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
    writer_health_look(writer,
                       !committed); /* before anyone is told, so that nobody tries again in vain */
    credit_account(writer, queue == &writer->background, contended, busy_us);
    metric_add(METRIC_WRITER_BUSY_US, busy_us);
    if (committed) {
        metric_observe(HISTOGRAM_BATCH, (int64_t)batch->count);
        metric_observe(HISTOGRAM_COMMIT, batch->commit_us);
    }
    writer_backlog_measure(writer);
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
        writer_upkeep(writer);
        pthread_mutex_lock(&writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    writer_upkeep_end(writer);
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
