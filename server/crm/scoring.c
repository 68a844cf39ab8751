/* scoring.c: what a lead scores: arithmetic in whole thousandths of a point on facts, over a span
 * of time. It does not know where facts come from or what follows from a score.
 *
 * Points fade with age and never grow, so in a span a rule is worth most if everything in it had
 * happened when it begins, and least if only that counts which had, as old as it is in the end.
 * Caps, sums and clamps keep that order, up to the score. */
#include "scoring.h"

#include <string.h>

struct range {
    int64_t low, high;
};

/* How many of the ascending times are at or before `at`. */
static size_t count_until(const struct selected *selected, int64_t at)
{
    size_t low = 0, high = selected->count;
    if (high == 0 || selected->times[high - 1] <= at)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (selected->times[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- Conditions ---- */

static unsigned activities_over(const struct condition *condition, const struct facts *facts,
                                struct span span)
{
    if (!facts->selected)
        return CAN_HOLD | CAN_FAIL;
    const struct selected *selected = &facts->selected[condition->selector];
    int64_t least = (int64_t)count_until(selected, span.from);
    int64_t most = (int64_t)count_until(selected, span.to);
    if (condition->within_days == NO_INT) {
        least += selected->earlier;
        most += selected->earlier;
    } else {
        int64_t window_ms = condition->within_days * MS_PER_DAY;
        least -= (int64_t)count_until(selected, span.to - window_ms);
        most -= (int64_t)count_until(selected, span.from - window_ms);
        least = least < 0 ? 0 : least;
    }
    bool bounded = condition->at_most != NO_INT;
    unsigned over = 0;
    if (most >= condition->at_least && (!bounded || least <= condition->at_most))
        over |= CAN_HOLD;
    if (least < condition->at_least || (bounded && most > condition->at_most))
        over |= CAN_FAIL;
    return over;
}

static unsigned opposite(unsigned over)
{
    return (over & CAN_HOLD ? CAN_FAIL : 0) | (over & CAN_FAIL ? CAN_HOLD : 0);
}

static unsigned condition_over(const struct condition *condition, const struct facts *facts,
                               struct span span);

/* Of all it can only be said that they hold if each can; that one fails if any can. */
static unsigned all_over(const struct condition *condition, const struct facts *facts,
                         struct span span)
{
    unsigned over = CAN_HOLD;
    for (size_t i = 0; i < condition->count; i++) {
        unsigned item = condition_over(&condition->items[i], facts, span);
        over = (over & item & CAN_HOLD) | ((over | item) & CAN_FAIL);
        if (over == CAN_FAIL)
            break;
    }
    return over;
}

static unsigned any_over(const struct condition *condition, const struct facts *facts,
                         struct span span)
{
    unsigned over = CAN_FAIL;
    for (size_t i = 0; i < condition->count; i++) {
        unsigned item = condition_over(&condition->items[i], facts, span);
        over = ((over | item) & CAN_HOLD) | (over & item & CAN_FAIL);
        if (over == CAN_HOLD)
            break;
    }
    return over;
}

static unsigned condition_over(const struct condition *condition, const struct facts *facts,
                               struct span span)
{
    unsigned over = 0;
    switch (condition->kind) {
    case CONDITION_FIELD: return facts->passes[condition->number] ? CAN_HOLD : CAN_FAIL;
    case CONDITION_ACTIVITY: over = activities_over(condition, facts, span); break;
    case CONDITION_ALL: over = all_over(condition, facts, span); break;
    case CONDITION_ANY: over = any_over(condition, facts, span); break;
    }
    return condition->negated ? opposite(over) : over;
}

/* A condition by its index in facts->holds. */
static unsigned judged_over(const struct condition *condition, const struct facts *facts,
                            size_t index, struct span span)
{
    unsigned known = facts->holds[index];
    return known == (CAN_HOLD | CAN_FAIL) ? condition_over(condition, facts, span) : known;
}

unsigned criterion_over(const struct facts *facts, size_t criterion, struct span span)
{
    return judged_over(facts->scoring->enters[criterion], facts, RULES_MAX + criterion, span);
}

static void judge_fields(const struct condition *condition, const struct lead *lead,
                         uint8_t *passes)
{
    for (size_t i = 0; i < condition->count; i++)
        judge_fields(&condition->items[i], lead, passes);
    if (condition->kind == CONDITION_FIELD)
        passes[condition->number] = condition_holds(condition, &(struct subject){ .lead = lead });
}

/* Of the condition and, as far as they tell, of the whole. */
static uint8_t judge(const struct condition *when, const struct lead *lead, uint8_t *passes)
{
    if (!when)
        return CAN_HOLD;
    judge_fields(when, lead, passes);
    return (uint8_t)condition_over(when, &(struct facts){ .passes = passes }, (struct span){ 0 });
}

enum err facts_judge_attributes(struct ctx *ctx, struct facts *facts, const struct lead *lead)
{
    const struct scoring *scoring = facts->scoring;
    uint8_t *passes = ctx_alloc(ctx, scoring->selectors.fields + 1);
    if (!passes)
        return ERR_MEMORY;
    for (size_t i = 0; i < scoring->rules->rules.count; i++)
        facts->holds[i] = judge(scoring->ready[i].when, lead, passes);
    for (size_t i = 0; i < scoring->rules->criteria.count; i++)
        facts->holds[RULES_MAX + i] = judge(scoring->enters[i], lead, passes);
    facts->passes = passes;
    return OK;
}

/* ---- Rules ---- */

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* Points of the latest of the first `count` times; what happened after `at` is new. They are all on
 * one side of 0: behind a cap there is nothing to be found. */
static int64_t decayed_sum(const struct ready_rule *rule, const struct selected *selected,
                           size_t count, int64_t at)
{
    int64_t sum = 0, cap = rule->cap_milli;
    uint64_t age = 0, ages = (uint64_t)rule->ages;
    size_t end = (uint64_t)rule->cap_times < count ? count - (size_t)rule->cap_times : 0;
    for (size_t i = count; i > end && sum < cap && sum > -cap; i--) {
        int64_t age_ms = at - selected->times[i - 1];
        if (age_ms > 0)
            age = (uint64_t)age_ms / (uint64_t)MS_PER_DAY;
        if (age >= ages)
            break; /* and what is older even more so */
        sum += rule->decayed[age];
    }
    return sum;
}

/* Of those up to `until`, as old as they are at `at`. */
static int64_t matches_milli(const struct ready_rule *rule, const struct selected *selected,
                             int64_t until, int64_t at)
{
    size_t count = count_until(selected, until);
    if (rule->decayed)
        return decayed_sum(rule, selected, count, at);
    int64_t all = (int64_t)count + selected->earlier;
    return (all < rule->cap_times ? all : rule->cap_times) * rule->points_milli;
}

/* A cap bounds the sum on the side that the points are on. */
static int64_t cap(const struct ready_rule *rule, int64_t sum)
{
    return rule->points_milli < 0 ? clamp(sum, -rule->cap_milli, 0)
                                  : clamp(sum, 0, rule->cap_milli);
}

static struct range matches_over(const struct ready_rule *rule, const struct facts *facts,
                                 struct span span)
{
    if (rule->selector == NO_SELECTOR) {
        int64_t points = cap(rule, rule->points_milli);
        return (struct range){ points, points };
    }
    const struct selected *selected = &facts->selected[rule->selector];
    int64_t least = cap(rule, matches_milli(rule, selected, span.from, span.to));
    if (span.from == span.to)
        return (struct range){ least, least };
    int64_t most = cap(rule, matches_milli(rule, selected, span.to, span.from));
    return rule->points_milli < 0 ? (struct range){ most, least } : (struct range){ least, most };
}

static struct range rule_over(const struct facts *facts, size_t index, struct span span)
{
    const struct ready_rule *rule = &facts->scoring->ready[index];
    unsigned when = judged_over(rule->when, facts, index, span);
    if (!(when & CAN_HOLD))
        return (struct range){ 0, 0 };
    struct range range = matches_over(rule, facts, span);
    if (when & CAN_FAIL) {
        range.low = range.low < 0 ? range.low : 0;
        range.high = range.high > 0 ? range.high : 0;
    }
    return range;
}

/* The first rule from that index on that is not fixed; RULES_MAX: there is none. */
static size_t next_open(const struct facts *facts, size_t from)
{
    if (from >= facts->scoring->rules->rules.count)
        return RULES_MAX;
    uint64_t open = ~facts->fixed >> from;
    size_t next = open ? from + (size_t)__builtin_ctzll(open) : RULES_MAX;
    return next < facts->scoring->rules->rules.count ? next : RULES_MAX;
}

/* ---- The score ---- */

static int64_t rounded_down(int64_t milli)
{
    return milli >= 0 ? milli / 1000 : -((-milli + 999) / 1000);
}

/* floor(clamp(sum of groups clamp(sum of rules cap(sum of matches decayed points)))) */
static struct score_range score_of_sums(const struct rule_set *rules, const struct range *sums)
{
    const struct score_group *groups = rules->groups.items;
    struct range total = { 0 };
    for (size_t i = 0; i < rules->groups.count; i++) {
        total.low += clamp(sums[i].low, groups[i].min_milli, groups[i].max_milli);
        total.high += clamp(sums[i].high, groups[i].min_milli, groups[i].max_milli);
    }
    return (struct score_range){
        rounded_down(clamp(total.low, rules->min_milli, rules->max_milli)),
        rounded_down(clamp(total.high, rules->min_milli, rules->max_milli)),
    };
}

/* ret_fixed: NULL, or takes the rules that come to the same in all of the span. */
static struct score_range sum_up(const struct facts *facts, struct span span,
                                 struct facts *ret_fixed)
{
    const struct rule_set *rules = facts->scoring->rules;
    struct range sums[SCORE_GROUPS_MAX];
    for (size_t i = 0; i < rules->groups.count; i++)
        sums[i] = (struct range){ facts->fixed_milli[i], facts->fixed_milli[i] };
    for (size_t i = next_open(facts, 0); i < RULES_MAX; i = next_open(facts, i + 1)) {
        struct range range = rule_over(facts, i, span);
        size_t group = facts->scoring->ready[i].group;
        sums[group].low += range.low;
        sums[group].high += range.high;
        if (!ret_fixed || range.low != range.high)
            continue;
        ret_fixed->fixed |= UINT64_C(1) << i;
        ret_fixed->fixed_milli[group] += range.low;
    }
    return score_of_sums(rules, sums);
}

/* Whether the score is known: of that very span, or because it is one in all of a longer one. */
static bool is_known(const struct facts *facts, struct span span)
{
    const struct span *narrow = &facts->narrow;
    if (!facts->is_narrow || span.from < narrow->from || span.to > narrow->to)
        return false;
    return (span.from == narrow->from && span.to == narrow->to) ||
           facts->narrow_score.low == facts->narrow_score.high;
}

struct score_range score_over(const struct facts *facts, struct span span)
{
    return is_known(facts, span) ? facts->narrow_score : sum_up(facts, span, NULL);
}

void score_narrow(struct facts *facts, struct span span)
{
    if (is_known(facts, span))
        return;
    facts->narrow_score = sum_up(facts, span, facts);
    facts->narrow = span;
    facts->is_narrow = true;
}

void score_keep(struct facts *facts, struct span span, int64_t score)
{
    facts->narrow_score = (struct score_range){ score, score };
    facts->narrow = span;
    facts->is_narrow = true;
}

/* Whether what it selects comes to the same from then on: nothing comes any more, and nothing
 * fades. */
static bool has_faded(const struct ready_rule *rule, const struct facts *facts, int64_t from)
{
    if (rule->selector == NO_SELECTOR)
        return true;
    const struct selected *selected = &facts->selected[rule->selector];
    if (selected->count == 0)
        return true;
    int64_t latest = selected->times[selected->count - 1];
    return latest <= from && (!rule->decayed || from - latest >= rule->ages * MS_PER_DAY);
}

void score_fix(struct facts *facts, int64_t from)
{
    struct span now = { from, from };
    for (size_t i = next_open(facts, 0); i < RULES_MAX; i = next_open(facts, i + 1)) {
        const struct ready_rule *rule = &facts->scoring->ready[i];
        unsigned when = facts->holds[i];
        if (when == (CAN_HOLD | CAN_FAIL))
            continue;
        if (when == CAN_HOLD && !has_faded(rule, facts, from))
            continue;
        facts->fixed |= UINT64_C(1) << i;
        facts->fixed_milli[rule->group] +=
            when == CAN_HOLD ? matches_over(rule, facts, now).low : 0;
    }
}

int64_t score_then(const struct facts *facts, int64_t at)
{
    return score_over(facts, (struct span){ at, at }).low;
}

/* ---- The same, told piece by piece ---- */

static void explain_rule(const struct facts *facts, size_t index, int64_t at,
                         struct score_detail *ret)
{
    const struct ready_rule *rule = &facts->scoring->ready[index];
    struct span now = { at, at };
    struct rule_detail *detail = &ret->rules[index];
    *detail =
        (struct rule_detail){ .holds = judged_over(rule->when, facts, index, now) & CAN_HOLD };
    if (!detail->holds)
        return;
    if (rule->selector == NO_SELECTOR) {
        detail->matches = 1;
        detail->sum_milli = rule->points_milli;
    } else {
        const struct selected *selected = &facts->selected[rule->selector];
        detail->matches = (int64_t)count_until(selected, at) + selected->earlier;
        struct ready_rule uncapped = *rule;
        uncapped.cap_milli = uncapped.cap_times = INT64_MAX;
        detail->sum_milli = matches_milli(&uncapped, selected, at, at);
    }
    detail->kept_milli = matches_over(rule, facts, now).low;
}

void score_explain(const struct facts *facts, int64_t at, struct score_detail *ret)
{
    const struct rule_set *rules = facts->scoring->rules;
    const struct score_group *groups = rules->groups.items;
    const struct criterion *criteria = rules->criteria.items;
    *ret = (struct score_detail){ .at = at, .rule_set_version = rules->version };
    for (size_t i = 0; i < rules->rules.count; i++) {
        explain_rule(facts, i, at, ret);
        ret->groups[facts->scoring->ready[i].group].sum_milli += ret->rules[i].kept_milli;
    }
    for (size_t i = 0; i < rules->groups.count; i++) {
        struct group_detail *group = &ret->groups[i];
        group->kept_milli = clamp(group->sum_milli, groups[i].min_milli, groups[i].max_milli);
        ret->sum_milli += group->kept_milli;
    }
    ret->total_milli = clamp(ret->sum_milli, rules->min_milli, rules->max_milli);
    ret->score = rounded_down(ret->total_milli);
    for (size_t i = 0; i < rules->criteria.count; i++)
        ret->met[i] = ret->score >= criteria[i].score_min &&
                      criterion_over(facts, i, (struct span){ at, at }) == CAN_HOLD;
}
