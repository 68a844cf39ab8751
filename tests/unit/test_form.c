/* test_form.c: posts of web forms: whatever comes, nothing but their number is refused. */
#include "unit_http.h"

#define BYTES(text) text, sizeof(text) - 1

START_TEST(test_contents)
{
    static const struct {
        const char *body;
        size_t bytes;
        const char *pairs; /* name=value| */
    } rows[] = {
        { BYTES(""), "" },
        { BYTES("a=b"), "a=b|" },
        { BYTES("a=b+c&d=%20e%2b"), "a=b c|d= e+|" },
        { BYTES("a=1&a=2"), "a=1|a=2|" },
        { BYTES("&&a=1&&"), "a=1|" },
        { BYTES("a"), "a=|" },
        { BYTES("a="), "a=|" },
        { BYTES("=b"), "=b|" },
        { BYTES("a=b=c"), "a=b=c|" },
        { BYTES("a%5B0%5D=x&a.b=y"), "a[0]=x|a.b=y|" },
        { BYTES("a=%zz%4&b=100%"), "a=%zz%4|b=100%|" }, /* wrong escapes stay */
        { BYTES("a=x%00y\0z"), "a=xyz|" },              /* NUL goes */
        { BYTES("a=%ff&b=\xc0\xaf"), "a=\xef\xbf\xbd|b=\xef\xbf\xbd\xef\xbf\xbd|" },
        { BYTES("a=\xed\xa0\x80"), "a=\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|" },
        { BYTES("a=%c3%a4%c3"), "a=\xc3\xa4\xef\xbf\xbd|" },
        { BYTES("a=%f0%9f%98%80%f4%90%80%80"),
          "a=\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|" },
        { BYTES("a=one%0d%0atwo"), "a=one\r\ntwo|" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct pairs pairs;
        ck_assert_int_eq(form_read(&ctx, rows[i].body, rows[i].bytes, &pairs), OK);
        struct buffer out = { .arena = ctx.arena };
        for (size_t k = 0; k < pairs.count; k++)
            buffer_printf(&out, "%s=%s|", pairs.items[k].name, pairs.items[k].value);
        buffer_char(&out, '\0');
        ck_assert_str_eq(out.data, rows[i].pairs);
    }
}
END_TEST

/* Any two bytes: what comes out is always text that can be stored. */
START_TEST(test_all_bytes)
{
    for (unsigned value = 0; value < 0x10000; value++) {
        char body[] = { 'a', '=', (char)(value >> 8), (char)value, 'z' };
        struct pairs pairs;
        ck_assert_int_eq(form_read(&ctx, body, sizeof(body), &pairs), OK);
        for (size_t i = 0; i < pairs.count; i++)
            ck_assert(utf8_valid(pairs.items[i].value, strlen(pairs.items[i].value)));
        arena_reset(ctx.arena);
    }
}
END_TEST

START_TEST(test_number)
{
    static char body[3 * (PAIRS_MAX + 1)];
    for (size_t i = 0; i < PAIRS_MAX + 1; i++)
        memcpy(body + 3 * i, "a=&", 3);
    struct pairs pairs;
    ck_assert_int_eq(form_read(&ctx, body, 3 * PAIRS_MAX, &pairs), OK);
    ck_assert_uint_eq(pairs.count, PAIRS_MAX);
    ck_assert_int_eq(form_read(&ctx, body, sizeof(body), &pairs), ERR_TOO_LARGE);
}
END_TEST

void form_tests(Suite *suite)
{
    TCase *tcase = tcase_create("form");
    tcase_add_checked_fixture(tcase, ctx_start, ctx_done);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_contents);
    tcase_add_test(tcase, test_all_bytes);
    tcase_add_test(tcase, test_number);
    suite_add_tcase(suite, tcase);
}
