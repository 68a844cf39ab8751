/* json_in.c: JSON bodies into structs by their field tables. It must not know what any member
 * means. */
#include "json_tree.h"

#include <assert.h>
#include <funneld/http.h>
#include <funneld/value.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 256 /* members of one FIELD_VALUES */ };

static enum err object_read(struct ctx *ctx, const struct path *path, const struct table *table,
                            json_t *object, void *args);

static const char *type_name(const struct field *field)
{
    switch (field->kind) {
    case FIELD_INT: return "a whole number";
    case FIELD_NUMBER: return "a number";
    case FIELD_BOOL: return "true or false";
    case FIELD_ROW:
    case FIELD_REF:
    case FIELD_VALUES:
    case FIELD_JSON: return "an object";
    case FIELD_ROWS: return "a list of objects";
    case FIELD_TEXTS: return "a list of texts";
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_TEXT:
    case FIELD_ENUM:
    case FIELD_BYTES: break;
    }
    return "a text";
}

static enum err type_fail(struct ctx *ctx, const struct path *path, const struct field *field)
{
    return value_fail(ctx, path, "wrong_type", "must be %s", type_name(field));
}

/* ---- Lists ---- */

static enum err texts_read(struct ctx *ctx, const struct path *path, const struct field *field,
                           json_t *list, void *member)
{
    struct texts texts = { .count = json_array_size(list) };
    enum err first = value_count(ctx, path, field, texts.count);
    if (first != OK)
        return first;
    texts.items = ctx_alloc(ctx, (texts.count + 1) * sizeof(*texts.items));
    if (!texts.items)
        return ERR_MEMORY;

    for (size_t i = 0; i < texts.count; i++) {
        struct path item = { .up = path, .index = i };
        const char *text = json_string_value(json_array_get(list, i));
        enum err err = text ? value_list_text(ctx, &item, text)
                            : value_fail(ctx, &item, "wrong_type", "must be a text");
        if (!value_goes_on(err, &first))
            return first;
        texts.items[i] = text ? ctx_text(ctx, text) : "";
        if (!texts.items[i])
            return ERR_MEMORY;
    }
    memcpy(member, &texts, sizeof(texts));
    return first;
}

static enum err item_read(struct ctx *ctx, const struct path *path, const struct table *table,
                          json_t *item, void *row)
{
    if (!json_is_object(item))
        return value_fail(ctx, path, "wrong_type", "must be an object");
    return object_read(ctx, path, table, item, row);
}

/* The item's failure goes into its own struct input, and what had failed before stays as it was. */
static enum err item_read_alone(struct ctx *ctx, const struct path *path, const struct table *table,
                                json_t *item, void *row)
{
    struct failure before = ctx->failure;
    failure_clear(ctx);
    enum err err = item_read(ctx, path, table, item, row);
    if (err == OK) {
        ctx->failure = before;
        return OK;
    }
    if (err == ERR_MEMORY)
        return err;
    struct failure *own = arena_copy(ctx->arena, &ctx->failure, sizeof(ctx->failure));
    ctx->failure = before;
    if (!own)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    ((struct input *)row)->failure = own;
    return OK;
}

static enum err rows_read(struct ctx *ctx, const struct path *path, const struct field *field,
                          json_t *list, void *member)
{
    struct rows rows = { .count = json_array_size(list) };
    enum err first = value_count(ctx, path, field, rows.count);
    if (first != OK)
        return first;
    rows.items = ctx_alloc(ctx, (rows.count + 1) * field->of->size);
    if (!rows.items)
        return ERR_MEMORY;

    for (size_t i = 0; i < rows.count; i++) {
        struct path at = { .up = path, .index = i };
        json_t *item = json_array_get(list, i);
        void *row = (char *)rows.items + i * field->of->size;
        table_clear(field->of, row);
        enum err err = field->flags & FIELD_EACH ? item_read_alone(ctx, &at, field->of, item, row)
                                                 : item_read(ctx, &at, field->of, item, row);
        if (!value_goes_on(err, &first))
            return first;
    }
    memcpy(member, &rows, sizeof(rows));
    return first;
}

/* ---- Numbers with decimals, and objects whose members are data ---- */

/* What stands in the text is what counts: of a real, the shortest decimal that reads back as it. */
static enum err number_read(struct ctx *ctx, const struct path *path, json_t *value, int64_t *ret)
{
    char text[REAL_TEXT_SIZE];
    if (json_is_integer(value))
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        real_format(json_real_value(value), text);
    if (!decimal_parse(text, ret))
        return value_fail(ctx, path, "out_of_range", "a number, " DECIMAL_LIMITS);
    return OK;
}

static enum err data_read(struct ctx *ctx, const struct path *path, json_t *value,
                          struct custom_value *ret)
{
    *ret = (struct custom_value){ .name = ctx_text(ctx, path->name), .number = NO_INT };
    if (!ret->name)
        return ERR_MEMORY;
    switch (json_typeof(value)) {
    case JSON_NULL: return OK;
    case JSON_STRING: {
        const char *text =
            text_trim(ctx->arena, json_string_value(value), json_string_length(value));
        if (!text)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
        ret->text = *text ? ctx_text(ctx, json_string_value(value)) : NULL;
        return *text && !ret->text ? ERR_MEMORY : OK;
    }
    case JSON_TRUE:
    case JSON_FALSE:
        ret->type = CUSTOM_BOOLEAN;
        ret->number = json_is_true(value);
        return OK;
    case JSON_INTEGER:
    case JSON_REAL: ret->type = CUSTOM_NUMBER; return number_read(ctx, path, value, &ret->number);
    case JSON_OBJECT:
    case JSON_ARRAY: break;
    }
    return value_fail(ctx, path, "wrong_type", "must be a text, a number, true or false");
}

static enum err values_read(struct ctx *ctx, const struct path *path, json_t *object, void *member)
{
    struct custom_values values = { .count = json_object_size(object) };
    enum err first = OK;
    if (values.count > VALUES_MAX)
        return value_fail(ctx, path, "too_many", "at most %d members", VALUES_MAX);
    values.items = ctx_alloc(ctx, (values.count + 1) * sizeof(*values.items));
    if (!values.items)
        return ERR_MEMORY;
    struct custom_value *next = values.items;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct path at = { .up = path, .name = name };
        if (!value_goes_on(data_read(ctx, &at, value, next++), &first))
            return first;
    }
    memcpy(member, &values, sizeof(values));
    return first;
}

/* ---- Members ---- */

static enum err text_object_read(struct ctx *ctx, const struct path *path, json_t *object,
                                 void *member)
{
    struct buffer text = { .arena = ctx->arena };
    tree_write(&text, object);
    if (text.length > OBJECT_BYTES_MAX)
        return value_fail(ctx, path, "too_long", "at most %d bytes as text", OBJECT_BYTES_MAX);
    buffer_char(&text, '\0');
    if (text.failed)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    memcpy(member, &text.data, sizeof(text.data));
    return OK;
}

/* `slot` points to the member of the struct; its type follows from the field's kind. */
static enum err member_read(struct ctx *ctx, const struct path *path, const struct field *field,
                            json_t *value, void *slot)
{
    if (json_is_null(value))
        return value_null(ctx, path, field);
    switch (field->kind) {
    case FIELD_INT:
        if (!json_is_integer(value))
            break;
        return value_from_int(ctx, path, field, json_integer_value(value), slot);
    case FIELD_BOOL:
        if (!json_is_boolean(value))
            break;
        memcpy(slot, &(int64_t){ json_is_true(value) }, sizeof(int64_t));
        return OK;
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_TEXT:
    case FIELD_ENUM:
        if (!json_is_string(value))
            break;
        return value_from_text(ctx, path, field, json_string_value(value), slot);
    case FIELD_JSON:
        if (!json_is_object(value))
            break;
        return text_object_read(ctx, path, value, slot);
    case FIELD_TEXTS:
        if (!json_is_array(value))
            break;
        return texts_read(ctx, path, field, value, slot);
    case FIELD_ROWS:
        if (!json_is_array(value))
            break;
        return rows_read(ctx, path, field, value, slot);
    case FIELD_ROW:
        if (!json_is_object(value))
            break;
        return object_read(ctx, path, field->of, value, slot);
    case FIELD_NUMBER:
        if (!json_is_number(value))
            break;
        return number_read(ctx, path, value, slot);
    case FIELD_VALUES:
        if (!json_is_object(value))
            break;
        return values_read(ctx, path, value, slot);
    case FIELD_BYTES:
    case FIELD_REF:
        return fail(ctx, ERR_INTERNAL, NULL, "field %s is never read from JSON", field->name);
    }
    return type_fail(ctx, path, field);
}

static enum err unknown_fail(struct ctx *ctx, const struct path *at, const struct table *table,
                             const char *name)
{
    struct guess guess = { .text = name, .bytes = strlen(name) };
    for (size_t i = 0; i < table->count; i++)
        guess_try(&guess, table->fields[i].name);
    return value_fail(ctx, at, "unknown_member", "is not known here" GUESS_FORMAT,
                      GUESS_ARGUMENTS(&guess));
}

/* Into a struct that was cleared. Goes on after a wrong member, so that the client hears of all of
 * them. */
static enum err object_read(struct ctx *ctx, const struct path *path, const struct table *table,
                            json_t *object, void *args)
{
    assert(table->count <= 64);
    struct input *input = args;
    enum err first = OK;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct path at = { .up = path, .name = name };
        int index = table_find(table, name);
        enum err err;
        if (index < 0) {
            err = unknown_fail(ctx, &at, table, name);
        } else {
            const struct field *field = &table->fields[index];
            input->present |= UINT64_C(1) << index;
            err = member_read(ctx, &at, field, value, (char *)args + field->offset);
        }
        if (!value_goes_on(err, &first))
            return first;
    }
    value_goes_on(value_required(ctx, path, table, input->present), &first);
    return first;
}

enum err json_read(struct ctx *ctx, const char *text, size_t bytes, const struct table *table,
                   void *args)
{
    table_clear(table, args);
    _cleanup_(tree_done) struct tree tree = { 0 };
    enum err err = tree_parse(ctx, text, bytes, &tree);
    if (err != OK)
        return err;
    return object_read(ctx, NULL, table, tree.root, args);
}
