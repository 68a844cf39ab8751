/* model_funnel.c: funnels and boards by counting leads, one by one, event by event. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

/* What is counted of one lead. */
struct counted {
    const struct model *model;
    const struct model_lead *lead;
    const struct attributes *attributes; /* now */
    const struct funnel_query *query;
    struct model_funnel *funnel;
    const struct model_history *history;
};

static struct model_group *group_for(struct counted *counted, int owner)
{
    const struct model *model = counted->model;
    char key[64] = "";
    const struct attributes *has = counted->attributes;
    if (counted->query->group_by == DIMENSION_SOURCE)
        memcpy(key, has->text[ATTR_SOURCE], sizeof has->text[ATTR_SOURCE]);
    if (counted->query->group_by == DIMENSION_CAMPAIGN && has->campaign != NOBODY)
        id_format(&model->campaigns[has->campaign], key);
    if (counted->query->group_by == DIMENSION_OWNER && owner != NOBODY)
        id_format(&model->people[owner], key);
    struct model_funnel *funnel = counted->funnel;
    for (size_t i = 0; i < funnel->count; i++)
        if (strcmp(funnel->groups[i].key, key) == 0)
            return &funnel->groups[i];
    if (funnel->count == MODEL_GROUPS_MAX)
        abort();
    struct model_group *group = &funnel->groups[funnel->count++];
    *group = (struct model_group){ 0 };
    memcpy(group->key, key, sizeof key);
    return group;
}

static bool in_range(const struct funnel_query *query, int64_t at)
{
    int64_t day = day_of(at);
    return day >= query->from && day < query->to;
}

/* When, and with which owner, the lead was first at the stage or beyond; false: never. */
static bool first_reached(const struct counted *counted, int stage, int64_t *ret_at, int *ret_owner)
{
    const struct model_history *history = counted->history;
    const struct event *closed = NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct event *event = &history->events[i];
        if (event->status != event->from_status)
            closed = event;
        if (!event->entry || event->to < stage)
            continue;
        *ret_at = event->at;
        *ret_owner = event->owner;
        return true;
    }
    if (history->standing.status != LEAD_WON)
        return false;
    *ret_at = closed->at; /* a won lead has reached every stage */
    *ret_owner = closed->owner;
    return true;
}

static const struct event *last_closing(const struct model_history *history)
{
    const struct event *closed = NULL;
    for (size_t i = 0; i < history->count; i++)
        if (history->events[i].status != history->events[i].from_status)
            closed = &history->events[i];
    return closed;
}

static void add_status(struct counted *counted, int owner)
{
    int status = counted->history->standing.status;
    int64_t amount = counted->attributes->amount_minor;
    if (status == LEAD_OPEN)
        return;
    struct model_group *group = group_for(counted, owner);
    group->leads[status]++;
    group->value[status] += amount == NO_INT ? 0 : amount;
}

/* Of the leads created in the range: how many ever reached each stage, and how often it was
 * entered. */
static void count_cohort(struct counted *counted)
{
    const struct funnel_query *query = counted->query;
    int64_t created_at = counted->lead->created_at;
    if (!in_range(query, created_at))
        return;
    int owner = counted->attributes->owner;
    struct model_group *group = group_for(counted, owner);
    for (int stage = 0; stage < (int)counted->model->pipeline->stages.count; stage++) {
        int64_t at;
        int ignored;
        bool reached = first_reached(counted, stage, &at, &ignored);
        if (query->within_days != NO_INT)
            reached = reached && at - created_at < query->within_days * MS_PER_DAY;
        group->reached[stage] += reached;
    }
    for (size_t i = 0; i < counted->history->count; i++)
        if (counted->history->events[i].entry)
            group->entered[counted->history->events[i].to]++;
    add_status(counted, owner);
}

/* What happened in the range, by the owner at that time. */
static void count_period(struct counted *counted)
{
    const struct model_history *history = counted->history;
    for (size_t i = 0; i < history->count; i++)
        if (history->events[i].entry && in_range(counted->query, history->events[i].occurred_at))
            group_for(counted, history->events[i].owner)->entered[history->events[i].to]++;
    for (int stage = 0; stage < (int)counted->model->pipeline->stages.count; stage++) {
        int64_t at;
        int owner;
        if (first_reached(counted, stage, &at, &owner) && in_range(counted->query, at))
            group_for(counted, owner)->reached[stage]++;
    }
    const struct event *closed = last_closing(history);
    if (closed && in_range(counted->query, closed->occurred_at))
        add_status(counted, closed->owner);
}

void model_funnel(const struct model *model, const struct funnel_query *query, int64_t now,
                  struct model_funnel *ret)
{
    struct funnel_query asked = *query;
    struct model_history history;
    ret->count = 0;
    /* Only leads old enough to have had so many days. */
    if (query->within_days != NO_INT && asked.to > day_of(now) - query->within_days)
        asked.to = day_of(now) - query->within_days;
    for (size_t i = 0; i < model->leads.count; i++) {
        const struct model_lead *lead = &model->leads.items[i];
        if (lead->presence == REMOVED)
            continue;
        struct counted counted = { .model = model,
                                   .lead = lead,
                                   .attributes = model_attributes(lead, INT64_MAX),
                                   .query = &asked,
                                   .funnel = ret,
                                   .history = &history };
        model_history(lead, &history);
        if (query->basis == ROLLUP_COHORT)
            count_cohort(&counted);
        else
            count_period(&counted);
    }
}

void model_board(const struct model *model, int64_t leads[STAGES_MAX], int64_t value[STAGES_MAX])
{
    memset(leads, 0, STAGES_MAX * sizeof *leads);
    memset(value, 0, STAGES_MAX * sizeof *value);
    for (size_t i = 0; i < model->leads.count; i++) {
        struct model_history history;
        model_history(&model->leads.items[i], &history);
        int64_t amount = model_attributes(&model->leads.items[i], INT64_MAX)->amount_minor;
        if (history.standing.status != LEAD_OPEN || model->leads.items[i].presence != THERE)
            continue;
        leads[history.standing.stage]++;
        value[history.standing.stage] += amount == NO_INT ? 0 : amount;
    }
}
