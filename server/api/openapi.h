/* openapi.h: the parts of the contract as they are written one after another. Private to
 * server/api. */
#ifndef FUNNELD_API_OPENAPI_H
#define FUNNELD_API_OPENAPI_H

#include "dispatch.h"

enum { OPENAPI_TABLES_MAX = 128, OPENAPI_TAG_BYTES = 64, OPENAPI_TITLES_BYTES = 256 };

struct openapi {
    const struct service *service;
    struct json *json;
    const struct table *tables[OPENAPI_TABLES_MAX]; /* schemas met so far, each written once */
    bool inputs[OPENAPI_TABLES_MAX];
    size_t table_count;
};

/* A table whose schema is wanted: of what stands as JSON in the row of another. */
void openapi_remember(struct openapi *writing, const struct table *table, bool input);
/* Members of the object that is open: a reference to the table's schema, which
 * openapi_schemas() then writes; a field's schema itself. input: as it is read, else as it is
 * answered. */
void openapi_ref(struct openapi *writing, const struct table *table, bool input);
void openapi_value(struct openapi *writing, const struct field *field, bool input);
/* "schemas" of every table that was referred to; the last part. */
void openapi_schemas(struct openapi *writing);

/* The schemas of conditions, which no table describes; and of the parameters that are one. */
void openapi_conditions(struct json *json);
void openapi_filters(struct json *json);

/* What the tags are about; ends with name NULL. */
struct openapi_tag {
    const char *name, *description;
};
extern const struct openapi_tag openapi_tags[];

bool openapi_can_fail(const struct route *route, int status);
/* The content of a problem of that status, and what it means. */
void openapi_problem(struct openapi *writing, int status);
const char *openapi_titles(int status, char titles[static OPENAPI_TITLES_BYTES]);

/* "headers" of an answer of that status, the parameters of a request that are headers, and the
 * components that both refer to. */
void openapi_headers(struct json *json, const struct route *route, int status);
void openapi_header_parameters(struct json *json, const struct route *route);
void openapi_header_components(struct json *json);
/* The member that refers to one. */
void openapi_component_ref(struct json *json, const char *kind, const char *name);

bool openapi_takes_form(const struct route *route);
bool openapi_is_repeatable(const struct route *route); /* takes an Idempotency-Key */
bool openapi_is_fresh(const struct route *route);      /* answers If-None-Match with 304 */
/* Whether a reply of the route's own make has this status. */
bool openapi_has_reply(const struct route *route, int status);
/* The resource: the first word of the path behind /v1/; kept in `name` where it must be. */
const char *openapi_tag(const struct route *route, char name[static OPENAPI_TAG_BYTES]);
/* The operation as a member of its path. */
void openapi_operation(struct openapi *writing, const struct route *route);
/* "parameters", "headers" and "responses" that operations refer to. */
void openapi_shared(struct openapi *writing);

#endif
