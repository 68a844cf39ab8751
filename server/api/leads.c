/* leads.c: routes of leads: create, read, change, list. */
#include "route.h"

/* "v17-s83": the version that people and clients change, and the score that time and activities
 * move. */
static void set_etag(struct call *call, const struct lead *lead)
{
    const char *etag = arena_printf(call->ctx->arena, "\"v%lld-s%lld\"", (long long)lead->version,
                                    (long long)lead->score);
    if (etag)
        http_reply_header(call->request, "ETag", etag);
}

enum err answer_lead(struct call *call, enum err err)
{
    if (!err)
        set_etag(call, call->result);
    return err;
}

struct create_query {
    struct input input;
    int on_duplicate;
};

static const char *const duplicate_names[] = { "refuse", "merge", NULL };
static const struct field create_query_fields[] = {
    FIELD_NAMED(struct create_query, on_duplicate, duplicate_names,
                .note = "merge: fill the blanks of a known lead"),
};
static const struct table create_query_table =
    TABLE(struct create_query, "create_query", create_query_fields);

/* A key that may only bring leads in learns nothing of those that are there. */
static const struct field received_fields[] = {
    FIELD(struct lead, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
};
static const struct table received_table = TABLE(struct lead, "received_lead", received_fields);

static enum err run_create(struct call *call)
{
    const struct create_query *query = call->query;
    struct lead_created created;
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    enum err err = lead_create(call->ctx, call->db, call->body, query->on_duplicate == 1, &created);
    if (err)
        return err;
    *lead = created.lead;
    if (created.outcome != LEAD_CREATED)
        call->status = call->route->repeat_status;
    call_location(call, "leads", &lead->id);
    return call_may_read(call) ? answer_lead(call, OK) : OK; /* an ETag has the score */
}

static enum err run_read(struct call *call)
{
    struct lead *lead = call_result(call, sizeof *lead);
    return lead ? answer_lead(call, lead_read(call->ctx, call->db, &call->id, lead)) : ERR_MEMORY;
}

static enum err run_edit(struct call *call)
{
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(
        call, lead_edit(call->ctx, call->db, &call->id, call->body, call->expected_version, lead));
}

/* ---- The list ---- */

struct leads_query {
    struct input input;
    const char *pipeline, *stage, *source, *country, *email, *source_system, *external_id;
    int status;
    struct id campaign, owner;
    int64_t score, score_gte, score_gt, score_lte, score_lt;
    int64_t created_gte, created_lt, entered_gte, entered_lt;
    int erased;
};

static const char *const erased_names[] = { "hide", "show", NULL };

static const struct field leads_query_fields[] = {
    FIELD(struct leads_query, pipeline, TEXT, .note = "key"),
    FIELD(struct leads_query, stage, TEXT,
          .note = "key; of the default pipeline unless pipeline is given"),
    FIELD_NAMED(struct leads_query, status, lead_status_names),
    FIELD(struct leads_query, source, TEXT),
    FIELD(struct leads_query, campaign, ID),
    FIELD(struct leads_query, owner, ID),
    FIELD(struct leads_query, country, TEXT),
    FIELD(struct leads_query, email, TEXT, .note = "the lead with this address, whatever its +tag"),
    FIELD(struct leads_query, external_id, TEXT,
          .note = "with source_system: the lead of that name"),
    FIELD(struct leads_query, source_system, TEXT, .note = "by default the name of the key"),
    FIELD(struct leads_query, score, INT, .min = -1000000, .max = 1000000),
    FIELD_AS(struct leads_query, score_gte, INT, "score[gte]", .min = -1000000, .max = 1000000),
    FIELD_AS(struct leads_query, score_gt, INT, "score[gt]", .min = -1000000, .max = 1000000),
    FIELD_AS(struct leads_query, score_lte, INT, "score[lte]", .min = -1000000, .max = 1000000),
    FIELD_AS(struct leads_query, score_lt, INT, "score[lt]", .min = -1000000, .max = 1000000),
    FIELD_AS(struct leads_query, created_gte, TIME, "created_at[gte]"),
    FIELD_AS(struct leads_query, created_lt, TIME, "created_at[lt]"),
    FIELD_AS(struct leads_query, entered_gte, TIME, "stage_entered_at[gte]"),
    FIELD_AS(struct leads_query, entered_lt, TIME, "stage_entered_at[lt]"),
    FIELD_NAMED(struct leads_query, erased, erased_names,
                .note = "show: those that there is nobody behind any more too, as the figures of "
                        "the past count them"),
};
static const struct table leads_query_table =
    TABLE(struct leads_query, "leads_query", leads_query_fields);

static const struct order lead_orders[] = {
    [SORT_CREATED_AT] = { "created_at", "created_at", .descending = true },
    [SORT_SCORE] = { "score", "score" },
    [SORT_STAGE_ENTERED_AT] = { "stage_entered_at", "stage_entered_at" },
    { 0 },
};

static enum err find_stage(struct call *call, const struct leads_query *query,
                           struct lead_filter *filter)
{
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (err)
        return err;
    const struct pipeline *pipeline = catalog_pipeline(catalog, query->pipeline);
    if (!pipeline)
        return fail_member(call->ctx, "pipeline", "unknown", "no pipeline has this key");
    const struct stage *stage = NULL;
    if (query->stage)
        err = stage_find(call->ctx, pipeline, query->stage, &stage);
    if (err)
        return err;
    filter->pipeline_id = query->pipeline ? pipeline->pipeline_id : NO_INT;
    filter->stage_id = stage ? stage->stage_id : NO_INT;
    return OK;
}

static int64_t after(int64_t value)
{
    return value == NO_INT ? NO_INT : value + 1;
}

static int64_t either(int64_t a, int64_t b, bool larger)
{
    if (a == NO_INT || b == NO_INT)
        return a == NO_INT ? b : a;
    return (a > b) == larger ? a : b;
}

static void narrow(const struct leads_query *query, struct lead_filter *filter)
{
    filter->status = query->status;
    filter->with_erased = query->erased == 1;
    filter->source = query->source;
    filter->country = query->country;
    filter->campaign = query->campaign;
    filter->owner = query->owner;
    filter->score_gte =
        either(either(query->score_gte, after(query->score_gt), true), query->score, true);
    filter->score_lt =
        either(either(query->score_lt, after(query->score_lte), false), after(query->score), false);
    filter->created_gte = query->created_gte;
    filter->created_lt = query->created_lt;
    filter->entered_gte = query->entered_gte;
    filter->entered_lt = query->entered_lt;
}

/* Identities name one lead or none: it is looked up as everywhere else. */
static enum err find_named(struct call *call, const struct leads_query *query,
                           struct lead_filter *filter, bool *ret_nobody)
{
    struct id by_email, by_external;
    if (query->source_system && !query->external_id)
        return fail_member(call->ctx, "external_id", "required", "goes with source_system");
    if (query->external_id && !query->source_system)
        call->etag = NULL; /* whose external id it is depends on the key */
    enum err err = OK;
    if (query->email) {
        err = lead_identify(call->ctx, call->db, query->email, NULL, NULL, &by_email);
        filter->id = by_email;
    }
    if (!err && query->external_id) {
        err = lead_identify(call->ctx, call->db, NULL, query->source_system, query->external_id,
                            &by_external);
        bool differ = !err && query->email && id_compare(&by_email, &by_external) != 0;
        filter->id = by_external;
        err = differ ? ERR_NOT_FOUND : err;
    }
    *ret_nobody = err == ERR_NOT_FOUND;
    return *ret_nobody ? OK : err;
}

static enum err count_leads(struct call *call, const struct lead_filter *filter, bool nobody)
{
    call->list.total = 0;
    return nobody ? OK : lead_count(call->ctx, call->db, filter, &call->list.total);
}

static enum err run_list(struct call *call)
{
    const struct leads_query *query = call->query;
    struct lead_filter filter = { .sort = (enum lead_sort)(call->list.order - lead_orders),
                                  .descending = call->list.descending,
                                  .after_value = call->list.after.value,
                                  .after_id = call->list.after.id,
                                  .limit = call->list.limit + 1 };
    struct rows rows = { 0 };
    bool nobody = false;
    enum err err = find_stage(call, query, &filter);
    narrow(query, &filter);
    if (!err)
        err = find_named(call, query, &filter, &nobody);
    if (!err && !nobody)
        err = lead_list(call->ctx, call->db, &filter, &rows);
    if (!err && call->list.count)
        err = count_leads(call, &filter, nobody);
    return err ? err : page_cut(call, &rows);
}

/* ---- What was changed ---- */

static enum err run_changes(struct call *call)
{
    struct lead lead;
    struct rows rows;
    struct id_range range = list_range(call);
    enum err err = lead_load_state(call->ctx, call->db, &call->id, &lead);
    if (!err)
        err = lead_change_list(call->ctx, call->db, &call->id, &range, &rows);
    if (!err && call->list.count)
        err = lead_change_count(call->ctx, call->db, &call->id, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/leads" },
      ACCESS_WRITE,
      SCOPE_WRITE | SCOPE_INGEST,
      .query = &create_query_table,
      .body = &lead_create_table,
      .run = run_create,
      .result = &lead_table,
      .received = &received_table,
      .status = 201,
      .repeat_status = 200,
      .operation = "createLead",
      .summary = "Create a lead",
      .example = "{'email':'ann@example.com','company':'Acme','job_title':'Head of "
                 "IT','source':'search'}" },
    { { HTTP_GET, "/v1/leads" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &leads_query_table,
      .orders = lead_orders,
      .run = run_list,
      .result = &lead_table,
      .freshness = FRESH_BY_COMMITS,
      .status = 200,
      .operation = "listLeads",
      .summary = "List leads" },
    { { HTTP_GET, "/v1/leads/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &lead_table,
      .status = 200,
      .operation = "getLead",
      .summary = "Read a lead" },
    { { HTTP_PATCH, "/v1/leads/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &lead_patch_table,
      .run = run_edit,
      .result = &lead_table,
      .status = 200,
      .operation = "updateLead",
      .summary = "Change a lead",
      .example = "{'job_title':'Head of IT','phone':null}" },
    { { HTTP_GET, "/v1/leads/{id}/changes" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_changes,
      .result = &lead_change_table,
      .status = 200,
      .operation = "listChanges",
      .summary = "What was changed in a lead, by whom and when, oldest first" },
};
const struct routes lead_routes = { rows, ARRAY_SIZE(rows) };
