/* test_csv.c: the CSV reader: what rows are made of, what is a bad row, and that it makes no
 * difference where the pieces of the input end. */
#include "unit_cli.h"

#include "server/cli/csv.h"

#include <stdlib.h>
#include <string.h>

static void row_render(void *self, const struct csv_row *row)
{
    struct buffer *out = self;
    buffer_printf(out, "%lld", (long long)row->line);
    if (row->problem != NULL)
        buffer_printf(out, "!%s", row->problem);
    for (size_t i = 0; i < row->count; i++) {
        buffer_char(out, i == 0 ? ':' : '|');
        buffer_append(out, row->cells[i].text, row->cells[i].bytes);
        ck_assert_int_eq(row->cells[i].text[row->cells[i].bytes], '\0');
    }
    buffer_char(out, '/');
}

/* Pieces end at these places; 0 means that there is no such place. */
static const char *render(struct arena *arena, const char *text, size_t bytes, size_t first,
                          size_t second)
{
    struct buffer out = { .arena = arena };
    struct csv *csv = csv_new(row_render, &out);
    csv_push(csv, text, first);
    csv_push(csv, text + first, second - first);
    csv_push(csv, text + second, bytes - second);
    csv_end(csv);
    csv_free(csv);
    return buffer_string(&out);
}

#define BYTES(text) text, sizeof(text) - 1
#define STRAY "text follows a closing quote; quotes in a quoted cell are doubled"
#define IMPROPER "a quote opens here and is not closed properly"
#define UNCLOSED "a quote opens here and is never closed"
#define ALONE "a quote is never closed"

static const struct {
    const char *text;
    size_t bytes;
    const char *rows;
} cases[] = {
    { BYTES(""), "" },
    { BYTES("a"), "1:a/" },
    { BYTES("a,b\n1,2\n"), "1:a|b/2:1|2/" },
    { BYTES("a,b\n1,2"), "1:a|b/2:1|2/" },
    { BYTES("a,b\r\n1,2\r\n"), "1:a|b/2:1|2/" },
    { BYTES("a,b\r1,2\r"), "1:a|b/2:1|2/" },
    { BYTES("a\n\nb\r\n\r\nc\r\rd"), "1:a/3:b/5:c/7:d/" },
    { BYTES("\n\r\n\na,b"), "4:a|b/" },
    { BYTES("a,b\n\r1,2"), "1:a|b/3:1|2/" },
    /* The mark of UTF-8, and only at the start. */
    { BYTES("\xef\xbb\xbf"), "" },
    { BYTES("\xef\xbb\xbf"
            "a\n\xef\xbb\xbf"
            "b"),
      "1:a/2:\xef\xbb\xbf"
      "b/" },
    { BYTES("\xef\xbb"), "1!the row is not valid UTF-8 (iconv converts files):\xef\xbb/" },
    { BYTES("\xef\xbb\xbf\"a\",b"), "1:a|b/" },
    /* Separators */
    { BYTES("a;b\n1,5;2"), "1:a|b/2:1,5|2/" },
    { BYTES("a\tb\n1,5\t2;3"), "1:a|b/2:1,5|2;3/" },
    { BYTES("\"a;b;c\",d\n1;2,3"), "1:a;b;c|d/2:1;2|3/" },
    { BYTES("a;b,c\n1"), "1:a;b|c/2:1/" },
    { BYTES("a,b,\n,,\n1,,"), "1:a|b|/2:||/3:1||/" },
    { BYTES(","), "1:|/" },
    /* Quotes */
    { BYTES("\"a\",\"b\"\n\"1\",\"2\""), "1:a|b/2:1|2/" },
    { BYTES("a,b\n\"x,y\",\"say \"\"hi\"\"\""), "1:a|b/2:x,y|say \"hi\"/" },
    { BYTES("a,b\n\"x\ny\",2\n3,4"), "1:a|b/2:x\ny|2/4:3|4/" },
    { BYTES("a,b\n\"x\r\ny\",2\r\n3,4"), "1:a|b/2:x\r\ny|2/4:3|4/" },
    { BYTES("a,b\n\"\n\n\",2\n3,4"), "1:a|b/2:\n\n|2/5:3|4/" },
    { BYTES("a,b\n\"\",\"\"\"\"\n"), "1:a|b/2:|\"/" },
    { BYTES("\"\"\n\"\""), "1:/2:/" },
    { BYTES("a,b\n5\" pipe,6'2\"\n"), "1:a|b/2:5\" pipe|6'2\"/" },
    { BYTES("a,b\n x, y \n"), "1:a|b/2: x| y /" },
    /* Bad rows; the next one is good. */
    { BYTES("a,b\n\"1\"x,2\n3,4"), "1:a|b/2!" STRAY ":1x|2/3:3|4/" },
    { BYTES("a,b\n\"1\" ,2\n3,4"), "1:a|b/2!" STRAY ":1 |2/3:3|4/" },
    { BYTES("a,b\n1,\0\n3,4"), "1:a|b/2!the row holds a NUL byte:1|\0/3:3|4/" },
    { BYTES("a,b\n1,\xff\n3,4"),
      "1:a|b/2!the row is not valid UTF-8 (iconv converts files):1|\xff/3:3|4/" },
    { BYTES("a,b\n1,\xc3\n\xa4,4"),
      "1:a|b/2!the row is not valid UTF-8 (iconv converts files):1|\xc3/3!the row is not valid "
      "UTF-8 (iconv converts files):\xa4|4/" },
    { BYTES("a\n\xff\xfe"), "1:a/2!the row is not valid UTF-8 (iconv converts files):\xff\xfe/" },
    /* An open quote costs its line, not the rest of the file. */
    { BYTES("a,b\n\"1,2"), "1:a|b/2!" ALONE ":1,2/" },
    { BYTES("a,b\n\"1,2\n3,4\n5,6\n"), "1:a|b/2!" UNCLOSED ":1,2/3:3|4/4:5|6/" },
    { BYTES("a,b\r\n\"1,2\r\n3,4\r\n5,6\r\n"), "1:a|b/2!" UNCLOSED ":1,2/3:3|4/4:5|6/" },
    { BYTES("a,b\n1,\"2\n3,\"4\"\n5,6\n"), "1:a|b/2!" IMPROPER ":1|2/3:3|4/4:5|6/" },
    { BYTES("a,b\n\"1,2\n\"3,4\n5,6"), "1:a|b/2!" IMPROPER ":1,2/3!" UNCLOSED ":3,4/4:5|6/" },
    { BYTES("a,b\n\"1,2\n\"\n\"x\"\n5,6"), "1:a|b/2:1,2\n/4:x/5:5|6/" },
    { BYTES("a,b\n\"1\"x,\"2\n3,4"), "1:a|b/2!" IMPROPER ":1x|2/3:3|4/" },
    { BYTES("\"a,b\n1,2"), "1!" UNCLOSED ":a,b/2:1|2/" },
    { BYTES("a,b\n\"1,2\r3,4\r"), "1:a|b/2!" UNCLOSED ":1,2/3:3|4/" },
    { BYTES("a,b\n\"1\"x,\"2\r\n3,4"), "1:a|b/2!" IMPROPER ":1x|2/3:3|4/" },
};

START_TEST(test_rows)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        const char *rows = render(&request.arena, cases[i].text, cases[i].bytes, 0, 0);
        ck_assert_msg(strcmp(rows, cases[i].rows) == 0, "case %zu: %s is read as %s, not as %s", i,
                      cases[i].text, rows, cases[i].rows);
    }
}
END_TEST

START_TEST(test_pieces_of_any_size)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t bytes = cases[i].bytes;
        for (size_t second = 0; second <= bytes; second++)
            for (size_t first = 0; first <= second; first++) {
                _cleanup_(request_done) struct request request;
                request_start(&request);
                const char *rows = render(&request.arena, cases[i].text, bytes, first, second);
                ck_assert_msg(strcmp(rows, cases[i].rows) == 0, "case %zu in pieces at %zu and %zu",
                              i, first, second);
            }
    }
}
END_TEST

START_TEST(test_separator)
{
    static const struct {
        const char *text;
        char separator;
    } texts[] = { { "a;b\n", ';' },  { "a\tb\n", '\t' }, { "a,b\n", ',' },
                  { "a\n1;2", ',' }, { "a;b", ',' },     { "", ',' } };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct buffer out = { .arena = &request.arena };
        struct csv *csv = csv_new(row_render, &out);
        csv_push(csv, texts[i].text, strlen(texts[i].text));
        ck_assert_int_eq(csv_separator(csv), texts[i].separator);
        csv_free(csv);
    }
}
END_TEST

/* ---- Rows about as long as a row may be ---- */

/* "a,b\n", then `count` bytes as one line after `prefix`, then `suffix`. */
static const char *long_render(struct arena *arena, const char *prefix, size_t count,
                               const char *suffix, size_t piece)
{
    struct buffer text = { .arena = arena }, out = { .arena = arena };
    buffer_printf(&text, "a,b\n%s", prefix);
    for (size_t i = 0; i < count; i++)
        buffer_char(&text, 'x');
    buffer_text(&text, suffix);
    struct csv *csv = csv_new(row_render, &out);
    for (size_t at = 0; at < text.length; at += piece)
        csv_push(csv, text.data + at, text.length - at < piece ? text.length - at : piece);
    csv_end(csv);
    csv_free(csv);
    return buffer_string(&out);
}

START_TEST(test_long_rows)
{
    static const size_t pieces[] = { 1 << 20, 65536, 65537, 4096, 1000, 7 };
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct arena *arena = &request.arena;
        const char *rows = long_render(arena, "1,", CSV_ROW_BYTES_MAX - 2, "\n3,4", pieces[i]);
        ck_assert_uint_eq(strlen(rows), strlen("1:a|b/2:1|/3:3|4/") + CSV_ROW_BYTES_MAX - 2);
        rows = long_render(arena, "1,", CSV_ROW_BYTES_MAX - 1, "\n3,4", pieces[i]);
        ck_assert_str_eq(rows, "1:a|b/2!the row is longer than 64 KiB/3:3|4/");
        rows = long_render(arena, "1,", 300000, "\r\n3,4\r\n", pieces[i]);
        ck_assert_str_eq(rows, "1:a|b/2!the row is longer than 64 KiB/3:3|4/");
        rows = long_render(arena, "1,", 300000, "", pieces[i]);
        ck_assert_str_eq(rows, "1:a|b/2!the row is longer than 64 KiB/");
        rows = long_render(arena, "\"", 300000, "\"\n3,4", pieces[i]);
        ck_assert_str_eq(rows, "1:a|b/2!the row is longer than 64 KiB/3:3|4/");
        rows = long_render(arena, "\"1,2\n3,4\n", 70000, "\n5,6", pieces[i]);
        ck_assert_str_eq(rows, "1:a|b/2!a quote opens here and is not closed within 64 KiB:1,2/"
                               "3:3|4/4!the row is longer than 64 KiB/5:5|6/");
    }
}
END_TEST

START_TEST(test_many_cells)
{
    for (size_t count = CSV_CELLS_MAX; count <= CSV_CELLS_MAX + 1; count++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct buffer text = { .arena = &request.arena }, out = { .arena = &request.arena };
        for (size_t i = 1; i < count; i++)
            buffer_char(&text, ',');
        struct csv *csv = csv_new(row_render, &out);
        csv_push(csv, text.data, text.length);
        csv_end(csv);
        csv_free(csv);
        bool complains = strstr(buffer_string(&out), "more than 1024 columns") != NULL;
        ck_assert_int_eq(complains, count > CSV_CELLS_MAX);
    }
}
END_TEST

/* Every line opens a quote, whether one is open already or not: looking 64 KiB far from each of
 * them would take minutes. What follows is read well all the same. */
START_TEST(test_every_line_opens_a_quote)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct buffer text = { .arena = &request.arena }, out = { .arena = &request.arena };
    buffer_text(&text, "a,b\n");
    for (size_t i = 0; i < 200000; i++)
        buffer_text(&text, "x\",\"\n");
    for (size_t i = 0; i < 20000; i++)
        buffer_text(&text, "1,2\n");
    buffer_text(&text, "\"3\n\",4\n");
    int64_t begin_us = clock_monotonic_us();
    struct csv *csv = csv_new(row_render, &out);
    csv_push(csv, text.data, text.length);
    csv_end(csv);
    csv_free(csv);
    ck_assert_int_lt((clock_monotonic_us() - begin_us) / 1000000, 10 * TEST_SLOWNESS);
    const char *rows = buffer_string(&out);
    ck_assert_str_eq(rows + strlen(rows) - 24, "/220001:1|2/220002:3\n|4/");
    ck_assert_ptr_nonnull(strstr(rows, "/200002:1|2/"));
}
END_TEST

/* What a spreadsheet would run, also in full-width letters and behind a guard of its own. */
START_TEST(test_guard)
{
    static const struct {
        const char *text;
        bool guarded;
    } cells[] = {
        { "=1+1", true },    { "+1", true },       { "-1", true },      { "@SUM(A1)", true },
        { "\t=1", true },    { "\r=1", true },     { "\n=1", true },    { "\uff1d1", true },
        { "\uff0b1", true }, { "\uff0d1", true },  { "\uff20a", true }, { "'=1", true },
        { "''=1", true },    { "", false },        { "'", false },      { "'tis", false },
        { "a=1", false },    { "\uff0e1", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
        const char *text = cells[i].text;
        char guarded[16];
        ck_assert_msg(csv_needs_guard(text) == cells[i].guarded, "%s", text);
        snprintf(guarded, sizeof(guarded), "%s%s", cells[i].guarded ? "'" : "", text);
        ck_assert_str_eq(csv_unguard(guarded), text); /* there and back */
    }
}
END_TEST

void csv_tests(Suite *suite)
{
    TCase *tests = tcase_create("csv");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, test_rows);
    tcase_add_test(tests, test_pieces_of_any_size);
    tcase_add_test(tests, test_separator);
    tcase_add_test(tests, test_long_rows);
    tcase_add_test(tests, test_many_cells);
    tcase_add_test(tests, test_every_line_opens_a_quote);
    tcase_add_test(tests, test_guard);
    suite_add_tcase(suite, tests);
}
