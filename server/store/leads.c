/* leads.c: leads, their keys and their changes, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

/* Whether there was ever one of this id. */
static enum err missing(struct ctx *ctx, struct db *db, const struct id *id)
{
    struct erasure erasure;
    enum err err = erasure_find(ctx, db, id, &erasure);
    return err ? err : fail(ctx, ERR_GONE, NULL, "the lead was erased");
}

/* What was read, as those see it who know nothing of erasures. */
static enum err unless_erased(struct ctx *ctx, struct db *db, const struct lead *lead,
                              const struct id *id, enum err err)
{
    bool gone = err == ERR_NOT_FOUND || (!err && lead->erased_at != NO_INT);
    return gone ? missing(ctx, db, id) : err;
}

enum err lead_load(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    return unless_erased(ctx, db, ret, id, lead_load_any(ctx, db, id, ret));
}

enum err lead_load_any(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    enum err err = db_one(ctx, db, SQL_LEAD_BY_ID, ret, param_id(id));
    return err ? err : lead_values_load(ctx, db, ret, 1);
}

enum err lead_load_state(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
{
    return unless_erased(ctx, db, ret, id,
                         db_one(ctx, db, SQL_LEAD_STATE_BY_ID, ret, param_id(id)));
}

#define LEAD_PARAMS(lead)                                                                          \
    param_id(&(lead)->id), param_text((lead)->email), param_text((lead)->phone),                   \
        param_text((lead)->first_name), param_text((lead)->last_name),                             \
        param_text((lead)->company), param_text((lead)->job_title), param_text((lead)->website),   \
        param_text((lead)->industry), param_text((lead)->country), param_text((lead)->city),       \
        param_text((lead)->source), param_id(&(lead)->campaign), param_id(&(lead)->owner),         \
        param_int((lead)->amount_minor), param_text((lead)->currency),                             \
        param_text((lead)->source_system), param_text((lead)->external_id),                        \
        param_int((lead)->created_at), param_int((lead)->updated_at),                              \
        param_int((int64_t)(lead)->fields.count)

#define LEAD_STATE_PARAMS(lead)                                                                    \
    param_id(&(lead)->id), param_int((lead)->pipeline_id), param_int((lead)->stage_id),            \
        param_int((lead)->status), param_int((lead)->stage_entered_at), param_int((lead)->cycle),  \
        param_int((lead)->version), param_int((lead)->score), param_int((lead)->score_as_of),      \
        param_int((lead)->rule_set_version),                                                       \
        param_bytes((lead)->tally.data, (lead)->tally.length), param_int((lead)->last_fact_at),    \
        param_int((lead)->automatic_at), param_int((lead)->score_due_at)

enum err lead_insert(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    enum err err = db_exec(ctx, db, SQL_LEAD_INSERT, LEAD_PARAMS(lead));
    return err ? err : db_exec(ctx, db, SQL_LEAD_STATE_INSERT, LEAD_STATE_PARAMS(lead));
}

enum err lead_save(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_UPDATE, LEAD_PARAMS(lead));
}

enum err lead_save_state(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_STATE_UPDATE, LEAD_STATE_PARAMS(lead));
}

enum err lead_save_score(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_SCORE_UPDATE, param_id(&lead->id), param_int(lead->version),
                   param_int(lead->score), param_int(lead->score_as_of),
                   param_int(lead->rule_set_version),
                   param_bytes(lead->tally.data, lead->tally.length), param_int(lead->last_fact_at),
                   param_int(lead->automatic_at), param_int(lead->score_due_at));
}

enum err lead_save_tally(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    return db_exec(ctx, db, SQL_LEAD_TALLY_UPDATE, param_id(&lead->id),
                   param_int(lead->score_as_of), param_bytes(lead->tally.data, lead->tally.length),
                   param_int(lead->last_fact_at), param_int(lead->score_due_at));
}

enum err lead_find(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                   struct id *ret)
{
    struct lead lead;
    enum err err = db_one(ctx, db, SQL_LEAD_KEY_FIND, &lead, param_int(kind), param_text(key));
    if (!err)
        *ret = lead.id;
    return err;
}

enum err lead_key_add(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                      const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_LEAD_KEY_INSERT, param_int(kind), param_text(key),
                   param_id(lead_id));
}

enum err lead_key_offer(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                        const struct id *lead_id, bool *ret_added)
{
    enum err err = db_exec(ctx, db, SQL_LEAD_KEY_INSERT_UNLESS_TAKEN, param_int(kind),
                           param_text(key), param_id(lead_id));
    *ret_added = !err && db_changes(db) > 0;
    return err;
}

enum err lead_key_remove(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                         const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_LEAD_KEY_DELETE, param_int(kind), param_text(key),
                   param_id(lead_id));
}

enum err lead_keys_lost(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int(ctx, db, SQL_LEAD_KEYS_LOST, ret, param_int(LEAD_KEY_PHONE));
}

enum err shared_phone_add(struct ctx *ctx, struct db *db, const char *phone,
                          const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_SHARED_PHONE_INSERT, param_text(phone), param_id(lead_id));
}

enum err shared_phone_remove(struct ctx *ctx, struct db *db, const char *phone,
                             const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_SHARED_PHONE_DELETE, param_text(phone), param_id(lead_id));
}

enum err shared_phone_first(struct ctx *ctx, struct db *db, const char *phone, struct id *ret)
{
    struct lead lead;
    enum err err = db_one(ctx, db, SQL_SHARED_PHONE_FIRST, &lead, param_text(phone));
    if (!err)
        *ret = lead.id;
    return err;
}

enum err shared_phone_has(struct ctx *ctx, struct db *db, const char *phone,
                          const struct id *lead_id, bool *ret)
{
    int64_t count = 0;
    enum err err =
        db_int(ctx, db, SQL_SHARED_PHONE_COUNT, &count, param_text(phone), param_id(lead_id));
    *ret = count > 0;
    return err;
}

enum err lead_change_add(struct ctx *ctx, struct db *db, const struct lead_change *change)
{
    return db_exec(ctx, db, SQL_LEAD_CHANGE_INSERT, param_id(&change->lead_id),
                   param_id(&change->id), param_int(change->at), param_text(change->field),
                   param_text(change->old_value), param_text(change->new_value),
                   param_text(change->actor));
}

enum err lead_changes(struct ctx *ctx, struct db *db, const struct id *lead_id, struct rows *ret)
{
    return db_rows(ctx, db, SQL_LEAD_CHANGES, ret, param_id(lead_id));
}

enum err lead_change_list(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          const struct id_range *range, struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_part(&query, SQL_LEAD_CHANGE_LIST, param_id(lead_id));
    query_by_id(&query, range);
    return query_rows(ctx, db, &query, ret);
}

enum err lead_change_count(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t *ret)
{
    return db_int(ctx, db, SQL_LEAD_CHANGE_COUNT, ret, param_id(lead_id));
}

enum err lead_ids_after(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                        struct rows *ret)
{
    return db_rows(ctx, db, SQL_LEAD_IDS_AFTER, ret, param_bytes(after->bytes, sizeof after->bytes),
                   param_int(limit));
}

enum err lead_count_all(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_LEAD_COUNT_ALL, ret, NULL, 0);
}
