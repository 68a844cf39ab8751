/* test_erasures.c: a lead goes and its figures stay, or go too; nobody sees it any more, and who
 * asks again is told. That no byte stays is tried on the real program: see faults/. */
#include "fixture.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERASURE_SHAPE "id:i lead_id:i facts:t actor:t? begun_at:T finished_at:T?"

static const struct answer *erase(const char *lead, const char *query)
{
    return ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s%s", lead, query));
}

static const char *some_lead(const char *email)
{
    return service_create(
        "/v1/leads", "{'email':'%s','company':'Acme','source':'search','amount_minor':700}", email);
}

static int64_t board_leads(const char *member)
{
    const struct answer *board = get(fixture.client, "/v1/pipelines/default/board");
    int64_t sum = 0;
    for (size_t i = 0; i < answer_count(board, "stages"); i++)
        sum += answer_int(board, "stages.%zu.%s", i, member);
    return sum;
}

static int64_t reached_target(void)
{
    const struct answer *funnel =
        get(fixture.client, "/v1/metrics/funnel?basis=cohort&group_by=source");
    return answer_count(funnel, "groups") == 0 ? 0
                                               : answer_int(funnel, "groups.0.stages.0.reached");
}

START_TEST(nobody_sees_it)
{
    const char *lead = some_lead("ann@example.com");
    const char *activities = textf("/v1/leads/%s/activities", lead);
    const char *activity = service_create(activities, "{'type':'call','properties':{'a':'b'}}");
    expect_status(erase(lead, ""), 204);
    const struct {
        const char *method, *path, *body;
    } asks[] = {
        { "GET", textf("/v1/leads/%s", lead), NULL },
        { "PATCH", textf("/v1/leads/%s", lead), "{\"city\":\"Bern\"}" },
        { "POST", textf("/v1/leads/%s/move", lead), "{\"stage\":\"sql\"}" },
        { "POST", textf("/v1/leads/%s/win", lead), "{}" },
        { "GET", textf("/v1/leads/%s/stages", lead), NULL },
        { "GET", activities, NULL },
        { "GET", textf("/v1/leads/%s/changes", lead), NULL },
        { "POST", activities, "{\"type\":\"call\"}" },
        { "GET", textf("/v1/activities/%s", activity), NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(asks); i++)
        expect_problem(ask(fixture.client, .method = asks[i].method, .path = asks[i].path,
                           .body = asks[i].body),
                       410, "erased", NULL, NULL);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads"), "data"), 0);
    ck_assert_uint_eq(
        answer_count(get(fixture.client, "/v1/leads?stage=target&sort=-score"), "data"), 0);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads?email=ann@example.com"), "data"),
                      0);
    const struct answer *batch =
        post(fixture.client, "/v1/activities",
             "{'activities':[{'lead_id':'%s','type':'call'},{'email':'ann@example.com',"
             "'type':'call'}]}",
             lead);
    expect_int(batch, 410, "results.0.status");
    expect_int(batch, 422, "results.1.status");
    ck_assert_int_eq(board_leads("leads"), 0);
    ck_assert_int_eq(board_leads("value_minor"), 0);
}
END_TEST

START_TEST(figures_of_the_past_stay)
{
    const char *lead = some_lead("ann@example.com");
    expect_status(post(fixture.client, textf("/v1/leads/%s/win", lead), "{}"), 200);
    some_lead("bob@example.com");
    const struct answer *before = get(fixture.client, "/v1/metrics/funnel?basis=period");
    expect_status(erase(lead, ""), 204);
    const struct answer *after = get(fixture.client, "/v1/metrics/funnel?basis=period");
    ck_assert(json_equal(json_object_get(after->json, "groups"),
                         json_object_get(before->json, "groups")));
    ck_assert_int_eq(reached_target(), 2);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads?status=won"), "data"), 0);
    const struct answer *shown = get(fixture.client, "/v1/leads?status=won&erased=show");
    ck_assert_uint_eq(answer_count(shown, "data"), 1);
    expect_shape(shown, "data.0", LEAD_SHAPE " erased_at:T");
    expect_text(shown, lead, "data.0.id");
    expect_text(shown, "search", "data.0.source");
    expect_int(shown, 700, "data.0.amount_minor");
    static const char *const blank[] = { "email",    "company", "source_system", "external_id",
                                         "industry", "city",    "country",       "job_title" };
    for (size_t i = 0; i < ARRAY_SIZE(blank); i++)
        ck_assert(answer_is_null(shown, "data.0.%s", blank[i]));
}
END_TEST

START_TEST(facts_can_go_too)
{
    const char *lead = some_lead("ann@example.com"), *other = some_lead("bob@example.com");
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    expect_status(post(fixture.client, textf("/v1/campaigns/%s/members", campaign),
                       "{'lead_ids':['%s','%s']}", lead, other),
                  200);
    expect_status(post(fixture.client, textf("/v1/leads/%s/win", lead), "{}"), 200);
    expect_status(erase(lead, "?facts=remove"), 204);
    ck_assert_int_eq(reached_target(), 1);
    expect_int(get(fixture.client, "/v1/campaigns/%s", campaign), 1, "member_count");
    expect_problem(get(fixture.client, "/v1/leads/%s", lead), 410, "erased", NULL, NULL);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads?erased=show"), "data"), 1);
    service_check();
    expect_status(erase(other, ""), 204); /* at first its facts stay */
    ck_assert_int_eq(reached_target(), 1);
    expect_status(erase(other, "?facts=remove"), 204);
    ck_assert_int_eq(reached_target(), 0);
    expect_status(erase(other, ""), 204);
    ck_assert_int_eq(reached_target(), 0);
    expect_problem(get(fixture.client, "/v1/leads/%s", other), 410, "erased", NULL, NULL);
}
END_TEST

START_TEST(asked_again_or_for_nothing)
{
    const char *lead = some_lead("ann@example.com");
    expect_status(erase(lead, ""), 204);
    expect_status(erase(lead, ""), 204);
    expect_problem(erase("019aab3f-7c1e-7abc-8def-0123456789ab", ""), 404, "not_found", NULL, NULL);
    expect_problem(erase(lead, "?facts=some"), 422, "validation_failed", "?facts", NULL);
    expect_problem(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", lead),
                       .key = service_key("in", "ingest")),
                   403, "forbidden", NULL, NULL);
}
END_TEST

START_TEST(who_had_it_done_is_kept)
{
    const char *lead = some_lead("ann@example.com");
    const char *key = service_key("privacy desk", "write");
    expect_status(
        ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", lead), .key = key),
        204);
    const struct answer *list = get(fixture.client, "/v1/erasures");
    ck_assert_uint_eq(answer_count(list, "data"), 1);
    expect_shape(list, "data.0", ERASURE_SHAPE);
    expect_text(list, lead, "data.0.lead_id");
    expect_text(list, "privacy desk", "data.0.actor");
    expect_text(list, "kept", "data.0.facts");
    ck_assert(!answer_is_null(list, "data.0.finished_at"));
    expect_status(erase(lead, "?facts=remove"), 204);
    list = get(fixture.client, "/v1/erasures");
    expect_text(list, "removed", "data.0.facts");
    expect_text(list, "admin", "data.0.actor");
    expect_status(ask(fixture.client, .path = "/v1/erasures", .key = key), 403);
}
END_TEST

START_TEST(the_same_person_again_is_somebody_new)
{
    const char *lead = service_create(
        "/v1/leads", "{'email':'ann@example.com','source_system':'crm','external_id':'7'}");
    const char *activities = textf("/v1/leads/%s/activities", lead);
    service_create(activities, "{'type':'call','source_system':'crm','external_id':'c-1'}");
    expect_status(erase(lead, ""), 204);
    const char *again = service_create(
        "/v1/leads", "{'email':'Ann+x@example.com','source_system':'crm','external_id':'7'}");
    ck_assert_str_ne(again, lead);
    const struct answer *told = post(fixture.client, textf("/v1/leads/%s/activities", again),
                                     "{'type':'call','source_system':'crm','external_id':'c-1'}");
    expect_status(told, 201);
}
END_TEST

/* More than one slice of everything there is. */
START_TEST(much_of_it)
{
    const char *lead = some_lead("ann@example.com");
    struct buffer body = { .arena = &fixture.arena };
    buffer_text(&body, "{\"activities\":[");
    for (int i = 0; i < 300; i++)
        buffer_printf(&body,
                      "%s{\"lead_id\":\"%s\",\"type\":\"page_view\",\"external_id\":\"e%d\"}",
                      i ? "," : "", lead, i);
    buffer_text(&body, "]}");
    buffer_char(&body, '\0');
    expect_int(ask(fixture.client, .path = "/v1/activities", .body = body.data), 300, "recorded");
    for (int i = 0; i < 70; i++)
        expect_status(patch(fixture.client, textf("/v1/leads/%s", lead),
                            "{'email':'ann%d@example.com','city':'Bern%d'}", i, i),
                      200);
    expect_status(erase(lead, _i ? "?facts=remove" : ""), 204);
    expect_problem(get(fixture.client, "/v1/leads/%s", lead), 410, "erased", NULL, NULL);
    service_check(); /* finds what is left of an erased lead */
}
END_TEST

/* ---- Its source ---- */

static size_t groups_by_source(const char *basis)
{
    const struct answer *answer =
        get(fixture.client, "/v1/metrics/funnel?group_by=source&basis=%s", basis);
    expect_status(answer, 200);
    return answer_count(answer, "groups");
}

static bool file_has(const char *word)
{
    bool found = false;
    char path[160], *data = malloc(8 * 1024 * 1024);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", fixture.database, i ? "-wal" : "");
        FILE *file = fopen(path, "r");
        size_t bytes = file ? fread(data, 1, 8 * 1024 * 1024, file) : 0;
        found |= memmem(data, bytes, word, strlen(word)) != NULL;
        if (file)
            fclose(file);
    }
    free(data);
    return found;
}

/* An address in it goes, from the figures too, which count the lead without a source then. Another
 * one stays; that of no lead at all goes, whatever it is. */
START_TEST(sources_that_name_somebody)
{
    const char *named = service_create("/v1/leads", "{'email':'ann@example.com',"
                                                    "'source':'from zaphod@example.com'}");
    const char *usual = service_create("/v1/leads", "{'company':'Acme','source':'search'}");
    const char *whole = service_create("/v1/leads", "{'company':'Acme','source':'trillian'}");
    const char *moved = service_create("/v1/leads", "{'company':'Acme','source':'arthur'}");
    post(fixture.client, textf("/v1/leads/%s/win", named), "{'amount_minor':5}");
    patch(fixture.client, textf("/v1/leads/%s", moved), "{'source':'search'}");
    ck_assert_uint_eq(groups_by_source("cohort"), 3);
    expect_status(erase(named, ""), 204);
    expect_status(erase(usual, ""), 204);
    expect_status(erase(whole, "?facts=remove"), 204);
    ck_assert(!file_has("zaphod"));
    ck_assert(!file_has("trillian"));
    expect_status(erase(moved, ""), 204);
    ck_assert(!file_has("arthur"));
    ck_assert(file_has("search"));
    ck_assert_uint_eq(groups_by_source("cohort"), 2);
    const struct answer *funnel = get(fixture.client, "/v1/metrics/funnel?basis=cohort");
    expect_int(funnel, 3, "groups.0.stages.0.reached");
    expect_int(funnel, 5, "groups.0.won.value_minor");
}
END_TEST

/* ---- The journal ---- */

static const struct answer *post_form(const char *body)
{
    return ask(fixture.client, .path = "/f/contact-form", .body = body, .key = "",
               .content_type = "application/x-www-form-urlencoded");
}

static size_t entries(void)
{
    return answer_count(get(fixture.client, "/v1/submissions"), "data");
}

START_TEST(the_journal_forgets_it)
{
    service_create("/v1/forms", "{'name':'Contact','key':'contact-form'}");
    expect_status(post_form("email=ann%40example.com&name=Ann&phone=%2B49+30+1234567"), 200);
    const struct answer *list = get(fixture.client, "/v1/leads?email=ann@example.com");
    const char *lead = textf("%s", answer_text(list, "data.0.id"));
    /* made no lead, or another's */
    post_form("email=Ann%2Btag%40Example.com&_gotcha=x");
    post_form("message=write+to+%3Cann%40example.com%3E%2C+please&_gotcha=x");
    post_form("message=ask+ann%40example.com.&_gotcha=x");
    post_form("email=ann%40example.com&bad=%00");
    post_form("tel=0049301234567&_gotcha=x");
    ck_assert_uint_eq(entries(), 6);
    post_form("email=bob%40example.com&tel=0049301234567"); /* shares the phone */
    post_form("email=carl%40example.com&_gotcha=x");
    ck_assert_uint_eq(entries(), 8);
    expect_status(erase(lead, ""), 204);
    ck_assert_uint_eq(entries(), 2);
}
END_TEST

/* However many a post names, and however the address is written where the post cannot be read. */
START_TEST(the_journal_forgets_a_crowd)
{
    enum { CROWD = 200, POSTS = 70 };
    service_create("/v1/forms", "{'name':'Contact','key':'contact-form'}");
    const char *lead = some_lead("ann@example.com");
    struct buffer crowd = { .arena = &fixture.arena };
    buffer_text(&crowd, "_gotcha=x&list=");
    for (int i = 0; i < CROWD; i++)
        buffer_printf(&crowd, "nr%d@example.com ", i);
    const char *others = textf("%.*s", (int)crowd.length, crowd.data);
    for (int i = 0; i < POSTS; i++)
        post_form(others);
    post_form(textf("%sann@example.com", others));
    post_form(textf("%s&tel=0049301234567", others));
    ask(fixture.client, .path = "/f/contact-form", .key = "",
        .body = "{\"email\":\"ann\\u0040example.com\"");
    expect_status(patch(fixture.client, textf("/v1/leads/%s", lead), "{'phone':'+49301234567'}"),
                  200);
    expect_int(get(fixture.client, "/v1/submissions?count=true"), POSTS + 3, "total");
    expect_status(erase(lead, ""), 204);
    expect_int(get(fixture.client, "/v1/submissions?count=true"), POSTS, "total");
}
END_TEST

START_TEST(former_addresses_are_its_own_too)
{
    service_create("/v1/forms", "{'name':'Contact','key':'contact-form'}");
    post_form("email=old%40example.com&_gotcha=x");
    const char *lead = some_lead("old@example.com");
    expect_status(patch(fixture.client, textf("/v1/leads/%s", lead), "{'email':'new@example.com'}"),
                  200);
    ck_assert_uint_eq(entries(), 1);
    expect_status(erase(lead, "?facts=remove"), 204);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

/* ---- Retries ---- */

START_TEST(a_retry_is_told_and_not_done_again)
{
    static const char lead_body[] = "{\"email\":\"ann@example.com\"}";
    const struct answer *made = ask(fixture.client, .path = "/v1/leads", .body = lead_body,
                                    .headers = { "Idempotency-Key: ann@example.com" });
    const char *lead = textf("%s", answer_text(made, "id"));
    const char *other = some_lead("bob@example.com");
    const char *batch_body =
        textf("{\"activities\":[{\"lead_id\":\"%s\",\"type\":\"call\"},{\"lead_id\":\"%s\","
              "\"type\":\"call\",\"properties\":{\"note\":\"ann\"}}]}",
              other, lead);
    expect_status(ask(fixture.client, .path = "/v1/activities", .body = batch_body,
                      .headers = { "Idempotency-Key: b" }),
                  200);
    expect_status(erase(lead, ""), 204);
    expect_problem(ask(fixture.client, .path = "/v1/leads", .body = lead_body,
                       .headers = { "Idempotency-Key: ann@example.com" }),
                   410, "erased", NULL, NULL);
    expect_problem(ask(fixture.client, .path = "/v1/activities", .body = batch_body,
                       .headers = { "Idempotency-Key: b" }),
                   410, "erased", NULL, NULL);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads"), "data"), 1);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads/%s/activities", other), "data"),
                      1);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("erasures");
    TCase *tcase = tcase_create("erasures");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_add_test(tcase, nobody_sees_it);
    tcase_add_test(tcase, figures_of_the_past_stay);
    tcase_add_test(tcase, facts_can_go_too);
    tcase_add_test(tcase, asked_again_or_for_nothing);
    tcase_add_test(tcase, who_had_it_done_is_kept);
    tcase_add_test(tcase, the_same_person_again_is_somebody_new);
    tcase_add_loop_test(tcase, much_of_it, 0, 2);
    tcase_add_test(tcase, sources_that_name_somebody);
    tcase_add_test(tcase, the_journal_forgets_it);
    tcase_add_test(tcase, the_journal_forgets_a_crowd);
    tcase_add_test(tcase, former_addresses_are_its_own_too);
    tcase_add_test(tcase, a_retry_is_told_and_not_done_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
