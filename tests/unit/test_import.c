/* test_import.c: what a header line and a command line make of rows, and the file of failed
 * rows. */
#include "unit_cli.h"

#include "server/cli/import.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A table with a field of every kind that a file can hold. */
struct sample {
    struct input input;
    const char *name;
    const char *city;
    int64_t amount;
    int64_t wanted;
    int64_t at;
    int64_t on;
    struct id owner;
    struct custom_values fields;
};

static const struct field sample_fields[] = {
    FIELD(struct sample, name, TEXT),  FIELD(struct sample, city, TEXT),
    FIELD(struct sample, amount, INT), FIELD(struct sample, wanted, BOOL),
    FIELD(struct sample, at, TIME),    FIELD(struct sample, on, DAY),
    FIELD(struct sample, owner, ID),   FIELD(struct sample, fields, VALUES),
};
static const struct table sample_table = TABLE(struct sample, "sample", sample_fields);

static const struct command sample_command = {
    .words = "sample",
    .operands = "FILE",
    .options = { { "--map", "C=F", "map", .repeats = true },
                 { "--skip", "C", "skip", .repeats = true },
                 { "--set", "F=V", "set", .repeats = true },
                 { "--map-value", "C:V=V", "map values", .repeats = true } },
};

enum { ARGUMENTS_MAX = 10, CELLS_MAX = 12 };

/* "a|b" as a row of two cells. */
static struct csv_row row_of(struct arena *arena, const char *text)
{
    struct csv_cell *cells = arena_alloc(arena, CELLS_MAX * sizeof(*cells));
    struct csv_row row = { .line = 7, .cells = cells };
    for (;; text++) {
        size_t bytes = strcspn(text, "|");
        cells[row.count++] = (struct csv_cell){ arena_text(arena, text, bytes), bytes };
        text += bytes;
        if (*text == '\0')
            return row;
    }
}

static enum status plan_of(struct request *request, const char *header, const char *const *options,
                           struct import_plan *ret)
{
    struct cli *cli = arena_alloc(&request->arena, sizeof(*cli));
    *cli = (struct cli){ .ctx = &request->ctx, .command = &sample_command };
    const char *arguments[ARGUMENTS_MAX + 1] = { "x.csv" };
    size_t count = 1;
    for (size_t i = 0; i < ARGUMENTS_MAX - 1 && options[i] != NULL; i++)
        arguments[count++] = options[i];
    ck_assert_int_eq(arguments_read(cli, count, (char *const *)arguments), STATUS_OK);
    struct csv_row row = row_of(&request->arena, header);
    return plan_make(cli, &sample_table, &row, ret);
}

/* JSON, or "! reason". */
static const char *row_as(struct request *request, const struct import_plan *plan,
                          const char *cells)
{
    struct csv_row row = row_of(&request->arena, cells);
    struct buffer out = { .arena = &request->arena };
    const char *reason = import_row_write(plan, &request->arena, &row, &out);
    if (reason != NULL)
        return arena_printf(&request->arena, "! %s", reason);
    return buffer_string(&out);
}

#define OWNER "0190b8a0-5b7a-7cc3-98c4-dc0c0c07398f"

static const struct {
    const char *header;
    const char *options[ARGUMENTS_MAX];
    const char *row;
    const char *written;
} rows[] = {
    /* Without --map columns go by their names. */
    { "name|other| city ", { NULL }, "Ann|x|Rome", "{\"name\":\"Ann\",\"city\":\"Rome\"}" },
    { "name|city", { NULL }, "  Ann\xc2\xa0| ", "{\"name\":\"Ann\"}" },
    { "name|city", { NULL }, "|", "{}" },
    { "name", { NULL }, "\"\\\n", "{\"name\":\"\\\"\\\\\"}" },
    /* With it only those that are named. */
    { "name|Town", { "--map", "Town=city" }, "Ann|Rome", "{\"city\":\"Rome\"}" },
    { "a=b|c", { "--map", "a=b=name" }, "x|y", "{\"name\":\"x\"}" },
    { "a", { "--map", "a=name", "--map", "a=city" }, "x", "{\"name\":\"x\",\"city\":\"x\"}" },
    { "a|b", { "--map", " a = name " }, "x|y", "{\"name\":\"x\"}" },
    /* --skip leaves a column out. */
    { "name|city", { "--skip", "city" }, "Ann|Rome", "{\"name\":\"Ann\"}" },
    { "name|city",
      { "--skip", "city", "--set", "city=Oslo" },
      "Ann|Rome",
      "{\"name\":\"Ann\",\"city\":\"Oslo\"}" },
    /* --set fills in what a row lacks. */
    { "name", { "--set", "city=Rome" }, "Ann", "{\"name\":\"Ann\",\"city\":\"Rome\"}" },
    { "name|city", { "--set", "city=Rome" }, "Ann|Oslo", "{\"name\":\"Ann\",\"city\":\"Oslo\"}" },
    { "name|city", { "--set", "city=Rome" }, "Ann|", "{\"name\":\"Ann\",\"city\":\"Rome\"}" },
    { "name", { "--set", "city=a=b" }, "Ann", "{\"name\":\"Ann\",\"city\":\"a=b\"}" },
    { "name", { "--set", "amount=5" }, "Ann", "{\"name\":\"Ann\",\"amount\":5}" },
    /* --map-value reads values as others. */
    { "name", { "--map-value", "name:1=one,2=two" }, "2", "{\"name\":\"two\"}" },
    { "name", { "--map-value", "name:1=one,2=two" }, "3", "{\"name\":\"3\"}" },
    { "name",
      { "--map-value", "name:1=one", "--map-value", "name:2=two" },
      " 2",
      "{\"name\":\"two\"}" },
    { "name", { "--map-value", "name:Select=" }, "Select", "{}" },
    { "name|city", { "--map-value", "name:=none" }, "|x", "{\"name\":\"none\",\"city\":\"x\"}" },
    { "a:b", { "--map", "a:b=name", "--map-value", "a:b:x=y" }, "x", "{\"name\":\"y\"}" },
    { "wanted", { "--map-value", "wanted:ja=yes" }, "ja", "{\"wanted\":true}" },
    /* Custom fields are texts, whatever they may be. */
    { "name|Size",
      { "--map", "name=name", "--map", "Size=fields.size", "--set", "fields.plan=pro" },
      "Ann|12",
      "{\"name\":\"Ann\",\"fields\":{\"size\":\"12\",\"plan\":\"pro\"}}" },
    { "name|fields.size", { NULL }, "Ann|12", "{\"name\":\"Ann\",\"fields\":{\"size\":\"12\"}}" },
    { "name|fields.size", { NULL }, "Ann|", "{\"name\":\"Ann\"}" },
    { "name|fields.size",
      { "--map-value", "fields.size:x=1" },
      "Ann|x",
      "{\"name\":\"Ann\",\"fields\":{\"size\":\"1\"}}" },
    { "name|fields.size", { "--skip", "fields.size" }, "Ann|x", "{\"name\":\"Ann\"}" },
    /* Kinds */
    { "amount", { NULL }, "-12", "{\"amount\":-12}" },
    { "amount", { NULL }, "007", "{\"amount\":7}" },
    { "amount",
      { NULL },
      "1.0",
      "! column \"amount\" (amount) must be a whole number, not \"1.0\"" },
    { "amount",
      { NULL },
      "1e3",
      "! column \"amount\" (amount) must be a whole number, not \"1e3\"" },
    { "amount", { NULL }, "-", "! column \"amount\" (amount) must be a whole number, not \"-\"" },
    { "amount",
      { NULL },
      "9223372036854775808",
      "! column \"amount\" (amount) must be a whole number, not \"9223372036854775808\"" },
    { "Yes?", { "--map", "Yes?=wanted" }, "No", "{\"wanted\":false}" },
    { "amount|wanted", /* all at once */
      { NULL },
      "much|maybe",
      "! column \"amount\" (amount) must be a whole number, not \"much\"; column \"wanted\" "
      "(wanted) must be true or false, yes or no, 1 or 0, not \"maybe\"" },
    { "wanted",
      { NULL },
      "maybe",
      "! column \"wanted\" (wanted) must be true or false, yes or no, 1 or 0, not \"maybe\"" },
    { "at", { NULL }, "2018-02-26 19:58:54", "{\"at\":\"2018-02-26T19:58:54.000Z\"}" },
    { "at", { NULL }, "2018-02-26", "{\"at\":\"2018-02-26T00:00:00.000Z\"}" },
    { "at", { NULL }, "2018-02-26T20:58:54.5+01:00", "{\"at\":\"2018-02-26T19:58:54.500Z\"}" },
    { "when",
      { "--map", "when=at" },
      "26.2.2018",
      "! column \"when\" (at) must be a time like 2026-11-22T22:05:00Z, 2026-11-22 22:05 or "
      "2026-11-22, not \"26.2.2018\"" },
    { "on", { NULL }, "2018-02-26", "{\"on\":\"2018-02-26\"}" },
    { "on",
      { NULL },
      "2018-02-30",
      "! column \"on\" (on) must be a date like 2026-11-22, not \"2018-02-30\"" },
    { "owner", { NULL }, OWNER, "{\"owner\":\"" OWNER "\"}" },
    { "owner",
      { NULL },
      "Ann",
      "! column \"owner\" (owner) must be an id like 0190b8a0-5b7a-7cc3-98c4-dc0c0c07398f, not "
      "\"Ann\"" },
    /* As many cells as columns, give or take an empty last one. */
    { "name|city", { NULL }, "Ann", "! the row has 1 column, the header has 2" },
    { "name|city", { NULL }, "Ann|Rome|x", "! the row has 3 columns, the header has 2" },
    { "name|city", { NULL }, "Ann|Rome|", "{\"name\":\"Ann\",\"city\":\"Rome\"}" },
    { "name|city|", { NULL }, "Ann|Rome|", "{\"name\":\"Ann\",\"city\":\"Rome\"}" },
    { "name|city|", { NULL }, "Ann|Rome", "{\"name\":\"Ann\",\"city\":\"Rome\"}" },
    { "name|city|", { NULL }, "Ann|Rome||", "! the row has 4 columns, the header has 2" },
};

START_TEST(test_rows_are_written)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct import_plan plan;
        ck_assert_msg(plan_of(&request, rows[i].header, rows[i].options, &plan) == STATUS_OK,
                      "row %zu", i);
        const char *written = row_as(&request, &plan, rows[i].row);
        ck_assert_msg(strcmp(written, rows[i].written) == 0, "row %zu is %s, not %s", i, written,
                      rows[i].written);
    }
}
END_TEST

START_TEST(test_long_values_are_cut_in_the_reason)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct import_plan plan;
    char text[201] = "";
    for (size_t i = 0; i < 200; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    ck_assert_int_eq(plan_of(&request, "amount", (const char *const[]){ NULL }, &plan), STATUS_OK);
    const char *written = row_as(&request, &plan, text);
    ck_assert_ptr_nonnull(strstr(written, "\xc3\xa4...\""));
    ck_assert_uint_eq(utf8_length(written), utf8_length("! column \"amount\" (amount) must be a "
                                                        "whole number, not \"...\"") +
                                                60);
}
END_TEST

START_TEST(test_plan_is_refused)
{
    static const struct {
        const char *header;
        const char *options[ARGUMENTS_MAX];
    } plans[] = {
        { "x|y", { NULL } },                                  /* nothing to take */
        { "name|name", { NULL } },                            /* which one? */
        { "name", { "--map", "name" } },                      /* no = */
        { "name", { "--map", "Name=name" } },                 /* no such column */
        { "name", { "--map", "name=nam" } },                  /* no such field */
        { "a|a", { "--map", "a=name" } },                     /* two such columns */
        { "a|b", { "--map", "a=name", "--map", "b=name" } },  /* one field twice */
        { "name|", { "--map", "=name" } },                    /* a column without a name */
        { "name", { "--set", "city" } },                      /* no = */
        { "name", { "--set", "town=x" } },                    /* no such field */
        { "name", { "--set", "city=x", "--set", "city=y" } }, /* twice */
        { "name", { "--set", "amount=many" } },               /* not of its kind */
        { "name", { "--set", "city=\xff" } },                 /* not UTF-8 */
        { "name", { "--map-value", "name" } },                /* no : */
        { "name", { "--map-value", "nam:a=b" } },             /* no such column */
        { "name|x", { "--map-value", "x:a=b" } },             /* goes into no field */
        { "name", { "--map-value", "name:a" } },              /* no = */
    };
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct import_plan plan;
        ck_assert_msg(plan_of(&request, plans[i].header, plans[i].options, &plan) == STATUS_USAGE,
                      "plan %zu", i);
    }
}
END_TEST

START_TEST(test_blank_rows)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    static const struct {
        const char *text;
        bool blank;
    } texts[] = { { "", true }, { "||", true }, { " |\t", true }, { "|x|", false } };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct csv_row row = row_of(&request.arena, texts[i].text);
        ck_assert_int_eq(import_row_is_blank(&row), texts[i].blank);
    }
}
END_TEST

/* ---- The file of failed rows ---- */

static const char *file_text(struct arena *arena, const char *path)
{
    static char text[4096];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t bytes = fread(text, 1, sizeof(text), file);
    fclose(file);
    return arena_text(arena, text, bytes);
}

START_TEST(test_failed_rows_are_kept)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    char path[] = "/tmp/funneld_errors_XXXXXX";
    close(mkstemp(path));
    unlink(path);
    struct csv_row header = row_of(&request.arena, "name|home town|");
    struct csv_row row = row_of(&request.arena, "A \"B\"|x;y,z|line\nline");
    struct import_errors errors;
    errors_init(&errors, path, &header, ';');
    ck_assert(access(path, F_OK) != 0); /* not before there is one */
    ck_assert(errors_add(&errors, 12, "because, \"so\"", row.cells, row.count));
    ck_assert(errors_add(&errors, 15, "again", NULL, 0));
    ck_assert(errors_close(&errors));
    ck_assert_int_eq(errors.count, 2);
    ck_assert_str_eq(file_text(&request.arena, path),
                     "import_line;import_error;name;\"home town\";\n"
                     "12;\"because, \"\"so\"\"\";\"A \"\"B\"\"\";\"x;y,z\";\"line\nline\"\n"
                     "15;again\n");
    unlink(path);
}
END_TEST

/* Imported again, its own two columns do not pile up. */
START_TEST(test_failed_rows_of_failed_rows)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    char path[] = "/tmp/funneld_errors_XXXXXX";
    close(mkstemp(path));
    struct csv_row header = row_of(&request.arena, "import_line|import_error|name");
    struct csv_row row = row_of(&request.arena, "12|because|Ann");
    struct import_errors errors;
    errors_init(&errors, path, &header, ',');
    ck_assert(errors_add(&errors, 2, "still", row.cells, row.count));
    ck_assert(errors_close(&errors));
    ck_assert_str_eq(file_text(&request.arena, path),
                     "import_line,import_error,name\n2,still,Ann\n");
    unlink(path);
}
END_TEST

START_TEST(test_failed_rows_cannot_be_kept)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct csv_row header = row_of(&request.arena, "name");
    struct import_errors errors;
    errors_init(&errors, "/nonexistent/errors.csv", &header, ',');
    ck_assert(!errors_add(&errors, 2, "why", header.cells, header.count));
    ck_assert(errors_close(&errors));
    errors_init(&errors, "/dev/full", &header, ',');
    bool told = false;
    for (size_t i = 0; i < 10000 && !told; i++)
        told = !errors_add(&errors, 2, "why", header.cells, header.count);
    ck_assert(told);
    ck_assert(!errors_close(&errors));
}
END_TEST

void import_tests(Suite *suite)
{
    TCase *tests = tcase_create("import");
    tcase_add_test(tests, test_rows_are_written);
    tcase_add_test(tests, test_long_values_are_cut_in_the_reason);
    tcase_add_test(tests, test_plan_is_refused);
    tcase_add_test(tests, test_blank_rows);
    tcase_add_test(tests, test_failed_rows_are_kept);
    tcase_add_test(tests, test_failed_rows_of_failed_rows);
    tcase_add_test(tests, test_failed_rows_cannot_be_kept);
    suite_add_tcase(suite, tests);
}
