/* leads_search.c: leads by a condition. What an engine can say of it selects them; where it cannot
 * say all, each one is judged by its log. */
#include "scoring.h"

#include <funneld/condition.h>

#include <string.h>

/* ---- What an index knows ---- */

/* The one stage of that key, or NULL. */
static const struct stage *only_stage(const struct catalog *catalog, const char *key)
{
    const struct pipeline *pipelines = catalog->pipelines.items;
    const struct stage *found = NULL;
    for (size_t i = 0; i < catalog->pipelines.count; i++) {
        const struct stage *stage = pipeline_stage(&pipelines[i], key);
        if (stage && found)
            return NULL;
        found = stage ? stage : found;
    }
    return found;
}

/* One lead at most has an address, and is known by it. */
static enum err find_address(struct ctx *ctx, struct db *db, const char *address,
                             struct lead_search *search)
{
    const char *email, *key;
    enum err err = email_normalise(ctx, "email", address, &email, &key);
    if (!err)
        err = lead_find(ctx, db, LEAD_KEY_EMAIL, key, &search->filter.id);
    if (err != ERR_VALIDATION && err != ERR_NOT_FOUND)
        return err;
    failure_clear(ctx); /* what is no address is nobody's */
    search->nobody = true;
    return OK;
}

static enum err take_hint(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                          const struct condition *condition, struct lead_search *search)
{
    const struct test *test = &condition->test;
    struct lead_filter *filter = &search->filter;
    if (condition->negated != test->negated || test->op != TEST_OP_EQ)
        return OK;
    const char *name = condition->attribute.field->name;
    if (strcmp(name, "email") == 0 && id_is_nil(&filter->id))
        return find_address(ctx, db, test->operands[0].text, search);
    if (strcmp(name, "status") == 0 && filter->status < 0)
        filter->status = (int)test->operands[0].whole;
    const struct stage *stage =
        strcmp(name, "stage") == 0 ? only_stage(catalog, test->operands[0].text) : NULL;
    if (stage && filter->stage_id == NO_INT)
        filter->stage_id = stage->stage_id;
    return OK;
}

/* Of what must hold for all of it to hold. */
static enum err take_hints(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                           const struct condition *condition, struct lead_search *search)
{
    bool all = condition->kind == CONDITION_ALL || condition->count == 1;
    enum err err = OK;
    if (condition->kind == CONDITION_FIELD)
        return take_hint(ctx, db, catalog, condition, search);
    for (size_t i = 0; all && !condition->negated && i < condition->count && !err; i++)
        err = take_hints(ctx, db, catalog, &condition->items[i], search);
    return err;
}

/* ---- Where a page begins ---- */

/* A text has no place in a cursor, which has a mark of it: the text is read again. */
static enum err find_after_text(struct ctx *ctx, struct db *db, struct lead_filter *filter)
{
    struct lead lead = { .id = filter->after_id, .value_count = 1 };
    enum err err = lead_values_load(ctx, db, &lead, 1);
    if (err)
        return err;
    const struct custom_value *value = custom_values_find(&lead.fields, filter->sort_field_id);
    if (custom_value_mark(value) != filter->after_value)
        return fail_member(ctx, "cursor", "invalid",
                           "the row it ended at has changed or is gone; leave it out to start "
                           "again");
    filter->after_text = value->text;
    return OK;
}

enum err lead_search_ready(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                           struct lead_search *search)
{
    const struct condition *condition = search->filter.condition;
    struct lead_filter *filter = &search->filter;
    bool by_text = filter->sort == SORT_CUSTOM_TEXT && filter->after_value != NO_INT;
    enum err err = by_text ? find_after_text(ctx, db, filter) : OK;
    return err || !condition ? err : take_hints(ctx, db, catalog, condition, search);
}

/* ---- One by one ---- */

struct judging {
    struct db *db;
    const struct lead_search *search;
    bool reads_log, reads_custom;
    int64_t at, after;  /* what happened up to `after` is of no interest */
    struct arena arena; /* of one lead */
    struct selected *selected;
    size_t *rooms;
    struct id *found; /* NULL: they are only counted */
    int64_t count, limit;
};

static void judging_done(struct judging *judging)
{
    arena_free(&judging->arena);
}

/* From when on activities matter: since the longest of all windows began, or since ever. */
static int64_t log_begins(const struct condition *condition, int64_t at)
{
    int64_t first = INT64_MAX;
    if (condition->kind == CONDITION_ACTIVITY)
        return condition->within_days == NO_INT ? -1 : at - condition->within_days * MS_PER_DAY;
    for (size_t i = 0; i < condition->count; i++) {
        int64_t begins = log_begins(&condition->items[i], at);
        first = begins < first ? begins : first;
    }
    return first;
}

static enum err add_time(struct ctx *ctx, struct judging *judging, size_t index, int64_t time)
{
    struct selected *selected = &judging->selected[index];
    if (selected->count == judging->rooms[index]) {
        size_t room = selected->count ? selected->count * 2 : 16;
        int64_t *times = arena_take(&judging->arena, room * sizeof *times);
        if (!times)
            return fail(ctx, ERR_MEMORY, NULL, "no memory to judge a lead");
        if (selected->count > 0)
            memcpy(times, selected->times, selected->count * sizeof *times);
        selected->times = times;
        judging->rooms[index] = room;
    }
    ((int64_t *)selected->times)[selected->count++] = time;
    return OK;
}

static enum err take_activity(struct ctx *ctx, void *self, const void *row)
{
    struct judging *judging = self;
    const struct activity *activity = row;
    const struct selectors *selectors = judging->search->selectors;
    struct look look;
    look_begin(&look, activity);
    for (size_t i = 0; i < selectors->count; i++) {
        enum err err = selector_selects_look(&selectors->items[i], &look)
                           ? add_time(ctx, judging, i, activity->occurred_at)
                           : OK;
        if (err)
            return err;
    }
    return OK;
}

static enum err read_log(struct ctx *ctx, struct judging *judging, const struct id *lead_id)
{
    size_t count = judging->search->selectors->count;
    judging->selected = arena_alloc(&judging->arena, count * sizeof *judging->selected);
    judging->rooms = arena_alloc(&judging->arena, count * sizeof *judging->rooms);
    if (!judging->selected || !judging->rooms)
        return fail(ctx, ERR_MEMORY, NULL, "no memory to judge a lead");
    return activity_span(ctx, judging->db, lead_id, judging->after, judging->at, take_activity,
                         judging);
}

static enum err read_values(struct ctx *ctx, struct judging *judging, struct lead *lead)
{
    struct arena *arena = ctx->arena;
    ctx->arena = &judging->arena;
    enum err err = lead_values_load(ctx, judging->db, lead, 1);
    ctx->arena = arena;
    if (err)
        failure_keep(ctx);
    return err;
}

/* ERR_NOT_FOUND: these are enough. */
static enum err judge(struct ctx *ctx, void *self, const void *row)
{
    struct judging *judging = self;
    struct lead lead = *(const struct lead *)row;
    arena_reset(&judging->arena);
    enum err err = judging->reads_log ? read_log(ctx, judging, &lead.id) : OK;
    if (!err && judging->reads_custom)
        err = read_values(ctx, judging, &lead);
    if (err)
        return err;
    const struct subject subject = { &lead, judging->at, judging->selected };
    if (!condition_holds(judging->search->filter.condition, &subject))
        return OK;
    if (judging->found)
        judging->found[judging->count] = lead.id;
    judging->count++;
    return judging->found && judging->count == judging->limit ? ERR_NOT_FOUND : OK;
}

static enum err judge_all(struct ctx *ctx, struct judging *judging)
{
    const struct condition *condition = judging->search->filter.condition;
    struct lead_filter filter = judging->search->filter;
    filter.limit = INT64_MAX;
    judging->at = ctx->now_ms;
    judging->reads_log = condition_reads_activities(condition);
    judging->reads_custom = condition_reads_custom(condition);
    judging->after = log_begins(condition, ctx->now_ms);
    enum err err = lead_each(ctx, judging->db, &filter, judge, judging);
    return err == ERR_NOT_FOUND ? OK : err;
}

static bool is_said_by_sql(struct ctx *ctx, const struct lead_search *search)
{
    return !search->filter.condition || condition_is_exact(ctx, search->filter.condition);
}

enum err lead_search(struct ctx *ctx, struct db *db, const struct lead_search *search,
                     struct rows *ret)
{
    *ret = (struct rows){ 0 };
    if (search->nobody)
        return OK;
    if (is_said_by_sql(ctx, search))
        return lead_list(ctx, db, &search->filter, ret);
    _cleanup_(judging_done) struct judging judging = { .db = db,
                                                       .search = search,
                                                       .limit = search->filter.limit };
    judging.found = ctx_alloc(ctx, (size_t)judging.limit * sizeof *judging.found);
    enum err err = judging.found ? judge_all(ctx, &judging) : ERR_MEMORY;
    struct lead *leads = err ? NULL : ctx_alloc(ctx, (size_t)(judging.count + 1) * sizeof *leads);
    if (!err && !leads)
        err = ERR_MEMORY;
    for (int64_t i = 0; !err && i < judging.count; i++) {
        err = lead_load_any(ctx, db, &judging.found[i], &leads[i]);
        if (!err)
            lead_hide_person(&leads[i]);
    }
    *ret = (struct rows){ leads, (size_t)judging.count };
    return err;
}

enum err lead_search_count(struct ctx *ctx, struct db *db, const struct lead_search *search,
                           int64_t *ret)
{
    *ret = 0;
    if (search->nobody)
        return OK;
    if (is_said_by_sql(ctx, search))
        return lead_count(ctx, db, &search->filter, ret);
    struct lead_search pages = *search; /* all of them, whichever is asked for */
    pages.filter.after_value = NO_INT;
    pages.filter.after_id = (struct id){ 0 };
    _cleanup_(judging_done) struct judging judging = { .db = db, .search = &pages };
    enum err err = judge_all(ctx, &judging);
    *ret = judging.count;
    return err;
}
