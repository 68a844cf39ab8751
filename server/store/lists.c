/* lists.c: lists whose rows are told apart, and ordered, by their id, whatever they are of. */
#include "lists.h"

#include "sql.h"

void query_by_id(struct query *query, const struct id_range *range)
{
    if (!id_is_nil(&range->after))
        query_part(query, range->descending ? SQL_LIST_ID_BELOW : SQL_LIST_ID_ABOVE,
                   param_id(&range->after));
    query_part(query, range->descending ? SQL_LIST_ID_DOWNWARDS : SQL_LIST_ID_UPWARDS,
               param_int(range->limit));
}

enum err rows_by_id(struct ctx *ctx, struct db *db, int sql, const struct id_range *range,
                    struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part_params(&query, sql, NULL, 0);
    query_by_id(&query, range);
    return query_rows(ctx, db, &query, ret);
}
