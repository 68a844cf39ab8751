/* course.c: finds when rules move a lead. It asks of ever shorter spans whether something can
 * happen in them, so that long times in which nothing does cost one look. Knows no log and no
 * store. */
#include "course.h"

#include <string.h>

/* ---- Searching ---- */

/* Rules that cancel each other out all the time would have every single instant looked at. Others
 * need no fifty looks, even for ten thousand activities. */
enum { LOOKS_AHEAD_MAX = 400 };

/* Something that is so or not at each instant. */
struct question {
    const struct facts *facts;
    const struct course *course;
    unsigned (*over)(const struct question *question, struct span span); /* CAN_HOLD, CAN_FAIL */
    int64_t score;
};

/* Whether to look no closer. */
static bool is_enough(const struct question *question)
{
    int64_t *left = question->facts->looks_left;
    return left && (*left)-- <= 0;
}

/* Within a day each match grows a day older once: so few instants need to be looked at. */
enum { INSTANTS_MAX = 256 };

struct instants {
    int64_t at[INSTANTS_MAX];
    size_t count;
};

/* Once, in its place among the others. False: there is no room. What one activity gives several
 * rules comes several times. */
static bool add_instant(struct instants *instants, int64_t at)
{
    size_t place = instants->count;
    while (place > 0 && instants->at[place - 1] > at)
        place--;
    if (place > 0 && instants->at[place - 1] == at)
        return true;
    if (instants->count == INSTANTS_MAX)
        return false;
    memmove(&instants->at[place + 1], &instants->at[place],
            (instants->count - place) * sizeof *instants->at);
    instants->at[place] = at;
    instants->count++;
    return true;
}

/* Those of a span of at most a day at which something may change, and its beginning, in order.
 * False: there are too many of them. */
static bool find_instants(const struct facts *facts, struct span span, struct instants *ret)
{
    ret->at[0] = span.from;
    ret->count = 1;
    for (size_t i = 0; i < facts->scoring->selectors.count; i++) {
        const struct selected *selected = &facts->selected[i];
        const struct keep *keep = &facts->scoring->keep[i];
        int64_t oldest = span.from - keep->days * MS_PER_DAY;
        if (!keep->criteria && !(keep->rules & ~facts->fixed))
            continue; /* whom it matters to, that comes to the same all the time */
        for (size_t j = selected->count; j-- > 0 && selected->times[j] >= oldest;) {
            int64_t past = span.to - selected->times[j];
            if (past < 0)
                continue;
            int64_t at = span.to - past % MS_PER_DAY;
            if (at > span.from && !add_instant(ret, at))
                return false;
        }
    }
    return true;
}

/* Among the instants from that index to that. */
static int64_t search_instants(const struct question *question, const struct instants *instants,
                               size_t from, size_t to)
{
    unsigned over = question->over(question, (struct span){ instants->at[from], instants->at[to] });
    if (!(over & CAN_HOLD))
        return NEVER;
    if (!(over & CAN_FAIL) || is_enough(question))
        return instants->at[from];
    size_t middle = from + (to - from) / 2;
    int64_t found = search_instants(question, instants, from, middle);
    return found != NEVER ? found : search_instants(question, instants, middle + 1, to);
}

/* The same question, asked of that span and its parts alone. */
static struct question narrowed(const struct question *question, struct span span,
                                struct facts *ret_facts)
{
    struct question closer = *question;
    *ret_facts = *question->facts;
    score_narrow(ret_facts, span);
    closer.facts = ret_facts;
    return closer;
}

static int64_t search(const struct question *question, struct span span)
{
    struct facts facts;
    struct question closer = narrowed(question, span, &facts);
    unsigned over = closer.over(&closer, span);
    if (!(over & CAN_HOLD))
        return NEVER;
    if (!(over & CAN_FAIL) || is_enough(&closer))
        return span.from;
    struct instants instants;
    if (span.to - span.from < MS_PER_DAY && find_instants(&facts, span, &instants))
        return search_instants(&closer, &instants, 0, instants.count - 1);
    int64_t middle = span.from + (span.to - span.from) / 2;
    int64_t found = search(&closer, (struct span){ span.from, middle });
    return found != NEVER ? found : search(&closer, (struct span){ middle + 1, span.to });
}

/* In ever longer pieces, as what comes comes soon more often than not. */
static int64_t search_pieces(const struct question *question, struct span span)
{
    int64_t found = NEVER;
    for (int64_t length = MS_PER_DAY; span.from <= span.to && found == NEVER; length *= 2) {
        int64_t to = span.to - span.from < length ? span.to : span.from + length - 1;
        found = search(question, (struct span){ span.from, to });
        span.from = to + 1;
    }
    return found;
}

static int64_t search_ahead(const struct question *question, struct span span)
{
    struct facts facts;
    struct question closer = narrowed(question, span, &facts);
    return closer.over(&closer, span) & CAN_HOLD ? search_pieces(&closer, span) : NEVER;
}

/* The part of that time in which things may change: what comes after it is as at its end. */
static struct span unsettled(const struct facts *facts, int64_t from, int64_t until)
{
    if (until > facts->settled_at)
        until = facts->settled_at > from ? facts->settled_at : from;
    return (struct span){ from, until };
}

/* The first instant from `from` to `to` at which it is so. */
static int64_t first(const struct question *question, int64_t from, int64_t to)
{
    return from > to ? NEVER : search_ahead(question, unsettled(question->facts, from, to));
}

static unsigned below_over(const struct question *question, struct span span)
{
    struct score_range range = score_over(question->facts, span);
    return (range.low < question->score ? CAN_HOLD : 0) |
           (range.high >= question->score ? CAN_FAIL : 0);
}

static unsigned not_below_over(const struct question *question, struct span span)
{
    struct score_range range = score_over(question->facts, span);
    return (range.high >= question->score ? CAN_HOLD : 0) |
           (range.low < question->score ? CAN_FAIL : 0);
}

static unsigned other_over(const struct question *question, struct span span)
{
    struct score_range range = score_over(question->facts, span);
    if (range.low == question->score && range.high == question->score)
        return CAN_FAIL;
    bool can_be_it = range.low <= question->score && range.high >= question->score;
    return CAN_HOLD | (can_be_it ? CAN_FAIL : 0);
}

/* ---- Criteria ---- */

/* Of that stage; -1: it has none. */
static int criterion_of(const struct facts *facts, const struct stage *stage)
{
    const struct rule_set *rules = facts->scoring->rules;
    const struct criterion *criteria = rules->criteria.items;
    for (size_t i = 0; i < rules->criteria.count; i++)
        if (criteria[i].kind == stage->kind && stage->archived_at == NO_INT)
            return (int)i;
    return -1;
}

static unsigned met_over(const struct facts *facts, int criterion, const struct score_range *range,
                         struct span span)
{
    const struct criterion *criteria = facts->scoring->rules->criteria.items;
    int64_t score_min = criteria[criterion].score_min;
    if (range->high < score_min)
        return CAN_FAIL;
    unsigned when = criterion_over(facts, (size_t)criterion, span);
    return range->low < score_min ? when | CAN_FAIL : when;
}

static bool met_at(const struct facts *facts, int criterion, int64_t at)
{
    struct span now = { at, at };
    struct score_range range = score_over(facts, now);
    return met_over(facts, criterion, &range, now) == CAN_HOLD;
}

/* Whether rules give a further stage. */
static unsigned enters_over(const struct question *question, struct span span)
{
    const struct course *course = question->course;
    const struct stage *stages = course->pipeline->stages.items;
    struct score_range range = { 0 };
    bool known = false;
    unsigned over = CAN_FAIL;
    for (size_t i = 0; i < course->pipeline->stages.count; i++) {
        int criterion = stages[i].position > course->stage->position
                            ? criterion_of(question->facts, &stages[i])
                            : -1;
        if (criterion < 0 || course->muted & UINT32_C(1) << criterion)
            continue;
        if (!known)
            range = score_over(question->facts, span);
        known = true;
        unsigned met = met_over(question->facts, criterion, &range, span);
        over = ((over | met) & CAN_HOLD) | (over & met & CAN_FAIL);
    }
    return over;
}

/* Whether a criterion that is muted no longer holds. */
static unsigned unmutes_over(const struct question *question, struct span span)
{
    struct score_range range = score_over(question->facts, span);
    unsigned over = CAN_FAIL;
    for (int i = 0; i < CRITERIA_MAX; i++) {
        if (!(question->course->muted & UINT32_C(1) << i))
            continue;
        unsigned met = met_over(question->facts, i, &range, span);
        over |= met & CAN_FAIL ? CAN_HOLD : 0;
        if (!(met & CAN_HOLD))
            return CAN_HOLD;
    }
    return over;
}

static void unmute(struct course *course, const struct facts *facts, int64_t at)
{
    for (int i = 0; i < CRITERIA_MAX; i++)
        if (course->muted & UINT32_C(1) << i && !met_at(facts, i, at))
            course->muted &= ~(UINT32_C(1) << i);
}

void course_mute(struct course *course, const struct facts *facts)
{
    for (size_t i = 0; i < facts->scoring->rules->criteria.count; i++)
        if (met_at(facts, (int)i, course->at))
            course->muted |= UINT32_C(1) << i;
}

/* ---- Going on ---- */

static const struct stage *stage_entered(const struct course *course, const struct facts *facts,
                                         int64_t at)
{
    const struct stage *stages = course->pipeline->stages.items, *entered = NULL;
    for (size_t i = 0; i < course->pipeline->stages.count; i++) {
        int criterion = criterion_of(facts, &stages[i]);
        if (stages[i].position > course->stage->position && criterion >= 0 &&
            !(course->muted & UINT32_C(1) << criterion) && met_at(facts, criterion, at))
            entered = &stages[i];
    }
    return entered;
}

/* Back to the furthest earlier one whose own criterion holds; else to the nearest that has none;
 * else to the first. NULL: there is none before it. */
static const struct stage *stage_back(const struct course *course, const struct facts *facts,
                                      int64_t at)
{
    const struct stage *stages = course->pipeline->stages.items, *holds = NULL, *plain = NULL;
    for (size_t i = 0; i < course->pipeline->stages.count; i++) {
        if (stages[i].position >= course->stage->position)
            break;
        if (stages[i].archived_at != NO_INT)
            continue;
        int criterion = criterion_of(facts, &stages[i]);
        if (criterion < 0)
            plain = &stages[i];
        else if (met_at(facts, criterion, at))
            holds = &stages[i];
    }
    const struct stage *back = holds ? holds : plain,
                       *first = pipeline_stage(course->pipeline, NULL);
    return back || first->position >= course->stage->position ? back : first;
}

/* When rules give a further stage, up to `until`. */
static int64_t enters_at(struct course *course, const struct facts *facts, int64_t until)
{
    struct question enters = { facts, course, enters_over, 0 };
    struct question unmutes = { facts, course, unmutes_over, 0 };
    int64_t from = course->at + 1;
    for (;;) {
        int64_t found = first(&enters, from, until);
        int64_t unmuted =
            course->muted ? first(&unmutes, from, found == NEVER ? until : found - 1) : NEVER;
        if (unmuted == NEVER)
            return found;
        unmute(course, facts, unmuted);
        from = unmuted + 1;
    }
}

/* The exit of its stage; NULL: it has none, or there is nowhere to go. */
static const struct criterion *exit_of(const struct course *course, const struct facts *facts)
{
    const struct criterion *criteria = facts->scoring->rules->criteria.items;
    const struct stage *stages = course->pipeline->stages.items;
    int index = criterion_of(facts, course->stage);
    bool has = index >= 0 && criteria[index].exit_below != NO_INT &&
               stages[0].position < course->stage->position;
    return has ? &criteria[index] : NULL;
}

/* When the score has been below the exit for long enough, up to `until`; course->below_since says
 * how it stands there. */
static int64_t leaves_at(struct course *course, const struct facts *facts, int64_t until)
{
    const struct criterion *criterion = exit_of(course, facts);
    if (!criterion)
        return NEVER;
    struct question below = { facts, course, below_over, criterion->exit_below };
    struct question not_below = { facts, course, not_below_over, criterion->exit_below };
    int64_t dwell_ms = criterion->dwell_hours == NO_INT ? 0 : criterion->dwell_hours * MS_PER_HOUR;
    int64_t from = course->at + 1;
    for (;;) {
        if (course->below_since == NO_INT) {
            int64_t fall = first(&below, from, until);
            if (fall == NEVER)
                return NEVER;
            course->below_since = from = fall;
        }
        int64_t due = course->below_since + dwell_ms;
        due = due < from ? from : due;
        int64_t rise = first(&not_below, from, due < until ? due : until);
        if (rise == NEVER)
            return due <= until ? due : NEVER;
        course->below_since = NO_INT;
        from = rise;
    }
}

void course_watch(struct course *course, const struct facts *facts, int64_t from, int64_t until)
{
    const struct criterion *criterion = exit_of(course, facts);
    if (!criterion)
        return;
    struct question below = { facts, course, below_over, criterion->exit_below };
    struct question not_below = { facts, course, not_below_over, criterion->exit_below };
    for (;;) {
        bool is_below = course->below_since != NO_INT;
        int64_t found = first(is_below ? &not_below : &below, from, until);
        if (found == NEVER)
            return;
        course->below_since = is_below ? NO_INT : found;
        from = found;
    }
}

bool course_step(struct course *course, const struct facts *facts, int64_t until, struct step *ret)
{
    if (course->at >= until)
        return false;
    if (!course->acts) {
        course->at = until;
        return false;
    }
    struct facts ahead = *facts;
    score_narrow(&ahead, unsettled(facts, course->at + 1, until));
    int64_t leaves = leaves_at(course, &ahead, until);
    int64_t enters = enters_at(course, &ahead, leaves < until ? leaves : until);
    if (leaves == NEVER && enters == NEVER) {
        course->at = until;
        return false;
    }
    bool back = enters == NEVER;
    int64_t at = back ? leaves : enters;
    *ret = (struct step){
        .at = at,
        .stage = back ? stage_back(course, facts, at) : stage_entered(course, facts, at),
        .cause = back ? CAUSE_DECAY : CAUSE_RULE,
        .score = score_then(facts, at),
    };
    course->stage = ret->stage;
    course->at = at;
    course->below_since = NO_INT; /* what rules give is not below its own exit */
    return true;
}

bool course_can_fall(const struct course *course, const struct facts *facts)
{
    return exit_of(course, facts) != NULL;
}

int64_t course_due(const struct course *course, const struct facts *facts, int64_t score)
{
    int64_t looks = LOOKS_AHEAD_MAX;
    struct facts bounded = *facts;
    bounded.looks_left = &looks;
    struct question other = { &bounded, course, other_over, score };
    struct span ahead = unsettled(&bounded, course->at + 1, NEVER - 1);
    int64_t changes = search_pieces(&other, ahead);
    if (changes != NEVER)
        ahead.to = changes - 1;
    /* That the score stays so long, every part of that time is told. To be asked anew and given up
     * would have it fall and rise at one and the same instant, for ever. */
    score_keep(&bounded, ahead, score);
    looks = LOOKS_AHEAD_MAX;
    struct course further = *course;
    struct step step;
    if (course_step(&further, &bounded, changes == NEVER ? NEVER - 1 : ahead.to, &step))
        return step.at;
    return changes == NEVER ? NO_INT : changes;
}
