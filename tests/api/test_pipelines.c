/* test_pipelines.c: pipelines and stages that are made, named, ordered and archived, and funnels
 * that stay exact all the while. Each test ends with a recount of everything. */
#include "jobs.h"
#include "shape.h"

#include <string.h>

enum { LEADS = 120 };

static const char *lead_in(const char *name, const char *stage)
{
    return service_create("/v1/leads", "{'email':'%s@example.com','stage':'%s'}", name, stage);
}

static const struct answer *act(const char *lead, const char *action, const char *json)
{
    return post(fixture.client, textf("/v1/leads/%s/%s", lead, action), "%s", json);
}

/* Begins a job and waits for its end. */
static void expect_job(const struct answer *begun)
{
    expect_status(begun, 202);
    expect_shape(begun, "", JOB_SHAPE);
    expect_text(begun, "recount", "kind");
    const struct answer *answer = job_wait(textf("%s", answer_text(begun, "id")));
    expect_text(answer, "done", "state");
}

static void expect_conflict(const struct answer *answer, const char *said)
{
    expect_problem(answer, 409, "conflict", NULL, NULL);
    ck_assert_msg(strstr(answer_text(answer, "detail"), said), "%s: %s", said, answer->body);
}

/* The funnel of all leads says this: "target 3 2, mql 1 1": entered and reached. */
static void expect_funnel(const char *query, const char *expected)
{
    struct buffer said = { .arena = &fixture.arena };
    const struct answer *answer = get(fixture.client, "/v1/metrics/funnel%s", query);
    expect_status(answer, 200);
    for (size_t i = 0; i < answer_count(answer, "groups.0.stages"); i++)
        buffer_printf(&said, "%s%s %lld %lld", i ? ", " : "",
                      answer_text(answer, "groups.0.stages.%zu.stage", i),
                      (long long)answer_int(answer, "groups.0.stages.%zu.entered", i),
                      (long long)answer_int(answer, "groups.0.stages.%zu.reached", i));
    buffer_char(&said, '\0');
    ck_assert_str_eq(said.data, expected);
}

START_TEST(another_order)
{
    for (int i = 0; i < LEADS; i++)
        lead_in(textf("t%d", i), "target");
    lead_in("demo", "demo");
    expect_status(act(lead_in("won", "sql"), "win", "{}"), 200);
    expect_funnel("", "target 120 122, mql 0 2, sql 1 2, demo 1 2, proposal 0 1, close 0 1");
    expect_job(put(fixture.client, "/v1/pipelines/default/order",
                   "{'stages':['target','mql','demo','sql','proposal','close']}"));
    /* who is at the demo has not reached sql any more */
    expect_funnel("", "target 120 122, mql 0 2, demo 1 2, sql 1 1, proposal 0 1, close 0 1");
    const struct answer *answer = get(fixture.client, "/v1/pipelines/default");
    expect_text(answer, "demo", "stages.2.key");
    expect_int(answer, 3, "stages.2.position");
    service_check();
    lead_in("later", "sql");
    expect_funnel("", "target 120 123, mql 0 3, demo 1 3, sql 2 2, proposal 0 1, close 0 1");
}
END_TEST

/* Facts come while leads are counted anew, and the order changes once more before the end. */
START_TEST(order_under_way)
{
    for (int i = 0; i < LEADS; i++)
        lead_in(textf("t%d", i), i % 3 ? "target" : "demo");
    const struct answer *begun = put(fixture.client, "/v1/pipelines/default/order",
                                     "{'stages':['target','demo','mql','sql','proposal','close']}");
    expect_status(begun, 202);
    for (int i = 0; i < 20; i++)
        expect_status(act(lead_in(textf("m%d", i), "target"), "move", "{'stage':'demo'}"), 200);
    begun = put(fixture.client, "/v1/pipelines/default/order",
                "{'stages':['target','mql','demo','sql','proposal','close']}");
    for (int i = 0; i < 20; i++)
        expect_status(act(lead_in(textf("n%d", i), "mql"), "move", "{'stage':'sql'}"), 200);
    expect_job(begun);
    expect_funnel("", "target 100 160, mql 20 80, demo 60 80, sql 20 20, proposal 0 0, close 0 0");
}
END_TEST

START_TEST(order_goes_on_after_a_restart)
{
    for (int i = 0; i < LEADS; i++)
        lead_in(textf("t%d", i), i % 3 ? "target" : "demo");
    const struct answer *begun = put(fixture.client, "/v1/pipelines/default/order",
                                     "{'stages':['demo','target','mql','sql','proposal','close']}");
    expect_status(begun, 202);
    const char *job = textf("%s", answer_text(begun, "id"));
    service_restart();
    expect_text(job_wait(job), "done", "state");
    expect_funnel("", "demo 40 120, target 80 80, mql 0 0, sql 0 0, proposal 0 0, close 0 0");
}
END_TEST

/* Whoever went on goes back by another order: cycles are counted anew, those of leads that were
 * erased too, and what still waits for it is no difference. */
START_TEST(order_of_cycles)
{
    static const char *const orders[] = { "'target','sql','mql'", "'target','mql','sql'" };
    for (int i = 0; i < LEADS; i++)
        expect_status(act(lead_in(textf("t%d", i), "mql"), "move", "{'stage':'sql'}"), 200);
    const char *kept = lead_in("kept", "mql"), *erased = lead_in("erased", "mql");
    expect_status(act(kept, "move", "{'stage':'sql'}"), 200);
    expect_status(act(erased, "move", "{'stage':'sql'}"), 200);
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", erased)),
                  204);
    for (int i = 0; i < 6; i++) {
        const struct answer *begun =
            put(fixture.client, "/v1/pipelines/default/order",
                "{'stages':[%s,'demo','proposal','close']}", orders[i % 2]);
        service_check();
        expect_job(begun);
        service_check();
        expect_int(get(fixture.client, "/v1/leads/%s", kept), i % 2 ? 1 : 2, "cycle");
    }
}
END_TEST

START_TEST(refused_orders)
{
    static const struct {
        const char *stages, *code;
    } bad[] = {
        { "'target','mql','sql','demo','proposal'", "incomplete" },
        { "'target','mql','sql','demo','proposal','close','close'", "repeated" },
        { "'target','mql','sql','demo','proposal','nowhere'", "unknown" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        expect_problem(
            put(fixture.client, "/v1/pipelines/default/order", "{'stages':[%s]}", bad[i].stages),
            422, "validation_failed", "/stages", bad[i].code);
    expect_problem(put(fixture.client, "/v1/pipelines/none/order", "{'stages':['a']}"), 404,
                   "not_found", NULL, NULL);
}
END_TEST

START_TEST(a_new_stage)
{
    lead_in("demo", "demo");
    lead_in("proposal", "proposal");
    expect_job(post(fixture.client, "/v1/pipelines/default/stages",
                    "{'key':'trial','name':'Trial','before':'proposal','probability_bp':5000,"
                    "'required_fields':['amount_minor']}"));
    expect_funnel("", "target 0 2, mql 0 2, sql 0 2, demo 1 2, trial 0 1, proposal 1 1, close 0 0");
    const char *lead = lead_in("trial", "trial");
    expect_conflict(act(lead, "move", "{'stage':'proposal'}"), "amount_minor");
    expect_conflict(act(lead, "win", "{}"), "amount_minor");
    expect_status(act(lead, "move", "{'stage':'demo','reason':'not yet'}"), 200);
    expect_status(act(lead, "move", "{'stage':'trial'}"), 200);
    expect_status(act(lead, "win", "{'amount_minor':1000}"), 200);
    struct {
        const char *json, *pointer, *code;
    } bad[] = {
        { "{'key':'Trial','name':'x'}", "/key", "invalid" },
        { "{'key':'won','name':'x'}", "/key", "invalid" },
        { "{'key':'t','name':'x','kind':'demo'}", "/kind", "repeated" },
        { "{'key':'t','name':'x','before':'none'}", "/before", "unknown" },
        { "{'key':'t','name':'x','required_fields':['score']}", "/required_fields", "unknown" },
        { "{'key':'t','name':'x','probability_bp':10001}", "/probability_bp", NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        expect_problem(post(fixture.client, "/v1/pipelines/default/stages", "%s", bad[i].json), 422,
                       "validation_failed", bad[i].pointer, bad[i].code);
    expect_problem(
        post(fixture.client, "/v1/pipelines/default/stages", "{'key':'trial','name':'x'}"), 409,
        "duplicate", NULL, NULL);
}
END_TEST

START_TEST(an_archived_stage)
{
    const char *lead = lead_in("demo", "demo");
    expect_conflict(post(fixture.client, "/v1/pipelines/default/stages/demo/archive", "%s", ""),
                    "move or close");
    expect_status(act(lead, "move", "{'stage':'proposal'}"), 200);
    expect_job(post(fixture.client, "/v1/pipelines/default/stages/demo/archive", "%s", ""));
    expect_funnel("", "target 0 1, mql 0 1, sql 0 1, proposal 1 1, close 0 0");
    expect_conflict(act(lead, "move", "{'stage':'demo','reason':'back'}"), "archived");
    expect_problem(post(fixture.client, "/v1/leads", "{'email':'a@example.com','stage':'demo'}"),
                   422, "validation_failed", "/stage", "archived");
    expect_conflict(post(fixture.client, "/v1/pipelines/default/stages/demo/archive", "%s", ""),
                    "already");
    const struct answer *answer = get(fixture.client, "/v1/pipelines/default/board");
    ck_assert_uint_eq(answer_count(answer, "stages"), 5);
    /* who went through it while it was in use went through it; nobody does since */
    const char *now = time_text(clock_now_ms());
    answer = post(fixture.client, "/v1/import/leads",
                  "{'items':[{'email':'old@example.com','created_at':'2024-01-01T00:00:00Z'},"
                  "{'email':'new@example.com','stage':'demo'}]}");
    expect_text(answer, "created", "results.0.status");
    expect_text(answer, "/items/1/stage", "results.1.errors.0.pointer");
    answer = post(
        fixture.client, "/v1/import/stage-events",
        "{'items':[{'email':'old@example.com','to':'demo','occurred_at':'2024-02-01T00:00:00Z'},"
        "{'email':'old@example.com','to':'close','occurred_at':'2024-03-01T00:00:00Z'},"
        "{'email':'old@example.com','to':'demo','occurred_at':'%s'}]}",
        now);
    expect_text(answer, "created", "results.0.status");
    expect_text(answer, "created", "results.1.status");
    expect_text(answer, "failed", "results.2.status");
    expect_text(answer, "/items/2/to", "results.2.errors.0.pointer");
    expect_text(answer, "archived", "results.2.errors.0.code");
    expect_text(get(fixture.client, "/v1/leads?email=old@example.com"), "close", "data.0.stage");
    expect_status(
        ask(fixture.client, .method = "DELETE",
            .path = textf(
                "/v1/leads/%s?facts=remove",
                answer_text(get(fixture.client, "/v1/leads?email=old@example.com"), "data.0.id"))),
        204);
    expect_job(post(fixture.client, "/v1/pipelines/default/stages/demo/restore", "%s", ""));
    expect_funnel("", "target 0 1, mql 0 1, sql 0 1, demo 1 1, proposal 1 1, close 0 0");
}
END_TEST

START_TEST(another_pipeline)
{
    const struct answer *answer =
        post(fixture.client, "/v1/pipelines",
             "{'key':'partners','name':'Partners','stages':[{'key':'new','name':'New',"
             "'kind':'target'},{'key':'signed','name':'Signed','probability_bp':9000}]}");
    expect_status(answer, 201);
    ck_assert_str_eq(answer_header(answer, "Location"), "/v1/pipelines/partners");
    service_create("/v1/leads", "{'email':'p@example.com','pipeline':'partners'}");
    lead_in("mine", "mql");
    expect_funnel("?pipeline=partners", "new 1 1, signed 0 0");
    expect_funnel("", "target 0 1, mql 1 1, sql 0 0, demo 0 0, proposal 0 0, close 0 0");
    expect_job(put(fixture.client, "/v1/pipelines/partners/order", "{'stages':['signed','new']}"));
    expect_funnel("?pipeline=partners", "signed 0 1, new 1 1");
    expect_funnel("", "target 0 1, mql 1 1, sql 0 0, demo 0 0, proposal 0 0, close 0 0");
    expect_text(
        patch(fixture.client, "/v1/pipelines/partners", "{'name':'Allies','is_default':true}"),
        "Allies", "name");
    ck_assert(!answer_bool(get(fixture.client, "/v1/pipelines/default"), "is_default"));
    expect_text(get(fixture.client, "/v1/leads/%s",
                    service_create("/v1/leads", "{'email':'q@example.com'}")),
                "partners", "pipeline");
    expect_text(patch(fixture.client, "/v1/pipelines/partners/stages/new", "{'name':'Fresh'}"),
                "Fresh", "stages.1.name");
    expect_conflict(post(fixture.client, "/v1/pipelines/partners/archive", "%s", ""), "default");
    expect_conflict(post(fixture.client, "/v1/pipelines/default/archive", "%s", ""), "open");
    expect_conflict(patch(fixture.client, "/v1/pipelines/partners", "{'is_default':false}"),
                    "default");
}
END_TEST

START_TEST(archived_pipelines)
{
    service_create("/v1/leads", "{'email':'a@example.com'}");
    expect_status(post(fixture.client, "/v1/pipelines",
                       "{'key':'short','name':'Short','stages':[{'key':'only','name':'Only'}]}"),
                  201);
    expect_conflict(post(fixture.client, "/v1/pipelines/short/stages/only/archive", "%s", ""),
                    "archive the pipeline");
    const struct answer *answer = post(fixture.client, "/v1/pipelines/short/archive", "%s", "");
    expect_status(answer, 200);
    ck_assert(!answer_is_null(answer, "archived_at"));
    expect_conflict(post(fixture.client, "/v1/pipelines/short/archive", "%s", ""), "archived");
    expect_conflict(patch(fixture.client, "/v1/pipelines/short", "{'is_default':true}"),
                    "takes no leads");
    expect_problem(
        post(fixture.client, "/v1/leads", "{'email':'b@example.com','pipeline':'short'}"), 422,
        "validation_failed", "/pipeline", NULL);
    answer = post(fixture.client, "/v1/pipelines/short/restore", "%s", "");
    expect_status(answer, 200);
    ck_assert(answer_is_null(answer, "archived_at"));
    service_create("/v1/leads", "{'email':'b@example.com','pipeline':'short'}");
}
END_TEST

START_TEST(refused_pipelines)
{
    static const struct {
        const char *json, *pointer, *code;
    } bad[] = {
        { "{'key':'P','name':'x','stages':[{'key':'a','name':'A'}]}", "/key", "invalid" },
        { "{'key':'p','name':'x','stages':[]}", "/stages", NULL },
        { "{'key':'p','name':'x','currency':'eur','stages':[{'key':'a','name':'A'}]}", "/currency",
          "invalid" },
        { "{'key':'p','name':'x','stages':[{'key':'a','name':'A'},{'key':'a','name':'B'}]}",
          "/stages/1/key", "repeated" },
        { "{'key':'p','name':'x','stages':[{'key':'a','name':'A','kind':'mql'},"
          "{'key':'b','name':'B','kind':'mql'}]}",
          "/stages/1/kind", "repeated" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        expect_problem(post(fixture.client, "/v1/pipelines", "%s", bad[i].json), 422,
                       "validation_failed", bad[i].pointer, bad[i].code);
    expect_problem(post(fixture.client, "/v1/pipelines",
                        "{'key':'default','name':'x','stages':[{'key':'a','name':'A'}]}"),
                   409, "duplicate", NULL, NULL);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("pipelines");
    TCase *tcase = tcase_create("pipelines");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_add_test(tcase, another_order);
    tcase_add_test(tcase, order_under_way);
    tcase_add_test(tcase, order_of_cycles);
    tcase_add_test(tcase, order_goes_on_after_a_restart);
    tcase_add_test(tcase, refused_orders);
    tcase_add_test(tcase, a_new_stage);
    tcase_add_test(tcase, an_archived_stage);
    tcase_add_test(tcase, another_pipeline);
    tcase_add_test(tcase, archived_pipelines);
    tcase_add_test(tcase, refused_pipelines);
    suite_add_tcase(suite, tcase);
    return suite;
}
