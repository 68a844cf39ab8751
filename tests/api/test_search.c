/* test_search.c: leads by condition, over the wire: as parameters of the list, as a body of
 * ours and of HubSpot's, with what people did, page by page, and what is said of mistakes. */
#include "leads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEADS = 12 };

/* "u0" ... in the order of their creation. Which countries, cities and visits they have follows
 * from their number. */
static const char *ids[LEADS];

static const char *country_of(int i)
{
    return (const char *[]){ "US", "us", "CA", "DE" }[i % 4];
}

static int visits_of(int i)
{
    return i % 5;
}

static void make_leads(void)
{
    int64_t now = clock_now_ms();
    for (int i = 0; i < LEADS; i++) {
        ids[i] = service_create(
            "/v1/leads", "{'email':'u%d@example.com','country':'%s','company':'%s'%s%s}", i,
            country_of(i), i % 2 ? "50%% off" : "O\\u0027Brien\\u0027; DROP TABLE lead",
            i % 3 ? "" : ",'city':'Bern'", i == 5 ? ",'amount_minor':500" : "");
        for (int j = 0; j < visits_of(i); j++)
            expect_status(post(fixture.client, textf("/v1/leads/%s/activities", ids[i]),
                               "{'type':'page_view','occurred_at':'%s','properties':{'url':'%s',"
                               "'seconds':%d}}",
                               time_text(now - j * 10 * MS_PER_DAY - 1000),
                               j % 2 ? "/pricing/\\u00fc" : "/blog", j * 10),
                          201);
    }
    expect_status(post(fixture.client, textf("/v1/leads/%s/win", ids[7]), "{}"), 200);
}

static void setup(void)
{
    service_setup();
    make_leads();
}

/* Which of them are in a page, as bits. */
static unsigned seen(const struct answer *answer)
{
    unsigned bits = 0;
    for (size_t i = 0; i < answer_count(answer, "data"); i++) {
        unsigned bit = 1u << strtol(answer_text(answer, "data.%zu.email", i) + 1, NULL, 10);
        ck_assert_msg(!(bits & bit), "twice: %s", answer->body);
        bits |= bit;
    }
    return bits;
}

/* A list that is refused, and which parameter of it is wrong. */
struct refused {
    const char *query, *place, *why;
};

static void expect_refused(const struct refused *lists, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_problem(get(fixture.client, "/v1/leads?%s", lists[i].query), 422,
                       "validation_failed", lists[i].place, lists[i].why);
}

static unsigned those(bool (*which)(int i))
{
    unsigned bits = 0;
    for (int i = 0; i < LEADS; i++)
        bits |= which(i) ? 1u << i : 0;
    return bits;
}

static bool all(int i)
{
    return i >= 0;
}
static bool none(int i)
{
    return i < 0;
}
static bool american(int i)
{
    return i % 4 < 2;
}
static bool not_american(int i)
{
    return !american(i);
}
static bool north_american(int i)
{
    return i % 4 < 3;
}
static bool has_city(int i)
{
    return i % 3 == 0;
}
static bool no_city(int i)
{
    return !has_city(i);
}
static bool off(int i)
{
    return i % 2;
}
static bool brien(int i)
{
    return !off(i);
}
static bool with_amount(int i)
{
    return i == 5;
}
static bool won(int i)
{
    return i == 7;
}
static bool visited(int i)
{
    return visits_of(i) > 0;
}
static bool not_visited(int i)
{
    return !visited(i);
}
static bool visited_3(int i)
{
    return visits_of(i) >= 3;
}
static bool visited_2_of_late(int i) /* in 15 days: at most two */
{
    return visits_of(i) >= 2;
}
static bool saw_prices(int i)
{
    return visits_of(i) >= 2;
}
static bool american_and_visited_3(int i)
{
    return american(i) && visited_3(i);
}
static bool american_or_visited_3(int i)
{
    return american(i) || visited_3(i);
}

START_TEST(parameters)
{
    static const struct {
        const char *query;
        bool (*which)(int i);
    } rows[] = {
        { "country[eq]=us", american },
        { "country[ne]=US", not_american },
        { "country[in]=us,CA", north_american },
        { "country[not_in]=US,CA,DE", none },
        { "country[contains]=s", american },
        { "country[starts]=u&country[ends]=S", american },
        { "country[gt]=DE", american },
        { "country[between]=D,E", NULL },
        { "city=Bern", has_city },
        { "city=bern", has_city },
        { "city[present]=true", has_city },
        { "city[present]=false", no_city },
        { "city[absent]=true", no_city },
        { "company[contains]=50%25", off },
        { "company[contains]=0_", none },
        { "company[starts]=o'brien'%3B%20drop", brien },
        { "amount_minor[gte]=500", with_amount },
        { "amount_minor[between]=1,500", with_amount },
        { "amount_minor[ne]=1", all },
        { "status[eq]=won", won },
        { "status[in]=won,lost", won },
        { "stage[eq]=target&pipeline[eq]=default", all },
        { "created_at[gte]=0", all },
        { "created_at[lt]=2020-01-01T00:00:00Z", none },
        { "owner[absent]=true&email[present]=true", all },
        { "cycle=1&version[gte]=1", all },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct answer *answer = get(fixture.client, "/v1/leads?count=true&%s", rows[i].query);
        expect_status(answer, 200);
        unsigned wanted = rows[i].which
                              ? those(rows[i].which)
                              : those(american) ^ those(not_american) ^ those(north_american);
        ck_assert_msg(seen(answer) == wanted, "%s: %x, not %x", rows[i].query, seen(answer),
                      wanted);
        expect_int(answer, __builtin_popcount(wanted), "total");
    }
    const struct answer *one = get(fixture.client, "/v1/leads?id[in]=%s,%s", ids[1], ids[2]);
    ck_assert_uint_eq(seen(one), 6);
}
END_TEST

#define US "{'field':'country','op':'eq','value':'US'}"

START_TEST(conditions)
{
    static const struct {
        const char *condition;
        bool (*which)(int i);
    } rows[] = {
        { US, american },
        { "{'not':" US "}", not_american },
        { "{'field':'country','op':'in','value':['us','CA']}", north_american },
        { "{'activity':'page_view'}", visited },
        { "{'activity':'page_view','count':{'eq':0}}", not_visited },
        { "{'not':{'activity':'page_view'}}", not_visited },
        { "{'activity':'page_view','count':{'gte':3}}", visited_3 },
        { "{'activity':'page_view','count':{'gte':2},'within_days':15}", visited_2_of_late },
        { "{'activity':'page_view','count':{'gte':3},'within_days':15}", none },
        { "{'activity':'page_view','where':[{'property':'url','op':'starts','value':'/PRICING'}]}",
          saw_prices },
        { "{'activity':'page_view','where':[{'property':'seconds','op':'gte','value':20}]}",
          visited_3 },
        { "{'activity':'call'}", none },
        { "{'all':[" US ",{'activity':'page_view','count':{'gte':3}}]}", american_and_visited_3 },
        { "{'any':[" US ",{'activity':'page_view','count':{'gte':3}}]}", american_or_visited_3 },
        { "{'not':{'all':[{'field':'city','op':'present'},{'any':[" US
          ",{'field':'city','op':'eq','value':'bern'}]}]}}",
          no_city },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct answer *answer = post(fixture.client, "/v1/leads/search",
                                           "{'condition':%s,'count':true}", rows[i].condition);
        expect_status(answer, 200);
        ck_assert_msg(seen(answer) == those(rows[i].which), "%s: %x, not %x", rows[i].condition,
                      seen(answer), those(rows[i].which));
        expect_int(answer, __builtin_popcount(those(rows[i].which)), "total");
        ck_assert(!answer_bool(answer, "has_more"));
    }
    const struct answer *everyone = post(fixture.client, "/v1/leads/search", "{}");
    ck_assert_uint_eq(seen(everyone), those(all));
}
END_TEST

#define HUBSPOT(filters) "{'filterGroups':[{'filters':[" filters "]}]}"
#define PROPERTY(name, op, rest) "{'propertyName':'" name "','operator':'" op "'" rest "}"

START_TEST(groups)
{
    static const struct {
        const char *body;
        bool (*which)(int i);
    } rows[] = {
        { HUBSPOT(PROPERTY("country", "EQ", ",'value':'US'")), american },
        { HUBSPOT(PROPERTY("country", "NEQ", ",'value':'US'")), not_american },
        { HUBSPOT(PROPERTY("country", "IN", ",'values':['us','ca']")), north_american },
        { HUBSPOT(PROPERTY("company", "CONTAINS_TOKEN", ",'value':'*brien*'")), brien },
        { HUBSPOT(PROPERTY("city", "HAS_PROPERTY", "")), has_city },
        { HUBSPOT(PROPERTY("city", "NOT_HAS_PROPERTY", "")), no_city },
        { HUBSPOT(PROPERTY("amount_minor", "BETWEEN", ",'value':'1','highValue':'500'")),
          with_amount },
        { HUBSPOT(PROPERTY("createdate", "GT", ",'value':'1600000000000'")), all },
        { HUBSPOT(PROPERTY("lifecyclestage", "EQ", ",'value':'target'")), all },
        { HUBSPOT(PROPERTY("country", "EQ", ",'value':'US'") "," PROPERTY("country", "EQ",
                                                                          ",'value':'DE'")),
          none },
        { "{'filterGroups':[{'filters':[" PROPERTY(
              "country", "EQ",
              ",'value':'US'") "]},"
                               "{'filters':[" PROPERTY(
                                   "country", "EQ",
                                   ",'value':'CA'") "]}],'limit':100,"
                                                    "'sorts':[{'propertyName':'createdate','"
                                                    "direction':'DESCENDING'}],"
                                                    "'properties':['email','firstname']}",
          north_american },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct answer *answer = post(fixture.client, "/v1/leads/search", "%s", rows[i].body);
        expect_status(answer, 200);
        ck_assert_msg(seen(answer) == those(rows[i].which), "%s: %x, not %x", rows[i].body,
                      seen(answer), those(rows[i].which));
    }
}
END_TEST

/* Every lead once, in order, whether SQL or memory selects them; the total is that of all pages. */
START_TEST(page_by_page)
{
    static const char *const ways[] = { US, "{'any':[{'activity':'page_view'}," US "]}" };
    static const char *const sorts[] = { "score", "-score", "created_at", "-stage_entered_at" };
    for (size_t c = 0; c < ARRAY_SIZE(ways); c++)
        for (size_t s = 0; s < ARRAY_SIZE(sorts); s++) {
            const char *cursor = "", *body = "";
            unsigned found = 0;
            unsigned wanted = c == 0 ? those(american) : those(american) | those(visited);
            int pages = 0;
            for (bool more = true; more; pages++) {
                body =
                    textf("'condition':%s,'sort':'%s','limit':2,'count':true", ways[c], sorts[s]);
                const struct answer *answer =
                    post(fixture.client, "/v1/leads/search", "{%s%s%s%s,'fields':['email']}", body,
                         *cursor ? ",'cursor':'" : "", cursor, *cursor ? "'" : "");
                expect_status(answer, 200);
                expect_int(answer, __builtin_popcount(wanted), "total");
                ck_assert(!(found & seen(answer)));
                found |= seen(answer);
                more = answer_bool(answer, "has_more");
                cursor = more ? textf("%s", answer_text(answer, "next_cursor")) : "";
                ck_assert(!answer_at(answer, "data.0.country"));
            }
            ck_assert_uint_eq(found, wanted);
            ck_assert_int_eq(pages, (__builtin_popcount(wanted) + 1) / 2);
        }
}
END_TEST

/* A cursor is good for what it was made for alone. */
START_TEST(cursors)
{
    const struct answer *answer =
        post(fixture.client, "/v1/leads/search", "{'condition':" US ",'limit':1}");
    const char *cursor = textf("%s", answer_text(answer, "next_cursor"));
    expect_status(post(fixture.client, "/v1/leads/search",
                       "{'condition':" US ",'limit':3,'after':'%s'}", cursor),
                  200);
    expect_problem(post(fixture.client, "/v1/leads/search",
                        "{'condition':{'not':" US "},'cursor':'%s'}", cursor),
                   422, "validation_failed", NULL, NULL);
    answer = get(fixture.client, "/v1/leads?country[eq]=us&limit=1");
    cursor = textf("%s", answer_text(answer, "next_cursor"));
    expect_status(get(fixture.client, "/v1/leads?country[eq]=us&limit=2&cursor=%s", cursor), 200);
    expect_problem(get(fixture.client, "/v1/leads?country[ne]=us&limit=2&cursor=%s", cursor), 422,
                   "validation_failed", "?cursor", "invalid");
    expect_problem(get(fixture.client, "/v1/leads?limit=2&cursor=%s", cursor), 422,
                   "validation_failed", "?cursor", "invalid");
}
END_TEST

START_TEST(mistakes)
{
    static const struct {
        const char *body, *place, *why;
    } rows[] = {
        { "{'condition':{'field':'colour','op':'present'}}", "/condition/field", "unknown_value" },
        { "{'condition':{'all':[" US ",{'field':'score','op':'eq','value':'5'}]}}",
          "/condition/all/1/value", "wrong_type" },
        { "{'condition':{'field':'score; DROP TABLE lead','op':'present'}}", "/condition/field",
          "unknown_value" },
        { "{'condition':[]}", "/condition", "wrong_type" },
        { "{'condition':{'field':'fields.colour','op':'present'}}", "/condition/field", NULL },
        { "{'condition':" US
          ",'filterGroups':[{'filters':[" PROPERTY("city", "HAS_PROPERTY", "") "]}]}",
          "/filterGroups", "invalid" },
        { "{'colour':1}", "/colour", "unknown_member" },
        { "{'limit':201}", "/limit", "out_of_range" },
        { "{'sort':'name'}", "/sort", "invalid" },
        { "{'fields':['colour']}", "/fields", "unknown_value" },
        { HUBSPOT(PROPERTY("colour", "EQ", ",'value':'x'")),
          "/filterGroups/0/filters/0/propertyName", "unknown_value" },
        { HUBSPOT(PROPERTY("city", "LIKE", ",'value':'x'")), "/filterGroups/0/filters/0/operator",
          "unknown_value" },
        { HUBSPOT(PROPERTY("city", "EQ", "")), "/filterGroups/0/filters/0/value", "required" },
        { HUBSPOT(PROPERTY("score", "BETWEEN", ",'value':'1'")),
          "/filterGroups/0/filters/0/highValue", "required" },
        { HUBSPOT(PROPERTY("score", "IN", ",'values':['1','x']")),
          "/filterGroups/0/filters/0/values/1", "wrong_type" },
        { "{'filterGroups':[{'filters':[]}]}", "/filterGroups/0/filters", "too_few" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_problem(post(fixture.client, "/v1/leads/search", "%s", rows[i].body), 422,
                       "validation_failed", rows[i].place, rows[i].why);
    static const struct refused lists[] = {
        { "colour=red", "?colour", "unknown_parameter" },
        { "tally[present]=true", "?tally[present]", "unknown_parameter" },
        { "score[like]=1", "?score[like]", "unknown_parameter" },
        { "score[gte=1", "?score[gte", "unknown_parameter" },
        { "score[]=1", "?score[]", "unknown_parameter" },
        { "score[gte]=1.5", "?score[gte]", "wrong_type" },
        { "score[contains]=1", "?score[contains]", "invalid" },
        { "score[between]=1", "?score[between]", "invalid" },
        { "country[in]=", "?country[in]", "invalid" },
        { "country[eq]=", "?country[eq]", "invalid" },
        { "country[present]=yes", "?country[present]", "wrong_type" },
        { "score[gte]=1&score[gte]=2", "?score[gte]", "repeated" },
        { "stage[eq]=nowhere", "?stage[eq]", "unknown" },
    };
    expect_refused(lists, ARRAY_SIZE(lists));
}
END_TEST

/* Custom fields are asked for as ours are, and rules read them. */
START_TEST(custom_fields)
{
    static const char *const fields[] = {
        "{'key':'seats','name':'Seats','type':'number','indexed':true}",
        "{'key':'plan','name':'Plan','type':'choice','choices':['Free','Pro']}",
        "{'key':'partner','name':'Partner','type':'boolean'}",
        "{'key':'met_on','name':'Met on','type':'date','indexed':true}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        expect_status(post(fixture.client, "/v1/fields", "%s", fields[i]), 201);
    for (int i = 0; i < LEADS; i += 2) /* the even ones */
        expect_status(
            patch(fixture.client, textf("/v1/leads/%s", ids[i]),
                  "{'fields':{'seats':%d.5,'plan':'%s','partner':%s,'met_on':'2026-01-%02d'}}", i,
                  i < 6 ? "Pro" : "Free", i < 4 ? "true" : "false", i + 1),
            200);
    static const struct {
        const char *query;
        unsigned wanted;
    } rows[] = {
        { "fields.seats[gte]=4.5", 0x550 },
        { "fields.seats=4.5", 0x010 },
        { "fields.seats[between]=2,4.5", 0x014 },
        { "fields.seats[absent]=true", 0xaaa },
        { "fields.seats[ne]=4.5", 0xfef },
        { "fields.plan=pro", 0x015 },
        { "fields.plan[not_contains]=PRO", 0xfea },
        { "fields.partner=true", 0x005 },
        { "fields.partner[ne]=true", 0xffa },
        { "fields.met_on[lt]=2026-01-03", 0x001 },
        { "fields.met_on[in]=2026-01-03,2026-01-05&country[eq]=ca", 0x004 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct answer *answer = get(fixture.client, "/v1/leads?count=true&%s", rows[i].query);
        expect_status(answer, 200);
        ck_assert_msg(seen(answer) == rows[i].wanted, "%s: %x, not %x", rows[i].query, seen(answer),
                      rows[i].wanted);
        expect_int(answer, __builtin_popcount(rows[i].wanted), "total");
    }
    const struct answer *answer =
        post(fixture.client, "/v1/leads/search",
             "{'condition':{'any':[{'field':'fields.seats','op':'gt','value':9.5},"
             "{'all':[{'field':'fields.partner','op':'eq','value':true},"
             "{'activity':'page_view','count':{'gte':2}}]}]}}");
    expect_status(answer, 200);
    ck_assert_uint_eq(seen(answer), 0x404);
    static const struct refused wrong[] = {
        { "fields.colour=1", "?fields.colour", "unknown_value" },
        { "fields.seats=many", "?fields.seats", "wrong_type" },
        { "fields.seats=1.1234567", "?fields.seats", "out_of_range" },
        { "fields.seats[contains]=1", "?fields.seats[contains]", "invalid" },
        { "fields.partner=1", "?fields.partner", "wrong_type" },
        { "fields.met_on=yesterday", "?fields.met_on", "invalid" },
    };
    expect_refused(wrong, ARRAY_SIZE(wrong));
}
END_TEST

/* A rule reads them too: what was changed, and when, is replayed by the check at the end. */
START_TEST(rules_read_custom_fields)
{
    expect_status(
        post(fixture.client, "/v1/fields", "{'key':'seats','name':'Seats','type':'number'}"), 201);
    const char *set = service_create(
        "/v1/rule-sets",
        "{'name':'Seats','groups':[{'key':'fit','min_milli':0,'max_milli':100000}],'rules':[{"
        "'key':'large','name':'Large','score_group':'fit','points_milli':30000,'when':"
        "{'field':'fields.seats','op':'gte','value':12.5}}],'criteria':[{'kind':'mql',"
        "'score_min':30,'when':{'field':'fields.seats','op':'lt','value':100}}]}");
    expect_status(
        ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/publish", set)), 202);
    const struct answer *lead = NULL;
    for (int i = 0; i < 500; i++) { /* until all are scored again */
        lead = get(fixture.client, "/v1/leads/%s", ids[1]);
        if (answer_int(lead, "rule_set_version") == 2)
            break;
        usleep(10000);
    }
    expect_int(lead, 0, "score");
    static const struct {
        const char *seats;
        int score;
        const char *stage;
    } rows[] = { { "12.4", 0, "target" },
                 { "100", 30, "target" },
                 { "12.5", 30, "mql" },
                 { "null", 0, "mql" } };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        usleep(2000); /* what is changed within a millisecond is one fact */
        lead = patch(fixture.client, textf("/v1/leads/%s", ids[1]), "{'fields':{'seats':%s}}",
                     rows[i].seats);
        expect_int(lead, rows[i].score, "score");
        expect_text(lead, rows[i].stage, "stage");
    }
    service_check();
}
END_TEST

/* One that would take all day is refused, and says for what. (503: on a busy machine it has waited
 * too long before it began.) */
START_TEST(too_costly)
{
    static const char *const options[] = { "--read-budget-ms=1", "--scan-deadline-ms=20", NULL };
    service_setup_with(options);
    const char *lead = service_create("/v1/leads", "{'email':'a@example.com'}");
    struct buffer body = { .arena = &fixture.arena };
    char url[401] = { 0 };
    memset(url, 'x', sizeof url - 1);
    for (int i = 0; i < 5; i++) {
        body.length = 0;
        for (int j = 0; j < 1000; j++)
            buffer_printf(&body, "%s{'lead_id':'%s','type':'page_view','properties':{'url':'%s'}}",
                          j ? "," : "{'activities':[", lead, url);
        buffer_printf(&body, "]}%c", '\0');
        expect_status(post(fixture.client, "/v1/activities", "%s", body.data), 200);
    }
    body.length = 0;
    for (int i = 0; i < 98; i++) /* each of them is asked of each activity */
        buffer_printf(&body, "%s{'property':'url','op':'not_contains','value':'xxxxxxxx%d'}",
                      i ? "," : "", i);
    buffer_char(&body, '\0');
    const struct answer *answer = NULL;
    for (int i = 0; i < 100 && (!answer || answer->status == 503); i++)
        answer = post(fixture.client, "/v1/leads/search",
                      "{'condition':{'all':[{'field':'email','op':'present'},"
                      "{'not':{'activity':'page_view','where':[%s]}}]}}",
                      body.data);
    expect_problem(answer, 422, "validation_failed", "/condition/all/1/not", "too_costly");
}
END_TEST

/* More leads than can be looked at in the time that a list has here, and all of one owner. */
static const char *make_many(void)
{
    static const char *const options[] = { "--read-budget-ms=1", "--scan-deadline-ms=1", NULL };
    service_setup_with(options);
    struct buffer body = { .arena = &fixture.arena };
    const char *owner = service_create("/v1/users", "{'email':'o@example.com','name':'O'}");
    for (int i = 0; i < 4000; i++) {
        buffer_printf(
            &body, "%s{'email':'u%d@example.com','country':'DE','owner':'%s','company':'%0200d'}",
            i % 1000 ? "," : "{'items':[", i, owner, i);
        if (i % 1000 < 999)
            continue;
        buffer_printf(&body, "]}%c", '\0');
        expect_status(post(fixture.client, "/v1/import/leads", "%s", body.data), 200);
        body.length = 0;
    }
    return owner;
}

/* Each is had from an index. (The first time the statement has to be made as well.) */
START_TEST(found_by_an_index)
{
    static const struct {
        const char *query;
        bool is_found;
    } lists[] = {
        { "sort=score", true },
        { "sort=-score&owner=", true },
        { "sort=stage_entered_at", true },
        { "sort=-stage_entered_at&stage=target&owner=", true },
        { "sort=stage_entered_at&status=open&owner=", true },
        { "sort=-created_at&country=DE", true },
        { "status=won", false },
        { "status=lost&stage=target", false },
    };
    const char *owner = make_many();
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const struct answer *answer = NULL;
        size_t length = strlen(lists[i].query);
        for (int j = 0; j < 100 && (!answer || answer->status != 200); j++)
            answer = get(fixture.client, "/v1/leads?limit=%d&%s%s", j % 5 + 1, lists[i].query,
                         lists[i].query[length - 1] == '=' ? owner : "");
        expect_status(answer, 200);
        ck_assert_msg((answer_count(answer, "data") > 0) == lists[i].is_found, "%s",
                      lists[i].query);
    }
}
END_TEST

/* A list by what no index knows is refused: it would not be had later either. */
START_TEST(too_costly_to_filter)
{
    const char *owner = make_many();
    struct buffer body = { .arena = &fixture.arena };
    for (int i = 0; i < 40; i++)
        buffer_printf(&body, "{'field':'company','op':'not_contains','value':'x%d'},", i);
    buffer_char(&body, '\0');
    const struct answer *answer = NULL;
    for (int i = 0; i < 100 && (!answer || answer->status == 503); i++)
        answer = post(fixture.client, "/v1/leads/search",
                      "{'condition':{'all':[%s{'field':'company','op':'eq','value':'none'}]},"
                      "'limit':%d}",
                      body.data, i + 1);
    expect_problem(answer, 422, "validation_failed", "/condition", "too_costly");
    answer = NULL;
    for (int i = 0; i < 100 && (!answer || answer->status == 503); i++)
        answer = get(fixture.client,
                     "/v1/leads?country=DE&company[not_contains]=x&city[absent]=true"
                     "&company[ends]=x&last_name[ne]=x&first_name[ne]=x&job_title[ne]=x&limit=%d",
                     i + 1);
    expect_problem(answer, 422, "validation_failed", "?country", "too_costly");
    /* One that an index may serve is worth another try. */
    expect_status(get(fixture.client, "/v1/leads?owner[ne]=%s", owner), 503);
}
END_TEST

TCase *search_tcase(void)
{
    TCase *tcase = tcase_create("search");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, service_teardown);
    tcase_add_test(tcase, parameters);
    tcase_add_test(tcase, conditions);
    tcase_add_test(tcase, groups);
    tcase_add_test(tcase, page_by_page);
    tcase_add_test(tcase, cursors);
    tcase_add_test(tcase, custom_fields);
    tcase_add_test(tcase, rules_read_custom_fields);
    tcase_add_test(tcase, mistakes);
    return tcase;
}

TCase *costly_tcase(void)
{
    TCase *tcase = tcase_create("costly");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, NULL, service_teardown);
    tcase_add_test(tcase, too_costly);
    tcase_add_test(tcase, too_costly_to_filter);
    tcase_add_test(tcase, found_by_an_index);
    return tcase;
}
