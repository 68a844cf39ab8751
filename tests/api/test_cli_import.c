/* test_cli_import.c: imports as an operator gives them: what is read, refused and kept, and how
 * they go on when they are stopped or the daemon is. */
#include "cli.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#define LEADS "import leads leads.csv --map Mail=email --map Id=external_id --set source_system=crm"
#define EVENTS                                                                                     \
    "import stage-events deals.csv --map Id=external_id --set source_system=crm "                  \
    "--map Closed=occurred_at --map-value Result:yes=won,no=lost --map Result=to"

START_TEST(test_import_says_what_an_amount_is)
{
    char text[TEXT_BYTES_MAX];
    file_write("deals.csv", "email,amount_minor\na@example.com,120.50\n");
    ck_assert_run("import leads deals.csv", 1);
    file_read("deals.csv.errors.csv", text);
    ck_assert_says(text, "must be a whole number of minor units (12050 for 120.50)");
}
END_TEST

static void leads_write(void)
{
    file_write("leads.csv", "\xef\xbb\xbfId;Mail;Note;\r\n"
                            "1;ann@example.com;\"says \"\"hi\"\";\r\nand more\";\r\n"
                            "2;bob@example.com;;\r\n"
                            "\r\n"
                            "3;carl@example.com;;\r\n");
}

START_TEST(test_import_twice)
{
    with_daemon(_i);
    leads_write();
    ck_assert_run(LEADS, 0);
    ck_assert_says(out, "3 rows: 3 created, 0 merged, 0 unchanged, 0 failed in ");
    ck_assert_run(LEADS, 0);
    ck_assert_says(out, "3 rows: 0 created, 0 merged, 3 unchanged, 0 failed in ");
    ck_assert(!file_exists("leads.csv.errors.csv"));

    file_write("deals.csv", "Id,Closed,Result\n1,2026-01-02 03:04:05,yes\n2,2026-01-03,no\n");
    ck_assert_run(EVENTS, 0);
    ck_assert_says(out, "2 rows: 2 created, 0 merged, 0 unchanged, 0 failed in ");
    ck_assert_run(EVENTS, 0);
    ck_assert_says(out, "2 rows: 0 created, 0 merged, 2 unchanged, 0 failed in ");
    ck_assert_run("check", 0);
    ck_assert_says(out, "no difference: 3 leads, ");
}
END_TEST

START_TEST(test_import_of_bad_rows)
{
    char text[TEXT_BYTES_MAX];
    with_daemon(_i);
    file_write("leads.csv", "Id,Mail,Since\n"
                            "1,ann@example.com,2026-01-01\n"
                            "2,no address,2026-01-01\n"
                            "3,\"carl@example.com,2026-01-01\n"
                            "4,dora@example.com,yesterday\n"
                            "5,emil@example.com\n"
                            "6,fred@example.com,2026-01-01\n");
    ck_assert_run(LEADS " --map Since=created_at", 1);
    ck_assert_says(out, "6 rows: 2 created, 0 merged, 0 unchanged, 4 failed in ");
    ck_assert_says(out, "; those are in leads.csv.errors.csv\n");
    file_read("leads.csv.errors.csv", text);
    ck_assert_says(text, "import_line,import_error,Id,Mail,Since\n3,");
    ck_assert_says(text, ",2,\"no address\",2026-01-01\n4,");
    ck_assert_says(text, "\"column \"\"Mail\"\" (email): ");
    ck_assert_says(text, "never closed");
    ck_assert_says(text, "\n5,\"column \"\"Since\"\" (created_at) must be a time like ");
    ck_assert_says(text, "\n6,\"the row has 2 columns, the header has 3\",5,emil@example.com\n");

    file_write("leads.csv", "import_line,import_error,Id,Mail,Since\n"
                            "3,x,2,bert@example.com,2026-01-01\n");
    ck_assert_run(LEADS " --map Since=created_at", 0);
    ck_assert_says(out, "1 row: 1 created, ");
    /* Nothing failed this time: what was kept of an earlier one would only mislead. */
    ck_assert_says(out, "; leads.csv.errors.csv of an earlier run is removed\n");
    ck_assert(!file_exists("leads.csv.errors.csv"));
    ck_assert_run(LEADS " --map Since=created_at --errors other.csv", 0);
    file_write("other.csv", "import_lines\n");
    ck_assert_run(LEADS " --map Since=created_at --errors other.csv", 0);
    ck_assert(file_exists("other.csv")); /* which no import has written */
    ck_assert_run("check", 0);
    ck_assert_says(out, "no difference: 3 leads, ");
}
END_TEST

START_TEST(test_import_of_an_unknown_lead)
{
    char text[TEXT_BYTES_MAX];
    with_daemon(_i);
    file_write("deals.csv", "Id,Closed,Result\n17,2026-01-02,yes\n");
    ck_assert_run(EVENTS " --errors bad.csv", 1);
    ck_assert_says(out, "1 row: 0 created, 0 merged, 0 unchanged, 1 failed in ");
    file_read("bad.csv", text);
    ck_assert_says(text, "2,\"column \"\"Id\"\" (external_id): no such lead\",17,2026-01-02,yes\n");
}
END_TEST

START_TEST(test_import_from_standard_input)
{
    with_daemon(_i);
    file_write("in.csv", "email\nann@example.com\nbad\n");
    ck_assert_int_eq(run_with(path_of("in.csv"), "import leads -"), 1);
    ck_assert_says(out, "2 rows: 1 created, ");
    ck_assert_says(out, "stdin.errors.csv\n");
    ck_assert(file_exists("stdin.errors.csv"));
}
END_TEST

/* More rows than one request takes, and rows so long that fewer of them fit. */
START_TEST(test_import_of_many_rows)
{
    with_daemon(_i);
    FILE *file = fopen(path_of("many.csv"), "w");
    ck_assert_ptr_nonnull(file);
    fputs("email,company,note\n", file);
    for (int i = 0; i < 1201; i++)
        fprintf(file, "lead%d@example.com,%0150d,\"%0*d\"\n", i, i, i % 7 == 0 ? 9000 : 9, i);
    fclose(file);
    ck_assert_run("import leads many.csv", 0);
    ck_assert_says(out, "1201 rows: 1201 created, ");
    ck_assert_run("--body-max-kib=16 import leads many.csv", 0); /* smaller requests */
    ck_assert_says(out, "1201 rows: 0 created, 0 merged, 1201 unchanged, ");
}
END_TEST

/* The daemon takes less than the command was told: what is too large goes in halves. */
START_TEST(test_import_into_a_daemon_that_takes_little)
{
    FILE *file = fopen(path_of("many.csv"), "w");
    ck_assert_ptr_nonnull(file);
    fputs("email,company\n", file);
    for (int i = 0; i < 300; i++)
        fprintf(file, "lead%d@example.com,%0150d\n", i, i);
    fprintf(file, "last@example.com,%05000d\n", 1);
    fclose(file);
    setenv("FUNNELD_BODY_MAX_KIB", "4", 1);
    daemon_start();
    unsetenv("FUNNELD_BODY_MAX_KIB");
    ck_assert_run("import leads many.csv", 1);
    ck_assert_says(out, "301 rows: 300 created, 0 merged, 0 unchanged, 1 failed in ");
    file_read("many.csv.errors.csv", out);
    ck_assert_says(out, "302,\"the row is larger than the service takes (body_max_kib)\",last@");
}
END_TEST

START_TEST(test_import_is_refused)
{
    static const struct {
        const char *file, *arguments;
        int status;
        const char *err;
    } lines[] = {
        { "Id,Mail\n", "--map Mail=mail", 2, "there is no field \"mail\"; there are: email, " },
        { "Id,Mail\n", "--map mail=email", 2, "no column \"mail\"; it has: Id, Mail" },
        { "Id,Mail\n", "", 2, "no column has the name of a field" },
        { "Id,Mail\n", "--map Mail=email --set created_at=now", 2, "created_at must be a time" },
        { "email\n", "--errors leads.csv", 2, "--errors names the imported file itself" },
        { "", "", 1, "leads.csv is empty: it needs a header line" },
        { "\xff\xfe", "", 1, "line 1, the header: the row is not valid UTF-8" },
        { "\"email\n1", "", 1, "line 1, the header: a quote opens here and is never closed" },
    };
    char command[256];
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        file_write("leads.csv", lines[i].file);
        snprintf(command, sizeof(command), "import leads leads.csv %s", lines[i].arguments);
        ck_assert_run(command, lines[i].status);
        ck_assert_says(err, lines[i].err);
        ck_assert_str_eq(out, "");
        ck_assert(!file_exists("f.db"));
    }
    file_write("leads.csv", "email\n");
    ck_assert_run("import leads leads.csv", 0);
    ck_assert_says(out, "0 rows: 0 created, ");
}
END_TEST

START_TEST(test_failed_rows_that_cannot_be_kept_stop_it)
{
    file_write("leads.csv", "email\nbad\n");
    ck_assert_run("import leads leads.csv --errors none/bad.csv", 1);
    ck_assert_says(err, "none/bad.csv cannot be written: No such file");
    ck_assert_run("import leads leads.csv --errors /dev/full", 1);
    ck_assert_says(err, "/dev/full cannot be written: No space left");
}
END_TEST

/* A pipe that stays open: what is written to it arrives now, the end of it later. */
static int pipe_open(const char *name)
{
    for (int i = 0; i < 500; i++) {
        int file = open(path_of(name), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (file >= 0)
            return file;
        usleep(10000);
    }
    ck_abort_msg("nobody reads %s", name);
    return -1;
}

static void rows_put(int file, int from, int to)
{
    char row[64];
    for (int i = from; i < to; i++) {
        int bytes = snprintf(row, sizeof(row), "lead%d@example.com\n", i);
        ck_assert_int_eq(write(file, row, (size_t)bytes), bytes);
    }
}

static pid_t import_of_a_pipe(int *ret_pipe)
{
    ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
    /* Files of its own: run() writes its own while this goes on. */
    pid_t pid =
        start("import leads pipe", "/dev/null", path_of("import.out"), path_of("import.err"));
    *ret_pipe = pipe_open("pipe");
    ck_assert_int_eq(write(*ret_pipe, "email\n", 6), 6);
    rows_put(*ret_pipe, 0, 501); /* one more than a request takes: it is sent */
    for (int i = 0; i < 200 && !(run("check") == 0 && strstr(out, "500 leads, ")); i++)
        usleep(50000);
    return pid;
}

START_TEST(test_import_can_be_stopped)
{
    int file;
    with_daemon(_i);
    pid_t pid = import_of_a_pipe(&file);
    kill(pid, SIGINT);
    ck_assert_int_eq(end(pid), 1);
    close(file);
    file_read("import.out", out);
    file_read("import.err", err);
    ck_assert_says(out, "500 rows: 500 created, ");
    ck_assert_says(err, "interrupted");
    ck_assert_says(err, "stopped after line 501 of pipe: give the same command again");
    ck_assert_run("check", 0);
    ck_assert_says(out, "no difference: 500 leads, ");
}
END_TEST

START_TEST(test_import_waits_for_a_daemon_that_starts_again)
{
    int file;
    daemon_start();
    pid_t pid = import_of_a_pipe(&file);
    daemon_stop();
    rows_put(file, 501, 1100);
    usleep(300000);
    daemon_start();
    close(file);
    ck_assert_int_eq(end(pid), 0);
    file_read("import.out", out);
    ck_assert_says(out, "1100 rows: 1100 created, ");
}
END_TEST

/* Two imports at once without a daemon: the one that came first answers for both. */
START_TEST(test_commands_share_the_file)
{
    int file;
    pid_t pid = import_of_a_pipe(&file);
    ck_assert_run("key create --name x --scopes read", 0);
    ck_assert_run("check", 0);
    ck_assert_says(out, "no difference: 500 leads, ");
    close(file);
    ck_assert_int_eq(end(pid), 0);
    ck_assert_run("key list", 0);
}
END_TEST

void cli_import_tests(Suite *suite)
{
    TCase *alone = tcase_create("import");
    tcase_add_checked_fixture(alone, set_up, tear_down);
    tcase_set_timeout(alone, 60);
    tcase_add_test(alone, test_import_into_a_daemon_that_takes_little);
    tcase_add_test(alone, test_import_is_refused);
    tcase_add_test(alone, test_failed_rows_that_cannot_be_kept_stop_it);
    tcase_add_test(alone, test_import_waits_for_a_daemon_that_starts_again);
    tcase_add_test(alone, test_commands_share_the_file);
    tcase_add_test(alone, test_import_says_what_an_amount_is);
    suite_add_tcase(suite, alone);

    TCase *both = tcase_create("import with a daemon and without");
    tcase_add_checked_fixture(both, set_up, tear_down);
    tcase_set_timeout(both, 60);
    tcase_add_loop_test(both, test_import_twice, 0, 2);
    tcase_add_loop_test(both, test_import_of_bad_rows, 0, 2);
    tcase_add_loop_test(both, test_import_of_an_unknown_lead, 0, 2);
    tcase_add_loop_test(both, test_import_from_standard_input, 0, 2);
    tcase_add_loop_test(both, test_import_of_many_rows, 0, 2);
    tcase_add_loop_test(both, test_import_can_be_stopped, 0, 2);
    suite_add_tcase(suite, both);
}
