/* lists.c: lists whose rows are told apart, and ordered, by their id, whatever they are of; and
 * lists of texts within a row. */
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

enum err lines_join(struct ctx *ctx, const struct texts *texts, const char **ret)
{
    struct buffer lines = { .arena = ctx->arena };
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0)
            buffer_char(&lines, '\n');
        buffer_text(&lines, texts->items[i]);
    }
    buffer_char(&lines, '\0');
    if (lines.failed)
        return fail(ctx, ERR_MEMORY, NULL, "no memory to write a list");
    *ret = texts->count > 0 ? lines.data : NULL;
    return OK;
}
