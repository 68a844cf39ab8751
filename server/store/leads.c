/* leads.c: leads, their keys and their changes, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

#include <stdlib.h>
#include <string.h>

/* Whether there was ever one of this id. */
static enum err missing(struct ctx *ctx, struct db *db, const struct id *id)
{
    struct erasure erasure;
    enum err err = erasure_find(ctx, db, id, &erasure);
    return err ? err : fail(ctx, ERR_GONE, NULL, "the lead was erased");
}

/* What was read, as those see it who know nothing of erasures. */
static enum err unless_erased(struct ctx *ctx, struct db *db, const struct lead *lead,
                              const struct id *id, enum err err)
{
    bool gone = err == ERR_NOT_FOUND || (!err && lead->erased_at != NO_INT);
    return gone ? missing(ctx, db, id) : err;
}

enum err lead_load(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    return unless_erased(ctx, db, ret, id, lead_load_any(ctx, db, id, ret));
}

enum err lead_load_any(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    enum err err = db_one(ctx, db, SQL_LEAD_BY_ID, ret, param_id(id));
    return err ? err : lead_values_load(ctx, db, ret, 1);
}

enum err lead_load_state(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    return unless_erased(ctx, db, ret, id,
                         db_one(ctx, db, SQL_LEAD_STATE_BY_ID, ret, param_id(id)));
}

#define LEAD_PARAMS(lead)                                                                          \
    param_id(&(lead)->id), param_text((lead)->email), param_text((lead)->phone),                   \
        param_text((lead)->first_name), param_text((lead)->last_name),                             \
        param_text((lead)->company), param_text((lead)->job_title), param_text((lead)->website),   \
        param_text((lead)->industry), param_text((lead)->country), param_text((lead)->city),       \
        param_text((lead)->source), param_id(&(lead)->campaign), param_id(&(lead)->owner),         \
        param_int((lead)->amount_minor), param_text((lead)->currency),                             \
        param_text((lead)->source_system), param_text((lead)->external_id),                        \
        param_int((lead)->created_at), param_int((lead)->updated_at),                              \
        param_int((int64_t)(lead)->fields.count)

#define LEAD_STATE_PARAMS(lead)                                                                    \
    param_id(&(lead)->id), param_int((lead)->pipeline_id), param_int((lead)->stage_id),            \
        param_int((lead)->status), param_int((lead)->stage_entered_at), param_int((lead)->cycle),  \
        param_int((lead)->version), param_int((lead)->score), param_int((lead)->score_as_of),      \
        param_int((lead)->rule_set_version),                                                       \
        param_bytes((lead)->tally.data, (lead)->tally.length), param_int((lead)->last_fact_at),    \
        param_int((lead)->automatic_at), param_int((lead)->score_due_at)

enum err lead_insert(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    enum err err = db_exec(ctx, db, SQL_LEAD_INSERT, LEAD_PARAMS(lead));
    return err ? err : db_exec(ctx, db, SQL_LEAD_STATE_INSERT, LEAD_STATE_PARAMS(lead));
}

enum err lead_save(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_UPDATE, LEAD_PARAMS(lead));
}

enum err lead_save_state(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_STATE_UPDATE, LEAD_STATE_PARAMS(lead));
}

enum err lead_save_tally(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_TALLY_UPDATE, param_id(&lead->id),
                   param_int(lead->score_as_of), param_bytes(lead->tally.data, lead->tally.length),
                   param_int(lead->last_fact_at), param_int(lead->score_due_at));
}

enum err lead_find(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                   struct id *ret)
{
    struct lead lead;
    enum err err = db_one(ctx, db, SQL_LEAD_KEY_FIND, &lead, param_int(kind), param_text(key));
    if (!err)
        *ret = lead.id;
    return err;
}

enum err lead_key_add(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                      const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_LEAD_KEY_INSERT, param_int(kind), param_text(key),
                   param_id(lead_id));
}

enum err lead_key_offer(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                        const struct id *lead_id, bool *ret_added)
{
    enum err err = db_exec(ctx, db, SQL_LEAD_KEY_INSERT_UNLESS_TAKEN, param_int(kind),
                           param_text(key), param_id(lead_id));
    *ret_added = !err && db_changes(db) > 0;
    return err;
}

enum err lead_key_remove(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                         const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_LEAD_KEY_DELETE, param_int(kind), param_text(key),
                   param_id(lead_id));
}

enum err lead_keys_lost(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int(ctx, db, SQL_LEAD_KEYS_LOST, ret, param_int(LEAD_KEY_PHONE));
}

enum err shared_phone_add(struct ctx *ctx, struct db *db, const char *phone,
                          const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_SHARED_PHONE_INSERT, param_text(phone), param_id(lead_id));
}

enum err shared_phone_remove(struct ctx *ctx, struct db *db, const char *phone,
                             const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_SHARED_PHONE_DELETE, param_text(phone), param_id(lead_id));
}

enum err shared_phone_first(struct ctx *ctx, struct db *db, const char *phone, struct id *ret)
{
    struct lead lead;
    enum err err = db_one(ctx, db, SQL_SHARED_PHONE_FIRST, &lead, param_text(phone));
    if (!err)
        *ret = lead.id;
    return err;
}

enum err shared_phone_has(struct ctx *ctx, struct db *db, const char *phone,
                          const struct id *lead_id, bool *ret)
{
    int64_t count = 0;
    enum err err =
        db_int(ctx, db, SQL_SHARED_PHONE_COUNT, &count, param_text(phone), param_id(lead_id));
    *ret = count > 0;
    return err;
}

enum err lead_change_add(struct ctx *ctx, struct db *db, const struct lead_change *change)
{
    return db_exec(ctx, db, SQL_LEAD_CHANGE_INSERT, param_id(&change->lead_id),
                   param_id(&change->id), param_int(change->at), param_text(change->field),
                   param_text(change->old_value), param_text(change->new_value),
                   param_text(change->actor));
}

enum err lead_changes(struct ctx *ctx, struct db *db, const struct id *lead_id, struct rows *ret)
{
    return db_rows(ctx, db, SQL_LEAD_CHANGES, ret, param_id(lead_id));
}

enum err lead_change_list(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          const struct id_range *range, struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_LEAD_CHANGE_LIST, param_id(lead_id));
    query_by_id(&query, range);
    return query_rows(ctx, db, &query, ret);
}

enum err lead_change_count(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t *ret)
{
    return db_int(ctx, db, SQL_LEAD_CHANGE_COUNT, ret, param_id(lead_id));
}

enum err lead_ids_after(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                        struct rows *ret)
{
    return db_rows(ctx, db, SQL_LEAD_IDS_AFTER, ret, param_bytes(after->bytes, sizeof after->bytes),
                   param_int(limit));
}

enum err lead_walk(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                   struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_LEAD_LIST);
    query_part(&query, SQL_LEAD_LIST_NEXT, param_bytes(after->bytes, sizeof after->bytes),
               param_int(limit));
    enum err err = query_rows(ctx, db, &query, ret);
    return err ? err : lead_values_load(ctx, db, ret->items, ret->count);
}

enum err lead_count_all(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_LEAD_COUNT_ALL, ret, NULL, 0);
}

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
};

enum { SORTED_MAX = 3000 }; /* leads of a stage: some 20 ms */

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
}

static void select_leads(struct query *query, const struct lead_filter *filter)
{
    narrow_int(query, SQL_LEAD_LIST_STATUS, filter->status < 0 ? NO_INT : filter->status);
    narrow_text(query, SQL_LEAD_LIST_SOURCE, filter->source);
    narrow_text(query, SQL_LEAD_LIST_COUNTRY, filter->country);
    narrow_id(query, SQL_LEAD_LIST_ID, &filter->id);
    narrow_id(query, SQL_LEAD_LIST_CAMPAIGN, &filter->campaign);
    narrow_id(query, SQL_LEAD_LIST_OWNER, &filter->owner);
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
           filter->status >= 0;
}

/* Reads no more than the filters do: what an index covers is counted there. */
enum err lead_count(struct ctx *ctx, struct db *db, const struct lead_filter *filter, int64_t *ret)
{
    bool lead = narrows_lead(filter), state = narrows_state(filter);
    if (filter->condition)
        condition_tables(filter->condition, &lead, &state);
    struct query query = { .arena = ctx->arena };
    query_part_params(&query,
                      lead && state ? SQL_LEAD_COUNT
                      : state       ? SQL_LEAD_COUNT_STATES
                                    : SQL_LEAD_COUNT_LEADS,
                      NULL, 0);
    narrow_int(&query, SQL_LEAD_COUNT_PIPELINE, filter->pipeline_id);
    narrow_stage(&query, filter, /* by_index= */ true);
    select_leads(&query, filter);
    return query_int(ctx, db, &query, ret);
}

static void narrow(struct query *query, const struct lead_filter *filter, bool by_index)
{
    narrow_int(query, SQL_LEAD_LIST_PIPELINE, filter->pipeline_id);
    narrow_stage(query, filter, by_index);
    select_leads(query, filter);
    if (filter->after_value != NO_INT)
        query_part(query, lead_orders[filter->sort][filter->descending].after,
                   param_int(filter->after_value), param_id(&filter->after_id));
}

static int compare_scores(const void *left, const void *right)
{
    const struct lead *a = left, *b = right;
    return a->score != b->score ? (a->score > b->score) - (a->score < b->score)
                                : id_compare(&a->id, &b->id);
}

static int compare_scores_down(const void *left, const void *right)
{
    const struct lead *a = left, *b = right;
    return a->score != b->score ? compare_scores(b, a) : id_compare(&a->id, &b->id);
}

/* The index of a stage's leads goes by status first, so that closed leads never stand between the
 * open ones. A list of any status is therefore four walks along it, which the engine merges as far
 * as the page reaches; only then are its leads read, in no order that is promised. */
static enum err list_any_status(struct ctx *ctx, struct db *db, struct lead_filter filter,
                                struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_LEAD_LIST);
    for (int status = 0; status < LEAD_STATUS_COUNT; status++) {
        filter.status = status;
        query_part(&query, status == 0 ? SQL_LEAD_LIST_PLACES : SQL_LEAD_LIST_PLACES_MORE);
        narrow(&query, &filter, /* by_index= */ true);
    }
    query_part(&query, filter.descending ? SQL_LEAD_LIST_PLACES_DESC : SQL_LEAD_LIST_PLACES_ASC,
               param_int(filter.limit));
    enum err err = query_rows(ctx, db, &query, ret);
    if (!err && ret->count > 1)
        qsort(ret->items, ret->count, sizeof(struct lead),
              filter.descending ? compare_scores_down : compare_scores);
    return err;
}

/* Whether its condition may stand in a statement once for each status. */
static bool is_short(struct ctx *ctx, const struct lead_filter *filter)
{
    struct query query = { .arena = ctx->arena };
    query_condition(&query, filter->condition);
    return query.part_count <= QUERY_PARTS_MAX / 8 && query.param_count <= QUERY_PARAMS_MAX / 8;
}

/* Whether to go by the index of stages. Of a small stage all leads are read and sorted by their
 * creation. Of a large one a page is found sooner among the newest of all; the engine, which cannot
 * know, would sort them. */
static enum err choose_index(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                             bool *ret)
{
    int64_t count = 0;
    enum err err = OK;
    if (filter->stage_id != NO_INT && filter->sort == SORT_CREATED_AT)
        err = db_int(ctx, db, SQL_LEAD_COUNT_STAGE, &count, param_int(filter->stage_id),
                     param_int(SORTED_MAX + 1));
    *ret = filter->stage_id != NO_INT && count <= SORTED_MAX;
    return err;
}

static void put_list(struct query *query, const struct lead_filter *filter, bool by_index)
{
    query_part(query, SQL_LEAD_LIST);
    if (filter->sort == SORT_CUSTOM)
        query_part(query, SQL_LEAD_LIST_BY_VALUE, param_int(filter->sort_field_id));
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

static void put_blanks(struct query *query, const struct lead_filter *filter)
{
    query_part(query, SQL_LEAD_LIST);
    query_part(query, SQL_LEAD_LIST_WITHOUT_VALUE, param_int(filter->sort_field_id));
    struct lead_filter plain = *filter;
    plain.after_value = NO_INT;
    narrow(query, &plain, /* by_index= */ false);
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
    if (filter->sort == SORT_CUSTOM)
        return list_by_value(ctx, db, filter, ret);
    bool by_index;
    enum err err = choose_index(ctx, db, filter, &by_index);
    if (err)
        return err;
    bool any_status = filter->sort == SORT_SCORE && filter->stage_id != NO_INT &&
                      filter->status < 0 && (!filter->condition || is_short(ctx, filter));
    if (any_status)
        return list_any_status(ctx, db, *filter, ret);
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
    return err ? err : lead_values_load(ctx, db, ret->items, ret->count);
}

enum err lead_each(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                   db_visit *visit, void *self)
{
    struct lead row;
    bool by_index;
    struct query query = { .arena = ctx->arena };
    enum err err = choose_index(ctx, db, filter, &by_index);
    if (err)
        return err;
    if (filter->sort == SORT_CUSTOM && is_among_blanks(filter)) {
        put_blanks(&query, filter);
        return query_each(ctx, db, &query, &row, visit, self);
    }
    put_list(&query, filter, filter->sort != SORT_CUSTOM && by_index);
    err = query_each(ctx, db, &query, &row, visit, self);
    if (err || filter->sort != SORT_CUSTOM)
        return err;
    struct lead_filter behind = blanks_behind(filter, 0);
    struct query blanks = { .arena = ctx->arena };
    put_blanks(&blanks, &behind);
    return query_each(ctx, db, &blanks, &row, visit, self);
}
