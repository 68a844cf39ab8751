/* test_open.c: the data file: who may have it, which files are refused, which settings hold. */
#include "core.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct core core;

static void setup(void)
{
    core_make(&core);
}

static void teardown(void)
{
    core_done(&core);
}

static enum err try_open(struct store **ret)
{
    failure_clear(&core.ctx);
    return store_open_with(&core.ctx, core.path, &core_catalogue, ret);
}

static unsigned mode_of(const char *suffix)
{
    char name[160];
    struct stat status;
    snprintf(name, sizeof name, "%s%s", core.path, suffix);
    ck_assert_int_eq(stat(name, &status), 0);
    return status.st_mode & 07777;
}

START_TEST(test_one_process_at_a_time)
{
    struct store *second = NULL;
    core_open(&core);
    ck_assert_err(&core.ctx, try_open(&second), ERR_CONFLICT);
    ck_assert_ptr_null(second);
    ck_assert_has(core.ctx.failure.detail, core.path);
    pid_t child = fork();
    if (child == 0) {
        /* A process of its own, which has inherited the descriptor but opens anew. */
        _exit(try_open(&second) == ERR_CONFLICT ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    /* The refused ones have broken nothing: neither the lock nor SQLite's own. */
    ck_assert_err(&core.ctx, try_open(&second), ERR_CONFLICT);
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, 1));
    core_close(&core);
    core_open(&core);
    ck_assert_int_eq(core_count(&core), 1);
}
END_TEST

START_TEST(test_a_link_leads_to_the_same_lock)
{
    char path[160];
    struct store *second = NULL;
    core_open(&core);
    snprintf(path, sizeof path, "%s.other", core.path);
    ck_assert_int_eq(symlink(core.path, path), 0);
    ck_assert_err(&core.ctx, store_open_with(&core.ctx, path, &core_catalogue, &second),
                  ERR_CONFLICT);
}
END_TEST

/* By another process: this one would be refused by the lock of that name. */
static void expect_conflict(const char *path)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct store *second = NULL;
        enum err err = store_open_with(&core.ctx, path, &core_catalogue, &second);
        _exit(err == ERR_CONFLICT ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, core_count(&core) + 1));
}

/* Two logs for one file would be the end of it. */
START_TEST(test_a_second_name_is_no_second_file)
{
    char path[160], lock[192];
    core_open(&core); /* makes it */
    snprintf(path, sizeof path, "%s.other", core.path);
    snprintf(lock, sizeof lock, "%s.lock", path);
    ck_assert_int_eq(link(core.path, path), 0);
    expect_conflict(path);
    core_close(&core);
    core_open(&core);
    expect_conflict(path);
    ck_assert_int_eq(unlink(path) | unlink(lock), 0);
}
END_TEST

START_TEST(test_removing_the_lock_unlocks_nothing)
{
    char path[160];
    core_open(&core);
    snprintf(path, sizeof path, "%s.lock", core.path);
    ck_assert_int_eq(unlink(path), 0);
    expect_conflict(core.path);
}
END_TEST

START_TEST(test_files_are_for_the_owner)
{
    static const mode_t masks[] = { 0, 022, 0777 };
    umask(masks[_i]);
    core_open(&core);
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, 1));
    umask(022);
    ck_assert_uint_eq(mode_of(""), 0600);
    ck_assert_uint_eq(mode_of("-wal"), 0600);
    ck_assert_uint_eq(mode_of("-shm"), 0600);
    ck_assert_uint_eq(mode_of(".lock") & 077, 0);
}
END_TEST

START_TEST(test_missing_directory)
{
    struct store *store = NULL;
    snprintf(core.path, sizeof core.path, "%s/none/test.db", core.directory);
    ck_assert_err(&core.ctx, try_open(&store), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, "mkdir -p");
    ck_assert_has(core.ctx.failure.detail, "/none");
}
END_TEST

START_TEST(test_not_a_file)
{
    struct store *store = NULL;
    char path[128];
    memcpy(path, core.path, sizeof path);
    memcpy(core.path, core.directory, sizeof core.directory);
    ck_assert_err(&core.ctx, try_open(&store), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, "not a file");
    memcpy(core.path, path, sizeof path);
}
END_TEST

/* ---- Files that are not ours ---- */

static char *read_file(size_t *ret_bytes)
{
    FILE *file = fopen(core.path, "rb");
    ck_assert_ptr_nonnull(file);
    char *data = calloc(1, 1 << 20);
    *ret_bytes = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}

static void refused_unchanged(const char *says)
{
    struct store *store = NULL;
    size_t before_bytes, after_bytes;
    char *before = read_file(&before_bytes);
    ck_assert_err(&core.ctx, try_open(&store), ERR_CONFIG);
    ck_assert_has(core.ctx.failure.detail, says);
    ck_assert_has(core.ctx.failure.detail, core.path);
    char *after = read_file(&after_bytes);
    ck_assert_uint_eq(before_bytes, after_bytes);
    ck_assert_mem_eq(before, after, before_bytes);
    free(before);
    free(after);
}

START_TEST(test_other_files_are_refused)
{
    static char noise[8192];
    memset(noise, 'x', sizeof noise);
    static const size_t sizes[] = { 1, 15, 16, 100, 4096, sizeof noise };
    core_write_file(core.path, noise, sizes[_i]);
    refused_unchanged("not an SQLite file");
}
END_TEST

START_TEST(test_databases_of_others_are_refused)
{
    /* SQLite's own shell is not needed: our driver makes one, and then takes our mark off it. */
    core_open(&core);
    ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db, "PRAGMA application_id = 0"));
    if (_i == 1)
        ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db, "PRAGMA application_id = 77"));
    core_close(&core);
    refused_unchanged("another program");
}
END_TEST

START_TEST(test_broken_header)
{
    static char page[4096] = "SQLite format 3";
    struct store *store = NULL;
    memset(page + 16, 0xee, sizeof page - 16);
    core_write_file(core.path, page, sizeof page);
    enum err err = try_open(&store);
    ck_assert_msg(err == ERR_CORRUPT || err == ERR_CONFIG, "%d", err);
}
END_TEST

START_TEST(test_empty_file_becomes_ours)
{
    core_write_file(core.path, "", 0);
    core_open(&core);
    ck_assert_int_eq(core_count(&core), 0);
}
END_TEST

START_TEST(test_crash_right_after_creation)
{
    /* The file has its first page, but neither our mark nor a table yet. */
    core_open(&core);
    ck_assert_ok(
        &core.ctx,
        core_exec(
            &core.ctx, core.db,
            "DROP TABLE thing; DROP TABLE pair; DROP TABLE filler;"
            "DROP TABLE schema_migration; DROP TABLE storage_probe; PRAGMA application_id = 0"));
    core_close(&core);
    core_open(&core);
    ck_assert_int_eq(core_count(&core), 0);
}
END_TEST

/* ---- Settings ---- */

static const struct {
    const char *text;
    int64_t writer, reader;
} settings[] = {
    { "PRAGMA page_size", 4096, 4096 },
    { "PRAGMA synchronous", 2, 2 },
    { "PRAGMA foreign_keys", 1, 1 },
    { "PRAGMA temp_store", 2, 2 },
    { "PRAGMA cache_size", -65536, -8192 },
    { "PRAGMA wal_autocheckpoint", 0, 0 },
    { "PRAGMA journal_size_limit", 64 << 20, 64 << 20 },
    { "PRAGMA mmap_size", 0, 0 },
    { "PRAGMA cell_size_check", 1, 1 },
    { "PRAGMA trusted_schema", 0, 0 },
    { "PRAGMA query_only", 0, 1 },
    { "PRAGMA application_id", 0x464e4c44, 0x464e4c44 },
    { "SELECT 'a' LIKE 'A'", 0, 0 },
};

START_TEST(test_settings)
{
    struct db *reader = NULL;
    core_open(&core);
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_int_eq(core_int(&core, core.db, settings[_i].text), settings[_i].writer);
    ck_assert_int_eq(core_int(&core, reader, settings[_i].text), settings[_i].reader);
    db_close(reader);
}
END_TEST

START_TEST(test_guards)
{
    static const struct {
        const char *text, *says;
    } attempts[] = {
        { "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", "may not be modified" },
        { "SELECT length(zeroblob(2097153))", "too big" },
        { "SELECT 'a' LIKE printf('%.*c', 101, 'a')", "too complex" },
        { "SELECT \"no such column\"", "no such column" },
        { "SELECT ?1000", "variable number" },
    };
    core_open(&core);
    failure_clear(&core.ctx);
    ck_assert_err(&core.ctx, core_exec(&core.ctx, core.db, attempts[_i].text), ERR_INTERNAL);
    ck_assert_has(core.ctx.failure.detail, attempts[_i].says);
    ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db, "SELECT ?999"));
}
END_TEST

/* ---- The log ---- */

START_TEST(test_checkpoint)
{
    core_open(&core);
    const struct driver *driver = core.db->driver;
    for (int i = 0; i < 100; i++)
        ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, i));
    ck_assert_int_gt(store_wal_bytes(core.store), 100 * 4096);
    ck_assert_int_gt(driver->log_backlog_bytes(core.db->connection), 100 * 4096);
    ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, false));
    ck_assert_int_eq(driver->log_backlog_bytes(core.db->connection), 0);
    ck_assert_int_gt(store_wal_bytes(core.store), 0);
    ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, true));
    ck_assert_int_eq(store_wal_bytes(core.store), 0);
    ck_assert_int_ge(store_file_bytes(core.store), 4096);
}
END_TEST

static void copy(const char *from, const char *to, const char *ending)
{
    char names[2][160];
    static char data[4 << 20];
    snprintf(names[0], sizeof names[0], "%s%s", from, ending);
    snprintf(names[1], sizeof names[1], "%s%s", to, ending);
    int fd = open(names[0], O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ssize_t bytes = read(fd, data, sizeof data);
    close(fd);
    ck_assert(bytes > 0 && bytes < (ssize_t)sizeof data);
    core_write_file(names[1], data, (size_t)bytes);
}

/* Nobody else would copy it: a process that is killed again and again must not pile it up. */
START_TEST(test_log_of_a_killed_process_is_waiting)
{
    char killed[160];
    snprintf(killed, sizeof killed, "%s/killed.db", core.directory);
    core_open(&core);
    for (int i = 0; i < 100; i++)
        ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, i));
    copy(core.path, killed, "");
    copy(core.path, killed, "-wal");
    core_close(&core);
    unlink(core.path);
    unlink(arena_printf(&core.arena, "%s.lock", core.path));
    memcpy(core.path, killed, strlen(killed) + 1);
    core_open(&core);
    ck_assert_int_gt(core.db->driver->log_backlog_bytes(core.db->connection), 100 * 4096);
    ck_assert_int_eq(core_count(&core), 100);
    ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, true));
    ck_assert_int_eq(core.db->driver->log_backlog_bytes(core.db->connection), 0);
    ck_assert_int_eq(store_wal_bytes(core.store), 0);
}
END_TEST

START_TEST(test_checkpoint_by_a_connection_that_has_not_read)
{
    /* SQLite would say OK and do nothing. */
    struct db *fresh = NULL;
    core_open(&core);
    for (int i = 0; i < 100; i++)
        ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, i));
    ck_assert_ok(&core.ctx, db_open(&core.ctx, &driver_sqlite, &core_catalogue, core.path,
                                    ACCESS_WRITE, &fresh));
    ck_assert_ok(&core.ctx, fresh->driver->checkpoint(&core.ctx, fresh->connection, true));
    ck_assert_int_eq(store_wal_bytes(core.store), 0);
    db_close(fresh);
}
END_TEST

START_TEST(test_checkpoint_waits_a_little_for_readers)
{
    struct db *reader = NULL;
    int64_t value;
    core_open(&core);
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, 1));
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_ok(&core.ctx, db_begin_read(&core.ctx, reader));
    ck_assert_ok(&core.ctx, db_int_params(&core.ctx, reader, CORE_COUNT, &value, NULL, 0));
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, 2));
    int64_t start_us = clock_monotonic_us();
    ck_assert_err(&core.ctx, store_checkpoint(&core.ctx, core.store, true), ERR_BUSY);
    ck_assert_int_ge(clock_monotonic_us() - start_us, 100000);
    ck_assert_int_lt(clock_monotonic_us() - start_us, 2000000);
    ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, false));
    db_end_read(reader);
    db_close(reader);
    ck_assert_ok(&core.ctx, store_checkpoint(&core.ctx, core.store, true));
    ck_assert_int_eq(core.db->driver->take_fault(core.db->connection), FAULT_NONE);
}
END_TEST

START_TEST(test_close_leaves_one_file)
{
    char path[160];
    struct stat status;
    core_open(&core);
    ck_assert_ok(&core.ctx, core_add(&core.ctx, core.db, 1));
    core_close(&core);
    snprintf(path, sizeof path, "%s-wal", core.path);
    ck_assert_int_ne(stat(path, &status), 0);
    core_open(&core);
    ck_assert_int_eq(core_count(&core), 1);
}
END_TEST

/* Says "stop" once the work has begun: a signal that comes in the middle. */
static bool stop_at_once(void *self, const char *what, int64_t done, int64_t total)
{
    (void)what, (void)done, (void)total;
    int *looks = self;
    return ++*looks < 3;
}

/* One long pass over the file, in which SQLite calls nobody. */
START_TEST(test_looking_for_damage_can_be_stopped)
{
    int looks = 0;
    struct watch watch = { stop_at_once, &looks };
    core_open(&core);
    ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db,
                                      "CREATE TABLE large AS WITH RECURSIVE n (i) AS (SELECT 1 "
                                      "UNION ALL SELECT i + 1 FROM n WHERE i < 128) "
                                      "SELECT zeroblob(1000000) AS filler FROM n"));
    ck_assert_err(&core.ctx, store_verify(&core.ctx, core.store, /* thorough= */ true, &watch),
                  ERR_CONFLICT);
    ck_assert_has(core.ctx.failure.detail, "interrupted");
    failure_clear(&core.ctx);
    ck_assert_ok(&core.ctx, store_verify(&core.ctx, core.store, /* thorough= */ true, NULL));
}
END_TEST

START_TEST(test_named_statements)
{
    /* Those of the daemon, on its own schema. */
    ck_assert_ok(&core.ctx, store_open(&core.ctx, core.path, &core.store));
    ck_assert_ok(&core.ctx, store_check_statements(&core.ctx, store_writer(core.store)));
    struct db *reader = NULL;
    ck_assert_ok(&core.ctx, store_reader(&core.ctx, core.store, &reader));
    ck_assert_ok(&core.ctx, store_check_statements(&core.ctx, reader));
    db_close(reader);
}
END_TEST

void open_tests(Suite *suite)
{
    TCase *tcase = tcase_create("open");
    tcase_set_timeout(tcase, 60); /* fsyncs on a busy machine */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_one_process_at_a_time);
    tcase_add_test(tcase, test_a_link_leads_to_the_same_lock);
    tcase_add_test(tcase, test_a_second_name_is_no_second_file);
    tcase_add_test(tcase, test_removing_the_lock_unlocks_nothing);
    tcase_add_loop_test(tcase, test_files_are_for_the_owner, 0, 3);
    tcase_add_test(tcase, test_missing_directory);
    tcase_add_test(tcase, test_not_a_file);
    tcase_add_loop_test(tcase, test_other_files_are_refused, 0, 6);
    tcase_add_loop_test(tcase, test_databases_of_others_are_refused, 0, 2);
    tcase_add_test(tcase, test_broken_header);
    tcase_add_test(tcase, test_empty_file_becomes_ours);
    tcase_add_test(tcase, test_crash_right_after_creation);
    tcase_add_loop_test(tcase, test_settings, 0, ARRAY_SIZE(settings));
    tcase_add_loop_test(tcase, test_guards, 0, 5);
    tcase_add_test(tcase, test_checkpoint);
    tcase_add_test(tcase, test_log_of_a_killed_process_is_waiting);
    tcase_add_test(tcase, test_checkpoint_by_a_connection_that_has_not_read);
    tcase_add_test(tcase, test_checkpoint_waits_a_little_for_readers);
    tcase_add_test(tcase, test_close_leaves_one_file);
    tcase_add_test(tcase, test_looking_for_damage_can_be_stopped);
    tcase_add_test(tcase, test_named_statements);
    suite_add_tcase(suite, tcase);
}
