/* test_health.c: whether the service says that it lives, can work, and what it counted; and what
 * every answer carries, whatever was asked. */
#include "fixture.h"

#include <string.h>

START_TEST(alive_and_ready)
{
    const struct answer *answer = ask(fixture.client, .path = "/healthz", .key = "");
    expect_status(answer, 200);
    ck_assert_str_eq(answer->body, "ok\n");
    ck_assert_str_eq(answer_header(answer, "Content-Type"), "text/plain; charset=utf-8");
    answer = ask(fixture.client, .path = "/readyz", .key = "");
    expect_status(answer, 200);
    expect_text(answer, "pass", "status");
    expect_text(answer, "pass", "checks.writer");
    expect_text(answer, "pass", "checks.accepting");
}
END_TEST

START_TEST(check_is_for_the_operator)
{
    const struct answer *answer = get(fixture.client, "/v1/check");
    expect_problem(answer, 404, "not_found", NULL, NULL);
    answer = get(fixture.control, "/v1/check");
    expect_status(answer, 200);
    expect_int(answer, 0, "leads");
    service_create("/v1/leads", "{'email':'ann@example.com'}");
    answer = get(fixture.control, "/v1/check");
    expect_int(answer, 1, "leads");
    ck_assert_int_gt(answer_int(answer, "cells"), 0);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("health");
    TCase *tcase = tcase_create("health");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_add_test(tcase, alive_and_ready);
    tcase_add_test(tcase, check_is_for_the_operator);
    suite_add_tcase(suite, tcase);
    return suite;
}
