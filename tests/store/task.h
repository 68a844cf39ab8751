/* task.h: a command for tests of the writer: what it does is told by numbers, and what came of it
 * can be waited for. */
#ifndef FUNNELD_TESTS_STORE_TASK_H
#define FUNNELD_TESTS_STORE_TASK_H

#include <semaphore.h>

#include "core.h"

#include <funneld/writer.h>

struct task {
    struct command command;
    struct arena arena;
    struct id_source ids;
    struct ctx ctx;
    sem_t finished;

    int64_t number;     /* adds rows from this number on; NO_INT: none */
    int64_t spin_us;    /* works that long */
    enum err answer;    /* of run, after what it has added */
    int slices;         /* how many runs it takes; 0 is one */
    sem_t *begun;       /* posted by run, unless NULL */
    sem_t *gate;        /* waited for by run, unless NULL */
    const char *script; /* run instead of adding, unless NULL */
    int64_t filler_bytes;
    bool wipe; /* is told only when the log is wiped */
    /* Another is submitted from done() as long as this many are to come. */
    int64_t again;
    struct writer *writer;

    int runs;
    enum err before; /* what the last run was told of the one before */
    int64_t now_ms;  /* of the last run */
    int64_t worked_us;
    struct id id;  /* made by the last run */
    int64_t order; /* the how manieth done() of the test it was */
};

void task_make(struct task *task, int64_t number);
void task_free(struct task *task);
bool task_submit(struct writer *writer, struct task *task);
enum err task_wait(struct task *task);

#endif
