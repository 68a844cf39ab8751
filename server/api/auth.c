/* auth.c: who calls, by the key they bring, and whether the route is open to them. */
#include "thread.h"

#include <string.h>
#include <strings.h>

static const char *bearer(const struct http_request *request)
{
    const char *header = http_header(request, "Authorization");
    if (!header || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    for (header += 7; *header == ' ';)
        header++;
    return header;
}

/* "write or ingest" */
static const char *scope_list(struct ctx *ctx, unsigned scopes)
{
    struct buffer text = { .arena = ctx->arena };
    for (size_t bit = 0; scope_names[bit]; bit++)
        if (scopes & (1u << bit)) {
            buffer_text(&text, text.length > 0 ? " or " : "");
            buffer_text(&text, scope_names[bit]);
        }
    buffer_char(&text, '\0');
    return text.failed ? "?" : text.data;
}

static enum err find_key(struct call *call, const char *text, struct api_key *ret)
{
    uint8_t hash[KEY_HASH_BYTES];
    enum err err = ERR_NOT_FOUND;
    if (key_is_well_formed(text)) { /* a slip costs no look-up */
        key_hash(text, hash);
        err = api_key_find(call->ctx, ((struct thread *)call->request->thread_app)->db, hash, ret);
    }
    if (err == ERR_NOT_FOUND || (!err && ret->revoked_at != NO_INT))
        return fail(call->ctx, ERR_UNAUTHENTICATED, NULL, "this key is unknown or revoked");
    return err;
}

enum err authenticate(struct call *call, const struct http_request *request)
{
    unsigned wanted = call->route->scopes;
    struct principal *principal = &call->ctx->principal;
    if (request->control) { /* the operator, on this machine */
        *principal = (struct principal){ .name = "console", .scopes = SCOPE_ADMIN };
        return OK;
    }
    if (wanted == SCOPE_NONE)
        return OK;
    const char *text = bearer(request);
    if (!text)
        return fail(call->ctx, ERR_UNAUTHENTICATED, NULL, "send Authorization: Bearer fnl_...");
    struct api_key key;
    enum err err = find_key(call, text, &key);
    if (err)
        return err;
    *principal =
        (struct principal){ .key_id = key.id, .name = key.name, .scopes = (unsigned)key.scopes };
    if (principal->scopes & (wanted | SCOPE_ADMIN))
        return OK;
    return fail(call->ctx, ERR_FORBIDDEN, NULL, "the key %s lacks the scope: %s", key.name,
                scope_list(call->ctx, wanted));
}
