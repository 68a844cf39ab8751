/* export_row.c: a row by its field table: as cells of CSV, and held against conditions. Knows no
 * field by name. */
#include "csv.h"
#include "export.h"

#include <string.h>

/* ---- Values as texts ---- */

static bool is_exported(const struct field *field)
{
    return !(field->flags & FIELD_HIDDEN) && field->kind != FIELD_VALUES;
}

static bool is_number(const struct field *field)
{
    return field->kind == FIELD_INT || field->kind == FIELD_TIME || field->kind == FIELD_DAY ||
           field->kind == FIELD_BOOL;
}

static int64_t number_of(const struct field *field, const void *row)
{
    int64_t number;
    memcpy(&number, (const char *)row + field->offset, sizeof(number));
    return number;
}

static const char *texts_join(struct ctx *ctx, const struct texts *texts)
{
    struct buffer text = { .arena = ctx->arena };
    for (size_t i = 0; i < texts->count; i++) {
        buffer_text(&text, i > 0 ? "\n" : "");
        buffer_text(&text, texts->items[i]);
    }
    buffer_char(&text, '\0');
    return text.failed ? NULL : text.data;
}

static const char *number_text(struct ctx *ctx, const struct field *field, int64_t number)
{
    char text[TIME_TEXT_SIZE];
    if (number == NO_INT)
        return "";
    if (field->kind == FIELD_BOOL)
        return number ? "true" : "false";
    if (field->kind == FIELD_TIME)
        time_format(number, text);
    else if (field->kind == FIELD_DAY)
        day_format(number, text);
    else
        snprintf(text, sizeof(text), "%lld", (long long)number);
    return ctx_text(ctx, text);
}

static const char *name_of(const struct field *field, int value)
{
    return value < 0 ? "" : field->names[value];
}

/* "" is null; NULL: no memory, recorded. */
static const char *value_text(struct ctx *ctx, const struct field *field, const void *row)
{
    const void *member = (const char *)row + field->offset;
    char id[ID_TEXT_SIZE];
    switch (field->kind) {
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY: return number_text(ctx, field, number_of(field, row));
    case FIELD_ENUM: return name_of(field, *(const int *)member);
    case FIELD_TEXT:
    case FIELD_JSON: {
        const char *text = *(const char *const *)member;
        return text == NULL ? "" : text;
    }
    case FIELD_ID:
        if (id_is_nil(member))
            return "";
        id_format(member, id);
        return ctx_text(ctx, id);
    case FIELD_TEXTS: return texts_join(ctx, member);
    case FIELD_BYTES:
    case FIELD_ROWS:
    case FIELD_ROW:
    case FIELD_NUMBER:
    case FIELD_VALUES:
    case FIELD_REF: return "";
    }
    return "";
}

/* ---- CSV ---- */

static void line_end(FILE *file)
{
    fputs("\r\n", file);
}

/* A field of many values has a column for each custom field. */
static size_t columns_of(const struct csv_form *form, const struct field *field)
{
    if (field->kind == FIELD_VALUES)
        return form->custom_fields.count;
    return is_exported(field);
}

static void cell_write(const struct csv_form *form, const char *text, bool *first)
{
    if (!*first)
        fputc(',', form->file);
    *first = false;
    csv_write(form->file, text, strlen(text));
}

void csv_header_write(const struct csv_form *form)
{
    const struct custom_field *customs = form->custom_fields.items;
    bool first = true;
    for (size_t i = 0; i < form->table->count; i++) {
        const struct field *field = &form->table->fields[i];
        char name[sizeof("fields.") + CUSTOM_KEY_MAX];
        for (size_t j = 0; j < columns_of(form, field); j++) {
            if (field->kind == FIELD_VALUES)
                snprintf(name, sizeof(name), "%s.%s", field->name, customs[j].key);
            cell_write(form, field->kind == FIELD_VALUES ? name : field->name, &first);
        }
    }
    line_end(form->file);
}

/* A negative number is no formula: it stays a number. */
static enum err text_write(struct ctx *ctx, const struct csv_form *form, const char *text,
                           bool number, bool *first)
{
    if (text != NULL && !form->raw && !number && csv_needs_guard(text))
        text = arena_printf(ctx->arena, "'%s", text);
    if (text == NULL)
        return fail(ctx, ERR_MEMORY, NULL, "not enough memory");
    cell_write(form, text, first);
    return OK;
}

static enum err values_write(struct ctx *ctx, const struct csv_form *form,
                             const struct custom_values *values, bool *first)
{
    const struct custom_field *customs = form->custom_fields.items;
    enum err err = OK;
    for (size_t i = 0; i < form->custom_fields.count && err == OK; i++) {
        const struct custom_value *value = custom_values_find(values, customs[i].field_id);
        const char *text = "";
        if (value != NULL)
            err = custom_value_format(ctx, value, &text);
        if (err == OK)
            err = text_write(ctx, form, text, customs[i].type == CUSTOM_NUMBER, first);
    }
    return err;
}

enum err csv_row_write(struct ctx *ctx, const struct csv_form *form, const void *row)
{
    bool first = true;
    enum err err = OK;
    for (size_t i = 0; i < form->table->count && err == OK; i++) {
        const struct field *field = &form->table->fields[i];
        const void *member = (const char *)row + field->offset;
        if (field->kind == FIELD_VALUES)
            err = values_write(ctx, form, member, &first);
        else if (is_exported(field))
            err = text_write(ctx, form, value_text(ctx, field, row), is_number(field), &first);
    }
    line_end(form->file);
    return err;
}

/* ---- Conditions ---- */

static const struct {
    const char *suffix;
    int order;
    bool or_equal;
} comparisons[] = {
    { "", 0, true },       { "[gte]", 1, true },  { "[gt]", 1, false },
    { "[lte]", -1, true }, { "[lt]", -1, false },
};

/* A member, or with a key one of its values. */
static const struct field *field_find(const struct table *table, const char *name, size_t length,
                                      bool with_key)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        bool fits = with_key ? field->kind == FIELD_VALUES : is_exported(field);
        if (fits && strlen(field->name) == length && strncmp(field->name, name, length) == 0)
            return field;
    }
    return NULL;
}

/* The field and the comparison that `name` asks for; false when there is no such. */
static bool left_side_read(struct ctx *ctx, const struct table *table, const char *name,
                           struct export_condition *ret)
{
    size_t length = strcspn(name, "["), stem = strcspn(name, ".[");
    bool with_key = stem + 1 < length;
    ret->field = field_find(table, name, stem, with_key);
    if (ret->field != NULL && with_key)
        ret->key = arena_text(ctx->arena, name + stem + 1, length - stem - 1);
    for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++) {
        if (strcmp(name + length, comparisons[i].suffix) != 0)
            continue;
        ret->order = comparisons[i].order;
        ret->or_equal = comparisons[i].or_equal;
        return ret->field != NULL && (ret->order == 0 || ret->key || is_number(ret->field));
    }
    return false;
}

/* ---- Of custom fields ---- */

static enum err custom_resolve(struct ctx *ctx, struct export_condition *condition,
                               const struct custom_field *field)
{
    bool text = field->type == CUSTOM_TEXT || field->type == CUSTOM_CHOICE;
    if (condition->order != 0 && text)
        return fail(ctx, ERR_VALIDATION, NULL,
                    "--where %s.%s: only numbers, booleans and dates are less or more than others",
                    condition->field->name, condition->key);
    condition->custom = (struct custom_value){ .field_id = field->field_id, .type = field->type };
    if (!custom_value_parse(&condition->custom, condition->text))
        return fail(ctx, ERR_VALIDATION, NULL, "--where %s.%s: \"%s\" is no value of it",
                    condition->field->name, condition->key, condition->text);
    condition->number = text ? NO_INT : condition->custom.number;
    return OK;
}

enum err conditions_resolve(struct ctx *ctx, struct export_conditions *conditions,
                            const struct rows *custom_fields)
{
    const struct custom_field *fields = custom_fields->items;
    enum err err = OK;
    for (size_t i = 0; i < conditions->count && err == OK; i++) {
        struct export_condition *condition = &conditions->items[i];
        struct guess guess = { .text = condition->key };
        size_t j = 0;
        if (condition->key == NULL)
            continue;
        guess.bytes = strlen(condition->key);
        while (j < custom_fields->count && strcmp(fields[j].key, condition->key) != 0)
            guess_try(&guess, fields[j++].key);
        err = j < custom_fields->count ? custom_resolve(ctx, condition, &fields[j])
                                       : fail(ctx, ERR_VALIDATION, NULL,
                                              "--where: there is no custom field %s" GUESS_FORMAT,
                                              condition->key, GUESS_ARGUMENTS(&guess));
    }
    return err;
}

/* ---- Of members ---- */

static bool number_read(enum field_kind kind, const char *text, int64_t *ret)
{
    long long number;
    int used = 0;
    if (kind == FIELD_TIME)
        return time_parse_lenient(text, ret);
    if (kind == FIELD_DAY)
        return day_parse(text, ret);
    if (kind == FIELD_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        *ret = text[0] == 't';
        return true;
    }
    if (sscanf(text, "%lld%n", &number, &used) != 1 || text[used] != '\0')
        return false;
    *ret = number;
    return true;
}

static enum status field_unknown(const struct cli *cli, const struct table *table, const char *text)
{
    struct guess guess = { .text = text, .bytes = strcspn(text, "[=") };
    for (size_t i = 0; i < table->count; i++)
        if (is_exported(&table->fields[i]))
            guess_try(&guess, table->fields[i].name);
    return complain_usage(cli, "--where \"%s\": there is no field %.*s" GUESS_FORMAT, text,
                          (int)guess.bytes, text, GUESS_ARGUMENTS(&guess));
}

static enum status condition_read(const struct cli *cli, const struct table *table,
                                  const char *text, struct export_condition *ret)
{
    const char *equals = strchr(text, '=');
    const char *name = equals == NULL ? text : arena_text(cli->ctx->arena, text, equals - text);
    *ret = (struct export_condition){ .number = NO_INT };
    if (name == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");
    bool is_read = left_side_read(cli->ctx, table, name, ret);
    if (equals != NULL && ret->field == NULL)
        return field_unknown(cli, table, text);
    if (equals == NULL || !is_read)
        return complain_usage(cli,
                              "--where \"%s\" must be FIELD=VALUE, or FIELD[gte]=VALUE and so "
                              "on of a number or time",
                              text);
    const char *value = equals + 1;
    if (*value == '\0')
        return STATUS_OK; /* those that have none */
    if (ret->key == NULL && is_number(ret->field)) {
        if (!number_read(ret->field->kind, value, &ret->number))
            return complain_usage(cli, "--where %s: \"%s\" is no value of it", name, value);
        return STATUS_OK;
    }
    if (ret->field->kind == FIELD_ENUM && name_find(ret->field->names, value) < 0)
        return complain_usage(cli, "--where %s: \"%s\" is no value of it", name, value);
    ret->text = value;
    return STATUS_OK;
}

enum status conditions_read(const struct cli *cli, const struct table *table,
                            struct export_conditions *ret)
{
    struct texts given = option_values(cli, "--where");
    ret->items = arena_alloc(cli->ctx->arena, (given.count + 1) * sizeof(*ret->items));
    if (given.items == NULL || ret->items == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");
    for (ret->count = 0; ret->count < given.count; ret->count++) {
        enum status status =
            condition_read(cli, table, given.items[ret->count], &ret->items[ret->count]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* What has no value is equal to what was asked to have none, and neither less nor more. */
static bool number_holds(const struct export_condition *condition, int64_t number)
{
    int64_t wanted = condition->number;
    if (number == wanted)
        return condition->or_equal;
    if (number == NO_INT || wanted == NO_INT || condition->order == 0)
        return false;
    return (number < wanted) == (condition->order < 0);
}

static bool text_holds(const struct export_condition *condition, const char *text)
{
    return strcmp(text, condition->text == NULL ? "" : condition->text) == 0;
}

static bool custom_holds(const struct export_condition *condition,
                         const struct custom_values *values)
{
    const struct custom_value *value = custom_values_find(values, condition->custom.field_id);
    if (condition->custom.type == CUSTOM_TEXT || condition->custom.type == CUSTOM_CHOICE)
        return text_holds(condition, value == NULL || value->text == NULL ? "" : value->text);
    return number_holds(condition, value == NULL ? NO_INT : value->number);
}

enum err conditions_hold(struct ctx *ctx, const struct export_conditions *conditions,
                         const void *row, bool *ret)
{
    *ret = true;
    for (size_t i = 0; i < conditions->count && *ret; i++) {
        const struct export_condition *condition = &conditions->items[i];
        if (condition->key != NULL) {
            const void *values = (const char *)row + condition->field->offset;
            *ret = custom_holds(condition, values);
            continue;
        }
        if (is_number(condition->field)) {
            *ret = number_holds(condition, number_of(condition->field, row));
            continue;
        }
        const char *text = value_text(ctx, condition->field, row);
        if (text == NULL)
            return fail(ctx, ERR_MEMORY, NULL, "not enough memory");
        *ret = text_holds(condition, text);
    }
    return OK;
}
