/* late.c: late activities of leads with much behind them: as far back as a tally reaches, which is
 * not as far where much happened at once, and further; and tallies as an older program left
 * them. */
#include "property.h"
#include "world.h"

#include <string.h>

enum { BURST = 150, LATE = 40, APART_MS = 50000 };

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
    tcase_add_loop_test(late, test_tallies_of_an_older_program, 0, 2);
    return late;
}
