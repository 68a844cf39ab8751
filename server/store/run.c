/* run.c: runs a prepared statement: bind, step, take the rows, and always reset. Knows nothing of
 * where the statement came from. */
#include "db_private.h"

#include <string.h>

static enum err run_begin(struct ctx *ctx, struct db *db, struct prepared *prepared,
                          const struct param *params, size_t count)
{
    if (prepared->running)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: is running already", prepared->name);
    if (count != (size_t)prepared->param_count)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: got %zu parameters, takes %d",
                    prepared->name, count, prepared->param_count);
    for (size_t i = 0; i < count; i++) {
        enum err err = db->driver->bind(ctx, prepared->statement, (int)i + 1, &params[i]);
        if (err) {
            db->driver->reset(prepared->statement);
            return err;
        }
    }
    prepared->running = true;
    db->running++;
    return OK;
}

/* The parameters belong to the caller and end with its call: a statement never keeps them. */
static void run_end(struct db *db, struct prepared *prepared)
{
    db->driver->reset(prepared->statement);
    prepared->running = false;
    db->running--;
}

/* What is remembered has no rows. */
static enum err run_check_reads(struct ctx *ctx, const struct db *db,
                                const struct prepared *prepared)
{
    if (!prepared->writes || !db->redo.kept)
        return OK;
    return fail(ctx, ERR_INTERNAL, NULL, "statement %s: writes, and is asked for rows",
                prepared->name);
}

static enum err run_begin_rows(struct ctx *ctx, struct db *db, struct prepared *prepared,
                               const struct param *params, size_t count)
{
    if (!prepared->row)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: names no row table", prepared->name);
    enum err err = run_check_reads(ctx, db, prepared);
    return err ? err : run_begin(ctx, db, prepared, params, count);
}

enum err run_again(struct ctx *ctx, struct db *db, struct prepared *prepared,
                   const struct param *params, size_t count)
{
    enum err err = run_begin(ctx, db, prepared, params, count);
    if (err)
        return err;
    bool row = true;
    while (!err && row)
        err = db->driver->step(ctx, prepared->statement, &row);
    run_end(db, prepared);
    return err;
}

enum err run_exec(struct ctx *ctx, struct db *db, struct prepared *prepared,
                  const struct param *params, size_t count)
{
    bool noted = prepared->writes && db->redo.kept;
    enum err err = noted ? redo_add(ctx, &db->redo, prepared, params, count) : OK;
    if (err)
        return err;
    err = run_again(ctx, db, prepared, params, count);
    if (err && noted)
        redo_failed(&db->redo, err);
    if (!err && prepared->writes)
        db_note(db, CHANGE_ANY);
    return err;
}

enum err run_one(struct ctx *ctx, struct db *db, struct prepared *prepared, void *row,
                 const struct param *params, size_t count)
{
    enum err err = run_begin_rows(ctx, db, prepared, params, count);
    if (err)
        return err;
    bool found = false;
    err = db->driver->step(ctx, prepared->statement, &found);
    if (!err)
        err = found ? row_fill(ctx, db, prepared, ctx->arena, row) : ERR_NOT_FOUND;
    /* INSERT ... RETURNING has done all its work at its first row; a SELECT is not wanted any
     * further. */
    run_end(db, prepared);
    return err;
}

/* Room for one more row; doubling leaves the old arrays behind in the arena, at most as much. */
static void *rows_more(struct ctx *ctx, const struct table *table, struct rows *rows,
                       size_t *capacity)
{
    if (rows->count < *capacity)
        return rows->items;
    size_t larger = *capacity ? *capacity * 2 : 8;
    void *items = arena_take(ctx->arena, larger * table->size);
    if (!items)
        return NULL;
    if (rows->count)
        memcpy(items, rows->items, rows->count * table->size);
    rows->items = items;
    *capacity = larger;
    return items;
}

enum err run_rows(struct ctx *ctx, struct db *db, struct prepared *prepared, struct rows *ret,
                  const struct param *params, size_t count)
{
    enum err err = run_begin_rows(ctx, db, prepared, params, count);
    if (err)
        return err;
    struct rows rows = {};
    size_t capacity = 0;
    for (;;) {
        bool found = false;
        err = db->driver->step(ctx, prepared->statement, &found);
        if (err || !found)
            break;
        if (!rows_more(ctx, prepared->row, &rows, &capacity)) {
            err =
                fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory for its rows", prepared->name);
            break;
        }
        err = row_fill(ctx, db, prepared, ctx->arena,
                       (char *)rows.items + rows.count * prepared->row->size);
        if (err)
            break;
        rows.count++;
    }
    run_end(db, prepared);
    if (!err)
        *ret = rows;
    return err;
}

enum err run_int(struct ctx *ctx, struct db *db, struct prepared *prepared, int64_t *ret,
                 const struct param *params, size_t count)
{
    if (prepared->column_count != 1)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: has %d columns, not one",
                    prepared->name, prepared->column_count);
    enum err err = run_check_reads(ctx, db, prepared);
    if (err)
        return err;
    err = run_begin(ctx, db, prepared, params, count);
    if (err)
        return err;
    bool found = false;
    struct param value = {};
    err = db->driver->step(ctx, prepared->statement, &found);
    if (!err)
        err = found ? db->driver->columns(ctx, prepared->statement,
                                          (enum param_kind[]){ PARAM_INT }, 1, &value)
                    : ERR_NOT_FOUND;
    run_end(db, prepared);
    if (!err)
        *ret = value.kind == PARAM_NULL ? NO_INT : value.integer;
    return err;
}

enum err run_each(struct ctx *ctx, struct db *db, struct prepared *prepared, void *row,
                  db_visit *visit, void *self, const struct param *params, size_t count)
{
    enum err err = run_begin_rows(ctx, db, prepared, params, count);
    if (err)
        return err;
    for (;;) {
        bool found = false;
        err = db->driver->step(ctx, prepared->statement, &found);
        if (err || !found)
            break;
        err = row_fill(ctx, db, prepared, NULL, row);
        if (!err)
            err = visit(ctx, self, row);
        /* A walk inside this one would reset the scratch under its rows: only the outermost may. */
        if (db->running == 1)
            arena_reset(&db->scratch);
        if (err)
            break;
    }
    run_end(db, prepared);
    return err;
}
