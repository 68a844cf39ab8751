/* openapi_operations.c: routes as operations of the contract: parameters, body, answers
 * and problems, each told where the row of the route says that it comes. */
#include "openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 96, EXAMPLE_BYTES = 1024, FAILURE_MIN = 400, FAILURE_MAX = 599 };

/* ---- What a row says ---- */

bool openapi_takes_form(const struct route *route)
{
    return (route->flags & ROUTE_RAW_BODY) && route->http.method == HTTP_POST;
}

/* ---- Pieces ---- */

static const char any_object[] = "{\"type\":\"object\",\"additionalProperties\":true}";

/* key NULL: an item of a list. */
static void write_ref(struct openapi *writing, const char *key, const struct table *table,
                      bool input)
{
    json_open(writing->json, key, '{');
    openapi_ref(writing, table, input);
    json_close(writing->json, '}');
}

static void open_status(struct json *json, int status)
{
    char key[12]; /* of any int */
    snprintf(key, sizeof key, "%d", status);
    json_open(json, key, '{');
}

/* ---- What is asked ---- */

static void write_path_parameter(struct json *json, const char *name, size_t length)
{
    char text[NAME_BYTES] = "";
    memcpy(text, name, length < NAME_BYTES ? length : NAME_BYTES - 1);
    json_open(json, NULL, '{');
    json_text(json, "name", text);
    json_text(json, "in", "path");
    json_bool(json, "required", true);
    json_open(json, "schema", '{');
    json_text(json, "type", "string");
    if (strcmp(text, "id") == 0)
        json_text(json, "format", "uuid");
    json_close(json, '}');
    json_close(json, '}');
}

/* "^-?(score|created_at)(,id)?$" */
static void write_sort_pattern(struct json *json, const struct order *orders)
{
    char pattern[NAME_BYTES] = "^-?(";
    for (const struct order *order = orders; order->name; order++) {
        strncat(pattern, order == orders ? "" : "|", NAME_BYTES - strlen(pattern) - 1);
        strncat(pattern, order->value ? "fields[.][a-z0-9_]+" : order->name,
                NAME_BYTES - strlen(pattern) - 1);
    }
    strncat(pattern, ")(,id)?$", NAME_BYTES - strlen(pattern) - 1);
    json_text(json, "pattern", pattern);
}

static void write_query_parameter(struct openapi *writing, const struct route *route,
                                  const struct field *field)
{
    struct json *json = writing->json;
    struct field plain = *field; /* a parameter is there or not, never null */
    plain.flags |= FIELD_NOT_NULL;
    json_open(json, NULL, '{');
    json_text(json, "name", field->name);
    json_text(json, "in", "query");
    if (field->flags & FIELD_REQUIRED)
        json_bool(json, "required", true);
    if (field->note)
        json_text(json, "description", field->note);
    json_open(json, "schema", '{');
    openapi_value(writing, &plain, true);
    if (route->orders && strcmp(field->name, "sort") == 0)
        write_sort_pattern(json, route->orders);
    json_close(json, '}');
    json_close(json, '}');
}

static void write_parameters(struct openapi *writing, const struct route *route)
{
    struct json *json = writing->json;
    const struct table *tables[ROUTE_TABLES_MAX];
    size_t count = route_parameters(route, tables);
    json_open(json, "parameters", '[');
    for (const char *at = route->http.path; (at = strchr(at, '{')); at++)
        write_path_parameter(json, at + 1, strcspn(at + 1, "}"));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < tables[i]->count; j++)
            write_query_parameter(writing, route, &tables[i]->fields[j]);
    if (route->filters)
        openapi_filters(json);
    openapi_header_parameters(json, route);
    json_close(json, ']');
}

static void write_example(struct json *json, const char *example)
{
    char text[EXAMPLE_BYTES];
    snprintf(text, sizeof text, "%s", example);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_raw(json, "example", text);
}

static void write_request_body(struct openapi *writing, const struct route *route)
{
    static const char *const raw_types[] = { "application/x-www-form-urlencoded",
                                             "application/json" };
    struct json *json = writing->json;
    bool raw = openapi_takes_form(route);
    if (!route->body && !raw)
        return;
    json_open(json, "requestBody", '{');
    json_bool(json, "required", true);
    json_open(json, "content", '{');
    for (size_t i = 0; i < (raw ? ARRAY_SIZE(raw_types) : 1); i++) {
        json_open(json, raw ? raw_types[i] : "application/json", '{');
        if (raw)
            json_raw(json, "schema", any_object);
        else
            write_ref(writing, "schema", route->body, true);
        if (route->example)
            write_example(json, route->example);
        json_close(json, '}');
    }
    json_close(json, '}');
    json_close(json, '}');
}

/* ---- What is answered ---- */

static void write_page_schema(struct openapi *writing, const struct table *row)
{
    struct json *json = writing->json;
    json_text(json, "type", "object");
    json_raw(json, "required", "[\"data\",\"has_more\",\"next_cursor\"]");
    json_open(json, "properties", '{');
    json_open(json, "data", '{');
    json_text(json, "type", "array");
    write_ref(writing, "items", row, false);
    json_close(json, '}');
    json_raw(json, "has_more", "{\"type\":\"boolean\"}");
    json_raw(json, "next_cursor",
             "{\"type\":[\"string\",\"null\"],\"description\":\"cursor of the next page\"}");
    json_raw(json, "total",
             "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0,\"description\":\"rows on "
             "all pages; only with count=true\"}");
    json_close(json, '}');
}

static void write_result_schema(struct openapi *writing, const struct route *route)
{
    struct json *json = writing->json;
    if (route->flags & ROUTE_LIST) {
        write_page_schema(writing, route->result);
    } else if (route->received) {
        json_open(json, "anyOf", '[');
        write_ref(writing, NULL, route->result, false);
        write_ref(writing, NULL, route->received, false);
        json_close(json, ']');
    } else {
        openapi_ref(writing, route->result, false);
    }
}

static void write_result(struct openapi *writing, const struct route *route)
{
    struct json *json = writing->json;
    json_open(json, "application/json", '{');
    json_open(json, "schema", '{');
    write_result_schema(writing, route);
    json_close(json, '}');
    json_close(json, '}');
}

static void write_own_content(struct json *json, const struct reply_kind *kind)
{
    bool is_json = strstr(kind->media_type, "json");
    json_open(json, kind->media_type, '{');
    json_raw(json, "schema", is_json ? any_object : "{\"type\":\"string\"}");
    json_close(json, '}');
}

static const char *status_meaning(int status)
{
    return status == 201   ? "Created"
           : status == 204 ? "Done"
           : status == 303 ? "Go on there"
           : status == 304 ? "What you have still holds"
                           : "As asked for";
}

static void write_answer(struct openapi *writing, const struct route *route, int status)
{
    struct json *json = writing->json;
    open_status(json, status);
    json_text(json, "description", status_meaning(status));
    openapi_headers(json, route, status);
    if (status != 204 && status != 303 && status != 304) {
        json_open(json, "content", '{');
        if (route->result)
            write_result(writing, route);
        for (const struct reply_kind *kind = route->replies; kind && kind->status; kind++)
            if (kind->status == status)
                write_own_content(json, kind);
        json_close(json, '}');
    }
    json_close(json, '}');
}

static const char *problem_name(int status, char name[static NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "Problem%d", status);
    return name;
}

static void write_problem(struct openapi *writing, int status)
{
    static const struct route any = { .access = ACCESS_NONE };
    char name[NAME_BYTES], titles[OPENAPI_TITLES_BYTES];
    struct json *json = writing->json;
    json_open(json, problem_name(status, name), '{');
    json_text(json, "description", openapi_titles(status, titles));
    openapi_headers(json, &any, status);
    json_open(json, "content", '{');
    openapi_problem(writing, status);
    json_close(json, '}');
    json_close(json, '}');
}

/* With the result under the same status: a service that is not ready says what is missing. */
static void write_failure(struct openapi *writing, const struct route *route, int status)
{
    char name[NAME_BYTES], titles[OPENAPI_TITLES_BYTES];
    struct json *json = writing->json;
    open_status(json, status);
    if (!openapi_has_reply(route, status)) {
        openapi_component_ref(json, "responses", problem_name(status, name));
    } else {
        json_text(json, "description", openapi_titles(status, titles));
        openapi_headers(json, &(struct route){ 0 }, status);
        json_open(json, "content", '{');
        write_result(writing, route);
        openapi_problem(writing, status);
        json_close(json, '}');
    }
    json_close(json, '}');
}

/* ---- The whole ---- */

static void write_responses(struct openapi *writing, const struct route *route)
{
    struct json *json = writing->json;
    json_open(json, "responses", '{');
    write_answer(writing, route, route->status);
    if (route->repeat_status)
        write_answer(writing, route, route->repeat_status);
    for (const struct reply_kind *kind = route->replies; kind && kind->status; kind++)
        if (!kind->media_type && kind->status != 304)
            write_answer(writing, route, kind->status);
    if (openapi_is_fresh(route))
        write_answer(writing, route, 304);
    for (int status = FAILURE_MIN; status <= FAILURE_MAX; status++)
        if (openapi_can_fail(route, status))
            write_failure(writing, route, status);
    json_close(json, '}');
}

/* "Needs a key with the scope write or ingest." */
static void write_scopes(struct json *json, unsigned scopes)
{
    char text[NAME_BYTES] = "Needs a key with the scope ";
    size_t start = strlen(text);
    for (size_t bit = 0; scope_names[bit]; bit++)
        if (scopes & (1u << bit)) {
            size_t length = strlen(text);
            snprintf(text + length, sizeof text - length, "%s%s", length > start ? " or " : "",
                     scope_names[bit]);
        }
    json_text(json, "description", text);
}

const char *openapi_tag(const struct route *route, char name[static OPENAPI_TAG_BYTES])
{
    const char *path = route->http.path;
    if (strncmp(path, "/v1/", 4) != 0)
        return strncmp(path, "/f/", 3) == 0 ? "forms" : "service";
    size_t length = strcspn(path + 4, "/");
    snprintf(name, OPENAPI_TAG_BYTES, "%.*s", (int)length, path + 4);
    return name;
}

void openapi_operation(struct openapi *writing, const struct route *route)
{
    struct json *json = writing->json;
    char name[OPENAPI_TAG_BYTES], method[16];
    const char *upper = http_method_names[__builtin_ctz(route->http.method)];
    for (size_t i = 0; i <= strlen(upper); i++)
        method[i] = (char)tolower((unsigned char)upper[i]);
    json_open(json, method, '{');
    json_text(json, "operationId", route->operation);
    json_text(json, "summary", route->summary);
    json_open(json, "tags", '[');
    json_text(json, NULL, openapi_tag(route, name));
    json_close(json, ']');
    if (route->scopes == SCOPE_NONE)
        json_raw(json, "security", "[]");
    else
        write_scopes(json, route->scopes);
    write_parameters(writing, route);
    write_request_body(writing, route);
    write_responses(writing, route);
    json_close(json, '}');
}

void openapi_shared(struct openapi *writing)
{
    struct json *json = writing->json;
    openapi_header_components(json);
    json_open(json, "responses", '{');
    for (int status = FAILURE_MIN; status <= FAILURE_MAX; status++)
        for (size_t i = 0; i < writing->service->route_count; i++)
            if (openapi_can_fail(&writing->service->routes[i], status)) {
                write_problem(writing, status);
                break;
            }
    json_close(json, '}');
}
