/* test_wire_crowd.c: clients that hold more places than they may, or hold them for nothing, while
 * others want one; and who a client is when a proxy speaks for it. */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET_HELLO "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"

static struct wire wire;

static void tear_down(void)
{
    wire_stop(&wire);
}

/* ---- A crowd that says nothing, and comes again whenever it is cut ---- */

enum { CROWD = 100, PLACES = 64, EACH = 16, HEALTHY_US = 1000 * 1000, CALLS = 25 };

struct crowd {
    pthread_t thread;
    const char *from;
    atomic_bool ending;
    atomic_int renewed;
};

static bool was_cut(const struct client *client)
{
    char byte;
    ssize_t bytes = recv(client->fd, &byte, 1, MSG_DONTWAIT);
    return bytes == 0 || (bytes < 0 && errno != EAGAIN);
}

static void *crowd_main(void *crowd_)
{
    struct crowd *crowd = crowd_;
    struct client *clients = calloc(CROWD, sizeof(*clients));
    for (int i = 0; i < CROWD; i++)
        client_open_from(&clients[i], &wire, crowd->from);
    while (!atomic_load(&crowd->ending))
        for (int i = 0; i < CROWD; i++) {
            if (!was_cut(&clients[i]))
                continue;
            client_close(&clients[i]);
            client_open_from(&clients[i], &wire, crowd->from);
            atomic_fetch_add(&crowd->renewed, 1);
        }
    for (int i = 0; i < CROWD; i++)
        client_close(&clients[i]);
    free(clients);
    return NULL;
}

/* New connections of another client, one after the other: the slowest answer. */
static int64_t slowest_call(const char *from)
{
    int64_t slowest_us = 0;
    for (int i = 0; i < CALLS; i++) {
        struct client client;
        struct answer answer;
        int64_t start_us = clock_monotonic_us();
        client_open_from(&client, &wire, from);
        client_expect(&client, GET_HELLO, 200, &answer);
        int64_t took_us = clock_monotonic_us() - start_us;
        if (took_us > slowest_us)
            slowest_us = took_us;
        client_close(&client);
        usleep(20 * 1000);
    }
    return slowest_us;
}

static void crowd_begin(struct crowd *crowd, const char *from)
{
    *crowd = (struct crowd){ .from = from };
    ck_assert_int_eq(pthread_create(&crowd->thread, NULL, crowd_main, crowd), 0);
    usleep(700 * 1000);
}

static void crowd_end(struct crowd *crowd)
{
    atomic_store(&crowd->ending, true);
    pthread_join(crowd->thread, NULL);
    wait_until(metric_value(METRIC_HTTP_CONNECTIONS) == 0);
}

static void start_crowded(const char *trusted)
{
    wire_init(&wire);
    wire.config.connections_max = PLACES;
    wire.config.address_connections_max = EACH;
    wire.config.trusted_proxies = trusted;
    wire_start(&wire);
}

/* Of one address: it displaces nobody but its own. */
START_TEST(test_one_address)
{
    struct crowd crowd;
    struct client resting[8];
    struct answer answer;
    start_crowded("");
    for (size_t i = 0; i < ARRAY_SIZE(resting); i++) {
        client_open_from(&resting[i], &wire, "127.0.0.3");
        client_expect(&resting[i], GET_HELLO, 200, &answer);
    }
    crowd_begin(&crowd, "127.0.0.2");
    int64_t most = 0, slowest_us = slowest_call("127.0.0.4");
    for (int i = 0; i < 50; i++) {
        int64_t now = metric_value(METRIC_HTTP_CONNECTIONS);
        most = now > most ? now : most;
        usleep(2000);
    }
    /* Those that have just been accepted are not counted yet. */
    ck_assert_int_le(most, EACH + 2 * (16 + 1) + (int64_t)ARRAY_SIZE(resting));
    ck_assert_int_lt(slowest_us, HEALTHY_US);
    ck_assert_int_gt(atomic_load(&crowd.renewed), 0);
    for (size_t i = 0; i < ARRAY_SIZE(resting); i++) {
        client_expect(&resting[i], GET_HELLO, 200, &answer);
        client_close(&resting[i]);
    }
    crowd_end(&crowd);
    ck_assert_int_gt(metric_value(METRIC_HTTP_DISPLACED), 0);
}
END_TEST

/* Of a proxy, which may fill the house: whoever comes finds a place all the same. */
START_TEST(test_full_house)
{
    struct crowd crowd;
    start_crowded("127.0.0.0/8");
    crowd_begin(&crowd, "127.0.0.2");
    ck_assert_int_ge(metric_value(METRIC_HTTP_CONNECTIONS), PLACES / 2);
    ck_assert_int_lt(slowest_call("127.0.0.2"), HEALTHY_US);
    crowd_end(&crowd);
}
END_TEST

/* Requests that are being worked on keep their place, whoever comes. */
START_TEST(test_work_stays)
{
    static struct client working[EACH], client;
    struct answer answer;
    start_crowded("");
    wire_hold(&wire);
    for (int i = 0; i < EACH; i++) {
        client_open_from(&working[i], &wire, "127.0.0.2");
        client_text(&working[i], "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    }
    wait_until(atomic_load(&wire.submitted) == EACH);
    usleep(700 * 1000); /* so long that they would have to give way if they rested */
    for (int i = 0; i < CROWD; i++) {
        client_open_from(&client, &wire, "127.0.0.2");
        client_close(&client);
    }
    wire_release(&wire);
    for (int i = 0; i < EACH; i++) {
        ck_assert(client_answer(&working[i], true, 3000, &answer));
        client_close(&working[i]);
    }
}
END_TEST

/* However its connections are spread over the threads, an address has so many and no more. */
START_TEST(test_one_count)
{
    static struct client working[3 * EACH];
    start_crowded("");
    wire_hold(&wire);
    for (size_t i = 0; i < ARRAY_SIZE(working); i++) {
        int before = atomic_load(&wire.submitted);
        client_open_from(&working[i], &wire, "127.0.0.2");
        client_text(&working[i], "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        wait_until(atomic_load(&wire.submitted) > before || client_is_closed(&working[i], 1));
    }
    ck_assert_int_eq(atomic_load(&wire.submitted), EACH);
    wire_release(&wire);
    for (size_t i = 0; i < ARRAY_SIZE(working); i++)
        client_close(&working[i]);
}
END_TEST

/* Not one more either where all of them come at once, to two threads. */
START_TEST(test_one_count_at_once)
{
    static struct client working[3 * EACH];
    start_crowded("");
    for (int round = 0; round < 20; round++) {
        int before = atomic_load(&wire.submitted);
        wire_hold(&wire);
        for (size_t i = 0; i < ARRAY_SIZE(working); i++)
            client_open_from(&working[i], &wire, "127.0.0.2");
        for (size_t i = 0; i < ARRAY_SIZE(working); i++)
            client_text(&working[i],
                        "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        usleep(50 * 1000);
        int submitted = atomic_load(&wire.submitted) - before;
        wire_release(&wire);
        ck_assert_int_gt(submitted, 0);
        ck_assert_int_le(submitted, EACH);
        for (size_t i = 0; i < ARRAY_SIZE(working); i++)
            client_close(&working[i]);
        wait_until(metric_value(METRIC_HTTP_CONNECTIONS) == 0);
    }
}
END_TEST

/* Its own that rest give way, also those of another thread than the new one's. */
START_TEST(test_one_count_gives_way)
{
    static struct client clients[3 * EACH];
    struct answer answer;
    start_crowded("");
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        if (i % EACH == 0)
            usleep(700 * 1000); /* all that are there have rested */
        client_open_from(&clients[i], &wire, "127.0.0.2");
        client_expect(&clients[i], GET_HELLO, 200, &answer);
    }
    wait_until(metric_value(METRIC_HTTP_CONNECTIONS) <= EACH);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        client_close(&clients[i]);
}
END_TEST

/* ---- Slow in ways of their own ---- */

static void start_hasty(int64_t timeout_s)
{
    wire_init(&wire);
    wire.config.request_timeout_s = timeout_s;
    wire_start(&wire);
}

/* The time of a slow request line is part of the request's. */
START_TEST(test_slow_line)
{
    static const char line[] = "GET /get HTTP/1.1\r\n";
    enum { TIMEOUT_S = 3, STEP_MS = 140 };
    struct client client;
    start_hasty(TIMEOUT_S);
    client_open(&client, &wire);
    int64_t start_us = clock_monotonic_us();
    for (size_t i = 0; i < sizeof(line) - 1; i++) {
        client_send(&client, line + i, 1);
        usleep(STEP_MS * 1000);
    }
    client_text(&client, "X: ");
    while (!client_is_closed(&client, 100))
        client_text(&client, "x");
    int64_t took_us = clock_monotonic_us() - start_us;
    /* The first byte is noticed by a scan, the end by another; each of them once a second. */
    ck_assert_int_lt(took_us, (TIMEOUT_S + 2) * 1000 * 1000 + 400 * 1000);
    client_close(&client);
}
END_TEST

/* A client that is silent for a while, but then not slow, has the whole time for its request. */
START_TEST(test_early_connection)
{
    struct client client;
    struct answer answer;
    start_hasty(2);
    client_open(&client, &wire);
    usleep(1500 * 1000);
    client_text(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    usleep(1300 * 1000);
    client_expect(&client, "hello", 200, &answer);
    client_close(&client);
}
END_TEST

/* But whoever is silent nearly to the end, and then slow, has not both times in full. */
START_TEST(test_silent_then_slow)
{
    enum { TIMEOUT_S = 4 };
    struct client client;
    start_hasty(TIMEOUT_S);
    client_open(&client, &wire);
    int64_t start_us = clock_monotonic_us();
    usleep((TIMEOUT_S * 1000 - 200) * 1000);
    client_text(&client, "GET /get HTTP/1.1\r\nX: ");
    while (!client_is_closed(&client, 100))
        client_text(&client, "x");
    int64_t took_us = clock_monotonic_us() - start_us;
    ck_assert_int_lt(took_us, (TIMEOUT_S * 3 / 2 + 1) * 1000 * 1000 + 400 * 1000);
    client_close(&client);
}
END_TEST

static void receive_little(struct client *client)
{
    int bytes = 1024;
    ck_assert_int_eq(setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
}

/* Two KiB a second of 8 MiB is not reading, but holding. */
START_TEST(test_trickling_reader)
{
    struct client client;
    char part[200];
    start_hasty(1);
    client_open(&client, &wire);
    receive_little(&client);
    client_text(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    int64_t start_us = clock_monotonic_us();
    while (metric_value(METRIC_HTTP_CONNECTIONS) > 0 || atomic_load(&wire.headers) == 0) {
        (void)recv(client.fd, part, sizeof(part), MSG_DONTWAIT);
        usleep(100 * 1000);
        ck_assert_int_lt(clock_monotonic_us() - start_us, 5 * 1000 * 1000);
    }
    ck_assert_int_ge(metric_value(METRIC_HTTP_REAPED), 1);
    client_close(&client);
}
END_TEST

/* Replies that the kernel has taken but the client does not: to the library nothing is left to
 * do. */
START_TEST(test_untaken_replies)
{
    enum { REPLIES = 100 };
    struct client client;
    start_hasty(1);
    client_open(&client, &wire);
    receive_little(&client);
    for (int i = 0; i < REPLIES; i++)
        client_text(&client, GET_HELLO);
    wait_until(atomic_load(&wire.ended) == REPLIES);
    ck_assert_int_eq(metric_value(METRIC_HTTP_CONNECTIONS), 1);
    wait_until(metric_value(METRIC_HTTP_CONNECTIONS) == 0);
    ck_assert_int_eq(metric_value(METRIC_HTTP_REAPED), 1);
    client_close(&client);
}
END_TEST

/* Nor does asking on and on give more time to take what lies there. */
START_TEST(test_untaken_while_asking)
{
    enum { BODY_BYTES = 50000 }; /* more than the client will hold, and the kernel keeps the rest */
    static char body[BODY_BYTES];
    struct client client;
    start_hasty(2);
    client_open(&client, &wire);
    receive_little(&client);
    client_text(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
    client_send(&client, body, sizeof(body));
    wait_until(atomic_load(&wire.ended) == 1);
    int64_t start_us = clock_monotonic_us();
    while (metric_value(METRIC_HTTP_CONNECTIONS) > 0) {
        (void)send(client.fd, GET_HELLO, strlen(GET_HELLO), MSG_NOSIGNAL | MSG_DONTWAIT);
        usleep(100 * 1000);
        ck_assert_int_lt(clock_monotonic_us() - start_us, 5 * 1000 * 1000);
    }
    ck_assert_int_gt(atomic_load(&wire.ended), 1 + 10);
    ck_assert_int_eq(metric_value(METRIC_HTTP_REAPED), 1);
    client_close(&client);
}
END_TEST

/* ---- Answers that nobody takes ---- */

/* For 8 MiB on a busy machine: half an answer left behind would be taken for the next one. */
enum { PATIENCE_MS = 20000 };

#define GET_BIG "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"

static int status_of(struct client *client, const char *text)
{
    struct answer answer;
    client_text(client, text);
    return client_answer(client, true, PATIENCE_MS, &answer) ? answer.status : 0;
}

/* An answer is on its way, and stays there. */
static void expect_begun(const struct client *client)
{
    static const char status_line[] = "HTTP/1.1 200";
    char begin[sizeof(status_line)] = "";
    ck_assert_int_gt(recv(client->fd, begin, sizeof(begin) - 1, MSG_PEEK | MSG_WAITALL), 0);
    ck_assert_str_eq(begin, status_line);
}

/* The memory of answers is bounded: five of 8 MiB, and one is too many until one is gone. */
START_TEST(test_untaken_answers)
{
    enum { ANSWERS = 5 };
    struct client holding[ANSWERS], client;
    struct answer answer;
    wire_init(&wire);
    wire.config.inflight_max_mib = 8 * ANSWERS + 1;
    wire_start(&wire);
    for (int i = 0; i < ANSWERS; i++) {
        client_open(&holding[i], &wire);
        receive_little(&holding[i]);
        client_text(&holding[i], GET_BIG);
    }
    for (int i = 0; i < ANSWERS; i++)
        expect_begun(&holding[i]); /* or the next one would be in its place */
    client_open(&client, &wire);
    client_expect(&client, GET_BIG, 503, &answer);
    ck_assert_ptr_nonnull(strstr(answer.head, "Retry-After: 1\r\n"));
    ck_assert(!answer.close);
    client_expect(&client, GET_HELLO, 200, &answer); /* small ones go on */
    client_close(&holding[0]);
    wait_until(status_of(&client, GET_BIG) == 200);
    client_close(&client);
    for (int i = 1; i < ANSWERS; i++)
        client_close(&holding[i]);
}
END_TEST

/* One question may not take all of it. */
START_TEST(test_answer_too_big)
{
    struct client client;
    struct answer answer;
    wire_init(&wire);
    wire.config.inflight_max_mib = 28; /* a quarter is less than 8 MiB */
    wire_start(&wire);
    client_open(&client, &wire);
    client_expect(&client, GET_BIG, 503, &answer);
    client_expect(&client, GET_HELLO, 200, &answer);
    client_close(&client);
}
END_TEST

/* ---- For whom a proxy speaks ---- */

static void expect_client(const char *headers, const char *seen)
{
    struct client client;
    struct answer answer;
    char text[1000], body[100];
    client_open(&client, &wire);
    snprintf(text, sizeof(text), "GET /info HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);
    client_expect(&client, text, 200, &answer);
    snprintf(body, sizeof(body), "GET|/info||%s|0", seen);
    ck_assert_msg(strcmp(answer.body, body) == 0, "%s: %s", headers, answer.body);
    client_close(&client);
}

#define XFF "X-Forwarded-For: "

START_TEST(test_forwarded)
{
    static const char *const rows[][2] = {
        { "", "127.0.0.1" },
        { XFF "192.0.2.7\r\n", "192.0.2.7" },
        { "x-forwarded-for:192.0.2.7:1234\r\n", "192.0.2.7" },
        { XFF "2001:db8::7\r\n", "2001:db8::7" },
        { XFF "[2001:db8::7]:1234\r\n", "2001:db8::7" },
        /* Only what the last of our proxies has heard counts. */
        { XFF "203.0.113.1, 192.0.2.7\r\n", "192.0.2.7" },
        { XFF "203.0.113.1, 192.0.2.7, 10.1.2.3\r\n", "192.0.2.7" },
        { XFF "203.0.113.1\r\n" XFF "192.0.2.7\r\n" XFF "10.0.0.1,10.0.0.2\r\n", "192.0.2.7" },
        { XFF "127.0.0.1, 192.0.2.7\r\n", "192.0.2.7" },
        { XFF "10.0.0.9\r\n", "10.0.0.9" },
        { XFF "10.0.0.9, 10.0.0.1\r\n", "10.0.0.9" },
        /* What cannot be read is as far as can be seen. */
        { XFF "unknown, 10.0.0.1\r\n", "10.0.0.1" },
        { XFF "203.0.113.1, unknown, 10.0.0.1\r\n", "10.0.0.1" },
        { XFF "203.0.113.1, unknown\r\n", "127.0.0.1" },
        { XFF "unknown\r\n", "127.0.0.1" },
        { XFF ", ,\r\n", "127.0.0.1" },
    };
    wire_init(&wire);
    wire.config.trusted_proxies = "127.0.0.1, 10.0.0.0/8";
    wire_start(&wire);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_client(rows[i][0], rows[i][1]);
}
END_TEST

START_TEST(test_forwarded_by_anybody)
{
    wire_init(&wire);
    wire.config.trusted_proxies = "127.0.0.2, 192.0.2.0/24";
    wire_start(&wire);
    expect_client(XFF "192.0.2.7\r\n", "127.0.0.1");
}
END_TEST

void wire_crowd_tests(Suite *suite)
{
    TCase *tcase = tcase_create("crowd");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_one_address);
    tcase_add_test(tcase, test_full_house);
    tcase_add_test(tcase, test_work_stays);
    tcase_add_test(tcase, test_slow_line);
    tcase_add_test(tcase, test_one_count);
    tcase_add_test(tcase, test_one_count_at_once);
    tcase_add_test(tcase, test_one_count_gives_way);
    tcase_add_test(tcase, test_early_connection);
    tcase_add_test(tcase, test_silent_then_slow);
    tcase_add_test(tcase, test_trickling_reader);
    tcase_add_test(tcase, test_untaken_replies);
    tcase_add_test(tcase, test_untaken_while_asking);
    tcase_add_test(tcase, test_untaken_answers);
    tcase_add_test(tcase, test_answer_too_big);
    tcase_add_test(tcase, test_forwarded);
    tcase_add_test(tcase, test_forwarded_by_anybody);
    suite_add_tcase(suite, tcase);
}
