/* world.c: a store with its model beside it, and the transactions around operations. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/store/rollups_private.h"

static const char *const zones[WORLD_KINDS] = { "UTC", "America/New_York", "Asia/Tokyo" };

bool differs(struct world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!*world->why)
        vsnprintf(world->why, sizeof world->why, format, args);
    va_end(args);
    return true;
}

/* ---- Transactions ---- */

void world_begin(struct world *world)
{
    ck_assert_ok(&world->core.ctx, db_begin_write(&world->core.ctx, world->core.db));
    db_remember(world->core.db); /* as the writer does */
}

void world_end(struct world *world, bool lost)
{
    struct ctx *ctx = &world->core.ctx;
    failure_clear(ctx);
    if (lost) {
        db_rollback(world->core.db);
    } else {
        ck_assert_ok(ctx, rollups_flush(ctx, world->core.db));
        ck_assert_ok(ctx, db_commit(ctx, world->core.db));
    }
    arena_reset(&world->core.arena);
}

void world_tamper(struct world *world, const char *text)
{
    ck_assert_ok(&world->core.ctx, core_exec(&world->core.ctx, world->core.db, text));
    ck_assert_msg(db_changes(world->core.db) > 0, "nothing to tamper with: %s", text);
}

struct id world_lead(struct world *world, const char *email)
{
    struct lead_input input;
    struct lead_created created;
    table_clear(&lead_create_table, &input);
    input.email = email;
    ck_assert_ok(&world->core.ctx,
                 lead_create(&world->core.ctx, world->core.db, &input, false, &created));
    return created.lead.id;
}

void world_record(struct world *world, const struct id *lead, const char *type, int64_t at)
{
    struct activity_input input;
    struct activity_recorded recorded;
    table_clear(&activity_create_table, &input);
    input.type = type;
    input.occurred_at = at;
    ck_assert_ok(&world->core.ctx,
                 activity_record(&world->core.ctx, world->core.db, lead, &input, &recorded));
}

int64_t world_findings(struct world *world)
{
    struct check_report report;
    ck_assert_ok(&world->core.ctx, db_begin_read(&world->core.ctx, world->reader));
    ck_assert_ok(&world->core.ctx, check_run(&world->core.ctx, world->reader, NULL, &report));
    db_end_read(world->reader);
    for (size_t i = 0; i < report.findings.count; i++)
        differs(world, "check: %s", report.findings.items[i]);
    return report.wrong_leads + report.wrong_cells + report.wrong_keys + report.wrong_values;
}

/* ---- The installation ---- */

#define POINTS_MILLI(points) ((int64_t)((points)*1000))

static const struct score_group odd_groups[] = {
    { "engagement", POINTS_MILLI(-20), POINTS_MILLI(80) },
    { "fit", POINTS_MILLI(-7.5), POINTS_MILLI(31.5) },
    { "habit", POINTS_MILLI(-30), 0 },
};

#define ODD_RULE(position_, key_, name_, group_, points_, cap_, ...)                               \
    {                                                                                              \
        .position = position_, .key = key_, .name = name_, .score_group = group_,                  \
        .points_milli = POINTS_MILLI(points_), .cap_milli = cap_, .cap_times = NO_INT,             \
        .decay_days = NO_INT, .decay_percent = NO_INT, __VA_ARGS__                                 \
    }
#define LEAF(field_, op_) .when = "{\"field\":\"" field_ "\",\"op\":\"" op_ "\"}"
#define LEAF_OF(field_, op_, value_)                                                               \
    .when = "{\"field\":\"" field_ "\",\"op\":\"" op_ "\",\"value\":\"" value_ "\"}"
#define EACH(type_) .each = "{\"activity\":\"" type_ "\"}"

static const struct rule odd_rules[] = {
    ODD_RULE(0, "email", "E-mail", "fit", 4.999, NO_INT, LEAF("email", "present")),
    ODD_RULE(1, "berlin", "Berlin", "fit", 30, NO_INT, LEAF_OF("city", "eq", "berlin")),
    ODD_RULE(2, "student", "Student", "fit", -40, NO_INT,
             LEAF_OF("job_title", "contains", "student")),
    ODD_RULE(3, "partner", "Partner", "fit", 12.25, NO_INT, LEAF_OF("source", "eq", "Partner")),
    ODD_RULE(4, "page_view", "Page", "engagement", 0.333, POINTS_MILLI(2.5), EACH("page_view")),
    ODD_RULE(5, "demo", "Demo", "engagement", 25.5, POINTS_MILLI(60), EACH("demo_requested")),
    ODD_RULE(6, "webinar", "Webinar", "engagement", 13, NO_INT, EACH("webinar_attended")),
    ODD_RULE(7, "bounce", "Bounced", "engagement", -9.1, POINTS_MILLI(20), EACH("email_bounced")),
    ODD_RULE(8, "page_too", "Pages bore", "habit", -1, NO_INT, EACH("page_view")),
};

static const struct criterion odd_criteria[] = {
    { STAGE_MQL, 25, NO_INT, NO_INT, NULL },
    { STAGE_DEMO, 60, NO_INT, NO_INT, NULL },
};

static enum err publish_odd_rules(struct ctx *ctx, struct db *db)
{
    struct rule_set odd = { .id = id_new(ctx),
                            .version = 2,
                            .name = "Odd",
                            .min_milli = POINTS_MILLI(-15),
                            .max_milli = POINTS_MILLI(90),
                            .published_at = ctx->now_ms,
                            .groups = { (void *)odd_groups, ARRAY_SIZE(odd_groups) },
                            .rules = { (void *)odd_rules, ARRAY_SIZE(odd_rules) },
                            .criteria = { (void *)odd_criteria, ARRAY_SIZE(odd_criteria) } };
    enum err err = rule_set_insert(ctx, db, &odd);
    return err ? err : catalog_renew(ctx, db);
}

static enum err publish_random_rules(struct world *world, uint64_t seed)
{
    struct ctx *ctx = &world->core.ctx;
    struct random random = { seed * 7919 };
    rules_random(&random, ctx->now_ms, &world->model.rules);
    struct rule_set rules = rules_for_store(ctx, &world->model.rules);
    enum err err = rule_set_insert(ctx, world->core.db, &rules);
    return err ? err : catalog_renew(ctx, world->core.db);
}

static void people_and_campaigns(struct world *world)
{
    struct ctx *ctx = &world->core.ctx;
    char text[32];
    for (int i = 0; i < PEOPLE; i++) {
        struct user user;
        snprintf(text, sizeof text, "user%d@example.com", i);
        struct user_input input = { .email = text, .name = text };
        ck_assert_ok(ctx, user_create(ctx, world->core.db, &input, &user));
        world->model.people[i] = user.id;
    }
    for (int i = 0; i < CAMPAIGNS; i++) {
        struct campaign campaign;
        struct campaign_input input;
        snprintf(text, sizeof text, "Campaign %d", i);
        table_clear(&campaign_create_table, &input);
        input.name = text;
        ck_assert_ok(ctx, campaign_create(ctx, world->core.db, &input, &campaign));
        world->model.campaigns[i] = campaign.id;
    }
}

/* The model keeps the installation's data for itself. */
static void show_model(struct world *world, enum world_kind kind)
{
    struct ctx ctx = world->core.ctx;
    ctx.arena = &world->catalog_arena;
    struct rows pipelines;
    struct rule_set *rules = ctx_alloc(&ctx, sizeof *rules);
    ck_assert_ptr_nonnull(rules);
    ck_assert_ok(&ctx, pipelines_load(&ctx, world->core.db, &pipelines));
    ck_assert_ok(&ctx, rule_set_latest(&ctx, world->core.db, rules));
    world->model.pipeline = pipelines.items;
    if (kind != WORLD_RANDOM)
        rules_from_store(rules, &world->model.rules);
}

void world_make_seeded(struct world *world, enum world_kind kind, uint64_t seed)
{
    *world = (struct world){ .kind = kind };
    struct core *core = &world->core;
    core_make(core);
    core->ctx.now_ms = WORLD_START;
    core->ctx.principal.name = "test";
    ck_assert(clock_set_zone(zones[kind]));
    ck_assert_ok(&core->ctx, store_open(&core->ctx, core->path, &core->store));
    core->db = store_writer(core->store);
    struct config config = { .time_zone = zones[kind], .currency = "EUR" };
    const char *admin_key;
    world_begin(world);
    ck_assert_ok(&core->ctx, installation_prepare(&core->ctx, core->db, &config, &admin_key));
    if (kind == WORLD_ODD)
        ck_assert_ok(&core->ctx, publish_odd_rules(&core->ctx, core->db));
    if (kind == WORLD_RANDOM)
        ck_assert_ok(&core->ctx, publish_random_rules(world, seed));
    people_and_campaigns(world);
    world_end(world, false);
    ck_assert_ok(&core->ctx, store_reader(&core->ctx, core->store, &world->reader));
    show_model(world, kind);
}

void world_make(struct world *world, enum world_kind kind)
{
    world_make_seeded(world, kind, 0);
}

void world_done(struct world *world)
{
    model_free(&world->model);
    db_close(world->reader);
    arena_free(&world->catalog_arena);
    core_done(&world->core);
    ck_assert(clock_set_zone("UTC"));
}
