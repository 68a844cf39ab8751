/* test_reclassify.c: of many activities it is said anew whether people did them, by a job that
 * scores their leads again. */
#include "jobs.h"
#include "shape.h"

#include <string.h>

static const char *begin(const char *json)
{
    const struct answer *answer = post(fixture.client, "/v1/activities/reclassify", "%s", json);
    expect_status(answer, 202);
    expect_shape(answer, "", JOB_SHAPE);
    expect_text(answer, "reclassify", "kind");
    const char *job = textf("%s", answer_text(answer, "id"));
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/jobs/%s", job));
    return job;
}

static void reclassify(const char *json, int activities, int leads)
{
    const struct answer *answer = job_wait(begin(json));
    expect_text(answer, "done", "state");
    expect_int(answer, activities, "result.activities");
    expect_int(answer, leads, "result.leads");
}

static const char *make_lead(const char *name)
{
    return service_create("/v1/leads", "{'email':'%s@example.com'}", name);
}

static const char *record(const char *lead, const char *json)
{
    return service_create(textf("/v1/leads/%s/activities", lead), "%s", json);
}

static int64_t score(const char *lead)
{
    client_forget(fixture.client);
    return answer_int(get(fixture.client, "/v1/leads/%s", lead), "score");
}

#define SEEN "{'type':'page_view','properties':{'user_agent':'%s'}}"

/* Scores, stages and the audit follow; what is said so already is not said again. */
START_TEST(by_user_agent)
{
    const char *ann = make_lead("ann"), *bob = make_lead("bob"), *cid = make_lead("cid");
    record(ann, textf(SEEN, "Our Monitor/1"));
    record(ann, textf(SEEN, "our monitor/2"));
    record(ann, textf(SEEN, "Mozilla/5.0 (X11; Linux x86_64)"));
    record(bob, "{'type':'meeting'}");
    const char *demo =
        record(bob, "{'type':'demo_requested','properties':{'user_agent':'Our Monitor/1'}}");
    record(cid, "{'type':'page_view'}");
    expect_text(get(fixture.client, "/v1/leads/%s", bob), "mql", "stage");

    reclassify("{'user_agent':'OUR monitor','engagement':'bot'}", 3, 2);
    ck_assert_int_eq(score(ann), 6);
    ck_assert_int_eq(score(bob), 25);
    ck_assert_int_eq(score(cid), 6);
    expect_text(get(fixture.client, "/v1/leads/%s", bob), "target", "stage");
    const struct answer *answer = get(fixture.client, "/v1/activities/%s", demo);
    expect_text(answer, "bot", "engagement");
    ck_assert(answer_bool(answer, "engagement_given"));
    answer = get(fixture.client, "/v1/leads/%s/changes", ann);
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    expect_text(answer, "bot", "data.0.new_value");
    expect_text(answer, "admin", "data.0.actor");
    reclassify("{'user_agent':'OUR monitor','engagement':'bot'}", 0, 0);
    reclassify("{'engagement_was':'bot','engagement':'verified'}", 3, 2);
    ck_assert_int_eq(score(bob), 65);
}
END_TEST

START_TEST(by_type_time_and_campaign)
{
    const char *ann = make_lead("ann");
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    record(ann,
           textf("{'type':'email_opened','campaign':'%s','occurred_at':'2024-01-01T00:00:00Z'}",
                 campaign));
    record(ann, "{'type':'email_opened','occurred_at':'2024-02-01T00:00:00Z'}");
    record(ann, "{'type':'email_opened','occurred_at':'2024-03-01T00:00:00Z'}");
    record(ann, "{'type':'email_clicked','occurred_at':'2024-02-01T00:00:00Z'}");
    ck_assert_int_eq(score(ann), 5 + 3 + 3);
    reclassify(textf("{'campaign':'%s','engagement':'suspect'}", campaign), 1, 1);
    ck_assert_int_eq(score(ann), 5 + 2 + 3);
    reclassify("{'type':'email_opened','occurred_gte':'2024-02-01T00:00:00Z',"
               "'occurred_lt':'2024-03-01T00:00:00Z','engagement':'suspect'}",
               1, 1);
    ck_assert_int_eq(score(ann), 5 + 1 + 3);
    reclassify("{'type':'email_opened','engagement':'suspect'}", 1, 1);
    ck_assert_int_eq(score(ann), 5 + 3);
}
END_TEST

/* By the rules again: only of what nobody has given. */
START_TEST(by_the_rules)
{
    const char *ann = make_lead("ann");
    record(ann, textf(SEEN, "curl/8.5.0"));
    record(ann, "{'type':'page_view','engagement':'bot'}");
    reclassify("{}", 0, 0);
    reclassify("{'type':'page_view','engagement':'verified'}", 2, 1);
    ck_assert_int_eq(score(ann), 7);
    reclassify("{}", 0, 0);
    ck_assert_int_eq(score(ann), 7);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'campaign':'019aab3f-7c1e-7abc-8def-0123456789ab'}", "/campaign", "unknown" },
        { "{'occurred_gte':'2024-02-01T00:00:00Z','occurred_lt':'2024-02-01T00:00:00Z'}",
          "/occurred_lt", "out_of_range" },
        { "{'job':'019aab3f-7c1e-7abc-8def-0123456789ab'}", "/job", "unknown_member" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(post(fixture.client, "/v1/activities/reclassify", "%s", cases[i].body), 422,
                       "validation_failed", cases[i].place, cases[i].why);
    expect_int(get(fixture.client, "/v1/jobs?count=true"), 0, "total");
}
END_TEST

/* Nothing is said anew of somebody who was erased, nor is it counted. */
START_TEST(passes_over_erased_leads)
{
    const char *ann = make_lead("ann"), *bob = make_lead("bob");
    record(ann, "{'type':'call'}");
    record(bob, "{'type':'call'}");
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", ann)), 204);
    reclassify("{'engagement':'suspect'}", 1, 1);
}
END_TEST

enum { LEADS = 400 };

/* What was done before the stop is not done again, and the rest is. */
START_TEST(goes_on_after_a_restart)
{
    struct buffer body = { .arena = &fixture.arena };
    for (int i = 0; i < LEADS; i++) {
        make_lead(textf("many%d", i));
        buffer_printf(&body, "%s{'type':'meeting','email':'many%d@example.com'}",
                      i ? "," : "{'activities':[", i);
    }
    buffer_text(&body, "]}");
    buffer_char(&body, '\0');
    expect_int(post(fixture.client, "/v1/activities", "%s", body.data), LEADS, "recorded");
    const char *job = begin("{'type':'meeting','engagement':'bot'}");
    service_restart();
    const struct answer *answer = job_wait(job);
    expect_text(answer, "done", "state");
    expect_int(answer, LEADS, "done");
    expect_int(answer, LEADS, "total");
    expect_int(answer, LEADS, "result.activities");
    expect_int(answer, LEADS, "result.leads");
    expect_int(get(fixture.client, "/v1/leads?score[gte]=6&count=true"), 0, "total");
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("reclassify");
    TCase *tcase = tcase_create("reclassify");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, by_user_agent);
    tcase_add_test(tcase, by_type_time_and_campaign);
    tcase_add_test(tcase, by_the_rules);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, passes_over_erased_leads);
    tcase_add_test(tcase, goes_on_after_a_restart);
    suite_add_tcase(suite, tcase);
    return suite;
}
