/* reply.c: a reply as the library wants it: the headers that the app has set, and those that every
 * reply has. It must not know when or how it is sent. */
#include "reply.h"

#include "exchange.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

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

static bool headers_add(const struct http_request *request, struct MHD_Response *response)
{
    const struct http_reply *reply = &request->reply;
    bool added = true;
    for (size_t i = 0; i < reply->header_count; i++)
        added &= header_add(response, reply->headers[i].name, reply->headers[i].value);
    size_t count = reply->status == 304 ? DEFAULTS_OF_304 : ARRAY_SIZE(defaults);
    for (size_t i = 0; i < count; i++)
        if (!http_reply_value(reply, defaults[i].name))
            added &= header_add(response, defaults[i].name, defaults[i].value);
    added &= header_add(response, "X-Request-Id", request->ctx.request_id);
    return added && (!reply->close || header_add(response, "Connection", "close"));
}

struct MHD_Response *response_new(const struct http_request *request)
{
    const struct http_reply *reply = &request->reply;
    bool bodiless = reply->status == 204 || reply->status == 304;
    /* PERSISTENT: not copied. The arena lives until exchange_end(), when the last byte is out. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        bodiless ? 0 : reply->body_bytes, (void *)(uintptr_t)reply->body, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return NULL;
    bool added = bodiless || header_add(response, "Content-Type", reply->content_type);
    if (added && headers_add(request, response))
        return response;
    MHD_destroy_response(response); /* a reply without its headers would say something else */
    return NULL;
}
