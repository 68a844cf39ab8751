/* erasures.c: a person goes out of the data. From the first slice on the lead is seen nowhere; what
 * hangs on it goes in slices, and last of all what says how to find it in the journal, so that an
 * erasure cut short can be begun again. That no byte stays in the log is the writer's business. */
#include "history.h"
#include "leads_identity.h"

#include <string.h>

enum { ROWS_AT_ONCE = 64 };

/* A source stays, because figures of the past are told by it. But one that holds an address is
 * somebody, and no channel. */
static enum err forget_source(struct ctx *ctx, struct db *db, struct lead *lead)
{
    if (!lead->source || !strchr(lead->source, '@'))
        return OK;
    lead->source = NULL;
    return lead_source_remove(ctx, db, &lead->id);
}

/* What the figures count from now on: nothing, or what was. */
static enum err hide(struct ctx *ctx, struct db *db, struct history *history,
                     enum erasure_facts facts)
{
    struct lead *lead = &history->lead;
    enum err err = contributions_apply(ctx, db, history, -1);
    if (err)
        return err;
    if (facts == FACTS_REMOVED)
        return lead_state_remove(ctx, db, &lead->id);
    lead->erased_at = ctx->now_ms;
    err = lead_mark_erased(ctx, db, lead);
    if (!err)
        err = forget_source(ctx, db, lead);
    return err ? err : contributions_apply(ctx, db, history, 1);
}

/* Nothing to begin where it was begun before, unless the facts are to go now too. */
static enum err begin(struct ctx *ctx, struct db *db, struct lead_erasing *erasing)
{
    struct erasure *erasure = &erasing->erasure;
    struct history history;
    enum err err = erasure_find(ctx, db, &erasing->lead_id, erasure);
    bool known = !err;
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (known && (erasure->facts == FACTS_REMOVED || erasing->facts == FACTS_KEPT))
        return OK;
    err = history_load_any(ctx, db, &erasing->lead_id, &history);
    if (!err)
        err = hide(ctx, db, &history, erasing->facts);
    if (!err)
        err = lead_keys_drop(ctx, db, &history.lead);
    if (err)
        return err;
    *erasure = (struct erasure){ .id = known ? erasure->id : id_new(ctx),
                                 .lead_id = erasing->lead_id,
                                 .facts = erasing->facts,
                                 .actor = ctx_actor(ctx),
                                 .begun_at = ctx->now_ms,
                                 .finished_at = NO_INT };
    db_count(db, METRIC_LEADS_ERASED);
    return known ? erasure_begin_again(ctx, db, erasure) : erasure_insert(ctx, db, erasure);
}

/* ---- What goes, step by step ---- */

struct step {
    struct lead_erasing *erasing;
    int64_t limit, count;
};

static bool whole(const struct step *step)
{
    return step->erasing->erasure.facts == FACTS_REMOVED;
}

/* By what the journal's entries name it. */
struct named {
    enum lead_key_kind kind;
    uint8_t hash[HASH_BYTES];
};
struct names {
    struct named *items;
    size_t count;
};

static enum err add_name(struct ctx *ctx, const struct secret *secret, enum lead_key_kind kind,
                         const char *text, struct names *names)
{
    const char *key = NULL, *email;
    enum err err = !text                    ? OK
                   : kind == LEAD_KEY_EMAIL ? email_normalise(ctx, "email", text, &email, &key)
                                            : phone_normalise(ctx, text, &key);
    if (err || !key) /* a number that is none has no hash */
        return err;
    struct named *named = &names->items[names->count++];
    named->kind = kind;
    submission_hash(secret, kind, key, named->hash);
    return OK;
}

/* The addresses and numbers that it has, and had. */
static enum err names_read(struct ctx *ctx, struct db *db, const struct id *lead_id,
                           struct names *ret)
{
    struct lead lead;
    struct rows rows;
    struct secret secret;
    enum err err = installation_secret(ctx, db, &secret);
    if (!err)
        err = lead_identity(ctx, db, lead_id, &lead);
    if (!err)
        err = lead_identities(ctx, db, lead_id, &rows);
    if (err)
        return err;
    *ret = (struct names){ ctx_alloc(ctx, (rows.count + 1) * 2 * sizeof *ret->items), 0 };
    if (!ret->items)
        return ERR_MEMORY;
    err = add_name(ctx, &secret, LEAD_KEY_EMAIL, lead.email, ret);
    if (!err)
        err = add_name(ctx, &secret, LEAD_KEY_PHONE, lead.phone, ret);
    const struct lead_change *changes = rows.items;
    for (size_t i = 0; !err && i < rows.count; i++) {
        enum lead_key_kind kind =
            strcmp(changes[i].field, "email") == 0 ? LEAD_KEY_EMAIL : LEAD_KEY_PHONE;
        err = add_name(ctx, &secret, kind, changes[i].old_value, ret);
        if (!err)
            err = add_name(ctx, &secret, kind, changes[i].new_value, ret);
    }
    return err;
}

/* Entries that name an address it had, whoever's they are; by number only those of nobody. */
static enum err remove_submissions(struct ctx *ctx, struct db *db, struct step *step)
{
    struct names names;
    enum err err =
        submissions_of_lead_remove(ctx, db, &step->erasing->lead_id, step->limit, &step->count);
    if (!err)
        err = names_read(ctx, db, &step->erasing->lead_id, &names);
    for (size_t i = 0; !err && i < names.count && step->count < step->limit; i++)
        err = submissions_by_key_remove(ctx, db, names.items[i].hash,
                                        names.items[i].kind == LEAD_KEY_PHONE,
                                        step->limit - step->count, &step->count);
    return err;
}

static bool crowd_has(const struct submission_crowd *crowd, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->items[i].kind == LEAD_KEY_PHONE && !id_is_nil(&crowd->lead_id))
            continue;
        for (size_t at = 0; at + CROWD_HASH_BYTES <= crowd->hashes.length; at += CROWD_HASH_BYTES)
            if (memcmp(crowd->hashes.data + at, names->items[i].hash, CROWD_HASH_BYTES) == 0)
                return true;
    }
    return false;
}

/* The same among those that name very many, each of which is looked at once. */
static enum err remove_crowds(struct ctx *ctx, struct db *db, struct step *step)
{
    struct names names;
    struct rows rows;
    struct id *after = &step->erasing->after_crowd;
    enum err err = submission_crowds(ctx, db, after, step->limit, &rows);
    if (!err && rows.count > 0)
        err = names_read(ctx, db, &step->erasing->lead_id, &names);
    const struct submission_crowd *crowds = err ? NULL : rows.items;
    for (size_t i = 0; !err && i < rows.count; i++) {
        *after = crowds[i].submission_id;
        if (crowd_has(&crowds[i], &names))
            err = submission_remove(ctx, db, &crowds[i].submission_id);
    }
    if (!err)
        step->count += (int64_t)rows.count;
    return err;
}

static enum err remove_answers(struct ctx *ctx, struct db *db, struct step *step)
{
    return kept_answers_remove(ctx, db, &step->erasing->lead_id, err_info(ERR_GONE)->status,
                               step->limit, &step->count);
}

static enum err remove_activities(struct ctx *ctx, struct db *db, struct step *step)
{
    return activities_remove(ctx, db, &step->erasing->after, whole(step), step->limit,
                             &step->count);
}

static enum err remove_activity_keys(struct ctx *ctx, struct db *db, struct step *step)
{
    return activity_keys_remove(ctx, db, &step->erasing->lead_id, step->limit, &step->count);
}

static enum err remove_stage_events(struct ctx *ctx, struct db *db, struct step *step)
{
    return stage_events_remove(ctx, db, &step->erasing->lead_id, whole(step), step->limit,
                               &step->count);
}

static enum err remove_values(struct ctx *ctx, struct db *db, struct step *step)
{
    return lead_values_remove(ctx, db, &step->erasing->lead_id, step->limit, &step->count);
}

static enum err remove_changes(struct ctx *ctx, struct db *db, struct step *step)
{
    return lead_changes_remove(ctx, db, &step->erasing->lead_id, step->limit, &step->count);
}

/* Its scores under rules that were looked at. */
static enum err remove_crossings(struct ctx *ctx, struct db *db, struct step *step)
{
    return whole(step) ? crossings_forget(ctx, db, &step->erasing->lead_id, &step->count) : OK;
}

/* The row itself, which said what to look for in the journal. */
static enum err finish(struct ctx *ctx, struct db *db, struct lead_erasing *erasing)
{
    struct lead facts;
    table_clear(&lead_table, &facts);
    enum err err = OK;
    if (erasing->erasure.facts == FACTS_REMOVED)
        err = lead_remove(ctx, db, &erasing->lead_id);
    else
        err = lead_facts(ctx, db, &erasing->lead_id, &facts);
    if (!err && erasing->erasure.facts == FACTS_KEPT)
        err = lead_save(ctx, db, &facts);
    erasing->erasure.finished_at = ctx->now_ms;
    return err ? err : erasure_finish(ctx, db, &erasing->erasure);
}

static enum err go_on(struct ctx *ctx, struct db *db, struct lead_erasing *erasing)
{
    /* The changes are the last: they too say what to look for. */
    static enum err (*const steps[])(struct ctx * ctx, struct db * db, struct step * step) = {
        remove_submissions, remove_crowds,        remove_answers,
        remove_activities,  remove_activity_keys, remove_stage_events,
        remove_values,      remove_crossings,     remove_changes,
    };
    int64_t room = ROWS_AT_ONCE;
    for (size_t i = 0; i < ARRAY_SIZE(steps) && room > 0; i++) {
        struct step step = { .erasing = erasing, .limit = room };
        enum err err = steps[i](ctx, db, &step);
        if (err)
            return err;
        room -= step.count;
    }
    return room > 0 ? finish(ctx, db, erasing) : OK;
}

/* The entry is read anew: others may work at the same lead between two slices, and may have
 * finished it, or want its facts gone too. */
static enum err slice(struct ctx *ctx, struct db *db, struct lead_erasing *erasing)
{
    const struct erasure before = erasing->erasure;
    enum err err = begin(ctx, db, erasing);
    if (id_is_nil(&before.id) || erasing->erasure.facts != before.facts)
        erasing->after = (struct activity_place){ .lead_id = erasing->lead_id, .at = -1 };
    if (!err && erasing->erasure.finished_at == NO_INT)
        err = go_on(ctx, db, erasing);
    return err;
}

enum err lead_erase(struct ctx *ctx, struct db *db, struct lead_erasing *erasing, bool *ret_more)
{
    /* What a slice reads is forgotten with it: a lead may have any number of activities. */
    struct arena *request_arena = ctx->arena;
    _cleanup_(arena_free) struct arena arena = { 0 };
    ctx->arena = &arena;
    enum err err = slice(ctx, db, erasing);
    erasing->erasure.actor = NULL;
    ctx->arena = request_arena;
    if (err)
        failure_keep(ctx);
    *ret_more = !err && erasing->erasure.finished_at == NO_INT;
    return err;
}

enum err lead_erase_unfinished(struct ctx *ctx, struct db *db, struct lead_erasing *erasing,
                               bool *ret_more)
{
    *ret_more = true;
    if (id_is_nil(&erasing->lead_id)) {
        struct erasure erasure;
        enum err err = erasure_next_unfinished(ctx, db, &erasure);
        *ret_more = !err;
        if (err)
            return err == ERR_NOT_FOUND ? OK : err;
        *erasing = (struct lead_erasing){ .lead_id = erasure.lead_id, .facts = erasure.facts };
    }
    bool more_of_it;
    enum err err = lead_erase(ctx, db, erasing, &more_of_it);
    if (err || !more_of_it)
        *erasing = (struct lead_erasing){ 0 };
    return err;
}
