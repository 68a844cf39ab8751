/* damage.c: a lead whose data are damaged stops nobody else: not those that are due behind it, and
 * no job. */
#include "property.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { LEADS = 4, MINUTE_MS = 60000 };

/* Of those the second has no history any more, and a tally that says nothing. */
struct ward {
    struct world world;
    struct id leads[LEADS];
};

static void ward_make(struct ward *ward)
{
    world_make(&ward->world, WORLD_DEFAULT);
    world_begin(&ward->world);
    for (int i = 0; i < LEADS; i++) {
        char email[32];
        struct lead_input input;
        struct lead_created created;
        table_clear(&lead_create_table, &input);
        snprintf(email, sizeof email, "u%d@example.com", i);
        input.email = email;
        ward->world.core.ctx.now_ms++;
        ck_assert_ok(&ward->world.core.ctx, lead_create(&ward->world.core.ctx, ward->world.core.db,
                                                        &input, false, &created));
        ward->leads[i] = created.lead.id;
    }
    world_end(&ward->world, false);
}

/* SQL about the second lead, or about all others. */
static void tamper(struct ward *ward, const char *update, bool others)
{
    struct ctx *ctx = &ward->world.core.ctx;
    struct buffer text = { .arena = ctx->arena };
    buffer_printf(&text, "%s WHERE lead_id %s x'", update, others ? "<>" : "=");
    for (size_t i = 0; i < sizeof ward->leads[1].bytes; i++)
        buffer_printf(&text, "%02x", ward->leads[1].bytes[i]);
    buffer_append(&text, "'", 2);
    world_begin(&ward->world);
    world_tamper(&ward->world, text.data);
    world_end(&ward->world, false);
}

static void damage(struct ward *ward)
{
    tamper(ward, "UPDATE lead_state SET tally = x'00'", false);
    tamper(ward, "UPDATE stage_event SET voided_at = 1", false);
}

static struct due_taken visit(struct ward *ward)
{
    struct ctx *ctx = &ward->world.core.ctx;
    struct due_taken taken;
    world_begin(&ward->world);
    ck_assert_ok(ctx, leads_take_due(ctx, ward->world.core.db, 100, &taken));
    for (size_t i = 0; i < taken.failed_count; i++)
        ck_assert(id_compare(&taken.failed[i].lead.lead_id, &ward->leads[1]) == 0);
    if (taken.failed_count > 0)
        ck_assert_str_eq(taken.failed[0].why.detail,
                         "a lead has no stage event, not even that of its creation");
    world_end(&ward->world, false);
    return taken;
}

static void expect(const struct due_taken *taken, int count, int failed, int failing)
{
    ck_assert_int_eq(taken->count, count);
    ck_assert_uint_eq(taken->failed_count, (size_t)failed);
    ck_assert_int_eq(taken->failing, failing);
}

START_TEST(test_due_leads_go_round_it)
{
    static struct ward ward;
    ward_make(&ward);
    damage(&ward);
    tamper(&ward, "UPDATE lead_state SET score_due_at = score_as_of", false);
    tamper(&ward, "UPDATE lead_state SET score_due_at = score_as_of", true);
    struct due_taken taken = visit(&ward);
    expect(&taken, LEADS, 1, 1);
    ck_assert_int_eq(taken.lag_ms, LEADS - 1);
    taken = visit(&ward); /* it waits */
    expect(&taken, 0, 0, 1);
    int64_t pause_ms = MINUTE_MS;
    for (int64_t tries = 2; tries < 16; tries++) {
        ward.world.core.ctx.now_ms += pause_ms - 1;
        taken = visit(&ward);
        expect(&taken, 0, 0, 1);
        ward.world.core.ctx.now_ms++;
        taken = visit(&ward);
        expect(&taken, 1, 1, 1);
        ck_assert_int_eq(taken.lag_ms, 0);
        pause_ms = pause_ms * 2 < MS_PER_DAY ? pause_ms * 2 : MS_PER_DAY;
    }
    ck_assert_int_eq(pause_ms, MS_PER_DAY);
    tamper(&ward, "UPDATE stage_event SET voided_at = NULL", false);
    ward.world.core.ctx.now_ms += pause_ms;
    taken = visit(&ward);
    expect(&taken, 1, 0, 0);
    ck_assert_msg(world_findings(&ward.world) == 0, "%s", ward.world.why);
    world_done(&ward.world);
}
END_TEST

/* What a fact, or an upgrade, has brought up to date need not wait any more. */
START_TEST(test_what_moves_on_waits_no_more)
{
    static struct ward ward;
    ward_make(&ward);
    damage(&ward);
    tamper(&ward, "UPDATE lead_state SET score_due_at = score_as_of", false);
    struct due_taken taken = visit(&ward);
    expect(&taken, 1, 1, 1);
    tamper(&ward, "UPDATE lead_state SET score_due_at = score_due_at + 1", false);
    taken = visit(&ward);
    expect(&taken, 1, 1, 1);
    tamper(&ward, "UPDATE lead_state SET score_due_at = NULL", false);
    taken = visit(&ward);
    expect(&taken, 0, 0, 0);
    world_done(&ward.world);
}
END_TEST

TCase *damage_case(void)
{
    TCase *damaged = tcase_create("damage");
    tcase_set_timeout(damaged, 60);
    tcase_add_test(damaged, test_due_leads_go_round_it);
    tcase_add_test(damaged, test_what_moves_on_waits_no_more);
    return damaged;
}
