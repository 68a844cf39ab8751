/* ledger.h: clients that write all kinds of things, and remember of each write what they sent and
 * whether it was acknowledged, so that it can be judged afterwards what the data file holds. */
#ifndef FUNNELD_TESTS_FAULTS_LEDGER_H
#define FUNNELD_TESTS_FAULTS_LEDGER_H

#include <pthread.h>
#include <stdatomic.h>

#include "client.h"

enum { UUID_SIZE = 37, MARKER_SIZE = 40, ITEMS_MAX = 200 };

enum entry_kind { ENTRY_LEAD, ENTRY_ACTIVITY, ENTRY_BATCH, ENTRY_FORM, ENTRY_MOVE };

enum entry_state {
    ENTRY_OPEN,   /* sent, and not answered */
    ENTRY_KEPT,   /* acknowledged, or found to be there: from now on it must be there, once */
    ENTRY_GONE,   /* found not to be there: must never come up again */
    ENTRY_FAILED, /* answered 503: not acknowledged, but judged in the same way */
};

struct entry {
    enum entry_kind kind;
    enum entry_state state;
    char marker[MARKER_SIZE]; /* unique: stands in its e-mail, external id or reason */
    char lead[UUID_SIZE];
    char id[UUID_SIZE];
    const char *stage;      /* ENTRY_MOVE */
    int items;              /* ENTRY_BATCH */
    char (*ids)[UUID_SIZE]; /* of the items */
};

struct ledger_worker {
    struct ledger *ledger;
    pthread_t thread;
    struct client client;
    int number;
    unsigned seed;
    struct entry *entries;
    size_t count, capacity;
    size_t checked;      /* entries before it have been looked at */
    char complaint[512]; /* what a thread found wrong; "": nothing */
};

enum { WORKERS_MAX = 64 };

struct ledger {
    struct daemon *daemon;
    int worker_count;
    struct ledger_worker workers[WORKERS_MAX];
    atomic_bool stopping;   /* workers end after their present request */
    atomic_bool may_refuse; /* 503 is an answer */
    bool no_half_answers;   /* unlike after kill -9 */
    bool has_form;
    atomic_int acknowledged, refused;
};

void ledger_make(struct ledger *ledger, struct daemon *daemon, int workers);
/* Makes the form that is posted to; what the daemon answered. Without it no form is posted. */
struct answer ledger_make_form(struct ledger *ledger);
void ledger_done(struct ledger *ledger);
/* The workers write until they are told to stop, or the daemon no longer answers. */
void ledger_begin(struct ledger *ledger);
/* Waits for them, and fails the test when one of them had a wrong answer. */
void ledger_end(struct ledger *ledger);
/* For tests that write step by step: one request of this kind, by the first worker. False when
 * it was not answered. */
bool ledger_step(struct ledger *ledger, enum entry_kind kind);

/* Looks at what is new since the last time: what was acknowledged is there; what was not is there
 * whole or not at all, and is sent again where sending again is harmless. */
void ledger_settle(struct ledger *ledger);
/* Nothing that was not acknowledged is there, but for whole slices of a long batch. */
void ledger_expect_gone(struct ledger *ledger);
/* In a copy that was made while they wrote: what had been looked at before is there, what was
 * written meanwhile is there whole or not at all. */
void ledger_expect_copy(struct ledger *ledger);
/* Looks at everything ever written, and that nothing is there that nobody wrote. */
void ledger_verify(struct ledger *ledger);

#endif
