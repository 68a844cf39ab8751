/* test_log.c: what a line of the log looks like, whatever is in the message. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Standard error goes to a file in memory between start and stop. */
struct capture {
    int file, saved;
    char text[1 << 20];
};

static struct capture capture;

static void capture_start(void)
{
    capture.file = memfd_create("log", MFD_CLOEXEC);
    ck_assert_int_ge(capture.file, 0);
    /* As a log is opened: each write goes to the end, whoever else writes. */
    ck_assert_int_eq(fcntl(capture.file, F_SETFL, O_APPEND), 0);
    capture.saved = dup(STDERR_FILENO);
    dup2(capture.file, STDERR_FILENO);
}

static const char *capture_stop(void)
{
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    ssize_t bytes = pread(capture.file, capture.text, sizeof(capture.text) - 1, 0);
    ck_assert_int_ge(bytes, 0);
    close(capture.file);
    capture.text[bytes] = '\0';
    log_setup(LOG_INFO, LOG_TEXT);
    return capture.text;
}

static const char *after_time(const char *line)
{
    int64_t time_ms;
    char time[25];
    snprintf(time, sizeof(time), "%s", line);
    ck_assert_msg(time_parse(time, &time_ms), "no time: %s", line);
    ck_assert_int_le(clock_now_ms() - time_ms, 60000);
    return line + 24;
}

START_TEST(test_text_line)
{
    capture_start();
    log_line(LOG_INFO, "writer", "%d batches of %s", 3, "h\xc3\xa9llo");
    const char *line = capture_stop();
    ck_assert_str_eq(after_time(line), " info writer: 3 batches of h\xc3\xa9llo\n");
}
END_TEST

START_TEST(test_text_escapes)
{
    static const struct {
        const char *message, *text;
    } cases[] = {
        { "a\nb", "a\\nb" },
        { "a\r\tb\x1b[31m", "a\\x0d\\x09b\\x1b[31m" },
        { "\x7f", "\\x7f" },
        { "\xc2\x9b"
          "31m",
          "\\x9b31m" },
        { "\xe2\x80\xa8", "\\u2028" },
        { "bad \xff\xc3", "bad \\xff\\xc3" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
        { "quote \" and \\", "quote \" and \\" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        capture_start();
        log_line(LOG_ERROR, "x", "%s", cases[i].message);
        const char *line = capture_stop();
        char expected[100];
        snprintf(expected, sizeof(expected), " error x: %s\n", cases[i].text);
        ck_assert_str_eq(after_time(line), expected);
    }
}
END_TEST

START_TEST(test_json_line)
{
    capture_start();
    log_setup(LOG_DEBUG, LOG_JSON);
    log_line(LOG_DEBUG, "http", "a\n\"b\"\\ \xff \x01 \xc2\x85 \xe2\x80\xa9 \xc3\xa9");
    const char *line = capture_stop();
    ck_assert_int_eq(strncmp(line, "{\"time\":\"", 9), 0);
    ck_assert_str_eq(after_time(line + 9),
                     "\",\"level\":\"debug\",\"area\":\"http\",\"message\":\""
                     "a\\n\\\"b\\\"\\\\ \\ufffd \\u0001 \\u0085 \\u2029 \xc3\xa9\"}\n");
}
END_TEST

START_TEST(test_level)
{
    capture_start();
    log_line(LOG_DEBUG, "x", "hidden");
    log_setup(LOG_ERROR, LOG_TEXT);
    log_line(LOG_WARN, "x", "hidden");
    log_line(LOG_ERROR, "x", "shown");
    const char *text = capture_stop();
    ck_assert_str_eq(after_time(text), " error x: shown\n");
}
END_TEST

START_TEST(test_long_messages_are_cut_between_characters)
{
    static char message[9000];
    static const char *const units[] = { "x",  "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                         "\n", "\"",       "\x01",         "\xff" };
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        for (size_t shift = 0; shift < 4; shift++)
            for (int json = 0; json < 2; json++) {
                size_t length = shift;
                memset(message, 'x', shift);
                while (length + 8 < sizeof(message)) {
                    memcpy(message + length, units[i], strlen(units[i]));
                    length += strlen(units[i]);
                }
                message[length] = '\0';
                capture_start();
                log_setup(LOG_INFO, json ? LOG_JSON : LOG_TEXT);
                log_line(LOG_INFO, "x", "%s", message);
                const char *line = capture_stop();
                size_t bytes = strlen(line);
                ck_assert_uint_le(bytes, 4096);
                ck_assert(utf8_valid(line, bytes));
                ck_assert_str_eq(line + bytes - (json ? 6 : 4), json ? "...\"}\n" : "...\n");
                ck_assert_ptr_eq(strchr(line, '\n'), line + bytes - 1);
                if (units[i][0] == '\xc3') /* no half of it was shown as a byte */
                    ck_assert_ptr_null(strchr(line, '\\'));
            }
}
END_TEST

static const struct log_field fields[] = { { "request_id", "a-1", 0 },
                                           { "status", NULL, 503 },
                                           { "odd", "\"\n\xff", 0 } };

START_TEST(test_fields)
{
    capture_start();
    log_fields(LOG_INFO, "http", fields, 3, "an%s", "swered");
    ck_assert_str_eq(after_time(capture_stop()),
                     " info http: request_id=a-1 status=503 odd=\"\\n\\xff answered\n");
    capture_start();
    log_setup(LOG_INFO, LOG_JSON);
    log_fields(LOG_INFO, "http", fields, 3, "answered");
    ck_assert_str_eq(after_time(capture_stop() + 9),
                     "\",\"level\":\"info\",\"area\":\"http\",\"request_id\":\"a-1\","
                     "\"status\":503,\"odd\":\"\\\"\\n\\ufffd\",\"message\":\"answered\"}\n");
}
END_TEST

/* The journal is told only what it asked for: another stream keeps its lines as they are. */
START_TEST(test_journal)
{
    static const char *const begins[] = { "<7>", "<6>", "<4>", "<3>" };
    struct stat status;
    char stream[64];
    for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
        capture_start();
        ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
        snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
                 (unsigned long long)status.st_ino);
        setenv("JOURNAL_STREAM", stream, 1);
        log_setup(LOG_DEBUG, LOG_TEXT);
        log_line((enum log_level)level, "x", "message");
        const char *text = capture_stop();
        ck_assert_int_eq(strncmp(text, begins[level], 3), 0);
        ck_assert_str_eq(strchr(after_time(text + 3), ':'), ": message\n");
    }
    capture_start(); /* the variable is still there, as for a child whose output goes elsewhere */
    log_setup(LOG_INFO, LOG_TEXT);
    log_line(LOG_INFO, "x", "message");
    ck_assert_str_eq(after_time(capture_stop()), " info x: message\n");
    unsetenv("JOURNAL_STREAM");
}
END_TEST

START_TEST(test_requests)
{
    ck_assert_int_eq(log_request_level(500), LOG_DEBUG);
    log_setup_requests(LOG_REQUESTS_FAILED);
    ck_assert_int_eq(log_request_level(200), LOG_DEBUG);
    ck_assert_int_eq(log_request_level(404), LOG_INFO);
    log_setup_requests(LOG_REQUESTS_ALL);
    ck_assert_int_eq(log_request_level(200), LOG_INFO);
    log_setup_requests(LOG_REQUESTS_NONE);
}
END_TEST

/* A flood is cut to some lines a second, and nothing of it is lost to the count. */
START_TEST(test_flood)
{
    int64_t written = 0, told = 0, left_out, asked = 0;
    int64_t until_us = clock_monotonic_us() + 2200000;
    while (clock_monotonic_us() < until_us) {
        asked++;
        if (log_allowed(&left_out)) {
            written++;
            told += left_out;
        }
        usleep(1000);
    }
    ck_assert_int_ge(written, 20);
    ck_assert_int_le(written, 40); /* parts of four seconds at most */
    usleep(1000000);
    ck_assert(log_allowed(&left_out));
    ck_assert_int_eq(written + told + left_out, asked);
}
END_TEST

START_TEST(test_errno_survives)
{
    capture_start();
    close(STDERR_FILENO); /* nobody listens: write(2) fails with EBADF */
    errno = ENOSPC;
    log_line(LOG_INFO, "x", "%s", "message");
    int after = errno;
    capture_stop();
    ck_assert_int_eq(after, ENOSPC);
}
END_TEST

static void *log_much(void *letter)
{
    for (int i = 0; i < 500; i++)
        log_line(LOG_INFO, "x", "%.100s", (const char *)letter);
    return NULL;
}

START_TEST(test_lines_of_threads_stay_whole)
{
    static char letters[4][101];
    pthread_t threads[4];
    capture_start();
    for (size_t i = 0; i < 4; i++) {
        memset(letters[i], 'a' + (int)i, 100);
        pthread_create(&threads[i], NULL, log_much, letters[i]);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    const char *line = capture_stop();
    int lines = 0;
    for (; *line != '\0'; lines++) {
        const char *message = after_time(line) + strlen(" info x: ");
        ck_assert_uint_eq(strspn(message, (char[]){ *message, '\0' }), 100);
        ck_assert_int_eq(message[100], '\n');
        line = message + 101;
    }
    ck_assert_int_eq(lines, 2000);
}
END_TEST

void log_tests(Suite *suite)
{
    TCase *tests = tcase_create("log");
    tcase_add_test(tests, test_text_line);
    tcase_add_test(tests, test_text_escapes);
    tcase_add_test(tests, test_json_line);
    tcase_add_test(tests, test_level);
    tcase_add_test(tests, test_long_messages_are_cut_between_characters);
    tcase_add_test(tests, test_fields);
    tcase_add_test(tests, test_journal);
    tcase_add_test(tests, test_requests);
    tcase_add_test(tests, test_flood);
    tcase_add_test(tests, test_errno_survives);
    tcase_add_test(tests, test_lines_of_threads_stay_whole);
    suite_add_tcase(suite, tests);
}
