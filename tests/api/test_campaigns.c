/* test_campaigns.c: campaigns and the leads that are in them. */
#include "fixture.h"
#include "shape.h"

#include <string.h>

#define UNKNOWN "019aab3f-7c1e-7abc-8def-0123456789ab"

static const char *make_lead(int i)
{
    return service_create("/v1/leads", "{'email':'u%d@example.com'}", i);
}

static const char *make_campaign(const char *name)
{
    return service_create("/v1/campaigns", "{'name':'%s'}", name);
}

static const struct answer *attach(const char *campaign, const char *ids)
{
    return post(fixture.client, textf("/v1/campaigns/%s/members", campaign), "{'lead_ids':[%s]}",
                ids);
}

static void expect_members(const char *campaign, int64_t count)
{
    expect_int(get(fixture.client, "/v1/campaigns/%s", campaign), count, "member_count");
}

START_TEST(created)
{
    const struct answer *answer =
        post(fixture.client, "/v1/campaigns",
             "{'name':' Spring \xf0\x9f\x8c\xb1','channel':'email','starts_on':'2024-02-29',"
             "'ends_on':'2024-02-29','budget_minor':1000000}");
    expect_status(answer, 201);
    expect_shape(answer, "", CAMPAIGN_SHAPE);
    expect_text(answer, "2024-02-29", "starts_on");
    expect_int(answer, 1000000, "budget_minor");
    expect_int(answer, 0, "member_count");
    const char *id = answer_text(answer, "id");
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/campaigns/%s", id));
    const struct answer *again = get(fixture.client, "/v1/campaigns/%s", id);
    expect_status(again, 200);
    ck_assert_str_eq(again->body, answer->body);
    again = post(fixture.client, "/v1/campaigns", "{'name':'%s'}", answer_text(answer, "name"));
    expect_problem(again, 409, "duplicate", "/name", NULL);
    expect_text(again, id, "existing_id");
}
END_TEST

START_TEST(refused)
{
    expect_problem(post(fixture.client, "/v1/campaigns",
                        "{'name':'X','starts_on':'2024-03-01','ends_on':'2024-02-29'}"),
                   422, "validation_failed", "/ends_on", "out_of_range");
    expect_problem(post(fixture.client, "/v1/campaigns", "{'name':'X','member_count':1}"), 422,
                   "validation_failed", "/member_count", "unknown_member");
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/campaigns"), "data"), 0);
}
END_TEST

START_TEST(listed)
{
    for (int i = 0; i < 5; i++)
        make_campaign(textf("C%d", i));
    const struct answer *answer = get(fixture.client, "/v1/campaigns?limit=2");
    for (int seen = 0; seen < 5; seen += 2) {
        expect_shape(answer, "", PAGE_SHAPE);
        expect_shape(answer, "data.0", CAMPAIGN_SHAPE);
        expect_text(answer, textf("C%d", seen), "data.0.name");
        ck_assert(answer_bool(answer, "has_more") == (seen < 4));
        if (seen < 4)
            answer = get(fixture.client, "/v1/campaigns?limit=2&cursor=%s",
                         answer_text(answer, "next_cursor"));
    }
}
END_TEST

START_TEST(members)
{
    const char *campaign = make_campaign("Spring"), *a = make_lead(1), *b = make_lead(2);
    const struct answer *answer =
        attach(campaign, textf("'%s','%s','" UNKNOWN "','x','%s'", a, b, a));
    expect_status(answer, 200);
    expect_shape(answer, "", "results:a added:n failed:n");
    expect_shape(answer, "results.0", "lead_id:i added:b");
    ck_assert(answer_bool(answer, "results.0.added") && answer_bool(answer, "results.1.added"));
    ck_assert(!answer_bool(answer, "results.4.added")); /* it was already */
    expect_text(answer, "/lead_ids/2", "results.2.errors.0.pointer");
    expect_text(answer, "unknown", "results.2.errors.0.code");
    expect_text(answer, "/lead_ids/3", "results.3.errors.0.pointer");
    expect_text(answer, "invalid", "results.3.errors.0.code");
    expect_text(answer, "x", "results.3.lead_id");
    expect_int(answer, 2, "added");
    expect_int(answer, 2, "failed");
    expect_members(campaign, 2);
    expect_int(attach(campaign, textf("'%s'", a)), 0, "added");
    expect_members(campaign, 2);
    answer = get(fixture.client, "/v1/campaigns/%s/members", campaign);
    expect_shape(answer, "data.0", "lead_id:i joined_at:T");
    expect_text(answer, a, "data.0.lead_id");
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
}
END_TEST

/* The first campaign is the one by which funnels group; being in others changes nothing there. */
START_TEST(primary)
{
    const char *first = make_campaign("First"), *second = make_campaign("Second");
    const char *lead = make_lead(1);
    attach(first, textf("'%s'", lead));
    const struct answer *answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_text(answer, first, "campaign");
    expect_int(answer, 2, "version");
    attach(second, textf("'%s'", lead));
    answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_text(answer, first, "campaign");
    expect_int(answer, 2, "version");
    expect_members(first, 1);
    expect_members(second, 1);

    const char *other = make_lead(2);
    patch(fixture.client, textf("/v1/leads/%s", other), "{'campaign':'%s'}", second);
    expect_members(second, 2);
    service_create("/v1/leads", "{'first_name':'A','campaign':'%s'}", second);
    expect_members(second, 3);
    answer = get(fixture.client, "/v1/leads?campaign=%s", second);
    ck_assert_uint_eq(answer_count(answer, "data"), 2);
}
END_TEST

START_TEST(thousand_members)
{
    const char *campaign = make_campaign("Spring");
    struct buffer items = { .arena = &fixture.arena }, ids = { .arena = &fixture.arena };
    for (int i = 0; i < 1000; i++)
        buffer_printf(&items, "%s{'email':'u%d@example.com'}", i ? "," : "", i);
    buffer_char(&items, '\0');
    expect_status(post(fixture.client, "/v1/import/leads", "{'items':[%s]}", items.data), 200);
    const char *cursor = "";
    for (bool more = true; more;) {
        const struct answer *answer = get(fixture.client, "/v1/leads?limit=200%s", cursor);
        for (size_t i = 0; i < answer_count(answer, "data"); i++)
            buffer_printf(&ids, "%s'%s'", ids.length ? "," : "",
                          answer_text(answer, "data.%zu.id", i));
        more = answer_bool(answer, "has_more");
        if (more)
            cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
    }
    buffer_char(&ids, '\0');
    const struct answer *answer = attach(campaign, ids.data);
    expect_status(answer, 200);
    expect_int(answer, 1000, "added");
    expect_members(campaign, 1000);
    answer = get(fixture.client, "/v1/metrics/funnel?group_by=campaign");
    expect_text(answer, campaign, "groups.0.key");
    expect_int(answer, 1000, "groups.0.stages.0.reached");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { created, refused, listed, members, primary, thousand_members };
    Suite *suite = suite_create("campaigns");
    TCase *tcase = tcase_create("campaigns");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
