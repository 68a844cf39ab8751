/* test_attributes.c: what won leads have in common, held against a count by hand. */
#include "fields.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>

#define REPORT_SHAPE                                                                               \
    "as_of:T pipeline:t from:D? to:D? among:t leads:n won:n drilldown:o min_support:n left_out:a " \
    "lifts:a"
#define LIFT_SHAPE                                                                                 \
    "attribute:t? op:t? value:t? high_value:t? activity:t? lift:d among_won:o among:o"

/* leads: of which so many are won, the others lost; the last `open` stay open. */
static void make_leads(const char *members, int leads, int won, int open, const char *activity)
{
    static int number;
    for (int i = 0; i < leads + open; i++) {
        const char *lead =
            service_create("/v1/leads", "{'email':'l%d@example.com'%s}", number++, members);
        const char *path = textf("/v1/leads/%s", lead);
        for (int twice = 0; activity && twice < 2; twice++)
            service_create(textf("%s/activities", path), "{'type':'%s'}", activity);
        if (i < leads)
            expect_status(post(fixture.client, textf("%s/%s", path, i < won ? "win" : "lose"),
                               "{'reason':'x'}"),
                          200);
        client_forget(fixture.client);
    }
}

static const struct answer *report(const char *query)
{
    const struct answer *answer = get(fixture.client, "/v1/metrics/attributes%s", query);
    expect_status(answer, 200);
    return answer;
}

/* The row of that attribute, or activity, and value; fails without one. */
static void expect_lift(const struct answer *answer, const char *attribute, const char *op,
                        const char *value, double lift, int64_t won, int64_t leads)
{
    for (size_t i = 0; i < answer_count(answer, "lifts"); i++) {
        json_t *row = answer_at(answer, "lifts.%zu", i);
        const char *name = json_string_value(json_object_get(row, op ? "attribute" : "activity"));
        const char *has_op = json_string_value(json_object_get(row, "op"));
        const char *has_value = json_string_value(json_object_get(row, "value"));
        if (!name || strcmp(name, attribute) != 0 || (op && strcmp(op, has_op) != 0) ||
            (value && strcmp(has_value ? has_value : "", value) != 0))
            continue;
        expect_shape(answer, textf("lifts.%zu", i), LIFT_SHAPE);
        ck_assert_double_eq_tol(json_number_value(json_object_get(row, "lift")), lift, 0.000005);
        expect_int(answer, won, "lifts.%zu.among_won.numerator", i);
        expect_int(answer, answer_int(answer, "won"), "lifts.%zu.among_won.denominator", i);
        expect_int(answer, leads, "lifts.%zu.among.numerator", i);
        expect_int(answer, answer_int(answer, "leads"), "lifts.%zu.among.denominator", i);
        return;
    }
    ck_abort_msg("no row of %s %s: %.3000s", attribute, value ? value : "", answer->body);
}

START_TEST(counted_by_hand)
{
    expect_status(post(fixture.client, "/v1/fields",
                       "{'key':'plan','name':'P','type':'choice','choices':['free','pro']}"),
                  201);
    make_leads(",'source':'Fair','fields':{'plan':'pro'}", 4, 3, 1, "meeting");
    make_leads(",'source':'fair'", 2, 1, 0, NULL);
    make_leads(",'source':'Web','phone':'+49305550101','fields':{'plan':'free'}", 1, 1, 0, "call");
    make_leads(",'source':'Web','fields':{'plan':'free'}", 3, 0, 5, "call");

    /* 10 closed leads, 5 of them won */
    const struct answer *answer = report("?min_support=1");
    expect_shape(answer, "", REPORT_SHAPE);
    expect_text(answer, "closed", "among");
    expect_int(answer, 10, "leads");
    expect_int(answer, 5, "won");
    expect_lift(answer, "source", "eq", "Fair", (4.0 / 5) / (6.0 / 10), 4, 6);
    expect_lift(answer, "source", "eq", "Web", (1.0 / 5) / (4.0 / 10), 1, 4);
    expect_lift(answer, "fields.plan", "eq", "pro", (3.0 / 5) / (4.0 / 10), 3, 4);
    expect_lift(answer, "fields.plan", "eq", "free", (1.0 / 5) / (4.0 / 10), 1, 4);
    expect_lift(answer, "fields.plan", "absent", NULL, (1.0 / 5) / (2.0 / 10), 1, 2);
    expect_lift(answer, "phone", "present", NULL, 2, 1, 1);
    expect_lift(answer, "phone", "absent", NULL, (4.0 / 5) / (9.0 / 10), 4, 9);
    expect_lift(answer, "email", "present", NULL, 1, 5, 10);
    expect_lift(answer, "meeting", NULL, NULL, (3.0 / 5) / (4.0 / 10), 3, 4);
    expect_lift(answer, "call", NULL, NULL, (1.0 / 5) / (4.0 / 10), 1, 4);
    expect_text(answer, "phone", "lifts.0.attribute");
    expect_text(answer, "meeting", "lifts.1.activity"); /* 1.5 twice: by name, none before some */
    expect_text(answer, "fields.plan", "lifts.2.attribute");

    /* Of all, the six that are open too. */
    answer = report("?min_support=1&among=all");
    expect_int(answer, 16, "leads");
    expect_lift(answer, "source", "eq", "Fair", (4.0 / 5) / (7.0 / 16), 4, 7);
    expect_lift(answer, "call", NULL, NULL, (1.0 / 5) / (9.0 / 16), 1, 9);
}
END_TEST

/* Nobody is behind it: it is in no denominator, whatever was known of it. */
START_TEST(without_spam)
{
    make_leads(",'country':'DE'", 2, 1, 1, "call");
    const char *lead =
        service_create("/v1/leads", "{'email':'spam@example.com','country':'DE','stage':'mql'}");
    expect_status(post(fixture.client, textf("/v1/leads/%s/reject", lead), "{'kind':'spam'}"), 200);
    const struct answer *answer = report("?among=all&min_support=1");
    expect_int(answer, 3, "leads");
    expect_lift(answer, "country", "eq", "DE", 1, 1, 3);
    expect_status(post(fixture.client, textf("/v1/leads/%s/reopen", lead), "{}"), 200);
    expect_status(post(fixture.client, textf("/v1/leads/%s/disqualify", lead), "{'reason':'x'}"),
                  200);
    expect_int(report("?among=all&min_support=1"), 4, "leads");
}
END_TEST

START_TEST(narrowed)
{
    make_leads(",'source':'Fair'", 4, 3, 0, NULL);
    make_leads(",'source':'Web'", 3, 1, 0, "call");
    const struct answer *answer = report("?min_support=4");
    for (size_t i = 0; i < answer_count(answer, "lifts"); i++)
        ck_assert_int_ge(answer_int(answer, "lifts.%zu.among.numerator", i), 4);
    expect_lift(answer, "source", "eq", "Fair", (3.0 / 4) / (4.0 / 7), 3, 4);
    ck_assert_uint_eq(answer_count(report("?min_support=1&limit=2"), "lifts"), 2);
    expect_int(report(""), 30, "min_support");
    ck_assert_uint_eq(answer_count(report(""), "lifts"), 0);
    answer = report("?from=2001-01-01&to=2001-02-01&min_support=1");
    expect_int(answer, 0, "leads");
    ck_assert_uint_eq(answer_count(answer, "lifts"), 0);
    expect_problem(get(fixture.client, "/v1/metrics/attributes?pipeline=none"), 422,
                   "validation_failed", "?pipeline", "unknown");
    expect_problem(get(fixture.client, "/v1/metrics/attributes?from=2001-01-02&to=2001-01-02"), 422,
                   "validation_failed", "?to", "out_of_range");

    /* What came after the close says nothing of how it came about. */
    const struct answer *won = get(fixture.client, "/v1/leads?status=won&source=Fair");
    service_create(textf("/v1/leads/%s/activities", answer_text(won, "data.0.id")),
                   "{'type':'party','occurred_at':'%s'}", time_text(clock_now_ms() + 1000));
    answer = report("?min_support=1&limit=200");
    ck_assert_ptr_null(strstr(answer->body, "party"));
    /* And who was erased is not there any more. */
    expect_status(ask(fixture.client, .method = "DELETE",
                      .path = textf("/v1/leads/%s", answer_text(won, "data.0.id"))),
                  204);
    expect_int(report("?min_support=1"), 6, "leads");
}
END_TEST

/* 27 numbers and 13 leads with one more: quarters of ten leads, as far as those of one number stay
 * together. The later ones are won. */
START_TEST(numbers_by_quarters)
{
    expect_status(post(fixture.client, "/v1/fields", "{'key':'size','name':'S','type':'number'}"),
                  201);
    struct buffer items = { .arena = &fixture.arena };
    for (int i = 0; i < 40; i++)
        buffer_printf(&items,
                      "%s{'email':'q%d@example.com','fields':{'size':'%d.5'},'status':'%s'}",
                      i ? "," : "", i, i < 27 ? i + 1 : 30, i >= 20 ? "won" : "lost");
    buffer_text(&items, ",{'email':'none@example.com','status':'won'}");
    buffer_char(&items, '\0');
    expect_status(post(fixture.client, "/v1/import/leads", "{'items':[%s]}", items.data), 200);
    const struct answer *answer = report("?min_support=1&limit=200");
    expect_int(answer, 41, "leads");
    expect_int(answer, 21, "won");
    expect_lift(answer, "fields.size", "between", "1.5", 0, 0, 10);
    expect_lift(answer, "fields.size", "between", "11.5", 0, 0, 10);
    expect_lift(answer, "fields.size", "between", "21.5", 41.0 / 21, 20, 20);
    expect_lift(answer, "fields.size", "absent", NULL, 41.0 / 21, 1, 1);
    ck_assert_ptr_nonnull(strstr(answer->body, "\"value\":\"21.5\",\"high_value\":\"30.5\""));
    ck_assert_ptr_null(strstr(answer->body, "\"value\":\"5.5\""));
}
END_TEST

START_TEST(too_various)
{
    enum { BATCHES = 3, BATCH = 700 };
    for (int batch = 0; batch < BATCHES; batch++) {
        struct buffer items = { .arena = &fixture.arena };
        for (int i = 0; i < BATCH; i++)
            buffer_printf(&items,
                          "%s{'email':'v%d@example.com','city':'C%d','source':'s',"
                          "'status':'%s'}",
                          i ? "," : "", batch * BATCH + i, batch * BATCH + i,
                          i % 2 ? "won" : "lost");
        buffer_char(&items, '\0');
        expect_status(post(fixture.client, "/v1/import/leads", "{'items':[%s]}", items.data), 200);
    }
    const struct answer *answer = report("");
    expect_int(answer, BATCHES * BATCH, "leads");
    ck_assert_uint_eq(answer_count(answer, "left_out"), 1);
    expect_text(answer, "city", "left_out.0");
    expect_lift(answer, "source", "eq", "s", 1, BATCHES * BATCH / 2, BATCHES * BATCH);
}
END_TEST

TCase *attributes_tcase(void)
{
    TCase *tcase = tcase_create("attributes");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, counted_by_hand);
    tcase_add_test(tcase, without_spam);
    tcase_add_test(tcase, narrowed);
    tcase_add_test(tcase, numbers_by_quarters);
    tcase_add_test(tcase, too_various);
    return tcase;
}
