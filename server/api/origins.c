/* origins.c: which web pages may read an answer (CORS). The API has one list for all of it, a form
 * its own. Never with credentials: a key is sent by whoever has it. */
#include "dispatch.h"

#include <string.h>
#include <strings.h>

enum { ORIGIN_MAX = 300 }; /* bytes: a scheme, the longest name there can be, a port */

enum err origins_read(struct ctx *ctx, const char *list, struct arena *arena, struct texts *ret)
{
    size_t bytes, count = 0;
    for (const char *rest = list; list_item(&rest, &bytes);)
        count++;
    ret->items = arena_alloc(arena, (count + 1) * sizeof *ret->items);
    for (const char *item; ret->items && (item = list_item(&list, &bytes));) {
        ret->items[ret->count] = arena_text(arena, item, bytes);
        if (!ret->items[ret->count++])
            return fail(ctx, ERR_MEMORY, NULL, "no memory for cors_origins");
    }
    return ret->items ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for cors_origins");
}

/* NULL: none came. */
static const char *origin_of(const struct call *call)
{
    return header_text(call, "Origin");
}

static bool is_listed(const struct texts *origins, const char *origin)
{
    for (size_t i = 0; i < origins->count; i++)
        if (strcasecmp(origins->items[i], origin) == 0)
            return true;
    return false;
}

/* "null" is no origin: it is what every sandbox and every local file has. Nor is nothing, which no
 * reply can repeat. */
static bool may_be_told(const char *origin)
{
    size_t length = strlen(origin);
    return length > 0 && length <= ORIGIN_MAX && strcmp(origin, "null") != 0;
}

void origin_of_api(struct call *call)
{
    const struct texts *origins = service_origins(call->service);
    if (origins->count == 0)
        return;
    call->varies_by_origin = true;
    const char *origin = origin_of(call);
    if (origin && is_listed(origins, origin))
        call->origin = origin;
}

enum err origin_of_form(struct call *call, const struct texts *allowed)
{
    const char *origin = origin_of(call);
    call->varies_by_origin = true;
    /* Browsers name the page that a post comes from; others name nothing. */
    if (origin && allowed->count > 0 && !is_listed(allowed, origin))
        return fail(call->ctx, ERR_FORBIDDEN, NULL, "this form takes no posts from %s", origin);
    if (origin && may_be_told(origin))
        call->origin = origin;
    origin_tell(call);
    return OK;
}

void origin_tell(struct call *call)
{
    static const char exposed[] =
        "ETag, Idempotency-Replayed, Link, Location, Retry-After, RateLimit, RateLimit-Policy, "
        "X-Request-Id";
    if (call->varies_by_origin)
        http_reply_header(call->request, "Vary", "Origin");
    if (!call->origin)
        return;
    http_reply_header(call->request, "Access-Control-Allow-Origin", call->origin);
    http_reply_header(call->request, "Access-Control-Expose-Headers", exposed);
}

void origin_tell_preflight(struct call *call, const char *methods, const char *headers)
{
    if (!call->origin)
        return;
    http_reply_header(call->request, "Access-Control-Allow-Methods", methods);
    http_reply_header(call->request, "Access-Control-Allow-Headers", headers);
    http_reply_header(call->request, "Access-Control-Max-Age", "86400");
}
