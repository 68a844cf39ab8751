/* stage_events.c: stage events of all leads as a list, and leads by where they got, put together
 * from the parts of sql/stage_events.sql. What figures count, crm/contributions.c says; that these
 * say the same, a test does. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

/* Bounds where none was asked for. */
#define SINCE_EVER (INT64_MIN / 4)
#define FOR_EVER (INT64_MAX / 4)

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value == NO_INT ? otherwise : value;
}

static void narrow_int(struct query *query, int sql, int64_t value)
{
    if (value != NO_INT)
        query_part(query, sql, param_int(value));
}

static void narrow_member(struct query *query, const struct member_filter *filter, int sql,
                          int none_sql)
{
    if (filter->none)
        query_part(query, none_sql);
    else if (!id_is_nil(&filter->id))
        query_part(query, sql, param_id(&filter->id));
}

/* [gte, lt), where either was asked for. */
static void narrow_between(struct query *query, int sql, const struct time_filter *filter)
{
    if (filter->gte != NO_INT || filter->lt != NO_INT)
        query_part(query, sql, param_int(or_else(filter->gte, SINCE_EVER)),
                   param_int(or_else(filter->lt, FOR_EVER)));
}

static bool is_asked(const struct time_filter *filter)
{
    return filter->gte != NO_INT || filter->lt != NO_INT;
}

static bool is_of_somebody(const struct member_filter *filter)
{
    return filter->none || !id_is_nil(&filter->id);
}

/* ---- The list ---- */

/* Whether it is asked who the leads are. */
static bool narrows_lead(const struct stage_event_filter *filter)
{
    return filter->source || filter->no_source || is_of_somebody(&filter->campaign) ||
           is_of_somebody(&filter->lead_owner);
}

static void narrow_leads(struct query *query, const struct stage_event_filter *filter)
{
    if (!filter->with_erased)
        query_part(query, SQL_STAGE_EVENT_LIST_SOMEBODY);
    narrow_int(query, SQL_STAGE_EVENT_LIST_PIPELINE, filter->pipeline_id);
    if (filter->source)
        query_part(query, SQL_STAGE_EVENT_LIST_SOURCE, param_text(filter->source));
    if (filter->no_source)
        query_part(query, SQL_STAGE_EVENT_LIST_NO_SOURCE);
    narrow_member(query, &filter->campaign, SQL_STAGE_EVENT_LIST_CAMPAIGN,
                  SQL_STAGE_EVENT_LIST_NO_CAMPAIGN);
    narrow_member(query, &filter->lead_owner, SQL_STAGE_EVENT_LIST_LEAD_OWNER,
                  SQL_STAGE_EVENT_LIST_NO_LEAD_OWNER);
    narrow_between(query, SQL_STAGE_EVENT_LIST_CREATED, &filter->created);
}

static void narrow(struct query *query, const struct stage_event_filter *filter)
{
    if (!id_is_nil(&filter->lead_id))
        query_part(query, SQL_STAGE_EVENT_LIST_LEAD, param_id(&filter->lead_id));
    if (!filter->with_voided)
        query_part(query, SQL_STAGE_EVENT_LIST_STANDING);
    narrow_int(query, SQL_STAGE_EVENT_LIST_FROM, filter->from_stage_id);
    narrow_int(query, SQL_STAGE_EVENT_LIST_TO, filter->to_stage_id);
    narrow_int(query, SQL_STAGE_EVENT_LIST_TO_STATUS,
               filter->to_status < 0 ? NO_INT : filter->to_status);
    narrow_int(query, SQL_STAGE_EVENT_LIST_CAUSE, filter->cause < 0 ? NO_INT : filter->cause);
    narrow_member(query, &filter->owner, SQL_STAGE_EVENT_LIST_OWNER, SQL_STAGE_EVENT_LIST_NO_OWNER);
    narrow_between(query, SQL_STAGE_EVENT_LIST_OCCURRED, &filter->occurred);
    narrow_leads(query, filter);
    if (filter->counted) {
        query_part(query, SQL_STAGE_EVENT_LIST_COUNTED, param_int(CAUSE_CORRECTION),
                   param_int(CAUSE_RULE), param_int(CAUSE_DECAY));
        query_counted(query);
    }
}

enum err stage_event_list(struct ctx *ctx, struct db *db, const struct stage_event_filter *filter,
                          struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_STAGE_EVENT_LIST);
    narrow(&query, filter);
    if (filter->after_value != NO_INT)
        query_part(&query,
                   filter->descending ? SQL_STAGE_EVENT_LIST_AFTER_DESC
                                      : SQL_STAGE_EVENT_LIST_AFTER_ASC,
                   param_int(filter->after_value), param_id(&filter->after_id));
    query_part(&query,
               filter->descending ? SQL_STAGE_EVENT_LIST_ORDER_DESC
                                  : SQL_STAGE_EVENT_LIST_ORDER_ASC,
               param_int(filter->limit));
    return query_rows(ctx, db, &query, ret);
}

enum err stage_event_count(struct ctx *ctx, struct db *db, const struct stage_event_filter *filter,
                           int64_t *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query,
               narrows_lead(filter) ? SQL_STAGE_EVENT_COUNT_WITH_LEAD : SQL_STAGE_EVENT_COUNT);
    narrow(&query, filter);
    return query_int(ctx, db, &query, ret);
}

/* ---- Leads by whether they count, and where they got ---- */

void query_counted(struct query *query)
{
    query_part(query, SQL_LEAD_LIST_COUNTED, param_int(LEAD_DISQUALIFIED), param_int(REJECT_SPAM));
}

static bool asks_for_event(const struct reached_filter *reached)
{
    return is_asked(&reached->at) || reached->within_ms != NO_INT ||
           is_of_somebody(&reached->owner);
}

void reached_tables(const struct reached_filter *reached, bool *ret_lead, bool *ret_state)
{
    *ret_lead |= asks_for_event(reached);
    *ret_state = true;
}

/* The few leads of which it can be at all. */
static void narrow_to_some(struct query *query, const struct reached_filter *reached)
{
    struct param since = param_int(or_else(reached->at.gte, SINCE_EVER)),
                 until = param_int(or_else(reached->at.lt, FOR_EVER));
    if (reached->stage_id == NO_INT) {
        query_part(query, SQL_LEAD_LIST_SOMETHING_CLOSED, since, until, param_int(reached->status));
        return;
    }
    query_part(query, SQL_LEAD_LIST_SOMETHING_REACHED, since, until);
    query_part(query, SQL_STAGES_FROM, param_int(reached->stage_id));
    query_part(query, SQL_LEAD_LIST_REACHED_CLOSE);
}

static void put_event(struct query *query, const struct reached_filter *reached)
{
    if (reached->stage_id == NO_INT) {
        query_part(query, SQL_LEAD_LIST_REACHED_STATUS, param_int(reached->status));
        return;
    }
    query_part(query, SQL_LEAD_LIST_REACHED_ENTRY);
    query_part(query, SQL_STAGES_FROM, param_int(reached->stage_id));
    query_part(query, SQL_LEAD_LIST_REACHED_WON, param_int(reached->stage_id), param_int(LEAD_WON),
               param_int(CAUSE_RULE), param_int(CAUSE_DECAY));
}

void query_reached(struct query *query, const struct reached_filter *reached)
{
    bool is_status = reached->stage_id == NO_INT;
    if (!asks_for_event(reached) && is_status) {
        query_part(query, SQL_LEAD_LIST_STATUS, param_int(reached->status));
        return;
    }
    if (!asks_for_event(reached)) {
        query_part(query, SQL_LEAD_LIST_REACHED, param_int(reached->stage_id), param_int(LEAD_WON));
        query_part(query, SQL_STAGES_FROM, param_int(reached->stage_id));
        query_part(query, SQL_LEAD_LIST_REACHED_CLOSE);
        return;
    }
    if (is_asked(&reached->at))
        narrow_to_some(query, reached);
    query_part(query, SQL_LEAD_LIST_REACHED_BY);
    /* A change of status counts when it was told to be so. */
    narrow_between(query, is_status ? SQL_STAGE_EVENT_LIST_OCCURRED : SQL_LEAD_LIST_REACHED_AT,
                   &reached->at);
    narrow_int(query, SQL_LEAD_LIST_REACHED_WITHIN, reached->within_ms);
    narrow_member(query, &reached->owner, SQL_STAGE_EVENT_LIST_OWNER,
                  SQL_STAGE_EVENT_LIST_NO_OWNER);
    put_event(query, reached);
}
