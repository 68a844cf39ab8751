/* test_activities_edit.c: activities that were recorded wrongly: corrected, and taken back; what
 * follows from that for the lead, and what is left to be read of it. */
#include "fixture.h"
#include "shape.h"

#include <string.h>
#include <unistd.h>

#define CHANGED_SHAPE ACTIVITY_SHAPE " score:o stage:o"

static const char *make_lead(const char *name)
{
    return service_create("/v1/leads", "{'email':'%s@example.com'}", name);
}

static const char *record(const char *lead, const char *json)
{
    return service_create(textf("/v1/leads/%s/activities", lead), "%s", json);
}

static const struct answer *edit(const char *activity, const char *json)
{
    return patch(fixture.client, textf("/v1/activities/%s", activity), "%s", json);
}

static const struct answer *removed(const char *activity)
{
    return ask(fixture.client, .method = "DELETE", .path = textf("/v1/activities/%s", activity));
}

/* ---- Correcting one ---- */

START_TEST(another_type)
{
    const char *lead = make_lead("ann");
    const char *call = record(lead, "{'type':'call','properties':{'by':'Bob'}}");
    const struct answer *answer = edit(call, "{'type':'demo_requested'}");
    expect_status(answer, 200);
    expect_shape(answer, "", CHANGED_SHAPE);
    expect_text(answer, call, "id");
    expect_text(answer, "demo_requested", "type");
    expect_text(answer, "Bob", "properties.by");
    expect_int(answer, 5, "score.before");
    expect_int(answer, 45, "score.after");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 45, "score");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 1, "version");
    expect_text(get(fixture.client, "/v1/activities/%s", call), "demo_requested", "type");
}
END_TEST

/* A correction that names what stands already changes nothing, and is no change of the lead. */
START_TEST(the_same_again)
{
    const char *lead = make_lead("ann");
    const char *call = record(lead, "{'type':'call','properties':{'a':1}}");
    expect_status(edit(call, "{'type':'call','properties':{'a':1,'b':null}}"), 200);
    expect_status(edit(call, "{}"), 200);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads/%s/changes", lead), "data"), 0);
}
END_TEST

START_TEST(properties_are_merged)
{
    const char *lead = make_lead("ann");
    const char *id =
        record(lead, "{'type':'call','properties':{'a':1,'b':{'c':2,'d':[3]},'e':'f','g':{}}}");
    edit(id,
         "{'properties':{'e':null,'b':{'c':null,'x':{'y':null,'z':4}},'g':5,'new':{'n':null}}}");
    const struct answer *answer = get(fixture.client, "/v1/activities/%s", id);
    json_t *properties =
        json_loads("{\"a\":1,\"b\":{\"d\":[3],\"x\":{\"z\":4}},\"g\":5,\"new\":{}}", 0, NULL);
    ck_assert_msg(json_equal(answer_at(answer, "properties"), properties), "%s", answer->body);
    json_decref(properties);

    expect_status(edit(id, "{'properties':null}"), 200);
    ck_assert(answer_is_null(get(fixture.client, "/v1/activities/%s", id), "properties"));
    expect_int(edit(id, "{'properties':{'a':null,'h':6}}"), 6, "properties.h");
}
END_TEST

START_TEST(properties_stay_within_their_limit)
{
    const char *lead = make_lead("ann");
    char *half = arena_alloc(&fixture.arena, 9000);
    memset(half, 'x', 8999);
    half[8999] = '\0';
    const char *id = record(lead, textf("{'type':'call','properties':{'a':'%s'}}", half));
    expect_problem(edit(id, textf("{'properties':{'b':'%s'}}", half)), 422, "validation_failed",
                   "/properties", "too_long");
    expect_status(edit(id, textf("{'properties':{'a':null,'b':'%s'}}", half)), 200);
}
END_TEST

/* Its place in the timeline, and the entry that it caused, move with it. */
START_TEST(another_time)
{
    const char *lead = make_lead("ann");
    usleep(5000);
    int64_t first = clock_now_ms();
    usleep(20000);
    int64_t second = clock_now_ms();
    record(lead, textf("{'type':'demo_requested','occurred_at':'%s'}", time_text(first)));
    const char *meeting =
        record(lead, textf("{'type':'meeting','occurred_at':'%s'}", time_text(second)));
    const struct answer *answer = get(fixture.client, "/v1/leads/%s/stages", lead);
    expect_text(answer, time_text(second), "data.1.occurred_at");

    answer = edit(meeting, textf("{'occurred_at':'%s'}", time_text(first - 1)));
    expect_status(answer, 200);
    expect_text(answer, time_text(first - 1), "occurred_at");
    expect_text(answer, "mql", "stage.after");
    answer = get(fixture.client, "/v1/leads/%s/activities", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
    expect_text(answer, meeting, "data.1.id");
    expect_text(get(fixture.client, "/v1/activities/%s", meeting), time_text(first - 1),
                "occurred_at");
    answer = get(fixture.client, "/v1/leads/%s/stages", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
    expect_text(answer, time_text(first), "data.1.occurred_at");
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'type':'Page View'}", "/type", "invalid" },
        { "{'type':null}", "/type", "not_null" },
        { "{'occurred_at':null}", "/occurred_at", "not_null" },
        { "{'occurred_at':'2999-01-01T00:00:00Z'}", "/occurred_at", "in_the_future" },
        { "{'campaign':'019aab3f-7c1e-7abc-8def-0123456789ab'}", "/campaign", "unknown" },
        { "{'engagement':'human'}", "/engagement", "unknown_value" },
        { "{'external_id':'7'}", "/external_id", "unknown_member" },
        { "{'lead_id':'019aab3f-7c1e-7abc-8def-0123456789ab'}", "/lead_id", "unknown_member" },
    };
    const char *lead = make_lead("ann"), *call = record(lead, "{'type':'call'}");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(edit(call, cases[i].body), 422, "validation_failed", cases[i].place,
                       cases[i].why);
    const char *nobody = "019aab3f-7c1e-7abc-8def-0123456789ab";
    expect_problem(edit(nobody, "{'type':'call'}"), 404, "not_found", NULL, NULL);
    expect_problem(removed(nobody), 404, "not_found", NULL, NULL);
}
END_TEST

/* ---- What is told of it ---- */

START_TEST(stands_among_the_changes)
{
    const char *lead = make_lead("ann");
    const char *call = record(lead, "{'type':'call','properties':{'a':1}}");
    edit(call, "{'type':'meeting','properties':{'a':2},'engagement':'suspect'}");
    const struct answer *answer = get(fixture.client, "/v1/leads/%s/changes?sort=id", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 3);
    expect_text(answer, textf("activities/%s/type", call), "data.0.field");
    expect_text(answer, "call", "data.0.old_value");
    expect_text(answer, "meeting", "data.0.new_value");
    expect_text(answer, "admin", "data.0.actor");
    expect_text(answer, textf("activities/%s/engagement", call), "data.1.field");
    expect_text(answer, "verified", "data.1.old_value");
    expect_text(answer, "suspect", "data.1.new_value");
    expect_text(answer, "{\"a\":1}", "data.2.old_value");
    expect_text(answer, "{\"a\":2}", "data.2.new_value");
}
END_TEST

/* ---- Taking one back ---- */

START_TEST(as_if_it_had_not_been)
{
    const char *lead = make_lead("ann");
    record(lead, "{'type':'demo_requested'}");
    const char *meeting = record(lead, "{'type':'meeting','properties':{'note':'private'}}");
    expect_text(get(fixture.client, "/v1/leads/%s", lead), "mql", "stage");
    expect_status(removed(meeting), 204);
    const struct answer *answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_text(answer, "target", "stage");
    expect_int(answer, 45, "score");
    expect_problem(get(fixture.client, "/v1/activities/%s", meeting), 404, "not_found", NULL, NULL);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads/%s/activities", lead), "data"),
                      1);
    expect_problem(removed(meeting), 404, "not_found", NULL, NULL);
    expect_problem(edit(meeting, "{'type':'call'}"), 404, "not_found", NULL, NULL);

    /* That it was there is known; what it carried is not. */
    answer = get(fixture.client, "/v1/leads/%s/changes?sort=id", lead);
    expect_text(answer, textf("activities/%s/type", meeting), "data.0.field");
    expect_text(answer, "meeting", "data.0.old_value");
    ck_assert(answer_is_null(answer, "data.0.new_value"));
    ck_assert_ptr_null(strstr(answer->body, "private"));
}
END_TEST

START_TEST(a_repeat_does_not_bring_it_back)
{
    const char *lead = make_lead("ann");
    const char *body = "{'type':'demo_requested','external_id':'7'}";
    const char *demo = record(lead, body);
    expect_status(removed(demo), 204);
    const char *path = textf("/v1/leads/%s/activities", lead);
    expect_problem(post(fixture.client, path, "%s", body), 410, "erased", NULL, NULL);
    const struct answer *answer =
        post(fixture.client, "/v1/activities",
             "{'activities':[{'type':'demo_requested','external_id':'7','lead_id':'%s'},"
             "{'type':'call','external_id':'8','lead_id':'%s'}]}",
             lead, lead);
    expect_status(answer, 200);
    expect_int(answer, 410, "results.0.status");
    expect_int(answer, 201, "results.1.status");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5, "score");
}
END_TEST

/* What is kept so that a repeat is known says nothing of a person who was erased. */
START_TEST(erased_with_its_lead)
{
    const char *lead = make_lead("ann");
    const char *body = "{'type':'call','source_system':'shop','external_id':'ann@example.com'}";
    expect_status(removed(record(lead, body)), 204);
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", lead)),
                  204);
    record(make_lead("bob"), body);
}
END_TEST

START_TEST(not_of_an_erased_lead)
{
    const char *lead = make_lead("ann"), *call = record(lead, "{'type':'call'}");
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", lead)),
                  204);
    expect_status(edit(call, "{'type':'meeting'}"), 410);
    expect_status(removed(call), 410);
}
END_TEST

/* ---- Who may say whether a person did it ---- */

START_TEST(engagement_is_given)
{
    const char *lead = make_lead("ann");
    const char *path = textf("/v1/leads/%s/activities", lead);
    const struct answer *answer =
        post(fixture.client, path, "{'type':'email_opened','engagement':'suspect'}");
    expect_status(answer, 201);
    expect_text(answer, "suspect", "engagement");
    ck_assert(answer_bool(answer, "engagement_given"));
    const char *id = answer_text(answer, "id");
    answer = edit(id, "{'engagement':null}");
    expect_text(answer, "verified", "engagement");
    ck_assert(!answer_bool(answer, "engagement_given"));

    _cleanup_(client_done) struct client *site = service_client(service_key("site", "ingest"));
    expect_status(post(site, path, "{'type':'email_opened','engagement':'verified'}"), 403);
    expect_status(post(site, path, "{'type':'email_opened'}"), 201);
    answer = post(site, "/v1/activities",
                  "{'activities':[{'type':'call','engagement':'bot','lead_id':'%s'}]}", lead);
    expect_int(answer, 403, "results.0.status");
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("activities_edit");
    TCase *tcase = tcase_create("activities_edit");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, another_type);
    tcase_add_test(tcase, the_same_again);
    tcase_add_test(tcase, properties_are_merged);
    tcase_add_test(tcase, properties_stay_within_their_limit);
    tcase_add_test(tcase, another_time);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, stands_among_the_changes);
    tcase_add_test(tcase, as_if_it_had_not_been);
    tcase_add_test(tcase, a_repeat_does_not_bring_it_back);
    tcase_add_test(tcase, erased_with_its_lead);
    tcase_add_test(tcase, not_of_an_erased_lead);
    tcase_add_test(tcase, engagement_is_given);
    suite_add_tcase(suite, tcase);
    return suite;
}
