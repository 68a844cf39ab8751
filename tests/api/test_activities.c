/* test_activities.c: what happened with a lead: each thing once, at its time, with what it
 * changed; one by one, in batches, and read again. */
#include "fixture.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *make_lead(const char *name)
{
    return service_create("/v1/leads", "{'email':'%s@example.com'}", name);
}

static const struct answer *record(const char *lead, const char *json)
{
    return post(fixture.client, textf("/v1/leads/%s/activities", lead), "%s", json);
}

/* ---- One ---- */

START_TEST(recorded)
{
    const char *lead = make_lead("ann");
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    const struct answer *answer =
        record(lead, textf("{'type':'page_view','occurred_at':'2024-02-29T23:30:00.5+01:00',"
                           "'campaign':'%s','properties':{'url':'/a','n':[1,2.5,null,{'x':true}]}}",
                           campaign));
    expect_status(answer, 201);
    expect_shape(answer, "", RECORDED_SHAPE);
    expect_shape(answer, "score", "before:n after:n");
    expect_shape(answer, "stage", "before:t after:t");
    expect_text(answer, lead, "lead_id");
    expect_text(answer, "2024-02-29T22:30:00.500Z", "occurred_at");
    expect_text(answer, campaign, "campaign");
    expect_text(answer, "admin", "source_system");
    expect_text(answer, "verified", "engagement");
    ck_assert(!answer_bool(answer, "duplicate"));
    expect_int(answer, 5, "score.before");
    expect_int(answer, 6, "score.after");
    const char *id = answer_text(answer, "id");
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/activities/%s", id));
    ck_assert_str_eq(answer_header(answer, "Content-Type"), "application/json");

    answer = get(fixture.client, "/v1/activities/%s", id);
    expect_status(answer, 200);
    expect_shape(answer, "", ACTIVITY_SHAPE);
    json_t *properties = json_loads("{\"url\":\"/a\",\"n\":[1,2.5,null,{\"x\":true}]}", 0, NULL);
    ck_assert_msg(json_equal(answer_at(answer, "properties"), properties), "%s", answer->body);
    json_decref(properties);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'type':'Page View'}", "/type", "invalid" },
        { "{'type':'1st_visit'}", "/type", "invalid" },
        { "{'type':'_x'}", "/type", "invalid" },
        { "{'type':'page-view'}", "/type", "invalid" },
        { "{'type':'caf\xc3\xa9'}", "/type", "invalid" },
        { "{'type':'call','campaign':'019aab3f-7c1e-7abc-8def-0123456789ab'}", "/campaign",
          "unknown" },
        { "{'type':'call','lead_id':'019aab3f-7c1e-7abc-8def-0123456789ab'}", "/lead_id",
          "unknown_member" },
    };
    const char *lead = make_lead("ann");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(record(lead, cases[i].body), 422, "validation_failed", cases[i].place,
                       cases[i].why);
    char *large = arena_alloc(&fixture.arena, 17000);
    memset(large, 'x', 16999);
    expect_problem(record(lead, textf("{'type':'call','properties':{'a':'%s'}}", large)), 422,
                   "validation_failed", "/properties", "too_long");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5, "score");
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads/%s/activities", lead), "data"),
                      0);
}
END_TEST

/* A clock may be five minutes ahead, and nothing lies in the future all the same. */
START_TEST(ahead)
{
    const char *lead = make_lead("ann");
    int64_t now = clock_now_ms();
    const struct answer *answer =
        record(lead, textf("{'type':'call','occurred_at':'%s'}", time_text(now + 4 * 60 * 1000)));
    expect_status(answer, 201);
    expect_text(answer, answer_text(answer, "recorded_at"), "occurred_at");
    answer =
        record(lead, textf("{'type':'call','occurred_at':'%s'}", time_text(now + 6 * 60 * 1000)));
    expect_problem(answer, 422, "validation_failed", "/occurred_at", "in_the_future");
    answer = record(lead, "{'type':'call','occurred_at':'9999-12-31T23:59:59.999Z'}");
    expect_problem(answer, 422, "validation_failed", "/occurred_at", "in_the_future");
    expect_status(record(lead, "{'type':'call','occurred_at':'1970-01-01T00:00:00Z'}"), 201);
}
END_TEST

/* ---- What it changes ---- */

START_TEST(score_and_stage)
{
    const char *lead = make_lead("ann");
    const struct answer *answer = record(lead, "{'type':'demo_requested'}");
    expect_int(answer, 45, "score.after");
    expect_text(answer, "target", "stage.after");
    answer = record(lead, "{'type':'content_downloaded'}");
    expect_int(answer, 45, "score.before");
    expect_int(answer, 55, "score.after");
    expect_text(answer, "target", "stage.before");
    expect_text(answer, "mql", "stage.after");
    const char *occurred_at = answer_text(answer, "occurred_at");

    answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_text(answer, "mql", "stage");
    expect_int(answer, 55, "score");
    expect_int(answer, 1, "version"); /* which counts what people change */
    expect_text(answer, occurred_at, "stage_entered_at");
    ck_assert_str_eq(answer_header(answer, "ETag"), "\"v1-s55\"");

    answer = get(fixture.client, "/v1/leads/%s/stages", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
    expect_text(answer, "rule", "data.1.cause");
    expect_text(answer, "target", "data.1.from");
    expect_text(answer, "mql", "data.1.to");
    expect_text(answer, occurred_at, "data.1.occurred_at");
    expect_int(answer, 55, "data.1.score");
    answer = record(lead, "{'type':'demo_requested'}");
    expect_int(answer, 55, "score.after"); /* at its cap */
    expect_text(answer, "mql", "stage.after");
}
END_TEST

START_TEST(caps)
{
    const char *lead = make_lead("ann");
    for (int i = 1; i <= 20; i++)
        expect_int(record(lead, "{'type':'page_view'}"), 5 + (i < 15 ? i : 15), "score.after");
    expect_int(record(lead, "{'type':'something_of_ours'}"), 20, "score.after");
}
END_TEST

/* Whatever the order in which they arrive: the same score, and the same entry at the same time. */
START_TEST(order_of_arrival)
{
    const char *leads[2] = { make_lead("ann"), make_lead("bob") };
    usleep(5000);
    int64_t first = clock_now_ms();
    usleep(20000);
    int64_t second = clock_now_ms();
    const char *demo = textf("{'type':'demo_requested','occurred_at':'%s'}", time_text(first));
    const char *download =
        textf("{'type':'content_downloaded','occurred_at':'%s'}", time_text(second));
    expect_text(record(leads[0], demo), "target", "stage.after");
    expect_text(record(leads[0], download), "mql", "stage.after");
    expect_int(record(leads[1], download), 15, "score.after");
    const struct answer *answer = record(leads[1], demo);
    expect_int(answer, 55, "score.after");
    expect_text(answer, "mql", "stage.after");
    for (int i = 0; i < 2; i++) {
        answer = get(fixture.client, "/v1/leads/%s/stages?voided=true", leads[i]);
        ck_assert_uint_eq(answer_count(answer, "data"), 2);
        expect_text(answer, time_text(second), "data.1.occurred_at");
        expect_text(answer, "mql", "data.1.to");
    }
    /* One more that came late moves the entry: the old one is voided, and kept. */
    record(leads[0], textf("{'type':'meeting','occurred_at':'%s'}", time_text(first + 1)));
    answer = get(fixture.client, "/v1/leads/%s/stages", leads[0]);
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
    expect_text(answer, time_text(first + 1), "data.1.occurred_at");
    answer = get(fixture.client, "/v1/leads/%s/stages?voided=true", leads[0]);
    ck_assert_uint_eq(answer_count(answer, "data"), 3);
    ck_assert(!answer_is_null(answer, "data.2.voided_at"));
}
END_TEST

/* ---- Once ---- */

START_TEST(told_twice)
{
    const char *lead = make_lead("ann"), *other = make_lead("bob");
    const struct answer *answer =
        record(lead, "{'type':'call','external_id':'7','properties':{'a':1}}");
    expect_status(answer, 201);
    const char *id = answer_text(answer, "id");
    answer = record(lead, "{'type':'demo_requested','external_id':'7','properties':{'a':2},"
                          "'occurred_at':'2024-01-01T00:00:00Z'}");
    expect_status(answer, 200);
    expect_shape(answer, "", RECORDED_SHAPE);
    ck_assert(answer_bool(answer, "duplicate"));
    expect_text(answer, id, "id");
    expect_text(answer, "call", "type");
    expect_int(answer, 1, "properties.a");
    expect_int(answer, 5, "score.before");
    expect_int(answer, 5, "score.after");
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/activities/%s", id));
    answer = record(other, "{'type':'call','external_id':'7'}");
    expect_status(answer, 200);
    expect_text(answer, lead, "lead_id");

    expect_status(record(lead, "{'type':'call','external_id':'7','source_system':'site'}"), 201);
    _cleanup_(client_done) struct client *site = service_client(service_key("site", "write"));
    const char *path = textf("/v1/leads/%s/activities", lead);
    expect_status(post(site, path, "{'type':'call','external_id':'7'}"), 200);
    _cleanup_(client_done) struct client *shop = service_client(service_key("shop", "ingest"));
    expect_status(post(shop, path, "{'type':'call','external_id':'7'}"), 201);
    expect_status(post(shop, path, "{'type':'call'}"), 201);
    expect_status(post(shop, path, "{'type':'call'}"), 201);
    answer = get(fixture.client, "%s", path);
    ck_assert_uint_eq(answer_count(answer, "data"), 5);
}
END_TEST

START_TEST(told_twice_at_once)
{
    const char *lead = make_lead("ann");
    for (int i = 0; i < 20; i++) {
        const char *body = textf("{\"type\":\"page_view\",\"external_id\":\"%d\"}", i);
        struct race race = { .path = textf("/v1/leads/%s/activities", lead),
                             .bodies = { body, body } };
        race_run(&race);
        ck_assert_msg(race.statuses[0] + race.statuses[1] == 401 &&
                          (race.statuses[0] == 200 || race.statuses[0] == 201),
                      "%d and %d", race.statuses[0], race.statuses[1]);
    }
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5 + 15, "score");
}
END_TEST

/* ---- Batches ---- */

START_TEST(batch_names_leads)
{
    service_create("/v1/leads",
                   "{'email':'ann@example.com','source_system':'shop','external_id':'a1'}");
    const char *bob = make_lead("bob");
    const struct answer *answer =
        post(fixture.client, "/v1/activities",
             "{'activities':["
             "{'type':'call','lead_id':'%s'},"
             "{'type':'call','email':' Ann+news@EXAMPLE.com '},"
             "{'type':'call','lead_source_system':'shop','lead_external_id':'a1'},"
             "{'type':'call','source_system':'shop','lead_external_id':'a1'},"
             "{'type':'call','lead_external_id':'a1'},"
             "{'type':'call','email':'nobody@example.com'},"
             "{'type':'call','lead_id':'019aab3f-7c1e-7abc-8def-0123456789ab'},"
             "{'type':'call'},"
             "{'type':'call','email':'no address'},"
             "{'type':'Call','lead_id':'%s'},"
             "{'type':'call','lead_id':'%s','occurred_at':'2999-01-01T00:00:00Z'}]}",
             bob, bob, bob);
    expect_status(answer, 200);
    expect_shape(answer, "", "results:a recorded:n duplicate:n failed:n");
    static const struct {
        int status;
        const char *place, *why;
    } expected[] = {
        { 201, NULL, NULL },
        { 201, NULL, NULL },
        { 201, NULL, NULL },
        { 201, NULL, NULL },
        { 422, "/activities/4/lead_external_id", "unknown" },
        { 422, "/activities/5/email", "unknown" },
        { 422, "/activities/6/lead_id", "unknown" },
        { 422, "/activities/7/lead_id", "required" },
        { 422, "/activities/8/email", "invalid" },
        { 422, "/activities/9/type", "invalid" },
        { 422, "/activities/10/occurred_at", "in_the_future" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        expect_int(answer, expected[i].status, "results.%zu.status", i);
        if (expected[i].status == 201) {
            expect_shape(answer, textf("results.%zu", i), "status:n " RECORDED_SHAPE);
            continue;
        }
        expect_text(answer, "validation_failed", "results.%zu.code", i);
        expect_text(answer, expected[i].place, "results.%zu.errors.0.pointer", i);
        expect_text(answer, expected[i].why, "results.%zu.errors.0.code", i);
    }
    expect_int(answer, 4, "recorded");
    expect_int(answer, 0, "duplicate");
    expect_int(answer, 7, "failed");
}
END_TEST

static int status_of_item(int i)
{
    return i % 5 == 3 ? 422 : i % 5 == 4 ? 422 : i >= 500 ? 200 : 201;
}

/* The second half tells the first half again. */
START_TEST(thousand)
{
    const char *lead = make_lead("ann");
    struct buffer body = { .arena = &fixture.arena };
    for (int i = 0; i < 1000; i++) {
        buffer_text(&body, i ? "," : "{'activities':[");
        if (i % 5 == 3)
            buffer_printf(&body, "{'type':7,'lead_id':'%s'}", lead);
        else if (i % 5 == 4)
            buffer_text(&body, "{'type':'call','email':'nobody@example.com'}");
        else
            buffer_printf(&body, "{'type':'call','email':'ann@example.com','external_id':'%d'}",
                          i % 500);
    }
    buffer_text(&body, "]}");
    buffer_char(&body, '\0');
    const struct answer *answer = post(fixture.client, "/v1/activities", "%s", body.data);
    expect_status(answer, 200);
    ck_assert_uint_eq(answer_count(answer, "results"), 1000);
    for (int i = 0; i < 1000; i++) {
        expect_int(answer, status_of_item(i), "results.%d.status", i);
        if (status_of_item(i) < 300)
            expect_text(answer, textf("%d", i % 500), "results.%d.external_id", i);
        else
            expect_text(answer, textf("/activities/%d/%s", i, i % 5 == 3 ? "type" : "email"),
                        "results.%d.errors.0.pointer", i);
    }
    expect_int(answer, 300, "recorded");
    expect_int(answer, 300, "duplicate");
    expect_int(answer, 400, "failed");
}
END_TEST

START_TEST(batch_may_name_who_tells_of_a_lead_known_by_address)
{
    make_lead("ann");
    const struct answer *answer = post(
        fixture.client, "/v1/activities",
        "{'activities':["
        "{'type':'call','email':'ann@example.com','source_system':'site','external_id':'1'},"
        "{'type':'call','email':'ann@example.com','source_system':'site','external_id':'1'}]}");
    expect_int(answer, 201, "results.0.status");
    expect_text(answer, "site", "results.0.source_system");
    expect_int(answer, 200, "results.1.status");
}
END_TEST

START_TEST(batch_moves_stages)
{
    make_lead("ann");
    const struct answer *answer =
        post(fixture.client, "/v1/activities",
             "{'activities':[{'type':'demo_requested','email':'ann@example.com'},"
             "{'type':'nothing bad','email':'ann@example.com'},"
             "{'type':'meeting','email':'ann@example.com'}]}");
    expect_int(answer, 45, "results.0.score.after");
    expect_text(answer, "target", "results.0.stage.after");
    expect_int(answer, 422, "results.1.status");
    expect_int(answer, 45, "results.2.score.before");
    expect_int(answer, 65, "results.2.score.after");
    expect_text(answer, "mql", "results.2.stage.after");
}
END_TEST

/* ---- The timeline ---- */

enum { TIMELINE = 25 };

static const char *make_timeline(void)
{
    const char *lead = make_lead("ann");
    struct buffer body = { .arena = &fixture.arena };
    for (int i = 0; i < TIMELINE; i++) /* in threes at the same millisecond, not in order */
        buffer_printf(&body, "%s{'lead_id':'%s','type':'%s','occurred_at':'%s'}",
                      i ? "," : "{'activities':[", lead, i % 2 ? "call" : "meeting",
                      time_text(INT64_C(1700000000000) + (i * 7 % TIMELINE) / 3));
    buffer_text(&body, "]}");
    buffer_char(&body, '\0');
    expect_int(post(fixture.client, "/v1/activities", "%s", body.data), TIMELINE, "recorded");
    return lead;
}

START_TEST(timeline)
{
    const char *lead = make_timeline(), *cursor = "";
    char seen[TIMELINE][ID_TEXT_SIZE];
    size_t count = 0;
    char last[TIME_TEXT_SIZE] = "9999";
    for (bool more = true; more;) {
        const struct answer *answer =
            get(fixture.client, "/v1/leads/%s/activities?limit=4%s", lead, cursor);
        expect_status(answer, 200);
        expect_shape(answer, "", PAGE_SHAPE);
        for (size_t i = 0; i < answer_count(answer, "data"); i++, count++) {
            expect_shape(answer, textf("data.%zu", i), ACTIVITY_SHAPE);
            ck_assert_uint_lt(count, TIMELINE);
            snprintf(seen[count], sizeof seen[count], "%s", answer_text(answer, "data.%zu.id", i));
            for (size_t j = 0; j < count; j++)
                ck_assert_str_ne(seen[j], seen[count]);
            const char *at = answer_text(answer, "data.%zu.occurred_at", i);
            ck_assert_str_le(at, last);
            snprintf(last, sizeof last, "%s", at);
        }
        more = answer_bool(answer, "has_more");
        if (more)
            cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
        record(lead, "{'type':'note'}"); /* newer than any page to come */
    }
    ck_assert_uint_eq(count, TIMELINE);
}
END_TEST

START_TEST(timeline_filters)
{
    const char *lead = make_timeline();
    const struct answer *answer =
        get(fixture.client, "/v1/leads/%s/activities?type=call&limit=200", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), TIMELINE / 2);
    answer = get(fixture.client, "/v1/leads/%s/activities?type=none", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 0);
    answer = get(fixture.client, "/v1/leads/%s/activities?occurred_at[gte]=%s&occurred_at[lt]=%s",
                 lead, time_text(1700000000002), time_text(1700000000004));
    ck_assert_uint_eq(answer_count(answer, "data"), 6);
    expect_text(answer, time_text(1700000000003), "data.0.occurred_at");
    expect_text(answer, time_text(1700000000002), "data.5.occurred_at");
    answer = get(fixture.client, "/v1/leads/%s/activities", make_lead("bob"));
    ck_assert_uint_eq(answer_count(answer, "data"), 0);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("activities");
    TCase *tcase = tcase_create("activities");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, recorded);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, ahead);
    tcase_add_test(tcase, score_and_stage);
    tcase_add_test(tcase, caps);
    tcase_add_test(tcase, order_of_arrival);
    tcase_add_test(tcase, told_twice);
    tcase_add_test(tcase, told_twice_at_once);
    tcase_add_test(tcase, batch_names_leads);
    tcase_add_test(tcase, thousand);
    tcase_add_test(tcase, batch_may_name_who_tells_of_a_lead_known_by_address);
    tcase_add_test(tcase, batch_moves_stages);
    tcase_add_test(tcase, timeline);
    tcase_add_test(tcase, timeline_filters);
    suite_add_tcase(suite, tcase);
    return suite;
}
