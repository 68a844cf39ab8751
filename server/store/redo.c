/* redo.c: what a transaction has written, statement by statement, so that it can be written again.
 * An engine that is to go back to a savepoint copies each page before it is changed, for every
 * savepoint anew: that was a sixth of what a lead costs, for what hardly ever happens. The values
 * of the statements are much less. Going back ends the transaction and gives the engine again what
 * came before, which comes out the same: our statements depend on the data and their parameters
 * alone. Knows nothing of commands. */
#include "db_private.h"

#include <stdlib.h>
#include <string.h>

struct redo_step {
    struct prepared *prepared; /* NULL: it failed; what is left of that is not known */
    size_t count;
    struct param params[];
};

void redo_begin(struct redo *redo)
{
    redo_end(redo);
    redo->kept = redo->marks = true;
}

void redo_end(struct redo *redo)
{
    arena_reset(&redo->arena);
    redo->count = 0;
    redo->kept = redo->marks = false;
}

void redo_free(struct redo *redo)
{
    arena_free(&redo->arena);
    free(redo->steps);
}

static struct redo_step *step_new(struct arena *arena, struct prepared *prepared,
                                  const struct param *params, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += params[i].length;
    struct redo_step *step = arena_take(arena, sizeof *step + count * sizeof *params + bytes);
    if (!step)
        return NULL;
    *step = (struct redo_step){ .prepared = prepared, .count = count };
    char *data = (char *)(step->params + count);
    for (size_t i = 0; i < count; i++) {
        step->params[i] = params[i];
        if (!params[i].data)
            continue;
        step->params[i].data = memcpy(data, params[i].data, params[i].length);
        data += params[i].length;
    }
    return step;
}

enum err redo_add(struct ctx *ctx, struct redo *redo, struct prepared *prepared,
                  const struct param *params, size_t count)
{
    if (redo->count == redo->capacity) {
        size_t capacity = redo->capacity ? redo->capacity * 2 : 256;
        struct redo_step **steps = realloc(redo->steps, capacity * sizeof(struct redo_step *));
        if (!steps)
            return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", prepared->name);
        redo->steps = steps;
        redo->capacity = capacity;
    }
    struct redo_step *step = step_new(&redo->arena, prepared, params, count);
    if (!step)
        return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", prepared->name);
    redo->steps[redo->count++] = step;
    return OK;
}

void redo_failed(struct redo *redo, enum err err)
{
    /* Where a key is taken the engine leaves everything as it was. */
    if (err == ERR_EXISTS)
        redo->count--;
    else
        redo->steps[redo->count - 1]->prepared = NULL;
}

static enum err steps_run(struct ctx *ctx, struct db *db, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct redo_step *step = db->redo.steps[i];
        enum err err =
            step->prepared
                ? run_again(ctx, db, step->prepared, step->params, step->count)
                : fail(ctx, ERR_INTERNAL, NULL, "what failed was kept: it cannot be done again");
        if (err)
            return err;
    }
    return OK;
}

enum err redo_go_back(struct ctx *ctx, struct db *db, size_t mark)
{
    db->redo.count = mark;
    db->redo.marks = false; /* who fails once may fail again: from here on the engine keeps track */
    enum err err = db->driver->control(ctx, db->connection, CONTROL_ROLLBACK);
    if (!err)
        err = db->driver->control(ctx, db->connection, CONTROL_BEGIN_WRITE);
    return err ? err : steps_run(ctx, db, mark);
}
