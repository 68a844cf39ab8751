/* dispatch.h: the app that server/http asks. Private to server/api. */
#ifndef FUNNELD_API_DISPATCH_H
#define FUNNELD_API_DISPATCH_H

#include "route.h"

#include <stdatomic.h>

struct route_stats {
    atomic_int_least64_t answers[6]; /* by the first digit of the status */
    atomic_int_least64_t micros;
};

struct service {
    struct arena arena; /* of the process */
    struct store *store;
    struct writer *writer;
    struct http_server *http;
    const struct route *routes;
    size_t route_count;
    struct router *router;
    struct route_stats *stats; /* one per route, the last for requests without one */
    const char *socket_path;
    struct bytes openapi;
    int64_t started_at;
    struct call *at_work; /* only the writer's thread: calls with an Idempotency-Key */
    atomic_bool draining;
};

/* Gathers the routes of every resource and compiles the router. */
enum err dispatch_prepare(struct ctx *ctx, struct service *service) _must_check_;
extern const struct http_app dispatch_app; /* its self is to be set to the service */

#endif
