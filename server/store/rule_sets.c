/* rule_sets.c: rule sets with their groups, rules and criteria, row by row. No rules of ours
 * here. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

static enum err put_row(struct ctx *ctx, struct db *db, int sql, const struct rule_set *rule_set)
{
    return db_exec(ctx, db, sql, param_id(&rule_set->id), param_int(rule_set->status),
                   param_int(rule_set->version), param_text(rule_set->name),
                   param_int(rule_set->min_milli), param_int(rule_set->max_milli),
                   param_int(rule_set->created_at), param_int(rule_set->updated_at),
                   param_int(rule_set->published_at), param_int(rule_set->retired_at),
                   param_id(&rule_set->copied_from));
}

static struct param param_bytes_or_null(const struct bytes *bytes)
{
    return bytes->length > 0 ? param_bytes(bytes->data, bytes->length) : param_int(NO_INT);
}

static enum err put_rule(struct ctx *ctx, struct db *db, const struct id *id,
                         const struct rule *rule)
{
    return db_exec(ctx, db, SQL_RULE_INSERT, param_id(id), param_int(rule->position),
                   param_text(rule->key), param_text(rule->name), param_text(rule->score_group),
                   param_int(rule->points_milli), param_text(rule->when), param_text(rule->each),
                   param_int(rule->cap_milli), param_int(rule->cap_times), param_int(rule->decay),
                   param_int(rule->decay_days), param_int(rule->decay_percent),
                   param_bytes_or_null(&rule->decayed));
}

static enum err put_parts(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
{
    struct param id = param_id(&rule_set->id);
    enum err err = OK;
    const struct score_group *groups = rule_set->groups.items;
    for (size_t i = 0; !err && i < rule_set->groups.count; i++)
        err = db_exec(ctx, db, SQL_SCORE_GROUP_INSERT, id, param_text(groups[i].key),
                      param_int(groups[i].min_milli), param_int(groups[i].max_milli));
    const struct rule *rules = rule_set->rules.items;
    for (size_t i = 0; !err && i < rule_set->rules.count; i++)
        err = put_rule(ctx, db, &rule_set->id, &rules[i]);
    const struct criterion *criteria = rule_set->criteria.items;
    for (size_t i = 0; !err && i < rule_set->criteria.count; i++)
        err = db_exec(ctx, db, SQL_CRITERION_INSERT, id, param_int(criteria[i].kind),
                      param_int(criteria[i].score_min), param_int(criteria[i].exit_below),
                      param_int(criteria[i].dwell_hours), param_text(criteria[i].when));
    return err;
}

static enum err remove_parts(struct ctx *ctx, struct db *db, const struct id *id)
{
    enum err err = db_exec(ctx, db, SQL_SCORE_GROUPS_DELETE, param_id(id));
    if (!err)
        err = db_exec(ctx, db, SQL_RULES_DELETE, param_id(id));
    return err ? err : db_exec(ctx, db, SQL_CRITERIA_DELETE, param_id(id));
}

enum err rule_set_insert(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
{
    enum err err = put_row(ctx, db, SQL_RULE_SET_INSERT, rule_set);
    return err ? err : put_parts(ctx, db, rule_set);
}

enum err rule_set_save(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
{
    return put_row(ctx, db, SQL_RULE_SET_SAVE, rule_set);
}

enum err rule_set_replace(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
{
    enum err err = put_row(ctx, db, SQL_RULE_SET_SAVE, rule_set);
    if (!err)
        err = remove_parts(ctx, db, &rule_set->id);
    return err ? err : put_parts(ctx, db, rule_set);
}

enum err rule_set_delete(struct ctx *ctx, struct db *db, const struct id *id)
{
    enum err err = remove_parts(ctx, db, id);
    return err ? err : db_exec(ctx, db, SQL_RULE_SET_DELETE, param_id(id));
}

static enum err load_parts(struct ctx *ctx, struct db *db, struct rule_set *rule_set)
{
    struct param id = param_id(&rule_set->id);
    enum err err = db_rows(ctx, db, SQL_SCORE_GROUPS, &rule_set->groups, id);
    if (!err)
        err = db_rows(ctx, db, SQL_RULES, &rule_set->rules, id);
    return err ? err : db_rows(ctx, db, SQL_CRITERIA, &rule_set->criteria, id);
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

enum err rule_set_version_at(struct ctx *ctx, struct db *db, int64_t at, int64_t *ret)
{
    return db_int(ctx, db, SQL_RULE_SET_VERSION_AT, ret, param_int(at));
}

enum err rule_set_find(struct ctx *ctx, struct db *db, const struct id *id, struct rule_set *ret)
{
    enum err err = db_one(ctx, db, SQL_RULE_SET_BY_ID, ret, param_id(id));
    return err ? err : load_parts(ctx, db, ret);
}

static void query_filter(struct query *query, int head, const struct rule_set_filter *filter)
{
    query_part_params(query, head, NULL, 0);
    if (filter->status >= 0)
        query_part(query, SQL_RULE_SET_LIST_STATUS, param_int(filter->status));
}

enum err rule_set_list(struct ctx *ctx, struct db *db, const struct rule_set_filter *filter,
                       struct rows *ret)
{
    struct query query = { .arena = ctx->arena };
    query_filter(&query, SQL_RULE_SET_LIST, filter);
    query_by_id(&query, &filter->range);
    enum err err = query_rows(ctx, db, &query, ret);
    struct rule_set *all = err ? NULL : ret->items;
    for (size_t i = 0; !err && i < ret->count; i++)
        err = load_parts(ctx, db, &all[i]);
    return err;
}

enum err rule_set_count(struct ctx *ctx, struct db *db, const struct rule_set_filter *filter,
                        int64_t *ret)
{
    struct query query = { .arena = ctx->arena };
    query_filter(&query, SQL_RULE_SET_LIST_COUNT, filter);
    return query_int(ctx, db, &query, ret);
}
