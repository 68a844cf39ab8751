/* trace.c: the linker puts the __wrap_ functions here in front of those of <funneld/db.h>: see
 * tests/meson.build. */
#include "trace.h"

#include "bench.h"
#include "server/store/sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct trace *tracing; /* NULL: nothing is noted */

/* ---- Taking down ---- */

static void *keep(const void *data, size_t bytes)
{
    void *copy = arena_copy(&tracing->arena, data, bytes);
    if (!copy)
        bench_die("no memory for what was noted");
    return copy;
}

static void add(struct call call)
{
    if (tracing->count == tracing->capacity) {
        tracing->capacity = tracing->capacity ? tracing->capacity * 2 : 4096;
        tracing->calls = realloc(tracing->calls, tracing->capacity * sizeof *tracing->calls);
        if (!tracing->calls)
            bench_die("no memory for what was noted");
    }
    tracing->calls[tracing->count++] = call;
}

static void note(int sql, bool first_row, const struct param *params, size_t count)
{
    if (!tracing)
        return;
    struct param *copies = count ? keep(params, count * sizeof *params) : NULL;
    for (size_t i = 0; i < count; i++)
        copies[i].data = copies[i].length ? keep(copies[i].data, copies[i].length) : "";
    add((struct call){ sql, first_row, (uint8_t)count, copies });
}

void trace_start(struct trace *trace)
{
    tracing = trace;
}

void trace_commit(void)
{
    add((struct call){ .sql = TRACE_COMMIT });
}

void trace_stop(void)
{
    tracing = NULL;
}

void trace_free(struct trace *trace)
{
    free(trace->calls);
    arena_free(&trace->arena);
}

#define WRAP(name, arguments) enum err __real_##name arguments, __wrap_##name arguments

WRAP(db_exec_params, (struct ctx *, struct db *, int, const struct param *, size_t));
WRAP(db_one_params, (struct ctx *, struct db *, int, void *, const struct param *, size_t));
WRAP(db_rows_params, (struct ctx *, struct db *, int, struct rows *, const struct param *, size_t));
WRAP(db_int_params, (struct ctx *, struct db *, int, int64_t *, const struct param *, size_t));
WRAP(db_each_params,
     (struct ctx *, struct db *, int, void *, db_visit *, void *, const struct param *, size_t));
WRAP(query_rows, (struct ctx *, struct db *, const struct query *, struct rows *));
WRAP(query_int, (struct ctx *, struct db *, const struct query *, int64_t *));

enum err __wrap_db_exec_params(struct ctx *ctx, struct db *db, int sql, const struct param *params,
                               size_t count)
{
    note(sql, false, params, count);
    return __real_db_exec_params(ctx, db, sql, params, count);
}

enum err __wrap_db_one_params(struct ctx *ctx, struct db *db, int sql, void *row,
                              const struct param *params, size_t count)
{
    note(sql, true, params, count);
    return __real_db_one_params(ctx, db, sql, row, params, count);
}

enum err __wrap_db_rows_params(struct ctx *ctx, struct db *db, int sql, struct rows *ret,
                               const struct param *params, size_t count)
{
    note(sql, false, params, count);
    return __real_db_rows_params(ctx, db, sql, ret, params, count);
}

enum err __wrap_db_int_params(struct ctx *ctx, struct db *db, int sql, int64_t *ret,
                              const struct param *params, size_t count)
{
    note(sql, true, params, count);
    return __real_db_int_params(ctx, db, sql, ret, params, count);
}

enum err __wrap_db_each_params(struct ctx *ctx, struct db *db, int sql, void *row, db_visit *visit,
                               void *self, const struct param *params, size_t count)
{
    note(sql, false, params, count);
    return __real_db_each_params(ctx, db, sql, row, visit, self, params, count);
}

/* No use case that is measured asks for a list. */
static void refuse(void)
{
    if (tracing)
        bench_die("a statement of parts was run: teach trace.c to note it");
}

enum err __wrap_query_rows(struct ctx *ctx, struct db *db, const struct query *query,
                           struct rows *ret)
{
    refuse();
    return __real_query_rows(ctx, db, query, ret);
}

enum err __wrap_query_int(struct ctx *ctx, struct db *db, const struct query *query, int64_t *ret)
{
    refuse();
    return __real_query_int(ctx, db, query, ret);
}

/* ---- Giving again ---- */

static _Noreturn void sqlite_die(const struct replay *replay, const char *what)
{
    bench_die("%s: %s", what, sqlite3_errmsg(replay->handle));
}

/* $1 means the first parameter, as it does to the driver. */
static sqlite3_stmt *prepare(const struct replay *replay, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        bench_die("no memory for a statement");
    for (char *at = copy; *at; at++)
        if (at[0] == '$' && isdigit((unsigned char)at[1]))
            *at = '?';
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(replay->handle, copy, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL))
        sqlite_die(replay, text);
    free(copy);
    return statement;
}

void replay_open(struct replay *replay, sqlite3 *handle, const struct trace *trace)
{
    *replay = (struct replay){ .handle = handle, .trace = trace };
    replay->statements = calloc(SQL_COUNT, sizeof(*replay->statements));
    if (!replay->statements)
        bench_die("no memory for statements");
    replay->begin = prepare(replay, "BEGIN IMMEDIATE");
    replay->commit = prepare(replay, "COMMIT");
}

static void bind(sqlite3_stmt *statement, int index, const struct param *param)
{
    switch (param->kind) {
    case PARAM_NULL: sqlite3_bind_null(statement, index); break;
    case PARAM_INT: sqlite3_bind_int64(statement, index, param->integer); break;
    case PARAM_TEXT:
        sqlite3_bind_text(statement, index, param->data, (int)param->length, SQLITE_STATIC);
        break;
    case PARAM_BYTES:
        if (param->length)
            sqlite3_bind_blob(statement, index, param->data, (int)param->length, SQLITE_STATIC);
        else
            sqlite3_bind_zeroblob(statement, index, 0);
        break;
    }
}

static void step(const struct replay *replay, sqlite3_stmt *statement, bool first_row)
{
    int code;
    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW && !first_row);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        sqlite_die(replay, sqlite3_sql(statement));
    sqlite3_reset(statement);
}

bool replay_batch(struct replay *replay)
{
    const struct trace *trace = replay->trace;
    if (replay->next >= trace->count)
        return false;
    step(replay, replay->begin, false);
    for (; trace->calls[replay->next].sql != TRACE_COMMIT; replay->next++) {
        const struct call *call = &trace->calls[replay->next];
        sqlite3_stmt **statement = &replay->statements[call->sql];
        if (!*statement)
            *statement = prepare(replay, sql_texts[call->sql].text);
        for (int i = 0; i < call->count; i++)
            bind(*statement, i + 1, &call->params[i]);
        step(replay, *statement, call->first_row);
    }
    replay->next++;
    step(replay, replay->commit, false);
    return true;
}

void replay_close(struct replay *replay)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(replay->statements[i]);
    sqlite3_finalize(replay->begin);
    sqlite3_finalize(replay->commit);
    free(replay->statements);
}
