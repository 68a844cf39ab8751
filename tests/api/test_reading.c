/* test_reading.c: the real daemon on a file in which some lists are slow: reads that exceed their
 * budget hold up neither others nor the end, and work of minutes only its own kind. */
#include "tests/faults/client.h"

#include <funneld/base.h>

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEADS = 100000, CLIENTS = 40, HEALTHY = 8, ROUNDS = 10, STOP_MS = 5000 };

/* No index has the erased among the others: each of them is looked at. */
#define SLOW "/v1/leads?erased=show&sort=stage_entered_at&limit=1"
/* Each of them is looked at and sorted. */
#define SLOWER "/v1/leads?erased=show&sort=stage_entered_at&limit=200"
/* Its first page is that of the index. */
#define QUICK "/v1/leads?limit=1"

static struct daemon daemon_;
static struct client clients[CLIENTS], healthy[HEALTHY];

/* Leads as rows alone: nothing of what makes them exact matters here. */
static void fill(void)
{
    static const char *const text =
        "BEGIN;"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO lead (id, country, created_at, updated_at) "
        "SELECT CAST(printf('%%016d', i) AS BLOB), 'DE', i, i FROM n;"
        "INSERT INTO lead_state (lead_id, pipeline_id, stage_id, status, stage_entered_at, cycle, "
        "version, score, score_as_of, rule_set_version, tally, last_fact_at) "
        "SELECT l.id, s.pipeline_id, s.stage_id, 0, 1000000 - l.created_at, 1, 1, 0, l.created_at, "
        "1, x'', l.created_at FROM lead l JOIN stage s ON s.position = 1;"
        "COMMIT;";
    char script[2048], *why = NULL;
    sqlite3 *handle = NULL;
    snprintf(script, sizeof script, text, LEADS);
    ck_assert_int_eq(sqlite3_open_v2(daemon_.database, &handle, SQLITE_OPEN_READWRITE, NULL), 0);
    ck_assert_msg(sqlite3_exec(handle, script, NULL, NULL, &why) == 0, "%s", why);
    sqlite3_close(handle);
}

/* One file for all tests, none of which writes; the daemon is each one's own. */
static void file_make(void)
{
    daemon_make(&daemon_, NULL);
    daemon_start(&daemon_); /* makes the file */
    daemon_stop(&daemon_);
    fill();
}

static void file_remove(void)
{
    daemon_done(&daemon_);
}

static void setup(void)
{
    for (int i = 0; i < CLIENTS; i++)
        client_init(&clients[i], &daemon_);
    for (int i = 0; i < HEALTHY; i++)
        client_init(&healthy[i], &daemon_);
}

static void teardown(void)
{
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    for (int i = 0; i < HEALTHY; i++)
        client_close(&healthy[i]);
}

static void start(const char *budget, const char *deadline, const char *queue)
{
    daemon_.settings[0] = budget;
    daemon_.settings[1] = deadline;
    daemon_.settings[2] = queue;
    daemon_start(&daemon_);
}

/* Answers are read in their own time. */
static void send_get(struct client *client, const char *target)
{
    char *text = request_text(&daemon_, "GET", target, NULL, NULL);
    ck_assert(client->fd >= 0 || client_connect(client));
    ck_assert(client_send(client, text, strlen(text)));
    free(text);
}

static struct answer read_answer(struct client *client)
{
    struct answer answer = client_read(client, CLIENT_TIMEOUT_MS);
    ck_assert_msg(answer.outcome == ANSWERED, "outcome %d", answer.outcome);
    return answer;
}

static bool is_answered(const struct client *client)
{
    struct pollfd file = { .fd = client->fd, .events = POLLIN };
    return poll(&file, 1, 0) == 1;
}

static void expect_quick(struct client *client)
{
    struct answer answer = client_get(client, QUICK);
    ck_assert_msg(answer.status == 200 && strstr(answer.body, "\"has_more\":true"), "%d: %s",
                  answer.status, answer.body ? answer.body : "");
}

/* From a score that no lead has and nobody has asked for before, as what was answered is sent again
 * as it was. */
static const char *anew(const char *target)
{
    static char text[128];
    static int count;
    snprintf(text, sizeof text, "%s&score[gte]=-%d", target, ++count);
    return text;
}

static long long metric(const char *name)
{
    char line[128];
    struct answer answer = client_get(&healthy[0], "/metrics");
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = answer.body ? strstr(answer.body, line) : NULL;
    ck_assert_msg(at, "no %s", name);
    return strtoll(at + strlen(line), NULL, 10);
}

static void wait_metric(const char *name, long long value)
{
    long long got = metric(name);
    for (int i = 0; i < 2000 && got != value; i++) {
        usleep(5000);
        got = metric(name);
    }
    ck_assert_int_eq(got, value);
}

static bool is_refusal(const struct answer *answer, const char *code)
{
    char member[64];
    snprintf(member, sizeof member, "\"code\":\"%s\"", code);
    return answer->status == 503 && strstr(answer->body, member) &&
           strcasestr(answer->head, "\r\nRetry-After: ");
}

/* The same in other words, or it would be sent again as it was. */
static const char *const same[] = { "/v1/leads?erased=show&sort=stage_entered_at&limit=3",
                                    "/v1/leads?erased=show&limit=3&sort=stage_entered_at",
                                    "/v1/leads?limit=3&sort=stage_entered_at,id&erased=show" };

static bool handed_over_are(long long handed_over, long long scans)
{
    return metric("funneld_reads_handed_over_total") == handed_over &&
           metric("funneld_scans_total") == scans;
}

/* The answer is the same wherever it is read. True: nothing was read elsewhere but what is slow,
 * which was tried once and then known. */
static bool hand_over(const char *page, const char *cursor)
{
    char next[256];
    for (int i = 0; i < 3; i++) {
        struct answer answer = client_get(&clients[0], same[i]);
        ck_assert_int_eq(answer.status, 200);
        ck_assert_str_eq(answer.body, page);
    }
    bool passed = handed_over_are(1, 3);
    snprintf(next, sizeof next, "%s&cursor=%s", same[0], cursor);
    ck_assert_int_eq(client_get(&clients[0], next).status, 200);
    passed &= handed_over_are(2, 4); /* of another kind */
    expect_quick(&clients[0]);
    return passed && handed_over_are(2, 4);
}

static void daemon_end(void)
{
    daemon_stop(&daemon_);
    teardown();
}

/* To the page and its cursor. Where the machine stops the daemon for longer than its budget,
 * another one tells. */
START_TEST(handed_over)
{
    char page[4096], cursor[128];
    start("FUNNELD_READ_BUDGET_MS=1000", NULL, NULL);
    snprintf(page, sizeof page, "%s", client_get(&clients[0], same[0]).body);
    ck_assert_int_eq(metric("funneld_scans_total"), 0);
    ck_assert(answer_text(page, "next_cursor", cursor, sizeof cursor));
    daemon_end();
    bool passed = false;
    for (int round = 0; round < ROUNDS && !passed; round++) {
        start("FUNNELD_READ_BUDGET_MS=1", "FUNNELD_SCAN_DEADLINE_MS=20000", NULL);
        passed = hand_over(page, cursor);
        daemon_end();
    }
    ck_assert(passed);
}
END_TEST

/* The first page of a stage that nearly all are in; another limit each time, or it would not be
 * read anew. */
static void read_large_stage(int round)
{
    char target[128];
    snprintf(target, sizeof target, "/v1/leads?stage=target&limit=%d&count=true", 2 + round);
    struct answer answer = client_get(&clients[0], target);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_int_eq(answer_count(answer.body, "\"created_at\":\"1970-01-01T00:01:40.000Z\""), 1);
    ck_assert_int_eq(answer_count(answer.body, "\"created_at\":\"1970-01-01T00:01:39.999Z\""), 1);
    ck_assert_int_eq(answer_number(answer.body, "total"), LEADS);
    snprintf(target, sizeof target, "/v1/leads?stage=target&sort=created_at&limit=%d", 1 + round);
    answer = client_get(&clients[0], target);
    ck_assert_int_eq(answer_count(answer.body, "\"created_at\":\"1970-01-01T00:00:00.001Z\""), 1);
    snprintf(target, sizeof target, "/v1/leads?limit=%d", 1 + round);
    answer = client_get(&clients[0], target);
    ck_assert_int_eq(answer_count(answer.body, "\"created_at\":\"1970-01-01T00:01:40.000Z\""), 1);
}

/* It needs no scan. Where the machine stops us for that long, another round tells. */
START_TEST(large_stage)
{
    bool passed = false;
    start("FUNNELD_READ_BUDGET_MS=50", "FUNNELD_SCAN_DEADLINE_MS=20000", NULL);
    for (int round = 0; round < ROUNDS && !passed; round++) {
        long long before = metric("funneld_reads_handed_over_total");
        read_large_stage(round);
        passed = metric("funneld_reads_handed_over_total") == before;
    }
    ck_assert(passed);
    daemon_stop(&daemon_);
}
END_TEST

/* Many slow lists at once, and everybody else is answered before the last of them, on either
 * thread. Where the machine stops us for that long, another round tells. */
START_TEST(others_are_not_delayed)
{
    enum { SLOW_ONES = 10 };
    bool passed = false;
    start("FUNNELD_READ_BUDGET_MS=2", "FUNNELD_SCAN_DEADLINE_MS=20000", NULL);
    for (int i = 0; i < HEALTHY; i++)
        ck_assert(client_connect(&healthy[i]));
    for (int round = 0; round < ROUNDS && !passed; round++) {
        for (int i = 0; i < SLOW_ONES; i++)
            send_get(&clients[i], anew(SLOW));
        for (int i = 0; i < HEALTHY; i++)
            expect_quick(&healthy[i]);
        for (int i = 0; i < SLOW_ONES; i++)
            passed |= !is_answered(&clients[i]);
        for (int i = 0; i < SLOW_ONES; i++)
            ck_assert_int_eq(read_answer(&clients[i]).status, 200);
    }
    ck_assert(passed);
    daemon_stop(&daemon_);
}
END_TEST

/* Where we are stopped for so long that each is read before the next is sent, another round tells.
 */
START_TEST(queue_is_bounded)
{
    enum { SLOW_ONES = 12 };
    int refused = 0;
    start("FUNNELD_READ_BUDGET_MS=1", "FUNNELD_SCAN_DEADLINE_MS=20000", "FUNNELD_SCAN_QUEUE_MAX=1");
    for (int round = 0; round < ROUNDS && refused == 0; round++) {
        for (int i = 0; i < SLOW_ONES; i++)
            send_get(&clients[i], anew(SLOWER));
        for (int i = 0; i < SLOW_ONES; i++) {
            struct answer answer = read_answer(&clients[i]);
            ck_assert(answer.status == 200 || is_refusal(&answer, "busy"));
            refused += answer.status == 503;
        }
        ck_assert_int_lt(refused, SLOW_ONES);
        ck_assert_int_eq(metric("funneld_scans_refused_total"), refused);
    }
    ck_assert_int_ge(refused, 1);
    ck_assert_int_eq(client_get(&clients[0], anew(SLOW)).status, 200); /* there is room again */
    daemon_stop(&daemon_);
}
END_TEST

/* What is quick is read at once after them. Where the machine stops the daemon for longer than its
 * budget, it is told no better than the others; another round tells. */
START_TEST(scans_have_a_deadline)
{
    int passed = 0;
    start("FUNNELD_READ_BUDGET_MS=1", "FUNNELD_SCAN_DEADLINE_MS=5", NULL);
    for (int round = 1; round <= ROUNDS && passed < 3; round++) {
        long long before = metric("funneld_scans_expired_total");
        struct answer answer = client_get(&clients[0], anew(SLOW));
        ck_assert_msg(is_refusal(&answer, "took_too_long"), "%d: %s", answer.status, answer.body);
        ck_assert_int_eq(metric("funneld_scans_expired_total"), before + 1);
        answer = client_get(&clients[1], QUICK);
        ck_assert(answer.status == 200 || is_refusal(&answer, "took_too_long"));
        passed += answer.status == 200;
    }
    ck_assert_int_eq(passed, 3);
    daemon_stop(&daemon_);
}
END_TEST

/* How many scans were run for all the clients that ask and leave. */
static long long ask_and_leave(void)
{
    static const struct linger at_once = { .l_onoff = 1 };
    long long before = metric("funneld_scans_total");
    for (int i = 0; i < CLIENTS; i++) {
        send_get(&clients[i], anew(SLOW));
        if (i % 2)
            setsockopt(clients[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        client_close(&clients[i]);
    }
    for (int i = 0; i < HEALTHY; i++)
        expect_quick(&healthy[i]);
    wait_metric("funneld_scan_queue", 0);
    wait_metric("funneld_http_requests_in_flight", 1);
    return metric("funneld_scans_total") - before;
}

/* Those who do not wait for the answer take nothing with them, and nothing is read for them. Where
 * we are stopped for so long that each is read before the next is sent, another round tells. */
START_TEST(clients_that_leave)
{
    bool passed = false;
    start("FUNNELD_READ_BUDGET_MS=1", "FUNNELD_SCAN_DEADLINE_MS=20000",
          "FUNNELD_SCAN_QUEUE_MAX=64");
    for (int round = 0; round < ROUNDS && !passed; round++)
        passed = ask_and_leave() < CLIENTS / 2;
    ck_assert(passed);
    ck_assert_int_eq(client_get(&clients[0], anew(SLOW)).status, 200);
    daemon_stop(&daemon_);
}
END_TEST

enum { WAIT_MS = 200 };

/* True: some were refused, and all were told in time. */
static bool ask_all_at_once(void)
{
    int refused = 0;
    int64_t start_us = clock_monotonic_us();
    for (int i = 0; i < CLIENTS; i++)
        send_get(&clients[i], anew(SLOWER));
    for (int i = 0; i < CLIENTS; i++) {
        struct answer answer = read_answer(&clients[i]);
        ck_assert(answer.status == 200 || is_refusal(&answer, "busy") ||
                  is_refusal(&answer, "took_too_long"));
        refused += answer.status == 503;
    }
    return refused > 0 && clock_monotonic_us() - start_us < 3 * WAIT_MS * 1000;
}

/* Whoever asks while too much is read before is told so, and when to come again: all of them, after
 * one wait and one run at most. Where the machine is slower than that, another round tells. */
START_TEST(waits_have_an_end)
{
    bool passed = false;
    start("FUNNELD_READ_BUDGET_MS=1", "FUNNELD_SCAN_DEADLINE_MS=200", "FUNNELD_SCAN_QUEUE_MAX=64");
    for (int round = 0; round < ROUNDS && !passed; round++)
        passed = ask_all_at_once();
    ck_assert(passed);
    daemon_stop(&daemon_);
}
END_TEST

/* Whoever was heard is answered, with the list or with 503, and nobody waits for long. */
START_TEST(stop_while_scans_wait)
{
    int answered = 0, refused = 0;
    start("FUNNELD_READ_BUDGET_MS=1", "FUNNELD_SCAN_DEADLINE_MS=20000",
          "FUNNELD_SCAN_QUEUE_MAX=64");
    for (int i = 0; i < CLIENTS; i++)
        send_get(&clients[i], anew(SLOWER));
    for (int i = 0; i < 2000 && metric("funneld_scan_queue") < CLIENTS / 2; i++)
        usleep(1000);
    int64_t start_us = clock_monotonic_us();
    int status = daemon_signal(&daemon_, SIGTERM, 4 * STOP_MS);
    ck_assert_int_lt(clock_monotonic_us() - start_us, STOP_MS * INT64_C(1000));
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        struct answer answer = client_read(&clients[i], 1000);
        answered += answer.status == 200;
        refused += answer.status == 503;
        ck_assert(answer.status == 200 || answer.status == 503);
    }
    printf("%d scans were finished within the stop, %d were answered 503; %lld ms\n", answered,
           refused, (long long)(clock_monotonic_us() - start_us) / 1000);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("reading");
    TCase *tcase = tcase_create("reading");
    tcase_add_unchecked_fixture(tcase, file_make, file_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60 * TEST_SLOWNESS);
    tcase_add_test(tcase, handed_over);
    tcase_add_test(tcase, large_stage);
    tcase_add_test(tcase, others_are_not_delayed);
    tcase_add_test(tcase, queue_is_bounded);
    tcase_add_test(tcase, scans_have_a_deadline);
    tcase_add_test(tcase, clients_that_leave);
    tcase_add_test(tcase, waits_have_an_end);
    tcase_add_test(tcase, stop_while_scans_wait);
    suite_add_tcase(suite, tcase);
    return suite;
}
