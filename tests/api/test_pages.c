/* test_pages.c: what all lists have in common: orders, pages, cursors that are of this list alone,
 * links to the next page. */
#include "fixture.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 5 }; /* at least, of each list */

static const char *lead, *other_lead, *campaign, *other_campaign;

static void make_leads(void)
{
    campaign = service_create("/v1/campaigns", "{'name':'C'}");
    for (int i = 0; i < ROWS; i++)
        other_lead = service_create(
            "/v1/leads", "{'email':'u%d@example.com','source':'web','campaign':'%s'}", i, campaign);
    lead = service_create("/v1/leads", "{'email':'ann@example.com','source':'fair'}");
    static const char *const stages[] = { "mql", "sql", "demo", "proposal", "close" };
    for (int i = 0; i < ROWS; i++) {
        post(fixture.client, textf("/v1/leads/%s/move", lead), "{'stage':'%s'}", stages[i]);
        post(fixture.client, textf("/v1/leads/%s/activities", lead), "{'type':'note'}");
        post(fixture.client, textf("/v1/leads/%s/activities", other_lead), "{'type':'note'}");
    }
}

static void setup(void)
{
    service_setup();
    make_leads();
    for (int i = 0; i < ROWS; i++) {
        service_create("/v1/users", "{'email':'u%d@example.com','name':'U'}", i);
        other_campaign = service_create("/v1/campaigns", "{'name':'C%d'}", i);
        service_create("/v1/forms", "{'name':'F','key':'the-form-%d'}", i);
        service_create("/v1/keys", "{'name':'K','scopes':['read']}");
        expect_status(post(fixture.client, textf("/f/the-form-%d", i), "{'email':'x@example.com'}"),
                      200);
    }
}

static const struct {
    const char *path; /* %s is a lead, or a campaign */
    const char *sort; /* what it can be ordered by */
    const char *filter;
} lists[] = {
    { "/v1/leads", "created_at", "status=open" },
    { "/v1/leads", "score", "source=web" },
    { "/v1/leads", "stage_entered_at", "stage=target" },
    { "/v1/leads/%s/activities", "occurred_at", "type=note" },
    { "/v1/leads/%s/stages", "occurred_at", "voided=true" },
    { "/v1/stage-events", "occurred_at", "voided=true" },
    { "/v1/submissions", "id", "verdict=created" },
    { "/v1/users", "id", NULL },
    { "/v1/campaigns", "id", NULL },
    { "/v1/forms", "id", NULL },
    { "/v1/keys", "id", NULL },
    { "/v1/campaigns/%s/members", "lead_id", NULL },
    { "/v1/pipelines", "created_at", NULL },
    { "/v1/rule-sets", "id", NULL },
};

/* The path of a list with its query begun. */
static const char *path_of(int list, const char *of_lead)
{
    struct buffer path = { .arena = &fixture.arena };
    const char *place = strstr(lists[list].path, "%s");
    if (place) {
        buffer_append(&path, lists[list].path, (size_t)(place - lists[list].path));
        bool of_campaign = strncmp(lists[list].path, "/v1/campaigns/", 14) == 0;
        buffer_text(&path, !of_campaign ? of_lead : of_lead == lead ? campaign : other_campaign);
    }
    buffer_text(&path, place ? place + 2 : lists[list].path);
    buffer_char(&path, '\0');
    return path.data;
}

static bool is_small(int list)
{
    return strcmp(lists[list].path, "/v1/pipelines") == 0 ||
           strcmp(lists[list].path, "/v1/rule-sets") == 0;
}

/* What tells the rows apart. */
static const char *name_of(const struct answer *answer, size_t row)
{
    static const char *const members[] = { "id", "lead_id", "key" };
    size_t i = 0;
    while (i < 2 && !answer_at(answer, "data.%zu.%s", row, members[i]))
        i++;
    return answer_text(answer, "data.%zu.%s", row, members[i]);
}

/* Every row of the list, page by page; returns how many. */
static size_t walk(const char *target, int limit, const char *names[static 100])
{
    size_t count = 0;
    const char *cursor = "";
    for (bool more = true; more;) {
        const struct answer *answer = get(fixture.client, "%s&limit=%d%s", target, limit, cursor);
        expect_status(answer, 200);
        expect_shape(answer, "", PAGE_SHAPE);
        for (size_t i = 0; i < answer_count(answer, "data"); i++) {
            ck_assert_uint_lt(count, 100);
            names[count++] = textf("%s", name_of(answer, i));
        }
        more = answer_bool(answer, "has_more");
        if (more)
            cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
    }
    return count;
}

START_TEST(orders)
{
    const char *up[100], *down[100], *whole[100];
    const char *path = path_of(_i, lead), *sort = lists[_i].sort;
    size_t count = walk(textf("%s?sort=%s", path, sort), 200, whole);
    ck_assert_uint_ge(count, is_small(_i) ? 1 : ROWS);
    ck_assert_uint_eq(walk(textf("%s?sort=%s,id", path, sort), 2, up), count);
    ck_assert_uint_eq(walk(textf("%s?sort=-%s", path, sort), 2, down), count);
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        ck_assert_str_eq(up[i], whole[i]);
        for (size_t j = 0; j < count; j++)
            times += strcmp(down[j], up[i]) == 0;
        ck_assert_uint_eq(times, 1);
    }
    if (count > 1)
        ck_assert_str_ne(down[0], up[0]);
    expect_problem(get(fixture.client, "%s?sort=colour", path), 422, "validation_failed", "?sort",
                   "invalid");
}
END_TEST

static void refuse(const char *path, const char *query, const char *cursor)
{
    const struct answer *answer = get(fixture.client, "%s?%s&cursor=%s", path, query, cursor);
    expect_problem(answer, 422, "validation_failed", "?cursor", "invalid");
}

/* Each letter of it changed, one more, one less. */
START_TEST(forged_cursors)
{
    const char *path = path_of(_i, lead);
    const struct answer *answer = get(fixture.client, "%s?limit=1", path);
    if (is_small(_i))
        return;
    char *cursor = arena_text(&fixture.arena, answer_text(answer, "next_cursor"), 54);
    ck_assert_uint_eq(strlen(cursor), 54);
    for (size_t i = 0; i < 54; i++) {
        char kept = cursor[i];
        cursor[i] = kept == 'A' ? 'B' : 'A';
        refuse(path, "limit=1", cursor);
        cursor[i] = kept;
    }
    refuse(path, "limit=1", textf("%sA", cursor));
    refuse(path, "limit=1", textf("%s%%3D%%3D", cursor));
    refuse(path, "limit=1", textf("%.53s", cursor));
    refuse(path, "limit=1", textf("%s%%20", cursor));
    refuse(path, "limit=1", textf("%.36s", cursor));
    expect_status(get(fixture.client, "%s?limit=1&cursor=%s", path, cursor), 200);
    expect_status(get(fixture.client, "%s?cursor=%s&limit=200", path, cursor), 200);
}
END_TEST

START_TEST(foreign_cursors)
{
    const char *path = path_of(_i, lead), *sort = lists[_i].sort, *filter = lists[_i].filter;
    if (is_small(_i))
        return;
    const struct answer *answer = get(fixture.client, "%s?limit=1&sort=%s", path, sort);
    const char *cursor = textf("%s", answer_text(answer, "next_cursor"));
    refuse(path, textf("sort=-%s", sort), cursor);
    if (filter)
        refuse(path, textf("sort=%s&%s", sort, filter), cursor);
    if (strstr(lists[_i].path, "%s"))
        refuse(path_of(_i, other_lead), textf("sort=%s", sort), cursor);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (strcmp(lists[i].path, lists[_i].path) != 0)
            refuse(path_of((int)i, lead), textf("sort=%s", lists[i].sort), cursor);
    service_restart();
    expect_status(get(fixture.client, "%s?sort=%s&cursor=%s", path, sort, cursor), 200);
    if (strstr(lists[_i].path, "%s"))
        return;
    char kept[64];
    snprintf(kept, sizeof kept, "%s", cursor);
    service_teardown();
    service_setup(); /* another installation, whose secret is another */
    refuse(lists[_i].path, textf("sort=%s", sort), kept);
}
END_TEST

/* The same filters count, however they are written. */
START_TEST(same_filters)
{
    const struct answer *answer =
        get(fixture.client, "/v1/leads?status=open&source=web&limit=2&score[gte]=-5");
    const char *cursor = answer_text(answer, "next_cursor");
    expect_status(get(fixture.client,
                      "/v1/leads?cursor=%s&score%%5Bgte%%5D=-5&s%%6Furce=w%%65b&"
                      "status=open&sort=-created_at,id",
                      cursor),
                  200);
    refuse("/v1/leads", "status=open&source=web", cursor);
    refuse("/v1/leads", "status=open&source=web&score[gte]=-4", cursor);
}
END_TEST

/* Follows rel="next" to the end. */
START_TEST(links)
{
    const char *first = textf("%s?limit=2&sort=%s", path_of(_i, lead), lists[_i].sort);
    const char *target = first;
    for (int pages = 1;; pages++) {
        const struct answer *answer = get(fixture.client, "%s", target);
        expect_status(answer, 200);
        const char *link = answer_header(answer, "Link");
        bool more = answer_bool(answer, "has_more");
        ck_assert((link != NULL) == (more || pages > 1));
        if (pages > 1)
            ck_assert(strstr(link, textf("<%s>; rel=\"first\"", first)));
        if (!more) {
            ck_assert(!link || !strstr(link, "next"));
            break;
        }
        target = textf("%s&cursor=%s", first, answer_text(answer, "next_cursor"));
        ck_assert(strstr(link, textf("<%s>; rel=\"next\"", target)) == link);
    }
}
END_TEST

/* The total is that of all pages, whichever is asked for, and of these filters. */
START_TEST(totals)
{
    const char *names[100], *path = path_of(_i, lead), *filter = lists[_i].filter;
    size_t all = walk(textf("%s?sort=%s", path, lists[_i].sort), 200, names);
    const struct answer *answer = get(fixture.client, "%s?limit=1&count=true", path);
    expect_shape(answer, "", PAGE_SHAPE " total:n");
    expect_int(answer, all, "total");
    if (answer_bool(answer, "has_more"))
        expect_int(get(fixture.client, "%s?count=true&cursor=%s", path,
                       answer_text(answer, "next_cursor")),
                   all, "total");
    expect_shape(get(fixture.client, "%s?count=false", path), "", PAGE_SHAPE);
    if (!filter)
        return;
    size_t some = walk(textf("%s?%s", path, filter), 200, names);
    expect_int(get(fixture.client, "%s?%s&count=true", path, filter), some, "total");
}
END_TEST

static const char *const lead_filters[] = {
    "pipeline=default",
    "stage=target",
    "status=open",
    "status=won",
    "stage=close&status=open&score[gte]=0",
    "score[lt]=0",
    "source=web",
    "source=web&status=open",
    "country=DE",
    "created_at[gte]=2020-01-01T00:00:00Z&stage_entered_at[gte]=2020-01-01T00:00:00Z",
    "email=ann@example.com",
    "email=nobody@example.com",
    "pipeline=default&source=fair",
};

START_TEST(totals_of_leads)
{
    const char *names[100], *filter = lead_filters[_i];
    size_t some = walk(textf("/v1/leads?%s", filter), 2, names);
    expect_int(get(fixture.client, "/v1/leads?%s&limit=1&count=true", filter), some, "total");
    expect_int(get(fixture.client, "/v1/leads?%s&campaign=%s&count=true", filter, campaign),
               walk(textf("/v1/leads?%s&campaign=%s", filter, campaign), 200, names), "total");
}
END_TEST

/* Only what was asked for, and the id. */
START_TEST(some_fields)
{
    const struct answer *answer = get(fixture.client, "/v1/leads?fields=email,score&limit=2");
    expect_shape(answer, "", PAGE_SHAPE);
    expect_shape(answer, "data.0", "id:i email:t score:n");
    expect_shape(answer, "data.1", "id:i email:t score:n");
    const char *target = strchr(answer_header(answer, "Link"), '<') + 1;
    answer = get(fixture.client, "%.*s", (int)strcspn(target, ">"), target);
    expect_shape(answer, "data.0", "id:i email:t score:n");
    expect_shape(get(fixture.client, "/v1/leads/%s?fields=stage", lead), "", "id:i stage:t");
    expect_shape(get(fixture.client, "/v1/leads/%s?fields=id,id", lead), "", "id:i");
    expect_shape(get(fixture.client, "/v1/pipelines?fields=key"), "data.0", "key:t");
    expect_shape(get(fixture.client, "/v1/pipelines/default/board?fields=as_of"), "", "as_of:T");
    answer = get(fixture.client, "/v1/submissions?limit=1");
    const char *submission = textf("%s", answer_text(answer, "data.0.id"));
    expect_shape(get(fixture.client, "/v1/submissions/%s?fields=body,verdict", submission), "",
                 "id:i body:t verdict:t");
    expect_status(get(fixture.client, "/v1/leads?fields=id&cursor=%s",
                      answer_text(get(fixture.client, "/v1/leads?limit=1"), "next_cursor")),
                  200);
}
END_TEST

START_TEST(wrong_fields)
{
    static const char *const wrong[] = {
        "colour", "id,colour", "id,",      ",",     "id,,email",
        "email ", "EMAIL",     "stage_id", "tally", "pipeline_id"
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct buffer path = { .arena = &fixture.arena };
        buffer_text(&path, "/v1/leads?fields=");
        for (const char *c = wrong[i]; *c; c++)
            buffer_text(&path, *c == ' ' ? "%20" : (char[]){ *c, '\0' });
        buffer_char(&path, '\0');
        expect_problem(get(fixture.client, "%s", path.data), 422, "validation_failed", "?fields",
                       "unknown_value");
    }
    const struct answer *answer = get(fixture.client, "/v1/users?fields=email,colour");
    ck_assert(strstr(answer_text(answer, "errors.0.detail"), "\"colour\""));
    ck_assert(strstr(answer_text(answer, "errors.0.detail"), "id, email, name, created_at"));
    expect_problem(post(fixture.client, "/v1/users?fields=id", "{}"), 422, "validation_failed",
                   "?fields", "unknown_parameter");
}
END_TEST

/* Long ones pass too. */
START_TEST(long_links)
{
    struct buffer fields = { .arena = &fixture.arena };
    for (int i = 0; i < 330; i++)
        buffer_text(&fields, i ? ",id" : "id");
    for (int i = 0; i < 2; i++) {
        const struct answer *answer =
            get(fixture.client, "/v1/leads?limit=1&fields=%.*s", (int)fields.length, fields.data);
        expect_status(answer, 200);
        ck_assert_uint_gt(strlen(answer_header(answer, "Link")), 900);
        answer = get(fixture.client, "/v1/leads?limit=1&cursor=%s&fields=%.*s",
                     answer_text(answer, "next_cursor"), (int)fields.length, fields.data);
        expect_status(answer, 200);
        ck_assert_uint_gt(strlen(answer_header(answer, "Link")), 1000);
    }
}
END_TEST

/* Whatever stands in the query, a link is one. */
START_TEST(odd_links)
{
    service_create("/v1/leads", "{'first_name':'A','source':'<\\u00e9\\\">'}");
    service_create("/v1/leads", "{'first_name':'A','source':'<\\u00e9\\\">'}");
    const struct answer *answer =
        get(fixture.client, "/v1/leads?&&limit=1&source=%%3c%%C3%%A9\">&");
    expect_status(answer, 200);
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    const char *cursor = answer_text(answer, "next_cursor");
    ck_assert_str_eq(
        answer_header(answer, "Link"),
        textf("</v1/leads?limit=1&source=%%3c%%C3%%A9%%22%%3E&cursor=%s>; rel=\"next\"", cursor));
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tcase = tcase_create("pages");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, orders, 0, ARRAY_SIZE(lists));
    tcase_add_loop_test(tcase, forged_cursors, 0, ARRAY_SIZE(lists));
    tcase_add_loop_test(tcase, foreign_cursors, 0, ARRAY_SIZE(lists));
    tcase_add_test(tcase, same_filters);
    tcase_add_loop_test(tcase, links, 0, ARRAY_SIZE(lists));
    tcase_add_test(tcase, odd_links);
    tcase_add_test(tcase, long_links);
    tcase_add_loop_test(tcase, totals, 0, ARRAY_SIZE(lists));
    tcase_add_loop_test(tcase, totals_of_leads, 0, ARRAY_SIZE(lead_filters));
    tcase_add_test(tcase, some_fields);
    tcase_add_test(tcase, wrong_fields);
    suite_add_tcase(suite, tcase);
    return suite;
}
