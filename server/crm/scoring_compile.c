/* scoring_compile.c: makes a rule set ready to judge leads: reads the JSON of its rules once, says
 * what is wrong with that, and works out what of a lead's past can still matter. What else may be
 * wrong with a rule set, rule_sets_check.c says before it is stored. */
#include "scoring.h"

#include <stdlib.h>
#include <string.h>

/* Goes on after a mistake, so that every one is told. */
struct compiler {
    struct ctx *ctx;
    struct scoring *scoring;
    const struct condition_scope *scope;
    enum err first;
};

static void note(struct compiler *compiler, enum err err)
{
    if (err && (!compiler->first || err != ERR_VALIDATION))
        compiler->first = err;
}

static const char *place(struct compiler *compiler, const char *list, size_t index,
                         const char *member)
{
    const char *text =
        arena_printf(compiler->ctx->arena, "%s/%zu%s%s", list, index, *member ? "/" : "", member);
    return text ? text : list;
}

/* ---- Rules ---- */

/* From how it is stored. */
static void read_decayed(struct compiler *compiler, const struct rule *rule,
                         struct ready_rule *ready)
{
    ready->ages = (int64_t)(rule->decayed.length / sizeof(int64_t));
    int64_t *decayed = ctx_alloc(compiler->ctx, ((size_t)ready->ages + 1) * sizeof *decayed);
    if (!decayed) {
        note(compiler, ERR_MEMORY);
        return;
    }
    for (int64_t age = 0; age < ready->ages; age++) {
        uint64_t value = 0;
        for (size_t byte = sizeof value; byte-- > 0;)
            value = value << 8 | rule->decayed.data[(size_t)age * sizeof value + byte];
        decayed[age] = (int64_t)value;
    }
    ready->decayed = decayed;
}

static size_t find_group(struct compiler *compiler, const struct rule *rule, size_t index)
{
    const struct rule_set *rules = compiler->scoring->rules;
    const struct score_group *groups = rules->groups.items;
    for (size_t i = 0; i < rules->groups.count; i++)
        if (text_equal(groups[i].key, rule->score_group))
            return i;
    note(compiler, fail_member(compiler->ctx, place(compiler, "rules", index, "score_group"),
                               "unknown", "no group has this key"));
    return 0;
}

static void make_rule(struct compiler *compiler, const struct rule *rule, size_t index)
{
    struct ready_rule *ready = &compiler->scoring->ready[index];
    *ready = (struct ready_rule){
        .selector = NO_SELECTOR,
        .group = find_group(compiler, rule, index),
        .points_milli = rule->points_milli,
        .cap_milli = rule->cap_milli == NO_INT ? INT64_MAX : rule->cap_milli,
        .cap_times = rule->cap_times == NO_INT ? INT64_MAX : rule->cap_times,
    };
    if (rule->when)
        note(compiler,
             condition_read(compiler->ctx, compiler->scope, place(compiler, "rules", index, "when"),
                            rule->when, &ready->when));
    if (rule->each)
        note(compiler,
             selector_read(compiler->ctx, compiler->scope, place(compiler, "rules", index, "each"),
                           rule->each, &ready->selector));
    if (rule->decay != DECAY_NONE)
        read_decayed(compiler, rule, ready);
}

/* ---- Criteria ---- */

static void make_criterion(struct compiler *compiler, const struct criterion *criteria,
                           size_t index)
{
    const struct criterion *criterion = &criteria[index];
    if (criterion->when)
        note(compiler, condition_read(compiler->ctx, compiler->scope,
                                      place(compiler, "criteria", index, "when"), criterion->when,
                                      &compiler->scoring->enters[index]));
}

/* ---- What of a lead's past can matter ---- */

static void keep_at_least(struct keep *keep, int64_t days, size_t times)
{
    keep->days = days > keep->days ? days : keep->days;
    keep->times = times > keep->times ? times : keep->times;
}

/* Whether so many are within the window is told by the latest of them, and by one more. rule: its
 * bit; 0: the condition is of a criterion. */
static void keep_for_condition(struct keep *keep, const struct condition *condition, uint64_t rule)
{
    for (size_t i = 0; i < condition->count; i++)
        keep_for_condition(keep, &condition->items[i], rule);
    if (condition->kind != CONDITION_ACTIVITY)
        return;
    keep[condition->selector].rules |= rule;
    keep[condition->selector].criteria |= rule == 0;
    keep[condition->selector].total |= condition->within_days == NO_INT;
    if (condition->within_days == NO_INT)
        return;
    int64_t times = condition->at_most == NO_INT ? condition->at_least : condition->at_most + 1;
    keep_at_least(&keep[condition->selector], condition->within_days, (size_t)times);
}

static void keep_for_matches(struct keep *keep, const struct ready_rule *rule, uint64_t bit)
{
    keep->rules |= bit;
    keep->total |= !rule->decayed;
    if (rule->decayed)
        keep_at_least(keep, rule->ages,
                      rule->cap_times == INT64_MAX ? SIZE_MAX : (size_t)rule->cap_times);
}

static void find_keep(struct scoring *scoring)
{
    for (size_t i = 0; i < scoring->rules->rules.count; i++) {
        const struct ready_rule *rule = &scoring->ready[i];
        if (rule->when)
            keep_for_condition(scoring->keep, rule->when, UINT64_C(1) << i);
        if (rule->selector != NO_SELECTOR)
            keep_for_matches(&scoring->keep[rule->selector], rule, UINT64_C(1) << i);
    }
    for (size_t i = 0; i < scoring->rules->criteria.count; i++)
        if (scoring->enters[i])
            keep_for_condition(scoring->keep, scoring->enters[i], 0);
    for (size_t i = 0; i < scoring->selectors.count; i++) {
        if (scoring->keep[i].days > scoring->days_max)
            scoring->days_max = scoring->keep[i].days;
        scoring->reads_properties |= scoring->selectors.items[i].count > 0;
        scoring->engagements |= scoring->selectors.items[i].engagements;
    }
}

static int compare_types(const void *left, const void *right, void *self)
{
    const struct selector *selectors = self;
    return strcmp(selectors[*(const size_t *)left].activity,
                  selectors[*(const size_t *)right].activity);
}

static enum err prepare(struct ctx *ctx, struct scoring *scoring)
{
    size_t count = scoring->selectors.count;
    scoring->keep = ctx_alloc(ctx, (count + 1) * sizeof *scoring->keep);
    scoring->by_type = ctx_alloc(ctx, (count + 1) * sizeof *scoring->by_type);
    scoring->type_ends = ctx_alloc(ctx, (count + 1) * sizeof *scoring->type_ends);
    if (!scoring->keep || !scoring->by_type || !scoring->type_ends)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        scoring->by_type[i] = i;
    qsort_r(scoring->by_type, count, sizeof *scoring->by_type, compare_types,
            scoring->selectors.items);
    scoring->engagements = 1u << ENGAGEMENT_VERIFIED;
    for (size_t i = count; i-- > 0;) {
        bool last = i + 1 == count || compare_types(&scoring->by_type[i], &scoring->by_type[i + 1],
                                                    scoring->selectors.items) != 0;
        scoring->type_ends[i] = last ? i + 1 : scoring->type_ends[i + 1];
    }
    find_keep(scoring);
    return OK;
}

static enum err check_counts(struct ctx *ctx, const struct rule_set *rules)
{
    const struct {
        const char *name;
        size_t count, max;
    } lists[] = { { "rules", rules->rules.count, RULES_MAX },
                  { "groups", rules->groups.count, SCORE_GROUPS_MAX },
                  { "criteria", rules->criteria.count, CRITERIA_MAX } };
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (lists[i].count > lists[i].max)
            return fail_member(ctx, lists[i].name, "too_many", "may be %zu at most", lists[i].max);
    return OK;
}

enum err scoring_make(struct ctx *ctx, const struct catalog *catalog, const struct rule_set *rules,
                      const struct scoring **ret)
{
    enum err err = check_counts(ctx, rules);
    if (err)
        return err;
    struct scoring *scoring = ctx_alloc(ctx, sizeof *scoring);
    if (!scoring)
        return ERR_MEMORY;
    *scoring = (struct scoring){ .rules = rules };
    struct condition_scope scope = { .pipelines = &catalog->pipelines,
                                     .custom_fields = &catalog->custom_fields,
                                     .reach = CONDITION_OF_GIVEN,
                                     .selectors = &scoring->selectors };
    struct compiler compiler = { ctx, scoring, &scope, OK };
    for (size_t i = 0; i < rules->rules.count; i++)
        make_rule(&compiler, (const struct rule *)rules->rules.items + i, i);
    for (size_t i = 0; i < rules->criteria.count; i++)
        make_criterion(&compiler, rules->criteria.items, i);
    if (!compiler.first)
        note(&compiler, prepare(ctx, scoring));
    *ret = scoring;
    return compiler.first;
}

bool scoring_reads(const struct scoring *scoring, const char *field)
{
    for (size_t i = 0; i < scoring->rules->rules.count; i++)
        if (scoring->ready[i].when && condition_reads(scoring->ready[i].when, field))
            return true;
    for (size_t i = 0; i < scoring->rules->criteria.count; i++)
        if (scoring->enters[i] && condition_reads(scoring->enters[i], field))
            return true;
    return false;
}
