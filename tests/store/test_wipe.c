/* test_wipe.c: what was deleted is in no byte of file and log once the log is wiped, whatever pages
 * its rows have wandered through; and what waits for that is told, or told why not. */
#include "task.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 20, JOBS = 40 };

static struct core core;
static struct writer *writer;
static struct task tasks[JOBS];

static void setup(void)
{
    core_make(&core);
    core_open(&core);
    for (int i = 0; i < JOBS; i++)
        task_make(&tasks[i], 1000 * (i + 1));
}

static void teardown(void)
{
    writer_stop(writer);
    writer = NULL;
    for (int i = 0; i < JOBS; i++)
        task_free(&tasks[i]);
    core_done(&core);
}

/* How often the text stands in the file of that name. */
static int occurrences(const char *suffix, const char *text)
{
    char name[160];
    struct stat status;
    int count = 0;
    snprintf(name, sizeof name, "%s%s", core.path, suffix);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ck_assert_int_eq(fstat(fd, &status), 0);
    size_t bytes = (size_t)status.st_size;
    char *data = malloc(bytes + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_int_eq(read(fd, data, bytes), (ssize_t)bytes);
    close(fd);
    for (const char *at = data; (at = memmem(at, bytes - (size_t)(at - data), text, strlen(text)));
         at++)
        count++;
    free(data);
    return count;
}

static void expect_gone(const char *text)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
        ck_assert_msg(occurrences(suffixes[i], text) == 0, "%s%s has %s %d times", core.path,
                      suffixes[i], text, occurrences(suffixes[i], text));
}

static void run(const char *format, ...) _printf_(1, 2);
static void run(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(&core.arena, format, args);
    va_end(args);
    ck_assert_ptr_nonnull(text);
    ck_assert_ok(&core.ctx, db_begin_write(&core.ctx, core.db));
    ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db, text));
    ck_assert_ok(&core.ctx, db_commit(&core.ctx, core.db));
}

/* Rows in no order, of people who stay and of people who go, side by side on every page. */
static void fill(int from, int to)
{
    run("INSERT INTO person WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n "
        "WHERE i < %d) SELECT i, printf('%%08x-%%s@example.com', i * 2654435761 %% 4294967296, "
        "CASE i %% 3 WHEN 0 THEN 'keeper' ELSE 'goer' END), "
        "substr('%s', 1, i %% 97) FROM n",
        from, to,
        "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0"
        "1234567");
}

/* Cells move from page to page while others come and go around them. */
START_TEST(test_nothing_deleted_is_left)
{
    run("CREATE TABLE person (number BIGINT NOT NULL, key TEXT NOT NULL PRIMARY KEY, note TEXT) "
        "WITHOUT ROWID; CREATE INDEX person_number ON person (number %% 7, key)");
    for (int round = 0; round < ROUNDS; round++) {
        fill(round * 1000, round * 1000 + 999);
        if (round % 3 == 0)
            ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, false));
        run("DELETE FROM person WHERE key LIKE '%%-goer@%%' AND number %% 5 = %d", round % 5);
    }
    ck_assert_int_gt(occurrences("", "-goer@"), 0);
    run("DELETE FROM person WHERE key LIKE '%%-goer@%%'");
    ck_assert_ok(&core.ctx, store_wipe(&core.ctx, core.store));
    expect_gone("-goer@");
    ck_assert_int_eq(store_wal_bytes(core.store), 0);
    ck_assert_int_gt(occurrences("", "-keeper@"), 0);
    /* Nor does what the connection kept in memory bring it back. */
    run("UPDATE person SET note = 'x' || note");
    expect_gone("-goer@");
    ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, false));
    expect_gone("-goer@");
    ck_assert_int_eq(core_int(&core, core.db,
                              "SELECT count(*) FROM pragma_integrity_check "
                              "WHERE integrity_check <> 'ok'"),
                     0);
}
END_TEST

/* ---- Commands that wait for it ---- */

static void writer_begin(void)
{
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
}

static struct db *reader_hold(void)
{
    struct db *reader = NULL;
    int64_t value;
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_ok(&core.ctx, db_begin_read(&core.ctx, reader));
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, reader, CORE_COUNT, &value, NULL, 0));
    return reader;
}

START_TEST(test_it_is_told_when_the_log_is_empty)
{
    writer_begin();
    for (int i = 0; i < 3; i++) {
        tasks[i].wipe = true;
        ck_assert(task_submit(writer, &tasks[i]));
        ck_assert_ok(&tasks[i].ctx, task_wait(&tasks[i]));
        ck_assert_int_eq(store_wal_bytes(core.store), 0);
    }
}
END_TEST

START_TEST(test_those_that_wait_share_a_wipe)
{
    writer_begin();
    int64_t checkpoints = metric_value(METRIC_CHECKPOINTS);
    struct db *reader = reader_hold();
    for (int i = 0; i < JOBS; i++) {
        tasks[i].wipe = true;
        ck_assert(task_submit(writer, &tasks[i]));
    }
    usleep(300000);
    db_end_read(reader);
    db_close(reader);
    for (int i = 0; i < JOBS; i++)
        ck_assert_ok(&tasks[i].ctx, task_wait(&tasks[i]));
    ck_assert_int_le(metric_value(METRIC_CHECKPOINTS) - checkpoints, 3);
}
END_TEST

/* Others are served meanwhile, and what was done is done. */
START_TEST(test_a_reader_that_does_not_let_go)
{
    writer_begin();
    struct db *reader = reader_hold();
    tasks[0].wipe = true;
    ck_assert(task_submit(writer, &tasks[0]));
    for (int i = 1; i < 6; i++) {
        ck_assert(task_submit(writer, &tasks[i]));
        ck_assert_ok(&tasks[i].ctx, task_wait(&tasks[i]));
    }
    ck_assert_err(&tasks[0].ctx, task_wait(&tasks[0]), ERR_UNSETTLED);
    db_end_read(reader);
    db_close(reader);
    ck_assert_int_eq(core_count(&core), 6);
    tasks[6].number = NO_INT;
    tasks[6].wipe = true;
    ck_assert(task_submit(writer, &tasks[6]));
    ck_assert_ok(&tasks[6].ctx, task_wait(&tasks[6]));
}
END_TEST

START_TEST(test_the_end_tells_those_that_wait)
{
    writer_begin();
    struct db *reader = reader_hold();
    tasks[0].wipe = true;
    ck_assert(task_submit(writer, &tasks[0]));
    usleep(50000);
    writer_stop(writer);
    writer = NULL;
    ck_assert_err(&tasks[0].ctx, task_wait(&tasks[0]), ERR_UNSETTLED);
    db_end_read(reader);
    db_close(reader);
}
END_TEST

/* ---- Commands that come round ---- */

START_TEST(test_it_comes_round)
{
    tasks[0].command.every_us = 20000;
    tasks[0].number = NO_INT;
    tasks[0].answer = _i ? ERR_VALIDATION : OK; /* after a failure too */
    writer_begin();
    int64_t start_us = clock_monotonic_us();
    ck_assert(task_submit(writer, &tasks[0]));
    usleep(500000);
    writer_stop(writer);
    writer = NULL;
    task_wait(&tasks[0]);
    ck_assert_int_ge(tasks[0].runs, 3);
    ck_assert_int_le(tasks[0].runs, (clock_monotonic_us() - start_us) / 20000 + 1);
}
END_TEST

void wipe_tests(Suite *suite)
{
    TCase *tcase = tcase_create("wipe");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_nothing_deleted_is_left);
    tcase_add_test(tcase, test_it_is_told_when_the_log_is_empty);
    tcase_add_test(tcase, test_those_that_wait_share_a_wipe);
    tcase_add_test(tcase, test_a_reader_that_does_not_let_go);
    tcase_add_test(tcase, test_the_end_tells_those_that_wait);
    tcase_add_loop_test(tcase, test_it_comes_round, 0, 2);
    suite_add_tcase(suite, tcase);
}
