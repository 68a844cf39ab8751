/* test_json_in.c: JSON bodies into structs and pairs, and every way in which they can be wrong. */
#include "unit_http.h"

#include <stdlib.h>

static enum err read_text(const char *text, struct thing *thing)
{
    ctx_done();
    ctx_start();
    return json_read(&ctx, text, strlen(text), &thing_table, thing);
}

#define ALL                                                                                        \
    "{\"id\":\"019aab3f-7c1e-7abc-8def-0123456789ab\",\"name\":\"Zo\xc3\xab\",\"number\":-5,"      \
    "\"yes\":true,"                                                                                \
    "\"at\":\"2026-11-22T22:05:22.123Z\",\"day\":\"2026-11-22\",\"colour\":\"green\","             \
    "\"properties\":{\"a\":[1,2.5]},"                                                              \
    "\"tags\":[\"x\",\"y\"],\"items\":[{\"type\":\"t\",\"count\":3}],\"parts\":[{\"type\":\"p\","  \
    "\"count\":null}],"                                                                            \
    "\"main\":{\"type\":\"m\",\"count\":1},\"wanted\":\"w\"}"

START_TEST(test_all_kinds)
{
    struct thing thing;
    ck_assert_int_eq(read_text(ALL, &thing), OK);
    ck_assert_str_eq(thing_json(&thing), ALL); /* what was read is what is written */
    ck_assert(input_has(&thing_table, &thing, "items"));
    ck_assert(!input_has(&thing_table, &thing, "secret"));
    ck_assert(input_has(&item_table, thing.parts.items, "count"));
    ck_assert_int_eq(((const struct item *)thing.parts.items)->count, NO_INT);
}
END_TEST

START_TEST(test_nulls)
{
    struct thing thing;
    ck_assert_int_eq(read_text("{}", &thing), OK);
    ck_assert_uint_eq(thing.input.present, 0);
    ck_assert_str_eq(thing_json(&thing),
                     "{\"id\":null,\"name\":null,\"number\":null,\"yes\":null,\"at\":null,\"day\":"
                     "null,\"colour\":null,"
                     "\"properties\":null,\"tags\":[],\"main\":{\"type\":null,\"count\":null}}");
    ck_assert_int_eq(
        read_text(
            "{\"id\":null,\"name\":null,\"number\":null,\"yes\":null,\"at\":null,\"day\":null,"
            "\"colour\":null,\"properties\":null,\"tags\":null,\"items\":null,\"main\":null}",
            &thing),
        OK);
    ck_assert(input_has(&thing_table, &thing, "name"));
    ck_assert_ptr_null(thing.name);
    ck_assert_int_eq(thing.number, NO_INT);
    ck_assert_int_eq((int)thing.colour, -1);
    /* Blank means null. */
    ck_assert_int_eq(read_text("{\"name\":\" \\t\\u00a0\"}", &thing), OK);
    ck_assert_ptr_null(thing.name);
    /* What is not blank is kept as it is. */
    ck_assert_int_eq(read_text("{\"name\":\" a \"}", &thing), OK);
    ck_assert_str_eq(thing.name, " a ");
}
END_TEST

/* Deep arrays in an object: `depth` counts all levels. */
static char *nested(int depth)
{
    char *text = malloc((size_t)depth * 2 + 32), *end = stpcpy(text, "{\"properties\":{\"a\":");
    for (int i = 2; i < depth; i++)
        *end++ = '[';
    for (int i = 2; i < depth; i++)
        *end++ = ']';
    memcpy(end, "}}", 3);
    return text;
}

START_TEST(test_malformed)
{
    static const char *const rows[] = {
        "",
        " ",
        "nonsense",
        "[]",
        "1",
        "\"text\"",
        "null",
        "{",
        "}",
        "{\"name\"}",
        "{\"name\":}",
        "{\"name\":\"ab\",}",
        "{\"name\":\"ab\"} x",
        "{\"name\":\"ab\"}{}",
        "{'name':\"ab\"}",
        "{name:\"ab\"}",
        "{\"name\":\"ab\"/**/}",
        "{\"name\":\"ab\",\"name\":\"cd\"}",          /* duplicate key */
        "{\"main\":{\"type\":\"a\",\"type\":\"b\"}}", /* deeper */
        "{\"name\":\"a\\u0000b\"}",                   /* an escaped NUL */
        "{\"na\\u0000me\":\"ab\"}",
        "{\"name\":\"\xff\"}",
        "{\"name\":\"\xc0\xaf\"}",
        "{\"name\":\"\xed\xa0\x80\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\udc00\\ud800\"}",
        "{\"\xff\":1}",
        "\xef\xbb\xbf{}",      /* a byte order mark */
        "{\"name\":\"a\nb\"}", /* a raw line feed in a text */
        "{\"number\":9223372036854775808}",
        "{\"number\":-9223372036854775809}",
        "{\"number\":1e999}",
        "{\"number\":01}",
        "{\"number\":+1}",
        "{\"number\":0x1}",
        "{\"number\":NaN}",
        "{\"number\":Infinity}",
        "{\"number\":1.}",
        "{\"number\":.5}",
        "{\"yes\":True}",
        "{\"name\":\"\\x41\"}",
    };
    struct thing thing;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_msg(read_text(rows[i], &thing) == ERR_MALFORMED, "%s", rows[i]);
        ck_assert_int_eq(ctx.failure.err, ERR_MALFORMED);
        ck_assert_ptr_nonnull(ctx.failure.detail);
    }
}
END_TEST

START_TEST(test_nul_ends_nothing)
{
    static const char text[] = "{\"name\":\"ab\"}\0garbage", trailing[] = "{\"name\":\"ab\"}";
    struct thing thing;
    ck_assert_int_eq(json_read(&ctx, text, sizeof(text) - 1, &thing_table, &thing), ERR_MALFORMED);
    ck_assert_int_eq(json_read(&ctx, trailing, sizeof(trailing), &thing_table, &thing),
                     ERR_MALFORMED);
}
END_TEST

START_TEST(test_place_without_content)
{
    struct thing thing;
    ck_assert_int_eq(read_text("{\"name\":\n  secretword}", &thing), ERR_MALFORMED);
    ck_assert_ptr_nonnull(strstr(ctx.failure.detail, "line 2, column"));
    ck_assert_ptr_null(strstr(ctx.failure.detail, "secretword"));
}
END_TEST

START_TEST(test_depth)
{
    struct thing thing;
    char *text = nested(32);
    ck_assert_int_eq(read_text(text, &thing), OK);
    free(text);
    text = nested(33);
    ck_assert_int_eq(read_text(text, &thing), ERR_MALFORMED);
    free(text);
    text = nested(200000); /* deep enough to end a stack */
    ck_assert_int_eq(read_text(text, &thing), ERR_MALFORMED);
    free(text);
    /* Brackets within texts do not count. */
    ck_assert_int_eq(
        read_text(
            "{\"properties\":{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[\"}}",
            &thing),
        OK);
}
END_TEST

START_TEST(test_wrong_members)
{
    static const struct {
        const char *text, *members;
    } rows[] = {
        { "{\"number\":5.0}", "number wrong_type" },
        { "{\"number\":\"5\"}", "number wrong_type" },
        { "{\"number\":true}", "number wrong_type" },
        { "{\"number\":-9223372036854775808}", "number out_of_range" },
        { "{\"yes\":1}", "yes wrong_type" },
        { "{\"yes\":\"true\"}", "yes wrong_type" },
        { "{\"name\":5}", "name wrong_type" },
        { "{\"name\":\"a\"}", "name too_short" },
        { "{\"name\":\"abcdef\"}", "name too_long" },
        { "{\"id\":\"x\"}", "id invalid" },
        { "{\"id\":\"00000000-0000-0000-0000-000000000000\"}", "id invalid" },
        { "{\"id\":5}", "id wrong_type" },
        { "{\"at\":\"2026-02-30T00:00:00Z\"}", "at invalid" },
        { "{\"at\":\"2026-02-03\"}", "at invalid" },
        { "{\"at\":1700000000}", "at wrong_type" },
        { "{\"day\":\"2026-02-30\"}", "day invalid" },
        { "{\"day\":\"2026-02-03T00:00:00Z\"}", "day invalid" },
        { "{\"colour\":\"blue\"}", "colour unknown_value" },
        { "{\"colour\":\"\"}", "colour unknown_value" },
        { "{\"colour\":1}", "colour wrong_type" },
        { "{\"properties\":[]}", "properties wrong_type" },
        { "{\"properties\":\"{}\"}", "properties wrong_type" },
        { "{\"tags\":\"x\"}", "tags wrong_type" },
        { "{\"tags\":[1]}", "tags/0 wrong_type" },
        { "{\"tags\":[\"a\",\" \"]}", "tags/1 invalid" },
        { "{\"tags\":[\"a\\nb\"]}", "tags/0 invalid" },
        { "{\"tags\":[\"a\",\"b\",\"c\"]}", "tags too_many" },
        { "{\"items\":{}}", "items wrong_type" },
        { "{\"items\":[{},{},{},{}]}", "items too_many" },
        { "{\"parts\":[]}", "parts too_few" },
        { "{\"parts\":[5]}", "parts/0 wrong_type" },
        { "{\"parts\":[{\"type\":\"a\"},{\"count\":11}]}",
          "parts/1/count out_of_range, parts/1/type required" },
        { "{\"parts\":[{\"type\":\" \"}]}", "parts/0/type required" },
        { "{\"parts\":[{\"type\":null}]}", "parts/0/type required" },
        { "{\"main\":[]}", "main wrong_type" },
        { "{\"main\":{\"count\":0}}", "main/count out_of_range, main/type required" },
        { "{\"wanted\":null}", "wanted not_null" },
        { "{\"wanted\":\"\"}", "wanted not_null" },
        { "{\"input\":1}", "input unknown_member" },
        { "{\"\":1}", " unknown_member" },
        { "{\"a/b~c\":1}", "a~1b~0c unknown_member" },
        { "{\"Name\":\"ab\"}", "Name unknown_member" },
        { "{\"number\":1.5,\"name\":\"a\",\"x\":1,\"main\":{}}",
          "number wrong_type, name too_short, x unknown_member, main/type required" },
    };
    struct thing thing;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_msg(read_text(rows[i].text, &thing) == ERR_VALIDATION, "%s", rows[i].text);
        ck_assert_str_eq(failure_members(&ctx.failure), rows[i].members);
    }
    ck_assert_int_eq(read_text("{\"colour\":\"blue\"}", &thing), ERR_VALIDATION);
    ck_assert_ptr_nonnull(strstr(ctx.failure.members[0].detail, "red, green"));
}
END_TEST

START_TEST(test_limits_count_characters)
{
    struct thing thing;
    ck_assert_int_eq(
        read_text(
            "{\"name\":"
            "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}",
            &thing),
        OK);
    ck_assert_int_eq(
        read_text("{\"name\":"
                  "\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00x\"}",
                  &thing),
        ERR_VALIDATION);
}
END_TEST

START_TEST(test_many_errors)
{
    struct buffer text = { .arena = ctx.arena };
    buffer_char(&text, '{');
    for (int i = 0; i < 5000; i++)
        buffer_printf(&text, "%s\"unknown%d\":1", i > 0 ? "," : "", i);
    buffer_char(&text, '}');
    struct thing thing;
    ck_assert_int_eq(json_read(&ctx, text.data, text.length, &thing_table, &thing), ERR_VALIDATION);
    ck_assert_uint_eq(ctx.failure.member_count, MEMBER_ERRORS_MAX);
}
END_TEST

START_TEST(test_each_item_alone)
{
    struct thing thing;
    ck_assert_int_eq(
        read_text("{\"items\":[{\"type\":\"ok\"},{\"type\":\"toolong\",\"count\":0},7]}", &thing),
        OK);
    ck_assert_uint_eq(thing.items.count, 3);
    const struct item *items = thing.items.items;
    ck_assert_ptr_null(items[0].input.failure);
    ck_assert_str_eq(items[0].type, "ok");
    ck_assert_str_eq(failure_members(items[1].input.failure),
                     "items/1/type too_long, items/1/count out_of_range");
    ck_assert_int_eq(items[1].input.failure->err, ERR_VALIDATION);
    ck_assert_str_eq(failure_members(items[2].input.failure), "items/2 wrong_type");
    ck_assert_int_eq(ctx.failure.err, OK);
    /* What is wrong outside of the items is the request's. */
    ck_assert_int_eq(read_text("{\"name\":1,\"items\":[{}],\"yes\":2}", &thing), ERR_VALIDATION);
    ck_assert_str_eq(failure_members(&ctx.failure), "name wrong_type, yes wrong_type");
}
END_TEST

START_TEST(test_object_as_text)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "{}", "{}" },
        { "{ \"b\" : 1 , \"a\" : [ ] }", "{\"b\":1,\"a\":[]}" },
        { "{\"r\":1.1,\"s\":1.0,\"t\":1e300,\"u\":0.1,\"v\":123456789.123}",
          "{\"r\":1.1,\"s\":1.0,\"t\":1e+300,\"u\":0.1,\"v\":123456789.123}" },
        { "{\"i\":-9223372036854775808,\"j\":9223372036854775807}",
          "{\"i\":-9223372036854775808,\"j\":9223372036854775807}" },
        { "{\"x\":[true,false,null,\"\\u00e4\\n\\\"\\/\\u2028\"]}",
          "{\"x\":[true,false,null,\"\xc3\xa4\\n\\\"/\xe2\x80\xa8\"]}" },
    };
    struct thing thing;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[400];
        snprintf(text, sizeof(text), "{\"properties\":%s}", rows[i].in);
        ck_assert_int_eq(read_text(text, &thing), OK);
        ck_assert_str_eq(thing.properties, rows[i].out);
    }
    char *large = malloc(20000);
    for (int over = 0; over < 2; over++) { /* {"a":"..."} has 8 bytes around the text */
        size_t length = 16 * 1024 - 8 + (size_t)over;
        char *end = stpcpy(large, "{\"properties\":{\"a\":\"");
        memset(end, 'x', length);
        memcpy(end + length, "\"}}", 4);
        ck_assert_int_eq(read_text(large, &thing), over ? ERR_VALIDATION : OK);
    }
    ck_assert_str_eq(failure_members(&ctx.failure), "properties too_long");
    free(large);
}
END_TEST

START_TEST(test_memory)
{
    struct thing thing;
    struct arena small = { .limit_bytes = 1 };
    struct ctx poor = { .arena = &small };
    enum err err = json_read(&poor, ALL, strlen(ALL), &thing_table, &thing);
    ck_assert_int_eq(err, ERR_MEMORY);
    ck_assert_int_eq(poor.failure.err, ERR_MEMORY);
    arena_free(&small);
}
END_TEST

START_TEST(test_pairs)
{
    static const char text[] =
        "{\"email\":\"a@b\",\"utm\":{\"source\":\"x\",\"deep\":{\"er\":1}},\"n\":5,\"r\":1.5,\"t\":"
        "true,"
        "\"none\":null,\"list\":[\"a\",\"b\",{\"c\":\"d\"}],\"empty\":\"\",\"eo\":{},\"ea\":[]}";
    static const struct pair wanted[] = {
        { "email", "a@b" }, { "utm.source", "x" }, { "utm.deep.er", "1" }, { "n", "5" },
        { "r", "1.5" },     { "t", "true" },       { "list", "a" },        { "list", "b" },
        { "list.c", "d" },  { "empty", "" },
    };
    struct pairs pairs;
    ck_assert_int_eq(json_pairs(&ctx, text, sizeof(text) - 1, &pairs), OK);
    ck_assert_uint_eq(pairs.count, ARRAY_SIZE(wanted));
    for (size_t i = 0; i < pairs.count; i++) {
        ck_assert_str_eq(pairs.items[i].name, wanted[i].name);
        ck_assert_str_eq(pairs.items[i].value, wanted[i].value);
    }
    ck_assert_str_eq(pairs_get(&pairs, "list"), "a");
    ck_assert_ptr_null(pairs_get(&pairs, "none"));
    ck_assert_int_eq(json_pairs(&ctx, "[]", 2, &pairs), ERR_MALFORMED);
    struct buffer many = { .arena = ctx.arena };
    buffer_text(&many, "{\"a\":[0");
    for (int i = 0; i < PAIRS_MAX; i++)
        buffer_text(&many, ",1");
    buffer_text(&many, "]}");
    failure_clear(&ctx);
    ck_assert_int_eq(json_pairs(&ctx, many.data, many.length, &pairs), ERR_TOO_LARGE);
}
END_TEST

void json_in_tests(Suite *suite)
{
    TCase *tcase = tcase_create("json_in");
    tcase_add_checked_fixture(tcase, ctx_start, ctx_done);
    tcase_add_test(tcase, test_all_kinds);
    tcase_add_test(tcase, test_nulls);
    tcase_add_test(tcase, test_malformed);
    tcase_add_test(tcase, test_nul_ends_nothing);
    tcase_add_test(tcase, test_place_without_content);
    tcase_add_test(tcase, test_depth);
    tcase_add_test(tcase, test_wrong_members);
    tcase_add_test(tcase, test_limits_count_characters);
    tcase_add_test(tcase, test_many_errors);
    tcase_add_test(tcase, test_each_item_alone);
    tcase_add_test(tcase, test_object_as_text);
    tcase_add_test(tcase, test_memory);
    tcase_add_test(tcase, test_pairs);
    suite_add_tcase(suite, tcase);
}
