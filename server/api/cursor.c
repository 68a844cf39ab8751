/* cursor.c: where a page ended, as a text that a client hands back for the next one. It is signed
 * together with what was asked for, so that none can be made up, or used on another list, with
 * other filters or in another order. */
#include "dispatch.h"

#include <string.h>

enum { SIGNATURE_BYTES = 16 };

struct cursor {
    uint8_t position[sizeof(int64_t) + sizeof(struct id)];
    uint8_t signature[SIGNATURE_BYTES];
};

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

/* What selects and orders the rows: the path, the order, and the filters as they were understood,
 * however they were written. */
static enum err sign(struct call *call, struct cursor *cursor, uint8_t hash[static HASH_BYTES])
{
    const struct route *route = call->route;
    struct buffer filters = { .arena = call->ctx->arena };
    if (route->query)
        json_row(&(struct json){ .out = &filters }, NULL, route->query, call->query);
    if (filters.failed)
        return fail(call->ctx, ERR_MEMORY, NULL, "no memory for a cursor");
    struct bytes parts[HTTP_PATH_PARAMS_MAX + 7] = {
        { cursor->position, sizeof cursor->position },
        { (const uint8_t *)filters.data, filters.length },
        bytes_of(call->list.order->name),
        bytes_of(call->list.order_key ? call->list.order_key : ""),
        bytes_of(call->list.descending ? "-" : ""),
        bytes_of(route->http.path),
        call->selection,
    };
    size_t count = 7;
    for (size_t i = 0; i < HTTP_PATH_PARAMS_MAX && call->params[i]; i++)
        parts[count++] = bytes_of(call->params[i]);
    secret_sign(&call->service->secret, "cursor", parts, count, hash);
    return OK;
}

const char *cursor_write(struct call *call, const struct position *position)
{
    struct cursor cursor;
    uint8_t hash[HASH_BYTES];
    memcpy(cursor.position, &position->value, sizeof position->value);
    memcpy(cursor.position + sizeof position->value, &position->id, sizeof position->id);
    if (sign(call, &cursor, hash))
        return NULL;
    memcpy(cursor.signature, hash, sizeof cursor.signature);
    return base64url_text(call->ctx, &cursor, sizeof cursor);
}

enum err cursor_read(struct call *call, const char *text, struct position *ret)
{
    struct cursor cursor;
    uint8_t hash[HASH_BYTES];
    if (base64url_parse(text, &cursor, sizeof cursor)) {
        enum err err = sign(call, &cursor, hash);
        if (err)
            return err;
        memcpy(&ret->value, cursor.position, sizeof ret->value);
        memcpy(&ret->id, cursor.position + sizeof ret->value, sizeof ret->id);
        if (hashes_equal(hash, cursor.signature, sizeof cursor.signature))
            return OK;
    }
    return fail_member(call->ctx, "cursor", "invalid",
                       "a next_cursor of this list, with the same filters and order; leave it out "
                       "to start again");
}
