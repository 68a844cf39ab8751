/* test_transactions.c: transactions, savepoints, deadlines, and what a reader may not do. */
#include "core.h"

#include <stdio.h>
#include <string.h>

#include "server/store/rollups_private.h"

#include <funneld/rollups.h>

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

static struct db *reader(void)
{
    struct db *db = NULL;
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &db));
    return db;
}

static void add(int64_t number)
{
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, number));
}

/* With savepoints of the engine, or with those of a batch. */
static void begin(bool remember)
{
    ck_assert_ok(&core.ctx, db_begin_write(&core.ctx, core.db));
    if (remember)
        db_remember(core.db);
}

START_TEST(test_commit_and_rollback)
{
    ck_assert(!db_in_transaction(core.db));
    begin(_i == 1);
    ck_assert(db_in_transaction(core.db));
    add(1);
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert(!db_in_transaction(core.db));
    begin(_i == 1);
    add(2);
    db_rollback(core.db);
    db_rollback(core.db); /* safe when nothing is open */
    ck_assert_int_eq(core_count(&core), 1);
}
END_TEST

START_TEST(test_savepoints_nest)
{
    struct savepoint outer, inner;
    begin(_i == 1);
    add(1);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    add(2);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &inner));
    add(3);
    db_rollback_to(core.db, &inner);
    add(4);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &inner));
    add(5);
    ck_assert_ok(&core.ctx, db_release(&core.ctx, core.db, &inner));
    ck_assert_ok(&core.ctx, db_release(&core.ctx, core.db, &outer));
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(core_count(&core), 4);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM thing WHERE number = 3"), 0);
}
END_TEST

START_TEST(test_outer_rollback_takes_the_inner_along)
{
    struct savepoint outer, inner;
    begin(_i == 1);
    add(1);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    add(2);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &inner));
    add(3); /* and left open, as an early return does */
    db_rollback_to(core.db, &outer);
    ck_assert(db_in_transaction(core.db));
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    add(4);
    ck_assert_ok(&core.ctx, db_release(&core.ctx, core.db, &outer));
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(core_int(&core, core.db, "SELECT sum(number) FROM thing"), 5);
}
END_TEST

START_TEST(test_savepoint_after_the_engine_rolled_back)
{
    struct savepoint savepoint;
    begin(_i == 1);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &savepoint));
    add(1);
    ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db, "ROLLBACK")); /* as on a full disk */
    ck_assert(!db_in_transaction(core.db));
    db_rollback_to(core.db, &savepoint);
    db_rollback(core.db);
    begin(_i == 1);
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(core_count(&core), 0);
}
END_TEST

static enum err add_all(int64_t number, const char *name, const void *raw, size_t bytes)
{
    const struct id id = { { 1, (uint8_t)number } };
    return db_exec(&core.ctx, core.db, CORE_INSERT, param_id(&id), param_int(number), param_int(1),
                   param_int(NO_INT), param_int(-7), param_text(name), param_text(NULL),
                   param_int(2), param_text(""), param_bytes(raw, bytes));
}

/* Every kind of value, from memory that is not there any more, as it was; not what failed. */
START_TEST(test_written_again)
{
    static const char rows[] =
        "SELECT count(*) FROM thing WHERE hex(id) = printf('01%02X', number) || "
        "'0000000000000000000000000000' AND flag = 1 AND at IS NULL AND day = -7 "
        "AND name = 'n' || number AND extra IS NULL AND colour = 2 AND tags = '' AND raw = x'00ff'";
    struct savepoint savepoint;
    begin(true);
    for (int number = 1; number <= 300; number++) {
        char name[16];
        uint8_t raw[] = { 0, 0xff };
        snprintf(name, sizeof name, "n%d", number % 100);
        enum err err = add_all(number % 100, name, raw, sizeof raw);
        memset(name, 'x', sizeof name);
        memset(raw, 'x', sizeof raw);
        if (number <= 100)
            ck_assert_ok(&core.ctx, err);
        else
            ck_assert_err(&core.ctx, err, ERR_EXISTS);
    }
    for (int i = 0; i < 3; i++) { /* from the second time on it is the engine that goes back */
        ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &savepoint));
        add(1000 + i);
        db_rollback_to(core.db, &savepoint);
        ck_assert(db_in_transaction(core.db));
        ck_assert_int_eq(core_int(&core, core.db, rows), 100);
        ck_assert_int_eq(core_count(&core), 100);
    }
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(core_count(&core), 100);
}
END_TEST

/* Savepoints of both kinds, one in the other. */
START_TEST(test_going_back_further)
{
    struct savepoint outer, middle, inner;
    begin(true);
    add(1);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    add(2);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &middle));
    add(3);
    db_rollback_to(core.db, &middle);
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &middle)); /* the engine's */
        add(4 + 10 * i);
        ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &inner));
        add(5);
        db_rollback_to(core.db, &inner);
        ck_assert_ok(&core.ctx, db_release(&core.ctx, core.db, &middle));
    }
    ck_assert_int_eq(core_int(&core, core.db, "SELECT sum(number) FROM thing"), 1 + 2 + 4 + 14);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &middle));
    add(6); /* left open */
    db_rollback_to(core.db, &outer);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT sum(number) FROM thing"), 1);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    add(7);
    ck_assert_ok(&core.ctx, db_release(&core.ctx, core.db, &outer));
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(core_int(&core, core.db, "SELECT sum(number) FROM thing"), 8);
    begin(true); /* nothing of the last one is remembered */
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    add(9);
    db_rollback_to(core.db, &outer);
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(core_count(&core), 2);
}
END_TEST

/* What cannot be done again takes the whole transaction along. */
START_TEST(test_cannot_be_written_again)
{
    struct savepoint savepoint;
    begin(true);
    add(1);
    ck_assert_err(&core.ctx, core_add(&core.ctx, core.db, NO_INT), ERR_INTERNAL); /* NOT NULL */
    failure_clear(&core.ctx);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &savepoint));
    db_rollback_to(core.db, &savepoint);
    ck_assert(db_in_transaction(core.db)); /* there was nothing to go back over */
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &savepoint));
    add(2);
    db_rollback_to(core.db, &savepoint);
    ck_assert(!db_in_transaction(core.db));
    db_rollback(core.db);
    ck_assert_int_eq(core_count(&core), 0);
}
END_TEST

START_TEST(test_rollups_follow_savepoints)
{
    struct rollup_log *log = db_rollups(core.db);
    struct rollup_key key = {};
    struct rollup_value value = {};
    struct savepoint savepoint;
    begin(_i == 1);
    ck_assert_ok(&core.ctx, rollup_add(&core.ctx, core.db, &key, &value));
    size_t before = rollups_mark(log);
    ck_assert_uint_gt(before, 0);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &savepoint));
    ck_assert_ok(&core.ctx, rollup_add(&core.ctx, core.db, &key, &value));
    ck_assert_uint_gt(rollups_mark(log), before);
    db_rollback_to(core.db, &savepoint);
    ck_assert_uint_eq(rollups_mark(log), before);
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_uint_eq(rollups_mark(log), 0);
    begin(_i == 1);
    ck_assert_ok(&core.ctx, rollup_add(&core.ctx, core.db, &key, &value));
    db_rollback(core.db);
    ck_assert_uint_eq(rollups_mark(log), 0);
}
END_TEST

/* What is told to be counted is what a recount would find. */
START_TEST(test_counts_move_with_the_commit)
{
    struct savepoint outer, inner;
    int64_t before = metric_value(METRIC_REPLAYS);
    begin(_i == 1);
    db_count(core.db, METRIC_REPLAYS);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &outer));
    db_count(core.db, METRIC_REPLAYS);
    ck_assert_ok(&core.ctx, db_savepoint(&core.ctx, core.db, &inner));
    db_count(core.db, METRIC_REPLAYS);
    db_rollback_to(core.db, &inner);
    db_count(core.db, METRIC_REPLAYS);
    ck_assert_ok(&core.ctx, db_release(&core.ctx, core.db, &outer));
    ck_assert_int_eq(metric_value(METRIC_REPLAYS), before);
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(metric_value(METRIC_REPLAYS), before + 3);

    begin(_i == 1);
    db_count(core.db, METRIC_REPLAYS);
    db_rollback(core.db);
    begin(_i == 1);
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
    ck_assert_int_eq(metric_value(METRIC_REPLAYS), before + 3);
}
END_TEST

START_TEST(test_deadline)
{
    int64_t value = 0;
    int64_t start_us = clock_monotonic_us();
    db_set_deadline(core.db, start_us + 20000);
    ck_assert_err(&core.ctx,
                  db_int(&core.ctx, core.db, CORE_SLOW, &value, param_int(INT64_C(1) << 50)),
                  ERR_DEADLINE);
    ck_assert_int_lt(clock_monotonic_us() - start_us, 2000000);
    ck_assert_has(core.ctx.failure.detail, "took too long");
    ck_assert(db_is_idle(core.db));
    db_set_deadline(core.db, clock_monotonic_us() + 60000000);
    ck_assert_ok(&core.ctx, db_int(&core.ctx, core.db, CORE_SLOW, &value, param_int(100000)));
    db_set_deadline(core.db, 0);
    ck_assert_ok(&core.ctx, db_int(&core.ctx, core.db, CORE_SLOW, &value, param_int(100000)));
    ck_assert_int_eq(value, 100000);
}
END_TEST

START_TEST(test_reader_sees_one_state)
{
    struct db *db = reader();
    int64_t value = 0;
    add(1);
    ck_assert_ok(&core.ctx, db_begin_read(&core.ctx, db));
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, db, CORE_COUNT, &value, NULL, 0));
    add(2);
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, db, CORE_COUNT, &value, NULL, 0));
    ck_assert_int_eq(value, 1);
    db_end_read(db);
    db_end_read(db);
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, db, CORE_COUNT, &value, NULL, 0));
    ck_assert_int_eq(value, 2);
    db_close(db);
}
END_TEST

START_TEST(test_reader_cannot_write)
{
    struct db *db = reader();
    static const char *const attempts[] = {
        "INSERT INTO thing (number) VALUES (1)",
        "CREATE TABLE other (number BIGINT)",
        "PRAGMA query_only = OFF; INSERT INTO thing (number) VALUES (1)",
    };
    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        failure_clear(&core.ctx);
        ck_assert_err(&core.ctx, core_exec(&core.ctx, db, attempts[i]), ERR_INTERNAL);
        ck_assert_has(core.ctx.failure.detail, "readonly");
    }
    failure_clear(&core.ctx);
    ck_assert_ptr_null(db_rollups(db));
    ck_assert_ptr_nonnull(db_rollups(core.db));
    db_close(db);
    ck_assert_int_eq(core_count(&core), 0);
}
END_TEST

START_TEST(test_writer_waits_for_nobody_long)
{
    /* Another writer, which the lock keeps out in earnest. */
    struct db *other = NULL;
    ck_assert_ok(&core.ctx, db_open(&core.ctx, &driver_sqlite, &core_catalogue, core.path,
                                    ACCESS_WRITE, &other));
    ck_assert_ok(&core.ctx, db_begin_write(&core.ctx, other));
    int64_t start_us = clock_monotonic_us();
    ck_assert_err(&core.ctx, db_begin_write(&core.ctx, core.db), ERR_BUSY);
    ck_assert_int_lt(clock_monotonic_us() - start_us, 1000000);
    ck_assert(!db_in_transaction(core.db));
    db_close(other); /* ends what it had begun */
    ck_assert_ok(&core.ctx, db_begin_write(&core.ctx, core.db));
    db_rollback(core.db);
}
END_TEST

START_TEST(test_memo_stays_with_its_connection)
{
    struct db *one = reader(), *other = reader();
    ck_assert_ptr_null(db_memo(one)->data);
    db_memo(one)->data =
        arena_text(&db_memo(one)->arena, "kept", 4); /* a leak if close forgets it */
    db_memo(one)->version = "third";
    ck_assert_str_eq(db_memo(one)->data, "kept");
    ck_assert_ptr_null(db_memo(other)->data);
    db_close(one);
    db_close(other);
}
END_TEST

void transactions_tests(Suite *suite)
{
    TCase *tcase = tcase_create("transactions");
    tcase_set_timeout(tcase, 60); /* fsyncs on a busy machine */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_commit_and_rollback, 0, 2);
    tcase_add_loop_test(tcase, test_savepoints_nest, 0, 2);
    tcase_add_loop_test(tcase, test_outer_rollback_takes_the_inner_along, 0, 2);
    tcase_add_loop_test(tcase, test_savepoint_after_the_engine_rolled_back, 0, 2);
    tcase_add_test(tcase, test_written_again);
    tcase_add_test(tcase, test_going_back_further);
    tcase_add_test(tcase, test_cannot_be_written_again);
    tcase_add_loop_test(tcase, test_rollups_follow_savepoints, 0, 2);
    tcase_add_loop_test(tcase, test_counts_move_with_the_commit, 0, 2);
    tcase_add_test(tcase, test_deadline);
    tcase_add_test(tcase, test_reader_sees_one_state);
    tcase_add_test(tcase, test_reader_cannot_write);
    tcase_add_test(tcase, test_writer_waits_for_nobody_long);
    tcase_add_test(tcase, test_memo_stays_with_its_connection);
    suite_add_tcase(suite, tcase);
}
