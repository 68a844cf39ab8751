/* test_funnel.c: funnels over a past that is imported, as a company moves in with it: every
 * number of both bases, by source, campaign and owner, and how a late fact restates them. */
#include "funnel.h"
#include "shape.h"

#include <string.h>

/* Nine leads, all MQLs when they became known. */
static const char leads[] = "{'source_system':'x','external_id':'a','stage':'mql','source':'web',"
                            "'created_at':'2018-01-01T00:00:00Z','email':'a@example.com'},"
                            "{'source_system':'x','external_id':'b','stage':'mql','source':'web',"
                            "'created_at':'2018-01-01T00:00:00Z'},"
                            "{'source_system':'x','external_id':'c','stage':'mql','source':'web',"
                            "'created_at':'2018-01-02T00:00:00Z'},"
                            "{'source_system':'x','external_id':'d','stage':'mql','source':'fair',"
                            "'created_at':'2018-01-02T00:00:00Z'},"
                            "{'source_system':'x','external_id':'e','stage':'mql','source':'fair',"
                            "'created_at':'2018-01-03T00:00:00Z'},"
                            "{'source_system':'x','external_id':'f','stage':'mql','source':'',"
                            "'created_at':'2018-01-10T00:00:00Z'},"
                            "{'source_system':'x','external_id':'g','stage':'mql',"
                            "'created_at':'2018-02-01T00:00:00Z'},"
                            "{'source_system':'x','external_id':'h','stage':'mql','source':'web',"
                            "'created_at':'2018-02-01T00:00:00Z'},"
                            "{'source_system':'x','external_id':'i','stage':'mql','source':'mail',"
                            "'created_at':'2018-03-01T00:00:00Z'}";

/* f was won the day before it became known. */
static const char events[] =
    "{'source_system':'x','external_id':'a','to':'won','occurred_at':'2018-01-05T12:00:00Z',"
    "'amount_minor':1000},"
    "{'source_system':'x','external_id':'c','to':'won','occurred_at':'2018-02-01T00:00:00Z',"
    "'amount_minor':500},"
    "{'source_system':'x','external_id':'d','to':'lost','occurred_at':'2018-01-10T00:00:00Z',"
    "'reason':'price'},"
    "{'source_system':'x','external_id':'e','to':'demo','occurred_at':'2018-01-04T00:00:00Z'},"
    "{'source_system':'x','external_id':'f','to':'won','occurred_at':'2018-01-09T08:00:00Z',"
    "'amount_minor':70},"
    "{'source_system':'x','external_id':'g','to':'disqualified',"
    "'occurred_at':'2018-02-03T00:00:00Z'},"
    "{'source_system':'x','external_id':'h','to':'sql','occurred_at':'2018-02-02T00:00:00Z'},"
    "{'source_system':'x','external_id':'h','to':'demo','occurred_at':'2018-02-05T00:00:00Z'},"
    "{'source_system':'x','external_id':'h','to':'won','occurred_at':'2018-03-15T00:00:00Z'}";

#define ALL "from=2018-01-01&to=2018-04-01"

static void setup(void)
{
    service_setup();
    import_items("/v1/import/leads", leads, "created");
    import_items("/v1/import/stage-events", events, "created");
}

static const char *id_of(const char *external_id)
{
    const struct answer *answer =
        post(fixture.client, "/v1/leads", "{'source_system':'x','external_id':'%s'}", external_id);
    expect_status(answer, 409);
    return textf("%s", answer_text(answer, "existing_id"));
}

static const struct answer *change(const char *external_id, const char *json)
{
    const struct answer *answer =
        patch(fixture.client, textf("/v1/leads/%s", id_of(external_id)), "%s", json);
    expect_status(answer, 200);
    return answer;
}

static const struct {
    const char *query;
    struct expected expected;
} wholes[] = {
    { ALL, { { 0, 9, 1, 2, 0, 0 }, { 9, 9, 5, 5, 4, 4 }, 4, 1570, 1, 1 } },
    { "basis=cohort&group_by=all&" ALL,
      { { 0, 9, 1, 2, 0, 0 }, { 9, 9, 5, 5, 4, 4 }, 4, 1570, 1, 1 } },
    { "from=2018-01-01&to=2018-01-02", { { 0, 2 }, { 2, 2, 1, 1, 1, 1 }, 1, 1000, 0, 0 } },
    { "from=2018-01-02&to=2018-01-11", { { 0, 4, 0, 1 }, { 4, 4, 3, 3, 2, 2 }, 2, 570, 1, 0 } },
    { "from=2018-01-10&to=2018-01-11", { { 0, 1 }, { 1, 1, 1, 1, 1, 1 }, 1, 70, 0, 0 } },
    { "from=2018-01-02&to=2018-01-02", { { 0 }, { 0 }, 0, 0, 0, 0 } },
    { "from=2019-01-01&to=2019-04-01", { { 0 }, { 0 }, 0, 0, 0, 0 } },
    { "within_days=1&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 1, 1, 1, 1 }, 4, 1570, 1, 1 } },
    { "within_days=3&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 3, 2, 1, 1 }, 4, 1570, 1, 1 } },
    { "within_days=7&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 4, 4, 2, 2 }, 4, 1570, 1, 1 } },
    { "within_days=14&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 4, 4, 2, 2 }, 4, 1570, 1, 1 } },
    { "within_days=30&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 4, 4, 2, 2 }, 4, 1570, 1, 1 } },
    { "within_days=60&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 5, 5, 4, 4 }, 4, 1570, 1, 1 } },
    { "within_days=90&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 5, 5, 4, 4 }, 4, 1570, 1, 1 } },
    { "within_days=180&" ALL, { { 0, 9, 1, 2 }, { 9, 9, 5, 5, 4, 4 }, 4, 1570, 1, 1 } },
    { "basis=period&" ALL, { { 0, 9, 1, 2, 0, 0 }, { 9, 9, 5, 5, 4, 4 }, 4, 1570, 1, 1 } },
    { "basis=period&from=2018-01-01&to=2018-02-01",
      { { 0, 6, 0, 1 }, { 6, 6, 3, 3, 2, 2 }, 2, 1070, 1, 0 } },
    { "basis=period&from=2018-02-01&to=2018-03-01",
      { { 0, 2, 1, 1 }, { 2, 2, 2, 2, 1, 1 }, 1, 500, 0, 1 } },
    { "basis=period&from=2018-03-01&to=2018-04-01",
      { { 0, 1 }, { 1, 1, 0, 0, 1, 1 }, 1, 0, 0, 0 } },
    { "basis=period&from=2018-01-09&to=2018-01-10", { { 0 }, { 0 }, 1, 70, 0, 0 } },
};

START_TEST(whole)
{
    for (size_t i = 0; i < ARRAY_SIZE(wholes); i++) {
        const struct answer *answer = funnel(wholes[i].query);
        ck_assert_uint_eq(answer_count(answer, "groups"), 1);
        ck_assert(answer_is_null(answer, "groups.0.key"));
        expect_group(answer, 0, &wholes[i].expected);
    }
}
END_TEST

START_TEST(says_what_it_counts)
{
    static const char *const stages[] = { "target", "mql", "sql", "demo", "proposal", "close" };
    const struct answer *answer = funnel("within_days=30&group_by=source&" ALL);
    expect_text(answer, "cohort", "basis");
    expect_text(answer, "2018-01-01", "from");
    expect_text(answer, "2018-04-01", "to");
    expect_text(answer, "default", "pipeline");
    expect_text(answer, "USD", "currency");
    expect_text(answer, "source", "group_by");
    expect_int(answer, 30, "within_days");
    expect_text(answer, "entries", "units.entered");
    expect_text(answer, "leads", "units.reached");
    for (size_t i = 0; i < STAGES; i++)
        expect_text(answer, stages[i], "groups.0.stages.%zu.stage", i);
    answer = funnel("basis=period");
    expect_text(answer, "period", "basis");
    ck_assert(answer_is_null(answer, "group_by") && answer_is_null(answer, "within_days"));
    int64_t from = 0, to = 0, today = day_of(clock_now_ms());
    ck_assert(day_parse(answer_text(answer, "from"), &from));
    ck_assert(day_parse(answer_text(answer, "to"), &to));
    ck_assert_int_eq(to, today + 1);
    ck_assert_int_eq(from, to - 90);
    answer = funnel("within_days=7"); /* of those only that had their seven days */
    ck_assert(day_parse(answer_text(answer, "to"), &to));
    ck_assert_int_eq(to, today - 7);
}
END_TEST

START_TEST(five_decimals)
{
    const struct answer *answer = funnel(ALL);
    static const char *const rates[] = {
        "{\"numerator\":5,\"denominator\":9,\"rate\":0.55556}",
        "{\"numerator\":4,\"denominator\":9,\"rate\":0.44444}",
        "{\"numerator\":4,\"denominator\":5,\"rate\":0.80000}",
        "{\"numerator\":9,\"denominator\":9,\"rate\":1.00000}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
        ck_assert_msg(strstr(answer->body, rates[i]), "%s: %.3000s", rates[i], answer->body);
    /* More leads entered Proposal in March than Demo: a period's rate may exceed 1. */
    change("i", "{'source':'mail'}");
    answer = funnel("basis=period&from=2018-03-01&to=2018-04-01");
    ck_assert_ptr_nonnull(
        strstr(answer->body, "{\"numerator\":1,\"denominator\":0,\"rate\":null}"));
}
END_TEST

/* ---- Groups ---- */

START_TEST(by_source)
{
    const struct {
        const char *key;
        struct expected expected;
    } groups[] = {
        { "web", { { 0, 4, 1, 1 }, { 4, 4, 3, 3, 3, 3 }, 3, 1500, 0, 0 } },
        { "fair", { { 0, 2, 0, 1 }, { 2, 2, 1, 1, 0, 0 }, 0, 0, 1, 0 } },
        { "mail", { { 0, 1 }, { 1, 1, 0, 0, 0, 0 }, 0, 0, 0, 0 } },
        { NULL, { { 0, 2 }, { 2, 2, 1, 1, 1, 1 }, 1, 70, 0, 1 } },
    };
    static const char *const bases[] = { "cohort", "period" };
    for (size_t b = 0; b < ARRAY_SIZE(bases); b++) {
        const struct answer *answer = funnel(textf("group_by=source&basis=%s&" ALL, bases[b]));
        ck_assert_uint_eq(answer_count(answer, "groups"), ARRAY_SIZE(groups));
        for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
            expect_group(answer, funnel_group(answer, groups[i].key), &groups[i].expected);
    }
    ck_assert_uint_eq(
        answer_count(funnel("group_by=source&from=2019-01-01&to=2019-02-01"), "groups"), 0);
}
END_TEST

START_TEST(by_campaign)
{
    const char *spring = service_create("/v1/campaigns", "{'name':'Spring'}");
    const char *autumn = service_create("/v1/campaigns", "{'name':'Autumn'}");
    change("a", textf("{'campaign':'%s'}", spring));
    expect_status(post(fixture.client, textf("/v1/campaigns/%s/members", spring),
                       "{'lead_ids':['%s']}", id_of("c")),
                  200);
    change("e", textf("{'campaign':'%s'}", autumn));
    const struct answer *answer = funnel("group_by=campaign&" ALL);
    ck_assert_uint_eq(answer_count(answer, "groups"), 3);
    expect_group(answer, funnel_group(answer, spring),
                 &(struct expected){ { 0, 2 }, { 2, 2, 2, 2, 2, 2 }, 2, 1500, 0, 0 });
    expect_group(answer, funnel_group(answer, autumn),
                 &(struct expected){ { 0, 1, 0, 1 }, { 1, 1, 1, 1, 0, 0 }, 0, 0, 0, 0 });
    change("e", "{'campaign':null}");
    ck_assert_uint_eq(answer_count(funnel("group_by=campaign&" ALL), "groups"), 2);
    expect_sums(ALL);
}
END_TEST

/* A cohort goes by who has the lead, a period by who had it then. */
START_TEST(by_owner)
{
    const char *ann = service_create("/v1/users", "{'email':'ann@example.com','name':'Ann'}");
    const char *bob = service_create("/v1/users", "{'email':'bob@example.com','name':'Bob'}");
    change("b", textf("{'owner':'%s'}", ann));
    post(fixture.client, textf("/v1/leads/%s/move", id_of("b")), "{'stage':'sql'}");
    change("b", textf("{'owner':'%s'}", bob));
    post(fixture.client, textf("/v1/leads/%s/move", id_of("b")), "{'stage':'demo'}");
    const struct answer *answer = funnel("group_by=owner&" ALL);
    ck_assert_uint_eq(answer_count(answer, "groups"), 2);
    expect_group(answer, funnel_group(answer, bob),
                 &(struct expected){ { 0, 1, 1, 1 }, { 1, 1, 1, 1, 0, 0 }, 0, 0, 0, 0 });
    answer = funnel("group_by=owner&basis=period"); /* around today */
    ck_assert_uint_eq(answer_count(answer, "groups"), 2);
    expect_group(answer, funnel_group(answer, ann),
                 &(struct expected){ { 0, 0, 1 }, { 0, 0, 1 }, 0, 0, 0, 0 });
    expect_group(answer, funnel_group(answer, bob),
                 &(struct expected){ { 0, 0, 0, 1 }, { 0, 0, 0, 1 }, 0, 0, 0, 0 });
    answer = funnel("group_by=owner&basis=period&" ALL);
    ck_assert_uint_eq(answer_count(answer, "groups"), 1);
    funnel_group(answer, NULL);
}
END_TEST

static void expect_all_sums(void)
{
    static const char *const queries[] = {
        ALL,
        "basis=period&" ALL,
        "from=2018-01-02&to=2018-02-02",
        "basis=period&from=2018-01-05&to=2018-02-02",
        "within_days=7&" ALL,
        "within_days=30&" ALL,
        "basis=cohort",
        "basis=period",
    };
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        expect_sums(queries[i]);
}

START_TEST(groups_add_up)
{
    expect_all_sums();
    const char *user = service_create("/v1/users", "{'email':'ann@example.com','name':'Ann'}");
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    change("a", textf("{'owner':'%s','campaign':'%s'}", user, campaign));
    change("h", textf("{'owner':'%s'}", user));
    change("d", textf("{'campaign':'%s','source':null}", campaign));
    post(fixture.client, textf("/v1/leads/%s/reopen", id_of("h")), "{}");
    post(fixture.client, textf("/v1/leads/%s/move", id_of("h")),
         "{'stage':'target','reason':'again'}");
    post(fixture.client, textf("/v1/leads/%s/win", id_of("i")), "{'amount_minor':33}");
    expect_all_sums();
}
END_TEST

/* ---- A changed past ---- */

START_TEST(late_event)
{
    import_items("/v1/import/stage-events",
                 "{'source_system':'x','external_id':'b','to':'demo',"
                 "'occurred_at':'2018-01-20T00:00:00Z'}",
                 "created");
    expect_group(funnel(ALL), 0,
                 &(struct expected){ { 0, 9, 1, 3, 0, 0 }, { 9, 9, 6, 6, 4, 4 }, 4, 1570, 1, 1 });
    expect_group(funnel("basis=period&from=2018-01-20&to=2018-01-21"), 0,
                 &(struct expected){ { 0, 0, 0, 1 }, { 0, 0, 1, 1 }, 0, 0, 0, 0 });
    /* Earlier still: it reached SQL then, and entered Demo once more later. */
    import_items("/v1/import/stage-events",
                 "{'source_system':'x','external_id':'b','to':'sql',"
                 "'occurred_at':'2018-01-15T00:00:00Z'}",
                 "created");
    expect_group(funnel("basis=period&from=2018-01-20&to=2018-01-21"), 0,
                 &(struct expected){ { 0, 0, 0, 1 }, { 0, 0, 0, 1 }, 0, 0, 0, 0 });
    expect_group(funnel("basis=period&from=2018-01-15&to=2018-01-16"), 0,
                 &(struct expected){ { 0, 0, 1, 0 }, { 0, 0, 1, 0 }, 0, 0, 0, 0 });
}
END_TEST

START_TEST(source_restates)
{
    change("a", "{'source':'fair'}");
    const struct answer *answer = funnel("group_by=source&" ALL);
    expect_group(answer, funnel_group(answer, "fair"),
                 &(struct expected){ { 0, 3, 0, 1 }, { 3, 3, 2, 2, 1, 1 }, 1, 1000, 1, 0 });
    expect_group(answer, funnel_group(answer, "web"),
                 &(struct expected){ { 0, 3, 1, 1 }, { 3, 3, 2, 2, 2, 2 }, 2, 500, 0, 0 });
    change("i", "{'source':null}"); /* the last of its group */
    answer = funnel("group_by=source&basis=period&" ALL);
    ck_assert_uint_eq(answer_count(answer, "groups"), 3);
    expect_group(answer, funnel_group(answer, NULL),
                 &(struct expected){ { 0, 3 }, { 3, 3, 1, 1, 1, 1 }, 1, 70, 0, 1 });
    change("a", "{'amount_minor':1}");
    expect_int(funnel(ALL), 571, "groups.0.won.value_minor");
    change("a", "{'amount_minor':null}");
    expect_int(funnel("basis=period&" ALL), 570, "groups.0.won.value_minor");
}
END_TEST

START_TEST(told_again)
{
    static const char *const queries[] = { ALL, "basis=period&group_by=source&" ALL };
    const char *before[2];
    for (int i = 0; i < 2; i++)
        before[i] = funnel_text(queries[i]);
    import_items("/v1/import/leads", leads, "unchanged");
    import_items("/v1/import/stage-events", events, "unchanged");
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(funnel_text(queries[i]), before[i]);
    service_restart();
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(funnel_text(queries[i]), before[i]);
}
END_TEST

START_TEST(bad_items)
{
    const struct answer *answer =
        post(fixture.client, "/v1/import/stage-events",
             "{'items':["
             "{'source_system':'x','external_id':'zz','to':'won',"
             "'occurred_at':'2018-01-01T00:00:00Z'},"
             "{'email':'a@example.com','to':'gone','occurred_at':'2018-01-01T00:00:00Z'},"
             "{'email':'a@example.com','to':'demo','occurred_at':'2999-01-01T00:00:00Z'},"
             "{'to':'demo','occurred_at':'2018-01-01T00:00:00Z'},"
             "{'email':'b@example.com','to':'demo','occurred_at':'2018-01-01T00:00:00Z'},"
             "{'email':'a@example.com','to':'demo','occurred_at':'2018-01-02T00:00:00Z'}]}");
    static const char *const places[] = { "external_id", "to", "occurred_at", "external_id",
                                          "email" };
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        expect_text(answer, "failed", "results.%zu.status", i);
        expect_text(answer, textf("/items/%zu/%s", i, places[i]), "results.%zu.errors.0.pointer",
                    i);
    }
    expect_text(answer, "created", "results.5.status");
    answer = post(fixture.client, "/v1/import/leads",
                  "{'items':[{'email':'x@example.com','created_at':'2999-01-01T00:00:00Z'},"
                  "{'city':'Bern'},{'email':'a@example.com','city':'Bern'}]}");
    expect_text(answer, "/items/0/created_at", "results.0.errors.0.pointer");
    expect_text(answer, "/items/1/email", "results.1.errors.0.pointer");
    expect_text(answer, "merged", "results.2.status");
}
END_TEST

/* ---- Days elsewhere ---- */

static void setup_elsewhere(void)
{
    service_setup_with(
        (const char *const[]){ "--time-zone=America/Sao_Paulo", "--currency=BRL", NULL });
}

START_TEST(days_of_the_zone)
{
    import_items("/v1/import/leads",
                 "{'email':'a@example.com','created_at':'2018-01-01T01:30:00Z'},"
                 "{'email':'b@example.com','created_at':'2018-01-01T02:00:00Z'}",
                 "created");
    expect_int(funnel("from=2017-12-31&to=2018-01-01"), 1, "groups.0.stages.0.reached");
    expect_int(funnel("from=2018-01-01&to=2018-01-02"), 1, "groups.0.stages.0.reached");
    expect_text(funnel(""), "BRL", "currency");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        whole,         says_what_it_counts, five_decimals,   by_source,  by_campaign, by_owner,
        groups_add_up, late_event,          source_restates, told_again, bad_items
    };
    Suite *suite = suite_create("funnel");
    TCase *tcase = tcase_create("funnel");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    TCase *elsewhere = tcase_create("elsewhere");
    tcase_add_checked_fixture(elsewhere, setup_elsewhere, service_teardown);
    tcase_add_test(elsewhere, days_of_the_zone);
    suite_add_tcase(suite, elsewhere);
    suite_add_tcase(suite, board_tcase());
    suite_add_tcase(suite, olist_tcase());
    return suite;
}
