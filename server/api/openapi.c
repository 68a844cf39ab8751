/* openapi.c: the contract as OpenAPI 3.1, made from the same rows that the routes run by: paths,
 * parameters and bodies, answers, errors. Nothing is told here that a table could tell. */
#include "dispatch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TABLES_MAX = 128, NAME_BYTES = 96 };

struct writing {
    const struct service *service;
    struct json *json;
    const struct table *tables[TABLES_MAX]; /* schemas met so far, each written once */
    bool inputs[TABLES_MAX];
    size_t table_count;
};

/* ---- Names ---- */

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

/* The resource: the first word of the path behind /v1/. */
static const char *tag_name(const struct route *route, char name[static NAME_BYTES])
{
    const char *path = route->http.path;
    if (strncmp(path, "/v1/", 4) != 0)
        return strncmp(path, "/f/", 3) == 0 ? "forms" : "service";
    size_t length = strcspn(path + 4, "/");
    memcpy(name, path + 4, length);
    name[length] = '\0';
    return name;
}

/* ---- Schemas ---- */

static void remember(struct writing *writing, const struct table *table, bool input)
{
    for (size_t i = 0; i < writing->table_count; i++)
        if (writing->tables[i] == table)
            return;
    if (writing->table_count == TABLES_MAX)
        return; /* a test counts them */
    writing->inputs[writing->table_count] = input;
    writing->tables[writing->table_count++] = table;
}

static void write_ref(struct writing *writing, const struct table *table, bool input)
{
    char name[NAME_BYTES], ref[NAME_BYTES + 32] = "#/components/schemas/";
    remember(writing, table, input);
    strncat(ref, schema_name(table, name), NAME_BYTES);
    json_text(writing->json, "$ref", ref);
}

static const char *const kind_types[] = {
    [FIELD_ID] = "string",   [FIELD_INT] = "integer", [FIELD_BOOL] = "boolean",
    [FIELD_TIME] = "string", [FIELD_DAY] = "string",  [FIELD_TEXT] = "string",
    [FIELD_ENUM] = "string", [FIELD_JSON] = "object", [FIELD_TEXTS] = "array",
    [FIELD_ROWS] = "array",
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
    /* A blank text means null, so no text is too short. */
    if (!is_text)
        json_int(json, is_int ? "minimum" : "minItems", field->min);
    if (field->max > 0)
        json_int(json, is_int ? "maximum" : is_text ? "maxLength" : "maxItems", field->max);
}

static void write_schema(struct writing *writing, const struct field *field, bool input);

static void write_object(struct writing *writing, const struct field *field, bool input)
{
    struct json *json = writing->json;
    if (field->kind == FIELD_ROW) {
        write_ref(writing, field->of, input);
        return;
    }
    json_open(json, "oneOf", '[');
    json_open(json, NULL, '{');
    write_ref(writing, field->of, input);
    json_close(json, '}');
    json_open(json, NULL, '{');
    json_text(json, "type", "null");
    json_close(json, '}');
    json_close(json, ']');
}

static void write_value(struct writing *writing, const struct field *field, bool input)
{
    struct json *json = writing->json;
    bool never_null =
        field->flags & (FIELD_NOT_NULL | FIELD_OMIT_NULL | (input ? FIELD_REQUIRED : 0));
    bool is_list = field->kind == FIELD_TEXTS || field->kind == FIELD_ROWS;
    const char *type = field->flags & FIELD_DECIMAL ? "number" : kind_types[field->kind];
    write_type(json, type, !never_null && !(is_list && !input));
    if (field->kind < ARRAY_SIZE(kind_formats) && kind_formats[field->kind])
        json_text(json, "format", kind_formats[field->kind]);
    if (field->kind == FIELD_ENUM)
        write_enum(json, field, !never_null);
    if (is_list) {
        json_open(json, "items", '{');
        if (field->kind == FIELD_ROWS)
            write_ref(writing, field->of, input);
        else
            json_text(json, "type", "string");
        json_close(json, '}');
    }
    if (input)
        write_limits(json, field);
}

static void write_schema(struct writing *writing, const struct field *field, bool input)
{
    if (field->kind == FIELD_ROW || field->kind == FIELD_REF)
        write_object(writing, field, input);
    else
        write_value(writing, field, input);
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

static void write_properties(struct writing *writing, const struct table *table, bool input)
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

static void write_table(struct writing *writing, const struct table *table, bool input)
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

/* Writing one may bring up others, which join the end of the list. */
static void write_schemas(struct writing *writing)
{
    json_open(writing->json, "schemas", '{');
    remember(writing, &problem_reply_table, false);
    for (size_t i = 0; i < writing->table_count; i++)
        write_table(writing, writing->tables[i], writing->inputs[i]);
    json_close(writing->json, '}');
}

/* ---- Operations ---- */

static void write_parameter(struct writing *writing, const char *name, size_t length,
                            const char *place)
{
    struct json *json = writing->json;
    char text[NAME_BYTES] = "";
    memcpy(text, name, length < NAME_BYTES ? length : NAME_BYTES - 1);
    json_open(json, NULL, '{');
    json_text(json, "name", text);
    json_text(json, "in", place);
    json_bool(json, "required", true);
    json_open(json, "schema", '{');
    json_text(json, "type", "string");
    if (strcmp(text, "id") == 0)
        json_text(json, "format", "uuid");
    json_close(json, '}');
    json_close(json, '}');
}

static void write_parameters(struct writing *writing, const struct route *route)
{
    struct json *json = writing->json;
    json_open(json, "parameters", '[');
    for (const char *at = route->http.path; (at = strchr(at, '{')); at++)
        write_parameter(writing, at + 1, strcspn(at + 1, "}"), "path");
    for (size_t i = 0; route->query && i < route->query->count; i++) {
        const struct field *field = &route->query->fields[i];
        struct field plain = *field; /* a parameter is there or not, never null */
        plain.flags |= FIELD_NOT_NULL;
        json_open(json, NULL, '{');
        json_text(json, "name", field->name);
        json_text(json, "in", "query");
        if (field->note)
            json_text(json, "description", field->note);
        json_open(json, "schema", '{');
        write_value(writing, &plain, true);
        json_close(json, '}');
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_request_body(struct writing *writing, const struct route *route)
{
    static const char *const raw_types[] = { "application/x-www-form-urlencoded",
                                             "application/json" };
    struct json *json = writing->json;
    bool raw = (route->flags & ROUTE_RAW_BODY) && route->http.method == HTTP_POST;
    if (!route->body && !raw)
        return;
    json_open(json, "requestBody", '{');
    json_bool(json, "required", true);
    json_open(json, "content", '{');
    for (size_t i = 0; i < (raw ? ARRAY_SIZE(raw_types) : 1); i++) {
        json_open(json, raw ? raw_types[i] : "application/json", '{');
        json_open(json, "schema", '{');
        if (raw)
            json_text(json, "type", "object");
        else
            write_ref(writing, route->body, true);
        json_close(json, '}');
        json_close(json, '}');
    }
    json_close(json, '}');
    json_close(json, '}');
}

static void write_page_schema(struct writing *writing, const struct table *row)
{
    struct json *json = writing->json;
    json_text(json, "type", "object");
    json_raw(json, "required", "[\"data\",\"has_more\",\"next_cursor\"]");
    json_open(json, "properties", '{');
    json_open(json, "data", '{');
    json_text(json, "type", "array");
    json_open(json, "items", '{');
    write_ref(writing, row, false);
    json_close(json, '}');
    json_close(json, '}');
    json_raw(json, "has_more", "{\"type\":\"boolean\"}");
    json_raw(json, "next_cursor",
             "{\"type\":[\"string\",\"null\"],\"description\":\"cursor of the next page\"}");
    json_close(json, '}');
}

static void write_success(struct writing *writing, const struct route *route, int status)
{
    struct json *json = writing->json;
    char key[8];
    snprintf(key, sizeof key, "%d", status);
    json_open(json, key, '{');
    json_text(json, "description",
              status == 201   ? "Created"
              : status == 204 ? "Done"
                              : "As asked for");
    if (route->result && status != 204) {
        json_open(json, "content", '{');
        json_open(json, "application/json", '{');
        json_open(json, "schema", '{');
        if (route->flags & ROUTE_LIST)
            write_page_schema(writing, route->result);
        else
            write_ref(writing, route->result, false);
        json_close(json, '}');
        json_close(json, '}');
        json_close(json, '}');
    }
    json_close(json, '}');
}

/* Which errors a route can answer with, by what its row says. */
static bool can_fail(const struct route *route, int status)
{
    bool named = strchr(route->http.path, '{');
    bool posted = route->body || (route->flags & ROUTE_RAW_BODY);
    switch (status) {
    case 400: /* the header gate is before every route, and every route has parameters to refuse */
    case 413:
    case 422:
    case 503: return true;
    case 401: return route->scopes != SCOPE_NONE;
    case 403: return route->scopes != SCOPE_NONE || (route->flags & ROUTE_RAW_BODY);
    case 404: return named;
    case 409: return route->access == ACCESS_WRITE && route->body;
    case 412: return route->flags & ROUTE_VERSIONED;
    case 415: return posted;
    default: return false;
    }
}

static void write_responses(struct writing *writing, const struct route *route)
{
    static const int failures[] = { 400, 401, 403, 404, 409, 412, 413, 415, 422, 503 };
    struct json *json = writing->json;
    json_open(json, "responses", '{');
    write_success(writing, route, route->status);
    if (route->status == 201 && route->repeat_status)
        write_success(writing, route, route->repeat_status);
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
        char key[8];
        if (!can_fail(route, failures[i]))
            continue;
        snprintf(key, sizeof key, "%d", failures[i]);
        json_open(json, key, '{');
        json_text(json, "$ref", "#/components/responses/Problem");
        json_close(json, '}');
    }
    json_close(json, '}');
}

static void write_operation(struct writing *writing, const struct route *route)
{
    struct json *json = writing->json;
    char name[NAME_BYTES], method[16];
    const char *upper = http_method_names[__builtin_ctz(route->http.method)];
    for (size_t i = 0; i <= strlen(upper); i++)
        method[i] = (char)tolower((unsigned char)upper[i]);
    json_open(json, method, '{');
    json_text(json, "operationId", route->operation);
    json_text(json, "summary", route->summary);
    json_open(json, "tags", '[');
    json_text(json, NULL, tag_name(route, name));
    json_close(json, ']');
    if (route->scopes == SCOPE_NONE)
        json_raw(json, "security", "[]");
    write_parameters(writing, route);
    write_request_body(writing, route);
    write_responses(writing, route);
    json_close(json, '}');
}

static bool is_public(const struct route *route)
{
    return !(route->flags & ROUTE_CONTROL);
}

/* Each path once, with all its methods. */
static void write_paths(struct writing *writing)
{
    const struct route *routes = writing->service->routes;
    size_t count = writing->service->route_count;
    json_open(writing->json, "paths", '{');
    for (size_t i = 0; i < count; i++) {
        bool first = is_public(&routes[i]);
        for (size_t j = 0; j < i; j++)
            first &= strcmp(routes[i].http.path, routes[j].http.path) != 0;
        if (!first)
            continue;
        json_open(writing->json, routes[i].http.path, '{');
        for (size_t j = i; j < count; j++)
            if (is_public(&routes[j]) && strcmp(routes[i].http.path, routes[j].http.path) == 0)
                write_operation(writing, &routes[j]);
        json_close(writing->json, '}');
    }
    json_close(writing->json, '}');
}

/* ---- The document ---- */

static void write_info(struct json *json)
{
    json_text(json, "openapi", "3.1.1");
    json_open(json, "info", '{');
    json_text(json, "title", "funneld");
    json_text(json, "version", FUNNELD_VERSION);
    json_text(json, "summary",
              "A CRM pipeline service: leads, activities, scores, stages, funnels");
    json_open(json, "license", '{');
    json_text(json, "name", "Apache 2.0");
    json_text(json, "identifier", "Apache-2.0");
    json_close(json, '}');
    json_close(json, '}');
    json_raw(json, "servers", "[{\"url\":\"/\"}]");
    json_raw(json, "security", "[{\"key\":[]}]");
}

static void write_components(struct writing *writing)
{
    struct json *json = writing->json;
    json_open(json, "components", '{');
    json_raw(json, "securitySchemes",
             "{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"funneld key "
             "create makes one\"}}");
    json_open(json, "responses", '{');
    json_open(json, "Problem", '{');
    json_text(json, "description", "RFC 9457: what is wrong, and what would be right");
    json_open(json, "content", '{');
    json_open(json, "application/problem+json", '{');
    json_open(json, "schema", '{');
    write_ref(writing, &problem_reply_table, false);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
    write_schemas(writing);
    json_close(json, '}');
}

void openapi_write(const struct service *service, struct buffer *buffer)
{
    struct json json = { .out = buffer };
    struct writing writing = { .service = service, .json = &json };
    json_open(&json, NULL, '{');
    write_info(&json);
    write_paths(&writing);
    write_components(&writing);
    json_close(&json, '}');
}
