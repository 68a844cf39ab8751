/* openapi_headers.c: the headers of requests and answers in the contract: one row each, with where
 * it comes. */
#include "openapi.h"

#include <stdio.h>

enum { REF_BYTES = 128 };

/* ---- What a row of the routes says of them ---- */

static bool tells_lead(const struct route *route)
{
    return route->result == &lead_table && !(route->flags & ROUTE_LIST);
}

/* Whether a reply of the route's own make has this status. */
bool openapi_has_reply(const struct route *route, int status)
{
    for (const struct reply_kind *kind = route->replies; kind && kind->status; kind++)
        if (kind->status == status)
            return true;
    return false;
}

/* Answers If-None-Match with 304. */
bool openapi_is_fresh(const struct route *route)
{
    bool lead = tells_lead(route) && route->http.method == HTTP_GET;
    return route->freshness != FRESH_UNKNOWN || lead || openapi_has_reply(route, 304);
}

static bool is_versioned(const struct route *route)
{
    return route->flags & ROUTE_VERSIONED;
}

bool openapi_is_repeatable(const struct route *route)
{
    return route->access == ACCESS_WRITE && !route->reply;
}

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

/* ---- The headers ---- */

static bool always(const struct route *route, int status)
{
    (void)route, (void)status;
    return true;
}

static bool has_etag(const struct route *route, int status)
{
    return (is_success(status) || status == 304) && (tells_lead(route) || openapi_is_fresh(route));
}

static bool has_location(const struct route *route, int status)
{
    bool creates = route->status == 201 || (route->flags & ROUTE_BEGINS_JOB);
    return status == 303 || (creates && is_success(status));
}

static bool has_replayed(const struct route *route, int status)
{
    return openapi_is_repeatable(route) && is_success(status);
}

static bool has_link(const struct route *route, int status)
{
    return (route->flags & ROUTE_LIST) && is_success(status);
}

static bool has_retry_after(const struct route *route, int status)
{
    (void)route;
    return status == 503 || status == 429;
}

static bool has_challenge(const struct route *route, int status)
{
    (void)route;
    return status == 401;
}

static const struct {
    const char *name, *component, *description;
    bool (*comes)(const struct route *route, int status);
    bool required; /* where it comes, it always does */
} reply_headers[] = {
    { "X-Request-Id", "RequestId", "The request's id in the log; yours, if you sent one", always,
      true },
    { "ETag", "ETag", "What If-Match or If-None-Match can name", has_etag },
    { "Location", "Location", "Where the record is, or the browser goes", has_location, true },
    { "Idempotency-Replayed", "Replayed", "true: answered again, not done again", has_replayed },
    { "Link", "Link", "RFC 8288: the way to the next page and to the first", has_link },
    { "Retry-After", "RetryAfter", "Seconds to wait", has_retry_after },
    { "RateLimit", "RateLimit", "What is left, and when there is more: \"key\";r=59999;t=1",
      always },
    { "RateLimit-Policy", "RateLimitPolicy", "How much there is: \"key\";q=60000;w=60", always },
    { "WWW-Authenticate", "Challenge", "How to say who asks", has_challenge, true },
};

static const struct {
    const char *name, *component, *description;
    bool (*taken)(const struct route *route);
    int length_max;
} request_headers[] = {
    { "If-Match", "IfMatch", "ETag of the lead as it was read: 412 if it has changed since",
      is_versioned, 200 },
    { "If-None-Match", "IfNoneMatch", "ETag of the answer at hand: 304 if it still holds",
      openapi_is_fresh, 2000 },
    { "Idempotency-Key", "IdempotencyKey",
      "Made by the client, one per intent: for a day, what comes again is answered again",
      openapi_is_repeatable, 255 },
};

/* ---- Writing ---- */

void openapi_component_ref(struct json *json, const char *kind, const char *name)
{
    char ref[REF_BYTES];
    snprintf(ref, sizeof ref, "#/components/%s/%s", kind, name);
    json_text(json, "$ref", ref);
}

void openapi_headers(struct json *json, const struct route *route, int status)
{
    json_open(json, "headers", '{');
    for (size_t i = 0; i < ARRAY_SIZE(reply_headers); i++) {
        if (!reply_headers[i].comes(route, status))
            continue;
        json_open(json, reply_headers[i].name, '{');
        openapi_component_ref(json, "headers", reply_headers[i].component);
        json_close(json, '}');
    }
    json_close(json, '}');
}

void openapi_header_parameters(struct json *json, const struct route *route)
{
    for (size_t i = 0; i < ARRAY_SIZE(request_headers); i++) {
        if (!request_headers[i].taken(route))
            continue;
        json_open(json, NULL, '{');
        openapi_component_ref(json, "parameters", request_headers[i].component);
        json_close(json, '}');
    }
}

static void write_header_component(struct json *json, size_t i)
{
    json_open(json, reply_headers[i].component, '{');
    json_text(json, "description", reply_headers[i].description);
    if (reply_headers[i].required)
        json_bool(json, "required", true);
    json_raw(json, "schema", "{\"type\":\"string\"}");
    json_close(json, '}');
}

static void write_parameter_component(struct json *json, size_t i)
{
    json_open(json, request_headers[i].component, '{');
    json_text(json, "name", request_headers[i].name);
    json_text(json, "in", "header");
    json_text(json, "description", request_headers[i].description);
    json_open(json, "schema", '{');
    json_text(json, "type", "string");
    json_int(json, "maxLength", request_headers[i].length_max);
    json_close(json, '}');
    json_close(json, '}');
}

void openapi_header_components(struct json *json)
{
    json_open(json, "parameters", '{');
    for (size_t i = 0; i < ARRAY_SIZE(request_headers); i++)
        write_parameter_component(json, i);
    json_close(json, '}');
    json_open(json, "headers", '{');
    for (size_t i = 0; i < ARRAY_SIZE(reply_headers); i++)
        write_header_component(json, i);
    json_close(json, '}');
}
