/* test_board.c: the board: open leads per stage, their number and value, and the best of them. */
#include "funnel.h"
#include "shape.h"

#include <string.h>

static const struct answer *board(const char *query)
{
    const struct answer *answer = get(fixture.client, "/v1/pipelines/default/board%s", query);
    expect_status(answer, 200);
    expect_shape(answer, "", BOARD_SHAPE);
    ck_assert_uint_eq(answer_count(answer, "stages"), STAGES);
    for (size_t i = 0; i < STAGES; i++) {
        expect_shape(answer, textf("stages.%zu", i), COLUMN_SHAPE);
        for (size_t j = 0; j < answer_count(answer, "stages.%zu.first", i); j++)
            expect_shape(answer, textf("stages.%zu.first.%zu", i, j), LEAD_SHAPE);
    }
    return answer;
}

static void expect_column(const struct answer *answer, int stage, int64_t leads, int64_t value,
                          size_t first)
{
    expect_int(answer, leads, "stages.%d.leads", stage);
    expect_int(answer, value, "stages.%d.value_minor", stage);
    ck_assert_uint_eq(answer_count(answer, "stages.%d.first", stage), first);
}

START_TEST(empty)
{
    static const char *const names[] = { "Target", "MQL", "SQL", "Demo", "Proposal", "Close" };
    const struct answer *answer = board("");
    expect_text(answer, "default", "pipeline");
    expect_text(answer, "USD", "currency");
    for (int i = 0; i < STAGES; i++) {
        expect_text(answer, names[i], "stages.%d.name", i);
        expect_column(answer, i, 0, 0, 0);
    }
    expect_problem(get(fixture.client, "/v1/pipelines/other/board"), 404, "not_found", NULL, NULL);
}
END_TEST

START_TEST(best_first)
{
    for (int i = 0; i < 60; i++)
        service_create("/v1/leads", "{'first_name':'N%d','amount_minor':10%s}", i,
                       i % 3 == 0 ? ",'company':'ACME'" : "");
    const struct answer *answer = board("");
    expect_column(answer, 0, 60, 600, 20);
    for (size_t i = 0; i < 20; i++)
        expect_int(answer, 10, "stages.0.first.%zu.score", i);
    expect_column(board("?limit=0"), 0, 60, 600, 0);
    expect_column(board("?limit=1"), 0, 60, 600, 1);
    answer = board("?limit=50");
    expect_column(answer, 0, 60, 600, 50);
    for (size_t i = 1; i < 50; i++)
        ck_assert_int_le(answer_int(answer, "stages.0.first.%zu.score", i),
                         answer_int(answer, "stages.0.first.%zu.score", i - 1));
}
END_TEST

START_TEST(follows)
{
    const char *a = service_create("/v1/leads", "{'email':'a@example.com','amount_minor':100}");
    const char *b = service_create("/v1/leads", "{'email':'b@example.com'}");
    expect_column(board(""), 0, 2, 100, 2);
    post(fixture.client, textf("/v1/leads/%s/move", a), "{'stage':'proposal'}");
    patch(fixture.client, textf("/v1/leads/%s", a), "{'amount_minor':250}");
    patch(fixture.client, textf("/v1/leads/%s", b), "{'amount_minor':7}");
    const struct answer *answer = board("");
    expect_column(answer, 0, 1, 7, 1);
    expect_column(answer, 4, 1, 250, 1);
    expect_text(answer, a, "stages.4.first.0.id");
    post(fixture.client, textf("/v1/leads/%s/win", a), "{}");
    post(fixture.client, textf("/v1/leads/%s/lose", b), "{'reason':'price'}");
    answer = board("");
    for (int i = 0; i < STAGES; i++)
        expect_column(answer, i, 0, 0, 0);
    post(fixture.client, textf("/v1/leads/%s/reopen", a), "{}");
    expect_column(board(""), 4, 1, 250, 1);
}
END_TEST

TCase *board_tcase(void)
{
    TCase *tcase = tcase_create("board");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, empty);
    tcase_add_test(tcase, best_first);
    tcase_add_test(tcase, follows);
    return tcase;
}
