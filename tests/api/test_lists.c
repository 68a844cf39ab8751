/* test_lists.c: lists of leads: filters, orders, and pages in which each lead is exactly once. */
#include "leads.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEADS = 40 };

#define DAY(number) (INT64_C(1700000000000) + (number)*MS_PER_DAY)

static const char *owner, *campaign;

/* Their time of creation repeats in threes and their score in fives, so that ties are many. */
static void make_leads(void)
{
    owner = service_create("/v1/users", "{'email':'o@example.com','name':'O'}");
    campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    struct buffer body = { .arena = &fixture.arena };
    for (int i = 0; i < LEADS; i++) {
        buffer_printf(&body, "%s{'email':'u%d@example.com','created_at':'%s'",
                      i ? "," : "{'items':[", i, time_text(DAY(i * 7 % LEADS / 3)));
        if (i % 2)
            buffer_text(&body, ",'company':'ACME'");
        if (i % 5 == 0)
            buffer_printf(&body, ",'phone':'+49301234%02d'", i);
        if (i % 4 == 0)
            buffer_printf(&body, ",'owner':'%s','source':'web'", owner);
        if (i % 4 == 1)
            buffer_printf(&body, ",'campaign':'%s','country':'DE'", campaign);
        if (i % 10 == 3)
            buffer_text(&body, ",'stage':'demo'");
        buffer_text(&body, "}");
    }
    buffer_text(&body, "]}");
    buffer_char(&body, '\0');
    const struct answer *answer = post(fixture.client, "/v1/import/leads", "%s", body.data);
    for (int i = 0; i < LEADS; i++)
        expect_text(answer, "created", "results.%d.status", i);
}

static void setup(void)
{
    service_setup();
    make_leads();
}

static int number_of(const struct answer *answer, size_t row)
{
    return (int)strtol(answer_text(answer, "data.%zu.email", row) + 1, NULL, 10);
}

static int score_of(int i)
{
    return 5 + (i % 2 ? 10 : 0) + (i % 5 == 0 ? 5 : 0);
}

/* ---- Filters ---- */

static bool any_open(int i)
{
    return i >= 0;
}

static bool none(int i)
{
    return i < 0;
}

static bool in_demo(int i)
{
    return i % 10 == 3;
}

static bool in_target(int i)
{
    return i % 10 != 3;
}

static bool of_owner(int i)
{
    return i % 4 == 0;
}

static bool of_campaign(int i)
{
    return i % 4 == 1;
}

static bool third(int i)
{
    return i == 3;
}

static bool score_is_15(int i)
{
    return score_of(i) == 15;
}

static bool score_from_15(int i)
{
    return score_of(i) >= 15;
}

static bool score_above_15(int i)
{
    return score_of(i) > 15;
}

static bool score_below_15(int i)
{
    return score_of(i) < 15;
}

static bool score_to_15(int i)
{
    return score_of(i) <= 15;
}

static bool from_day_5(int i)
{
    return i * 7 % LEADS / 3 >= 5;
}

static bool on_day_5(int i)
{
    return i * 7 % LEADS / 3 == 5;
}

static bool open_of_owner_from_15(int i)
{
    return of_owner(i) && score_from_15(i) && in_target(i);
}

static const struct {
    const char *query;
    bool (*matches)(int i);
} filters[] = {
    { "", any_open },
    { "status=open", any_open },
    { "status=won", none },
    { "status=lost", none },
    { "status=disqualified", none },
    { "pipeline=default", any_open },
    { "stage=demo", in_demo },
    { "stage=target&pipeline=default", in_target },
    { "stage=close", none },
    { "source=web", of_owner },
    { "source=WEB", none },
    { "owner=OWNER", of_owner },
    { "owner=CAMPAIGN", none },
    { "campaign=CAMPAIGN", of_campaign },
    { "country=DE", of_campaign },
    { "email=u3@example.com", third },
    { "score=15", score_is_15 },
    { "score[gte]=15", score_from_15 },
    { "score[gt]=15", score_above_15 },
    { "score[gt]=14&score[gte]=3", score_from_15 },
    { "score[lt]=15", score_below_15 },
    { "score[lte]=15", score_to_15 },
    { "score[lte]=14&score[lt]=99", score_below_15 },
    { "score[gte]=15&score[lte]=15", score_is_15 },
    { "score%5Bgte%5D=15", score_from_15 },
    { "score=15&score[gt]=15", none },
    { "created_at[gte]=2023-11-19T22:13:20Z", from_day_5 },
    { "created_at[gte]=2023-11-19T23:13:20%2B01:00&created_at[lt]=2023-11-19T22:13:20.001Z",
      on_day_5 },
    { "stage_entered_at[gte]=2023-11-19T22:13:20Z", from_day_5 },
    { "stage_entered_at[gte]=2023-11-19T22:13:20Z&stage_entered_at[lt]=2023-11-20T22:13:20Z",
      on_day_5 },
    { "owner=OWNER&score[gte]=15&stage=target&status=open", open_of_owner_from_15 },
    { "&status=open&", any_open },
};

static const char *with_ids(const char *query)
{
    const char *names[] = { "OWNER", "CAMPAIGN" }, *ids[] = { owner, campaign };
    for (int i = 0; i < 2; i++) {
        const char *at = strstr(query, names[i]);
        if (at)
            query = textf("%.*s%s%s", (int)(at - query), query, ids[i], at + strlen(names[i]));
    }
    return query;
}

START_TEST(filtered)
{
    for (size_t f = 0; f < ARRAY_SIZE(filters); f++) {
        const char *query = with_ids(filters[f].query);
        const struct answer *answer = get(fixture.client, "/v1/leads?limit=200&%s", query);
        expect_status(answer, 200);
        bool seen[LEADS] = { false };
        for (size_t i = 0; i < answer_count(answer, "data"); i++)
            seen[number_of(answer, i)] = true;
        for (int i = 0; i < LEADS; i++)
            ck_assert_msg(seen[i] == filters[f].matches(i), "%s: u%d is %sthere", query, i,
                          seen[i] ? "" : "not ");
        ck_assert(!answer_bool(answer, "has_more"));
    }
}
END_TEST

/* ---- Orders ---- */

static const struct {
    const char *sort, *member;
    bool descending;
} orders[] = {
    { NULL, "created_at", true },
    { "created_at", "created_at", false },
    { "-created_at", "created_at", true },
    { "score", "score", false },
    { "-score", "score", true },
    { "score,id", "score", false },
    { "-score,id", "score", true },
    { "stage_entered_at", "stage_entered_at", false },
    { "-stage_entered_at", "stage_entered_at", true },
};

static int compare_values(json_t *a, json_t *b)
{
    if (json_is_string(a))
        return strcmp(json_string_value(a), json_string_value(b));
    return (json_integer_value(a) > json_integer_value(b)) -
           (json_integer_value(a) < json_integer_value(b));
}

static void expect_order(const struct answer *answer, size_t row, json_t *before, size_t order)
{
    json_t *now = answer_at(answer, "data.%zu", row);
    if (!before)
        return;
    const char *member = orders[order].member;
    int compared = compare_values(json_object_get(before, member), json_object_get(now, member));
    if (orders[order].descending)
        compared = -compared;
    if (compared == 0) /* ties go by id, upwards */
        compared = compare_values(json_object_get(before, "id"), json_object_get(now, "id"));
    ck_assert_msg(compared < 0, "%s: %s", orders[order].sort, answer->body);
}

/* Each lead that was there at the start exactly once, while others come and go. */
START_TEST(paged)
{
    const char *sort = orders[_i].sort ? textf("&sort=%s", orders[_i].sort) : "", *cursor = "";
    int seen[LEADS] = { 0 };
    json_t *before = NULL;
    int pages = 0;
    for (bool more = true; more; pages++) {
        const struct answer *answer = get(fixture.client, "/v1/leads?limit=7%s%s", sort, cursor);
        expect_status(answer, 200);
        expect_shape(answer, "", PAGE_SHAPE);
        more = answer_bool(answer, "has_more");
        ck_assert(!more || answer_count(answer, "data") == 7);
        for (size_t i = 0; i < answer_count(answer, "data"); i++) {
            expect_shape(answer, textf("data.%zu", i), LEAD_SHAPE);
            expect_order(answer, i, before, (size_t)_i);
            before = answer_at(answer, "data.%zu", i);
            if (*answer_text(answer, "data.%zu.email", i) == 'u')
                seen[number_of(answer, i)]++;
        }
        ck_assert(answer_is_null(answer, "next_cursor") == !more);
        if (more)
            cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
        service_create("/v1/leads", "{'email':'new%d@example.com'}", pages);
    }
    for (int i = 0; i < LEADS; i++)
        ck_assert_msg(seen[i] == 1, "u%d was seen %d times", i, seen[i]);
    ck_assert_int_ge(pages, 6);
}
END_TEST

/* ---- Of some stages and statuses, some of them rare ---- */

static const struct {
    const char *stage, *status, *source;
} states[] = {
    { NULL, NULL, NULL },        { NULL, "open", NULL },         { NULL, "won", NULL },
    { NULL, "lost", NULL },      { NULL, "disqualified", NULL }, { "demo", NULL, NULL },
    { "target", NULL, NULL },    { "target", "won", NULL },      { "demo", "open", NULL },
    { "close", NULL, NULL },     { NULL, NULL, "web" },          { NULL, "lost", "web" },
    { "target", "open", "web" },
};

static void close_some(void)
{
    static const char *const verbs[] = { "win", "lose", "disqualify" };
    for (int i = 0; i < LEADS; i++) {
        const struct answer *lead = get(fixture.client, "/v1/leads?email=u%d@example.com", i);
        if (i % 5 < 3)
            expect_status(
                post(fixture.client,
                     textf("/v1/leads/%s/%s", answer_text(lead, "data.0.id"), verbs[i % 5]),
                     i % 5 ? "{'reason':'x'}" : "{}"),
                200);
    }
}

static bool has(const json_t *lead, const char *member, const char *value)
{
    const char *text = json_string_value(json_object_get(lead, member));
    return !value || (text && strcmp(text, value) == 0);
}

static size_t count_those(const struct answer *all, size_t state)
{
    size_t count = 0;
    for (size_t i = 0; i < answer_count(all, "data"); i++) {
        const json_t *lead = answer_at(all, "data.%zu", i);
        count += has(lead, "stage", states[state].stage) &&
                 has(lead, "status", states[state].status) &&
                 has(lead, "source", states[state].source);
    }
    return count;
}

static const char *parameter(const char *name, const char *value)
{
    return value ? textf("&%s=%s", name, value) : "";
}

START_TEST(by_state)
{
    close_some();
    const struct answer *all = get(fixture.client, "/v1/leads?limit=200");
    ck_assert_uint_eq(answer_count(all, "data"), LEADS);
    for (size_t state = 0; state < ARRAY_SIZE(states); state++) {
        const char *query = textf(
            "/v1/leads?limit=4&count=true%s%s%s%s", parameter("sort", orders[_i].sort),
            parameter("stage", states[state].stage), parameter("status", states[state].status),
            parameter("source", states[state].source));
        const char *cursor = "";
        size_t count = 0, wanted = count_those(all, state);
        json_t *before = NULL;
        for (bool more = true; more;) {
            const struct answer *answer = get(fixture.client, "%s%s", query, cursor);
            expect_status(answer, 200);
            expect_int(answer, (int64_t)wanted, "total");
            for (size_t i = 0; i < answer_count(answer, "data"); i++) {
                expect_order(answer, i, before, (size_t)_i);
                before = answer_at(answer, "data.%zu", i);
                ck_assert_msg(has(before, "stage", states[state].stage) &&
                                  has(before, "status", states[state].status) &&
                                  has(before, "source", states[state].source),
                              "%s: %s", query, answer->body);
                count++;
            }
            more = answer_bool(answer, "has_more");
            if (more)
                cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
        }
        ck_assert_msg(count == wanted, "%s: %zu instead of %zu", query, count, wanted);
    }
}
END_TEST

START_TEST(foreign_cursor)
{
    const struct answer *answer = get(fixture.client, "/v1/leads?limit=2&sort=score");
    const char *cursor = answer_text(answer, "next_cursor");
    static const char *const others[] = { "-score", "created_at", "-created_at",
                                          "stage_entered_at" };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        expect_problem(get(fixture.client, "/v1/leads?sort=%s&cursor=%s", others[i], cursor), 422,
                       "validation_failed", "?cursor", "invalid");
    expect_problem(get(fixture.client, "/v1/leads?cursor=%s", cursor), 422, "validation_failed",
                   "?cursor", "invalid");
    expect_status(get(fixture.client, "/v1/leads?sort=score,id&cursor=%s", cursor), 200);
}
END_TEST

START_TEST(limits)
{
    for (int i = 0; i < 170; i++)
        service_create("/v1/leads", "{'first_name':'N%d'}", i);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads"), "data"), 50);
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads?limit=1"), "data"), 1);
    const struct answer *answer = get(fixture.client, "/v1/leads?limit=200");
    ck_assert_uint_eq(answer_count(answer, "data"), 200);
    ck_assert(answer_bool(answer, "has_more"));
    answer =
        get(fixture.client, "/v1/leads?limit=200&cursor=%s", answer_text(answer, "next_cursor"));
    ck_assert_uint_eq(answer_count(answer, "data"), LEADS + 170 - 200);
    ck_assert(!answer_bool(answer, "has_more"));
}
END_TEST

/* What is closed or moved is found where it is now. */
START_TEST(follow_the_leads)
{
    const struct answer *answer = get(fixture.client, "/v1/leads?stage=demo&limit=200");
    size_t in_demo_before = answer_count(answer, "data");
    const char *id = textf("%s", answer_text(answer, "data.0.id"));
    post(fixture.client, textf("/v1/leads/%s/win", id), "{}");
    answer = get(fixture.client, "/v1/leads?status=won");
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    expect_text(answer, id, "data.0.id");
    answer = get(fixture.client, "/v1/leads?status=open&stage=demo&limit=200");
    ck_assert_uint_eq(answer_count(answer, "data"), in_demo_before - 1);
}
END_TEST

TCase *lists_tcase(void)
{
    TCase *tcase = tcase_create("lists");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, filtered);
    tcase_add_loop_test(tcase, paged, 0, ARRAY_SIZE(orders));
    tcase_add_loop_test(tcase, by_state, 0, ARRAY_SIZE(orders));
    tcase_add_test(tcase, foreign_cursor);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, follow_the_leads);
    return tcase;
}
