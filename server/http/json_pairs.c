/* json_pairs.c: a JSON body as flat names and values, for doors whose senders choose the names. It
 * must not know any of them. */
#include "json_tree.h"

#include <funneld/http.h>
#include <string.h>

struct flat {
    struct ctx *ctx;
    struct pairs *pairs;
};

static enum err pair_add(struct flat *flat, const char *name, json_t *value)
{
    if (flat->pairs->count == PAIRS_MAX)
        return fail(flat->ctx, ERR_TOO_LARGE, NULL, "more than %d values", PAIRS_MAX);
    const char *text = json_string_value(value);
    if (text) {
        text = ctx_text(flat->ctx, text);
    } else {
        struct buffer out = { .arena = flat->ctx->arena };
        tree_write(&out, value);
        buffer_char(&out, '\0');
        text = out.failed ? NULL : out.data;
    }
    if (!text)
        return fail(flat->ctx, ERR_MEMORY, NULL, "no memory for the request");
    flat->pairs->items[flat->pairs->count++] = (struct pair){ name, text };
    return OK;
}

/* Items of a list take the name of the list; null says nothing, so it makes no pair. The depth was
 * limited by the parser. */
static enum err value_flatten(struct flat *flat, const char *name, json_t *value)
{
    const char *key;
    json_t *item;
    size_t index;
    if (json_is_object(value)) {
        json_object_foreach(value, key, item)
        {
            const char *longer = name ? arena_printf(flat->ctx->arena, "%s.%s", name, key)
                                      : arena_text(flat->ctx->arena, key, strlen(key));
            if (!longer)
                return fail(flat->ctx, ERR_MEMORY, NULL, "no memory for the request");
            enum err err = value_flatten(flat, longer, item);
            if (err != OK)
                return err;
        }
        return OK;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, index, item)
        {
            enum err err = value_flatten(flat, name, item);
            if (err != OK)
                return err;
        }
        return OK;
    }
    return json_is_null(value) ? OK : pair_add(flat, name, value);
}

enum err json_pairs(struct ctx *ctx, const char *body, size_t bytes, struct pairs *ret)
{
    _cleanup_(tree_done) struct tree tree = { 0 };
    enum err err = tree_parse(ctx, body, bytes, &tree);
    if (err != OK)
        return err;
    struct pairs pairs = { .items = ctx_alloc(ctx, PAIRS_MAX * sizeof(struct pair)) };
    if (!pairs.items)
        return ERR_MEMORY;
    struct flat flat = { ctx, &pairs };
    err = value_flatten(&flat, NULL, tree.root);
    if (err != OK)
        return err;
    *ret = pairs;
    return OK;
}
