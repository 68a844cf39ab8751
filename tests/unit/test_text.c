/* test_text.c: what is UTF-8 and what is not, and white space at both ends. */
#include "unit.h"

#include <string.h>
#include <utf8proc.h>

START_TEST(test_utf8_agrees_with_the_library_on_all_code_points)
{
    for (utf8proc_int32_t codepoint = 1; codepoint < 0x110000; codepoint++) {
        if (codepoint >= 0xd800 && codepoint <= 0xdfff)
            continue;
        char text[5] = { 0 };
        size_t bytes = (size_t)utf8proc_encode_char(codepoint, (utf8proc_uint8_t *)text);
        if (!utf8_valid(text, bytes) || utf8_length(text) != 1)
            ck_abort_msg("refused U+%04X", (unsigned)codepoint);
        if (bytes > 1 && utf8_valid(text, bytes - 1))
            ck_abort_msg("accepted part of U+%04X", (unsigned)codepoint);
    }
}
END_TEST

START_TEST(test_guesses)
{
    static const struct {
        const char *text, *guess;
    } cases[] = {
        { "listn", "listen" },
        { "LISTEN", "listen" },
        { "lsiten", "listen" },
        { "listenn", "listen" },
        { "queue-max", "queue_max" },
        { "queuemx", "queue_max" },
        { "kye", "key" },
        { "ky", "key" },
        { "k", "" },
        { "", "" },
        { "workers", "" },
        { "listen_address", "" },
    };
    static const char *const names[] = { "key", "listen", "queue_max", "" };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct guess guess = { .text = cases[i].text, .bytes = strlen(cases[i].text) };
        for (size_t j = 0; j < ARRAY_SIZE(names); j++)
            guess_try(&guess, names[j]);
        ck_assert_msg(strcmp(guess.name, cases[i].guess) == 0, "%s: %s", cases[i].text, guess.name);
    }
    char large[200];
    memset(large, 'x', sizeof(large));
    struct guess guess = { .text = large, .bytes = sizeof(large) };
    guess_try(&guess, "x");
    guess = (struct guess){ .text = "x", .bytes = 1 };
    large[sizeof(large) - 1] = '\0';
    guess_try(&guess, large);
    ck_assert_str_eq(guess.name, "");
}
END_TEST

START_TEST(test_utf8_refuses)
{
    static const char *const texts[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xf0\x9f\x28\x80",
        "\xfe",
        "\xff",
        "abc\xe9",
        "\xc3\xa9\xa9",
        "\xf8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(!utf8_valid(texts[i], strlen(texts[i])), "accepted row %zu", i);
    ck_assert(!utf8_valid("a\0b", 3));
    /* Nothing is read beyond the end; the sanitizer watches an arena's unused bytes. */
    struct arena arena = { 0 };
    ck_assert(!utf8_valid(arena_copy(&arena, "\xf0\x9f\x98", 3), 3));
    arena_free(&arena);
    ck_assert(utf8_valid("", 0));
    ck_assert(utf8_valid("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", 10));
}
END_TEST

/* Every pair of bytes: no more and no less than what two bytes can spell. */
START_TEST(test_utf8_pairs)
{
    int accepted = 0;
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++)
            accepted += utf8_valid((char[]){ (char)first, (char)second }, 2);
    ck_assert_int_eq(accepted, 127 * 127 + 30 * 64);
}
END_TEST

START_TEST(test_base64url)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = { { "", "" },           { "f", "Zg" },         { "fo", "Zm8" }, { "foo", "Zm9v" },
                 { "foob", "Zm9vYg" }, { "\xfb\xff", "-_8" }, { "\xff", "_w" } };
    uint8_t read[8];
    _cleanup_(request_done) struct request request;
    request_start(&request);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t bytes = strlen(rows[i].bytes);
        ck_assert_str_eq(base64url_text(&request.ctx, rows[i].bytes, bytes), rows[i].text);
        ck_assert(base64url_parse(rows[i].text, read, bytes));
        ck_assert_mem_eq(read, rows[i].bytes, bytes);
        ck_assert(!base64url_parse(rows[i].text, read, bytes + 1));
    }
    /* two bits that say nothing, the other alphabet, padding, white space */
    static const char *const refused[] = { "Zm9", "-_9", "+/8", "Zm8=", "Zm8 ", " Zm8", "Zm 8" };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        ck_assert_msg(!base64url_parse(refused[i], read, 2), "took %s", refused[i]);
}
END_TEST

START_TEST(test_length_counts_code_points)
{
    ck_assert_uint_eq(utf8_length(""), 0);
    ck_assert_uint_eq(utf8_length("abc"), 3);
    ck_assert_uint_eq(utf8_length("h\xc3\xa9llo \xe2\x82\xac \xf0\x9f\x98\x80"), 9);
    ck_assert_uint_eq(utf8_length("e\xcc\x81"), 2); /* a combining accent is one of its own */
}
END_TEST

START_TEST(test_trim)
{
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        { "", "" },
        { "   ", "" },
        { "abc", "abc" },
        { " \t\r\n a b \v\f", "a b" },
        { "\xc2\xa0x\xc2\xa0", "x" },
        { "\xe3\x80\x80\xe6\x9d\xb1\xe4\xba\xac\xe3\x80\x80 ", "\xe6\x9d\xb1\xe4\xba\xac" },
        { "\xef\xbb\xbf\xe2\x80\x8bname\xe2\x80\xaf", "name" },
        { "\xc3\xa0", "\xc3\xa0" }, /* ends in the last byte of a no-break space */
        { "\xe2\x80\x8b\xe2\x80\x8b", "" },
        { "a\xe2\x80\x8b"
          "b",
          "a\xe2\x80\x8b"
          "b" },
    };
    struct arena arena = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(text_trim(&arena, cases[i].text, strlen(cases[i].text)), cases[i].trimmed);
    ck_assert_str_eq(text_trim(&arena, " ab ", 2), "a");
    arena_reset(&arena);
    arena.limit_bytes = 1;
    arena_free(&arena);
    ck_assert_ptr_null(text_trim(&arena, "abc", 3));
}
END_TEST

void text_tests(Suite *suite)
{
    TCase *tests = tcase_create("text");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, test_utf8_agrees_with_the_library_on_all_code_points);
    tcase_add_test(tests, test_utf8_refuses);
    tcase_add_test(tests, test_utf8_pairs);
    tcase_add_test(tests, test_base64url);
    tcase_add_test(tests, test_length_counts_code_points);
    tcase_add_test(tests, test_guesses);
    tcase_add_test(tests, test_trim);
    suite_add_tcase(suite, tests);
}
