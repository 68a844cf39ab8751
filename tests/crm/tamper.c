/* tamper.c: check_run() finds what was changed behind everybody's back, and does not cry wolf. */
#include "property.h"
#include "world.h"

enum { OPS_BEFORE = 160 };

/* Each is undone by the rollback of its own world: one world per row. */
static const char *const tampers[] = {
    "UPDATE rollup SET reached = reached + 1 WHERE basis = 0 AND dimension = 0 AND item = 1 "
    "AND day = (SELECT max(day) FROM rollup WHERE basis = 0 AND item = 1)",
    "UPDATE rollup SET within_30 = within_30 - 1 WHERE basis = 0 AND dimension = 1 AND item = 1",
    "UPDATE rollup SET value_minor = value_minor + 1 WHERE basis = 2 AND dimension = 3",
    "DELETE FROM rollup WHERE basis = 1 AND entered > 0 AND dimension = 0",
    "INSERT INTO rollup SELECT basis, dimension, rollups_id, day + 9999, member, item, entered, "
    "reached, value_minor, within_1, within_3, within_7, within_14, within_30, within_60, "
    "within_90, within_180 FROM rollup WHERE reached > 0 LIMIT 1",
    "UPDATE lead_state SET score = score + 1",
    "UPDATE lead_state SET stage_id = stage_id % 6 + 1",
    "UPDATE lead_state SET status = (status + 1) % 4",
    "UPDATE lead_state SET cycle = cycle + 1",
    "UPDATE lead_state SET stage_entered_at = stage_entered_at - 1",
    "UPDATE lead_state SET tally = zeroblob(length(tally)) WHERE score > 0",
    "UPDATE lead_state SET last_fact_at = last_fact_at - 1",
    "UPDATE lead_state SET automatic_at = automatic_at + 1 WHERE automatic_at IS NOT NULL",
    "UPDATE stage_event SET score = score + 1 WHERE cause = 0 AND occurred_at = "
    "(SELECT automatic_at FROM lead_state s WHERE s.lead_id = stage_event.lead_id)",
    "UPDATE stage_event SET occurred_at = occurred_at - 1 WHERE cause = 0 AND occurred_at = "
    "(SELECT automatic_at FROM lead_state s WHERE s.lead_id = stage_event.lead_id)",
    "UPDATE stage_event SET voided_at = 1 WHERE cause IN (1, 2) AND voided_at IS NULL "
    "AND to_stage_id <> from_stage_id",
    "UPDATE stage_event SET from_stage_id = from_stage_id % 6 + 1, cycle = cycle + 1 "
    "WHERE voided_at IS NULL AND cause <> 6",
    "DELETE FROM activity WHERE type = 'demo_requested'",
    "UPDATE lead SET job_title = 'Chief', email = NULL, phone = NULL",
    "UPDATE lead SET source = 'elsewhere'",
    "UPDATE lead SET amount_minor = amount_minor + 1 WHERE amount_minor IS NOT NULL",
    "UPDATE lead SET created_at = created_at - 86400000",
    "DELETE FROM lead_key WHERE kind = 1 AND key = (SELECT max(key) FROM lead_key WHERE kind = 1)",
    "UPDATE lead_key SET lead_id = (SELECT min(lead_id) FROM lead_key WHERE kind = 1) "
    "WHERE kind = 1",
    "INSERT INTO lead_key (kind, key, lead_id) VALUES (1, 'nobody@example.com', x'01')",
    "DELETE FROM lead_key WHERE kind = 3 AND key = (SELECT max(key) FROM lead_key WHERE kind = 3)",
    "DELETE FROM shared_phone",
    "INSERT INTO shared_phone (phone, lead_id) SELECT key, lead_id FROM lead_key WHERE kind = 3",
    "INSERT INTO shared_phone (phone, lead_id) VALUES ('+4930555', x'01')",
    "UPDATE lead SET city = 'Bern' WHERE id IN "
    "(SELECT lead_id FROM lead_state WHERE erased_at IS NOT NULL)",
    "UPDATE lead_state SET erased_at = NULL WHERE erased_at IS NOT NULL",
    "INSERT INTO lead_key SELECT 1, 'left', lead_id FROM erasure WHERE facts = 0",
    "DELETE FROM erasure WHERE facts = 0",
    "INSERT INTO lead_value SELECT lead_id, 1, 'left', NULL, 0 FROM erasure WHERE facts = 0",
    "INSERT INTO lead_value SELECT min(id), 1, 'x', NULL, 0 FROM lead",
    "INSERT INTO lead_value VALUES (x'01', 1, 'x', NULL, 0)",
    "UPDATE lead SET value_count = 1",
    "UPDATE lead_state SET rule_set_version = 99 WHERE erased_at IS NULL",
    "UPDATE lead_state SET status = 9",
    "DELETE FROM stage_event",
};

static void make_history(struct world *world)
{
    world_make(world, WORLD_DEFAULT);
    for (int number = 0; number < OPS_BEFORE; number++) {
        struct op op;
        world_begin(world);
        op_make(world, 7, number, &op);
        ck_assert_msg(op_run(world, &op, false), "%s", world->why);
        world_end(world, false);
    }
}

START_TEST(test_tampering_is_found)
{
    struct world world;
    make_history(&world);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_begin(&world);
    world_tamper(&world, tampers[_i]);
    ck_assert_ok(&world.core.ctx, db_commit(&world.core.ctx, world.core.db));
    ck_assert_msg(world_findings(&world) > 0, "not found: %s", tampers[_i]);
    world_done(&world);
}
END_TEST

/* Nothing can be derived of a lead whose history is gone: that is said, and ends nothing else. */
START_TEST(test_a_lead_without_history)
{
    struct world world;
    struct lead lead;
    struct lead_input input;
    struct lead_created created;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    world_begin(&world);
    table_clear(&lead_create_table, &input);
    input.email = "ann@example.com";
    ck_assert_ok(ctx, lead_create(ctx, world.core.db, &input, false, &created));
    world_tamper(&world, "DELETE FROM stage_event");
    table_clear(&lead_patch_table, &input);
    input.city = "Bern";
    input.input.present = UINT64_C(1) << table_find(&lead_patch_table, "city");
    ck_assert_err(ctx, lead_edit(ctx, world.core.db, &created.lead.id, &input, NO_INT, &lead),
                  ERR_CORRUPT);
    world_end(&world, true);
    world_done(&world);
}
END_TEST

/* In the middle of an erasure the lead still says who it was, but is found no more. */
START_TEST(test_erasure_under_way)
{
    enum { ACTIVITIES = 100 };
    struct world world;
    struct lead_input input;
    struct lead_created created;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    world_begin(&world);
    table_clear(&lead_create_table, &input);
    input.email = "ann@example.com";
    input.phone = "+4930123456";
    ck_assert_ok(ctx, lead_create(ctx, world.core.db, &input, false, &created));
    struct lead_erasing erasing = { .lead_id = created.lead.id };
    struct activity_input activity;
    struct activity_recorded recorded;
    table_clear(&activity_create_table, &activity);
    activity.type = "page_view";
    for (int i = 0; i < ACTIVITIES; i++)
        ck_assert_ok(ctx,
                     activity_record(ctx, world.core.db, &erasing.lead_id, &activity, &recorded));
    world_end(&world, false);
    int slices = 0;
    for (bool more = true; more; slices++) {
        world_begin(&world);
        ck_assert_ok(ctx, lead_erase(ctx, world.core.db, &erasing, &more));
        world_end(&world, false);
        ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    }
    ck_assert_int_gt(slices, 1);
    world_done(&world);
}
END_TEST

/* As migration 5 has left the leads that nothing has happened to since. */
START_TEST(test_leads_without_a_tally)
{
    struct world world;
    make_history(&world);
    world_begin(&world);
    world_tamper(&world, "UPDATE lead_state SET tally = NULL, last_fact_at = last_fact_at + 1");
    ck_assert_ok(&world.core.ctx, db_commit(&world.core.ctx, world.core.db));
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_done(&world);
}
END_TEST

TCase *check_case(void)
{
    TCase *check = tcase_create("check");
    tcase_set_timeout(check, 60);
    tcase_add_loop_test(check, test_tampering_is_found, 0, ARRAY_SIZE(tampers));
    tcase_add_test(check, test_a_lead_without_history);
    tcase_add_test(check, test_erasure_under_way);
    tcase_add_test(check, test_leads_without_a_tally);
    return check;
}
