/* replies.c: results and failures as replies: JSON by the route's tables, problem documents, and
 * what is left out since the client has it. It must not know when a reply is due. */
#include "dispatch.h"

#include <string.h>

enum { ROW_BYTES = 700 }; /* of a row of a list as JSON, roughly: a lead's */

void reply_body(struct http_request *request, int status, const char *content_type,
                const char *body, size_t bytes)
{
    request->reply.status = status;
    request->reply.content_type = content_type;
    request->reply.body = body;
    request->reply.body_bytes = bytes;
}

void reply_buffer(struct http_request *request, int status, const char *content_type,
                  const struct buffer *buffer)
{
    static const char no_memory[] = "{\"title\":\"Not enough memory for this request\","
                                    "\"status\":503,\"code\":\"out_of_memory\"}";
    if (buffer->failed)
        reply_body(request, 503, "application/problem+json", no_memory, sizeof no_memory - 1);
    else
        reply_body(request, status, content_type, buffer->data, buffer->length);
}

/* ---- Failures ---- */

/* Where there is no body, what is wrong can only be a parameter. */
static enum place place_of_members(const struct call *call)
{
    if (!call || !call->route)
        return IN_BODY;
    return call->reading == IN_BODY && !call->route->body ? IN_QUERY : call->reading;
}

/* What went wrong with us is for the log; the client learns only that it did. */
static void log_our_fault(const struct http_request *request, const struct call *call, enum err err)
{
    const struct failure *failure = &request->ctx.failure;
    int64_t left_out;
    if (!log_allowed(&left_out))
        return;
    const struct log_field fields[] = { { "request_id", request->ctx.request_id, 0 },
                                        { "route", call_path(call), 0 },
                                        { "code", err_info(err)->code, 0 },
                                        { "left_out", NULL, left_out } };
    log_fields(LOG_ERROR, "api", fields, ARRAY_SIZE(fields) - (left_out == 0), "%s",
               failure->err == err && failure->detail ? failure->detail : "no detail");
}

/* An object by its table, as the whole reply. */
static void reply_row(struct http_request *request, int status, const char *content_type,
                      const struct table *table, const void *row)
{
    struct buffer buffer = { .arena = &request->arena };
    json_row(&(struct json){ .out = &buffer }, NULL, table, row);
    reply_buffer(request, status, content_type, &buffer);
}

void reply_problem(struct http_request *request, struct problem_reply *problem)
{
    problem->type = "about:blank";
    problem->request_id = request->ctx.request_id;
    reply_row(request, (int)problem->status, "application/problem+json", &problem_reply_table,
              problem);
}

void reply_besides(struct call *call)
{
    limit_tell(call);
    origin_tell(call);
}

void reply_failure(struct http_request *request, enum err err)
{
    struct call *call = request->app;
    const struct err_info *info = err_info(err);
    const struct failure *failure = request->ctx.failure.err == err ? &request->ctx.failure : NULL;
    /* Overload is counted, not told line by line. */
    if (err_is_ours(err) && err != ERR_BUSY && err != ERR_DEADLINE)
        log_our_fault(request, call, err);
    struct problem_reply problem = { .title = info->title,
                                     .status = info->status,
                                     .instance = request->path };
    problem_fill(&request->ctx, err, failure, place_of_members(call), &problem.problem);
    reply_problem(request, &problem);
    if (info->status == 401)
        http_reply_header(request, "WWW-Authenticate", "Bearer realm=\"funneld\"");
    if (info->status == 503)
        http_reply_header(request, "Retry-After", "1");
    if (call)
        reply_besides(call);
}

/* ---- Results ---- */

static void write_page(struct json *json, const struct table *table, const struct page *page)
{
    json_open(json, NULL, '{');
    json_open(json, "data", '[');
    for (size_t i = 0; i < page->rows.count; i++)
        json_row(json, NULL, table, (const char *)page->rows.items + i * table->size);
    json_close(json, ']');
    json_bool(json, "has_more", page->has_more);
    json_text(json, "next_cursor", page->next_cursor);
    if (page->total != NO_INT)
        json_int(json, "total", page->total);
    json_close(json, '}');
}

void reply_result(struct call *call)
{
    const struct route *route = call->route;
    struct http_request *request = call->request;
    int status = call->status ? call->status : route->status;
    if (route->reply) {
        route->reply(call);
        return;
    }
    if (status == 204) {
        request->reply.status = 204;
        return;
    }
    const struct table *whole = call->result_table ? call->result_table : route->result;
    const struct table *table = route->received && !call_may_read(call) ? route->received : whole;
    if (!(route->flags & ROUTE_LIST)) {
        reply_row(request, status, "application/json", table, call->result);
        return;
    }
    const struct page *page = call->result;
    struct buffer buffer = { .arena = &request->arena };
    /* Most of what is needed, at once: while it grows, all of it is copied again and again. */
    (void)!buffer_room(&buffer, page->rows.count * ROW_BYTES);
    write_page(&(struct json){ .out = &buffer }, table, page);
    reply_buffer(request, status, "application/json", &buffer);
}

bool client_has(const struct http_request *request, const char *etag)
{
    const char *known = http_header(request, "If-None-Match");
    return known && (strcmp(known, etag) == 0 || strstr(known, etag));
}

void reply_unchanged(const struct call *call)
{
    struct http_reply *reply = &call->request->reply;
    const char *etag = http_reply_value(reply, "ETag");
    if (call->route->http.method != HTTP_GET || reply->status != 200 || !etag ||
        !client_has(call->request, etag))
        return;
    reply->status = 304;
    reply->content_type = reply->body = NULL;
    reply->body_bytes = 0;
    metric_add(METRIC_ANSWERS_UNCHANGED, 1);
}
