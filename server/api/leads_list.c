/* leads_list.c: routes of lists of leads: by parameters, and by a condition. */
#include "route.h"

#include <funneld/condition.h>

#include <string.h>

/* NO_INT where it has none: those come last, by id. */
static int64_t custom_mark(const struct call *call, const void *row)
{
    const struct lead *lead = row;
    return custom_value_mark(custom_values_find(&lead->fields, call->list.order_id));
}

static const struct order lead_orders[] = {
    [SORT_CREATED_AT] = { "created_at", "created_at", .descending = true },
    [SORT_SCORE] = { "score", "score" },
    [SORT_STAGE_ENTERED_AT] = { "stage_entered_at", "stage_entered_at" },
    [SORT_CUSTOM] = { "fields.", .value = custom_mark },
    { 0 },
};

/* What both ask for: a page of this list. */
static struct lead_search begin_search(const struct call *call, const struct selectors *selectors)
{
    return (
        struct lead_search){ .filter = { .pipeline_id = NO_INT,
                                         .stage_id = NO_INT,
                                         .status = -1,
                                         .sort = (enum lead_sort)(call->list.order - lead_orders),
                                         .descending = call->list.descending,
                                         .after_value = call->list.after.value,
                                         .after_id = call->list.after.id,
                                         .limit = call->list.limit + 1 },
                             .selectors = selectors };
}

/* What has no index would be sorted as a whole for each page. */
static enum err find_order(struct call *call, const struct catalog *catalog,
                           struct lead_filter *filter)
{
    const char *key = call->list.order_key;
    if (!key)
        return OK;
    const struct custom_field *field = catalog_custom_field(catalog, key);
    if (!field || field->archived_at != NO_INT)
        return fail_member(call->ctx, "sort", "unknown_value", "no custom field has this key");
    if (!field->indexed)
        return fail_member(call->ctx, "sort", "invalid",
                           "by a custom field only where it is indexed");
    filter->sort_field_id = call->list.order_id = field->field_id;
    if (field->type == CUSTOM_TEXT || field->type == CUSTOM_CHOICE)
        filter->sort = SORT_CUSTOM_TEXT;
    return OK;
}

static enum err run_search(struct call *call, const struct catalog *catalog,
                           struct lead_search *search)
{
    struct rows rows = { 0 };
    enum err err = find_order(call, catalog, &search->filter);
    if (!err)
        err = members_check(call, catalog);
    if (!err)
        err = lead_search_ready(call->ctx, call->db, catalog, search);
    if (!err)
        err = lead_search(call->ctx, call->db, search, &rows);
    if (!err && call->list.count)
        err = lead_search_count(call->ctx, call->db, search, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

/* ---- The list ---- */

struct leads_query {
    struct input input;
    const char *pipeline, *stage, *source, *country, *email, *source_system, *external_id;
    int status;
    struct id campaign, owner;
    int erased;
    int64_t counted;
    const char *reached;
    int64_t reached_gte, reached_lt, within_days;
    struct id reached_owner;
    int64_t reached_unowned;
};

const char *const erased_names[] = { "hide", "show", NULL };

static const struct field leads_query_fields[] = {
    FIELD(struct leads_query, pipeline, TEXT, .note = "key"),
    FIELD(struct leads_query, stage, TEXT,
          .note = "key; of the default pipeline unless pipeline is given"),
    FIELD_NAMED(struct leads_query, status, lead_status_names),
    FIELD(struct leads_query, source, TEXT, .note = "exactly so; source[eq] takes any case"),
    FIELD(struct leads_query, campaign, ID),
    FIELD(struct leads_query, owner, ID),
    FIELD(struct leads_query, country, TEXT, .note = "exactly so; country[eq] takes any case"),
    FIELD(struct leads_query, email, TEXT, .note = "the lead with this address, whatever its +tag"),
    FIELD(struct leads_query, external_id, TEXT,
          .note = "with source_system: the lead of that name"),
    FIELD(struct leads_query, source_system, TEXT, .note = "by default the name of the key"),
    FIELD_NAMED(struct leads_query, erased, erased_names,
                .note = "show: those that there is nobody behind any more too, as the figures of "
                        "the past count them"),
    FIELD(struct leads_query, counted, BOOL, .note = "true: those that figures count: no spam"),
    FIELD(struct leads_query, reached, TEXT,
          .note = "key of a stage: those that ever entered it or a later one, or were won; or won, "
                  "lost, disqualified, open: those that are so now"),
    FIELD_AS(struct leads_query, reached_gte, TIME, "reached_at[gte]",
             .note = "with reached: first then or later; by a status: last came to it"),
    FIELD_AS(struct leads_query, reached_lt, TIME, "reached_at[lt]",
             .note = "with reached: before then"),
    FIELD(struct leads_query, within_days, INT, .min = 1, .max = 100000,
          .note = "with reached: so soon after creation"),
    FIELD(struct leads_query, reached_owner, ID, .note = "with reached: the owner at that time"),
    FIELD_AS(struct leads_query, reached_unowned, BOOL, "reached_owner[absent]",
             .note = "with reached, true: nobody owned it then"),
};
static const struct table leads_query_table =
    TABLE(struct leads_query, "leads_query", leads_query_fields);

static enum err find_stage(struct call *call, const struct catalog *catalog,
                           const struct leads_query *query, struct lead_filter *filter)
{
    const struct pipeline *pipeline = catalog_pipeline(catalog, query->pipeline);
    if (!pipeline)
        return fail_member(call->ctx, "pipeline", "unknown", "no pipeline has this key");
    const struct stage *stage = NULL;
    enum err err = OK;
    if (query->stage)
        err = stage_find(call->ctx, pipeline, query->stage, &stage);
    if (err)
        return err;
    filter->pipeline_id = query->pipeline ? pipeline->pipeline_id : NO_INT;
    filter->stage_id = stage ? stage->stage_id : NO_INT;
    return OK;
}

static void narrow(const struct leads_query *query, struct lead_filter *filter)
{
    filter->status = query->status;
    filter->with_erased = query->erased == 1;
    filter->counted = query->counted == 1;
    filter->source = query->source;
    filter->country = query->country;
    filter->campaign = query->campaign;
    filter->owner = query->owner;
}

/* What is asked of where they got. */
static enum err find_reached(struct call *call, const struct catalog *catalog,
                             const struct leads_query *query, struct lead_filter *filter)
{
    static const char *const of_reached[] = { "reached_at[gte]", "reached_at[lt]", "within_days",
                                              "reached_owner", "reached_owner[absent]" };
    struct target target;
    for (size_t i = 0; i < ARRAY_SIZE(of_reached) && !query->reached; i++)
        if (input_has(&leads_query_table, query, of_reached[i]))
            return fail_member(call->ctx, "reached", "required", "goes with %s", of_reached[i]);
    if (!query->reached)
        return OK;
    enum err err = target_find(call->ctx, catalog_pipeline(catalog, query->pipeline), "reached",
                               query->reached, &target);
    struct reached_filter *reached = ctx_alloc(call->ctx, sizeof *reached);
    if (err || !reached)
        return err ? err : ERR_MEMORY;
    *reached = (struct reached_filter){
        .stage_id = target.stage_id,
        .status = target.status,
        .at = { query->reached_gte, query->reached_lt },
        .within_ms = query->within_days == NO_INT ? NO_INT : query->within_days * MS_PER_DAY,
        .owner = { query->reached_owner, query->reached_unowned == 1 },
    };
    filter->reached = reached;
    return OK;
}

/* Identities name one lead or none: it is looked up as everywhere else. */
static enum err find_named(struct call *call, const struct leads_query *query,
                           struct lead_search *search)
{
    struct id by_email, by_external;
    if (query->source_system && !query->external_id)
        return fail_member(call->ctx, "external_id", "required", "goes with source_system");
    if (query->external_id && !query->source_system)
        call->etag = NULL; /* whose external id it is depends on the key */
    enum err err = OK;
    if (query->email) {
        err = lead_identify(call->ctx, call->db, query->email, NULL, NULL, &by_email);
        search->filter.id = by_email;
    }
    if (!err && query->external_id) {
        err = lead_identify(call->ctx, call->db, NULL, query->source_system, query->external_id,
                            &by_external);
        bool differ = !err && query->email && id_compare(&by_email, &by_external) != 0;
        search->filter.id = by_external;
        err = differ ? ERR_NOT_FOUND : err;
    }
    search->nobody = err == ERR_NOT_FOUND;
    return search->nobody ? OK : err;
}

/* attribute[op]=value */
static enum err read_filters(struct call *call, const struct condition_scope *scope,
                             const struct condition **ret)
{
    const struct pairs *pairs = &call->filters;
    struct filter *filters = ctx_alloc(call->ctx, (pairs->count + 1) * sizeof *filters);
    if (!filters)
        return ERR_MEMORY;
    for (size_t i = 0; i < pairs->count; i++)
        filters[i] = (struct filter){ pairs->items[i].name, pairs->items[i].value };
    return condition_of_filters(call->ctx, scope, filters, pairs->count, ret);
}

static bool is_filter_of(const char *filter, const char *name)
{
    size_t length = strcspn(filter, "[");
    return strlen(name) == length && strncmp(filter, name, length) == 0;
}

/* Whether an index may serve a filter, score[gte]. */
static bool is_indexed(const struct catalog *catalog, const char *filter)
{
    static const char custom[] = "fields.";
    static const char *const names[] = { "id",       "email",  "score",    "created_at",
                                         "stage",    "status", "pipeline", "owner",
                                         "campaign", "source", NULL };
    for (const char *const *name = names; *name; name++)
        if (is_filter_of(filter, *name))
            return true;
    const struct custom_field *fields = catalog->custom_fields.items;
    for (size_t i = 0; i < catalog->custom_fields.count; i++)
        if (fields[i].indexed && strncmp(filter, custom, sizeof custom - 1) == 0 &&
            is_filter_of(filter + sizeof custom - 1, fields[i].key))
            return true;
    return false;
}

/* What no index finds, should the list take too long; NULL: there is no such thing. */
static const char *costly_parameter(const struct call *call, const struct catalog *catalog)
{
    const struct leads_query *query = call->query;
    for (size_t i = 0; i < call->filters.count && !query->country; i++)
        if (!is_indexed(catalog, call->filters.items[i].name))
            return call->filters.items[i].name;
    return query->country ? "country" : NULL;
}

static enum err run_list(struct call *call)
{
    const struct leads_query *query = call->query;
    const struct catalog *catalog;
    struct lead_search search = begin_search(call, NULL);
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (err)
        return err;
    call->costly = costly_parameter(call, catalog);
    const struct condition_scope scope = { .pipelines = &catalog->pipelines,
                                           .custom_fields = &catalog->custom_fields,
                                           .reach = CONDITION_OF_ALL };
    err = find_stage(call, catalog, query, &search.filter);
    narrow(query, &search.filter);
    if (!err)
        err = find_reached(call, catalog, query, &search.filter);
    if (!err)
        err = read_filters(call, &scope, &search.filter.condition);
    if (!err)
        err = find_named(call, query, &search);
    return err ? err : run_search(call, catalog, &search);
}

/* ---- The search ---- */

struct search_sort {
    struct input input;
    const char *property;
    int direction;
};

struct search_body {
    struct input input;
    const char *condition;
    const char *sort, *cursor;
    int64_t limit, count;
    struct texts fields;
    /* As HubSpot's search has it. */
    struct rows groups, sorts; /* struct filter_group, struct search_sort */
    const char *after;
    struct texts properties;
};

static const struct field group_filter_fields[] = {
    FIELD_AS(struct group_filter, property, TEXT, "propertyName", .flags = FIELD_REQUIRED,
             .max = 100, .note = "an attribute of a lead, or HubSpot's name of it"),
    FIELD_AS(struct group_filter, op, TEXT, "operator", .flags = FIELD_REQUIRED, .max = 30,
             .note = "EQ, NEQ, LT, LTE, GT, GTE, BETWEEN, IN, NOT_IN, HAS_PROPERTY, "
                     "NOT_HAS_PROPERTY, CONTAINS_TOKEN, NOT_CONTAINS_TOKEN"),
    FIELD(struct group_filter, value, TEXT, .max = 1000,
          .note = "as text; times as RFC 3339 or in milliseconds"),
    FIELD_AS(struct group_filter, high_value, TEXT, "highValue", .max = 1000,
             .note = "of BETWEEN, which takes it in"),
    FIELD(struct group_filter, values, TEXTS, .max = CONDITION_VALUES_MAX,
          .note = "of IN and NOT_IN"),
};
static const struct table group_filter_table =
    TABLE(struct group_filter, "group_filter", group_filter_fields);

static const struct field filter_group_fields[] = {
    FIELD(struct filter_group, filters, ROWS, .of = &group_filter_table, .flags = FIELD_REQUIRED,
          .min = 1, .max = 20, .note = "all of them must hold"),
};
static const struct table filter_group_table =
    TABLE(struct filter_group, "filter_group", filter_group_fields);

static const char *const direction_names[] = { "ASCENDING", "DESCENDING", NULL };
static const struct field search_sort_fields[] = {
    FIELD_AS(struct search_sort, property, TEXT, "propertyName", .flags = FIELD_REQUIRED,
             .max = 100, .note = "created_at, score, stage_entered_at or fields.KEY"),
    FIELD_NAMED(struct search_sort, direction, direction_names, .note = "by default ASCENDING"),
};
static const struct table search_sort_table =
    TABLE(struct search_sort, "search_sort", search_sort_fields);

static const struct field search_body_fields[] = {
    FIELD(struct search_body, condition, JSON, .schema = "Condition",
          .note = "which leads; all of them if it is left out"),
    FIELD(struct search_body, sort, TEXT, .max = 100,
          .note = "a member to order by, with - before it for the highest first"),
    FIELD(struct search_body, limit, INT, .min = 1, .max = LIST_LIMIT_MAX,
          .note = "rows of a page; 50 unless it is given"),
    FIELD(struct search_body, cursor, TEXT, .max = 200, .note = "next_cursor of the page before"),
    FIELD(struct search_body, count, BOOL,
          .note = "true: total says how many leads there are, on all pages"),
    FIELD(struct search_body, fields, TEXTS, .max = 50,
          .note = "members of each lead: the others are left out, but for the id; of custom fields "
                  "fields.KEY"),
    FIELD_AS(struct search_body, groups, ROWS, "filterGroups", .of = &filter_group_table, .max = 20,
             .note = "instead of condition, as HubSpot has it: any group must hold"),
    FIELD(struct search_body, sorts, ROWS, .of = &search_sort_table, .max = 1,
          .note = "instead of sort"),
    FIELD(struct search_body, after, TEXT, .max = 200, .note = "instead of cursor"),
    FIELD(struct search_body, properties, TEXTS, .max = 50, .note = "instead of fields"),
};
static const struct table search_body_table =
    TABLE(struct search_body, "lead_search", search_body_fields);

/* Either way of saying a thing, not both. */
static enum err check_either(struct call *call, const struct search_body *body)
{
    const struct {
        bool both;
        const char *member, *other;
    } pairs[] = {
        { body->condition && body->groups.count > 0, "filterGroups", "condition" },
        { body->sort && body->sorts.count > 0, "sorts", "sort" },
        { body->cursor && body->after, "after", "cursor" },
        { body->fields.count > 0 && body->properties.count > 0, "properties", "fields" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if (pairs[i].both)
            return fail_member(call->ctx, pairs[i].member, "invalid",
                               "stands for %s: give one of the two", pairs[i].other);
    return OK;
}

/* "-score" of {"propertyName":"score","direction":"DESCENDING"} */
static const char *sort_of(struct call *call, const struct search_body *body)
{
    const struct search_sort *sort = body->sorts.items;
    return body->sorts.count == 0
               ? body->sort
               : arena_printf(call->ctx->arena, "%s%s", sort->direction == 1 ? "-" : "",
                              attribute_alias(sort->property));
}

/* What the cursor is good for. */
static enum err note_selection(struct call *call, const struct search_body *body)
{
    struct buffer out = { .arena = call->ctx->arena };
    struct json json = { .out = &out };
    struct search_body asked = { .condition = body->condition, .groups = body->groups };
    json_row(&json, NULL, &search_body_table, &asked);
    call->selection = (struct bytes){ (const uint8_t *)out.data, out.length };
    return out.failed ? fail(call->ctx, ERR_MEMORY, NULL, "no memory for a cursor") : OK;
}

static enum err read_page(struct call *call, const struct search_body *body)
{
    const struct texts *members = body->properties.count ? &body->properties : &body->fields;
    struct list_asked asked = { .sort = sort_of(call, body),
                                .cursor = body->after ? body->after : body->cursor,
                                .limit = body->limit,
                                .count = body->count };
    struct buffer names = { .arena = call->ctx->arena };
    for (size_t i = 0; i < members->count; i++)
        buffer_printf(&names, "%s%s", i ? "," : "", attribute_alias(members->items[i]));
    buffer_char(&names, '\0');
    if (names.failed)
        return fail(call->ctx, ERR_MEMORY, NULL, "no memory for the request");
    enum err err = note_selection(call, body);
    if (!err)
        err = list_ask(call, &asked);
    return err || members->count == 0 ? err : members_ask(call, names.data);
}

static enum err run_post(struct call *call)
{
    const struct search_body *body = call->body;
    const struct catalog *catalog;
    struct selectors selectors = { 0 };
    const struct condition *condition = NULL;
    enum err err = check_either(call, body);
    if (!err)
        err = read_page(call, body);
    if (!err)
        err = catalog_get(call->ctx, call->db, &catalog);
    if (err)
        return err;
    const struct condition_scope scope = { .pipelines = &catalog->pipelines,
                                           .custom_fields = &catalog->custom_fields,
                                           .reach = CONDITION_OF_ALL,
                                           .selectors = &selectors };
    err = body->condition
              ? condition_read(call->ctx, &scope, "condition", body->condition, &condition)
              : condition_of_groups(call->ctx, &scope, "filterGroups", &body->groups, &condition);
    if (err)
        return err;
    struct lead_search search = begin_search(call, &selectors);
    search.filter.condition = condition;
    const char *place = condition ? condition_costly_place(condition) : NULL;
    const char *whole = body->condition ? "condition" : condition ? "filterGroups" : NULL;
    call->costly = place ? place : whole;
    return run_search(call, catalog, &search);
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/leads" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &leads_query_table,
      .filters = condition_names,
      .orders = lead_orders,
      .run = run_list,
      .result = &lead_table,
      .freshness = FRESH_BY_COMMITS,
      .status = 200,
      .operation = "listLeads",
      .summary = "List leads" },
    { { HTTP_POST, "/v1/leads/search" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .body = &search_body_table,
      .orders = lead_orders,
      .run = run_post,
      .result = &lead_table,
      .status = 200,
      .operation = "searchLeads",
      .summary = "Find leads by a condition",
      .example = "{'condition':{'all':[{'field':'country','op':'in','value':['US','CA']},"
                 "{'activity':'page_view','count':{'gte':3},'within_days':30}]},'sort':'-score'}" },
};
const struct routes lead_list_routes = { rows, ARRAY_SIZE(rows) };
