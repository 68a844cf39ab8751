/* model.c: what follows from the facts of one lead: its score at any instant, its stages, its
 * automatic events. Loops over everything each time; knows no shortcut. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* ---- Score ---- */

const struct attributes *model_attributes(const struct model_lead *lead, int64_t at)
{
    const struct attributes *found = &lead->states.items[0].attributes;
    for (size_t i = 1; i < lead->states.count; i++)
        if (lead->states.items[i].at <= at)
            found = &lead->states.items[i].attributes;
    return found;
}

static int64_t clamped(int64_t value, int64_t least, int64_t most)
{
    if (value < least)
        return least;
    return value > most ? most : value;
}

static const char *text_of(const struct attributes *attributes, const char *name)
{
    for (int i = 0; i < ATTR_TEXTS; i++)
        if (strcmp(attribute_names[i], name) == 0)
            return attributes->text[i];
    abort(); /* a rule about an attribute that the model does not keep */
}

static int64_t matches(const struct rule *rule, const struct model_lead *lead, int64_t at)
{
    int64_t count = 0;
    char type[64], field[64], op[16], value[64];
    if (rule->each && sscanf(rule->each, "{\"activity\":\"%63[^\"]", type) == 1) {
        for (size_t i = 0; i < lead->happenings.count; i++)
            if (lead->happenings.items[i].at <= at &&
                strcmp(lead->happenings.items[i].type, type) == 0)
                count++;
        return count;
    }
    if (sscanf(rule->when, "{\"field\":\"%63[^\"]\",\"op\":\"%15[^\"]\",\"value\":\"%63[^\"]",
               field, op, value) < 2)
        abort();
    const char *text = text_of(model_attributes(lead, at), field);
    if (!*text)
        return 0;
    if (strcmp(op, "eq") == 0)
        return strcasecmp(text, value) == 0;
    if (strcmp(op, "contains") == 0)
        return strcasestr(text, value) != NULL;
    return 1;
}

/* score(lead, t) = floor(clamp(sum of groups clamp(sum of rules cap(sum of matches points)))) */
int64_t model_score(const struct model *model, const struct model_lead *lead, int64_t at)
{
    const struct score_group *groups = model->rules->groups.items;
    const struct rule *rules = model->rules->rules.items;
    int64_t total = 0;
    for (size_t i = 0; i < model->rules->groups.count; i++) {
        int64_t sum = 0;
        for (size_t j = 0; j < model->rules->rules.count; j++) {
            if (strcmp(rules[j].score_group, groups[i].key) != 0)
                continue;
            int64_t points = rules[j].points_milli * matches(&rules[j], lead, at);
            if (rules[j].cap_milli != NO_INT)
                points = clamped(points, -rules[j].cap_milli, rules[j].cap_milli);
            sum += points;
        }
        total += clamped(sum, groups[i].min_milli, groups[i].max_milli);
    }
    total = clamped(total, model->rules->min_milli, model->rules->max_milli);
    int64_t whole = total / 1000;
    return whole * 1000 > total ? whole - 1 : whole;
}

/* ---- Stages ---- */

/* By time. Of one instant the creation comes first, what a rule did comes before what was decided
 * upon it, and of what is dated before the creation the earlier comes first. */
static bool comes_before(const struct event *a, const struct event *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    int rank_a = a->creation ? 0 : a->cause == CAUSE_RULE ? 1 : 2;
    int rank_b = b->creation ? 0 : b->cause == CAUSE_RULE ? 1 : 2;
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

/* ---- What rules do ---- */

/* The furthest stage beyond this one whose criterion the score meets; NO_STAGE: none. */
static int earned(const struct model *model, int stage, int64_t score)
{
    const struct stage *stages = model->pipeline->stages.items;
    const struct criterion *criteria = model->rules->criteria.items;
    for (int i = (int)model->pipeline->stages.count - 1; i > stage; i--)
        for (size_t j = 0; j < model->rules->criteria.count; j++)
            if (criteria[j].kind == stages[i].kind && score >= criteria[j].score_min)
                return i;
    return NO_STAGE;
}

/* The earliest instant with a fact that is not before `from`; NO_INT: none. */
static int64_t next_fact(const struct model_lead *lead, int64_t from)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < lead->happenings.count; i++)
        if (lead->happenings.items[i].at >= from && lead->happenings.items[i].at < next)
            next = lead->happenings.items[i].at;
    for (size_t i = 1; i < lead->states.count; i++)
        if (lead->states.items[i].is_fact && lead->states.items[i].at >= from &&
            lead->states.items[i].at < next)
            next = lead->states.items[i].at;
    return next == INT64_MAX ? NO_INT : next;
}

static void try_rules(struct model *model, struct model_lead *lead, int64_t at, int *stage)
{
    int64_t score = model_score(model, lead, at);
    int to = earned(model, *stage, score);
    if (to == NO_STAGE)
        return;
    *stage = to;
    LIST_ADD(&lead->automatic, (struct event){ .occurred_at = at,
                                               .told = model->told++,
                                               .to = to,
                                               .status = SAME_STATUS,
                                               .cause = CAUSE_RULE,
                                               .owner = model_attributes(lead, at)->owner,
                                               .score = score });
}

/* From the latest of the creation, the publication of the rules and the last decision: what lies
 * before stays, what lies behind is worked out anew. */
void model_derive(struct model *model, struct model_lead *lead)
{
    int64_t start = lead->created_at > model->rules->published_at ? lead->created_at
                                                                  : model->rules->published_at;
    bool at_once = true;
    for (size_t i = 1; i < lead->decisions.count; i++) {
        int64_t at = lead->decisions.items[i].occurred_at;
        at = at > lead->created_at ? at : lead->created_at;
        if (at >= start) {
            start = at + 1; /* they have just decided: only a later fact moves the lead on */
            at_once = false;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < lead->automatic.count; i++)
        if (lead->automatic.items[i].occurred_at < start)
            lead->automatic.items[kept++] = lead->automatic.items[i];
    lead->automatic.count = kept;
    struct model_history history;
    model_history(lead, &history);
    if (history.standing.status != LEAD_OPEN)
        return;
    int stage = history.standing.stage;
    if (at_once)
        try_rules(model, lead, start, &stage);
    for (int64_t at = next_fact(lead, start); at != NO_INT; at = next_fact(lead, at + 1))
        try_rules(model, lead, at, &stage);
}
