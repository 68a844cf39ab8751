/* test_wire_load.c: many, slow and vanishing clients. */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct wire wire;

static void set_up(void)
{
    wire_init(&wire);
    wire_start(&wire);
}

static void set_up_hasty(void)
{
    wire_init(&wire);
    wire.config.request_timeout_s = 1;
    wire_start(&wire);
}

static void tear_down(void)
{
    wire_stop(&wire);
}

#define GET_HELLO "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_LATER "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"

START_TEST(test_keep_alive)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    int64_t start_us = clock_monotonic_us();
    for (int i = 0; i < 1000; i++)
        client_expect(&client, i % 2 == 0 ? GET_HELLO : POST_LATER, 200, &answer);
    /* An answer from another thread that waited for the next poll would take seconds; ten
     * milliseconds are much. */
    ck_assert_int_lt(clock_monotonic_us() - start_us, 10 * 1000 * 1000);
    client_close(&client);
}
END_TEST

/* ---- Exactly k x 128 connections ready at once ---- */

/* While one request keeps the only HTTP thread, `count` connections get ready; then it finds all of
 * them in one set of events. */
static void stall_round(struct client *clients, size_t count, const char *request, size_t pipelined)
{
    struct client blocker;
    static struct answer answer;
    int blocked = atomic_load(&wire.blocked);
    wire_hold(&wire);
    client_open(&blocker, &wire);
    client_text(&blocker, "GET /block HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(atomic_load(&wire.blocked) == blocked + 1);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pipelined; k++)
            client_text(&clients[i], request);
    wire_release(&wire);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pipelined; k++)
            ck_assert_msg(client_answer(&clients[i], true, 2000, &answer) && answer.status == 200,
                          "%zu connections: connection %zu was left waiting", count, i);
    client_close(&blocker);
}

/* The library's own loop blocks here: after a full set of events it waits again with its full
 * timeout before it works on them. */
START_TEST(test_stall)
{
    static const size_t counts[] = { 127, 128, 129, 256, 512 };
    struct client clients[512];
    wire_init(&wire);
    wire.config.http_threads = 1; /* all connections are one daemon's */
    wire_start(&wire);
    size_t open = 0;
    int64_t start_us = clock_monotonic_us();
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        while (open < counts[i])
            client_open(&clients[open++], &wire);
        for (int round = 0; round < 5; round++) {
            stall_round(clients, open, GET_HELLO, 1);
            stall_round(clients, open, GET_HELLO, 4);
            stall_round(clients, open, POST_LATER, 2);
        }
    }
    ck_assert_int_lt(clock_monotonic_us() - start_us, 20 * 1000 * 1000 * TEST_SLOWNESS);
    while (open > 0)
        client_close(&clients[--open]);
    wire_stop(&wire);
}
END_TEST

/* All of them wait on the other thread and come back in one go. */
START_TEST(test_resumed_together)
{
    enum { COUNT = 256 };
    struct client *clients = calloc(COUNT, sizeof(*clients));
    struct answer answer;
    wire_hold(&wire);
    for (size_t i = 0; i < COUNT; i++) {
        client_open(&clients[i], &wire);
        client_text(&clients[i], POST_LATER);
    }
    wait_until(atomic_load(&wire.submitted) == COUNT);
    int64_t start_us = clock_monotonic_us();
    wire_release(&wire);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert(client_answer(&clients[i], true, 5000, &answer));
        ck_assert_str_eq(answer.body, "hello");
    }
    ck_assert_int_lt(clock_monotonic_us() - start_us, 2 * 1000 * 1000);
    for (size_t i = 0; i < COUNT; i++)
        client_close(&clients[i]);
    free(clients);
}
END_TEST

/* ---- Clients that go away ---- */

START_TEST(test_gone_while_suspended)
{
    enum { COUNT = 50 };
    struct client client;
    struct answer answer;
    wire_hold(&wire);
    for (int i = 0; i < COUNT; i++) {
        client_open(&client, &wire);
        client_text(&client, POST_LATER);
        wait_until(atomic_load(&wire.submitted) == i + 1);
        if (i % 2 == 0) { /* with a reset */
            struct linger hard = { .l_onoff = 1 };
            setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        }
        client_close(&client);
    }
    wire_release(&wire);
    wait_until(atomic_load(&wire.ended) == COUNT);
    client_open(&client, &wire);
    client_expect(&client, POST_LATER, 200, &answer);
    client_close(&client);
}
END_TEST

START_TEST(test_gone_while_sending)
{
    struct client client;
    struct answer answer;
    for (int i = 0; i < 20; i++) {
        client_open(&client, &wire);
        client_text(&client,
                    i % 2 ? "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhel"
                          : "GET /ge");
        client_close(&client);
        client_open(&client, &wire);
        client_text(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        client_close(&client);
    }
    client_open(&client, &wire);
    client_expect(&client, GET_HELLO, 200, &answer);
    client_close(&client);
}
END_TEST

/* A client may say that it will send no more and still wait for its answer. */
START_TEST(test_half_closed)
{
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_text(&client, POST_LATER);
    shutdown(client.fd, SHUT_WR);
    ck_assert(client_answer(&client, true, 5000, &answer));
    ck_assert_str_eq(answer.body, "hello");
    client_close(&client);
}
END_TEST

/* ---- Slow clients, with a limit of one second ---- */

enum { REAPED_MS = 3500 }; /* the limit, a scan each second, and a slow machine */

static void drip_until_closed(struct client *client)
{
    int64_t start_us = clock_monotonic_us();
    while (!client_is_closed(client, 100)) {
        client_text(client, "x");
        ck_assert_msg(clock_monotonic_us() - start_us < REAPED_MS * 1000, "it was not cut");
    }
}

START_TEST(test_slow)
{
    static const char *const beginnings[] = {
        "",                                    /* nothing at all */
        "GET /get HTT",                        /* half a request line */
        "GET /get HTTP/1.1\r\nHost: a\r\nA: ", /* half of its headers */
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhel", /* half a body */
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        /* one that is dropped anyway */
        "POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhel",
    };
    struct client quiet, client, other;
    struct answer answer;
    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
        client_open(&quiet, &wire);
        client_open(&client, &wire);
        client_text(&quiet, beginnings[i]);
        client_text(&client, beginnings[i]);
        if (beginnings[i][0] != '\0')
            drip_until_closed(&client);
        ck_assert(client_is_closed(&quiet, REAPED_MS));
        client_close(&quiet);
        client_close(&client);
        client_open(&other, &wire);
        client_expect(&other, GET_HELLO, 200, &answer);
        client_close(&other);
    }
    ck_assert_int_ge(metric_value(METRIC_HTTP_REAPED), (int64_t)ARRAY_SIZE(beginnings));
}
END_TEST

/* After a first request the connection may rest, but a second one must come as fast as the
 * first. */
START_TEST(test_slow_second)
{
    struct client resting, dripping;
    struct answer answer;
    client_open(&resting, &wire);
    client_open(&dripping, &wire);
    client_expect(&resting, GET_HELLO, 200, &answer);
    client_expect(&dripping, GET_HELLO, 200, &answer);
    client_text(&dripping, "GE");
    int64_t start_us = clock_monotonic_us();
    while (!client_is_closed(&dripping, 100)) {
        client_text(&dripping, "T");
        ck_assert_msg(clock_monotonic_us() - start_us < (REAPED_MS + 2000) * 1000,
                      "it was not cut");
    }
    client_expect(&resting, GET_HELLO, 200, &answer);
    client_close(&resting);
    client_close(&dripping);
}
END_TEST

START_TEST(test_suspended_are_spared)
{
    struct client client;
    struct answer answer;
    wire_hold(&wire);
    client_open(&client, &wire);
    client_text(&client, POST_LATER);
    ck_assert(!client_is_closed(&client, REAPED_MS));
    wire_release(&wire);
    ck_assert(client_answer(&client, true, 3000, &answer));
    ck_assert_int_eq(answer.status, 200);
    client_close(&client);
}
END_TEST

START_TEST(test_slow_reader)
{
    struct client stalled, slow;
    client_open(&stalled, &wire);
    client_open(&slow, &wire);
    client_text(&stalled, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    client_text(&slow, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    /* One that reads slowly, but reads, is served to the end: 8 MiB in some five seconds. */
    static char part[65536];
    size_t total = 0;
    for (int i = 0; i < 100; i++) {
        usleep(50 * 1000);
        ssize_t bytes = recv(slow.fd, part, sizeof(part), 0);
        ck_assert_msg(bytes > 0, "cut after %zu bytes", total);
        total += (size_t)bytes;
    }
    while (total < 8 * 1024 * 1024) {
        ssize_t bytes = recv(slow.fd, part, sizeof(part), 0);
        ck_assert_int_gt(bytes, 0);
        total += (size_t)bytes;
    }
    wait_until(atomic_load(&wire.ended) == 2);
    size_t got = 0;
    for (ssize_t bytes; (bytes = recv(stalled.fd, part, sizeof(part), 0)) > 0;)
        got += (size_t)bytes;
    ck_assert_uint_lt(got, 8 * 1024 * 1024);
    client_close(&stalled);
    client_close(&slow);
}
END_TEST

/* Slow ones take all places; they are cut and the others, waiting in the queue, get their turn. */
START_TEST(test_connections_max)
{
    enum { MAX = 16 };
    struct client slow[MAX], client;
    struct answer answer;
    wire_init(&wire);
    wire.config.connections_max = MAX;
    wire.config.request_timeout_s = 1;
    wire_start(&wire);
    for (int i = 0; i < MAX; i++)
        client_open(&slow[i], &wire);
    wait_until(metric_value(METRIC_HTTP_CONNECTIONS) == MAX);
    client_open(&client, &wire);
    client_text(&client, GET_HELLO);
    ck_assert(client_answer(&client, true, REAPED_MS, &answer));
    ck_assert_int_eq(answer.status, 200);
    client_close(&client);
    for (int i = 0; i < MAX; i++)
        client_close(&slow[i]);
    wire_stop(&wire);
}
END_TEST

/* Whoever was served and rests takes no place from those who wait for one. */
START_TEST(test_idle_make_room)
{
    enum { MAX = 16 };
    struct client resting[MAX], client;
    struct answer answer;
    wire_init(&wire);
    wire.config.connections_max = MAX;
    wire_start(&wire);
    for (int i = 0; i < MAX; i++) {
        client_open(&resting[i], &wire);
        client_expect(&resting[i], GET_HELLO, 200, &answer);
    }
    client_open(&client, &wire);
    client_text(&client, GET_HELLO);
    ck_assert(client_answer(&client, true, REAPED_MS, &answer));
    ck_assert_int_eq(answer.status, 200);
    client_close(&client);
    for (int i = 0; i < MAX; i++)
        client_close(&resting[i]);
    wire_stop(&wire);
}
END_TEST

/* A request and the end of all that its client will send may come as one event. */
START_TEST(test_half_closed_at_once)
{
    enum { COUNT = 64 };
    struct client clients[COUNT];
    struct answer answer;
    for (int i = 0; i < COUNT; i++) {
        client_open(&clients[i], &wire);
        client_text(&clients[i], GET_HELLO);
        shutdown(clients[i].fd, SHUT_WR);
        ck_assert(client_answer(&clients[i], true, 3000, &answer));
    }
    wait_until(metric_value(METRIC_HTTP_CONNECTIONS) == 0);
    for (int i = 0; i < COUNT; i++)
        client_close(&clients[i]);
}
END_TEST

void wire_load_tests(Suite *suite)
{
    TCase *load = tcase_create("load");
    tcase_add_checked_fixture(load, set_up, tear_down);
    tcase_set_timeout(load, 60);
    tcase_add_test(load, test_keep_alive);
    tcase_add_test(load, test_resumed_together);
    tcase_add_test(load, test_gone_while_suspended);
    tcase_add_test(load, test_gone_while_sending);
    tcase_add_test(load, test_half_closed);
    tcase_add_test(load, test_half_closed_at_once);
    suite_add_tcase(suite, load);

    TCase *slow = tcase_create("slow");
    tcase_add_checked_fixture(slow, set_up_hasty, tear_down);
    tcase_set_timeout(slow, 100);
    tcase_add_test(slow, test_slow);
    tcase_add_test(slow, test_slow_second);
    tcase_add_test(slow, test_suspended_are_spared);
    tcase_add_test(slow, test_slow_reader);
    suite_add_tcase(suite, slow);

    TCase *full = tcase_create("full");
    tcase_set_timeout(full, 100);
    tcase_add_test(full, test_stall);
    tcase_add_test(full, test_connections_max);
    tcase_add_test(full, test_idle_make_room);
    suite_add_tcase(suite, full);
}
