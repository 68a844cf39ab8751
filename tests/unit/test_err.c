/* test_err.c: the table of errors, and what a context remembers of a failure. */
#include "unit.h"

#include <string.h>

START_TEST(test_every_error_is_complete)
{
    ck_assert_int_eq(err_info(OK)->status, 0);
    ck_assert_ptr_null(err_info(OK)->code);
    for (int i = OK + 1; i < ERR_COUNT; i++) {
        const struct err_info *info = err_info((enum err)i);
        ck_assert_int_ge(info->status, 400);
        ck_assert_int_lt(info->status, 600);
        ck_assert_uint_gt(strlen(info->title), 0);
        ck_assert_uint_eq(strspn(info->code, "abcdefghijklmnopqrstuvwxyz_"), strlen(info->code));
        for (int j = OK + 1; j < i; j++)
            ck_assert_str_ne(info->code, err_info((enum err)j)->code);
    }
    ck_assert_str_eq(err_info(ERR_VALIDATION)->code, "validation_failed");
    ck_assert_int_eq(err_info(ERR_VERSION)->status, 412);
    ck_assert_ptr_eq(err_info((enum err)9999), err_info(ERR_INTERNAL));
}
END_TEST

START_TEST(test_fail_records_the_first)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct ctx *ctx = &request.ctx;
    ck_assert_int_eq(fail(ctx, ERR_CONFLICT, NULL, "stage %d", 3), ERR_CONFLICT);
    ck_assert_int_eq(fail(ctx, ERR_NOT_FOUND, NULL, "later"), ERR_NOT_FOUND);
    ck_assert_int_eq(fail_member(ctx, "email", "invalid", "later"), ERR_VALIDATION);
    ck_assert_int_eq(ctx->failure.err, ERR_CONFLICT);
    ck_assert_str_eq(ctx->failure.detail, "stage 3");
    ck_assert_uint_eq(ctx->failure.member_count, 0);

    failure_clear(ctx);
    ck_assert_int_eq(ctx->failure.err, OK);
    ck_assert_ptr_null(ctx->failure.detail);
    ck_assert_int_eq(fail(ctx, ERR_BUSY, NULL, "again"), ERR_BUSY);
    ck_assert_int_eq(ctx->failure.err, ERR_BUSY);
}
END_TEST

START_TEST(test_member_errors_add_up)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct ctx *ctx = &request.ctx;
    char member[32] = "title";
    ck_assert_int_eq(fail(ctx, ERR_VALIDATION, member, "1 to %d characters", 200), ERR_VALIDATION);
    snprintf(member, sizeof(member), "overwritten");
    ck_assert_int_eq(fail_member(ctx, "items/0/type", "required", "a type"), ERR_VALIDATION);
    ck_assert_uint_eq(ctx->failure.member_count, 2);
    ck_assert_str_eq(ctx->failure.detail, "title: 1 to 200 characters");
    ck_assert_str_eq(ctx->failure.members[0].member, "title");
    ck_assert_str_eq(ctx->failure.members[0].code, "invalid");
    ck_assert_str_eq(ctx->failure.members[0].detail, "1 to 200 characters");
    ck_assert_str_eq(ctx->failure.members[1].member, "items/0/type");
    ck_assert_str_eq(ctx->failure.members[1].code, "required");

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(fail_member(ctx, "more", "invalid", "%d", i), ERR_VALIDATION);
    ck_assert_uint_eq(ctx->failure.member_count, MEMBER_ERRORS_MAX);
    ck_assert_str_eq(ctx->failure.members[MEMBER_ERRORS_MAX - 1].detail, "17");
}
END_TEST

START_TEST(test_member_of_another_error_has_its_code)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    ck_assert_int_eq(fail(&request.ctx, ERR_DUPLICATE, "email", "taken"), ERR_DUPLICATE);
    ck_assert_str_eq(request.ctx.failure.members[0].code, "duplicate");
}
END_TEST

START_TEST(test_without_memory_the_failure_still_stands)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    request.arena.limit_bytes = 1;
    ck_assert_ptr_null(ctx_alloc(&request.ctx, 100));
    ck_assert_int_eq(request.ctx.failure.err, ERR_MEMORY);
    ck_assert_str_eq(request.ctx.failure.detail, err_info(ERR_MEMORY)->title);

    failure_clear(&request.ctx);
    ck_assert_ptr_null(ctx_text(&request.ctx, "text"));
    ck_assert_int_eq(request.ctx.failure.err, ERR_MEMORY);

    failure_clear(&request.ctx);
    ck_assert_int_eq(fail(&request.ctx, ERR_VALIDATION, "title", "%s", "x"), ERR_VALIDATION);
    ck_assert_int_eq(request.ctx.failure.err, ERR_VALIDATION);
    ck_assert_str_eq(request.ctx.failure.detail, err_info(ERR_VALIDATION)->title);
    ck_assert_uint_eq(request.ctx.failure.member_count, 0);
}
END_TEST

START_TEST(test_memory_does_not_hide_an_earlier_failure)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    ck_assert_int_eq(fail(&request.ctx, ERR_STORAGE, NULL, "disk"), ERR_STORAGE);
    request.arena.limit_bytes = 1;
    ck_assert_ptr_null(ctx_alloc(&request.ctx, 1 << 20));
    ck_assert_int_eq(request.ctx.failure.err, ERR_STORAGE);
}
END_TEST

START_TEST(test_a_kept_failure_outlives_the_arena_it_was_told_in)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct arena lent = { 0 };
    request.ctx.arena = &lent;
    ck_assert_int_eq(fail_member(&request.ctx, "title", "too_long", "%s", "at most 200"),
                     ERR_VALIDATION);
    ck_assert_int_eq(fail_member(&request.ctx, "city", "invalid", "%s", "no"), ERR_VALIDATION);
    request.ctx.arena = &request.arena;
    failure_keep(&request.ctx);
    arena_free(&lent);

    const struct failure *failure = &request.ctx.failure;
    ck_assert_str_eq(failure->detail, "title: at most 200");
    ck_assert_uint_eq(failure->member_count, 2);
    ck_assert_str_eq(failure->members[0].member, "title");
    ck_assert_str_eq(failure->members[0].code, "too_long");
    ck_assert_str_eq(failure->members[1].detail, "no");

    failure_clear(&request.ctx);
    failure_keep(&request.ctx);
    ck_assert_int_eq(request.ctx.failure.err, OK);
}
END_TEST

void err_tests(Suite *suite)
{
    TCase *tests = tcase_create("err");
    tcase_add_test(tests, test_every_error_is_complete);
    tcase_add_test(tests, test_fail_records_the_first);
    tcase_add_test(tests, test_member_errors_add_up);
    tcase_add_test(tests, test_member_of_another_error_has_its_code);
    tcase_add_test(tests, test_without_memory_the_failure_still_stands);
    tcase_add_test(tests, test_memory_does_not_hide_an_earlier_failure);
    tcase_add_test(tests, test_a_kept_failure_outlives_the_arena_it_was_told_in);
    suite_add_tcase(suite, tests);
}
