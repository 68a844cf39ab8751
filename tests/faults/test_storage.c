/* test_storage.c: storage that fails at every single call in turn. Whatever fails: nobody was told
 * OK for something that is gone after opening again, nothing is half there, and nothing crashes. */
#include "tests/store/task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim_io.h"

enum { BATCH = 8, CALLS_MAX = 5000 };

static struct core core;
static struct shim_control *shim;

static void setup(void)
{
    core_make(&core);
    shim = shim_control();
}

static void shim_off(void)
{
    memset(shim->match, 0, sizeof shim->match);
    atomic_store(&shim->calls, 0);
    atomic_store(&shim->fail_at, 0);
    atomic_store(&shim->for_good, 0);
    atomic_store(&shim->space_set, 0);
    atomic_store(&shim->counted, 0);
    atomic_store(&shim->failed, 0);
}

static void teardown(void)
{
    shim_off();
    core_done(&core);
}

static void shim_arm(const char *match, int calls, int error, int64_t fail_at, bool for_good)
{
    shim_off();
    atomic_store(&shim->calls, calls);
    atomic_store(&shim->error, error);
    atomic_store(&shim->fail_at, fail_at);
    atomic_store(&shim->for_good, for_good);
    memcpy(shim->match, match, strlen(match) + 1);
}

static void shim_space(const char *match, int64_t bytes)
{
    shim_off();
    atomic_store(&shim->space_bytes, bytes);
    memcpy(shim->match, match, strlen(match) + 1);
    atomic_store(&shim->space_set, 1);
}

/* The next round begins with no file at all. */
static void files_remove(void)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", ".lock" };
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        char name[160];
        snprintf(name, sizeof name, "%s%s", core.path, suffixes[i]);
        unlink(name);
    }
}

static void check_sound(void)
{
    ck_assert_int_eq(core_int(&core, core.db,
                              "SELECT count(*) FROM pragma_integrity_check "
                              "WHERE integrity_check <> 'ok'"),
                     0);
    /* Pairs are written in one command: both rows or none. */
    ck_assert_int_eq(core_int(&core, core.db,
                              "SELECT count(*) FROM (SELECT number FROM pair "
                              "GROUP BY number HAVING count(*) <> 2)"),
                     0);
}

static int64_t has_pair(int64_t number)
{
    char text[80];
    snprintf(text, sizeof text, "SELECT count(*) FROM pair WHERE number = %lld", (long long)number);
    return core_int(&core, core.db, text);
}

static enum err add_pair(struct ctx *ctx, struct db *db, int64_t number)
{
    uint8_t filler[3000] = { (uint8_t)number };
    enum err err =
        db_exec(ctx, db, CORE_PAIR, param_int(number), param_bytes(filler, sizeof filler));
    if (!err)
        err = db_exec(ctx, db, CORE_PAIR, param_int(number), param_bytes(filler, sizeof filler));
    return err;
}

/* ---- The connection: open, migrate, transactions, checkpoints ---- */

static enum err pair_commit(struct core *at, int64_t number)
{
    enum err err = db_begin_write(&at->ctx, at->db);
    if (!err)
        err = add_pair(&at->ctx, at->db, number);
    if (!err)
        err = db_commit(&at->ctx, at->db);
    if (err)
        db_rollback(at->db);
    return err;
}

/* A short life. After the first failure nothing is written any more, as the writer has it.
 * Returns how many pairs were acknowledged. */
static int life(struct core *at)
{
    int pairs = 0;
    failure_clear(&at->ctx);
    enum err err = store_open_with(&at->ctx, at->path, &core_catalogue, &at->store);
    if (err) {
        ck_assert_ptr_null(at->store);
        ck_assert_ptr_nonnull(at->ctx.failure.detail);
        return 0;
    }
    at->db = store_writer(at->store);
    for (int i = 1; i <= 6 && !err; i++) {
        err = pair_commit(at, i);
        pairs += !err;
        if (!err && i % 2 == 0)
            err = store_checkpoint(&at->ctx, at->store, i % 4 == 0);
    }
    if (err)
        ck_assert_msg(err == ERR_STORAGE || err == ERR_CONFIG, "%d: %s", err,
                      at->ctx.failure.detail);
    at->db->driver->take_fault(at->db->connection);
    core_close(at);
    return pairs;
}

static const struct torture {
    const char *match;
    int calls, error;
    bool for_good;
} tortures[] = {
    { "test.db-wal", SHIM_SYNC, EIO, true },
    { "test.db-wal", SHIM_SYNC, EIO, false },
    { "test.db-wal", SHIM_WRITE, EIO, true },
    { "test.db-wal", SHIM_WRITE, EIO, false },
    { "test.db-wal", SHIM_WRITE, ENOSPC, true },
    { "test.db-wal", SHIM_WRITE, ENOSPC, false },
    { "test.db-wal", SHIM_TRUNCATE, EIO, false },
    { "test.db", SHIM_WRITE | SHIM_SYNC | SHIM_TRUNCATE, EIO, true },
    { "test.db", SHIM_WRITE | SHIM_SYNC | SHIM_TRUNCATE, EIO, false },
    { "test.db", SHIM_WRITE, ENOSPC, true },
    { "test.db-shm", SHIM_WRITE | SHIM_TRUNCATE, ENOSPC, true },
    { "test.db-shm", SHIM_WRITE | SHIM_TRUNCATE, EIO, false },
    { "test.db.lock", SHIM_WRITE | SHIM_TRUNCATE, ENOSPC, true },
};

START_TEST(test_every_call_of_a_life)
{
    const struct torture *torture = &tortures[_i];
    int64_t at = 1;
    for (; at < CALLS_MAX; at++) {
        files_remove();
        shim_arm(torture->match, torture->calls, torture->error, at, torture->for_good);
        int acknowledged = life(&core);
        bool reached = atomic_load(&shim->failed) > 0;
        shim_off();
        core_open(&core);
        check_sound();
        for (int i = 1; i <= acknowledged; i++)
            ck_assert_msg(has_pair(i) == 2, "call %lld: pair %d is lost", (long long)at, i);
        core_close(&core);
        arena_reset(&core.arena);
        if (!reached) {
            ck_assert_int_eq(acknowledged, 6);
            break;
        }
    }
    ck_assert_int_lt(at, CALLS_MAX);
    ck_assert_int_gt(at, 1); /* something could fail at all */
}
END_TEST

/* ---- The writer ---- */

static enum err pair_run(struct command *command, struct db *db)
{
    struct task *task = (struct task *)command;
    if (task->begun)
        sem_post(task->begun);
    if (task->gate)
        sem_wait(task->gate);
    task->runs++;
    return task->number == NO_INT ? OK : add_pair(command->ctx, db, task->number);
}

static struct task tasks[4 * BATCH + 1];
static struct writer *writer;
static sem_t gate, gate_begun;

static void jobs_make(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
        task_make(&tasks[i], (int64_t)i);
        tasks[i].command.run = pair_run;
    }
    tasks[0].number = NO_INT;
    tasks[0].gate = &gate;
    tasks[0].begun = &gate_begun;
    sem_init(&gate, 0, 0);
    sem_init(&gate_begun, 0, 0);
}

static void jobs_free(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
        task_free(&tasks[i]);
}

/* Holds the writer inside a batch; false when it takes nothing, or could not begin one. */
static bool hold(void)
{
    if (!task_submit(writer, &tasks[0]))
        return false;
    for (;;) {
        if (sem_trywait(&gate_begun) == 0)
            return true;
        if (sem_trywait(&tasks[0].finished) == 0)
            return false;
        usleep(50);
    }
}

static int64_t batches_ended(void)
{
    return metric_value(METRIC_WRITER_BATCHES) + metric_value(METRIC_WRITER_FAILED_BATCHES);
}

/* Submits a whole batch while the writer is held, so that it goes into one transaction together
 * with the task that holds it. Returns how many of it were accepted and answered with OK. */
static int batch_of_jobs(int first, enum err *ret_first)
{
    bool taken[BATCH];
    int kept = 0;
    int64_t batches = batches_ended();
    bool held = hold();
    for (int i = 0; i < BATCH; i++) {
        taken[i] = task_submit(writer, &tasks[first + i]);
        if (!taken[i])
            ck_assert_int_eq(tasks[first + i].ctx.failure.err, ERR_STORAGE);
    }
    if (held) {
        sem_post(&gate);
        task_wait(&tasks[0]);
    }
    *ret_first = taken[0] ? task_wait(&tasks[first]) : ERR_STORAGE;
    for (int i = 0; i < BATCH; i++) {
        enum err err = i == 0 ? *ret_first : taken[i] ? task_wait(&tasks[first + i]) : ERR_STORAGE;
        /* One commit: one answer for all. On a machine so slow that the work of one batch took
         * longer than a batch may, there were two. */
        if (batches_ended() <= batches + 1)
            ck_assert_err(&tasks[first + i].ctx, err, *ret_first);
        kept += err == OK;
    }
    return kept;
}

START_TEST(test_every_call_of_the_writer)
{
    const struct torture *torture = &tortures[_i];
    int64_t at = 1;
    for (; at < CALLS_MAX; at++) {
        files_remove();
        core_open(&core);
        jobs_make();
        ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
        shim_arm(torture->match, torture->calls, torture->error, at, torture->for_good);
        int kept[4];
        for (int i = 0; i < 4; i++) {
            enum err err = OK;
            kept[i] = batch_of_jobs(1 + i * BATCH, &err);
            ck_assert(err == OK || err == ERR_STORAGE);
            if (writer_failed(writer))
                ck_assert(!writer_healthy(writer));
        }
        writer_stop(writer);
        bool reached = atomic_load(&shim->failed) > 0;
        core_close(&core);
        shim_off();
        core_open(&core);
        check_sound();
        for (int i = 0; i < 4; i++) {
            int there = 0;
            for (int j = 0; j < BATCH; j++)
                there += has_pair(1 + i * BATCH + j) == 2;
            ck_assert_msg(there >= kept[i], "call %lld: batch %d lost rows", (long long)at, i);
            /* One that was kept in part was two commits: see batch_of_jobs(). */
            bool is_whole = kept[i] == 0 || kept[i] == BATCH;
            ck_assert_msg(!is_whole || there == 0 || there == BATCH,
                          "call %lld: batch %d is half there", (long long)at, i);
        }
        core_close(&core);
        jobs_free();
        arena_reset(&core.arena);
        if (!reached)
            break;
    }
    ck_assert_int_lt(at, CALLS_MAX);
}
END_TEST

START_TEST(test_failed_write_in_commit_is_final)
{
    enum err err = OK;
    core_open(&core);
    jobs_make();
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    shim_arm("test.db-wal", SHIM_WRITE, EIO, 1, /* for_good= */ false);
    ck_assert_int_eq(batch_of_jobs(1, &err), 0);
    ck_assert(writer_failed(writer));
    writer_stop(writer);
    jobs_free();
}
END_TEST

START_TEST(test_failed_fsync_is_final)
{
    enum err err = OK;
    core_open(&core);
    jobs_make();
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    ck_assert_int_eq(batch_of_jobs(1, &err), BATCH);
    shim_arm("test.db-wal", SHIM_SYNC, EIO, 1, /* for_good= */ false);
    ck_assert_int_eq(batch_of_jobs(1 + BATCH, &err), 0);
    ck_assert_int_eq(err, ERR_STORAGE);
    ck_assert_int_eq(tasks[1 + BATCH].ctx.failure.err, ERR_STORAGE);
    ck_assert(writer_failed(writer));
    ck_assert(!writer_healthy(writer));
    /* The disk would say yes again; it is not asked. Not one more call goes to the log. */
    int64_t counted = atomic_load(&shim->counted);
    atomic_store(&shim->calls, SHIM_SYNC | SHIM_WRITE | SHIM_TRUNCATE);
    ck_assert_int_eq(batch_of_jobs(1 + 2 * BATCH, &err), 0);
    ck_assert_int_eq(tasks[1 + 2 * BATCH].runs, 0);
    usleep(1200000);
    ck_assert(writer_failed(writer));
    /* Reads stay up, and see what was committed. */
    struct db *reader = NULL;
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_int_eq(core_int(&core, reader, "SELECT count(*) FROM pair"), 2 * BATCH);
    db_close(reader);
    writer_stop(writer);
    core_close(&core);
    ck_assert_int_eq(atomic_load(&shim->counted), counted);
    jobs_free();
}
END_TEST

/* ---- A full disk ---- */

static enum err fill(struct task *task, int64_t bytes)
{
    task->filler_bytes = bytes;
    return task_submit(writer, task) ? task_wait(task) : task->ctx.failure.err;
}

START_TEST(test_full_disk_and_back)
{
    /* How much there is room for: the failure comes in another call each time. */
    static const int64_t rooms[] = { 0, 1, 4096, 30000, 200000, 1000000 };
    struct task task, after;
    struct db *reader = NULL;
    int64_t kept = 0;
    core_open(&core);
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    shim_space("test.db-wal", rooms[_i]);
    for (;;) {
        task_make(&task, 1);
        enum err err = fill(&task, 50000);
        task_free(&task);
        if (err) {
            ck_assert_int_eq(err, ERR_STORAGE);
            break;
        }
        kept++;
        ck_assert_int_lt(kept, 100);
    }
    ck_assert(!writer_healthy(writer));
    ck_assert(!writer_failed(writer));
    task_make(&after, 2);
    ck_assert(!task_submit(writer, &after));
    ck_assert_int_eq(after.ctx.failure.err, ERR_STORAGE);
    /* It is asked again every second, in vain. */
    usleep(2300000);
    if (rooms[_i] == 0) /* else the small write of the probe may still fit */
        ck_assert(!writer_healthy(writer));
    ck_assert_int_eq(core_int(&core, reader, "SELECT count(*) FROM filler"), kept);
    shim_off();
    for (int i = 0; i < 400 && !writer_healthy(writer); i++)
        usleep(10000);
    ck_assert(writer_healthy(writer));
    failure_clear(&after.ctx);
    ck_assert_int_eq(fill(&after, 50000), OK);
    ck_assert_int_eq(core_int(&core, reader, "SELECT count(*) FROM filler"), kept + 1);
    db_close(reader);
    writer_stop(writer);
    core_close(&core);
    core_open(&core);
    check_sound();
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM filler"), kept + 1);
    task_free(&after);
}
END_TEST

START_TEST(test_full_disk_at_checkpoint)
{
    /* The log had room, the data file has none: everything stays in the log. */
    struct task task;
    core_open(&core);
    ck_assert_ok(&core.ctx, writer_start(&core.ctx, core.store, 1000, &writer));
    shim_space("test.db", 0);
    for (int i = 0; i < 6; i++) {
        task_make(&task, i);
        ck_assert_int_eq(fill(&task, 1 << 20), OK);
        task_free(&task);
    }
    usleep(2500000);
    ck_assert_int_gt(atomic_load(&shim->failed), 0);
    ck_assert(writer_healthy(writer));
    task_make(&task, 7);
    ck_assert_int_eq(fill(&task, 1 << 20), OK);
    task_free(&task);
    shim_off();
    writer_stop(writer);
    core_close(&core);
    core_open(&core);
    check_sound();
    ck_assert_int_eq(core_int(&core, core.db, "SELECT count(*) FROM filler"), 7);
}
END_TEST

Suite *test_suite(void)
{
    log_setup(LOG_ERROR, LOG_TEXT);
    Suite *suite = suite_create("faults storage");
    TCase *tcase = tcase_create("storage");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_every_call_of_a_life, 0, ARRAY_SIZE(tortures));
    tcase_add_loop_test(tcase, test_every_call_of_the_writer, 0, ARRAY_SIZE(tortures));
    tcase_add_test(tcase, test_failed_write_in_commit_is_final);
    tcase_add_test(tcase, test_failed_fsync_is_final);
    tcase_add_loop_test(tcase, test_full_disk_and_back, 0, 6);
    tcase_add_test(tcase, test_full_disk_at_checkpoint);
    suite_add_tcase(suite, tcase);
    return suite;
}
