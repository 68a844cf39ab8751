/* test_stages.c: how a lead moves through its pipeline and is closed, and what its history says
 * of that. */
#include "fixture.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *make_lead(const char *name)
{
    return service_create("/v1/leads", "{'email':'%s@example.com'}", name);
}

static const struct answer *act(const char *lead, const char *action, const char *json)
{
    return post(fixture.client, textf("/v1/leads/%s/%s", lead, action), "%s", json);
}

static const struct answer *history(const char *lead, const char *query)
{
    const struct answer *answer = get(fixture.client, "/v1/leads/%s/stages%s", lead, query);
    expect_status(answer, 200);
    expect_shape(answer, "", PAGE_SHAPE);
    for (size_t i = 0; i < answer_count(answer, "data"); i++)
        expect_shape(answer, textf("data.%zu", i), STAGE_EVENT_SHAPE);
    return answer;
}

/* Row `i` of the history says this; NULL is null. */
static void expect_event(const struct answer *answer, size_t i, const char *from, const char *to,
                         const char *status, const char *cause)
{
    const struct {
        const char *name, *value;
    } members[] = { { "from", from }, { "to", to }, { "to_status", status }, { "cause", cause } };
    for (size_t j = 0; j < ARRAY_SIZE(members); j++)
        if (members[j].value)
            expect_text(answer, members[j].value, "data.%zu.%s", i, members[j].name);
        else
            ck_assert_msg(answer_is_null(answer, "data.%zu.%s", i, members[j].name),
                          "%s of event %zu: %s", members[j].name, i, answer->body);
}

static void expect_conflict(const struct answer *answer, const char *said)
{
    expect_problem(answer, 409, "conflict", NULL, NULL);
    ck_assert_msg(strstr(answer_text(answer, "detail"), said), "%s: %s", said, answer->body);
}

/* ---- Moves ---- */

START_TEST(moved)
{
    const char *lead = make_lead("ann");
    const struct answer *answer =
        act(lead, "move", "{'stage':'demo','reason':'asked for it','cause':'user'}");
    expect_status(answer, 200);
    expect_shape(answer, "", LEAD_SHAPE);
    expect_text(answer, "demo", "stage");
    expect_int(answer, 2, "version");
    expect_int(answer, 1, "cycle");
    const char *entered_at = answer_text(answer, "stage_entered_at");
    answer = history(lead, "");
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
    ck_assert(!answer_bool(answer, "has_more"));
    expect_event(answer, 0, NULL, "target", "open", "api");
    expect_event(answer, 1, "target", "demo", "open", "user");
    expect_text(answer, "asked for it", "data.1.reason");
    expect_text(answer, "admin", "data.1.actor");
    expect_text(answer, entered_at, "data.1.occurred_at");
    expect_int(answer, 5, "data.1.score");
    expect_int(answer, 1, "data.1.rule_set_version");
    expect_text(get(fixture.client, "/v1/leads/%s", lead), entered_at, "stage_entered_at");
}
END_TEST

START_TEST(move_refused)
{
    const char *lead = make_lead("ann");
    act(lead, "move", "{'stage':'demo'}");
    expect_conflict(act(lead, "move", "{'stage':'demo'}"), "already in the stage demo");
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'stage':'nowhere'}", "/stage", "unknown" },
        { "{'stage':'won'}", "/stage", "unknown" },
        { "{'stage':'Demo '}", "/stage", "unknown" },
        { "{'stage':'sql'}", "/reason", "required" }, /* back */
        { "{'stage':'sql','reason':' '}", "/reason", "required" },
        { "{'stage':'sql','cause':'correction'}", "/reason", "required" },
        { "{'stage':'close','cause':'rule'}", "/cause", "unknown_value" },
        { "{'stage':'close','cause':'import'}", "/cause", "unknown_value" },
        { "{'stage':'close','cause':'decay'}", "/cause", "unknown_value" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(act(lead, "move", cases[i].body), 422, "validation_failed", cases[i].place,
                       cases[i].why);
    ck_assert_uint_eq(answer_count(history(lead, "?voided=true"), "data"), 2);
    act(lead, "lose", "{'reason':'price'}");
    expect_conflict(act(lead, "move", "{'stage':'close'}"), "lost");
}
END_TEST

/* Sent back for nurture: the same lead, on its second round. */
START_TEST(recycled)
{
    const char *lead = make_lead("ann");
    act(lead, "move", "{'stage':'sql'}");
    const struct answer *answer = act(lead, "move", "{'stage':'mql','reason':'not now'}");
    expect_status(answer, 200);
    expect_text(answer, "mql", "stage");
    expect_int(answer, 2, "cycle");
    answer = act(lead, "move", "{'stage':'target','reason':'not ever'}");
    expect_int(answer, 3, "cycle");
    answer = act(lead, "move", "{'stage':'proposal'}");
    expect_int(answer, 3, "cycle");
    answer = history(lead, "");
    ck_assert_uint_eq(answer_count(answer, "data"), 5);
    expect_event(answer, 2, "sql", "mql", "open", "api");
    expect_int(answer, 2, "data.2.cycle");
    expect_text(answer, "not now", "data.2.reason");
    ck_assert_uint_eq(answer_count(history(lead, "?voided=true"), "data"), 5);
}
END_TEST

/* A slip of the mouse: it never was in Proposal. */
START_TEST(corrected)
{
    const char *lead = make_lead("ann");
    act(lead, "move", "{'stage':'mql'}");
    act(lead, "move", "{'stage':'proposal'}");
    const struct answer *answer =
        act(lead, "move", "{'stage':'sql','reason':'wrong column','cause':'correction'}");
    expect_status(answer, 200);
    expect_text(answer, "sql", "stage");
    expect_int(answer, 1, "cycle");
    answer = history(lead, "");
    ck_assert_uint_eq(answer_count(answer, "data"), 3);
    expect_event(answer, 0, NULL, "target", "open", "api");
    expect_event(answer, 1, "target", "mql", "open", "api");
    expect_event(answer, 2, "proposal", "sql", "open", "correction");
    answer = history(lead, "?voided=true");
    ck_assert_uint_eq(answer_count(answer, "data"), 4);
    expect_event(answer, 2, "mql", "proposal", "open", "api");
    ck_assert(!answer_is_null(answer, "data.2.voided_at"));
    ck_assert(answer_is_null(answer, "data.1.voided_at"));
    ck_assert_uint_eq(answer_count(history(lead, "?voided=false"), "data"), 3);
    answer = get(fixture.client, "/v1/metrics/funnel?basis=period");
    expect_int(answer, 0, "groups.0.stages.4.entered");
    expect_int(answer, 1, "groups.0.stages.2.entered");
}
END_TEST

/* ---- Closing ---- */

START_TEST(won)
{
    const char *lead = make_lead("ann");
    const struct answer *answer = act(lead, "win", "{'amount_minor':9900,'reason':'best offer'}");
    expect_status(answer, 200);
    expect_shape(answer, "", LEAD_SHAPE);
    expect_text(answer, "won", "status");
    expect_text(answer, "target", "stage"); /* orthogonal to the status */
    expect_int(answer, 9900, "amount_minor");
    expect_text(answer, "USD", "currency");
    answer = history(lead, "");
    expect_event(answer, 1, "target", NULL, "won", "api");
    expect_text(answer, "open", "data.1.from_status");
    expect_text(answer, "best offer", "data.1.reason");
    expect_conflict(act(lead, "win", "{}"), "already won");
    expect_conflict(act(lead, "lose", "{'reason':'x'}"), "reopen");
    expect_conflict(act(lead, "disqualify", "{'reason':'x'}"), "reopen");
    expect_conflict(act(lead, "move", "{'stage':'mql'}"), "reopen");
}
END_TEST

START_TEST(lost_and_disqualified)
{
    const char *lead = make_lead("ann"), *other = make_lead("bob");
    expect_problem(act(lead, "lose", "{}"), 422, "validation_failed", "/reason", "required");
    expect_problem(act(lead, "disqualify", "{'reason':null}"), 422, "validation_failed", "/reason",
                   "required");
    expect_text(act(lead, "lose", "{'reason':'price'}"), "lost", "status");
    expect_text(act(other, "disqualify", "{'reason':'student'}"), "disqualified", "status");
    expect_conflict(act(lead, "lose", "{'reason':'price'}"), "already lost");
    expect_conflict(act(other, "disqualify", "{'reason':'x'}"), "already disqualified");
    expect_conflict(act(other, "win", "{}"), "reopen");
    const struct answer *answer = get(fixture.client, "/v1/metrics/funnel");
    expect_int(answer, 1, "groups.0.lost.leads");
    expect_int(answer, 1, "groups.0.disqualified.leads");
    expect_int(answer, 2, "groups.0.stages.0.reached");
}
END_TEST

START_TEST(reopened)
{
    const char *lead = make_lead("ann");
    expect_conflict(act(lead, "reopen", "{}"), "already open");
    act(lead, "move", "{'stage':'demo'}");
    act(lead, "win", "{'amount_minor':100}");
    const struct answer *answer = act(lead, "reopen", "{'reason':'cancelled'}");
    expect_status(answer, 200);
    expect_text(answer, "open", "status");
    expect_text(answer, "demo", "stage");
    answer = get(fixture.client, "/v1/metrics/funnel");
    expect_int(answer, 0, "groups.0.won.leads"); /* it was not won after all */
    expect_int(answer, 0, "groups.0.won.value_minor");
    expect_int(answer, 0, "groups.0.stages.5.reached");
    expect_text(act(lead, "lose", "{'reason':'price'}"), "lost", "status");
    answer = history(lead, "");
    ck_assert_uint_eq(answer_count(answer, "data"), 5);
    expect_event(answer, 3, "demo", NULL, "open", "api");
    expect_text(answer, "won", "data.3.from_status");
    expect_event(answer, 4, "demo", NULL, "lost", "api");
}
END_TEST

/* Each of two who act at once hears what became of it. */
START_TEST(two_at_once)
{
    for (int i = 0; i < 10; i++) {
        const char *lead = make_lead(textf("u%d", i));
        struct race race = { .path = textf("/v1/leads/%s/win", lead),
                             .bodies = { "{}", "{\"amount_minor\":5}" } };
        race_run(&race);
        ck_assert_int_eq(race.statuses[0] + race.statuses[1], 200 + 409);
        ck_assert_uint_eq(answer_count(history(lead, ""), "data"), 2);
    }
}
END_TEST

/* ---- By rule ---- */

START_TEST(promoted_by_an_activity)
{
    const struct answer *answer = post(
        fixture.client, "/v1/leads",
        "{'email':'a@example.com','phone':'+4930123456','company':'A','job_title':'Head chief'}");
    expect_int(answer, 40, "score");
    const char *lead = textf("%s", answer_text(answer, "id"));
    expect_text(act(lead, "activities", "{'type':'content_downloaded'}"), "mql", "stage.after");
    answer = history(lead, "");
    expect_event(answer, 1, "target", "mql", "open", "rule");
    ck_assert(answer_is_null(answer, "data.1.actor"));
    expect_int(answer, 50, "data.1.score");
    const struct answer *read = get(fixture.client, "/v1/leads/%s", lead);
    expect_int(read, 1, "version");
    expect_text(read, answer_text(answer, "data.1.occurred_at"), "stage_entered_at");
}
END_TEST

/* An attribute counts as an activity does. */
START_TEST(promoted_by_a_change)
{
    const char *lead = make_lead("ann");
    act(lead, "activities", "{'type':'demo_requested'}");
    const struct answer *answer =
        patch(fixture.client, textf("/v1/leads/%s", lead), "{'company':'ACME'}");
    expect_int(answer, 55, "score");
    expect_text(answer, "mql", "stage");
    expect_event(history(lead, ""), 1, "target", "mql", "open", "rule");
}
END_TEST

/* What a move answers with is enough for the next one. */
START_TEST(moves_take_and_give_etags)
{
    const char *lead = make_lead("ann");
    const struct answer *answer =
        ask(fixture.client, .path = textf("/v1/leads/%s/move", lead), .body = "{\"stage\":\"sql\"}",
            .headers = { "If-Match: \"v1-s5\"" });
    ck_assert_str_eq(answer_header(answer, "ETag"), "\"v2-s5\"");
    answer = ask(fixture.client, .path = textf("/v1/leads/%s/win", lead), .body = "{}",
                 .headers = { "If-Match: \"v2-s5\"" });
    ck_assert_str_eq(answer_header(answer, "ETag"), "\"v3-s5\"");
    /* Where nothing has a version nothing is compared. */
    expect_status(ask(fixture.client, .path = "/v1/leads", .headers = { "If-Match: \"v9-s9\"" }),
                  200);
}
END_TEST

/* A rule never takes a lead back, and leaves closed ones alone. */
START_TEST(rules_know_their_place)
{
    const char *lead = make_lead("ann"), *closed = make_lead("bob");
    act(lead, "move", "{'stage':'demo'}");
    act(closed, "lose", "{'reason':'price'}");
    for (int i = 0; i < 2; i++) {
        const char *who = i ? lead : closed;
        act(who, "activities", "{'type':'demo_requested'}");
        act(who, "activities", "{'type':'webinar_attended'}");
        expect_int(get(fixture.client, "/v1/leads/%s", who), 65, "score");
    }
    expect_text(get(fixture.client, "/v1/leads/%s", lead), "demo", "stage");
    expect_text(get(fixture.client, "/v1/leads/%s", closed), "target", "stage");
    /* What a person sent back stays there until something new happens, at a later millisecond. */
    const struct answer *answer = act(lead, "move", "{'stage':'target','reason':'nurture'}");
    expect_text(answer, "target", "stage");
    usleep(3000);
    expect_text(act(lead, "activities", "{'type':'page_view'}"), "mql", "stage.after");
}
END_TEST

/* ---- The past ---- */

START_TEST(history_in_its_order)
{
    post(fixture.client, "/v1/import/leads",
         "{'items':[{'email':'a@example.com','created_at':'2024-01-01T00:00:00Z'}]}");
    const struct answer *answer =
        post(fixture.client, "/v1/import/stage-events",
             "{'items':["
             "{'email':'a@example.com','to':'won','occurred_at':'2024-04-01T00:00:00Z'},"
             "{'email':'a@example.com','to':'demo','occurred_at':'2024-03-01T00:00:00Z'},"
             "{'email':'a@example.com','to':'mql','occurred_at':'2024-02-01T00:00:00Z'}]}");
    expect_status(answer, 200);
    answer = get(fixture.client, "/v1/leads?email=a@example.com");
    expect_text(answer, "won", "data.0.status");
    expect_text(answer, "demo", "data.0.stage");
    expect_text(answer, "2024-03-01T00:00:00.000Z", "data.0.stage_entered_at");
    answer = history(answer_text(answer, "data.0.id"), "");
    ck_assert_uint_eq(answer_count(answer, "data"), 4);
    expect_event(answer, 0, NULL, "target", "open", "import");
    expect_event(answer, 1, "target", "mql", "open", "import");
    expect_event(answer, 2, "mql", "demo", "open", "import");
    expect_event(answer, 3, "demo", NULL, "won", "import");
    expect_text(answer, "2024-02-01T00:00:00.000Z", "data.1.occurred_at");
}
END_TEST

START_TEST(unknown_lead)
{
    static const char *const unknown = "019aab3f-7c1e-7abc-8def-0123456789ab";
    expect_problem(get(fixture.client, "/v1/leads/%s/stages", unknown), 404, "not_found", NULL,
                   NULL);
    expect_problem(act(unknown, "move", "{'stage':'mql'}"), 404, "not_found", NULL, NULL);
    expect_problem(act(unknown, "win", "{}"), 404, "not_found", NULL, NULL);
}
END_TEST

/* ---- Pipelines and rules ---- */

START_TEST(pipelines)
{
    static const char *const keys[] = { "target", "mql", "sql", "demo", "proposal", "close" };
    const struct answer *answer = get(fixture.client, "/v1/pipelines");
    expect_status(answer, 200);
    expect_shape(answer, "", PAGE_SHAPE);
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    expect_shape(answer, "data.0", PIPELINE_SHAPE);
    answer = get(fixture.client, "/v1/pipelines/default");
    expect_status(answer, 200);
    expect_shape(answer, "", PIPELINE_SHAPE);
    ck_assert(answer_bool(answer, "is_default"));
    ck_assert_uint_eq(answer_count(answer, "stages"), ARRAY_SIZE(keys));
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        expect_shape(answer, textf("stages.%zu", i), STAGE_SHAPE);
        expect_text(answer, keys[i], "stages.%zu.key", i);
        expect_text(answer, keys[i], "stages.%zu.kind", i);
        expect_int(answer, (int64_t)i + 1, "stages.%zu.position", i);
    }
    expect_problem(get(fixture.client, "/v1/pipelines/other"), 404, "not_found", NULL, NULL);
}
END_TEST

START_TEST(rule_set)
{
    const struct answer *answer = get(fixture.client, "/v1/rule-sets");
    expect_status(answer, 200);
    expect_shape(answer, "", PAGE_SHAPE);
    expect_shape(
        answer, "data.0",
        "id:i status:t version:n? name:t min_milli:n max_milli:n created_at:T updated_at:T "
        "published_at:T? retired_at:T? copied_from:i? "
        "groups:a rules:a criteria:a");
    expect_shape(answer, "data.0.groups.0", "key:t min_milli:n max_milli:n");
    expect_shape(answer, "data.0.rules.0",
                 "key:t name:t score_group:t points_milli:n when:o each:o? cap_milli:n? "
                 "cap_times:n? decay:t decay_days:n? decay_percent:n?");
    expect_shape(answer, "data.0.criteria.0",
                 "kind:t score_min:n exit_below:n? dwell_hours:n? when:o?");
    expect_text(answer, "mql", "data.0.criteria.0.kind");
    expect_int(answer, 50, "data.0.criteria.0.score_min");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        moved,
        move_refused,
        recycled,
        corrected,
        won,
        lost_and_disqualified,
        reopened,
        two_at_once,
        promoted_by_an_activity,
        promoted_by_a_change,
        moves_take_and_give_etags,
        rules_know_their_place,
        history_in_its_order,
        unknown_lead,
        pipelines,
        rule_set,
    };
    Suite *suite = suite_create("stages");
    TCase *tcase = tcase_create("stages");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
