/* test_query_in.c: query strings into structs. */
#include "unit_http.h"

struct search {
    struct input input;
    int64_t limit;
    int64_t score_from;
    int64_t yes;
    int64_t at;
    int64_t day;
    struct id id;
    const char *text;
    enum colour colour;
    struct texts tags;
};
static const char *const colour_names[] = { "red", "green", NULL };
static const struct field fields[] = {
    FIELD(struct search, limit, INT, .flags = FIELD_REQUIRED, .min = 1, .max = 200),
    FIELD_AS(struct search, score_from, INT, "score[gte]"),
    FIELD(struct search, yes, BOOL),
    FIELD(struct search, at, TIME),
    FIELD(struct search, day, DAY),
    FIELD(struct search, id, ID),
    FIELD(struct search, text, TEXT, .max = 5),
    FIELD_NAMED(struct search, colour, colour_names),
    FIELD(struct search, tags, TEXTS, .max = 2),
};
static const struct table table = TABLE(struct search, "search", fields);

static enum err read_query(const char *query, struct search *search)
{
    ctx_done();
    ctx_start();
    return query_read(&ctx, query, &(struct arguments){ &table, search }, 1, NULL);
}

START_TEST(test_good)
{
    struct search search;
    ck_assert_int_eq(
        read_query(
            "limit=50&score[gte]=-7&yes=true&at=2026-11-22T22:05:22Z&day=2026-11-22&text=a+b%2B"
            "&id=019AAB3F-7C1E-7ABC-8DEF-0123456789AB&colour=green&tags=x&tags=%C3%A4",
            &search),
        OK);
    ck_assert_int_eq(search.limit, 50);
    ck_assert_int_eq(search.score_from, -7);
    ck_assert_int_eq(search.yes, 1);
    ck_assert_int_eq(search.colour, COLOUR_GREEN);
    ck_assert_str_eq(search.text, "a b+");
    ck_assert_uint_eq(search.tags.count, 2);
    ck_assert_str_eq(search.tags.items[1], "\xc3\xa4");
    ck_assert(!id_is_nil(&search.id));
    ck_assert_int_eq(read_query("&&limit=1&", &search), OK);
    ck_assert_int_eq(search.score_from, NO_INT);
    ck_assert_int_eq((int)search.colour, -1);
    ck_assert_int_eq(read_query("limit=1&score%5Bgte%5D=3&text=", &search),
                     OK); /* as browsers write brackets */
    ck_assert_int_eq(search.score_from, 3);
    ck_assert_ptr_null(search.text);
    ck_assert(input_has(&table, &search, "text"));
}
END_TEST

static bool takes(const char *name)
{
    return strncmp(name, "any[", 4) == 0;
}

/* Names that no table has, but others take, are handed on as they come. */
START_TEST(test_others)
{
    struct search search;
    struct pairs pairs = { 0 };
    const struct other_arguments others = { takes, "and ANY[op]", &pairs };
    const struct arguments arguments = { &table, &search };
    ctx_done();
    ctx_start();
    ck_assert_int_eq(query_read(&ctx, "any[a]=1&limit=1&any%5Bb%5D=x+y", &arguments, 1, &others),
                     OK);
    ck_assert_uint_eq(pairs.count, 2);
    ck_assert_str_eq(pairs.items[1].name, "any[b]");
    ck_assert_str_eq(pairs.items[1].value, "x y");
    ck_assert_int_eq(query_read(&ctx, "limit=1&other[a]=1", &arguments, 1, &others),
                     ERR_VALIDATION);
    ck_assert_ptr_nonnull(strstr(ctx.failure.members[0].detail, "colour, tags, and ANY[op]"));
}
END_TEST

START_TEST(test_wrong)
{
    static const struct {
        const char *query, *members;
    } rows[] = {
        { "", "limit required" },
        { "limit=", "limit wrong_type" },
        { "limit", "limit wrong_type" },
        { "limit=0", "limit out_of_range" },
        { "limit=201", "limit out_of_range" },
        { "limit=05", "limit wrong_type" },
        { "limit=-0", "limit wrong_type" },
        { "limit=+5", "limit wrong_type" }, /* a space, here */
        { "limit=%2B5", "limit wrong_type" },
        { "limit=5.0", "limit wrong_type" },
        { "limit=0x5", "limit wrong_type" },
        { "limit=1e1", "limit wrong_type" },
        { "limit=99999999999999999999", "limit wrong_type" },
        { "limit=1&limit=1", "limit repeated" },
        { "limit=1&yes=1", "yes wrong_type" },
        { "limit=1&yes=True", "yes wrong_type" },
        { "limit=1&at=2026", "at invalid" },
        { "limit=1&text=abcdef", "text too_long" },
        { "limit=1&colour=blue", "colour unknown_value" },
        { "limit=1&tags=a&tags=b&tags=c", "tags too_many" },
        { "limit=1&tags=", "tags invalid" },
        { "limit=1&Limit=1", "Limit unknown_parameter" },
        { "score=1&yes=2", "score unknown_parameter, yes wrong_type, limit required" },
    };
    struct search search;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_msg(read_query(rows[i].query, &search) == ERR_VALIDATION, "%s", rows[i].query);
        ck_assert_str_eq(failure_members(&ctx.failure), rows[i].members);
    }
    ck_assert_int_eq(read_query("x=1&limit=1", &search), ERR_VALIDATION);
    ck_assert_ptr_nonnull(strstr(ctx.failure.members[0].detail, "limit, score[gte], yes"));
}
END_TEST

START_TEST(test_malformed)
{
    static const char *const rows[] = { "limit=%",         "limit=%1",    "limit=%zz",
                                        "text=%00",        "text=%ff",    "%ff=1",
                                        "text=%ed%a0%80",  "text=%c0%af", "text=\xff",
                                        "wrong=1&text=%00" };
    struct search search;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_msg(read_query(rows[i], &search) == ERR_MALFORMED, "%s", rows[i]);
        ck_assert_int_eq(ctx.failure.err, ERR_MALFORMED);
    }
    char many[1024] = "";
    for (int i = 0; i < 101; i++)
        memcpy(many + strlen(many), "tags=x&", 8);
    ck_assert_int_eq(read_query(many, &search), ERR_MALFORMED);
}
END_TEST

void query_in_tests(Suite *suite)
{
    TCase *tcase = tcase_create("query_in");
    tcase_add_checked_fixture(tcase, ctx_start, ctx_done);
    tcase_add_test(tcase, test_good);
    tcase_add_test(tcase, test_others);
    tcase_add_test(tcase, test_wrong);
    tcase_add_test(tcase, test_malformed);
    suite_add_tcase(suite, tcase);
}
