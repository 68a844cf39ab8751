/* activities.c: recording what happened with a lead, each thing once. An activity on time that
 * changes no stage costs one row read and two written; everything else goes through the lead's
 * whole history. */
#include "history.h"

enum { AHEAD_MAX_MS = 5 * 60 * 1000 }; /* clocks differ */

/* A clock that is a little ahead is taken for now, so that nothing in the log lies in the
 * future. */
static enum err read_time(struct ctx *ctx, int64_t given, int64_t *ret)
{
    if (given != NO_INT && given > ctx->now_ms + AHEAD_MAX_MS)
        return fail_member(ctx, "occurred_at", "in_the_future", "may be at most 5 minutes ahead");
    *ret = given == NO_INT || given > ctx->now_ms ? ctx->now_ms : given;
    return OK;
}

static enum err fill(struct ctx *ctx, struct db *db, const struct id *lead_id,
                     const struct activity_input *input, struct activity *ret)
{
    if (!word_valid(input->type))
        return fail_member(ctx, "type", "invalid",
                           "lower-case letters, digits and _, a letter first");
    *ret = (struct activity){ .lead_id = *lead_id,
                              .type = input->type,
                              .recorded_at = ctx->now_ms,
                              .campaign = input->campaign,
                              .source_system = input->source_system,
                              .external_id = input->external_id,
                              .engagement = ENGAGEMENT_VERIFIED,
                              .properties = input->properties };
    if (!ret->source_system)
        ret->source_system = ctx_actor(ctx) ? ctx_actor(ctx) : "api";
    enum err err = read_time(ctx, input->occurred_at, &ret->occurred_at);
    if (!err)
        err = campaign_require(ctx, db, "campaign", &input->campaign);
    ret->id = id_new(ctx);
    return err;
}

/* ERR_EXISTS: it was told before. */
static enum err insert(struct ctx *ctx, struct db *db, const struct activity *activity)
{
    enum err err = activity->external_id ? activity_key_add(ctx, db, activity) : OK;
    return err ? err : activity_insert(ctx, db, activity);
}

static enum err answer_again(struct ctx *ctx, struct db *db, const struct activity *told,
                             struct activity_recorded *ret)
{
    struct lead lead;
    enum err err = activity_find(ctx, db, told->source_system, told->external_id, &ret->activity);
    if (!err)
        err = lead_load(ctx, db, &ret->activity.lead_id, &lead);
    if (err)
        return err == ERR_NOT_FOUND
                   ? fail(ctx, ERR_INTERNAL, NULL, "an activity's key without the activity")
                   : err;
    ret->duplicate = true;
    ret->score_before = ret->score_after = lead.score;
    ret->stage_before = ret->stage_after = lead.stage;
    db_count(db, METRIC_ACTIVITIES_DUPLICATE);
    return OK;
}

static enum err score_by_history(struct ctx *ctx, struct db *db, struct lead *lead)
{
    struct history history;
    enum err err = history_open(ctx, db, &lead->id, &history);
    if (!err)
        err = history_replay(ctx, db, &history);
    if (!err)
        *lead = history.lead;
    return err;
}

/* The key of a stage, as the answer's own text: the writer may renew the catalog before that is
 * written out. */
static enum err stage_key(struct ctx *ctx, const struct catalog *catalog, int64_t stage_id,
                          const char **ret)
{
    const struct stage *stage = catalog_stage(catalog, stage_id);
    if (!stage)
        return fail(ctx, ERR_INTERNAL, NULL, "a lead in a stage that is not in the catalog");
    *ret = ctx_text(ctx, stage->key);
    return *ret ? OK : ERR_MEMORY;
}

enum err activity_record(struct ctx *ctx, struct db *db, const struct id *lead_id,
                         const struct activity_input *input, struct activity_recorded *ret)
{
    *ret = (struct activity_recorded){ 0 };
    const struct catalog *catalog;
    struct lead lead;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = lead_load_state(ctx, db, lead_id, &lead);
    if (!err)
        err = fill(ctx, db, lead_id, input, &ret->activity);
    if (err)
        return err;
    err = insert(ctx, db, &ret->activity);
    if (err == ERR_EXISTS)
        return answer_again(ctx, db, &ret->activity, ret);
    ret->score_before = lead.score;
    if (!err)
        err = stage_key(ctx, catalog, lead.stage_id, &ret->stage_before);
    int64_t stage_before_id = lead.stage_id;
    bool done = false;
    if (!err)
        err = lead_advance(ctx, db, catalog, &lead, &ret->activity, &done);
    if (!err && !done)
        err = score_by_history(ctx, db, &lead);
    if (err)
        return err;
    ret->score_after = lead.score;
    ret->stage_after = ret->stage_before;
    if (lead.stage_id != stage_before_id)
        err = stage_key(ctx, catalog, lead.stage_id, &ret->stage_after);
    db_count(db, METRIC_ACTIVITIES_RECORDED);
    return err;
}
