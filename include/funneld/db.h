/* db.h: one connection to the data, whatever engine drives it.
 *
 * SQL lives in server/store/sql/ as named statements, here numbers of the generated `enum sql`.
 * A statement is prepared once per connection. Rows map onto structs by column name, through the
 * field table that the statement names. A connection belongs to one thread at a time.
 *
 * Every function that can fail records the failure in ctx, except for ERR_NOT_FOUND (no row) and
 * ERR_EXISTS (a unique key is taken): what those mean is the caller's to say. Others:
 * ERR_STORAGE (disk full, I/O error), ERR_DEADLINE, ERR_BUSY (locked), ERR_MEMORY, ERR_CORRUPT,
 * ERR_INTERNAL. */
#ifndef FUNNELD_DB_H
#define FUNNELD_DB_H

#include <funneld/base.h>
#include <funneld/field.h>

struct db;

/* ---- Parameters: $1 is the first ---- */

enum param_kind { PARAM_NULL, PARAM_INT, PARAM_TEXT, PARAM_BYTES };

struct param {
    enum param_kind kind;
    int64_t integer;
    const void *data;
    size_t length;
};

struct param param_int(int64_t value);      /* NO_INT is NULL */
struct param param_text(const char *text);  /* NULL is NULL */
struct param param_id(const struct id *id); /* nil is NULL */
struct param param_bytes(const void *data, size_t length);

#define PARAMS(...)                                                                                \
    (const struct param[]){ __VA_ARGS__ },                                                         \
        sizeof((const struct param[]){ __VA_ARGS__ }) / sizeof(struct param)

/* ---- Running a statement by its number; the macros take the parameters one by one ---- */

enum err db_exec_params(struct ctx *ctx, struct db *db, int sql, const struct param *params,
                        size_t count) _must_check_;
/* The first row into *row, its texts copied into ctx's arena. ERR_NOT_FOUND when there is none. */
enum err db_one_params(struct ctx *ctx, struct db *db, int sql, void *row,
                       const struct param *params, size_t count) _must_check_;
/* All rows as an array in ctx's arena. */
enum err db_rows_params(struct ctx *ctx, struct db *db, int sql, struct rows *ret,
                        const struct param *params, size_t count) _must_check_;
/* The single column of the first row; NO_INT for NULL, ERR_NOT_FOUND without a row. */
enum err db_int_params(struct ctx *ctx, struct db *db, int sql, int64_t *ret,
                       const struct param *params, size_t count) _must_check_;
/* Calls visit for each row with `row` filled; its texts are valid only during that call (no copy
 * is made). visit must not run the same statement. What visit returns other than OK ends the
 * walk and is returned. */
typedef enum err db_visit(struct ctx *ctx, void *self, const void *row);
enum err db_each_params(struct ctx *ctx, struct db *db, int sql, void *row, db_visit *visit,
                        void *self, const struct param *params, size_t count) _must_check_;

#define db_exec(ctx, db, sql, ...) db_exec_params(ctx, db, sql, PARAMS(__VA_ARGS__))
#define db_one(ctx, db, sql, row, ...) db_one_params(ctx, db, sql, row, PARAMS(__VA_ARGS__))
#define db_rows(ctx, db, sql, ret, ...) db_rows_params(ctx, db, sql, ret, PARAMS(__VA_ARGS__))
#define db_int(ctx, db, sql, ret, ...) db_int_params(ctx, db, sql, ret, PARAMS(__VA_ARGS__))
#define db_each(ctx, db, sql, row, visit, self, ...)                                               \
    db_each_params(ctx, db, sql, row, visit, self, PARAMS(__VA_ARGS__))

int64_t db_changes(const struct db *db); /* rows changed by the last db_exec() */

/* ---- A statement of parts: constant texts from the .sql files put one behind the other ---- */

enum { QUERY_PARTS_MAX = 1000, QUERY_PARAMS_MAX = 900 };

/* Each part is a named statement of its own whose $1..$n are numbered on behind those of the
 * parts before it. The first part names the row table. Prepared statements are kept per sequence
 * of parts (the 64 used last), unless it is very long. */
struct query {
    struct arena *arena; /* where it grows: { .arena = ctx->arena } begins one */
    size_t part_count, part_room, param_count, param_room;
    int *parts;
    struct param *params;
};

void query_part_params(struct query *query, int sql, const struct param *params, size_t count);
#define query_part(query, sql, ...) query_part_params(query, sql, PARAMS(__VA_ARGS__))
enum err query_rows(struct ctx *ctx, struct db *db, const struct query *query, struct rows *ret)
    _must_check_;
/* As db_each_params(). */
enum err query_each(struct ctx *ctx, struct db *db, const struct query *query, void *row,
                    db_visit *visit, void *self) _must_check_;
enum err query_int(struct ctx *ctx, struct db *db, const struct query *query, int64_t *ret)
    _must_check_;

/* ---- Transactions ---- */

enum err db_begin_read(struct ctx *ctx, struct db *db) _must_check_;
void db_end_read(struct db *db);
enum err db_begin_write(struct ctx *ctx, struct db *db) _must_check_;
enum err db_commit(struct ctx *ctx, struct db *db) _must_check_;
void db_rollback(struct db *db); /* safe when nothing is open */
/* false too when the engine has rolled back by itself */
bool db_in_transaction(const struct db *db);

/* Counts what is being written; the metric moves with the commit. */
void db_count(struct db *db, enum metric metric);

struct db_counts {
    int32_t of[METRIC_COUNT];
};

/* For a transaction that has just begun, and in which little is ever rolled back: its savepoints
 * cost next to nothing, and going back to one costs what was written before. Until its end only
 * db_exec() may write. */
void db_remember(struct db *db);

/* Savepoints nest; what was added to the rollups, and counted, since is dropped by a rollback. */
struct savepoint {
    int depth;
    size_t redo_mark, rollup_mark;
    struct db_counts counts;
};

enum err db_savepoint(struct ctx *ctx, struct db *db, struct savepoint *ret) _must_check_;
enum err db_release(struct ctx *ctx, struct db *db, const struct savepoint *savepoint) _must_check_;
/* And releases it. Should that fail, no transaction is left. */
void db_rollback_to(struct db *db, const struct savepoint *savepoint);

/* What a transaction has changed, told by whoever changes it: what is kept of the data elsewhere is
 * good until that has been committed again. */
enum change {
    CHANGE_ANY,     /* whatever it was: noted by itself */
    CHANGE_ROLLUPS, /* a cell moved */
    CHANGE_KEYS,    /* who may call */
    CHANGE_ERASED,  /* somebody is gone */
    CHANGE_COUNT,
};
void db_note(struct db *db, enum change change);
/* A bit for each that was noted since the transaction began. */
unsigned db_noted(const struct db *db);

/* Statements end with ERR_DEADLINE once the monotonic clock passes this; 0: no deadline. Any
 * thread. */
void db_set_deadline(struct db *db, int64_t monotonic_us);
/* How often the deadline was looked at so far, which goes on while a statement does. Any thread. */
int64_t db_looks(const struct db *db);

/* One object that a layer above derives from the data and keeps with the connection, in an arena of
 * its own; db_close() frees it. */
struct db_memo {
    struct arena arena;
    const void *data;
    const char *version; /* what it was derived from, in the arena */
};
struct db_memo *db_memo(struct db *db);

/* Deltas of rollup cells that wait for the commit: see server/store/rollups.c. NULL on read-only
 * connections. */
struct rollup_log;
struct rollup_log *db_rollups(struct db *db);

#endif
