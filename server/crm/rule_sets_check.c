/* rule_sets_check.c: what is wrong with a rule set, all of it at once, each mistake by its place in
 * the request. Only what the tables of its members cannot say. */
#include "rule_sets.h"

#include "scoring.h"

#include <string.h>

struct checking {
    struct ctx *ctx;
    const struct rule_set *rule_set;
    const struct rows *pipelines;
    enum err err; /* the first; only ERR_VALIDATION goes on */
};

static void wrong(struct checking *checking, const char *list, size_t index, const char *member,
                  const char *code, const char *detail)
{
    const char *place = arena_printf(checking->ctx->arena, "%s/%zu/%s", list, index, member);
    enum err err = fail_member(checking->ctx, place ? place : list, code, "%s", detail);
    checking->err = checking->err ? checking->err : err;
}

/* What was named elsewhere already. */
static void note(struct checking *checking, enum err err)
{
    if (err && (!checking->err || err != ERR_VALIDATION))
        checking->err = err;
}

/* ---- Groups ---- */

static bool group_is_taken(const struct rule_set *rule_set, const char *key, size_t before)
{
    const struct score_group *groups = rule_set->groups.items;
    for (size_t i = 0; i < before; i++)
        if (strcmp(groups[i].key, key) == 0)
            return true;
    return false;
}

static void check_groups(struct checking *checking)
{
    static const char list[] = "groups";
    const struct score_group *groups = checking->rule_set->groups.items;
    for (size_t i = 0; i < checking->rule_set->groups.count; i++) {
        if (!word_valid(groups[i].key))
            wrong(checking, list, i, "key", "invalid",
                  "lower-case letters, digits and _, a letter first");
        if (group_is_taken(checking->rule_set, groups[i].key, i))
            wrong(checking, list, i, "key", "duplicate", "another group has this key");
        if (groups[i].min_milli > groups[i].max_milli)
            wrong(checking, list, i, "min_milli", "out_of_range", "at most max_milli");
    }
}

/* ---- Rules ---- */

static void check_decay(struct checking *checking, size_t index, const struct rule *rule)
{
    static const char list[] = "rules";
    bool linear = rule->decay == DECAY_LINEAR, none = rule->decay == DECAY_NONE;
    bool has_days = rule->decay_days != NO_INT, has_percent = rule->decay_percent != NO_INT;
    if (!none && !rule->each)
        wrong(checking, list, index, "decay", "not_allowed",
              "only matches of each have an age: this rule has none");
    if (none && has_days)
        wrong(checking, list, index, "decay_days", "not_allowed", "goes with a decay");
    if (!none && !has_days)
        wrong(checking, list, index, "decay_days", "required",
              "the days of the window, of a period, or of a half-life");
    if (linear && !has_percent)
        wrong(checking, list, index, "decay_percent", "required", "what is lost in each period");
    if (!linear && has_percent)
        wrong(checking, list, index, "decay_percent", "not_allowed", "goes with a linear decay");
    if (rule->decay == DECAY_HALF_LIFE && has_days && rule->decay_days > HALF_LIFE_DAYS_MAX)
        wrong(checking, list, index, "decay_days", "out_of_range", "a half-life of 1 to 365 days");
    if (linear && has_days && has_percent &&
        rule->decay_days * ((99 + rule->decay_percent) / rule->decay_percent) > DECAY_AGES_MAX)
        wrong(checking, list, index, "decay_percent", "out_of_range",
              "the last point must be gone within 8192 days");
}

static bool key_is_taken(const struct rule_set *rule_set, const char *key, size_t before)
{
    const struct rule *rules = rule_set->rules.items;
    for (size_t i = 0; i < before; i++)
        if (strcmp(rules[i].key, key) == 0)
            return true;
    return false;
}

static void check_rule(struct checking *checking, size_t index, const struct rule *rule)
{
    static const char list[] = "rules";
    const struct rule_set *rule_set = checking->rule_set;
    if (!word_valid(rule->key))
        wrong(checking, list, index, "key", "invalid",
              "lower-case letters, digits and _, a letter first");
    if (key_is_taken(rule_set, rule->key, index))
        wrong(checking, list, index, "key", "duplicate", "another rule has this key");
    if (rule->cap_milli != NO_INT && rule->cap_times != NO_INT)
        wrong(checking, list, index, "cap_times", "not_allowed",
              "a rule is capped by points or by times, not by both");
    if (rule->cap_times != NO_INT && !rule->each)
        wrong(checking, list, index, "cap_times", "not_allowed",
              "goes with each: without it there is one match");
    check_decay(checking, index, rule);
}

/* ---- Criteria ---- */

static void check_criterion(struct checking *checking, size_t index,
                            const struct criterion *criterion)
{
    static const char list[] = "criteria";
    const struct rule_set *rule_set = checking->rule_set;
    const struct criterion *all = rule_set->criteria.items;
    for (size_t i = 0; i < index; i++)
        if (all[i].kind == criterion->kind)
            wrong(checking, list, index, "kind", "duplicate", "another criterion has this kind");
    if (!kind_can_be_entered(checking->pipelines, criterion->kind))
        wrong(checking, list, index, "kind", "unknown",
              "no pipeline in use has a stage of this kind in use behind its first");
    if (criterion->score_min * 1000 > rule_set->max_milli ||
        criterion->score_min * 1000 < rule_set->min_milli)
        wrong(checking, list, index, "score_min", "out_of_range",
              "a score between min_milli and max_milli of the rule set");
    if (criterion->exit_below != NO_INT && criterion->exit_below >= criterion->score_min)
        wrong(checking, list, index, "exit_below", "out_of_range",
              "below score_min: a score near the line must not flap");
    if (criterion->dwell_hours != NO_INT && criterion->exit_below == NO_INT)
        wrong(checking, list, index, "dwell_hours", "not_allowed", "goes with exit_below");
}

/* ---- Conditions, once they are read ---- */

static void check_fields(struct checking *checking, const struct condition *condition)
{
    for (size_t i = 0; i < condition->count; i++)
        check_fields(checking, &condition->items[i]);
    const struct custom_field *custom =
        condition->kind == CONDITION_FIELD ? condition->attribute.custom : NULL;
    if (!custom || custom->archived_at == NO_INT)
        return;
    const char *place = arena_printf(checking->ctx->arena, "%s/field", condition->place);
    note(checking, fail_member(checking->ctx, place ? place : condition->place, "archived",
                               "the custom field is archived: take it into use again first"));
}

static void check_conditions(struct checking *checking, const struct scoring *scoring)
{
    for (size_t i = 0; i < checking->rule_set->rules.count; i++)
        if (scoring->ready[i].when)
            check_fields(checking, scoring->ready[i].when);
    for (size_t i = 0; i < checking->rule_set->criteria.count; i++)
        if (scoring->enters[i])
            check_fields(checking, scoring->enters[i]);
}

enum err rule_set_check(struct ctx *ctx, const struct catalog *catalog,
                        const struct rule_set *rule_set)
{
    struct checking checking = { .ctx = ctx,
                                 .rule_set = rule_set,
                                 .pipelines = &catalog->pipelines };
    const struct scoring *scoring = NULL;
    const struct rule *rules = rule_set->rules.items;
    const struct criterion *criteria = rule_set->criteria.items;
    if (rule_set->min_milli > rule_set->max_milli)
        note(&checking, fail_member(ctx, "min_milli", "out_of_range", "at most max_milli"));
    check_groups(&checking);
    for (size_t i = 0; i < rule_set->rules.count; i++)
        check_rule(&checking, i, &rules[i]);
    for (size_t i = 0; i < rule_set->criteria.count; i++)
        check_criterion(&checking, i, &criteria[i]);
    note(&checking, scoring_make(ctx, catalog, rule_set, &scoring)); /* what is in its JSON */
    if (scoring)
        check_conditions(&checking, scoring);
    return checking.err;
}
