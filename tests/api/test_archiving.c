/* test_archiving.c: what rules ask for does not go from under them: custom fields, and stages that
 * criteria have leads enter. */
#include "jobs.h"

static const struct answer *act(const char *path)
{
    return ask(fixture.client, .method = "POST", .path = path);
}

static const struct answer *archive_stage(const char *stage)
{
    return act(textf("/v1/pipelines/default/stages/%s/archive", stage));
}

static const struct answer *archive_field(const char *archived)
{
    return patch(fixture.client, "/v1/fields/plan", "{'archived':%s}", archived);
}

/* A draft: a rule on the custom field `plan`, and a criterion of that kind on it too. */
static const char *draft(const char *kind)
{
    return service_create(
        "/v1/rule-sets",
        "{'name':'Plans','groups':[{'key':'fit','min_milli':0,'max_milli':90000}],"
        "'rules':[{'key':'blank','name':'Blank','score_group':'fit','points_milli':1},"
        "{'key':'pays','name':'Pays','score_group':'fit','points_milli':60000,"
        "'when':{'any':[{'field':'city','op':'present'},"
        "{'field':'fields.plan','op':'eq','value':'pro'}]}}],"
        "'criteria':[{'kind':'%s','score_min':50,'when':"
        "{'not':{'field':'fields.plan','op':'absent'}}}]}",
        kind);
}

static void publish(const char *rule_set)
{
    const struct answer *answer = act(textf("/v1/rule-sets/%s/publish", rule_set));
    expect_status(answer, 202);
    job_wait(textf("%s", answer_text(answer, "id")));
}

static void expect_conflict(const struct answer *answer, const char *detail)
{
    expect_problem(answer, 409, "conflict", NULL, NULL);
    expect_text(answer, detail, "detail");
}

static void plan_make(void)
{
    service_setup();
    expect_status(post(fixture.client, "/v1/fields", "{'key':'plan','name':'Plan','type':'text'}"),
                  201);
}

START_TEST(field_of_rules_in_force)
{
    publish(draft("mql"));
    expect_conflict(archive_field("true"),
                    "version 2 (Plans), which is in force, asks for it: rules pays; criteria mql");
    expect_status(patch(fixture.client, "/v1/fields/plan", "{'name':'Tariff'}"), 200);
    publish(service_create("/v1/rule-sets",
                           "{'name':'None','groups':[{'key':'fit','min_milli':0,'max_milli':1}],"
                           "'rules':[]}"));
    const struct answer *answer = archive_field("true");
    expect_status(answer, 200);
    ck_assert_ptr_null(answer_at(answer, "drafts"));
}
END_TEST

/* It says so, and the draft waits until the field is in use again. */
START_TEST(field_of_drafts)
{
    const char *one = draft("mql");
    draft("sql");
    service_create("/v1/rule-sets",
                   "{'name':'None','groups':[{'key':'fit','min_milli':0,'max_milli':1}],"
                   "'rules':[]}");
    const struct answer *answer = archive_field("true");
    expect_status(answer, 200);
    ck_assert_uint_eq(answer_count(answer, "drafts"), 2);
    expect_text(answer, one, "drafts.0");
    ck_assert_ptr_null(answer_at(get(fixture.client, "/v1/fields/plan"), "drafts"));
    answer = act(textf("/v1/rule-sets/%s/publish", one));
    expect_problem(answer, 422, "validation_failed", "/rules/1/when/any/1/field", "archived");
    expect_text(answer, "/criteria/0/when/not/field", "errors.1.pointer");
    ck_assert(!answer_bool(act(textf("/v1/rule-sets/%s/validate", one)), "valid"));
    expect_problem(act(textf("/v1/rule-sets/%s/preview", one)), 422, "validation_failed",
                   "/rules/1/when/any/1/field", "archived");
    expect_status(archive_field("false"), 200);
    publish(one);
}
END_TEST

START_TEST(field_that_a_stage_requires)
{
    const char *stage = "/v1/pipelines/default/stages/proposal";
    expect_status(patch(fixture.client, stage, "{'required_fields':['fields.plan']}"), 200);
    expect_conflict(archive_field("true"), "the stage proposal requires it");
    expect_status(patch(fixture.client, stage, "{'required_fields':[]}"), 200);
    expect_status(archive_field("true"), 200);
    expect_problem(patch(fixture.client, stage, "{'required_fields':['fields.plan']}"), 422,
                   "validation_failed", "/required_fields", "archived");
}
END_TEST

START_TEST(stage_of_rules_in_force)
{
    static const char detail[] = "version 1 (Default), which is in force, has leads enter a stage "
                                 "of kind mql, and none would be left";
    expect_conflict(archive_stage("mql"), detail);
    /* leads are born into the first */
    expect_conflict(put(fixture.client, "/v1/pipelines/default/order",
                        "{'stages':['mql','target','sql','demo','proposal','close']}"),
                    detail);
    expect_status(post(fixture.client, "/v1/pipelines",
                       "{'key':'other','name':'Other','stages':[{'key':'a','name':'A'},"
                       "{'key':'b','name':'B','kind':'mql'}]}"),
                  201);
    const struct answer *answer = archive_stage("mql");
    expect_status(answer, 202);
    ck_assert(answer_is_null(answer, "detail"));
    job_wait(textf("%s", answer_text(answer, "id")));
    expect_conflict(act("/v1/pipelines/other/archive"), detail);
}
END_TEST

START_TEST(stage_of_drafts)
{
    const char *one = draft("demo");
    const struct answer *answer = archive_stage("demo");
    expect_status(answer, 202);
    const char *detail =
        textf("drafts that cannot be published until a stage of such a kind is in use: %s", one);
    expect_text(answer, detail, "detail");
    answer = job_wait(textf("%s", answer_text(answer, "id")));
    expect_text(answer, "done", "state");
    expect_text(answer, detail, "detail");
    expect_problem(act(textf("/v1/rule-sets/%s/publish", one)), 422, "validation_failed",
                   "/criteria/0/kind", "unknown");
    answer = act("/v1/pipelines/default/stages/demo/restore");
    expect_status(answer, 202);
    ck_assert(answer_is_null(answer, "detail"));
    publish(one);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { field_of_rules_in_force, field_of_drafts,
                                   field_that_a_stage_requires, stage_of_rules_in_force,
                                   stage_of_drafts };
    Suite *suite = suite_create("archiving");
    TCase *tcase = tcase_create("archiving");
    tcase_add_checked_fixture(tcase, plan_make, service_teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
