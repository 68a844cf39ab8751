/* routes.c: every route there is, and what is made of them all at start: the router, the counts,
 * the contract. It must not know what any of them does. */
#include "dispatch.h"

#include <assert.h>
#include <string.h>

static const struct routes *const all_routes[] = {
    &health_routes,      &lead_routes,     &lead_list_routes, &stage_routes,    &activity_routes,
    &rule_set_routes,    &campaign_routes, &user_routes,      &team_routes,     &form_routes,
    &metric_routes,      &key_routes,      &import_routes,    &job_routes,      &docs_routes,
    &erasure_routes,     &field_routes,    &ledger_routes,    &pipeline_routes, &handoff_routes,
    &stage_event_routes,
};

enum err routes_gather(struct ctx *ctx, struct service *service)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(all_routes); i++)
        count += all_routes[i]->count;
    struct route *routes = arena_alloc(&service->arena, count * sizeof *routes);
    service->stats = arena_alloc(&service->arena, (count + 1) * sizeof *service->stats);
    if (!routes || !service->stats)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the routes");
    for (size_t i = 0; i < ARRAY_SIZE(all_routes); i++) {
        memcpy(routes + service->route_count, all_routes[i]->rows,
               all_routes[i]->count * sizeof *routes);
        service->route_count += all_routes[i]->count;
    }
    for (size_t i = 0; i < count; i++)
        assert(orders_are_sound(&routes[i]));
    service->routes = routes;
    service->router = router_new(&service->arena, routes, count, sizeof *routes);
    struct buffer openapi = { .arena = &service->arena };
    openapi_write(service, &openapi);
    service->openapi = (struct bytes){ (const uint8_t *)openapi.data, openapi.length };
    struct buffer docs = { .arena = &service->arena };
    docs_write(service, &docs);
    service->docs = (struct bytes){ (const uint8_t *)docs.data, docs.length };
    return service->router && !openapi.failed && !docs.failed
               ? OK
               : fail(ctx, ERR_MEMORY, NULL, "no memory for the routes");
}
