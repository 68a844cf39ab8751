/* test_migrate.c: what the migrator runs, and what it refuses. */
#include "core.h"

#include <string.h>

static struct core core;

static void setup(void)
{
    core_make(&core);
}

static void teardown(void)
{
    core_done(&core);
}

#define FIRST "CREATE TABLE one (number BIGINT NOT NULL PRIMARY KEY);\nINSERT INTO one VALUES (1);"
#define SECOND "-- a comment at the end\nALTER TABLE one ADD COLUMN name TEXT; -- here\n"

static enum err open_list(const struct migration *list, size_t count)
{
    failure_clear(&core.ctx);
    core_close(&core);
    struct catalogue catalogue = core_with(list, count);
    enum err err = store_open_with(&core.ctx, core.path, &catalogue, &core.store);
    core.db = err ? NULL : store_writer(core.store);
    return err;
}
#define OPEN(...)                                                                                  \
    open_list((const struct migration[]){ __VA_ARGS__ },                                           \
              sizeof((const struct migration[]){ __VA_ARGS__ }) / sizeof(struct migration))

static int64_t applied(void)
{
    return core_int(&core, core.db, "SELECT count(*) FROM schema_migration");
}

START_TEST(test_fresh_and_again)
{
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }));
    ck_assert_int_eq(applied(), 2);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT number FROM one WHERE name IS NULL"), 1);
    ck_assert_int_gt(core_int(&core, core.db, "SELECT min(applied_at) FROM schema_migration"),
                     INT64_C(1600000000000));
    ck_assert_int_eq(core_int(&core, core.db,
                              "SELECT count(*) FROM schema_migration WHERE length(checksum) = 64"),
                     2);
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }));
    ck_assert_int_eq(applied(), 2);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM one"), 1);
}
END_TEST

START_TEST(test_only_the_new_ones_run)
{
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }));
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }));
    ck_assert_int_eq(applied(), 2);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM one WHERE name IS NULL"), 1);
}
END_TEST

START_TEST(test_newer_file_is_refused)
{
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }));
    ck_assert_err(&core.ctx, OPEN({ 1, "one", FIRST }), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, "newer than this program");
    ck_assert_has(core.ctx.failure.detail, "migration 2 (two)");
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }));
}
END_TEST

START_TEST(test_altered_text_is_refused)
{
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }));
    ck_assert_err(&core.ctx, OPEN({ 1, "one", FIRST " " }, { 2, "two", SECOND }), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, "migration 1 (one)");
    ck_assert_err(&core.ctx, OPEN({ 1, "uno", FIRST }), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, "(one)");
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }));
    ck_assert_int_eq(applied(), 1);
}
END_TEST

START_TEST(test_missing_one_is_refused)
{
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }));
    ck_assert_ok(&core.ctx,
                 core_exec(&core.ctx, core.db, "DELETE FROM schema_migration WHERE number = 1"));
    ck_assert_err(&core.ctx, OPEN({ 1, "one", FIRST }, { 2, "two", SECOND }), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, "lacks migration 1");
}
END_TEST

START_TEST(test_failing_one_leaves_nothing)
{
    static const char *const texts[] = {
        "CREATE TABLE half (number BIGINT); INSERT INTO one VALUES (2); CREATE TABLE one (x TEXT);",
        "CREATE TABLE half (number BIGINT); this is not SQL;",
        "CREATE TABLE half (number BIGINT); INSERT INTO one VALUES (1);",
    };
    enum err err = OPEN({ 1, "one", FIRST }, { 2, "bad", texts[_i] }, { 3, "three", SECOND });
    ck_assert_err(&core.ctx, err, ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "migration 2 (bad)");
    ck_assert_ok(&core.ctx, OPEN({ 1, "one", FIRST }));
    ck_assert_int_eq(applied(), 1);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM one"), 1);
    ck_assert_int_eq(
        core_int(&core, core.db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
}
END_TEST

START_TEST(test_one_that_commits_is_refused)
{
    ck_assert_err(&core.ctx, OPEN({ 1, "one", "CREATE TABLE half (number BIGINT); COMMIT;" }),
                  ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, "ends its transaction");
}
END_TEST

void migrate_tests(Suite *suite)
{
    TCase *tcase = tcase_create("migrate");
    tcase_set_timeout(tcase, 60); /* fsyncs on a busy machine */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_fresh_and_again);
    tcase_add_test(tcase, test_only_the_new_ones_run);
    tcase_add_test(tcase, test_newer_file_is_refused);
    tcase_add_test(tcase, test_altered_text_is_refused);
    tcase_add_test(tcase, test_missing_one_is_refused);
    tcase_add_loop_test(tcase, test_failing_one_leaves_nothing, 0, 3);
    tcase_add_test(tcase, test_one_that_commits_is_refused);
    suite_add_tcase(suite, tcase);
}
