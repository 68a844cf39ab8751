/* arrival.c: the order in which facts arrive never matters: the same activities told in time,
 * shuffled, and with repeats leave the same scores, stages, automatic events and rollups. */
#include "property.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { LEADS = 3, FACTS = 60, SHUFFLES = 3, SPAN_DAYS = 120 };

struct fact {
    int number, lead;
    const char *type;
    int64_t at;
};

/* What may not depend on the order. */
struct outcome {
    struct lead leads[LEADS];
    struct stage_event events[LEADS][256];
    size_t event_counts[LEADS];
    struct rollup_row cells[4096];
    size_t cell_count;
};

static struct id leads_make(struct world *world, int number)
{
    struct lead_input input;
    struct lead_created created;
    char email[48];
    snprintf(email, sizeof email, "lead%d@example.com", number);
    table_clear(&lead_import_table, &input);
    input.email = email;
    input.company = number == 0 ? "Acme" : NULL;
    input.source = number == 1 ? "partner" : NULL;
    input.created_at = WORLD_START + number * MS_PER_DAY;
    ck_assert_ok(&world->core.ctx, lead_import(&world->core.ctx, world->core.db, &input, &created));
    return created.lead.id;
}

static void tell(struct world *world, const struct id *leads, const struct fact *fact)
{
    char key[16];
    struct activity_input input;
    struct activity_recorded recorded;
    table_clear(&activity_create_table, &input);
    snprintf(key, sizeof key, "f%d", fact->number);
    input.external_id = key;
    input.type = fact->type;
    input.occurred_at = fact->at;
    ck_assert_ok(&world->core.ctx, activity_record(&world->core.ctx, world->core.db,
                                                   &leads[fact->lead], &input, &recorded));
}

static enum err note_cell(struct ctx *ctx, void *self, const void *row)
{
    (void)ctx;
    static const struct rollup_value none;
    struct outcome *outcome = self;
    struct rollup_row cell = *(const struct rollup_row *)row;
    /* Members are compared by length: with one source there is one of each. */
    cell.member.data = NULL;
    if (memcmp(&cell.value, &none, sizeof none) == 0)
        return OK; /* a cell may be left behind empty */
    ck_assert_uint_lt(outcome->cell_count, ARRAY_SIZE(outcome->cells));
    outcome->cells[outcome->cell_count++] = cell;
    return OK;
}

static void note(struct world *world, const struct id *leads, struct outcome *ret)
{
    struct ctx *ctx = &world->core.ctx;
    for (int i = 0; i < LEADS; i++) {
        struct rows rows;
        ck_assert_ok(ctx, lead_load(ctx, world->core.db, &leads[i], &ret->leads[i]));
        ck_assert_ok(ctx, lead_history(ctx, world->core.db, &leads[i], false, &rows));
        ck_assert_uint_le(rows.count, ARRAY_SIZE(ret->events[i]));
        ret->event_counts[i] = rows.count;
        memcpy(ret->events[i], rows.items, rows.count * sizeof *ret->events[i]);
    }
    ck_assert_ok(ctx, rollup_each(ctx, world->core.db, note_cell, ret));
    ck_assert_msg(world_findings(world) == 0, "%s", world->why);
}

static void visit(struct world *world)
{
    struct due_taken taken;
    world_begin(world);
    ck_assert_ok(&world->core.ctx, leads_take_due(&world->core.ctx, world->core.db, 1000, &taken));
    world_end(world, false);
}

/* In time: each fact is told when it happens. Else all of them long after. */
static void live(enum world_kind kind, uint64_t seed, const struct fact *facts, size_t count,
                 bool in_time, struct outcome *ret)
{
    static struct world world;
    struct id leads[LEADS];
    *ret = (struct outcome){ 0 };
    world_make_seeded(&world, kind, seed);
    world.core.ctx.now_ms = WORLD_START + LEADS * MS_PER_DAY;
    world_begin(&world);
    for (int i = 0; i < LEADS; i++)
        leads[i] = leads_make(&world, i);
    world_end(&world, false);
    int64_t end = WORLD_START + (SPAN_DAYS + 1) * MS_PER_DAY;
    for (size_t i = 0; i < count; i++) {
        int64_t now = in_time ? facts[i].at : end;
        world.core.ctx.now_ms = now > world.core.ctx.now_ms ? now : world.core.ctx.now_ms;
        world_begin(&world);
        tell(&world, leads, &facts[i]);
        world_end(&world, false);
        if (facts[i].number % 7 == 0)
            visit(&world);
    }
    world.core.ctx.now_ms = end;
    visit(&world);
    note(&world, leads, ret);
    world_done(&world);
}

static void compare_events(const struct outcome *a, const struct outcome *b, int lead,
                           uint64_t seed)
{
    ck_assert_msg(a->event_counts[lead] == b->event_counts[lead],
                  "seed %llu, lead %d: %zu stage events in time, %zu shuffled",
                  (unsigned long long)seed, lead, a->event_counts[lead], b->event_counts[lead]);
    for (size_t i = 0; i < a->event_counts[lead]; i++) {
        const struct stage_event *one = &a->events[lead][i], *other = &b->events[lead][i];
        ck_assert_msg(one->to_stage_id == other->to_stage_id &&
                          one->occurred_at == other->occurred_at && one->score == other->score &&
                          one->cause == other->cause && one->cycle == other->cycle,
                      "seed %llu, lead %d, event %zu: to %lld at %lld with %lld in time, to %lld "
                      "at %lld with %lld shuffled",
                      (unsigned long long)seed, lead, i, (long long)one->to_stage_id,
                      (long long)one->occurred_at, (long long)one->score,
                      (long long)other->to_stage_id, (long long)other->occurred_at,
                      (long long)other->score);
    }
}

static void compare(const struct outcome *a, const struct outcome *b, uint64_t seed)
{
    for (int i = 0; i < LEADS; i++) {
        const struct lead *one = &a->leads[i], *other = &b->leads[i];
        ck_assert_msg(one->score == other->score && one->stage_id == other->stage_id &&
                          one->status == other->status && one->cycle == other->cycle &&
                          one->stage_entered_at == other->stage_entered_at,
                      "seed %llu, lead %d: score %lld in stage %lld in time, %lld in %lld shuffled",
                      (unsigned long long)seed, i, (long long)one->score, (long long)one->stage_id,
                      (long long)other->score, (long long)other->stage_id);
        compare_events(a, b, i, seed);
    }
    ck_assert_msg(a->cell_count == b->cell_count &&
                      memcmp(a->cells, b->cells, a->cell_count * sizeof *a->cells) == 0,
                  "seed %llu: the rollups depend on the order", (unsigned long long)seed);
}

static void some_facts(struct random *random, struct fact *facts)
{
    static const char *const types[] = { "page_view",        "email_clicked", "demo_requested",
                                         "webinar_attended", "email_bounced", "content_downloaded",
                                         "webchat" };
    for (int i = 0; i < FACTS; i++) {
        int64_t at = WORLD_START + LEADS * MS_PER_DAY +
                     random_below(random, (SPAN_DAYS - LEADS) * MS_PER_DAY);
        facts[i] = (struct fact){ .number = i,
                                  .lead = (int)random_below(random, LEADS),
                                  .type = types[random_below(random, ARRAY_SIZE(types))],
                                  .at = i > 0 && random_one_in(random, 4) ? facts[i - 1].at : at };
    }
    for (int i = 1; i < FACTS; i++) { /* in time */
        struct fact fact = facts[i];
        int at = i;
        for (; at > 0 && facts[at - 1].at > fact.at; at--)
            facts[at] = facts[at - 1];
        facts[at] = fact;
    }
}

/* Some are told twice. */
static size_t shuffle(struct random *random, const struct fact *facts, struct fact *ret)
{
    size_t count = 0;
    for (int i = 0; i < FACTS; i++) {
        ret[count++] = facts[i];
        if (random_one_in(random, 3))
            ret[count++] = facts[i];
    }
    for (size_t i = count; i-- > 1;) {
        size_t other = (size_t)random_below(random, (int64_t)i + 1);
        struct fact fact = ret[i];
        ret[i] = ret[other];
        ret[other] = fact;
    }
    return count;
}

START_TEST(test_order_of_arrival)
{
    static struct outcome in_time, shuffled;
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1) + (uint64_t)_i;
    struct random random = { seed };
    enum world_kind kind = (enum world_kind)(_i % WORLD_KINDS);
    struct fact facts[FACTS], order[2 * FACTS];
    some_facts(&random, facts);
    live(kind, seed, facts, FACTS, true, &in_time);
    for (int i = 0; i < SHUFFLES; i++) {
        size_t count = shuffle(&random, facts, order);
        live(kind, seed, order, count, false, &shuffled);
        compare(&in_time, &shuffled, seed);
    }
}
END_TEST

/* ---- Where a person decided in between ---- */

static struct stage_event event_at_index(struct world *world, const struct id *lead, size_t index)
{
    struct rows rows;
    ck_assert_ok(&world->core.ctx,
                 lead_history(&world->core.ctx, world->core.db, lead, false, &rows));
    ck_assert_uint_lt(index, rows.count);
    return ((const struct stage_event *)rows.items)[index];
}

START_TEST(test_what_was_decided_upon_stays)
{
    struct world world;
    struct lead moved;
    world_make(&world, WORLD_DEFAULT);
    struct ctx *ctx = &world.core.ctx;
    ctx->now_ms = WORLD_START + 10 * MS_PER_DAY;
    world_begin(&world);
    struct id lead = leads_make(&world, 0); /* with an address and a company: 15 */
    tell(&world, &lead, &(struct fact){ 1, 0, "demo_requested", WORLD_START + 5 * MS_PER_DAY });
    struct stage_event mql = event_at_index(&world, &lead, 1);
    ck_assert_int_eq(mql.score, 55);
    ck_assert_ok(ctx,
                 lead_move(ctx, world.core.db, &lead, "sql", NULL, CAUSE_USER, NO_INT, &moved));
    /* Had it been known in time, the lead would have been an MQL three days before. */
    tell(&world, &lead, &(struct fact){ 2, 0, "webinar_attended", WORLD_START + MS_PER_DAY });
    tell(&world, &lead, &(struct fact){ 3, 0, "webinar_attended", WORLD_START + 2 * MS_PER_DAY });
    struct stage_event still = event_at_index(&world, &lead, 1);
    ck_assert_int_eq(id_compare(&still.id, &mql.id), 0);
    ck_assert_int_eq(still.occurred_at, mql.occurred_at);
    ck_assert_int_eq(still.score, 55);
    ck_assert_ok(ctx, lead_load(ctx, world.core.db, &lead, &moved));
    ck_assert_int_eq(moved.score, 95);
    ck_assert_str_eq(moved.stage, "sql");
    world_end(&world, false);
    ck_assert_msg(world_findings(&world) == 0, "%s", world.why);
    world_done(&world);
}
END_TEST

TCase *arrival_case(void)
{
    TCase *arrival = tcase_create("order of arrival");
    tcase_set_timeout(arrival, 60);
    tcase_add_loop_test(arrival, test_order_of_arrival, 0, 12);
    tcase_add_test(arrival, test_what_was_decided_upon_stays);
    return arrival;
}
