/* answer.c: JSON answers of the service into structs, by field tables. The only file here that
 * parses JSON. It is lenient where json_read() is strict: the other side is our own daemon, but
 * perhaps a newer one. */
#include "answer.h"

#include <jansson.h>
#include <string.h>

static void json_done(json_t **json)
{
    json_decref(*json);
}

/* ---- Values, by kind. What does not fit stays null. ---- */

static enum err row_read(struct ctx *ctx, const json_t *object, const struct table *table,
                         void *row);

static enum err texts_read(struct ctx *ctx, const json_t *array, struct texts *ret)
{
    size_t count = json_array_size(array);
    ret->items = ctx_alloc(ctx, (count + 1) * sizeof(*ret->items));
    if (ret->items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL)
            continue;
        ret->items[ret->count] = ctx_text(ctx, text);
        if (ret->items[ret->count++] == NULL)
            return ERR_MEMORY;
    }
    return OK;
}

static enum err rows_read(struct ctx *ctx, const json_t *array, const struct table *table,
                          struct rows *ret)
{
    size_t count = json_array_size(array);
    ret->items = ctx_alloc(ctx, (count + 1) * table->size);
    if (ret->items == NULL)
        return ERR_MEMORY;
    for (; ret->count < count; ret->count++) {
        void *item = (char *)ret->items + ret->count * table->size;
        enum err err = row_read(ctx, json_array_get(array, ret->count), table, item);
        if (err != OK)
            return err;
    }
    return OK;
}

static int64_t number_of(const json_t *value, enum field_kind kind)
{
    int64_t number = NO_INT;
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        number = json_integer_value(value);
    else if (json_is_boolean(value))
        number = json_is_true(value);
    else if (text != NULL && kind == FIELD_TIME)
        (void)time_parse(text, &number);
    else if (text != NULL && kind == FIELD_DAY)
        (void)day_parse(text, &number);
    return number;
}

static enum err value_read(struct ctx *ctx, const json_t *value, const struct field *field,
                           void *member)
{
    const char *text = json_string_value(value);
    switch (field->kind) {
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY:
        memcpy(member, &(int64_t){ number_of(value, field->kind) }, sizeof(int64_t));
        return OK;
    case FIELD_ENUM:
        memcpy(member, &(int){ name_find(field->names, text) }, sizeof(int));
        return OK;
    case FIELD_ID:
        if (text != NULL)
            (void)id_parse(text, member);
        return OK;
    case FIELD_TEXT:
        if (text == NULL)
            return OK;
        text = ctx_text(ctx, text);
        memcpy(member, &text, sizeof(text));
        return text == NULL ? ERR_MEMORY : OK;
    case FIELD_TEXTS: return texts_read(ctx, value, member);
    case FIELD_ROWS: return rows_read(ctx, value, field->of, member);
    case FIELD_ROW: return row_read(ctx, value, field->of, member);
    case FIELD_JSON:
    case FIELD_BYTES:
    case FIELD_NUMBER:
    case FIELD_VALUES:
    case FIELD_REF: return OK;
    }
    return OK;
}

static enum err row_read(struct ctx *ctx, const json_t *object, const struct table *table,
                         void *row)
{
    table_clear(table, row);
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        const json_t *value = json_object_get(object, field->name);
        if (value == NULL || json_is_null(value))
            continue;
        enum err err = value_read(ctx, value, field, (char *)row + field->offset);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err answer_read(struct ctx *ctx, const struct answer *answer, const struct table *table,
                     void *row)
{
    table_clear(table, row);
    _cleanup_(json_done) json_t *json = json_loadb(answer->body, answer->bytes, 0, NULL);
    if (!json_is_object(json))
        return fail(ctx, ERR_INTERNAL, NULL,
                    "the answer of the service is no JSON object: is it another version?");
    return row_read(ctx, json, table, row);
}

/* ---- Answers that are no success ---- */

struct problem {
    const char *title, *detail;
};

static const struct field problem_fields[] = {
    FIELD(struct problem, title, TEXT),
    FIELD(struct problem, detail, TEXT),
};
static const struct table problem_table = TABLE(struct problem, "problem", problem_fields);

enum status answer_complain(struct ctx *ctx, const struct answer *answer)
{
    struct problem problem;
    enum status status =
        answer->status == 503 || answer->status == 429 ? STATUS_TEMPORARY : STATUS_FAILED;
    if (answer_read(ctx, answer, &problem_table, &problem) != OK)
        return complain(status, "the service answered with HTTP status %d", answer->status);
    const char *title = problem.title == NULL ? "the service refused" : problem.title;
    return complain(status, "%s%s%s (HTTP status %d)", title, problem.detail == NULL ? "" : ": ",
                    problem.detail == NULL ? "" : problem.detail, answer->status);
}
