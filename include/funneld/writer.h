/* writer.h: the one thread that writes.
 *
 * Commands that wait are taken together: BEGIN IMMEDIATE, each in a savepoint, one COMMIT with
 * one fsync, then all are told. Natural batching: while one fsync runs the next batch gathers,
 * there is no timer. */
#ifndef FUNNELD_WRITER_H
#define FUNNELD_WRITER_H

#include <funneld/base.h>
#include <funneld/db.h>

/* Embedded by whoever submits it; owned by the writer from a successful writer_submit() until
 * done(). */
struct command {
    /* Set by the submitter. */
    struct ctx *ctx;
    /* On the writer thread, in a savepoint that is rolled back unless OK is returned. Must leave
     * no statement half-run and can be run again after a failed batch only by submitting it
     * anew. ctx->now_ms and ctx->ids are the writer's: time never goes back from one command to
     * the next. */
    enum err (*run)(struct command *command, struct db *db);
    /* On the writer thread after the commit, or after it failed (result says which). */
    void (*done)(struct command *command);
    /* imports and the like: at most a quarter of the writer's time while others wait */
    bool background;
    /* 0, or: it comes round again so long after it is done or has failed, and done() is for the end
     * of the writer. */
    int64_t every_us;

    /* Set by run: there is another slice, to be run in a later transaction. What is done so far
     * is committed. */
    bool more;
    /* Set by run: done() waits until what was deleted is in no byte of the log either. Readers may
     * keep it there: then the result is ERR_UNSETTLED, although what was done is committed. */
    bool wipe;

    /* Set by the writer, read in done(), and in run() where it is not the first: what became of the
     * run before. OK means: fsynced. */
    enum err result;

    /* Fields below belong to the writer. */
    struct command *next;
    int64_t queued_us; /* monotonic */
    int64_t due_us;    /* while it waits for a wipe or for its next round */
    bool woken;        /* under lock: its next round is due at once */
    struct savepoint savepoint;
    struct waiting *waiting; /* of writer_run() */
};

enum {
    WRITER_BATCH_COMMANDS = 256,
    WRITER_BATCH_US = 20000, /* no command is begun after this much work */
    WRITER_SLICE_ITEMS = 64, /* what one run of a long command should bite off */
};

struct writer;
struct store;

/* Starts the thread. queue_max: of commands that wait, foreground and background each. */
enum err writer_start(struct ctx *ctx, struct store *store, size_t queue_max, struct writer **ret)
    _must_check_;

/* Any thread. False when the queue is full, the writer drains, or storage has failed: the
 * command was not taken, ctx->failure says ERR_BUSY or ERR_STORAGE, done() will not be called. */
bool writer_submit(struct writer *writer, struct command *command) _must_check_;

/* Any thread but the writer's: submits it, waits until it is done, and returns its result; done
 * is not the submitter's to set. Also ERR_BUSY or ERR_STORAGE when it was not taken. */
enum err writer_run(struct writer *writer, struct command *command) _must_check_;
/* Any thread: whether somebody waits in the foreground. What runs in the background may end its
 * slice for it. */
bool writer_awaited(struct writer *writer);
/* Any thread: a command with every_us comes round at once, or once more if it is at it right now.
 * Not after writer_stop(). */
void writer_wake(struct writer *writer, struct command *command);

/* False after a failed fsync (which is final: see writer_failed) or while the disk is full. */
bool writer_healthy(struct writer *writer);
/* A failed fsync leaves the state of the file unknown: nothing is written until a restart. main
 * polls this and exits with EX_TEMPFAIL so that a supervisor restarts it. */
bool writer_failed(struct writer *writer);

/* Any thread: brings the metrics up to date that move while nothing happens. */
void writer_measure(struct writer *writer);
/* One thread, now and then: whether the writer's thread has gone round since the last call, and
 * asks for the next. False: it has been at one batch or checkpoint all the time. */
bool writer_pulse(struct writer *writer);

/* Takes nothing new, runs what waits, checkpoints, ends the thread. A background command that
 * has more to do is not run to its end: after its slice it is done with ERR_BUSY, what it has
 * committed stays. */
void writer_stop(struct writer *writer);

#endif
