/* test_keys.c: who may do what: keys, their scopes, and users. */
#include "routes.h"
#include "server/api/dispatch.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>

/* ---- Keys ---- */

START_TEST(key_is_shown_once)
{
    const struct answer *answer =
        post(fixture.client, "/v1/keys", "{'name':'site','scopes':['read','ingest']}");
    expect_status(answer, 201);
    expect_shape(answer, "", KEY_SHAPE " key:t");
    expect_text(answer, "site", "name");
    ck_assert_uint_eq(answer_count(answer, "scopes"), 2);
    expect_text(answer, "read", "scopes.0");
    expect_text(answer, "ingest", "scopes.1");
    const char *key = answer_text(answer, "key"), *id = answer_text(answer, "id");
    ck_assert_msg(strncmp(key, "fnl_", 4) == 0 && strlen(key) >= 47, "%s", key);
    const char *location = answer_header(answer, "Location");
    ck_assert_ptr_nonnull(location);
    ck_assert_str_eq(location, textf("/v1/keys/%s", id));

    answer = get(fixture.client, "/v1/keys");
    expect_status(answer, 200);
    expect_shape(answer, "", PAGE_SHAPE);
    expect_shape(answer, "data.1", KEY_SHAPE);
    expect_text(answer, "admin", "data.0.name");
    ck_assert_ptr_null(strstr(answer->body, key + 8));
    answer = get(fixture.client, "/v1/keys/%s", id);
    expect_status(answer, 200);
    expect_shape(answer, "", KEY_SHAPE);
    ck_assert_uint_eq(answer_count(answer, "scopes"), 2);
}
END_TEST

START_TEST(key_refused)
{
    struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'scopes':['read']}", "/name", "required" },
        { "{'name':'x'}", "/scopes", "required" },
        { "{'name':'x','scopes':[]}", "/scopes", "too_few" },
        { "{'name':'x','scopes':['read','root']}", "/scopes", "unknown_value" },
        { "{'name':'x','scopes':['read',7]}", "/scopes/1", "wrong_type" },
        { "{'name':'x','scopes':['read'],'key':'fnl_mine'}", "/key", "unknown_member" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(post(fixture.client, "/v1/keys", "%s", cases[i].body), 422,
                       "validation_failed", cases[i].place, cases[i].why);
}
END_TEST

START_TEST(who_asks)
{
    const struct answer *answer =
        ask(fixture.client, .path = "/v1/me", .key = service_key("site", "ingest','read"));
    expect_status(answer, 200);
    expect_shape(answer, "", "id:i name:t scopes:a created_at:T time_zone:t currency:t version:t");
    expect_text(answer, "site", "name");
    ck_assert_uint_eq(answer_count(answer, "scopes"), 2);
    expect_text(answer, "read", "scopes.0");
    expect_text(answer, "ingest", "scopes.1");
    expect_text(answer, "UTC", "time_zone");
    expect_text(answer, "USD", "currency");
    expect_text(answer, FUNNELD_VERSION, "version");
    expect_text(get(fixture.client, "/v1/me"), "admin", "name");
    answer = get(fixture.control, "/v1/me");
    expect_text(answer, "console", "name");
    expect_text(answer, "admin", "scopes.0");
    ck_assert(answer_is_null(answer, "id") && answer_is_null(answer, "created_at"));
}
END_TEST

static const struct answer *ask_as(const char *authorization)
{
    return ask(fixture.client, .path = "/v1/leads", .key = "", .headers = { authorization });
}

START_TEST(key_needed)
{
    const struct answer *answer = ask(fixture.client, .path = "/v1/leads", .key = "");
    expect_problem(answer, 401, "unauthenticated", NULL, NULL);
    ck_assert_str_eq(answer_header(answer, "WWW-Authenticate"), "Bearer realm=\"funneld\"");
    char wrong[KEY_TEXT_SIZE], header[200];
    key_generate(wrong); /* well formed, but nobody's */
    snprintf(header, sizeof header, "Authorization: Bearer %s", wrong);
    expect_problem(ask_as(header), 401, "unauthenticated", NULL, NULL);
    snprintf(header, sizeof header, "Authorization: Bearer %s0", fixture.key);
    expect_problem(ask_as(header), 401, "unauthenticated", NULL, NULL);
    snprintf(header, sizeof header, "Authorization: %s", fixture.key);
    expect_problem(ask_as(header), 401, "unauthenticated", NULL, NULL);
    snprintf(header, sizeof header, "Authorization: Basic %s", fixture.key);
    expect_problem(ask_as(header), 401, "unauthenticated", NULL, NULL);
    expect_problem(ask_as("Authorization: Bearer "), 401, "unauthenticated", NULL, NULL);
    expect_problem(ask_as("Authorization: Bearer fnl_"), 401, "unauthenticated", NULL, NULL);
    snprintf(header, sizeof header, "Authorization: bearer  %s", fixture.key);
    expect_status(ask_as(header), 200);
    answer = ask(fixture.client, .key = "", .path = textf("/v1/leads?key=%s", fixture.key));
    expect_problem(answer, 401, "unauthenticated", NULL, NULL);
}
END_TEST

START_TEST(revoked_at_once)
{
    const struct answer *made =
        post(fixture.client, "/v1/keys", "{'name':'old','scopes':['read']}");
    const char *id = answer_text(made, "id"), *key = answer_text(made, "key");
    const char *path = textf("/v1/keys/%s", id);
    _cleanup_(client_done) struct client *client = service_client(key);
    expect_status(get(client, "/v1/leads"), 200);
    const struct answer *answer = ask(fixture.client, .method = "DELETE", .path = path);
    expect_status(answer, 204);
    ck_assert_uint_eq(answer->body_bytes, 0);
    expect_problem(get(client, "/v1/leads"), 401, "unauthenticated", NULL, NULL);
    answer = get(fixture.client, "/v1/keys/%s", id);
    expect_status(answer, 200);
    ck_assert(!answer_is_null(answer, "revoked_at"));
    const char *revoked_at = answer_text(answer, "revoked_at");
    expect_status(ask(fixture.client, .method = "DELETE", .path = path), 204);
    expect_text(get(fixture.client, "/v1/keys/%s", id), revoked_at, "revoked_at");
    expect_problem(ask(fixture.client, .method = "DELETE", .path = "/v1/keys/" UNKNOWN_ID), 404,
                   "not_found", NULL, NULL);
}
END_TEST

/* More keys than a thread remembers, each with what it may, before and after every one of them has
 * been used and half of them are revoked. */
START_TEST(many_keys)
{
    enum { KEYS = 150 };
    const char *ids[KEYS], *keys[KEYS];
    for (int i = 0; i < KEYS; i++) {
        const struct answer *made =
            post(fixture.client, "/v1/keys", "{'name':'k%d','scopes':['%s']}", i,
                 i % 3 ? "read" : "ingest");
        ids[i] = textf("%s", answer_text(made, "id"));
        keys[i] = textf("%s", answer_text(made, "key"));
    }
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < KEYS; i++) {
            bool revoked = round > 3 && i % 2;
            const struct answer *answer = ask(fixture.client, .path = "/v1/leads", .key = keys[i]);
            expect_status(answer, revoked ? 401 : i % 3 ? 200 : 403);
            if (!revoked && i % 3 == 0)
                ck_assert_ptr_nonnull(strstr(answer->body, textf("the key k%d ", i)));
            answer = ask(fixture.client, .path = "/v1/leads", .key = keys[i]);
            expect_status(answer, revoked ? 401 : i % 3 ? 200 : 403);
            if (round == 3 && i % 2)
                expect_status(
                    ask(fixture.client, .method = "DELETE", .path = textf("/v1/keys/%s", ids[i])),
                    204);
        }
        client_forget(fixture.client);
    }
    /* One byte off is another key. */
    char *other = (char *)textf("%s", keys[1]);
    other[10] ^= 1;
    expect_status(ask(fixture.client, .path = "/v1/leads", .key = other), 401);
}
END_TEST

START_TEST(keys_outlive_a_restart)
{
    const char *key = service_key("site", "read");
    service_restart();
    _cleanup_(client_done) struct client *client = service_client(key);
    expect_status(get(client, "/v1/leads"), 200);
    expect_status(get(fixture.client, "/v1/keys"), 200);
}
END_TEST

/* ---- Routes and scopes ---- */

/* Neither table has a row that the other has not. */
START_TEST(table_is_complete)
{
    const struct service *service = fixture.service;
    for (size_t i = 0; i < service->route_count; i++) {
        const struct route *route = &service->routes[i];
        const char *method = http_method_names[__builtin_ctz(route->http.method)];
        bool found = false;
        for (size_t j = 0; j < known_route_count; j++)
            found |= strcmp(known_routes[j].method, method) == 0 &&
                     strcmp(known_routes[j].path, route->http.path) == 0;
        ck_assert_msg(found, "%s %s is not in tests/api/routes.c", method, route->http.path);
    }
    ck_assert_uint_eq(service->route_count, known_route_count);
}
END_TEST

/* The contract lists the same ones, and the methods of each. */
START_TEST(contract_is_complete)
{
    const struct answer *answer = ask(fixture.client, .path = "/openapi.json", .key = "");
    expect_status(answer, 200);
    json_t *paths = answer_at(answer, "paths"), *item;
    const char *path;
    size_t listed = 0;
    json_object_foreach(paths, path, item) listed += json_object_size(item);
    for (size_t i = 0; i < known_route_count; i++) {
        char method[16] = "";
        for (size_t j = 0; known_routes[i].method[j]; j++)
            method[j] = (char)(known_routes[i].method[j] | 0x20);
        item = json_object_get(json_object_get(paths, known_routes[i].path), method);
        ck_assert_msg(json_is_object(item), "%s %s", method, known_routes[i].path);
    }
    ck_assert_uint_eq(listed, known_route_count);
}
END_TEST

static bool opens(const char *scopes, const char *scope)
{
    return *scopes == '\0' || strcmp(scope, "admin") == 0 || strstr(scopes, scope) != NULL;
}

START_TEST(matrix)
{
    static const char *const scopes[] = { "read", "write", "ingest", "admin" };
    struct seeds seeds;
    seeds_make(&seeds);
    for (size_t s = 0; s < ARRAY_SIZE(scopes); s++) {
        const char *key = service_key(scopes[s], scopes[s]);
        for (size_t i = 0; i < known_route_count; i++) {
            const struct known_route *route = &known_routes[i];
            struct ask ask = route_ask(route, &seeds);
            ask.key = key;
            const struct answer *answer = client_ask(fixture.client, &ask);
            if (!opens(route->scopes, scopes[s]))
                expect_problem(answer, 403, "forbidden", NULL, NULL);
            else
                ck_assert_msg(
                    answer->status != 401 && answer->status != 403 && answer->status < 500,
                    "%s with %s: %d %s", answer->asked, scopes[s], answer->status, answer->body);
        }
    }
}
END_TEST

START_TEST(without_a_key)
{
    struct seeds seeds;
    seeds_make(&seeds);
    for (size_t i = 0; i < known_route_count; i++) {
        struct ask ask = route_ask(&known_routes[i], &seeds);
        ask.key = "";
        const struct answer *answer = client_ask(fixture.client, &ask);
        if (*known_routes[i].scopes)
            expect_problem(answer, 401, "unauthenticated", NULL, NULL);
        else
            ck_assert_msg(answer->status < 500 && answer->status != 401 && answer->status != 403,
                          "%s: %d", answer->asked, answer->status);
    }
}
END_TEST

/* A key does what its scopes say and no more, also where one route is open to two of them. */
START_TEST(scopes_add_up)
{
    _cleanup_(client_done) struct client *both = service_client(service_key("b", "read','write"));
    expect_status(post(both, "/v1/leads", "{'email':'a@example.com'}"), 201);
    expect_status(get(both, "/v1/leads"), 200);
    expect_status(post(both, "/v1/users", "{'email':'a@example.com','name':'A'}"), 403);
    _cleanup_(client_done) struct client *ingest = service_client(service_key("i", "ingest"));
    expect_status(post(ingest, "/v1/leads", "{'email':'i@example.com'}"), 201);
    expect_status(get(ingest, "/v1/leads"), 403);
}
END_TEST

/* ---- Users ---- */

START_TEST(users)
{
    const struct answer *answer =
        post(fixture.client, "/v1/users", "{'email':' Bob@Example.COM ','name':'Bob'}");
    expect_status(answer, 201);
    expect_shape(answer, "", USER_SHAPE);
    expect_text(answer, "bob@example.com", "email");
    const char *id = answer_text(answer, "id");
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/users/%s", id));
    answer = get(fixture.client, "/v1/users/%s", id);
    expect_status(answer, 200);
    expect_shape(answer, "", USER_SHAPE);
    answer = post(fixture.client, "/v1/users", "{'email':'BOB@example.com','name':'Bobby'}");
    expect_problem(answer, 409, "duplicate", "/email", NULL);
    expect_text(answer, id, "existing_id");
    answer = post(fixture.client, "/v1/users", "{'email':'nobody','name':'X'}");
    expect_problem(answer, 422, "validation_failed", "/email", "invalid");
    expect_problem(get(fixture.client, "/v1/users/" UNKNOWN_ID), 404, "not_found", NULL, NULL);
}
END_TEST

static void make_users(int count)
{
    for (int i = 0; i < count; i++)
        service_create("/v1/users", "{'email':'u%d@example.com','name':'User %d'}", i, i);
}

START_TEST(pages_of_users)
{
    make_users(7);
    const struct answer *answer = get(fixture.client, "/v1/users?limit=3");
    int seen = 0;
    for (;;) {
        expect_status(answer, 200);
        expect_shape(answer, "", PAGE_SHAPE);
        for (size_t i = 0; i < answer_count(answer, "data"); i++, seen++)
            expect_text(answer, textf("u%d@example.com", seen), "data.%zu.email", i);
        if (!answer_bool(answer, "has_more"))
            break;
        ck_assert_uint_eq(answer_count(answer, "data"), 3);
        answer =
            get(fixture.client, "/v1/users?limit=3&cursor=%s", answer_text(answer, "next_cursor"));
    }
    ck_assert(answer_is_null(answer, "next_cursor"));
    ck_assert_int_eq(seen, 7);
    answer = get(fixture.client, "/v1/users?limit=7");
    ck_assert(!answer_bool(answer, "has_more"));
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, key_is_shown_once);
    tcase_add_test(tcase, key_refused);
    tcase_add_test(tcase, who_asks);
    tcase_add_test(tcase, key_needed);
    tcase_add_test(tcase, revoked_at_once);
    tcase_add_test(tcase, many_keys);
    tcase_add_test(tcase, keys_outlive_a_restart);
    tcase_add_test(tcase, table_is_complete);
    tcase_add_test(tcase, contract_is_complete);
    tcase_add_test(tcase, matrix);
    tcase_add_test(tcase, without_a_key);
    tcase_add_test(tcase, scopes_add_up);
    tcase_add_test(tcase, users);
    tcase_add_test(tcase, pages_of_users);
    suite_add_tcase(suite, tcase);
    return suite;
}
