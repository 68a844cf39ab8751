/* wire.c: the app and the clients of wire.h. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BIG_BYTES = 8 * 1024 * 1024 };

/* ---- The app ---- */

enum page {
    PAGE_GET,
    PAGE_ECHO,
    PAGE_LATER,
    PAGE_HOLD,
    PAGE_DENIED,
    PAGE_SMALL,
    PAGE_BIG,
    PAGE_204,
    PAGE_304,
    PAGE_INFO,
    PAGE_BLOCK,
};

static const struct http_route routes[] = {
    { HTTP_GET, "/get" },   { HTTP_POST, "/echo" },   { HTTP_POST, "/later" },
    { HTTP_POST, "/hold" }, { HTTP_POST, "/denied" }, { HTTP_POST, "/small" },
    { HTTP_GET, "/big" },   { HTTP_GET, "/204" },     { HTTP_GET, "/304" },
    { HTTP_GET, "/info" },  { HTTP_GET, "/later" },   { HTTP_GET, "/info/{x}" },
    { HTTP_GET, "/block" },
};
static const enum page pages[] = {
    PAGE_GET, PAGE_ECHO, PAGE_LATER, PAGE_HOLD,  PAGE_DENIED, PAGE_SMALL, PAGE_BIG,
    PAGE_204, PAGE_304,  PAGE_INFO,  PAGE_LATER, PAGE_INFO,   PAGE_BLOCK,
};

static void reply(struct http_request *request, int status, const char *text, size_t bytes)
{
    request->reply.status = status;
    request->reply.content_type = "text/plain";
    request->reply.body = text;
    request->reply.body_bytes = bytes;
}

static void reply_text(struct http_request *request, int status, const char *text)
{
    reply(request, status, text, strlen(text));
}

void *wire_thread_open(void *self)
{
    struct wire *wire = self;
    atomic_fetch_add(&wire->threads, 1);
    return wire;
}

void wire_thread_close(void *thread)
{
    struct wire *wire = thread;
    atomic_fetch_sub(&wire->threads, 1);
}

static void app_failure(void *self, struct http_request *request, enum err err)
{
    struct wire *wire = self;
    if (!request->app) {
        request->app = wire;
        atomic_fetch_add(&wire->headers, 1);
    }
    reply_text(request, err_info(err)->status,
               request->ctx.failure.detail ? request->ctx.failure.detail : "");
}

static enum http_step page_headers(struct wire *wire, struct http_request *request, enum page page)
{
    switch (page) {
    case PAGE_GET: reply_text(request, 200, "hello"); return HTTP_REPLY;
    case PAGE_DENIED: reply_text(request, 401, "no"); return HTTP_REPLY;
    case PAGE_SMALL: request->body_limit_bytes = 16; return HTTP_CONTINUE;
    case PAGE_204: reply_text(request, 204, ""); return HTTP_REPLY;
    case PAGE_304: reply_text(request, 304, "never sent"); return HTTP_REPLY;
    case PAGE_BIG: {
        char *big = arena_alloc(&request->arena, BIG_BYTES);
        if (!big) {
            app_failure(wire, request, ERR_MEMORY);
            return HTTP_REPLY;
        }
        memset(big, 'x', BIG_BYTES);
        reply(request, 200, big, BIG_BYTES);
        return HTTP_REPLY;
    }
    case PAGE_INFO: {
        const char *method = http_method_names[__builtin_ctz(request->method)];
        char client[ADDRESS_TEXT_SIZE] = "";
        if (!request->control)
            address_format(&request->client, client);
        reply_text(request, 200,
                   arena_printf(&request->arena, "%s|%s|%s|%s|%d", method, request->path,
                                request->query, client, request->control));
        return HTTP_REPLY;
    }
    case PAGE_BLOCK:
        atomic_fetch_add(&wire->blocked, 1);
        pthread_mutex_lock(&wire->lock);
        while (wire->holding)
            pthread_cond_wait(&wire->changed, &wire->lock);
        pthread_mutex_unlock(&wire->lock);
        reply_text(request, 200, "free");
        return HTTP_REPLY;
    case PAGE_LATER:
        if (request->method == HTTP_GET)
            return HTTP_LATER;
        return HTTP_CONTINUE;
    case PAGE_ECHO:
    case PAGE_HOLD: return HTTP_CONTINUE;
    }
    return HTTP_CONTINUE;
}

static enum http_step app_headers(void *self, struct http_request *request)
{
    struct wire *wire = self;
    ck_assert_ptr_null(request->app);
    request->app = wire;
    atomic_fetch_add(&wire->headers, 1);
    struct http_match match = { 0 };
    enum err err =
        router_match(wire->router, &request->arena, request->method, request->path, &match);
    if (err == OK)
        return page_headers(wire, request, pages[match.route]);
    app_failure(wire, request, err);
    if (err == ERR_METHOD) {
        char allow[64];
        router_allow(match.allowed, allow);
        http_reply_header(request, "Allow", arena_text(&request->arena, allow, strlen(allow)));
    }
    return HTTP_REPLY;
}

static enum http_step app_body(void *self, struct http_request *request)
{
    (void)self;
    if (strcmp(request->path, "/later") == 0 || strcmp(request->path, "/hold") == 0)
        return HTTP_LATER;
    reply(request, 200, request->body, request->body_bytes);
    return HTTP_REPLY;
}

static void app_submit(void *self, struct http_request *request)
{
    struct wire *wire = self;
    atomic_fetch_add(&wire->submitted, 1);
    pthread_mutex_lock(&wire->lock);
    ck_assert_uint_lt(wire->queued, ARRAY_SIZE(wire->queue));
    wire->queue[wire->queued++] = request;
    pthread_cond_signal(&wire->changed);
    pthread_mutex_unlock(&wire->lock);
}

/* Takes what waits, and hands all of it back: the manner of the writer. */
static void *worker_main(void *wire_)
{
    struct wire *wire = wire_;
    static __thread struct http_request *taken[ARRAY_SIZE(wire->queue)];
    for (;;) {
        pthread_mutex_lock(&wire->lock);
        while ((wire->queued == 0 || wire->holding) && !wire->ending)
            pthread_cond_wait(&wire->changed, &wire->lock);
        size_t count = wire->queued;
        memcpy(taken, wire->queue, count * sizeof(taken[0]));
        wire->queued = 0;
        bool ending = wire->ending;
        pthread_mutex_unlock(&wire->lock);
        for (size_t i = 0; i < count; i++) {
            /* Writes to the request, as a command does: a request in two hands would show. */
            reply(taken[i], 200, taken[i]->body, taken[i]->body_bytes);
            http_resume(taken[i]);
        }
        if (ending && count == 0)
            return NULL;
    }
}

static void app_resume(void *self, struct http_request *request)
{
    (void)self;
    ck_assert_int_eq(request->reply.status, 200);
}

static void app_end(void *self, struct http_request *request)
{
    struct wire *wire = self;
    ck_assert_ptr_eq(request->app, wire);
    request->app = NULL;
    atomic_fetch_add(&wire->ended, 1);
}

/* ---- Starting and stopping ---- */

void wire_init(struct wire *wire)
{
    memset(wire, 0, sizeof(*wire));
    wire->config.listen = "127.0.0.1:0";
    wire->config.http_threads = 2;
    wire->config.connections_max = 2048;
    wire->config.address_connections_max = 2048;
    wire->config.trusted_proxies = "";
    wire->config.inflight_max_mib = 64;
    wire->config.body_max_kib = 1024;
    wire->config.request_timeout_s = 8;
    pthread_mutex_init(&wire->lock, NULL);
    pthread_cond_init(&wire->changed, NULL);
    log_setup(LOG_ERROR, LOG_TEXT);
}

void wire_start(struct wire *wire)
{
    struct http_app app = {
        .self = wire,
        .thread_open = wire_thread_open,
        .thread_close = wire_thread_close,
        .on_headers = app_headers,
        .on_body = app_body,
        .submit = app_submit,
        .on_resume = app_resume,
        .on_failure = app_failure,
        .on_end = app_end,
    };
    wire->router = router_new(&wire->arena, routes, ARRAY_SIZE(routes), sizeof(routes[0]));
    ck_assert_ptr_nonnull(wire->router);
    ck_assert_int_eq(pthread_create(&wire->worker, NULL, worker_main, wire), 0);
    struct ctx ctx = { .arena = &wire->arena };
    enum err err = http_start(&ctx, &wire->config, wire->control_path, &app, &wire->server);
    ck_assert_msg(err == OK, "%s", ctx.failure.detail);
}

void wire_hold(struct wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    wire->holding = true;
    pthread_mutex_unlock(&wire->lock);
}

void wire_release(struct wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    wire->holding = false;
    pthread_cond_broadcast(&wire->changed);
    pthread_mutex_unlock(&wire->lock);
}

void wire_stop(struct wire *wire)
{
    wire_release(wire);
    http_stop(wire->server, 5000);
    pthread_mutex_lock(&wire->lock);
    wire->ending = true;
    pthread_cond_signal(&wire->changed);
    pthread_mutex_unlock(&wire->lock);
    pthread_join(wire->worker, NULL);
    ck_assert_int_eq(atomic_load(&wire->headers), atomic_load(&wire->ended));
    ck_assert_int_eq(atomic_load(&wire->threads), 0);
    ck_assert_int_eq(metric_value(METRIC_HTTP_CONNECTIONS), 0);
    ck_assert_int_eq(metric_value(METRIC_HTTP_IN_FLIGHT), 0);
    arena_free(&wire->arena);
    pthread_mutex_destroy(&wire->lock);
    pthread_cond_destroy(&wire->changed);
}

/* ---- Clients ---- */

void client_open_from(struct client *client, const struct wire *wire, const char *from)
{
    *client = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    ck_assert_int_ge(client->fd, 0);
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from) };
    ck_assert_int_eq(bind(client->fd, (struct sockaddr *)&own, sizeof(own)), 0);
    const char *port = strrchr(http_address(wire->server), ':') + 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    ck_assert_msg(connect(client->fd, (struct sockaddr *)&address, sizeof(address)) == 0,
                  "connect: %m");
}

void client_open(struct client *client, const struct wire *wire)
{
    client_open_from(client, wire, "127.0.0.1");
}

void client_open_unix(struct client *client, const char *path)
{
    *client = (struct client){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, path, strlen(path) + 1);
    ck_assert_msg(connect(client->fd, (struct sockaddr *)&address, sizeof(address)) == 0,
                  "connect: %m");
}

void client_close(struct client *client)
{
    close(client->fd);
    free(client->data);
    *client = (struct client){ .fd = -1 };
}

/* A server that has closed already is no failure of the test: what it answered before is. */
void client_send(struct client *client, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(client->fd, data, bytes, MSG_NOSIGNAL);
        if (sent < 0)
            return;
        data += sent;
        bytes -= (size_t)sent;
    }
}

void client_text(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

/* More bytes, or false: nothing in that time, or the end. */
static bool client_read(struct client *client, int timeout_ms)
{
    struct pollfd wait = { .fd = client->fd, .events = POLLIN };
    if (client->closed || poll(&wait, 1, timeout_ms) <= 0)
        return false;
    if (client->capacity - client->length < 65536) {
        client->capacity = client->capacity * 2 + 65536;
        client->data = realloc(client->data, client->capacity);
        ck_assert_ptr_nonnull(client->data);
    }
    ssize_t bytes =
        recv(client->fd, client->data + client->length, client->capacity - client->length - 1, 0);
    if (bytes <= 0) {
        client->closed = true;
        return false;
    }
    client->length += (size_t)bytes;
    client->data[client->length] = '\0';
    return true;
}

bool client_answer(struct client *client, bool has_body, int timeout_ms, struct answer *ret)
{
    char *end;
    while (!client->data || !(end = strstr(client->data, "\r\n\r\n")))
        if (!client_read(client, timeout_ms))
            return false;
    size_t head_bytes = (size_t)(end - client->data) + 4;
    memset(ret, 0, sizeof(*ret));
    ck_assert_uint_lt(head_bytes, sizeof(ret->head));
    memcpy(ret->head, client->data, head_bytes);
    ck_assert_int_eq(sscanf(ret->head, "HTTP/1.%*d %d", &ret->status), 1);
    ret->close = strcasestr(ret->head, "\r\nConnection: close\r\n") != NULL;
    const char *length = strcasestr(ret->head, "\r\nContent-Length: ");
    if (has_body && length && ret->status >= 200 && ret->status != 304)
        ret->body_bytes = strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
    while (client->length < head_bytes + ret->body_bytes)
        if (!client_read(client, timeout_ms))
            return false;
    size_t shown = ret->body_bytes < sizeof(ret->body) ? ret->body_bytes : sizeof(ret->body) - 1;
    memcpy(ret->body, client->data + head_bytes, shown);
    client->length -= head_bytes + ret->body_bytes;
    memmove(client->data, client->data + head_bytes + ret->body_bytes, client->length + 1);
    return true;
}

void client_expect(struct client *client, const char *text, int status, struct answer *ret)
{
    client_text(client, text);
    ck_assert_msg(client_answer(client, strncmp(text, "HEAD", 4) != 0, 5000, ret),
                  "no answer to: %s", text);
    ck_assert_msg(ret->status == status, "%d to: %s\n%s%s", ret->status, text, ret->head,
                  ret->body);
}

bool client_is_closed(struct client *client, int timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    while (!client->closed && clock_monotonic_us() < until_us)
        (void)client_read(client, (int)((until_us - clock_monotonic_us()) / 1000) + 1);
    return client->closed;
}

Suite *test_suite(void)
{
    Suite *suite = suite_create("wire");
    wire_tests(suite);
    wire_crowd_tests(suite);
    wire_ends_tests(suite);
    wire_load_tests(suite);
    return suite;
}
