/* test_writer.c: the writer with a disk that works: batches, shares, slices, ends. */
#include "job.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { JOBS = 300 };

static struct core core;
static struct writer *writer;
static struct job jobs[JOBS];
static struct job gate_job;
static sem_t gate, gate_begun;

static void setup(void)
{
    core_make(&core);
    core_open(&core);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    for (int i = 0; i < JOBS; i++)
        job_make(&jobs[i], 1000 * (i + 1));
    job_make(&gate_job, NO_INT);
    sem_init(&gate, 0, 0);
    sem_init(&gate_begun, 0, 0);
}

static void teardown(void)
{
    writer_stop(writer);
    for (int i = 0; i < JOBS; i++)
        job_free(&jobs[i]);
    job_free(&gate_job);
    core_done(&core);
}

/* From here to gate_open() what is submitted has to wait, and goes into other batches than this. */
static void gate_close(void)
{
    gate_job.begun = &gate_begun;
    gate_job.gate = &gate;
    gate_job.spin_us = WRITER_BATCH_US + 1000;
    ck_assert(job_submit(writer, &gate_job));
    sem_wait(&gate_begun);
}

static void gate_open(void)
{
    sem_post(&gate);
    ck_assert_int_eq(job_wait(&gate_job), OK);
}

static void submit(int first, int count)
{
    for (int i = first; i < first + count; i++)
        ck_assert(job_submit(writer, &jobs[i]));
}

static void wait_ok(int first, int count)
{
    for (int i = first; i < first + count; i++)
        ck_assert_ok(&jobs[i].ctx, job_wait(&jobs[i]));
}

START_TEST(test_one)
{
    submit(0, 1);
    wait_ok(0, 1);
    ck_assert(writer_healthy(writer));
    ck_assert(!writer_failed(writer));
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), 1);
}
END_TEST

START_TEST(test_those_that_wait_share_a_commit)
{
    gate_close();
    int64_t batches = metric_value(METRIC_WRITER_BATCHES);
    int64_t commands = metric_value(METRIC_WRITER_COMMANDS);
    submit(0, 200);
    ck_assert_int_eq(metric_value(METRIC_WRITER_QUEUE), 200);
    gate_open();
    wait_ok(0, 200);
    ck_assert_int_eq(metric_value(METRIC_WRITER_COMMANDS) - commands, 201);
    /* The gate's own, and one; more where the machine is slow. */
    ck_assert_int_lt(metric_value(METRIC_WRITER_BATCHES) - batches, 100);
    ck_assert_int_eq(metric_value(METRIC_WRITER_QUEUE), 0);
    for (int i = 1; i < 200; i++)
        ck_assert_int_lt(jobs[i - 1].order, jobs[i].order);
}
END_TEST

START_TEST(test_a_batch_has_a_limit)
{
    gate_close();
    int64_t batches = metric_value(METRIC_WRITER_BATCHES);
    submit(0, JOBS);
    usleep(20000);
    writer_measure(writer);
    ck_assert_int_ge(metric_value(METRIC_WRITER_OLDEST_US), 20000);
    gate_open();
    wait_ok(0, JOBS);
    ck_assert_int_ge(metric_value(METRIC_WRITER_BATCHES) - batches, 3);
    writer_measure(writer);
    ck_assert_int_eq(metric_value(METRIC_WRITER_OLDEST_US), 0);
}
END_TEST

START_TEST(test_a_batch_ends_after_20_ms)
{
    gate_close();
    int64_t batches = metric_value(METRIC_WRITER_BATCHES);
    for (int i = 0; i < 10; i++)
        jobs[i].spin_us = 15000;
    submit(0, 10);
    gate_open();
    wait_ok(0, 10);
    ck_assert_int_ge(metric_value(METRIC_WRITER_BATCHES) - batches, 6);
}
END_TEST

START_TEST(test_one_that_fails_takes_no_other_along)
{
    gate_close();
    jobs[1].answer = ERR_VALIDATION;
    jobs[3].answer = ERR_MEMORY;
    jobs[5].script = "this is not SQL";
    jobs[7].number = jobs[6].number;
    submit(0, 9);
    gate_open();
    static const enum err expected[] = { OK, ERR_VALIDATION, OK, ERR_MEMORY, OK, ERR_INTERNAL,
                                         OK, ERR_EXISTS,     OK };
    for (int i = 0; i < 9; i++)
        ck_assert_err(&jobs[i].ctx, job_wait(&jobs[i]), expected[i]);
    ck_assert(writer_healthy(writer));
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), 5);
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM thing WHERE number = 2000"), 0);
}
END_TEST

START_TEST(test_a_lost_transaction_fails_all)
{
    gate_close();
    int64_t failed = metric_value(METRIC_WRITER_FAILED_BATCHES);
    jobs[1].answer = ERR_VALIDATION;
    jobs[2].script = "ROLLBACK"; /* what the engine does by itself when it has to */
    submit(0, 3);
    gate_open();
    for (int i = 0; i < 3; i++)
        ck_assert_err(&jobs[i].ctx, job_wait(&jobs[i]), ERR_STORAGE);
    ck_assert_int_eq(jobs[0].ctx.failure.err, ERR_STORAGE);
    ck_assert_int_eq(metric_value(METRIC_WRITER_FAILED_BATCHES) - failed, 1);
    submit(4, 3);
    wait_ok(4, 3);
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), 3);
}
END_TEST

START_TEST(test_slices)
{
    gate_close();
    int64_t batches = metric_value(METRIC_WRITER_BATCHES);
    jobs[0].slices = 5;
    submit(0, 4);
    gate_open();
    wait_ok(0, 4);
    ck_assert_int_eq(jobs[0].runs, 5);
    ck_assert_int_ge(metric_value(METRIC_WRITER_BATCHES) - batches, 6);
    for (int i = 1; i < 4; i++)
        ck_assert_int_lt(jobs[i].order, jobs[0].order);
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), 8);
}
END_TEST

START_TEST(test_a_slice_that_fails_ends_it)
{
    jobs[0].slices = 5;
    jobs[0].answer = ERR_CONFLICT;
    submit(0, 1);
    ck_assert_err(&jobs[0].ctx, job_wait(&jobs[0]), ERR_CONFLICT);
    ck_assert_int_eq(jobs[0].runs, 1);
}
END_TEST

START_TEST(test_full_queue)
{
    writer_stop(writer);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 3, &writer));
    gate_close();
    submit(0, 3);
    ck_assert(!job_submit(writer, &jobs[3]));
    ck_assert_int_eq(jobs[3].ctx.failure.err, ERR_BUSY);
    jobs[4].command.background = true; /* has a queue of its own */
    submit(4, 1);
    gate_open();
    wait_ok(0, 3);
    wait_ok(4, 1);
    failure_clear(&jobs[3].ctx);
    submit(3, 1);
    wait_ok(3, 1);
    ck_assert_int_eq(jobs[3].runs, 1);
}
END_TEST

static void *stop_thread(void *self)
{
    writer_stop(self);
    return NULL;
}

START_TEST(test_stop_drains)
{
    pthread_t thread;
    gate_close();
    usleep(1000);
    submit(0, 50);
    jobs[0].slices = 4;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_thread, writer), 0);
    usleep(20000);
    gate_open();
    wait_ok(0, 50);
    pthread_join(thread, NULL);
    writer = NULL;
    ck_assert_int_eq(jobs[0].runs, 4);
    ck_assert_int_eq(core_count(&core), 53);
    ck_assert_int_eq(store_wal_bytes(core.store), 0); /* the log is settled */
}
END_TEST

START_TEST(test_stop_takes_nothing_new)
{
    pthread_t thread;
    int taken = 0;
    gate_close();
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_thread, writer), 0);
    while (taken < JOBS && job_submit(writer, &jobs[taken])) {
        taken++;
        usleep(1000);
    }
    ck_assert_int_lt(taken, JOBS);
    ck_assert_int_eq(jobs[taken].ctx.failure.err, ERR_BUSY);
    gate_open();
    wait_ok(0, taken);
    pthread_join(thread, NULL);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), taken);
}
END_TEST

START_TEST(test_stop_cuts_background_work)
{
    jobs[0].slices = 1000000;
    jobs[0].command.background = true;
    submit(0, 1);
    while (metric_value(METRIC_WRITER_COMMANDS) < 20)
        usleep(1000);
    writer_stop(writer);
    writer = NULL;
    ck_assert_err(&jobs[0].ctx, job_wait(&jobs[0]), ERR_BUSY);
    ck_assert_int_lt(jobs[0].runs, 1000000);
    ck_assert_int_eq(core_count(&core), jobs[0].runs); /* what it had done is kept */
}
END_TEST

START_TEST(test_time_never_goes_back)
{
    struct id last = {};
    int64_t last_ms = 0;
    for (int i = 0; i < 20; i++) {
        core_clock_shift(i % 2 ? -3600000 : 0);
        submit(i, 1);
        wait_ok(i, 1);
        ck_assert_int_ge(jobs[i].now_ms, last_ms);
        ck_assert_int_lt(id_compare(&last, &jobs[i].id), 0);
        last = jobs[i].id;
        last_ms = jobs[i].now_ms;
        ck_assert_ptr_eq(jobs[i].ctx.ids, &jobs[i].ids); /* given back */
    }
    ck_assert_int_gt(last_ms, INT64_C(1600000000000));
}
END_TEST

/* Nor from one process to the next: a machine may start with its clock set back. */
START_TEST(test_time_goes_on_after_a_restart)
{
    core_clock_shift(3600000);
    submit(0, 1);
    wait_ok(0, 1);
    writer_stop(writer);
    core_clock_shift(0);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    submit(1, 1);
    wait_ok(1, 1);
    ck_assert_int_ge(jobs[1].now_ms, jobs[0].now_ms);
    ck_assert_int_le(jobs[1].now_ms, jobs[0].now_ms + 1000);
    ck_assert_int_lt(id_compare(&jobs[0].id, &jobs[1].id), 0);
}
END_TEST

/* ---- Shares ---- */

START_TEST(test_background_gets_a_quarter_while_others_wait)
{
    /* Two that are always waiting, for about half a second of work. */
    for (int i = 0; i < 2; i++) {
        jobs[i].number = NO_INT;
        jobs[i].spin_us = 1000;
        jobs[i].again = 250;
    }
    jobs[2].command.background = true;
    jobs[2].number = NO_INT;
    jobs[2].spin_us = 5000;
    jobs[2].slices = 1000000;
    gate_close();
    submit(0, 3);
    gate_open();
    wait_ok(0, 2);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_thread, writer), 0);
    ck_assert_int_eq(job_wait(&jobs[2]), ERR_BUSY);
    pthread_join(thread, NULL);
    writer = NULL;
    double foreground = (double)(jobs[0].worked_us + jobs[1].worked_us);
    double background = (double)jobs[2].worked_us;
    double share = background / (background + foreground);
    ck_assert_msg(share < 0.32, "background work got %.2f", share);
    ck_assert_msg(share > 0.08, "background work got %.2f", share);
}
END_TEST

START_TEST(test_background_is_free_when_nobody_waits)
{
    int64_t took_us[2];
    for (int i = 0; i < 2; i++) { /* the same work in the foreground first, as the measure */
        jobs[i].command.background = i == 1;
        jobs[i].number = NO_INT;
        jobs[i].spin_us = 1000;
        jobs[i].slices = 200;
        int64_t start_us = clock_monotonic_us();
        submit(i, 1);
        wait_ok(i, 1);
        took_us[i] = clock_monotonic_us() - start_us;
    }
    /* A quarter of the time would be four times as long. */
    ck_assert_int_lt(took_us[1], 3 * took_us[0]);
}
END_TEST

/* ---- Upkeep ---- */

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
        jobs[i].filler_bytes = bytes;
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

Suite *writer_suite(void)
{
    Suite *suite = suite_create("store writer");
    TCase *tcase = tcase_create("writer");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_one);
    tcase_add_test(tcase, test_those_that_wait_share_a_commit);
    tcase_add_test(tcase, test_a_batch_has_a_limit);
    tcase_add_test(tcase, test_a_batch_ends_after_20_ms);
    tcase_add_test(tcase, test_one_that_fails_takes_no_other_along);
    tcase_add_test(tcase, test_a_lost_transaction_fails_all);
    tcase_add_test(tcase, test_slices);
    tcase_add_test(tcase, test_a_slice_that_fails_ends_it);
    tcase_add_test(tcase, test_full_queue);
    tcase_add_test(tcase, test_stop_drains);
    tcase_add_test(tcase, test_stop_takes_nothing_new);
    tcase_add_test(tcase, test_stop_cuts_background_work);
    tcase_add_test(tcase, test_time_never_goes_back);
    tcase_add_test(tcase, test_time_goes_on_after_a_restart);
    tcase_add_test(tcase, test_background_gets_a_quarter_while_others_wait);
    tcase_add_test(tcase, test_background_is_free_when_nobody_waits);
    tcase_add_test(tcase, test_idle_costs_nothing);
    tcase_add_test(tcase, test_checkpoint_when_the_log_has_grown);
    tcase_add_test(tcase, test_a_log_that_readers_held_is_cut);
    suite_add_tcase(suite, tcase);
    return suite;
}
