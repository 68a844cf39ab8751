/* writing.h: the fixture of the writer's tests: a writer, tasks to give it, and a gate that holds
 * it up. */
#ifndef FUNNELD_TESTS_STORE_WRITING_H
#define FUNNELD_TESTS_STORE_WRITING_H

#include "task.h"

enum { TASKS = 300 };

extern struct core core;
extern struct writer *writer;
extern struct task tasks[TASKS]; /* each adds a row */

void writer_setup(void);
void writer_teardown(void);

/* From here to gate_open() what is submitted has to wait, and goes into other batches than this. */
void gate_close(void);
void gate_open(void);

void submit(int first, int count);
void wait_ok(int first, int count);

#endif
