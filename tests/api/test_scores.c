/* test_scores.c: time alone lowers a score and takes a lead back a stage: to the millisecond in
 * what is read, and soon after in what is stored. */
#include "fixture.h"
#include "tamper.h"

#include <unistd.h>

enum { SOON_MS = 1500 };

/* Points that are worth something for a day, a threshold and an exit. */
static void publish_window(const char *criterion)
{
    const char *id = service_create(
        "/v1/rule-sets",
        "{'name':'A day','groups':[{'key':'engagement','min_milli':0,'max_milli':100000}],"
        "'rules':[{'key':'demo','name':'Demo','score_group':'engagement','points_milli':60000,"
        "'each':{'activity':'demo_requested'},'decay':'window','decay_days':1}],"
        "'criteria':[{'kind':'mql','score_min':50,%s}]}",
        criterion);
    expect_status(
        ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/publish", id)), 202);
    for (int ms = 0; ms < 20000; ms += 5, usleep(5000))
        if (!answer_is_null(get(fixture.client, "/v1/jobs?limit=1"), "data.0.finished_at"))
            return;
    ck_abort_msg("the job does not end");
}

/* An MQL whose points are gone at *ret_due. */
static const char *fading_lead(int64_t *ret_due)
{
    const char *id = service_create("/v1/leads", "{'email':'ann@example.com'}");
    *ret_due = clock_now_ms() + SOON_MS;
    const struct answer *answer =
        post(fixture.client, textf("/v1/leads/%s/activities", id),
             "{'type':'demo_requested','occurred_at':'%s'}", time_text(*ret_due - MS_PER_DAY));
    expect_status(answer, 201);
    expect_int(answer, 60, "score.after");
    expect_text(answer, "mql", "stage.after");
    return id;
}

static void wait_until(int64_t at)
{
    while (clock_now_ms() < at)
        usleep(1000);
}

START_TEST(goes_back_when_it_is_due)
{
    int64_t due;
    publish_window("'exit_below':40");
    const char *id = fading_lead(&due);
    wait_until(due);
    const struct answer *answer = get(fixture.client, "/v1/leads/%s", id);
    expect_int(answer, 0, "score");
    expect_text(answer, "target", "stage");
    expect_text(answer, time_text(due), "stage_entered_at");
    expect_int(answer, 2, "cycle");
    for (int ms = 0; ms < 20000; ms += 20, usleep(20000)) { /* the visitor comes round */
        answer = get(fixture.client, "/v1/leads?stage=target");
        if (answer_count(answer, "data") == 1)
            break;
    }
    expect_int(answer, 0, "data.0.score");
    answer = get(fixture.client, "/v1/leads/%s/stages", id);
    ck_assert_uint_eq(answer_count(answer, "data"), 3);
    expect_text(answer, "decay", "data.2.cause");
    expect_text(answer, "mql", "data.2.from");
    expect_text(answer, time_text(due), "data.2.occurred_at");
    expect_int(answer, 0, "data.2.score");
}
END_TEST

START_TEST(stays_while_it_dwells)
{
    int64_t due;
    publish_window("'exit_below':40,'dwell_hours':1");
    const char *id = fading_lead(&due);
    wait_until(due);
    const struct answer *answer = get(fixture.client, "/v1/leads/%s", id);
    expect_int(answer, 0, "score");
    expect_text(answer, "mql", "stage");
}
END_TEST

/* What was due and not visited yet comes before what a person does now. */
START_TEST(what_was_due_comes_first)
{
    int64_t due;
    publish_window("'exit_below':40");
    const char *id = fading_lead(&due);
    wait_until(due);
    expect_status(post(fixture.client, textf("/v1/leads/%s/move", id), "{'stage':'sql'}"), 200);
    const struct answer *answer = get(fixture.client, "/v1/leads/%s/stages", id);
    ck_assert_uint_eq(answer_count(answer, "data"), 4);
    expect_text(answer, "decay", "data.2.cause");
    expect_text(answer, time_text(due), "data.2.occurred_at");
    expect_text(answer, "target", "data.3.from");
    expect_text(answer, "sql", "data.3.to");
}
END_TEST

static bool metrics_say(const char *line)
{
    return strstr(ask(fixture.client, .path = "/metrics", .key = "")->body, line);
}

static void wait_for_metric(const char *line)
{
    for (int ms = 0; ms < 20000; ms += 20, usleep(20000))
        if (metrics_say(line))
            return;
    ck_abort_msg("never: %s", line);
}

/* It stops nobody behind it, an operator sees that there is one, and a fact mends it. */
START_TEST(damage_of_one_is_its_own)
{
    publish_window("'exit_below':40");
    const char *damaged = service_create("/v1/leads", "{'email':'u1@example.com'}");
    wait_for_metric("\nfunneld_leads_failing 0\n");
    tamper_with(fixture.database,
                "UPDATE stage_event SET voided_at = 1;"
                "UPDATE lead_state SET tally = x'00', score_due_at = score_as_of");
    wait_for_metric("\nfunneld_leads_failing 1\n");
    int64_t due;
    const char *behind = fading_lead(&due);
    wait_until(due);
    const struct answer *answer = NULL;
    for (int ms = 0; ms < 20000; ms += 20, usleep(20000)) {
        answer = get(fixture.client, "/v1/leads?stage=target&email=ann@example.com");
        if (answer_count(answer, "data") == 1)
            break;
    }
    expect_text(answer, behind, "data.0.id");
    ck_assert(metrics_say("\nfunneld_leads_failing 1\n"));
    tamper_with(fixture.database, "UPDATE stage_event SET voided_at = NULL WHERE voided_at = 1");
    expect_status(
        post(fixture.client, textf("/v1/leads/%s/activities", damaged), "{'type':'page_view'}"),
        201);
    wait_for_metric("\nfunneld_leads_failing 0\n");
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("scores");
    TCase *tcase = tcase_create("scores");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, goes_back_when_it_is_due);
    tcase_add_test(tcase, stays_while_it_dwells);
    tcase_add_test(tcase, what_was_due_comes_first);
    tcase_add_test(tcase, damage_of_one_is_its_own);
    suite_add_tcase(suite, tcase);
    return suite;
}
