/* test_json_value.c: looking into JSON text without a tree, and that no text at all leads
 * astray. */
#include "unit.h"

#include <funneld/json_value.h>
#include <stdlib.h>
#include <string.h>

static struct json_value of(const char *text)
{
    return json_value_of(text, strlen(text));
}

START_TEST(test_kinds)
{
    static const struct {
        const char *text;
        enum json_kind kind;
        size_t bytes;
    } cases[] = {
        { "{}", JSON_KIND_OBJECT, 2 },
        { " \n[1,[2,{\"]\":\"\\\"}\"}]] ", JSON_KIND_LIST, 19 },
        { "\"a\\\"b\" ", JSON_KIND_TEXT, 6 },
        { "-1.5e+3,", JSON_KIND_NUMBER, 7 },
        { "true]", JSON_KIND_BOOL, 4 },
        { "false", JSON_KIND_BOOL, 5 },
        { "null}", JSON_KIND_NULL, 4 },
        { "", JSON_KIND_NONE, 0 },
        { "  ", JSON_KIND_NONE, 0 },
        { "}", JSON_KIND_NONE, 0 },
        { "x", JSON_KIND_NONE, 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json_value value = of(cases[i].text);
        ck_assert_msg(value.kind == cases[i].kind && value.bytes == cases[i].bytes,
                      "%s: kind %d, %zu bytes", cases[i].text, value.kind, value.bytes);
    }
}
END_TEST

START_TEST(test_members_and_items)
{
    struct json_value object = of("{ \"a\" : [1, \"x\", {}] , \"b\\u00e9\":{\"a\":2},\"\":null }");
    struct json_value list = json_value_member(&object, "a"), item;
    struct json_walk walk = json_walk(&list);
    static const enum json_kind kinds[] = { JSON_KIND_NUMBER, JSON_KIND_TEXT, JSON_KIND_OBJECT };
    for (size_t i = 0; i < 3; i++)
        ck_assert(json_walk_item(&walk, &item) && item.kind == kinds[i]);
    ck_assert(!json_walk_item(&walk, &item) && !json_walk_item(&walk, &item));
    struct json_value inner = json_value_member(&object, "b\xc3\xa9");
    inner = json_value_member(&inner, "a");
    ck_assert(inner.bytes == 1 && *inner.text == '2');
    ck_assert_int_eq(json_value_member(&object, "").kind, JSON_KIND_NULL);
    ck_assert_int_eq(json_value_member(&object, "c").kind, JSON_KIND_NONE);
    ck_assert_int_eq(json_value_member(&list, "a").kind, JSON_KIND_NONE);
    struct json_value empty = of("{}"), name;
    walk = json_walk(&empty);
    ck_assert(!json_walk_member(&walk, &name, &item));
}
END_TEST

START_TEST(test_texts)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        { "\"\"", "" },
        { "\"plain\"", "plain" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\"\xc3\xa9\"", "\xc3\xa9" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[64];
        struct json_value value = of(cases[i].json);
        ck_assert_uint_eq(json_value_text(&value, text, value.bytes), strlen(cases[i].text));
        ck_assert_str_eq(text, cases[i].text);
        ck_assert(json_value_is(&value, cases[i].text));
        ck_assert(!json_value_is(&value, "other") && !json_value_is(&value, "plai"));
    }
    char small[4];
    struct json_value value = of("\"abcdef\"");
    ck_assert_uint_eq(json_value_text(&value, small, sizeof small), 3);
    ck_assert_str_eq(small, "abc");
    value = of("12");
    ck_assert_uint_eq(json_value_text(&value, small, sizeof small), 0);
    ck_assert(!json_value_is(&value, "12"));
}
END_TEST

START_TEST(test_numbers)
{
    static const struct {
        const char *json;
        bool whole;
        int64_t number;
        double real;
    } cases[] = {
        { "0", true, 0, 0 },
        { "-17", true, -17, -17 },
        { "9223372036854775807", true, INT64_MAX, 9223372036854775807.0 },
        { "9223372036854775808", false, 0, 9223372036854775808.0 },
        { "-9223372036854775808", false, 0, -9223372036854775808.0 },
        { "1.5", false, 0, 1.5 },
        { "1e3", false, 0, 1000 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t number = 0;
        double real = 0;
        struct json_value value = of(cases[i].json);
        ck_assert_int_eq(json_value_int(&value, &number), cases[i].whole);
        ck_assert_int_eq(number, cases[i].number);
        ck_assert(json_value_real(&value, &real) && real == cases[i].real);
    }
    int64_t number;
    struct json_value text = of("\"1\""), yes = of("true"), no = of("false");
    ck_assert(!json_value_int(&text, &number));
    ck_assert(json_value_true(&yes) && !json_value_true(&no) && !json_value_true(&text));
}
END_TEST

/* Looks at everything there is in a value; returns how much that was. */
static size_t visit(const struct json_value *value, int depth)
{
    struct json_value name, item;
    int64_t whole;
    double real;
    char text[16];
    size_t seen = json_value_text(value, text, sizeof text) + json_value_int(value, &whole) +
                  json_value_real(value, &real) + json_value_is(value, "a");
    struct json_walk walk = json_walk(value);
    while (depth < 40 && value->kind == JSON_KIND_OBJECT && json_walk_member(&walk, &name, &item))
        seen += 1 + visit(&item, depth + 1);
    while (depth < 40 && value->kind == JSON_KIND_LIST && json_walk_item(&walk, &item))
        seen += 1 + visit(&item, depth + 1);
    return seen + json_value_member(value, "a").bytes;
}

/* Every text lies at the very end of its memory, so that the sanitizers see a step too far. */
START_TEST(test_nonsense_is_survived)
{
    static const char alphabet[] = "{}[]\":,\\u0041dDeE-+.truefalsn \n\"\"{[a\x80\xff";
    srand(20260101);
    size_t seen = 0;
    for (int i = 0; i < 200000; i++) {
        size_t bytes = (size_t)rand() % 40;
        char *text = malloc(bytes + 1);
        for (size_t j = 0; j < bytes; j++)
            text[j] = alphabet[(size_t)rand() % sizeof alphabet]; /* its NUL too */
        char *exact = realloc(text, bytes ? bytes : 1);
        struct json_value value = json_value_of(exact, bytes);
        ck_assert(value.text + value.bytes <= exact + bytes);
        seen += visit(&value, 0);
        free(exact);
    }
    ck_assert_uint_gt(seen, 10000);
}
END_TEST

void json_value_tests(Suite *suite)
{
    TCase *tcase = tcase_create("json_value");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_kinds);
    tcase_add_test(tcase, test_members_and_items);
    tcase_add_test(tcase, test_texts);
    tcase_add_test(tcase, test_numbers);
    tcase_add_test(tcase, test_nonsense_is_survived);
    suite_add_tcase(suite, tcase);
}
