/* stage_events.c: the route of the stage events of all leads. */
#include "route.h"

struct stage_events_query {
    struct input input;
    const char *pipeline, *to, *from;
    int cause;
    struct id lead_id, owner, campaign, lead_owner;
    int64_t no_owner, no_source, no_campaign, no_lead_owner;
    const char *source;
    int64_t occurred_gte, occurred_lt, created_gte, created_lt;
    int64_t counted, voided;
    int erased;
};

static const struct field query_fields[] = {
    FIELD(struct stage_events_query, pipeline, TEXT, .note = "key"),
    FIELD(struct stage_events_query, to, TEXT,
          .note = "key of the stage entered, of the default pipeline unless pipeline is given; or "
                  "open, won, lost, disqualified: the status it changed to"),
    FIELD(struct stage_events_query, from, TEXT, .note = "key of the stage it was in"),
    FIELD_NAMED(struct stage_events_query, cause, cause_names, .note = "what made it happen"),
    FIELD_AS(struct stage_events_query, occurred_gte, TIME, "occurred_at[gte]",
             .note = "that happened then or later"),
    FIELD_AS(struct stage_events_query, occurred_lt, TIME, "occurred_at[lt]",
             .note = "that happened before"),
    FIELD(struct stage_events_query, owner, ID, .note = "at entry"),
    FIELD_AS(struct stage_events_query, no_owner, BOOL, "owner[absent]",
             .note = "true: nobody's at entry"),
    FIELD(struct stage_events_query, lead_id, ID, .note = "of this lead"),
    FIELD(struct stage_events_query, source, TEXT, .note = "of leads from there, exactly so"),
    FIELD_AS(struct stage_events_query, no_source, BOOL, "source[absent]",
             .note = "true: of leads without a source"),
    FIELD(struct stage_events_query, campaign, ID, .note = "of leads with this primary campaign"),
    FIELD_AS(struct stage_events_query, no_campaign, BOOL, "campaign[absent]",
             .note = "true: of leads without one"),
    FIELD(struct stage_events_query, lead_owner, ID, .note = "of leads that are theirs now"),
    FIELD_AS(struct stage_events_query, no_lead_owner, BOOL, "lead_owner[absent]",
             .note = "true: of leads that are nobody's now"),
    FIELD_AS(struct stage_events_query, created_gte, TIME, "lead_created_at[gte]",
             .note = "of leads created then or later"),
    FIELD_AS(struct stage_events_query, created_lt, TIME, "lead_created_at[lt]",
             .note = "of leads created before"),
    FIELD(struct stage_events_query, counted, BOOL,
          .note = "true: those that figures count: entries from elsewhere, changes of status, and "
                  "none of spam"),
    FIELD(struct stage_events_query, voided, BOOL, .note = "true: those that were undone too"),
    FIELD_NAMED(struct stage_events_query, erased, erased_names,
                .note = "show: of leads that there is nobody behind any more too, as figures count "
                        "them"),
};
static const struct table query_table =
    TABLE(struct stage_events_query, "stage_events_query", query_fields);

static const struct order orders[] = {
    { .name = "occurred_at", .member = "occurred_at", .descending = true },
    { 0 },
};

static enum err find_stages(struct call *call, const struct stage_events_query *query,
                            struct stage_event_filter *filter)
{
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (err)
        return err;
    const struct pipeline *pipeline = catalog_pipeline(catalog, query->pipeline);
    if (!pipeline)
        return fail_member(call->ctx, "pipeline", "unknown", "no pipeline has this key");
    if (query->pipeline)
        filter->pipeline_id = pipeline->pipeline_id;
    if (query->to) {
        struct target to;
        err = target_find(call->ctx, pipeline, "to", query->to, &to);
        if (err)
            return err;
        filter->to_stage_id = to.stage_id;
        filter->to_status = to.status;
    }
    const struct stage *from = query->from ? pipeline_stage(pipeline, query->from) : NULL;
    if (query->from && !from)
        return fail_member(call->ctx, "from", "unknown", "no stage of the pipeline %s has this key",
                           pipeline->key);
    filter->from_stage_id = from ? from->stage_id : NO_INT;
    return OK;
}

static enum err run_list(struct call *call)
{
    const struct stage_events_query *query = call->query;
    const struct list *list = &call->list;
    struct stage_event_filter filter = {
        .pipeline_id = NO_INT,
        .from_stage_id = NO_INT,
        .to_stage_id = NO_INT,
        .to_status = -1,
        .cause = query->cause,
        .lead_id = query->lead_id,
        .owner = { query->owner, query->no_owner == 1 },
        .source = query->source,
        .no_source = query->no_source == 1,
        .campaign = { query->campaign, query->no_campaign == 1 },
        .lead_owner = { query->lead_owner, query->no_lead_owner == 1 },
        .occurred = { query->occurred_gte, query->occurred_lt },
        .created = { query->created_gte, query->created_lt },
        .with_voided = query->voided == 1,
        .with_erased = query->erased == 1,
        .counted = query->counted == 1,
        .descending = list->descending,
        .after_value = list->after.value,
        .after_id = list->after.id,
        .limit = list->limit + 1,
    };
    struct rows rows = { 0 };
    enum err err = find_stages(call, query, &filter);
    if (!err)
        err = stage_event_list(call->ctx, call->db, &filter, &rows);
    if (!err && list->count)
        err = stage_event_count(call->ctx, call->db, &filter, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/stage-events" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &query_table,
      .orders = orders,
      .run = run_list,
      .result = &stage_event_table,
      .freshness = FRESH_BY_COMMITS,
      .status = 200,
      .operation = "listAllStageEvents",
      .summary = "Stage events of all leads" },
};
const struct routes stage_event_routes = { rows, ARRAY_SIZE(rows) };
