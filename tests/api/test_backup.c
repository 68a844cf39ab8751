/* test_backup.c: `backup`, `restore` and `check FILE`: what they keep, what they refuse, and that
 * nothing is lost wherever they are cut short. */
#include "cli.h"
#include "tests/support/tamper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

static void leads_import(int from, int to)
{
    FILE *file = fopen(path_of("leads.csv"), "w");
    ck_assert_ptr_nonnull(file);
    fputs("email,company,phone,source_system,external_id\n", file);
    for (int i = from; i < to; i++)
        fprintf(file, "lead%d@example.com,Firm %d,+1202555%04d,crm,%d\n", i, i, i, i);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_run("import leads leads.csv", 0);
}

static void leads_expect(const char *check, int count)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "no difference: %d leads, ", count);
    ck_assert_run(check, 0);
    ck_assert_says(out, wanted);
}

static char *bytes_read(const char *name, size_t *ret_bytes)
{
    struct stat status;
    FILE *file = fopen(path_of(name), "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    char *bytes = malloc((size_t)status.st_size);
    *ret_bytes = fread(bytes, 1, (size_t)status.st_size, file);
    fclose(file);
    return bytes;
}

static bool file_holds(const char *name, const char *text)
{
    size_t bytes;
    char *data = bytes_read(name, &bytes);
    bool found = memmem(data, bytes, text, strlen(text)) != NULL;
    free(data);
    return found;
}

static void file_copy(const char *from, const char *to)
{
    size_t bytes;
    char *data = bytes_read(from, &bytes);
    FILE *file = fopen(path_of(to), "w");
    ck_assert_uint_eq(fwrite(data, 1, bytes, file), bytes);
    ck_assert_int_eq(fclose(file), 0);
    free(data);
}

static mode_t mode_of(const char *name)
{
    struct stat status;
    ck_assert_int_eq(stat(path_of(name), &status), 0);
    return status.st_mode & 0777;
}

/* Where the last restore has put the data of before. */
static const char *aside(void)
{
    static char name[128];
    char *begin = strstr(out, "f.db.replaced-");
    ck_assert_ptr_nonnull(begin);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, ":"), begin);
    return name;
}

/* ---- Backup ---- */

START_TEST(test_backup)
{
    char first[TEXT_BYTES_MAX], second[TEXT_BYTES_MAX];
    with_daemon(_i);
    leads_import(0, 3);
    ck_assert_run("backup b.db", 0);
    ck_assert_says(out, "b.db: ");
    ck_assert_says(out, "\nSHA-256 ");
    ck_assert_int_eq(mode_of("b.db"), 0600);
    ck_assert_int_eq(mode_of("b.db.sha256"), 0600);
    ck_assert(!file_exists("b.db.part"));
    file_read("b.db.sha256", first);
    ck_assert_uint_eq(strspn(first, "0123456789abcdef"), 64);
    ck_assert_str_eq(first + 64, "  b.db\n");
    first[64] = '\0';
    ck_assert_says(out, first);

    leads_import(3, 5);
    leads_expect("check", 5);
    leads_expect("check b.db", 3);
    ck_assert_run("backup b.db", 1);
    ck_assert_says(err, "there is a file b.db already");
    leads_expect("check b.db", 3);
    file_write("b.db.part", "what a killed one has left");
    ck_assert_run("backup b.db --force", 0);
    leads_expect("check b.db", 5);
    file_read("b.db.sha256", second);
    ck_assert_int_ne(strncmp(first, second, 64), 0);
}
END_TEST

START_TEST(test_backup_is_refused)
{
    with_daemon(_i);
    leads_import(0, 1);
    ck_assert_run("backup", 2);
    ck_assert_run("backup --force=yes b.db", 2);
    ck_assert_says(err, "--force takes no value");
    ck_assert_run("backup .", 1);
    ck_assert_says(err, ". is no regular file");
    ck_assert_run("backup none/b.db", 1);
    ck_assert_says(err, "none/b.db.part cannot be written: No such file");
    ck_assert_run("backup f.db --force", 1);
    ck_assert_says(err, "f.db belongs to the data file itself");
    ck_assert_int_eq(link(path_of("f.db"), path_of("alias.db")), 0);
    ck_assert_run("backup alias.db --force", 1);
    ck_assert_run("backup f.db.lock --force", 1);
    ck_assert_run("backup b.db --database=none.db", 78);
    ck_assert_says(err, "there is no data file none.db");
    leads_expect("check", 1);
}
END_TEST

/* Deleted bytes stay in a data file unless they are overwritten; a backup has none of them. */
START_TEST(test_backup_holds_nothing_deleted)
{
    static const char marker[] = "only-the-deleted-say-this";
    char text[512];
    leads_import(0, 200);
    snprintf(text, sizeof text,
             "PRAGMA secure_delete = OFF; "
             "UPDATE lead SET company = '%s' WHERE external_id < '5'; "
             "UPDATE lead SET company = 'Firm' WHERE external_id < '5'; "
             "INSERT INTO setting SELECT '%s' || hex(id), '%s' FROM lead; "
             "DELETE FROM setting WHERE value = '%s'; PRAGMA wal_checkpoint(TRUNCATE)",
             marker, marker, marker, marker);
    tamper_with(path_of("f.db"), text);
    ck_assert(file_holds("f.db", marker)); /* or this would show nothing */
    ck_assert_run("backup b.db", 0);
    ck_assert(!file_holds("b.db", marker));
    ck_assert(file_holds("b.db", "lead199@example.com"));
}
END_TEST

/* The log grows while a backup reads; here it is only made to look so. */
START_TEST(test_a_log_that_grows_is_told)
{
    char text[TEXT_BYTES_MAX] = "";
    daemon_start();
    leads_import(0, 1);
    ck_assert_int_eq(truncate(path_of("f.db-wal"), (off_t)1100 << 20), 0);
    for (int i = 1; i < 30 && !strstr(text, "the log beside the data file has grown to 1100 MiB");
         i++) {
        leads_import(i * 2000, (i + 1) * 2000);
        file_read("daemon.log", text);
    }
    ck_assert_says(text, "the log beside the data file has grown to 1100 MiB");
}
END_TEST

/* ---- Restore ---- */

START_TEST(test_restore)
{
    leads_import(0, 3);
    ck_assert_run("backup b.db", 0);
    leads_import(3, 5);
    daemon_start();
    ck_assert_run("restore b.db --force", 1);
    ck_assert_says(err, "another process");
    leads_expect("check", 5);
    daemon_stop();

    ck_assert_run("restore b.db", 1);
    ck_assert_says(err, "--force puts it aside");
    ck_assert_run("restore f.db --force", 1);
    ck_assert_says(err, "f.db is the data file itself");
    ck_assert_run("restore none.db --force", 1);
    leads_expect("check", 5);

    ck_assert_run("restore b.db --force", 0);
    ck_assert_says(out, "start the daemon with: funneld serve --database=");
    char command[160];
    snprintf(command, sizeof command, "check %s", aside());
    leads_expect("check", 3);
    leads_expect(command, 5);
    ck_assert_int_eq(mode_of("f.db"), 0600);
    ck_assert(!file_exists("f.db.restoring"));
    ck_assert(!file_exists("f.db.restored"));
    daemon_start();
    leads_import(3, 4);
    leads_expect("check", 4);
}
END_TEST

START_TEST(test_restore_where_nothing_is)
{
    leads_import(0, 3);
    ck_assert_run("backup b.db", 0);
    ck_assert_run("restore b.db --database=other.db", 0);
    ck_assert_ptr_null(strstr(out, "replaced"));
    leads_expect("check --database=other.db", 3);
}
END_TEST

/* A daemon that was killed leaves a log, which is the old data's and must not meet the new. */
static void data_of_a_killed_daemon(void)
{
    leads_import(0, 3);
    ck_assert_run("backup b.db", 0);
    daemon_start();
    leads_import(3, 50);
    kill(daemon_pid, SIGKILL);
    end(daemon_pid);
    daemon_pid = 0;
    ck_assert(file_holds("f.db-wal", "lead49@example.com"));
}

START_TEST(test_restore_keeps_logs_apart)
{
    char command[160];
    data_of_a_killed_daemon();
    ck_assert_run("restore b.db --force", 0);
    snprintf(command, sizeof command, "check %s", aside());
    ck_assert(!file_exists("f.db-wal"));
    leads_expect(command, 50);
    leads_expect("check", 3);
}
END_TEST

/* Whatever a crash leaves once the restored file is whole, the next one to take it goes on. */
START_TEST(test_restore_is_finished_by_the_next)
{
    static const char *const moved[] = { "f.db", "f.db-wal" };
    char command[160], name[128];
    data_of_a_killed_daemon();
    file_copy("b.db", "f.db.restored");
    struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1700000000 } };
    ck_assert_int_eq(utimensat(AT_FDCWD, path_of("f.db.restored"), times, 0), 0);
    for (int i = 0; i < _i; i++) {
        snprintf(name, sizeof name, "f.db.replaced-20231114T221320000Z%s", moved[i] + 4);
        ck_assert_int_eq(rename(path_of(moved[i]), path_of(name)), 0);
    }
    if (_i > 0) { /* what has no data file at the moment is not taken for a new one */
        ck_assert_run("check", 78);
        ck_assert_run("backup c.db", 78);
    }
    daemon_start();
    file_read("daemon.log", err);
    ck_assert_says(err, "finished a restore that was interrupted");
    leads_expect("check", 3);
    leads_import(3, 5);
    daemon_stop();
    leads_expect("check", 5);
    snprintf(command, sizeof command, "check f.db.replaced-20231114T221320000Z");
    leads_expect(command, 50);
}
END_TEST

/* Before that nothing has changed. */
START_TEST(test_restore_that_was_cut_short)
{
    leads_import(0, 3);
    file_write("f.db.restoring", "half of it");
    leads_expect("check", 3);
    ck_assert_run("backup b.db", 0);
    ck_assert_run("restore b.db --force", 0);
    leads_expect("check", 3);
    ck_assert(!file_exists("f.db.restoring"));
}
END_TEST

/* ---- Damage ---- */

static void byte_flip(const char *name, const char *text)
{
    size_t bytes;
    char *data = bytes_read(name, &bytes);
    const char *found = memmem(data, bytes, text, strlen(text));
    ck_assert_ptr_nonnull(found);
    int fd = open(path_of(name), O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "X", 1, found - data), 1);
    close(fd);
    free(data);
}

static void page_wipe(const char *name)
{
    static const char nothing[4096];
    int fd = open(path_of(name), O_WRONLY);
    ck_assert_int_eq(pwrite(fd, nothing, sizeof nothing, 5 * (off_t)sizeof nothing), 4096);
    close(fd);
}

START_TEST(test_damage_is_found)
{
    leads_import(0, 30);
    ck_assert_run("backup b.db", 0);
    leads_import(30, 31);
    byte_flip("b.db", "lead17@example.com"); /* the hash alone can tell */
    ck_assert_run("check b.db", 1);
    ck_assert_says(err, "b.db is not what b.db.sha256 says");
    ck_assert_run("restore b.db --force", 1);
    ck_assert_says(err, "b.db is not what b.db.sha256 says");

    page_wipe("b.db"); /* and this every look at the pages */
    ck_assert_int_eq(unlink(path_of("b.db.sha256")), 0);
    ck_assert_run("check b.db", 1);
    ck_assert_says(err, "damaged");
    ck_assert_run("restore b.db --force", 1);
    ck_assert_says(err, "damaged");
    leads_expect("check", 31);

    page_wipe("f.db");
    ck_assert_run("check", 1);
    ck_assert_int_ne(run("backup c.db"), 0);
    ck_assert(!file_exists("c.db"));
    ck_assert(!file_exists("c.db.part"));
}
END_TEST

START_TEST(test_check_counts_a_backup)
{
    leads_import(0, 3);
    ck_assert_run("backup b.db", 0);
    tamper_with(path_of("b.db"), "UPDATE lead_state SET score = score + 1");
    ck_assert_int_eq(unlink(path_of("b.db.sha256")), 0);
    ck_assert_run("check b.db", 1);
    ck_assert_says(out, "its score is not what its log gives");
    ck_assert_says(out, "different: 3 of 3 leads, 0 of ");
    leads_expect("check", 3);
}
END_TEST

/* ---- Whose file it is, and how old ---- */

START_TEST(test_files_of_others)
{
    leads_import(0, 3);
    file_write("text.db", "this is a text, and it is long enough to have a header of some kind");
    file_write("empty.db", "");
    tamper_with(path_of("foreign.db"), "CREATE TABLE x (y)");
    ck_assert_run("backup newer.db", 0);
    ck_assert_int_eq(unlink(path_of("newer.db.sha256")), 0);
    tamper_with(path_of("newer.db"), "INSERT INTO schema_migration VALUES (999, 'future', 'x', 1)");
    static const struct {
        const char *name, *err;
        int status;
    } files[] = {
        { "text.db", "text.db is damaged, or no data file of funneld", 1 },
        { "empty.db", "empty.db is no data file of funneld", 78 },
        { "foreign.db", "foreign.db is no data file of funneld", 78 },
        { "newer.db", "is newer than this program", 78 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char command[128];
        static const char *const commands[] = { "check", "restore --force",
                                                "backup b.db --database" };
        for (size_t j = 0; j < ARRAY_SIZE(commands); j++) {
            snprintf(command, sizeof command, "%s %s", commands[j], files[i].name);
            ck_assert_run(command, files[i].status);
            ck_assert_says(err, files[i].err);
        }
    }
    leads_expect("check", 3);
}
END_TEST

/* What an upgrade begins with: the new program copies the old data as it is. */
START_TEST(test_older_data)
{
    leads_import(0, 3);
    tamper_with(path_of("f.db"), "CREATE TABLE known AS SELECT * FROM schema_migration; "
                                 "DELETE FROM schema_migration WHERE number = "
                                 "(SELECT max(number) FROM schema_migration)");
    ck_assert_run("backup b.db", 0);
    tamper_with(path_of("f.db"), "DELETE FROM lead");
    ck_assert_run("check b.db", 1);
    ck_assert_says(err, "b.db is undamaged, but of an older version");
    ck_assert_run("restore b.db --force", 0);
    ck_assert_run("check", 1);
    tamper_with(path_of("f.db"), "INSERT INTO schema_migration SELECT * FROM known WHERE number > "
                                 "(SELECT max(number) FROM schema_migration); DROP TABLE known");
    leads_expect("check", 3);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("backup");
    TCase *tcase = tcase_create("backup");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_backup, 0, 2);
    tcase_add_loop_test(tcase, test_backup_is_refused, 0, 2);
    tcase_add_test(tcase, test_backup_holds_nothing_deleted);
    tcase_add_test(tcase, test_a_log_that_grows_is_told);
    tcase_add_test(tcase, test_restore);
    tcase_add_test(tcase, test_restore_where_nothing_is);
    tcase_add_test(tcase, test_restore_keeps_logs_apart);
    tcase_add_loop_test(tcase, test_restore_is_finished_by_the_next, 0, 3);
    tcase_add_test(tcase, test_restore_that_was_cut_short);
    tcase_add_test(tcase, test_damage_is_found);
    tcase_add_test(tcase, test_check_counts_a_backup);
    tcase_add_test(tcase, test_files_of_others);
    tcase_add_test(tcase, test_older_data);
    suite_add_tcase(suite, tcase);
    return suite;
}
