/* service.c: the parts of the daemon, started one on the other and stopped in reverse. */
#include "admin_key.h"
#include "dispatch.h"

#include <funneld/api.h>
#include <funneld/store.h>

#include <string.h>

enum { STOP_TIMEOUT_MS = 4500 };

char *service_socket_path(struct arena *arena, const struct config *config)
{
    return arena_printf(arena, "%s.sock", config->database);
}

static enum err prepare(struct ctx *ctx, struct db *db, const struct config *config)
{
    const char *key, *path;
    enum err err = db_begin_write(ctx, db);
    if (err)
        return err;
    err = installation_prepare(ctx, db, config, &key);
    if (!err && key)
        err = admin_key_write(ctx, config, key);
    if (!err)
        err = db_commit(ctx, db);
    if (err) {
        db_rollback(db);
        return err;
    }
    err = admin_key_publish(ctx, config, key != NULL, &path);
    if (!err && path)
        log_line(LOG_INFO, "start", "new data file %s; its admin key is in %s", config->database,
                 path);
    return err;
}

static enum err start_parts(struct ctx *ctx, const struct config *config, struct service *service)
{
    service->socket_path = service_socket_path(&service->arena, config);
    if (!service->socket_path)
        return fail(ctx, ERR_MEMORY, NULL, "no memory at start");
    enum err err = store_open(ctx, config->database, &service->store);
    if (!err)
        err = prepare(ctx, store_writer(service->store), config);
    if (!err)
        err = installation_secret(ctx, store_writer(service->store), &service->secret);
    if (!err)
        err = routes_gather(ctx, service);
    if (!err)
        err = limits_start(ctx, config, &service->arena, &service->limits);
    if (!err)
        err = origins_read(ctx, config->cors_origins, &service->arena, &service->origins);
    if (!err)
        err = writer_start(ctx, service->store, (size_t)config->queue_max, &service->writer);
    if (!err)
        err = reading_start(ctx, service, config);
    if (!err)
        err = upkeep_start(ctx, config, service->writer, &service->upkeep);
    if (!err)
        err = visitor_start(ctx, service->writer, &service->visitor);
    if (!err)
        err = jobs_run_start(ctx, service->writer, service->reading.long_work, &service->jobs);
    struct http_app app = dispatch_app;
    app.self = service;
    return err ? err : http_start(ctx, config, service->socket_path, &app, &service->http);
}

enum err service_start(struct ctx *ctx, const struct config *config, struct service **ret)
{
    struct arena arena = { 0 };
    struct service *service = arena_alloc(&arena, sizeof *service);
    if (!service)
        return fail(ctx, ERR_MEMORY, NULL, "no memory at start");
    service->arena = arena; /* which holds the service itself */
    service->started_at = clock_now_ms();
    enum err err = start_parts(ctx, config, service);
    if (err) {
        service_stop(service);
        return err;
    }
    metric_set(METRIC_START_TIME, service->started_at / 1000);
    *ret = service;
    return OK;
}

const char *service_address(const struct service *service)
{
    return http_address(service->http);
}

bool service_failed(const struct service *service)
{
    return writer_failed(service->writer);
}

bool service_writable(const struct service *service)
{
    return writer_healthy(service->writer);
}

bool service_pulse(struct service *service)
{
    bool http = http_pulse(service->http), reading = reading_pulse(service);
    return writer_pulse(service->writer) && http && reading;
}

/* HTTP first: it waits for answers that only the writer and the scanners can give, who for that
 * must know when to be done. */
void service_stop(struct service *service)
{
    atomic_store(&service->draining, true);
    reading_drain(service);
    if (service->http)
        http_stop(service->http, STOP_TIMEOUT_MS);
    reading_stop(service);
    if (service->writer)
        writer_stop(service->writer);
    visitor_free(&service->visitor);
    reading_free(service);
    upkeep_free(&service->upkeep);
    jobs_run_free(&service->jobs);
    if (service->store)
        store_close(service->store);
    limits_stop(&service->limits);
    struct arena arena = service->arena;
    arena_free(&arena);
}

const struct limits *service_limits(const struct service *service)
{
    return &service->limits;
}

const struct texts *service_origins(const struct service *service)
{
    return &service->origins;
}

struct service_health service_health(const struct service *service)
{
    return (struct service_health){ .draining = atomic_load(&service->draining),
                                    .writer_healthy = writer_healthy(service->writer) };
}

int64_t service_changes(const struct service *service, enum change change)
{
    return store_changes(service->store, change);
}

int64_t service_started_at(const struct service *service)
{
    return service->started_at;
}

struct bytes service_openapi(const struct service *service)
{
    return service->openapi;
}

struct bytes service_docs(const struct service *service)
{
    return service->docs;
}

/* The labels of a route, both empty for the requests without one. */
static const char *route_labels(const struct service *service, struct arena *arena, size_t index)
{
    const struct route *route = index < service->route_count ? &service->routes[index] : NULL;
    const char *method = route ? http_method_names[__builtin_ctz(route->http.method)] : "";
    return arena_printf(arena, "method=\"%s\",route=\"%s\"", method, route ? route->http.path : "");
}

static void route_answers(struct buffer *buffer, const char *name, const char *labels,
                          const struct route_stats *stats)
{
    static const char *const classes[] = { "0xx", "1xx", "2xx", "3xx", "4xx", "5xx" };
    for (size_t class = 0; class < ARRAY_SIZE(classes); class ++) {
        int64_t count = atomic_load(&stats->answers[class]);
        if (count > 0)
            buffer_printf(buffer, "%s{%s,status=\"%s\"} %lld\n", name, labels, classes[class],
                          (long long)count);
    }
}

/* What was never asked for has no lines. */
static void route_metrics(const struct service *service, struct buffer *buffer)
{
    static const char requests[] = "funneld_route_requests_total";
    static const char times[] = "funneld_route_duration_seconds";
    const char *labels;
    metric_family(buffer, requests, "counter", "Requests answered, by route and class of status.");
    for (size_t i = 0; i <= service->route_count; i++)
        if ((labels = route_labels(service, buffer->arena, i)))
            route_answers(buffer, requests, labels, &service->stats[i]);
    metric_family(buffer, times, "histogram",
                  "Time from the request line to the last byte of the answer.");
    for (size_t i = 0; i <= service->route_count; i++)
        if (atomic_load(&service->stats[i].times.sum) > 0 &&
            (labels = route_labels(service, buffer->arena, i)))
            histogram_render(buffer, times, labels, BOUNDS_TIME, &service->stats[i].times);
}

void service_metrics(const struct service *service, struct buffer *buffer)
{
    writer_measure(service->writer);
    metrics_render(buffer);
    route_metrics(service, buffer);
    buffer_text(buffer, "# EOF\n"); /* a comment here, and the end in the newer format */
}
