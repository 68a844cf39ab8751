/* core.c: the fixture of the tests of the store's core. */
#include "core.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const colour_names[] = { "red", "green", NULL };

static const struct field thing_fields[] = {
    FIELD(struct thing, id, ID),
    FIELD(struct thing, number, INT),
    FIELD(struct thing, flag, BOOL),
    FIELD(struct thing, at, TIME),
    FIELD(struct thing, day, DAY),
    FIELD(struct thing, name, TEXT),
    FIELD(struct thing, extra, JSON),
    FIELD_NAMED(struct thing, colour, colour_names),
    FIELD(struct thing, tags, TEXTS),
    FIELD(struct thing, raw, BYTES),
    FIELD(struct thing, from, TEXT, .column = "from_place"),
    FIELD(struct thing, unseen, INT),
    FIELD(struct thing, parts, ROWS),
};

const struct table thing_table = TABLE(struct thing, "thing", thing_fields);

#define THING_COLUMNS "id, number, flag, at, day, name, extra, colour, tags, raw"

static const struct sql_text texts[CORE_SQL_COUNT] = {
    [CORE_INSERT] = { "insert",
                      "INSERT INTO thing (" THING_COLUMNS
                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                      NULL, 10 },
    [CORE_BY_NUMBER] = { "by_number", "SELECT " THING_COLUMNS " FROM thing WHERE number = $1",
                         &thing_table, 1 },
    [CORE_ALL] = { "all", "SELECT " THING_COLUMNS " FROM thing ORDER BY number", &thing_table, 0 },
    [CORE_COUNT] = { "count", "SELECT count(*) FROM thing", NULL, 0 },
    [CORE_NUMBERS] = { "numbers", "SELECT number FROM thing ORDER BY number", &thing_table, 0 },
    [CORE_SUM] = { "sum", "SELECT sum(number) FROM thing", NULL, 0 },
    [CORE_SWAPPED] = { "swapped", "SELECT CAST($2 AS TEXT) || ':' || CAST($1 AS TEXT) AS name",
                       &thing_table, 2 },
    [CORE_OTHER_NAME] = { "other_name", "SELECT 'here' AS from_place", &thing_table, 0 },
    [CORE_OWN_NAME] = { "own_name", "SELECT 'here' AS \"from\"", &thing_table, 0 },
    [CORE_REPEATED] = { "repeated", "SELECT $2 * 100 + $1 * 10 + $2", NULL, 2 },
    [CORE_QUOTED] = { "quoted",
                      "SELECT 'it''s $2' || /* $3 */ CAST($1 AS TEXT) || '$4' AS name -- $5",
                      &thing_table, 1 },
    [CORE_UNKNOWN_COLUMN] = { "unknown_column", "SELECT number, name AS surname FROM thing",
                              &thing_table, 0 },
    [CORE_COLUMN_TWICE] = { "column_twice", "SELECT number, number FROM thing", &thing_table, 0 },
    [CORE_COLUMN_OF_ROWS] = { "column_of_rows", "SELECT name AS parts FROM thing", &thing_table,
                              0 },
    [CORE_BAD_SQL] = { "bad_sql", "SELECT nothing FROM nowhere", NULL, 0 },
    [CORE_TWO_STATEMENTS] = { "two_statements", "SELECT 1; SELECT 2", NULL, 0 },
    [CORE_WRONG_COUNT] = { "wrong_count", "SELECT $1 + $2", NULL, 1 },
    [CORE_WRONG_TYPE] = { "wrong_type", "SELECT 'seven' AS number", &thing_table, 0 },
    [CORE_SHORT_ID] = { "short_id", "SELECT x'0102' AS id", &thing_table, 0 },
    [CORE_BAD_ENUM] = { "bad_enum", "SELECT 2 AS colour", &thing_table, 0 },
    [CORE_NULLS] = { "nulls",
                     "SELECT NULL AS id, NULL AS number, NULL AS flag, NULL AS at, NULL AS day, "
                     "NULL AS name, NULL AS extra, NULL AS colour, NULL AS tags, NULL AS raw",
                     &thing_table, 0 },
    [CORE_SLOW] = { "slow",
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
                    "SELECT max(i) FROM n",
                    NULL, 1 },
    [CORE_DELETE] = { "delete", "DELETE FROM thing WHERE number >= $1", NULL, 1 },
    [CORE_PAIR] = { "pair", "INSERT INTO pair (number, filler) VALUES ($1, $2)", NULL, 2 },
    [CORE_FILL] = { "fill", "INSERT INTO filler (filler) VALUES ($1)", NULL, 1 },
    [CORE_LIST] = { "list", "SELECT number, name FROM thing WHERE 1 = 1", &thing_table, 0 },
    [CORE_LIST_MIN] = { "list_min", "AND number >= $1", NULL, 1 },
    [CORE_LIST_NAME] = { "list_name", "AND '$1' LIKE '_1' AND name IN ($2, $1)", NULL, 2 },
    [CORE_LIST_MAX] = { "list_max", "AND number <= $1", NULL, 1 },
    [CORE_LIST_ORDER] = { "list_order", "ORDER BY number DESC LIMIT $1", NULL, 1 },
};

static const struct migration core_migrations[] = {
    { 1, "things",
      "CREATE TABLE thing (id BLOB, number BIGINT NOT NULL PRIMARY KEY, flag BIGINT, at BIGINT, "
      "day BIGINT, name TEXT, extra TEXT, colour BIGINT, tags TEXT, raw BLOB) WITHOUT ROWID;\n"
      "CREATE UNIQUE INDEX thing_id ON thing (id);\n" },
    { 2, "pairs",
      "-- Two rows that belong together, and something that takes space.\n"
      "CREATE TABLE pair (number BIGINT NOT NULL, filler BLOB);\n"
      "CREATE TABLE filler (filler BLOB);\n" },
};

const struct catalogue core_catalogue = {
    .texts = texts,
    .text_count = CORE_SQL_COUNT,
    .migrations = core_migrations,
    .migration_count = ARRAY_SIZE(core_migrations),
};

struct catalogue core_with(const struct migration *list, size_t count)
{
    struct catalogue catalogue = core_catalogue;
    catalogue.migrations = list;
    catalogue.migration_count = count;
    return catalogue;
}

/* ---- The clock ---- */

static atomic_llong clock_shift_ms;

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);

int64_t __wrap_clock_now_ms(void)
{
    return __real_clock_now_ms() + atomic_load(&clock_shift_ms);
}

void core_clock_shift(int64_t ms)
{
    atomic_store(&clock_shift_ms, ms);
}

/* ---- The fixture ---- */

void core_make(struct core *core)
{
    const char *parent = getenv("TMPDIR");
    *core = (struct core){};
    core->ctx = (struct ctx){ .arena = &core->arena, .ids = &core->ids };
    snprintf(core->directory, sizeof core->directory, "%s/funneld-store-XXXXXX",
             parent && strlen(parent) < 64 ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(core->directory));
    snprintf(core->path, sizeof core->path, "%s/test.db", core->directory);
}

void core_open(struct core *core)
{
    ck_assert_ok(&core->ctx,
                 store_open_with(&core->ctx, core->path, &core_catalogue, &core->store));
    core->db = store_writer(core->store);
}

void core_close(struct core *core)
{
    store_close(core->store);
    core->store = NULL;
    core->db = NULL;
}

void core_done(struct core *core)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", ".lock", ".other" };
    core_close(core);
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        char name[160];
        snprintf(name, sizeof name, "%s%s", core->path, suffixes[i]);
        unlink(name);
    }
    ck_assert_int_eq(rmdir(core->directory), 0);
    arena_free(&core->arena);
}

enum err core_exec(struct ctx *ctx, struct db *db, const char *text)
{
    return db->driver->script(ctx, db->connection, "test", text);
}

int64_t core_int(struct core *core, struct db *db, const char *text)
{
    struct prepared prepared;
    int64_t value = 0;
    ck_assert_ok(&core->ctx,
                 prepared_open(&core->ctx, db, &(struct sql_text){ "test", text, NULL, 0 }, false,
                               &prepared));
    ck_assert_ok(&core->ctx, run_int(&core->ctx, db, &prepared, &value, NULL, 0));
    prepared_close(db, &prepared);
    return value;
}

int64_t core_count(struct core *core)
{
    return core_int(core, core->db, "SELECT count(*) FROM thing");
}

enum err core_add(struct ctx *ctx, struct db *db, int64_t number)
{
    return db_exec(ctx, db, CORE_INSERT, param_int(NO_INT), param_int(number), param_int(NO_INT),
                   param_int(NO_INT), param_int(NO_INT), param_text("thing"), param_text(NULL),
                   param_int(NO_INT), param_text(NULL), param_bytes(NULL, 0));
}

void core_write_file(const char *path, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
}
