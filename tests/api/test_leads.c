/* test_leads.c: what a lead says of itself: creating and changing it. */
#include "leads.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Creating ---- */

START_TEST(created)
{
    const char *user = service_create("/v1/users", "{'email':'o@example.com','name':'O'}");
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    const char *all =
        textf("{'email':'ann@example.com','phone':'+49 30 123456','first_name':'Ann',"
              "'last_name':'L\xc3\xb6we','company':'ACME','job_title':'Head of Sales',"
              "'website':'https://acme.example/','industry':'Tools','country':'DE','city':'Berlin',"
              "'source':'web','campaign':'%s','owner':'%s','amount_minor':123456,'currency':'USD',"
              "'source_system':'shop','external_id':'7','pipeline':'default','stage':'demo'}",
              campaign, user);
    const struct answer *answer = create(all);
    expect_status(answer, 201);
    expect_shape(answer, "", LEAD_SHAPE);
    const char *id = answer_text(answer, "id");
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/leads/%s", id));
    ck_assert_str_eq(answer_header(answer, "Content-Type"), "application/json");
    ck_assert_str_eq(answer_header(answer, "ETag"), "\"v1-s30\"");
    expect_text(answer, "+4930123456", "phone");
    expect_text(answer, "L\xc3\xb6we", "last_name");
    expect_text(answer, campaign, "campaign");
    expect_text(answer, user, "owner");
    expect_int(answer, 123456, "amount_minor");
    expect_text(answer, "demo", "stage");
    expect_text(answer, "open", "status");
    expect_int(answer, 30, "score"); /* e-mail 5, phone 5, company 10, head 10 */
    expect_int(answer, 1, "version");
    expect_int(answer, 1, "cycle");
    const struct answer *again = get(fixture.client, "/v1/leads/%s", id);
    expect_status(again, 200);
    expect_shape(again, "", LEAD_SHAPE);
    ck_assert_str_eq(answer->body, again->body);
    ck_assert_str_eq(answer_header(again, "ETag"), "\"v1-s30\"");
}
END_TEST

START_TEST(smallest)
{
    static const char *const bodies[] = {
        "{'email':'a@example.com'}", "{'phone':'12345'}",  "{'first_name':'A'}",
        "{'last_name':'A'}",         "{'company':'ACME'}", "{'external_id':'1'}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        const struct answer *answer = create(bodies[i]);
        expect_status(answer, 201);
        expect_text(answer, "target", "stage");
        ck_assert(answer_is_null(answer, "currency"));
    }
    static const char *const nobody[] = { "{}", "{'city':'Bern'}", "{'email':null}",
                                          "{'email':' ','company':''}", "{'source_system':'x'}" };
    for (size_t i = 0; i < ARRAY_SIZE(nobody); i++)
        expect_problem(create(nobody[i]), 422, "validation_failed", "/email", "required");
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'email':'nobody'}", "/email", "invalid" },
        { "{'email':'a@localhost'}", "/email", "invalid" },
        { "{'email':'a b@example.com'}", "/email", "invalid" },
        { "{'email':'a@exa mple.com'}", "/email", "invalid" },
        { "{'email':'@example.com'}", "/email", "invalid" },
        { "{'email':'a@example.com','currency':'EUR'}", "/currency", "wrong_currency" },
        { "{'email':'a@example.com','amount_minor':-1}", "/amount_minor", "out_of_range" },
        { "{'email':'a@example.com','stage':'won'}", "/stage", "unknown" },
        { "{'email':'a@example.com','pipeline':'other'}", "/pipeline", "unknown" },
        { "{'email':'a@example.com','owner':'" UNKNOWN "'}", "/owner", "unknown" },
        { "{'email':'a@example.com','campaign':'" UNKNOWN "'}", "/campaign", "unknown" },
        { "{'email':'a@example.com','source_system':'shop'}", "/external_id", "required" },
        { "{'email':'a@example.com','score':50}", "/score", "unknown_member" },
        { "{'email':'a@example.com','status':'won'}", "/status", "unknown_member" },
        { "{'email':'a@example.com','created_at':'2024-01-01T00:00:00Z'}", "/created_at",
          "unknown_member" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(create(cases[i].body), 422, "validation_failed", cases[i].place,
                       cases[i].why);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads"), "data"), 0);
}
END_TEST

/* ---- Changing ---- */

START_TEST(changed)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com','city':'Bern'}");
    const struct answer *answer =
        change(lead, "{'first_name':'Ann','company':'ACME','amount_minor':500,'country':' '}");
    expect_status(answer, 200);
    expect_shape(answer, "", LEAD_SHAPE);
    expect_text(answer, "Ann", "first_name");
    expect_int(answer, 500, "amount_minor");
    expect_text(answer, "USD", "currency");
    expect_text(answer, "Bern", "city");
    ck_assert(answer_is_null(answer, "country"));
    expect_int(answer, 15, "score");
    expect_int(answer, 2, "version");
    ck_assert_str_eq(answer_header(answer, "ETag"), "\"v2-s15\"");
    ck_assert_str_eq(get(fixture.client, "/v1/leads/%s", lead)->body, answer->body);

    answer = change(lead, "{'company':null,'city':null,'amount_minor':null}");
    expect_status(answer, 200);
    ck_assert(answer_is_null(answer, "company") && answer_is_null(answer, "city") &&
              answer_is_null(answer, "amount_minor"));
    expect_int(answer, 5, "score");
    expect_int(answer, 3, "version");
    expect_int(change(lead, "{}"), 3, "version");
    expect_int(change(lead, "{'first_name':'Ann'}"), 3, "version");
}
END_TEST

/* An amount is in the currency of its pipeline, whatever is said. */
START_TEST(currency_stays)
{
    const char *lead =
        service_create("/v1/leads", "{'email':'ann@example.com','amount_minor':500}");
    const struct answer *answer = change(lead, "{'currency':null}");
    expect_text(answer, "USD", "currency");
    expect_int(answer, 1, "version");
    answer = change(lead, "{'currency':null,'city':'Bern'}");
    expect_text(answer, "USD", "currency");
    expect_int(answer, 2, "version");
    answer = change(lead, "{'currency':null,'amount_minor':null}");
    ck_assert(answer_is_null(answer, "currency") && answer_is_null(answer, "amount_minor"));
    expect_int(answer, 3, "version");
    expect_int(change(lead, "{'currency':null}"), 3, "version");
}
END_TEST

START_TEST(read_again)
{
    const char *path =
        textf("/v1/leads/%s", service_create("/v1/leads", "{'email':'ann@example.com'}"));
    const char *etag = textf("%s", answer_header(get(fixture.client, "%s", path), "ETag"));
    const char *const known[] = { textf("If-None-Match: %s", etag),
                                  textf("If-None-Match: \"v9-s9\", W/%s", etag) };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        const struct answer *answer = ask(fixture.client, .path = path, .headers = { known[i] });
        expect_status(answer, 304);
        ck_assert_uint_eq(answer->body_bytes, 0);
        ck_assert_str_eq(answer_header(answer, "ETag"), etag);
    }
    post(fixture.client, textf("%s/activities", path), "{'type':'demo_requested'}");
    expect_status(ask(fixture.client, .path = path, .headers = { known[0] }), 200);
}
END_TEST

START_TEST(change_refused)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const char *bob = service_create(
        "/v1/leads", "{'email':'bob@example.com','source_system':'shop','external_id':'b'}");
    const struct answer *answer = change(lead, "{'email':'Bob+1@example.com','city':'Rome'}");
    expect_problem(answer, 409, "duplicate", "/email", NULL);
    expect_text(answer, bob, "existing_id");
    answer = change(lead, "{'source_system':'shop','external_id':'b'}");
    expect_problem(answer, 409, "duplicate", "/external_id", NULL);
    expect_text(answer, bob, "existing_id");
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'email':'x'}", "/email", "invalid" },
        { "{'currency':'EUR'}", "/currency", "wrong_currency" },
        { "{'owner':'" UNKNOWN "'}", "/owner", "unknown" },
        { "{'campaign':'" UNKNOWN "'}", "/campaign", "unknown" },
        { "{'stage':'mql'}", "/stage", "unknown_member" },
        { "{'status':'won'}", "/status", "unknown_member" },
        { "{'source_system':'shop'}", "/external_id", "required" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(change(lead, cases[i].body), 422, "validation_failed", cases[i].place,
                       cases[i].why);
    answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_int(answer, 1, "version");
    ck_assert(answer_is_null(answer, "city"));
}
END_TEST

START_TEST(version_matches)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const char *path = textf("/v1/leads/%s", lead);
    post(fixture.client, textf("%s/activities", path), "{'type':'call'}");
    const struct answer *answer =
        ask(fixture.client, .method = "PATCH", .path = path, .body = "{\"city\":\"Bern\"}",
            .headers = { "If-Match: \"v1-s99\"" }); /* the score is not what is compared */
    expect_status(answer, 200);
    expect_int(answer, 2, "version");
    answer = ask(fixture.client, .method = "PATCH", .path = path, .body = "{\"city\":\"Rome\"}",
                 .headers = { "If-Match: \"v1-s5\"" });
    expect_problem(answer, 412, "precondition_failed", NULL, NULL);
    answer = ask(fixture.client, .method = "PATCH", .path = path, .body = "{\"city\":\"Rome\"}",
                 .headers = { "If-Match: *" });
    expect_int(answer, 3, "version");
    answer = ask(fixture.client, .path = textf("%s/move", path), .body = "{\"stage\":\"demo\"}",
                 .headers = { "If-Match: \"v3\"" });
    expect_int(answer, 4, "version");
}
END_TEST

/* A key that only brings leads in does not learn who is there already. */
/* Neither of the lead nor of what others told of it: not its score, not its stage. */
START_TEST(ingest_learns_nothing_of_a_lead)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const char *path = textf("/v1/leads/%s/activities", lead);
    const char *told =
        "{'type':'call','external_id':'1','source_system':'web','properties':{'a':1}}";
    post(fixture.client, path, "%s", told);
    _cleanup_(client_done) struct client *door = service_client(service_key("door", "ingest"));
    const struct answer *answer = post(door, path, "%s", told);
    expect_status(answer, 200);
    ck_assert_uint_eq(json_object_size(answer->json), 2);
    ck_assert(answer_bool(answer, "duplicate"));
    answer = post(door, path, "{'type':'demo_requested'}");
    expect_status(answer, 201);
    ck_assert_uint_eq(json_object_size(answer->json), 2);
    ck_assert(!answer_bool(answer, "duplicate"));
    ck_assert_ptr_null(answer_header(answer, "ETag"));
    answer =
        post(door, "/v1/activities", "{'activities':[{'email':'ann@example.com','type':'call'}]}");
    expect_int(answer, 1, "recorded");
    expect_int(answer, 201, "results.0.status");
    ck_assert_uint_eq(json_object_size(answer_at(answer, "results.0")), 3);
}
END_TEST

START_TEST(amounts_are_told_both_ends)
{
    const struct answer *answer = post(fixture.client, "/v1/leads", "{'amount_minor':-1}");
    expect_problem(answer, 422, "validation_failed", "/amount_minor", "out_of_range");
    expect_text(answer, "a whole number, 0 to 1000000000000000", "errors.0.detail");
}
END_TEST

START_TEST(ingest_reads_nothing)
{
    const char *ann = service_create("/v1/leads", "{'email':'ann@example.com','company':'Acme'}");
    const struct answer *answer =
        ask(fixture.client, .path = "/v1/leads?on_duplicate=merge",
            .key = service_key("door", "ingest"), .body = "{\"email\":\"ann@example.com\"}");
    expect_status(answer, 200);
    expect_text(answer, ann, "id");
    ck_assert_ptr_null(answer_at(answer, "company"));
    ck_assert_ptr_null(answer_header(answer, "ETag"));
}
END_TEST

START_TEST(moves_are_changes)
{
    const char *id = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const struct answer *before = get(fixture.client, "/v1/leads/%s", id);
    const char *updated = textf("%s", answer_text(before, "updated_at"));
    usleep(3000);
    const struct answer *after =
        post(fixture.client, textf("/v1/leads/%s/move", id), "{'stage':'sql'}");
    ck_assert_str_gt(answer_text(after, "updated_at"), updated);
    updated = textf("%s", answer_text(after, "updated_at"));
    usleep(3000);
    after = post(fixture.client, textf("/v1/leads/%s/activities", id), "{'type':'page_view'}");
    expect_status(after, 201); /* which is no change of the lead by anybody */
    expect_text(get(fixture.client, "/v1/leads/%s", id), updated, "updated_at");
}
END_TEST

/* The largest amounts there may be, until their sum would no longer fit: refused, not wrong. */
START_TEST(amounts_add_up)
{
    enum { EACH = 1000, TIMES = 5 };
    int64_t kept = 0, left = 0;
    for (int i = 0; i < TIMES; i++) {
        struct buffer body = { .arena = &fixture.arena };
        buffer_text(&body, "{\"items\":[");
        for (int j = 0; j < EACH; j++)
            buffer_printf(&body,
                          "%s{\"company\":\"Acme\",\"source_system\":\"s\",\"external_id\":\"%d\","
                          "\"amount_minor\":1000000000000000}",
                          j ? "," : "", i * EACH + j);
        buffer_text(&body, "]}");
        buffer_char(&body, '\0');
        const struct answer *answer =
            ask(fixture.client, .path = "/v1/import/leads", .body = body.data);
        expect_status(answer, 200);
        for (int j = 0; j < EACH; j++)
            if (strcmp(answer_text(answer, "results.%d.status", j), "created") == 0)
                kept++;
            else
                left++;
        client_forget(fixture.client);
    }
    ck_assert_int_eq(kept, (INT64_C(1) << 62) / INT64_C(1000000000000000));
    ck_assert_int_eq(left, EACH * TIMES - kept);
    const struct answer *board = get(fixture.client, "/v1/pipelines/default/board");
    expect_int(board, kept * INT64_C(1000000000000000), "stages.0.value_minor");
    expect_status(get(fixture.client, "/v1/metrics/funnel"), 200);
}
END_TEST

/* Whatever way it was changed. */
START_TEST(changes_are_told)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const char *path = textf("/v1/leads/%s", lead);
    expect_status(ask(fixture.client, .method = "PATCH", .path = path,
                      .body = "{\"city\":\"Bern\",\"email\":null}",
                      .key = service_key("desk", "write")),
                  200);
    expect_status(patch(fixture.client, path, "{'city':'Basel','phone':'+4930123456'}"), 200);
    expect_status(post(fixture.client, "/v1/leads?on_duplicate=merge",
                       "{'phone':'+4930123456','company':'Acme'}"),
                  200);
    expect_status(post(fixture.client, textf("/v1/leads/%s/win", lead), "{'amount_minor':5}"), 200);
    static const struct {
        const char *field, *old_value, *new_value, *actor;
    } expected[] = {
        { "email", "ann@example.com", NULL, "desk" }, { "city", NULL, "Bern", "desk" },
        { "phone", NULL, "+4930123456", "admin" },    { "city", "Bern", "Basel", "admin" },
        { "company", NULL, "Acme", "admin" },         { "amount_minor", NULL, "5", "admin" },
        { "currency", NULL, "USD", "admin" },
    };
    const struct answer *list = get(fixture.client, "%s/changes", path);
    ck_assert_uint_eq(answer_count(list, "data"), ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        expect_text(list, expected[i].field, "data.%zu.field", i);
        expect_text(list, expected[i].actor, "data.%zu.actor", i);
        ck_assert(answer_is_null(list, "data.%zu.old_value", i) == !expected[i].old_value);
        ck_assert(answer_is_null(list, "data.%zu.new_value", i) == !expected[i].new_value);
        if (expected[i].new_value)
            expect_text(list, expected[i].new_value, "data.%zu.new_value", i);
    }
    const struct answer *newest = get(fixture.client, "%s/changes?sort=-id&limit=1", path);
    expect_text(newest, "currency", "data.0.field");
    ck_assert(answer_bool(newest, "has_more"));
    expect_status(get(fixture.client, "/v1/leads/" UNKNOWN "/changes"), 404);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("leads");
    TCase *tcase = tcase_create("leads");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, changes_are_told);
    tcase_add_test(tcase, created);
    tcase_add_test(tcase, smallest);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, changed);
    tcase_add_test(tcase, currency_stays);
    tcase_add_test(tcase, read_again);
    tcase_add_test(tcase, change_refused);
    tcase_add_test(tcase, version_matches);
    tcase_add_test(tcase, amounts_add_up);
    tcase_add_test(tcase, amounts_are_told_both_ends);
    tcase_add_test(tcase, ingest_reads_nothing);
    tcase_add_test(tcase, ingest_learns_nothing_of_a_lead);
    tcase_add_test(tcase, moves_are_changes);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, identity_tcase());
    suite_add_tcase(suite, lists_tcase());
    suite_add_tcase(suite, search_tcase());
    suite_add_tcase(suite, costly_tcase());
    return suite;
}
