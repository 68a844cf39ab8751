/* reply.c: a reply as the library wants it: the headers that the app has set, and those that every
 * reply has. It must not know when or how it is sent. */
#include "reply.h"

#include "exchange.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

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

/* What would break the framing (CR, LF), or is empty, is our mistake, and not the client's to see.
 * False: no memory. */
static bool header_add(struct MHD_Response *response, const char *name, const char *value)
{
    if (!value || MHD_add_response_header(response, name, value) == MHD_YES)
        return true;
    if (*value && value[strcspn(value, "\r\n")] == '\0') /* else the library has refused it */
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

enum { HEADERS_MAX = HTTP_REPLY_HEADERS_MAX + ARRAY_SIZE(defaults) + 3 };

static size_t headers_list(const struct http_request *request,
                           struct http_header ret[static HEADERS_MAX])
{
    const struct http_reply *reply = &request->reply;
    size_t count = 0;
    if (!is_bodiless(reply))
        ret[count++] = (struct http_header){ "Content-Type", reply->content_type };
    for (size_t i = 0; i < reply->header_count; i++)
        ret[count++] = reply->headers[i];
    size_t default_count = reply->status == 304 ? DEFAULTS_OF_304 : ARRAY_SIZE(defaults);
    for (size_t i = 0; i < default_count; i++)
        if (!http_reply_value(reply, defaults[i].name))
            ret[count++] = defaults[i];
    ret[count++] = (struct http_header){ "X-Request-Id", request->ctx.request_id };
    if (reply->close)
        ret[count++] = (struct http_header){ "Connection", "close" };
    return count;
}

static struct MHD_Response *response_new(const struct http_reply *reply,
                                         const struct http_header *headers, size_t count)
{
    /* PERSISTENT: not copied. The arena lives until exchange_end(), when the last byte is out. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(is_bodiless(reply) ? 0 : reply->body_bytes,
                                        (void *)(uintptr_t)reply->body, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return NULL;
    bool added = true;
    for (size_t i = 0; i < count; i++)
        added &= header_add(response, headers[i].name, headers[i].value);
    if (added)
        return response;
    MHD_destroy_response(response); /* a reply without its headers would say something else */
    return NULL;
}

/* Gives it these values, if it has headers of these names and no others; false: it is of no use. */
static bool response_renew(struct MHD_Response *response, const struct http_header *headers,
                           size_t count)
{
    if (MHD_get_response_headers(response, NULL, NULL) != (int)count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct http_header *header = &headers[i];
        const char *before = MHD_get_response_header(response, header->name);
        if (!before || !header->value)
            return false;
        if (strcmp(before, header->value) == 0)
            continue;
        if (MHD_del_response_header(response, header->name, before) != MHD_YES ||
            !header_add(response, header->name, header->value))
            return false;
    }
    return true;
}

struct MHD_Response *response_take(struct http_exchange *exchange)
{
    const struct http_reply *reply = &exchange->request.reply;
    struct http_header headers[HEADERS_MAX];
    size_t count = headers_list(&exchange->request, headers);
    if (reply->status != 304)
        return response_new(reply, headers, count);
    if (!exchange->unchanged || !response_renew(exchange->unchanged, headers, count)) {
        response_forget(exchange);
        exchange->unchanged = response_new(reply, headers, count);
    }
    return exchange->unchanged;
}

void response_forget(struct http_exchange *exchange)
{
    if (exchange->unchanged)
        MHD_destroy_response(exchange->unchanged);
    exchange->unchanged = NULL;
}
