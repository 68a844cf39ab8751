/* conditions_random.c: random conditions over random leads. What the engine selects by SQL is what
 * memory judges, whatever stands in them; where SQL does not say all of a condition it selects no
 * lead too few. */
#include "conditions.h"
#include "crowd.h"

#include <funneld/condition.h>
#include <stdio.h>
#include <string.h>

enum { CONDITIONS = 1500 };

/* ---- Conditions ---- */

struct writing {
    struct crowd *crowd;
    struct random *random;
    struct buffer out;
    bool activities; /* may be asked for */
    int leaves_left;
};

static void put_text(struct writing *writing, const char *text)
{
    struct buffer *out = &writing->out;
    buffer_char(out, '"');
    for (; *text; text++) {
        if (strchr("\"\\", *text))
            buffer_char(out, '\\');
        buffer_char(out, *text);
    }
    buffer_char(out, '"');
}

/* Sometimes a part of one, and sometimes in other letters. */
static void put_some_text(struct writing *writing)
{
    struct random *random = writing->random;
    char text[32];
    snprintf(text, sizeof text, "%s", some_text(random));
    if (random_one_in(random, 4))
        text[utf8_character(text, strlen(text))] = '\0';
    if (random_one_in(random, 3))
        for (char *at = text; *at; at++)
            *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    put_text(writing, text);
}

static void put_value(struct writing *writing, const struct field *field)
{
    struct random *random = writing->random;
    const struct pipeline *pipeline = writing->crowd->catalog->pipelines.items;
    const struct stage *stages = pipeline->stages.items;
    char text[ID_TEXT_SIZE > TIME_TEXT_SIZE ? ID_TEXT_SIZE : TIME_TEXT_SIZE];
    if (strcmp(field->name, "stage") == 0) {
        put_text(writing, stages[random_below(random, (int64_t)pipeline->stages.count)].key);
    } else if (strcmp(field->name, "pipeline") == 0) {
        put_text(writing, pipeline->key);
    } else if (strcmp(field->name, "email") == 0 && random_one_in(random, 2)) {
        const char *email = writing->crowd->histories[random_below(random, CROWD_LEADS)].lead.email;
        put_text(writing, email ? email : "nobody@x.example");
    } else if (field->kind == FIELD_TEXT) {
        put_some_text(writing);
    } else if (field->kind == FIELD_TIME) {
        time_format(some_time(random), text);
        put_text(writing, text);
    } else if (field->kind == FIELD_ENUM) {
        put_text(writing, field->names[random_below(random, LEAD_STATUS_COUNT)]);
    } else if (field->kind == FIELD_ID) {
        const struct history *other = &writing->crowd->histories[random_below(random, CROWD_LEADS)];
        bool owner = strcmp(field->name, "owner") == 0;
        id_format(owner ? &writing->crowd->owners[random_below(random, 3)] : &other->lead.id, text);
        put_text(writing, text);
    } else if (field->kind == FIELD_BOOL) {
        buffer_text(&writing->out, random_one_in(random, 2) ? "true" : "false");
    } else if (field->kind == FIELD_DAY) {
        day_format(some_number(random, CUSTOM_DATE), text);
        put_text(writing, text);
    } else if (field->kind == FIELD_NUMBER) {
        decimal_format(some_number(random, CUSTOM_NUMBER), text);
        buffer_text(&writing->out, text);
    } else {
        buffer_int(&writing->out, random_below(random, 7) - 3);
    }
}

static bool goes_with(const char *op, const struct field *field)
{
    if (strstr(op, "contains") || strcmp(op, "starts") == 0 || strcmp(op, "ends") == 0)
        return field->kind == FIELD_TEXT;
    if (field->kind == FIELD_BOOL)
        return strstr("eq ne present absent", op);
    bool ordered = *op == 'g' || *op == 'l' || strcmp(op, "between") == 0;
    return !ordered || (field->kind != FIELD_ID && field->kind != FIELD_ENUM);
}

static const char *some_op(struct random *random, const struct field *field)
{
    size_t count = 0;
    while (condition_op_names[count])
        count++;
    for (;;) {
        const char *op = condition_op_names[random_below(random, (int64_t)count)];
        if (goes_with(op, field))
            return op;
    }
}

/* "op" and, where it takes one, "value". */
static void put_test(struct writing *writing, const struct field *field)
{
    static const int64_t many[] = { 1, 2, 4, 5, 16, 17, 60 };
    struct random *random = writing->random;
    const char *op = some_op(random, field);
    int64_t count = strcmp(op, "between") == 0 ? 2
                    : strcmp(op, "in") == 0 || strcmp(op, "not_in") == 0
                        ? many[random_below(random, ARRAY_SIZE(many))]
                        : 0;
    buffer_printf(&writing->out, "\"op\":\"%s\"", op);
    if (strcmp(op, "present") == 0 || strcmp(op, "absent") == 0)
        return;
    buffer_text(&writing->out, count ? ",\"value\":[" : ",\"value\":");
    put_value(writing, field);
    for (int64_t i = 1; i < count; i++) {
        buffer_char(&writing->out, ',');
        put_value(writing, field);
    }
    if (count)
        buffer_char(&writing->out, ']');
}

/* As if it were one of ours. */
static const struct field custom_kinds[CROWD_FIELDS] = {
    { .name = "fields.word", .kind = FIELD_TEXT },
    { .name = "fields.note", .kind = FIELD_TEXT },
    { .name = "fields.size", .kind = FIELD_NUMBER },
    { .name = "fields.partner", .kind = FIELD_BOOL },
    { .name = "fields.met_on", .kind = FIELD_DAY },
};

static void put_custom(struct writing *writing)
{
    const struct field *field = &custom_kinds[random_below(writing->random, CROWD_FIELDS)];
    buffer_printf(&writing->out, "{\"field\":\"%s\",", field->name);
    put_test(writing, field);
    buffer_char(&writing->out, '}');
}

static void put_field(struct writing *writing)
{
    static const char *const names[] = {
        "id",           "email",    "first_name", "company",          "job_title",
        "country",      "city",     "source",     "campaign",         "owner",
        "amount_minor", "pipeline", "stage",      "stage_entered_at", "status",
        "cycle",        "score",    "version",    "created_at",       "updated_at",
        "external_id",
    };
    const char *name = names[random_below(writing->random, ARRAY_SIZE(names))];
    buffer_printf(&writing->out, "{\"field\":\"%s\",", name);
    put_test(writing, &lead_table.fields[table_find(&lead_table, name)]);
    buffer_char(&writing->out, '}');
}

static void put_activity(struct writing *writing)
{
    static const struct field text = { .name = "url", .kind = FIELD_TEXT },
                              number = { .name = "seconds", .kind = FIELD_INT };
    struct random *random = writing->random;
    struct buffer *out = &writing->out;
    buffer_printf(out, "{\"activity\":\"%s\"", some_type(random));
    if (random_one_in(random, 2)) {
        const struct field *field = random_one_in(random, 2) ? &text : &number;
        buffer_printf(out, ",\"where\":[{\"property\":\"%s\",", field->name);
        put_test(writing, field);
        buffer_text(out, "}]");
    }
    if (random_one_in(random, 2))
        buffer_printf(out, ",\"count\":{\"%s\":%d}",
                      (const char *[]){ "gte", "lte", "eq" }[random_below(random, 3)],
                      (int)random_below(random, 4));
    if (random_one_in(random, 2))
        buffer_printf(out, ",\"within_days\":%d", (int)(1 + random_below(random, CROWD_DAYS)));
    buffer_char(out, '}');
}

static void put_condition(struct writing *writing, int depth)
{
    struct random *random = writing->random;
    int64_t kind = depth >= CONDITION_DEPTH_MAX ? 9 : random_below(random, 10);
    if (kind < 2) {
        buffer_text(&writing->out, "{\"not\":");
        put_condition(writing, depth + 1);
        buffer_char(&writing->out, '}');
    } else if (kind < 5 && writing->leaves_left > 8) {
        buffer_text(&writing->out, kind == 2 ? "{\"all\":[" : "{\"any\":[");
        put_condition(writing, depth + 1);
        for (int64_t i = random_below(random, random_one_in(random, 20) ? 40 : 4); i > 0; i--) {
            if (writing->leaves_left < 8)
                break;
            buffer_char(&writing->out, ',');
            put_condition(writing, depth + 1);
        }
        buffer_text(&writing->out, "]}");
    } else {
        writing->leaves_left -= 2;
        if (writing->activities && random_one_in(random, 4))
            put_activity(writing);
        else if (random_one_in(random, 4))
            put_custom(writing);
        else
            put_field(writing);
    }
}

/* ---- Both ways ---- */

/* The times of what a selector selects, by looking at each activity. */
static void select_by_hand(const struct history *history, const struct selector *selector,
                           struct arena *arena, struct selected *ret)
{
    int64_t *times = arena_alloc(arena, ACTIVITIES_MAX * sizeof *times);
    *ret = (struct selected){ .times = times };
    for (size_t i = 0; i < history->count; i++) {
        if (!selector_selects(selector, &history->activities[i]))
            continue;
        size_t at = ret->count++;
        for (; at > 0 && times[at - 1] > history->activities[i].occurred_at; at--)
            times[at] = times[at - 1];
        times[at] = history->activities[i].occurred_at;
    }
}

static bool judge(struct crowd *crowd, const struct condition *condition,
                  const struct selectors *selectors, const struct history *history)
{
    struct arena *arena = &crowd->core.arena;
    struct selected *selected = arena_alloc(arena, (selectors->count + 1) * sizeof *selected);
    for (size_t i = 0; i < selectors->count; i++)
        select_by_hand(history, &selectors->items[i], arena, &selected[i]);
    return condition_holds(condition, &(struct subject){ &history->lead, CROWD_NOW, selected });
}

static bool has(const struct rows *leads, const struct id *id)
{
    for (size_t i = 0; i < leads->count; i++)
        if (id_compare(&((const struct lead *)leads->items)[i].id, id) == 0)
            return true;
    return false;
}

static struct lead_filter some_filter(struct random *random, const struct condition *condition)
{
    return (struct lead_filter){ .pipeline_id = NO_INT,
                                 .stage_id = NO_INT,
                                 .status = -1,
                                 .after_value = NO_INT,
                                 .condition = condition,
                                 .sort = (enum lead_sort)random_below(random, 3),
                                 .descending = random_one_in(random, 2),
                                 .limit = CROWD_LEADS };
}

/* True where the engine said it all. */
static bool compare(struct crowd *crowd, struct random *random, const char *json, uint64_t seed)
{
    struct ctx *ctx = &crowd->core.ctx;
    struct selectors selectors = { 0 };
    struct condition_scope scope = { .pipelines = &crowd->catalog->pipelines,
                                     .custom_fields = &crowd->catalog->custom_fields,
                                     .reach = CONDITION_OF_ALL,
                                     .selectors = &selectors };
    const struct condition *condition;
    enum err err = condition_read(ctx, &scope, "when", json, &condition);
    ck_assert_msg(!err, "seed %llu: %s: %s %s", (unsigned long long)seed, json,
                  ctx->failure.members[0].member, ctx->failure.members[0].detail);
    bool exact = condition_is_exact(ctx, condition);
    struct lead_filter filter = some_filter(random, condition);
    struct rows leads;
    int64_t count, held = 0;
    ck_assert_ok(ctx, lead_list(ctx, crowd->core.db, &filter, &leads));
    ck_assert_ok(ctx, lead_count(ctx, crowd->core.db, &filter, &count));
    ck_assert_msg(count == (int64_t)leads.count, "seed %llu: %s: %lld counted, %zu listed",
                  (unsigned long long)seed, json, (long long)count, leads.count);
    struct lead_search search = { filter, &selectors };
    struct rows found;
    int64_t found_count;
    search.filter.limit = CROWD_LEADS;
    ck_assert_ok(ctx, lead_search_ready(ctx, crowd->core.db, crowd->catalog, &search));
    ck_assert_ok(ctx, lead_search(ctx, crowd->core.db, &search, &found));
    ck_assert_ok(ctx, lead_search_count(ctx, crowd->core.db, &search, &found_count));
    ck_assert_int_eq(found_count, (int64_t)found.count);
    for (size_t i = 0; i < CROWD_LEADS; i++) {
        const struct history *history = &crowd->histories[i];
        bool holds = judge(crowd, condition, &selectors, history);
        bool listed = has(&leads, &history->lead.id);
        ck_assert_msg(exact ? holds == listed : holds <= listed,
                      "seed %llu, lead %zu: %s in memory, %s by SQL: %s", (unsigned long long)seed,
                      i, holds ? "holds" : "does not hold", listed ? "selected" : "not selected",
                      json);
        ck_assert_msg(holds == has(&found, &history->lead.id),
                      "seed %llu, lead %zu: %s in memory, but the search says otherwise: %s",
                      (unsigned long long)seed, i, holds ? "holds" : "does not hold", json);
        held += holds;
    }
    return exact && held > 0 && held < CROWD_LEADS;
}

START_TEST(test_sql_and_memory_agree)
{
    static struct crowd crowd; /* large */
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1);
    int64_t conditions = test_number("FUNNELD_TEST_ITERATIONS", 0);
    conditions = conditions ? conditions * 1000 : CONDITIONS;
    int64_t telling = 0;
    crowd_make(&crowd, seed);
    ck_assert_ok(&crowd.core.ctx, db_begin_read(&crowd.core.ctx, crowd.core.db));
    for (int64_t i = 0; i < conditions; i++) {
        struct random random = { seed * 1000003 + (uint64_t)i };
        struct writing writing = { .crowd = &crowd,
                                   .random = &random,
                                   .out.arena = &crowd.core.arena,
                                   .activities = i % 2,
                                   .leaves_left = CONDITION_LEAVES_MAX };
        put_condition(&writing, 1);
        buffer_char(&writing.out, '\0');
        if (writing.out.length <= CONDITION_BYTES_MAX)
            telling += compare(&crowd, &random, writing.out.data, seed);
        arena_reset(&crowd.core.arena);
    }
    db_end_read(crowd.core.db);
    /* Conditions that hold for some and not for others, or it would say little. */
    ck_assert_int_gt(telling, conditions / 4);
    arena_free(&crowd.arena);
    core_done(&crowd.core);
}
END_TEST

/* None has been forgotten among the columns. */
START_TEST(test_every_attribute_has_a_column)
{
    static struct crowd crowd;
    struct random random = { 1 };
    crowd_make(&crowd, 1);
    for (size_t i = 0; i < lead_table.count; i++) {
        const struct condition *condition;
        const struct condition_scope scope = { .pipelines = &crowd.catalog->pipelines,
                                               .reach = CONDITION_OF_ALL };
        if (!condition_names(lead_table.fields[i].name))
            continue;
        const char *json = arena_printf(&crowd.core.arena, "{\"field\":\"%s\",\"op\":\"present\"}",
                                        lead_table.fields[i].name);
        ck_assert_ok(&crowd.core.ctx,
                     condition_read(&crowd.core.ctx, &scope, "when", json, &condition));
        ck_assert_msg(condition_is_exact(&crowd.core.ctx, condition), "%s", json);
        compare(&crowd, &random, json, 1);
    }
    arena_free(&crowd.arena);
    core_done(&crowd.core);
}
END_TEST

/* `leaf` as often as may be, in chains and trees. */
static const char *repeated(struct arena *arena, const char *before, const char *leaf, int count,
                            const char *after)
{
    struct buffer out = { .arena = arena };
    buffer_text(&out, before);
    for (int i = 0; i < count; i++)
        buffer_printf(&out, "%s%s", i ? "," : "", leaf);
    buffer_printf(&out, "%s%c", after, '\0');
    return out.data;
}

/* What the limits of a condition let through, those of the engine do too. */
START_TEST(test_the_largest_are_taken)
{
#define CITY "{\"field\":\"city\",\"op\":\"ne\",\"value\":\"Paris\"}"
#define STAGE "{\"field\":\"stage\",\"op\":\"present\"}"
    static struct crowd crowd;
    crowd_make(&crowd, 1);
    struct arena *arena = &crowd.core.arena;
    struct random random = { 1 };
    const char *nested = CITY;
    for (int i = 1; i < CONDITION_DEPTH_MAX; i++)
        nested = arena_printf(arena, "{\"%s\":[%s%s,%s]}", i % 2 ? "any" : "all",
                              repeated(arena, "", STAGE ",", 6, ""), CITY, nested);
    const char *const texts_of[] = {
        repeated(arena, "{\"all\":[", CITY, CONDITION_LEAVES_MAX, "]}"),
        repeated(arena, "{\"any\":[", CITY, CONDITION_LEAVES_MAX, "]}"),
        repeated(arena, "{\"not\":{\"any\":[", STAGE, CONDITION_LEAVES_MAX, "]}}"),
        repeated(arena, "{\"all\":[", "{\"any\":[" CITY "," STAGE "]}", CONDITION_LEAVES_MAX / 2,
                 "]}"),
        repeated(arena, "{\"field\":\"score\",\"op\":\"in\",\"value\":[", "7", CONDITION_VALUES_MAX,
                 "]}"),
        nested,
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts_of); i++) {
        const struct condition *condition;
        struct condition_scope scope = { .pipelines = &crowd.catalog->pipelines,
                                         .reach = CONDITION_OF_ALL };
        ck_assert_ok(&crowd.core.ctx,
                     condition_read(&crowd.core.ctx, &scope, "when", texts_of[i], &condition));
        ck_assert_msg(condition_is_exact(&crowd.core.ctx, condition), "%zu", i);
        for (int j = 0; j < 6; j++)
            compare(&crowd, &random, texts_of[i], 1);
    }
    /* More values than the engine takes: memory decides. */
    const char *lists =
        arena_printf(arena, "%s",
                     repeated(arena, "{\"all\":[",
                              repeated(arena, "{\"field\":\"score\",\"op\":\"not_in\",\"value\":[",
                                       "7", 60, "]}"),
                              30, "]}"));
    ck_assert(!compare(&crowd, &random, lists, 1));
    arena_free(&crowd.arena);
    core_done(&crowd.core);
}
END_TEST

TCase *conditions_random_case(void)
{
    TCase *tcase = tcase_create("random");
    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, test_sql_and_memory_agree);
    tcase_add_test(tcase, test_every_attribute_has_a_column);
    tcase_add_test(tcase, test_the_largest_are_taken);
    return tcase;
}
