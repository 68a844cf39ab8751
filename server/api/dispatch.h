/* dispatch.h: the app that server/http asks. Private to server/api. */
#ifndef FUNNELD_API_DISPATCH_H
#define FUNNELD_API_DISPATCH_H

#include "jobs_run.h"
#include "route.h"
#include "upkeep.h"
#include "visitor.h"

#include <funneld/config.h>

#include <stdatomic.h>

struct route_stats {
    atomic_int_least64_t answers[6]; /* by the first digit of the status */
    struct histogram times;
};

enum { SLOW_KINDS = 1024 };

struct reading {
    struct scanner *scans, *long_work;
    int64_t budget_us;                         /* of a read on an HTTP thread */
    int64_t deadline_us;                       /* of a scan */
    _Atomic int64_t slow_until_us[SLOW_KINDS]; /* reads of this kind are scans until then */
};

struct service {
    struct arena arena; /* of the process */
    struct store *store;
    struct writer *writer;
    struct reading reading;
    struct upkeep upkeep;
    struct visitor visitor;
    struct jobs_run jobs;
    struct http_server *http;
    const struct route *routes;
    size_t route_count;
    struct router *router;
    struct route_stats *stats; /* one per route, the last for requests without one */
    const char *socket_path;
    struct limits limits;
    struct texts origins;
    struct bytes openapi, docs;
    struct secret secret; /* of the installation */
    int64_t started_at;
    struct call *at_work; /* only the writer's thread: calls with an Idempotency-Key */
    atomic_bool draining;
};

extern const struct http_app dispatch_app; /* its self is to be set to the service */

/* The template of its route, which names no person; "-" without one. */
const char *call_path(const struct call *call);

/* Gathers the routes of every resource, compiles the router and writes the contract. */
enum err routes_gather(struct ctx *ctx, struct service *service) _must_check_;

/* ---- replies.c ---- */

/* The result of the call, by its route's row. */
void reply_result(struct call *call);
/* The problem; whatever the reply was to be before. */
void reply_failure(struct http_request *request, enum err err);
/* What is told whatever the answer is: limits, and which pages may read it. */
void reply_besides(struct call *call);
/* Turns a 200 whose ETag the client has named into a 304. */
void reply_unchanged(const struct call *call);

/* ---- reading.c ---- */

enum err reading_start(struct ctx *ctx, struct service *service, const struct config *config)
    _must_check_;
/* As scanner_pulse(), of both. */
bool reading_pulse(struct service *service);
/* No scan is taken any more, and those there are end in time for their answers. Does not wait. */
void reading_drain(struct service *service);
void reading_stop(struct service *service);
/* Once the writer has stopped, which submits to the thread for long work. */
void reading_free(struct service *service);

/* On the HTTP thread: runs the route's prepare(). */
enum err reading_prepare(struct call *call) _must_check_;
/* On the HTTP thread: whether the call must not be tried there. */
bool reading_is_for_scanner(const struct call *call);
/* On the HTTP thread, for ACCESS_READ. ERR_DEADLINE: it exceeds the budget; the call is as it was
 * before, and to be submitted. */
enum err reading_try(struct call *call) _must_check_;
/* Once the request is suspended; it is resumed in any case, with call->outcome. */
void reading_submit(struct call *call);

#endif
