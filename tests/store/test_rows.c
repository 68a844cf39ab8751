/* test_rows.c: parameters in, rows out, and what a statement that does not fit is told. */
#include "core.h"

#include <string.h>

static struct core core;

static void setup(void)
{
    core_make(&core);
    core_open(&core);
}

static void teardown(void)
{
    core_done(&core);
}

static void add_full(const struct id *id, int64_t number)
{
    ck_assert_ok(&core.ctx,
                 db_exec(&core.ctx, core.db, CORE_INSERT, param_id(id), param_int(number),
                         param_int(1), param_int(1700000000123), param_int(20000),
                         param_text("Zoë"), param_text("{\"a\":1}"), param_int(GREEN),
                         param_text("one\ntwo\n\nlast"), param_bytes("\0\1\2", 3)));
}

START_TEST(test_every_kind_comes_back)
{
    struct id id = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };
    struct thing thing;
    add_full(&id, 7);
    ck_assert_int_eq(db_changes(core.db), 1);
    ck_assert_ok(&core.ctx, db_one(&core.ctx, core.db, CORE_BY_NUMBER, &thing, param_int(7)));
    ck_assert_int_eq(id_compare(&thing.id, &id), 0);
    ck_assert_int_eq(thing.number, 7);
    ck_assert_int_eq(thing.flag, 1);
    ck_assert_int_eq(thing.at, 1700000000123);
    ck_assert_int_eq(thing.day, 20000);
    ck_assert_str_eq(thing.name, "Zoë");
    ck_assert_str_eq(thing.extra, "{\"a\":1}");
    ck_assert_int_eq(thing.colour, GREEN);
    ck_assert_uint_eq(thing.tags.count, 4);
    ck_assert_str_eq(thing.tags.items[0], "one");
    ck_assert_str_eq(thing.tags.items[2], "");
    ck_assert_str_eq(thing.tags.items[3], "last");
    ck_assert_uint_eq(thing.raw.length, 3);
    ck_assert_mem_eq(thing.raw.data, "\0\1\2", 3);
    ck_assert_int_eq(thing.unseen, NO_INT);
}
END_TEST

START_TEST(test_nulls)
{
    struct thing thing;
    memset(&thing, 0x55, sizeof thing);
    ck_assert_ok(&core.ctx, db_one_params(&core.ctx, core.db, CORE_NULLS, &thing, NULL, 0));
    ck_assert(id_is_nil(&thing.id));
    ck_assert_int_eq(thing.number, NO_INT);
    ck_assert_int_eq(thing.flag, NO_INT);
    ck_assert_int_eq(thing.at, NO_INT);
    ck_assert_int_eq(thing.day, NO_INT);
    ck_assert_ptr_null(thing.name);
    ck_assert_ptr_null(thing.extra);
    ck_assert_int_eq((int)thing.colour, -1);
    ck_assert_uint_eq(thing.tags.count, 0);
    ck_assert_ptr_null(thing.raw.data);
    ck_assert_int_eq(thing.unseen, NO_INT);
}
END_TEST

START_TEST(test_null_parameters)
{
    struct thing thing;
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, 1));
    ck_assert_ok(&core.ctx, db_one(&core.ctx, core.db, CORE_BY_NUMBER, &thing, param_int(1)));
    ck_assert(id_is_nil(&thing.id));
    ck_assert_int_eq(thing.flag, NO_INT);
    ck_assert_ptr_null(thing.extra);
    ck_assert_ptr_null(thing.raw.data);
    ck_assert_int_eq(param_id(&(struct id){}).kind, PARAM_NULL);
}
END_TEST

START_TEST(test_empty_is_not_null)
{
    struct thing thing;
    ck_assert_ok(&core.ctx,
                 db_exec(&core.ctx, core.db, CORE_INSERT, param_int(NO_INT), param_int(2),
                         param_int(0), param_int(0), param_int(0), param_text(""), param_text(""),
                         param_int(RED), param_text(""), param_bytes("", 0)));
    ck_assert_ok(&core.ctx, db_one(&core.ctx, core.db, CORE_BY_NUMBER, &thing, param_int(2)));
    ck_assert_int_eq(thing.flag, 0);
    ck_assert_str_eq(thing.name, "");
    ck_assert_int_eq(thing.colour, RED);
    ck_assert_uint_eq(thing.tags.count, 0);
    ck_assert_ptr_nonnull(thing.raw.data);
    ck_assert_uint_eq(thing.raw.length, 0);
}
END_TEST

START_TEST(test_order_of_parameters)
{
    struct thing thing;
    int64_t value = 0;
    ck_assert_ok(&core.ctx, db_one(&core.ctx, core.db, CORE_SWAPPED, &thing, param_text("first"),
                                   param_text("second")));
    ck_assert_str_eq(thing.name, "second:first");
    ck_assert_ok(&core.ctx,
                 db_int(&core.ctx, core.db, CORE_REPEATED, &value, param_int(3), param_int(4)));
    ck_assert_int_eq(value, 434);
}
END_TEST

START_TEST(test_quotes_and_comments_hold_no_parameters)
{
    struct thing thing;
    ck_assert_ok(&core.ctx, db_one(&core.ctx, core.db, CORE_QUOTED, &thing, param_text("+")));
    ck_assert_str_eq(thing.name, "it's $2+$4");
}
END_TEST

START_TEST(test_column_under_another_name)
{
    struct thing thing;
    ck_assert_ok(&core.ctx, db_one_params(&core.ctx, core.db, CORE_OTHER_NAME, &thing, NULL, 0));
    ck_assert_str_eq(thing.from, "here");
}
END_TEST

START_TEST(test_rows_outlive_the_statement)
{
    struct rows rows = {};
    for (int i = 0; i < 100; i++)
        ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, i));
    ck_assert_ok(&core.ctx, db_rows_params(&core.ctx, core.db, CORE_ALL, &rows, NULL, 0));
    ck_assert_ok(&core.ctx, db_exec(&core.ctx, core.db, CORE_DELETE, param_int(0)));
    ck_assert_int_eq(db_changes(core.db), 100);
    ck_assert_uint_eq(rows.count, 100);
    const struct thing *things = rows.items;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(things[i].number, i);
        ck_assert_str_eq(things[i].name, "thing");
    }
    ck_assert_ok(&core.ctx, db_rows_params(&core.ctx, core.db, CORE_ALL, &rows, NULL, 0));
    ck_assert_uint_eq(rows.count, 0);
}
END_TEST

START_TEST(test_no_row_and_null)
{
    struct thing thing;
    int64_t value = 5;
    ck_assert_err(&core.ctx, db_one(&core.ctx, core.db, CORE_BY_NUMBER, &thing, param_int(1)),
                  ERR_NOT_FOUND);
    ck_assert_int_eq(core.ctx.failure.err, OK); /* what it means is the caller's to say */
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, core.db, CORE_SUM, &value, NULL, 0));
    ck_assert_int_eq(value, NO_INT);
}
END_TEST

START_TEST(test_taken_key)
{
    struct id id = { { 9 } };
    add_full(&id, 1);
    ck_assert_err(&core.ctx, core_add(&core.ctx, core.db, 1), ERR_EXISTS);
    ck_assert_err(&core.ctx,
                  db_exec(&core.ctx, core.db, CORE_INSERT, param_id(&id), param_int(2),
                          param_int(0), param_int(0), param_int(0), param_text(""), param_text(""),
                          param_int(0), param_text(""), param_bytes("", 0)),
                  ERR_EXISTS);
    ck_assert_int_eq(core.ctx.failure.err, OK);
    ck_assert_int_eq(core_count(&core), 1);
    /* Another constraint is a mistake of ours. */
    ck_assert_err(&core.ctx, core_add(&core.ctx, core.db, NO_INT), ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "insert");
}
END_TEST

/* ---- Walking ---- */

struct walk {
    int64_t sum, stop_at;
    enum err nested;
};

static enum err visit_sum(struct ctx *ctx, void *self, const void *row)
{
    struct walk *walk = self;
    const struct thing *thing = row;
    ck_assert_str_eq(thing->name, "Zoë");
    ck_assert_uint_eq(thing->tags.count, 4);
    ck_assert_str_eq(thing->tags.items[1], "two");
    walk->sum += thing->number;
    if (thing->number == walk->stop_at)
        return ERR_CONFLICT;
    (void)ctx;
    return OK;
}

static enum err visit_nested(struct ctx *ctx, void *self, const void *row)
{
    struct walk *walk = self;
    struct thing inner;
    const struct thing *outer = row;
    /* Another statement may run inside, and the row stays. */
    ck_assert_ok(ctx, db_one(ctx, core.db, CORE_BY_NUMBER, &inner, param_int(outer->number)));
    ck_assert_str_eq(outer->tags.items[3], "last");
    walk->sum += inner.number;
    walk->nested = db_each_params(ctx, core.db, CORE_ALL, &inner, visit_nested, walk, NULL, 0);
    return OK;
}

static void add_walk_rows(void)
{
    for (uint8_t i = 1; i <= 5; i++)
        add_full(&(struct id){ { i } }, i);
}

START_TEST(test_walk)
{
    struct thing thing;
    struct walk walk = {};
    add_walk_rows();
    size_t before = core.arena.total_bytes;
    ck_assert_ok(&core.ctx,
                 db_each_params(&core.ctx, core.db, CORE_ALL, &thing, visit_sum, &walk, NULL, 0));
    ck_assert_int_eq(walk.sum, 15);
    ck_assert_uint_eq(core.arena.total_bytes, before);
    walk = (struct walk){ .stop_at = 3 };
    ck_assert_err(&core.ctx,
                  db_each_params(&core.ctx, core.db, CORE_ALL, &thing, visit_sum, &walk, NULL, 0),
                  ERR_CONFLICT);
    ck_assert_int_eq(walk.sum, 6);
    ck_assert(db_is_idle(core.db));
}
END_TEST

START_TEST(test_walk_refuses_itself)
{
    struct thing thing;
    struct walk walk = {};
    add_walk_rows();
    ck_assert_ok(&core.ctx, db_each_params(&core.ctx, core.db, CORE_ALL, &thing, visit_nested,
                                           &walk, NULL, 0));
    ck_assert_int_eq(walk.sum, 15);
    ck_assert_int_eq(walk.nested, ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "running already");
}
END_TEST

static enum err visit_here(struct ctx *ctx, void *self, const void *row)
{
    const struct thing *thing = row;
    (void)ctx;
    ck_assert_str_eq(thing->from, "here");
    ++*(int *)self;
    return OK;
}

static enum err visit_twice_inside(struct ctx *ctx, void *self, const void *row)
{
    struct thing inner;
    for (int i = 0; i < 2; i++)
        ck_assert_ok(
            ctx, db_each_params(ctx, core.db, CORE_OTHER_NAME, &inner, visit_here, self, NULL, 0));
    struct walk walk = {};
    return visit_sum(ctx, &walk, row); /* which looks whether the texts are still there */
}

START_TEST(test_walk_inside_a_walk)
{
    struct thing thing;
    int count = 0;
    add_walk_rows();
    ck_assert_ok(&core.ctx, db_each_params(&core.ctx, core.db, CORE_ALL, &thing, visit_twice_inside,
                                           &count, NULL, 0));
    ck_assert_int_eq(count, 10);
}
END_TEST

/* ---- Statements that do not fit ---- */

static const struct {
    int sql;
    const char *says;
} misfits[] = {
    { CORE_UNKNOWN_COLUMN, "column surname is no field of thing" },
    { CORE_OWN_NAME, "column from is no field of thing" },
    { CORE_COLUMN_TWICE, "column number is there twice" },
    { CORE_COLUMN_OF_ROWS, "column parts" },
    { CORE_BAD_SQL, "bad_sql" },
    { CORE_TWO_STATEMENTS, "not one statement" },
    { CORE_WRONG_COUNT, "has 2 parameters, not 1" },
    { CORE_WRONG_TYPE, "column number holds a value of another type" },
    { CORE_SHORT_ID, "column id holds a value that does not fit" },
    { CORE_BAD_ENUM, "column colour holds a value that does not fit" },
    { CORE_COUNT, "names no row table" },
    { CORE_BY_NUMBER, "got 0 parameters, takes 1" },
    { CORE_SQL_COUNT, "no statement" },
    { -1, "no statement" },
};

START_TEST(test_misfit_is_named)
{
    struct rows rows = {};
    /* Each twice: a statement that failed once must not look prepared. */
    for (int i = 0; i < 2; i++) {
        failure_clear(&core.ctx);
        ck_assert_err(&core.ctx,
                      db_rows_params(&core.ctx, core.db, misfits[_i].sql, &rows, NULL, 0),
                      ERR_INTERNAL);
        ck_assert_has(core.ctx.failure.detail, misfits[_i].says);
        ck_assert(db_is_idle(core.db));
    }
}
END_TEST

START_TEST(test_check_statements_tells_the_first)
{
    ck_assert_err(&core.ctx, store_check_statements(&core.ctx, core.db), ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "own_name");
}
END_TEST

START_TEST(test_no_memory)
{
    struct rows rows = {};
    ck_assert_ok(&core.ctx, db_begin_write(&core.ctx, core.db));
    for (int i = 0; i < 2000; i++)
        ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, i));
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    struct arena small = { .limit_bytes = 64 << 10 };
    struct ctx ctx = { .arena = &small };
    ck_assert_err(&ctx, db_rows_params(&ctx, core.db, CORE_ALL, &rows, NULL, 0), ERR_MEMORY);
    ck_assert(db_is_idle(core.db));
    ck_assert_ptr_null(rows.items);
    arena_free(&small);
}
END_TEST

void rows_tests(Suite *suite)
{
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 60); /* fsyncs on a busy machine */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_every_kind_comes_back);
    tcase_add_test(tcase, test_nulls);
    tcase_add_test(tcase, test_null_parameters);
    tcase_add_test(tcase, test_empty_is_not_null);
    tcase_add_test(tcase, test_order_of_parameters);
    tcase_add_test(tcase, test_quotes_and_comments_hold_no_parameters);
    tcase_add_test(tcase, test_column_under_another_name);
    tcase_add_test(tcase, test_rows_outlive_the_statement);
    tcase_add_test(tcase, test_no_row_and_null);
    tcase_add_test(tcase, test_taken_key);
    tcase_add_test(tcase, test_walk);
    tcase_add_test(tcase, test_walk_refuses_itself);
    tcase_add_test(tcase, test_walk_inside_a_walk);
    tcase_add_loop_test(tcase, test_misfit_is_named, 0, ARRAY_SIZE(misfits));
    tcase_add_test(tcase, test_check_statements_tells_the_first);
    tcase_add_test(tcase, test_no_memory);
    suite_add_tcase(suite, tcase);
}
