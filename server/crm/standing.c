/* standing.c: what the stage events of a lead, in order, make of it: stage, status, cycle. Pure:
 * depends on the events and the catalog alone. */
#include "history.h"

int64_t event_at(const struct lead *lead, const struct stage_event *event)
{
    return event->occurred_at > lead->created_at ? event->occurred_at : lead->created_at;
}

bool event_is_automatic(const struct stage_event *event)
{
    return event->cause == CAUSE_RULE || event->cause == CAUSE_DECAY;
}

bool event_is_entry(const struct stage_event *event, int64_t stage_id_before)
{
    return event->to_stage_id != NO_INT && event->to_stage_id != stage_id_before;
}

/* Of one instant the creation comes first, then what rules did: whoever decided then knew of it. */
static int rank(const struct stage_event *event)
{
    bool is_creation = event->from_stage_id == NO_INT && event->to_stage_id != NO_INT;
    return is_creation ? 0 : event_is_automatic(event) ? 1 : 2;
}

bool event_before(const struct lead *lead, const struct stage_event *a, const struct stage_event *b)
{
    int64_t at_a = event_at(lead, a), at_b = event_at(lead, b);
    if (at_a != at_b)
        return at_a < at_b;
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    /* All that is dated before the creation counts then, but keeps its own order. */
    if (a->occurred_at != b->occurred_at)
        return a->occurred_at < b->occurred_at;
    return id_compare(&a->id, &b->id) < 0;
}

bool history_is_spam(const struct history *history)
{
    for (size_t i = history->count; i-- > 0;)
        if (history->events[i].to_stage_id == NO_INT)
            return history->events[i].to_status == LEAD_DISQUALIFIED &&
                   history->events[i].reject_kind == REJECT_SPAM;
    return false;
}

static const struct stage *stage_of(const struct history *history, int64_t stage_id)
{
    return stage_id == NO_INT ? NULL : catalog_stage(history->catalog, stage_id);
}

static bool goes_back(const struct history *history, const struct standing *from,
                      const struct stage_event *event)
{
    const struct stage *before = stage_of(history, from->stage_id),
                       *after = stage_of(history, event->to_stage_id);
    return before && after && after->position < before->position;
}

struct standing standing_next(const struct history *history, struct standing standing,
                              const struct stage_event *event)
{
    if (event_is_entry(event, standing.stage_id)) {
        if (goes_back(history, &standing, event) && event->cause != CAUSE_CORRECTION)
            standing.cycle++;
        standing.stage_id = event->to_stage_id;
        standing.stage_entered_at = event_at(&history->lead, event);
    }
    /* An entry is no change of status, whatever the status was when it was told. */
    if (event->to_stage_id == NO_INT)
        standing.status = event->to_status;
    return standing;
}

struct standing standing_after(const struct history *history, size_t count)
{
    struct standing standing = {
        .stage_id = NO_INT, .status = LEAD_OPEN, .stage_entered_at = NO_INT, .cycle = 1
    };
    for (size_t i = 0; i < count; i++)
        standing = standing_next(history, standing, &history->events[i]);
    return standing;
}
