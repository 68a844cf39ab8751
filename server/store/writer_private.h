/* writer_private.h: the writer between its two files: writer.c, who is next, and writer_upkeep.c,
 * whether storage works and what the log needs. */
#ifndef FUNNELD_STORE_WRITER_PRIVATE_H
#define FUNNELD_STORE_WRITER_PRIVATE_H

#include <funneld/store.h>
#include <funneld/writer.h>

#include <pthread.h>
#include <stdatomic.h>

#include "batch.h"

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

/* ---- writer.c ---- */

void queue_push(struct queue *queue, struct command *command);
struct command *queue_pop(struct queue *queue); /* NULL: it is empty */
/* Of a command that has nothing more to do for now. done() may free it, or submit it anew. */
void command_end(struct writer *writer, struct command *command);

/* ---- writer_upkeep.c; the writer's thread ---- */

/* What the last work says about storage. `failed`: it could not be committed. */
void writer_health_look(struct writer *writer, bool failed);
void writer_backlog_measure(const struct writer *writer);
/* The command is told once nothing that it has deleted is in the log. */
void writer_wipe_await(struct writer *writer, struct command *command);
/* When the log is to be seen to next; 0 when it need not be, so that an idle daemon sleeps. */
int64_t writer_log_due(const struct writer *writer);
/* Sees to it when that is due. */
void writer_upkeep(struct writer *writer);
/* The last time: nothing comes round any more. */
void writer_upkeep_end(struct writer *writer);

#endif
