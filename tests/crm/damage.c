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

/* ---- Jobs ---- */

typedef enum err job_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more);

/* Every other lead is worked off, and the job says whom it could do nothing about. */
static void expect_failed(struct ward *ward, struct job *job, job_slice *slice)
{
    struct ctx *ctx = &ward->world.core.ctx;
    struct db *db = ward->world.core.db;
    char id[ID_TEXT_SIZE];
    struct id job_id = job->id;
    for (bool more = true; more;) {
        world_begin(&ward->world);
        ck_assert_ok(ctx, job_load(ctx, db, &job_id, job));
        ck_assert_ok(ctx, slice(ctx, db, job, &more));
        ck_assert_ok(ctx, more ? job_go_on(ctx, db, job) : job_finish(ctx, db, job));
        world_end(&ward->world, false);
    }
    ck_assert_ok(ctx, job_load(ctx, db, &job_id, job));
    ck_assert_int_eq(job->state, JOB_FAILED);
    ck_assert_int_eq(job->done, LEADS);
    ck_assert_int_eq(job->failed, 1);
    ck_assert_uint_eq(job->failed_leads.count, 1);
    id_format(&ward->leads[1], id);
    ck_assert_str_eq(job->failed_leads.items[0], id);
    ck_assert_has(job->detail, "1 of 4 leads");
}

static int64_t version_of(struct ward *ward, int lead)
{
    struct lead loaded;
    ck_assert_ok(&ward->world.core.ctx, lead_load(&ward->world.core.ctx, ward->world.core.db,
                                                  &ward->leads[lead], &loaded));
    return loaded.rule_set_version;
}

START_TEST(test_rescoring_goes_round_it)
{
    static struct ward ward;
    struct job job;
    ward_make(&ward);
    damage(&ward);
    struct ctx *ctx = &ward.world.core.ctx;
    world_begin(&ward.world);
    struct rule_set rules = {
        .id = id_new(ctx), .version = 2, .name = "None", .published_at = ++ctx->now_ms
    };
    ck_assert_ok(ctx, rule_set_insert(ctx, ward.world.core.db, &rules));
    ck_assert_ok(ctx, catalog_renew(ctx, ward.world.core.db));
    ck_assert_ok(ctx, job_create(ctx, ward.world.core.db, JOB_RESCORE, &rules.id, &job));
    world_end(&ward.world, false);
    expect_failed(&ward, &job, rescore_slice);
    for (int i = 0; i < LEADS; i++)
        ck_assert_int_eq(version_of(&ward, i), i == 1 ? 1 : 2);
    world_done(&ward.world);
}
END_TEST

/* Funnels go over to the new order, though one could not be counted by it. */
START_TEST(test_recount_goes_round_it)
{
    static const char *const keys[] = { "target", "sql", "mql", "demo", "proposal", "close" };
    static struct ward ward;
    struct job job;
    const struct catalog *catalog;
    ward_make(&ward);
    damage(&ward);
    struct ctx *ctx = &ward.world.core.ctx;
    world_begin(&ward.world);
    ck_assert_ok(ctx,
                 pipeline_order(ctx, ward.world.core.db, "default",
                                &(struct texts){ (const char **)keys, ARRAY_SIZE(keys) }, &job));
    world_end(&ward.world, false);
    expect_failed(&ward, &job, recount_slice);
    ck_assert_ok(ctx, catalog_get(ctx, ward.world.core.db, &catalog));
    ck_assert_int_eq(catalog_pipeline(catalog, NULL)->next_rollups_id, NO_INT);
    world_done(&ward.world);
}
END_TEST

/* One whose stage events are there counts by them, though its log cannot be read. */
START_TEST(test_recount_counts_it)
{
    static const char *const keys[] = { "target", "sql", "mql", "demo", "proposal", "close" };
    static struct ward ward;
    struct job job;
    ward_make(&ward);
    struct ctx *ctx = &ward.world.core.ctx;
    world_begin(&ward.world);
    world_record(&ward.world, &ward.leads[1], "page_view", NO_INT);
    world_end(&ward.world, false);
    tamper(&ward, "UPDATE activity SET engagement = 77", false);
    world_begin(&ward.world);
    ck_assert_ok(ctx,
                 pipeline_order(ctx, ward.world.core.db, "default",
                                &(struct texts){ (const char **)keys, ARRAY_SIZE(keys) }, &job));
    world_end(&ward.world, false);
    expect_failed(&ward, &job, recount_slice);
    tamper(&ward, "UPDATE activity SET engagement = 0", false);
    ck_assert_msg(world_findings(&ward.world) == 0, "%s", ward.world.why);
    world_done(&ward.world);
}
END_TEST

/* Nobody has to keep a person because her history is gone. */
START_TEST(test_it_can_be_erased)
{
    static struct ward ward;
    ward_make(&ward);
    damage(&ward);
    struct ctx *ctx = &ward.world.core.ctx;
    struct lead lead;
    struct lead_erasing erasing = { .lead_id = ward.leads[1], .facts = (enum erasure_facts)_i };
    for (bool more = true; more;) {
        world_begin(&ward.world);
        ck_assert_ok(ctx, lead_erase(ctx, ward.world.core.db, &erasing, &more));
        world_end(&ward.world, false);
    }
    ck_assert_err(ctx, lead_load(ctx, ward.world.core.db, &ward.leads[1], &lead), ERR_GONE);
    world_done(&ward.world);
}
END_TEST

TCase *damage_case(void)
{
    TCase *damaged = tcase_create("damage");
    tcase_set_timeout(damaged, 60);
    tcase_add_test(damaged, test_due_leads_go_round_it);
    tcase_add_test(damaged, test_what_moves_on_waits_no_more);
    tcase_add_test(damaged, test_rescoring_goes_round_it);
    tcase_add_test(damaged, test_recount_goes_round_it);
    tcase_add_test(damaged, test_recount_counts_it);
    tcase_add_loop_test(damaged, test_it_can_be_erased, FACTS_KEPT, FACTS_REMOVED + 1);
    return damaged;
}
