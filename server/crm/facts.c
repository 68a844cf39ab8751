/* facts.c: a lead's activities as its rules see them: for each selector the times of what it
 * selects. Reads the log; judges nothing. */
#include "scoring.h"

#include <string.h>

#define FROM_THE_FIRST (INT64_MIN + 1) /* nothing is dated before */

void facts_note_times(struct facts *facts, size_t selector)
{
    const struct selected *selected = &facts->selected[selector];
    int64_t settled_at =
        selected->times[selected->count - 1] + facts->scoring->keep[selector].days * MS_PER_DAY;
    facts->settled_at = settled_at > facts->settled_at ? settled_at : facts->settled_at;
}

/* In its place among the others. How many times a selector's array has room for: a power of two
 * from its count, so that no capacity needs to be kept. */
static enum err add_time(struct ctx *ctx, struct facts *facts, size_t selector, int64_t at)
{
    struct selected *selected = &facts->selected[selector];
    size_t count = selected->count;
    if ((count & (count - 1)) == 0) { /* 0, 1, 2, 4 ...: full */
        int64_t *times = ctx_alloc(ctx, (count ? count * 2 : 1) * sizeof *times);
        if (!times)
            return ERR_MEMORY;
        if (count > 0)
            memcpy(times, selected->times, count * sizeof *times);
        selected->times = times;
    }
    int64_t *times = (int64_t *)selected->times;
    size_t place = selected->count++;
    for (; place > 0 && times[place - 1] > at; place--)
        times[place] = times[place - 1];
    times[place] = at;
    facts_note_times(facts, selector);
    return OK;
}

enum err facts_start(struct ctx *ctx, const struct scoring *scoring, struct facts *ret)
{
    size_t count = scoring->selectors.count;
    *ret = (struct facts){ .scoring = scoring, .since = NO_INT, .settled_at = INT64_MIN };
    ret->selected = ctx_alloc(ctx, (count + 1) * sizeof *ret->selected);
    if (!ret->selected)
        return ERR_MEMORY;
    memset(ret->selected, 0, (count + 1) * sizeof *ret->selected);
    return OK;
}

/* The first of the selectors of that activity type, in their order by type; all of them end with
 * scoring->type_ends of it. Their number: there are none. */
static size_t find_type(const struct scoring *scoring, const char *type)
{
    size_t i = 0, count = scoring->selectors.count;
    while (i < count && strcmp(scoring->selectors.items[scoring->by_type[i]].activity, type) != 0)
        i = scoring->type_ends[i];
    return i;
}

bool scoring_counts(const struct scoring *scoring, const struct activity *activity)
{
    return scoring->engagements & 1u << activity->engagement;
}

/* Whether it is too old for anything that is asked. */
static bool is_past(const struct facts *facts, size_t selector, int64_t at)
{
    const struct keep *keep = &facts->scoring->keep[selector];
    return facts->since != NO_INT && (!keep->total || facts->totals) &&
           at <= facts->since - keep->days * MS_PER_DAY;
}

enum err facts_add(struct ctx *ctx, struct facts *facts, const struct activity *activity)
{
    const struct scoring *scoring = facts->scoring;
    struct look look;
    look_begin(&look, activity);
    size_t first = find_type(scoring, activity->type);
    size_t end = first < scoring->selectors.count ? scoring->type_ends[first] : first;
    for (size_t i = first; i < end; i++) {
        size_t index = scoring->by_type[i];
        enum err err = OK;
        if (!is_past(facts, index, activity->occurred_at) &&
            selector_passes(&scoring->selectors.items[index], &look))
            err = add_time(ctx, facts, index, activity->occurred_at);
        if (err)
            return err;
    }
    return OK;
}

struct reading {
    struct log_times *times;
    struct facts *facts;
};

static enum err take(struct ctx *ctx, void *self, const void *row)
{
    struct reading *reading = self;
    const struct activity *activity = row;
    struct log_times *times = reading->times;
    if (activity->occurred_at > times->until || !scoring_counts(reading->facts->scoring, activity))
        return OK;
    if (times->first == NO_INT && activity->occurred_at >= times->from)
        times->first = activity->occurred_at;
    times->latest = activity->occurred_at;
    return facts_add(ctx, reading->facts, activity);
}

enum err facts_read_log(struct ctx *ctx, struct db *db, const struct id *lead_id,
                        struct log_times *times, struct facts *facts)
{
    const struct scoring *scoring = facts->scoring;
    int64_t after = facts->totals ? facts->since - scoring->days_max * MS_PER_DAY : FROM_THE_FIRST;
    times->first = times->latest = NO_INT;
    enum err err = activity_log(ctx, db, lead_id, after, scoring->reads_properties, take,
                                &(struct reading){ times, facts });
    for (size_t i = 0; i < scoring->selectors.count && facts->totals && !err; i++)
        if (scoring->keep[i].total)
            facts->selected[i].earlier = facts->totals[i] - (int64_t)facts->selected[i].count;
    return err;
}
