/* advance.c: moves a lead on from its hot row alone, without its history: what an activity on time
 * and the passing of time cost as long as no stage changes. */
#include "course.h"
#include "history.h"

/* Whether rules would take a step up to `until`. */
static bool steps(struct course *course, const struct facts *facts, int64_t until)
{
    struct step step;
    return course_step(course, facts, until, &step);
}

/* Whether all that there was to do for rules up to `until` has been done, and the course follows
 * from that alone: nothing changes before it is due, and from its stage nobody falls. */
static bool is_idle(const struct course *course, const struct facts *facts, const struct lead *lead,
                    int64_t until)
{
    return (lead->score_due_at == NO_INT || until < lead->score_due_at) &&
           course->pipeline->next_rollups_id == NO_INT && !course_can_fall(course, facts);
}

/* Takes the course on to now, past the new fact at `at` (NO_INT: there is none), and keeps in
 * *tally where the next fact takes it up. False: a rule would act. *ret_score: that of now. */
static bool go_on(struct tally *tally, const struct facts *facts, const struct lead *lead,
                  int64_t at, int64_t now, struct course *ret, int64_t *ret_score)
{
    struct course course = tally->course;
    if (tally->pending)
        course.muted = 0;
    if (at != NO_INT && at - 1 > course.at) {
        if (is_idle(&course, facts, lead, at - 1))
            course.at = at - 1;
        else if (steps(&course, facts, at - 1))
            return false;
        tally->course = course;
    }
    if (at != NO_INT) {
        tally->pending = true;
        course.muted = 0;
    }
    *ret = course;
    struct facts then = *facts;
    if (course.at + 1 == now) /* as always when it happens as it is told */
        score_narrow(&then, (struct span){ now, now });
    *ret_score = score_then(&then, now);
    return !steps(ret, &then, now);
}

static enum err save(struct ctx *ctx, struct db *db, const struct tally *tally,
                     const struct course *course, const struct facts *facts, int64_t score,
                     struct lead *lead)
{
    bool score_moves = score != lead->score;
    lead->score = score;
    lead->score_as_of = ctx->now_ms;
    lead->last_fact_at = tally->course.at;
    lead->score_due_at = course_due(course, facts, score);
    enum err err = tally_encode(ctx, tally, facts, &lead->tally);
    if (err)
        return err;
    return score_moves ? lead_save_score(ctx, db, lead) : lead_save_tally(ctx, db, lead);
}

enum err lead_advance(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                      struct lead *lead, const struct activity *activity, bool *ret_done)
{
    struct tally tally;
    struct facts facts;
    struct course now;
    int64_t score;
    *ret_done = false;
    if (lead->tally.length == 0 || lead->rule_set_version != catalog->rule_set.version)
        return OK;
    if (activity && activity->occurred_at <= lead->last_fact_at)
        return OK; /* late */
    enum err err = tally_decode(ctx, catalog->scoring, lead, &tally, &facts);
    if (err == ERR_CORRUPT) { /* the log makes it anew */
        failure_clear(ctx);
        return OK;
    }
    if (!err && activity)
        err = facts_add(ctx, &facts, activity);
    if (err)
        return err;
    score_fix(&facts, tally.course.at < ctx->now_ms ? tally.course.at + 1 : ctx->now_ms);
    tally.course.stage = catalog_stage(catalog, lead->stage_id);
    tally.course.pipeline = catalog_pipeline_of(catalog, tally.course.stage);
    tally.course.acts = lead->status == LEAD_OPEN;
    if (!go_on(&tally, &facts, lead, activity ? activity->occurred_at : NO_INT, ctx->now_ms, &now,
               &score))
        return OK;
    *ret_done = true;
    return save(ctx, db, &tally, &now, &facts, score, lead);
}
