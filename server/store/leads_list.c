/* leads_list.c: lists of leads: which index a list goes by, where it goes on, and what its rows are
 * put together from. No rules here. */
#include "lists.h"
#include "sql.h"

#include <funneld/condition.h>

#include <stdlib.h>
#include <string.h>

/* ---- Keys of stages. There are few, and a page has still fewer: each is read once for a list, and
 * not with every lead. ---- */

struct stage_keys {
    struct stage_keys *next;
    int64_t stage_id;
    const char *pipeline, *stage;
};

static enum err keys_read(struct ctx *ctx, struct db *db, int64_t stage_id, struct stage_keys *ret)
{
    struct lead keys;
    enum err err = db_one(ctx, db, SQL_LEAD_STAGE_KEYS, &keys, param_int(stage_id));
    if (err == ERR_NOT_FOUND)
        return fail(ctx, ERR_CORRUPT, NULL, "a lead is in a stage that there is none of");
    if (!err)
        *ret = (struct stage_keys){ .stage_id = stage_id,
                                    .pipeline = keys.pipeline,
                                    .stage = keys.stage };
    return err;
}

static enum err name_stage(struct ctx *ctx, struct db *db, struct stage_keys **known,
                           struct lead *lead)
{
    struct stage_keys *keys = *known;
    while (keys && keys->stage_id != lead->stage_id)
        keys = keys->next;
    if (!keys) {
        keys = ctx_alloc(ctx, sizeof *keys);
        enum err err = keys ? keys_read(ctx, db, lead->stage_id, keys) : ERR_MEMORY;
        if (err)
            return err;
        keys->next = *known;
        *known = keys;
    }
    lead->pipeline = keys->pipeline;
    lead->stage = keys->stage;
    return OK;
}

/* What the statement of a list leaves out. */
static enum err complete(struct ctx *ctx, struct db *db, const struct rows *rows)
{
    struct stage_keys *known = NULL;
    struct lead *leads = rows->items;
    enum err err = OK;
    for (size_t i = 0; !err && i < rows->count; i++)
        err = name_stage(ctx, db, &known, &leads[i]);
    if (!err)
        err = lead_values_load(ctx, db, leads, rows->count);
    for (size_t i = 0; !err && i < rows->count; i++)
        lead_hide_person(&leads[i]);
    return err;
}

/* The same for whoever looks at them one by one, without values. */
struct visiting {
    struct db *db;
    struct stage_keys *known;
    db_visit *visit;
    void *self;
};

static enum err visit_named(struct ctx *ctx, void *self, const void *row)
{
    struct visiting *visiting = self;
    struct lead lead = *(const struct lead *)row;
    enum err err = name_stage(ctx, visiting->db, &visiting->known, &lead);
    lead_hide_person(&lead);
    return err ? err : visiting->visit(ctx, visiting->self, &lead);
}

/* ---- Parts of the statement ---- */

/* Per sort field and direction: where to go on, and the order. */
static const struct {
    int after, order;
} lead_orders[][2] = {
    [SORT_CREATED_AT] = { { SQL_LEAD_LIST_AFTER_CREATED_ASC, SQL_LEAD_LIST_ORDER_CREATED_ASC },
                          { SQL_LEAD_LIST_AFTER_CREATED_DESC, SQL_LEAD_LIST_ORDER_CREATED_DESC } },
    [SORT_SCORE] = { { SQL_LEAD_LIST_AFTER_SCORE_ASC, SQL_LEAD_LIST_ORDER_SCORE_ASC },
                     { SQL_LEAD_LIST_AFTER_SCORE_DESC, SQL_LEAD_LIST_ORDER_SCORE_DESC } },
    [SORT_STAGE_ENTERED_AT] = { { SQL_LEAD_LIST_AFTER_ENTERED_ASC,
                                  SQL_LEAD_LIST_ORDER_ENTERED_ASC },
                                { SQL_LEAD_LIST_AFTER_ENTERED_DESC,
                                  SQL_LEAD_LIST_ORDER_ENTERED_DESC } },
    [SORT_CUSTOM] = { { SQL_LEAD_LIST_AFTER_VALUE_ASC, SQL_LEAD_LIST_ORDER_VALUE_ASC },
                      { SQL_LEAD_LIST_AFTER_VALUE_DESC, SQL_LEAD_LIST_ORDER_VALUE_DESC } },
    [SORT_CUSTOM_TEXT] = { { SQL_LEAD_LIST_AFTER_TEXT_ASC, SQL_LEAD_LIST_ORDER_TEXT_ASC },
                           { SQL_LEAD_LIST_AFTER_TEXT_DESC, SQL_LEAD_LIST_ORDER_TEXT_DESC } },
};

static bool is_by_field(const struct lead_filter *filter)
{
    return filter->sort == SORT_CUSTOM || filter->sort == SORT_CUSTOM_TEXT;
}

enum {
    SORTED_MAX = 3000, /* leads that are read to be sorted: some 20 ms */
    WALKS_MAX = 64,
};

static void narrow_int(struct query *query, int sql, int64_t value)
{
    if (value != NO_INT)
        query_part(query, sql, param_int(value));
}

static void narrow_text(struct query *query, int sql, const char *value)
{
    if (value)
        query_part(query, sql, param_text(value));
}

static void narrow_id(struct query *query, int sql, const struct id *value)
{
    if (!id_is_nil(value))
        query_part(query, sql, param_id(value));
}

/* by_index: the engine may go by the index of stages, which it otherwise would even for all. */
static void narrow_stage(struct query *query, const struct lead_filter *filter, bool by_index)
{
    if (!filter->with_erased)
        query_part(query, by_index ? SQL_LEAD_LIST_SOMEBODY : SQL_LEAD_LIST_SOMEBODY_AMONG_ALL);
    narrow_int(query, by_index ? SQL_LEAD_LIST_STAGE : SQL_LEAD_LIST_STAGE_AMONG_ALL,
               filter->stage_id);
    if (by_index && filter->stage_id == NO_INT && filter->status >= 0)
        query_part_params(query, SQL_LEAD_LIST_ANY_STAGE, NULL, 0);
}

static void select_leads(struct query *query, const struct lead_filter *filter)
{
    narrow_int(query, SQL_LEAD_LIST_STATUS, filter->status < 0 ? NO_INT : filter->status);
    narrow_text(query, SQL_LEAD_LIST_SOURCE, filter->source);
    narrow_text(query, SQL_LEAD_LIST_COUNTRY, filter->country);
    narrow_id(query, SQL_LEAD_LIST_ID, &filter->id);
    narrow_id(query, SQL_LEAD_LIST_CAMPAIGN, &filter->campaign);
    narrow_id(query, SQL_LEAD_LIST_OWNER, &filter->owner);
    if (filter->counted)
        query_counted(query);
    if (filter->condition)
        query_condition(query, filter->condition);
}

static bool narrows_lead(const struct lead_filter *filter)
{
    return filter->source || filter->country || !id_is_nil(&filter->id) ||
           !id_is_nil(&filter->campaign) || !id_is_nil(&filter->owner);
}

static bool narrows_state(const struct lead_filter *filter)
{
    return !filter->with_erased || filter->pipeline_id != NO_INT || filter->stage_id != NO_INT ||
           filter->status >= 0 || filter->counted;
}

/* Reads no more than the filters do: what an index covers is counted there. */
enum err lead_count(struct ctx *ctx, struct db *db, const struct lead_filter *filter, int64_t *ret)
{
    bool lead = narrows_lead(filter), state = narrows_state(filter);
    if (filter->condition)
        condition_tables(filter->condition, &lead, &state);
    if (filter->reached)
        reached_tables(filter->reached, &lead, &state);
    struct query query = { .arena = ctx->arena };
    query_part_params(&query,
                      lead && state ? SQL_LEAD_COUNT
                      : state       ? SQL_LEAD_COUNT_STATES
                                    : SQL_LEAD_COUNT_LEADS,
                      NULL, 0);
    narrow_int(&query, SQL_LEAD_COUNT_PIPELINE, filter->pipeline_id);
    narrow_stage(&query, filter, /* by_index= */ true);
    select_leads(&query, filter);
    if (filter->reached)
        query_reached(&query, filter->reached);
    return query_int(ctx, db, &query, ret);
}

static void put_after(struct query *query, const struct lead_filter *filter)
{
    if (filter->after_value != NO_INT)
        query_part(query, lead_orders[filter->sort][filter->descending].after,
                   filter->sort == SORT_CUSTOM_TEXT ? param_text(filter->after_text)
                                                    : param_int(filter->after_value),
                   param_id(&filter->after_id));
}

static void narrow(struct query *query, const struct lead_filter *filter, bool by_index)
{
    narrow_int(query, SQL_LEAD_LIST_PIPELINE, filter->pipeline_id);
    narrow_stage(query, filter, by_index);
    select_leads(query, filter);
    put_after(query, filter);
    if (filter->reached)
        query_reached(query, filter->reached);
}

/* ---- By score or time of entry, in any stage or of any status ---- */

static bool is_by_state(const struct lead_filter *filter)
{
    return filter->sort == SORT_SCORE || filter->sort == SORT_STAGE_ENTERED_AT;
}

static int64_t sorted_by(const struct lead *lead, const struct lead_filter *filter)
{
    int64_t value = filter->sort == SORT_SCORE ? lead->score : lead->stage_entered_at;
    return filter->descending ? -value : value;
}

static int compare_leads(const void *left, const void *right, void *filter)
{
    const struct lead *a = left, *b = right;
    int64_t first = sorted_by(a, filter), second = sorted_by(b, filter);
    return first != second ? (first > second) - (first < second) : id_compare(&a->id, &b->id);
}

/* The engine reads the leads in no order that is promised. They mostly are in order, and are large:
 * moving them about costs more than a look. */
static void sort_leads(const struct rows *rows, struct lead_filter filter)
{
    const struct lead *leads = rows->items;
    for (size_t i = 1; i < rows->count; i++)
        if (compare_leads(&leads[i - 1], &leads[i], &filter) > 0) {
            qsort_r(rows->items, rows->count, sizeof *leads, compare_leads, &filter);
            return;
        }
}

/* One walk along the index. */
static void put_walk(struct query *query, const struct lead_filter *filter, int64_t stage_id,
                     int status)
{
    query_part(query,
               filter->sort == SORT_SCORE ? SQL_LEAD_LIST_PLACES_SCORE
                                          : SQL_LEAD_LIST_PLACES_ENTERED,
               param_int(stage_id), param_int(status));
    select_leads(query, filter); /* which outlives the query: its ids are parameters */
    put_after(query, filter);
}

/* The stages that the list may have leads of. */
static enum err find_stages(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                            struct rows *ret)
{
    enum err err = db_rows(ctx, db, SQL_LEAD_STAGES, ret);
    struct stage *stages = err ? NULL : ret->items;
    size_t count = 0;
    for (size_t i = 0; !err && i < ret->count; i++)
        if ((filter->stage_id == NO_INT || filter->stage_id == stages[i].stage_id) &&
            (filter->pipeline_id == NO_INT || filter->pipeline_id == stages[i].pipeline_id))
            stages[count++] = stages[i];
    ret->count = count;
    return err;
}

/* Whether so many walks, each with its conditions, make a statement that the engine takes. */
static bool can_walk(struct ctx *ctx, const struct lead_filter *filter, size_t walks)
{
    struct query query = { .arena = ctx->arena };
    put_walk(&query, filter, 0, 0);
    return walks > 0 && walks <= WALKS_MAX &&
           (query.part_count + 1) * walks < QUERY_PARTS_MAX - 4 &&
           query.param_count * walks < QUERY_PARAMS_MAX;
}

static enum err list_places(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                            const struct rows *stages, struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    const struct stage *stage = stages->items, *end = stage + stages->count;
    int first = filter->status < 0 ? 0 : filter->status;
    int last = filter->status < 0 ? LEAD_STATUS_COUNT - 1 : filter->status;
    query_part(&query, SQL_LEAD_LIST);
    for (int part = SQL_LEAD_LIST_PLACES; stage < end; stage++)
        for (int status = first; status <= last; status++, part = SQL_LEAD_LIST_PLACES_MORE) {
            query_part_params(&query, part, NULL, 0);
            put_walk(&query, filter, stage->stage_id, status);
        }
    query_part(&query, filter->descending ? SQL_LEAD_LIST_PLACES_DESC : SQL_LEAD_LIST_PLACES_ASC,
               param_int(filter->limit));
    enum err err = query_rows(ctx, db, &query, ret);
    if (!err)
        sort_leads(ret, *filter);
    return err;
}

/* Whether few leads have the source, the campaign or the owner: then these are read and sorted. */
static enum err is_of_few(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                          bool *ret)
{
    const struct {
        int sql;
        struct param value;
    } keys[] = {
        { SQL_LEAD_COUNT_SOURCE, param_text(filter->source) },
        { SQL_LEAD_COUNT_CAMPAIGN, param_id(&filter->campaign) },
        { SQL_LEAD_COUNT_OWNER, param_id(&filter->owner) },
    };
    enum err err = OK;
    *ret = false;
    for (size_t i = 0; i < ARRAY_SIZE(keys) && is_by_state(filter) && !*ret && !err; i++) {
        int64_t count = SORTED_MAX + 1;
        if (keys[i].value.kind != PARAM_NULL)
            err = db_int(ctx, db, keys[i].sql, &count, keys[i].value, param_int(SORTED_MAX + 1));
        *ret = count <= SORTED_MAX;
    }
    return err;
}

/* *ret_done: it was a list of that kind. */
static enum err try_places(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                           struct rows *ret, bool *ret_done)
{
    struct rows stages;
    bool one_walk = filter->stage_id != NO_INT && filter->status >= 0;
    *ret_done = false;
    bool is_long = filter->reached; /* for so many walks */
    if (!is_by_state(filter) || one_walk || is_long || filter->with_erased ||
        !id_is_nil(&filter->id))
        return OK;
    enum err err = find_stages(ctx, db, filter, &stages);
    size_t walks = err ? 0 : stages.count * (filter->status < 0 ? LEAD_STATUS_COUNT : 1);
    if (err || !can_walk(ctx, filter, walks))
        return err;
    *ret_done = true;
    return list_places(ctx, db, filter, &stages, ret);
}

/* ---- All lists ---- */

/* Whether to go by the index of stages. Of a small stage, and of a rare status, all leads are read
 * and sorted by their creation. Of a large one a page is found sooner among the newest of all; the
 * engine, which cannot know, would sort them. */
static enum err choose_index(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                             bool *ret)
{
    bool counts = filter->sort == SORT_CREATED_AT;
    int64_t count = 0;
    enum err err = OK;
    if (filter->stage_id != NO_INT && counts)
        err = db_int(ctx, db, SQL_LEAD_COUNT_STAGE, &count, param_int(filter->stage_id),
                     param_int(SORTED_MAX + 1));
    else if (filter->stage_id == NO_INT)
        count = SORTED_MAX + 1;
    if (!err && count > SORTED_MAX && filter->status > LEAD_OPEN && counts && !filter->with_erased)
        err = db_int(ctx, db, SQL_LEAD_COUNT_STATUS, &count, param_int(filter->status),
                     param_int(SORTED_MAX + 1));
    *ret = count <= SORTED_MAX;
    return err;
}

static void put_list(struct query *query, const struct lead_filter *filter, bool by_index)
{
    query_part(query, SQL_LEAD_LIST);
    if (is_by_field(filter))
        query_part(query,
                   filter->sort == SORT_CUSTOM ? SQL_LEAD_LIST_BY_VALUE : SQL_LEAD_LIST_BY_TEXT,
                   param_int(filter->sort_field_id));
    else
        query_part(query, SQL_LEAD_LIST_WHERE);
    narrow(query, filter, by_index);
    query_part(query, lead_orders[filter->sort][filter->descending].order,
               param_int(filter->limit));
}

/* ---- By a custom field: those without a value come after all others ---- */

static bool is_among_blanks(const struct lead_filter *filter)
{
    return filter->after_value == NO_INT && !id_is_nil(&filter->after_id);
}

/* Of a filter without after_value. */
static void put_blanks(struct query *query, const struct lead_filter *filter)
{
    query_part(query, SQL_LEAD_LIST);
    query_part(query, SQL_LEAD_LIST_WITHOUT_VALUE, param_int(filter->sort_field_id));
    narrow(query, filter, /* by_index= */ false);
    if (is_among_blanks(filter))
        query_part(query, SQL_LEAD_LIST_AFTER_ID, param_id(&filter->after_id));
    query_part(query, SQL_LEAD_LIST_ORDER_ID, param_int(filter->limit));
}

/* The first of them, where a page of others is not full. */
static struct lead_filter blanks_behind(const struct lead_filter *filter, size_t count)
{
    struct lead_filter blanks = *filter;
    blanks.after_value = NO_INT;
    blanks.after_id = (struct id){ 0 };
    blanks.limit = filter->limit - (int64_t)count;
    return blanks;
}

static enum err list_by_value(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                              struct rows *ret)
{
    struct rows rows = { 0 }, blanks = { 0 };
    struct lead_filter behind = *filter;
    enum err err = OK;
    if (!is_among_blanks(filter)) {
        struct query query = { .arena = ctx->arena };
        put_list(&query, filter, /* by_index= */ false);
        err = query_rows(ctx, db, &query, &rows);
        behind = blanks_behind(filter, rows.count);
    }
    if (!err && behind.limit > 0) {
        struct query query = { .arena = ctx->arena };
        put_blanks(&query, &behind);
        err = query_rows(ctx, db, &query, &blanks);
    }
    struct lead *leads =
        err ? NULL : ctx_alloc(ctx, (rows.count + blanks.count + 1) * sizeof *leads);
    if (!leads)
        return err ? err : ERR_MEMORY;
    if (rows.count > 0)
        memcpy(leads, rows.items, rows.count * sizeof *leads);
    if (blanks.count > 0)
        memcpy(leads + rows.count, blanks.items, blanks.count * sizeof *leads);
    *ret = (struct rows){ leads, rows.count + blanks.count };
    return OK;
}

static enum err list(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                     struct rows *ret)
{
    bool by_index = false, few, done = false;
    if (is_by_field(filter))
        return list_by_value(ctx, db, filter, ret);
    enum err err = is_of_few(ctx, db, filter, &few);
    if (!err && !few)
        err = try_places(ctx, db, filter, ret, &done);
    if (err || done)
        return err;
    err = few ? OK : choose_index(ctx, db, filter, &by_index);
    if (err)
        return err;
    struct query query = { .arena = ctx->arena };
    put_list(&query, filter, by_index);
    return query_rows(ctx, db, &query, ret);
}

struct lead_filter lead_filter_any(void)
{
    return (struct lead_filter){ .pipeline_id = NO_INT,
                                 .stage_id = NO_INT,
                                 .status = -1,
                                 .descending = true,
                                 .after_value = NO_INT };
}

enum err lead_list(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                   struct rows *ret)
{
    enum err err = list(ctx, db, filter, ret);
    return err ? err : complete(ctx, db, ret);
}

enum err lead_walk(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                   struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_LEAD_LIST);
    query_part(&query, SQL_LEAD_LIST_NEXT, param_bytes(after->bytes, sizeof after->bytes),
               param_int(limit));
    enum err err = query_rows(ctx, db, &query, ret);
    return err ? err : complete(ctx, db, ret);
}

enum err lead_each(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                   db_visit *visit, void *self)
{
    struct lead row;
    bool by_index, by_field = is_by_field(filter);
    struct visiting visiting = { .db = db, .visit = visit, .self = self };
    struct query query = { .arena = ctx->arena };
    enum err err = choose_index(ctx, db, filter, &by_index);
    if (err)
        return err;
    if (by_field && is_among_blanks(filter)) {
        put_blanks(&query, filter);
        return query_each(ctx, db, &query, &row, visit_named, &visiting);
    }
    put_list(&query, filter, !by_field && by_index);
    err = query_each(ctx, db, &query, &row, visit_named, &visiting);
    if (err || !by_field)
        return err;
    struct lead_filter behind = blanks_behind(filter, 0);
    struct query blanks = { .arena = ctx->arena };
    put_blanks(&blanks, &behind);
    return query_each(ctx, db, &blanks, &row, visit_named, &visiting);
}
