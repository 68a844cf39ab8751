/* test_idempotency.c: a retry with the same Idempotency-Key is answered again, not done again. */
#include "fixture.h"
#include "shape.h"
#include "tamper.h"

#include <string.h>

static const struct answer *post_with(const char *key, const char *path, const char *body)
{
    return ask(fixture.client, .path = path, .body = body,
               .headers = { textf("Idempotency-Key: %s", key) });
}

static size_t leads_there(void)
{
    return answer_count(get(fixture.client, "/v1/leads"), "data");
}

START_TEST(answered_again)
{
    const struct answer *first = post_with("\"k-1\"", "/v1/leads", "{\"company\":\"Acme\"}");
    expect_status(first, 201);
    ck_assert_ptr_null(answer_header(first, "Idempotency-Replayed"));
    const struct answer *again = post_with("k-1", "/v1/leads", "{\"company\":\"Acme\"}");
    expect_status(again, 201);
    ck_assert_str_eq(answer_header(again, "Idempotency-Replayed"), "true");
    ck_assert_str_eq(again->body, first->body);
    ck_assert_uint_eq(leads_there(), 1);
    ck_assert_str_eq(textf("%s", answer_header(again, "Location")),
                     textf("%s", answer_header(first, "Location")));
    ck_assert_str_eq(textf("%s", answer_header(again, "ETag")), "\"v1-s10\"");
    expect_status(post_with("k-2", "/v1/leads", "{\"company\":\"Acme\"}"), 201);
    ck_assert_uint_eq(leads_there(), 2);
}
END_TEST

START_TEST(answered_again_after_a_restart)
{
    const char *id = answer_text(post_with("k", "/v1/leads", "{\"company\":\"Acme\"}"), "id");
    id = textf("%s", id);
    service_restart();
    expect_text(post_with("k", "/v1/leads", "{\"company\":\"Acme\"}"), id, "id");
    ck_assert_uint_eq(leads_there(), 1);
}
END_TEST

START_TEST(another_request_is_refused)
{
    expect_status(post_with("k", "/v1/leads", "{\"company\":\"Acme\"}"), 201);
    expect_problem(post_with("k", "/v1/leads", "{\"company\":\"Globex\"}"), 422,
                   "validation_failed", "Idempotency-Key", "reused");
    expect_problem(post_with("k", "/v1/campaigns", "{\"name\":\"Spring\"}"), 422,
                   "validation_failed", "Idempotency-Key", "reused");
    expect_problem(post_with("k", "/v1/leads?on_duplicate=merge", "{\"company\":\"Acme\"}"), 422,
                   "validation_failed", "Idempotency-Key", "reused");
    ck_assert_uint_eq(leads_there(), 1);
    for (int i = 0; i < 2; i++) {
        const char *lead = service_create("/v1/leads", "{'company':'Acme'}");
        const struct answer *answer = post_with("win", textf("/v1/leads/%s/win", lead), "{}");
        if (i == 0)
            expect_status(answer, 200);
        else
            expect_problem(answer, 422, "validation_failed", "Idempotency-Key", "reused");
    }
}
END_TEST

/* A day later a key is as good as new. */
START_TEST(kept_for_a_day)
{
    static const char *const ages[] = { "23", "2" };
    for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
        const struct answer *answer = post_with("k", "/v1/leads", "{\"company\":\"Acme\"}");
        expect_status(answer, 201);
        ck_assert(!answer_header(answer, "Idempotency-Replayed") == (i == 0));
        tamper_with(
            fixture.database,
            textf("UPDATE idempotency SET created_at = created_at - %s * 3600000", ages[i]));
    }
    expect_status(post_with("k", "/v1/leads", "{\"company\":\"Globex\"}"), 201);
    ck_assert_uint_eq(leads_there(), 2);
}
END_TEST

START_TEST(keys_belong_to_who_sends_them)
{
    expect_status(post_with("k", "/v1/leads", "{\"company\":\"Acme\"}"), 201);
    const struct answer *other =
        ask(fixture.client, .path = "/v1/leads", .body = "{\"company\":\"Globex\"}",
            .key = service_key("other", "write"), .headers = { "Idempotency-Key: k" });
    expect_status(other, 201);
    expect_text(other, "Globex", "company");
}
END_TEST

START_TEST(a_refusal_is_not_kept)
{
    expect_status(post_with("k", "/v1/leads", "{}"), 422);
    const char *lead = service_create("/v1/leads", "{'company':'Acme'}");
    const char *path = textf("/v1/leads/%s/win", lead);
    expect_status(post_with("w", path, "{}"), 200);
    expect_status(post_with("w2", path, "{}"), 409);
    expect_status(post(fixture.client, textf("/v1/leads/%s/reopen", lead), "{}"), 200);
    expect_status(post_with("w2", path, "{}"), 200); /* it had no effect the first time */
    expect_status(post_with("w", path, "{}"), 200);  /* told again, not done again */
}
END_TEST

START_TEST(long_lists)
{
    struct buffer body = { .arena = &fixture.arena };
    const char *lead = service_create("/v1/leads", "{'company':'Acme'}");
    buffer_text(&body, "{\"activities\":[");
    for (int i = 0; i < 200; i++)
        buffer_printf(&body, "%s{\"lead_id\":\"%s\",\"type\":\"call\"}", i ? "," : "", lead);
    buffer_text(&body, "]}");
    buffer_char(&body, '\0');
    expect_int(post_with("batch", "/v1/activities", body.data), 200, "recorded");
    const struct answer *again = post_with("batch", "/v1/activities", body.data);
    expect_int(again, 200, "recorded");
    ck_assert_str_eq(answer_header(again, "Idempotency-Replayed"), "true");
    const struct answer *page = get(fixture.client, "/v1/leads/%s/activities?limit=200", lead);
    ck_assert_uint_eq(answer_count(page, "data"), 200);
    ck_assert(!answer_bool(page, "has_more"));
}
END_TEST

START_TEST(malformed_keys)
{
    static const char *const keys[] = { "\"\"", "a b", "\xc3\xa4" };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        expect_status(post_with(keys[i], "/v1/leads", "{\"company\":\"Acme\"}"), 400);
    char long_key[257];
    memset(long_key, 'k', 256);
    long_key[256] = '\0';
    expect_status(post_with(long_key, "/v1/leads", "{\"company\":\"Acme\"}"), 400);
    long_key[255] = '\0';
    expect_status(post_with(long_key, "/v1/leads", "{\"company\":\"Acme\"}"), 201);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { answered_again,
                                   answered_again_after_a_restart,
                                   another_request_is_refused,
                                   kept_for_a_day,
                                   keys_belong_to_who_sends_them,
                                   a_refusal_is_not_kept,
                                   long_lists,
                                   malformed_keys };
    Suite *suite = suite_create("idempotency");
    TCase *tcase = tcase_create("idempotency");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
