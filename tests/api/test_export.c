/* test_export.c: `export`: that nothing is missing, nothing runs in a spreadsheet, and an import
 * takes it back as it was. */
#include "cli.h"
#include "tests/support/tamper.h"

#include "server/cli/csv.h"

#include <funneld/types.h>

#include <stdlib.h>

/* ---- A table of cells, read back by our own reader ---- */

enum { SHEET_ROWS_MAX = 64, SHEET_CELLS_MAX = 40 };

struct sheet {
    size_t rows, columns;
    char *cells[SHEET_ROWS_MAX][SHEET_CELLS_MAX];
};

static void sheet_row(void *self, const struct csv_row *row)
{
    struct sheet *sheet = self;
    ck_assert_msg(row->problem == NULL, "line %lld: %s", (long long)row->line, row->problem);
    ck_assert_uint_lt(sheet->rows, SHEET_ROWS_MAX);
    ck_assert_uint_le(row->count, SHEET_CELLS_MAX);
    if (sheet->rows == 0)
        sheet->columns = row->count;
    ck_assert_uint_eq(row->count, sheet->columns);
    for (size_t i = 0; i < row->count; i++)
        sheet->cells[sheet->rows][i] = strdup(row->cells[i].text);
    sheet->rows++;
}

static void sheet_read(struct sheet *sheet, const char *text)
{
    memset(sheet, 0, sizeof *sheet);
    struct csv *csv = csv_new(sheet_row, sheet);
    csv_push(csv, text, strlen(text));
    csv_end(csv);
    csv_free(csv);
}

static void sheet_done(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->rows; i++)
        for (size_t j = 0; j < sheet->columns; j++)
            free(sheet->cells[i][j]);
}

static const char *sheet_cell(const struct sheet *sheet, size_t row, const char *column)
{
    for (size_t i = 0; i < sheet->columns; i++)
        if (strcmp(sheet->cells[0][i], column) == 0)
            return sheet->cells[row][i];
    ck_abort_msg("there is no column %s", column);
    return NULL;
}

/* Of all that an import can bring. */
static void sheets_compare(const struct sheet *a, const struct sheet *b)
{
    ck_assert_uint_eq(a->rows, b->rows);
    for (size_t i = 1; i < a->rows; i++)
        for (size_t j = 0; j < lead_import_table.count; j++) {
            const char *name = lead_import_table.fields[j].name;
            if (lead_import_table.fields[j].kind == FIELD_VALUES ||
                (lead_import_table.fields[j].flags & FIELD_NAMED_ONLY))
                continue;
            ck_assert_msg(strcmp(sheet_cell(a, i, name), sheet_cell(b, i, name)) == 0,
                          "row %zu, %s: \"%s\" and \"%s\"", i, name, sheet_cell(a, i, name),
                          sheet_cell(b, i, name));
        }
}

/* ---- There and back ---- */

static const char nasty[] =
    "email,phone,first_name,last_name,company,job_title,source,amount_minor,source_system,"
    "external_id,created_at,stage\n"
    "a1@b.example,+12025550101,=1+1,\"-2,5\",\"says \"\"hi\"\"\",@sum(A1),web,1200,crm,1,"
    "2026-01-02 03:04:05.678,target\n"
    "a2@b.example,0049 30 "
    "555000,'=1,''+x,'plain,\"two\nlines\",\"a;b\tc\",0,crm,-2,2026-01-03,mql\n"
    "a3@b.example,,\xef\xbc\x9d"
    "1,\xef\xbc\x8b,\xef\xbc\x8d,\xef\xbc\xa0,"
    "\"\xe2\x80\x9c\xc3\xa4\xe2\x80\x9d\",,,,2026-01-04,\n"
    "a4@b.example,,\"\"\"\",\"\"\"\"\"\",\"'\",\"''\",'',,,,2026-01-05,\n"
    "a5@b.example,,,,,,,,,,2026-01-06,\n"
    ",,,,\"=cmd|' /C calc'!A0\",,,,crm,=3,2026-01-07,proposal\n";

START_TEST(test_there_and_back)
{
    static struct sheet first, second;
    with_daemon(_i);
    file_write("nasty.csv", nasty);
    ck_assert_run("import leads nasty.csv", 0);
    ck_assert_run("export leads --output one.csv", 0);
    ck_assert_says(out, "one.csv: 6 leads in ");
    char *text = malloc(TEXT_BYTES_MAX);
    file_read("one.csv", text);
    sheet_read(&first, text);

    /* What a spreadsheet would run has a guard; numbers are numbers, the rest is as it was. */
    ck_assert_uint_eq(first.rows, 1 + 6);
    ck_assert_str_eq(sheet_cell(&first, 1, "phone"), "'+12025550101");
    ck_assert_str_eq(sheet_cell(&first, 1, "first_name"), "'=1+1");
    ck_assert_str_eq(sheet_cell(&first, 1, "last_name"), "'-2,5");
    ck_assert_str_eq(sheet_cell(&first, 1, "company"), "says \"hi\"");
    ck_assert_str_eq(sheet_cell(&first, 1, "amount_minor"), "1200");
    ck_assert_str_eq(sheet_cell(&first, 1, "created_at"), "2026-01-02T03:04:05.678Z");
    ck_assert_str_eq(sheet_cell(&first, 2, "first_name"), "'=1");
    ck_assert_str_eq(sheet_cell(&first, 2, "last_name"), "''+x");
    ck_assert_str_eq(sheet_cell(&first, 2, "company"), "'plain");
    ck_assert_str_eq(sheet_cell(&first, 2, "job_title"), "two\nlines");
    ck_assert_str_eq(sheet_cell(&first, 2, "amount_minor"), "0");
    ck_assert_str_eq(sheet_cell(&first, 2, "external_id"), "'-2");
    ck_assert_str_eq(sheet_cell(&first, 3, "first_name"), "'\xef\xbc\x9d"
                                                          "1");
    ck_assert_str_eq(sheet_cell(&first, 4, "first_name"), "\"");
    ck_assert_str_eq(sheet_cell(&first, 5, "first_name"), "");
    ck_assert_str_eq(sheet_cell(&first, 6, "external_id"), "'=3");

    /* It is known where it came from ... */
    ck_assert_run("import leads one.csv", 0);
    ck_assert_says(out, "6 rows: 0 created, 0 merged, 6 unchanged, 0 failed in ");
    /* ... and elsewhere it makes the same again. */
    ck_assert_run("import leads one.csv --database=other.db", 0);
    ck_assert_says(out, "6 rows: 6 created, ");
    ck_assert_run("export leads --database=other.db --output two.csv", 0);
    file_read("two.csv", text);
    sheet_read(&second, text);
    sheets_compare(&first, &second);
    ck_assert_run("check --database=other.db", 0);
    sheet_done(&first);
    sheet_done(&second);
    free(text);
}
END_TEST

/* ---- What is asked for ---- */

static size_t lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

START_TEST(test_forms_of_it)
{
    struct stat status;
    with_daemon(_i);
    file_write("nasty.csv", nasty);
    ck_assert_run("import leads nasty.csv", 0);
    ck_assert_run("export leads --raw --where email=a1@b.example", 0);
    ck_assert_says(out, ",+12025550101,=1+1,\"-2,5\",");
    ck_assert_says(out, "\r\n");
    ck_assert_run("export leads --format ndjson", 0);
    ck_assert_uint_eq(lines(out), 6);
    ck_assert_says(out, "\"first_name\":\"=1+1\",\"last_name\":\"-2,5\"");
    ck_assert_run("export stage-events --where to=mql --format ndjson", 0);
    ck_assert_uint_eq(lines(out), 1);
    ck_assert_says(out, "\"cause\":\"import\"");

    file_write("old.csv", "what was there");
    ck_assert_run("export leads --output old.csv", 0);
    ck_assert_int_eq(stat(path_of("old.csv"), &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert(!file_exists("old.csv.part"));
}
END_TEST

START_TEST(test_conditions)
{
    static const struct {
        const char *where;
        size_t rows;
    } cases[] = {
        { "", 6 },
        { "--where stage=mql", 1 },
        { "--where stage=target --where amount_minor=", 3 },
        { "--where amount_minor=0", 1 },
        { "--where amount_minor[gt]=0", 1 },
        { "--where amount_minor[gte]=0", 2 },
        { "--where amount_minor[lt]=1200", 1 },
        { "--where amount_minor[lte]=1200", 2 },
        { "--where email=", 1 },
        { "--where status=open", 6 },
        { "--where status=won", 0 },
        { "--where created_at[gte]=2026-01-03 --where created_at[lt]=2026-01-05", 2 },
        { "--where owner=", 6 },
    };
    char command[256];
    file_write("nasty.csv", nasty);
    ck_assert_run("import leads nasty.csv", 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        snprintf(command, sizeof command, "export leads --format ndjson %s", cases[i].where);
        ck_assert_run(command, 0);
        ck_assert_msg(lines(out) == cases[i].rows, "%s: %zu", command, lines(out));
    }
}
END_TEST

START_TEST(test_what_is_refused)
{
    static const struct {
        const char *arguments;
        int status;
        const char *err;
    } cases[] = {
        { "export", 2, "funneld export leads" },
        { "export leads x", 2, "one argument too many" },
        { "export leads", 78, "there is no data file f.db" },
        { "export leads --format xml", 2, "--format is csv or ndjson" },
        { "export leads --where color=red", 2, "--where \"color=red\": there is no field color\n" },
        { "export leads --where stge=mql", 2, "there is no field stge (did you mean stage?)" },
        { "export leads --where email", 2, "--where \"email\" must be FIELD=VALUE" },
        { "export leads --where email[gte]=a", 2, "must be FIELD=VALUE" },
        { "export leads --where tally=1", 2, "there is no field tally" },
        { "export leads --where score=many", 2, "\"many\" is no value of it" },
        { "export leads --where status=sleeping", 2, "\"sleeping\" is no value of it" },
        { "export leads --where created_at=soon", 2, "\"soon\" is no value of it" },
        { "export leads --output /dev/null", 1, "/dev/null is no regular file" },
        { "export leads --output .", 1, ". is no regular file" },
        { "export leads --output none/x.csv", 1, "none/x.csv.part cannot be written" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_run(cases[i].arguments, cases[i].status);
        ck_assert_says(err, cases[i].err);
        ck_assert_str_eq(out, "");
        ck_assert(!file_exists("f.db"));
    }
    ck_assert_run("migrate", 0);
    int status = end(start("export leads", "/dev/null", "/dev/full", path_of("err")));
    ck_assert_int_ne(status, 0);
}
END_TEST

/* ---- Many rows ---- */

enum { MANY = 1201 }; /* more than two pages */

static void every_row_once(const char *command, const char *column)
{
    static char seen[MANY];
    char text[128];
    memset(seen, 0, sizeof seen);
    snprintf(text, sizeof text, "%s --format ndjson --output all.json", command);
    ck_assert_run(text, 0);
    FILE *file = fopen(path_of("all.json"), "r");
    ck_assert_ptr_nonnull(file);
    char *line = NULL;
    size_t size = 0;
    int count = 0;
    while (getline(&line, &size, file) > 0) {
        const char *at = strstr(line, column);
        ck_assert_ptr_nonnull(at);
        long number = strtol(at + strlen(column), NULL, 10);
        ck_assert(number >= 0 && number < MANY && !seen[number]);
        seen[number] = 1;
        count++;
    }
    free(line);
    fclose(file);
    ck_assert_int_eq(count, MANY);
}

START_TEST(test_many_rows)
{
    FILE *file = fopen(path_of("many.csv"), "w");
    ck_assert_ptr_nonnull(file);
    fputs("email,source_system,external_id,created_at\n", file);
    for (int i = 0; i < MANY; i++) /* many at the same time: pages end among them */
        fprintf(file, "%d@many.example,crm,%d,2026-01-0%d\n", i, i, 1 + i / 700);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_run("import leads many.csv", 0);
    every_row_once("export leads", "\"external_id\":\"");
    /* The export only reads: these rows need to fit nothing else. */
    tamper_with(
        path_of("f.db"),
        "UPDATE stage_event SET reason = (SELECT external_id FROM lead WHERE id = lead_id);"
        "INSERT INTO activity SELECT (SELECT min(id) FROM lead), external_id / 100, id, 'call', "
        "1, NULL, 'crm', external_id, 0, '{\"a\":\"=1\"}', 0 FROM lead");
    every_row_once("export stage-events", "\"reason\":\"");
    every_row_once("export activities", "\"external_id\":\"");
    ck_assert_run("export activities --where external_id=7", 0);
    ck_assert_says(out, ",crm,7,verified,false,\"{\"\"a\"\":\"\"=1\"\"}\"\r\n");
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("export");
    TCase *tcase = tcase_create("export");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_there_and_back, 0, 2);
    tcase_add_loop_test(tcase, test_forms_of_it, 0, 2);
    tcase_add_test(tcase, test_conditions);
    tcase_add_test(tcase, test_what_is_refused);
    tcase_add_test(tcase, test_many_rows);
    suite_add_tcase(suite, tcase);
    return suite;
}
