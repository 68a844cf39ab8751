/* openapi_schemas.c: field tables as JSON Schema. It must not know what a route is. */
#include "openapi.h"

#include <ctype.h>
#include <string.h>

enum { NAME_BYTES = 96 };

/* snake_case to PascalCase. */
static const char *schema_name(const struct table *table, char name[static NAME_BYTES])
{
    size_t length = 0;
    bool upper = true;
    for (const char *c = table->name; *c && length < NAME_BYTES - 1; c++) {
        if (*c == '_') {
            upper = true;
            continue;
        }
        name[length++] = (char)(upper ? toupper((unsigned char)*c) : *c);
        upper = false;
    }
    name[length] = '\0';
    return name;
}

void openapi_remember(struct openapi *writing, const struct table *table, bool input)
{
    for (size_t i = 0; i < writing->table_count; i++)
        if (writing->tables[i] == table)
            return;
    if (writing->table_count == OPENAPI_TABLES_MAX)
        return; /* the lint would find the reference without its schema */
    writing->inputs[writing->table_count] = input;
    writing->tables[writing->table_count++] = table;
}

void openapi_ref(struct openapi *writing, const struct table *table, bool input)
{
    char name[NAME_BYTES], ref[NAME_BYTES + 32] = "#/components/schemas/";
    openapi_remember(writing, table, input);
    strncat(ref, schema_name(table, name), NAME_BYTES);
    json_text(writing->json, "$ref", ref);
}

static const char *const kind_types[] = {
    [FIELD_ID] = "string",   [FIELD_INT] = "integer",   [FIELD_BOOL] = "boolean",
    [FIELD_TIME] = "string", [FIELD_DAY] = "string",    [FIELD_TEXT] = "string",
    [FIELD_ENUM] = "string", [FIELD_JSON] = "object",   [FIELD_TEXTS] = "array",
    [FIELD_ROWS] = "array",  [FIELD_NUMBER] = "number", [FIELD_VALUES] = "object",
};

static const char *const kind_formats[] = {
    [FIELD_ID] = "uuid",  [FIELD_INT] = "int64", [FIELD_TIME] = "date-time",
    [FIELD_DAY] = "date", [FIELD_REF] = NULL,
};

static void write_type(struct json *json, const char *type, bool nullable)
{
    if (!nullable) {
        json_text(json, "type", type);
        return;
    }
    json_open(json, "type", '[');
    json_text(json, NULL, type);
    json_text(json, NULL, "null");
    json_close(json, ']');
}

static void write_enum(struct json *json, const struct field *field, bool nullable)
{
    json_open(json, "enum", '[');
    for (size_t i = 0; field->names[i]; i++)
        json_text(json, NULL, field->names[i]);
    if (nullable)
        json_raw(json, NULL, "null");
    json_close(json, ']');
}

static void write_limits(struct json *json, const struct field *field)
{
    bool is_text = field->kind == FIELD_TEXT, is_int = field->kind == FIELD_INT;
    if (field->min == 0 && field->max == 0)
        return;
    if (!is_text && !is_int && kind_types[field->kind] && *kind_types[field->kind] != 'a')
        return;
    /* A blank text means null: where that is taken, none is too short. */
    if (!is_text || (field->flags & FIELD_REQUIRED))
        json_int(json, is_int ? "minimum" : is_text ? "minLength" : "minItems", field->min);
    if (field->max > 0)
        json_int(json, is_int ? "maximum" : is_text ? "maxLength" : "maxItems", field->max);
}

static void write_schema(struct openapi *writing, const struct field *field, bool input);

static void write_object(struct openapi *writing, const struct field *field, bool input)
{
    struct json *json = writing->json;
    if (field->kind == FIELD_ROW) {
        openapi_ref(writing, field->of, input);
        return;
    }
    json_open(json, "oneOf", '[');
    json_open(json, NULL, '{');
    openapi_ref(writing, field->of, input);
    json_close(json, '}');
    json_open(json, NULL, '{');
    json_text(json, "type", "null");
    json_close(json, '}');
    json_close(json, ']');
}

/* What a schema of that name describes. */
static void write_named(struct json *json, const char *name, bool nullable)
{
    char ref[NAME_BYTES + 32] = "#/components/schemas/";
    strncat(ref, name, NAME_BYTES);
    if (nullable) {
        json_open(json, "oneOf", '[');
        json_raw(json, NULL, "{\"type\":\"null\"}");
        json_open(json, NULL, '{');
    }
    json_text(json, "$ref", ref);
    if (nullable) {
        json_close(json, '}');
        json_close(json, ']');
    }
}

void openapi_value(struct openapi *writing, const struct field *field, bool input)
{
    struct json *json = writing->json;
    bool never_null =
        field->flags & (FIELD_NOT_NULL | FIELD_OMIT_NULL | (input ? FIELD_REQUIRED : 0));
    bool is_list = field->kind == FIELD_TEXTS || field->kind == FIELD_ROWS;
    if (field->schema) {
        write_named(json, field->schema, !never_null);
        return;
    }
    bool is_always = is_list || field->kind == FIELD_VALUES; /* there, if empty */
    const char *type = field->flags & FIELD_DECIMAL ? "number" : kind_types[field->kind];
    write_type(json, type, !never_null && !(is_always && !input));
    if (field->kind < ARRAY_SIZE(kind_formats) && kind_formats[field->kind])
        json_text(json, "format", kind_formats[field->kind]);
    if (field->kind == FIELD_JSON)
        json_bool(json, "additionalProperties", true);
    if (field->kind == FIELD_VALUES)
        json_raw(json, "additionalProperties",
                 input ? "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}"
                       : "{\"type\":[\"string\",\"number\",\"boolean\"]}");
    if (field->kind == FIELD_ENUM)
        write_enum(json, field, !never_null);
    if (is_list) {
        json_open(json, "items", '{');
        if (field->kind == FIELD_ROWS)
            openapi_ref(writing, field->of, input);
        else
            json_text(json, "type", "string");
        json_close(json, '}');
    }
    if (input)
        write_limits(json, field);
}

static void write_schema(struct openapi *writing, const struct field *field, bool input)
{
    if (field->kind == FIELD_ROW || field->kind == FIELD_REF)
        write_object(writing, field, input);
    else
        openapi_value(writing, field, input);
    if (field->note)
        json_text(writing->json, "description", field->note);
}

static bool is_shown(const struct field *field)
{
    return field->kind != FIELD_BYTES && !(field->flags & FIELD_HIDDEN);
}

static bool is_inline(const struct field *field)
{
    return field->flags & FIELD_INLINE;
}

static void write_properties(struct openapi *writing, const struct table *table, bool input)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (!is_shown(field))
            continue;
        if (is_inline(field)) {
            write_properties(writing, field->of, input);
            continue;
        }
        json_open(writing->json, field->name, '{');
        write_schema(writing, field, input);
        json_close(writing->json, '}');
    }
}

/* What is always there: on the way in what is required, on the way out all that is not left out. */
static void write_required(struct json *json, const struct table *table, bool input)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (is_inline(field) && field->kind == FIELD_ROW)
            write_required(json, field->of, input);
        else if (is_shown(field) && !is_inline(field) &&
                 (input ? field->flags & FIELD_REQUIRED : !(field->flags & FIELD_OMIT_NULL)))
            json_text(json, NULL, field->name);
    }
}

static bool has_required(const struct table *table, bool input)
{
    for (size_t i = 0; i < table->count; i++)
        if (!input || (table->fields[i].flags & FIELD_REQUIRED))
            return true;
    return false;
}

static void write_table(struct openapi *writing, const struct table *table, bool input)
{
    char name[NAME_BYTES];
    struct json *json = writing->json;
    json_open(json, schema_name(table, name), '{');
    json_text(json, "type", "object");
    if (has_required(table, input)) {
        json_open(json, "required", '[');
        write_required(json, table, input);
        json_close(json, ']');
    }
    json_open(json, "properties", '{');
    write_properties(writing, table, input);
    json_close(json, '}');
    if (input)
        json_bool(json, "additionalProperties", false);
    json_close(json, '}');
}

/* What a job says of what it found or did: each kind in its own words. */
static void write_job_result(struct json *json)
{
    json_raw(json, "JobResult",
             "{\"oneOf\":[{\"$ref\":\"#/components/schemas/PreviewResult\"},"
             "{\"$ref\":\"#/components/schemas/ReclassificationResult\"}]}");
}

/* Writing one may bring up others, which join the end of the list. */
void openapi_schemas(struct openapi *writing)
{
    json_open(writing->json, "schemas", '{');
    openapi_conditions(writing->json);
    write_job_result(writing->json);
    for (size_t i = 0; i < writing->table_count; i++)
        write_table(writing, writing->tables[i], writing->inputs[i]);
    json_close(writing->json, '}');
}
