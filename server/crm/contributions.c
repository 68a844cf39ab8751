/* contributions.c: what a lead adds to which rollup cells: a pure function of its history. Every
 * change of a fact takes away what the lead added before and adds what it adds after, so rollups
 * always equal a recount. */
#include "history.h"

#include <string.h>

/* Which order of its pipeline's stages it is counted by. */
enum counting {
    COUNTED_NOW, /* that of the cells which are read */
    COUNTED_NEXT /* the present one, while a job counts every lead by it */
};

/* How far a lead got, per stage of its pipeline. */
struct reach {
    int64_t entered;    /* entries */
    int64_t reached_at; /* first time it was there or further; NO_INT: never */
    struct id reached_owner;
};

struct cells {
    struct ctx *ctx;
    const struct history *history;
    enum counting counting;
    contribution_visit *visit;
    void *self;
    enum err err; /* the first */
};

/* The lead's own member of each dimension. */
static struct bytes member_of(const struct lead *lead, enum dimension dimension,
                              const struct id *owner)
{
    switch (dimension) {
    case DIMENSION_SOURCE:
        return (struct bytes){ (const uint8_t *)lead->source,
                               lead->source ? strlen(lead->source) : 0 };
    case DIMENSION_CAMPAIGN:
        return (struct bytes){ lead->campaign.bytes,
                               id_is_nil(&lead->campaign) ? 0 : sizeof lead->campaign.bytes };
    case DIMENSION_OWNER:
        return (struct bytes){ owner->bytes, id_is_nil(owner) ? 0 : sizeof owner->bytes };
    case DIMENSION_ALL:
    case DIMENSION_COUNT: break;
    }
    return (struct bytes){ 0 };
}

static int64_t rollups_id(const struct cells *cells)
{
    const struct pipeline *pipeline = cells->history->pipeline;
    return cells->counting == COUNTED_NEXT ? pipeline->next_rollups_id : pipeline->rollups_id;
}

static void add_cell(struct cells *cells, enum rollup_basis basis, int64_t day, int64_t item,
                     const struct id *owner, struct rollup_value value)
{
    for (int dimension = 0; dimension < DIMENSION_COUNT && !cells->err; dimension++) {
        struct rollup_key key = { .basis = basis,
                                  .dimension = (enum dimension)dimension,
                                  .day = day,
                                  .item = item,
                                  .rollups_id = rollups_id(cells),
                                  .member = member_of(&cells->history->lead,
                                                      (enum dimension)dimension, owner) };
        cells->err = cells->visit(cells->ctx, cells->self, &key, &value);
    }
}

/* Where a stage stands in the order that is counted by, and whether it is one of those in it. */
static int64_t counted_position(const struct cells *cells, const struct stage *stage)
{
    return cells->counting == COUNTED_NEXT ? stage->position : stage->counted_position;
}

static bool is_counted(const struct cells *cells, const struct stage *stage)
{
    return cells->counting == COUNTED_NEXT ? stage->archived_at == NO_INT : stage->is_counted == 1;
}

/* The lead is at this position or further at `at`. It has reached a stage that is not counted only
 * where it entered it: nobody passes through that one any more, or does yet. */
static void reach_up_to(const struct cells *cells, struct reach *reach, int64_t position,
                        const struct stage *entered, int64_t at, const struct id *owner)
{
    const struct stage *stages = cells->history->pipeline->stages.items;
    for (size_t i = 0; i < cells->history->pipeline->stages.count; i++)
        if (counted_position(cells, &stages[i]) <= position &&
            (is_counted(cells, &stages[i]) || &stages[i] == entered) &&
            reach[i].reached_at == NO_INT)
            reach[i] = (struct reach){ reach[i].entered, at, *owner };
}

static void count_entry(struct cells *cells, struct reach *reach, const struct stage_event *event)
{
    const struct stage *stages = cells->history->pipeline->stages.items;
    int64_t at = event_at(&cells->history->lead, event);
    for (size_t i = 0; i < cells->history->pipeline->stages.count; i++) {
        if (stages[i].stage_id != event->to_stage_id)
            continue;
        reach[i].entered++;
        reach_up_to(cells, reach, counted_position(cells, &stages[i]), &stages[i], at,
                    &event->owner);
        add_cell(cells, ROLLUP_PERIOD, day_of(event->occurred_at), event->to_stage_id,
                 &event->owner, (struct rollup_value){ .entered = 1 });
    }
}

static void add_reach(struct cells *cells, const struct reach *reach, int64_t stage_id)
{
    const struct lead *lead = &cells->history->lead;
    struct rollup_value cohort = { .entered = reach->entered,
                                   .reached = reach->reached_at != NO_INT };
    if (reach->reached_at != NO_INT) {
        for (size_t i = 0; i < HORIZON_COUNT; i++)
            cohort.within[i] = reach->reached_at - lead->created_at < horizon_days[i] * MS_PER_DAY;
        add_cell(cells, ROLLUP_PERIOD, day_of(reach->reached_at), stage_id, &reach->reached_owner,
                 (struct rollup_value){ .reached = 1 });
    }
    if (cohort.reached || cohort.entered)
        add_cell(cells, ROLLUP_COHORT, day_of(lead->created_at), stage_id, &lead->owner, cohort);
}

static const int closed_items[] = { [LEAD_WON] = ROLLUP_ITEM_WON,
                                    [LEAD_LOST] = ROLLUP_ITEM_LOST,
                                    [LEAD_DISQUALIFIED] = ROLLUP_ITEM_DISQUALIFIED };

/* The status it has now counts where it came to it; a lead that was opened again was not won. */
static void add_status(struct cells *cells, const struct standing *standing,
                       const struct stage_event *closed)
{
    const struct lead *lead = &cells->history->lead;
    struct rollup_value value = { .reached = 1,
                                  .value_minor =
                                      lead->amount_minor == NO_INT ? 0 : lead->amount_minor };
    if (standing->status == LEAD_OPEN) {
        /* What is open is there to be worked, and nobody is behind this one any more. */
        if (lead->erased_at != NO_INT)
            return;
        add_cell(cells, ROLLUP_OPEN, 0, standing->stage_id, &lead->owner, value);
        return;
    }
    int64_t item = closed_items[standing->status];
    add_cell(cells, ROLLUP_COHORT, day_of(lead->created_at), item, &lead->owner, value);
    add_cell(cells, ROLLUP_PERIOD, day_of(closed->occurred_at), item, &closed->owner, value);
}

static enum err contribute(struct ctx *ctx, const struct history *history, enum counting counting,
                           contribution_visit *visit, void *self)
{
    if (history_is_spam(history))
        return OK;
    struct cells cells = { ctx, history, counting, visit, self, OK };
    const struct pipeline *pipeline = history->pipeline;
    struct reach reach[STAGES_MAX];
    for (size_t i = 0; i < pipeline->stages.count; i++)
        reach[i] = (struct reach){ .reached_at = NO_INT };
    const struct stage_event *closed = NULL;
    struct standing standing = standing_after(history, 0);
    for (size_t i = 0; i < history->count; i++) {
        const struct stage_event *event = &history->events[i];
        if (event_is_entry(event, standing.stage_id))
            count_entry(&cells, reach, event);
        struct standing after = standing_next(history, standing, event);
        if (after.status != standing.status)
            closed = event;
        standing = after;
    }
    if (standing.status == LEAD_WON) /* a won lead has reached every stage */
        reach_up_to(&cells, reach, INT64_MAX, NULL, event_at(&history->lead, closed),
                    &closed->owner);
    const struct stage *stages = pipeline->stages.items;
    for (size_t i = 0; i < pipeline->stages.count; i++)
        add_reach(&cells, &reach[i], stages[i].stage_id);
    if (history->count > 0)
        add_status(&cells, &standing, closed);
    return cells.err;
}

static bool is_recounted(const struct history *history)
{
    return history->pipeline->next_rollups_id != NO_INT &&
           id_compare(&history->lead.id, &history->pipeline->recounted_to) <= 0;
}

enum err contributions(struct ctx *ctx, const struct history *history, contribution_visit *visit,
                       void *self)
{
    enum err err = contribute(ctx, history, COUNTED_NOW, visit, self);
    return !err && is_recounted(history) ? contribute(ctx, history, COUNTED_NEXT, visit, self)
                                         : err;
}

struct signed_target {
    struct db *db;
    int sign;
};

static enum err add_signed(struct ctx *ctx, void *self, const struct rollup_key *key,
                           const struct rollup_value *value)
{
    const struct signed_target *target = self;
    struct rollup_value delta = *value;
    delta.entered *= target->sign;
    delta.reached *= target->sign;
    delta.value_minor *= target->sign;
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        delta.within[i] *= target->sign;
    return rollup_add(ctx, target->db, key, &delta);
}

enum err contributions_apply(struct ctx *ctx, struct db *db, const struct history *history,
                             int sign)
{
    return contributions(ctx, history, add_signed, &(struct signed_target){ db, sign });
}

enum err contributions_recount(struct ctx *ctx, struct db *db, const struct history *history)
{
    return contribute(ctx, history, COUNTED_NEXT, add_signed, &(struct signed_target){ db, 1 });
}
