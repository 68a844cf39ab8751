/* dispatch.c: the one place where HTTP meets the store. Takes a request from its headers to its
 * reply, by the route's row: match, key, arguments, read or write, reply. Handlers return answers
 * and errors, which replies.c words. */
#include "dispatch.h"
#include "thread.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *call_path(const struct call *call)
{
    return call && call->route ? call->route->http.path : "-";
}

static void on_failure(void *self, struct http_request *request, enum err err)
{
    (void)self;
    reply_failure(request, err);
}

static enum http_step refuse(struct http_request *request, enum err err)
{
    reply_failure(request, err);
    return HTTP_REPLY;
}

/* ---- From the headers to the arguments ---- */

/* "v17-s83" or "v17", quoted: the version that the client read. */
static enum err read_if_match(struct call *call)
{
    if (!(call->route->flags & ROUTE_VERSIONED))
        return OK;
    const char *text = http_header(call->request, "If-Match");
    if (!text || strcmp(text, "*") == 0)
        return OK;
    char *end = NULL;
    long long version = strncmp(text, "\"v", 2) == 0 ? strtoll(text + 2, &end, 10) : -1;
    if (version < 0 || end == text + 2 || (*end != '"' && *end != '-'))
        return fail(call->ctx, ERR_VERSION, "If-Match", "none of our ETags");
    call->expected_version = version;
    return OK;
}

static enum err read_path_id(struct call *call)
{
    const char *place = strstr(call->route->http.path, "{id}");
    if (!place)
        return OK;
    size_t index = 0; /* which of the template's parameters it is */
    for (const char *at = call->route->http.path; (at = strchr(at, '{')) && at < place; at++)
        index++;
    if (id_parse(call->params[index], &call->id))
        return OK;
    return fail(call->ctx, ERR_NOT_FOUND, NULL,
                "an id looks like 0190b8a0-5b7a-7cc3-98c4-dc0c0c07398f");
}

/* ERR_METHOD sets *ret_allowed, every path having OPTIONS. */
static enum err match(struct call *call, const char **ret_allowed)
{
    struct http_request *request = call->request;
    const struct service *service = call->service;
    struct http_match found = { 0 };
    enum err err =
        router_match(service->router, &request->arena, request->method, request->path, &found);
    if (err == ERR_METHOD) {
        char allow[64];
        router_allow(found.allowed | HTTP_OPTIONS, allow);
        *ret_allowed = ctx_text(call->ctx, allow);
        return *ret_allowed ? err : ERR_MEMORY;
    }
    if (err)
        return err;
    call->route = &service->routes[found.route];
    memcpy(call->params, found.params, sizeof call->params);
    return OK;
}

/* Of a path that has no method of its own for that: what it does have, and for the browser of a
 * page that may use the API what its script may send. */
static enum http_step answer_options(struct call *call, const char *allowed)
{
    call->request->reply.status = 204;
    http_reply_header(call->request, "Allow", allowed);
    reply_besides(call);
    origin_tell_preflight(call, allowed,
                          "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                          "X-Request-Id");
    return HTTP_REPLY;
}

/* There is nothing here for this request; that counts as a request of a stranger. */
static enum http_step answer_unmatched(struct call *call, enum err err, const char *allowed)
{
    bool asked = err == ERR_METHOD && call->request->method == HTTP_OPTIONS;
    err = limit_stranger(call, asked ? OK : err);
    if (!err)
        return answer_options(call, allowed);
    if (err == ERR_METHOD) {
        http_reply_header(call->request, "Allow", allowed);
        err = fail(call->ctx, err, NULL, "this path takes %s", allowed);
    } else if (err == ERR_NOT_FOUND) {
        err = fail(call->ctx, err, NULL, "there is no such path; /docs shows those there are");
    }
    return refuse(call->request, err);
}

enum err check_coding(struct call *call)
{
    const char *coding = http_header(call->request, "Content-Encoding");
    if (!coding || strcasecmp(coding, "identity") == 0)
        return OK;
    return fail(call->ctx, ERR_MEDIA_TYPE, "Content-Encoding", "send it as it is");
}

static enum err check_media_type(struct call *call)
{
    if (!call->route->body)
        return OK;
    enum err err = check_coding(call);
    if (err)
        return err;
    const char *type = http_header(call->request, "Content-Type");
    if (!type || media_type_is(type, "application/json") ||
        media_type_is(type, "application/merge-patch+json"))
        return OK;
    return fail(call->ctx, ERR_MEDIA_TYPE, "Content-Type", "send application/json");
}

static enum http_step on_headers(void *self, struct http_request *request)
{
    struct service *service = self;
    struct call *call = arena_alloc(&request->arena, sizeof *call);
    if (!call)
        return refuse(request, ERR_MEMORY);
    *call = (struct call){ .service = service,
                           .request = request,
                           .ctx = &request->ctx,
                           .expected_version = NO_INT,
                           .reading = IN_HEADERS };
    request->app = call;
    origin_of_api(call);
    const char *allowed = NULL;
    enum err err = match(call, &allowed);
    if (err)
        return answer_unmatched(call, err, allowed);
    if (call->route->flags & ROUTE_OWN_ORIGINS) {
        call->origin = NULL;
        call->varies_by_origin = false;
    }
    err = authenticate(call, request);
    if (!err)
        err = read_path_id(call);
    if (!err)
        err = read_if_match(call);
    if (!err)
        err = check_media_type(call);
    if (!err)
        err = idempotency_read(call);
    if (err)
        return refuse(request, err);
    reply_besides(call);
    return HTTP_CONTINUE;
}

static enum err read_arguments(struct call *call)
{
    call->reading = IN_QUERY;
    /* a door takes whatever stands behind its address */
    bool takes_any = (call->route->flags & ROUTE_RAW_BODY) && !call->route->query;
    enum err err = takes_any ? OK : read_parameters(call);
    if (err)
        return err;
    call->reading = IN_BODY;
    if (!call->route->body)
        return OK;
    call->body = ctx_alloc(call->ctx, call->route->body->size);
    if (!call->body)
        return ERR_MEMORY;
    return json_read(call->ctx, call->request->body, call->request->body_bytes, call->route->body,
                     call->body);
}

/* ---- Running ---- */

static bool is_for_another_thread(const struct call *call)
{
    return call->route->access == ACCESS_WRITE || reading_is_for_scanner(call);
}

static void answer(struct call *call)
{
    if (!call->replied)
        reply_result(call);
    if (call->etag)
        freshness_end(call);
    reply_unchanged(call);
}

static enum http_step on_body(void *self, struct http_request *request)
{
    (void)self;
    struct call *call = request->app;
    bool reads = call->route->access == ACCESS_READ;
    enum err err = call->route->freshness ? freshness_begin(call) : OK;
    if (!err && call->etag && freshness_recall(call))
        return HTTP_REPLY;
    if (!err)
        err = read_arguments(call);
    if (!err && call->route->prepare)
        err = reading_prepare(call);
    if (!err && is_for_another_thread(call))
        return HTTP_LATER;
    if (!err)
        err = reads ? reading_try(call) : call->route->run(call);
    if (err == ERR_DEADLINE && reads)
        return HTTP_LATER;
    if (err)
        return refuse(request, err);
    answer(call);
    return HTTP_REPLY;
}

static struct call *call_of(struct command *command)
{
    return (struct call *)((char *)command - offsetof(struct call, command));
}

/* With an Idempotency-Key: the answer is made here already, to be kept with the effect. */
static enum err run_once(struct call *call)
{
    bool first = !call->kept.key;
    enum err err = first ? idempotency_begin(call) : OK;
    if (err || call->replied)
        return err;
    err = call->route->run(call);
    if (err || call->command.more)
        return err;
    reply_result(call);
    call->replied = true;
    return idempotency_end(call);
}

static enum err run_writing(struct command *command, struct db *db)
{
    struct call *call = call_of(command);
    call->db = db;
    enum err err = call->idempotency_key ? run_once(call) : call->route->run(call);
    call->db = NULL;
    command->wipe = call->route->flags & ROUTE_WIPES;
    return err;
}

static void written(struct command *command)
{
    struct call *call = call_of(command);
    idempotency_leave(call);
    call->outcome = command->result;
    if (!call->outcome && (call->route->flags & ROUTE_BEGINS_JOB))
        jobs_run_wake(&call->service->jobs);
    http_resume(call->request);
}

static void submit(void *self, struct http_request *request)
{
    struct service *service = self;
    struct call *call = request->app;
    if (call->route->access != ACCESS_WRITE) {
        reading_submit(call);
        return;
    }
    call->command = (struct command){ .ctx = call->ctx,
                                      .run = run_writing,
                                      .done = written,
                                      .background = call->route->flags & ROUTE_BACKGROUND };
    if (writer_submit(service->writer, &call->command))
        return;
    call->outcome = call->ctx->failure.err;
    http_resume(request);
}

static void on_resume(void *self, struct http_request *request)
{
    struct call *call = request->app;
    if (call->outcome) {
        request->reply = (struct http_reply){ 0 }; /* of what was not kept: Location, ETag */
        on_failure(self, request, call->outcome);
    } else {
        answer(call);
    }
}

static void on_end(void *self, struct http_request *request)
{
    struct service *service = self;
    const struct call *call = request->app;
    size_t route =
        call && call->route ? (size_t)(call->route - service->routes) : service->route_count;
    struct route_stats *stats = &service->stats[route];
    int class = request->reply.status / 100;
    int64_t micros = request->end_us - request->start_us;
    atomic_fetch_add_explicit(&stats->answers[class < 6 ? class : 0], 1, memory_order_relaxed);
    histogram_add(&stats->times, BOUNDS_TIME, micros);
    /* The route and not the path, which may name a person. */
    bool known = request->method != 0;
    const struct log_field fields[] = {
        { "request_id", request->ctx.request_id, 0 },
        { "method", known ? http_method_names[__builtin_ctz(request->method)] : "-", 0 },
        { "route", call_path(call), 0 },
        { "status", NULL, request->reply.status },
        { "duration_us", NULL, micros },
    };
    log_fields(log_request_level(request->reply.status), "http", fields, ARRAY_SIZE(fields),
               "answered");
}

static void *thread_open(void *self)
{
    struct service *service = self;
    struct arena arena = { 0 };
    struct id_source ids = { 0 };
    struct ctx ctx = { .arena = &arena, .ids = &ids, .now_ms = clock_now_ms() };
    struct thread *thread = thread_new(&ctx, service->store);
    if (!thread)
        log_line(LOG_ERROR, "api", "no connection to the data file: %s", ctx.failure.detail);
    arena_free(&arena);
    return thread;
}

static void thread_close(void *thread_app)
{
    thread_free(thread_app);
}

const struct http_app dispatch_app = {
    .thread_open = thread_open,
    .thread_close = thread_close,
    .on_headers = on_headers,
    .on_body = on_body,
    .submit = submit,
    .on_resume = on_resume,
    .on_failure = on_failure,
    .on_end = on_end,
};
