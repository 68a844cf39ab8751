/* test_cli.c: command lines, the daemon, keys. */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>

/* ---- Command lines ---- */

START_TEST(test_lines_and_statuses)
{
    static const struct {
        const char *arguments;
        int status;
        const char *out, *err;
    } lines[] = {
        { "--version", 0, "funneld ", NULL },
        { "--help", 0, "import stage-events", NULL },
        { "-h", 0, "--http-threads", NULL },
        { "help key", 0, "key revoke ID", NULL },
        { "import --help", 0, "occurred_at", NULL },
        { "--listen=nonsense --help", 0, "Commands:", NULL },
        { "--listen=nonsense --version", 0, "funneld ", NULL },
        { "--listen=nonsense config show", 78, "", "listen must be an address" },
        { "--listen=nonsense serve", 78, "", "listen must be an address" },
        { "--listen=nonsense", 78, "", "listen must be an address" },
        { "--queue-max=77 config show", 0, "queue_max = 77\n", NULL },
        { "config example", 0, "#queue_max = 4096\n", NULL },
        { "key", 2, "", "funneld key create" },
        { "dance", 2, "", "there is no command \"dance\"; see: funneld --help" },
        { "keys list", 2, "", "there is no command \"keys\" (did you mean key?)" },
        { "--fast", 2, "", "there is no option --fast; see: funneld --help" },
        { "--databse=x key list", 2, "", "did you mean --database?" },
        { "serve --fast", 2, "", "there is no option --fast here\n" },
        { "key list --databse x", 2, "", "no option --databse here (did you mean --database?)" },
        { "key create --nmae x", 2, "", "did you mean --name?" },
        { "help dance", 2, "", "funneld --help" },
        { "key create --name x --scopes all", 2, "", "\"all\" is no scope" },
        { "key revoke 17", 2, "", "\"17\" is no id" },
        { "key list", 78, "", "there is no data file f.db" },
        { "check", 78, "", "there is no data file f.db" },
        { "import leads none.csv", 1, "", "none.csv cannot be read: No such file" },
        { "import leads .", 1, "", ". is a folder" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        ck_assert_run(lines[i].arguments, lines[i].status);
        ck_assert_says(out, lines[i].out);
        if (*lines[i].out == '\0')
            ck_assert_str_eq(out, "");
        ck_assert_says(err, lines[i].err == NULL ? "" : lines[i].err);
        ck_assert(!file_exists("f.db")); /* none of them makes a file */
    }
}
END_TEST

START_TEST(test_what_cannot_be_said_is_no_success)
{
    int status = end(start("--help", "/dev/null", "/dev/full", path_of("err")));
    ck_assert_int_eq(status, 1);
    file_read("err", err);
    ck_assert_says(err, "standard output cannot be written");
}
END_TEST

/* ---- The daemon ---- */

START_TEST(test_serve)
{
    char log[TEXT_BYTES_MAX];
    struct stat key;
    daemon_start();
    ck_assert_int_eq(stat(path_of("admin.key"), &key), 0);
    ck_assert_int_eq(key.st_mode & 0777, 0600);
    ck_assert(file_exists("f.db.sock"));
    file_read("daemon.log", log);
    ck_assert_says(log, "admin.key");
    daemon_stop();
    ck_assert(!file_exists("f.db.sock"));
    file_read("daemon.log", log);
    ck_assert_says(log, "stops because of SIGTERM");

    daemon_start(); /* again, on what is there */
    kill(daemon_pid, SIGINT);
    ck_assert_int_eq(end(daemon_pid), 0);
    daemon_pid = 0;
}
END_TEST

/* A second data file in the folder leaves the first one's key alone. */
START_TEST(test_no_key_takes_the_place_of_another)
{
    char first[TEXT_BYTES_MAX], second[TEXT_BYTES_MAX], now[TEXT_BYTES_MAX];
    file_write("empty.csv", "email\n");
    ck_assert_run("import leads empty.csv", 0);
    ck_assert_says(err, "made a new data file, f.db; its admin key is in admin.key");
    file_read("admin.key", first);
    ck_assert_run("import leads empty.csv --database=g.db", 0);
    ck_assert_says(err, "its admin key is in g.db.admin.key");
    file_read("admin.key", now);
    ck_assert_str_eq(first, now);
    file_read("g.db.admin.key", second);
    ck_assert_str_ne(first, second);
    ck_assert(!file_exists("f.db.new.admin.key") && !file_exists("g.db.new.admin.key"));

    /* A start that ended before it could name the file is made up for. */
    ck_assert_int_eq(rename(path_of("g.db.admin.key"), path_of("g.db.new.admin.key")), 0);
    ck_assert_run("key list --database=g.db", 0);
    file_read("g.db.admin.key", now);
    ck_assert_str_eq(second, now);

    ck_assert_run("import leads empty.csv --database=h.db --admin-key-file=admin.key", 0);
    file_read("admin.key", now);
    ck_assert_str_ne(first, now); /* as it was told */
}
END_TEST

START_TEST(test_one_daemon_per_file)
{
    daemon_start();
    ck_assert_run("serve", 1);
    ck_assert_says(err, "cannot start");
    ck_assert_run("migrate", 1);
    ck_assert_says(err, "another process has f.db");
    daemon_stop();
    ck_assert_run("migrate", 0);
    ck_assert_says(out, "f.db is up to date");
}
END_TEST

START_TEST(test_migrate_makes_a_file_that_serves)
{
    ck_assert_run("migrate", 0);
    ck_assert_says(err, "migration 1");
    daemon_start();
    ck_assert(file_exists("admin.key"));
}
END_TEST

START_TEST(test_root_keeps_off_the_files_of_others)
{
    if (geteuid() != 0) {
        puts("SKIP: only root can give a file away");
        return;
    }
    ck_assert_run("key create --name x --scopes read", 0);
    ck_assert_int_eq(chown(path_of("f.db"), 12345, 12345), 0);
    ck_assert_run("key list", 78);
    ck_assert_says(err, "belongs to user 12345");
}
END_TEST

/* ---- Keys ---- */

START_TEST(test_keys)
{
    char id[ID_TEXT_SIZE], command[128];
    with_daemon(_i);
    ck_assert_run("key create --name dash --scopes read,write", 0);
    ck_assert_int_eq(strncmp(out, "fnl_", 4), 0);
    ck_assert_uint_eq(strcspn(out, "\n") + 1, strlen(out)); /* nothing but the key */
    ck_assert_says(err, "It is shown this once");

    ck_assert_run("key list", 0);
    ck_assert_says(out, "read,write");
    ck_assert_says(out, "admin");
    ck_assert_ptr_null(strstr(out, "fnl_"));
    char *name = strstr(out, " dash");
    ck_assert_ptr_nonnull(name);
    while (name > out && name[-1] != '\n')
        name--;
    snprintf(id, sizeof(id), "%.36s", name);
    snprintf(command, sizeof(command), "key revoke %s", id);
    ck_assert_run(command, 0);
    ck_assert_says(out, id);
    ck_assert_says(out, "is revoked");
    ck_assert_run("key list", 0);
    char *line = strstr(out, id);
    ck_assert_ptr_nonnull(line);
    line[strcspn(line, "\n")] = '\0';
    ck_assert_ptr_null(strstr(line, " - ")); /* which stands for "not revoked" */
    ck_assert_run("key revoke 0190b8a0-5b7a-7cc3-98c4-dc0c0c07398f", 1);
    ck_assert_says(err, "no key has the id");
}
END_TEST

/* More than one page of them. */
START_TEST(test_many_keys)
{
    char command[64];
    daemon_start();
    for (int i = 0; i < 205; i++) {
        snprintf(command, sizeof(command), "key create --name k%d --scopes read", i);
        ck_assert_run(command, 0);
    }
    ck_assert_run("key list", 0);
    size_t lines = 0;
    for (const char *at = out; *at != '\0'; at++)
        lines += *at == '\n';
    ck_assert_uint_eq(lines, 1 + 1 + 205);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("cli");
    TCase *alone = tcase_create("lines, daemon");
    tcase_add_checked_fixture(alone, set_up, tear_down);
    tcase_set_timeout(alone, 60);
    tcase_add_test(alone, test_lines_and_statuses);
    tcase_add_test(alone, test_what_cannot_be_said_is_no_success);
    tcase_add_test(alone, test_serve);
    tcase_add_test(alone, test_no_key_takes_the_place_of_another);
    tcase_add_test(alone, test_one_daemon_per_file);
    tcase_add_test(alone, test_migrate_makes_a_file_that_serves);
    tcase_add_test(alone, test_root_keeps_off_the_files_of_others);
    tcase_add_test(alone, test_many_keys);
    suite_add_tcase(suite, alone);

    TCase *both = tcase_create("with a daemon and without");
    tcase_add_checked_fixture(both, set_up, tear_down);
    tcase_set_timeout(both, 60);
    tcase_add_loop_test(both, test_keys, 0, 2);
    suite_add_tcase(suite, both);
    cli_import_tests(suite);
    return suite;
}
