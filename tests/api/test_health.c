/* test_health.c: whether the service says that it lives, can work, and what it counted; and what
 * every answer carries, whatever was asked. */
#include "fixture.h"
#include "prometheus.h"
#include "routes.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
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

/* The operator of this machine needs no key. */
START_TEST(control_socket)
{
    expect_status(get(fixture.control, "/v1/leads"), 200);
    const struct answer *answer =
        post(fixture.control, "/v1/leads", "{'email':'a@example.com','external_id':'1'}");
    expect_status(answer, 201);
    expect_text(answer, "console", "source_system");
    expect_status(post(fixture.control, "/v1/keys", "{'name':'x','scopes':['read']}"), 201);
    answer = ask(fixture.control, .path = "/v1/leads", .headers = { "Authorization: Bearer x" });
    expect_status(answer, 200);
}
END_TEST

/* ---- Metrics ---- */

/* The value of the sample that begins like that, or 0. */
static double sample(const char *beginning)
{
    const struct answer *answer = ask(fixture.client, .path = "/metrics", .key = "");
    const char *at = strstr(answer->body, textf("\n%s ", beginning));
    return at ? strtod(at + strlen(beginning) + 2, NULL) : 0;
}

START_TEST(metrics_are_readable)
{
    const struct answer *answer = ask(fixture.client, .path = "/metrics", .key = "");
    expect_status(answer, 200);
    ck_assert_str_eq(answer_header(answer, "Content-Type"),
                     "text/plain; version=0.0.4; charset=utf-8");
    service_create("/v1/leads", "{'email':'ann@example.com'}");
    get(fixture.client, "/nowhere");
    answer = ask(fixture.client, .path = "/metrics", .key = "");
    const char *complaint = prometheus_complaint(answer->body);
    ck_assert_msg(!complaint, "%s", complaint);
    ck_assert_ptr_null(strstr(answer->body, "ann@"));
}
END_TEST

START_TEST(counters_move)
{
    static const struct {
        const char *name;
        double moved;
    } counters[] = {
        { "funneld_leads_created_total", 1 },
        { "funneld_activities_recorded_total", 2 }, /* one of them the form's */
        { "funneld_activities_duplicate_total", 1 },
        { "funneld_submissions_total", 1 },
        { "funneld_stage_events_total", 2 },
        { "funneld_route_requests_total{method=\"POST\",route=\"/v1/leads/{id}/activities\","
          "status=\"2xx\"}",
          2 },
        { "funneld_route_requests_total{method=\"GET\",route=\"/v1/leads/{id}\",status=\"4xx\"}",
          1 },
        { "funneld_route_requests_total{method=\"\",route=\"\",status=\"4xx\"}", 1 },
        { "funneld_route_duration_seconds_count{method=\"GET\",route=\"/v1/leads/{id}\"}", 1 },
        { "funneld_route_duration_seconds_bucket{method=\"GET\",route=\"/v1/leads/{id}\","
          "le=\"+Inf\"}",
          1 },
    };
    double before[ARRAY_SIZE(counters)];
    service_create("/v1/forms", "{'name':'F','key':'contact-form'}");
    for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
        before[i] = sample(counters[i].name);
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const char *path = textf("/v1/leads/%s/activities", lead);
    post(fixture.client, path, "{'type':'call','external_id':'1'}");
    post(fixture.client, path, "{'type':'call','external_id':'1'}");
    ask(fixture.client, .path = "/f/contact-form", .content_type = "",
        .body = "email=ann%40example.com");
    post(fixture.client, textf("/v1/leads/%s/move", lead), "{'stage':'demo'}");
    get(fixture.client, "/v1/leads/" UNKNOWN_ID);
    get(fixture.client, "/nowhere");
    for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
        double moved = sample(counters[i].name) - before[i];
        ck_assert_msg(moved == counters[i].moved, "%s moved by %g", counters[i].name, moved);
    }
    ck_assert_double_gt(sample("funneld_http_requests_total"), 10);
    ck_assert_double_gt(sample("funneld_writer_batches_total"), 3);
    ck_assert_double_gt(sample("funneld_database_bytes"), 0);
    ck_assert_double_eq(sample("funneld_writable"), 1);
    ck_assert_double_ge(sample("funneld_writer_batch_commands_sum"), 5);
    ck_assert_double_gt(sample("funneld_writer_commit_seconds_sum"), 0);
    ck_assert_double_gt(sample("process_resident_memory_bytes"), 1 << 20);
    ck_assert_double_gt(sample("process_open_fds"), 5);
    ck_assert_double_gt(sample("process_max_fds"), sample("process_open_fds"));
    ck_assert_double_gt(sample("process_cpu_seconds_total"), 0);
    ck_assert_double_gt(sample("process_start_time_seconds"), 1.7e9);
}
END_TEST

/* ---- What every answer carries ---- */

static bool is_minted_id(const char *text)
{
    return text && is_id_text(text);
}

START_TEST(common_headers)
{
    struct seeds seeds;
    seeds_make(&seeds);
    for (size_t i = 0; i < known_route_count; i++) {
        struct ask ask = route_ask(&known_routes[i], &seeds);
        const struct answer *answer = client_ask(fixture.client, &ask);
        ck_assert_str_eq(answer_header(answer, "X-Content-Type-Options"), "nosniff");
        /* What is polled may be kept, and asked about again. */
        const char *path = known_routes[i].path;
        bool polled = strstr(path, "/metrics/funnel") || strstr(path, "/board") ||
                      strcmp(path, "/v1/stage-events") == 0 ||
                      (strcmp(path, "/v1/leads") == 0 && !known_routes[i].body);
        const char *kept = polled ? "private, no-cache" : "no-store";
        ck_assert_str_eq(answer_header(answer, "Cache-Control"), kept);
        ck_assert_msg(is_minted_id(answer_header(answer, "X-Request-Id")), "%s", answer->asked);
        ck_assert_ptr_null(answer_header(answer, "Server"));
        ck_assert_ptr_nonnull(answer_header(answer, "Date"));
        const char *type = answer_header(answer, "Content-Type");
        if (answer->status == 204)
            ck_assert_ptr_null(type);
        else
            ck_assert_msg(type && strlen(type) > 0, "%s", answer->asked);
    }
}
END_TEST

START_TEST(request_id)
{
    static const char *const kept[] = { "a", "Trace-1.2_3",
                                        "019aab3f-7c1e-7abc-8def-0123456789ab" };
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        const struct answer *answer = ask(fixture.client, .path = "/v1/leads/x",
                                          .headers = { textf("X-Request-Id: %s", kept[i]) });
        ck_assert_str_eq(answer_header(answer, "X-Request-Id"), kept[i]);
        expect_text(answer, kept[i], "request_id");
    }
    static const char *const replaced[] = { "a b", "a\"b", "<x>", "a;b", "\xc3\xa9", "a,b" };
    for (size_t i = 0; i < ARRAY_SIZE(replaced); i++) {
        const struct answer *answer = ask(fixture.client, .path = "/healthz",
                                          .headers = { textf("X-Request-Id: %s", replaced[i]) });
        expect_status(answer, 200);
        ck_assert_msg(is_minted_id(answer_header(answer, "X-Request-Id")), "%s", replaced[i]);
    }
    const char *first = textf("%s", answer_header(get(fixture.client, "/healthz"), "X-Request-Id"));
    ck_assert_str_ne(first, answer_header(get(fixture.client, "/healthz"), "X-Request-Id"));
    char *huge = arena_alloc(&fixture.arena, 400);
    memset(huge, 'a', 300);
    const struct answer *answer =
        ask(fixture.client, .path = "/healthz", .headers = { textf("X-Request-Id: %s", huge) });
    ck_assert(is_minted_id(answer_header(answer, "X-Request-Id")));
}
END_TEST

/* The same head as GET's, and no body. */
START_TEST(head)
{
    static const char *const names[] = { "Content-Type", "Content-Length", "ETag", "Cache-Control",
                                         "X-Content-Type-Options" };
    struct seeds seeds;
    seeds_make(&seeds);
    for (size_t i = 0; i < known_route_count; i++) {
        const struct known_route *route = &known_routes[i];
        bool is_get = strcmp(route->method, "GET") == 0;
        if (!is_get && strcmp(route->path, "/v1/leads/{id}/move") != 0)
            continue;
        const char *path = route_path(route, &seeds, NULL);
        const struct answer *answer = ask(fixture.client, .method = "HEAD", .path = path);
        ck_assert_uint_eq(answer->body_bytes, 0);
        if (!is_get) {
            expect_status(answer, 405);
            continue;
        }
        const struct answer *whole = get(fixture.client, "%s", path);
        expect_status(answer, whole->status);
        bool counts = strcmp(path, "/metrics") == 0; /* and so it has another length each time */
        for (size_t j = 0; j < ARRAY_SIZE(names) && !counts; j++) {
            const char *value = answer_header(whole, names[j]);
            const char *wanted = value ? textf("%s", value) : NULL;
            value = answer_header(answer, names[j]);
            ck_assert_msg(wanted ? value && strcmp(value, wanted) == 0 : !value, "%s: %s: %s",
                          answer->asked, names[j], value ? value : "none");
        }
    }
    expect_status(ask(fixture.client, .method = "HEAD", .path = "/v1/leads/" UNKNOWN_ID), 404);
    expect_status(ask(fixture.client, .method = "HEAD", .path = "/v1/leads", .key = ""), 401);
}
END_TEST

/* One connection for everything, also after what was refused with its body unread. */
START_TEST(keep_alive)
{
    _cleanup_(client_done) struct client *client = service_client(NULL);
    for (int i = 0; i < 20; i++) {
        expect_status(get(client, "/healthz"), 200);
        expect_status(post(client, "/v1/leads", "{'email':'u%d@example.com'}", i), 201);
        expect_status(post(client, "/v1/leads", "{'email':'u%d@example.com'}", i), 409);
        expect_status(post(client, "/v1/leads", "{"), 400);
        expect_status(post(client, "/nowhere", "{'a':1}"), 404);
        expect_status(ask(client, .path = "/v1/leads", .key = "", .body = "{\"a\":1}"), 401);
        expect_status(ask(client, .path = "/v1/leads", .method = "HEAD"), 200);
        expect_status(ask(client, .path = "/v1/leads", .method = "DELETE"), 405);
    }
    ck_assert_int_eq(client_connections(client), 1);
    expect_status(get(fixture.control, "/healthz"), 200);
    expect_status(get(fixture.control, "/healthz"), 200);
    ck_assert_int_eq(client_connections(fixture.control), 1);
}
END_TEST

/* What was answered is there after a restart; the admin key stays what it is. */
START_TEST(restart)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    post(fixture.client, textf("/v1/leads/%s/activities", lead), "{'type':'demo_requested'}");
    const char *before = textf("%s", get(fixture.client, "/v1/leads/%s", lead)->body);
    const char *key = textf("%s", fixture.key);
    service_restart();
    ck_assert_str_eq(fixture.key, key);
    ck_assert_str_eq(get(fixture.client, "/v1/leads/%s", lead)->body, before);
    expect_text(post(fixture.client, textf("/v1/leads/%s/activities", lead), "{'type':'meeting'}"),
                "mql", "stage.after");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        alive_and_ready, control_socket, metrics_are_readable, counters_move, common_headers,
        request_id,      head,           keep_alive,           restart
    };
    Suite *suite = suite_create("health");
    TCase *tcase = tcase_create("health");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
