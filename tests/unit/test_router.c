/* test_router.c: paths and methods to rows of a route table. */
#include "unit_http.h"

/* As the app's own rows are: the route comes first, and more after it. */
struct row {
    struct http_route route;
    int more;
};

static const struct row rows[] = {
    { { HTTP_GET, "/" }, 0 },
    { { HTTP_GET, "/v1/leads" }, 1 },
    { { HTTP_POST, "/v1/leads" }, 2 },
    { { HTTP_POST, "/v1/leads/search" }, 3 },
    { { HTTP_GET, "/v1/leads/{id}" }, 4 },
    { { HTTP_PATCH, "/v1/leads/{id}" }, 5 },
    { { HTTP_DELETE, "/v1/leads/{id}" }, 6 },
    { { HTTP_POST, "/v1/leads/{id}/move" }, 7 },
    { { HTTP_GET, "/v1/pipelines/{key}/stages/{stage}" }, 8 },
    { { HTTP_GET, "/f/{form}" }, 9 },
    { { HTTP_POST, "/f/{form}" }, 10 },
    { { HTTP_OPTIONS, "/f/{form}" }, 11 },
    { { HTTP_GET, "/a/{one}/{two}/{three}/{four}" }, 12 },
    { { HTTP_GET, "/a/b/c" }, 13 },
};

static struct router *router;

static void set_up(void)
{
    ctx_start();
    router = router_new(ctx.arena, rows, ARRAY_SIZE(rows), sizeof(rows[0]));
    ck_assert_ptr_nonnull(router);
}

START_TEST(test_matches)
{
    static const struct {
        enum http_method method;
        const char *path;
        size_t route;
        const char *first, *second;
    } cases[] = {
        { HTTP_GET, "/", 0, NULL, NULL },
        { HTTP_HEAD, "/", 0, NULL, NULL },
        { HTTP_GET, "/v1/leads", 1, NULL, NULL },
        { HTTP_POST, "/v1/leads", 2, NULL, NULL },
        { HTTP_GET, "/v1/%6Ceads", 1, NULL, NULL },
        { HTTP_POST, "/v1/leads/search", 3, NULL, NULL },
        { HTTP_GET, "/v1/leads/x", 4, "x", NULL },
        { HTTP_HEAD, "/v1/leads/x", 4, "x", NULL },
        { HTTP_PATCH, "/v1/leads/x", 5, "x", NULL },
        { HTTP_DELETE, "/v1/leads/searc", 6, "searc", NULL },
        { HTTP_POST, "/v1/leads/x/move", 7, "x", NULL },
        { HTTP_POST, "/v1/leads/search/move", 7, "search",
          NULL },                                              /* back from the literal's branch */
        { HTTP_GET, "/v1/leads/a%2Fmove", 4, "a/move", NULL }, /* never separates */
        { HTTP_GET, "/v1/leads/%2e%2e", 4, "..", NULL },       /* never climbs */
        { HTTP_GET, "/v1/leads/a%2520b", 4, "a%20b", NULL },   /* decoded once */
        { HTTP_GET, "/v1/leads/a+b", 4, "a+b", NULL },         /* a plus is a plus in a path */
        { HTTP_GET, "/v1/leads/%C3%A4", 4, "\xc3\xa4", NULL },
        { HTTP_GET, "/v1/pipelines/p/stages/s", 8, "p", "s" },
        { HTTP_OPTIONS, "/f/x", 11, "x", NULL },
        { HTTP_GET, "/a/b/c", 13, NULL, NULL },
        { HTTP_GET, "/a/b/c/d/e", 12, "b", "c" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_match match;
        ck_assert_msg(router_match(router, ctx.arena, cases[i].method, cases[i].path, &match) == OK,
                      "%s", cases[i].path);
        ck_assert_uint_eq(match.route, cases[i].route);
        ck_assert_pstr_eq(match.params[0], cases[i].first);
        ck_assert_pstr_eq(match.params[1], cases[i].second);
    }
}
END_TEST

START_TEST(test_refusals)
{
    static const struct {
        enum http_method method;
        const char *path;
        enum err err;
        const char *allow;
    } cases[] = {
        { HTTP_GET, "/v1", ERR_NOT_FOUND, "" },
        { HTTP_GET, "/v1/leads/", ERR_NOT_FOUND, "" },
        { HTTP_GET, "//v1/leads", ERR_NOT_FOUND, "" },
        { HTTP_GET, "/v1//leads", ERR_NOT_FOUND, "" },
        { HTTP_GET, "/V1/leads", ERR_NOT_FOUND, "" },
        { HTTP_GET, "/v1/leads/x/y/z", ERR_NOT_FOUND, "" },
        { HTTP_GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18", ERR_NOT_FOUND, "" },
        { HTTP_GET, "", ERR_NOT_FOUND, "" },
        { HTTP_GET, "v1/leads", ERR_NOT_FOUND, "" },
        { HTTP_DELETE, "/v1/leads", ERR_METHOD, "GET, HEAD, POST" },
        { HTTP_GET, "/v1/leads/search", ERR_METHOD, "POST" },
        { HTTP_HEAD, "/v1/leads/search", ERR_METHOD, "POST" },
        { HTTP_POST, "/v1/leads/x", ERR_METHOD, "GET, HEAD, PATCH, DELETE" },
        { HTTP_PUT, "/f/x", ERR_METHOD, "GET, HEAD, POST, OPTIONS" },
        { (enum http_method)0, "/v1/leads", ERR_METHOD, "GET, HEAD, POST" },
        { HTTP_GET, "/v1/leads/%", ERR_MALFORMED, "" },
        { HTTP_GET, "/v1/leads/%4", ERR_MALFORMED, "" },
        { HTTP_GET, "/v1/leads/%zz", ERR_MALFORMED, "" },
        { HTTP_GET, "/v1/leads/%00", ERR_MALFORMED, "" },
        { HTTP_GET, "/v1/leads/a%00b", ERR_MALFORMED, "" },
        { HTTP_GET, "/v1/leads/%ff", ERR_MALFORMED, "" },
        { HTTP_GET, "/v1/leads/%c0%af", ERR_MALFORMED, "" },
        { HTTP_GET, "/nowhere//%ff", ERR_MALFORMED, "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_match match = { 0 };
        enum err err = router_match(router, ctx.arena, cases[i].method, cases[i].path, &match);
        ck_assert_msg(err == cases[i].err, "%s: %d", cases[i].path, err);
        char allow[64];
        router_allow(match.allowed, allow);
        ck_assert_str_eq(allow, cases[i].allow);
    }
    char all[64];
    router_allow(~0u, all);
    ck_assert_str_eq(all, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}
END_TEST

void router_tests(Suite *suite)
{
    TCase *tcase = tcase_create("router");
    tcase_add_checked_fixture(tcase, set_up, ctx_done);
    tcase_add_test(tcase, test_matches);
    tcase_add_test(tcase, test_refusals);
    suite_add_tcase(suite, tcase);
}
