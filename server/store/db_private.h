/* db_private.h: what the files of the store's core share: a connection, its prepared statements,
 * its catalogue. Resources (leads.c ...) use <funneld/db.h> only. */
#ifndef FUNNELD_STORE_DB_PRIVATE_H
#define FUNNELD_STORE_DB_PRIVATE_H

#include <funneld/db.h>

#include "driver.h"
#include "migrations.h"
#include "sql.h"

/* The named statements and migrations that a store works with. The daemon has the embedded ones. */
struct catalogue {
    const struct sql_text *texts;
    size_t text_count;
    const struct migration *migrations;
    size_t migration_count;
};

/* Where the value of one column goes. */
struct column {
    const struct field *field;
    int names_count; /* FIELD_ENUM: how many values there are, 0 for any */
};

enum { COLUMNS_MAX = 64 }; /* as many as a table has fields at most */

/* A statement ready to run, with the way its columns map onto its row table. */
struct prepared {
    struct statement *statement; /* NULL: not prepared yet */
    const char *name;
    const struct table *row; /* NULL: no row is mapped */
    struct column *columns;  /* one per column, NULL when row is NULL */
    enum param_kind *wants;  /* one per column */
    void *blank;             /* a row with every field null, to begin with */
    int column_count;
    int param_count;
    bool writes;
    bool running;
};

/* What has been written since a batch began: see redo.c. */
struct redo {
    struct arena arena;
    struct redo_step **steps;
    size_t count, capacity;
    bool kept;  /* every step since the transaction began is here */
    bool marks; /* a new savepoint is a place among the steps, and none of the engine's */
};

enum { QUERIES_KEPT = 64, QUERY_KEPT_PARTS_MAX = 128 };

/* A statement of parts that was used lately. */
struct kept_query {
    uint64_t used;     /* db->query_clock at the last use; 0: empty slot */
    size_t part_count; /* 0: it was too long to be found again */
    int parts[QUERY_KEPT_PARTS_MAX];
    struct prepared prepared;
};

struct db {
    const struct driver *driver;
    struct connection *connection;
    const struct catalogue *catalogue; /* owned by the store, outlives the connection */
    struct prepared *named;            /* by number, catalogue->text_count of them */
    struct kept_query *queries;        /* QUERIES_KEPT of them */
    uint64_t query_clock;
    int64_t query_prepares; /* how often a statement of parts was prepared: tests look at it */
    int running;            /* statements that have begun and not ended */
    int depth;              /* open savepoints */
    int engine_depth;       /* the innermost of them, which the engine has */
    struct redo redo;       /* of the open transaction */
    unsigned noted;         /* enum change, as bits */
    struct arena scratch;   /* what lives for one row or one prepare */
    struct db_memo memo;
    struct db_counts counts;    /* of the open transaction */
    struct rollup_log *rollups; /* NULL on read-only connections */
    void (*closed)(void *self); /* tells the store that gave it out; may be NULL */
    void *closed_self;
};

/* Opens a connection. The catalogue is only pointed to. */
enum err db_open(struct ctx *ctx, const struct driver *driver, const struct catalogue *catalogue,
                 const char *path, enum access access, struct db **ret) _must_check_;

/* ---- prepared.c ---- */

/* Prepares a text, builds and checks its column map. `prepared` is zeroed or finished before. */
enum err prepared_open(struct ctx *ctx, struct db *db, const struct sql_text *text, bool keep,
                       struct prepared *prepared) _must_check_;
void prepared_close(struct db *db, struct prepared *prepared);
/* The statement of that number, prepared on first use. */
enum err prepared_named(struct ctx *ctx, struct db *db, int sql, struct prepared **ret)
    _must_check_;

/* ---- run.c ---- */

enum err run_exec(struct ctx *ctx, struct db *db, struct prepared *prepared,
                  const struct param *params, size_t count) _must_check_;
enum err run_one(struct ctx *ctx, struct db *db, struct prepared *prepared, void *row,
                 const struct param *params, size_t count) _must_check_;
enum err run_rows(struct ctx *ctx, struct db *db, struct prepared *prepared, struct rows *ret,
                  const struct param *params, size_t count) _must_check_;
enum err run_int(struct ctx *ctx, struct db *db, struct prepared *prepared, int64_t *ret,
                 const struct param *params, size_t count) _must_check_;
enum err run_each(struct ctx *ctx, struct db *db, struct prepared *prepared, void *row,
                  db_visit *visit, void *self, const struct param *params, size_t count)
    _must_check_;

/* The same once more, without a note of it. */
enum err run_again(struct ctx *ctx, struct db *db, struct prepared *prepared,
                   const struct param *params, size_t count) _must_check_;

/* ---- redo.c ---- */

/* From here to the end of the transaction, which has just begun, what is written is remembered. */
void redo_begin(struct redo *redo);
void redo_end(struct redo *redo);
void redo_free(struct redo *redo);
/* Notes what is about to be run. */
enum err redo_add(struct ctx *ctx, struct redo *redo, struct prepared *prepared,
                  const struct param *params, size_t count) _must_check_;
/* What was noted last has failed. */
void redo_failed(struct redo *redo, enum err err);
/* Ends the transaction and begins it anew with the first `mark` steps. After an error nothing is
 * known of it: roll it back. */
enum err redo_go_back(struct ctx *ctx, struct db *db, size_t mark) _must_check_;

/* ---- row.c ---- */

enum err row_map(struct ctx *ctx, struct db *db, struct prepared *prepared) _must_check_;
/* The current row of the statement into *row. What it points to goes to `arena`; with NULL bytes
 * stay in the engine's memory and texts go to db->scratch. */
enum err row_fill(struct ctx *ctx, struct db *db, const struct prepared *prepared,
                  struct arena *arena, void *row) _must_check_;

/* ---- query.c ---- */

void queries_close(struct db *db);

/* ---- For the writer ---- */

static inline bool db_is_idle(const struct db *db)
{
    return db->running == 0;
}

#endif
