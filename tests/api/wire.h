/* wire.h: a small app behind server/http, and clients that write raw bytes to it. */
#ifndef FUNNELD_TESTS_API_WIRE_H
#define FUNNELD_TESTS_API_WIRE_H

#include "tests/support/suite.h"

#include <funneld/http.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the app does with a path:
 *   /get     answers at the headers             /echo    answers with the body
 *   /later   answered from another thread       /hold    the same, once wire_release() was called
 *   /denied  401 at the headers                 /small   takes bodies of up to 16 bytes
 *   /big     8 MiB                              /204, /304
 *   /info    method, path, query, client     /block   keeps its HTTP thread until wire_release() */
struct wire {
    struct http_server *server;
    struct config config;
    struct arena arena;
    struct router *router;
    const char *control_path;

    pthread_t worker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_request *queue[2048]; /* under lock */
    size_t queued;
    bool holding, ending;

    atomic_int headers, ended, threads, submitted, blocked;
};

/* The app without the worker. */
void *wire_thread_open(void *self);
void wire_thread_close(void *thread);
/* What is usual; change wire->config before wire_start(). */
void wire_init(struct wire *wire);
void wire_start(struct wire *wire);
void wire_stop(struct wire *wire); /* and checks that every request that began has ended */
void wire_hold(struct wire *wire);
void wire_release(struct wire *wire);
/* Until the condition holds, at most five seconds. */
#define wait_until(condition)                                                                      \
    do {                                                                                           \
        int64_t until_us_ = clock_monotonic_us() + 5 * 1000 * 1000;                                \
        while (!(condition) && clock_monotonic_us() < until_us_)                                   \
            usleep(1000);                                                                          \
        ck_assert_msg(condition, "waited in vain for: %s", #condition);                            \
    } while (0)

/* One connection and what was read from it but not looked at. */
struct client {
    int fd;
    char *data;
    size_t length, capacity;
    bool closed;
};

struct answer {
    int status;
    bool close;      /* Connection: close */
    char head[4096]; /* NUL-terminated */
    size_t body_bytes;
    char body[4096]; /* its beginning, NUL-terminated */
};

void client_open(struct client *client, const struct wire *wire);
/* From an address of this machine, 127.0.0.0/8. */
void client_open_from(struct client *client, const struct wire *wire, const char *from);
void client_open_unix(struct client *client, const char *path);
void client_close(struct client *client);
void client_send(struct client *client, const char *data, size_t bytes);
void client_text(struct client *client, const char *text);
/* One whole answer; false when the connection ended (or was silent for timeout_ms) before it. */
bool client_answer(struct client *client, bool has_body, int timeout_ms, struct answer *ret);
/* Sends, and expects the status. */
void client_expect(struct client *client, const char *text, int status, struct answer *ret);
/* Whether the other side has closed, waiting at most timeout_ms. */
bool client_is_closed(struct client *client, int timeout_ms);

void wire_tests(Suite *suite);
void wire_crowd_tests(Suite *suite);
void wire_ends_tests(Suite *suite);
void wire_load_tests(Suite *suite);

#endif
