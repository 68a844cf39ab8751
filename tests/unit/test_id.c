/* test_id.c: ids that order by time and never go back, and their texts. */
#include "unit.h"

#include <string.h>

static int64_t id_ms(const struct id *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

START_TEST(test_layout)
{
    struct id_source source = { 0 };
    for (int i = 0; i < 1000; i++) {
        struct id id = id_make(&source, INT64_C(0x0123456789ab) + i);
        ck_assert_int_eq(id_ms(&id), INT64_C(0x0123456789ab) + i);
        ck_assert_uint_eq(id.bytes[6] >> 4, 7);
        ck_assert_uint_eq(id.bytes[8] >> 6, 2);
    }
}
END_TEST

START_TEST(test_increases_whatever_the_clock_does)
{
    struct id_source source = { 0 };
    const int64_t start = 1700000000000;
    struct id last = { 0 };
    for (int64_t i = 0; i < 50000; i++) {
        /* Bursts within a millisecond, steps ahead, an hour back, and a clock that says
         * nonsense. */
        int64_t now = start + i / 9000;
        if (i % 1000 == 999)
            now -= 3600000;
        if (i % 5000 == 4999)
            now = -1;
        struct id id = id_make(&source, now);
        if (id_compare(&id, &last) <= 0)
            ck_abort_msg("went back at %lld", (long long)i);
        last = id;
    }
    ck_assert_int_ge(id_ms(&last), start);
    ck_assert_int_le(id_ms(&last), start + 60); /* borrowed little */
}
END_TEST

START_TEST(test_returns_to_the_clock_after_borrowing)
{
    struct id_source source = { 0 };
    for (int i = 0; i < 20000; i++)
        id_make(&source, 1000000);
    ck_assert_int_gt(source.last_ms, 1000000);
    struct id id = id_make(&source, 2000000);
    ck_assert_int_eq(id_ms(&id), 2000000);
}
END_TEST

START_TEST(test_sources_differ)
{
    struct id_source a = { 0 }, b = { 0 };
    for (int i = 0; i < 1000; i++) {
        struct id left = id_make(&a, 1000), right = id_make(&b, 1000);
        ck_assert_int_ne(memcmp(left.bytes + 8, right.bytes + 8, 8), 0);
    }
}
END_TEST

START_TEST(test_new_uses_the_context)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct id id = id_new(&request.ctx);
    ck_assert_int_eq(id_ms(&id), request.ctx.now_ms);
    ck_assert_int_eq(request.ids.last_ms, request.ctx.now_ms);
}
END_TEST

START_TEST(test_parse_refuses)
{
    static const char *const texts[] = {
        "",
        "0192f0c1-2345-7abc-8def-0123456789a",
        "0192f0c1-2345-7abc-8def-0123456789abc",
        "0192f0c123457abc8def0123456789ab",
        "0192f0c1-2345-7abc-8def-0123456789ag",
        "{0192f0c1-2345-7abc-8def-012345678}",
        "0192f0c1-2345-7abc-8def_0123456789ab",
        " 192f0c1-2345-7abc-8def-0123456789ab",
        "0192f0c1-2345-7abc-8def-0123456789ab ",
        "0x92f0c1-2345-7abc-8def-0123456789ab",
    };
    struct id id = { { 1, 2, 3 } };
    const struct id before = id;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(!id_parse(texts[i], &id), "accepted %s", texts[i]);
    ck_assert(!id_parse(NULL, &id));
    ck_assert_int_eq(id_compare(&id, &before), 0);
}
END_TEST

START_TEST(test_parse_looks_at_each_character)
{
    const char whole[] = "0192f0c1-2345-7abc-8def-0123456789ab";
    for (size_t at = 0; at < sizeof whole - 1; at++)
        for (int c = 1; c < 256; c++) {
            char text[] = "0192f0c1-2345-7abc-8def-0123456789ab", back[ID_TEXT_SIZE];
            struct id id;
            text[at] = (char)c;
            bool fits = whole[at] == '-' ? c == '-' : strchr("0123456789abcdefABCDEF", c) != NULL;
            ck_assert_msg(id_parse(text, &id) == fits, "%s", text);
            if (!fits)
                continue;
            id_format(&id, back);
            ck_assert_int_eq(strcasecmp(back, text), 0);
        }
}
END_TEST

START_TEST(test_parse_and_format)
{
    struct id id;
    char text[ID_TEXT_SIZE];
    ck_assert(id_parse("0192F0C1-2345-7aBc-8DEF-0123456789AB", &id));
    id_format(&id, text);
    ck_assert_str_eq(text, "0192f0c1-2345-7abc-8def-0123456789ab");
    ck_assert(!id_is_nil(&id));
    ck_assert(id_parse("00000000-0000-0000-0000-000000000000", &id));
    ck_assert(id_is_nil(&id));
    ck_assert(!id_is_nil(&(struct id){ { [15] = 1 } }));
}
END_TEST

void id_tests(Suite *suite)
{
    TCase *tests = tcase_create("id");
    tcase_add_test(tests, test_layout);
    tcase_add_test(tests, test_increases_whatever_the_clock_does);
    tcase_add_test(tests, test_returns_to_the_clock_after_borrowing);
    tcase_add_test(tests, test_sources_differ);
    tcase_add_test(tests, test_new_uses_the_context);
    tcase_add_test(tests, test_parse_refuses);
    tcase_add_test(tests, test_parse_looks_at_each_character);
    tcase_add_test(tests, test_parse_and_format);
    suite_add_tcase(suite, tests);
}
