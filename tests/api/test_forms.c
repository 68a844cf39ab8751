/* test_forms.c: the public door: what becomes of a post, where it sends a browser, and what it
 * never tells. */
#include "forms.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>

#define URLENCODED "application/x-www-form-urlencoded"
#define CONTACT "/f/contact-form"

void form_setup(void)
{
    service_setup();
    const char *campaign = service_create("/v1/campaigns", "{'name':'Spring'}");
    service_create("/v1/forms",
                   "{'name':'Contact','key':'contact-form','source':'site','campaign':'%s',"
                   "'redirect_hosts':['www.example.com','shop.example.com:8443']}",
                   campaign);
}

const struct answer *post_script(const char *body)
{
    return ask(fixture.client, .path = CONTACT, .key = "", .content_type = URLENCODED,
               .body = body);
}

const struct answer *post_page(const char *body)
{
    return ask(fixture.client, .path = CONTACT, .key = "", .content_type = URLENCODED, .body = body,
               .headers = { "Sec-Fetch-Mode: navigate", "Accept: text/html" });
}

const struct answer *journal(void)
{
    const struct answer *answer = get(fixture.client, "/v1/submissions?limit=200");
    expect_status(answer, 200);
    expect_shape(answer, "", PAGE_SHAPE);
    for (size_t i = 0; i < answer_count(answer, "data"); i++)
        expect_shape(answer, textf("data.%zu", i), SUBMISSION_SHAPE);
    return answer;
}

size_t count_of_leads(void)
{
    return answer_count(get(fixture.client, "/v1/leads?limit=200"), "data");
}

/* The lead of the newest post. */
static const struct answer *newest_lead(void)
{
    return get(fixture.client, "/v1/leads/%s", answer_text(journal(), "data.0.lead_id"));
}

/* ---- A post becomes a lead ---- */

START_TEST(from_a_page)
{
    const struct answer *answer =
        post_script("Email=+Ann%2Bx%40Example.com&First+Name=Ann&company-name=ACME%26Co&x=%C3%A9");
    expect_status(answer, 200);
    ck_assert_str_eq(answer->body, "{\"ok\":true}");
    ck_assert_str_eq(answer_header(answer, "Content-Type"), "application/json");
    const struct answer *lead = newest_lead();
    expect_text(lead, "ann+x@example.com", "email");
    expect_text(lead, "Ann", "first_name");
    expect_text(lead, "ACME&Co", "company");
    expect_text(lead, "site", "source");
    ck_assert(!answer_is_null(lead, "campaign"));
    expect_int(lead, 25, "score"); /* e-mail 5, company 10, the form 10 */
    const char *id = answer_text(lead, "id");
    const struct answer *log = get(fixture.client, "/v1/leads/%s/activities", id);
    ck_assert_uint_eq(answer_count(log, "data"), 1);
    expect_text(log, "form_submitted", "data.0.type");
    answer = journal();
    expect_text(answer, "created", "data.0.verdict");
    expect_text(answer, id, "data.0.lead_id");
    expect_text(answer, URLENCODED, "data.0.content_type");
}
END_TEST

START_TEST(from_a_script)
{
    const struct answer *answer =
        ask(fixture.client, .path = CONTACT, .key = "",
            .body = "{\"email\":\"bob@example.com\",\"Phone Number\":\"+49 30 123456\","
                    "\"lead_source\":\"fair\",\"nested\":{\"city\":\"Bern\"},\"n\":[1,null]}");
    expect_status(answer, 200);
    const struct answer *lead = newest_lead();
    expect_text(lead, "bob@example.com", "email");
    expect_text(lead, "+4930123456", "phone");
    expect_text(lead, "fair", "source");
}
END_TEST

static const struct {
    const char *name, *member;
} aliases[] = {
    { "email", "email" },
    { "E-Mail", "email" },
    { "Email Address", "email" },
    { "work_email", "email" },
    { "your-email", "email" },
    { "MAIL", "email" },
    { "FNAME", "first_name" },
    { "firstname", "first_name" },
    { "given-name", "first_name" },
    { "LNAME", "last_name" },
    { "surname", "last_name" },
    { "family_name", "last_name" },
    { "name", "last_name" },
    { "Full Name", "last_name" },
    { "your-name", "last_name" },
    { "organization", "company" },
    { "organisation", "company" },
    { "Company Name", "company" },
    { "tel", "phone" },
    { "mobile", "phone" },
    { "your-tel", "phone" },
    { "telephone", "phone" },
    { "title", "job_title" },
    { "position", "job_title" },
    { "role", "job_title" },
    { "url", "website" },
    { "industry", "industry" },
    { "Country", "country" },
    { "city", "city" },
    { "utm_source", "source" },
};

START_TEST(aliases_of_fields)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        bool email = strcmp(aliases[i].member, "email") == 0;
        const char *value = email ? textf("a%zu@example.com", i) : textf("+4930100%04zu", i);
        const struct answer *answer = ask(
            fixture.client, .path = CONTACT, .key = "",
            .body = textf("{\"%s\":\"%s\",\"first_hit\":1,\"%s\":\"A%zu\"}", aliases[i].name, value,
                          strcmp(aliases[i].member, "company") ? "company" : "surname", i));
        expect_status(answer, 200);
        expect_text(newest_lead(), value, "%s", aliases[i].member);
    }
}
END_TEST

/* Nothing that is wrong with a field loses the person. */
START_TEST(mended)
{
    char long_name[301];
    memset(long_name, 'n', 300);
    long_name[300] = '\0';
    expect_status(post_script(textf("email=no+address&last_name=%s&city=%%FF%%00x", long_name)),
                  200);
    const struct answer *lead = newest_lead();
    ck_assert(answer_is_null(lead, "email"));
    ck_assert_uint_eq(strlen(answer_text(lead, "last_name")), 100);
    expect_text(lead, "\xef\xbf\xbdx", "city");
    expect_text(journal(), "created", "data.0.verdict");
    expect_status(post_script("email=a%40example.com&email=b%40example.com&&=&x&=y&%zz=%"), 200);
    expect_text(newest_lead(), "a@example.com", "email");
}
END_TEST

START_TEST(known_lead)
{
    const char *lead =
        service_create("/v1/leads", "{'email':'ann@example.com','city':'Bern','source':'fair'}");
    const struct answer *answer =
        post_script("email=ann%2Bform%40example.com&city=Rome&company=ACME");
    ck_assert_str_eq(answer->body, "{\"ok\":true}"); /* nothing of what is known */
    answer = get(fixture.client, "/v1/leads/%s", lead);
    expect_text(answer, "Bern", "city");
    expect_text(answer, "ACME", "company");
    expect_text(answer, "fair", "source");
    expect_int(answer, 25, "score");
    ck_assert_uint_eq(count_of_leads(), 1);
    expect_text(journal(), "merged", "data.0.verdict");
    answer = post_page("email=ann%40example.com");
    ck_assert_ptr_null(strstr(answer->body, "ACME"));
    ck_assert_ptr_null(strstr(answer->body, "ann"));
}
END_TEST

START_TEST(two_at_once)
{
    for (int i = 0; i < 20; i++) {
        struct race race = { .path = CONTACT,
                             .content_type = URLENCODED,
                             .bodies = { textf("email=u%d%%40example.com&city=Bern", i),
                                         textf("email=U%d%%40example.com&city=Rome", i) } };
        race_run(&race);
        ck_assert_int_eq(race.statuses[0], 200);
        ck_assert_int_eq(race.statuses[1], 200);
    }
    ck_assert_uint_eq(count_of_leads(), 20);
    ck_assert_uint_eq(answer_count(journal(), "data"), 40);
}
END_TEST

/* ---- Where a browser goes next ---- */

static const struct {
    const char *field, *url; /* as posted */
    const char *location;    /* NULL: the thank-you page */
} redirects[] = {
    { "_next", "https%3A%2F%2Fwww.example.com%2Fthanks%3Fa%3D1%26b%23c",
      "https://www.example.com/thanks?a=1&b#c" },
    { "_redirect", "http%3A%2F%2Fwww.example.com", "http://www.example.com" },
    { "redirect", "HTTPS://WWW.Example.com/x", "HTTPS://WWW.Example.com/x" },
    { "retURL", "https://www.example.com:444/", "https://www.example.com:444/" },
    { "_next", "https://shop.example.com:8443/", "https://shop.example.com:8443/" },
    { "_next", "https://www.example.com?x=@evil.example",
      "https://www.example.com?x=@evil.example" },
    { "_next", "https://shop.example.com/", NULL }, /* another port */
    { "_next", "https://evil.example/", NULL },
    { "_next", "//evil.example/", NULL },
    { "_next", "//www.example.com/", NULL },
    { "_next", "%5C%5Cevil.example", NULL },
    { "_next", "/%5Cevil.example", NULL },
    { "_next", "https%3A%5C%5Cwww.example.com", NULL },
    { "_next", "https://www.example.com%5C@evil.example/", NULL },
    { "_next", "https://www.example.com@evil.example/", NULL },
    { "_next", "https://www.example.com:80@evil.example/", NULL },
    { "_next", "https://user@www.example.com/", NULL },
    { "_next", "https://www.example.com.evil.example/", NULL },
    { "_next", "https://evil.example/www.example.com", NULL },
    { "_next", "https://www.example.com:evil.example/", NULL },
    { "_next", "https://www.example.com:80:90/", NULL },
    { "_next", "https://evil.example%23.www.example.com/", NULL },
    { "_next", "https://evil-www.example.com/", NULL },
    { "_next", "javascript:alert(1)//www.example.com", NULL },
    { "_next", "JAVASCRIPT%3Aalert(1)", NULL },
    { "_next", "data:text/html,x", NULL },
    { "_next", "ftp://www.example.com/", NULL },
    { "_next", "https:///www.example.com/", NULL },
    { "_next", "https:www.example.com/", NULL },
    { "_next", "https://", NULL },
    { "_next", "", NULL },
    { "_next", "+https://www.example.com/", NULL },
    { "_next", "https://www.example.com/%0D%0ASet-Cookie:x=1", NULL },
    { "_next", "https://www.example.com/%0Ax", NULL },
    { "_next", "https://www.example.com%09.evil.example/", NULL },
    { "_next", "https://www.example.com/%C3%A9", NULL },
    { "next", "https://www.example.com/", NULL }, /* not one of the names */
};

START_TEST(redirected)
{
    for (size_t i = 0; i < ARRAY_SIZE(redirects); i++) {
        const char *body =
            textf("email=a%%40example.com&%s=%s", redirects[i].field, redirects[i].url);
        const struct answer *answer = post_page(body);
        ck_assert_ptr_null(answer_header(answer, "Set-Cookie"));
        const char *location = answer_header(answer, "Location");
        if (redirects[i].location) {
            expect_status(answer, 303);
            ck_assert_msg(location && strcmp(location, redirects[i].location) == 0, "%s: %s",
                          redirects[i].url, location);
            continue;
        }
        ck_assert_msg(answer->status == 200 && !location, "%s: %s", redirects[i].url, location);
        answer = post_script(body);
        ck_assert_ptr_null(answer_header(answer, "Location"));
        ck_assert_int_eq(answer->status, 200);
    }
}
END_TEST

/* What cannot be told in a reply is not repeated in it; the post is answered all the same. */
START_TEST(nothing_long_is_repeated)
{
    char pad[40000];
    memset(pad, 'a', sizeof pad - 1);
    pad[sizeof pad - 1] = '\0';
    const struct answer *answer =
        post_page(textf("email=a%%40example.com&_next=https://www.example.com/%s", pad));
    ck_assert_int_eq(answer->status, 200);
    ck_assert_ptr_null(answer_header(answer, "Location"));
    pad[18000] = '\0';
    answer = ask(fixture.client, .path = CONTACT, .key = "", .content_type = URLENCODED,
                 .body = "email=b%40example.com",
                 .headers = { textf("Origin: https://%s.example", pad) });
    ck_assert_int_eq(answer->status, 200);
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(thanks)
{
    const struct answer *answer = post_page("email=ann%40example.com");
    expect_status(answer, 200);
    ck_assert_str_eq(answer_header(answer, "Content-Type"), "text/html; charset=utf-8");
    ck_assert_str_eq(answer_header(answer, "Content-Security-Policy"),
                     "default-src 'none'; frame-ancestors 'none'");
    ck_assert_str_eq(answer_header(answer, "X-Content-Type-Options"), "nosniff");
    ck_assert_ptr_nonnull(strstr(answer->body, "Thank you"));
    const struct answer *other =
        ask(fixture.client, .path = CONTACT, .key = "", .content_type = URLENCODED,
            .body = "email=b%40example.com", .headers = { "Accept: text/html,*/*;q=0.8" });
    ck_assert_str_eq(other->body, answer->body);
    other = ask(fixture.client, .path = CONTACT, .key = "", .content_type = URLENCODED,
                .body = "email=b%40example.com",
                .headers = { "Accept: text/html", "Sec-Fetch-Mode: cors" });
    ck_assert_str_eq(other->body, "{\"ok\":true}");
}
END_TEST

/* ---- Bots ---- */

/* All of the answer but what differs from one to the next anyway. */
static const char *look_of(const struct answer *answer)
{
    static const char *const names[] = { "Content-Type",  "Location",  "Content-Length",
                                         "Cache-Control", "Vary",      "Content-Security-Policy",
                                         "Set-Cookie",    "Connection" };
    const char *look = textf("%d %s", answer->status, answer->body);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = answer_header(answer, names[i]);
        look = textf("%s\n%s: %s", look, names[i], value ? value : "-");
    }
    return look;
}

START_TEST(trapped)
{
    static const char *const traps[] = { "_gotcha", "_honey",    "honeypot",
                                         "HP",      "bot-field", "website_url_hp" };
    static const char *const ends[] = { "", "&_next=https://www.example.com/" };
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        const char *person = textf("email=ann%%40example.com&_gotcha=%s", ends[i]);
        const char *script = look_of(post_script(person)), *page = look_of(post_page(person));
        for (size_t j = 0; j < ARRAY_SIZE(traps); j++) {
            const char *bot = textf("email=bot%%40example.com&%s=x%s", traps[j], ends[i]);
            ck_assert_str_eq(look_of(post_script(bot)), script);
            ck_assert_str_eq(look_of(post_page(bot)), page);
            const struct answer *answer = journal();
            expect_text(answer, "trapped", "data.0.verdict");
            ck_assert(answer_is_null(answer, "data.0.lead_id"));
        }
    }
    ck_assert_uint_eq(count_of_leads(), 1);
}
END_TEST

/* ---- Forms themselves ---- */

START_TEST(form_made)
{
    const struct answer *answer =
        post(fixture.client, "/v1/forms",
             "{'name':'Fair','redirect_hosts':['a.example'],'allowed_origins':['https://b.example',"
             "'http://localhost:3000']}");
    expect_status(answer, 201);
    expect_shape(answer, "", FORM_SHAPE);
    const char *id = answer_text(answer, "id"), *key = answer_text(answer, "key");
    ck_assert_str_eq(answer_header(answer, "Location"), textf("/v1/forms/%s", id));
    ck_assert_uint_eq(strlen(key), 16);
    expect_text(answer, "http://localhost:3000", "allowed_origins.1");
    expect_status(ask(fixture.client, .path = textf("/f/%s", key), .key = "",
                      .content_type = URLENCODED, .body = "email=a%40example.com"),
                  200);
    const struct answer *again = get(fixture.client, "/v1/forms/%s", id);
    ck_assert_str_eq(again->body, answer->body);
    again = get(fixture.client, "/v1/forms");
    ck_assert_uint_eq(answer_count(again, "data"), 2);
    expect_shape(again, "data.0", FORM_SHAPE);
    answer = post(fixture.client, "/v1/forms", "{'name':'X','key':'%s'}", key);
    expect_problem(answer, 409, "duplicate", "/key", NULL);
    expect_text(answer, id, "existing_id");
}
END_TEST

START_TEST(form_refused)
{
    static const struct {
        const char *members, *place, *why;
    } cases[] = {
        { "'key':'sp ace-key'", "/key", "invalid" },
        { "'key':'sla/sh-key'", "/key", "invalid" },
        { "'redirect_hosts':['https://a.example']", "/redirect_hosts", "invalid" },
        { "'redirect_hosts':['a.example/x']", "/redirect_hosts", "invalid" },
        { "'redirect_hosts':['*']", "/redirect_hosts", "invalid" },
        { "'allowed_origins':['a.example']", "/allowed_origins", "invalid" },
        { "'allowed_origins':['https://a.example/']", "/allowed_origins", "invalid" },
        { "'allowed_origins':['*']", "/allowed_origins", "invalid" },
        { "'allowed_origins':['null']", "/allowed_origins", "invalid" },
        { "'campaign':'019aab3f-7c1e-7abc-8def-0123456789ab'", "/campaign", "unknown" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_problem(post(fixture.client, "/v1/forms", "{'name':'X',%s}", cases[i].members), 422,
                       "validation_failed", cases[i].place, cases[i].why);
}
END_TEST

/* What was said stands in the timeline, and word for word in the journal. */
START_TEST(what_was_said)
{
    static const char body[] =
        "email=not+an+address&company=Acme&message=Hi+there&topic=a&topic=b&_next=x";
    service_create("/v1/forms", "{'name':'Contact','key':'what-was-said'}");
    const struct answer *answer =
        ask(fixture.client, .path = "/f/what-was-said", .key = "", .body = body,
            .content_type = "application/x-www-form-urlencoded");
    expect_status(answer, 200);
    answer = get(fixture.client, "/v1/submissions?verdict=created");
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    ck_assert_ptr_nonnull(strstr(answer_text(answer, "data.0.detail"), "email"));
    const char *lead = textf("%s", answer_text(answer, "data.0.lead_id"));
    const char *id = textf("%s", answer_text(answer, "data.0.id"));
    const char *form = textf("%s", answer_text(answer, "data.0.form"));
    expect_text(get(fixture.client, "/v1/submissions/%s", id), body, "body");
    answer = get(fixture.client, "/v1/leads/%s/activities", lead);
    expect_text(answer, "form", "data.0.source_system");
    expect_text(answer, "Contact", "data.0.properties.form");
    expect_text(answer, "Hi there", "data.0.properties.fields.message");
    expect_text(answer, "a;b", "data.0.properties.fields.topic");
    answer = get(fixture.client, "/v1/submissions?verdict=failed");
    ck_assert_uint_eq(answer_count(answer, "data"), 0);
    answer = get(fixture.client, "/v1/submissions?form=%s", form);
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    answer = get(fixture.client, "/v1/submissions?form=%s", lead);
    ck_assert_uint_eq(answer_count(answer, "data"), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = { what_was_said,     nothing_long_is_repeated,
                                   from_a_page,       from_a_script,
                                   aliases_of_fields, mended,
                                   known_lead,        two_at_once,
                                   redirected,        thanks,
                                   trapped,           form_made,
                                   form_refused };
    Suite *suite = suite_create("forms");
    TCase *tcase = tcase_create("forms");
    tcase_add_checked_fixture(tcase, form_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, journal_tcase());
    return suite;
}
