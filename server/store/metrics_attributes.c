/* metrics_attributes.c: leads and what became of them, row by row, for figures that look at all of
 * them. What is counted is not decided here. */
#include "sql.h"

#include <funneld/records.h>

static enum err each(struct ctx *ctx, struct db *db, struct query *query,
                     const struct outcome_filter *filter, void *row, db_visit *visit, void *self)
{
    query_part(query, SQL_OUTCOME_WHICH, param_int(filter->pipeline_id),
               param_int(filter->created_gte), param_int(filter->created_lt),
               param_int(filter->any_status), param_int(LEAD_WON), param_int(LEAD_LOST),
               param_int(LEAD_DISQUALIFIED), param_int(REJECT_SPAM));
    return query_each(ctx, db, query, row, visit, self);
}

enum err outcome_leads(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                       db_visit *visit, void *self)
{
    struct lead lead;
    struct query query = { .arena = ctx->arena };
    query_part_params(&query, SQL_OUTCOME_LEADS, NULL, 0);
    return each(ctx, db, &query, filter, &lead, visit, self);
}

enum err outcome_values(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                        db_visit *visit, void *self)
{
    struct trait trait;
    struct query query = { .arena = ctx->arena };
    query_part_params(&query, SQL_OUTCOME_VALUES, NULL, 0);
    return each(ctx, db, &query, filter, &trait, visit, self);
}

enum err outcome_activities(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                            db_visit *visit, void *self)
{
    struct trait trait;
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_OUTCOME_ACTIVITIES, param_int(ENGAGEMENT_BOT), param_int(LEAD_OPEN));
    return each(ctx, db, &query, filter, &trait, visit, self);
}
