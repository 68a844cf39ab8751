/* test_stage_events.c: the stage events of all leads: which of them each filter selects, the order,
 * and who is not seen. That figures lead here exactly, test_drilldown.c tries. */
#include "shape.h"

#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const char *web, *fair, *ann;

static const char *act(const char *lead, const char *what, const char *json)
{
    expect_status(post(fixture.client, textf("/v1/leads/%s/%s", lead, what), "%s", json), 200);
    return lead;
}

static const char *import_lead(const char *name, const char *more)
{
    const struct answer *answer =
        post(fixture.client, "/v1/import/leads",
             "{'items':[{'source_system':'x','external_id':'%s','created_at':"
             "'2024-03-01T00:00:00Z',%s}]}",
             name, more);
    expect_text(answer, "created", "results.0.status");
    answer = get(fixture.client, "/v1/leads?source_system=x&external_id=%s", name);
    return textf("%s", answer_text(answer, "data.0.id"));
}

static void import_event(const char *name, const char *to, const char *at)
{
    const struct answer *answer =
        post(fixture.client, "/v1/import/stage-events",
             "{'items':[{'source_system':'x','external_id':'%s','to':'%s','occurred_at':'%s',"
             "'reason':'why'}]}",
             name, to, at);
    expect_text(answer, "created", "results.0.status");
}

/* a: target, mql, sql, won. b: mql, lost. c: target, demo by mistake. */
static void setup(void)
{
    service_setup();
    ann = service_create("/v1/users", "{'email':'ann@example.com','name':'Ann'}");
    web = import_lead("a", textf("'source':'web','owner':'%s'", ann));
    import_event("a", "mql", "2024-03-02T00:00:00Z");
    import_event("a", "sql", "2024-03-05T00:00:00Z");
    import_event("a", "won", "2024-03-09T00:00:00Z");
    fair = import_lead("b", "'stage':'mql','source':'Fair & more'");
    import_event("b", "lost", "2024-03-02T00:00:00Z");
    import_lead("c", "'stage':'target'");
    const char *mistaken = import_lead("d", "'stage':'mql'");
    act(mistaken, "move", "{'stage':'demo'}");
    act(mistaken, "move", "{'stage':'mql','cause':'correction','reason':'a mistake'}");
}

/* "mql sql won" in the order of time: where each leads. */
static void expect_events(const char *query, const char *expected)
{
    struct buffer said = { .arena = &fixture.arena };
    const struct answer *answer =
        get(fixture.client, "/v1/stage-events?sort=occurred_at&count=true&%s", query);
    expect_status(answer, 200);
    for (size_t i = 0; i < answer_count(answer, "data"); i++) {
        expect_shape(answer, textf("data.%zu", i), STAGE_EVENT_SHAPE);
        const char *to = answer_is_null(answer, "data.%zu.to", i)
                             ? answer_text(answer, "data.%zu.to_status", i)
                             : answer_text(answer, "data.%zu.to", i);
        buffer_printf(&said, "%s%s", i ? " " : "", to);
    }
    buffer_char(&said, '\0');
    ck_assert_msg(strcmp(said.data, expected) == 0, "%s: %s instead of %s", query, said.data,
                  expected);
    expect_int(answer, (int64_t)answer_count(answer, "data"), "total");
}

START_TEST(filters)
{
    const struct {
        const char *query, *expected;
    } cases[] = {
        { "source=web", "target mql sql won" },
        { "source=Fair%20%26%20more", "mql lost" },
        { "source[absent]=true&cause=import", "target mql" },
        { textf("lead_id=%s", web), "target mql sql won" },
        { textf("lead_id=%s&to=sql", web), "sql" },
        { "to=won", "won" },
        { "to=lost", "lost" },
        { "to=disqualified", "" },
        { "to=sql", "sql" },
        { "to=sql&pipeline=default", "sql" },
        { "from=mql&to=sql", "sql" },
        { "cause=correction", "mql" },
        { "voided=true&to=demo", "demo" },
        { "to=demo", "" },
        { textf("owner=%s", ann), "target mql sql won" },
        { textf("owner[absent]=true&lead_owner=%s", ann), "" },
        { "lead_owner[absent]=true&to=lost", "lost" },
        { "campaign[absent]=true&to=lost", "lost" },
        { textf("campaign=%s", ann), "" },
        { "occurred_at[gte]=2024-03-02T00:00:00Z&occurred_at[lt]=2024-03-05T00:00:00Z",
          "mql lost" },
        { "occurred_at[gte]=2024-03-09T00:00:00Z&cause=import", "won" },
        { "occurred_at[lt]=2024-03-02T00:00:00Z", "target mql target mql" },
        { "lead_created_at[gte]=2024-03-01T00:00:00Z&lead_created_at[lt]=2024-03-02T00:00:00Z&to="
          "mql",
          "mql mql mql mql" },
        { "lead_created_at[lt]=2024-03-01T00:00:00Z", "" },
        /* the correction came back to where the lead was */
        { "counted=true&to=mql", "mql mql mql" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_events(cases[i].query, cases[i].expected);
}
END_TEST

struct refusal {
    const char *query, *place, *why;
};

static void expect_refused(const char *path, const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_problem(get(fixture.client, "%s?%s", path, cases[i].query), 422, "validation_failed",
                       cases[i].place, cases[i].why);
}

START_TEST(mistakes)
{
    static const struct refusal cases[] = {
        { "to=nowhere", "?to", "unknown" },
        { "from=won", "?from", "unknown" },
        { "pipeline=none", "?pipeline", "unknown" },
        { "owner=5", "?owner", "invalid" },
        { "occurred_at[gte]=now", "?occurred_at[gte]", "invalid" },
        { "occurred_at=2024", "?occurred_at", "unknown_parameter" },
        { "cause=magic", "?cause", "unknown_value" },
        { "sort=score", "?sort", "invalid" },
    };
    expect_refused("/v1/stage-events", cases, ARRAY_SIZE(cases));
}
END_TEST

/* What else is asked of where leads got. */
START_TEST(leads_that_reached)
{
    const struct {
        const char *query;
        int64_t total;
    } cases[] = {
        { "reached=target", 4 },
        { "reached=mql", 3 },
        { "reached=demo", 1 },
        { "reached=won", 1 },
        { "reached=lost", 1 },
        { "reached=mql&within_days=1", 2 },
        { "reached=mql&within_days=2", 3 },
        { "reached=mql&reached_at[gte]=2024-03-02T00:00:00Z", 1 },
        { "reached=close&reached_at[gte]=2024-03-09T00:00:00Z&reached_at[lt]=2024-03-10T00:00:00Z",
          1 },
        { textf("reached=sql&reached_owner=%s", ann), 1 },
        { "reached=mql&reached_owner[absent]=true", 2 },
        { "reached=mql&source[absent]=true&pipeline=default", 1 },
        { "reached=mql&stage=mql&sort=-score", 2 },
        { "reached=mql&counted=true&sort=-score", 3 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer *answer =
            get(fixture.client, "/v1/leads?count=true&%s", cases[i].query);
        expect_status(answer, 200);
        expect_int(answer, cases[i].total, "total");
        ck_assert_int_eq((int64_t)answer_count(answer, "data"), cases[i].total);
    }
    static const struct refusal refused[] = {
        { "reached=nowhere", "?reached", "unknown" },
        { "within_days=3", "?reached", "required" },
        { "reached_owner[absent]=true", "?reached", "required" },
        { "reached=mql&within_days=0", "?within_days", "out_of_range" },
    };
    expect_refused("/v1/leads", refused, ARRAY_SIZE(refused));
}
END_TEST

/* As many conditions beside as a list takes plainly, and more. */
START_TEST(with_many_conditions)
{
    struct buffer query = { .arena = &fixture.arena };
    static const char *const attributes[] = { "email",     "phone",   "first_name", "last_name",
                                              "company",   "website", "industry",   "country",
                                              "job_title", "city" };
    static const char *const ops[] = { "ne", "not_in", "not_contains" };
    for (size_t i = 0; i < ARRAY_SIZE(attributes) * ARRAY_SIZE(ops); i++)
        buffer_printf(&query, "&%s[%s]=x%zu", attributes[i / ARRAY_SIZE(ops)],
                      ops[i % ARRAY_SIZE(ops)], i);
    buffer_char(&query, '\0');
    const struct answer *answer =
        get(fixture.client,
            "/v1/leads?count=true&counted=true&reached=mql&reached_at[gte]=2024-03-01T00:00:00Z&"
            "reached_owner[absent]=true&within_days=9&pipeline=default&limit=1%s",
            query.data);
    expect_status(answer, 200);
    expect_int(answer, 2, "total");
    answer = get(fixture.client, "/v1/leads?reached=mql&limit=1&cursor=%s%s",
                 answer_text(get(fixture.client, "/v1/leads?reached=mql&limit=1%s", query.data),
                             "next_cursor"),
                 query.data);
    expect_status(answer, 200);
}
END_TEST

START_TEST(erased)
{
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", fair)),
                  204);
    expect_events("source=Fair%20%26%20more", "");
    expect_events("source=Fair%20%26%20more&erased=show", "mql lost");
    const struct answer *answer = get(fixture.client, "/v1/stage-events?to=lost&erased=show");
    ck_assert(answer_is_null(answer, "data.0.reason"));
    expect_status(
        ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s?facts=remove", fair)),
        204);
    expect_events("source=Fair%20%26%20more&erased=show", "");
}
END_TEST

/* Newest first, and only what was asked for. */
START_TEST(a_part_of_it)
{
    const struct answer *answer =
        get(fixture.client, "/v1/stage-events?fields=to,occurred_at&to=mql&limit=1");
    expect_status(answer, 200);
    expect_shape(answer, "data.0", "id:i to:t occurred_at:T");
    ck_assert(answer_bool(answer, "has_more"));
    ck_assert_ptr_nonnull(answer_header(answer, "Link"));
    ck_assert_ptr_nonnull(answer_header(answer, "ETag"));
    ck_assert_int_gt(strcmp(answer_text(answer, "data.0.occurred_at"), "2025"), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { filters, mistakes,    leads_that_reached, with_many_conditions,
                                   erased,  a_part_of_it };
    Suite *suite = suite_create("stage_events");
    TCase *tcase = tcase_create("stage_events");
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
