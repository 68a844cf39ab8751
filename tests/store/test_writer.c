/* test_writer.c: the writer with a disk that works: batches, slices, ends, shares. */
#include "writing.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

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
        ck_assert_int_lt(tasks[i - 1].order, tasks[i].order);
}
END_TEST

START_TEST(test_a_batch_has_a_limit)
{
    gate_close();
    int64_t batches = metric_value(METRIC_WRITER_BATCHES);
    submit(0, TASKS);
    usleep(20000);
    writer_measure(writer);
    ck_assert_int_ge(metric_value(METRIC_WRITER_OLDEST_US), 20000);
    gate_open();
    wait_ok(0, TASKS);
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
        tasks[i].spin_us = 15000;
    submit(0, 10);
    gate_open();
    wait_ok(0, 10);
    ck_assert_int_ge(metric_value(METRIC_WRITER_BATCHES) - batches, 6);
}
END_TEST

START_TEST(test_one_that_fails_takes_no_other_along)
{
    gate_close();
    tasks[1].answer = ERR_VALIDATION;
    tasks[3].answer = ERR_MEMORY;
    tasks[5].script = "this is not SQL";
    tasks[7].number = tasks[6].number;
    submit(0, 9);
    gate_open();
    static const enum err expected[] = { OK, ERR_VALIDATION, OK, ERR_MEMORY, OK, ERR_INTERNAL,
                                         OK, ERR_EXISTS,     OK };
    for (int i = 0; i < 9; i++)
        ck_assert_err(&tasks[i].ctx, task_wait(&tasks[i]), expected[i]);
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
    tasks[1].answer = ERR_VALIDATION;
    tasks[2].script = "ROLLBACK"; /* what the engine does by itself when it has to */
    submit(0, 3);
    gate_open();
    for (int i = 0; i < 3; i++)
        ck_assert_err(&tasks[i].ctx, task_wait(&tasks[i]), ERR_STORAGE);
    ck_assert_int_eq(tasks[0].ctx.failure.err, ERR_STORAGE);
    ck_assert_int_eq(metric_value(METRIC_WRITER_FAILED_BATCHES) - failed, 1);
    submit(4, 3);
    wait_ok(4, 3);
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), 3);
}
END_TEST

START_TEST(test_one_that_rests_can_be_woken)
{
    sem_t begun;
    sem_init(&begun, 0, 0);
    tasks[0].command.every_us = INT64_C(3600000000);
    tasks[0].begun = &begun;
    submit(0, 1);
    for (int i = 0; i < 3; i++) {
        sem_wait(&begun); /* it is at it, and comes round once more */
        writer_wake(writer, &tasks[0].command);
    }
    sem_wait(&begun);
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(tasks[0].runs, 4);
}
END_TEST

/* So that it does not go on from what was lost. */
START_TEST(test_one_that_comes_round_hears_of_the_round_before)
{
    static const struct {
        const char *script;
        enum err answer, before;
    } rounds[] = {
        { NULL, OK, OK },           { "ROLLBACK", OK, OK }, { NULL, ERR_CONFLICT, ERR_STORAGE },
        { NULL, OK, ERR_CONFLICT }, { NULL, OK, OK },
    };
    sem_t begun, go;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    tasks[0].command.every_us = INT64_C(3600000000);
    tasks[0].begun = &begun;
    tasks[0].gate = &go;
    submit(0, 1);
    for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
        sem_wait(&begun);
        if (i > 0)
            ck_assert_int_eq(tasks[0].before, rounds[i - 1].before);
        tasks[0].script = rounds[i].script;
        tasks[0].answer = rounds[i].answer;
        writer_wake(writer, &tasks[0].command);
        sem_post(&go);
    }
    sem_wait(&begun);
    ck_assert_int_eq(tasks[0].before, rounds[ARRAY_SIZE(rounds) - 1].before);
    sem_post(&go);
    writer_stop(writer); /* before the semaphores go */
    writer = NULL;
}
END_TEST

START_TEST(test_slices)
{
    gate_close();
    int64_t batches = metric_value(METRIC_WRITER_BATCHES);
    tasks[0].slices = 5;
    submit(0, 4);
    gate_open();
    wait_ok(0, 4);
    ck_assert_int_eq(tasks[0].runs, 5);
    ck_assert_int_ge(metric_value(METRIC_WRITER_BATCHES) - batches, 6);
    for (int i = 1; i < 4; i++)
        ck_assert_int_lt(tasks[i].order, tasks[0].order);
    writer_stop(writer);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), 8);
}
END_TEST

START_TEST(test_a_slice_that_fails_ends_it)
{
    tasks[0].slices = 5;
    tasks[0].answer = ERR_CONFLICT;
    submit(0, 1);
    ck_assert_err(&tasks[0].ctx, task_wait(&tasks[0]), ERR_CONFLICT);
    ck_assert_int_eq(tasks[0].runs, 1);
}
END_TEST

START_TEST(test_full_queue)
{
    writer_stop(writer);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 3, &writer));
    gate_close();
    submit(0, 3);
    ck_assert(!task_submit(writer, &tasks[3]));
    ck_assert_int_eq(tasks[3].ctx.failure.err, ERR_BUSY);
    tasks[4].command.background = true; /* has a queue of its own */
    submit(4, 1);
    gate_open();
    wait_ok(0, 3);
    wait_ok(4, 1);
    failure_clear(&tasks[3].ctx);
    submit(3, 1);
    wait_ok(3, 1);
    ck_assert_int_eq(tasks[3].runs, 1);
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
    tasks[0].slices = 4;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_thread, writer), 0);
    usleep(20000);
    gate_open();
    wait_ok(0, 50);
    pthread_join(thread, NULL);
    writer = NULL;
    ck_assert_int_eq(tasks[0].runs, 4);
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
    while (taken < TASKS && task_submit(writer, &tasks[taken])) {
        taken++;
        usleep(1000);
    }
    ck_assert_int_lt(taken, TASKS);
    ck_assert_int_eq(tasks[taken].ctx.failure.err, ERR_BUSY);
    gate_open();
    wait_ok(0, taken);
    pthread_join(thread, NULL);
    writer = NULL;
    ck_assert_int_eq(core_count(&core), taken);
}
END_TEST

START_TEST(test_stop_cuts_background_work)
{
    tasks[0].slices = 1000000;
    tasks[0].command.background = true;
    submit(0, 1);
    while (metric_value(METRIC_WRITER_COMMANDS) < 20)
        usleep(1000);
    writer_stop(writer);
    writer = NULL;
    ck_assert_err(&tasks[0].ctx, task_wait(&tasks[0]), ERR_BUSY);
    ck_assert_int_lt(tasks[0].runs, 1000000);
    ck_assert_int_eq(core_count(&core), tasks[0].runs); /* what it had done is kept */
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
        ck_assert_int_ge(tasks[i].now_ms, last_ms);
        ck_assert_int_lt(id_compare(&last, &tasks[i].id), 0);
        last = tasks[i].id;
        last_ms = tasks[i].now_ms;
        ck_assert_ptr_eq(tasks[i].ctx.ids, &tasks[i].ids); /* given back */
    }
    ck_assert_int_gt(last_ms, INT64_C(1600000000000));
}
END_TEST

/* Nor from one process to the next: a machine may start with its clock set back. The data know the
 * time to a second. */
START_TEST(test_time_goes_on_after_a_restart)
{
    enum { LAST = 4 };
    for (int i = 0; i <= LAST; i++) {
        core_clock_shift(3600000 + i * 900);
        submit(i, 1);
        wait_ok(i, 1);
    }
    writer_stop(writer);
    core_clock_shift(0);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    submit(LAST + 1, 1);
    wait_ok(LAST + 1, 1);
    ck_assert_int_ge(tasks[LAST + 1].now_ms, tasks[LAST].now_ms);
    ck_assert_int_le(tasks[LAST + 1].now_ms, tasks[LAST].now_ms + 1000);
    ck_assert_int_lt(id_compare(&tasks[LAST].id, &tasks[LAST + 1].id), 0);
}
END_TEST

/* ---- Shares ---- */

START_TEST(test_background_gets_a_quarter_while_others_wait)
{
    /* Two that are always waiting, for about half a second of work. */
    for (int i = 0; i < 2; i++) {
        tasks[i].number = NO_INT;
        tasks[i].spin_us = 1000;
        tasks[i].again = 250;
    }
    tasks[2].command.background = true;
    tasks[2].number = NO_INT;
    tasks[2].spin_us = 5000;
    tasks[2].slices = 1000000;
    gate_close();
    submit(0, 3);
    gate_open();
    wait_ok(0, 2);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_thread, writer), 0);
    ck_assert_int_eq(task_wait(&tasks[2]), ERR_BUSY);
    pthread_join(thread, NULL);
    writer = NULL;
    double foreground = (double)(tasks[0].worked_us + tasks[1].worked_us);
    double background = (double)tasks[2].worked_us;
    double share = background / (background + foreground);
    ck_assert_msg(share < 0.32, "background work got %.2f", share);
    ck_assert_msg(share > 0.08, "background work got %.2f", share);
}
END_TEST

START_TEST(test_background_is_free_when_nobody_waits)
{
    int64_t took_us[2];
    for (int i = 0; i < 2; i++) { /* the same work in the foreground first, as the measure */
        tasks[i].command.background = i == 1;
        tasks[i].number = NO_INT;
        tasks[i].spin_us = 1000;
        tasks[i].slices = 200;
        int64_t start_us = clock_monotonic_us();
        submit(i, 1);
        wait_ok(i, 1);
        took_us[i] = clock_monotonic_us() - start_us;
    }
    /* A quarter of the time would be four times as long. */
    ck_assert_int_lt(took_us[1], 3 * took_us[0]);
}
END_TEST

void writer_tests(Suite *suite)
{
    TCase *tcase = tcase_create("writer");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, writer_setup, writer_teardown);
    tcase_add_test(tcase, test_one);
    tcase_add_test(tcase, test_those_that_wait_share_a_commit);
    tcase_add_test(tcase, test_a_batch_has_a_limit);
    tcase_add_test(tcase, test_a_batch_ends_after_20_ms);
    tcase_add_test(tcase, test_one_that_fails_takes_no_other_along);
    tcase_add_test(tcase, test_a_lost_transaction_fails_all);
    tcase_add_test(tcase, test_one_that_rests_can_be_woken);
    tcase_add_test(tcase, test_one_that_comes_round_hears_of_the_round_before);
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
    suite_add_tcase(suite, tcase);
}
