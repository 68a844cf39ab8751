/* due.c: which leads time alone has changed, and which of them could not be brought up to date, row
 * by row. No rules here. */
#include "sql.h"

#include <funneld/records.h>

enum err leads_due(struct ctx *ctx, struct db *db, int64_t at, int64_t limit, struct rows *ret)
{
    return db_rows(ctx, db, SQL_LEADS_DUE, ret, param_int(at), param_int(limit));
}

enum err due_failure_put(struct ctx *ctx, struct db *db, const struct due_lead *due,
                         int64_t retry_at)
{
    return db_exec(ctx, db, SQL_DUE_FAILURE_PUT, param_id(&due->lead_id),
                   param_int(due->score_due_at), param_int(due->tries), param_int(retry_at));
}

enum err due_failures_tidy(struct ctx *ctx, struct db *db, int64_t *ret_left)
{
    int64_t over = 0;
    enum err err = db_int_params(ctx, db, SQL_DUE_FAILURE_COUNT, ret_left, NULL, 0);
    if (!err && *ret_left > 0)
        err = db_int_params(ctx, db, SQL_DUE_FAILURES_OVER, &over, NULL, 0);
    if (!err && over > 0) /* else nothing is written, and nothing to be committed */
        err = db_exec_params(ctx, db, SQL_DUE_FAILURES_REMOVE, NULL, 0);
    *ret_left -= over;
    return err;
}
