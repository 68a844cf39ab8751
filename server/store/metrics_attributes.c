/* metrics_attributes.c: leads and what became of them, row by row, for figures that look at all of
 * them. What is counted is not decided here. */
#include "sql.h"

#include <funneld/store.h>

#define FILTER_PARAMS(filter)                                                                      \
    param_int((filter)->pipeline_id), param_int((filter)->created_gte),                            \
        param_int((filter)->created_lt), param_int((filter)->any_status)

enum err outcome_leads(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                       db_visit *visit, void *self)
{
    struct lead lead;
    return db_each(ctx, db, SQL_OUTCOME_LEADS, &lead, visit, self, FILTER_PARAMS(filter));
}

enum err outcome_values(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                        db_visit *visit, void *self)
{
    struct trait trait;
    return db_each(ctx, db, SQL_OUTCOME_VALUES, &trait, visit, self, FILTER_PARAMS(filter));
}

enum err outcome_activities(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                            db_visit *visit, void *self)
{
    struct trait trait;
    return db_each(ctx, db, SQL_OUTCOME_ACTIVITIES, &trait, visit, self, FILTER_PARAMS(filter));
}
