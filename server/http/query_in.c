/* query_in.c: query strings into structs, by the same field tables and checks as JSON. */
#include "decode.h"

#include <assert.h>
#include <errno.h>
#include <funneld/http.h>
#include <funneld/value.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_MAX = 100, TEXTS_MAX = 100 };

/* Where the parameters go, by their names. */
struct query {
    const struct arguments *all;
    size_t count;
    const struct other_arguments *others; /* NULL: none */
};

/* "a, b, c": what could have been meant by an unknown parameter. */
static const char *names_list(struct ctx *ctx, const struct query *query)
{
    struct buffer out = { .arena = ctx->arena };
    for (size_t i = 0; i < query->count; i++)
        for (size_t j = 0; j < query->all[i].table->count; j++) {
            if (out.length > 0)
                buffer_text(&out, ", ");
            buffer_text(&out, query->all[i].table->fields[j].name);
        }
    if (query->others)
        buffer_printf(&out, ", %s", query->others->known);
    if (out.length == 0)
        buffer_text(&out, "none");
    buffer_char(&out, '\0');
    return out.failed ? "" : out.data;
}

/* Digits only, one way to write each number: what reads differently in two places is a trap. */
static bool int_parse(const char *text, int64_t *ret)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t length = strlen(digits);
    if (length == 0 || strspn(digits, "0123456789") != length)
        return false;
    if (digits[0] == '0' && (length > 1 || digits != text))
        return false;
    errno = 0;
    int64_t value = strtoll(text, NULL, 10);
    if (errno != 0)
        return false;
    *ret = value;
    return true;
}

static enum err int_read(struct ctx *ctx, const struct path *path, const struct field *field,
                         const char *text, void *member)
{
    int64_t value;
    if (!int_parse(text, &value))
        return value_fail(ctx, path, "wrong_type", "must be a whole number");
    return value_from_int(ctx, path, field, value, member);
}

static enum err bool_read(struct ctx *ctx, const struct path *path, const char *text, void *member)
{
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return value_fail(ctx, path, "wrong_type", "must be true or false");
    memcpy(member, &(int64_t){ yes }, sizeof(int64_t));
    return OK;
}

static enum err texts_add(struct ctx *ctx, const struct path *path, const struct field *field,
                          const char *text, void *member)
{
    enum err err = value_list_text(ctx, path, text);
    if (err != OK)
        return err;
    struct texts texts;
    memcpy(&texts, member, sizeof(texts));
    if (!texts.items && !(texts.items = ctx_alloc(ctx, TEXTS_MAX * sizeof(*texts.items))))
        return ERR_MEMORY;
    if (texts.count == TEXTS_MAX)
        return value_fail(ctx, path, "too_many", "at most %d items", TEXTS_MAX);
    texts.items[texts.count++] = text; /* decoded into the arena already */
    memcpy(member, &texts, sizeof(texts));
    bool many = field->max > 0 && texts.count > (size_t)field->max;
    return many ? value_count(ctx, path, field, texts.count) : OK;
}

static enum err member_read(struct ctx *ctx, const struct path *path, const struct field *field,
                            const char *text, void *member)
{
    switch (field->kind) {
    case FIELD_INT: return int_read(ctx, path, field, text, member);
    case FIELD_BOOL: return bool_read(ctx, path, text, member);
    case FIELD_TEXTS: return texts_add(ctx, path, field, text, member);
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_TEXT:
    case FIELD_ENUM: return value_from_text(ctx, path, field, text, member);
    case FIELD_JSON:
    case FIELD_BYTES:
    case FIELD_ROWS:
    case FIELD_ROW:
    case FIELD_REF:
    case FIELD_NUMBER:
    case FIELD_VALUES: break;
    }
    return fail(ctx, ERR_INTERNAL, NULL, "field %s cannot be a parameter", field->name);
}

static enum err known_read(struct ctx *ctx, const struct arguments *arguments, int index,
                           const char *text)
{
    struct input *input = arguments->args;
    const struct field *field = &arguments->table->fields[index];
    struct path path = { .name = field->name };
    if ((input->present >> index & 1) && field->kind != FIELD_TEXTS)
        return value_fail(ctx, &path, "repeated", "may be given once");
    input->present |= UINT64_C(1) << index;
    return member_read(ctx, &path, field, text, (char *)arguments->args + field->offset);
}

static enum err other_add(struct ctx *ctx, struct pairs *pairs, const char *name, const char *text)
{
    if (!pairs->items && !(pairs->items = ctx_alloc(ctx, PARAMETERS_MAX * sizeof *pairs->items)))
        return ERR_MEMORY;
    pairs->items[pairs->count++] = (struct pair){ name, text };
    return OK;
}

static enum err parameter_read(struct ctx *ctx, const struct query *query, const char *name,
                               const char *text)
{
    for (size_t i = 0; i < query->count; i++) {
        int index = table_find(query->all[i].table, name);
        if (index >= 0)
            return known_read(ctx, &query->all[i], index, text);
    }
    if (query->others && query->others->takes(name))
        return other_add(ctx, query->others->pairs, name, text);
    return value_fail(ctx, &(struct path){ .name = name }, "unknown_parameter", "known here: %s",
                      names_list(ctx, query));
}

/* name=value, still encoded; `first` gathers the wrong ones. */
static enum err part_read(struct ctx *ctx, const struct query *query, const char *part,
                          size_t bytes, enum err *first)
{
    const char *equals = memchr(part, '=', bytes);
    size_t name_bytes = equals ? (size_t)(equals - part) : bytes;
    size_t value_at = equals ? name_bytes + 1 : bytes;
    const char *name, *text;
    enum err err = decode_strict(ctx->arena, part, name_bytes, true, &name);
    if (err == OK)
        err = decode_strict(ctx->arena, part + value_at, bytes - value_at, true, &text);
    if (err == ERR_MALFORMED) {
        failure_clear(ctx); /* of parameters before: what cannot be read at all comes first */
        return fail(ctx, err, NULL, "the query is not percent-encoded UTF-8");
    }
    if (err != OK)
        return fail(ctx, err, NULL, "no memory for the request");
    err = parameter_read(ctx, query, name, text);
    return value_goes_on(err, first) ? OK : err;
}

enum err query_read(struct ctx *ctx, const char *raw_query, const struct arguments *all,
                    size_t all_count, const struct other_arguments *others)
{
    struct query query = { all, all_count, others };
    for (size_t i = 0; i < all_count; i++) {
        assert(all[i].table->count <= 64);
        table_clear(all[i].table, all[i].args);
    }
    enum err first = OK;
    size_t count = 0;
    for (const char *part = raw_query; *part != '\0';) {
        size_t length = strcspn(part, "&");
        if (length > 0) {
            if (++count > PARAMETERS_MAX)
                return fail(ctx, ERR_MALFORMED, NULL, "more than %d parameters", PARAMETERS_MAX);
            enum err err = part_read(ctx, &query, part, length, &first);
            if (err != OK)
                return err;
        }
        part += length + (part[length] == '&');
    }
    for (size_t i = 0; i < all_count; i++)
        value_goes_on(
            value_required(ctx, NULL, all[i].table, ((struct input *)all[i].args)->present),
            &first);
    return first;
}
