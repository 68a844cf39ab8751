/* erasures.c: who had which lead erased, and the rows that an erasure takes away, a few at a time.
 * In which order they go, and what a lead counts for then, is not decided here. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

enum err erasure_insert(struct ctx *ctx, struct db *db, const struct erasure *erasure)
{
    return db_exec(ctx, db, SQL_ERASURE_INSERT, param_id(&erasure->id), param_id(&erasure->lead_id),
                   param_int(erasure->facts), param_text(erasure->actor),
                   param_int(erasure->begun_at), param_int(erasure->finished_at));
}

enum err erasure_begin_again(struct ctx *ctx, struct db *db, const struct erasure *erasure)
{
    return db_exec(ctx, db, SQL_ERASURE_BEGIN_AGAIN, param_id(&erasure->id),
                   param_int(erasure->facts), param_text(erasure->actor),
                   param_int(erasure->begun_at));
}

enum err erasure_finish(struct ctx *ctx, struct db *db, const struct erasure *erasure)
{
    return db_exec(ctx, db, SQL_ERASURE_FINISH, param_id(&erasure->id),
                   param_int(erasure->finished_at));
}

enum err erasure_find(struct ctx *ctx, struct db *db, const struct id *lead_id, struct erasure *ret)
{
    return db_one(ctx, db, SQL_ERASURE_BY_LEAD, ret, param_id(lead_id));
}

enum err erasure_next_unfinished(struct ctx *ctx, struct db *db, struct erasure *ret)
{
    return db_one(ctx, db, SQL_ERASURE_NEXT_UNFINISHED, ret);
}

enum err erasure_list(struct ctx *ctx, struct db *db, const struct id_range *range,
                      struct rows *ret)
{
    return rows_by_id(ctx, db, SQL_ERASURE_LIST, range, ret);
}

enum err erasure_count(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_ERASURE_COUNT, ret, NULL, 0);
}

enum err erasure_leftovers(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t *ret)
{
    return db_int(ctx, db, SQL_ERASURE_LEFTOVERS, ret, param_id(lead_id));
}

/* ---- The lead ---- */

enum err lead_mark_erased(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    db_note(db, CHANGE_ERASED);
    return db_exec(ctx, db, SQL_LEAD_MARK_ERASED, param_id(&lead->id), param_int(lead->erased_at));
}

enum err lead_source_remove(struct ctx *ctx, struct db *db, const struct id *id)
{
    return db_exec(ctx, db, SQL_LEAD_SOURCE_REMOVE, param_id(id));
}

enum err lead_state_remove(struct ctx *ctx, struct db *db, const struct id *id)
{
    db_note(db, CHANGE_ERASED);
    return db_exec(ctx, db, SQL_LEAD_STATE_REMOVE, param_id(id));
}

enum err lead_keys_remove(struct ctx *ctx, struct db *db, const struct id *id)
{
    return db_exec(ctx, db, SQL_LEAD_KEYS_REMOVE, param_id(id));
}

enum err lead_identity(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    return db_one(ctx, db, SQL_LEAD_IDENTITY, ret, param_id(id));
}

enum err lead_identities(struct ctx *ctx, struct db *db, const struct id *id, struct rows *ret)
{
    return db_rows(ctx, db, SQL_LEAD_IDENTITIES, ret, param_id(id));
}

enum err lead_facts(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    return db_one(ctx, db, SQL_LEAD_FACTS, ret, param_id(id));
}

/* While an erasure is at work its row still has all that: it says what else to look for. */
void lead_hide_person(struct lead *lead)
{
    if (lead->erased_at == NO_INT)
        return;
    lead->email = lead->phone = lead->first_name = lead->last_name = lead->company = NULL;
    lead->job_title = lead->website = lead->industry = lead->country = lead->city = NULL;
    lead->source_system = lead->external_id = NULL;
    lead->value_count = 0;
    lead->fields = (struct custom_values){ 0 };
}

enum err lead_remove(struct ctx *ctx, struct db *db, const struct id *id)
{
    enum err err = db_exec(ctx, db, SQL_LEAD_MEMBERSHIPS_REMOVE, param_id(id));
    return err ? err : db_exec(ctx, db, SQL_LEAD_REMOVE, param_id(id));
}

/* ---- What hangs on it ---- */

static enum err remove_some(struct ctx *ctx, struct db *db, int sql, struct param of, int64_t limit,
                            int64_t *ret_count)
{
    enum err err = db_exec(ctx, db, sql, of, param_int(limit));
    if (!err)
        *ret_count += db_changes(db);
    return err;
}

enum err lead_changes_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                             int64_t limit, int64_t *ret_count)
{
    return remove_some(ctx, db, SQL_LEAD_CHANGES_REMOVE, param_id(lead_id), limit, ret_count);
}

enum err lead_values_remove(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t limit,
                            int64_t *ret_count)
{
    return remove_some(ctx, db, SQL_LEAD_VALUES_REMOVE, param_id(lead_id), limit, ret_count);
}

enum err stage_events_remove(struct ctx *ctx, struct db *db, const struct id *lead_id, bool whole,
                             int64_t limit, int64_t *ret_count)
{
    return remove_some(ctx, db, whole ? SQL_STAGE_EVENTS_REMOVE : SQL_STAGE_REASONS_REMOVE,
                       param_id(lead_id), limit, ret_count);
}

enum err submissions_of_lead_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                                    int64_t limit, int64_t *ret_count)
{
    return remove_some(ctx, db, SQL_SUBMISSIONS_OF_LEAD_REMOVE, param_id(lead_id), limit,
                       ret_count);
}

enum err submissions_by_key_remove(struct ctx *ctx, struct db *db,
                                   const uint8_t hash[static HASH_BYTES], bool of_nobody,
                                   int64_t limit, int64_t *ret_count)
{
    return remove_some(ctx, db,
                       of_nobody ? SQL_SUBMISSIONS_OF_NOBODY_BY_KEY_REMOVE
                                 : SQL_SUBMISSIONS_BY_KEY_REMOVE,
                       param_bytes(hash, HASH_BYTES), limit, ret_count);
}

static enum err activity_forget(struct ctx *ctx, struct db *db, const struct activity *activity,
                                bool whole)
{
    enum err err = OK;
    if (activity->external_id)
        err = db_exec(ctx, db, SQL_ACTIVITY_KEY_REMOVE, param_text(activity->source_system),
                      param_text(activity->external_id));
    return err ? err
               : db_exec(ctx, db, whole ? SQL_ACTIVITY_REMOVE : SQL_ACTIVITY_STRIP,
                         param_id(&activity->lead_id), param_int(activity->occurred_at),
                         param_id(&activity->id));
}

enum err activities_remove(struct ctx *ctx, struct db *db, struct activity_place *after, bool whole,
                           int64_t limit, int64_t *ret_count)
{
    struct rows rows;
    enum err err =
        db_rows(ctx, db, SQL_ACTIVITY_PAGE, &rows, param_id(&after->lead_id), param_int(after->at),
                param_bytes(after->id.bytes, sizeof after->id.bytes), param_int(limit));
    if (err)
        return err;
    const struct activity *activities = rows.items;
    for (size_t i = 0; i < rows.count && !err; i++) {
        err = activity_forget(ctx, db, &activities[i], whole);
        after->at = activities[i].occurred_at;
        after->id = activities[i].id;
    }
    *ret_count += (int64_t)rows.count;
    return err;
}

enum err activity_keys_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                              int64_t limit, int64_t *ret_count)
{
    return remove_some(ctx, db, SQL_ACTIVITY_KEYS_OUTLIVED_REMOVE, param_id(lead_id), limit,
                       ret_count);
}

enum err kept_answers_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                             int64_t status, int64_t limit, int64_t *ret_count)
{
    enum err err = db_exec(ctx, db, SQL_KEPT_ANSWERS_REMOVE, param_id(lead_id), param_int(status),
                           param_int(limit));
    if (err)
        return err;
    *ret_count += db_changes(db);
    err = db_exec(ctx, db, SQL_KEPT_ANSWERS_OF_LISTS_REMOVE, param_id(lead_id), param_int(status),
                  param_int(limit));
    return err ? err
               : remove_some(ctx, db, SQL_KEPT_ANSWER_LEADS_REMOVE, param_id(lead_id), limit,
                             ret_count);
}
