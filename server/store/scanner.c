/* scanner.c: the thread for what reads too long for a thread that answers requests. Knows neither
 * what is read nor for whom. */
#include <funneld/scanner.h>

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include <funneld/store.h>

#include "db_private.h"

enum { HARDLY_US = 20 * 1000 }; /* who has waited no longer than that is still there */

#define TOO_LATE "too much was read before it"

struct scanner {
    struct scanner_options options;
    struct db *db;
    struct id_source ids;
    pthread_t thread, watcher;
    bool watched; /* there is a watcher */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t waits; /* for the watcher: somebody waits, or the end has come */
    /* Under lock. */
    struct scan *head, **tail;
    size_t waiting;
    int64_t deadline_us; /* of the scan that runs; 0: none runs */
    bool draining, stopping;
    int64_t drained_us;                /* when everything must be done; only while draining */
    unsigned pulse_asked, pulse_given; /* equal: not asked since it went round */
    int64_t looks;                     /* db_looks() at the last pulse */
};

/* ---- Any thread ---- */

static void waiting_add(struct scanner *scanner, int by)
{
    scanner->waiting += (size_t)by;
    metric_set(scanner->options.metrics.waiting, (int64_t)scanner->waiting);
}

bool scanner_submit(struct scanner *scanner, struct scan *scan)
{
    const char *why = NULL;
    pthread_mutex_lock(&scanner->lock);
    if (scanner->draining)
        why = "shutting down";
    else if (scanner->waiting >= scanner->options.queue_max)
        why = "too much is waiting to be read";
    if (!why) {
        bool first = !scanner->head && scanner->deadline_us == 0;
        scan->next = NULL;
        scan->queued_us = first ? 0 : clock_monotonic_us();
        *scanner->tail = scan;
        scanner->tail = &scan->next;
        waiting_add(scanner, 1);
        pthread_cond_signal(&scanner->wake);
        if (scanner->head == scan)
            pthread_cond_signal(&scanner->waits);
    }
    pthread_mutex_unlock(&scanner->lock);
    /* From here on an accepted scan is the scanner's: it may be done and gone already. */
    if (!why)
        return true;
    metric_add(scanner->options.metrics.refused, 1);
    return fail(scan->ctx, ERR_BUSY, NULL, "%s", why) == OK;
}

bool scanner_pulse(struct scanner *scanner)
{
    pthread_mutex_lock(&scanner->lock);
    int64_t looks = db_looks(scanner->db);
    bool alive = scanner->pulse_given == scanner->pulse_asked || looks != scanner->looks;
    scanner->looks = looks;
    scanner->pulse_asked++;
    pthread_cond_signal(&scanner->wake);
    pthread_mutex_unlock(&scanner->lock);
    return alive;
}

void scanner_drain(struct scanner *scanner, int timeout_ms)
{
    pthread_mutex_lock(&scanner->lock);
    if (!scanner->draining) {
        scanner->draining = true;
        scanner->drained_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
        if (scanner->deadline_us > scanner->drained_us) {
            scanner->deadline_us = scanner->drained_us;
            db_set_deadline(scanner->db, scanner->deadline_us);
        }
    }
    pthread_mutex_unlock(&scanner->lock);
}

/* ---- The thread ---- */

/* Under lock. */
static int64_t deadline_of_next(const struct scanner *scanner, int64_t now_us)
{
    int64_t own_us =
        scanner->options.deadline_us ? now_us + scanner->options.deadline_us : INT64_MAX;
    return scanner->draining && scanner->drained_us < own_us ? scanner->drained_us : own_us;
}

/* The first of those that wait, of whom there is one. Under lock. */
static struct scan *queue_pop(struct scanner *scanner)
{
    struct scan *scan = scanner->head;
    scanner->head = scan->next;
    if (!scanner->head)
        scanner->tail = &scanner->head;
    waiting_add(scanner, -1);
    return scan;
}

/* One that is not run. */
static void scan_refuse(struct scanner *scanner, struct scan *scan)
{
    metric_add(scanner->options.metrics.refused, 1);
    scan->done(scan);
}

/* Whether it has not waited for too long, nor in vain. */
static enum err scan_check(const struct scanner *scanner, struct scan *scan, int64_t now_us)
{
    if (scan->queued_us == 0) /* how long the thread took to wake is not the client's doing */
        return OK;
    int64_t waited_us = now_us - scan->queued_us;
    if (scanner->options.deadline_us && waited_us > scanner->options.deadline_us)
        return fail(scan->ctx, ERR_BUSY, NULL, TOO_LATE);
    if (waited_us > HARDLY_US && scan->wanted && !scan->wanted(scan))
        return fail(scan->ctx, ERR_BUSY, NULL, "nobody waits for it any more");
    return OK;
}

/* The next scan, with its deadline begun if it is to be run, or NULL at the end of the thread.
 * Under lock. */
static struct scan *scan_take(struct scanner *scanner)
{
    while (!scanner->head) {
        scanner->pulse_given = scanner->pulse_asked;
        if (scanner->stopping)
            return NULL;
        pthread_cond_wait(&scanner->wake, &scanner->lock);
    }
    scanner->pulse_given = scanner->pulse_asked;
    struct scan *scan = queue_pop(scanner);
    int64_t now_us = clock_monotonic_us();
    scan->result = scan_check(scanner, scan, now_us);
    if (scan->result)
        return scan;
    scanner->deadline_us = deadline_of_next(scanner, now_us);
    db_set_deadline(scanner->db, scanner->deadline_us);
    return scan;
}

/* Whether the deadline that has passed was that of the drain. */
static bool scan_leave(struct scanner *scanner)
{
    pthread_mutex_lock(&scanner->lock);
    bool drained = scanner->draining && scanner->deadline_us == scanner->drained_us;
    scanner->deadline_us = 0;
    db_set_deadline(scanner->db, 0);
    pthread_mutex_unlock(&scanner->lock);
    return drained;
}

static void scan_run(struct scanner *scanner, struct scan *scan)
{
    const struct scanner_metrics *metrics = &scanner->options.metrics;
    struct id_source *ids = scan->ctx->ids;
    int64_t start_us = clock_monotonic_us();
    scan->ctx->ids = &scanner->ids;
    scan->result = scan->run(scan, scanner->db);
    scan->ctx->ids = ids;
    assert(db_is_idle(scanner->db));
    bool drained = scan_leave(scanner);
    db_end_read(scanner->db); /* after the deadline, which would hit this too */
    metric_add(metrics->runs, 1);
    metric_add(metrics->busy_us, clock_monotonic_us() - start_us);
    if (scan->result != ERR_DEADLINE)
        return;
    metric_add(metrics->expired, 1);
    if (drained) {
        failure_clear(scan->ctx);
        scan->result = fail(scan->ctx, ERR_BUSY, NULL, "shutting down");
    }
}

static void *scanner_thread(void *self)
{
    struct scanner *scanner = self;
    for (;;) {
        pthread_mutex_lock(&scanner->lock);
        struct scan *scan = scan_take(scanner);
        pthread_mutex_unlock(&scanner->lock);
        if (!scan)
            return NULL;
        if (scan->result) {
            scan_refuse(scanner, scan);
            continue;
        }
        scan_run(scanner, scan);
        scan->done(scan);
    }
}

/* ---- The watcher: tells those whose time is up while another's scan runs ---- */

/* When the first of those that wait has waited for too long; the others came later. */
static int64_t wait_ends_us(const struct scanner *scanner, int64_t now_us)
{
    int64_t queued_us = scanner->head->queued_us;
    return (queued_us ? queued_us : now_us) + scanner->options.deadline_us;
}

/* Sleeps until then, or until somebody waits. Under lock. */
static void watcher_sleep(struct scanner *scanner, int64_t now_us)
{
    if (!scanner->head) {
        pthread_cond_wait(&scanner->waits, &scanner->lock);
        return;
    }
    int64_t until_us = wait_ends_us(scanner, now_us);
    struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
    pthread_cond_timedwait(&scanner->waits, &scanner->lock, &until);
}

static void *watcher_thread(void *self)
{
    struct scanner *scanner = self;
    pthread_mutex_lock(&scanner->lock);
    while (!scanner->stopping) {
        int64_t now_us = clock_monotonic_us();
        if (!scanner->head || now_us <= wait_ends_us(scanner, now_us)) {
            watcher_sleep(scanner, now_us);
            continue;
        }
        struct scan *scan = queue_pop(scanner);
        pthread_mutex_unlock(&scanner->lock);
        scan->result = fail(scan->ctx, ERR_BUSY, NULL, TOO_LATE);
        scan_refuse(scanner, scan);
        pthread_mutex_lock(&scanner->lock);
    }
    pthread_mutex_unlock(&scanner->lock);
    return NULL;
}

/* ---- Life ---- */

static void scanner_free(struct scanner *scanner)
{
    db_close(scanner->db); /* NULL: it has ended */
    pthread_cond_destroy(&scanner->waits);
    pthread_cond_destroy(&scanner->wake);
    pthread_mutex_destroy(&scanner->lock);
    free(scanner);
}

static void conditions_init(struct scanner *scanner)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* that of clock_monotonic_us() */
    pthread_cond_init(&scanner->wake, &attributes);
    pthread_cond_init(&scanner->waits, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void threads_end(struct scanner *scanner)
{
    pthread_mutex_lock(&scanner->lock);
    scanner->stopping = true;
    pthread_cond_signal(&scanner->wake);
    pthread_cond_signal(&scanner->waits);
    pthread_mutex_unlock(&scanner->lock);
    pthread_join(scanner->thread, NULL);
    if (scanner->watched)
        pthread_join(scanner->watcher, NULL);
}

/* Both, or none. */
static bool threads_start(struct scanner *scanner)
{
    if (pthread_create(&scanner->thread, NULL, scanner_thread, scanner) != 0)
        return false;
    pthread_setname_np(scanner->thread, scanner->options.name);
    scanner->watched = scanner->options.deadline_us != 0;
    if (!scanner->watched)
        return true;
    if (pthread_create(&scanner->watcher, NULL, watcher_thread, scanner) == 0) {
        pthread_setname_np(scanner->watcher, "scan waits");
        return true;
    }
    scanner->watched = false;
    threads_end(scanner);
    return false;
}

enum err scanner_start(struct ctx *ctx, struct store *store, const struct scanner_options *options,
                       struct scanner **ret)
{
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (!scanner)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a scanner");
    scanner->options = *options;
    scanner->tail = &scanner->head;
    pthread_mutex_init(&scanner->lock, NULL);
    conditions_init(scanner);
    enum err err = store_reader(ctx, store, &scanner->db);
    if (!err && !threads_start(scanner))
        err = fail(ctx, ERR_MEMORY, NULL, "the thread \"%s\" could not be started", options->name);
    if (err) {
        scanner_free(scanner);
        return err;
    }
    *ret = scanner;
    return OK;
}

void scanner_end(struct scanner *scanner)
{
    if (!scanner || scanner->stopping)
        return;
    scanner_drain(scanner, 0);
    threads_end(scanner);
    db_close(scanner->db);
    scanner->db = NULL;
}

void scanner_stop(struct scanner *scanner)
{
    scanner_end(scanner);
    if (scanner)
        scanner_free(scanner);
}
