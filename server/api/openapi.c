/* openapi.c: the contract as OpenAPI 3.1, made from the same rows that the routes run by: paths,
 * parameters and bodies, answers, errors. Nothing is told here that a table could tell. */
#include "openapi.h"

#include <assert.h>
#include <string.h>

/* What a tag is about. */
const struct openapi_tag openapi_tags[] = {
    { "service", "Whether it lives and can work, what it counted, and this contract" },
    { "leads", "People or businesses that may buy, what they did, and their way to a close" },
    { "activities", "What happened with leads, one by one or in batches" },
    { "pipelines", "Stages in order, and the board" },
    { "stage-events", "Entries into stages and changes of status, of all leads" },
    { "metrics", "Figures that equal a recount of the log" },
    { "campaigns", "Marketing efforts, and the leads in them" },
    { "forms", "Public doors for leads" },
    { "submissions", "The journal of form posts, as they came" },
    { "rule-sets", "Published rules of scores and of stages" },
    { "erasures", "Who had which lead erased" },
    { "fields", "Custom fields: what an installation keeps of its leads beyond our members" },
    { "users", "Owners of leads" },
    { "teams", "Who leads without an owner are offered to" },
    { "keys", "Who may do what" },
    { "me", "Who asks" },
    { "import", "Many records of another system at once; told again, nothing changes" },
    { "jobs", "Long work that goes on behind its answer" },
    { NULL, NULL },
};

/* Each path once, with all its methods. */
static void write_paths(struct openapi *writing)
{
    const struct route *routes = writing->service->routes;
    size_t count = writing->service->route_count;
    json_open(writing->json, "paths", '{');
    for (size_t i = 0; i < count; i++) {
        bool first = true;
        for (size_t j = 0; j < i; j++)
            first &= strcmp(routes[i].http.path, routes[j].http.path) != 0;
        if (!first)
            continue;
        json_open(writing->json, routes[i].http.path, '{');
        for (size_t j = i; j < count; j++)
            if (strcmp(routes[i].http.path, routes[j].http.path) == 0)
                openapi_operation(writing, &routes[j]);
        json_close(writing->json, '}');
    }
    json_close(writing->json, '}');
}

static void write_info(struct json *json)
{
    json_text(json, "openapi", "3.1.1");
    json_open(json, "info", '{');
    json_text(json, "title", "funneld");
    json_text(json, "version", FUNNELD_VERSION);
    json_text(json, "summary",
              "A CRM pipeline service: leads, activities, scores, stages, funnels");
    json_text(json, "description",
              "Bodies are strict JSON in UTF-8: no member twice, no NUL, at most 32 deep, numbers "
              "of 64 bits; else 400. "
              "A member or parameter that is not told of here is refused with 422.");
    json_open(json, "license", '{');
    json_text(json, "name", "Apache 2.0");
    json_text(json, "identifier", "Apache-2.0");
    json_close(json, '}');
    json_close(json, '}');
    json_raw(json, "servers", "[{\"url\":\"/\"}]");
    json_raw(json, "security", "[{\"key\":[]}]");
}

static void write_tags(struct json *json)
{
    json_open(json, "tags", '[');
    for (const struct openapi_tag *tag = openapi_tags; tag->name; tag++) {
        json_open(json, NULL, '{');
        json_text(json, "name", tag->name);
        json_text(json, "description", tag->description);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_components(struct openapi *writing)
{
    struct json *json = writing->json;
    json_open(json, "components", '{');
    json_raw(json, "securitySchemes",
             "{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"funneld key "
             "create makes one\"}}");
    openapi_shared(writing);
    openapi_remember(writing, &preview_result_table, false); /* what jobs.result holds */
    openapi_remember(writing, &reclassification_result_table, false);
    openapi_schemas(writing);
    json_close(json, '}');
}

static bool has_tag(const struct route *route)
{
    char name[OPENAPI_TAG_BYTES];
    const char *wanted = openapi_tag(route, name);
    for (const struct openapi_tag *tag = openapi_tags; tag->name; tag++)
        if (strcmp(tag->name, wanted) == 0)
            return true;
    return false;
}

void openapi_write(const struct service *service, struct buffer *buffer)
{
    struct json json = { .out = buffer };
    struct openapi writing = { .service = service, .json = &json };
    for (size_t i = 0; i < service->route_count; i++)
        assert(has_tag(&service->routes[i]));
    json_open(&json, NULL, '{');
    write_info(&json);
    write_tags(&json);
    write_paths(&writing);
    write_components(&writing);
    json_close(&json, '}');
}
