/* cost.c: what a late activity costs on a lead with ten thousand of them. */
#include "property.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BETWEEN_MS INT64_C(200000) /* of those of a busy lead */

enum { ACTIVITIES = 10000, PER_COMMIT = 250, LATE = 31, BOUND_US = 50000 };

static int64_t cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static struct id busy_lead(struct world *world)
{
    static const char *const types[] = { "page_view", "email_opened", "email_clicked",
                                         "webinar_attended", "webchat" };
    world_begin(world);
    struct id lead = world_lead(world, "busy@example.com");
    for (int i = 0; i < ACTIVITIES; i++) {
        if (i % PER_COMMIT == 0) {
            world_end(world, false);
            world_begin(world);
        }
        world->core.ctx.now_ms += 60000;
        world_record(world, &lead, types[i % 5], NO_INT);
    }
    world_end(world, false);
    return lead;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

START_TEST(test_late_activity_is_cheap)
{
    struct world world;
    int64_t times[LATE];
    world_make(&world, WORLD_DEFAULT);
    struct id lead = busy_lead(&world);
    for (int i = 0; i < LATE; i++) {
        world_begin(&world);
        int64_t start = cpu_us();
        world_record(&world, &lead, "page_view", WORLD_START + 30000 + i);
        times[i] = cpu_us() - start;
        world_end(&world, false);
    }
    qsort(times, LATE, sizeof *times, compare_times);
    printf("a late activity on a lead with %d: median %.2f ms, worst %.2f ms of CPU\n", ACTIVITIES,
           (double)times[LATE / 2] / 1000, (double)times[LATE - 1] / 1000);
    fflush(stdout);
    /* The promise is 5 ms; a busy machine or a sanitizer shall not fail the test. */
    ck_assert_int_lt(times[LATE / 2], BOUND_US);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_done(&world);
}
END_TEST

/* ---- What rules cost an activity on time ---- */

enum { MANY_RULES = 30, EARLIER = 50, ON_TIME = 400, LEADS = 40 };

static const char *const active_types[] = { "page_view", "email_opened", "email_clicked",
                                            "webinar_attended", "demo_requested" };

/* Every one of them has something to say about the lead: decays of each kind, windows, caps. */
static void publish_many(struct world *world, int count)
{
    static struct model_rules rules;
    rules =
        (struct model_rules){ .published_at = world->core.ctx.now_ms,
                              .max_milli = 100000,
                              .group_count = 2,
                              .groups = { { "engagement", -20000, 80000 }, { "fit", 0, 40000 } },
                              .rule_count = count,
                              .criterion_count = 1 };
    rules.criteria[0] = (struct model_criterion){ STAGE_MQL, 90, 40, 72, { 0 } };
    for (int i = 0; i < count; i++) {
        struct model_rule *rule = &rules.rules[i];
        *rule = (struct model_rule){ .group = i % 2,
                                     .points_milli = i % 7 == 6 ? -300 - i : 150 + 40 * i,
                                     .cap_milli = i % 3 == 0 ? 9000 : NO_INT,
                                     .cap_times = i % 5 == 0 ? 20 : NO_INT,
                                     .decay = (enum decay)(i % 4),
                                     .days = i % 4 == 0 ? NO_INT : 14 + i,
                                     .percent = i % 4 == DECAY_LINEAR ? 25 : NO_INT };
        snprintf(rule->each, sizeof rule->each, "%s", active_types[i % 5]);
        if (i % 4 == 3)
            rule->when = (struct model_when){ WHEN_ALL,
                                              1,
                                              { { .activity = active_types[(i + 1) % 5],
                                                  .at_least = 2,
                                                  .at_most = NO_INT,
                                                  .within_days = 30 } } };
    }
    struct rule_set made = rules_for_store(&world->core.ctx, &rules);
    ck_assert_ok(&world->core.ctx, rule_set_insert(&world->core.ctx, world->core.db, &made));
    ck_assert_ok(&world->core.ctx, catalog_renew(&world->core.ctx, world->core.db));
}

/* The median CPU time of an activity on time, on leads with so many before it. */
static double on_time_us(int rules, int earlier)
{
    static struct world world;
    static int64_t times[ON_TIME];
    struct id leads[LEADS];
    world_make(&world, WORLD_DEFAULT);
    world_begin(&world);
    publish_many(&world, rules);
    for (int i = 0; i < LEADS; i++) {
        char email[32];
        snprintf(email, sizeof email, "lead%d@example.com", i);
        leads[i] = world_lead(&world, email);
    }
    for (int i = 0; i < earlier * LEADS; i++) {
        world.core.ctx.now_ms += 12345678 / LEADS;
        world_record(&world, &leads[i % LEADS], active_types[(i / LEADS) % 5], NO_INT);
    }
    world_end(&world, false);
    for (int i = 0; i < ON_TIME; i++) {
        world_begin(&world);
        world.core.ctx.now_ms += 60000;
        int64_t start = cpu_us();
        for (int j = 0; j < 8; j++)
            world_record(&world, &leads[(i * 8 + j) % LEADS], active_types[i % 5], NO_INT);
        times[i] = cpu_us() - start;
        world_end(&world, false);
    }
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_done(&world);
    qsort(times, ON_TIME, sizeof *times, compare_times);
    return (double)times[ON_TIME / 2] / 8;
}

/* Straight into the log, as recording them one by one would take long. No tally knows. */
static void fill_log(struct world *world, const struct id *lead, int count)
{
    struct ctx *ctx = &world->core.ctx;
    for (int i = 0; i < count; i++) {
        struct activity activity = { .id = id_new(ctx),
                                     .lead_id = *lead,
                                     .type = active_types[i % 5],
                                     .occurred_at = ctx->now_ms + i * BETWEEN_MS,
                                     .recorded_at = ctx->now_ms + i * BETWEEN_MS,
                                     .source_system = "test",
                                     .engagement = ENGAGEMENT_VERIFIED };
        ck_assert_ok(ctx, activity_insert(ctx, world->core.db, &activity));
    }
    ctx->now_ms += count * BETWEEN_MS;
    ck_assert_ok(ctx, core_exec(ctx, world->core.db, "UPDATE lead_state SET tally = NULL"));
}

/* Each of them at such a time, NO_INT: now. */
static void cost_with_rules(struct world *world, const struct id *lead, const char *what,
                            int64_t (*some_time)(int number))
{
    int64_t times[LATE];
    for (int i = 0; i < LATE; i++) {
        world->core.ctx.now_ms += 60000;
        world_begin(world);
        int64_t start = cpu_us();
        world_record(world, lead, active_types[i % 5], some_time(i));
        times[i] = cpu_us() - start;
        world_end(world, false);
    }
    qsort(times, LATE, sizeof *times, compare_times);
    printf("%s on a lead with %d and %d rules: median %.2f ms, worst %.2f ms of CPU\n", what,
           ACTIVITIES, MANY_RULES, (double)times[LATE / 2] / 1000, (double)times[LATE - 1] / 1000);
    fflush(stdout);
    ck_assert_int_lt(times[LATE / 2], BOUND_US);
    ck_assert_msg(world_findings(world) == 0, "%s", world->why);
}

static int64_t on_time(int number)
{
    (void)number;
    return NO_INT;
}

static int64_t anywhere(int number)
{
    return WORLD_START + 1 + number * (ACTIVITIES / LATE) * BETWEEN_MS;
}

/* _i 0: the rules are as old as the lead; 1: they are new. */
START_TEST(test_rules_on_a_busy_lead_are_cheap)
{
    static struct world world;
    world_make(&world, WORLD_DEFAULT);
    world_begin(&world);
    if (_i == 0)
        publish_many(&world, MANY_RULES);
    struct id lead = world_lead(&world, "busy@example.com");
    fill_log(&world, &lead, ACTIVITIES);
    if (_i == 1)
        publish_many(&world, MANY_RULES);
    world_record(&world, &lead, "page_view", WORLD_START - 1); /* before all: asks the log */
    world_end(&world, false);
    cost_with_rules(&world, &lead, "an activity", on_time);
    cost_with_rules(&world, &lead, "a late activity", anywhere);
    world_done(&world);
}
END_TEST

START_TEST(test_rules_are_cheap)
{
    double without = on_time_us(0, 0), with = on_time_us(MANY_RULES, EARLIER);
    printf("an activity on time: %.1f us of CPU with no rule and no history, %.1f us with %d rules "
           "and %d earlier activities: %.2f times\n",
           without, with, MANY_RULES, EARLIER, with / without);
    fflush(stdout);
    ck_assert(with < 1000); /* a sanitizer shall not fail the test */
}
END_TEST

/* ---- Rules that cancel each other out ---- */

enum { LIVE = 1000, FEW_LIVE = 50, VISITS_MAX = 64, DWELL_HOURS = 24 };

/* What each gives the other takes, all the time, at steps of a day of each match. That the
 * score never rises to the exit of a stage takes a close look to see. */
static void publish_cancelling(struct world *world)
{
    static struct model_rules rules;
    rules = (struct model_rules){ .published_at = world->core.ctx.now_ms,
                                  .max_milli = 100000,
                                  .group_count = 1,
                                  .groups = { { "engagement", -900000, 900000 } },
                                  .rule_count = 2,
                                  .criterion_count = 1 };
    rules.criteria[0] = (struct model_criterion){ STAGE_MQL, 10, 3, DWELL_HOURS, { 0 } };
    for (int i = 0; i < 2; i++) {
        rules.rules[i] = (struct model_rule){ .points_milli = i == 0 ? 5000 : -5000,
                                              .cap_milli = NO_INT,
                                              .cap_times = NO_INT,
                                              .decay = DECAY_HALF_LIFE,
                                              .days = 30,
                                              .percent = NO_INT };
        snprintf(rules.rules[i].each, sizeof rules.rules[i].each, "page_view");
    }
    struct rule_set made = rules_for_store(&world->core.ctx, &rules);
    ck_assert_ok(&world->core.ctx, rule_set_insert(&world->core.ctx, world->core.db, &made));
    ck_assert_ok(&world->core.ctx, catalog_renew(&world->core.ctx, world->core.db));
}

static int64_t due_of(struct world *world, const struct id *id)
{
    struct lead lead;
    ck_assert_ok(&world->core.ctx, lead_load(&world->core.ctx, world->core.db, id, &lead));
    ck_assert_int_eq(lead.score, 0);
    return lead.score_due_at;
}

/* Nothing ever happens, and nobody can see that from afar: visits are in vain, but few, and none
 * costs much. */
START_TEST(test_rules_that_cancel_are_cheap)
{
    static struct world world;
    int64_t times[LATE];
    struct due_taken taken;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    world_begin(&world);
    publish_cancelling(&world);
    struct id lead = world_lead(&world, "busy@example.com");
    for (int i = 0; i < LIVE; i++) {
        ctx->now_ms += INT64_C(2345678);
        world_record(&world, &lead, "page_view", NO_INT);
    }
    world_end(&world, false);
    for (int i = 0; i < LATE; i++) {
        ctx->now_ms += 60000;
        world_begin(&world);
        int64_t start = cpu_us();
        world_record(&world, &lead, "page_view", NO_INT);
        times[i] = cpu_us() - start;
        world_end(&world, false);
    }
    qsort(times, LATE, sizeof *times, compare_times);
    int64_t from = ctx->now_ms, us = 0;
    int visits = 0;
    for (; visits < VISITS_MAX && due_of(&world, &lead) != NO_INT; visits++) {
        ctx->now_ms = due_of(&world, &lead);
        world_begin(&world);
        int64_t start = cpu_us();
        ck_assert_ok(ctx, leads_take_due(ctx, world.core.db, 1, &taken));
        us += cpu_us() - start;
        world_end(&world, false);
        if (visits % 8 == 0)
            ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    }
    printf(
        "an activity on a lead with %d under rules that cancel each other: median %.2f ms, worst "
        "%.2f ms of CPU; %d visits in %.2f days, %.2f ms each\n",
        LIVE, (double)times[LATE / 2] / 1000, (double)times[LATE - 1] / 1000, visits,
        (double)(ctx->now_ms - from) / (double)MS_PER_DAY, (double)us / 1000 / visits);
    fflush(stdout);
    ck_assert_int_lt(times[LATE / 2], BOUND_US);
    ck_assert_int_gt(ctx->now_ms - from, MS_PER_DAY);
    world_done(&world);
}
END_TEST

/* A search that is given up says nothing of what follows: whoever waits below the exit of a stage
 * leaves it when the dwell time is over, and nobody waits for that. */
START_TEST(test_rules_that_cancel_let_leads_go)
{
    static struct world world;
    struct due_taken taken;
    struct lead lead;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    world_begin(&world);
    publish_cancelling(&world);
    struct id id = world_lead(&world, "waits@example.com");
    for (int i = 0; i < FEW_LIVE; i++) {
        ctx->now_ms += INT64_C(2345678);
        world_record(&world, &id, "page_view", NO_INT);
    }
    ck_assert_ok(ctx, lead_move(ctx, world.core.db, &id, "mql", NULL, CAUSE_USER, NO_INT, &lead));
    world_end(&world, false);
    int64_t leaves_at = ctx->now_ms + DWELL_HOURS * INT64_C(3600000);
    ck_assert_int_eq(due_of(&world, &id), leaves_at);
    ctx->now_ms = leaves_at;
    world_begin(&world);
    ck_assert_ok(ctx, leads_take_due(ctx, world.core.db, 1, &taken));
    ck_assert_ok(ctx, lead_load(ctx, world.core.db, &id, &lead));
    world_end(&world, false);
    ck_assert_str_eq(lead.stage, "target");
    ck_assert_int_eq(lead.stage_entered_at, leaves_at);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_done(&world);
}
END_TEST

TCase *cost_case(void)
{
    TCase *cost = tcase_create("cost");
    tcase_set_timeout(cost, 60);
    tcase_add_test(cost, test_late_activity_is_cheap);
    tcase_add_test(cost, test_rules_are_cheap);
    tcase_add_loop_test(cost, test_rules_on_a_busy_lead_are_cheap, 0, 2);
    tcase_add_test(cost, test_rules_that_cancel_are_cheap);
    tcase_add_test(cost, test_rules_that_cancel_let_leads_go);
    return cost;
}
