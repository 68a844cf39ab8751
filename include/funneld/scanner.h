/* scanner.h: a thread that reads for long, so that no thread that answers requests has to.
 *
 * It has a read-only connection and runs what was submitted, one after the other, in the order it
 * came. Few may wait, and each has a deadline, which also bounds how long it keeps the log from
 * being cut. Who waits past it is told so by a second thread, whatever the first one is doing. The
 * daemon has two scanners: one for scans of a second, one for work of minutes. */
#ifndef FUNNELD_SCANNER_H
#define FUNNELD_SCANNER_H

#include <funneld/base.h>
#include <funneld/db.h>

/* Embedded by whoever submits it; owned by the scanner from a successful scanner_submit() until
 * done(). */
struct scan {
    /* Set by the submitter. */
    struct ctx *ctx;
    /* On the scanner's thread. Begins a read transaction where it wants one; the scanner ends it.
     * ctx->ids are the scanner's. */
    enum err (*run)(struct scan *scan, struct db *db);
    /* On the scanner's thread, before run() of one that had to wait: whether anybody still wants to
     * know; NULL: yes. Short. */
    bool (*wanted)(struct scan *scan);
    /* On a thread of the scanner's, once for every scan that was taken. May free it. */
    void (*done)(struct scan *scan);

    /* Set by the scanner, read in done(). ERR_DEADLINE: it took too long. ERR_BUSY: it was not run,
     * or not to its end: it has waited for too long, nobody wanted it, or the scanner stops. */
    enum err result;

    /* Belong to the scanner. */
    struct scan *next;
    int64_t queued_us; /* 0: behind nobody */
};

struct scanner_metrics {
    enum metric waiting, runs, refused, expired, busy_us;
};

struct scanner_options {
    const char *name;    /* of the thread */
    size_t queue_max;    /* that wait behind the one that runs */
    int64_t deadline_us; /* of each run, and of the wait for it; 0: none */
    struct scanner_metrics metrics;
};

struct scanner;
struct store;

/* Starts the thread. The options are copied. */
enum err scanner_start(struct ctx *ctx, struct store *store, const struct scanner_options *options,
                       struct scanner **ret) _must_check_;

/* Any thread. False when too many wait or the scanner stops: the scan was not taken,
 * ctx->failure says ERR_BUSY, done() will not be called. */
bool scanner_submit(struct scanner *scanner, struct scan *scan) _must_check_;

/* One thread, now and then: whether the scanner's thread has shown life since the last call, and
 * asks it again: that it sleeps, or that what it reads goes on. */
bool scanner_pulse(struct scanner *scanner);

/* Takes nothing new from here on. What runs and what waits may use timeout_ms more, all together;
 * then it is done with ERR_BUSY. Does not wait. */
void scanner_drain(struct scanner *scanner, int timeout_ms);
/* Drains at once if nobody has, waits until everything is done, ends the thread. What is submitted
 * from then on is refused. */
void scanner_end(struct scanner *scanner);
/* Ends it unless it has ended, and frees it: nobody may submit any more. */
void scanner_stop(struct scanner *scanner);

#endif
