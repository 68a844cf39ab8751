/* scoring.c: rule sets, row by row. No rules of ours here. */
#include "sql.h"

#include <funneld/store.h>

static struct param param_bytes_or_null(const struct bytes *bytes)
{
    return bytes->length > 0 ? param_bytes(bytes->data, bytes->length) : param_int(NO_INT);
}

enum err rule_set_insert(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
{
    struct param version = param_int(rule_set->version);
    enum err err = db_exec(ctx, db, SQL_RULE_SET_INSERT, param_id(&rule_set->id), version,
                           param_text(rule_set->name), param_int(rule_set->min_milli),
                           param_int(rule_set->max_milli), param_int(rule_set->published_at),
                           param_id(&rule_set->copied_from));
    const struct score_group *groups = rule_set->groups.items;
    for (size_t i = 0; !err && i < rule_set->groups.count; i++)
        err = db_exec(ctx, db, SQL_SCORE_GROUP_INSERT, version, param_text(groups[i].key),
                      param_int(groups[i].min_milli), param_int(groups[i].max_milli));
    const struct rule *rules = rule_set->rules.items;
    for (size_t i = 0; !err && i < rule_set->rules.count; i++)
        err = db_exec(ctx, db, SQL_RULE_INSERT, version, param_int(rules[i].position),
                      param_text(rules[i].key), param_text(rules[i].name),
                      param_text(rules[i].score_group), param_int(rules[i].points_milli),
                      param_text(rules[i].when), param_text(rules[i].each),
                      param_int(rules[i].cap_milli), param_int(rules[i].cap_times),
                      param_int(rules[i].decay), param_int(rules[i].decay_days),
                      param_int(rules[i].decay_percent), param_bytes_or_null(&rules[i].decayed));
    const struct criterion *criteria = rule_set->criteria.items;
    for (size_t i = 0; !err && i < rule_set->criteria.count; i++)
        err = db_exec(ctx, db, SQL_CRITERION_INSERT, version, param_int(criteria[i].kind),
                      param_int(criteria[i].score_min), param_int(criteria[i].exit_below),
                      param_int(criteria[i].dwell_hours), param_text(criteria[i].when));
    return err;
}

static enum err load_parts(struct ctx *ctx, struct db *db, struct rule_set *rule_set)
{
    struct param version = param_int(rule_set->version);
    enum err err = db_rows(ctx, db, SQL_SCORE_GROUPS, &rule_set->groups, version);
    if (!err)
        err = db_rows(ctx, db, SQL_RULES, &rule_set->rules, version);
    if (!err)
        err = db_rows(ctx, db, SQL_CRITERIA, &rule_set->criteria, version);
    return err;
}

enum err rule_set_latest(struct ctx *ctx, struct db *db, struct rule_set *ret)
{
    enum err err = db_one_params(ctx, db, SQL_RULE_SET_LATEST, ret, NULL, 0);
    return err ? err : load_parts(ctx, db, ret);
}

enum err rule_set_load(struct ctx *ctx, struct db *db, int64_t version, struct rule_set *ret)
{
    enum err err = db_one(ctx, db, SQL_RULE_SET_BY_VERSION, ret, param_int(version));
    return err ? err : load_parts(ctx, db, ret);
}

enum err rule_set_find(struct ctx *ctx, struct db *db, const struct id *id, struct rule_set *ret)
{
    enum err err = db_one(ctx, db, SQL_RULE_SET_BY_ID, ret, param_id(id));
    return err ? err : load_parts(ctx, db, ret);
}

enum err rule_set_list(struct ctx *ctx, struct db *db, struct rows *ret)
{
    enum err err = db_rows_params(ctx, db, SQL_RULE_SET_LIST, ret, NULL, 0);
    struct rule_set *all = err ? NULL : ret->items;
    for (size_t i = 0; !err && i < ret->count; i++)
        err = load_parts(ctx, db, &all[i]);
    return err;
}
