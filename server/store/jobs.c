/* jobs.c: jobs, row by row. What a job does, and when it is over, is not decided here. */
#include "lists.h"
#include "sql.h"

#include <funneld/store.h>

enum err job_insert(struct ctx *ctx, struct db *db, const struct job *job)
{
    return db_exec(ctx, db, SQL_JOB_INSERT, param_id(&job->id), param_int(job->kind),
                   param_int(job->state), param_id(&job->subject), param_int(job->done),
                   param_int(job->total), param_id(&job->cursor), param_text(job->result),
                   param_text(job->detail), param_text(job->actor), param_int(job->created_at),
                   param_int(job->started_at), param_int(job->finished_at));
}

enum err job_save(struct ctx *ctx, struct db *db, const struct job *job)
{
    enum err err = db_exec(ctx, db, SQL_JOB_SAVE, param_id(&job->id), param_int(job->state),
                           param_int(job->done), param_int(job->total), param_id(&job->cursor),
                           param_text(job->result), param_text(job->detail),
                           param_int(job->started_at), param_int(job->finished_at));
    return err || db_changes(db) > 0 ? err : ERR_NOT_FOUND;
}

enum err job_load(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
{
    return db_one(ctx, db, SQL_JOB_BY_ID, ret, param_id(id));
}

enum err jobs_open(struct ctx *ctx, struct db *db, struct rows *ret)
{
    return db_rows_params(ctx, db, SQL_JOBS_OPEN, ret, NULL, 0);
}

static void narrow(struct query *query, const struct job_filter *filter)
{
    if (filter->kind >= 0)
        query_part(query, SQL_JOB_LIST_KIND, param_int(filter->kind));
    if (filter->state >= 0)
        query_part(query, SQL_JOB_LIST_STATE, param_int(filter->state));
}

enum err job_list(struct ctx *ctx, struct db *db, const struct job_filter *filter, struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part_params(&query, SQL_JOB_LIST, NULL, 0);
    narrow(&query, filter);
    query_by_id(&query, &filter->range);
    return query_rows(ctx, db, &query, ret);
}

enum err job_count(struct ctx *ctx, struct db *db, const struct job_filter *filter, int64_t *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part_params(&query, SQL_JOB_LIST_COUNT, NULL, 0);
    narrow(&query, filter);
    return query_int(ctx, db, &query, ret);
}

enum err jobs_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit)
{
    return db_exec(ctx, db, SQL_JOBS_EXPIRE, param_int(before), param_int(limit));
}
