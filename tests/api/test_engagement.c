/* test_engagement.c: whether people did what activities tell: by the user agent, by what the sender
 * says, and by how fast it came; and that programs score nothing, unless a rule asks for them. */
#include "fixture.h"

#include <funneld/types.h>
#include <string.h>
#include <unistd.h>

static const char *make_lead(const char *name)
{
    return service_create("/v1/leads", "{'email':'%s@example.com'}", name);
}

static const struct answer *record(const char *lead, const char *json)
{
    return post(fixture.client, textf("/v1/leads/%s/activities", lead), "%s", json);
}

static void expect_engagement(const char *activity, const char *engagement)
{
    expect_text(get(fixture.client, "/v1/activities/%s", activity), engagement, "engagement");
}

/* What happened with a mail at so many milliseconds after some instant; returns its id. */
static const char *mail(const char *lead, const char *what, int64_t ms, const char *properties)
{
    const struct answer *answer =
        record(lead, textf("{'type':'email_%s','occurred_at':'%s','properties':{%s}}", what,
                           time_text(INT64_C(1700000000000) + ms), properties));
    expect_status(answer, 201);
    return textf("%s", answer_text(answer, "id"));
}

/* ---- User agents ---- */

#define WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "

START_TEST(user_agents)
{
    static const struct {
        const char *agent, *engagement;
    } cases[] = {
        { WINDOWS "Chrome/131.0.0.0 Safari/537.36", "verified" },
        { WINDOWS "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "verified" },
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
          "like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
          "verified" },
        { "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "verified" },
        { "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/131.0.0.0 Mobile Safari/537.36",
          "verified" },
        { "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; ms-office; MSOffice 16)",
          "verified" },
        { "", "verified" },
        { "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot" },
        { WINDOWS "HeadlessChrome/131.0.0.0 Safari/537.36", "bot" },
        { "curl/8.5.0", "bot" },
        { "libcurl is not at the beginning: curl", "verified" },
        { "Wget/1.21", "bot" },
        { "python-requests/2.32.3", "bot" },
        { "AdsBot-Google (+http://www.google.com/adsbot.html)", "bot" },
        { "Barracuda Sentinel (EE)", "bot" },
        { WINDOWS "BingPreview/1.0b", "bot" },
        { WINDOWS "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Gmail-content-sampling", "bot" },
        { WINDOWS "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", "suspect" },
        { "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com "
          "GoogleImageProxy)",
          "suspect" },
        { "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "suspect" },
        { "Mozilla/5.0", "suspect" },
    };
    const char *lead = make_lead("ann");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer *answer = record(
            lead, textf("{'type':'page_view','properties':{'user_agent':'%s'}}", cases[i].agent));
        ck_assert_msg(strcmp(answer_text(answer, "engagement"), cases[i].engagement) == 0, "%s: %s",
                      cases[i].agent, answer_text(answer, "engagement"));
        ck_assert(!answer_bool(answer, "engagement_given"));
    }
}
END_TEST

START_TEST(long_and_odd_agents)
{
    const char *lead = make_lead("ann");
    char *agent = arena_alloc(&fixture.arena, 4001);
    memset(agent, 'x', 4000);
    agent[4000] = '\0';
    memcpy(agent + 100, "Googlebot/", 10);
    expect_text(record(lead, textf("{'type':'page_view','properties':{'user_agent':'%s'}}", agent)),
                "bot", "engagement");
    expect_text(record(lead, "{'type':'page_view','properties':{'user_agent':7}}"), "verified",
                "engagement");
    expect_text(record(lead, "{'type':'page_view','properties':{'useragent':'Google\\u0062ot/'}}"),
                "bot", "engagement");
    expect_text(record(lead, "{'type':'page_view','properties':{'a':{'user_agent':'curl/8'}}}"),
                "verified", "engagement");
}
END_TEST

START_TEST(senders_tell_of_machine_opens)
{
    const char *lead = make_lead("ann");
    const char *open = mail(lead, "opened", 0, "'machine_open':true");
    expect_engagement(open, "suspect");
    expect_engagement(mail(lead, "opened", 1, "'sg_machine_open':true"), "suspect");
    expect_engagement(mail(lead, "opened", 2, "'machine_open':false"), "verified");
    /* What the sender says outright counts, whatever the agent. */
    const struct answer *answer = record(lead, "{'type':'page_view','engagement':'verified',"
                                               "'properties':{'user_agent':'curl/8.5.0'}}");
    expect_text(answer, "verified", "engagement");
    expect_int(answer, 7, "score.after");
}
END_TEST

/* ---- How fast it came ---- */

START_TEST(faster_than_anybody_reads)
{
    const char *lead = make_lead("ann");
    mail(lead, "delivered", 10000, "'message_id':'m1'");
    expect_engagement(mail(lead, "clicked", 11999, "'message_id':'m1'"), "suspect");
    expect_engagement(mail(lead, "clicked", 12000, "'message_id':'m1'"), "verified");
    expect_engagement(mail(lead, "opened", 10500, "'message_id':'m1'"), "suspect");
    expect_engagement(mail(lead, "opened", 9000, "'message_id':'m1'"), "suspect");
    expect_engagement(mail(lead, "clicked", 11000, "'message_id':'m2'"), "verified");
    expect_engagement(mail(lead, "clicked", 11000, "'other':1"), "verified");
    expect_engagement(mail(make_lead("bob"), "clicked", 11000, "'message_id':'m1'"), "verified");
}
END_TEST

START_TEST(mails_of_a_campaign)
{
    const char *lead = make_lead("ann");
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    record(lead, textf("{'type':'email_delivered','campaign':'%s','occurred_at':'%s',"
                       "'properties':{'message_id':'m1'}}",
                       campaign, time_text(1700000000000)));
#define CLICK "{'type':'email_clicked','campaign':'%s','occurred_at':'%s'}"
    expect_text(record(lead, textf(CLICK, campaign, time_text(1700000001000))), "suspect",
                "engagement");
    expect_text(record(lead, textf(CLICK, campaign, time_text(1700000003000))), "verified",
                "engagement");
}
END_TEST

/* The delivery is told of last: what was taken for a person's click is none any more. */
START_TEST(delivery_told_late)
{
    const char *lead = make_lead("ann");
    const char *click = mail(lead, "clicked", 1000, "'message_id':'m1'");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 8, "score");
    const char *delivered = mail(lead, "delivered", 0, "'message_id':'m1'");
    expect_engagement(click, "suspect");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5, "score");

    /* It was delivered at another time; or not at all. */
    const char *path = textf("/v1/activities/%s", delivered);
    patch(fixture.client, path, "{'occurred_at':'%s'}", time_text(1699999000000));
    expect_engagement(click, "verified");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 8, "score");
    patch(fixture.client, path, "{'occurred_at':'%s'}", time_text(1700000000500));
    expect_engagement(click, "suspect");
    ask(fixture.client, .method = "DELETE", .path = path);
    expect_engagement(click, "verified");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 8, "score");
}
END_TEST

START_TEST(many_links_at_once)
{
    const char *lead = make_lead("ann");
    const char *first = mail(lead, "clicked", 0, "'message_id':'m','url':'/a'");
    const char *second = mail(lead, "clicked", 900, "'message_id':'m','url':'/b'");
    mail(lead, "clicked", 901, "'message_id':'m','url':'/b'");
    mail(lead, "clicked", 902, "'message_id':'m2','url':'/c'");
    expect_engagement(first, "verified");
    expect_engagement(second, "verified");
    const char *third = mail(lead, "clicked", 1000, "'message_id':'m','url':'/c'");
    expect_engagement(first, "suspect");
    expect_engagement(second, "suspect");
    expect_engagement(third, "suspect");
    expect_engagement(mail(lead, "clicked", 1901, "'message_id':'m','url':'/d'"), "suspect");
    expect_engagement(mail(lead, "clicked", 9000, "'message_id':'m','url':'/e'"), "verified");
}
END_TEST

/* What a person said stays, until the rules are asked again. */
START_TEST(what_was_given_stays)
{
    const char *lead = make_lead("ann");
    const char *click = mail(lead, "clicked", 1000, "'message_id':'m1'");
    const char *path = textf("/v1/activities/%s", click);
    patch(fixture.client, path, "{'engagement':'verified'}");
    mail(lead, "delivered", 0, "'message_id':'m1'");
    expect_engagement(click, "verified");
    const struct answer *answer = patch(fixture.client, path, "{'engagement':null}");
    expect_text(answer, "suspect", "engagement");
    expect_int(answer, 8, "score.before");
    expect_int(answer, 5, "score.after");
    answer = patch(fixture.client, path, "{'properties':{'message_id':null}}");
    expect_text(answer, "verified", "engagement");
    answer = patch(fixture.client, path, "{'properties':{'user_agent':'curl/8.5.0'}}");
    expect_text(answer, "bot", "engagement");
}
END_TEST

/* ---- What it means ---- */

START_TEST(programs_score_nothing)
{
    const char *lead = make_lead("ann");
    const struct answer *answer =
        record(lead, "{'type':'demo_requested','properties':{'user_agent':'Googlebot/2.1'}}");
    expect_int(answer, 5, "score.after");
    record(lead, "{'type':'meeting','engagement':'suspect'}");
    record(lead, "{'type':'call'}");
    expect_text(get(fixture.client, "/v1/leads/%s", lead), "target", "stage");
    expect_int(get(fixture.client, "/v1/leads/%s", lead), 5, "score");

    const char *path = textf("/v1/leads/%s/activities", lead);
    ck_assert_uint_eq(answer_count(get(fixture.client, "%s", path), "data"), 3);
    answer = get(fixture.client, "%s?engagement=bot&count=true", path);
    expect_int(answer, 1, "total");
    expect_text(answer, "demo_requested", "data.0.type");
    expect_text(get(fixture.client, "%s?engagement=suspect", path), "meeting", "data.0.type");
    expect_text(get(fixture.client, "%s?engagement=verified", path), "call", "data.0.type");
    expect_problem(get(fixture.client, "%s?engagement=human", path), 422, "validation_failed",
                   "?engagement", "unknown_value");
}
END_TEST

/* Once a person says that it was one, it counts. */
START_TEST(taken_for_a_program)
{
    const char *lead = make_lead("ann");
    record(lead, "{'type':'meeting'}");
    const struct answer *answer =
        record(lead, "{'type':'demo_requested','properties':{'user_agent':'Googlebot/2.1'}}");
    const char *path = textf("/v1/activities/%s", answer_text(answer, "id"));
    answer = patch(fixture.client, path, "{'engagement':'verified'}");
    expect_int(answer, 25, "score.before");
    expect_int(answer, 65, "score.after");
    expect_text(answer, "mql", "stage.after");
}
END_TEST

START_TEST(conditions_ask_for_it)
{
    record(make_lead("ann"), "{'type':'email_opened','engagement':'suspect'}");
    record(make_lead("bob"), "{'type':'email_opened'}");
    record(make_lead("cid"), "{'type':'email_opened','engagement':'bot'}");
    static const struct {
        const char *engagement;
        int leads;
    } cases[] = {
        { "", 1 },
        { ",'engagement':['verified']", 1 },
        { ",'engagement':['suspect']", 1 },
        { ",'engagement':['suspect','bot']", 2 },
        { ",'engagement':['verified','suspect','bot']", 3 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_uint_eq(
            answer_count(post(fixture.client, "/v1/leads/search",
                              "{'condition':{'activity':'email_opened'%s}}", cases[i].engagement),
                         "data"),
            (size_t)cases[i].leads);
    expect_problem(post(fixture.client, "/v1/leads/search",
                        "{'condition':{'activity':'email_opened','engagement':['human']}}"),
                   422, "validation_failed", "/condition/engagement/0", "unknown_value");
    expect_problem(post(fixture.client, "/v1/leads/search",
                        "{'condition':{'activity':'email_opened','engagement':'bot'}}"),
                   422, "validation_failed", "/condition/engagement", "wrong_type");
}
END_TEST

/* A rule may take part of the points for an open that nobody can be sure of. */
START_TEST(rules_ask_for_it)
{
    const char *rules = service_create(
        "/v1/rule-sets",
        "{'name':'Opens','groups':[{'key':'engagement','min_milli':0,'max_milli':100000}],"
        "'rules':[{'key':'open','name':'Opened','score_group':'engagement','points_milli':10000,"
        "'each':{'activity':'email_opened'}},"
        "{'key':'maybe','name':'Perhaps opened','score_group':'engagement','points_milli':2000,"
        "'each':{'activity':'email_opened','engagement':['suspect']}}]}");
    const char *lead = make_lead("ann");
    expect_status(
        ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/publish", rules)),
        202);
    record(lead, "{'type':'email_opened','engagement':'suspect'}");
    record(lead, "{'type':'email_opened','engagement':'bot'}");
    const struct answer *answer = record(lead, "{'type':'email_opened'}");
    expect_int(answer, 2, "score.before");
    expect_int(answer, 12, "score.after");
    answer = record(lead, "{'type':'email_opened','engagement':'suspect',"
                          "'occurred_at':'2024-01-01T00:00:00Z'}");
    expect_int(answer, 14, "score.after");
    answer = get(fixture.client, "/v1/leads/%s/score", lead);
    expect_int(answer, 14, "score");
}
END_TEST

/* A search selects the activities that a rule of the same condition selects: the lead's score has a
 * bit for each condition that holds. */
START_TEST(searches_and_rules_agree)
{
    static const char *const conditions[] = {
        "{'activity':'email_opened'}",
        "{'activity':'email_opened','engagement':['suspect']}",
        "{'activity':'email_opened','engagement':['bot','suspect'],'count':{'gte':2}}",
        "{'activity':'email_opened','engagement':['verified','suspect','bot'],'within_days':30}",
        "{'activity':'email_opened','count':{'gte':0,'lte':1}}",
        "{'not':{'activity':'email_opened','engagement':['bot'],"
        "'where':[{'property':'mail','op':'eq','value':'a'}]}}",
    };
    enum { CONDITIONS = ARRAY_SIZE(conditions), KINDS = 3, LEADS = 27 };
    struct buffer rules = { .arena = &fixture.arena };
    for (size_t i = 0; i < CONDITIONS; i++)
        buffer_printf(&rules,
                      "%s{'key':'r%zu','name':'R','score_group':'g','points_milli':%d,'when':%s}",
                      i ? "," : "", i, 1000 << i, conditions[i]);
    buffer_char(&rules, '\0');
    const char *set = service_create(
        "/v1/rule-sets",
        "{'name':'Bits','groups':[{'key':'g','min_milli':0,'max_milli':100000}],'rules':[%s]}",
        rules.data);
    expect_status(
        ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/publish", set)), 202);
    for (int i = 0; i < LEADS; i++) { /* none, one or two of each kind, some of them old */
        const char *lead = make_lead(textf("u%d", i));
        int times[KINDS] = { i % 3, i / 3 % 3, i / 9 };
        for (int kind = 0; kind < KINDS; kind++)
            for (int j = 0; j < times[kind]; j++)
                expect_status(
                    record(lead, textf("{'type':'email_opened','engagement':'%s',"
                                       "'properties':{'mail':'%s'}%s}",
                                       engagement_names[kind], j ? "b" : "a",
                                       i % 2 ? ",'occurred_at':'2024-01-01T00:00:00Z'" : "")),
                    201);
    }
    const struct answer *leads = get(fixture.client, "/v1/leads?limit=200");
    for (size_t i = 0; i < CONDITIONS; i++) {
        const struct answer *found =
            post(fixture.client, "/v1/leads/search", "{'condition':%s,'limit':200}", conditions[i]);
        size_t at = 0; /* both have the newest first */
        for (size_t j = 0; j < answer_count(leads, "data"); j++) {
            bool holds = answer_int(leads, "data.%zu.score", j) >> i & 1;
            const char *id = answer_text(leads, "data.%zu.id", j);
            bool is_found = at < answer_count(found, "data") &&
                            strcmp(answer_text(found, "data.%zu.id", at), id) == 0;
            ck_assert_msg(holds == is_found, "%s: %s", conditions[i],
                          answer_text(leads, "data.%zu.email", j));
            at += is_found;
        }
        ck_assert_uint_eq(at, answer_count(found, "data"));
        ck_assert(at > 0 && at < LEADS);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("engagement");
    TCase *tcase = tcase_create("engagement");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, user_agents);
    tcase_add_test(tcase, long_and_odd_agents);
    tcase_add_test(tcase, senders_tell_of_machine_opens);
    tcase_add_test(tcase, faster_than_anybody_reads);
    tcase_add_test(tcase, mails_of_a_campaign);
    tcase_add_test(tcase, delivery_told_late);
    tcase_add_test(tcase, many_links_at_once);
    tcase_add_test(tcase, what_was_given_stays);
    tcase_add_test(tcase, programs_score_nothing);
    tcase_add_test(tcase, taken_for_a_program);
    tcase_add_test(tcase, conditions_ask_for_it);
    tcase_add_test(tcase, rules_ask_for_it);
    tcase_add_test(tcase, searches_and_rules_agree);
    suite_add_tcase(suite, tcase);
    return suite;
}
