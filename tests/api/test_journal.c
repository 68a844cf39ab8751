/* test_journal.c: the journal of the public door holds every post as it came, also what cannot be
 * read or is refused; and which pages' scripts may post. */
#include "forms.h"
#include "server/api/dispatch.h"
#include "shape.h"

#include <funneld/store.h>

#include <stdlib.h>
#include <string.h>

/* The raw post, byte by byte: a route can show text only. */
static void journal_newest(struct bytes *ret)
{
    struct arena arena = { 0 };
    struct ctx ctx = { .arena = &arena, .ids = &fixture.ids, .now_ms = clock_now_ms() };
    struct db *db = NULL;
    struct submission_filter filter = { .verdict = -1,
                                        .range = { .descending = true, .limit = 1 } };
    struct submission newest;
    struct rows rows = { 0 };
    ck_assert_int_eq(store_reader(&ctx, fixture.service->store, &db), OK);
    ck_assert_int_eq(db_begin_read(&ctx, db), OK);
    ck_assert_int_eq(submission_list(&ctx, db, &filter, &rows), OK);
    ck_assert_uint_eq(rows.count, 1);
    const struct id *id = &((const struct submission *)rows.items)->id;
    ck_assert_int_eq(submission_load(&ctx, db, id, &newest), OK);
    struct bytes body = newest.body;
    ret->length = body.length;
    ret->data =
        arena_copy(&fixture.arena, body.length ? body.data : (const uint8_t *)"", body.length);
    db_end_read(db);
    db_close(db);
    arena_free(&arena);
}

static const struct {
    const char *type, *body;
    size_t bytes;
    int status; /* to a script */
    const char *verdict, *code;
} posts[] = {
    { "application/x-www-form-urlencoded", "email=a%40example.com", 0, 200, "created", NULL },
    { "application/x-www-form-urlencoded; charset=UTF-8", "email=b%40example.com", 0, 200,
      "created", NULL },
    { "", "email=c%40example.com", 0, 200, "created", NULL },
    { "application/json; charset=utf-8", "{\"email\":\"d@example.com\"}", 0, 200, "created", NULL },
    { "application/x-www-form-urlencoded", "city=Bern", 0, 422, "failed", "validation_failed" },
    { "application/x-www-form-urlencoded", "", 0, 422, "failed", "validation_failed" },
    { "application/x-www-form-urlencoded", "email=\xff\xfe&\0=\x01", 12, 422, "failed",
      "validation_failed" },
    { "application/x-www-form-urlencoded", "email=nonsense", 0, 422, "failed",
      "validation_failed" },
    { "application/json", "{\"email\":", 0, 400, "failed", "malformed" },
    { "application/json", "", 0, 400, "failed", "malformed" },
    { "application/json", "[\"a\"]", 0, 400, "failed", "malformed" },
    { "application/json", "{\"email\":\"\xff\"}", 0, 400, "failed", "malformed" },
    { "application/json", "{}\0x", 4, 400, "failed", "malformed" },
    { "application/json", "{\"a\":1,\"a\":2}", 0, 400, "failed", "malformed" },
    { "text/plain", "email=e@example.com", 0, 415, "failed", "unsupported_media_type" },
    { "application/jsonp", "x", 0, 415, "failed", "unsupported_media_type" },
    { "multipart/form-data; boundary=x",
      "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\ne@example.com\r\n--x--\r\n", 0,
      415, "failed", "unsupported_media_type" },
    { "image/png", "\x89PNG\r\n\x1a\n\0\xff", 10, 415, "failed", "unsupported_media_type" },
    { "text/pl\xe4in", "x", 0, 415, "failed", "unsupported_media_type" },
};

START_TEST(every_post)
{
    for (size_t i = 0; i < ARRAY_SIZE(posts); i++) {
        struct ask ask = { .path = "/f/contact-form",
                           .key = "",
                           .body = posts[i].body,
                           .content_type = posts[i].type,
                           .body_bytes = posts[i].bytes };
        const struct answer *answer = client_ask(fixture.client, &ask);
        if (posts[i].status == 200)
            ck_assert_str_eq(answer->body, "{\"ok\":true}");
        else
            expect_problem(answer, posts[i].status, posts[i].code,
                           posts[i].status == 415 ? "Content-Type" : NULL, NULL);
        size_t bytes = posts[i].bytes ? posts[i].bytes : strlen(posts[i].body);
        struct bytes raw;
        journal_newest(&raw);
        ck_assert_uint_eq(raw.length, bytes);
        ck_assert_msg(memcmp(raw.data, posts[i].body, bytes) == 0, "post %zu", i);
        const struct answer *told = journal();
        ck_assert_uint_eq(answer_count(told, "data"), i + 1);
        expect_text(told, posts[i].verdict, "data.0.verdict");
        bool failed = posts[i].status != 200;
        ck_assert(answer_is_null(told, "data.0.detail") == !failed);
        ck_assert(answer_is_null(told, "data.0.lead_id") == failed);
        if (failed)
            expect_text(answer, answer_text(told, "data.0.id"), "submission");
    }
    ck_assert_uint_eq(count_of_leads(), 4);
}
END_TEST

/* As with any other route, by the name that came. */
START_TEST(wrong_members_are_named)
{
    static const struct {
        const char *body, *place;
    } cases[] = {
        { "{\"Your-Email\":\"nonsense\",\"city\":\"Bern\"}", "/Your-Email" },
        { "{\"city\":\"Bern\"}", "/email" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer *answer =
            ask(fixture.client, .path = "/f/contact-form", .key = "", .body = cases[i].body);
        expect_problem(answer, 422, "validation_failed", cases[i].place, NULL);
        expect_text(answer, "/f/contact-form", "instance");
    }
}
END_TEST

/* Kept as it came, for whoever can unpack it. */
START_TEST(compressed)
{
    const struct answer *answer = ask(fixture.client, .path = "/f/contact-form", .key = "",
                                      .body = "\x1f\x8b", .headers = { "Content-Encoding: gzip" });
    expect_problem(answer, 415, "unsupported_media_type", "Content-Encoding", NULL);
    expect_text(journal(), "failed", "data.0.verdict");
}
END_TEST

/* A person never sees an error page, whatever came of the post. */
START_TEST(page_never_fails)
{
    const char *thanks = post_page("email=a%40example.com")->body;
    for (size_t i = 0; i < ARRAY_SIZE(posts); i++) {
        struct ask ask = { .path = "/f/contact-form",
                           .key = "",
                           .body = posts[i].body,
                           .content_type = posts[i].type,
                           .body_bytes = posts[i].bytes,
                           .headers = { "Sec-Fetch-Mode: navigate" } };
        const struct answer *answer = client_ask(fixture.client, &ask);
        expect_status(answer, 200);
        ck_assert_str_eq(answer->body, thanks);
    }
    ck_assert_uint_eq(answer_count(journal(), "data"), ARRAY_SIZE(posts) + 1);
}
END_TEST

START_TEST(bound)
{
    char *body = calloc(1, 65537 + 1);
    ck_assert_ptr_nonnull(body);
    memset(body, 'x', 65537);
    memcpy(body, "email=a%40example.com&x=", 24);
    expect_problem(post_script(body), 413, "too_large", NULL, NULL);
    ck_assert_uint_eq(count_of_leads(), 0);
    body[65536] = '\0';
    expect_status(post_script(body), 200);
    struct bytes raw;
    journal_newest(&raw);
    ck_assert_uint_eq(raw.length, 65536);
    ck_assert_uint_eq(count_of_leads(), 1);
    free(body);
    struct buffer many = { .arena = &fixture.arena };
    for (int i = 0; i < 1001; i++)
        buffer_text(&many, "a=b&");
    buffer_char(&many, '\0');
    expect_problem(post_script(many.data), 413, "too_large", NULL, NULL);
    expect_text(journal(), "failed", "data.0.verdict");
}
END_TEST

START_TEST(pages_of_the_journal)
{
    for (int i = 0; i < 7; i++)
        post_script(textf("email=u%d%%40example.com", i));
    const struct answer *all = journal();
    const char *cursor = "";
    size_t seen = 0;
    for (bool more = true; more;) {
        const struct answer *answer = get(fixture.client, "/v1/submissions?limit=3%s", cursor);
        for (size_t i = 0; i < answer_count(answer, "data"); i++, seen++)
            expect_text(answer, answer_text(all, "data.%zu.id", seen), "data.%zu.id", i);
        more = answer_bool(answer, "has_more");
        if (more)
            cursor = textf("&cursor=%s", answer_text(answer, "next_cursor"));
    }
    ck_assert_uint_eq(seen, 7);
    for (size_t i = 1; i < seen; i++) /* newest first */
        ck_assert_str_lt(answer_text(all, "data.%zu.id", i),
                         answer_text(all, "data.%zu.id", i - 1));
}
END_TEST

START_TEST(unknown_form)
{
    const struct answer *answer = ask(fixture.client, .path = "/f/nobodys-form", .key = "",
                                      .content_type = "", .body = "email=a%40example.com");
    expect_problem(answer, 404, "not_found", NULL, NULL);
    answer = ask(fixture.client, .method = "OPTIONS", .path = "/f/nobodys-form", .key = "");
    expect_problem(answer, 404, "not_found", NULL, NULL);
    ck_assert_uint_eq(answer_count(journal(), "data"), 0);
}
END_TEST

/* ---- Scripts of other pages ---- */

static void make_listed_form(void)
{
    service_create("/v1/forms", "{'name':'Listed','key':'listed-form','redirect_hosts':["
                                "'www.example.com'],'allowed_origins':['https://www.example.com',"
                                "'http://localhost:3000']}");
}

static const struct answer *post_from(const char *form, const char *origin, const char *mode)
{
    return ask(fixture.client, .path = textf("/f/%s", form), .key = "",
               .content_type = "application/x-www-form-urlencoded",
               .body = "email=a%40example.com&_next=https://www.example.com/",
               .headers = { textf("Origin: %s", origin), textf("Sec-Fetch-Mode: %s", mode) });
}

static const struct answer *preflight(const char *form, const char *origin)
{
    return ask(fixture.client, .method = "OPTIONS", .path = textf("/f/%s", form), .key = "",
               .headers = { textf("Origin: %s", origin), "Access-Control-Request-Method: POST",
                            "Access-Control-Request-Headers: content-type" });
}

START_TEST(allowed_origins)
{
    static const char *const allowed[] = { "https://www.example.com", "http://localhost:3000" };
    make_listed_form();
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
        const struct answer *answer = preflight("listed-form", allowed[i]);
        expect_status(answer, 204);
        ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"), allowed[i]);
        ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Methods"), "POST, OPTIONS");
        ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Headers"), "Content-Type");
        ck_assert_str_eq(answer_header(answer, "Vary"), "Origin");
        ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Credentials"));
        answer = post_from("listed-form", allowed[i], "cors");
        expect_status(answer, 200);
        ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"), allowed[i]);
        ck_assert_str_eq(answer_header(answer, "Vary"), "Origin");
    }
    ck_assert_uint_eq(count_of_leads(), 1);
    expect_status(ask(fixture.client, .path = "/f/listed-form", .key = "", .content_type = "",
                      .body = "email=b%40example.com"),
                  200); /* servers name no origin */
}
END_TEST

/* It makes no lead, but the journal has it: the list may be what is wrong. */
START_TEST(refused_origins)
{
    static const char *const refused[] = {
        "https://evil.example",
        "https://www.example.com.evil.example",
        "http://www.example.com",
        "https://www.example.com:444",
        "null",
        "https://www.example.com/",
        "www.example.com",
        "https://\xff",
        "*",
    };
    make_listed_form();
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        const struct answer *answer = preflight("listed-form", refused[i]);
        expect_problem(answer, 403, "forbidden", NULL, NULL);
        ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
        answer = post_from("listed-form", refused[i], "cors");
        expect_problem(answer, 403, "forbidden", NULL, NULL);
        ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
        answer = journal();
        ck_assert_uint_eq(answer_count(answer, "data"), 2 * i + 1);
        expect_text(answer, "failed", "data.0.verdict");
        ck_assert_ptr_nonnull(strstr(answer_text(answer, "data.0.detail"), "takes no posts from"));
        answer = post_from("listed-form", refused[i], "navigate");
        expect_status(answer, 200);
        ck_assert_ptr_null(answer_header(answer, "Location"));
    }
    ck_assert_uint_eq(count_of_leads(), 0);
}
END_TEST

START_TEST(any_origin)
{
    const struct answer *answer = preflight("contact-form", "https://anywhere.example");
    expect_status(answer, 204);
    ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"),
                     "https://anywhere.example");
    answer = post_from("contact-form", "https://anywhere.example", "cors");
    expect_status(answer, 200);
    ck_assert_str_eq(answer_header(answer, "Access-Control-Allow-Origin"),
                     "https://anywhere.example");
    /* "null" is what sandboxes and local files have; a page may have it too, but no script. */
    answer = preflight("contact-form", "null");
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
    answer = post_from("contact-form", "null", "navigate");
    expect_status(answer, 303);
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
    /* One that is there and empty, which libcurl sends for this. */
    answer = ask(fixture.client, .path = "/f/contact-form", .key = "",
                 .content_type = "application/x-www-form-urlencoded",
                 .body = "email=a%40example.com", .headers = { "Origin;" });
    expect_status(answer, 200);
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
    /* No other route lets scripts of other pages read anything. */
    answer = ask(fixture.client, .path = "/v1/leads", .headers = { "Origin: https://a.example" });
    ck_assert_ptr_null(answer_header(answer, "Access-Control-Allow-Origin"));
}
END_TEST

TCase *journal_tcase(void)
{
    TCase *tcase = tcase_create("journal");
    tcase_add_checked_fixture(tcase, form_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, every_post);
    tcase_add_test(tcase, compressed);
    tcase_add_test(tcase, wrong_members_are_named);
    tcase_add_test(tcase, page_never_fails);
    tcase_add_test(tcase, bound);
    tcase_add_test(tcase, pages_of_the_journal);
    tcase_add_test(tcase, unknown_form);
    tcase_add_test(tcase, allowed_origins);
    tcase_add_test(tcase, refused_origins);
    tcase_add_test(tcase, any_origin);
    return tcase;
}
