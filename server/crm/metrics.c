/* metrics.c: funnels and boards, read from the rollups. Counts nothing itself: what is counted,
 * contributions.c says. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

static bool same_member(const struct bytes *a, const struct bytes *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

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

static int64_t within(const struct rollup_row *row, int64_t days)
{
    const int64_t counts[HORIZON_COUNT] = { row->within_1,  row->within_3,  row->within_7,
                                            row->within_14, row->within_30, row->within_60,
                                            row->within_90, row->within_180 };
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        if (horizon_days[i] == days)
            return counts[i];
    return row->reached;
}

static void take_row(const struct funnel_report *report, struct funnel_group *group,
                     const struct rollup_row *row)
{
    switch (row->item) {
    case ROLLUP_ITEM_WON:
        group->won_leads = row->reached;
        group->won_value_minor = row->value_minor;
        return;
    case ROLLUP_ITEM_LOST: group->lost_leads = row->reached; return;
    case ROLLUP_ITEM_DISQUALIFIED: group->disqualified_leads = row->reached; return;
    default: break;
    }
    const struct stage *stages = report->pipeline->stages.items;
    for (size_t i = 0; i < report->stage_count; i++)
        if (stages[i].stage_id == row->item) {
            group->stages[i].entered = row->entered;
            group->stages[i].reached = within(row, report->query.within_days);
        }
}

static void rate_stages(const struct funnel_report *report, struct funnel_group *group)
{
    for (size_t i = 0; i < report->stage_count; i++) {
        struct funnel_stage *stage = &group->stages[i];
        stage->from_previous =
            (struct rate){ stage->reached, i > 0 ? group->stages[i - 1].reached : NO_INT };
        stage->cumulative = (struct rate){ stage->reached, group->stages[0].reached };
    }
}

static enum err new_group(struct ctx *ctx, struct funnel_report *report, const struct bytes *member)
{
    struct funnel_group *group = &report->groups[report->group_count++];
    *group = (struct funnel_group){ .stages = ctx_alloc(ctx, report->stage_count *
                                                                 sizeof *group->stages) };
    if (!group->stages)
        return ERR_MEMORY;
    const struct stage *stages = report->pipeline->stages.items;
    for (size_t i = 0; i < report->stage_count; i++)
        group->stages[i].stage = stages[i].key;
    return group_key(ctx, report->query.group_by, member, &group->key);
}

static bool group_is_empty(const struct funnel_report *report, const struct funnel_group *group)
{
    int64_t sum = group->won_leads | group->lost_leads | group->disqualified_leads;
    for (size_t i = 0; i < report->stage_count; i++)
        sum |= group->stages[i].entered | group->stages[i].reached;
    return sum == 0;
}

/* Rows come by member, so a group is a run of them. Without grouping there is always one group,
 * if all zeroes. */
static enum err read_groups(struct ctx *ctx, struct funnel_report *report, const struct rows *rows)
{
    const struct rollup_row *row = rows->items;
    report->groups = ctx_alloc(ctx, (rows->count + 1) * sizeof *report->groups);
    if (!report->groups)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows->count; i++) {
        enum err err = OK;
        if (i == 0 || !same_member(&row[i].member, &row[i - 1].member)) {
            if (i > 0 && group_is_empty(report, &report->groups[report->group_count - 1]))
                report->group_count--;
            err = new_group(ctx, report, &row[i].member);
        }
        if (err)
            return err;
        take_row(report, &report->groups[report->group_count - 1], &row[i]);
    }
    if (report->group_count > 0 && group_is_empty(report, &report->groups[report->group_count - 1]))
        report->group_count--;
    if (report->group_count == 0 && report->query.group_by == DIMENSION_ALL)
        return new_group(ctx, report, &(struct bytes){ 0 });
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

enum err funnel_report(struct ctx *ctx, struct db *db, const struct funnel_query *query,
                       struct funnel_report *ret)
{
    *ret = (struct funnel_report){ .query = *query, .as_of = ctx->now_ms };
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = check_query(ctx, &ret->query);
    if (err)
        return err;
    ret->pipeline = catalog_pipeline(catalog, query->pipeline);
    if (!ret->pipeline)
        return fail_member(ctx, "pipeline", "unknown", "no pipeline has this key");
    ret->stage_count = ret->pipeline->stages.count;
    struct rows rows;
    struct rollup_range range = { .basis = ret->query.basis,
                                  .dimension = ret->query.group_by,
                                  .pipeline_id = ret->pipeline->pipeline_id,
                                  .from_day = ret->query.from,
                                  .to_day = ret->query.to,
                                  .with_horizons = ret->query.within_days != NO_INT };
    err = rollup_sums(ctx, db, &range, &rows);
    if (!err)
        err = read_groups(ctx, ret, &rows);
    for (size_t i = 0; !err && i < ret->group_count; i++)
        rate_stages(ret, &ret->groups[i]);
    return err;
}

static enum err read_column(struct ctx *ctx, struct db *db, const struct rows *sums, int64_t limit,
                            struct board_column *column)
{
    const struct rollup_row *row = sums->items;
    for (size_t i = 0; i < sums->count; i++)
        if (row[i].item == column->stage->stage_id) {
            column->leads = row[i].reached;
            column->value_minor = row[i].value_minor;
        }
    struct lead_filter filter = { .pipeline_id = NO_INT,
                                  .stage_id = column->stage->stage_id,
                                  .status = LEAD_OPEN,
                                  .score_gte = NO_INT,
                                  .score_lt = NO_INT,
                                  .created_gte = NO_INT,
                                  .created_lt = NO_INT,
                                  .entered_gte = NO_INT,
                                  .entered_lt = NO_INT,
                                  .sort = SORT_SCORE,
                                  .descending = true,
                                  .after_value = NO_INT,
                                  .limit = limit };
    return lead_list(ctx, db, &filter, &column->first);
}

enum err board_read(struct ctx *ctx, struct db *db, const char *pipeline, int64_t limit,
                    struct board *ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (err)
        return err;
    *ret = (struct board){ .pipeline = catalog_pipeline(catalog, pipeline) };
    if (!ret->pipeline)
        return ERR_NOT_FOUND;
    struct rows sums;
    struct rollup_range range = { .basis = ROLLUP_OPEN,
                                  .dimension = DIMENSION_ALL,
                                  .pipeline_id = ret->pipeline->pipeline_id,
                                  .from_day = 0,
                                  .to_day = 1 };
    err = rollup_sums(ctx, db, &range, &sums);
    ret->column_count = ret->pipeline->stages.count;
    ret->columns = ctx_alloc(ctx, ret->column_count * sizeof *ret->columns);
    if (!err && !ret->columns)
        return ERR_MEMORY;
    const struct stage *stages = ret->pipeline->stages.items;
    for (size_t i = 0; !err && i < ret->column_count; i++) {
        ret->columns[i].stage = &stages[i];
        err = read_column(ctx, db, &sums, limit, &ret->columns[i]);
    }
    return err;
}
