/* test_wire_ends.c: how connections end: for clients that still send when they are refused, and for
 * all of them when the server stops. */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET_HELLO "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_LATER "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"

static struct wire wire;

/* ---- Lingering ---- */

/* Has begun to send a megabyte where nobody wants it; to the server the connection is over. */
static void open_refused(struct client *client)
{
    static char part[100000];
    wire_init(&wire);
    wire_start(&wire);
    client_open(client, &wire);
    client_text(client, "POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    client_send(client, part, sizeof(part));
    wait_until(atomic_load(&wire.headers) == 1 && metric_value(METRIC_HTTP_CONNECTIONS) == 0);
}

/* A reset by the kernel could destroy the answer before the client has read it. */
START_TEST(test_refused_while_sending)
{
    struct client client;
    struct answer answer;
    open_refused(&client);
    for (int i = 0; i < 10; i++) {
        ck_assert_msg(send(client.fd, "more", 4, MSG_NOSIGNAL) == 4, "it was reset: %m");
        usleep(10 * 1000);
    }
    ck_assert(client_answer(&client, true, 3000, &answer));
    ck_assert_int_eq(answer.status, 401);
    ck_assert(answer.close);
    client_close(&client);
    wire_stop(&wire);
}
END_TEST

/* But nobody may go on sending for ever. */
START_TEST(test_refused_goes_on)
{
    struct client client;
    open_refused(&client);
    int64_t start_us = clock_monotonic_us();
    while (send(client.fd, "more", 4, MSG_NOSIGNAL) == 4) {
        usleep(50 * 1000);
        ck_assert_int_lt(clock_monotonic_us() - start_us, 5 * 1000 * 1000);
    }
    ck_assert(errno == ECONNRESET || errno == EPIPE);
    client_close(&client);
    wire_stop(&wire);
}
END_TEST

/* ---- Stopping ---- */

START_TEST(test_stop_at_rest)
{
    wire_init(&wire);
    wire_start(&wire);
    struct client client;
    struct answer answer;
    client_open(&client, &wire);
    client_expect(&client, GET_HELLO, 200, &answer);
    int64_t start_us = clock_monotonic_us();
    wire_stop(&wire);
    ck_assert_int_lt(clock_monotonic_us() - start_us, 1000 * 1000);
    ck_assert(client_is_closed(&client, 1000));
    client_close(&client);
}
END_TEST

static void *stopper_main(void *nothing)
{
    (void)nothing;
    http_stop(wire.server, 5000);
    return NULL;
}

/* What was received before the stop is answered; what comes during it gets 503; a half-sent one
 * is closed. */
START_TEST(test_stop_answers)
{
    enum { COUNT = 200 };
    struct client *clients = calloc(COUNT, sizeof(*clients)), open, half;
    struct answer answer;
    wire_init(&wire);
    wire_start(&wire);
    wire_hold(&wire);
    for (int i = 0; i < COUNT; i++) {
        client_open(&clients[i], &wire);
        client_text(&clients[i], POST_LATER);
    }
    client_open(&open, &wire);
    client_expect(&open, GET_HELLO, 200, &answer);
    client_open(&half, &wire);
    client_text(&half, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhel");
    wait_until(atomic_load(&wire.submitted) == COUNT && atomic_load(&wire.headers) == COUNT + 2);

    pthread_t stopper;
    pthread_create(&stopper, NULL, stopper_main, NULL);
    usleep(100 * 1000);
    client_expect(&open, GET_HELLO, 503, &answer);
    ck_assert(answer.close);
    wire_release(&wire);
    pthread_join(stopper, NULL);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(client_answer(&clients[i], true, 3000, &answer));
        ck_assert_int_eq(answer.status, 200);
        ck_assert(answer.close);
        ck_assert(client_is_closed(&clients[i], 3000));
        client_close(&clients[i]);
    }
    ck_assert(client_is_closed(&half, 3000));
    ck_assert_uint_eq(half.length, 0);
    client_close(&half);
    client_close(&open);
    free(clients);
    wire.server = NULL;
    wire_stop(&wire);
}
END_TEST

struct poster {
    pthread_t thread;
    atomic_int answered;
    int refused, lost;
};

/* Posts until it is told that the connection ends. Lost is a request of which not one byte was
 * answered. */
static void *poster_main(void *poster_)
{
    struct poster *poster = poster_;
    struct client client;
    struct answer *answer = malloc(sizeof(*answer));
    client_open(&client, &wire);
    do {
        client_text(&client, POST_LATER);
        if (!client_answer(&client, true, 5000, answer)) {
            poster->lost++;
            break;
        }
        if (answer->status == 200)
            atomic_fetch_add(&poster->answered, 1);
        else
            poster->refused++;
    } while (!answer->close);
    client_close(&client);
    free(answer);
    return NULL;
}

START_TEST(test_stop_under_load)
{
    enum { COUNT = 64 };
    static struct poster posters[COUNT];
    memset(posters, 0, sizeof(posters));
    wire_init(&wire);
    wire_start(&wire);
    for (int i = 0; i < COUNT; i++)
        pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]);
    for (int i = 0; i < COUNT; i++)
        wait_until(atomic_load(&posters[i].answered) > 5);
    http_stop(wire.server, 5000);
    wire.server = NULL;
    int answered = 0, refused = 0, lost = 0;
    for (int i = 0; i < COUNT; i++) {
        pthread_join(posters[i].thread, NULL);
        answered += posters[i].answered;
        refused += posters[i].refused;
        lost += posters[i].lost;
    }
    ck_assert_int_eq(lost, 0);
    ck_assert_int_eq(answered + refused, atomic_load(&wire.headers));
    wire_stop(&wire);
}
END_TEST

/* A request that nobody answers must not keep the process from ending, nor be freed under the
 * hands that have it. */
START_TEST(test_stop_in_time)
{
    struct client client;
    wire_init(&wire);
    wire_start(&wire);
    wire_hold(&wire);
    client_open(&client, &wire);
    client_text(&client, POST_LATER);
    wait_until(atomic_load(&wire.submitted) == 1);
    int64_t start_us = clock_monotonic_us();
    http_stop(wire.server, 300);
    ck_assert_int_lt(clock_monotonic_us() - start_us, 3 * 1000 * 1000);
    ck_assert_int_eq(atomic_load(&wire.threads), 0); /* what they had of the app is closed */
    wire_release(&wire);
    usleep(50 * 1000); /* http_resume() comes too late, and does no harm */
    client_close(&client);
}
END_TEST

void wire_ends_tests(Suite *suite)
{
    TCase *tcase = tcase_create("ends");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, test_refused_while_sending);
    tcase_add_test(tcase, test_refused_goes_on);
    tcase_add_test(tcase, test_stop_at_rest);
    tcase_add_test(tcase, test_stop_answers);
    tcase_add_test(tcase, test_stop_under_load);
    tcase_add_test(tcase, test_stop_in_time);
    suite_add_tcase(suite, tcase);
}
