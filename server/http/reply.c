/* reply.c: a reply as the library wants it: the headers that the app has set, and those that every
 * reply has. It must not know when or how it is sent. */
#include "reply.h"

#include "exchange.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static const char request_id[] = "X-Request-Id";

static bool is_bodiless(const struct http_reply *reply)
{
    return reply->status == 204 || reply->status == 304;
}

static struct http_header *reply_find(const struct http_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return (struct http_header *)&reply->headers[i];
    return NULL;
}

const char *http_reply_value(const struct http_reply *reply, const char *name)
{
    const struct http_header *header = reply_find(reply, name);
    return header ? header->value : NULL;
}

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    struct http_reply *reply = &request->reply;
    struct http_header *header = reply_find(reply, name);
    if (!header) {
        assert(reply->header_count < HTTP_REPLY_HEADERS_MAX);
        header = &reply->headers[reply->header_count++];
    }
    *header = (struct http_header){ name, value };
}

/* What would break the framing (CR, LF) is our mistake, and not the client's to see. False: no
 * memory. */
static bool header_add(struct MHD_Response *response, const char *name, const char *value)
{
    if (!value || MHD_add_response_header(response, name, value) == MHD_YES)
        return true;
    if (value[strcspn(value, "\r\n")] == '\0') /* else the library has refused it */
        return false;
    log_line(LOG_ERROR, "http", "a reply's %s was left out: it is not a header value", name);
    return true;
}

/* Nothing of ours is a page with scripts, to be framed, guessed at or kept, unless the app says so.
 * A 304 says only how long that holds which the client has already, with all that was said of it.
 */
enum { DEFAULTS_OF_304 = 1 };
static const struct http_header defaults[] = {
    { "Cache-Control", "no-store" },
    { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
    { "Referrer-Policy", "no-referrer" },
    { "X-Content-Type-Options", "nosniff" },
};

enum { HEADERS_MAX = HTTP_REPLY_HEADERS_MAX + ARRAY_SIZE(defaults) + 2 };

/* All of the reply's headers but the request's id, which is another each time. */
static size_t headers_list(const struct http_reply *reply,
                           struct http_header ret[static HEADERS_MAX])
{
    size_t count = 0;
    if (!is_bodiless(reply))
        ret[count++] = (struct http_header){ "Content-Type", reply->content_type };
    for (size_t i = 0; i < reply->header_count; i++)
        ret[count++] = reply->headers[i];
    size_t default_count = reply->status == 304 ? DEFAULTS_OF_304 : ARRAY_SIZE(defaults);
    for (size_t i = 0; i < default_count; i++)
        if (!http_reply_value(reply, defaults[i].name))
            ret[count++] = defaults[i];
    if (reply->close)
        ret[count++] = (struct http_header){ "Connection", "close" };
    return count;
}

static struct MHD_Response *response_new(const struct http_request *request,
                                         const struct http_header *headers, size_t count)
{
    const struct http_reply *reply = &request->reply;
    /* PERSISTENT: not copied. The arena lives until exchange_end(), when the last byte is out. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(is_bodiless(reply) ? 0 : reply->body_bytes,
                                        (void *)(uintptr_t)reply->body, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return NULL;
    bool added = true;
    for (size_t i = 0; i < count; i++)
        added &= header_add(response, headers[i].name, headers[i].value);
    if (added && header_add(response, request_id, request->ctx.request_id))
        return response;
    MHD_destroy_response(response); /* a reply without its headers would say something else */
    return NULL;
}

/* Whether the one before, if there is one, had these headers and no others. */
static bool is_again(struct MHD_Response *before, const struct http_header *headers, size_t count)
{
    if (!before || MHD_get_response_headers(before, NULL, NULL) != (int)count + 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *value = MHD_get_response_header(before, headers[i].name);
        if (!value || !headers[i].value || strcmp(value, headers[i].value) != 0)
            return false;
    }
    return true;
}

static bool id_replace(struct MHD_Response *response, const char *id)
{
    const char *before = MHD_get_response_header(response, request_id);
    return before && MHD_del_response_header(response, request_id, before) == MHD_YES &&
           header_add(response, request_id, id);
}

struct MHD_Response *response_take(struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    struct http_header headers[HEADERS_MAX];
    size_t count = headers_list(&request->reply, headers);
    bool unchanged = request->reply.status == 304;
    if (unchanged && is_again(exchange->unchanged, headers, count) &&
        id_replace(exchange->unchanged, request->ctx.request_id))
        return exchange->unchanged;
    struct MHD_Response *response = response_new(request, headers, count);
    if (unchanged && response) {
        response_forget(exchange);
        exchange->unchanged = response;
    }
    return response;
}

void response_forget(struct http_exchange *exchange)
{
    if (exchange->unchanged)
        MHD_destroy_response(exchange->unchanged);
    exchange->unchanged = NULL;
}
