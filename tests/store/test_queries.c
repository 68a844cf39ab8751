/* test_queries.c: statements of parts: numbering, which are kept, what is refused. */
#include "core.h"

#include <string.h>

static struct core core;

static void setup(void)
{
    core_make(&core);
    core_open(&core);
    for (int i = 1; i <= 9; i++)
        ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, i));
}

static void teardown(void)
{
    core_done(&core);
}

static void none(struct query *query, int sql)
{
    query_part_params(query, sql, NULL, 0);
}

START_TEST(test_parts_are_numbered_on)
{
    struct query query = { .arena = core.ctx.arena };
    struct rows rows = {};
    none(&query, CORE_LIST);
    query_part(&query, CORE_LIST_MIN, param_int(3));
    query_part(&query, CORE_LIST_NAME, param_text("thing"), param_text("other"));
    query_part(&query, CORE_LIST_MAX, param_int(7));
    query_part(&query, CORE_LIST_ORDER, param_int(4));
    ck_assert_ok(&core.ctx, query_rows(&core.ctx, core.db, &query, &rows));
    ck_assert_uint_eq(rows.count, 4);
    const struct thing *things = rows.items;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(things[i].number, 7 - i);
    ck_assert_str_eq(things[0].name, "thing");
}
END_TEST

START_TEST(test_int)
{
    struct query query = { .arena = core.ctx.arena };
    int64_t value = 0;
    none(&query, CORE_COUNT);
    ck_assert_ok(&core.ctx, query_int(&core.ctx, core.db, &query, &value));
    ck_assert_int_eq(value, 9);
}
END_TEST

/* A sequence that is different for each number below 2^7. */
static struct query sequence(unsigned number)
{
    struct query query = { .arena = core.ctx.arena };
    none(&query, CORE_LIST);
    for (unsigned bit = 0; bit < 7; bit++)
        query_part(&query, number >> bit & 1 ? CORE_LIST_MIN : CORE_LIST_MAX,
                   param_int(number >> bit & 1 ? 1 : 9));
    return query;
}

static void run(unsigned number)
{
    struct query query = sequence(number);
    struct rows rows = {};
    ck_assert_ok(&core.ctx, query_rows(&core.ctx, core.db, &query, &rows));
    ck_assert_uint_eq(rows.count, 9);
}

START_TEST(test_the_64_used_last_are_kept)
{
    for (unsigned i = 0; i < 64; i++)
        run(i);
    ck_assert_int_eq(core.db->query_prepares, 64);
    for (unsigned i = 0; i < 64; i++)
        run(i);
    ck_assert_int_eq(core.db->query_prepares, 64);
    run(64); /* pushes 0 out, the oldest */
    run(1);
    ck_assert_int_eq(core.db->query_prepares, 65);
    run(0); /* pushes 2 out, as 1 was just used */
    ck_assert_int_eq(core.db->query_prepares, 66);
    run(1);
    ck_assert_int_eq(core.db->query_prepares, 66);
    run(2);
    ck_assert_int_eq(core.db->query_prepares, 67);
}
END_TEST

static enum err visit_others(struct ctx *ctx, void *self, const void *row)
{
    const struct thing *thing = row;
    int64_t *sum = self;
    (void)ctx;
    for (unsigned i = 0; i < 64; i++)
        run(i);
    *sum += thing->number;
    return OK;
}

/* A walk keeps its statement, however many others run meanwhile. */
START_TEST(test_what_runs_is_kept)
{
    struct query query = { .arena = core.ctx.arena };
    struct thing thing;
    int64_t sum = 0;
    none(&query, CORE_NUMBERS);
    ck_assert_ok(&core.ctx, query_each(&core.ctx, core.db, &query, &thing, visit_others, &sum));
    ck_assert_int_eq(sum, 45);
}
END_TEST

START_TEST(test_other_values_same_statement)
{
    struct rows rows = {};
    for (int i = 1; i <= 9; i++) {
        struct query query = { .arena = core.ctx.arena };
        none(&query, CORE_LIST);
        query_part(&query, CORE_LIST_MIN, param_int(i));
        ck_assert_ok(&core.ctx, query_rows(&core.ctx, core.db, &query, &rows));
        ck_assert_uint_eq(rows.count, (size_t)(10 - i));
    }
    ck_assert_int_eq(core.db->query_prepares, 1);
}
END_TEST

START_TEST(test_too_much_is_refused)
{
    struct query parts = { .arena = core.ctx.arena }, params = parts;
    struct rows rows = {};
    none(&parts, CORE_LIST);
    for (int i = 0; i < QUERY_PARTS_MAX; i++)
        query_part(&parts, CORE_LIST_MIN, param_int(1));
    ck_assert_err(&core.ctx, query_rows(&core.ctx, core.db, &parts, &rows), ERR_INTERNAL);
    struct param many[QUERY_PARAMS_MAX + 1] = {};
    query_part_params(&params, CORE_LIST, many, ARRAY_SIZE(many));
    ck_assert_err(&core.ctx, query_rows(&core.ctx, core.db, &params, &rows), ERR_INTERNAL);
    ck_assert_err(&core.ctx, query_rows(&core.ctx, core.db, &(struct query){ 0 }, &rows),
                  ERR_INTERNAL);
}
END_TEST

START_TEST(test_mistakes_are_named)
{
    struct query missing = { .arena = core.ctx.arena }, broken = missing;
    struct rows rows = {};
    none(&missing, CORE_LIST);
    none(&missing, CORE_LIST_MIN);
    ck_assert_err(&core.ctx, query_rows(&core.ctx, core.db, &missing, &rows), ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "statement list");
    failure_clear(&core.ctx);
    none(&broken, CORE_LIST);
    none(&broken, CORE_LIST);
    for (int i = 0; i < 100; i++) /* a slot that failed is not used up */
        ck_assert_err(&core.ctx, query_rows(&core.ctx, core.db, &broken, &rows), ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "statement list");
}
END_TEST

void queries_tests(Suite *suite)
{
    TCase *tcase = tcase_create("queries");
    tcase_set_timeout(tcase, 60); /* fsyncs on a busy machine */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_parts_are_numbered_on);
    tcase_add_test(tcase, test_int);
    tcase_add_test(tcase, test_the_64_used_last_are_kept);
    tcase_add_test(tcase, test_what_runs_is_kept);
    tcase_add_test(tcase, test_other_values_same_statement);
    tcase_add_test(tcase, test_too_much_is_refused);
    tcase_add_test(tcase, test_mistakes_are_named);
    suite_add_tcase(suite, tcase);
}
