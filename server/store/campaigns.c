/* campaigns.c: campaigns and their members, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

enum err campaign_insert(struct ctx *ctx, struct db *db, const struct campaign *campaign)
{
    return db_exec(ctx, db, SQL_CAMPAIGN_INSERT, param_id(&campaign->id),
                   param_text(campaign->name), param_text(campaign->channel),
                   param_int(campaign->starts_on), param_int(campaign->ends_on),
                   param_int(campaign->budget_minor), param_int(campaign->created_at));
}

enum err campaign_load(struct ctx *ctx, struct db *db, const struct id *id, struct campaign *ret)
{
    return db_one(ctx, db, SQL_CAMPAIGN_BY_ID, ret, param_id(id));
}

enum err campaign_find(struct ctx *ctx, struct db *db, const char *name, struct id *ret)
{
    struct campaign campaign;
    enum err err = db_one(ctx, db, SQL_CAMPAIGN_BY_NAME, &campaign, param_text(name));
    if (!err)
        *ret = campaign.id;
    return err;
}

enum err campaign_list(struct ctx *ctx, struct db *db, const struct id_range *range,
                       struct rows *ret)
{
    return rows_by_id(ctx, db, SQL_CAMPAIGN_LIST, range, ret);
}

enum err campaign_count(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_CAMPAIGN_COUNT, ret, NULL, 0);
}

enum err campaign_members(struct ctx *ctx, struct db *db, const struct id *campaign,
                          const struct id_range *range, struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_CAMPAIGN_MEMBERS, param_id(campaign));
    query_by_id(&query, range);
    return query_rows(ctx, db, &query, ret);
}

enum err campaign_member_add(struct ctx *ctx, struct db *db, const struct id *campaign,
                             const struct id *lead_id, bool *ret_added)
{
    enum err err = db_exec(ctx, db, SQL_CAMPAIGN_MEMBER_INSERT, param_id(campaign),
                           param_id(lead_id), param_int(ctx->now_ms));
    if (!err)
        *ret_added = db_changes(db) > 0;
    return err;
}
