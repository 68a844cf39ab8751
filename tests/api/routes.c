/* routes.c: the table of routes.h. Told again here on purpose: a route whose scope changes must
 * change in two places. */
#include "routes.h"

#include <stdio.h>
#include <string.h>

const struct known_route known_routes[] = {
    { "GET", "/healthz", "", NULL },
    { "GET", "/readyz", "", NULL },
    { "GET", "/metrics", "", NULL },
    { "GET", "/openapi.json", "", NULL },
    { "GET", "/docs", "", NULL },
    { "GET", "/docs/{file}", "", NULL },
    { "POST", "/v1/leads", "write ingest", "{'first_name':'Ann'}" },
    { "GET", "/v1/leads", "read", NULL },
    { "POST", "/v1/leads/search", "read", "{}" },
    { "GET", "/v1/leads/{id}", "read", NULL },
    { "PATCH", "/v1/leads/{id}", "write", "{'city':'Bern'}" },
    { "DELETE", "/v1/leads/{id}", "write", NULL },
    { "GET", "/v1/leads/{id}/changes", "read", NULL },
    { "GET", "/v1/erasures", "admin", NULL },
    { "POST", "/v1/leads/{id}/move", "write", "{'stage':'sql'}" },
    { "POST", "/v1/leads/{id}/win", "write", "{}" },
    { "POST", "/v1/leads/{id}/lose", "write", "{'reason':'price'}" },
    { "POST", "/v1/leads/{id}/disqualify", "write", "{'reason':'student'}" },
    { "POST", "/v1/leads/{id}/reopen", "write", "{}" },
    { "GET", "/v1/leads/{id}/stages", "read", NULL },
    { "GET", "/v1/stage-events", "read", NULL },
    { "GET", "/v1/pipelines", "read", NULL },
    { "GET", "/v1/pipelines/{key}", "read", NULL },
    { "GET", "/v1/pipelines/{key}/board", "read", NULL },
    { "POST", "/v1/leads/{id}/activities", "write ingest", "{'type':'page_view'}" },
    { "GET", "/v1/leads/{id}/activities", "read", NULL },
    { "POST", "/v1/activities", "write ingest", "{'activities':[{'type':'call'}]}" },
    { "POST", "/v1/activities/reclassify", "write", "{}" },
    { "GET", "/v1/activities/{id}", "read", NULL },
    { "PATCH", "/v1/activities/{id}", "write", "{'type':'meeting'}" },
    { "DELETE", "/v1/activities/{id}", "write", NULL },
    { "GET", "/v1/rule-sets", "read", NULL },
    { "POST", "/v1/rule-sets", "write",
      "{'name':'Spring','groups':[{'key':'fit','min_milli':0,'max_milli':9}],'rules':[]}" },
    { "GET", "/v1/rule-sets/{id}", "read", NULL },
    { "PUT", "/v1/rule-sets/{id}", "write",
      "{'name':'Spring','groups':[{'key':'fit','min_milli':0,'max_milli':9}],'rules':[]}" },
    { "DELETE", "/v1/rule-sets/{id}", "write", NULL },
    { "POST", "/v1/rule-sets/{id}/validate", "read write", NULL },
    { "POST", "/v1/rule-sets/{id}/preview", "write", NULL },
    { "POST", "/v1/rule-sets/{id}/publish", "write", NULL },
    { "GET", "/v1/jobs", "read", NULL },
    { "GET", "/v1/jobs/{id}", "read", NULL },
    { "GET", "/v1/jobs/{id}/crossings", "read", NULL },
    { "POST", "/v1/jobs/{id}/cancel", "write", NULL },
    { "GET", "/v1/leads/{id}/score", "read", NULL },
    { "GET", "/v1/leads/{id}/score/evidence", "read", NULL },
    { "POST", "/v1/campaigns", "write", "{'name':'Spring'}" },
    { "GET", "/v1/campaigns", "read", NULL },
    { "GET", "/v1/campaigns/{id}", "read", NULL },
    { "GET", "/v1/campaigns/{id}/members", "read", NULL },
    { "POST", "/v1/campaigns/{id}/members", "write", "{'lead_ids':['x']}" },
    { "POST", "/v1/users", "admin", "{'email':'bob@example.com','name':'Bob'}" },
    { "GET", "/v1/users", "read", NULL },
    { "GET", "/v1/users/{id}", "read", NULL },
    { "POST", "/v1/forms", "admin", "{'name':'Contact'}" },
    { "GET", "/v1/forms", "read", NULL },
    { "GET", "/v1/forms/{id}", "read", NULL },
    { "GET", "/v1/submissions/{id}", "read", NULL },
    { "GET", "/v1/submissions", "read", NULL },
    { "POST", "/f/{form_key}", "", NULL },
    { "OPTIONS", "/f/{form_key}", "", NULL },
    { "GET", "/v1/metrics/funnel", "read", NULL },
    { "GET", "/v1/metrics/attributes", "read", NULL },
    { "POST", "/v1/keys", "admin", "{'name':'site','scopes':['ingest']}" },
    { "GET", "/v1/keys", "admin", NULL },
    { "GET", "/v1/me", "read write ingest", NULL },
    { "GET", "/v1/keys/{id}", "admin", NULL },
    { "DELETE", "/v1/keys/{id}", "admin", NULL },
    { "POST", "/v1/fields", "admin", "{'key':'k','name':'K','type':'text'}" },
    { "GET", "/v1/fields", "read", NULL },
    { "GET", "/v1/fields/{key}", "read", NULL },
    { "PATCH", "/v1/fields/{key}", "admin", "{'name':'K'}" },
    { "POST", "/v1/pipelines", "admin",
      "{'key':'p','name':'P','stages':[{'key':'a','name':'A'}]}" },
    { "POST", "/v1/leads/{id}/accept", "write", "{}" },
    { "POST", "/v1/leads/{id}/reject", "write", "{'kind':'spam'}" },
    { "POST", "/v1/leads/{id}/recycle", "write", "{'reason':'later'}" },
    { "GET", "/v1/leads/{id}/handoffs", "read", NULL },
    { "POST", "/v1/teams", "admin", "{'name':'T'}" },
    { "GET", "/v1/teams", "read", NULL },
    { "GET", "/v1/teams/{id}", "read", NULL },
    { "PATCH", "/v1/teams/{id}", "admin", "{'name':'T'}" },
    { "PATCH", "/v1/users/{id}", "admin", "{'name':'B'}" },
    { "PATCH", "/v1/pipelines/{key}", "admin", "{'name':'P'}" },
    { "POST", "/v1/pipelines/{key}/archive", "admin", NULL },
    { "POST", "/v1/pipelines/{key}/restore", "admin", NULL },
    { "PUT", "/v1/pipelines/{key}/order", "admin",
      "{'stages':['mql','target','sql','demo','proposal','close']}" },
    { "POST", "/v1/pipelines/{key}/stages", "admin", "{'key':'s','name':'S'}" },
    { "PATCH", "/v1/pipelines/{key}/stages/{stage}", "admin", "{'name':'S'}" },
    { "POST", "/v1/pipelines/{key}/stages/{stage}/archive", "admin", NULL },
    { "POST", "/v1/pipelines/{key}/stages/{stage}/restore", "admin", NULL },
    { "POST", "/v1/import/leads", "admin", "{'items':[{'email':'c@example.com'}]}" },
    { "POST", "/v1/import/stage-events", "admin", "{'items':[{'to':'won'}]}" },
};
const size_t known_route_count = ARRAY_SIZE(known_routes);

void seeds_make(struct seeds *ret)
{
    *ret = (struct seeds){ 0 };
    ret->lead = service_create("/v1/leads", "{'email':'seed@example.com'}");
    char path[100];
    snprintf(path, sizeof path, "/v1/leads/%s/activities", ret->lead);
    ret->activity = service_create(path, "{'type':'page_view'}");
    ret->campaign = service_create("/v1/campaigns", "{'name':'Seed'}");
    ret->user = service_create("/v1/users", "{'email':'seed@example.com','name':'Seed'}");
    ret->team = service_create("/v1/teams", "{'name':'Seed'}");
    ret->form = service_create("/v1/forms", "{'name':'Seed','key':'seed-form'}");
    ret->key = service_create("/v1/keys", "{'name':'seed','scopes':['read']}");
    ret->form_key = "seed-form";
    expect_status(post(fixture.client, "/v1/fields", "{'key':'seed','name':'S','type':'text'}"),
                  201);
    expect_status(post(fixture.client, "/f/seed-form", "{'company':'Seed'}"), 200);
    ret->rule_set = service_create("/v1/rule-sets",
                                   "{'name':'Seed','groups':[{'key':'fit','min_milli':0,"
                                   "'max_milli':40000}],'rules':[{'key':'page_view','name':'Page',"
                                   "'score_group':'fit','points_milli':1000}]}");
    const struct answer *published = ask(fixture.client, .method = "POST",
                                         .path = textf("/v1/rule-sets/%s/publish", ret->rule_set));
    ret->job = textf("%s", answer_text(published, "id"));
    const struct answer *journal = get(fixture.client, "/v1/submissions");
    ret->submission = textf("%s", answer_text(journal, "data.0.id"));
}

static const char *seed_of(const char *path, const struct seeds *seeds)
{
    const struct {
        const char *beginning, *id;
    } resources[] = {
        { "/v1/leads/", seeds->lead },
        { "/v1/activities/", seeds->activity },
        { "/v1/campaigns/", seeds->campaign },
        { "/v1/users/", seeds->user },
        { "/v1/teams/", seeds->team },
        { "/v1/forms/", seeds->form },
        { "/v1/keys/", seeds->key },
        { "/v1/submissions/", seeds->submission },
        { "/v1/rule-sets/", seeds->rule_set },
        { "/v1/jobs/", seeds->job },
        { "/v1/pipelines/", "default" },
        { "/v1/fields/", "seed" },
        { "/f/", seeds->form_key },
        { "/docs/", "none.js" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
        if (strncmp(path, resources[i].beginning, strlen(resources[i].beginning)) == 0)
            return resources[i].id;
    ck_abort_msg("no seed for %s", path);
}

/* What cannot be left out. */
static const char *query_of(const char *path)
{
    if (strstr(path, "/evidence"))
        return "?rule=page_view";
    return strstr(path, "/crossings") ? "?criterion=mql&direction=up" : "";
}

const char *route_path(const struct known_route *route, const struct seeds *seeds, const char *id)
{
    const char *open = strchr(route->path, '{');
    if (!open)
        return route->path;
    const char *end = strchr(open, '}') + 1, *second = strchr(end, '{');
    int between = second ? (int)(second - end) : (int)strlen(end);
    return textf("%.*s%s%.*s%s%s%s", (int)(open - route->path), route->path,
                 id ? id : seed_of(route->path, seeds), between, end, second ? "demo" : "",
                 second ? strchr(second, '}') + 1 : "", query_of(route->path));
}

static const char *route_body(const struct known_route *route)
{
    if (!route->body)
        return NULL;
    char *body = arena_text(&fixture.arena, route->body, strlen(route->body));
    for (char *c = body; *c; c++)
        if (*c == '\'')
            *c = '"';
    return body;
}

struct ask route_ask(const struct known_route *route, const struct seeds *seeds)
{
    return (struct ask){ .method = route->method,
                         .path = route_path(route, seeds, NULL),
                         .body = route_body(route) };
}
