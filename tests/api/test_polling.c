/* test_polling.c: answers that dashboards poll: told unchanged only while nothing has changed. */
#include "fixture.h"
#include "routes.h"
#include "shape.h"

#include <string.h>

#define FUNNEL "/v1/metrics/funnel?group_by=source"
#define BOARD "/v1/pipelines/default/board"
#define LIST "/v1/leads?limit=2&count=true"

static const char *etag_of(const struct answer *answer)
{
    const char *etag = answer_header(answer, "ETag");
    ck_assert_ptr_nonnull(etag);
    return textf("%s", etag);
}

static int status_with(const char *path, const char *etag)
{
    const struct answer *answer =
        ask(fixture.client, .path = path, .headers = { textf("If-None-Match: %s", etag) });
    if (answer->status == 304) {
        ck_assert_uint_eq(answer->body_bytes, 0);
        ck_assert_ptr_nonnull(strstr(etag, etag_of(answer)));
    }
    return answer->status;
}

START_TEST(unchanged)
{
    static const char *const paths[] = { FUNNEL, BOARD, FUNNEL "&basis=period" };
    service_create("/v1/leads", "{'email':'ann@example.com','source':'web'}");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const struct answer *first = get(fixture.client, "%s", paths[i]);
        const char *etag = etag_of(first), *body = textf("%s", first->body);
        ck_assert_str_eq(answer_header(first, "Cache-Control"), "private, no-cache");
        for (int j = 0; j < 3; j++) { /* as it was written before, its as_of too */
            const struct answer *again = get(fixture.client, "%s", paths[i]);
            expect_status(again, 200);
            ck_assert_str_eq(etag_of(again), etag);
            ck_assert_uint_eq(answer_count(again, i == 1 ? "stages" : "groups"), i == 1 ? 6 : 1);
        }
        ck_assert_int_eq(status_with(paths[i], etag), 304);
        ck_assert_int_eq(status_with(paths[i], textf("\"x\", %s", etag)), 304);
        ck_assert_int_eq(status_with(paths[i], "\"x\""), 200);
        ck_assert_ptr_nonnull(body);
    }
}
END_TEST

/* The ETag, and the id that the client gave it, are of this very answer, whatever the one before on
 * the connection was. */
START_TEST(each_with_its_own)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com','source':'web'}");
    const char *paths[] = { FUNNEL, FUNNEL, BOARD, textf("/v1/leads/%s", lead), FUNNEL };
    for (size_t i = 0; i < 3 * ARRAY_SIZE(paths); i++) {
        const char *path = paths[i % ARRAY_SIZE(paths)], *id = textf("poll-%zu", i);
        const struct answer *first = get(fixture.client, "%s", path);
        const char *etag = etag_of(first), *kept = answer_header(first, "Cache-Control");
        kept = textf("%s", kept);
        const struct answer *answer =
            ask(fixture.client, .path = path,
                .headers = { textf("If-None-Match: %s", etag), textf("X-Request-Id: %s", id),
                             i % 4 == 3 ? "Connection: close" : "X-A: b",
                             i % 3 == 2 ? "X-Forwarded-For: 192.0.2.7" : NULL });
        expect_status(answer, 304);
        const char *left = answer_header(answer, "RateLimit"); /* who comes from afar is counted */
        ck_assert_int_eq(left != NULL, i % 3 == 2);
        ck_assert_str_eq(etag_of(answer), etag);
        ck_assert_str_eq(answer_header(answer, "X-Request-Id"), id);
        ck_assert_str_eq(answer_header(answer, "Cache-Control"), kept);
    }
}
END_TEST

/* What a write changed is seen by the next poll, by whatever thread it is answered. */
START_TEST(changed)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com','source':'web'}");
    for (int i = 0; i < 50; i++) {
        const char *funnel = etag_of(get(fixture.client, FUNNEL));
        const char *board = etag_of(get(fixture.client, BOARD));
        service_create("/v1/leads", "{'email':'u%d@example.com','source':'web'}", i);
        const struct answer *answer = get(fixture.client, FUNNEL);
        expect_int(answer, i + 2, "groups.0.stages.0.reached");
        ck_assert_str_ne(etag_of(answer), funnel);
        ck_assert_int_eq(status_with(FUNNEL, funnel), 200);
        expect_int(get(fixture.client, BOARD), i + 2, "stages.0.leads");
        ck_assert_int_eq(status_with(BOARD, board), 200);
    }
    post(fixture.client, textf("/v1/leads/%s/win", lead), "{'amount_minor':500}");
    expect_int(get(fixture.client, FUNNEL), 500, "groups.0.won.value_minor");
}
END_TEST

/* An activity moves a score, which the board shows and the funnel does not. */
START_TEST(only_what_it_says)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const char *funnel = etag_of(get(fixture.client, FUNNEL));
    const char *board = etag_of(get(fixture.client, BOARD));
    expect_status(
        post(fixture.client, textf("/v1/leads/%s/activities", lead), "{'type':'page_view'}"), 201);
    ck_assert_int_eq(status_with(FUNNEL, funnel), 304);
    ck_assert_int_eq(status_with(BOARD, board), 200);
    expect_int(get(fixture.client, BOARD), 6, "stages.0.first.0.score");
}
END_TEST

/* The same path with other parameters is another answer; one that is refused is never kept. */
START_TEST(kept_apart)
{
    service_create("/v1/leads", "{'email':'ann@example.com','source':'web'}");
    for (int round = 0; round < 3; round++)
        for (int limit = 0; limit < 50; limit++) {
            const struct answer *answer = get(fixture.client, BOARD "?limit=%d", limit);
            ck_assert_uint_eq(answer_count(answer, "stages.0.first"), limit > 0);
        }
    expect_status(get(fixture.client, BOARD "?limit=51"), 422);
    expect_status(ask(fixture.client, .path = FUNNEL, .key = ""), 401);
    const char *etag = etag_of(get(fixture.client, FUNNEL));
    expect_status(ask(fixture.client, .path = FUNNEL, .key = "",
                      .headers = { textf("If-None-Match: %s", etag) }),
                  401);
    service_restart(); /* counts from nought again, but under another name */
    ck_assert_int_eq(status_with(FUNNEL, etag), 200);
}
END_TEST

/* A client that knows the ETag is told nothing of a question that was never sound, nor of one whose
 * answer is only known to be unchanged. */
START_TEST(asked_in_vain)
{
    service_create("/v1/leads", "{'email':'ann@example.com','source':'web'}");
    const char *etag = etag_of(get(fixture.client, FUNNEL));
    const char *board = etag_of(get(fixture.client, BOARD));
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(status_with(FUNNEL "&basis=none", etag), 422);
        ck_assert_int_eq(status_with(FUNNEL "&limit=1", etag), 422);
        ck_assert_int_eq(status_with(FUNNEL "&pipeline=none", etag), 422);
        ck_assert_int_eq(status_with("/v1/leads?stage=none", board), 422);
        ck_assert_int_eq(status_with("/v1/pipelines/none/board", board), 404);
        /* Not answered before: first unchanged, then in full, then as it was. */
        const char *fresh = textf(FUNNEL "&from=2026-01-0%d", i + 1);
        ck_assert_int_eq(status_with(fresh, etag), 304);
        ck_assert_int_eq(status_with(fresh, etag), 304);
        for (int j = 0; j < 3; j++)
            ck_assert_uint_ge(answer_count(get(fixture.client, "%s", fresh), "groups"), 0);
        ck_assert_int_eq(status_with(fresh, etag), 304);
    }
}
END_TEST

/* A list is sent again with the way to its next page, and with what was written meanwhile. */
START_TEST(lists)
{
    for (int i = 0; i < 3; i++)
        service_create("/v1/leads", "{'email':'u%d@example.com'}", i);
    const char *link = NULL, *etag = NULL;
    for (int i = 0; i < 6; i++) {
        const struct answer *answer = get(fixture.client, LIST);
        ck_assert_uint_eq(answer_count(answer, "data"), 2);
        expect_int(answer, 3, "total");
        if (!link)
            link = textf("%s", answer_header(answer, "Link"));
        ck_assert_str_eq(answer_header(answer, "Link"), link);
        ck_assert_str_eq(answer_header(answer, "Cache-Control"), "private, no-cache");
        etag = etag_of(answer);
        ck_assert_int_eq(status_with(LIST, etag), 304);
    }
    /* What was refused has changed nothing. */
    expect_status(post(fixture.client, "/v1/leads", "{'email':'u0@example.com'}"), 409);
    expect_status(post(fixture.client, "/v1/leads/" UNKNOWN_ID "/win", "{}"), 404);
    ck_assert_int_eq(status_with(LIST, etag), 304);
    service_create("/v1/leads", "{'email':'one.more@example.com'}");
    ck_assert_int_eq(status_with(LIST, etag), 200);
    for (int i = 0; i < 6; i++)
        expect_int(get(fixture.client, LIST), 4, "total");
}
END_TEST

/* An external id without its system is one of the key that asks: the next one means another. */
START_TEST(whose_it_is)
{
    const char *keys[2];
    for (int i = 0; i < 2; i++)
        keys[i] = service_key(textf("shop%d", i), "read','write");
    for (int i = 0; i < 2; i++)
        expect_status(
            ask(fixture.client, .method = "POST", .path = "/v1/leads", .key = keys[i],
                .body = textf("{\"email\":\"u%d@example.com\",\"external_id\":\"7\"}", i)),
            201);
    for (int i = 0; i < 12; i++) {
        const struct answer *answer =
            ask(fixture.client, .path = "/v1/leads?external_id=7", .key = keys[i % 2]);
        expect_text(answer, textf("u%d@example.com", i % 2), "data.0.email");
        ck_assert_ptr_null(answer_header(answer, "ETag"));
    }
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { unchanged,  each_with_its_own, changed, only_what_it_says,
                                   kept_apart, asked_in_vain,     lists,   whose_it_is };
    Suite *suite = suite_create("polling");
    TCase *tcase = tcase_create("polling");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
