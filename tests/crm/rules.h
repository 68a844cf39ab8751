/* rules.h: rules told a second time, for the model: plain structs, from which JSON is written for
 * the store and which the model reads by itself. */
#ifndef FUNNELD_TESTS_CRM_RULES_H
#define FUNNELD_TESTS_CRM_RULES_H

#include "random.h"

#include <funneld/crm.h>

struct model_leaf {
    const char *activity; /* NULL: of an attribute */
    const char *url;      /* activities whose url starts so; NULL: any */
    int64_t at_least, at_most, within_days;
    char field[32], op[16], value[32];
};

enum when_form { WHEN_ALWAYS, WHEN_ALL, WHEN_ANY, WHEN_NONE };

struct model_when {
    enum when_form form;
    int count;
    struct model_leaf leaves[3];
};

struct model_rule {
    int group;
    int64_t points_milli, cap_milli, cap_times; /* NO_INT: none */
    enum decay decay;
    int64_t days, percent;
    struct model_when when;
    char each[32]; /* empty: one match */
    const char *each_url;
};

struct model_criterion {
    enum stage_kind kind;
    int64_t score_min, exit_below, dwell_hours; /* NO_INT: none */
    struct model_when when;
};

struct model_rules {
    int64_t published_at, min_milli, max_milli;
    int group_count, rule_count, criterion_count;
    struct score_group groups[4];
    struct model_rule rules[RULES_MAX];
    struct model_criterion criteria[4];
};

/* The rules of a seed. */
void rules_random(struct random *random, int64_t published_at, struct model_rules *ret);
/* Simple ones, as the installation has them. */
void rules_from_store(const struct rule_set *rule_set, struct model_rules *ret);
/* In ctx's arena, for the store. */
struct rule_set rules_for_store(struct ctx *ctx, const struct model_rules *rules);

#endif
