/* test_daemon_load.c: the real daemon among many clients: stopped while they write, many at once,
 * slow ones, none. */
#include "ledger.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <funneld/base.h>

static struct daemon daemon_;
static struct ledger ledger;

static void setup(void)
{
    daemon_make(&daemon_, NULL);
}

static void teardown(void)
{
    daemon_done(&daemon_);
}

/* ---- A stop under load ---- */

enum { STOPS = 8, STOP_US = 5000000, CONNECTIONS = 64 };

/* Status 0 in time. Every request was answered 2xx and is there, or was answered 503, or was never
 * read: those are not there. Nobody got half an answer. */
START_TEST(test_stop_under_load)
{
    unsigned seed = test_seed();
    int64_t slowest_us = 0;
    daemon_start(&daemon_);
    ledger_make(&ledger, &daemon_, CONNECTIONS);
    ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
    atomic_store(&ledger.may_refuse, true);
    ledger.no_half_answers = true;
    for (int i = 0; i < STOPS; i++) {
        ledger_begin(&ledger);
        usleep(100000 + (unsigned)rand_r(&seed) % 200000);
        int64_t start_us = clock_monotonic_us();
        daemon_stop(&daemon_);
        int64_t took_us = clock_monotonic_us() - start_us;
        if (took_us > slowest_us)
            slowest_us = took_us;
        ledger_end(&ledger);
        daemon_start(&daemon_);
        ledger_expect_gone(&ledger);
        ledger_settle(&ledger);
    }
    ledger_verify(&ledger);
    printf(
        "%d stops among %d connections: %d writes acknowledged, %d answered 503; at most %lld ms\n",
        STOPS, CONNECTIONS, atomic_load(&ledger.acknowledged), atomic_load(&ledger.refused),
        (long long)slowest_us / 1000);
    ck_assert_int_lt(slowest_us, STOP_US);
    daemon_stop(&daemon_);
    ledger_done(&ledger);
}
END_TEST

/* ---- A backup under load ---- */

enum { WRITERS = 16, BEFORE_US = 300000, BETWEEN_US = 100000 };

static void expect_command(const struct daemon *daemon, const char *word, const char *operand)
{
    const char *words[] = { word, operand, NULL };
    int status = daemon_command(daemon, words);
    if (status != 0) {
        daemon_show_log(daemon);
        ck_abort_msg("%s %s ended with %d", word, operand, status);
    }
}

/* What was acknowledged before it began is in it, what came meanwhile whole or not at all, and a
 * recount of it finds no difference. */
START_TEST(test_backup_under_load)
{
    struct daemon copy;
    char backup[320];
    daemon_start(&daemon_);
    ledger_make(&ledger, &daemon_, WRITERS);
    ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
    ledger_begin(&ledger);
    usleep(BEFORE_US);
    atomic_store(&ledger.stopping, true);
    ledger_end(&ledger);
    ledger_settle(&ledger);
    int before = atomic_load(&ledger.acknowledged);

    ledger_begin(&ledger);
    usleep(BETWEEN_US);
    snprintf(backup, sizeof backup, "%s/backup.db", daemon_.folder);
    expect_command(&daemon_, "backup", backup);
    usleep(BETWEEN_US);
    atomic_store(&ledger.stopping, true);
    ledger_end(&ledger);
    printf("%d writes acknowledged before a backup, %d while it was made\n", before,
           atomic_load(&ledger.acknowledged) - before);
    ck_assert_int_gt(atomic_load(&ledger.acknowledged), before);
    daemon_stop(&daemon_);

    expect_command(&daemon_, "check", backup);
    daemon_make(&copy, NULL);
    expect_command(&copy, "restore", backup);
    snprintf(copy.key, sizeof copy.key, "%s", daemon_.key);
    daemon_start(&copy);
    ledger.daemon = &copy;
    ledger_expect_copy(&ledger);
    daemon_stop(&copy);
    daemon_done(&copy);
    ledger_done(&ledger);
}
END_TEST

/* ---- Many at once ---- */

enum { MANY_MAX = 512, ROUNDS = 6, ROUND_US = 2000000 * TEST_SLOWNESS };

/* All send before any reads; in every other round the daemon sleeps until all have sent, so that
 * all connections are ready at the same moment. */
static int64_t round_of(struct client *clients, int count, int round, bool writing)
{
    int64_t start_us = clock_monotonic_us();
    if (round % 2)
        kill(daemon_.pid, SIGSTOP);
    for (int i = 0; i < count; i++) {
        char body[96];
        snprintf(body, sizeof body, "{\"email\":\"m%d-%d-%d@many.example\"}", count, round, i);
        char *text = writing ? request_text(&daemon_, "POST", "/v1/leads", body, "application/json")
                             : request_text(&daemon_, "GET", "/v1/leads?limit=1", NULL, NULL);
        ck_assert(client_send(&clients[i], text, strlen(text)));
        free(text);
    }
    if (round % 2)
        kill(daemon_.pid, SIGCONT);
    for (int i = 0; i < count; i++) {
        struct answer answer = client_read(&clients[i], CLIENT_TIMEOUT_MS);
        ck_assert_msg(answer.status == (writing ? 201 : 200) && !answer.close,
                      "%d of %d, round %d: outcome %d, status %d", i, count, round, answer.outcome,
                      answer.status);
    }
    return clock_monotonic_us() - start_us;
}

static const int manys[] = { 127, 128, 129, 256, 512 };

START_TEST(test_many_at_once)
{
    static struct client clients[MANY_MAX];
    int count = manys[_i];
    int64_t slowest_us = 0, total_us[2] = { 0, 0 };
    daemon_start(&daemon_);
    for (int i = 0; i < count; i++) {
        client_init(&clients[i], &daemon_);
        ck_assert(client_connect(&clients[i]));
    }
    for (int i = 0; i < 2 * ROUNDS; i++) {
        bool writing = i % 4 >= 2;
        int64_t took_us = round_of(clients, count, i, writing);
        total_us[writing] += took_us;
        if (took_us > slowest_us)
            slowest_us = took_us;
    }
    printf("%d connections: %lld reads/s, %lld writes/s, slowest round %lld ms\n", count,
           (long long)count * ROUNDS * 1000000 / total_us[0],
           (long long)count * ROUNDS * 1000000 / total_us[1], (long long)slowest_us / 1000);
    ck_assert_int_lt(slowest_us, ROUND_US);
    for (int i = 0; i < count; i++)
        client_close(&clients[i]);
    daemon_stop(&daemon_);
}
END_TEST

/* ---- Slow clients ---- */

enum {
    SLOW = 1200,
    FILES = SLOW + 200,
    TIMEOUT_S = 2,
    PATIENCE_US = (TIMEOUT_S + 4) * 1000000,
    HEALTHY_US = 1000000 * TEST_SLOWNESS,
};

struct healthy {
    pthread_t thread;
    atomic_bool stopping;
    int64_t slowest_us;
    int calls, wrong;
};

static void *healthy_main(void *healthy_)
{
    struct healthy *healthy = healthy_;
    struct client client;
    client_init(&client, &daemon_);
    while (!atomic_load(&healthy->stopping)) {
        char body[64];
        snprintf(body, sizeof body, "{\"email\":\"h%d@healthy.example\"}", healthy->calls);
        struct answer answer = healthy->calls % 2 ? client_post(&client, "/v1/leads", body)
                                                  : client_get(&client, "/v1/leads?limit=5");
        healthy->wrong += answer.status != (healthy->calls % 2 ? 201 : 200);
        if (answer.us > healthy->slowest_us)
            healthy->slowest_us = answer.us;
        healthy->calls++;
        usleep(5000);
    }
    client_close(&client);
    return NULL;
}

#define GET_CONTRACT "GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n"

/* What they begin with, before they go on byte by byte. The first is the one that reads slowly. */
static const char *const beginnings[] = {
    GET_CONTRACT GET_CONTRACT GET_CONTRACT,
    "G",
    "GET /healthz HTTP/1.1\r\nHost: test\r\nX-Slow: ",
    "POST /f/some-form HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain\r\n"
    "Content-Length: 5000\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\nGET /healthz HTTP/1.1\r\nX-Slow: ",
    "POST /v1/leads HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer @\r\n"
    "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
};

static void slow_open(struct client *client, int number)
{
    const char *beginning = beginnings[(size_t)number % ARRAY_SIZE(beginnings)];
    const char *key = strchr(beginning, '@');
    client_init(client, &daemon_);
    client->receive_bytes = beginning == beginnings[0] ? 1024 : 0;
    ck_assert(client_connect(client));
    client_send(client, beginning, key ? (size_t)(key - beginning) : strlen(beginning));
    if (!key)
        return;
    client_send(client, daemon_.key, strlen(daemon_.key));
    client_send(client, key + 1, strlen(key + 1));
}

/* One more byte, or a few that are read; false when the other side has closed. */
static bool slow_go_on(struct client *client, int number)
{
    char waste[4096];
    bool reads = (size_t)number % ARRAY_SIZE(beginnings) == 0;
    struct pollfd file = { .fd = client->fd, .events = POLLRDHUP };
    if (poll(&file, 1, 0) == 1) /* it may have much left to read */
        return false;
    ssize_t bytes = recv(client->fd, waste, reads ? 32 : sizeof waste, MSG_DONTWAIT);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN))
        return false;
    return reads || client_send(client, "G", 1);
}

START_TEST(test_slow_clients)
{
    static struct client slow[SLOW];
    struct healthy healthy = { 0 };
    int open = SLOW;
    struct rlimit files;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_cur < FILES)
        files.rlim_cur = FILES;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    daemon_.settings[0] = "FUNNELD_REQUEST_TIMEOUT_S=2";
    daemon_start(&daemon_);
    ck_assert_int_eq(pthread_create(&healthy.thread, NULL, healthy_main, &healthy), 0);
    int64_t start_us = clock_monotonic_us(), now_us = start_us;
    for (int i = 0; i < SLOW; i++)
        slow_open(&slow[i], i);
    while (open > 0 && now_us - start_us < 2 * PATIENCE_US) {
        usleep(50000);
        for (int i = 0; i < SLOW; i++)
            if (slow[i].fd >= 0 && !slow_go_on(&slow[i], i)) {
                client_close(&slow[i]);
                open--;
            }
        now_us = clock_monotonic_us();
    }
    atomic_store(&healthy.stopping, true);
    pthread_join(healthy.thread, NULL);
    printf("%d slow clients: the last was cut after %lld ms; %d healthy calls, at most %lld ms\n",
           SLOW, (long long)(now_us - start_us) / 1000, healthy.calls,
           (long long)healthy.slowest_us / 1000);
    ck_assert_int_eq(open, 0);
    ck_assert_int_lt(now_us - start_us, PATIENCE_US * TEST_SLOWNESS);
    ck_assert_int_eq(healthy.wrong, 0);
    ck_assert_int_gt(healthy.calls, 10);
    ck_assert_int_lt(healthy.slowest_us, HEALTHY_US);
    daemon_stop(&daemon_);
}
END_TEST

/* ---- Few files ---- */

enum { FEW_FILES = 96, RESTING = 75 };

/* Where connections_max needs more files than there may be, resting clients still make room before
 * there is none to accept the next one with. */
START_TEST(test_few_files)
{
    static struct client resting[RESTING];
    struct rlimit few = { FEW_FILES, FEW_FILES };
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few),
                     0); /* of this test's process, and the daemon */
    daemon_start(&daemon_);
    ck_assert(daemon_has_logged(&daemon_, "only 96 files may be open"));
    for (int i = 0; i < RESTING; i++) {
        client_init(&resting[i], &daemon_);
        ck_assert(client_connect(&resting[i]));
        usleep(2000);
    }
    struct client client;
    client_init(&client, &daemon_);
    struct answer answer = client_get(&client, "/readyz");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_int_lt(answer.us, HEALTHY_US);
    ck_assert(!daemon_has_logged(&daemon_, "Too many open files"));
    client_close(&client);
    for (int i = 0; i < RESTING; i++)
        client_close(&resting[i]);
    daemon_stop(&daemon_);
}
END_TEST

/* ---- Two for one file ---- */

enum { STATUS_FAILED = 1, STATUS_CONFIG = 78 };

START_TEST(test_second_daemon_is_refused)
{
    char noted[64];
    struct client client;
    daemon_start(&daemon_);
    client_init(&client, &daemon_);
    ck_assert_int_eq(client_post(&client, "/v1/leads", "{\"email\":\"a@two.example\"}").status,
                     201);
    struct daemon second = daemon_;
    int status = 0;
    snprintf(second.log, sizeof second.log, "%s/log2", daemon_.folder);
    daemon_launch(&second);
    ck_assert(!daemon_wait_ready(&second, &status));
    ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == STATUS_FAILED ||
                                        WEXITSTATUS(status) == STATUS_CONFIG),
                  "status %#x", (unsigned)status);
    snprintf(noted, sizeof noted, "another process %d has the database", (int)daemon_.pid);
    if (!daemon_has_logged(&second, noted)) {
        daemon_show_log(&second);
        ck_abort_msg("it did not say: %s", noted);
    }
    /* The first has heard nothing of it: connection, control socket, the file are as before. */
    ck_assert_int_eq(client_post(&client, "/v1/leads", "{\"email\":\"b@two.example\"}").status,
                     201);
    ck_assert_int_eq(answer_count(client_get(&client, "/v1/leads").body, "@two.example"), 2);
    daemon_check(&daemon_);
    client_close(&client);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    daemon_start(&daemon_); /* and the lock is free again */
    daemon_stop(&daemon_);
}
END_TEST

/* ---- Nobody ---- */

enum { REST_US = 30000, IDLERS = 50 };

START_TEST(test_no_work_at_rest)
{
    static struct client idlers[IDLERS];
    daemon_start(&daemon_);
    for (int i = 0; i < IDLERS; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"email\":\"i%d@idle.example\"}", i);
        client_init(&idlers[i], &daemon_);
        ck_assert_int_eq(client_post(&idlers[i], "/v1/leads", body).status, 201);
    }
    usleep(2000000);
    int64_t before_us = daemon_cpu_us(&daemon_);
    usleep(3000000);
    int64_t used_us = daemon_cpu_us(&daemon_) - before_us;
    printf("at rest, %d idle connections: %lld ms of CPU in 3 s, %lld KiB resident\n", IDLERS,
           (long long)used_us / 1000, (long long)daemon_memory_kib(&daemon_));
    ck_assert_int_lt(used_us, REST_US * TEST_SLOWNESS);
    for (int i = 0; i < IDLERS; i++)
        client_close(&idlers[i]);
    daemon_stop(&daemon_);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("faults daemon load");
    TCase *tcase = tcase_create("load");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_stop_under_load);
    tcase_add_test(tcase, test_backup_under_load);
    tcase_add_loop_test(tcase, test_many_at_once, 0, ARRAY_SIZE(manys));
    tcase_add_test(tcase, test_slow_clients);
    tcase_add_test(tcase, test_few_files);
    tcase_add_test(tcase, test_second_daemon_is_refused);
    tcase_add_test(tcase, test_no_work_at_rest);
    suite_add_tcase(suite, tcase);
    return suite;
}
