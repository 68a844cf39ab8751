/* catalog.c: what a connection keeps of pipelines and rules is what its transactions say, those
 * that came to nothing among them. */
#include "property.h"
#include "world.h"

#include <funneld/reports.h>

static const char *rules_in_force(struct world *world, struct db *db)
{
    const struct catalog *catalog;
    ck_assert_ok(&world->core.ctx, catalog_get(&world->core.ctx, db, &catalog));
    return catalog->rule_set.name;
}

static void publish(struct world *world, const char *name)
{
    struct ctx *ctx = &world->core.ctx;
    struct rule_set rule_set = {
        .id = id_new(ctx), .version = 2, .name = name, .published_at = ctx->now_ms
    };
    ck_assert_ok(ctx, rule_set_insert(ctx, world->core.db, &rule_set));
    ck_assert_ok(ctx, catalog_renew(ctx, world->core.db));
}

START_TEST(test_what_was_rolled_back_is_forgotten)
{
    struct world world;
    struct savepoint savepoint;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    struct db *db = world.core.db;
    world_begin(&world);
    ck_assert_ok(ctx, db_savepoint(ctx, db, &savepoint));
    publish(&world, "Abandoned");
    ck_assert_str_eq(rules_in_force(&world, db), "Abandoned");
    db_rollback_to(db, &savepoint);
    ck_assert_str_eq(rules_in_force(&world, db), "Default");
    ck_assert_ok(ctx, db_savepoint(ctx, db, &savepoint));
    publish(&world, "Abandoned again");
    ck_assert_str_eq(rules_in_force(&world, db), "Abandoned again");
    db_rollback_to(db, &savepoint);
    publish(&world, "Kept");
    ck_assert_str_eq(rules_in_force(&world, db), "Kept");
    ck_assert_ok(ctx, db_begin_read(ctx, world.reader));
    ck_assert_str_eq(rules_in_force(&world, world.reader), "Default");
    db_end_read(world.reader);
    world_end(&world, false);
    ck_assert_ok(ctx, db_begin_read(ctx, world.reader));
    ck_assert_str_eq(rules_in_force(&world, world.reader), "Kept");
    db_end_read(world.reader);
    world_done(&world);
}
END_TEST

/* A data file of before conditions says the same after the migration. */
START_TEST(test_old_rules_become_conditions)
{
    static const char *const inserts[] = {
        "INSERT INTO rule_set VALUES (x'00112233445566778899aabbccddeeff', 1, 'Old', 0, 100000, 1)",
        "INSERT INTO rule VALUES (1, 0, 'a', 'A', 'fit', 5000, NULL, NULL, 'email', 0, NULL)",
        "INSERT INTO rule VALUES (1, 1, 'b', 'B', 'fit', 10, NULL, NULL, 'city', 1, 'a\"b\\c')",
        "INSERT INTO rule VALUES (1, 2, 'c', 'C', 'fit', 10, NULL, NULL, 'job_title', 2, 'head')",
        "INSERT INTO rule VALUES (1, 3, 'd', 'D', 'engagement', 1, 9, 'page_view', NULL, NULL, "
        "NULL)",
        "INSERT INTO criterion VALUES (1, 1, 50)",
    };
    struct core core;
    struct rule_set rules;
    core_make(&core);
    struct catalogue old = core_with(migrations, 3);
    ck_assert_ok(&core.ctx, store_open_with(&core.ctx, core.path, &old, &core.store));
    core.db = store_writer(core.store);
    for (size_t i = 0; i < ARRAY_SIZE(inserts); i++)
        ck_assert_ok(&core.ctx, core_exec(&core.ctx, core.db, inserts[i]));
    core_close(&core);
    ck_assert_ok(&core.ctx, store_open(&core.ctx, core.path, &core.store));
    core.db = store_writer(core.store);
    ck_assert_ok(&core.ctx, rule_set_latest(&core.ctx, core.db, &rules));
    ck_assert_uint_eq(rules.rules.count, 4);
    const struct rule *rule = rules.rules.items;
    ck_assert_str_eq(rule[0].when, "{\"field\":\"email\",\"op\":\"present\"}");
    ck_assert_str_eq(rule[1].when, "{\"field\":\"city\",\"op\":\"eq\",\"value\":\"a\\\"b\\\\c\"}");
    ck_assert_str_eq(rule[2].when,
                     "{\"field\":\"job_title\",\"op\":\"contains\",\"value\":\"head\"}");
    ck_assert_ptr_null(rule[2].each);
    ck_assert_str_eq(rule[3].each, "{\"activity\":\"page_view\"}");
    ck_assert_ptr_null(rule[3].when);
    ck_assert_int_eq(rule[3].decay, DECAY_NONE);
    const struct criterion *criterion = rules.criteria.items;
    ck_assert_int_eq(criterion->exit_below, NO_INT);
    core_done(&core);
}
END_TEST

/* ---- What takes several transactions ---- */

struct onlooker {
    struct world *world;
    bool publishes; /* other rules, as soon as it has begun */
    const struct preview_report *report;
};

static enum err onlooker_tell(struct ctx *ctx, void *self, const struct preview_progress *progress)
{
    (void)ctx;
    struct onlooker *onlooker = self;
    onlooker->report = progress->whole;
    if (onlooker->publishes) {
        onlooker->publishes = false;
        world_begin(onlooker->world);
        publish(onlooker->world, "Without any rules");
        world_end(onlooker->world, false);
    }
    return OK;
}

static enum err onlooker_keep(struct ctx *ctx, void *self, const struct crossing_part *part)
{
    (void)ctx, (void)self, (void)part;
    return OK;
}

/* A lead that was won, with a custom field that was blank once: looking back at it takes the
 * catalog. */
static void make_won_lead(struct world *world)
{
    struct ctx *ctx = &world->core.ctx;
    struct custom_field_input field_input;
    struct custom_field field;
    struct custom_value seats = { .name = "seats", .type = CUSTOM_NUMBER, .number = 5000000 };
    struct lead_input input;
    struct lead_created created;
    struct lead lead;
    world_begin(world);
    table_clear(&custom_field_create_table, &field_input);
    field_input.key = field_input.name = "seats";
    field_input.type = CUSTOM_NUMBER;
    ck_assert_ok(ctx, custom_field_create(ctx, world->core.db, &field_input, &field));
    table_clear(&lead_create_table, &input);
    input.email = "ann@example.com";
    ck_assert_ok(ctx, lead_create(ctx, world->core.db, &input, false, &created));
    ctx->now_ms += 1000;
    input.fields = (struct custom_values){ &seats, 1 };
    ck_assert_ok(ctx, lead_create(ctx, world->core.db, &input, true, &created));
    ctx->now_ms += 1000;
    ck_assert_ok(ctx, lead_close(ctx, world->core.db, &created.lead.id, LEAD_WON, NULL, NO_INT,
                                 NO_INT, &lead));
    world_end(world, false);
}

START_TEST(test_preview_keeps_to_the_rules_that_it_began_with)
{
    struct world world;
    struct rule_set rules;
    struct arena arena = { 0 };
    world_make(&world, WORLD_DEFAULT);
    make_won_lead(&world);
    struct ctx ctx = world.core.ctx;
    ctx.arena = &arena; /* the world's is emptied with each of its transactions */
    ck_assert_ok(&ctx, rule_set_latest(&ctx, world.core.db, &rules));
    struct onlooker onlooker = { .world = &world, .publishes = true };
    const struct preview_listener listener = { onlooker_tell, onlooker_keep, &onlooker };
    ck_assert_ok(&ctx, preview_run(&ctx, world.reader, &rules.id, &listener));
    ck_assert(!onlooker.publishes);
    const struct preview_report *report = onlooker.report;
    ck_assert_ptr_nonnull(report);
    ck_assert_int_eq(report->leads, 1);
    ck_assert_int_eq(report->before.won, 1);
    ck_assert_uint_gt(rules.criteria.count, 0);
    ck_assert_uint_eq(report->before.criteria.count, rules.criteria.count);
    ck_assert_ok(&ctx, db_begin_read(&ctx, world.reader));
    ck_assert_str_eq(rules_in_force(&world, world.reader), "Without any rules");
    db_end_read(world.reader);
    arena_free(&arena);
    world_done(&world);
}
END_TEST

TCase *catalog_case(void)
{
    TCase *catalog = tcase_create("catalog");
    tcase_add_test(catalog, test_what_was_rolled_back_is_forgotten);
    tcase_add_test(catalog, test_preview_keeps_to_the_rules_that_it_began_with);
    tcase_add_test(catalog, test_old_rules_become_conditions);
    return catalog;
}
