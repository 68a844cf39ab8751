/* pipelines.c: routes of pipelines and their stages. */
#include "route.h"

static enum err answer_job(struct call *call, struct job *job, enum err err)
{
    if (!err)
        err = job_show(call->ctx, job);
    if (!err)
        call_location(call, "jobs", &job->id);
    return err;
}

/* Their numbers are given out in the order of their making. */
static const struct order orders[] = {
    { .name = "created_at", .member = "pipeline_id" },
    { 0 },
};

static enum err run_list(struct call *call)
{
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    return err ? err : page_of_all(call, &catalog->pipelines);
}

static enum err run_read(struct call *call)
{
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (!err)
        call->result = (void *)catalog_pipeline(catalog, call->params[0]);
    return err ? err : call->result ? OK : ERR_NOT_FOUND;
}

static enum err run_create(struct call *call)
{
    struct pipeline *pipeline = call_result(call, sizeof *pipeline);
    enum err err =
        pipeline ? pipeline_create(call->ctx, call->db, call->body, pipeline) : ERR_MEMORY;
    const char *location =
        err ? NULL : arena_printf(call->ctx->arena, "/v1/pipelines/%s", pipeline->key);
    if (location)
        http_reply_header(call->request, "Location", location);
    return err;
}

static enum err run_edit(struct call *call)
{
    struct pipeline *pipeline = call_result(call, sizeof *pipeline);
    return pipeline ? pipeline_edit(call->ctx, call->db, call->params[0], call->body, pipeline)
                    : ERR_MEMORY;
}

static enum err archive(struct call *call, bool archived)
{
    struct pipeline *pipeline = call_result(call, sizeof *pipeline);
    return pipeline ? pipeline_archive(call->ctx, call->db, call->params[0], archived, pipeline)
                    : ERR_MEMORY;
}

static enum err run_archive(struct call *call)
{
    return archive(call, true);
}

static enum err run_restore(struct call *call)
{
    return archive(call, false);
}

/* ---- Stages ---- */

static enum err run_stage_create(struct call *call)
{
    struct job *job = call_result(call, sizeof *job);
    return job ? answer_job(call, job,
                            stage_create(call->ctx, call->db, call->params[0], call->body, job))
               : ERR_MEMORY;
}

static enum err run_stage_edit(struct call *call)
{
    struct pipeline *pipeline = call_result(call, sizeof *pipeline);
    return pipeline ? stage_edit(call->ctx, call->db, call->params[0], call->params[1], call->body,
                                 pipeline)
                    : ERR_MEMORY;
}

static enum err archive_stage(struct call *call, bool archived)
{
    struct job *job = call_result(call, sizeof *job);
    return job ? answer_job(call, job,
                            stage_archive(call->ctx, call->db, call->params[0], call->params[1],
                                          archived, job))
               : ERR_MEMORY;
}

static enum err run_stage_archive(struct call *call)
{
    return archive_stage(call, true);
}

static enum err run_stage_restore(struct call *call)
{
    return archive_stage(call, false);
}

struct order_input {
    struct input input;
    struct texts stages;
};

static const struct field order_fields[] = {
    FIELD(struct order_input, stages, TEXTS, .flags = FIELD_REQUIRED, .min = 1, .max = STAGES_MAX,
          .note = "keys of all stages in use"),
};
static const struct table order_table = TABLE(struct order_input, "stage_order", order_fields);

static enum err run_order(struct call *call)
{
    const struct order_input *input = call->body;
    struct job *job = call_result(call, sizeof *job);
    return job ? answer_job(
                     call, job,
                     pipeline_order(call->ctx, call->db, call->params[0], &input->stages, job))
               : ERR_MEMORY;
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/pipelines" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders,
      .run = run_list,
      .result = &pipeline_table,
      .status = 200,
      .operation = "listPipelines",
      .summary = "List pipelines with their stages" },
    { { HTTP_GET, "/v1/pipelines/{key}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &pipeline_table,
      .status = 200,
      .operation = "getPipeline",
      .summary = "Read a pipeline" },
    { { HTTP_POST, "/v1/pipelines" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &pipeline_create_table,
      .run = run_create,
      .result = &pipeline_table,
      .status = 201,
      .operation = "createPipeline",
      .summary = "Create a pipeline with its stages",
      .example = "{'key':'partners','name':'Partners','stages':[{'key':'new','name':'New',"
                 "'kind':'target'},{'key':'signed','name':'Signed','probability_bp':9000}]}" },
    { { HTTP_PATCH, "/v1/pipelines/{key}" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &pipeline_patch_table,
      .run = run_edit,
      .result = &pipeline_table,
      .status = 200,
      .operation = "updatePipeline",
      .summary = "Rename a pipeline, or make it the default",
      .example = "{'name':'New business'}" },
    { { HTTP_POST, "/v1/pipelines/{key}/archive" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .run = run_archive,
      .result = &pipeline_table,
      .status = 200,
      .operation = "archivePipeline",
      .summary = "Take a pipeline out of use" },
    { { HTTP_POST, "/v1/pipelines/{key}/restore" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .run = run_restore,
      .result = &pipeline_table,
      .status = 200,
      .operation = "restorePipeline",
      .summary = "Take an archived pipeline into use again" },
    { { HTTP_PUT, "/v1/pipelines/{key}/order" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BEGINS_JOB,
      .body = &order_table,
      .run = run_order,
      .result = &job_table,
      .status = 202,
      .operation = "orderStages",
      .summary = "Put the stages of a pipeline in another order",
      .example = "{'stages':['target','mql','demo','sql','proposal','close']}" },
    { { HTTP_POST, "/v1/pipelines/{key}/stages" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BEGINS_JOB,
      .body = &stage_create_table,
      .run = run_stage_create,
      .result = &job_table,
      .status = 202,
      .operation = "createStage",
      .summary = "Add a stage to a pipeline",
      .example = "{'key':'trial','name':'Trial','before':'proposal','probability_bp':5000}" },
    { { HTTP_PATCH, "/v1/pipelines/{key}/stages/{stage}" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &stage_patch_table,
      .run = run_stage_edit,
      .result = &pipeline_table,
      .status = 200,
      .operation = "updateStage",
      .summary = "Rename a stage, set its probability and what it asks for",
      .example = "{'required_fields':['amount_minor']}" },
    { { HTTP_POST, "/v1/pipelines/{key}/stages/{stage}/archive" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BEGINS_JOB,
      .run = run_stage_archive,
      .result = &job_table,
      .status = 202,
      .operation = "archiveStage",
      .summary = "Take a stage out of use" },
    { { HTTP_POST, "/v1/pipelines/{key}/stages/{stage}/restore" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BEGINS_JOB,
      .run = run_stage_restore,
      .result = &job_table,
      .status = 202,
      .operation = "restoreStage",
      .summary = "Take an archived stage into use again" },
};
const struct routes pipeline_routes = { rows, ARRAY_SIZE(rows) };
