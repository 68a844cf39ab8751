/* preview_judge.c: leads under two rule sets at once: now, just before they were closed, and when
 * they would have become MQLs. The log of a lead is gone through once for all of it. */
#include "preview.h"

#include <string.h>

/* ---- Counters ---- */

static enum err start_judge(struct ctx *ctx, const struct preview *preview,
                            const struct scoring *scoring, struct judge *ret)
{
    size_t count = (size_t)(preview->score_max - preview->score_min) + 1;
    *ret = (struct judge){ .scoring = scoring };
    ret->leads = ctx_alloc(ctx, count * sizeof *ret->leads);
    return ret->leads ? backtest_start(ctx, preview->score_min, preview->score_max, &ret->backtest)
                      : ERR_MEMORY;
}

static size_t find_kind(const struct rule_set *rule_set, enum stage_kind kind)
{
    const struct criterion *criteria = rule_set->criteria.items;
    for (size_t i = 0; i < rule_set->criteria.count; i++)
        if (criteria[i].kind == kind)
            return i;
    return CRITERIA_MAX;
}

static int64_t rounded_down(int64_t milli)
{
    return milli >= 0 ? milli / 1000 : -((-milli + 999) / 1000);
}

enum err preview_start(struct ctx *ctx, const struct catalog *catalog,
                       const struct scoring *scoring, int64_t at, struct preview *ret)
{
    const struct rule_set *before = &catalog->rule_set, *after = scoring->rules;
    const struct criterion *criteria = after->criteria.items;
    *ret = (struct preview){
        .at = at,
        .score_min = rounded_down(before->min_milli < after->min_milli ? before->min_milli
                                                                       : after->min_milli),
        .score_max = rounded_down(before->max_milli > after->max_milli ? before->max_milli
                                                                       : after->max_milli),
        .pipelines = catalog->pipelines.items,
        .pipeline_count = catalog->pipelines.count,
        .criterion_count = after->criteria.count,
    };
    for (size_t i = 0; i < after->criteria.count; i++) {
        ret->criteria[i] = (struct preview_criterion){ .criterion = criteria[i].kind };
        ret->same_kind[i] = find_kind(before, criteria[i].kind);
    }
    enum err err = start_judge(ctx, ret, catalog->scoring, &ret->before);
    return err ? err : start_judge(ctx, ret, scoring, &ret->after);
}

/* ---- Now ---- */

static enum err cross(struct ctx *ctx, struct preview *preview, size_t criterion,
                      enum crossing_direction direction, const struct id *lead_id)
{
    if (!preview->parts)
        return OK;
    struct crossing_part *part = &preview->parts[criterion * 2 + (size_t)direction];
    part->criterion = preview->criteria[criterion].criterion;
    part->direction = direction;
    part->items[part->count++] =
        (struct crossing){ *lead_id, preview->before.detail.score, preview->after.detail.score };
    if (part->count < CROSSINGS_AT_ONCE)
        return OK;
    const struct preview_listener *listener = preview->listener;
    enum err err = listener->keep(ctx, listener->self, part);
    part->count = 0;
    return err;
}

static enum err judge_now(struct ctx *ctx, struct preview *preview, const struct lead *lead)
{
    struct judge *const judges[] = { &preview->before, &preview->after };
    for (size_t i = 0; i < ARRAY_SIZE(judges); i++) {
        score_explain(&judges[i]->facts, preview->at, &judges[i]->detail);
        judges[i]->leads[judges[i]->detail.score - preview->score_min]++;
    }
    enum err err = OK;
    for (size_t i = 0; i < preview->criterion_count && !err; i++) {
        struct preview_criterion *counts = &preview->criteria[i];
        size_t same = preview->same_kind[i];
        bool was = same < CRITERIA_MAX && preview->before.detail.met[same];
        bool is = preview->after.detail.met[i];
        counts->before += was;
        counts->after += is;
        counts->up += is && !was;
        counts->down += was && !is;
        if (is != was)
            err = cross(ctx, preview, i, is ? CROSSING_UP : CROSSING_DOWN, &lead->id);
    }
    return err;
}

/* ---- As it stood just before it was closed ---- */

/* When it came into the status that it has. */
static enum err closed_at(struct ctx *ctx, struct db *db, const struct lead *lead, int64_t *ret)
{
    struct rows rows;
    enum err err = stage_events(ctx, db, &lead->id, &rows);
    const struct stage_event *events = err ? NULL : rows.items;
    *ret = NO_INT;
    for (size_t i = 0; !err && i < rows.count; i++)
        if (events[i].voided_at == NO_INT && events[i].to_status == lead->status &&
            events[i].from_status != lead->status && events[i].occurred_at > *ret)
            *ret = events[i].occurred_at;
    return err;
}

/* One that was known from the start to have been closed is judged by what it was created with. */
static enum err judge_closed(struct ctx *ctx, struct db *db, struct preview *preview,
                             const struct lead *lead)
{
    int64_t at;
    struct past past;
    if (lead->status != LEAD_WON && lead->status != LEAD_LOST)
        return OK;
    enum err err = closed_at(ctx, db, lead, &at);
    if (err || at == NO_INT || at > preview->at)
        return err;
    at = at > lead->created_at ? at - 1 : lead->created_at;
    err = past_begin(ctx, db, lead, false, &past);
    if (err)
        return err;
    past_advance(&past, at);
    struct judge *const judges[] = { &preview->before, &preview->after };
    for (size_t i = 0; i < ARRAY_SIZE(judges); i++) {
        struct score_detail detail;
        struct facts facts = judges[i]->facts;
        err = facts_judge_attributes(ctx, &facts, &past.lead);
        if (err)
            return err;
        score_explain(&facts, at, &detail);
        backtest_add(&judges[i]->backtest, detail.score, lead->status == LEAD_WON, detail.met,
                     judges[i]->scoring->rules->criteria.count);
    }
    return OK;
}

/* ---- When it would have become an MQL ---- */

static const struct pipeline *pipeline_of(const struct preview *preview, const struct lead *lead)
{
    for (size_t i = 0; i < preview->pipeline_count; i++)
        if (preview->pipelines[i].pipeline_id == lead->pipeline_id)
            return &preview->pipelines[i];
    return NULL;
}

/* That one, or one behind it. */
static bool is_mql(const struct pipeline *pipeline, const struct stage *stage)
{
    const struct stage *stages = pipeline->stages.items;
    for (size_t i = 0; i < pipeline->stages.count; i++)
        if (stages[i].kind == STAGE_MQL)
            return stage->position >= stages[i].position;
    return false;
}

/* Left to the rules alone, from its creation on; NO_INT: never. */
static enum err first_mql_at(struct ctx *ctx, struct db *db, const struct preview *preview,
                             const struct lead *lead, const struct pipeline *pipeline, int64_t *ret)
{
    const struct scoring *scoring = preview->after.scoring;
    struct facts facts = preview->after.facts;
    struct past past;
    struct step step;
    struct course course = { .pipeline = pipeline,
                             .stage = pipeline->stages.items,
                             .acts = true,
                             .at = lead->created_at - 1,
                             .below_since = NO_INT };
    *ret = NO_INT;
    enum err err = past_begin(ctx, db, lead, false, &past);
    while (!err && course.at < preview->at) {
        int64_t next = past_next(&past, scoring);
        int64_t until = next > preview->at ? preview->at : next - 1;
        err = facts_judge_attributes(ctx, &facts, &past.lead);
        while (!err && course_step(&course, &facts, until, &step))
            if (is_mql(pipeline, step.stage)) {
                *ret = step.at;
                return OK;
            }
        past_advance(&past, next);
        course.at = until;
    }
    return err;
}

static enum err judge_weeks(struct ctx *ctx, struct db *db, struct preview *preview,
                            const struct lead *lead)
{
    const struct rule_set *rules = preview->after.scoring->rules;
    size_t mql = find_kind(rules, STAGE_MQL);
    const struct pipeline *pipeline = pipeline_of(preview, lead);
    int64_t from = preview->at - PREVIEW_WEEKS * MS_PER_WEEK, at;
    if (mql == CRITERIA_MAX || !pipeline || lead->created_at > preview->at)
        return OK;
    /* Most could not: not even the most that they had in all of the time. */
    const struct criterion *criterion = (const struct criterion *)rules->criteria.items + mql;
    struct span span = { from > lead->created_at ? from : lead->created_at, preview->at };
    if (lead->updated_at < from &&
        score_over(&preview->after.facts, span).high < criterion->score_min)
        return OK;
    enum err err = first_mql_at(ctx, db, preview, lead, pipeline, &at);
    if (!err && at != NO_INT && at >= from)
        preview->weeks[(at - from) / MS_PER_WEEK < PREVIEW_WEEKS ? (at - from) / MS_PER_WEEK
                                                                 : PREVIEW_WEEKS - 1]++;
    return err;
}

/* ---- Lead by lead ---- */

struct round {
    struct preview *preview;
    struct db *db;
    const struct lead *leads;
    size_t count, next; /* next: the one whose activities come */
    struct arena *arena;
};

static enum err begin_lead(struct ctx *ctx, struct round *round)
{
    struct judge *const judges[] = { &round->preview->before, &round->preview->after };
    for (size_t i = 0; i < ARRAY_SIZE(judges) && round->next < round->count; i++) {
        struct facts *facts = &judges[i]->facts;
        enum err err = facts_start(ctx, judges[i]->scoring, facts);
        if (!err)
            err = facts_judge_attributes(ctx, facts, &round->leads[round->next]);
        if (err)
            return err;
    }
    return OK;
}

static enum err end_lead(struct ctx *ctx, struct round *round)
{
    struct preview *preview = round->preview;
    const struct lead *lead = &round->leads[round->next++];
    preview->count++;
    enum err err = judge_now(ctx, preview, lead);
    if (!err)
        err = judge_closed(ctx, round->db, preview, lead);
    if (!err)
        err = judge_weeks(ctx, round->db, preview, lead);
    return err ? err : begin_lead(ctx, round);
}

/* Those of erased leads lie between the others. */
static enum err take(struct ctx *ctx, void *self, const void *row)
{
    struct round *round = self;
    const struct activity *activity = row;
    enum err err = OK;
    while (!err && round->next < round->count &&
           id_compare(&round->leads[round->next].id, &activity->lead_id) < 0)
        err = end_lead(ctx, round);
    if (err || round->next == round->count ||
        id_compare(&round->leads[round->next].id, &activity->lead_id) != 0 ||
        activity->occurred_at > round->preview->at)
        return err;
    err = facts_add(ctx, &round->preview->before.facts, activity);
    return err ? err : facts_add(ctx, &round->preview->after.facts, activity);
}

enum err preview_judge(struct ctx *ctx, struct db *db, struct preview *preview,
                       const struct rows *leads)
{
    struct round round = {
        .preview = preview, .db = db, .leads = leads->items, .count = leads->count
    };
    bool with_properties =
        preview->before.scoring->reads_properties || preview->after.scoring->reads_properties;
    if (leads->count == 0)
        return OK;
    enum err err = begin_lead(ctx, &round);
    if (!err)
        err = activity_logs(ctx, db, &round.leads[0].id, &round.leads[round.count - 1].id,
                            with_properties, take, &round);
    while (!err && round.next < round.count)
        err = end_lead(ctx, &round);
    return err;
}
