/* reclassify.c: the job that says anew of many activities whether people did them: lead by lead in
 * the order of their ids, a slice at a time, each slice committed with how far it has come. A lead
 * of which something has changed is replayed in the same slice. */
#include "engagement.h"
#include "history.h"

#include <string.h>

enum err activities_reclassify(struct ctx *ctx, struct db *db,
                               const struct reclassification_input *input, struct job *ret)
{
    struct reclassification wanted = input->wanted;
    enum err err = campaign_require(ctx, db, "campaign", &wanted.campaign);
    if (!err && wanted.occurred_gte != NO_INT && wanted.occurred_lt != NO_INT &&
        wanted.occurred_gte >= wanted.occurred_lt)
        err = fail_member(ctx, "occurred_lt", "out_of_range", "must be later than occurred_gte");
    if (!err)
        err = job_create(ctx, db, JOB_RECLASSIFY, &(struct id){ 0 }, ret);
    wanted.job = ret->id;
    wanted.activities = wanted.leads = 0;
    return err ? err : reclassification_insert(ctx, db, &wanted);
}

/* ---- One lead ---- */

/* What becomes of one lead. */
struct visit {
    const struct reclassification *wanted;
    int64_t changed;
    bool others; /* of which rules say something else now, for they are of the same mail */
};

static bool agent_fits(const struct reclassification *wanted, const struct activity *activity)
{
    char agent[AGENT_BYTES_MAX + 1];
    if (!wanted->user_agent)
        return true;
    activity_agent(activity, agent);
    return strcasestr(agent, wanted->user_agent);
}

/* By the rules, where nobody has given it; or as it is given. */
static enum err say_anew(struct ctx *ctx, struct db *db, struct activity *activity,
                         struct visit *visit)
{
    const struct reclassification *wanted = visit->wanted;
    struct activity before = *activity;
    bool others = false, by_rules = wanted->engagement < 0;
    if (by_rules && activity->engagement_given)
        return OK;
    activity->engagement =
        by_rules ? engagement_alone(activity) : (enum engagement)wanted->engagement;
    activity->engagement_given = !by_rules;
    enum err err = OK;
    if (by_rules)
        err = engagement_settle(ctx, db, &activity->lead_id, activity->type, activity->occurred_at,
                                activity, &others);
    if (!err && (activity->engagement != before.engagement ||
                 activity->engagement_given != before.engagement_given)) {
        err = activity_save(ctx, db, activity, activity->occurred_at);
        visit->changed++;
    }
    visit->others |= others;
    return err;
}

static enum err say_all_anew(struct ctx *ctx, struct db *db, const struct id *lead_id,
                             struct visit *visit)
{
    const struct reclassification *wanted = visit->wanted;
    struct activity_filter filter = { .lead_id = *lead_id,
                                      .type = wanted->type,
                                      .campaign = wanted->campaign,
                                      .engagement = wanted->engagement_was,
                                      .occurred_gte = wanted->occurred_gte,
                                      .occurred_lt = wanted->occurred_lt,
                                      .after_at = NO_INT,
                                      .limit = INT64_MAX };
    struct rows rows;
    enum err err = activity_list(ctx, db, &filter, &rows);
    struct activity *activities = err ? NULL : rows.items;
    for (size_t i = 0; !err && i < rows.count; i++)
        if (agent_fits(wanted, &activities[i]))
            err = say_anew(ctx, db, &activities[i], visit);
    return err;
}

/* One row among the changes of the lead for all of them: the job says which they were. */
static enum err note(struct ctx *ctx, struct db *db, const struct job *job,
                     const struct id *lead_id, const struct reclassification *wanted)
{
    char id[ID_TEXT_SIZE];
    id_format(&job->id, id);
    struct lead_change change = {
        .id = id_new(ctx),
        .lead_id = *lead_id,
        .at = ctx->now_ms,
        .field = arena_printf(ctx->arena, "jobs/%s/engagement", id),
        .new_value = wanted->engagement < 0 ? NULL : engagement_names[wanted->engagement],
        .actor = job->actor,
    };
    return change.field ? lead_change_add(ctx, db, &change) : ERR_MEMORY;
}

struct slice {
    const struct job *job;
    struct reclassification wanted;
};

static enum err reclassify_lead(struct ctx *ctx, struct db *db, const struct id *lead_id,
                                void *self)
{
    struct slice *slice = self;
    struct visit visit = { .wanted = &slice->wanted };
    struct history history;
    struct lead lead;
    enum err err = lead_load_state(ctx, db, lead_id, &lead);
    if (err == ERR_GONE) { /* its activities count as they are, for good */
        failure_clear(ctx);
        return OK;
    }
    if (!err)
        err = say_all_anew(ctx, db, lead_id, &visit);
    if (err || (visit.changed == 0 && !visit.others))
        return err;
    err = note(ctx, db, slice->job, lead_id, &slice->wanted);
    if (!err)
        err = history_open(ctx, db, lead_id, &history);
    if (!err)
        err = history_replay(ctx, db, &history);
    if (err)
        return err;
    slice->wanted.activities += visit.changed;
    slice->wanted.leads++;
    db_count(db, METRIC_LEADS_RESCORED);
    return OK;
}

/* ---- The job ---- */

enum err reclassify_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more)
{
    struct slice *slice = ctx_alloc(ctx, sizeof *slice);
    if (!slice)
        return ERR_MEMORY;
    slice->job = job;
    enum err err = reclassification_load(ctx, db, &job->id, &slice->wanted);
    if (!err)
        err = job_each_lead(ctx, db, job, reclassify_lead, NULL, slice, ret_more);
    job->found = &slice->wanted;
    return err ? err : reclassification_save(ctx, db, &slice->wanted);
}
