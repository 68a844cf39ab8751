/* model.c: what follows from the facts and events of one lead: its attributes at any instant, where
 * it stands. What rules do is model_score.c's. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

const char *const attribute_names[ATTR_COUNT] = {
    "email",  "phone",         "first_name",  "company",  "job_title", "city",
    "source", "source_system", "external_id", "campaign", "owner",     "amount_minor",
};

void *list_room(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = count * 2 + 8;
    items = realloc(items, *capacity * size);
    if (!items)
        abort();
    return items;
}

struct attributes attributes_none(void)
{
    return (struct attributes){ .campaign = NOBODY, .owner = NOBODY, .amount_minor = NO_INT };
}

void model_free(struct model *model)
{
    for (size_t i = 0; i < model->leads.count; i++) {
        struct model_lead *lead = &model->leads.items[i];
        free(lead->states.items);
        free(lead->happenings.items);
        free(lead->decisions.items);
        free(lead->automatic.items);
        free(lead->imported.items);
    }
    for (size_t i = 0; i < model->phone_texts.count; i++)
        free(model->phone_texts.items[i]);
    free(model->phone_texts.items);
    free(model->aliases.items);
    free(model->phones.items);
    free(model->keys.items);
    free(model->leads.items);
}

/* ---- Attributes ---- */

const struct attributes *model_attributes(const struct model_lead *lead, int64_t at)
{
    const struct attributes *found = &lead->states.items[0].attributes;
    for (size_t i = 1; i < lead->states.count; i++)
        if (lead->states.items[i].at <= at)
            found = &lead->states.items[i].attributes;
    return found;
}

/* ---- Stages ---- */

/* By time. Of one instant the creation comes first, what a rule did comes before what was decided
 * upon it, and of what is dated before the creation the earlier comes first. */
static bool comes_before(const struct event *a, const struct event *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    int rank_a = a->creation ? 0 : a->cause == CAUSE_RULE || a->cause == CAUSE_DECAY ? 1 : 2;
    int rank_b = b->creation ? 0 : b->cause == CAUSE_RULE || b->cause == CAUSE_DECAY ? 1 : 2;
    if (rank_a != rank_b)
        return rank_a < rank_b;
    return a->occurred_at != b->occurred_at ? a->occurred_at < b->occurred_at : a->told < b->told;
}

static void put(struct model_history *history, const struct model_lead *lead,
                const struct event *event)
{
    if (history->count == EVENTS_MAX)
        abort();
    struct event placed = *event;
    placed.at = event->occurred_at > lead->created_at ? event->occurred_at : lead->created_at;
    size_t at = history->count++;
    for (; at > 0 && comes_before(&placed, &history->events[at - 1]); at--)
        history->events[at] = history->events[at - 1];
    history->events[at] = placed;
}

static void stand(struct model_history *history)
{
    struct model_standing standing = { NO_STAGE, LEAD_OPEN, NO_INT, 1 };
    for (size_t i = 0; i < history->count; i++) {
        struct event *event = &history->events[i];
        event->from = event->cause == CAUSE_CORRECTION ? event->corrected : standing.stage;
        event->from_status = standing.status;
        event->entry = event->to != NO_STAGE && event->to != standing.stage;
        if (event->entry) {
            if (event->to < standing.stage && event->cause != CAUSE_CORRECTION)
                standing.cycle++;
            standing.stage = event->to;
            standing.entered_at = event->at;
        }
        if (event->status != SAME_STATUS)
            standing.status = event->status;
        event->status = standing.status;
        event->cycle = standing.cycle;
    }
    history->standing = standing;
}

void model_history(const struct model_lead *lead, struct model_history *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < lead->decisions.count; i++)
        put(ret, lead, &lead->decisions.items[i]);
    for (size_t i = 0; i < lead->automatic.count; i++)
        put(ret, lead, &lead->automatic.items[i]);
    stand(ret);
}
