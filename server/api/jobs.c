/* jobs.c: routes of jobs: what long work is doing, and an end to it. */
#include "route.h"

static enum err answer_job(struct call *call, struct job *job, enum err err)
{
    return err ? err : job_show(call->ctx, job);
}

static enum err run_read(struct call *call)
{
    struct job *job = call_result(call, sizeof *job);
    return job ? answer_job(call, job, job_load(call->ctx, call->db, &call->id, job)) : ERR_MEMORY;
}

static enum err run_cancel(struct call *call)
{
    struct job *job = call_result(call, sizeof *job);
    return job ? answer_job(call, job, job_cancel(call->ctx, call->db, &call->id, job))
               : ERR_MEMORY;
}

struct jobs_query {
    struct input input;
    int kind, state;
};

static const struct field jobs_query_fields[] = {
    FIELD_NAMED(struct jobs_query, kind, job_kind_names),
    FIELD_NAMED(struct jobs_query, state, job_state_names),
};
static const struct table jobs_query_table =
    TABLE(struct jobs_query, "jobs_query", jobs_query_fields);

static enum err run_list(struct call *call)
{
    const struct jobs_query *query = call->query;
    struct job_filter filter = { query->kind, query->state, list_range(call) };
    struct rows rows;
    enum err err = job_list(call->ctx, call->db, &filter, &rows);
    if (!err && call->list.count)
        err = job_count(call->ctx, call->db, &filter, &call->list.total);
    struct job *jobs = err ? NULL : rows.items;
    for (size_t i = 0; !err && i < rows.count; i++)
        err = job_show(call->ctx, &jobs[i]);
    return err ? err : page_cut(call, &rows);
}

/* ---- What a preview found ---- */

struct crossings_query {
    struct input input;
    int criterion, direction;
};

static const struct field crossings_query_fields[] = {
    FIELD_NAMED(struct crossings_query, criterion, stage_kind_names, .flags = FIELD_REQUIRED,
                .note = "kind of the stage"),
    FIELD_NAMED(struct crossings_query, direction, crossing_direction_names,
                .flags = FIELD_REQUIRED, .note = "up: leads that come to meet it"),
};
static const struct table crossings_query_table =
    TABLE(struct crossings_query, "crossings_query", crossings_query_fields);

static const struct order crossing_orders[] = {
    { .name = "lead_id", .member = "lead_id" },
    { 0 },
};

static enum err run_crossings(struct call *call)
{
    const struct crossings_query *query = call->query;
    struct crossing_filter filter = { call->id, (enum stage_kind)query->criterion,
                                      (enum crossing_direction)query->direction, list_range(call) };
    struct job job;
    struct rows rows;
    enum err err = job_load(call->ctx, call->db, &call->id, &job);
    if (!err)
        err = crossing_list(call->ctx, call->db, &filter, &rows);
    if (!err && call->list.count)
        err = crossing_count(call->ctx, call->db, &filter, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

static const struct order orders[] = {
    { .name = "id", .member = "id", .descending = true },
    { 0 },
};

static const struct route rows[] = {
    { { HTTP_GET, "/v1/jobs" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &jobs_query_table,
      .orders = orders,
      .run = run_list,
      .result = &job_table,
      .status = 200,
      .operation = "listJobs",
      .summary = "Long work, the newest first" },
    { { HTTP_GET, "/v1/jobs/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &job_table,
      .status = 200,
      .operation = "getJob",
      .summary = "How far a job is, and what came of it" },
    { { HTTP_GET, "/v1/jobs/{id}/crossings" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &crossings_query_table,
      .orders = crossing_orders,
      .run = run_crossings,
      .result = &crossing_table,
      .status = 200,
      .operation = "listCrossings",
      .summary = "Leads that a preview has found to cross a threshold" },
    { { HTTP_POST, "/v1/jobs/{id}/cancel" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .run = run_cancel,
      .result = &job_table,
      .status = 200,
      .operation = "cancelJob",
      .summary = "End a job: what it did so far stays" },
};
const struct routes job_routes = { rows, ARRAY_SIZE(rows) };
