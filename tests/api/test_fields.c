/* test_fields.c: custom fields, and what a lead may have of them, whichever way it comes in. */
#include "fields.h"
#include "shape.h"

#include <funneld/types.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIELD_SHAPE                                                                                \
    "key:t name:t type:t choices:a min:d? max:d? max_length:n? indexed:b created_at:T "            \
    "archived_at:T?"

static void make_fields(void)
{
    static const char *const bodies[] = {
        "{'key':'note','name':'Note','type':'text','max_length':5}",
        "{'key':'seats','name':'Seats','type':'number','min':0,'max':1000.5,'indexed':true}",
        "{'key':'partner','name':'Partner','type':'boolean'}",
        "{'key':'born_on','name':'Born on','type':'date'}",
        "{'key':'plan','name':'Plan','type':'choice','choices':['free','Pro'],'indexed':true}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
        expect_status(post(fixture.client, "/v1/fields", "%s", bodies[i]), 201);
}

#define ALL_VALUES                                                                                 \
    "{'note':'\xc3\xbc\xc3\xbc\xc3\xbc','seats':12.50,'partner':true,'born_on':'1962-02-28',"      \
    "'plan':'PRO'}"

static const char *make_lead(const char *email, const char *fields)
{
    return service_create("/v1/leads", "{'email':'%s','fields':%s}", email, fields);
}

static const struct answer *read_lead(const char *lead)
{
    return get(fixture.client, "/v1/leads/%s", lead);
}

static const struct answer *edit(const char *lead, const char *fields)
{
    return patch(fixture.client, textf("/v1/leads/%s", lead), "{'fields':%s}", fields);
}

/* What stands there as JSON, members sorted. */
static void expect_fields(const struct answer *lead, const char *expected)
{
    char *text = json_dumps(answer_at(lead, "fields"), JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, expected);
    free(text);
}

/* ---- What they are ---- */

START_TEST(made_and_listed)
{
    const struct answer *made = post(
        fixture.client, "/v1/fields",
        "{'key':'plan_size','name':'Plan','type':'choice','choices':['s','m'],'indexed':true}");
    expect_status(made, 201);
    expect_shape(made, "", FIELD_SHAPE);
    ck_assert_str_eq(answer_header(made, "Location"), "/v1/fields/plan_size");
    const struct answer *read = get(fixture.client, "/v1/fields/plan_size");
    ck_assert_str_eq(read->body, made->body);
    expect_text(read, "m", "choices.1");
    expect_status(get(fixture.client, "/v1/fields/none"), 404);

    make_fields();
    const struct answer *list = get(fixture.client, "/v1/fields?count=true");
    expect_int(list, 6, "total");
    expect_text(list, "plan_size", "data.0.key");
    expect_text(list, "plan", "data.5.key");
    expect_int(get(fixture.client, "/v1/fields/note"), 5, "max_length");
    ck_assert(strstr(get(fixture.client, "/v1/fields/seats")->body, "\"max\":1000.5,"));
}
END_TEST

START_TEST(definitions_refused)
{
    static const struct {
        const char *body, *place, *why;
    } cases[] = {
        { "{'key':'Plan','name':'P','type':'text'}", "/key", "invalid" },
        { "{'key':'1st','name':'P','type':'text'}", "/key", "invalid" },
        { "{'key':'a.b','name':'P','type':'text'}", "/key", "invalid" },
        { "{'key':'a','name':'P','type':'json'}", "/type", "unknown_value" },
        { "{'key':'a','type':'text'}", "/name", "required" },
        { "{'key':'a','name':'P','type':'text','max_length':1001}", "/max_length", "out_of_range" },
        { "{'key':'a','name':'P','type':'text','min':1}", "/min", "invalid" },
        { "{'key':'a','name':'P','type':'number','max_length':1}", "/max_length", "invalid" },
        { "{'key':'a','name':'P','type':'number','min':2,'max':1.5}", "/max", "out_of_range" },
        { "{'key':'a','name':'P','type':'number','max':1e13}", "/max", "out_of_range" },
        { "{'key':'a','name':'P','type':'number','min':0.0000001}", "/min", "out_of_range" },
        { "{'key':'a','name':'P','type':'number','choices':['x']}", "/choices", "invalid" },
        { "{'key':'a','name':'P','type':'choice'}", "/choices", "required" },
        { "{'key':'a','name':'P','type':'choice','choices':['x','X']}", "/choices", "repeated" },
        { "{'key':'a','name':'P','type':'choice','choices':['']}", "/choices/0", "invalid" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(post(fixture.client, "/v1/fields", "%s", cases[i].body), 422,
                       "validation_failed", cases[i].place, cases[i].why);
    make_fields();
    expect_problem(post(fixture.client, "/v1/fields", "{'key':'note','name':'N','type':'date'}"),
                   409, "duplicate", "/key", NULL);
    expect_problem(patch(fixture.client, "/v1/fields/seats", "{'min':2000}"), 422,
                   "validation_failed", "/max", "out_of_range");
    expect_problem(patch(fixture.client, "/v1/fields/seats", "{'type':'text'}"), 422,
                   "validation_failed", "/type", "unknown_member");
    expect_status(patch(fixture.client, "/v1/fields/none", "{'name':'N'}"), 404);
}
END_TEST

START_TEST(as_many_as_there_is_room_for)
{
    for (int i = 0; i < CUSTOM_FIELDS_MAX; i++)
        expect_status(
            post(fixture.client, "/v1/fields", "{'key':'f%d','name':'F','type':'text'}", i), 201);
    expect_problem(post(fixture.client, "/v1/fields", "{'key':'more','name':'F','type':'text'}"),
                   409, "conflict", NULL, NULL);
    expect_status(patch(fixture.client, "/v1/fields/f7", "{'archived':true}"), 200);
    expect_status(post(fixture.client, "/v1/fields", "{'key':'more','name':'F','type':'text'}"),
                  201);
    expect_problem(patch(fixture.client, "/v1/fields/f7", "{'archived':false}"), 409, "conflict",
                   NULL, NULL);
    expect_int(get(fixture.client, "/v1/fields?count=true&limit=1"), 64, "total");
    expect_int(get(fixture.client, "/v1/fields?count=true&archived=show&limit=1"), 65, "total");
}
END_TEST

/* ---- What a lead has of them ---- */

START_TEST(values_kept_as_they_were_meant)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", ALL_VALUES);
    const struct answer *read = read_lead(lead);
    ck_assert(strstr(read->body, "\"fields\":{\"note\":\"\xc3\xbc\xc3\xbc\xc3\xbc\",\"seats\":12.5,"
                                 "\"partner\":true,\"born_on\":\"1962-02-28\",\"plan\":\"Pro\"}"));
    const struct answer *list = get(fixture.client, "/v1/leads");
    ck_assert(json_equal(answer_at(list, "data.0.fields"), answer_at(read, "fields")));
    const struct answer *part = get(fixture.client, "/v1/leads/%s?fields=email,fields", lead);
    expect_shape(part, "", "id:i email:t fields:o");
    const struct answer *board = get(fixture.client, "/v1/pipelines/default/board");
    ck_assert(json_equal(answer_at(board, "stages.0.first.0.fields"), answer_at(read, "fields")));
}
END_TEST

START_TEST(values_refused)
{
    static const struct {
        const char *fields, *place, *why;
    } cases[] = {
        { "{'colour':'red'}", "/fields/colour", "unknown_member" },
        { "{'a/b~c':1}", "/fields/a~1b~0c", "unknown_member" },
        { "{'note':'123456'}", "/fields/note", "too_long" },
        { "{'note':5}", "/fields/note", "wrong_type" },
        { "{'note':{}}", "/fields/note", "wrong_type" },
        { "{'note':['a']}", "/fields/note", "wrong_type" },
        { "{'seats':'12'}", "/fields/seats", "wrong_type" },
        { "{'seats':-0.5}", "/fields/seats", "out_of_range" },
        { "{'seats':1000.500001}", "/fields/seats", "out_of_range" },
        { "{'seats':1e300}", "/fields/seats", "out_of_range" },
        { "{'seats':0.1234567}", "/fields/seats", "out_of_range" },
        { "{'partner':'true'}", "/fields/partner", "wrong_type" },
        { "{'partner':1}", "/fields/partner", "wrong_type" },
        { "{'born_on':'28.2.1962'}", "/fields/born_on", "wrong_type" },
        { "{'born_on':'1962-02-29'}", "/fields/born_on", "wrong_type" },
        { "{'plan':'gold'}", "/fields/plan", "unknown_value" },
        { "{'plan':true}", "/fields/plan", "wrong_type" },
        { "'x'", "/fields", "wrong_type" },
    };
    make_fields();
    const char *lead = make_lead("ann@example.com", "{'seats':1}");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        expect_problem(post(fixture.client, "/v1/leads", "{'email':'x@example.com','fields':%s}",
                            cases[i].fields),
                       422, "validation_failed", cases[i].place, cases[i].why);
        expect_problem(edit(lead, cases[i].fields), 422, "validation_failed", cases[i].place,
                       cases[i].why);
    }
    const struct answer *many = edit(lead, "{'seats':-1,'plan':'x','nope':1,'note':'ok'}");
    expect_status(many, 422);
    ck_assert_uint_eq(answer_count(many, "errors"), 3);
    expect_fields(read_lead(lead), "{\"seats\":1}");
    expect_int(get(fixture.client, "/v1/leads?count=true"), 1, "total");
}
END_TEST

START_TEST(changed_one_by_one)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", "{'seats':1,'plan':'free','note':' '}");
    expect_fields(read_lead(lead), "{\"plan\":\"free\",\"seats\":1}");
    const struct answer *edited = edit(lead, "{'seats':2,'plan':null,'note':'x','partner':null}");
    expect_status(edited, 200);
    expect_fields(edited, "{\"note\":\"x\",\"seats\":2}");
    expect_int(edited, 2, "version");
    ck_assert_str_eq(read_lead(lead)->body, edited->body);
    expect_int(edit(lead, "{'seats':2.0}"), 2, "version"); /* says nothing new */
    expect_int(edit(lead, "{}"), 2, "version");

    const struct answer *changes = get(fixture.client, "/v1/leads/%s/changes", lead);
    static const char *const expected[][3] = { { "fields.seats", "1", "2" },
                                               { "fields.plan", "free", NULL },
                                               { "fields.note", NULL, "x" } };
    ck_assert_uint_eq(answer_count(changes, "data"), ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        expect_text(changes, expected[i][0], "data.%zu.field", i);
        ck_assert_pstr_eq(json_string_value(answer_at(changes, "data.%zu.old_value", i)),
                          expected[i][1]);
        ck_assert_pstr_eq(json_string_value(answer_at(changes, "data.%zu.new_value", i)),
                          expected[i][2]);
        expect_text(changes, "admin", "data.%zu.actor", i);
    }
    expect_fields(edit(lead, "null"), "{}");
    expect_fields(read_lead(lead), "{}");
}
END_TEST

START_TEST(blanks_filled_by_a_merge)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", "{'seats':1}");
    const struct answer *merged =
        post(fixture.client, "/v1/leads?on_duplicate=merge",
             "{'email':'ann@example.com','fields':{'seats':9,'plan':'free','note':null}}");
    expect_status(merged, 200);
    expect_text(merged, lead, "id");
    expect_fields(merged, "{\"plan\":\"free\",\"seats\":1}");
    expect_int(merged, 2, "version");
    merged = post(fixture.client, "/v1/leads?on_duplicate=merge",
                  "{'email':'ann@example.com','fields':{'plan':'pro'}}");
    expect_int(merged, 2, "version");
}
END_TEST

/* A page says texts, under names of its own; what cannot be kept costs nothing else. */
START_TEST(posted_to_a_form)
{
    make_fields();
    expect_status(post(fixture.client, "/v1/fields", "{'key':'role','name':'R','type':'text'}"),
                  201);
    service_create("/v1/forms", "{'name':'Contact','key':'contact-us'}");
    const char *const body = "email=ann%40example.com&Seats=+12.5&fields.role=boss&role=Head+of+IT"
                             "&partner=on&Born-On=1962-02-28&plan=gold&note=longer+than+five&x=1";
    const struct answer *answer =
        ask(fixture.client, .path = "/f/contact-us", .key = "", .body = body,
            .content_type = "application/x-www-form-urlencoded");
    ck_assert_int_eq(answer->status / 100, 2);
    const struct answer *lead = get(fixture.client, "/v1/leads?email=ann@example.com");
    ck_assert(strstr(lead->body, "\"fields\":{\"note\":\"longe\",\"seats\":12.5,\"partner\":true,"
                                 "\"born_on\":\"1962-02-28\",\"role\":\"boss\"}"));
    expect_text(lead, "Head of IT", "data.0.job_title");
    const struct answer *journal = get(fixture.client, "/v1/submissions");
    expect_text(journal, "created", "data.0.verdict");
    expect_text(journal, "fields/plan: one of: free, Pro", "data.0.detail");

    /* As JSON too; what is known stays, blanks are filled. */
    expect_status(post(fixture.client, "/f/contact-us",
                       "{'email':'ann@example.com','fields':{'plan':'pro','seats':99}}"),
                  200);
    lead = get(fixture.client, "/v1/leads?email=ann@example.com");
    expect_text(lead, "Pro", "data.0.fields.plan");
    ck_assert(strstr(lead->body, "\"seats\":12.5,"));
}
END_TEST

START_TEST(archived_and_back)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", ALL_VALUES);
    const struct answer *archived =
        patch(fixture.client, "/v1/fields/plan", "{'archived':true,'name':'Old plan'}");
    expect_status(archived, 200);
    ck_assert(is_time_text(answer_text(archived, "archived_at")));
    expect_text(archived, "Old plan", "name");
    ck_assert_ptr_null(answer_at(read_lead(lead), "fields.plan"));
    ck_assert_ptr_nonnull(answer_at(read_lead(lead), "fields.seats"));
    expect_problem(edit(lead, "{'plan':'free'}"), 422, "validation_failed", "/fields/plan",
                   "archived");
    expect_fields(edit(lead, "null"), "{}");
    expect_status(patch(fixture.client, "/v1/fields/plan", "{'archived':false}"), 200);
    expect_fields(read_lead(lead), "{\"plan\":\"Pro\"}");
}
END_TEST

START_TEST(choices_and_limits_change)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", "{'plan':'free'}");
    expect_status(patch(fixture.client, "/v1/fields/plan", "{'choices':['pro','team']}"), 200);
    expect_fields(read_lead(lead), "{\"plan\":\"free\"}");               /* what is there stays */
    expect_fields(edit(lead, "{'plan':'free'}"), "{\"plan\":\"free\"}"); /* told again too */
    expect_fields(edit(lead, "{'plan':'Team'}"), "{\"plan\":\"team\"}");
    expect_problem(edit(lead, "{'plan':'free'}"), 422, "validation_failed", "/fields/plan",
                   "unknown_value");
    expect_status(patch(fixture.client, "/v1/fields/seats", "{'max':null}"), 200);
    expect_fields(edit(lead, "{'seats':123456789012.1}"),
                  "{\"plan\":\"team\",\"seats\":123456789012.10001}"); /* as doubles show it */
    ck_assert(strstr(read_lead(lead)->body, "\"seats\":123456789012.1,"));
}
END_TEST

/* ---- Lists ---- */

enum { SORTED = 9 };

/* "3 1 2 ..." of all pages, two leads each. */
static const char *order_of(const char *query)
{
    struct buffer out = { .arena = &fixture.arena };
    const char *cursor = NULL;
    for (int page = 0; page < SORTED; page++) {
        const struct answer *answer = get(fixture.client, "/v1/leads?limit=2&%s%s%s", query,
                                          cursor ? "&cursor=" : "", cursor ? cursor : "");
        expect_status(answer, 200);
        for (size_t i = 0; i < answer_count(answer, "data"); i++)
            buffer_printf(&out, "%s%s", out.length ? " " : "",
                          answer_text(answer, "data.%zu.first_name", i));
        if (!answer_bool(answer, "has_more"))
            break;
        cursor = textf("%s", answer_text(answer, "next_cursor"));
    }
    buffer_char(&out, '\0');
    return out.data;
}

START_TEST(sorted_by_an_indexed_one)
{
    static const char *const seats[SORTED] = { "5",    "null", "1000.5", "0",   "5",
                                               "null", "5",    "0.5",    "null" };
    const char *owner =
        textf("'%s'", service_create("/v1/users", "{'email':'o@example.com','name':'O'}"));
    make_fields();
    for (int i = 0; i < SORTED; i++)
        service_create("/v1/leads",
                       "{'first_name':'%d','city':'%s','owner':%s,'fields':{'seats':%s}}", i,
                       i % 2 ? "Bern" : "Rome", i % 2 ? "null" : owner, seats[i]);
    ck_assert_str_eq(order_of("sort=fields.seats"), "3 7 0 4 6 2 1 5 8");
    ck_assert_str_eq(order_of("sort=-fields.seats"), "2 0 4 6 7 3 1 5 8");
    ck_assert_str_eq(order_of("sort=-fields.seats,id&city[eq]=Rome"), "2 0 4 6 8");
    ck_assert_str_eq(order_of(textf("sort=-fields.seats&owner=%.36s", owner + 1)), "2 0 4 6 8");
    ck_assert_str_eq(order_of("sort=fields.seats&stage=target&status=open"), "3 7 0 4 6 2 1 5 8");
    ck_assert_str_eq(order_of("sort=fields.seats&fields.seats[gte]=5"), "0 4 6 2");
    ck_assert_str_eq(order_of("sort=fields.seats&fields.seats[absent]=true"), "1 5 8");
    const struct answer *found =
        post(fixture.client, "/v1/leads/search",
             "{'condition':{'not':{'activity':'call'}},'sort':'-fields.seats','limit':8}");
    expect_status(found, 200);
    expect_text(found, "2", "data.0.first_name");
    expect_text(found, "5", "data.7.first_name");
    found = post(fixture.client, "/v1/leads/search",
                 "{'condition':{'not':{'activity':'call'}},'sort':'-fields.seats','limit':8,"
                 "'cursor':'%s'}",
                 answer_text(found, "next_cursor"));
    ck_assert_uint_eq(answer_count(found, "data"), 1);
    expect_text(found, "8", "data.0.first_name");

    static const char *const others[] = { "fields.none", "fields.note", "fields.born_on", "fields.",
                                          "fields.seatsx" };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        expect_problem(get(fixture.client, "/v1/leads?sort=%s", others[i]), 422,
                       "validation_failed", "?sort", NULL);
    const struct answer *page = get(fixture.client, "/v1/leads?limit=2&sort=fields.seats");
    expect_problem(get(fixture.client, "/v1/leads?limit=2&sort=-fields.seats&cursor=%s",
                       answer_text(page, "next_cursor")),
                   422, "validation_failed", "?cursor", "invalid");
}
END_TEST

/* ---- Some of them ---- */

START_TEST(chosen)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", ALL_VALUES);
    expect_fields(get(fixture.client, "/v1/leads/%s?fields=email,fields.plan", lead),
                  "{\"plan\":\"Pro\"}");
    const struct answer *answer =
        get(fixture.client, "/v1/leads?fields=fields.seats,fields.plan,fields.seats");
    expect_shape(answer, "data.0", "id:i fields:o");
    ck_assert(strstr(answer->body, "\"fields\":{\"seats\":12.5,\"plan\":\"Pro\"}}"));
    answer = get(fixture.client, "/v1/leads?fields=fields.born_on,fields");
    ck_assert(strstr(answer->body, "\"plan\":\"Pro\"")); /* all of them */
    answer = post(fixture.client, "/v1/leads/search", "{'fields':['score','fields.partner']}");
    ck_assert(strstr(answer->body, "\"fields\":{\"partner\":true}"));
    answer = post(fixture.client, "/v1/leads/search", "{'properties':['fields.partner']}");
    ck_assert(strstr(answer->body, "\"fields\":{\"partner\":true}}"));
    static const char *const wrong[] = { "fields.none", "fields.", "fields.plan.x", "email.plan" };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        expect_problem(get(fixture.client, "/v1/leads?fields=id,%s", wrong[i]), 422,
                       "validation_failed", "?fields", "unknown_value");
        expect_problem(get(fixture.client, "/v1/leads/%s?fields=%s", lead, wrong[i]), 422,
                       "validation_failed", "?fields", "unknown_value");
        expect_problem(post(fixture.client, "/v1/leads/search", "{'fields':['%s']}", wrong[i]), 422,
                       "validation_failed", "/fields", "unknown_value");
    }
    expect_status(patch(fixture.client, "/v1/fields/plan", "{'archived':true}"), 200);
    expect_problem(get(fixture.client, "/v1/leads?fields=fields.plan"), 422, "validation_failed",
                   "?fields", "unknown_value");
}
END_TEST

/* As "Anna" and "anna" are the same, and nobody's choice comes last. */
START_TEST(sorted_by_texts)
{
    static const char *const towns[SORTED] = { "'b'",      "null", "'C'", "'a'", "'B'",
                                               "'\u00e9'", "null", "'A'", "'Ab'" };
    make_fields();
    expect_status(post(fixture.client, "/v1/fields",
                       "{'key':'town','name':'T','type':'text','indexed':true}"),
                  201);
    expect_status(post(fixture.client, "/v1/fields",
                       "{'key':'size','name':'S','type':'choice','indexed':true,"
                       "'choices':['small','Medium','large']}"),
                  201);
    const char *last = NULL;
    for (int i = 0; i < SORTED; i++)
        last = service_create("/v1/leads", "{'first_name':'%d','fields':{'town':%s,'size':%s}}", i,
                              towns[i], i % 3 ? i % 3 == 1 ? "'small'" : "'large'" : "null");
    ck_assert_str_eq(order_of("sort=fields.town"), "3 7 8 0 4 2 5 1 6");
    ck_assert_str_eq(order_of("sort=-fields.town"), "5 2 0 4 8 3 7 1 6");
    ck_assert_str_eq(order_of("sort=fields.size"), "2 5 8 1 4 7 0 3 6");
    ck_assert_str_eq(order_of("sort=-fields.size"), "1 4 7 2 5 8 0 3 6");
    ck_assert_str_eq(order_of("sort=fields.town&fields.size=small"), "7 4 1");
    ck_assert_str_eq(order_of("sort=fields.town&fields.town[gte]=b"), "0 4 2 5");

    /* A page goes on behind what its last row had, and not behind what it has become. */
    const char *cursor = textf("%s", answer_text(get(fixture.client, "/v1/leads?limit=3&sort="
                                                                     "fields.town"),
                                                 "next_cursor"));
    const char *again = textf("/v1/leads?limit=3&sort=fields.town&cursor=%s", cursor);
    expect_text(get(fixture.client, "%s", again), "0", "data.0.first_name");
    expect_status(edit(last, "{'town':'AB'}"), 200);
    expect_text(get(fixture.client, "%s", again), "0", "data.0.first_name");
    expect_status(edit(last, "{'town':'z'}"), 200);
    expect_problem(get(fixture.client, "%s", again), 422, "validation_failed", "?cursor",
                   "invalid");
    expect_status(edit(last, "{'town':null}"), 200);
    expect_problem(get(fixture.client, "%s", again), 422, "validation_failed", "?cursor",
                   "invalid");
}
END_TEST

/* ---- Rules ---- */

static void publish(const char *rule_set)
{
    const char *id = service_create("/v1/rule-sets", "%s", rule_set);
    expect_status(
        ask(fixture.client, .method = "POST", .path = textf("/v1/rule-sets/%s/publish", id)), 202);
    for (int ms = 0; ms < 20000; ms += 5, usleep(5000)) {
        const struct answer *job = get(fixture.client, "/v1/jobs?limit=1");
        if (!answer_is_null(job, "data.0.finished_at"))
            return;
    }
    ck_abort_msg("the job does not end");
}

/* The scores follow from what the values were, and the recount at the end agrees. */
START_TEST(judged_by_rules)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", "{'plan':'free','seats':9.5}");
    publish("{'name':'Plans','groups':[{'key':'fit','min_milli':0,'max_milli':100000}],'rules':["
            "{'key':'pro','name':'Pro','score_group':'fit','points_milli':30000,"
            "'when':{'field':'fields.plan','op':'eq','value':'pro'}},"
            "{'key':'large','name':'Large','score_group':'fit','points_milli':25000,"
            "'when':{'field':'fields.seats','op':'gte','value':9.75}}],"
            "'criteria':[{'kind':'mql','score_min':50}]}");
    expect_int(read_lead(lead), 0, "score");
    const struct answer *edited = edit(lead, "{'plan':'pro'}");
    expect_int(edited, 30, "score");
    expect_text(edited, "target", "stage");
    edited = edit(lead, "{'seats':9.75}");
    expect_int(edited, 55, "score");
    expect_text(edited, "mql", "stage");
    expect_int(edit(lead, "{'plan':null}"), 25, "score");
    expect_int(edit(lead, "{'seats':null}"), 0, "score");
    const char *other = make_lead("bob@example.com", "{'plan':'Pro','seats':10}");
    expect_text(read_lead(other), "mql", "stage");
    expect_status(edit(other, "null"), 200);
    expect_int(read_lead(other), 0, "score");
}
END_TEST

START_TEST(gone_with_the_lead)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", ALL_VALUES);
    expect_status(edit(lead, "{'note':'y'}"), 200);
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", lead)),
                  204);
    const struct answer *shown = get(fixture.client, "/v1/leads?erased=show");
    ck_assert_str_eq(answer_text(shown, "data.0.id"), lead);
    ck_assert_uint_eq(json_object_size(answer_at(shown, "data.0.fields")), 0);
    const char *other = make_lead("bob@example.com", ALL_VALUES);
    expect_status(
        ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s?facts=remove", other)),
        204);
    service_check();
}
END_TEST

START_TEST(found_again_after_a_restart)
{
    make_fields();
    const char *lead = make_lead("ann@example.com", ALL_VALUES);
    char before[2000];
    snprintf(before, sizeof before, "%s", read_lead(lead)->body);
    service_restart();
    ck_assert_str_eq(read_lead(lead)->body, before);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("fields");
    TCase *tcase = tcase_create("fields");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_add_test(tcase, made_and_listed);
    tcase_add_test(tcase, definitions_refused);
    tcase_add_test(tcase, as_many_as_there_is_room_for);
    tcase_add_test(tcase, values_kept_as_they_were_meant);
    tcase_add_test(tcase, values_refused);
    tcase_add_test(tcase, changed_one_by_one);
    tcase_add_test(tcase, blanks_filled_by_a_merge);
    tcase_add_test(tcase, posted_to_a_form);
    tcase_add_test(tcase, archived_and_back);
    tcase_add_test(tcase, choices_and_limits_change);
    tcase_add_test(tcase, sorted_by_an_indexed_one);
    tcase_add_test(tcase, sorted_by_texts);
    tcase_add_test(tcase, chosen);
    tcase_add_test(tcase, judged_by_rules);
    tcase_add_test(tcase, gone_with_the_lead);
    tcase_add_test(tcase, found_again_after_a_restart);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, fields_import_tcase());
    suite_add_tcase(suite, attributes_tcase());
    return suite;
}
