/* core.h: what the tests of the store's core share: a data file in a directory of its own, and a
 * small catalogue of statements and migrations, so that no test depends on the daemon's schema. */
#ifndef FUNNELD_TESTS_STORE_CORE_H
#define FUNNELD_TESTS_STORE_CORE_H

#include "tests/support/suite.h"

#include "server/store/store_private.h"

enum colour { RED, GREEN };

struct thing {
    struct id id;
    int64_t number, flag, at, day;
    const char *name, *extra;
    enum colour colour;
    struct texts tags;
    struct bytes raw;
    const char *from; /* its column is from_place */
    int64_t unseen;   /* a field that no statement selects */
    struct rows parts;
};

extern const struct table thing_table;

enum core_sql {
    CORE_INSERT,
    CORE_BY_NUMBER,
    CORE_ALL,
    CORE_COUNT,
    CORE_NUMBERS,
    CORE_SUM,
    CORE_SWAPPED,
    CORE_OTHER_NAME,
    CORE_OWN_NAME,
    CORE_REPEATED,
    CORE_QUOTED,
    CORE_UNKNOWN_COLUMN,
    CORE_COLUMN_TWICE,
    CORE_COLUMN_OF_ROWS,
    CORE_BAD_SQL,
    CORE_TWO_STATEMENTS,
    CORE_WRONG_COUNT,
    CORE_WRONG_TYPE,
    CORE_SHORT_ID,
    CORE_BAD_ENUM,
    CORE_NULLS,
    CORE_SLOW,
    CORE_DELETE,
    CORE_PAIR,
    CORE_FILL,
    CORE_LIST,
    CORE_LIST_MIN,
    CORE_LIST_NAME,
    CORE_LIST_MAX,
    CORE_LIST_ORDER,
    CORE_SQL_COUNT
};

extern const struct catalogue core_catalogue;
/* The same statements with another list of migrations. */
struct catalogue core_with(const struct migration *list, size_t count);

struct core {
    char directory[96];
    char path[128];
    struct arena arena;
    struct id_source ids;
    struct ctx ctx;
    struct store *store; /* NULL while closed */
    struct db *db;       /* the writer's connection */
};

void core_make(struct core *core); /* the directory, empty */
void core_open(struct core *core); /* core_catalogue; must succeed */
void core_close(struct core *core);
void core_done(struct core *core); /* closes, removes the directory */

/* SQL that is no named statement, for looking behind the scenes. */
enum err core_exec(struct ctx *ctx, struct db *db, const char *text);
int64_t core_int(struct core *core, struct db *db, const char *text);
int64_t core_count(struct core *core);
/* A row of `thing` with that number. */
enum err core_add(struct ctx *ctx, struct db *db, int64_t number);
/* A file of these bytes; the mode is 0600. */
void core_write_file(const char *path, const void *data, size_t bytes);

/* What clock_now_ms() is ahead of the real clock; tests turn it back. */
void core_clock_shift(int64_t ms);

#define ck_assert_err(ctx, got, expected)                                                          \
    do {                                                                                           \
        enum err err_ = (got);                                                                     \
        ck_assert_msg(err_ == (expected), "%s is %d (%s), expected %d", #got, (int)err_,           \
                      (ctx)->failure.detail ? (ctx)->failure.detail : "no detail",                 \
                      (int)(expected));                                                            \
    } while (0)
#define ck_assert_ok(ctx, got) ck_assert_err(ctx, got, OK)
#define ck_assert_has(text, part)                                                                  \
    ck_assert_msg((text) && strstr((text), (part)), "\"%s\" does not say \"%s\"",                  \
                  (text) ? (text) : "(null)", (part))

void rows_tests(Suite *suite);
void queries_tests(Suite *suite);
void transactions_tests(Suite *suite);
void open_tests(Suite *suite);
void migrate_tests(Suite *suite);
void writer_tests(Suite *suite);
void writer_upkeep_tests(Suite *suite);
void scanner_tests(Suite *suite);
void wipe_tests(Suite *suite);

#endif
