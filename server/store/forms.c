/* forms.c: forms and the raw journal of what was posted to them, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

#include <string.h>

enum err form_insert(struct ctx *ctx, struct db *db, const struct form *form)
{
    const char *hosts, *origins;
    enum err err = lines_join(ctx, &form->redirect_hosts, &hosts);
    if (!err)
        err = lines_join(ctx, &form->allowed_origins, &origins);
    if (err)
        return err;
    return db_exec(ctx, db, SQL_FORM_INSERT, param_id(&form->id), param_text(form->name),
                   param_text(form->key), param_text(hosts), param_text(origins),
                   param_text(form->source), param_id(&form->campaign),
                   param_int(form->created_at));
}

enum err form_load(struct ctx *ctx, struct db *db, const struct id *id, struct form *ret)
{
    return db_one(ctx, db, SQL_FORM_BY_ID, ret, param_id(id));
}

enum err form_find(struct ctx *ctx, struct db *db, const char *key, struct form *ret)
{
    return db_one(ctx, db, SQL_FORM_BY_KEY, ret, param_text(key));
}

enum err form_list(struct ctx *ctx, struct db *db, const struct id_range *range, struct rows *ret)
{
    return rows_by_id(ctx, db, SQL_FORM_LIST, range, ret);
}

enum err form_count(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_FORM_COUNT, ret, NULL, 0);
}

enum err submission_insert(struct ctx *ctx, struct db *db, const struct submission *submission)
{
    return db_exec(
        ctx, db, SQL_SUBMISSION_INSERT, param_id(&submission->id), param_id(&submission->form),
        param_int(submission->received_at), param_text(submission->content_type),
        param_bytes(submission->body.data, submission->body.length), param_int(submission->verdict),
        param_text(submission->detail), param_id(&submission->lead_id));
}

enum err submission_key_add(struct ctx *ctx, struct db *db, const struct id *submission,
                            const uint8_t hash[static HASH_BYTES])
{
    return db_exec(ctx, db, SQL_SUBMISSION_KEY_INSERT, param_bytes(hash, HASH_BYTES),
                   param_id(submission));
}

enum err submission_crowd_add(struct ctx *ctx, struct db *db, const struct id *submission,
                              const struct bytes *hashes)
{
    return db_exec(ctx, db, SQL_SUBMISSION_CROWD_INSERT, param_id(submission),
                   param_bytes(hashes->data, hashes->length));
}

enum err submission_crowds(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                           struct rows *ret)
{
    return db_rows(ctx, db, SQL_SUBMISSION_CROWD_PAGE, ret,
                   param_bytes(after->bytes, sizeof after->bytes), param_int(limit));
}

enum err submission_remove(struct ctx *ctx, struct db *db, const struct id *id)
{
    return db_exec(ctx, db, SQL_SUBMISSION_REMOVE, param_id(id));
}

enum err submissions_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit,
                            int64_t *ret_count)
{
    enum err err = db_exec(ctx, db, SQL_SUBMISSIONS_EXPIRE, param_int(before), param_int(limit));
    if (!err)
        *ret_count = db_changes(db);
    return err;
}

enum err submission_load(struct ctx *ctx, struct db *db, const struct id *id,
                         struct submission *ret)
{
    return db_one(ctx, db, SQL_SUBMISSION_BY_ID, ret, param_id(id));
}

static void narrow(struct query *query, const struct submission_filter *filter)
{
    if (!id_is_nil(&filter->form))
        query_part(query, SQL_SUBMISSION_LIST_FORM, param_id(&filter->form));
    if (filter->verdict >= 0)
        query_part(query, SQL_SUBMISSION_LIST_VERDICT, param_int(filter->verdict));
}

enum err submission_count(struct ctx *ctx, struct db *db, const struct submission_filter *filter,
                          int64_t *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_SUBMISSION_COUNT);
    narrow(&query, filter);
    return query_int(ctx, db, &query, ret);
}

enum err submission_list(struct ctx *ctx, struct db *db, const struct submission_filter *filter,
                         struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_SUBMISSION_LIST);
    narrow(&query, filter);
    query_by_id(&query, &filter->range);
    return query_rows(ctx, db, &query, ret);
}
