/* compare.c: whether the store and the model say the same, of every lead and in every number. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#define SAY(world, format, ...) (!differs(world, format, __VA_ARGS__))

/* ---- Leads ---- */

static const char *stage_key(const struct model *model, int stage)
{
    return stage == NO_STAGE ? "(none)"
                             : ((struct stage *)model->pipeline->stages.items)[stage].key;
}

static int stage_number(const struct model *model, int64_t stage_id)
{
    const struct stage *stages = model->pipeline->stages.items;
    for (size_t i = 0; i < model->pipeline->stages.count; i++)
        if (stages[i].stage_id == stage_id)
            return (int)i;
    return NO_STAGE;
}

static bool same_owner(const struct model *model, int owner, const struct id *id)
{
    return owner == NOBODY ? id_is_nil(id) : id_compare(&model->people[owner], id) == 0;
}

static bool agree_state(struct world *world, const struct model_lead *lead,
                        const struct model_standing *standing, const struct lead *kept)
{
    struct {
        const char *name;
        int64_t is, expected;
    } numbers[] = {
        { "score", kept->score, model_score(&world->model, lead, kept->score_as_of) },
        { "stage", stage_number(&world->model, kept->stage_id), standing->stage },
        { "status", kept->status, standing->status },
        { "stage_entered_at", kept->stage_entered_at, standing->entered_at },
        { "cycle", kept->cycle, standing->cycle },
        { "version", kept->version, lead->version },
        { "created_at", kept->created_at, lead->created_at },
    };
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (numbers[i].is != numbers[i].expected)
            return SAY(world, "lead #%d: %s is %lld, expected %lld", lead->number, numbers[i].name,
                       (long long)numbers[i].is, (long long)numbers[i].expected);
    return true;
}

static bool agree_attributes(struct world *world, const struct model_lead *lead,
                             const struct lead *kept)
{
    const struct attributes *expected = model_attributes(lead, INT64_MAX);
    const char *const texts[ATTR_TEXTS] = { kept->email,   kept->phone,         kept->first_name,
                                            kept->company, kept->job_title,     kept->city,
                                            kept->source,  kept->source_system, kept->external_id };
    for (int i = 0; i < ATTR_TEXTS; i++)
        if (strcmp(texts[i] ? texts[i] : "", expected->text[i]) != 0)
            return SAY(world, "lead #%d: %s is \"%s\", expected \"%s\"", lead->number,
                       attribute_names[i], texts[i] ? texts[i] : "", expected->text[i]);
    if (kept->amount_minor != expected->amount_minor)
        return SAY(world, "lead #%d: amount_minor is %lld", lead->number,
                   (long long)kept->amount_minor);
    if (!same_owner(&world->model, expected->owner, &kept->owner))
        return SAY(world, "lead #%d: the owner is not %d", lead->number, expected->owner);
    return true;
}

static bool agree_event(struct world *world, const struct model_lead *lead, size_t index,
                        const struct event *expected, const struct stage_event *kept)
{
    const struct model *model = &world->model;
    struct {
        const char *name;
        int64_t is, expected;
    } numbers[] = {
        { "to", stage_number(model, kept->to_stage_id), expected->to },
        { "from", stage_number(model, kept->from_stage_id), expected->from },
        { "occurred_at", kept->occurred_at, expected->occurred_at },
        { "cause", kept->cause, expected->cause },
        { "from_status", kept->from_status, expected->from_status },
        { "to_status", kept->to_status, expected->status },
        { "score", kept->score, expected->score },
        { "cycle", kept->cycle, expected->cycle },
        { "owner agrees", same_owner(model, expected->owner, &kept->owner), true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (numbers[i].is != numbers[i].expected)
            return SAY(world, "lead #%d: event %zu (to %s, %s): %s is %lld, expected %lld",
                       lead->number, index, stage_key(model, expected->to),
                       cause_names[expected->cause], numbers[i].name, (long long)numbers[i].is,
                       (long long)numbers[i].expected);
    return true;
}

/* Nobody sees it; what counts is as it was, and the rest is blank. */
static bool agree_gone(struct world *world, struct db *db, const struct model_lead *lead)
{
    struct ctx *ctx = &world->core.ctx;
    struct lead kept;
    struct model_history expected;
    enum err err = lead_load(ctx, db, &lead->id, &kept);
    failure_clear(ctx);
    if (err != ERR_GONE)
        return SAY(world, "lead #%d: is not gone", lead->number);
    err = lead_load_any(ctx, db, &lead->id, &kept);
    if (lead->presence == REMOVED)
        return err == ERR_NOT_FOUND || SAY(world, "lead #%d: still counts", lead->number);
    struct model_lead shell = *lead;
    struct state state = { .attributes = attributes_none() };
    const struct attributes *was = model_attributes(lead, INT64_MAX);
    memcpy(state.attributes.text[ATTR_SOURCE], was->text[ATTR_SOURCE],
           sizeof was->text[ATTR_SOURCE]);
    state.attributes.campaign = was->campaign;
    state.attributes.owner = was->owner;
    state.attributes.amount_minor = was->amount_minor;
    shell.states.items = &state;
    shell.states.count = 1;
    model_history(lead, &expected);
    return agree_attributes(world, &shell, &kept) &&
           agree_state(world, lead, &expected.standing, &kept);
}

/* The score of any instant, to the thousandth. */
static bool agree_detail(struct world *world, struct db *db, const struct model_lead *lead,
                         int64_t at)
{
    struct ctx *ctx = &world->core.ctx;
    const struct catalog *catalog;
    struct lead kept;
    static struct score_detail detail;
    ck_assert_ok(ctx, catalog_get(ctx, db, &catalog));
    ck_assert_ok(ctx, lead_load(ctx, db, &lead->id, &kept));
    ck_assert_ok(ctx, score_of(ctx, db, &kept, at, catalog->scoring, &detail));
    int64_t milli = model_milli(&world->model, lead, at);
    return (detail.total_milli == milli && detail.score == model_score(&world->model, lead, at)) ||
           SAY(world, "lead #%d: %lld thousandths at %lld, expected %lld", lead->number,
               (long long)detail.total_milli, (long long)(at - WORLD_START), (long long)milli);
}

static bool agree_details(struct world *world, struct db *db, const struct model_lead *lead)
{
    struct random random = { (uint64_t)world->core.ctx.now_ms + (uint64_t)lead->number };
    int64_t now = world->core.ctx.now_ms;
    for (int i = 0; i < 4; i++) {
        int64_t at = lead->created_at + random_below(&random, now - lead->created_at + 1);
        if (i == 1)
            at = now;
        if (i > 1 && lead->happenings.count > 0) /* as one of them grows a day older */
            at = lead->happenings.items[random_below(&random, (int64_t)lead->happenings.count)].at +
                 random_below(&random, 14) * MS_PER_DAY - random_below(&random, 2);
        if (!agree_detail(world, db, lead, at < lead->created_at ? lead->created_at : at))
            return false;
    }
    return true;
}

/* What is read is what it is by now, whether the store knows it yet or not. */
static bool agree_read(struct world *world, struct db *db, struct model_lead *lead)
{
    struct ctx *ctx = &world->core.ctx;
    struct lead read;
    struct model_history expected;
    ck_assert_ok(ctx, lead_read(ctx, db, &lead->id, &read));
    model_derive(&world->model, lead, ctx->now_ms);
    model_history(lead, &expected);
    int64_t score = model_score(&world->model, lead, ctx->now_ms);
    if (read.score != score)
        return SAY(world, "lead #%d: read with score %lld, expected %lld", lead->number,
                   (long long)read.score, (long long)score);
    return agree_state(world, lead, &expected.standing, &read);
}

/* As of when it was scored, and when that is due to change. */
static bool agree_stored(struct world *world, struct model_lead *lead, const struct lead *kept,
                         const struct model_standing *standing)
{
    int64_t due = model_due(&world->model, lead, kept->score_as_of);
    if (kept->score_due_at != due)
        return SAY(
            world, "lead #%d: due at %lld, expected %lld", lead->number,
            (long long)(kept->score_due_at == NO_INT ? -1 : kept->score_due_at - WORLD_START),
            (long long)(due == NO_INT ? -1 : due - WORLD_START));
    return agree_state(world, lead, standing, kept);
}

bool agree_lead(struct world *world, struct db *db, struct model_lead *lead)
{
    struct ctx *ctx = &world->core.ctx;
    struct lead kept;
    struct rows rows;
    struct model_history expected;
    if (lead->presence != THERE)
        return agree_gone(world, db, lead);
    ck_assert_ok(ctx, lead_load(ctx, db, &lead->id, &kept));
    ck_assert_ok(ctx, lead_history(ctx, db, &lead->id, false, &rows));
    if (!agree_details(world, db, lead) || !agree_read(world, db, lead))
        return false;
    model_derive(&world->model, lead, kept.score_as_of);
    model_history(lead, &expected);
    if (!agree_attributes(world, lead, &kept))
        return false;
    const struct stage_event *events = rows.items;
    for (size_t i = 0; i < rows.count && i < expected.count; i++)
        if (!agree_event(world, lead, i, &expected.events[i], &events[i]))
            return false;
    if (rows.count != expected.count)
        return SAY(world, "lead #%d: %zu stage events, expected %zu", lead->number, rows.count,
                   expected.count);
    return agree_stored(world, lead, &kept, &expected.standing);
}

/* ---- Funnels ---- */

static bool group_is_empty(const struct model_group *group)
{
    return memcmp((const char *)group + sizeof group->key,
                  (const char *)&(struct model_group){ 0 } + sizeof group->key,
                  sizeof *group - sizeof group->key) == 0;
}

static const struct model_group *find_group(const struct model_funnel *funnel, const char *key)
{
    static const struct model_group none;
    for (size_t i = 0; i < funnel->count; i++)
        if (strcmp(funnel->groups[i].key, key ? key : "") == 0)
            return &funnel->groups[i];
    return &none;
}

static bool agree_group(struct world *world, const char *which, const struct funnel_group *group,
                        const struct model_group *expected)
{
    const char *key = group->key ? group->key : "(null)";
    const struct funnel_stage *stages = group->stages.items;
    for (size_t i = 0; i < group->stages.count; i++) {
        const struct funnel_stage *stage = &stages[i];
        if (stage->entered != expected->entered[i] || stage->reached != expected->reached[i])
            return SAY(world,
                       "%s, group %s, %s: entered %lld, expected %lld; reached %lld, "
                       "expected %lld",
                       which, key, stage->stage, (long long)stage->entered,
                       (long long)expected->entered[i], (long long)stage->reached,
                       (long long)expected->reached[i]);
        bool rated = i == 0 ? !stage->from_previous
                            : stage->from_previous->numerator == expected->reached[i] &&
                                  stage->from_previous->denominator == expected->reached[i - 1];
        if (!rated || stage->cumulative.numerator != expected->reached[i] ||
            stage->cumulative.denominator != expected->reached[0])
            return SAY(world, "%s, group %s, %s: wrong rates", which, key, stage->stage);
    }
    if (group->won.leads != expected->leads[LEAD_WON] ||
        group->won.value_minor != expected->value[LEAD_WON] ||
        group->lost.leads != expected->leads[LEAD_LOST] ||
        group->disqualified.leads != expected->leads[LEAD_DISQUALIFIED])
        return SAY(world,
                   "%s, group %s: won %lld of %lld, lost %lld, disqualified %lld; expected "
                   "%lld of %lld, %lld, %lld",
                   which, key, (long long)group->won.leads, (long long)group->won.value_minor,
                   (long long)group->lost.leads, (long long)group->disqualified.leads,
                   (long long)expected->leads[LEAD_WON], (long long)expected->value[LEAD_WON],
                   (long long)expected->leads[LEAD_LOST],
                   (long long)expected->leads[LEAD_DISQUALIFIED]);
    return true;
}

static bool agree_funnel(struct world *world, const struct funnel_query *query)
{
    struct ctx *ctx = &world->core.ctx;
    static struct model_funnel expected;
    struct funnel_report report;
    char which[96];
    snprintf(which, sizeof which, "funnel %s by %s, days %lld to %lld, within %lld",
             basis_names[query->basis], dimension_names[query->group_by], (long long)query->from,
             (long long)query->to,
             (long long)(query->within_days == NO_INT ? 0 : query->within_days));
    ck_assert_ok(ctx, funnel_report(ctx, world->reader, query, &report));
    model_funnel(&world->model, query, ctx->now_ms, &expected);
    size_t wanted = 0;
    for (size_t i = 0; i < expected.count; i++)
        wanted += !group_is_empty(&expected.groups[i]);
    if (query->group_by == DIMENSION_ALL)
        wanted = 1;
    const struct funnel_group *groups = report.groups.items;
    for (size_t i = 0; i < report.groups.count; i++)
        if (!agree_group(world, which, &groups[i], find_group(&expected, groups[i].key)))
            return false;
    return report.groups.count == wanted ||
           SAY(world, "%s: %zu groups, expected %zu", which, report.groups.count, wanted);
}

static bool agree_range(struct world *world, int64_t from, int64_t to)
{
    for (int dimension = 0; dimension < DIMENSION_COUNT; dimension++) {
        struct funnel_query query = { .basis = ROLLUP_COHORT,
                                      .from = from,
                                      .to = to,
                                      .group_by = (enum dimension)dimension,
                                      .within_days = NO_INT };
        if (!agree_funnel(world, &query))
            return false;
        for (size_t i = 0; i < HORIZON_COUNT; i++) {
            query.within_days = horizon_days[i];
            if (!agree_funnel(world, &query))
                return false;
        }
        query.basis = ROLLUP_PERIOD;
        query.within_days = NO_INT;
        if (!agree_funnel(world, &query))
            return false;
    }
    return true;
}

static bool agree_board(struct world *world)
{
    struct board board;
    int64_t leads[STAGES_MAX], value[STAGES_MAX];
    ck_assert_ok(&world->core.ctx, board_read(&world->core.ctx, world->reader, NULL, 200, &board));
    model_board(&world->model, leads, value);
    const struct board_stage *stages = board.stages.items;
    for (size_t i = 0; i < board.stages.count; i++)
        if (stages[i].leads != leads[i] || stages[i].value_minor != value[i] ||
            (int64_t)stages[i].first.count != (leads[i] < 200 ? leads[i] : 200))
            return SAY(
                world, "board, %s: %lld leads with %lld, %zu listed; expected %lld with %lld",
                stages[i].stage, (long long)stages[i].leads, (long long)stages[i].value_minor,
                stages[i].first.count, (long long)leads[i], (long long)value[i]);
    return true;
}

static bool agree_all(struct world *world)
{
    for (size_t i = 0; i < world->model.leads.count; i++)
        if (!agree_lead(world, world->reader, &world->model.leads.items[i]))
            return false;
    int64_t today = day_of(world->core.ctx.now_ms), first = day_of(WORLD_START) - 2000;
    return agree_range(world, first, today + 1) && agree_range(world, today - 30, today) &&
           agree_range(world, day_of(WORLD_START) - 3, day_of(WORLD_START) + 3) &&
           agree_board(world);
}

bool agree(struct world *world)
{
    struct ctx *ctx = &world->core.ctx;
    failure_clear(ctx);
    ck_assert_ok(ctx, db_begin_read(ctx, world->reader));
    bool agreed = agree_all(world);
    db_end_read(world->reader);
    if (agreed && world_findings(world) > 0)
        agreed = false;
    arena_reset(&world->core.arena);
    return agreed;
}
