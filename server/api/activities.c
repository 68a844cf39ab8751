/* activities.c: routes of activities: one, a batch, a timeline. */
#include "route.h"

/* ---- The answer: the activity, and what it changed ---- */

struct score_change {
    int64_t before, after;
};

static const struct field score_change_fields[] = {
    FIELD(struct score_change, before, INT, .flags = FIELD_NOT_NULL),
    FIELD(struct score_change, after, INT, .flags = FIELD_NOT_NULL),
};
static const struct table score_change_table =
    TABLE(struct score_change, "score_change", score_change_fields);

struct stage_change {
    const char *before, *after;
};

static const struct field stage_change_fields[] = {
    FIELD(struct stage_change, before, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
    FIELD(struct stage_change, after, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
};
static const struct table stage_change_table =
    TABLE(struct stage_change, "stage_change", stage_change_fields);

struct answer {
    struct activity activity;
    int64_t duplicate;
    struct score_change score;
    struct stage_change stage;
};

static const struct field answer_fields[] = {
    FIELD_EMBED(struct answer, activity, &activity_table, .flags = FIELD_INLINE),
    FIELD(struct answer, duplicate, BOOL, .flags = FIELD_NOT_NULL,
          .note = "it was told before; this is what was kept then"),
    FIELD_EMBED(struct answer, score, &score_change_table, .note = "of the lead"),
    FIELD_EMBED(struct answer, stage, &stage_change_table, .note = "of the lead"),
};
static const struct table answer_table = TABLE(struct answer, "recorded_activity", answer_fields);

/* To a key that may only bring in: nothing of the lead, nor of what others told of it. */
static const struct field received_fields[] = {
    FIELD_AS(struct answer, activity.id, ID, "id", .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct answer, duplicate, BOOL, .flags = FIELD_NOT_NULL, .note = "it was told before"),
};
static const struct table received_table =
    TABLE(struct answer, "received_activity", received_fields);

static void answer_fill(const struct activity_recorded *recorded, struct answer *ret)
{
    *ret = (struct answer){ .activity = recorded->activity,
                            .duplicate = recorded->duplicate,
                            .score = { recorded->score_before, recorded->score_after },
                            .stage = { recorded->stage_before, recorded->stage_after } };
}

/* ---- One ---- */

static enum err run_create(struct call *call)
{
    struct activity_recorded recorded;
    struct answer *answer = call_result(call, sizeof *answer);
    if (!answer)
        return ERR_MEMORY;
    enum err err = activity_record(call->ctx, call->db, &call->id, call->body, &recorded);
    if (err)
        return err;
    answer_fill(&recorded, answer);
    if (recorded.duplicate)
        call->status = call->route->repeat_status;
    call_location(call, "activities", &recorded.activity.id);
    return call_shows(call, &recorded.activity.lead_id); /* told before it may be another's */
}

/* The same of one that was recorded before. */
static const struct field changed_fields[] = {
    FIELD_EMBED(struct answer, activity, &activity_table, .flags = FIELD_INLINE),
    FIELD_EMBED(struct answer, score, &score_change_table, .note = "of the lead"),
    FIELD_EMBED(struct answer, stage, &stage_change_table, .note = "of the lead"),
};
static const struct table changed_table = TABLE(struct answer, "changed_activity", changed_fields);

static enum err run_edit(struct call *call)
{
    struct activity_recorded recorded;
    struct answer *answer = call_result(call, sizeof *answer);
    if (!answer)
        return ERR_MEMORY;
    enum err err = activity_edit(call->ctx, call->db, &call->id, call->body, &recorded);
    if (err)
        return err;
    answer_fill(&recorded, answer);
    return call_shows(call, &recorded.activity.lead_id);
}

static enum err run_remove(struct call *call)
{
    return activity_withdraw(call->ctx, call->db, &call->id);
}

static enum err run_read(struct call *call)
{
    struct activity *activity = call_result(call, sizeof *activity);
    struct lead lead;
    enum err err = activity ? activity_load(call->ctx, call->db, &call->id, activity) : ERR_MEMORY;
    return err ? err : lead_load_state(call->ctx, call->db, &activity->lead_id, &lead);
}

/* ---- A batch ---- */

enum { BATCH_MAX = 1000 };

struct batch_input {
    struct input input;
    struct rows activities;
};

static const struct field batch_fields[] = {
    FIELD(struct batch_input, activities, ROWS, .flags = FIELD_REQUIRED | FIELD_EACH,
          .of = &activity_item_table, .min = 1, .max = BATCH_MAX, .note = "each fails alone"),
};
static const struct table batch_table = TABLE(struct batch_input, "activity_batch", batch_fields);

/* What became of one item: the answer, or the problem. */
struct item_result {
    int64_t status;
    const struct answer *answer;
    const struct problem *problem;
};

static const struct field item_result_fields[] = {
    FIELD(struct item_result, status, INT, .flags = FIELD_NOT_NULL,
          .note = "as for this one alone"),
    FIELD_POINT(struct item_result, answer, &answer_table, .flags = FIELD_INLINE),
    FIELD_POINT(struct item_result, problem, &problem_table, .flags = FIELD_INLINE),
};
static const struct table item_result_table =
    TABLE(struct item_result, "activity_result", item_result_fields);

struct batch_result {
    struct rows results; /* struct item_result, in the order of the items */
    int64_t recorded, duplicate, failed;
};

static const struct field batch_result_fields[] = {
    FIELD(struct batch_result, results, ROWS, .of = &item_result_table,
          .note = "in the order of the items"),
    FIELD(struct batch_result, recorded, INT, .flags = FIELD_NOT_NULL, .note = "new ones"),
    FIELD(struct batch_result, duplicate, INT, .flags = FIELD_NOT_NULL, .note = "told before"),
    FIELD(struct batch_result, failed, INT, .flags = FIELD_NOT_NULL, .note = "refused"),
};
static const struct table batch_result_table =
    TABLE(struct batch_result, "activity_batch_result", batch_result_fields);

static const struct field received_result_fields[] = {
    FIELD(struct item_result, status, INT, .flags = FIELD_NOT_NULL,
          .note = "as for this one alone"),
    FIELD_POINT(struct item_result, answer, &received_table, .flags = FIELD_INLINE),
    FIELD_POINT(struct item_result, problem, &problem_table, .flags = FIELD_INLINE),
};
static const struct table received_result_table =
    TABLE(struct item_result, "received_activity_result", received_result_fields);

static const struct field received_batch_fields[] = {
    FIELD(struct batch_result, results, ROWS, .of = &received_result_table,
          .note = "in the order of the items"),
    FIELD(struct batch_result, recorded, INT, .flags = FIELD_NOT_NULL, .note = "new ones"),
    FIELD(struct batch_result, duplicate, INT, .flags = FIELD_NOT_NULL, .note = "told before"),
    FIELD(struct batch_result, failed, INT, .flags = FIELD_NOT_NULL, .note = "refused"),
};
static const struct table received_batch_table =
    TABLE(struct batch_result, "received_activity_batch_result", received_batch_fields);

static struct item_result *item_result(struct call *call, size_t index)
{
    return (struct item_result *)((struct batch_result *)call->result)->results.items + index;
}

static enum err find_lead(struct call *call, const struct activity_input *item, struct id *ret)
{
    if (!id_is_nil(&item->lead_id)) {
        *ret = item->lead_id;
        return OK;
    }
    if (!item->email && !item->lead_external_id)
        return fail_member(call->ctx, "lead_id", "required",
                           "name the lead by lead_id, email or lead_external_id");
    const char *source_system =
        item->lead_source_system ? item->lead_source_system : item->source_system;
    return lead_identify(call->ctx, call->db, item->email, source_system, item->lead_external_id,
                         ret);
}

static void item_failed(struct call *call, size_t index, enum err err,
                        const struct failure *failure)
{
    ((struct batch_result *)call->result)->failed++;
    *item_result(call, index) =
        (struct item_result){ .status = err_info(err)->status,
                              .problem = problem_of_item(call->ctx, err, failure) };
}

static enum err item_recorded(struct call *call, size_t index,
                              const struct activity_recorded *recorded)
{
    struct batch_result *batch = call->result;
    struct answer *answer = ctx_alloc(call->ctx, sizeof *answer);
    if (!answer)
        return ERR_MEMORY;
    answer_fill(recorded, answer);
    *item_result(call, index) =
        (struct item_result){ .status = recorded->duplicate ? 200 : 201, .answer = answer };
    batch->duplicate += recorded->duplicate;
    batch->recorded += !recorded->duplicate;
    return call_shows(call, &recorded->activity.lead_id);
}

static enum err record_item(struct call *call, size_t index)
{
    const struct batch_input *input = call->body;
    const struct activity_input *item =
        (const struct activity_input *)input->activities.items + index;
    if (item->input.failure) {
        item_failed(call, index, ERR_VALIDATION, item->input.failure);
        return OK;
    }
    struct id lead_id;
    struct activity_recorded recorded;
    enum err err = find_lead(call, item, &lead_id);
    if (!err)
        err = activity_record(call->ctx, call->db, &lead_id, item, &recorded);
    if (err == ERR_NOT_FOUND)
        return fail_member(call->ctx,
                           !id_is_nil(&item->lead_id) ? "lead_id"
                           : item->email              ? "email"
                                                      : "lead_external_id",
                           "unknown", "no such lead");
    return err ? err : item_recorded(call, index, &recorded);
}

static enum err run_batch(struct call *call)
{
    const struct batch_input *input = call->body;
    size_t count = input->activities.count;
    struct batch_result *batch = call->result ? call->result : call_result(call, sizeof *batch);
    if (!batch)
        return ERR_MEMORY;
    if (!batch->results.items)
        batch->results =
            (struct rows){ ctx_alloc(call->ctx, count * sizeof(struct item_result)), count };
    if (!batch->results.items)
        return ERR_MEMORY;
    return call_each(call, &(struct each){ "activities", false, count, record_item, item_failed });
}

/* ---- Many, said anew ---- */

static enum err run_reclassify(struct call *call)
{
    struct job *job = call_result(call, sizeof *job);
    enum err err = job ? activities_reclassify(call->ctx, call->db, call->body, job) : ERR_MEMORY;
    if (!err)
        call_location(call, "jobs", &job->id);
    return err ? err : job_show(call->ctx, job);
}

/* ---- The timeline ---- */

struct timeline_query {
    struct input input;
    const char *type;
    int engagement;
    int64_t occurred_gte, occurred_lt;
};

static const struct field timeline_query_fields[] = {
    FIELD(struct timeline_query, type, TEXT, .max = 64),
    FIELD_NAMED(struct timeline_query, engagement, engagement_names,
                .note = "whether a person did it"),
    FIELD_AS(struct timeline_query, occurred_gte, TIME, "occurred_at[gte]"),
    FIELD_AS(struct timeline_query, occurred_lt, TIME, "occurred_at[lt]"),
};
static const struct table timeline_query_table =
    TABLE(struct timeline_query, "timeline_query", timeline_query_fields);

static const struct order timeline_orders[] = {
    { .name = "occurred_at", .member = "occurred_at", .descending = true },
    { 0 },
};

static enum err run_timeline(struct call *call)
{
    const struct timeline_query *query = call->query;
    struct activity_filter filter = { .lead_id = call->id,
                                      .type = query->type,
                                      .engagement = query->engagement,
                                      .occurred_gte = query->occurred_gte,
                                      .occurred_lt = query->occurred_lt,
                                      .descending = call->list.descending,
                                      .after_at = call->list.after.value,
                                      .after_id = call->list.after.id,
                                      .limit = call->list.limit + 1 };
    struct lead lead;
    struct rows rows;
    /* 404 rather than an empty list */
    enum err err = lead_load_state(call->ctx, call->db, &call->id, &lead);
    if (!err)
        err = activity_list(call->ctx, call->db, &filter, &rows);
    if (!err && call->list.count)
        err = activity_count(call->ctx, call->db, &filter, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/leads/{id}/activities" },
      ACCESS_WRITE,
      SCOPE_WRITE | SCOPE_INGEST,
      .body = &activity_create_table,
      .run = run_create,
      .result = &answer_table,
      .received = &received_table,
      .status = 201,
      .repeat_status = 200,
      .operation = "recordActivity",
      .summary = "Record an activity",
      .example = "{'type':'demo_requested','external_id':'event-17'}" },
    { { HTTP_GET, "/v1/leads/{id}/activities" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &timeline_query_table,
      .orders = timeline_orders,
      .run = run_timeline,
      .result = &activity_table,
      .status = 200,
      .operation = "listActivities",
      .summary = "Activities of a lead, latest first" },
    { { HTTP_POST, "/v1/activities" },
      ACCESS_WRITE,
      SCOPE_WRITE | SCOPE_INGEST,
      .body = &batch_table,
      .run = run_batch,
      .result = &batch_result_table,
      .received = &received_batch_table,
      .status = 200,
      .operation = "recordActivities",
      .summary = "Record up to 1,000 activities",
      .example = "{'activities':[{'email':'ann@example.com','type':'page_view','external_id':'"
                 "event-18'}]}" },
    { { HTTP_POST, "/v1/activities/reclassify" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_BEGINS_JOB,
      .body = &reclassification_input_table,
      .run = run_reclassify,
      .result = &job_table,
      .status = 202,
      .operation = "reclassifyActivities",
      .summary =
          "Say anew of many activities whether people did them; their leads are scored again "
          "by the job that this answers with",
      .example = "{'user_agent':'Example Scanner','engagement':'bot'}" },
    { { HTTP_GET, "/v1/activities/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &activity_table,
      .status = 200,
      .operation = "getActivity",
      .summary = "Read an activity" },
    { { HTTP_PATCH, "/v1/activities/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &activity_patch_table,
      .run = run_edit,
      .result = &changed_table,
      .status = 200,
      .operation = "changeActivity",
      .summary = "Correct an activity: score and stages follow",
      .example = "{'engagement':'bot','properties':{'url':null}}" },
    { { HTTP_DELETE, "/v1/activities/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .run = run_remove,
      .status = 204,
      .operation = "removeActivity",
      .summary = "Remove an activity: a repeat does not bring it back" },
};
const struct routes activity_routes = { rows, ARRAY_SIZE(rows) };
