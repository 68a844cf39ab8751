/* late.c: late activities of leads with much behind them: as far back as a tally reaches, which is
 * not as far where much happened at once, and further; among decisions of people, new rules and
 * what time brings about; and tallies as an older program left them. */
#include "property.h"
#include "world.h"

#include <string.h>

enum { BURST = 150, LATE = 40, APART_MS = 50000, STEPS = 80 };

static const char *const types[] = { "page_view", "email_opened", "webinar_attended",
                                     "demo_requested", "note" };

static void tell(struct world *world, struct random *random, const struct id *lead, int64_t at)
{
    const char *type =
        types[random_below(random, random_one_in(random, 2) ? 1 : ARRAY_SIZE(types))];
    world_begin(world);
    world_record(world, lead, type, at);
    world_end(world, false);
}

static void tell_late(struct world *world, struct random *random, const struct id *lead,
                      int64_t at_most_ms)
{
    for (int i = 0; i < LATE; i++) {
        world->core.ctx.now_ms += random_below(random, MS_PER_DAY / 4);
        bool late = !random_one_in(random, 4);
        tell(world, random, lead,
             late ? world->core.ctx.now_ms - random_below(random, at_most_ms) : NO_INT);
        ck_assert_msg(world_findings(world) == 0, "%s", world->why);
    }
}

static struct id busy_lead(struct world *world, struct random *random, uint64_t seed)
{
    world_make_seeded(world, (enum world_kind)(seed % WORLD_KINDS), seed);
    world_begin(world);
    struct id lead = world_lead(world, "busy@example.com");
    world_end(world, false);
    for (int i = 0; i < BURST; i++) {
        world->core.ctx.now_ms += APART_MS;
        tell(world, random, &lead, NO_INT);
    }
    return lead;
}

START_TEST(test_late_in_a_burst)
{
    static struct world world;
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1) + (uint64_t)_i;
    struct random random = { seed };
    struct id lead = busy_lead(&world, &random, seed);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    tell_late(&world, &random, &lead, 2 * BURST * APART_MS);
    tell_late(&world, &random, &lead, 20 * MS_PER_DAY);
    world_done(&world);
}
END_TEST

/* ---- Among decisions, new rules and what time brings about ---- */

static void decide(struct world *world, struct random *random, const struct id *lead)
{
    struct ctx *ctx = &world->core.ctx;
    const struct stage *stages = world->model.pipeline->stages.items;
    const char *to = stages[random_below(random, 3)].key;
    struct lead moved;
    world_begin(world);
    enum err err = lead_move(ctx, world->core.db, lead, to, "why", CAUSE_USER, NO_INT, &moved);
    ck_assert_msg(!err || err == ERR_CONFLICT, "moving to %s: %d", to, (int)err); /* it is there */
    failure_clear(ctx);
    world_end(world, err != OK);
}

static void visit(struct world *world)
{
    struct due_taken taken;
    world_begin(world);
    ck_assert_ok(&world->core.ctx, leads_take_due(&world->core.ctx, world->core.db, 10, &taken));
    world_end(world, false);
}

/* No job brings the lead under the new rules: its next fact does. */
static void publish(struct world *world, struct random *random)
{
    struct ctx *ctx = &world->core.ctx;
    struct model_rules rules;
    const struct catalog *catalog;
    world_begin(world);
    ck_assert_ok(ctx, catalog_get(ctx, world->core.db, &catalog));
    rules_random(random, ctx->now_ms, &rules);
    struct rule_set made = rules_for_store(ctx, &rules);
    made.version = catalog->rule_set.version + 1;
    ck_assert_ok(ctx, rule_set_insert(ctx, world->core.db, &made));
    ck_assert_ok(ctx, catalog_renew(ctx, world->core.db));
    world_end(world, false);
}

START_TEST(test_late_among_all_else)
{
    static struct world world;
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1) + (uint64_t)_i;
    struct random random = { seed };
    struct ctx *ctx = &world.core.ctx;
    world_make_seeded(&world, _i % 4 == 0 ? WORLD_ODD : WORLD_RANDOM, seed);
    world_begin(&world);
    struct id lead = world_lead(&world, "often@example.com");
    world_end(&world, false);
    int64_t told = ctx->now_ms;
    for (int i = 0; i < STEPS; i++) {
        ctx->now_ms += random_one_in(&random, 3) ? random_below(&random, 4 * MS_PER_DAY) : 1;
        int64_t late = ctx->now_ms - random_below(&random, 6 * MS_PER_DAY);
        if (random_one_in(&random, 4))
            late = told; /* at the very time of another */
        switch (random_below(&random, 8)) {
        case 0: decide(&world, &random, &lead); break;
        case 1: visit(&world); break;
        case 2:
            if (random_one_in(&random, 3))
                publish(&world, &random);
            break;
        case 3:
            told = ctx->now_ms;
            tell(&world, &random, &lead, NO_INT);
            break;
        default: tell(&world, &random, &lead, late); break;
        }
        ck_assert_msg(world_findings(&world) == 0, "seed %llu, step %d: %s",
                      (unsigned long long)seed, i, world.why);
    }
    world_done(&world);
}
END_TEST

/* ---- Older programs ---- */

/* What the migration does of that name. */
static void migrate(struct world *world, const char *name)
{
    for (size_t i = 0; i < migrations_count; i++)
        if (strcmp(migrations[i].name, name) == 0)
            world_tamper(world, migrations[i].text);
}

START_TEST(test_tallies_of_an_older_program)
{
    static struct world world;
    struct random random = { 7 };
    struct id lead = busy_lead(&world, &random, WORLD_DEFAULT);
    world_begin(&world);
    world_tamper(&world, "UPDATE lead_state SET tally = x'0102000103000004'");
    migrate(&world, "tally_reach");
    world_end(&world, false);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    tell(&world, &random, &lead, _i == 0 ? NO_INT : world.core.ctx.now_ms - MS_PER_DAY);
    ck_assert_int_eq(
        core_int(&world.core, world.core.db, "SELECT count(*) FROM lead_state WHERE tally IS NULL"),
        0);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_done(&world);
}
END_TEST

TCase *late_case(void)
{
    TCase *late = tcase_create("late");
    tcase_set_timeout(late, 60);
    tcase_add_loop_test(late, test_late_in_a_burst, 0, 9);
    tcase_add_loop_test(late, test_late_among_all_else, 0, 16);
    tcase_add_loop_test(late, test_tallies_of_an_older_program, 0, 2);
    return late;
}
