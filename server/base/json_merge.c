/* json_merge.c: what a patch makes of a JSON object, by RFC 7396. From text to text, without a
 * tree: what is not changed is copied as it stands. */
#include <funneld/base.h>
#include <funneld/json_value.h>

#include <stdlib.h>
#include <string.h>

/* Both texts have nested no deeper than this when they came in. */
enum { DEPTH_MAX = 64 };

struct patch_member {
    struct json_value name, value;
    bool used;
};

static int compare_names(const struct json_value *a, const struct json_value *b)
{
    int order = memcmp(a->text, b->text, a->bytes < b->bytes ? a->bytes : b->bytes);
    return order ? order : (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static int compare_members(const void *a, const void *b)
{
    return compare_names(&((const struct patch_member *)a)->name,
                         &((const struct patch_member *)b)->name);
}

struct merge {
    struct ctx *ctx;
    struct buffer out;
    bool failed; /* no memory */
};

/* By name, so that a large object is not gone through once for each member of another. */
static struct patch_member *patch_members(struct merge *merge, const struct json_value *patch,
                                          size_t *ret_count)
{
    struct json_value name, value;
    size_t count = 0;
    for (struct json_walk walk = json_walk(patch); json_walk_member(&walk, &name, &value);)
        count++;
    struct patch_member *members = ctx_alloc(merge->ctx, (count + 1) * sizeof *members);
    *ret_count = 0;
    if (!members) {
        merge->failed = true;
        return NULL;
    }
    for (struct json_walk walk = json_walk(patch); json_walk_member(&walk, &name, &value);)
        members[(*ret_count)++] = (struct patch_member){ name, value, false };
    qsort(members, count, sizeof *members, compare_members);
    return members;
}

static void merge_value(struct merge *merge, const struct json_value *target,
                        const struct json_value *patch, int depth);

/* `target` NULL: there was none. */
static void put_member(struct merge *merge, const struct json_value *name,
                       const struct json_value *target, const struct json_value *patch, int depth,
                       bool *first)
{
    if (patch && patch->kind == JSON_KIND_NULL)
        return;
    if (!*first)
        buffer_char(&merge->out, ',');
    *first = false;
    buffer_append(&merge->out, name->text, name->bytes);
    buffer_char(&merge->out, ':');
    if (patch)
        merge_value(merge, target, patch, depth + 1);
    else
        buffer_append(&merge->out, target->text, target->bytes);
}

static void merge_value(struct merge *merge, const struct json_value *target,
                        const struct json_value *patch, int depth)
{
    if (patch->kind != JSON_KIND_OBJECT || depth > DEPTH_MAX) {
        buffer_append(&merge->out, patch->text, patch->bytes);
        return;
    }
    size_t count;
    struct patch_member *members = patch_members(merge, patch, &count);
    struct patch_member wanted;
    struct json_value value;
    bool first = true;
    buffer_char(&merge->out, '{');
    if (target && target->kind == JSON_KIND_OBJECT)
        for (struct json_walk walk = json_walk(target);
             json_walk_member(&walk, &wanted.name, &value);) {
            struct patch_member *found =
                members ? bsearch(&wanted, members, count, sizeof *members, compare_members) : NULL;
            put_member(merge, &wanted.name, &value, found ? &found->value : NULL, depth, &first);
            if (found)
                found->used = true;
        }
    for (size_t i = 0; i < count; i++)
        if (!members[i].used)
            put_member(merge, &members[i].name, NULL, &members[i].value, depth, &first);
    buffer_char(&merge->out, '}');
}

enum err json_merge(struct ctx *ctx, const char *target, const char *patch, const char **ret)
{
    struct merge merge = { .ctx = ctx, .out = { .arena = ctx->arena } };
    const char *text = target ? target : "{}";
    struct json_value from = json_value_of(text, strlen(text));
    struct json_value by = json_value_of(patch, strlen(patch));
    merge_value(&merge, &from, &by, 1);
    buffer_char(&merge.out, '\0');
    *ret = merge.out.data;
    return merge.failed || merge.out.failed ? ERR_MEMORY : OK;
}
