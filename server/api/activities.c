/* activities.c: routes of activities: one, a batch, a timeline. */
#include "route.h"

#include <stdio.h>
#include <string.h>

static void write_recorded(struct json *json, const struct activity_recorded *recorded)
{
    json_members(json, &activity_table, &recorded->activity);
    json_bool(json, "duplicate", recorded->duplicate);
    json_open(json, "score", '{');
    json_int(json, "before", recorded->score_before);
    json_int(json, "after", recorded->score_after);
    json_close(json, '}');
    json_open(json, "stage", '{');
    json_text(json, "before", recorded->stage_before);
    json_text(json, "after", recorded->stage_after);
    json_close(json, '}');
}

/* ---- One ---- */

static enum err run_create(struct call *call)
{
    struct activity_recorded *recorded = call_result(call, sizeof *recorded);
    if (!recorded)
        return ERR_MEMORY;
    enum err err = activity_record(call->ctx, call->db, &call->id, call->body, recorded);
    if (err)
        return err;
    call->status = recorded->duplicate ? 200 : 201;
    call_location(call, "activities", &recorded->activity.id);
    return OK;
}

static void write_one(struct call *call, struct json *json)
{
    write_recorded(json, call->result);
}

static enum err run_read(struct call *call)
{
    struct activity *activity = call_result(call, sizeof *activity);
    return activity ? activity_load(call->ctx, call->db, &call->id, activity) : ERR_MEMORY;
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

/* What became of one item. */
struct batch_result {
    int status;
    enum err err;
    const struct failure *failure;
    struct activity_recorded recorded;
};

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

static enum err record_item(struct call *call, size_t index)
{
    const struct batch_input *input = call->body;
    const struct activity_input *item =
        (const struct activity_input *)input->activities.items + index;
    struct batch_result *result = (struct batch_result *)call->result + index;
    if (item->input.failure) {
        *result = (struct batch_result){ .status = 422,
                                         .err = ERR_VALIDATION,
                                         .failure = item->input.failure };
        return OK;
    }
    struct id lead_id;
    enum err err = find_lead(call, item, &lead_id);
    if (!err)
        err = activity_record(call->ctx, call->db, &lead_id, item, &result->recorded);
    if (err == ERR_NOT_FOUND)
        return fail_member(call->ctx,
                           !id_is_nil(&item->lead_id) ? "lead_id"
                           : item->email              ? "email"
                                                      : "lead_external_id",
                           "unknown", "no such lead");
    result->status = result->recorded.duplicate ? 200 : 201;
    return err;
}

static void item_failed(struct call *call, size_t index, enum err err,
                        const struct failure *failure)
{
    struct batch_result *result = (struct batch_result *)call->result + index;
    *result =
        (struct batch_result){ .status = err_info(err)->status,
                               .err = err,
                               .failure = arena_copy(call->ctx->arena, failure, sizeof *failure) };
}

static enum err run_batch(struct call *call)
{
    const struct batch_input *input = call->body;
    size_t count = input->activities.count;
    if (!call->result && !call_result(call, count * sizeof(struct batch_result)))
        return ERR_MEMORY;
    return call_each(call, &(struct each){ "activities", false, count, record_item, item_failed });
}

static void write_result(struct json *json, const struct batch_result *result)
{
    json_open(json, NULL, '{');
    json_int(json, "status", result->status);
    if (result->status < 300) {
        write_recorded(json, &result->recorded);
    } else {
        static const struct failure unknown;
        write_failure(json, result->err, result->failure ? result->failure : &unknown, false);
    }
    json_close(json, '}');
}

static void write_batch(struct call *call, struct json *json)
{
    const struct batch_input *input = call->body;
    const struct batch_result *results = call->result;
    int64_t recorded = 0, duplicate = 0;
    json_open(json, "results", '[');
    for (size_t i = 0; i < input->activities.count; i++) {
        recorded += results[i].status == 201;
        duplicate += results[i].status == 200;
        write_result(json, &results[i]);
    }
    json_close(json, ']');
    json_int(json, "recorded", recorded);
    json_int(json, "duplicate", duplicate);
    json_int(json, "failed", (int64_t)input->activities.count - recorded - duplicate);
}

/* ---- The timeline ---- */

struct timeline_query {
    struct input input;
    const char *type, *cursor;
    int64_t occurred_gte, occurred_lt, limit;
};

static const struct field timeline_query_fields[] = {
    FIELD(struct timeline_query, type, TEXT, .max = 64),
    FIELD_AS(struct timeline_query, occurred_gte, TIME, "occurred_at[gte]"),
    FIELD_AS(struct timeline_query, occurred_lt, TIME, "occurred_at[lt]"),
    FIELD(struct timeline_query, limit, INT, .flags = FIELD_NOT_NULL, .min = 1, .max = LIMIT_MAX),
    FIELD(struct timeline_query, cursor, TEXT, .max = 200,
          .note = "next_cursor of the page before"),
};
static const struct table timeline_query_table =
    TABLE(struct timeline_query, "timeline_query", timeline_query_fields);

static enum err read_cursor(struct call *call, const char *text, struct activity_filter *filter)
{
    filter->after_at = NO_INT;
    if (!text)
        return OK;
    char id[ID_TEXT_SIZE];
    long long at;
    if (sscanf(text, "%lld.%36[0-9a-f-]", &at, id) != 2 || !id_parse(id, &filter->after_id))
        return fail_member(call->ctx, "cursor", "invalid", "a next_cursor of this list");
    filter->after_at = at;
    return OK;
}

static const char *timeline_cursor(struct call *call, const void *row)
{
    const struct activity *activity = row;
    char id[ID_TEXT_SIZE];
    id_format(&activity->id, id);
    return arena_printf(call->ctx->arena, "%lld.%s", (long long)activity->occurred_at, id);
}

static enum err run_timeline(struct call *call)
{
    const struct timeline_query *query = call->query;
    int64_t limit = query->limit == NO_INT ? LIMIT_DEFAULT : query->limit;
    struct activity_filter filter = { .lead_id = call->id,
                                      .type = query->type,
                                      .occurred_gte = query->occurred_gte,
                                      .occurred_lt = query->occurred_lt,
                                      .limit = limit + 1 };
    struct lead lead;
    struct rows rows;
    /* 404 rather than an empty list */
    enum err err = lead_load_state(call->ctx, call->db, &call->id, &lead);
    if (!err)
        err = read_cursor(call, query->cursor, &filter);
    if (!err)
        err = activity_list(call->ctx, call->db, &filter, &rows);
    return err ? err : page_cut(call, &rows, limit, timeline_cursor);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/leads/{id}/activities" },
      ACCESS_WRITE,
      SCOPE_WRITE | SCOPE_INGEST,
      .body = &activity_create_table,
      .run = run_create,
      .write = write_one,
      .status = 201,
      .summary = "Record an activity" },
    { { HTTP_GET, "/v1/leads/{id}/activities" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &timeline_query_table,
      .run = run_timeline,
      .result = &activity_table,
      .status = 200,
      .summary = "Activities of a lead, latest first" },
    { { HTTP_POST, "/v1/activities" },
      ACCESS_WRITE,
      SCOPE_WRITE | SCOPE_INGEST,
      .body = &batch_table,
      .run = run_batch,
      .write = write_batch,
      .status = 200,
      .summary = "Record up to 1,000 activities" },
    { { HTTP_GET, "/v1/activities/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &activity_table,
      .status = 200,
      .summary = "Read an activity" },
};
const struct routes activity_routes = { rows, ARRAY_SIZE(rows) };
