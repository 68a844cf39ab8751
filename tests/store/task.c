/* task.c: commands for tests of the writer. */
#include "task.h"

#include <stdatomic.h>
#include <string.h>

static atomic_llong done_count;

static void spin(int64_t us)
{
    int64_t end_us = clock_monotonic_us() + us;
    while (clock_monotonic_us() < end_us)
        ;
}

static enum err task_write(struct ctx *ctx, struct db *db, const struct task *task)
{
    if (task->script)
        return core_exec(ctx, db, task->script);
    if (task->filler_bytes) {
        void *filler = ctx_alloc(ctx, (size_t)task->filler_bytes);
        if (!filler)
            return ERR_MEMORY;
        memset(filler, (int)task->number, (size_t)task->filler_bytes);
        return db_exec(ctx, db, CORE_FILL, param_bytes(filler, (size_t)task->filler_bytes));
    }
    return task->number == NO_INT ? OK : core_add(ctx, db, task->number + task->runs);
}

static enum err task_run(struct command *command, struct db *db)
{
    struct task *task = (struct task *)command;
    int64_t start_us = clock_monotonic_us();
    if (task->begun)
        sem_post(task->begun);
    if (task->gate)
        sem_wait(task->gate);
    task->before = command->result;
    task->now_ms = command->ctx->now_ms;
    task->id = id_new(command->ctx);
    enum err err = task_write(command->ctx, db, task);
    spin(task->spin_us);
    task->worked_us += clock_monotonic_us() - start_us;
    task->runs++;
    command->more = task->runs < task->slices;
    command->wipe = task->wipe;
    return err ? err : task->answer;
}

static void task_done(struct command *command)
{
    struct task *task = (struct task *)command;
    task->order = atomic_fetch_add(&done_count, 1);
    if (task->again-- > 0 && writer_submit(task->writer, command))
        return;
    sem_post(&task->finished);
}

void task_make(struct task *task, int64_t number)
{
    *task = (struct task){ .number = number };
    task->ctx = (struct ctx){ .arena = &task->arena, .ids = &task->ids, .now_ms = 1 };
    task->command = (struct command){ .ctx = &task->ctx, .run = task_run, .done = task_done };
    sem_init(&task->finished, 0, 0);
}

void task_free(struct task *task)
{
    sem_destroy(&task->finished);
    arena_free(&task->arena);
}

bool task_submit(struct writer *writer, struct task *task)
{
    task->writer = writer;
    return writer_submit(writer, &task->command);
}

enum err task_wait(struct task *task)
{
    sem_wait(&task->finished);
    return task->command.result;
}
