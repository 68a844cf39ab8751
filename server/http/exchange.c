/* exchange.c: from the first byte of a request to the last of its reply: the one state machine.
 * It must not know what any request means, nor how threads wait. */
#include "exchange.h"

#include "reply.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPARE_MAX = 64,
    UNCOUNTED_BYTES = 32 * 1024,
    SWALLOW_MAX = 64 * 1024,      /* bytes of a body worth reading only to keep the connection */
    BODY_RESERVE_MAX = 64 * 1024, /* more is reserved only as it really comes */
};

/* ---- Beginning and end ---- */

static struct http_exchange *exchange_take(struct http_thread *thread)
{
    struct http_exchange *exchange = thread->spare;
    if (!exchange)
        return calloc(1, sizeof(*exchange));
    thread->spare = exchange->next;
    thread->spare_count--;
    struct arena arena =
        exchange->request.arena; /* its first block is kept: most requests allocate nothing */
    arena.limit_bytes = 0;
    *exchange = (struct http_exchange){ .request.arena = arena, .unchanged = exchange->unchanged };
    return exchange;
}

static void exchange_free(struct http_exchange *exchange)
{
    response_forget(exchange);
    arena_free(&exchange->request.arena);
    free(exchange);
}

static void exchange_give(struct http_thread *thread, struct http_exchange *exchange)
{
    if (thread->spare_count == SPARE_MAX) {
        exchange_free(exchange);
        return;
    }
    arena_reset(&exchange->request.arena);
    exchange->next = thread->spare;
    thread->spare = exchange;
    thread->spare_count++;
}

void exchanges_free(struct http_thread *thread)
{
    while (thread->spare) {
        struct http_exchange *exchange = thread->spare;
        thread->spare = exchange->next;
        exchange_free(exchange);
    }
    thread->spare_count = 0;
}

static struct connection *mhd_connection(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Called with the request line, before the library changes it. NULL lets exchange_handle() close
 * the connection. */
void *exchange_begin(void *thread_, const char *target, struct MHD_Connection *mhd)
{
    struct http_thread *thread = thread_;
    struct connection *connection = mhd_connection(mhd);
    struct http_exchange *exchange = connection ? exchange_take(thread) : NULL;
    if (!exchange)
        return NULL;
    thread->now_us = clock_monotonic_us();
    connection_begin(&thread->reaper, connection, thread->now_us);
    exchange->thread = thread;
    exchange->connection = connection;
    exchange->mhd = mhd;

    struct http_request *request = &exchange->request;
    request->exchange = exchange;
    request->start_us = thread->now_us;
    request->ctx.arena = &request->arena;
    request->ctx.ids = &thread->ids;
    request->target = request->path = request->query = request->body = "";
    request->client = connection->address;
    request->trusted = connection->trusted;
    request->control = thread->control;
    request->thread_app = thread->app;

    /* Of one that is too long only what the gate needs to see that. */
    size_t bytes = target ? strnlen(target, GATE_TARGET_MAX + 1) : 0;
    exchange->gate.target = arena_text(&request->arena, target ? target : "", bytes);
    exchange->gate.target_bytes = bytes;
    if (exchange->gate.target)
        request->target = exchange->gate.target;
    metric_add(METRIC_HTTP_IN_FLIGHT, 1);
    return exchange;
}

void exchange_end(void *thread_, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode why)
{
    (void)mhd;
    struct http_thread *thread = thread_;
    struct http_exchange *exchange = *context;
    if (!exchange)
        return;
    *context = NULL;
    assert(exchange->state !=
           EXCHANGE_SUSPENDED); /* it would be freed under another thread's hands */
    thread->now_us = thread->last_reply_us = exchange->request.end_us = clock_monotonic_us();
    const struct http_app *app = thread->shared->app;
    if (exchange->known)
        app->on_end(app->self, &exchange->request);
    if (exchange->state == EXCHANGE_REPLIED && why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        metric_add(METRIC_HTTP_REQUESTS, 1);
    metric_add(METRIC_HTTP_IN_FLIGHT, -1);
    if (exchange->charged_bytes > 0)
        atomic_fetch_sub(&thread->shared->inflight_bytes, exchange->charged_bytes);
    connection_turn(&thread->reaper, exchange->connection, CONNECTION_IDLE, thread->now_us);
    exchange_give(thread, exchange);
}

/* ---- Replies ---- */

/* The app words the answer. */
static void refusal_write(struct http_exchange *exchange, enum err err)
{
    struct http_thread *thread = exchange->thread;
    struct http_request *request = &exchange->request;
    if (request->ctx.failure.err == OK)
        request->ctx.failure.err = err;
    request->reply = (struct http_reply){ 0 };
    exchange->known = true;
    thread->shared->app->on_failure(thread->shared->app->self, request, err);
    if (err == ERR_BUSY && !http_reply_value(&request->reply, "Retry-After"))
        http_reply_header(request, "Retry-After", "1");
    metric_add(METRIC_HTTP_REJECTED, 1);
}

static bool is_reading(const struct http_request *request)
{
    return request->method == HTTP_GET || request->method == HTTP_HEAD;
}

/* A reply is in memory until its client has taken it, so it counts like the body of a request, with
 * all that was allocated for it. What a request needs at the least is not worth counting. */
static bool reply_has_room(struct http_exchange *exchange)
{
    struct http_shared *shared = exchange->thread->shared;
    int64_t more = (int64_t)exchange->request.arena.total_bytes - exchange->charged_bytes;
    if (exchange->request.arena.total_bytes <= UNCOUNTED_BYTES || more <= 0)
        return true;
    exchange->charged_bytes += more;
    return atomic_fetch_add(&shared->inflight_bytes, more) + more <= shared->inflight_max_bytes;
}

static enum MHD_Result reply_queue(struct http_exchange *exchange)
{
    struct http_thread *thread = exchange->thread;
    struct http_reply *reply = &exchange->request.reply;
    /* What was written stays written: its answer has to be told. */
    if (!reply_has_room(exchange) && is_reading(&exchange->request) && !thread->control)
        refusal_write(exchange, fail(&exchange->request.ctx, ERR_BUSY, NULL,
                                     "too many answers are being read at the moment"));
    if (reply->status == 0) /* no memory to say what is wrong */
        *reply = (struct http_reply){ .status = err_info(ERR_INTERNAL)->status, .close = true };
    if (atomic_load(&thread->shared->draining))
        reply->close = true;
    struct MHD_Response *response = response_take(exchange);
    if (!response)
        return MHD_NO;
    exchange->state = EXCHANGE_REPLIED;
    /* First: the library may send all of it within this call, and end the exchange. */
    connection_turn(&thread->reaper, exchange->connection, CONNECTION_WRITING, thread->now_us);
    bool kept = response == exchange->unchanged;
    enum MHD_Result result = MHD_queue_response(exchange->mhd, (unsigned)reply->status, response);
    if (!kept)
        MHD_destroy_response(response);
    return result;
}

/* Answers without reading on. Where the body ends is unknown or not worth waiting for, so the
 * connection ends with the reply, and the client gets a moment to read it although it is still
 * sending. */
static enum MHD_Result reply_early(struct http_exchange *exchange)
{
    exchange->request.reply.close = true;
    exchange->connection->linger = true;
    return reply_queue(exchange);
}

static enum MHD_Result refuse(struct http_exchange *exchange, enum err err)
{
    refusal_write(exchange, err);
    return reply_early(exchange);
}

/* ---- The request comes ---- */

static enum http_method method_find(const char *name)
{
    int bit = name_find(http_method_names, name);
    return bit < 0 ? (enum http_method)0 : (enum http_method)(1u << bit);
}

/* Path and query of the raw target: one copy, cut at the first '?'. */
static void target_split(struct http_request *request, char *target)
{
    char *query = strchr(target, '?');
    request->path = target;
    if (!query)
        return;
    *query = '\0';
    request->query = query + 1;
}

/* The client's own id, if it is one that can stand in a log line as it is. */
static bool request_id_is_sound(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(text);
    return length > 0 && length <= REQUEST_ID_MAX && strspn(text, allowed) == length;
}

static void request_id_write(struct http_exchange *exchange)
{
    const struct ctx *ctx = &exchange->request.ctx;
    const char *id = http_header(&exchange->request, "X-Request-Id");
    if (id && request_id_is_sound(id)) {
        memcpy(exchange->request_id, id, strlen(id) + 1);
        return;
    }
    struct id fresh = id_make(ctx->ids, ctx->now_ms);
    id_format(&fresh, exchange->request_id);
}

static enum err headers_check(struct http_exchange *exchange, const char *method,
                              const char *version)
{
    struct http_request *request = &exchange->request;
    struct gate *gate = &exchange->gate;
    gate->version = version;
    request->ctx.now_ms = clock_now_ms();
    bool gathered = headers_gather(exchange);
    request_id_write(exchange);
    request->ctx.request_id = exchange->request_id;
    request->method = method_find(method);
    request->body_limit_bytes = exchange->thread->shared->body_max_bytes;
    if (is_reading(request) && !request->control)
        request->arena.limit_bytes = exchange->thread->shared->answer_max_bytes;
    if (!gate->target || !gathered)
        return fail(&request->ctx, ERR_MEMORY, NULL, "no memory for the request's head");
    enum err err = gate_check(&request->ctx, gate);
    if (err != OK)
        return err;
    char *target = ctx_text(&request->ctx, gate->target);
    if (!target)
        return ERR_MEMORY;
    target_split(request, target);
    if (atomic_load(&exchange->thread->shared->draining))
        return fail(&request->ctx, ERR_BUSY, NULL, "the service is stopping");
    return OK;
}

static enum err too_large(struct http_exchange *exchange)
{
    return fail(&exchange->request.ctx, ERR_TOO_LARGE, NULL, "at most %zu bytes",
                exchange->request.body_limit_bytes);
}

/* Whether an announced body can be taken. */
static enum err body_check(struct http_exchange *exchange)
{
    int64_t announced = gate_body_bytes(&exchange->gate);
    if ((uint64_t)announced > exchange->request.body_limit_bytes)
        return too_large(exchange);
    struct http_shared *shared = exchange->thread->shared;
    if (announced > 0 &&
        atomic_load(&shared->inflight_bytes) + announced > shared->inflight_max_bytes)
        return fail(&exchange->request.ctx, ERR_BUSY, NULL,
                    "too many request bodies at the moment");
    return OK;
}

/* The first call of the library: all headers are here, the body not yet. A reply queued here
 * ends the connection (the library reads no further), so where there is no body, or a small one,
 * it waits for the last call. */
static enum MHD_Result headers_arrived(struct http_exchange *exchange, const char *method,
                                       const char *version)
{
    const struct http_app *app = exchange->thread->shared->app;
    const struct gate *gate = &exchange->gate;
    enum err err = headers_check(exchange, method, version);
    if (err != OK)
        return refuse(exchange, err);

    exchange->known = true;
    exchange->step = app->on_headers(app->self, &exchange->request);
    if (exchange->step == HTTP_CONTINUE) {
        err = body_check(exchange);
        exchange->state = EXCHANGE_BODY;
        return err == OK ? MHD_YES : refuse(exchange, err);
    }
    bool long_body = gate_is_chunked(gate) || gate_body_bytes(gate) > SWALLOW_MAX;
    bool awaited = gate_expects_continue(gate) && gate_body_bytes(gate) > 0;
    if (exchange->step == HTTP_REPLY && (long_body || awaited))
        return reply_early(exchange);
    exchange->state = EXCHANGE_SWALLOW;
    return MHD_YES;
}

/* Room for an announced body at once, unless it is so large that announcing it would be an
 * attack by itself. */
static void body_reserve(struct http_exchange *exchange)
{
    int64_t announced = gate_body_bytes(&exchange->gate);
    size_t bytes = announced < BODY_RESERVE_MAX ? (size_t)announced : BODY_RESERVE_MAX;
    exchange->body.arena = &exchange->request.arena;
    exchange->body.data = arena_alloc(&exchange->request.arena, bytes + 1);
    exchange->body.capacity = exchange->body.data ? bytes + 1 : 0;
}

/* Makes room for so many bytes: where the rest is announced for all of it, since now it really
 * comes, and otherwise for twice as much each time. Returns what is lost by that: what a buffer
 * outgrows stays in the arena. */
static size_t body_room(struct http_exchange *exchange, size_t bytes)
{
    struct buffer *body = &exchange->body;
    size_t outgrown = body->capacity, announced = (size_t)gate_body_bytes(&exchange->gate);
    if (outgrown - body->length >= bytes)
        return 0;
    bool known = announced >= body->length + bytes;
    (void)!buffer_room(body, known ? announced - body->length + 1 : bytes);
    return known ? 0 : outgrown;
}

static void body_arrived(struct http_exchange *exchange, const char *data, size_t bytes)
{
    if (exchange->state != EXCHANGE_BODY || exchange->refused != OK)
        return;
    struct http_shared *shared = exchange->thread->shared;
    struct buffer *body = &exchange->body;
    if (body->length + bytes > exchange->request.body_limit_bytes) {
        exchange->refused =
            too_large(exchange); /* chunked: the rest is dropped, until the reaper comes */
        return;
    }
    if (!body->arena)
        body_reserve(exchange);
    int64_t more = (int64_t)(bytes + body_room(exchange, bytes));
    exchange->charged_bytes += more;
    int64_t before = atomic_fetch_add(&shared->inflight_bytes, more);
    buffer_append(body, data, bytes);
    if (body->failed)
        exchange->refused = ERR_MEMORY;
    if (before + more > shared->inflight_max_bytes)
        exchange->refused = ERR_BUSY;
}

/* Suspends before it hands the request on: the other thread may be done with it before submit()
 * returns. */
static enum MHD_Result suspend(struct http_exchange *exchange)
{
    struct http_thread *thread = exchange->thread;
    exchange->state = EXCHANGE_SUSPENDED;
    thread->suspended++;
    MHD_suspend_connection(exchange->mhd);
    thread->shared->app->submit(thread->shared->app->self, &exchange->request);
    return MHD_YES;
}

/* The library leaves a suspended connection open, whatever its client does. */
bool http_client_waits(const struct http_request *request)
{
    return !connection_is_left(request->exchange->connection);
}

void exchange_resume(struct http_exchange *exchange)
{
    assert(exchange->state == EXCHANGE_SUSPENDED);
    exchange->state = EXCHANGE_RESUMED;
    exchange->thread->suspended--;
    MHD_resume_connection(exchange->mhd);
}

/* The last call of the library: the request is complete. From here on its client cannot be too
 * slow. */
static enum MHD_Result request_arrived(struct http_exchange *exchange)
{
    struct http_thread *thread = exchange->thread;
    const struct http_app *app = thread->shared->app;
    struct http_request *request = &exchange->request;
    connection_turn(&thread->reaper, exchange->connection, CONNECTION_HANDLING, thread->now_us);
    if (gate_is_chunked(&exchange->gate) || gate_body_bytes(&exchange->gate) > 0)
        request->ctx.now_ms = clock_now_ms();
    if (exchange->state == EXCHANGE_BODY) {
        if (exchange->body.length > 0 && exchange->refused == OK) {
            buffer_char(&exchange->body, '\0');
            request->body = exchange->body.data;
            request->body_bytes = exchange->body.length - 1;
            exchange->refused = exchange->body.failed ? ERR_MEMORY : OK;
        }
        if (exchange->refused != OK) {
            refusal_write(exchange, exchange->refused);
            request->reply.close = true;
            return reply_queue(exchange);
        }
        exchange->step = app->on_body(app->self, request);
    }
    if (exchange->step == HTTP_LATER)
        return suspend(exchange);
    assert(exchange->step == HTTP_REPLY);
    return reply_queue(exchange);
}

enum MHD_Result exchange_handle(void *thread_, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_bytes, void **context)
{
    (void)mhd;
    (void)url; /* a NUL made by %00 would end it; exchange_begin() has seen the raw one */
    struct http_thread *thread = thread_;
    struct http_exchange *exchange = *context;
    if (!exchange)
        return MHD_NO;
    switch (exchange->state) {
    case EXCHANGE_NEW: return headers_arrived(exchange, method, version);
    case EXCHANGE_BODY:
    case EXCHANGE_SWALLOW:
        if (*data_bytes == 0)
            return request_arrived(exchange);
        body_arrived(exchange, data, *data_bytes);
        *data_bytes = 0;
        return MHD_YES;
    case EXCHANGE_RESUMED:
        thread->shared->app->on_resume(thread->shared->app->self, &exchange->request);
        return reply_queue(exchange);
    case EXCHANGE_SUSPENDED:
    case EXCHANGE_REPLIED: break;
    }
    return MHD_NO;
}
