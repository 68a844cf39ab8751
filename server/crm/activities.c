/* activities.c: recording what happened with a lead, each thing once. An activity on time that
 * changes no stage costs one row read and two written; everything else goes through the lead's
 * whole history. */
#include "activities.h"
#include "engagement.h"
#include "scoring.h"

enum { AHEAD_MAX_MS = 5 * 60 * 1000 }; /* clocks differ */

/* A clock that is a little ahead is taken for now, so that nothing in the log lies in the
 * future. */
enum err activity_read_time(struct ctx *ctx, int64_t given, int64_t *ret)
{
    if (given != NO_INT && given > ctx->now_ms + AHEAD_MAX_MS)
        return fail_member(ctx, "occurred_at", "in_the_future", "may be at most 5 minutes ahead");
    *ret = given == NO_INT || given > ctx->now_ms ? ctx->now_ms : given;
    return OK;
}

enum err activity_check_type(struct ctx *ctx, const char *type)
{
    return word_valid(type) ? OK
                            : fail_member(ctx, "type", "invalid",
                                          "lower-case letters, digits and _, a letter first");
}

static enum err fill(struct ctx *ctx, struct db *db, const struct id *lead_id,
                     const struct activity_input *input, struct activity *ret)
{
    enum err err = activity_check_type(ctx, input->type);
    if (err)
        return err;
    *ret = (struct activity){ .lead_id = *lead_id,
                              .type = input->type,
                              .recorded_at = ctx->now_ms,
                              .campaign = input->campaign,
                              .source_system = input->source_system,
                              .external_id = input->external_id,
                              .engagement_given = input->engagement >= 0,
                              .properties = input->properties };
    ret->engagement =
        ret->engagement_given ? (enum engagement)input->engagement : engagement_alone(ret);
    if (!ret->source_system)
        ret->source_system = ctx_actor(ctx) ? ctx_actor(ctx) : "api";
    if (ret->engagement_given && !(ctx->principal.scopes & (SCOPE_WRITE | SCOPE_ADMIN)))
        return fail(ctx, ERR_FORBIDDEN, "engagement", "takes a key with the scope write");
    err = activity_read_time(ctx, input->occurred_at, &ret->occurred_at);
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
        return err == ERR_NOT_FOUND ? fail(ctx, ERR_GONE, NULL, "this activity was removed") : err;
    ret->duplicate = true;
    ret->score_before = ret->score_after = lead.score;
    ret->stage_before = ret->stage_after = lead.stage;
    db_count(db, METRIC_ACTIVITIES_DUPLICATE);
    return OK;
}

/* added NULL: more has changed than one activity. */
static enum err score_by_history(struct ctx *ctx, struct db *db, const struct activity *added,
                                 struct lead *lead)
{
    struct history history;
    enum err err = history_open(ctx, db, &lead->id, &history);
    history.added = added;
    if (!err)
        err = history_replay(ctx, db, &history);
    if (!err)
        *lead = history.lead;
    return err;
}

/* What the activity means for those of the same mail, and then for the lead: nothing, where no
 * person did it. */
static enum err score(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                      struct lead *lead, struct activity *activity)
{
    bool others = false, done = false;
    enum err err = engagement_settle(ctx, db, &activity->lead_id, activity->type,
                                     activity->occurred_at, activity, &others);
    if (err || (!others && !scoring_counts(catalog->scoring, activity)))
        return err;
    if (!others)
        err = lead_advance(ctx, db, catalog, lead, activity, &done);
    return err || done ? err : score_by_history(ctx, db, others ? NULL : activity, lead);
}

/* A copy, for the writer may renew the catalog before the answer is written out. */
enum err lead_stage_key(struct ctx *ctx, const struct catalog *catalog, const struct lead *lead,
                        const char **ret)
{
    const struct stage *stage = catalog_stage(catalog, lead->stage_id);
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
        err = lead_stage_key(ctx, catalog, &lead, &ret->stage_before);
    int64_t stage_before_id = lead.stage_id;
    if (!err)
        err = score(ctx, db, catalog, &lead, &ret->activity);
    if (err)
        return err;
    ret->score_after = lead.score;
    ret->stage_after = ret->stage_before;
    if (lead.stage_id != stage_before_id)
        err = lead_stage_key(ctx, catalog, &lead, &ret->stage_after);
    db_count(db, METRIC_ACTIVITIES_RECORDED);
    return err;
}
