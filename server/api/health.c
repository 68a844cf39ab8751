/* health.c: routes that watch the service: alive, ready, metrics, and the recount of everything
 * derived. */
#include "route.h"

static enum err run_nothing(struct call *call)
{
    (void)call;
    return OK;
}

static void reply_alive(struct call *call)
{
    call->request->reply.status = 200;
    call->request->reply.content_type = "text/plain; charset=utf-8";
    call->request->reply.body = "ok\n";
    call->request->reply.body_bytes = 3;
}

static void write_ready(struct call *call, struct json *json)
{
    struct service_health health = service_health(call->service);
    json_text(json, "status", health.draining || !health.writer_healthy ? "fail" : "pass");
    json_open(json, "checks", '{');
    json_text(json, "writer", health.writer_healthy ? "pass" : "fail");
    json_text(json, "accepting", health.draining ? "fail" : "pass");
    json_close(json, '}');
}

static enum err run_ready(struct call *call)
{
    struct service_health health = service_health(call->service);
    call->status = health.draining || !health.writer_healthy ? 503 : 200;
    return OK;
}

static void reply_metrics(struct call *call)
{
    struct buffer buffer = { .arena = call->ctx->arena };
    service_metrics(call->service, &buffer);
    call->request->reply.status = buffer.failed ? 503 : 200;
    call->request->reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    call->request->reply.body = buffer.data;
    call->request->reply.body_bytes = buffer.length;
}

static enum err run_check(struct call *call)
{
    struct check_report *report = call_result(call, sizeof *report);
    return report ? check_run(call->ctx, call->db, report) : ERR_MEMORY;
}

static void write_check(struct call *call, struct json *json)
{
    const struct check_report *report = call->result;
    json_int(json, "leads", report->leads);
    json_int(json, "cells", report->cells);
    json_int(json, "wrong_leads", report->wrong_leads);
    json_int(json, "wrong_cells", report->wrong_cells);
    json_open(json, "findings", '[');
    for (size_t i = 0; i < report->findings.count; i++)
        json_text(json, NULL, report->findings.items[i]);
    json_close(json, ']');
}

static const struct route rows[] = {
    { { HTTP_GET, "/healthz" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_nothing,
      .reply = reply_alive,
      .status = 200,
      .summary = "The process is alive" },
    { { HTTP_GET, "/readyz" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_ready,
      .write = write_ready,
      .status = 200,
      .summary = "It can take work" },
    { { HTTP_GET, "/metrics" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_nothing,
      .reply = reply_metrics,
      .status = 200,
      .summary = "Counters, for Prometheus" },
    { { HTTP_GET, "/v1/check" },
      ACCESS_READ,
      SCOPE_ADMIN,
      ROUTE_CONTROL | ROUTE_LONG,
      .run = run_check,
      .write = write_check,
      .status = 200,
      .summary = "Count everything derived again and compare" },
};
const struct routes health_routes = { rows, ARRAY_SIZE(rows) };
