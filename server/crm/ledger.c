/* ledger.c: a score told line by line, and the activities behind a line. Counts nothing itself:
 * what a rule comes to, scoring.c says. */
#include "history.h"
#include "past.h"

#include <funneld/reports.h>

#include <stdlib.h>
#include <string.h>

const char *const ledger_kind_names[] = { "rule",        "rule_cap", "group_clamp",
                                          "total_clamp", "rounding", NULL };

/* ---- Which rules ---- */

/* One that is not in force: it lives as long as this request. */
static enum err make_scoring(struct ctx *ctx, struct db *db, const struct id *id,
                             const struct scoring **ret)
{
    const struct catalog *catalog;
    struct rule_set *rule_set = ctx_alloc(ctx, sizeof *rule_set);
    if (!rule_set)
        return ERR_MEMORY;
    enum err err = rule_set_find(ctx, db, id, rule_set);
    if (err == ERR_NOT_FOUND)
        return fail_member(ctx, "rule_set", "unknown", "no rule set has this id");
    if (!err)
        err = catalog_get(ctx, db, &catalog);
    return err ? err : scoring_make(ctx, catalog, rule_set, ret);
}

static enum err find_version(struct ctx *ctx, struct db *db, int64_t version,
                             const struct scoring **ret)
{
    enum err err = catalog_scoring(ctx, db, version, ret);
    return err == ERR_NOT_FOUND
               ? fail_member(ctx, "rule_set", "unknown", "no rule set has this version")
               : err;
}

/* An id, of a draft too, or a version. */
static enum err find_named(struct ctx *ctx, struct db *db, const char *text,
                           const struct scoring **ret)
{
    struct id id;
    char *end;
    if (id_parse(text, &id))
        return make_scoring(ctx, db, &id, ret);
    long long version = strtoll(text, &end, 10);
    if (*end != '\0' || version < 1)
        return fail_member(ctx, "rule_set", "invalid", "the id or the version of a rule set");
    return find_version(ctx, db, version, ret);
}

/* Now: those that the lead is under; at another time: those that were in force. */
static enum err find_rules(struct ctx *ctx, struct db *db, const struct lead *lead,
                           const struct score_query *query, const struct scoring **ret)
{
    int64_t version = lead->rule_set_version;
    if (query->rule_set)
        return find_named(ctx, db, query->rule_set, ret);
    enum err err = query->at == NO_INT ? OK : rule_set_version_at(ctx, db, query->at, &version);
    return err ? err : catalog_scoring(ctx, db, version, ret);
}

struct told {
    struct lead lead;
    const struct scoring *scoring;
    int64_t at;
};

static enum err begin(struct ctx *ctx, struct db *db, const struct id *lead_id,
                      const struct score_query *query, struct told *ret)
{
    enum err err = lead_load(ctx, db, lead_id, &ret->lead);
    ret->at = query->at == NO_INT ? ctx->now_ms : query->at;
    if (!err && ret->at < ret->lead.created_at)
        return fail_member(ctx, "at", "out_of_range", "not before the lead was created");
    return err ? err : find_rules(ctx, db, &ret->lead, query, &ret->scoring);
}

/* ---- The ledger ---- */

static void add_line(struct ledger *ledger, const struct ledger_line *line)
{
    ((struct ledger_line *)ledger->lines.items)[ledger->lines.count++] = *line;
}

/* What a cap, a clamp or the rounding takes or gives, if anything. */
static void add_difference(struct ledger *ledger, enum ledger_kind kind, const char *rule,
                           const char *group, int64_t points_milli)
{
    if (points_milli != 0)
        add_line(ledger, &(struct ledger_line){ .kind = kind,
                                                .rule = rule,
                                                .score_group = group,
                                                .matches = NO_INT,
                                                .points_milli = points_milli,
                                                .match_milli = NO_INT,
                                                .cap_milli = NO_INT,
                                                .cap_times = NO_INT,
                                                .decay = -1,
                                                .decay_days = NO_INT,
                                                .decay_percent = NO_INT });
}

static void add_group(struct ledger *ledger, const struct rule_set *rule_set, size_t index,
                      const struct score_detail *detail)
{
    const struct score_group *group = (const struct score_group *)rule_set->groups.items + index;
    const struct rule *rules = rule_set->rules.items;
    for (size_t i = 0; i < rule_set->rules.count; i++) {
        const struct rule_detail *sums = &detail->rules[i];
        if (strcmp(rules[i].score_group, group->key) != 0 || sums->matches == 0)
            continue;
        add_line(ledger, &(struct ledger_line){ .kind = LEDGER_RULE,
                                                .rule = rules[i].key,
                                                .name = rules[i].name,
                                                .score_group = group->key,
                                                .matches = sums->matches,
                                                .points_milli = sums->sum_milli,
                                                .match_milli = rules[i].points_milli,
                                                .cap_milli = rules[i].cap_milli,
                                                .cap_times = rules[i].cap_times,
                                                .decay = (int)rules[i].decay,
                                                .decay_days = rules[i].decay_days,
                                                .decay_percent = rules[i].decay_percent });
        add_difference(ledger, LEDGER_RULE_CAP, rules[i].key, group->key,
                       sums->kept_milli - sums->sum_milli);
    }
    const struct group_detail *sums = &detail->groups[index];
    add_difference(ledger, LEDGER_GROUP_CLAMP, NULL, group->key,
                   sums->kept_milli - sums->sum_milli);
}

enum err score_ledger(struct ctx *ctx, struct db *db, const struct id *lead_id,
                      const struct score_query *query, struct ledger *ret)
{
    struct told told;
    struct score_detail detail;
    enum err err = begin(ctx, db, lead_id, query, &told);
    if (!err)
        err = score_of(ctx, db, &told.lead, told.at, told.scoring, &detail);
    if (err)
        return err;
    const struct rule_set *rule_set = told.scoring->rules;
    size_t room = 2 * rule_set->rules.count + rule_set->groups.count + 2;
    *ret = (struct ledger){ .score = detail.score,
                            .at = told.at,
                            .rule_set = rule_set->id,
                            .rule_set_version = rule_set->version,
                            .lines = { ctx_alloc(ctx, room * sizeof(struct ledger_line)), 0 } };
    if (!ret->lines.items)
        return ERR_MEMORY;
    for (size_t i = 0; i < rule_set->groups.count; i++)
        add_group(ret, rule_set, i, &detail);
    add_difference(ret, LEDGER_TOTAL_CLAMP, NULL, NULL, detail.total_milli - detail.sum_milli);
    add_difference(ret, LEDGER_ROUNDING, NULL, NULL, detail.score * 1000 - detail.total_milli);
    return OK;
}

/* ---- The evidence ---- */

static enum err find_rule(struct ctx *ctx, const struct scoring *scoring, const char *key,
                          size_t *ret)
{
    const struct rule *rules = scoring->rules->rules.items;
    for (*ret = 0; *ret < scoring->rules->rules.count; ++*ret)
        if (strcmp(rules[*ret].key, key) == 0)
            return OK;
    return fail_member(ctx, "rule", "unknown", "the rule set has no rule of this key");
}

static int64_t points_milli(const struct ready_rule *rule, int64_t age_days)
{
    if (!rule->decayed)
        return rule->points_milli;
    return age_days < rule->ages ? rule->decayed[age_days] : 0;
}

/* The latest count first: they are worth the most. A cap by points leaves of the one that reaches
 * it a part, and nothing of those behind. */
static void weigh(const struct ready_rule *rule, struct evidence *all, size_t count)
{
    int64_t left_milli = rule->cap_milli, left_times = rule->cap_times;
    for (size_t i = count; i-- > 0;) {
        int64_t points = all[i].points_milli, size = points < 0 ? -points : points;
        int64_t kept = left_times > 0 ? size : 0;
        kept = kept < left_milli ? kept : left_milli;
        left_milli -= kept;
        left_times--;
        all[i].kept_milli = points < 0 ? -kept : kept;
    }
}

static enum err list_matches(struct ctx *ctx, struct db *db, const struct told *told,
                             const struct ready_rule *rule, struct rows *ret)
{
    const struct selector *selector = &told->scoring->selectors.items[rule->selector];
    struct activity_filter filter = { .lead_id = told->lead.id,
                                      .type = selector->activity,
                                      .engagement = -1,
                                      .occurred_gte = NO_INT,
                                      .occurred_lt = told->at + 1,
                                      .after_at = NO_INT,
                                      .limit = INT64_MAX };
    struct rows rows;
    enum err err = activity_list(ctx, db, &filter, &rows);
    const struct activity *activities = err ? NULL : rows.items;
    struct evidence *all = err ? NULL : ctx_alloc(ctx, (rows.count + 1) * sizeof *all);
    if (!all)
        return err ? err : ERR_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++) {
        if (!selector_selects(selector, &activities[i]))
            continue;
        int64_t age_days = (told->at - activities[i].occurred_at) / MS_PER_DAY;
        all[count++] = (struct evidence){ .id = activities[i].id,
                                          .type = activities[i].type,
                                          .occurred_at = activities[i].occurred_at,
                                          .age_days = age_days,
                                          .points_milli = points_milli(rule, age_days) };
    }
    weigh(rule, all, count);
    *ret = (struct rows){ all, count };
    return OK;
}

enum err score_evidence(struct ctx *ctx, struct db *db, const struct id *lead_id,
                        const struct score_query *query, const char *rule, struct rows *ret)
{
    struct told told;
    struct score_detail detail;
    size_t index;
    *ret = (struct rows){ 0 };
    enum err err = begin(ctx, db, lead_id, query, &told);
    if (!err)
        err = find_rule(ctx, told.scoring, rule, &index);
    if (!err)
        err = score_of(ctx, db, &told.lead, told.at, told.scoring, &detail);
    if (err || !detail.rules[index].holds || told.scoring->ready[index].selector == NO_SELECTOR)
        return err;
    return list_matches(ctx, db, &told, &told.scoring->ready[index], ret);
}
