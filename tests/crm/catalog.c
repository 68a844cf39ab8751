/* catalog.c: what a connection keeps of pipelines and rules is what its transactions say, those
 * that came to nothing among them. */
#include "property.h"
#include "world.h"

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

TCase *catalog_case(void)
{
    TCase *catalog = tcase_create("catalog");
    tcase_add_test(catalog, test_what_was_rolled_back_is_forgotten);
    return catalog;
}
