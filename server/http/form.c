/* form.c: posts of web forms, application/x-www-form-urlencoded. Their markup is out of our reach,
 * so whatever comes is made into texts; only too many of them are refused. */
#include "decode.h"

#include <funneld/http.h>
#include <string.h>

static size_t parts_count(const char *body, size_t bytes)
{
    size_t count = 1;
    for (const char *at = body; (at = memchr(at, '&', bytes - (size_t)(at - body))); at++)
        count++;
    return count;
}

static enum err part_read(struct ctx *ctx, const char *part, size_t bytes, struct pair *ret)
{
    const char *equals = memchr(part, '=', bytes);
    size_t name_bytes = equals ? (size_t)(equals - part) : bytes;
    size_t value_at = equals ? name_bytes + 1 : bytes;
    ret->name = decode_lenient(ctx->arena, part, name_bytes);
    ret->value = decode_lenient(ctx->arena, part + value_at, bytes - value_at);
    if (!ret->name || !ret->value)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    return OK;
}

enum err form_read(struct ctx *ctx, const char *body, size_t bytes, struct pairs *ret)
{
    if (bytes == 0) {
        *ret = (struct pairs){ 0 };
        return OK;
    }
    size_t count = parts_count(body, bytes);
    struct pairs pairs = { .items = ctx_alloc(ctx, (count < PAIRS_MAX ? count : PAIRS_MAX) *
                                                       sizeof(struct pair)) };
    if (!pairs.items)
        return ERR_MEMORY;

    for (const char *part = body, *end = body + bytes; part <= end;) {
        const char *next = memchr(part, '&', (size_t)(end - part));
        size_t length = (size_t)((next ? next : end) - part);
        if (length > 0) {
            if (pairs.count == PAIRS_MAX)
                return fail(ctx, ERR_TOO_LARGE, NULL, "more than %d values", PAIRS_MAX);
            enum err err = part_read(ctx, part, length, &pairs.items[pairs.count]);
            if (err != OK)
                return err;
            pairs.count++;
        }
        part += length + 1;
    }
    *ret = pairs;
    return OK;
}

const char *pairs_get(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->items[i].name, name) == 0)
            return pairs->items[i].value;
    return NULL;
}
