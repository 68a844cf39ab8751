/* test_limits.c: how often a key, an address, or an address at one form may ask. The tests speak
 * for clients as a proxy on this machine does. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY = 8, ADDRESS = 5, FORM = 3 }; /* in a minute: 8 s, 12 s and 20 s for one more */

static void set_up(void)
{
    static const char *const options[] = { "--key-requests-per-minute=8",
                                           "--address-requests-per-minute=5",
                                           "--form-posts-per-minute=3", NULL };
    service_setup_with(options);
}

static const char *from(const char *address)
{
    return textf("X-Forwarded-For: %s", address);
}

static const struct answer *read_as(const char *key, const char *address)
{
    return ask(fixture.client, .path = "/v1/pipelines", .key = key, .headers = { from(address) });
}

static void expect_limit(const struct answer *answer, const char *name, int quota, int left)
{
    ck_assert_str_eq(answer_header(answer, "RateLimit-Policy"),
                     textf("\"%s\";q=%d;w=60", name, quota));
    const char *standing = answer_header(answer, "RateLimit");
    const char *begin = textf("\"%s\";r=%d;t=", name, left);
    ck_assert_msg(strncmp(standing, begin, strlen(begin)) == 0, "%s", standing);
}

/* t and Retry-After are the same moment, and at most `seconds` away. */
static void expect_refused(const struct answer *answer, const char *name, int quota, int seconds)
{
    expect_problem(answer, 429, "too_many_requests", NULL, NULL);
    expect_limit(answer, name, quota, 0);
    const char *wait = answer_header(answer, "Retry-After");
    ck_assert_ptr_nonnull(wait);
    long after = strtol(wait, NULL, 10);
    ck_assert_int_ge(after, 1);
    ck_assert_int_le(after, seconds);
    const char *ends = textf(";t=%ld", after), *standing = answer_header(answer, "RateLimit");
    ck_assert_str_eq(standing + strlen(standing) - strlen(ends), ends);
}

START_TEST(of_a_key)
{
    const char *key = service_key("one", "read"), *other = service_key("other", "read");
    for (int i = 0; i < KEY; i++) {
        /* Wherever it comes from. */
        const struct answer *answer = read_as(key, textf("192.0.2.%d", i));
        expect_status(answer, 200);
        expect_limit(answer, "key", KEY, KEY - 1 - i);
        ck_assert_ptr_null(answer_header(answer, "Retry-After"));
    }
    expect_refused(read_as(key, "192.0.2.100"), "key", KEY, 8);
    expect_status(read_as(other, "192.0.2.100"), 200);
    /* Of an answer without a body, and of one that the writer gave. */
    key = service_key("third", "read','write");
    const struct answer *answer =
        ask(fixture.client, .path = "/v1/leads", .body = "{\"email\":\"a@example.com\"}",
            .key = key, .headers = { from("192.0.2.1") });
    expect_status(answer, 201);
    expect_limit(answer, "key", KEY, KEY - 1);
    answer = ask(fixture.client, .path = "/v1/leads", .body = "{\"email\":5}", .key = key,
                 .headers = { from("192.0.2.1") });
    expect_status(answer, 422);
    expect_limit(answer, "key", KEY, KEY - 2);
}
END_TEST

START_TEST(of_an_address)
{
    static const char *const asked[] = { "/healthz", "/v1/pipelines", "/nothing", "/v1/leads",
                                         "/openapi.json" };
    static const int statuses[] = { 200, 401, 404, 401, 200 };
    expect_status(get(fixture.client, "/v1/pipelines"), 200);
    for (int i = 0; i < ADDRESS; i++) {
        const struct answer *answer =
            ask(fixture.client, .path = asked[i], .key = i == 3 ? "fnl_wrong" : "",
                .headers = { from("2001:db8:0:1::1") });
        expect_status(answer, statuses[i]);
        expect_limit(answer, "address", ADDRESS, ADDRESS - 1 - i);
    }
    for (int i = 0; i < ADDRESS; i++)
        expect_refused(ask(fixture.client, .path = asked[i], .key = "",
                           .headers = { from("2001:db8:0:1:ffff::2") }),
                       "address", ADDRESS, 12);
    expect_status(
        ask(fixture.client, .path = "/healthz", .key = "", .headers = { from("2001:db8:0:2::1") }),
        200);
    /* A key has its own count, and its own error where it lacks a scope. */
    expect_status(read_as(fixture.key, "2001:db8:0:1::1"), 200);
    for (int i = 0; i < 2 * KEY; i++) /* the operator is never counted */
        expect_status(get(fixture.control, "/v1/pipelines"), 200);
}
END_TEST

/* From one address so many keys are looked at; a key that was right a moment ago goes on. */
START_TEST(of_guesses)
{
    const char *known = service_key("known", "read"), *idle = service_key("idle", "read");
    expect_status(read_as(known, "192.0.2.1"), 200);
    for (int i = 0; i < ADDRESS; i++) {
        char guess[KEY_TEXT_SIZE];
        key_generate(guess);
        expect_problem(read_as(guess, "192.0.2.1"), 401, "unauthenticated", NULL, NULL);
    }
    char guess[KEY_TEXT_SIZE];
    key_generate(guess);
    expect_refused(read_as(guess, "192.0.2.1"), "address", ADDRESS, 12);
    /* A guess that is right tells nothing. */
    expect_refused(read_as(idle, "192.0.2.1"), "address", ADDRESS, 12);
    expect_status(read_as(known, "192.0.2.1"), 200);
    expect_status(read_as(idle, "192.0.2.2"), 200);
}
END_TEST

static const struct answer *submit(const char *form, const char *address, const char *accept, int n)
{
    return ask(fixture.client, .path = textf("/f/%s", form), .key = "",
               .content_type = "application/x-www-form-urlencoded",
               .body = textf("email=%s%d@example.com&_next=https://a.example/thanks", form, n),
               .headers = { from(address), accept });
}

/* What is above the form's limit makes no lead, but is kept; a page goes on as if nothing was. */
START_TEST(of_a_form)
{
    service_create("/v1/forms", "{'name':'One','key':'form-one','redirect_hosts':['a.example']}");
    service_create("/v1/forms", "{'name':'Two','key':'form-two'}");
    for (int i = 0; i < FORM; i++) {
        const struct answer *answer = submit("form-one", "192.0.2.1", "Accept: */*", i);
        expect_status(answer, 200);
        expect_limit(answer, "form", FORM, FORM - 1 - i);
    }
    const struct answer *answer = submit("form-one", "192.0.2.1", "Accept: */*", 90);
    expect_refused(answer, "form", FORM, 20);
    const char *submission = textf("%s", answer_text(answer, "submission"));
    answer = submit("form-one", "192.0.2.1", "Accept: text/html", 91);
    expect_status(answer, 303);
    ck_assert_str_eq(answer_header(answer, "Location"), "https://a.example/thanks");
    answer = get(fixture.client, "/v1/submissions/%s", submission);
    expect_text(answer, "failed", "verdict");
    expect_text(answer, "at most 3 posts a minute from one address", "detail");
    ck_assert_ptr_nonnull(strstr(answer_text(answer, "body"), "form-one90"));
    expect_status(get(fixture.client, "/v1/submissions?verdict=failed"), 200);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads"), "data"), FORM);
    /* Now the address has asked for five things. */
    expect_refused(submit("form-one", "192.0.2.1", "Accept: text/html", 92), "address", ADDRESS,
                   12);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/submissions"), "data"), ADDRESS);
    expect_status(submit("form-one", "192.0.2.2", "Accept: */*", 93), 200);
    /* Each form has a count of its own. */
    for (int i = 0; i < FORM; i++)
        expect_status(submit("form-one", "192.0.2.3", "Accept: */*", 94 + i), 200);
    answer = submit("form-two", "192.0.2.3", "Accept: */*", 0);
    expect_status(answer, 200);
    expect_limit(answer, "form", FORM, FORM - 1);
}
END_TEST

/* This machine, which is trusted to speak for others, is not counted when it asks for itself. */
START_TEST(of_nobody)
{
    for (int i = 0; i < 2 * KEY; i++) {
        const struct answer *answer = get(fixture.client, "/v1/pipelines");
        expect_status(answer, 200);
        ck_assert_ptr_null(answer_header(answer, "RateLimit"));
        expect_status(ask(fixture.client, .path = "/v1/pipelines", .key = ""), 401);
    }
}
END_TEST

START_TEST(refills)
{
    for (int i = 0; i <= KEY; i++)
        (void)read_as(fixture.key, "192.0.2.1");
    const struct answer *answer = read_as(fixture.key, "192.0.2.1");
    expect_status(answer, 429);
    sleep((unsigned)strtol(answer_header(answer, "Retry-After"), NULL, 10));
    expect_status(read_as(fixture.key, "192.0.2.1"), 200);
}
END_TEST

static void set_up_distrusting(void)
{
    static const char *const options[] = { "--trusted-proxies=", "--key-requests-per-minute=0",
                                           "--address-requests-per-minute=5", NULL };
    service_setup_with(options);
}

/* Without a proxy that is trusted the header is anybody's word. */
START_TEST(of_a_liar)
{
    expect_status(get(fixture.client, "/v1/pipelines"), 200); /* not counted, but known now */
    for (int i = 0; i <= ADDRESS; i++) {
        const struct answer *answer = ask(fixture.client, .path = "/healthz", .key = "",
                                          .headers = { from(textf("192.0.2.%d", i)) });
        expect_status(answer, i < ADDRESS ? 200 : 429);
    }
    const struct answer *answer = get(fixture.client, "/v1/pipelines");
    expect_status(answer, 200);
    ck_assert_ptr_null(answer_header(answer, "RateLimit"));
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("limits");
    TCase *tcase = tcase_create("counted");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, service_teardown);
    tcase_add_test(tcase, of_a_key);
    tcase_add_test(tcase, of_an_address);
    tcase_add_test(tcase, of_guesses);
    tcase_add_test(tcase, of_a_form);
    tcase_add_test(tcase, of_nobody);
    tcase_add_test(tcase, refills);
    suite_add_tcase(suite, tcase);
    TCase *distrusting = tcase_create("distrusting");
    tcase_add_checked_fixture(distrusting, set_up_distrusting, service_teardown);
    tcase_add_test(distrusting, of_a_liar);
    suite_add_tcase(suite, distrusting);
    return suite;
}
