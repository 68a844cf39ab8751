/* import_row.c: one row of a file as a JSON object, by the plan and the kinds of the fields.
 * What the values mean is for the service to judge; here they only must be of their kind. */
#include "import.h"

#include <funneld/http.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_CHARACTERS_MAX = 60 };

bool import_row_is_blank(const struct csv_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        for (const char *text = row->cells[i].text; *text != '\0'; text++)
            if (*text != ' ' && *text != '\t')
                return false;
    return true;
}

/* ---- Values by kind: each writes the member, or returns what would be right ---- */

static const char *int_write(struct json *json, const char *name, const char *text)
{
    static const char money[] = "_minor";
    size_t length = strlen(name), end = sizeof(money) - 1;
    size_t sign = text[0] == '-' || text[0] == '+';
    size_t digits = strspn(text + sign, "0123456789");
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (digits == 0 || text[sign + digits] != '\0' || errno == ERANGE || value == NO_INT)
        return length > end && strcmp(name + length - end, money) == 0
                   ? "must be a whole number of minor units (12050 for 120.50)"
                   : "must be a whole number";
    json_int(json, name, value);
    return NULL;
}

static const char *bool_write(struct json *json, const char *name, const char *text)
{
    int64_t value;
    if (boolean_parse_lenient(text, &value)) {
        json_bool(json, name, value == 1);
        return NULL;
    }
    return "must be true or false, yes or no, 1 or 0";
}

static const char *value_write(struct json *json, const struct field *field, const char *text)
{
    int64_t number;
    struct id id;
    switch (field->kind) {
    case FIELD_INT: return int_write(json, field->name, text);
    case FIELD_BOOL: return bool_write(json, field->name, text);
    case FIELD_TIME:
        if (!time_parse_lenient(text, &number))
            return "must be a time like 2026-11-22T22:05:00Z, 2026-11-22 22:05 or 2026-11-22";
        json_time(json, field->name, number);
        return NULL;
    case FIELD_DAY:
        if (!day_parse(text, &number))
            return "must be a date like 2026-11-22";
        json_text(json, field->name, text);
        return NULL;
    case FIELD_ID:
        if (!id_parse(text, &id))
            return "must be an id like 0190b8a0-5b7a-7cc3-98c4-dc0c0c07398f";
        json_id(json, field->name, &id);
        return NULL;
    case FIELD_TEXT:
    case FIELD_ENUM: json_text(json, field->name, text); return NULL;
    case FIELD_JSON:
    case FIELD_TEXTS:
    case FIELD_BYTES:
    case FIELD_ROWS:
    case FIELD_ROW:
    case FIELD_NUMBER:
    case FIELD_VALUES:
    case FIELD_REF: return "cannot be imported from a file";
    }
    return NULL;
}

/* ---- Rows ---- */

/* The cell, trimmed, without the guard of an export, and read as --map-value says; NULL when it is
 * empty. */
static const char *cell_value(const struct import_plan *plan, struct arena *arena,
                              const struct csv_row *row, size_t column)
{
    const char *text = text_trim(arena, row->cells[column].text, row->cells[column].bytes);
    if (text == NULL)
        return NULL;
    text = csv_unguard(text);
    for (size_t i = 0; i < plan->map_count; i++)
        if (plan->maps[i].column == column && strcmp(plan->maps[i].from, text) == 0) {
            text = plan->maps[i].to;
            break;
        }
    return *text == '\0' ? NULL : text;
}

static const char *value_refuse(const struct import_plan *plan, struct arena *arena,
                                const struct plan_field *field, const char *text, const char *right)
{
    const char *end = text;
    for (size_t shown = 0; *end != '\0' && shown < SHOWN_CHARACTERS_MAX; shown++)
        do
            end++;
        while (((unsigned char)*end & 0xc0) == 0x80);
    int bytes = (int)(end - text);
    const char *more = *end == '\0' ? "" : "...";
    if (field->column < 0)
        return arena_printf(arena, "%s %s, not \"%.*s%s\"", field->name, right, bytes, text, more);
    return arena_printf(arena, "column \"%s\" (%s) %s, not \"%.*s%s\"",
                        plan->columns[field->column], field->name, right, bytes, text, more);
}

/* As many cells as the header has, give or take an empty last one. */
static const char *row_misfit(const struct import_plan *plan, struct arena *arena,
                              const struct csv_row *row)
{
    size_t count = plan->column_count;
    if (row->count == count)
        return NULL;
    if (row->count == count + 1 && (plan->unnamed_last || row->cells[count].bytes == 0))
        return NULL;
    return arena_printf(arena, "the row has %zu column%s, the header has %zu", row->count,
                        row->count == 1 ? "" : "s", count);
}

/* What the row says of the field, or NULL. */
static const char *field_text(const struct import_plan *plan, struct arena *arena,
                              const struct csv_row *row, const struct plan_field *field)
{
    const char *text = NULL;
    if (field->column >= 0)
        text = cell_value(plan, arena, row, (size_t)field->column);
    return text == NULL ? field->value : text;
}

/* All that is wrong, so that nobody must mend a row twice. */
static const char *members_write(const struct import_plan *plan, struct arena *arena,
                                 const struct csv_row *row, struct json *json)
{
    const char *reasons = NULL;
    for (size_t i = 0; i < plan->field_count; i++) {
        const struct plan_field *field = &plan->fields[i];
        const char *text = field->of == NULL ? NULL : field_text(plan, arena, row, field);
        const char *right = text == NULL ? NULL : value_write(json, field->of, text);
        if (right == NULL)
            continue;
        const char *reason = value_refuse(plan, arena, field, text, right);
        if (reason != NULL && reasons != NULL)
            reason = arena_printf(arena, "%s; %s", reasons, reason);
        if (reason == NULL)
            return "not enough memory";
        reasons = reason;
    }
    return reasons;
}

/* Of custom fields only the service knows what they may be: they are sent as they are. */
static void custom_fields_write(const struct import_plan *plan, struct arena *arena,
                                const struct csv_row *row, struct json *json)
{
    bool open = false;
    for (size_t i = 0; i < plan->field_count; i++) {
        const struct plan_field *field = &plan->fields[i];
        const char *text = field->of == NULL ? field_text(plan, arena, row, field) : NULL;
        if (text == NULL)
            continue;
        if (!open)
            json_open(json, "fields", '{');
        open = true;
        json_text(json, plan_custom_key(field), text);
    }
    if (open)
        json_close(json, '}');
}

const char *import_row_write(const struct import_plan *plan, struct arena *arena,
                             const struct csv_row *row, struct buffer *out)
{
    struct json json = { .out = out };
    const char *reason = row->problem;
    if (reason == NULL)
        reason = row_misfit(plan, arena, row);
    if (reason != NULL)
        return reason;
    json_open(&json, NULL, '{');
    reason = members_write(plan, arena, row, &json);
    custom_fields_write(plan, arena, row, &json);
    json_close(&json, '}');
    return reason == NULL && out->failed ? "not enough memory" : reason;
}
