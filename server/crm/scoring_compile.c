/* scoring_compile.c: makes a rule set ready to judge leads: reads the JSON of its rules once. */
#include "scoring.h"

#include <stdio.h>
#include <string.h>

/* The text of that member of a flat object; NULL: it has none. */
static enum err member_text(struct ctx *ctx, const char *json, const char *name, const char **ret)
{
    char start[32];
    snprintf(start, sizeof start, "\"%s\":\"", name);
    const char *at = json ? strstr(json, start) : NULL;
    *ret = NULL;
    if (!at)
        return OK;
    char *text = ctx_alloc(ctx, strlen(at) + 1), *to = text;
    if (!text)
        return ERR_MEMORY;
    for (at += strlen(start); *at && *at != '"'; at++)
        *to++ = *at == '\\' && at[1] ? *++at : *at;
    *ret = text;
    return OK;
}

enum err scoring_make(struct ctx *ctx, const struct catalog *catalog, const struct rule_set *rules,
                      const struct scoring **ret)
{
    (void)catalog;
    struct scoring *scoring = ctx_alloc(ctx, sizeof *scoring);
    if (!scoring)
        return ERR_MEMORY;
    *scoring = (struct scoring){ .rules = rules };
    const struct rule *rule = rules->rules.items;
    enum err err = OK;
    for (size_t i = 0; i < rules->rules.count && !err; i++) {
        struct ready_rule *ready = &scoring->ready[i];
        err = member_text(ctx, rule[i].each, "activity", &ready->activity);
        if (!err)
            err = member_text(ctx, rule[i].when, "field", &ready->field);
        if (!err)
            err = member_text(ctx, rule[i].when, "op", &ready->op);
        if (!err)
            err = member_text(ctx, rule[i].when, "value", &ready->value);
    }
    *ret = scoring;
    return err;
}
