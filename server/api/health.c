/* health.c: routes that watch the service: alive, ready, metrics, and its contract. */
#include "route.h"

static enum err run_nothing(struct call *call)
{
    (void)call;
    return OK;
}

static void reply_alive(struct call *call)
{
    reply_body(call->request, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

struct checks {
    const char *writer, *accepting;
};

static const struct field checks_fields[] = {
    FIELD(struct checks, writer, TEXT, .flags = FIELD_NOT_NULL, .note = "data can be written"),
    FIELD(struct checks, accepting, TEXT, .flags = FIELD_NOT_NULL, .note = "it is not stopping"),
};
static const struct table checks_table = TABLE(struct checks, "readiness_checks", checks_fields);

struct readiness {
    const char *status;
    struct checks checks;
};

static const struct field readiness_fields[] = {
    FIELD(struct readiness, status, TEXT, .flags = FIELD_NOT_NULL, .note = "pass or fail"),
    FIELD_EMBED(struct readiness, checks, &checks_table, .note = "pass or fail, each"),
};
static const struct table readiness_table = TABLE(struct readiness, "readiness", readiness_fields);

static enum err run_ready(struct call *call)
{
    static const char *const words[] = { "fail", "pass" };
    struct readiness *readiness = call_result(call, sizeof *readiness);
    if (!readiness)
        return ERR_MEMORY;
    struct service_health health = service_health(call->service);
    bool ready = !health.draining && health.writer_healthy;
    *readiness = (struct readiness){ words[ready],
                                     { words[health.writer_healthy], words[!health.draining] } };
    call->status = ready ? 200 : 503;
    return OK;
}

static void reply_metrics(struct call *call)
{
    struct buffer buffer = { .arena = call->ctx->arena };
    service_metrics(call->service, &buffer);
    reply_buffer(call->request, 200, "text/plain; version=0.0.4; charset=utf-8", &buffer);
}

static void reply_openapi(struct call *call)
{
    struct bytes text = service_openapi(call->service);
    reply_body(call->request, 200, "application/json", (const char *)text.data, text.length);
}

static const struct reply_kind plain_text[] = { { 200, "text/plain" }, { 0 } };
static const struct reply_kind not_ready[] = { { 503, "application/json" }, { 0 } };
static const struct reply_kind contract[] = { { 200, "application/json" }, { 0 } };

static const struct route rows[] = {
    { { HTTP_GET, "/healthz" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_nothing,
      .reply = reply_alive,
      .replies = plain_text,
      .status = 200,
      .operation = "getHealth",
      .summary = "The process is alive" },
    { { HTTP_GET, "/readyz" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_ready,
      .result = &readiness_table,
      .replies = not_ready,
      .status = 200,
      .operation = "getReadiness",
      .summary = "It can take work" },
    { { HTTP_GET, "/metrics" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_nothing,
      .reply = reply_metrics,
      .replies = plain_text,
      .status = 200,
      .operation = "getMetrics",
      .summary = "Counters, for Prometheus" },
    { { HTTP_GET, "/openapi.json" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_nothing,
      .reply = reply_openapi,
      .replies = contract,
      .status = 200,
      .operation = "getContract",
      .summary = "This contract" },
};
const struct routes health_routes = { rows, ARRAY_SIZE(rows) };
