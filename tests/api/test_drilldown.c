/* test_drilldown.c: whatever happened, the list that a figure leads to has as many rows as the
 * figure says. Leads have random histories, told late, corrected, undone, rejected as spam, erased;
 * then every path of every funnel, board and comparison of attributes is followed. */
#include "jobs.h"
#include "shape.h"

#include "tests/crm/random.h"

#include <stdio.h>
#include <string.h>

enum { LEADS_MAX = 120, STEPS = 260, ROUNDS = 3, SHOWN = 3 };

/* Whatever they are made of. */
static const char *const sources[] = { "web", "Fair & more = 100 % + \xc3\xbc", NULL };
static const char *const stage_keys[] = { "target",   "mql",   "sql",  "demo",
                                          "proposal", "close", "trial" };
static const char *const statuses[] = { "open", "won", "lost", "disqualified" };
static const char *const causes[] = { "user", "api", "correction", "correction" };
static const char *const kinds[] = { "procedural", "clerical", "definitional", "spam", "spam" };

static struct world {
    struct random random;
    char leads[LEADS_MAX][ID_TEXT_SIZE];
    size_t count;
    char people[2][ID_TEXT_SIZE], campaigns[2][ID_TEXT_SIZE];
    char last_activity[ID_TEXT_SIZE];
    int64_t now;
    size_t figures, not_zero; /* looked at */
} world;

#define PICK(names) (names)[random_below(&world.random, ARRAY_SIZE(names))]

/* A JSON value: a text of those, or null. */
static const char *quoted(const char *text)
{
    return text ? textf("'%s'", text) : "null";
}

static const char *some_source(void)
{
    return quoted(PICK(sources));
}

static const char *some_person(void)
{
    int64_t index = random_below(&world.random, 3);
    return quoted(index < 2 ? world.people[index] : NULL);
}

static const char *some_campaign(void)
{
    int64_t index = random_below(&world.random, 3);
    return quoted(index < 2 ? world.campaigns[index] : NULL);
}

static const char *some_lead(void)
{
    return world.leads[random_below(&world.random, (int64_t)world.count)];
}

/* Of the last days, now and then at the very beginning of one. */
static int64_t some_time(int64_t days)
{
    int64_t at = world.now - random_below(&world.random, days * MS_PER_DAY);
    return random_one_in(&world.random, 4) ? day_start_ms(day_of(at)) : at;
}

/* Refused or not: what must not be is an error of ours. */
static const struct answer *told(const struct answer *answer)
{
    ck_assert_msg(answer->status < 500, "%s: %.1000s", answer->asked, answer->body);
    return answer;
}

/* ---- What happens ---- */

static void keep_lead(const char *id)
{
    if (world.count < LEADS_MAX)
        snprintf(world.leads[world.count++], ID_TEXT_SIZE, "%s", id);
}

static void import_lead(void)
{
    const char *closed = random_one_in(&world.random, 6)
                             ? textf("'status':'%s','closed_at':'%s',", PICK(statuses) /* any */,
                                     time_text(some_time(100)))
                             : "";
    const struct answer *answer = told(
        post(fixture.client, "/v1/import/leads",
             "{'items':[{'source_system':'old','external_id':'%zu',%s'stage':'%s',"
             "'source':%s,'campaign':%s,'owner':%s,'amount_minor':5,'created_at':'%s'}]}",
             world.count, closed, random_one_in(&world.random, 3) ? PICK(stage_keys) : "target",
             some_source(), some_campaign(), some_person(), time_text(some_time(100))));
    if (strcmp(answer_text(answer, "results.0.status"), "created") == 0)
        keep_lead(answer_text(
            get(fixture.client, "/v1/leads?source_system=old&external_id=%zu", world.count),
            "data.0.id"));
}

static void post_lead(void)
{
    const char *pipeline = random_one_in(&world.random, 3) ? "default" : "partners";
    const struct answer *answer =
        told(post(fixture.client, "/v1/leads",
                  "{'first_name':'Ann','pipeline':'%s','source':%s,'campaign':%s,'owner':%s}",
                  pipeline, some_source(), some_campaign(), some_person()));
    expect_status(answer, 201);
    keep_lead(answer_text(answer, "id"));
}

/* Late, and before the lead was known too. */
static void import_event(void)
{
    told(post(fixture.client, "/v1/import/stage-events",
              "{'items':[{'lead_id':'%s','to':'%s','occurred_at':'%s','reason':'why'}]}",
              some_lead(), random_one_in(&world.random, 3) ? PICK(statuses) : PICK(stage_keys),
              time_text(some_time(130))));
}

static void move(void)
{
    told(post(fixture.client, textf("/v1/leads/%s/move", some_lead()),
              "{'stage':'%s','cause':'%s','reason':'why'}", PICK(stage_keys), PICK(causes)));
}

/* One mistake is undone at once: where the lead comes back to, it need not have left. */
static void correct(void)
{
    const char *path = textf("/v1/leads/%s/move", some_lead());
    told(post(fixture.client, path, "{'stage':'%s','reason':'why'}", PICK(stage_keys)));
    told(post(fixture.client, path, "{'stage':'%s','cause':'correction','reason':'why'}",
              PICK(stage_keys)));
}

static void decide(void)
{
    static const char *const ways[] = { "win", "lose", "disqualify", "reopen", "reopen" };
    told(post(fixture.client, textf("/v1/leads/%s/%s", some_lead(), PICK(ways)),
              "{'reason':'why'}"));
}

static void answer_offer(void)
{
    const char *lead = some_lead();
    if (random_one_in(&world.random, 4))
        told(post(fixture.client, textf("/v1/leads/%s/accept", lead), "{}"));
    else
        told(post(fixture.client, textf("/v1/leads/%s/reject", lead),
                  "{'kind':'%s','reason':'why'}", PICK(kinds)));
}

/* Rules move leads by these, and move them differently when one comes late or goes. */
static void act(void)
{
    static const char *const types[] = { "demo_requested", "webinar_attended",
                                         "content_downloaded" };
    const struct answer *answer =
        told(post(fixture.client, textf("/v1/leads/%s/activities", some_lead()),
                  "{'type':'%s','occurred_at':'%s'}", PICK(types), time_text(some_time(60))));
    if (answer->status == 201)
        snprintf(world.last_activity, ID_TEXT_SIZE, "%s", answer_text(answer, "id"));
}

static void take_back(void)
{
    if (*world.last_activity)
        told(ask(fixture.client, .method = "DELETE",
                 .path = textf("/v1/activities/%s", world.last_activity)));
}

static void edit(void)
{
    const char *path = textf("/v1/leads/%s", some_lead());
    switch (random_below(&world.random, 3)) {
    case 0: told(patch(fixture.client, path, "{'source':%s}", some_source())); break;
    case 1: told(patch(fixture.client, path, "{'campaign':%s}", some_campaign())); break;
    default: told(patch(fixture.client, path, "{'owner':%s}", some_person())); break;
    }
}

static void erase(void)
{
    told(ask(fixture.client, .method = "DELETE",
             .path = textf("/v1/leads/%s%s", some_lead(),
                           random_one_in(&world.random, 3) ? "?facts=remove" : "")));
}

static const struct {
    void (*happen)(void);
    int weight;
} happenings[] = {
    { import_lead, 20 }, { post_lead, 8 }, { import_event, 40 }, { move, 14 },
    { correct, 14 },     { decide, 18 },   { answer_offer, 14 }, { act, 30 },
    { take_back, 5 },    { edit, 12 },     { erase, 3 },
};

static void happen(void)
{
    int all = 0;
    for (size_t i = 0; i < ARRAY_SIZE(happenings); i++)
        all += happenings[i].weight;
    int64_t left = random_below(&world.random, all);
    size_t which = 0;
    while ((left -= happenings[which].weight) >= 0)
        which++;
    happenings[which].happen();
}

/* ---- What is said of it ---- */

static int64_t total_of(const char *path)
{
    const struct answer *answer = get(fixture.client, "%s&count=true&limit=1", path);
    expect_status(answer, 200);
    return answer_int(answer, "total");
}

/* Page by page, each row once. */
static int64_t rows_of(const char *path)
{
    int64_t rows = 0;
    const char *cursor = "";
    char last[ID_TEXT_SIZE] = "";
    for (int pages = 0; pages < 100; pages++) {
        const struct answer *answer = get(fixture.client, "%s&limit=4%s", path, cursor);
        expect_status(answer, 200);
        size_t count = answer_count(answer, "data");
        for (size_t i = 0; i < count; i++) {
            const char *id = answer_text(answer, "data.%zu.id", i);
            ck_assert_str_ne(id, last);
            snprintf(last, sizeof last, "%s", id);
        }
        rows += (int64_t)count;
        if (!answer_bool(answer, "has_more"))
            return rows;
        cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
    }
    ck_abort_msg("%s never ends", path);
}

static void expect_total(const struct answer *of, int64_t figure, const char *path)
{
    int64_t total = total_of(path);
    world.figures++;
    world.not_zero += figure != 0;
    ck_assert_msg(total == figure, "%lld instead of %lld: %s\nof %s", (long long)total,
                  (long long)figure, path, of->asked);
    if (figure > 0 && random_one_in(&world.random, 20))
        ck_assert_int_eq(rows_of(path), figure);
}

static void check_group(const struct answer *answer, size_t group)
{
    static const char *const closed[] = { "won", "lost", "disqualified" };
    for (size_t i = 0; i < answer_count(answer, "groups.%zu.stages", group); i++) {
        const char *at = textf("groups.%zu.stages.%zu", group, i);
        expect_total(answer, answer_int(answer, "%s.entered", at),
                     answer_text(answer, "%s.drilldown.entered", at));
        expect_total(answer, answer_int(answer, "%s.reached", at),
                     answer_text(answer, "%s.drilldown.reached", at));
    }
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        expect_total(answer, answer_int(answer, "groups.%zu.%s.leads", group, closed[i]),
                     answer_text(answer, "groups.%zu.%s.drilldown", group, closed[i]));
}

static void check_funnels(const char *pipeline)
{
    static const char *const bases[] = { "basis=cohort", "basis=cohort&within_days=7",
                                         "basis=cohort&within_days=60", "basis=period" };
    static const char *const dimensions[] = { "all", "source", "campaign", "owner" };
    int64_t today = day_of(world.now);
    const int64_t ranges[][2] = { { today - 200, today + 1 },
                                  { today - 60, today - 20 },
                                  { today, today + 1 },
                                  { day_of(some_time(100)), 0 } };
    for (size_t r = 0; r < ARRAY_SIZE(ranges); r++)
        for (size_t b = 0; b < ARRAY_SIZE(bases); b++)
            for (size_t d = 0; d < ARRAY_SIZE(dimensions); d++) {
                char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
                day_format(ranges[r][0], from);
                day_format(ranges[r][1] ? ranges[r][1] : ranges[r][0] + 2, to);
                const struct answer *answer = get(
                    fixture.client, "/v1/metrics/funnel?%s&group_by=%s&from=%s&to=%s&pipeline=%s",
                    bases[b], dimensions[d], from, to, pipeline);
                expect_status(answer, 200);
                for (size_t i = 0; i < answer_count(answer, "groups"); i++)
                    check_group(answer, i);
            }
}

static void check_others(const char *pipeline)
{
    const struct answer *answer = get(fixture.client, "/v1/pipelines/%s/board", pipeline);
    for (size_t i = 0; i < answer_count(answer, "stages"); i++)
        expect_total(answer, answer_int(answer, "stages.%zu.leads", i),
                     answer_text(answer, "stages.%zu.drilldown", i));
    char from[TIME_TEXT_SIZE];
    day_format(day_of(some_time(100)), from);
    const char *const asked[] = { "among=all", "among=closed", textf("among=all&from=%s", from),
                                  textf("among=closed&to=%s", from) };
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        answer = get(fixture.client, "/v1/metrics/attributes?pipeline=%s&%s", pipeline, asked[i]);
        expect_status(answer, 200);
        expect_total(answer, answer_int(answer, "leads"), answer_text(answer, "drilldown.leads"));
        expect_total(answer, answer_int(answer, "won"), answer_text(answer, "drilldown.won"));
    }
}

static void check_all(const char *pipeline)
{
    check_funnels(pipeline);
    check_others(pipeline);
    client_forget(fixture.client);
}

/* ---- Worlds ---- */

static void begin(uint64_t seed)
{
    memset(&world, 0, sizeof world);
    world.random.state = seed;
    world.now = clock_now_ms();
    for (int i = 0; i < 2; i++) {
        snprintf(world.people[i], ID_TEXT_SIZE, "%s",
                 service_create("/v1/users", "{'email':'p%d@example.com','name':'P'}", i));
        snprintf(world.campaigns[i], ID_TEXT_SIZE, "%s",
                 service_create("/v1/campaigns", "{'name':'C%d'}", i));
    }
    expect_status(post(fixture.client, "/v1/pipelines",
                       "{'key':'partners','name':'Partners','stages':["
                       "{'key':'target','name':'T','kind':'target'},"
                       "{'key':'mql','name':'M','kind':'mql'},"
                       "{'key':'demo','name':'D','kind':'demo'}]}"),
                  201);
    post_lead();
}

static void go_on(void)
{
    for (int i = 0; i < STEPS; i++)
        happen();
    client_forget(fixture.client);
}

static const char *const zones[] = { "--time-zone=UTC", "--time-zone=America/Santiago",
                                     "--time-zone=Asia/Kathmandu" };
static const char *options[] = { NULL, NULL };

static void setup(void)
{
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1);
    options[0] = zones[seed % ARRAY_SIZE(zones)];
    service_setup_with(options);
}

static void reorder(const struct answer *begun)
{
    expect_status(begun, 202);
    expect_text(job_wait(textf("%s", answer_text(begun, "id"))), "done", "state");
}

/* Whoever is there goes on first. */
static void archive(const char *stage)
{
    const struct answer *answer =
        get(fixture.client, "/v1/leads?pipeline=default&stage=%s&status=open&limit=200", stage);
    for (size_t i = 0; i < answer_count(answer, "data"); i++)
        expect_status(post(fixture.client,
                           textf("/v1/leads/%s/move", answer_text(answer, "data.%zu.id", i)),
                           "{'stage':'close','reason':'why'}"),
                      200);
    reorder(
        post(fixture.client, textf("/v1/pipelines/default/stages/%s/archive", stage), "%s", ""));
}

/* Some rounds in the order that stages came in; then in another, with a new stage, and with one
 * that nobody enters any more. */
START_TEST(every_figure)
{
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1);
    int64_t rounds = test_number("FUNNELD_TEST_ITERATIONS", ROUNDS);
    begin(seed);
    for (int64_t round = 0; round < rounds; round++) {
        go_on();
        check_all("default");
    }
    reorder(put(fixture.client, "/v1/pipelines/default/order",
                "{'stages':['target','sql','mql','demo','close','proposal']}"));
    check_all("default");
    go_on();
    check_all("default");
    reorder(post(fixture.client, "/v1/pipelines/default/stages",
                 "{'key':'trial','name':'Trial','before':'demo'}"));
    archive("sql");
    go_on();
    check_all("default");
    check_all("partners");
    ck_assert_msg(world.not_zero * 4 > world.figures, "only %zu of %zu figures were not 0",
                  world.not_zero, world.figures);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("drilldown");
    TCase *tcase = tcase_create("drilldown");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, every_figure);
    suite_add_tcase(suite, tcase);
    return suite;
}
