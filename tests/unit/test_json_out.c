/* test_json_out.c: JSON written by hand and by field tables. */
#include "unit_http.h"

static const char *written(struct buffer *out)
{
    buffer_char(out, '\0');
    ck_assert(!out->failed);
    return out->data;
}

START_TEST(test_by_hand)
{
    struct buffer out = { .arena = ctx.arena };
    struct json json = { .out = &out };
    struct id nil = { 0 }, id;
    ck_assert(id_parse("019aab3f-7c1e-7abc-8def-0123456789ab", &id));
    json_open(&json, NULL, '{');
    json_open(&json, "list", '[');
    json_int(&json, NULL, 1);
    json_text(&json, NULL, "two");
    json_open(&json, NULL, '{');
    json_close(&json, '}');
    json_open(&json, NULL, '[');
    json_close(&json, ']');
    json_close(&json, ']');
    json_int(&json, "max", INT64_MAX);
    json_int(&json, "min", INT64_MIN + 1);
    json_int(&json, "none", NO_INT);
    json_bool(&json, "yes", true);
    json_raw(&json, "raw", "[1]");
    json_id(&json, "id", &id);
    json_id(&json, "nil", &nil);
    json_time(&json, "at", 1795385122123);
    json_time(&json, "never", NO_INT);
    json_text(&json, "null", NULL);
    json_close(&json, '}');
    ck_assert_str_eq(
        written(&out),
        "{\"list\":[1,\"two\",{},[]],\"max\":9223372036854775807,\"min\":-9223372036854775807,"
        "\"none\":null,"
        "\"yes\":true,\"raw\":[1],\"id\":\"019aab3f-7c1e-7abc-8def-0123456789ab\",\"nil\":null,"
        "\"at\":\"2026-11-22T22:05:22.123Z\",\"never\":null,\"null\":null}");
}
END_TEST

START_TEST(test_escapes)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        { "", "\"\"" },
        { "plain", "\"plain\"" },
        { "\"", "\"\\\"\"" },
        { "a\\b", "\"a\\\\b\"" },
        { "\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\"" },
        { "\x01x\x1f", "\"\\u0001x\\u001f\"" },
        { "\x7f/", "\"\x7f/\"" },
        { "\xc3\xa4\xf0\x9f\x98\x80", "\"\xc3\xa4\xf0\x9f\x98\x80\"" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buffer out = { .arena = ctx.arena };
        struct json json = { .out = &out };
        json_text(&json, NULL, rows[i].text);
        ck_assert_str_eq(written(&out), rows[i].json);
    }
    struct buffer out = { .arena = ctx.arena };
    struct json json = { .out = &out };
    json_open(&json, NULL, '{');
    json_int(&json, "a\"b", 1); /* a key may be a client's */
    json_close(&json, '}');
    ck_assert_str_eq(written(&out), "{\"a\\\"b\":1}");
}
END_TEST

START_TEST(test_by_table)
{
    struct thing thing;
    table_clear(&thing_table, &thing);
    thing.name = "n";
    thing.secret = "never shown";
    thing.yes = 0;
    thing.day = 20779;
    struct buffer out = { .arena = ctx.arena };
    struct json json = { .out = &out };
    json_open(&json, NULL, '{');
    json_int(&json, "before", 1);
    json_members(&json, &thing_table, &thing);
    json_int(&json, "after", 2);
    json_close(&json, '}');
    ck_assert_str_eq(
        written(&out),
        "{\"before\":1,\"id\":null,\"name\":\"n\",\"number\":null,\"yes\":false,\"at\":null,"
        "\"day\":\"2026-11-22\",\"colour\":null,\"properties\":null,\"tags\":[],"
        "\"main\":{\"type\":null,\"count\":null},\"after\":2}");
}
END_TEST

void json_out_tests(Suite *suite)
{
    TCase *tcase = tcase_create("json_out");
    tcase_add_checked_fixture(tcase, ctx_start, ctx_done);
    tcase_add_test(tcase, test_by_hand);
    tcase_add_test(tcase, test_escapes);
    tcase_add_test(tcase, test_by_table);
    suite_add_tcase(suite, tcase);
}
