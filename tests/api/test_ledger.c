/* test_ledger.c: a score is told line by line, at any instant and under any rule set, and each line
 * leads to what it counts. */
#include "fixture.h"
#include "shape.h"

#include <unistd.h>

#define LEDGER_SHAPE "score:n at:T rule_set:i rule_set_version:n? lines:a"
#define LINE_SHAPE "kind:t rule:t? name:t? score_group:t? matches:n? points_milli:n"
#define RULE_LINE_SHAPE LINE_SHAPE " match_milli:n decay:t cap_milli:n"
#define DAYS(count) ((count)*MS_PER_DAY)

static const char *lead;
static int64_t now;

static void record(const char *type, int64_t ago_ms)
{
    service_create(textf("/v1/leads/%s/activities", lead), "{'type':'%s','occurred_at':'%s'}", type,
                   time_text(now - ago_ms));
}

static void make_lead(void)
{
    service_setup();
    now = clock_now_ms();
    const struct answer *answer =
        post(fixture.client, "/v1/import/leads",
             "{'items':[{'email':'ann@example.com','company':'Acme','created_at':'%s'}]}",
             time_text(now - DAYS(100)));
    expect_status(answer, 200);
    lead = textf("%s", answer_text(get(fixture.client, "/v1/leads"), "data.0.id"));
    for (int i = 0; i < 20; i++)
        record("page_view", DAYS(i) + 1000);
}

static const struct answer *ledger(const char *query)
{
    return get(fixture.client, "/v1/leads/%s/score%s", lead, query);
}

static int64_t sum(const struct answer *answer)
{
    int64_t milli = 0;
    for (size_t i = 0; i < answer_count(answer, "lines"); i++)
        milli += answer_int(answer, "lines.%zu.points_milli", i);
    return milli;
}

static const char *draft(const char *rules)
{
    return service_create("/v1/rule-sets",
                          "{'name':'Draft','groups':[{'key':'all','min_milli':0,"
                          "'max_milli':100000}],'rules':[%s]}",
                          rules);
}

START_TEST(lines)
{
    const struct answer *answer = ledger("");
    expect_status(answer, 200);
    expect_shape(answer, "", LEDGER_SHAPE);
    expect_shape(answer, "lines.0", RULE_LINE_SHAPE);
    expect_shape(answer, "lines.1", LINE_SHAPE);
    expect_int(answer, 30, "score");
    ck_assert_int_eq(sum(answer), 30000);
    expect_int(answer, answer_int(get(fixture.client, "/v1/leads/%s", lead), "score"), "score");
    ck_assert_uint_eq(answer_count(answer, "lines"), 4);
    expect_text(answer, "page_view", "lines.0.rule");
    expect_int(answer, 20, "lines.0.matches");
    expect_int(answer, 20000, "lines.0.points_milli");
    expect_int(answer, 1000, "lines.0.match_milli");
    expect_int(answer, 15000, "lines.0.cap_milli");
    expect_text(answer, "none", "lines.0.decay");
    expect_text(answer, "rule_cap", "lines.1.kind");
    expect_int(answer, -5000, "lines.1.points_milli");
    expect_text(answer, "email_known", "lines.2.rule");
    expect_text(answer, "fit", "lines.2.score_group");
}
END_TEST

START_TEST(clamps_and_rounding)
{
    const char *id = draft("{'key':'a','name':'A','score_group':'all','points_milli':30250,"
                           "'each':{'activity':'page_view'},'cap_times':4}");
    const struct answer *answer = ledger(textf("?rule_set=%s", id));
    expect_int(answer, 100, "score");
    ck_assert(answer_is_null(answer, "rule_set_version"));
    expect_text(answer, "group_clamp", "lines.2.kind");
    expect_int(answer, -21000, "lines.2.points_milli");
    ck_assert_int_eq(sum(answer), 100000);
    id = draft("{'key':'a','name':'A','score_group':'all','points_milli':30250,"
               "'each':{'activity':'page_view'},'cap_times':1}");
    answer = ledger(textf("?rule_set=%s", id));
    expect_int(answer, 30, "score");
    expect_text(answer, "rounding", "lines.2.kind");
    expect_int(answer, -250, "lines.2.points_milli");
    ck_assert_int_eq(sum(answer), 30000);
}
END_TEST

START_TEST(at_other_times)
{
    const struct answer *answer = ledger(textf("?at=%s", time_text(now - DAYS(15))));
    expect_int(answer, 20, "score"); /* address, company, and five pages */
    ck_assert_int_eq(sum(answer), 20000);
    expect_int(answer, 1, "rule_set_version");
    expect_text(answer, time_text(now - DAYS(15)), "at");
    expect_problem(ledger(textf("?at=%s", time_text(now - DAYS(101)))), 422, "validation_failed",
                   "?at", "out_of_range");
    expect_problem(ledger("?at=yesterday"), 422, "validation_failed", "?at", "invalid");
    /* an attribute as it was */
    expect_status(patch(fixture.client, textf("/v1/leads/%s", lead), "{'company':null}"), 200);
    expect_int(ledger(""), 20, "score");
    expect_int(ledger(textf("?at=%s", time_text(now))), 30, "score");
}
END_TEST

START_TEST(under_other_rules)
{
    expect_int(ledger("?rule_set=1"), 30, "score");
    expect_problem(ledger("?rule_set=7"), 422, "validation_failed", "?rule_set", "unknown");
    expect_problem(ledger("?rule_set=first"), 422, "validation_failed", "?rule_set", "invalid");
    expect_problem(ledger("?rule_set=019aab3f-7c1e-7abc-8def-0123456789ab"), 422,
                   "validation_failed", "?rule_set", "unknown");
}
END_TEST

/* The newest count first: a cap by points leaves of one of them a part. */
START_TEST(evidence)
{
    const char *id = draft("{'key':'a','name':'A','score_group':'all','points_milli':8000,"
                           "'each':{'activity':'page_view'},'cap_milli':13000,'decay':'half_life',"
                           "'decay_days':1}");
    const struct answer *answer =
        get(fixture.client, "/v1/leads/%s/score/evidence?rule=a&rule_set=%s&count=true", lead, id);
    expect_status(answer, 200);
    expect_shape(answer, "data.0",
                 "id:i type:t occurred_at:T age_days:n points_milli:n kept_milli:n");
    expect_int(answer, 20, "total");
    static const int64_t points[] = { 8000, 4000, 2000, 1000 }, kept[] = { 8000, 4000, 1000, 0 };
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        expect_int(answer, i, "data.%zu.age_days", i);
        expect_int(answer, points[i], "data.%zu.points_milli", i);
        expect_int(answer, kept[i], "data.%zu.kept_milli", i);
    }
    expect_text(answer,
                answer_text(get(fixture.client, "/v1/leads/%s/activities", lead), "data.0.id"),
                "data.0.id");
    answer = get(fixture.client, "/v1/leads/%s/score/evidence?rule=page_view&limit=15", lead);
    ck_assert(answer_bool(answer, "has_more"));
    expect_int(answer, 1000, "data.14.kept_milli");
    answer = get(fixture.client, "/v1/leads/%s/score/evidence?rule=page_view&limit=15&cursor=%s",
                 lead, answer_text(answer, "next_cursor"));
    ck_assert_uint_eq(answer_count(answer, "data"), 5);
    expect_int(answer, 0, "data.0.kept_milli");
    answer = get(fixture.client, "/v1/leads/%s/score/evidence?rule=email_known", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 0);
    expect_problem(get(fixture.client, "/v1/leads/%s/score/evidence?rule=none", lead), 422,
                   "validation_failed", "?rule", "unknown");
    expect_problem(get(fixture.client, "/v1/leads/%s/score/evidence", lead), 422,
                   "validation_failed", "?rule", "required");
}
END_TEST

START_TEST(erased)
{
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", lead)),
                  204);
    expect_problem(ledger(""), 410, "erased", NULL, NULL);
    expect_problem(get(fixture.client, "/v1/leads/%s/score/evidence?rule=page_view", lead), 410,
                   "erased", NULL, NULL);
    expect_problem(get(fixture.client, "/v1/leads/019aab3f-7c1e-7abc-8def-0123456789ab/score"), 404,
                   "not_found", NULL, NULL);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { lines,          clamps_and_rounding,
                                   at_other_times, under_other_rules,
                                   evidence,       erased };
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_add_checked_fixture(tcase, make_lead, service_teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
