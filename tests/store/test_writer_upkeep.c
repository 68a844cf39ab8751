/* test_writer_upkeep.c: what the writer does between batches: nothing at rest, and what the log
 * needs. */
#include "writing.h"

#include <time.h>
#include <unistd.h>

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

START_TEST(test_idle_costs_nothing)
{
    submit(0, 10);
    wait_ok(0, 10);
    int64_t start_us = cpu_us();
    usleep(1500000);
    ck_assert_int_lt(cpu_us() - start_us, 10000);
}
END_TEST

/* Not even a note of the time, however long after the last. */
START_TEST(test_what_only_looks_writes_nothing)
{
    submit(0, 1);
    wait_ok(0, 1);
    int64_t bytes = store_wal_bytes(core.store), batches = metric_value(METRIC_WRITER_BATCHES);
    core_clock_shift(3600000);
    tasks[1].number = NO_INT;
    submit(1, 1);
    wait_ok(1, 1);
    ck_assert_int_eq(metric_value(METRIC_WRITER_BATCHES), batches + 1);
    ck_assert_int_eq(store_wal_bytes(core.store), bytes);
}
END_TEST

static bool wait_for_log(int64_t below_bytes, int64_t at_most_us)
{
    int64_t end_us = clock_monotonic_us() + at_most_us;
    while (store_wal_bytes(core.store) >= below_bytes) {
        if (clock_monotonic_us() > end_us)
            return false;
        usleep(10000);
    }
    return true;
}

static void fill(int first, int count, int64_t bytes)
{
    for (int i = first; i < first + count; i++) {
        tasks[i].filler_bytes = bytes;
        submit(i, 1);
        wait_ok(i, 1);
    }
}

START_TEST(test_checkpoint_when_the_log_has_grown)
{
    int64_t checkpoints = metric_value(METRIC_CHECKPOINTS);
    submit(0, 1);
    wait_ok(0, 1);
    ck_assert_int_eq(metric_value(METRIC_CHECKPOINTS), checkpoints);
    fill(1, 8, 1 << 20);
    int64_t end_us = clock_monotonic_us() + 5000000;
    while (metric_value(METRIC_CHECKPOINTS) == checkpoints && clock_monotonic_us() < end_us)
        usleep(10000);
    ck_assert_int_gt(metric_value(METRIC_CHECKPOINTS), checkpoints);
    /* Also at rest, for what the last second brought; after that it sleeps. */
    usleep(1500000);
    checkpoints = metric_value(METRIC_CHECKPOINTS);
    int64_t start_us = cpu_us();
    usleep(1500000);
    ck_assert_int_eq(metric_value(METRIC_CHECKPOINTS), checkpoints);
    ck_assert_int_lt(cpu_us() - start_us, 10000);
    writer_measure(writer);
    ck_assert_int_gt(metric_value(METRIC_DB_BYTES), 6 << 20);
    ck_assert_int_gt(metric_value(METRIC_WAL_BYTES), 0);
}
END_TEST

START_TEST(test_a_log_that_readers_held_is_cut)
{
    struct db *reader = NULL;
    int64_t value = 0;
    submit(0, 1);
    wait_ok(0, 1);
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_ok(&core.ctx, db_begin_read(&core.ctx, reader));
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, reader, CORE_COUNT, &value, NULL, 0));
    fill(1, 70, 1 << 20);
    ck_assert_int_gt(store_wal_bytes(core.store), 64 << 20);
    ck_assert_int_gt(metric_value(METRIC_WAL_BACKLOG_BYTES), 64 << 20);
    ck_assert_int_eq(metric_value(METRIC_CHECKPOINT_BLOCKED), 1);
    db_end_read(reader);
    ck_assert(wait_for_log(1, 10000000));
    submit(71, 1);
    wait_ok(71, 1);
    ck_assert_int_eq(metric_value(METRIC_CHECKPOINT_BLOCKED), 0);
    ck_assert_int_lt(metric_value(METRIC_WAL_BACKLOG_BYTES), 1 << 20);
    db_close(reader);
}
END_TEST

void writer_upkeep_tests(Suite *suite)
{
    TCase *tcase = tcase_create("writer upkeep");
    tcase_add_checked_fixture(tcase, writer_setup, writer_teardown);
    tcase_set_timeout(tcase, 60); /* fsyncs on a busy machine */
    tcase_add_test(tcase, test_idle_costs_nothing);
    tcase_add_test(tcase, test_what_only_looks_writes_nothing);
    tcase_add_test(tcase, test_checkpoint_when_the_log_has_grown);
    tcase_add_test(tcase, test_a_log_that_readers_held_is_cut);
    suite_add_tcase(suite, tcase);
}
