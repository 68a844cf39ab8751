/* erasures.c: one lead is erased by several at once, slice by slice in turns: two clients, or a
 * client and the upkeep that takes up what is unfinished. */
#include "property.h"
#include "world.h"

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

TCase *erasures_case(void)
{
    TCase *erasures = tcase_create("erasures");
    tcase_add_loop_test(erasures, test_finished_by_another, 0, ARRAY_SIZE(wanted));
    tcase_add_loop_test(erasures, test_in_turns, 0, ARRAY_SIZE(wanted));
    return erasures;
}
