/* jobs.c: jobs, row by row. What a job does, and when it is over, is not decided here. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

#include <string.h>

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
    const char *failed_leads;
    enum err err = lines_join(ctx, &job->failed_leads, &failed_leads);
    if (!err)
        err =
            db_exec(ctx, db, SQL_JOB_SAVE, param_id(&job->id), param_int(job->state),
                    param_int(job->done), param_int(job->total), param_id(&job->cursor),
                    param_text(job->result), param_text(job->detail), param_int(job->started_at),
                    param_int(job->finished_at), param_int(job->failed), param_text(failed_leads));
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

/* ---- Who crosses a threshold ---- */

/* Very many, so they are kept in parts: of each lead its id and both scores, little end first. */
enum { CROSSING_BYTES = 16 + 4 + 4, PARTS_OF_A_PAGE = 2 };

static void number_put(uint8_t *to, int64_t number)
{
    for (int byte = 0; byte < 4; byte++)
        to[byte] = (uint8_t)((uint64_t)number >> (8 * byte));
}

static int64_t number_get(const uint8_t *from)
{
    uint32_t number = 0;
    for (int byte = 0; byte < 4; byte++)
        number |= (uint32_t)from[byte] << (8 * byte);
    return (int32_t)number;
}

enum err crossings_insert(struct ctx *ctx, struct db *db, const struct id *job,
                          const struct crossing_part *part)
{
    uint8_t *leads = ctx_alloc(ctx, part->count * CROSSING_BYTES);
    if (!leads)
        return ERR_MEMORY;
    for (size_t i = 0; i < part->count; i++) {
        uint8_t *to = leads + i * CROSSING_BYTES;
        memcpy(to, part->items[i].lead_id.bytes, sizeof part->items[i].lead_id.bytes);
        number_put(to + 16, part->items[i].score_before);
        number_put(to + 20, part->items[i].score_after);
    }
    return db_exec(ctx, db, SQL_CROSSING_INSERT, param_id(job), param_int(part->criterion),
                   param_int(part->direction), param_id(&part->items[part->count - 1].lead_id),
                   param_bytes(leads, part->count * CROSSING_BYTES));
}

/* Those of the part that the range takes, as far as there is room. */
static void take_part(const struct crossing_row *part, const struct id_range *range,
                      struct rows *ret)
{
    struct crossing *all = ret->items;
    size_t count = part->leads.length / CROSSING_BYTES;
    for (size_t i = 0; i < count && ret->count < (size_t)range->limit; i++) {
        size_t at = (range->descending ? count - 1 - i : i) * CROSSING_BYTES;
        struct crossing *crossing = &all[ret->count];
        memcpy(crossing->lead_id.bytes, part->leads.data + at, sizeof crossing->lead_id.bytes);
        crossing->score_before = number_get(part->leads.data + at + 16);
        crossing->score_after = number_get(part->leads.data + at + 20);
        int order = id_compare(&crossing->lead_id, &range->after);
        bool wanted = id_is_nil(&range->after) || (range->descending ? order < 0 : order > 0);
        ret->count += wanted;
    }
}

enum err crossing_list(struct ctx *ctx, struct db *db, const struct crossing_filter *filter,
                       struct rows *ret)
{
    const struct id_range *range = &filter->range;
    struct rows parts, around = { 0 };
    struct id from = range->after;
    enum err err = OK;
    if (id_is_nil(&from) && range->descending)
        memset(from.bytes, 0xff, sizeof from.bytes);
    struct param key[] = { param_id(&filter->job), param_int(filter->criterion),
                           param_int(filter->direction), param_bytes(from.bytes, sizeof from.bytes),
                           param_int(PARTS_OF_A_PAGE) };
    if (range->descending)
        err = db_rows_params(ctx, db, SQL_CROSSINGS_AROUND, &around, key, 4);
    if (!err)
        err = db_rows_params(ctx, db, range->descending ? SQL_CROSSINGS_BELOW : SQL_CROSSINGS_ABOVE,
                             &parts, key, 5);
    /* one more than is wanted: where the next is tried */
    *ret = (struct rows){ ctx_alloc(ctx, (size_t)(range->limit + 1) * sizeof(struct crossing)), 0 };
    if (err || !ret->items)
        return err ? err : ERR_MEMORY;
    for (size_t i = 0; i < around.count; i++)
        take_part((const struct crossing_row *)around.items + i, range, ret);
    for (size_t i = 0; i < parts.count; i++)
        take_part((const struct crossing_row *)parts.items + i, range, ret);
    return OK;
}

enum err crossing_count(struct ctx *ctx, struct db *db, const struct crossing_filter *filter,
                        int64_t *ret)
{
    enum err err = db_int(ctx, db, SQL_CROSSING_BYTES, ret, param_id(&filter->job),
                          param_int(filter->criterion), param_int(filter->direction));
    *ret = err ? 0 : *ret / CROSSING_BYTES;
    return err;
}

/* Writes the part without that lead, if it is in there. */
static enum err part_forget(struct ctx *ctx, struct db *db, const struct crossing_row *group,
                            const struct crossing_row *part, const struct id *lead_id,
                            int64_t *count)
{
    size_t at = 0, rest = part->leads.length;
    while (rest > 0 && memcmp(part->leads.data + at, lead_id->bytes, sizeof lead_id->bytes) != 0) {
        at += CROSSING_BYTES;
        rest -= CROSSING_BYTES;
    }
    if (rest == 0)
        return OK;
    ++*count;
    size_t length = part->leads.length - CROSSING_BYTES;
    if (length == 0)
        return db_exec(ctx, db, SQL_CROSSING_DELETE, param_id(&group->job),
                       param_int(group->criterion), param_int(group->direction),
                       param_id(&part->last_lead));
    uint8_t *leads = ctx_alloc(ctx, length);
    if (!leads)
        return ERR_MEMORY;
    memcpy(leads, part->leads.data, at);
    memcpy(leads + at, part->leads.data + at + CROSSING_BYTES, length - at);
    return db_exec(ctx, db, SQL_CROSSING_UPDATE, param_id(&group->job), param_int(group->criterion),
                   param_int(group->direction), param_id(&part->last_lead),
                   param_bytes(leads + length - CROSSING_BYTES, sizeof lead_id->bytes),
                   param_bytes(leads, length));
}

enum err crossings_forget(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          int64_t *ret_count)
{
    struct crossing_row group = { .criterion = -1 }, part;
    enum err err = OK;
    *ret_count = 0;
    for (;;) {
        err = db_one(ctx, db, SQL_CROSSING_GROUP_NEXT, &group,
                     param_bytes(group.job.bytes, sizeof group.job.bytes),
                     param_int(group.criterion), param_int(group.direction));
        if (err)
            return err == ERR_NOT_FOUND ? OK : err;
        err = db_one(ctx, db, SQL_CROSSINGS_AROUND, &part, param_id(&group.job),
                     param_int(group.criterion), param_int(group.direction), param_id(lead_id));
        if (!err)
            err = part_forget(ctx, db, &group, &part, lead_id, ret_count);
        if (err && err != ERR_NOT_FOUND)
            return err;
    }
}

enum err crossings_remove(struct ctx *ctx, struct db *db, const struct id *job, int64_t limit,
                          int64_t *ret_count)
{
    enum err err = db_exec(ctx, db, SQL_CROSSINGS_REMOVE, param_id(job), param_int(limit));
    *ret_count = err ? 0 : db_changes(db);
    return err;
}

enum err crossings_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit,
                          int64_t *ret_count)
{
    enum err err = db_exec(ctx, db, SQL_CROSSINGS_EXPIRE, param_int(before), param_int(limit));
    *ret_count = err ? 0 : db_changes(db);
    return err;
}
