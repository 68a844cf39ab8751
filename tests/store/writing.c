/* writing.c: the fixture of writing.h. */
#include "writing.h"

struct core core;
struct writer *writer;
struct task tasks[TASKS];

static struct task gate_task;
static sem_t gate, gate_begun;

void writer_setup(void)
{
    core_make(&core);
    core_open(&core);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    for (int i = 0; i < TASKS; i++)
        task_make(&tasks[i], 1000 * (i + 1));
    task_make(&gate_task, NO_INT);
    sem_init(&gate, 0, 0);
    sem_init(&gate_begun, 0, 0);
}

void writer_teardown(void)
{
    writer_stop(writer);
    for (int i = 0; i < TASKS; i++)
        task_free(&tasks[i]);
    task_free(&gate_task);
    core_done(&core);
}

void gate_close(void)
{
    gate_task.begun = &gate_begun;
    gate_task.gate = &gate;
    gate_task.spin_us = WRITER_BATCH_US + 1000;
    ck_assert(task_submit(writer, &gate_task));
    sem_wait(&gate_begun);
}

void gate_open(void)
{
    sem_post(&gate);
    ck_assert_int_eq(task_wait(&gate_task), OK);
}

void submit(int first, int count)
{
    for (int i = first; i < first + count; i++)
        ck_assert(task_submit(writer, &tasks[i]));
}

void wait_ok(int first, int count)
{
    for (int i = first; i < first + count; i++)
        ck_assert_ok(&tasks[i].ctx, task_wait(&tasks[i]));
}
