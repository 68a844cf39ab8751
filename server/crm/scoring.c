/* scoring.c: what a lead scores under a rule set. Pure arithmetic in whole thousandths of a
 * point on a tally, the number of matches of each rule; it does not know where facts come from
 * or what follows from a score. */
#include "scoring.h"
#include "history.h"

#include <string.h>
#include <strings.h>

/* A tally is kept as one varint per rule, rule 0 first. */
void tally_decode(const struct bytes *bytes, struct tally *ret)
{
    *ret = (struct tally){ 0 };
    size_t at = 0;
    for (size_t rule = 0; rule < RULES_MAX && at < bytes->length; rule++) {
        unsigned shift = 0;
        uint8_t byte;
        do {
            byte = bytes->data[at++];
            ret->matches[rule] |= (uint32_t)(byte & 0x7f) << shift;
            shift += 7;
        } while ((byte & 0x80) && shift < 32 && at < bytes->length);
    }
}

enum err tally_encode(struct ctx *ctx, const struct rule_set *rule_set, const struct tally *tally,
                      struct bytes *ret)
{
    uint8_t *data = ctx_alloc(ctx, rule_set->rules.count * 5 + 1);
    if (!data)
        return ERR_MEMORY;
    size_t at = 0;
    for (size_t rule = 0; rule < rule_set->rules.count; rule++) {
        uint32_t rest = tally->matches[rule];
        for (; rest >= 0x80; rest >>= 7)
            data[at++] = (uint8_t)(rest | 0x80);
        data[at++] = (uint8_t)rest;
    }
    *ret = (struct bytes){ data, at };
    return OK;
}

const char **lead_text(struct lead *lead, const char *name)
{
    int index = table_find(&lead_table, name);
    if (index < 0 || lead_table.fields[index].kind != FIELD_TEXT)
        return NULL;
    return (const char **)((char *)lead + lead_table.fields[index].offset);
}

static bool attribute_matches(const struct ready_rule *rule, const struct lead *lead)
{
    if (!rule->field)
        return true;
    const char **text = lead_text((struct lead *)lead, rule->field); /* only read here */
    const char *value = text ? *text : NULL;
    if (!value || !*value)
        return false;
    if (strcmp(rule->op, "eq") == 0)
        return rule->value && strcasecmp(value, rule->value) == 0;
    if (strcmp(rule->op, "contains") == 0)
        return rule->value && strcasestr(value, rule->value) != NULL;
    return strcmp(rule->op, "present") == 0;
}

void tally_attributes(const struct scoring *scoring, const struct lead *lead, struct tally *tally)
{
    for (size_t i = 0; i < scoring->rules->rules.count; i++)
        if (!scoring->ready[i].activity)
            tally->matches[i] = attribute_matches(&scoring->ready[i], lead);
}

void tally_activity(const struct scoring *scoring, const struct activity *activity,
                    struct tally *tally)
{
    for (size_t i = 0; i < scoring->rules->rules.count; i++)
        if (scoring->ready[i].activity && strcmp(scoring->ready[i].activity, activity->type) == 0 &&
            tally->matches[i] < UINT32_MAX)
            tally->matches[i]++;
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* A rule's cap bounds its sum on the side it points to. */
static int64_t rule_sum_milli(const struct rule *rule, uint32_t matches)
{
    int64_t sum = (int64_t)matches * rule->points_milli;
    if (rule->cap_milli == NO_INT)
        return sum;
    return rule->points_milli < 0 ? clamp(sum, -rule->cap_milli, 0)
                                  : clamp(sum, 0, rule->cap_milli);
}

static int64_t group_sum_milli(const struct rule_set *rule_set, const struct score_group *group,
                               const struct tally *tally)
{
    const struct rule *rules = rule_set->rules.items;
    int64_t sum = 0;
    for (size_t i = 0; i < rule_set->rules.count; i++)
        if (strcmp(rules[i].score_group, group->key) == 0)
            sum += rule_sum_milli(&rules[i], tally->matches[i]);
    return clamp(sum, group->min_milli, group->max_milli);
}

/* floor(clamp(sum over groups of clamp(sum over rules of cap(matches x points)))) */
int64_t tally_score(const struct rule_set *rule_set, const struct tally *tally)
{
    const struct score_group *groups = rule_set->groups.items;
    int64_t total = 0;
    for (size_t i = 0; i < rule_set->groups.count; i++)
        total += group_sum_milli(rule_set, &groups[i], tally);
    total = clamp(total, rule_set->min_milli, rule_set->max_milli);
    return total >= 0 ? total / 1000 : -((-total + 999) / 1000);
}

static bool criterion_met(const struct rule_set *rule_set, const struct stage *stage, int64_t score)
{
    const struct criterion *criteria = rule_set->criteria.items;
    for (size_t i = 0; i < rule_set->criteria.count; i++)
        if (criteria[i].kind == stage->kind && score >= criteria[i].score_min)
            return true;
    return false;
}

const struct stage *stage_earned(const struct rule_set *rule_set, const struct pipeline *pipeline,
                                 const struct stage *stage, int64_t score)
{
    const struct stage *stages = pipeline->stages.items, *earned = NULL;
    for (size_t i = 0; i < pipeline->stages.count; i++)
        if (stages[i].position > stage->position && criterion_met(rule_set, &stages[i], score))
            earned = &stages[i];
    return earned;
}

bool scoring_reads(const struct scoring *scoring, const char *field)
{
    for (size_t i = 0; i < scoring->rules->rules.count; i++)
        if (scoring->ready[i].field && strcmp(scoring->ready[i].field, field) == 0)
            return true;
    return false;
}
