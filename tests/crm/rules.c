/* rules.c: random rule sets, and their JSON. */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Chance ---- */

static const char *const types[] = { "page_view", "email_clicked", "demo_requested",
                                     "webinar_attended", "email_bounced" };

static const char *some_type(struct random *random)
{
    return types[random_below(random, ARRAY_SIZE(types))];
}

static const char *some_url(struct random *random)
{
    return random_one_in(random, 3) ? "/pricing" : NULL;
}

static void some_leaf(struct random *random, struct model_leaf *ret)
{
    static const char *const fields[][3] = {
        { "city", "eq", "berlin" },          { "city", "ne", "bonn" },
        { "job_title", "contains", "head" }, { "source", "in", "partner" },
        { "email", "present", "" },          { "company", "absent", "" },
        { "first_name", "starts", "a" },
    };
    *ret = (struct model_leaf){ .at_least = 1, .at_most = NO_INT, .within_days = NO_INT };
    if (random_one_in(random, 2)) {
        const char *const *field = fields[random_below(random, ARRAY_SIZE(fields))];
        snprintf(ret->field, sizeof ret->field, "%s", field[0]);
        snprintf(ret->op, sizeof ret->op, "%s", field[1]);
        snprintf(ret->value, sizeof ret->value, "%s", field[2]);
        return;
    }
    ret->activity = some_type(random);
    ret->url = some_url(random);
    if (random_one_in(random, 2))
        ret->within_days = 1 + random_below(random, 9);
    switch (random_below(random, 4)) {
    case 0: ret->at_least = 1 + random_below(random, 3); break;
    case 1:
        ret->at_least = 0;
        ret->at_most = 1 + random_below(random, 3);
        break;
    case 2: ret->at_least = ret->at_most = random_below(random, 3); break;
    default: break;
    }
}

static void some_when(struct random *random, int64_t always_in, struct model_when *ret)
{
    *ret = (struct model_when){ .form = WHEN_ALWAYS };
    if (!random_one_in(random, always_in))
        return;
    ret->form = (enum when_form)(1 + random_below(random, 3));
    ret->count = 1 + (int)random_below(random, 3);
    for (int i = 0; i < ret->count; i++)
        some_leaf(random, &ret->leaves[i]);
}

static void some_decay(struct random *random, struct model_rule *rule)
{
    rule->decay = (enum decay)random_below(random, 4);
    rule->days = rule->percent = NO_INT;
    switch (rule->decay) {
    case DECAY_NONE: break;
    case DECAY_WINDOW: rule->days = 1 + random_below(random, 12); break;
    case DECAY_LINEAR:
        rule->days = 1 + random_below(random, 3);
        rule->percent = 7 + random_below(random, 94);
        break;
    case DECAY_HALF_LIFE: rule->days = 1 + random_below(random, 3); break;
    }
}

static void some_rule(struct random *random, const struct model_rules *rules,
                      struct model_rule *ret)
{
    *ret = (struct model_rule){ .group = (int)random_below(random, rules->group_count),
                                .cap_milli = NO_INT,
                                .cap_times = NO_INT,
                                .decay = DECAY_NONE,
                                .days = NO_INT,
                                .percent = NO_INT };
    ret->points_milli = 1 + random_below(random, random_one_in(random, 3) ? 2000 : 30000);
    if (random_one_in(random, 4))
        ret->points_milli = -ret->points_milli;
    some_when(random, 2, &ret->when);
    if (random_one_in(random, 3))
        ret->cap_milli = random_below(random, 60000);
    if (random_one_in(random, 4))
        return; /* one match */
    snprintf(ret->each, sizeof ret->each, "%s", some_type(random));
    ret->each_url = some_url(random);
    if (random_one_in(random, 3))
        ret->cap_times = 1 + random_below(random, 4);
    some_decay(random, ret);
}

static void some_criterion(struct random *random, enum stage_kind kind, struct model_criterion *ret)
{
    static const int64_t dwells[] = { 0, 1, 24, 72, 240 };
    *ret = (struct model_criterion){ .kind = kind,
                                     .score_min = 1 + random_below(random, 30),
                                     .exit_below = NO_INT,
                                     .dwell_hours = NO_INT };
    some_when(random, 3, &ret->when);
    if (random_one_in(random, 4))
        return;
    ret->exit_below = ret->score_min - (random_one_in(random, 2) ? 0 : random_below(random, 12));
    if (!random_one_in(random, 4))
        ret->dwell_hours = dwells[random_below(random, ARRAY_SIZE(dwells))];
}

void rules_random(struct random *random, int64_t published_at, struct model_rules *ret)
{
    static const char *const keys[] = { "engagement", "fit", "habit" };
    static const enum stage_kind kinds[] = { STAGE_MQL, STAGE_SQL, STAGE_DEMO };
    *ret = (struct model_rules){ .published_at = published_at, .group_count = 3 };
    ret->min_milli = -random_below(random, 20000);
    ret->max_milli = 30000 + random_below(random, 70000);
    for (int i = 0; i < ret->group_count; i++)
        ret->groups[i] = (struct score_group){ keys[i], -random_below(random, 40000),
                                               random_below(random, 70000) };
    ret->rule_count = 2 + (int)random_below(random, 7);
    for (int i = 0; i < ret->rule_count; i++)
        some_rule(random, ret, &ret->rules[i]);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (i == 0 || random_one_in(random, 2))
            some_criterion(random, kinds[i], &ret->criteria[ret->criterion_count++]);
}

/* ---- From the store ---- */

static void read_when(const char *json, struct model_when *ret)
{
    struct model_leaf *leaf = &ret->leaves[0];
    if (!json)
        return;
    *ret = (struct model_when){ .form = WHEN_ALL, .count = 1 };
    if (sscanf(json, "{\"field\":\"%31[^\"]\",\"op\":\"%15[^\"]\",\"value\":\"%31[^\"]",
               leaf->field, leaf->op, leaf->value) < 2)
        abort(); /* a rule that the model cannot read */
}

void rules_from_store(const struct rule_set *rule_set, struct model_rules *ret)
{
    *ret = (struct model_rules){ .published_at = rule_set->published_at,
                                 .min_milli = rule_set->min_milli,
                                 .max_milli = rule_set->max_milli,
                                 .group_count = (int)rule_set->groups.count,
                                 .rule_count = (int)rule_set->rules.count,
                                 .criterion_count = (int)rule_set->criteria.count };
    const struct rule *rules = rule_set->rules.items;
    const struct criterion *criteria = rule_set->criteria.items;
    memcpy(ret->groups, rule_set->groups.items, rule_set->groups.count * sizeof *ret->groups);
    for (int i = 0; i < ret->rule_count; i++) {
        struct model_rule *rule = &ret->rules[i];
        *rule = (struct model_rule){ .points_milli = rules[i].points_milli,
                                     .cap_milli = rules[i].cap_milli,
                                     .cap_times = NO_INT };
        while (strcmp(ret->groups[rule->group].key, rules[i].score_group) != 0)
            rule->group++;
        read_when(rules[i].when, &rule->when);
        if (rules[i].each && sscanf(rules[i].each, "{\"activity\":\"%31[^\"]", rule->each) != 1)
            abort();
    }
    for (int i = 0; i < ret->criterion_count; i++)
        ret->criteria[i] = (struct model_criterion){
            criteria[i].kind, criteria[i].score_min, NO_INT, NO_INT, { 0 }
        };
}

/* ---- JSON ---- */

static void print_selector(FILE *out, const char *type, const char *url)
{
    fprintf(out, "\"activity\":\"%s\"", type);
    if (url)
        fprintf(out, ",\"where\":[{\"property\":\"url\",\"op\":\"starts\",\"value\":\"%s\"}]", url);
}

static void print_leaf(FILE *out, const struct model_leaf *leaf)
{
    if (!leaf->activity) {
        fprintf(out, "{\"field\":\"%s\",\"op\":\"%s\"", leaf->field, leaf->op);
        if (strcmp(leaf->op, "in") == 0)
            fprintf(out, ",\"value\":[\"%s\",\"nowhere\"]", leaf->value);
        else if (*leaf->value)
            fprintf(out, ",\"value\":\"%s\"", leaf->value);
        fprintf(out, "}");
        return;
    }
    fprintf(out, "{");
    print_selector(out, leaf->activity, leaf->url);
    if (leaf->at_most == NO_INT)
        fprintf(out, ",\"count\":{\"gte\":%lld}", (long long)leaf->at_least);
    else if (leaf->at_least == leaf->at_most)
        fprintf(out, ",\"count\":{\"eq\":%lld}", (long long)leaf->at_least);
    else
        fprintf(out, ",\"count\":{\"lte\":%lld}", (long long)leaf->at_most);
    if (leaf->within_days != NO_INT)
        fprintf(out, ",\"within_days\":%lld", (long long)leaf->within_days);
    fprintf(out, "}");
}

static const char *when_json(struct ctx *ctx, const struct model_when *when)
{
    char text[2048];
    if (when->form == WHEN_ALWAYS)
        return NULL;
    FILE *out = fmemopen(text, sizeof text, "w");
    fprintf(out, when->form == WHEN_NONE  ? "{\"not\":{\"any\":["
                 : when->form == WHEN_ANY ? "{\"any\":["
                                          : "{\"all\":[");
    for (int i = 0; i < when->count; i++) {
        fprintf(out, i > 0 ? "," : "");
        print_leaf(out, &when->leaves[i]);
    }
    fprintf(out, when->form == WHEN_NONE ? "]}}" : "]}");
    fclose(out);
    return ctx_text(ctx, text);
}

static const char *each_json(struct ctx *ctx, const struct model_rule *rule)
{
    char text[512];
    if (!*rule->each)
        return NULL;
    FILE *out = fmemopen(text, sizeof text, "w");
    fprintf(out, "{");
    print_selector(out, rule->each, rule->each_url);
    fprintf(out, "}");
    fclose(out);
    return ctx_text(ctx, text);
}

struct rule_set rules_for_store(struct ctx *ctx, const struct model_rules *rules)
{
    struct rule *made = ctx_alloc(ctx, sizeof *made * RULES_MAX);
    struct criterion *criteria = ctx_alloc(ctx, sizeof *criteria * CRITERIA_MAX);
    for (int i = 0; i < rules->rule_count; i++) {
        const struct model_rule *rule = &rules->rules[i];
        made[i] = (struct rule){ .position = i,
                                 .key = arena_printf(ctx->arena, "rule_%d", i),
                                 .name = "Rule",
                                 .score_group = rules->groups[rule->group].key,
                                 .points_milli = rule->points_milli,
                                 .when = when_json(ctx, &rule->when),
                                 .each = each_json(ctx, rule),
                                 .cap_milli = rule->cap_milli,
                                 .cap_times = rule->cap_times,
                                 .decay = rule->decay,
                                 .decay_days = rule->days,
                                 .decay_percent = rule->percent };
        if (rule_decay(ctx, &made[i]))
            abort();
    }
    for (int i = 0; i < rules->criterion_count; i++) {
        const struct model_criterion *criterion = &rules->criteria[i];
        criteria[i] =
            (struct criterion){ criterion->kind, criterion->score_min, criterion->exit_below,
                                criterion->dwell_hours, when_json(ctx, &criterion->when) };
    }
    return (struct rule_set){ .id = id_new(ctx),
                              .version = 2,
                              .name = "Random",
                              .min_milli = rules->min_milli,
                              .max_milli = rules->max_milli,
                              .published_at = rules->published_at,
                              .groups = { (void *)rules->groups, (size_t)rules->group_count },
                              .rules = { made, (size_t)rules->rule_count },
                              .criteria = { criteria, (size_t)rules->criterion_count } };
}
