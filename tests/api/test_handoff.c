/* test_handoff.c: offers of leads to sales, the answers, their clocks, and that spam counts
 * nowhere. */
#include "fixture.h"
#include "shape.h"

#include <string.h>
#include <unistd.h>

#define HANDOFF_SHAPE                                                                              \
    "id:i stage:t offered_at:T offered_to:i? team:i? expires_at:T? cycle:n state:t "               \
    "answered_at:T? "                                                                              \
    "answered_by:t? reject_kind:t reason:t? answer_ms:n? first_response_at:T? response_ms:n?"

static const char *offered(const char *name)
{
    return service_create("/v1/leads", "{'email':'%s@example.com','stage':'mql'}", name);
}

static const struct answer *act(const char *lead, const char *action, const char *json)
{
    return post(fixture.client, textf("/v1/leads/%s/%s", lead, action), "%s", json);
}

static const struct answer *handoffs(const char *lead, size_t count)
{
    const struct answer *answer = get(fixture.client, "/v1/leads/%s/handoffs", lead);
    expect_status(answer, 200);
    ck_assert_uint_eq(answer_count(answer, "data"), count);
    for (size_t i = 0; i < count; i++)
        expect_shape(answer, textf("data.%zu", i), HANDOFF_SHAPE);
    return answer;
}

static void expect_conflict(const struct answer *answer, const char *said)
{
    expect_problem(answer, 409, "conflict", NULL, NULL);
    ck_assert_msg(strstr(answer_text(answer, "detail"), said), "%s: %s", said, answer->body);
}

static int64_t reached(size_t stage)
{
    return answer_int(get(fixture.client, "/v1/metrics/funnel"), "groups.0.stages.%zu.reached",
                      stage);
}

START_TEST(accepted)
{
    const char *lead = offered("ann");
    const char *user = service_create("/v1/users", "{'email':'bob@example.com','name':'Bob'}");
    const struct answer *answer = handoffs(lead, 1);
    expect_text(answer, "offered", "data.0.state");
    ck_assert(answer_is_null(answer, "data.0.answer_ms"));
    answer = act(lead, "accept", textf("{'owner':'%s','reason':'a good one'}", user));
    expect_status(answer, 200);
    expect_text(answer, "sql", "stage");
    expect_text(answer, user, "owner");
    expect_status(act(lead, "activities", "{'type':'page_view'}"), 201);
    expect_status(act(lead, "activities", "{'type':'call'}"), 201);
    answer = handoffs(lead, 1);
    expect_text(answer, "accepted", "data.0.state");
    expect_text(answer, "a good one", "data.0.reason");
    expect_text(answer, "admin", "data.0.answered_by");
    ck_assert_int_ge(answer_int(answer, "data.0.answer_ms"), 0);
    ck_assert_int_ge(answer_int(answer, "data.0.response_ms"),
                     answer_int(answer, "data.0.answer_ms"));
    answer = get(fixture.client, "/v1/leads/%s/stages", lead);
    expect_text(answer, "accepted", "data.1.answer");
    expect_text(answer, "user", "data.1.cause");
    expect_conflict(act(lead, "accept", "{}"), "sql");
    expect_conflict(act(lead, "reject", "{'kind':'clerical'}"), "sql");
}
END_TEST

START_TEST(rejected)
{
    const char *lead = offered("ann");
    const struct answer *answer =
        act(lead, "reject", "{'kind':'definitional','reason':'a student'}");
    expect_status(answer, 200);
    expect_text(answer, "target", "stage");
    expect_int(answer, 2, "cycle");
    expect_status(act(lead, "move", "{'stage':'mql'}"), 200);
    expect_status(act(lead, "reject", "{'kind':'clerical'}"), 200);
    answer = handoffs(lead, 2);
    expect_text(answer, "rejected", "data.0.state");
    expect_text(answer, "definitional", "data.0.reject_kind");
    expect_text(answer, "a student", "data.0.reason");
    expect_text(answer, "clerical", "data.1.reject_kind");
    expect_int(answer, 2, "data.1.cycle");
    expect_problem(act(lead, "reject", "{'kind':'none'}"), 422, "validation_failed", "/kind",
                   "unknown_value");
    const json_t *kinds = answer_at(get(fixture.client, "/openapi.json"),
                                    "components.schemas.Reject.properties.kind.enum");
    ck_assert_uint_eq(json_array_size(kinds), 4); /* what is offered is what is taken */
    expect_problem(act(lead, "reject", "{}"), 422, "validation_failed", "/kind", "required");
}
END_TEST

START_TEST(spam)
{
    offered("bob");
    const char *lead = offered("ann");
    ck_assert_int_eq(reached(1), 2);
    const struct answer *answer = act(lead, "reject", "{'kind':'spam'}");
    expect_text(answer, "disqualified", "status");
    ck_assert_int_eq(reached(1), 1);
    ck_assert_int_eq(reached(0), 1);
    expect_int(get(fixture.client, "/v1/metrics/funnel"), 0, "groups.0.disqualified.leads");
    service_check();
    expect_status(act(lead, "reopen", "{}"), 200); /* it was somebody after all */
    ck_assert_int_eq(reached(1), 2);
    act(lead, "disqualify", "{'reason':'too small'}");
    ck_assert_int_eq(reached(1), 2); /* disqualified ones stay */
}
END_TEST

START_TEST(recycled)
{
    const char *lead = offered("ann");
    act(lead, "accept", "{}");
    expect_problem(act(lead, "recycle", "{}"), 422, "validation_failed", "/reason", "required");
    const struct answer *answer = act(lead, "recycle", "{'reason':'next year'}");
    expect_text(answer, "mql", "stage");
    expect_int(answer, 2, "cycle");
    answer = handoffs(lead, 2);
    expect_text(answer, "accepted", "data.0.state");
    expect_text(answer, "offered", "data.1.state");
    expect_conflict(act(lead, "recycle", "{'reason':'x','stage':'demo'}"), "before");
    expect_text(act(lead, "recycle", "{'reason':'x','stage':'target'}"), "target", "stage");
    expect_conflict(act(lead, "recycle", "{'reason':'x'}"), "before");
    expect_text(handoffs(lead, 2), "withdrawn", "data.1.state");
}
END_TEST

START_TEST(moved_on_by_hand)
{
    const char *lead = offered("ann");
    act(lead, "move", "{'stage':'demo','reason':'knows us'}");
    expect_text(handoffs(lead, 1), "accepted", "data.0.state");
    lead = offered("bob");
    act(lead, "lose", "{'reason':'price'}");
    expect_text(handoffs(lead, 1), "withdrawn", "data.0.state");
    handoffs(service_create("/v1/leads", "{'email':'c@example.com'}"), 0);
}
END_TEST

START_TEST(expired)
{
    expect_status(patch(fixture.client, "/v1/pipelines/default/stages/mql", "{'offer_hours':24}"),
                  200);
    const char *lead = offered("ann");
    const struct answer *answer = handoffs(lead, 1);
    expect_text(answer, "offered", "data.0.state");
    ck_assert(!answer_is_null(answer, "data.0.expires_at"));
    const char *item = textf("{'email':'old@example.com','stage':'mql','created_at':'%s'}",
                             time_text(fixture.ctx.now_ms - 3 * MS_PER_DAY));
    expect_status(post(fixture.client, "/v1/import/leads", "{'items':[%s]}", item), 200);
    lead = textf("%s", answer_text(get(fixture.client, "/v1/leads?sort=created_at"), "data.0.id"));
    expect_text(handoffs(lead, 1), "expired", "data.0.state");
    expect_status(act(lead, "accept", "{}"), 200); /* late, but answered */
    answer = handoffs(lead, 1);
    expect_text(answer, "accepted", "data.0.state");
    ck_assert_int_ge(answer_int(answer, "data.0.answer_ms"), 2 * MS_PER_DAY);
}
END_TEST

START_TEST(offered_to_a_team)
{
    const char *user = service_create("/v1/users", "{'email':'bob@example.com','name':'Bob'}");
    const char *team = service_create("/v1/teams", "{'name':'Inside','members':['%s']}", user);
    expect_text(get(fixture.client, "/v1/teams/%s", team), user, "members.0");
    expect_status(
        patch(fixture.client, "/v1/pipelines/default/stages/mql", "{'offer_team':'%s'}", team),
        200);
    const char *lead = offered("ann");
    expect_text(handoffs(lead, 1), team, "data.0.team");
    expect_status(act(lead, "accept", textf("{'owner':'%s'}", user)), 200);
    const char *owned =
        service_create("/v1/leads", "{'email':'c@example.com','stage':'mql','owner':'%s'}", user);
    ck_assert(answer_is_null(handoffs(owned, 1), "data.0.team"));
    expect_text(handoffs(owned, 1), user, "data.0.offered_to");
    expect_problem(post(fixture.client, "/v1/teams", "{'name':'Inside'}"), 409, "duplicate", NULL,
                   NULL);
    expect_problem(post(fixture.client, "/v1/teams", "{'name':'B','members':['%s']}", lead), 422,
                   "validation_failed", "/members", "unknown");
    expect_status(patch(fixture.client, textf("/v1/teams/%s", team),
                        "{'name':'Outside','archived':true,'members':[]}"),
                  200);
    expect_status(patch(fixture.client, "/v1/pipelines/default/stages/mql",
                        "{'name':'Marketing','offer_team':'%s'}", team),
                  200);
    expect_status(patch(fixture.client, "/v1/pipelines/default/stages/mql", "{'offer_team':null}"),
                  200);
    expect_problem(
        patch(fixture.client, "/v1/pipelines/default/stages/mql", "{'offer_team':'%s'}", team), 422,
        "validation_failed", "/offer_team", "archived");
    expect_problem(
        patch(fixture.client, "/v1/pipelines/default/stages/mql", "{'offer_team':'%s'}", user), 422,
        "validation_failed", "/offer_team", "unknown");
}
END_TEST

START_TEST(users_who_left)
{
    const char *user = service_create("/v1/users", "{'email':'bob@example.com','name':'Bob'}");
    const char *lead = offered("ann");
    const struct answer *answer =
        patch(fixture.client, textf("/v1/users/%s", user), "{'name':'Robert','archived':true}");
    expect_status(answer, 200);
    expect_text(answer, "Robert", "name");
    ck_assert(!answer_is_null(answer, "archived_at"));
    expect_problem(act(lead, "accept", textf("{'owner':'%s'}", user)), 422, "validation_failed",
                   "/owner", "archived");
    expect_status(patch(fixture.client, textf("/v1/users/%s", user), "{'archived':false}"), 200);
    expect_status(act(lead, "accept", textf("{'owner':'%s'}", user)), 200);
    /* whose leads stay theirs, and may be told again with the rest */
    expect_status(patch(fixture.client, textf("/v1/users/%s", user), "{'archived':true}"), 200);
    expect_status(
        patch(fixture.client, textf("/v1/leads/%s", lead), "{'city':'Bern','owner':'%s'}", user),
        200);
    expect_text(post(fixture.client, "/v1/leads?on_duplicate=merge",
                     "{'email':'ann@example.com','company':'Acme','owner':'%s'}", user),
                "Acme", "company");
    expect_problem(
        post(fixture.client, "/v1/leads", "{'email':'b@example.com','owner':'%s'}", user), 422,
        "validation_failed", "/owner", "archived");
}
END_TEST

/* One decision: one version more, and one replay. */
START_TEST(accepted_for_somebody)
{
    const char *user = service_create("/v1/users", "{'email':'bob@example.com','name':'Bob'}");
    const char *lead = offered("ann");
    int64_t version = answer_int(get(fixture.client, "/v1/leads/%s", lead), "version");
    const struct answer *answer = act(lead, "accept", textf("{'owner':'%s'}", user));
    expect_status(answer, 200);
    expect_text(answer, user, "owner");
    expect_text(answer, "sql", "stage");
    expect_int(answer, version + 1, "version");
    answer = get(fixture.client, "/v1/leads/%s/changes", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    expect_text(answer, "owner", "data.0.field");
    expect_text(answer, user, "data.0.new_value");
    answer = get(fixture.client, "/v1/leads/%s/stages", lead);
    expect_text(answer, user, "data.%zu.owner", answer_count(answer, "data") - 1);
    expect_text(handoffs(lead, 1), "accepted", "data.0.state");
}
END_TEST

/* Rules answer no offer: a lead that they take further has left without one. */
START_TEST(moved_on_by_a_rule)
{
    const char *rules = service_create(
        "/v1/rule-sets",
        "{'name':'Far','groups':[{'key':'fit','min_milli':0,'max_milli':100000}],"
        "'rules':[{'key':'call','name':'Call','score_group':'fit','points_milli':60000,"
        "'each':{'activity':'call'},'cap_times':1}],"
        "'criteria':[{'kind':'mql','score_min':40},{'kind':'sql','score_min':50}]}");
    expect_status(post(fixture.client, textf("/v1/rule-sets/%s/publish", rules), "%s", ""), 202);
    const char *lead = offered("ann");
    expect_status(act(lead, "activities", "{'type':'call'}"), 201);
    expect_text(get(fixture.client, "/v1/leads/%s", lead), "sql", "stage");
    const struct answer *answer = handoffs(lead, 1);
    expect_text(answer, "withdrawn", "data.0.state");
    ck_assert(answer_is_null(answer, "data.0.answered_by"));
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("handoff");
    TCase *tcase = tcase_create("handoff");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_add_test(tcase, accepted);
    tcase_add_test(tcase, rejected);
    tcase_add_test(tcase, spam);
    tcase_add_test(tcase, recycled);
    tcase_add_test(tcase, moved_on_by_hand);
    tcase_add_test(tcase, moved_on_by_a_rule);
    tcase_add_test(tcase, expired);
    tcase_add_test(tcase, offered_to_a_team);
    tcase_add_test(tcase, users_who_left);
    tcase_add_test(tcase, accepted_for_somebody);
    suite_add_tcase(suite, tcase);
    return suite;
}
