/* test_origins.c: which pages may use the API from their scripts, and what OPTIONS says. */
#include "fixture.h"

#define PAGE "https://app.example.com"

static void set_up(void)
{
    static const char *const options[] = { "--cors-origins=" PAGE ", http://localhost:3000", NULL };
    service_setup_with(options);
}

static const struct answer *from(const char *path, const char *origin)
{
    return ask(fixture.client, .path = path, .headers = { textf("Origin: %s", origin) });
}

static const struct answer *preflight(const char *path, const char *origin, const char *method)
{
    return ask(fixture.client, .method = "OPTIONS", .path = path, .key = "",
               .headers = { textf("Origin: %s", origin),
                            textf("Access-Control-Request-Method: %s", method),
                            "Access-Control-Request-Headers: authorization, content-type" });
}

static void expect_readable(const struct answer *answer, const char *origin)
{
    ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"), origin);
    ck_assert_ptr_nonnull(strstr(answer_header(answer, "Access-Control-Expose-Headers"), "ETag"));
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Credentials"));
    ck_assert_str_eq(answer_header(answer, "Vary"), "Origin");
}

START_TEST(listed)
{
    static const char *const origins[] = { PAGE, "http://localhost:3000" };
    for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
        const struct answer *answer = preflight("/v1/leads", origins[i], "POST");
        expect_status(answer, 204);
        ck_assert_uint_eq(answer->body_bytes, 0);
        expect_readable(answer, origins[i]);
        ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Methods"),
                         "GET, HEAD, POST, OPTIONS");
        ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Headers"),
                         "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                         "X-Request-Id");
        ck_assert_str_eq(answer_header(answer, "Access-Control-Max-Age"), "86400");
        answer = from("/v1/leads", origins[i]);
        expect_status(answer, 200);
        expect_readable(answer, origins[i]);
    }
    /* Errors must be readable as well, or scripts cannot say what is wrong. */
    static const char *const wrong[] = { "/v1/leads?limit=x", "/v1/nothing",
                                         "/v1/leads/"
                                         "019aab3f-7c1e-7abc-8def-0123456789ab" };
    static const int statuses[] = { 422, 404, 404 };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const struct answer *answer = from(wrong[i], PAGE);
        expect_status(answer, statuses[i]);
        expect_readable(answer, PAGE);
    }
    const struct answer *answer =
        ask(fixture.client, .path = "/v1/leads", .body = "{\"email\":\"a@example.com\"}",
            .headers = { "Origin: " PAGE });
    expect_status(answer, 201);
    expect_readable(answer, PAGE);
    answer = ask(fixture.client, .path = "/v1/leads", .body = "{\"stage\":\"nowhere\"}",
                 .headers = { "Origin: " PAGE });
    expect_status(answer, 422);
    expect_readable(answer, PAGE);
    answer = ask(fixture.client, .path = "/v1/leads", .key = "", .headers = { "Origin: " PAGE });
    expect_status(answer, 401);
    expect_readable(answer, PAGE);
}
END_TEST

START_TEST(not_listed)
{
    static const char *const origins[] = {
        "https://evil.example",   "null",         "*",      "http://app.example.com",
        PAGE ".evil.example",     PAGE ":444",    PAGE "/", "app.example.com",
        "https://app.example.co", "https://\xff", "",
    };
    for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
        const struct answer *answer = preflight("/v1/leads", origins[i], "POST");
        expect_status(answer, 204);
        ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
        ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Methods"));
        ck_assert_str_eq(answer_header(answer, "Vary"), "Origin");
        answer = from("/v1/leads", origins[i]);
        expect_status(answer, 200);
        ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
        ck_assert_str_eq(answer_header(answer, "Vary"), "Origin");
    }
}
END_TEST

/* What is answered again says the rest as what is answered first does. */
START_TEST(answered_again)
{
    for (int i = 0; i < 2; i++) {
        const struct answer *answer =
            ask(fixture.client, .path = "/v1/leads", .body = "{\"email\":\"b@example.com\"}",
                .headers = { "Origin: " PAGE, "Idempotency-Key: once" });
        expect_status(answer, 201);
        ck_assert((answer_header(answer, "Idempotency-Replayed") != NULL) == (i > 0));
        expect_readable(answer, PAGE);
    }
}
END_TEST

/* A form's own list is the one that counts for it. */
START_TEST(forms_have_their_own)
{
    service_create("/v1/forms",
                   "{'name':'F','key':'own-list','allowed_origins':['https://www.example.com']}");
    const struct answer *answer = preflight("/f/own-list", PAGE, "POST");
    expect_status(answer, 403);
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
    answer = preflight("/f/own-list", "https://www.example.com", "POST");
    expect_status(answer, 204);
    ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"),
                     "https://www.example.com");
    /* Without a list any page, but for "null": every sandbox and every local file has that. */
    service_create("/v1/forms", "{'name':'F','key':'any-page'}");
    answer = preflight("/f/any-page", "https://other.example", "POST");
    expect_status(answer, 204);
    ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"), "https://other.example");
    answer = preflight("/f/any-page", "null", "POST");
    expect_status(answer, 204);
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(without_a_list)
{
    const struct answer *answer = preflight("/v1/leads", PAGE, "POST");
    expect_status(answer, 204);
    ck_assert_str_eq(answer_header(answer, "Allow"), "GET, HEAD, POST, OPTIONS");
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
    ck_assert_ptr_null(answer_header(answer, "Vary"));
    expect_status(ask(fixture.client, .method = "OPTIONS", .path = "/v1/nothing", .key = ""), 404);
    answer = from("/v1/leads", PAGE);
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("origins");
    TCase *tcase = tcase_create("listed");
    tcase_add_checked_fixture(tcase, set_up, service_teardown);
    tcase_add_test(tcase, listed);
    tcase_add_test(tcase, not_listed);
    tcase_add_test(tcase, answered_again);
    tcase_add_test(tcase, forms_have_their_own);
    suite_add_tcase(suite, tcase);
    TCase *without = tcase_create("without");
    tcase_add_checked_fixture(without, service_setup, service_teardown);
    tcase_add_test(without, without_a_list);
    suite_add_tcase(suite, without);
    return suite;
}
