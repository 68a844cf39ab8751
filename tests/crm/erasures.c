/* erasures.c: one lead is erased by several at once, slice by slice in turns: two clients, or a
 * client and the upkeep that takes up what is unfinished. */
#include "property.h"
#include "world.h"

#include <funneld/records.h>
#include <funneld/reports.h>

#include <stdio.h>

enum { ACTIVITIES = 200, SLICES_MAX = 100 };

static struct id make_lead(struct world *world)
{
    struct ctx *ctx = &world->core.ctx;
    struct lead_input input;
    struct lead_created created;
    struct activity_recorded recorded;
    table_clear(&lead_create_table, &input);
    input.email = "ann@example.com";
    world_begin(world);
    ck_assert_ok(ctx, lead_create(ctx, world->core.db, &input, false, &created));
    struct id id = created.lead.id;
    for (int i = 0; i < ACTIVITIES; i++) {
        struct activity_input activity;
        table_clear(&activity_create_table, &activity);
        activity.type = "page_view";
        ctx->now_ms += 1000;
        ck_assert_ok(ctx, activity_record(ctx, world->core.db, &id, &activity, &recorded));
    }
    world_end(world, false);
    return id;
}

static bool erase_slice(struct world *world, struct lead_erasing *erasing)
{
    bool more;
    world_begin(world);
    ck_assert_ok(&world->core.ctx, lead_erase(&world->core.ctx, world->core.db, erasing, &more));
    world_end(world, false);
    return more;
}

static int64_t count(struct world *world, const char *query)
{
    return core_int(&world->core, world->core.db, query);
}

static void expect_nothing_left(struct world *world, enum erasure_facts facts)
{
    int64_t left = facts == FACTS_REMOVED ? 0 : 1;
    ck_assert_int_eq(count(world, "SELECT count(*) FROM lead"), left);
    ck_assert_int_eq(count(world, "SELECT count(*) FROM lead_state"), left);
    ck_assert_int_eq(count(world, "SELECT count(*) FROM activity"), left * ACTIVITIES);
    ck_assert_int_eq(count(world, "SELECT count(*) FROM erasure WHERE finished_at IS NULL"), 0);
    ck_assert_int_eq(count(world, "SELECT count(*) FROM erasure"), 1);
    ck_assert_int_eq(world_findings(world), 0);
}

static const enum erasure_facts wanted[][2] = {
    { FACTS_KEPT, FACTS_KEPT },
    { FACTS_REMOVED, FACTS_REMOVED },
    { FACTS_KEPT, FACTS_REMOVED },
    { FACTS_REMOVED, FACTS_KEPT },
};

/* The second is done before the first goes on. */
START_TEST(test_finished_by_another)
{
    struct world world;
    world_make(&world, WORLD_DEFAULT);
    struct id id = make_lead(&world);
    struct lead_erasing first = { .lead_id = id, .facts = wanted[_i][0] },
                        second = { .lead_id = id, .facts = wanted[_i][1] };
    ck_assert(erase_slice(&world, &first));
    while (erase_slice(&world, &second))
        ;
    ck_assert(!erase_slice(&world, &first));
    expect_nothing_left(&world, wanted[_i][0] == FACTS_REMOVED ? FACTS_REMOVED : wanted[_i][1]);
    world_done(&world);
}
END_TEST

START_TEST(test_in_turns)
{
    struct world world;
    world_make(&world, WORLD_DEFAULT);
    struct id id = make_lead(&world);
    struct lead_erasing first = { .lead_id = id, .facts = wanted[_i][0] },
                        second = { .lead_id = id, .facts = wanted[_i][1] };
    bool more = true;
    for (int i = 0; more && i < SLICES_MAX; i++) {
        more = erase_slice(&world, &first);
        more |= erase_slice(&world, &second);
    }
    ck_assert(!more);
    expect_nothing_left(&world, wanted[_i][0] == FACTS_REMOVED ? FACTS_REMOVED : wanted[_i][1]);
    world_done(&world);
}
END_TEST

/* The row keeps what says what else to look for until nothing is left to find. */
START_TEST(test_nobody_is_seen_meanwhile)
{
    struct world world;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    struct lead_filter filter = lead_filter_any();
    struct lead_erasing erasing = { .lead_id = make_lead(&world), .facts = FACTS_KEPT };
    struct rows rows;
    filter.with_erased = true;
    filter.limit = 10;
    ck_assert(erase_slice(&world, &erasing));
    ck_assert_int_eq(count(&world, "SELECT count(*) FROM lead WHERE email IS NOT NULL"), 1);
    ck_assert_ok(ctx, lead_list(ctx, world.core.db, &filter, &rows));
    ck_assert_uint_eq(rows.count, 1);
    const struct lead *lead = rows.items;
    ck_assert_ptr_null(lead->email);
    ck_assert_int_ne(lead->created_at, NO_INT);
    world_done(&world);
}
END_TEST

/* ---- What previews keep ---- */

enum { CROSSING = 3 };

/* One preview whose job is done, and one that still has in its hands who crosses. */
struct previews {
    struct world world;
    struct id leads[CROSSING];
    struct job done, at_work;
    struct crossing_part part;
};

static void previews_make(struct previews *previews)
{
    struct ctx *ctx = &previews->world.core.ctx;
    struct db *db;
    world_make(&previews->world, WORLD_DEFAULT);
    db = previews->world.core.db;
    world_begin(&previews->world);
    previews->part = (struct crossing_part){ .criterion = STAGE_MQL, .count = CROSSING };
    for (int i = 0; i < CROSSING; i++) {
        char email[32];
        struct lead_input input;
        struct lead_created created;
        table_clear(&lead_create_table, &input);
        snprintf(email, sizeof email, "u%d@example.com", i);
        input.email = email;
        ctx->now_ms++;
        ck_assert_ok(ctx, lead_create(ctx, db, &input, false, &created));
        previews->leads[i] = created.lead.id;
        previews->part.items[i] = (struct crossing){ created.lead.id, i, 50 + i };
    }
    const struct id none = { 0 };
    ck_assert_ok(ctx, job_create(ctx, db, JOB_PREVIEW, &none, &previews->done));
    ck_assert_ok(ctx, crossings_keep(ctx, db, &previews->done, &previews->part));
    previews->part.direction = CROSSING_DOWN;
    ck_assert_ok(ctx, crossings_keep(ctx, db, &previews->done, &previews->part));
    ck_assert_ok(ctx, job_create(ctx, db, JOB_PREVIEW, &none, &previews->at_work));
    world_end(&previews->world, false);
}

static void expect_crossings(struct previews *previews, const struct job *job,
                             enum crossing_direction direction, const char *scores)
{
    struct ctx *ctx = &previews->world.core.ctx;
    struct crossing_filter filter = {
        .job = job->id, .criterion = STAGE_MQL, .direction = direction, .range = { .limit = 10 }
    };
    struct rows rows;
    int64_t total;
    struct buffer said = { .arena = ctx->arena };
    ck_assert_ok(ctx, crossing_list(ctx, previews->world.core.db, &filter, &rows));
    ck_assert_ok(ctx, crossing_count(ctx, previews->world.core.db, &filter, &total));
    const struct crossing *all = rows.items;
    for (size_t i = 0; i < rows.count; i++)
        buffer_printf(&said, "%lld-%lld ", (long long)all[i].score_before,
                      (long long)all[i].score_after);
    buffer_char(&said, '\0');
    ck_assert_str_eq(said.data, scores);
    ck_assert_int_eq(total, (int64_t)rows.count);
}

static void erase(struct previews *previews, int lead, enum erasure_facts facts)
{
    struct lead_erasing erasing = { .lead_id = previews->leads[lead], .facts = facts };
    while (erase_slice(&previews->world, &erasing))
        ;
}

START_TEST(test_crossings_go_with_the_facts)
{
    static struct previews previews;
    previews_make(&previews);
    struct ctx *ctx = &previews.world.core.ctx;
    struct db *db = previews.world.core.db;
    expect_crossings(&previews, &previews.done, CROSSING_UP, "0-50 1-51 2-52 ");
    erase(&previews, 2, FACTS_REMOVED); /* the last names the part */
    expect_crossings(&previews, &previews.done, CROSSING_UP, "0-50 1-51 ");
    expect_crossings(&previews, &previews.done, CROSSING_DOWN, "0-50 1-51 ");
    erase(&previews, 0, FACTS_KEPT);
    expect_crossings(&previews, &previews.done, CROSSING_UP, "0-50 1-51 ");
    world_begin(&previews.world);
    ck_assert_ok(ctx, crossings_keep(ctx, db, &previews.at_work, &previews.part));
    world_end(&previews.world, false);
    expect_crossings(&previews, &previews.at_work, CROSSING_DOWN, "0-50 1-51 ");
    erase(&previews, 0, FACTS_REMOVED);
    expect_crossings(&previews, &previews.done, CROSSING_DOWN, "1-51 ");
    expect_crossings(&previews, &previews.at_work, CROSSING_DOWN, "1-51 ");
    erase(&previews, 1, FACTS_REMOVED);
    expect_crossings(&previews, &previews.done, CROSSING_UP, "");
    ck_assert_int_eq(count(&previews.world, "SELECT count(*) FROM job_crossing"), 0);
    world_begin(&previews.world);
    ck_assert_ok(ctx, crossings_keep(ctx, db, &previews.at_work, &previews.part));
    world_end(&previews.world, false);
    ck_assert_int_eq(count(&previews.world, "SELECT count(*) FROM job_crossing"), 0);
    world_done(&previews.world);
}
END_TEST

TCase *erasures_case(void)
{
    TCase *erasures = tcase_create("erasures");
    tcase_add_loop_test(erasures, test_finished_by_another, 0, ARRAY_SIZE(wanted));
    tcase_add_loop_test(erasures, test_in_turns, 0, ARRAY_SIZE(wanted));
    tcase_add_test(erasures, test_nobody_is_seen_meanwhile);
    tcase_add_test(erasures, test_crossings_go_with_the_facts);
    return erasures;
}
