/* test_errors.c: what every route refuses, and how: paths, methods, bodies that cannot be read,
 * parameters, stale versions. */
#include "errors.h"
#include "tamper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct seeds seeds;

static void setup(void)
{
    service_setup();
    seeds_make(&seeds);
}

/* ---- Paths ---- */

START_TEST(unknown_path)
{
    static const char *const paths[] = {
        "/",          "/v1",  "/v1/",        "/v1/lead",  "/v1/leads/",      "//v1/leads",
        "/V1/leads",  "/f",   "/f/",         "/healthz/", "/v1/leads/x/y/z", "/index.html",
        "/v1//leads", "/%2e", "/v1%2Fleads", "/.env",
    };
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const struct answer *answer = get(fixture.client, "%s", paths[i]);
        expect_problem(answer, 404, "not_found", NULL, NULL);
        expect_text(answer, "there is no such path; /docs shows those there are", "detail");
        expect_text(answer, paths[i], "instance");
        answer = ask(fixture.client, .path = paths[i], .key = "");
        expect_problem(answer, 404, "not_found", NULL, NULL);
    }
}
END_TEST

START_TEST(malformed_path)
{
    static const char *const paths[] = { "/v1/leads/%",   "/v1/leads/%4",  "/v1/leads/%zz",
                                         "/v1/leads/%00", "/v1/leads/%ff", "/f/%c0%80" };
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        expect_problem(get(fixture.client, "%s", paths[i]), 400, "malformed", NULL, NULL);
}
END_TEST

START_TEST(unknown_id)
{
    static const char *const ids[] = {
        UNKNOWN_ID,
        "not-an-id",
        "1",
        "019aab3f7c1e7abc8def0123456789ab",
        UNKNOWN_ID "0",
        "00000000-0000-0000-0000-000000000000",
        "%7B" UNKNOWN_ID "%7D",
    };
    for (size_t i = 0; i < known_route_count; i++) {
        const struct known_route *route = &known_routes[i];
        if (!strchr(route->path, '{'))
            continue;
        for (size_t j = 0; j < ARRAY_SIZE(ids); j++) {
            struct ask ask = route_ask(route, &seeds);
            ask.path = route_path(route, &seeds, ids[j]);
            expect_problem(client_ask(fixture.client, &ask), 404, "not_found", NULL, NULL);
        }
    }
}
END_TEST

/* An id of something else is as unknown as one of nothing. */
START_TEST(foreign_id)
{
    for (size_t i = 0; i < known_route_count; i++) {
        const struct known_route *route = &known_routes[i];
        if (!strstr(route->path, "{id}"))
            continue;
        struct ask ask = route_ask(route, &seeds);
        bool user = strncmp(route->path, "/v1/users/", 10) == 0;
        ask.path = route_path(route, &seeds, user ? seeds.lead : seeds.user);
        expect_problem(client_ask(fixture.client, &ask), 404, "not_found", NULL, NULL);
    }
}
END_TEST

/* ---- Methods ---- */

static bool knows(const char *path, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; i < known_route_count; i++)
        if (strcmp(known_routes[i].path, path) == 0 && strcmp(known_routes[i].method, wanted) == 0)
            return true;
    return false;
}

static const char *allow_of(const char *path)
{
    static const char *const order[] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"
    };
    struct buffer text = { .arena = &fixture.arena };
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        if (!knows(path, order[i]) && strcmp(order[i], "OPTIONS") != 0)
            continue;
        if (text.length > 0)
            buffer_text(&text, ", ");
        buffer_text(&text, order[i]);
    }
    buffer_char(&text, '\0');
    return text.data;
}

START_TEST(other_methods)
{
    static const char *const methods[] = { "GET",    "POST",    "PUT",   "PATCH",
                                           "DELETE", "OPTIONS", "TRACE", "FOO" };
    for (size_t i = 0; i < known_route_count; i++) {
        const struct known_route *route = &known_routes[i];
        for (size_t j = 0; j < ARRAY_SIZE(methods); j++) {
            if (knows(route->path, methods[j]))
                continue;
            struct ask ask = { .method = methods[j], .path = route_path(route, &seeds, NULL) };
            const struct answer *answer = client_ask(fixture.client, &ask);
            if (strcmp(methods[j], "OPTIONS") == 0)
                expect_status(answer, 204);
            else
                expect_problem(answer, 405, "method_not_allowed", NULL, NULL);
            const char *allow = answer_header(answer, "Allow");
            ck_assert_ptr_nonnull(allow);
            ck_assert_str_eq(allow, allow_of(route->path));
        }
    }
}
END_TEST

/* ---- Bodies ---- */

static struct ask with_body(const struct known_route *route, const char *body, size_t bytes)
{
    struct ask ask = route_ask(route, &seeds);
    ask.body = body;
    ask.body_bytes = bytes;
    return ask;
}

/* A list of so many lists, as the value of a member. */
static const char *nested(int depth)
{
    char *text = arena_alloc(&fixture.arena, (size_t)depth * 2 + 20);
    char *end = stpcpy(text, "{\"x\":");
    for (int i = 0; i < depth - 1; i++)
        *end++ = '[';
    for (int i = 0; i < depth - 1; i++)
        *end++ = ']';
    *end = '}';
    return text;
}

START_TEST(malformed_body)
{
    const struct {
        const char *body;
        size_t bytes;
    } cases[] = {
        { "", 0 },
        { " ", 0 },
        { "{", 0 },
        { "{\"a\":1", 0 },
        { "{\"a\":1}}", 0 },
        { "{\"a\":1} {}", 0 },
        { "{'a':1}", 0 },
        { "{\"a\":01}", 0 },
        { "{\"a\":NaN}", 0 },
        { "{\"a\":1,}", 0 },
        { "{\"a\":1,\"a\":2}", 0 },
        { "{\"x\":{\"a\":1,\"a\":2}}", 0 },
        { "{\"a\":\"\xff\"}", 0 },
        { "{\"a\":\"\xc0\xaf\"}", 0 },
        { "{\"a\":\"\xed\xa0\x80\"}", 0 },
        { "{\"a\":\"\\ud800\"}", 0 },
        { "{\"a\":\"\\u0000\"}", 0 },
        { "{}\0{}", 5 },
        { "{\"a\":\"\0\"}", 9 },
        { "\xef\xbb\xbf{}", 0 },
        { "[]", 0 },
        { "[{}]", 0 },
        { "\"x\"", 0 },
        { "1", 0 },
        { "null", 0 },
        { "a=1&b=2", 0 },
        { nested(33), 0 },
        { nested(2000), 0 },
    };
    for (size_t i = 0; i < known_route_count; i++) {
        if (!known_routes[i].body)
            continue;
        for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
            struct ask ask = with_body(&known_routes[i], cases[j].body, cases[j].bytes);
            expect_problem(client_ask(fixture.client, &ask), 400, "malformed", NULL, NULL);
        }
        struct ask ask = with_body(&known_routes[i], nested(32), 0);
        expect_problem(client_ask(fixture.client, &ask), 422, "validation_failed", "/x",
                       "unknown_member");
    }
}
END_TEST

START_TEST(media_type)
{
    static const char *const refused[] = {
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json5",
        "application/xml",
        "multipart/form-data; boundary=x",
        "json",
        "application/merge-patch+jsonx",
        "*/*",
    };
    static const char *const taken[] = { "application/json",
                                         "Application/JSON",
                                         "application/json; charset=utf-8",
                                         "application/json;charset=utf-8",
                                         "application/merge-patch+json",
                                         "" };
    for (size_t i = 0; i < known_route_count; i++) {
        if (!known_routes[i].body)
            continue;
        struct ask ask = route_ask(&known_routes[i], &seeds);
        for (size_t j = 0; j < ARRAY_SIZE(refused); j++) {
            ask.content_type = refused[j];
            expect_problem(client_ask(fixture.client, &ask), 415, "unsupported_media_type", NULL,
                           NULL);
        }
        for (size_t j = 0; j < ARRAY_SIZE(taken); j++) {
            ask.content_type = taken[j];
            const struct answer *answer = client_ask(fixture.client, &ask);
            ck_assert_msg(answer->status != 415, "%s with %s", answer->asked, taken[j]);
        }
        ask.headers[0] = "Content-Encoding: gzip";
        expect_problem(client_ask(fixture.client, &ask), 415, "unsupported_media_type",
                       "Content-Encoding", NULL);
    }
}
END_TEST

START_TEST(too_large)
{
    size_t bytes = 1024 * 1024 + 1;
    char *body = malloc(bytes + 1);
    ck_assert_ptr_nonnull(body);
    memset(body, ' ', bytes);
    memcpy(body, "{}", 2);
    body[bytes] = '\0';
    const struct answer *answer = ask(fixture.client, .path = "/v1/leads", .body = body);
    expect_problem(answer, 413, "too_large", NULL, NULL);
    body[bytes - 1] = '\0'; /* the largest that is taken: 422, for {} names nobody */
    answer = ask(fixture.client, .path = "/v1/leads", .body = body);
    expect_problem(answer, 422, "validation_failed", "/email", "required");
    free(body);
}
END_TEST

/* Whatever is wrong with the body, who may not post learns only that. */
START_TEST(key_comes_first)
{
    for (size_t i = 0; i < known_route_count; i++) {
        if (!known_routes[i].body)
            continue;
        struct ask ask = with_body(&known_routes[i], "{", 0);
        ask.key = "";
        ask.path = route_path(&known_routes[i], &seeds, "x");
        expect_problem(client_ask(fixture.client, &ask), 401, "unauthenticated", NULL, NULL);
    }
}
END_TEST

/* ---- Parameters ---- */

START_TEST(unknown_parameter)
{
    for (size_t i = 0; i < known_route_count; i++) {
        struct ask ask = route_ask(&known_routes[i], &seeds);
        if (strncmp(ask.path, "/f/", 3) == 0) /* pages that post here have their own */
            continue;
        ask.path = textf("%s%cbogus=1", ask.path, strchr(ask.path, '?') ? '&' : '?');
        expect_problem(client_ask(fixture.client, &ask), 422, "validation_failed", "?bogus",
                       "unknown_parameter");
    }
}
END_TEST

static const struct {
    const char *path, *query, *parameter, *why;
} parameters[] = {
    { "/v1/leads", "limit=0", "?limit", "out_of_range" },
    { "/v1/leads", "limit=201", "?limit", "out_of_range" },
    { "/v1/leads", "limit=-1", "?limit", "out_of_range" },
    { "/v1/leads", "limit=ten", "?limit", "wrong_type" },
    { "/v1/leads", "limit=1.5", "?limit", "wrong_type" },
    { "/v1/leads", "limit=", "?limit", "wrong_type" },
    { "/v1/leads", "limit=99999999999999999999", "?limit", "wrong_type" },
    { "/v1/leads", "limit=1&limit=2", "?limit", "repeated" },
    { "/v1/leads", "cursor=x", "?cursor", "invalid" },
    { "/v1/leads", "cursor=-created_at.1700000000000.018bcfe5-6800-7000-8000-000000000000",
      "?cursor", "invalid" },
    { "/v1/leads", "sort=name", "?sort", "invalid" },
    { "/v1/leads", "sort=--score", "?sort", "invalid" },
    { "/v1/leads", "sort=score,name", "?sort", "invalid" },
    { "/v1/leads", "status=closed", "?status", "unknown_value" },
    { "/v1/leads", "stage=nowhere", "?stage", "unknown" },
    { "/v1/leads", "pipeline=nowhere", "?pipeline", "unknown" },
    { "/v1/leads", "campaign=x", "?campaign", "invalid" },
    { "/v1/leads", "owner=x", "?owner", "invalid" },
    { "/v1/leads", "score=high", "?score", "wrong_type" },
    { "/v1/leads", "score[gte]=1.5", "?score[gte]", "wrong_type" },
    { "/v1/leads", "score[gt]=x", "?score[gt]", "wrong_type" },
    { "/v1/leads", "score[lte]=x", "?score[lte]", "wrong_type" },
    { "/v1/leads", "score[lt]=99999999999999999999", "?score[lt]", "wrong_type" },
    { "/v1/leads", "score[like]=1", "?score[like]", "unknown_parameter" },
    { "/v1/leads", "created_at[gte]=2024-01-01", "?created_at[gte]", "invalid" },
    { "/v1/leads", "created_at[lt]=now", "?created_at[lt]", "invalid" },
    { "/v1/leads", "stage_entered_at[gte]=x", "?stage_entered_at[gte]", "invalid" },
    { "/v1/leads", "stage_entered_at[lt]=x", "?stage_entered_at[lt]", "invalid" },
    { "/v1/users", "limit=0", "?limit", "out_of_range" },
    { "/v1/users", "limit=201", "?limit", "out_of_range" },
    { "/v1/users", "cursor=x", "?cursor", "invalid" },
    { "/v1/campaigns", "limit=201", "?limit", "out_of_range" },
    { "/v1/campaigns", "cursor=x", "?cursor", "invalid" },
    { "/v1/forms", "limit=0", "?limit", "out_of_range" },
    { "/v1/forms", "cursor=x", "?cursor", "invalid" },
    { "/v1/submissions", "limit=0", "?limit", "out_of_range" },
    { "/v1/submissions", "cursor=x", "?cursor", "invalid" },
    { "/v1/keys", "limit=0", "?limit", "out_of_range" },
    { "/v1/keys", "cursor=x", "?cursor", "invalid" },
    { "/v1/metrics/funnel", "basis=weekly", "?basis", "unknown_value" },
    { "/v1/metrics/funnel", "from=yesterday", "?from", "invalid" },
    { "/v1/metrics/funnel", "to=2024-02-30", "?to", "invalid" },
    { "/v1/metrics/funnel", "from=2024-02-02&to=2024-02-01", "?from", "out_of_range" },
    { "/v1/metrics/funnel", "pipeline=nowhere", "?pipeline", "unknown" },
    { "/v1/metrics/funnel", "group_by=country", "?group_by", "unknown_value" },
    { "/v1/metrics/funnel", "within_days=2", "?within_days", "invalid" },
    { "/v1/metrics/funnel", "within_days=0", "?within_days", "out_of_range" },
    { "/v1/metrics/funnel", "within_days=181", "?within_days", "out_of_range" },
    { "/v1/metrics/funnel", "within_days=7&basis=period", "?within_days", "invalid" },
    { "/v1/pipelines/default/board", "limit=51", "?limit", "out_of_range" },
    { "/v1/pipelines/default/board", "limit=-1", "?limit", "out_of_range" },
};

START_TEST(bad_parameter)
{
    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
        expect_problem(get(fixture.client, "%s?%s", parameters[i].path, parameters[i].query), 422,
                       "validation_failed", parameters[i].parameter, parameters[i].why);
    static const struct {
        const char *query, *parameter, *why;
    } of_lead[] = {
        { "activities?limit=0", "?limit", "out_of_range" },
        { "activities?cursor=x", "?cursor", "invalid" },
        { "activities?occurred_at[gte]=x", "?occurred_at[gte]", "invalid" },
        { "activities?occurred_at[lt]=x", "?occurred_at[lt]", "invalid" },
        { "stages?voided=yes", "?voided", "wrong_type" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(of_lead); i++)
        expect_problem(get(fixture.client, "/v1/leads/%s/%s", seeds.lead, of_lead[i].query), 422,
                       "validation_failed", of_lead[i].parameter, of_lead[i].why);
    const struct answer *answer =
        post(fixture.client, "/v1/leads?on_duplicate=ignore", "{'email':'x@example.com'}");
    expect_problem(answer, 422, "validation_failed", "?on_duplicate", "unknown_value");
}
END_TEST

START_TEST(malformed_query)
{
    static const char *const queries[] = { "limit=%",    "limit=%zz", "source=%00",
                                           "source=%ff", "%ff=1",     "bogus=1&source=%c0%80" };
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        expect_problem(get(fixture.client, "/v1/leads?%s", queries[i]), 400, "malformed", NULL,
                       NULL);
    struct buffer many = { .arena = &fixture.arena };
    for (int i = 0; i < 101; i++)
        buffer_printf(&many, "a%d&", i);
    buffer_char(&many, '\0');
    expect_problem(get(fixture.client, "/v1/leads?%s", many.data), 400, "malformed", NULL, NULL);
    char *name = arena_alloc(&fixture.arena, 2100);
    memset(name, 'a', 2099);
    expect_problem(get(fixture.client, "/v1/leads?source=%s", name), 414, "uri_too_long", NULL,
                   NULL);
}
END_TEST

/* ---- Versions ---- */

START_TEST(stale_version)
{
    static const struct {
        const char *method, *action, *body;
    } cases[] = {
        { "PATCH", "", "{\"city\":\"Bern\"}" },
        { "POST", "/move", "{\"stage\":\"mql\"}" },
        { "POST", "/win", "{}" },
        { "POST", "/lose", "{\"reason\":\"price\"}" },
        { "POST", "/disqualify", "{\"reason\":\"student\"}" },
        { "POST", "/reopen", "{}" },
    };
    static const char *const stale[] = { "If-Match: \"v99-s5\"", "If-Match: \"v0\"",
                                         "If-Match: \"other\"", "If-Match: v1",
                                         "If-Match: W/\"v1-s5\"" };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t j = 0; j < ARRAY_SIZE(stale); j++) {
            const char *path = textf("/v1/leads/%s%s", seeds.lead, cases[i].action);
            const struct answer *answer =
                ask(fixture.client, .method = cases[i].method, .path = path, .body = cases[i].body,
                    .headers = { stale[j] });
            bool ours = j < 2;
            expect_problem(answer, 412, "precondition_failed", ours ? NULL : "If-Match", NULL);
        }
    const struct answer *answer = get(fixture.client, "/v1/leads/%s", seeds.lead);
    expect_int(answer, 1, "version");
    expect_text(answer, "open", "status");
}
END_TEST

START_TEST(problem_says_enough)
{
    const struct answer *answer = post(fixture.client, "/v1/leads?on_duplicate=merge",
                                       "{'email':7,'a/b~c':1,'owner':'x','city':''}");
    expect_problem(answer, 422, "validation_failed", "/email", "wrong_type");
    expect_problem(answer, 422, "validation_failed", "/a~1b~0c", "unknown_member");
    expect_problem(answer, 422, "validation_failed", "/owner", "invalid");
    ck_assert_uint_eq(answer_count(answer, "errors"), 3);
    expect_text(answer, "/v1/leads", "instance");
    expect_text(answer, "about:blank", "type");
    ck_assert_ptr_null(strstr(answer->body, "\"x\"")); /* never the value itself */
    struct buffer many = { .arena = &fixture.arena };
    for (int i = 0; i < 30; i++)
        buffer_printf(&many, "%s'x%d':1", i ? "," : "{", i);
    buffer_text(&many, "}");
    buffer_char(&many, '\0');
    answer = post(fixture.client, "/v1/leads", "%s", many.data);
    expect_problem(answer, 422, "validation_failed", "/x0", "unknown_member");
    ck_assert_uint_eq(answer_count(answer, "errors"), MEMBER_ERRORS_MAX);
}
END_TEST

/* A client learns that it was us, and by what id to ask; the log has the rest. */
START_TEST(what_went_wrong_with_us_is_ours)
{
    const char *lead = service_create("/v1/leads", "{'company':'Acme'}");
    tamper_with(fixture.database, "UPDATE stage_event SET voided_at = 1");
    const struct answer *answer =
        post(fixture.client, textf("/v1/leads/%s/move", lead), "{'stage':'mql'}");
    expect_problem(answer, 503, "storage_corrupt", NULL, NULL);
    ck_assert_msg(!strstr(answer->body, "detail"), "%s", answer->body);
    ck_assert_str_eq(answer_text(answer, "request_id"), answer_header(answer, "X-Request-Id"));
    tamper_with(fixture.database, "UPDATE stage_event SET voided_at = NULL");
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("errors");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, unknown_path);
    tcase_add_test(tcase, malformed_path);
    tcase_add_test(tcase, unknown_id);
    tcase_add_test(tcase, foreign_id);
    tcase_add_test(tcase, other_methods);
    tcase_add_test(tcase, malformed_body);
    tcase_add_test(tcase, media_type);
    tcase_add_test(tcase, too_large);
    tcase_add_test(tcase, key_comes_first);
    tcase_add_test(tcase, unknown_parameter);
    tcase_add_test(tcase, bad_parameter);
    tcase_add_test(tcase, malformed_query);
    tcase_add_test(tcase, stale_version);
    tcase_add_test(tcase, problem_says_enough);
    tcase_add_test(tcase, what_went_wrong_with_us_is_ours);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, members_tcase());
    suite_add_tcase(suite, fuzz_tcase());
    return suite;
}
