/* members.c: answers with a part of their members, fields=email,score,fields.KEY: what was asked
 * for becomes a table of its own, so that what is left out is not even written. */
#include "route.h"

#include <string.h>

enum { MEMBERS_MAX = 128 };

/* ---- What was asked for: names with commas between ---- */

struct name {
    const char *text;
    size_t bytes;
};

/* The first of the list, which goes on behind it; NULL after the last. */
static struct name take_name(const char **list)
{
    struct name name = { *list, strcspn(*list, ",") };
    *list = name.text[name.bytes] ? name.text + name.bytes + 1 : NULL;
    return name;
}

/* The key of "fields.KEY", where the field holds values; else nothing. */
static struct name key_of(struct name name, const struct field *field)
{
    size_t bytes = strlen(field->name) + 1;
    bool is_key = field->kind == FIELD_VALUES && name.bytes > bytes &&
                  name.text[bytes - 1] == '.' && memcmp(name.text, field->name, bytes - 1) == 0;
    return is_key ? (struct name){ name.text + bytes, name.bytes - bytes } : (struct name){ 0 };
}

static bool is_whole(struct name name, const struct field *field)
{
    return strlen(field->name) == name.bytes && memcmp(field->name, name.text, name.bytes) == 0;
}

static bool is_named(const struct field *field, struct name name)
{
    return is_whole(name, field) || key_of(name, field).bytes > 0;
}

static bool list_names(const char *list, const struct field *field)
{
    while (list)
        if (is_named(field, take_name(&list)))
            return true;
    return false;
}

/* ---- What there is ---- */

/* The members that an object of the table shows, those of an inline one among them. NULL takes all
 * of them. Returns how many were put into ret. */
static size_t take_members(const struct table *table, size_t offset, const char *list,
                           struct field *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct field field = table->fields[i];
        bool inline_row = field.kind == FIELD_ROW && (field.flags & FIELD_INLINE);
        field.offset += offset;
        if (inline_row)
            count += take_members(field.of, field.offset, list, ret + count);
        else if (field.kind != FIELD_BYTES && !(field.flags & FIELD_HIDDEN) &&
                 (!list || strcmp(field.name, "id") == 0 || list_names(list, &field)))
            ret[count++] = field;
    }
    return count;
}

static const char *member_names(struct call *call, const struct field *fields, size_t count)
{
    struct buffer out = { .arena = call->ctx->arena };
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "%s%s", i ? ", " : "", fields[i].name);
    buffer_char(&out, '\0');
    return out.failed ? "?" : out.data;
}

/* Each name that was asked for is a member. */
static enum err check_names(struct call *call, const char *list, const struct field *fields,
                            size_t count)
{
    while (list) {
        struct name name = take_name(&list);
        size_t i = 0;
        while (i < count && !is_named(&fields[i], name))
            i++;
        if (i == count)
            return fail_member(call->ctx, "fields", "unknown_value",
                               "there is no member \"%.*s\"; there are %s", (int)name.bytes,
                               name.text, member_names(call, fields, count));
    }
    return OK;
}

/* ---- Some of the values ---- */

/* Narrows the field to those that were asked for, unless that was all of them. */
static enum err narrow_values(struct call *call, const char *list, struct field *field)
{
    size_t room = strlen(list) / 2 + 2, count = 0;
    const char **keys = ctx_alloc(call->ctx, room * sizeof *keys); /* NULL ends them */
    if (!keys)
        return ERR_MEMORY;
    while (list) {
        struct name name = take_name(&list), key = key_of(name, field);
        if (is_whole(name, field))
            return OK;
        if (key.bytes > 0 && !(keys[count++] = arena_text(call->ctx->arena, key.text, key.bytes)))
            return fail(call->ctx, ERR_MEMORY, NULL, "no memory for the request");
    }
    field->names = call->value_keys = keys;
    return OK;
}

enum err members_check(struct call *call, const struct catalog *catalog)
{
    for (const char *const *key = call->value_keys; key && *key; key++) {
        const struct custom_field *field = catalog_custom_field(catalog, *key);
        if (!field || field->archived_at != NO_INT)
            return fail_member(call->ctx, "fields", "unknown_value",
                               "no custom field has the key \"%s\"", *key);
    }
    return OK;
}

enum err members_ask(struct call *call, const char *list)
{
    const struct table *whole = call->route->result;
    struct field *fields = ctx_alloc(call->ctx, MEMBERS_MAX * sizeof *fields);
    struct table *part = ctx_alloc(call->ctx, sizeof *part);
    if (!fields || !part)
        return ERR_MEMORY;
    size_t count = take_members(whole, 0, NULL, fields);
    enum err err = check_names(call, list, fields, count);
    if (err)
        return err;
    count = take_members(whole, 0, list, fields);
    for (size_t i = 0; i < count && !err; i++)
        if (fields[i].kind == FIELD_VALUES)
            err = narrow_values(call, list, &fields[i]);
    *part = (struct table){ whole->name, fields, count, whole->size };
    call->result_table = part;
    return err;
}
