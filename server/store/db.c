/* db.c: a connection: its life, its transactions and savepoints, and the functions that run a named
 * statement. Knows no engine (driver.h does) and no resource. */
#include <funneld/store.h>

#include "db_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rollups_private.h"

/* ---- Parameters ---- */

struct param param_int(int64_t value)
{
    if (value == NO_INT)
        return (struct param){ .kind = PARAM_NULL };
    return (struct param){ .kind = PARAM_INT, .integer = value };
}

struct param param_text(const char *text)
{
    if (!text)
        return (struct param){ .kind = PARAM_NULL };
    return (struct param){ .kind = PARAM_TEXT, .data = text, .length = strlen(text) };
}

struct param param_id(const struct id *id)
{
    if (id_is_nil(id))
        return (struct param){ .kind = PARAM_NULL };
    return param_bytes(id->bytes, sizeof id->bytes);
}

struct param param_bytes(const void *data, size_t length)
{
    if (!data)
        return (struct param){ .kind = PARAM_NULL };
    return (struct param){ .kind = PARAM_BYTES, .data = data, .length = length };
}

/* ---- Life ---- */

enum err db_open(struct ctx *ctx, const struct driver *driver, const struct catalogue *catalogue,
                 const char *path, enum access access, struct db **ret)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a connection");
    db->driver = driver;
    db->catalogue = catalogue;
    /* One more than there are, so that an empty catalogue is no special case. */
    db->named = calloc(catalogue->text_count + 1, sizeof *db->named);
    db->queries = calloc(QUERIES_KEPT, sizeof *db->queries);
    db->rollups = access == ACCESS_WRITE ? rollups_new() : NULL;
    enum err err = OK;
    if (!db->named || !db->queries || (access == ACCESS_WRITE && !db->rollups))
        err = fail(ctx, ERR_MEMORY, NULL, "no memory for a connection");
    if (!err)
        err = driver->open(ctx, path, access, &db->connection);
    if (err) {
        db_close(db);
        return err;
    }
    *ret = db;
    return OK;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    assert(db_is_idle(db));
    if (db->connection && db_in_transaction(db))
        db_rollback(db);
    for (size_t i = 0; db->named && i < db->catalogue->text_count; i++)
        prepared_close(db, &db->named[i]);
    if (db->queries)
        queries_close(db);
    arena_free(&db->memo.arena);
    redo_free(&db->redo);
    if (db->rollups)
        rollups_free(db->rollups);
    if (db->connection)
        db->driver->close(db->connection);
    if (db->closed)
        db->closed(db->closed_self);
    arena_free(&db->scratch);
    free(db->named);
    free(db->queries);
    free(db);
}

struct db_memo *db_memo(struct db *db)
{
    return &db->memo;
}

struct rollup_log *db_rollups(struct db *db)
{
    return db->rollups;
}

void db_set_deadline(struct db *db, int64_t monotonic_us)
{
    db->driver->set_deadline(db->connection, monotonic_us);
}

int64_t db_looks(const struct db *db)
{
    return db->driver->looks(db->connection);
}

/* ---- Named statements ---- */

enum err db_exec_params(struct ctx *ctx, struct db *db, int sql, const struct param *params,
                        size_t count)
{
    struct prepared *prepared = NULL;
    enum err err = prepared_named(ctx, db, sql, &prepared);
    return err ? err : run_exec(ctx, db, prepared, params, count);
}

enum err db_one_params(struct ctx *ctx, struct db *db, int sql, void *row,
                       const struct param *params, size_t count)
{
    struct prepared *prepared = NULL;
    enum err err = prepared_named(ctx, db, sql, &prepared);
    return err ? err : run_one(ctx, db, prepared, row, params, count);
}

enum err db_rows_params(struct ctx *ctx, struct db *db, int sql, struct rows *ret,
                        const struct param *params, size_t count)
{
    struct prepared *prepared = NULL;
    enum err err = prepared_named(ctx, db, sql, &prepared);
    return err ? err : run_rows(ctx, db, prepared, ret, params, count);
}

enum err db_int_params(struct ctx *ctx, struct db *db, int sql, int64_t *ret,
                       const struct param *params, size_t count)
{
    struct prepared *prepared = NULL;
    enum err err = prepared_named(ctx, db, sql, &prepared);
    return err ? err : run_int(ctx, db, prepared, ret, params, count);
}

enum err db_each_params(struct ctx *ctx, struct db *db, int sql, void *row, db_visit *visit,
                        void *self, const struct param *params, size_t count)
{
    struct prepared *prepared = NULL;
    enum err err = prepared_named(ctx, db, sql, &prepared);
    return err ? err : run_each(ctx, db, prepared, row, visit, self, params, count);
}

int64_t db_changes(const struct db *db)
{
    return db->driver->changes(db->connection);
}

/* ---- Transactions ---- */

/* Ends what is open, without an answer: a statement that fails here leaves nothing to be done about
 * it. */
static void end_quietly(struct db *db, enum control control)
{
    struct arena arena = {};
    struct ctx ctx = { .arena = &arena };
    enum err err = db->driver->control(&ctx, db->connection, control);
    if (err)
        log_line(LOG_ERROR, "store", "a transaction could not be ended: %s", ctx.failure.detail);
    arena_free(&arena);
}

enum err db_begin_read(struct ctx *ctx, struct db *db)
{
    if (db_in_transaction(db)) /* the last one could not be ended, for want of memory */
        end_quietly(db, CONTROL_ROLLBACK);
    return db->driver->control(ctx, db->connection, CONTROL_BEGIN_READ);
}

void db_end_read(struct db *db)
{
    /* An error may have ended it already. ROLLBACK: nothing was written, and COMMIT could fail. */
    if (db_in_transaction(db))
        end_quietly(db, CONTROL_ROLLBACK);
}

enum err db_begin_write(struct ctx *ctx, struct db *db)
{
    assert(db->depth == 0);
    db->noted = 0;
    return db->driver->control(ctx, db->connection, CONTROL_BEGIN_WRITE);
}

void db_note(struct db *db, enum change change)
{
    db->noted |= 1u << change;
}

unsigned db_noted(const struct db *db)
{
    return db->noted;
}

void db_count(struct db *db, enum metric metric)
{
    db->counts.of[metric]++;
}

enum err db_commit(struct ctx *ctx, struct db *db)
{
    assert(db->depth == 0);
    enum err err = db->driver->control(ctx, db->connection, CONTROL_COMMIT);
    if (err)
        return err;
    redo_end(&db->redo);
    if (db->rollups)
        rollups_truncate(db->rollups, 0);
    for (int i = 0; i < METRIC_COUNT; i++)
        if (db->counts.of[i] != 0)
            metric_add((enum metric)i, db->counts.of[i]);
    db->counts = (struct db_counts){ 0 };
    return OK;
}

void db_rollback(struct db *db)
{
    db->depth = db->engine_depth = 0;
    redo_end(&db->redo);
    db->counts = (struct db_counts){ 0 };
    if (db->rollups)
        rollups_truncate(db->rollups, 0);
    if (db_in_transaction(db))
        end_quietly(db, CONTROL_ROLLBACK);
}

bool db_in_transaction(const struct db *db)
{
    return db->driver->in_transaction(db->connection);
}

void db_remember(struct db *db)
{
    assert(db->depth == 0);
    redo_begin(&db->redo);
}

enum err db_savepoint(struct ctx *ctx, struct db *db, struct savepoint *ret)
{
    bool engine = !db->redo.marks;
    enum err err = engine ? db->driver->control(ctx, db->connection, CONTROL_SAVEPOINT) : OK;
    if (err)
        return err;
    db->depth++;
    db->engine_depth += engine;
    *ret = (struct savepoint){ .depth = db->depth,
                               .redo_mark = db->redo.count,
                               .rollup_mark = db->rollups ? rollups_mark(db->rollups) : 0,
                               .counts = db->counts };
    return OK;
}

enum err db_release(struct ctx *ctx, struct db *db, const struct savepoint *savepoint)
{
    assert(savepoint->depth == db->depth); /* the innermost is released first */
    bool engine = db->engine_depth > 0;
    enum err err = engine ? db->driver->control(ctx, db->connection, CONTROL_RELEASE) : OK;
    if (err)
        return err;
    db->depth--;
    db->engine_depth -= engine;
    return OK;
}

/* To one of the engine's. None is left when it has rolled the whole transaction back. */
static void engine_go_back(struct db *db)
{
    if (db_in_transaction(db))
        end_quietly(db, CONTROL_ROLLBACK_TO);
    if (db_in_transaction(db))
        end_quietly(db, CONTROL_RELEASE);
}

/* To one among the steps. On failure no transaction is left. */
static void steps_go_back(struct db *db, size_t mark)
{
    if (db->redo.count == mark || !db_in_transaction(db)) /* mostly nothing was written yet */
        return;
    struct arena arena = {};
    struct ctx ctx = { .arena = &arena };
    if (redo_go_back(&ctx, db, mark)) {
        log_line(LOG_ERROR, "store", "a transaction could not be written again: %s",
                 ctx.failure.detail);
        if (db_in_transaction(db))
            end_quietly(db, CONTROL_ROLLBACK);
    }
    arena_free(&arena);
}

void db_rollback_to(struct db *db, const struct savepoint *savepoint)
{
    assert(savepoint->depth <= db->depth);
    db->counts = savepoint->counts;
    if (db->rollups)
        rollups_truncate(db->rollups, savepoint->rollup_mark);
    /* Those opened inside and left open by an early return go first. */
    for (; db->depth >= savepoint->depth && db->engine_depth > 0; db->depth--, db->engine_depth--)
        engine_go_back(db);
    if (db->depth >= savepoint->depth)
        steps_go_back(db, savepoint->redo_mark);
    else
        db->redo.count = savepoint->redo_mark;
    db->depth = savepoint->depth - 1;
}
