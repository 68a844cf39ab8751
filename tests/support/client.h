/* client.h: an HTTP client for tests, on libcurl and jansson. Each client is one connection that
 * is kept alive; one thread at a time uses it. */
#ifndef FUNNELD_TESTS_SUPPORT_CLIENT_H
#define FUNNELD_TESTS_SUPPORT_CLIENT_H

#include "suite.h"

#include <funneld/base.h>
#include <jansson.h>
#include <string.h>

struct client;

enum { ASK_HEADERS_MAX = 8 };

/* A request. Only the path must be given. */
struct ask {
    const char *method;       /* NULL: GET, or POST when there is a body */
    const char *path;         /* with its query */
    const char *key;          /* NULL: the client's own; "": none */
    const char *content_type; /* NULL: application/json when there is a body; "": none */
    const char *headers[ASK_HEADERS_MAX]; /* "Name: value" */
    const char *body;                     /* NULL: none */
    size_t body_bytes;                    /* 0: up to the NUL */
};

/* Lives as long as its client, or until client_forget(). */
struct answer {
    struct answer *next;
    int status;
    char *head; /* all header lines, each ending in \r\n */
    size_t head_bytes;
    char *body; /* NUL-terminated */
    size_t body_bytes;
    json_t *json; /* NULL: the body is no JSON */
    char *asked;  /* "POST /v1/leads", for messages */
};

/* `address` like 127.0.0.1:8080; with socket_path it goes over that socket instead. `key` is
 * sent with every request that names no other; NULL: none. */
struct client *client_new(const char *address, const char *socket_path, const char *key);
void client_free(struct client *client);
void client_done(struct client **client); /* for _cleanup_ */
void client_forget(struct client *client);
/* How many connections it has opened so far. */
long client_connections(const struct client *client);

/* Fails the test when there is no answer. */
const struct answer *client_ask(struct client *client, const struct ask *ask);
#define ask(client, ...) client_ask(client, &(struct ask){ __VA_ARGS__ })

/* With the client's key. Bodies are JSON formatted like printf, in which ' stands for ". */
const struct answer *get(struct client *client, const char *path, ...) _printf_(2, 3);
const struct answer *post(struct client *client, const char *path, const char *json, ...)
    _printf_(3, 4);
const struct answer *patch(struct client *client, const char *path, const char *json, ...)
    _printf_(3, 4);
const struct answer *put(struct client *client, const char *path, const char *json, ...)
    _printf_(3, 4);

/* ---- Looking at answers ---- */

/* NULL: it has no such header. Valid until the next call. */
const char *answer_header(const struct answer *answer, const char *name);
/* A member by its path, as in "groups.0.stages.1.reached"; NULL: there is none. */
json_t *answer_at(const struct answer *answer, const char *path, ...) _printf_(2, 3);
json_t *json_at(json_t *json, const char *path);
/* These fail the test when the member is missing or of another type. */
int64_t answer_int(const struct answer *answer, const char *path, ...) _printf_(2, 3);
const char *answer_text(const struct answer *answer, const char *path, ...) _printf_(2, 3);
bool answer_bool(const struct answer *answer, const char *path, ...) _printf_(2, 3);
size_t answer_count(const struct answer *answer, const char *path, ...) _printf_(2, 3);
bool answer_is_null(const struct answer *answer, const char *path, ...) _printf_(2, 3);

#define expect_status(of, expected)                                                                \
    do {                                                                                           \
        const struct answer *answer_ = (of);                                                       \
        ck_assert_msg(answer_->status == (expected), "%d instead of %d to %s: %.3000s",            \
                      answer_->status, (int)(expected), answer_->asked, answer_->body);            \
    } while (0)
#define expect_int(of, expected, ...)                                                              \
    do {                                                                                           \
        const struct answer *answer_ = (of);                                                       \
        int64_t got_ = answer_int(answer_, __VA_ARGS__);                                           \
        ck_assert_msg(got_ == (int64_t)(expected), "%s is %lld, not %lld: %.3000s", #__VA_ARGS__,  \
                      (long long)got_, (long long)(expected), answer_->body);                      \
    } while (0)
#define expect_text(of, expected, ...)                                                             \
    do {                                                                                           \
        const struct answer *answer_ = (of);                                                       \
        const char *got_ = answer_text(answer_, __VA_ARGS__), *wanted_ = (expected);               \
        ck_assert_msg(strcmp(got_, wanted_) == 0, "%s is \"%.500s\", not \"%.500s\": %.2000s",     \
                      #__VA_ARGS__, got_, wanted_, answer_->body);                                 \
    } while (0)

/* A well formed problem+json with this status and code. `place` is the JSON pointer of a member
 * that must be named ("/email"), or "?limit" for a query parameter, or the name of a header, or
 * NULL; with `why` its code too. */
void expect_problem(const struct answer *answer, int status, const char *code, const char *place,
                    const char *why);
/* Whether it is well formed at all; NULL, or what is wrong. */
const char *problem_complaint(const struct answer *answer);

#endif
