/* metrics.c: funnels and boards, read from the rollups. Counts nothing itself: what is counted,
 * contributions.c says. */
#include "history.h"

#include <string.h>

static enum err group_key(struct ctx *ctx, enum dimension dimension, const struct bytes *member,
                          const char **ret)
{
    *ret = NULL;
    if (member->length == 0)
        return OK;
    if (dimension == DIMENSION_SOURCE) {
        *ret = arena_text(ctx->arena, (const char *)member->data, member->length);
    } else {
        char text[ID_TEXT_SIZE];
        struct id id;
        memcpy(id.bytes, member->data, sizeof id.bytes);
        id_format(&id, text);
        *ret = ctx_text(ctx, text);
    }
    return *ret ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a group");
}

static int64_t within(const struct rollup_value *value, int64_t days)
{
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        if (horizon_days[i] == days)
            return value->within[i];
    return value->reached;
}

/* What a report is made in. */
struct making {
    const struct funnel_query *query; /* with defaults filled in */
    const struct pipeline *pipeline;
    const struct stage **stages; /* those that are counted, in the order they are counted by */
    size_t stage_count;
    struct funnel_group *groups;
    size_t group_count;
};

static struct funnel_stage *stage_at(const struct funnel_group *group, size_t index)
{
    return (struct funnel_stage *)group->stages.items + index;
}

static void take_row(const struct making *making, struct funnel_group *group,
                     const struct rollup_row *row)
{
    switch (row->item) {
    case ROLLUP_ITEM_WON:
        group->won = (struct funnel_closed){ row->value.reached, row->value.value_minor };
        return;
    case ROLLUP_ITEM_LOST: group->lost.leads = row->value.reached; return;
    case ROLLUP_ITEM_DISQUALIFIED: group->disqualified.leads = row->value.reached; return;
    default: break;
    }
    for (size_t i = 0; i < group->stages.count; i++)
        if (making->stages[i]->stage_id == row->item) {
            stage_at(group, i)->entered = row->value.entered;
            stage_at(group, i)->reached = within(&row->value, making->query->within_days);
        }
}

enum err rate_fill(struct ctx *ctx, int64_t numerator, int64_t denominator, struct rate *ret)
{
    *ret = (struct rate){ numerator, denominator, NULL };
    if (denominator == 0)
        return OK;
    int64_t scaled = (numerator * 200000 + denominator) / (2 * denominator);
    ret->rate = arena_printf(ctx->arena, "%lld.%05lld", (long long)(scaled / 100000),
                             (long long)(scaled % 100000));
    return ret->rate ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a rate");
}

static enum err rate_stages(struct ctx *ctx, const struct funnel_group *group)
{
    enum err err = OK;
    for (size_t i = 0; i < group->stages.count && !err; i++) {
        struct funnel_stage *stage = stage_at(group, i);
        err = rate_fill(ctx, stage->reached, stage_at(group, 0)->reached, &stage->cumulative);
        if (err || i == 0)
            continue;
        struct rate *rate = ctx_alloc(ctx, sizeof *rate);
        if (!rate)
            return ERR_MEMORY;
        err = rate_fill(ctx, stage->reached, stage_at(group, i - 1)->reached, rate);
        stage->from_previous = rate;
    }
    return err;
}

static enum err new_group(struct ctx *ctx, struct making *making, const struct bytes *member)
{
    size_t count = making->stage_count;
    struct funnel_group *group = &making->groups[making->group_count++];
    *group = (struct funnel_group){
        .stages = { ctx_alloc(ctx, count * sizeof(struct funnel_stage)), count },
        .lost = { 0, NO_INT },
        .disqualified = { 0, NO_INT },
    };
    if (!group->stages.items)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        stage_at(group, i)->stage = making->stages[i]->key;
    return group_key(ctx, making->query->group_by, member, &group->key);
}

static bool group_is_empty(const struct funnel_group *group)
{
    int64_t sum = group->won.leads | group->lost.leads | group->disqualified.leads;
    for (size_t i = 0; i < group->stages.count; i++)
        sum |= stage_at(group, i)->entered | stage_at(group, i)->reached;
    return sum == 0;
}

static void drop_empty_group(struct making *making)
{
    if (making->group_count > 0 && group_is_empty(&making->groups[making->group_count - 1]))
        making->group_count--;
}

/* Rows come by member, so a group is a run of them. Without grouping there is always one group,
 * if all zeroes. */
static enum err read_groups(struct ctx *ctx, struct making *making, const struct rows *rows)
{
    const struct rollup_row *row = rows->items;
    making->groups = ctx_alloc(ctx, (rows->count + 1) * sizeof *making->groups);
    enum err err = making->groups ? OK : ERR_MEMORY;
    for (size_t i = 0; i < rows->count && !err; i++) {
        if (i == 0 || !bytes_equal(&row[i].member, &row[i - 1].member)) {
            drop_empty_group(making);
            err = new_group(ctx, making, &row[i].member);
        }
        if (!err)
            take_row(making, &making->groups[making->group_count - 1], &row[i]);
    }
    if (err)
        return err;
    drop_empty_group(making);
    if (making->group_count == 0 && making->query->group_by == DIMENSION_ALL)
        err = new_group(ctx, making, &(struct bytes){ 0 });
    for (size_t i = 0; i < making->group_count && !err; i++)
        err = rate_stages(ctx, &making->groups[i]);
    return err;
}

static enum err order_stages(struct ctx *ctx, struct making *making)
{
    const struct rows *all = &making->pipeline->stages;
    const struct stage *stages = all->items;
    making->stages = ctx_alloc(ctx, (all->count + 1) * sizeof *making->stages);
    if (!making->stages)
        return ERR_MEMORY;
    for (size_t i = 0; i < all->count; i++) {
        if (stages[i].is_counted != 1)
            continue;
        size_t at = making->stage_count++;
        for (; at > 0 && making->stages[at - 1]->counted_position > stages[i].counted_position;
             at--)
            making->stages[at] = making->stages[at - 1];
        making->stages[at] = &stages[i];
    }
    return OK;
}

static enum err check_query(struct ctx *ctx, struct funnel_query *query)
{
    if ((int)query->basis < 0)
        query->basis = ROLLUP_COHORT;
    if ((int)query->group_by < 0)
        query->group_by = DIMENSION_ALL;
    int64_t today = day_of(ctx->now_ms);
    if (query->to == NO_INT)
        query->to = today + 1;
    if (query->from == NO_INT)
        query->from = query->to - 90;
    if (query->from > query->to)
        return fail_member(ctx, "from", "out_of_range", "must not lie behind to");
    if (query->within_days == NO_INT)
        return OK;
    if (query->basis != ROLLUP_COHORT)
        return fail_member(ctx, "within_days", "invalid", "only with basis=cohort");
    bool known = false;
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        known |= horizon_days[i] == query->within_days;
    if (!known)
        return fail_member(ctx, "within_days", "invalid", "one of 1, 3, 7, 14, 30, 60, 90, 180");
    /* Only leads that are old enough to have had that time. */
    if (query->to > today - query->within_days)
        query->to = today - query->within_days;
    if (query->from > query->to)
        query->from = query->to;
    return OK;
}

enum err funnel_report(struct ctx *ctx, struct db *db, const struct funnel_query *asked,
                       struct funnel_report *ret)
{
    struct funnel_query query = *asked;
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = check_query(ctx, &query);
    if (err)
        return err;
    struct making making = { .query = &query,
                             .pipeline = catalog_pipeline(catalog, query.pipeline) };
    if (!making.pipeline)
        return fail_member(ctx, "pipeline", "unknown", "no pipeline has this key");
    struct rows rows;
    struct rollup_range range = { .basis = query.basis,
                                  .dimension = query.group_by,
                                  .rollups_id = making.pipeline->rollups_id,
                                  .from_day = query.from,
                                  .to_day = query.to,
                                  .with_horizons = query.within_days != NO_INT };
    err = order_stages(ctx, &making);
    if (!err)
        err = rollup_sums(ctx, db, &range, &rows);
    if (!err)
        err = read_groups(ctx, &making, &rows);
    *ret = (struct funnel_report){
        .basis = query.basis,
        .from = query.from,
        .to = query.to,
        .as_of = ctx->now_ms,
        .pipeline = making.pipeline->key,
        .currency = making.pipeline->currency,
        .group_by = query.group_by == DIMENSION_ALL ? -1 : (int)query.group_by,
        .within_days = query.within_days,
        .units = { "entries", "leads" },
        .groups = { making.groups, making.group_count },
    };
    return err;
}

static enum err read_stage(struct ctx *ctx, struct db *db, const struct stage *stage,
                           const struct rows *sums, int64_t limit, struct board_stage *ret)
{
    *ret = (struct board_stage){ .stage = stage->key, .name = stage->name };
    const struct rollup_row *row = sums->items;
    for (size_t i = 0; i < sums->count; i++)
        if (row[i].item == stage->stage_id) {
            ret->leads = row[i].value.reached;
            ret->value_minor = row[i].value.value_minor;
        }
    struct lead_filter filter = lead_filter_any();
    filter.stage_id = stage->stage_id;
    filter.status = LEAD_OPEN;
    filter.sort = SORT_SCORE;
    filter.limit = limit;
    return lead_list(ctx, db, &filter, &ret->first);
}

enum err board_read(struct ctx *ctx, struct db *db, const char *key, int64_t limit,
                    struct board *ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (err)
        return err;
    const struct pipeline *pipeline = catalog_pipeline(catalog, key);
    if (!pipeline)
        return ERR_NOT_FOUND;
    size_t count = pipeline->stages.count;
    struct board_stage *stages = ctx_alloc(ctx, count * sizeof *stages);
    if (!stages)
        return ERR_MEMORY;
    struct rows sums;
    struct rollup_range range = { .basis = ROLLUP_OPEN,
                                  .dimension = DIMENSION_ALL,
                                  .rollups_id = pipeline->rollups_id,
                                  .from_day = 0,
                                  .to_day = 1 };
    err = rollup_sums(ctx, db, &range, &sums);
    const struct stage *stage = pipeline->stages.items;
    size_t shown = 0;
    for (size_t i = 0; i < count && !err; i++) {
        err = read_stage(ctx, db, &stage[i], &sums, limit, &stages[shown]);
        shown += stage[i].archived_at == NO_INT || stages[shown].leads > 0;
    }
    *ret = (struct board){ .pipeline = pipeline->key,
                           .currency = pipeline->currency,
                           .as_of = ctx->now_ms,
                           .stages = { stages, shown } };
    return err;
}

/* ---- The answers' tables ---- */

static const struct field rate_fields[] = {
    FIELD(struct rate, numerator, INT, .flags = FIELD_NOT_NULL, .note = "leads"),
    FIELD(struct rate, denominator, INT, .flags = FIELD_NOT_NULL, .note = "leads"),
    FIELD(struct rate, rate, JSON, .flags = FIELD_DECIMAL,
          .note = "numerator by denominator, with five decimals; null where that is 0"),
};
const struct table rate_table = TABLE(struct rate, "rate", rate_fields);

static const struct field funnel_drilldown_fields[] = {
    FIELD(struct funnel_drilldown, entered, TEXT,
          .note = "the entries: a path under /v1/stage-events"),
    FIELD(struct funnel_drilldown, reached, TEXT, .note = "the leads: a path under /v1/leads"),
};
static const struct table funnel_drilldown_table =
    TABLE(struct funnel_drilldown, "funnel_drilldown", funnel_drilldown_fields);

static const struct field funnel_stage_fields[] = {
    FIELD(struct funnel_stage, stage, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
    FIELD(struct funnel_stage, entered, INT, .flags = FIELD_NOT_NULL,
          .note = "entries into this very stage"),
    FIELD(struct funnel_stage, reached, INT, .flags = FIELD_NOT_NULL,
          .note = "leads that entered it or a later one"),
    FIELD_POINT(struct funnel_stage, from_previous, &rate_table,
                .note = "null for the first stage; in a period it may exceed 1"),
    FIELD_EMBED(struct funnel_stage, cumulative, &rate_table, .note = "from the first stage"),
    FIELD_EMBED(struct funnel_stage, drilldown, &funnel_drilldown_table,
                .note = "what entered and reached count: with count=true the total is the figure"),
};
static const struct table funnel_stage_table =
    TABLE(struct funnel_stage, "funnel_stage", funnel_stage_fields);

static const struct field funnel_closed_fields[] = {
    FIELD(struct funnel_closed, leads, INT, .flags = FIELD_NOT_NULL, .note = "leads"),
    FIELD(struct funnel_closed, value_minor, INT, .flags = FIELD_OMIT_NULL,
          .note = "sum of their amounts, in minor units"),
    FIELD(struct funnel_closed, drilldown, TEXT, .flags = FIELD_NOT_NULL,
          .note = "path of those leads: with count=true its total is their number"),
};
static const struct table funnel_closed_table =
    TABLE(struct funnel_closed, "funnel_closed", funnel_closed_fields);

static const struct field funnel_group_fields[] = {
    FIELD(struct funnel_group, key, TEXT,
          .note = "source, or id of the campaign or owner; null: none, or not grouped"),
    FIELD(struct funnel_group, stages, ROWS, .of = &funnel_stage_table, .note = "in order"),
    FIELD_EMBED(struct funnel_group, won, &funnel_closed_table, .note = "present status"),
    FIELD_EMBED(struct funnel_group, lost, &funnel_closed_table, .note = "present status"),
    FIELD_EMBED(struct funnel_group, disqualified, &funnel_closed_table, .note = "present status"),
};
static const struct table funnel_group_table =
    TABLE(struct funnel_group, "funnel_group", funnel_group_fields);

static const struct field funnel_units_fields[] = {
    FIELD(struct funnel_units, entered, TEXT, .flags = FIELD_NOT_NULL, .note = "entries"),
    FIELD(struct funnel_units, reached, TEXT, .flags = FIELD_NOT_NULL, .note = "leads"),
};
static const struct table funnel_units_table =
    TABLE(struct funnel_units, "funnel_units", funnel_units_fields);

static const struct field funnel_report_fields[] = {
    FIELD_NAMED(struct funnel_report, basis, basis_names, .flags = FIELD_NOT_NULL,
                .note = "leads by creation, or entries by their time"),
    FIELD(struct funnel_report, from, DAY, .flags = FIELD_NOT_NULL, .note = "first day"),
    FIELD(struct funnel_report, to, DAY, .flags = FIELD_NOT_NULL, .note = "the day after the last"),
    FIELD(struct funnel_report, as_of, TIME, .flags = FIELD_NOT_NULL, .note = "when it was read"),
    FIELD(struct funnel_report, pipeline, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
    FIELD(struct funnel_report, currency, TEXT, .flags = FIELD_NOT_NULL, .note = "of its amounts"),
    FIELD_NAMED(struct funnel_report, group_by, dimension_names, .note = "null: not grouped"),
    FIELD(struct funnel_report, within_days, INT, .note = "null: ever"),
    FIELD_EMBED(struct funnel_report, units, &funnel_units_table, .note = "what is counted"),
    FIELD(struct funnel_report, groups, ROWS, .of = &funnel_group_table, .note = "by key"),
};
const struct table funnel_report_table =
    TABLE(struct funnel_report, "funnel", funnel_report_fields);

static const struct field board_stage_fields[] = {
    FIELD(struct board_stage, stage, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
    FIELD(struct board_stage, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD(struct board_stage, leads, INT, .flags = FIELD_NOT_NULL, .note = "open ones"),
    FIELD(struct board_stage, value_minor, INT, .flags = FIELD_NOT_NULL,
          .note = "sum of their amounts, in minor units"),
    FIELD(struct board_stage, drilldown, TEXT, .flags = FIELD_NOT_NULL,
          .note = "path of all those leads: with count=true its total is their number"),
    FIELD(struct board_stage, first, ROWS, .of = &lead_table, .note = "the best by score"),
};
static const struct table board_stage_table =
    TABLE(struct board_stage, "board_stage", board_stage_fields);

static const struct field board_fields[] = {
    FIELD(struct board, pipeline, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
    FIELD(struct board, currency, TEXT, .flags = FIELD_NOT_NULL, .note = "of its amounts"),
    FIELD(struct board, as_of, TIME, .flags = FIELD_NOT_NULL, .note = "when it was read"),
    FIELD(struct board, stages, ROWS, .of = &board_stage_table, .note = "in order"),
};
const struct table board_table = TABLE(struct board, "board", board_fields);
