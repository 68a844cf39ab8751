/* activities.c: activities and the keys that make repeats count once, row by row. No rules here. */
#include "sql.h"

#include <funneld/records.h>

enum err activity_insert(struct ctx *ctx, struct db *db, const struct activity *activity)
{
    return db_exec(ctx, db, SQL_ACTIVITY_INSERT, param_id(&activity->lead_id),
                   param_int(activity->occurred_at), param_id(&activity->id),
                   param_text(activity->type), param_int(activity->recorded_at),
                   param_id(&activity->campaign), param_text(activity->source_system),
                   param_text(activity->external_id), param_int(activity->engagement),
                   param_int(activity->engagement_given), param_text(activity->properties));
}

enum err activity_save(struct ctx *ctx, struct db *db, const struct activity *activity,
                       int64_t occurred_before)
{
    return db_exec(ctx, db, SQL_ACTIVITY_UPDATE, param_id(&activity->lead_id),
                   param_int(occurred_before), param_id(&activity->id),
                   param_int(activity->occurred_at), param_text(activity->type),
                   param_id(&activity->campaign), param_int(activity->engagement),
                   param_int(activity->engagement_given), param_text(activity->properties));
}

enum err activity_remove(struct ctx *ctx, struct db *db, const struct activity *activity)
{
    enum err err = OK;
    if (activity->external_id)
        err = db_exec(ctx, db, SQL_ACTIVITY_KEY_OUTLIVE, param_text(activity->source_system),
                      param_text(activity->external_id), param_id(&activity->lead_id));
    return err ? err
               : db_exec(ctx, db, SQL_ACTIVITY_REMOVE, param_id(&activity->lead_id),
                         param_int(activity->occurred_at), param_id(&activity->id));
}

enum err activity_key_add(struct ctx *ctx, struct db *db, const struct activity *activity)
{
    return db_exec(ctx, db, SQL_ACTIVITY_KEY_INSERT, param_text(activity->source_system),
                   param_text(activity->external_id), param_id(&activity->id));
}

enum err activity_load(struct ctx *ctx, struct db *db, const struct id *id, struct activity *ret)
{
    return db_one(ctx, db, SQL_ACTIVITY_BY_ID, ret, param_id(id));
}

enum err activity_find(struct ctx *ctx, struct db *db, const char *source_system,
                       const char *external_id, struct activity *ret)
{
    return db_one(ctx, db, SQL_ACTIVITY_BY_KEY, ret, param_text(source_system),
                  param_text(external_id));
}

enum err activity_log(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t after,
                      bool with_properties, db_visit *visit, void *self)
{
    struct activity row;
    return db_each(ctx, db, with_properties ? SQL_ACTIVITY_LOG_PROPERTIES : SQL_ACTIVITY_LOG, &row,
                   visit, self, param_id(lead_id), param_int(after));
}

enum err activity_span(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t after,
                       int64_t until, db_visit *visit, void *self)
{
    struct activity row;
    return db_each(ctx, db, SQL_ACTIVITY_SPAN, &row, visit, self, param_id(lead_id),
                   param_int(after), param_int(until));
}

enum err activity_logs(struct ctx *ctx, struct db *db, const struct id *from, const struct id *to,
                       bool with_properties, db_visit *visit, void *self)
{
    struct activity row;
    return db_each(ctx, db, with_properties ? SQL_ACTIVITY_LOGS_PROPERTIES : SQL_ACTIVITY_LOGS,
                   &row, visit, self, param_id(from), param_id(to));
}

enum err activity_mail_steps(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t from,
                             int64_t to, int64_t limit, struct rows *ret)
{
    return db_rows(ctx, db, SQL_ACTIVITY_MAIL_STEPS, ret, param_id(lead_id), param_int(from),
                   param_int(to), param_int(limit));
}

static void narrow(struct query *query, const struct activity_filter *filter)
{
    if (filter->type)
        query_part(query, SQL_ACTIVITY_LIST_TYPE, param_text(filter->type));
    if (filter->engagement >= 0)
        query_part(query, SQL_ACTIVITY_LIST_ENGAGEMENT, param_int(filter->engagement));
    if (!id_is_nil(&filter->campaign))
        query_part(query, SQL_ACTIVITY_LIST_CAMPAIGN, param_id(&filter->campaign));
    if (filter->occurred_gte != NO_INT)
        query_part(query, SQL_ACTIVITY_LIST_GTE, param_int(filter->occurred_gte));
    if (filter->occurred_lt != NO_INT)
        query_part(query, SQL_ACTIVITY_LIST_LT, param_int(filter->occurred_lt));
}

enum err activity_count(struct ctx *ctx, struct db *db, const struct activity_filter *filter,
                        int64_t *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_ACTIVITY_COUNT, param_id(&filter->lead_id));
    narrow(&query, filter);
    return query_int(ctx, db, &query, ret);
}

enum err activity_list(struct ctx *ctx, struct db *db, const struct activity_filter *filter,
                       struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_ACTIVITY_LIST, param_id(&filter->lead_id));
    narrow(&query, filter);
    if (filter->after_at != NO_INT)
        query_part(&query, filter->descending ? SQL_ACTIVITY_LIST_EARLIER : SQL_ACTIVITY_LIST_LATER,
                   param_int(filter->after_at), param_id(&filter->after_id));
    query_part(&query,
               filter->descending ? SQL_ACTIVITY_LIST_LATEST_FIRST : SQL_ACTIVITY_LIST_OLDEST_FIRST,
               param_int(filter->limit));
    return query_rows(ctx, db, &query, ret);
}

enum err activity_first_response(struct ctx *ctx, struct db *db, const struct id *lead_id,
                                 int64_t from, int64_t until, int64_t *ret)
{
    return db_int(ctx, db, SQL_ACTIVITY_FIRST_RESPONSE, ret, param_id(lead_id), param_int(from),
                  param_int(until == NO_INT ? INT64_MAX : until), param_int(ENGAGEMENT_VERIFIED));
}

enum err activity_walk(struct ctx *ctx, struct db *db, const struct activity *after, int64_t limit,
                       struct rows *ret)
{
    static const struct activity first; /* no id is as small as its */
    const struct activity *at = after ? after : &first;
    return db_rows(ctx, db, SQL_ACTIVITY_WALK, ret,
                   param_bytes(at->lead_id.bytes, sizeof at->lead_id.bytes),
                   param_int(at->occurred_at), param_bytes(at->id.bytes, sizeof at->id.bytes),
                   param_int(limit));
}

/* An enum that may be unknown. */
static struct param param_enum(int value)
{
    return param_int(value < 0 ? NO_INT : value);
}

enum err reclassification_insert(struct ctx *ctx, struct db *db,
                                 const struct reclassification *wanted)
{
    return db_exec(ctx, db, SQL_RECLASSIFICATION_INSERT, param_id(&wanted->job),
                   param_text(wanted->type), param_int(wanted->occurred_gte),
                   param_int(wanted->occurred_lt), param_id(&wanted->campaign),
                   param_text(wanted->user_agent), param_enum(wanted->engagement_was),
                   param_enum(wanted->engagement), param_int(wanted->activities),
                   param_int(wanted->leads));
}

enum err reclassification_load(struct ctx *ctx, struct db *db, const struct id *job,
                               struct reclassification *ret)
{
    return db_one(ctx, db, SQL_RECLASSIFICATION_BY_JOB, ret, param_id(job));
}

enum err reclassification_save(struct ctx *ctx, struct db *db,
                               const struct reclassification *wanted)
{
    return db_exec(ctx, db, SQL_RECLASSIFICATION_SAVE, param_id(&wanted->job),
                   param_int(wanted->activities), param_int(wanted->leads));
}
