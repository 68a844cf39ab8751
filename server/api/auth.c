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

/* ---- Keys that are known already: found once, good until any key changes. A revoked key opens
 * nothing from the very next request on: its commit is counted before it is answered. ---- */

static struct known_key *place_of(const struct call *call, const char *text)
{
    struct thread *thread = call->request->thread_app;
    return &thread->keys[place_of_text(text, ARRAY_SIZE(thread->keys))];
}

/* The name is copied: the place may be another's before this request ends. */
static enum err known_take(struct call *call, const struct known_key *known)
{
    struct principal *principal = &call->ctx->principal;
    *principal = known->principal;
    principal->name = ctx_text(call->ctx, known->principal.name);
    return principal->name ? OK : ERR_MEMORY;
}

static void known_keep(struct known_key *known, const char *text, int64_t changes,
                       const struct principal *principal)
{
    arena_reset(&known->arena);
    known->principal = *principal;
    known->principal.name = arena_text(&known->arena, principal->name, strlen(principal->name));
    known->changes = known->principal.name ? changes : NO_INT;
    memcpy(known->text, text, strlen(text) + 1);
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

static enum err identify(struct call *call, const char *text)
{
    struct known_key *known = place_of(call, text);
    /* Before the look-up: what changes in between makes it out of date at once. */
    int64_t changes = service_changes(call->service, CHANGE_KEYS);
    if (known->changes == changes && key_equal(known->text, text))
        return known_take(call, known);
    /* Guessing is slow: who has guessed too often is heard with keys that were right before. */
    if (!key_equal(known->text, text) && limit_is_reached(call, LIMIT_ADDRESS))
        return fail(call->ctx, ERR_UNAUTHENTICATED, NULL, "too many wrong keys");
    struct api_key key;
    enum err err = find_key(call, text, &key);
    if (err)
        return err;
    struct principal *principal = &call->ctx->principal;
    *principal = (struct principal){ .key_id = key.id,
                                     .name = key.name,
                                     .scopes = (unsigned)key.scope_bits };
    known_keep(known, text, changes, principal);
    return OK;
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
        return limit_stranger(call, OK);
    const char *text = bearer(request);
    enum err err =
        text ? identify(call, text)
             : fail(call->ctx, ERR_UNAUTHENTICATED, NULL, "send Authorization: Bearer fnl_...");
    if (err)
        return err == ERR_UNAUTHENTICATED ? limit_stranger(call, err) : err;
    err = limit_take(call, LIMIT_KEY, &principal->key_id);
    if (err)
        return err;
    if (principal->scopes & (wanted | SCOPE_ADMIN))
        return OK;
    return fail(call->ctx, ERR_FORBIDDEN, NULL, "the key %s lacks the scope: %s", principal->name,
                scope_list(call->ctx, wanted));
}
