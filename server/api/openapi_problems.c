/* openapi_problems.c: which errors a route can answer with, by its row, and how the contract words
 * them: one response for each status, with the codes that it can have. */
#include "openapi.h"

#include <stdio.h>
#include <string.h>

/* Which errors a route can answer with. */
static bool can_fail(const struct route *route, enum err err)
{
    switch (err) {
    case ERR_MALFORMED: /* the header gate is before every route, and any may be too much */
    case ERR_TOO_LARGE:
    case ERR_URI_TOO_LONG:
    case ERR_EXPECTATION:
    case ERR_TOO_MANY:
    case ERR_HEADERS:
    case ERR_BUSY:
    case ERR_STORAGE:
    case ERR_CORRUPT:
    case ERR_MEMORY:
    case ERR_HTTP_VERSION: return true;
    case ERR_UNAUTHENTICATED: return route->scopes != SCOPE_NONE;
    case ERR_FORBIDDEN: return route->scopes != SCOPE_NONE || (route->flags & ROUTE_RAW_BODY);
    case ERR_NOT_FOUND: return strchr(route->http.path, '{');
    case ERR_DUPLICATE:
    case ERR_CONFLICT: return openapi_is_repeatable(route);
    case ERR_GONE: /* the lead that is named, or one that a repeated request was about */
        return strncmp(route->http.path, "/v1/leads/{", 11) == 0 ||
               strncmp(route->http.path, "/v1/activities/{", 16) == 0 ||
               openapi_is_repeatable(route);
    case ERR_UNSETTLED: return (route->flags & ROUTE_WIPES);
    case ERR_VERSION: return (route->flags & ROUTE_VERSIONED);
    case ERR_MEDIA_TYPE: return route->body || openapi_takes_form(route);
    case ERR_VALIDATION: /* parameters that a route does not know are refused too */
        return openapi_takes_form(route) || !(route->flags & ROUTE_RAW_BODY);
    default: return false; /* not of one route: nothing was asked for that is there */
    }
}

/* Whether any route can answer with it; others are between our own layers, or before a route is
 * found. */
static bool is_told(enum err err)
{
    static const struct route any = {
        .http = { HTTP_PATCH, "/{id}" },
        .access = ACCESS_WRITE,
        .scopes = SCOPE_ADMIN,
        .flags = ROUTE_VERSIONED | ROUTE_WIPES,
        .body = &lead_patch_table,
    };
    return can_fail(&any, err);
}

bool openapi_can_fail(const struct route *route, int status)
{
    for (int err = OK + 1; err < ERR_COUNT; err++)
        if (err_info((enum err)err)->status == status && can_fail(route, (enum err)err))
            return true;
    return false;
}

static void write_codes(struct json *json, int status)
{
    json_open(json, "enum", '[');
    for (int err = OK + 1; err < ERR_COUNT; err++)
        if (err_info((enum err)err)->status == status && is_told((enum err)err))
            json_text(json, NULL, err_info((enum err)err)->code);
    json_close(json, ']');
}

void openapi_problem(struct openapi *writing, int status)
{
    struct json *json = writing->json;
    json_open(json, "application/problem+json", '{');
    json_open(json, "schema", '{');
    json_open(json, "allOf", '[');
    json_open(json, NULL, '{');
    openapi_ref(writing, &problem_reply_table, false);
    json_close(json, '}');
    json_open(json, NULL, '{');
    json_open(json, "properties", '{');
    json_open(json, "status", '{');
    json_int(json, "const", status);
    json_close(json, '}');
    json_open(json, "code", '{');
    write_codes(json, status);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, '}');
}

/* "Such a record is already there; The present state does not allow this" */
const char *openapi_titles(int status, char titles[static OPENAPI_TITLES_BYTES])
{
    size_t length = 0;
    for (int err = OK + 1; err < ERR_COUNT; err++) {
        const struct err_info *info = err_info((enum err)err);
        if (info->status == status && is_told((enum err)err) && length < OPENAPI_TITLES_BYTES)
            length += (size_t)snprintf(titles + length, OPENAPI_TITLES_BYTES - length, "%s%s",
                                       length > 0 ? "; " : "", info->title);
    }
    return titles;
}
