/* test_rule_sets.c: a rule set is drafted, all its mistakes are named, it comes into force, and
 * never changes again. */
#include "fixture.h"
#include "shape.h"

#include <unistd.h>

#define GROUPS "'groups':[{'key':'fit','min_milli':0,'max_milli':40000}]"
#define RULE(more)                                                                                 \
    "{'key':'mail','name':'Address','score_group':'fit','points_milli':20000" more "}"
#define SET(rules, more) "{'name':'Spring'," GROUPS ",'rules':[" rules "]" more "}"

static const struct answer *draft_put(const char *id, const char *json)
{
    return put(fixture.client, textf("/v1/rule-sets/%s", id), "%s", json);
}

static const struct answer *act(const char *id, const char *action)
{
    return ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/%s", id, action));
}

static const char *published(void)
{
    const struct answer *answer = get(fixture.client, "/v1/rule-sets?status=published");
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    return textf("%s", answer_text(answer, "data.0.id"));
}

static void finish_jobs(void)
{
    for (int ms = 0; ms < 20000; ms += 5, usleep(5000)) {
        const struct answer *answer = get(fixture.client, "/v1/jobs?limit=1");
        if (answer_count(answer, "data") == 0 || !answer_is_null(answer, "data.0.finished_at"))
            return;
    }
    ck_abort_msg("the job does not end");
}

START_TEST(drafted)
{
    const char *id =
        service_create("/v1/rule-sets", SET(RULE(",'when':{'field':'email','op':'present'}"),
                                            ",'criteria':[{'kind':'mql','score_min':20,"
                                            "'exit_below':10,'dwell_hours':24}]"));
    const struct answer *answer = get(fixture.client, "/v1/rule-sets/%s", id);
    expect_text(answer, "draft", "status");
    ck_assert(answer_is_null(answer, "version"));
    ck_assert(answer_is_null(answer, "published_at"));
    expect_int(answer, 0, "min_milli");
    expect_int(answer, 100000, "max_milli");
    expect_text(answer, "none", "rules.0.decay");
    expect_text(answer, "email", "rules.0.when.field");
    expect_int(answer, 10, "criteria.0.exit_below");
    /* nobody is judged by it */
    ck_assert_str_ne(published(), id);
    answer = draft_put(id, SET(RULE(",'each':{'activity':'call'},'cap_times':2,'decay':'linear',"
                                    "'decay_days':7,'decay_percent':25"),
                               ""));
    expect_status(answer, 200);
    expect_text(answer, "linear", "rules.0.decay");
    ck_assert_uint_eq(answer_count(answer, "criteria"), 0);
    expect_int(get(fixture.client, "/v1/rule-sets/%s", id), 2, "rules.0.cap_times");
    answer = get(fixture.client, "/v1/rule-sets?status=draft&count=true");
    expect_int(answer, 1, "total");
    expect_text(answer, id, "data.0.id");
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/rule-sets/%s", id)),
                  204);
    expect_problem(get(fixture.client, "/v1/rule-sets/%s", id), 404, "not_found", NULL, NULL);
}
END_TEST

/* Each mistake, its place and why. */
START_TEST(mistakes)
{
    static const struct {
        const char *json, *place, *why;
    } all[] = {
        { "{'name':'S','groups':[],'rules':[]}", "/groups", "too_few" },
        { SET("{'key':'a','name':'A','score_group':'fit'}", ""), "/rules/0/points_milli",
          "required" },
        { SET(RULE(",'points':1"), ""), "/rules/0/points", "unknown_member" },
        { SET("{'key':'a','name':'A','score_group':'fot','points_milli':1}", ""),
          "/rules/0/score_group", "unknown" },
        { SET("{'key':'A b','name':'A','score_group':'fit','points_milli':1}", ""), "/rules/0/key",
          "invalid" },
        { SET(RULE("") "," RULE(""), ""), "/rules/1/key", "duplicate" },
        { SET("{'key':'a','name':'A','score_group':'fit','points_milli':1000001}", ""),
          "/rules/0/points_milli", "out_of_range" },
        { SET(RULE(",'each':{'activity':'call'},'decay':'window'"), ""), "/rules/0/decay_days",
          "required" },
        { SET(RULE(",'each':{'activity':'call'},'decay':'linear','decay_days':3"), ""),
          "/rules/0/decay_percent", "required" },
        { SET(RULE(",'each':{'activity':'call'},'decay':'linear','decay_days':3650,"
                   "'decay_percent':1"),
              ""),
          "/rules/0/decay_percent", "out_of_range" },
        { SET(RULE(",'each':{'activity':'call'},'decay':'half_life','decay_days':366"), ""),
          "/rules/0/decay_days", "out_of_range" },
        { SET(RULE(",'each':{'activity':'call'},'decay':'window','decay_days':3,"
                   "'decay_percent':9"),
              ""),
          "/rules/0/decay_percent", "not_allowed" },
        { SET(RULE(",'each':{'activity':'call'},'decay_days':3"), ""), "/rules/0/decay_days",
          "not_allowed" },
        { SET(RULE(",'decay':'window','decay_days':3"), ""), "/rules/0/decay", "not_allowed" },
        { SET(RULE(",'each':{'activity':'call'},'cap_milli':3,'cap_times':3"), ""),
          "/rules/0/cap_times", "not_allowed" },
        { SET(RULE(",'cap_times':3"), ""), "/rules/0/cap_times", "not_allowed" },
        { SET(RULE(",'when':{'all':[{'field':'email','op':'like','value':'x'}]}"), ""),
          "/rules/0/when/all/0/op", "unknown_value" },
        { SET(RULE(",'when':{'field':'score','op':'gt','value':3}"), ""), "/rules/0/when/field",
          "not_allowed" },
        { SET(RULE(",'each':{'activity':'Call'}"), ""), "/rules/0/each/activity", "invalid" },
        { SET("", ",'criteria':[{'kind':'target','score_min':20}]"), "/criteria/0/kind",
          "unknown" },
        { SET("", ",'criteria':[{'kind':'none','score_min':20}]"), "/criteria/0/kind",
          "unknown_value" },
        { SET("", ",'criteria':[{'kind':'mql','score_min':20},{'kind':'mql','score_min':30}]"),
          "/criteria/1/kind", "duplicate" },
        { SET("", ",'criteria':[{'kind':'mql','score_min':101}]"), "/criteria/0/score_min",
          "out_of_range" },
        { SET("", ",'criteria':[{'kind':'mql','score_min':20,'exit_below':20}]"),
          "/criteria/0/exit_below", "out_of_range" },
        { SET("", ",'criteria':[{'kind':'mql','score_min':20,'dwell_hours':1}]"),
          "/criteria/0/dwell_hours", "not_allowed" },
        { SET("", ",'criteria':[{'kind':'mql','score_min':20,'when':{'field':'stage','op':"
                  "'present'}}]"),
          "/criteria/0/when/field", "not_allowed" },
        { SET("", ",'min_milli':5,'max_milli':4"), "/min_milli", "out_of_range" },
        { "{'name':'S','groups':[{'key':'a','min_milli':2,'max_milli':1}],'rules':[]}",
          "/groups/0/min_milli", "out_of_range" },
        { "{'name':'S','groups':[{'key':'a','min_milli':0,'max_milli':1},{'key':'a',"
          "'min_milli':0,'max_milli':1}],'rules':[]}",
          "/groups/1/key", "duplicate" },
    };
    const char *draft = service_create("/v1/rule-sets", SET(RULE(""), ""));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        expect_problem(post(fixture.client, "/v1/rule-sets", "%s", all[i].json), 422,
                       "validation_failed", all[i].place, all[i].why);
        expect_problem(draft_put(draft, all[i].json), 422, "validation_failed", all[i].place,
                       all[i].why);
    }
    struct buffer rules = { .arena = &fixture.arena };
    for (int i = 0; i < 65; i++)
        buffer_printf(&rules, "%s{'key':'k%d','name':'K','score_group':'fit','points_milli':1}",
                      i ? "," : "", i);
    buffer_char(&rules, '\0');
    expect_problem(post(fixture.client, "/v1/rule-sets", SET("%s", ""), rules.data), 422,
                   "validation_failed", "/rules", "too_many");
}
END_TEST

START_TEST(all_mistakes_at_once)
{
    const struct answer *answer =
        post(fixture.client, "/v1/rule-sets",
             SET(RULE(",'decay':'window'") "," RULE(",'when':{'field':'none','op':'present'}"),
                 ",'criteria':[{'kind':'mql','score_min':500,'dwell_hours':2}]"));
    expect_status(answer, 422);
    static const char *const places[] = {
        "/rules/0/decay",        "/rules/0/decay_days",     "/rules/1/key",
        "/criteria/0/score_min", "/criteria/0/dwell_hours", "/rules/1/when/field"
    };
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        expect_text(answer, places[i], "errors.%zu.pointer", i);
    ck_assert_uint_eq(answer_count(answer, "errors"), ARRAY_SIZE(places));
}
END_TEST

START_TEST(validated)
{
    const char *draft = service_create("/v1/rule-sets", SET(RULE(""), ""));
    const struct answer *answer = act(draft, "validate");
    expect_status(answer, 200);
    expect_shape(answer, "", "valid:b errors:a");
    ck_assert(answer_bool(answer, "valid"));
    ck_assert_uint_eq(answer_count(answer, "errors"), 0);
    expect_problem(act("019aab3f-7c1e-7abc-8def-0123456789ab", "validate"), 404, "not_found", NULL,
                   NULL);
}
END_TEST

/* Custom fields are attributes like others. */
START_TEST(custom_fields)
{
    static const char rules[] =
        SET(RULE(",'when':{'field':'fields.seats','op':'gte','value':10}"), "");
    expect_problem(post(fixture.client, "/v1/rule-sets", "%s", rules), 422, "validation_failed",
                   "/rules/0/when/field", NULL);
    expect_status(
        post(fixture.client, "/v1/fields", "{'key':'seats','name':'Seats','type':'number'}"), 201);
    const char *draft = service_create("/v1/rule-sets", "%s", rules);
    ck_assert(answer_bool(act(draft, "validate"), "valid"));
    const char *lead =
        service_create("/v1/leads", "{'email':'ann@example.com','fields':{'seats':10}}");
    expect_int(get(fixture.client, "/v1/leads/%s/score?rule_set=%s", lead, draft), 20, "score");
    const struct answer *answer = act(draft, "preview");
    expect_status(answer, 202);
    finish_jobs();
    answer = get(fixture.client, "/v1/jobs/%s", answer_text(answer, "id"));
    expect_int(answer, 1, "result.whole.distribution.4.after");
    ck_assert(answer_is_null(answer, "result.estimate"));
}
END_TEST

START_TEST(published_for_good)
{
    const char *before = published();
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5, "score");
    const char *draft =
        service_create("/v1/rule-sets", SET(RULE(",'when':{'field':'email','op':'present'}"),
                                            ",'criteria':[{'kind':'mql','score_min':20}]"));
    expect_status(act(draft, "publish"), 202);
    finish_jobs();
    ck_assert_str_eq(published(), draft);
    const struct answer *answer = get(fixture.client, "/v1/rule-sets/%s", draft);
    expect_int(answer, 2, "version");
    ck_assert(answer_is_null(answer, "copied_from"));
    answer = get(fixture.client, "/v1/rule-sets/%s", before);
    expect_text(answer, "retired", "status");
    ck_assert(!answer_is_null(answer, "retired_at"));
    answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_int(answer, 20, "score");
    expect_text(answer, "mql", "stage");
    expect_int(answer, 2, "rule_set_version");
    answer = get(fixture.client, "/v1/leads/%s/stages", lead);
    expect_int(answer, 1, "data.0.rule_set_version");
    expect_int(answer, 2, "data.1.rule_set_version");
    expect_problem(draft_put(draft, SET(RULE(""), "")), 409, "conflict", NULL, NULL);
    expect_problem(draft_put(before, SET(RULE(""), "")), 409, "conflict", NULL, NULL);
    expect_problem(
        ask(fixture.client, .method = "DELETE", .path = textf("/v1/rule-sets/%s", draft)), 409,
        "conflict", NULL, NULL);
    /* back to what was: a version of its own */
    expect_status(act(before, "publish"), 202);
    finish_jobs();
    answer = get(fixture.client, "/v1/rule-sets/%s", published());
    expect_int(answer, 3, "version");
    expect_text(answer, before, "copied_from");
    ck_assert(json_equal(answer_at(answer, "rules"),
                         answer_at(get(fixture.client, "/v1/rule-sets/%s", before), "rules")));
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5, "score");
}
END_TEST

/* Told twice, as by whoever missed the first answer, it makes no other version. */
START_TEST(published_once)
{
    const char *first = published();
    expect_problem(act(first, "publish"), 409, "conflict", NULL, NULL);
    const char *draft = service_create("/v1/rule-sets", SET(RULE(""), ""));
    expect_status(act(draft, "publish"), 202);
    expect_problem(act(draft, "publish"), 409, "conflict", NULL, NULL);
    finish_jobs();
    expect_problem(act(draft, "publish"), 409, "conflict", NULL, NULL);
    expect_status(act(first, "publish"), 202);
    finish_jobs();
    expect_problem(act(first, "publish"), 409, "conflict", NULL, NULL); /* its copy is in force */
    const char *copy = published();
    expect_problem(act(copy, "publish"), 409, "conflict", NULL, NULL);
    expect_int(get(fixture.client, "/v1/rule-sets/%s", copy), 3, "version");
    expect_status(act(draft, "publish"), 202);
    finish_jobs();
    expect_int(get(fixture.client, "/v1/rule-sets/%s", published()), 4, "version");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { drafted,       mistakes,      all_mistakes_at_once,
                                   validated,     custom_fields, published_for_good,
                                   published_once };
    Suite *suite = suite_create("rule sets");
    TCase *tcase = tcase_create("rule sets");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
