/* ledger.c: a score told line by line comes to the score, and what is behind a line to the line,
 * whatever the rules are. */
#include "property.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { ROUND_OPS = 250, DRAFTS = 12, RULES = 12, GROUPS = 3 };

static const char *const group_keys[GROUPS] = { "a", "b", "c" };
static const char *const types[] = { "page_view", "demo_requested", "webinar_attended",
                                     "email_bounced" };
static const char *const whens[] = {
    NULL,
    "{\"field\":\"email\",\"op\":\"present\"}",
    "{\"not\":{\"field\":\"city\",\"op\":\"eq\",\"value\":\"berlin\"}}",
    "{\"activity\":\"page_view\",\"count\":{\"gte\":2},\"within_days\":20}",
};

static void random_rule(struct world *world, struct random *random, int64_t position,
                        struct rule *ret)
{
    struct ctx *ctx = &world->core.ctx;
    const char *each = types[random_below(random, ARRAY_SIZE(types))];
    bool has_each = random_below(random, 4) > 0;
    *ret = (struct rule){
        .position = position,
        .key = arena_printf(ctx->arena, "r%d", (int)position),
        .name = "Rule",
        .score_group = group_keys[random_below(random, GROUPS)],
        .points_milli = random_below(random, 40001) - 12000,
        .when = whens[random_below(random, ARRAY_SIZE(whens))],
        .each = has_each ? arena_printf(ctx->arena, "{\"activity\":\"%s\"}", each) : NULL,
        .cap_milli = NO_INT,
        .cap_times = NO_INT,
        .decay = has_each ? (enum decay)random_below(random, 4) : DECAY_NONE,
        .decay_days = NO_INT,
        .decay_percent = NO_INT,
    };
    if (random_one_in(random, 3))
        ret->cap_milli = 1 + random_below(random, 30000);
    else if (has_each && random_one_in(random, 3))
        ret->cap_times = 1 + random_below(random, 4);
    if (ret->decay != DECAY_NONE)
        ret->decay_days = 1 + random_below(random, 40);
    if (ret->decay == DECAY_LINEAR)
        ret->decay_percent = 1 + random_below(random, 60);
    ck_assert_ok(ctx, rule_decay(ctx, ret));
}

static struct id random_draft(struct world *world, struct random *random)
{
    struct ctx *ctx = &world->core.ctx;
    struct rule rules[RULES];
    struct score_group groups[GROUPS];
    for (int i = 0; i < RULES; i++)
        random_rule(world, random, i, &rules[i]);
    for (int i = 0; i < GROUPS; i++)
        groups[i] = (struct score_group){ group_keys[i], -random_below(random, 20000),
                                          random_below(random, 60000) };
    struct rule_set draft = { .id = id_new(ctx),
                              .version = NO_INT,
                              .name = "Draft",
                              .min_milli = -random_below(random, 15000),
                              .max_milli = 20000 + random_below(random, 60000),
                              .published_at = NO_INT,
                              .retired_at = NO_INT,
                              .groups = { groups, GROUPS },
                              .rules = { rules, RULES } };
    ck_assert_ok(ctx, rule_set_insert(ctx, world->core.db, &draft));
    return draft.id;
}

static int64_t kept_of(struct world *world, const struct id *lead_id,
                       const struct score_query *query, const char *rule)
{
    struct rows rows;
    int64_t sum = 0;
    ck_assert_ok(&world->core.ctx,
                 score_evidence(&world->core.ctx, world->core.db, lead_id, query, rule, &rows));
    const struct evidence *all = rows.items;
    for (size_t i = 0; i < rows.count; i++)
        sum += all[i].kept_milli;
    return sum;
}

/* Lines of one rule stand one behind the other. */
static void expect_evidence(struct world *world, const struct id *lead_id,
                            const struct score_query *query, const struct ledger *ledger)
{
    const struct ledger_line *lines = ledger->lines.items;
    for (size_t i = 0; i < ledger->lines.count; i++) {
        if (lines[i].kind != LEDGER_RULE)
            continue;
        int64_t sum = lines[i].points_milli;
        if (i + 1 < ledger->lines.count && lines[i + 1].kind == LEDGER_RULE_CAP)
            sum += lines[i + 1].points_milli;
        struct rows rows;
        ck_assert_ok(&world->core.ctx, score_evidence(&world->core.ctx, world->core.db, lead_id,
                                                      query, lines[i].rule, &rows));
        if (rows.count > 0)
            ck_assert_int_eq(kept_of(world, lead_id, query, lines[i].rule), sum);
    }
}

static int64_t expect_sum(struct world *world, const struct id *lead_id,
                          const struct score_query *query)
{
    struct ledger ledger;
    int64_t sum = 0;
    ck_assert_ok(&world->core.ctx,
                 score_ledger(&world->core.ctx, world->core.db, lead_id, query, &ledger));
    const struct ledger_line *lines = ledger.lines.items;
    for (size_t i = 0; i < ledger.lines.count; i++)
        sum += lines[i].points_milli;
    ck_assert_int_eq(sum, ledger.score * 1000);
    expect_evidence(world, lead_id, query, &ledger);
    return ledger.score;
}

static void look_at(struct world *world, struct random *random, const struct id *drafts,
                    const struct model_lead *lead)
{
    struct lead kept;
    char text[ID_TEXT_SIZE];
    struct ctx *ctx = &world->core.ctx;
    enum err err = lead_read(ctx, world->core.db, &lead->id, &kept);
    failure_clear(ctx);
    if (err) /* it is nobody's any more */
        return;
    ck_assert_int_eq(expect_sum(world, &lead->id, &(struct score_query){ .at = NO_INT }),
                     kept.score);
    id_format(&drafts[random_below(random, DRAFTS)], text);
    int64_t at = kept.created_at + random_below(random, ctx->now_ms - kept.created_at + 1);
    expect_sum(world, &lead->id, &(struct score_query){ .at = at });
    expect_sum(world, &lead->id, &(struct score_query){ .at = at, .rule_set = text });
    expect_sum(world, &lead->id, &(struct score_query){ .at = NO_INT, .rule_set = text });
}

static void run_round(uint64_t seed)
{
    struct world world;
    struct random random = { seed };
    struct id drafts[DRAFTS];
    world_make(&world, seed % WORLD_KINDS);
    for (int i = 0; i < ROUND_OPS; i++) {
        struct op op;
        world_begin(&world);
        op_make(&world, seed, i, &op);
        ck_assert_msg(op_run(&world, &op, false), "%s", world.why);
        world_end(&world, false);
    }
    world_begin(&world);
    for (int i = 0; i < DRAFTS; i++)
        drafts[i] = random_draft(&world, &random);
    world_end(&world, false);
    for (size_t i = 0; i < (size_t)world.model.leads.count; i++) {
        look_at(&world, &random, drafts, &world.model.leads.items[i]);
        arena_reset(&world.core.arena);
    }
    world_done(&world);
}

START_TEST(test_lines_come_to_the_score)
{
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1);
    int64_t rounds = test_number("FUNNELD_TEST_ITERATIONS", 6);
    for (int64_t round = 0; round < rounds; round++)
        run_round(seed + (uint64_t)round);
}
END_TEST

TCase *ledger_case(void)
{
    TCase *ledger = tcase_create("ledger");
    tcase_set_timeout(ledger, 300);
    tcase_add_test(ledger, test_lines_come_to_the_score);
    return ledger;
}
