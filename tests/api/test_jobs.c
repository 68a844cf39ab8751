/* test_jobs.c: long work goes on behind its answer, says how far it is, can be ended, and is gone
 * on with after a restart. */
#include "jobs.h"
#include "shape.h"
#include "tamper.h"

#include <unistd.h>

enum { LEADS = 300 };

static void make_leads(int count)
{
    struct buffer items = { .arena = &fixture.arena };
    for (int i = 0; i < count; i++)
        buffer_printf(&items, "%s{'email':'u%d@example.com'}", i ? "," : "", i);
    buffer_char(&items, '\0');
    expect_status(post(fixture.client, "/v1/import/leads", "{'items':[%s]}", items.data), 200);
}

static const char *in_force(void)
{
    return textf("%s",
                 answer_text(get(fixture.client, "/v1/rule-sets?status=published"), "data.0.id"));
}

static const char *another(void)
{
    return service_create("/v1/rule-sets", "{'name':'Spring','groups':[{'key':'fit','min_milli':0,"
                                           "'max_milli':40000}],'rules':[]}");
}

static const char *publish(const char *rule_set)
{
    const struct answer *answer =
        ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/publish", rule_set));
    expect_status(answer, 202);
    expect_shape(answer, "", JOB_SHAPE);
    const char *job = textf("%s", answer_text(answer, "id"));
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/jobs/%s", job));
    return job;
}

static void expect_versions(int64_t version)
{
    const char *cursor = "";
    int count = 0;
    for (bool more = true; more;) {
        const struct answer *answer = get(fixture.client, "/v1/leads?limit=200%s", cursor);
        for (size_t i = 0; i < answer_count(answer, "data"); i++, count++)
            expect_int(answer, version, "data.%zu.rule_set_version", i);
        more = answer_bool(answer, "has_more");
        if (more)
            cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
    }
    ck_assert_int_eq(count, LEADS);
}

START_TEST(runs_behind_its_answer)
{
    make_leads(LEADS);
    const char *second = another();
    const struct answer *answer = job_wait(publish(second));
    expect_shape(answer, "", JOB_SHAPE);
    expect_text(answer, "done", "state");
    expect_text(answer, "rescore", "kind");
    expect_text(answer, "admin", "actor");
    expect_int(answer, LEADS, "done");
    expect_int(answer, LEADS, "total");
    ck_assert_str_eq(json_number_value(answer_at(answer, "progress")) == 1.0 ? "1" : "not 1", "1");
    expect_versions(2);
    ck_assert_str_eq(in_force(), second);
    expect_text(answer, second, "subject");
}
END_TEST

START_TEST(is_over_once)
{
    const char *job = publish(another());
    const struct answer *over = job_wait(job); /* after one slice: there is nobody to score */
    ck_assert_str_le(answer_text(over, "created_at"), answer_text(over, "started_at"));
    ck_assert_str_le(answer_text(over, "started_at"), answer_text(over, "finished_at"));
    expect_problem(post(fixture.client, textf("/v1/jobs/%s/cancel", job), "{}"), 409, "conflict",
                   NULL, NULL);
    const char *none = "019aab3f-7c1e-7abc-8def-0123456789ab";
    expect_problem(get(fixture.client, "/v1/jobs/%s", none), 404, "not_found", NULL, NULL);
    expect_problem(ask(fixture.client, .method = "POST", .path = textf("/v1/jobs/%s/cancel", none)),
                   404, "not_found", NULL, NULL);
}
END_TEST

/* The next rule set makes the job of the one before it pointless. */
START_TEST(gives_way_to_the_next)
{
    make_leads(LEADS);
    const char *one = publish(another()), *two = publish(another());
    expect_text(job_wait(two), "done", "state");
    const struct answer *answer = job_wait(one);
    if (strcmp(answer_text(answer, "state"), "cancelled") == 0)
        expect_text(answer, "another rule set was published", "detail");
    expect_versions(3);
    answer = get(fixture.client, "/v1/jobs?kind=rescore&count=true");
    expect_shape(answer, "data.0", JOB_SHAPE);
    expect_int(answer, 2, "total");
    expect_text(answer, two, "data.0.id");
    answer = get(fixture.client, "/v1/jobs?state=failed&count=true");
    expect_int(answer, 0, "total");
}
END_TEST

/* What was done before the stop is not done again, and the rest is. */
START_TEST(goes_on_after_a_restart)
{
    make_leads(LEADS);
    const char *job = publish(another());
    service_restart();
    const struct answer *answer = job_wait(job);
    expect_text(answer, "done", "state");
    expect_int(answer, LEADS, "done");
    expect_versions(2);
}
END_TEST

START_TEST(can_be_cancelled)
{
    make_leads(LEADS);
    const char *job = publish(another());
    const struct answer *answer =
        ask(fixture.client, .method = "POST", .path = textf("/v1/jobs/%s/cancel", job));
    if (answer->status == 409) /* it was faster */
        return;
    expect_status(answer, 200);
    expect_text(answer, "cancelled", "state");
    int64_t done = answer_int(answer, "done");
    usleep(50000);
    expect_int(get(fixture.client, "/v1/jobs/%s", job), done, "done");
    const char *again = publish(in_force()); /* the rest comes under it too */
    expect_int(job_wait(again), LEADS, "done");
    expect_versions(2);
}
END_TEST

/* All others are done, and an operator can see which to look at; then the rest is. */
START_TEST(names_whom_it_could_not_score)
{
    make_leads(LEADS);
    const char *damaged = textf(
        "%s", answer_text(get(fixture.client, "/v1/leads?email=u7@example.com"), "data.0.id"));
    tamper_with(fixture.database, "UPDATE stage_event SET voided_at = 1 WHERE lead_id = "
                                  "(SELECT id FROM lead WHERE email = 'u7@example.com')");
    const struct answer *answer = job_wait(publish(another()));
    expect_shape(answer, "", JOB_SHAPE);
    expect_text(answer, "failed", "state");
    expect_int(answer, LEADS, "done");
    expect_int(answer, 1, "failed");
    expect_text(answer, damaged, "failed_leads.0");
    expect_text(answer,
                "1 of 300 leads could not be worked off and are as they were; all others are done",
                "detail");
    tamper_with(fixture.database, "UPDATE stage_event SET voided_at = NULL");
    expect_text(job_wait(publish(in_force())), "done", "state"); /* the rest of them */
    expect_versions(2);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { runs_behind_its_answer, is_over_once,
                                   gives_way_to_the_next,  goes_on_after_a_restart,
                                   can_be_cancelled,       names_whom_it_could_not_score };
    Suite *suite = suite_create("jobs");
    TCase *tcase = tcase_create("jobs");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
