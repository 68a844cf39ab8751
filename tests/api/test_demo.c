/* test_demo.c: `demo`: the same story every time, told to an empty installation only. */
#include "cli.h"

#include <sqlite3.h>
#include <stdlib.h>

#define DEMO "demo --leads 600 --until 2024-06-30"

/* The rows of a query, a line each. */
static char *query(const char *name, const char *text)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    char *rows = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&rows, &bytes);
    ck_assert_int_eq(sqlite3_open_v2(path_of(name), &handle, SQLITE_OPEN_READONLY, NULL), 0);
    ck_assert_int_eq(sqlite3_prepare_v2(handle, text, -1, &statement, NULL), 0);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            fprintf(file, "%s|", (const char *)sqlite3_column_text(statement, i));
        fputc('\n', file);
    }
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    fclose(file);
    return rows;
}

/* Every figure that has no id in it and is not 0: those of all leads, and by source. */
static char *figures(const char *name)
{
    return query(name,
                 "SELECT basis, dimension, day, CAST(member AS TEXT), item, entered, reached, "
                 "value_minor, within_7, within_30, within_90 FROM rollup "
                 "WHERE dimension < 2 AND (entered OR reached OR value_minor) "
                 "ORDER BY 1, 2, 3, 4, 5");
}

START_TEST(test_the_same_every_time)
{
    with_daemon(_i);
    ck_assert_run(DEMO, 0);
    ck_assert_says(out, "600 leads, ");
    ck_assert_says(out, "/v1/metrics/funnel?basis=cohort&group_by=source&from=2024-01-03&to="
                        "2024-07-01'");
    ck_assert_says(out, "KEY=$(cat admin.key)");
    ck_assert_run("check", 0);
    ck_assert_says(out, "no damage, no difference: 600 leads, ");
    ck_assert_run(DEMO " --database=other.db", 0);
    ck_assert_says(out, "(funneld serve --database=other.db)");
    ck_assert_says(out, "KEY=$(cat other.db.admin.key)");
    ck_assert_run("check --database=other.db", 0);
    char *first = figures("f.db"), *second = figures("other.db");
    ck_assert_uint_gt(strlen(first), 10000);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
}
END_TEST

/* A funnel that narrows, with wins, losses and deals that are still open; and nobody real. */
START_TEST(test_the_story_is_believable)
{
    ck_assert_run(DEMO, 0);
    char *rows = query("f.db", "SELECT sum(reached) FROM rollup WHERE basis = 0 AND dimension = 0 "
                               "GROUP BY item ORDER BY item DESC");
    long reached[9], last = 0;
    int count = 0;
    for (char *at = rows; *at && count < 9; at = strchr(at, '\n') + 1)
        reached[count++] = strtol(at, NULL, 10);
    ck_assert_int_eq(count, 9); /* six stages, won, lost, disqualified */
    for (int i = 0; i < count; i++)
        ck_assert_int_gt(reached[i], 0);
    for (int i = 0; i < 6; i++) { /* from close back to target */
        ck_assert_int_gt(reached[i], last);
        last = reached[i];
    }
    ck_assert_int_eq(last, 600);
    ck_assert_int_lt(reached[4], 600 / 4); /* MQLs */
    free(rows);

    rows = query("f.db", "SELECT count(*) FROM lead WHERE email NOT LIKE '%.example' "
                         "OR substr(phone, 6, 5) <> '55501'");
    ck_assert_str_eq(rows, "0|\n");
    free(rows);
    rows = query("f.db", "SELECT count(DISTINCT email), count(DISTINCT source), "
                         "count(DISTINCT campaign), count(DISTINCT owner) FROM lead");
    ck_assert_str_eq(rows, "600|8|6|5|\n");
    free(rows);
    rows = query("f.db", "SELECT count(*) FROM stage_event WHERE voided_at IS NULL AND "
                         "occurred_at >= 1719792000000");
    ck_assert_str_eq(rows, "0|\n"); /* all of it has happened by then */
    free(rows);
}
END_TEST

/* ---- Into another installation and back ---- */

static char *histories(const char *name)
{
    return query(
        name, "SELECT l.email, f.key, t.key, e.from_status, e.to_status, e.occurred_at, e.reason, "
              "e.cycle FROM stage_event e JOIN lead l ON l.id = e.lead_id "
              "LEFT JOIN stage f ON f.stage_id = e.from_stage_id "
              "LEFT JOIN stage t ON t.stage_id = e.to_stage_id "
              "WHERE e.voided_at IS NULL ORDER BY 1, e.occurred_at, e.id");
}

static void histories_compare(const char *a, const char *b)
{
    char *first = histories(a), *second = histories(b);
    ck_assert_uint_gt(strlen(first), 10000);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
}

/* What `export` has written of histories tells an empty installation the same, and one that knows
 * it nothing. */
START_TEST(test_histories_there_and_back)
{
    with_daemon(_i);
    ck_assert_run(DEMO, 0);
    char *before = query("f.db", "SELECT count(*) FROM stage_event");
    char wanted[96];
    int digits = (int)strcspn(before, "|");
    snprintf(wanted, sizeof wanted, "%.*s rows: 0 created, 0 merged, %.*s unchanged, 0 failed",
             digits, before, digits, before);
    ck_assert_run("export leads --output leads.csv", 0);
    ck_assert_run("export stage-events --output events.csv", 0);
    ck_assert_run("import stage-events events.csv", 0);
    ck_assert_says(out, wanted);
    char *after = query("f.db", "SELECT count(*) FROM stage_event");
    ck_assert_str_eq(before, after);
    free(before);
    free(after);

    ck_assert_run("import leads leads.csv --skip stage --skip campaign --skip owner "
                  "--skip fields.technicians --skip fields.planning_tool --database=other.db",
                  0);
    ck_assert_run("import stage-events events.csv --database=other.db", 0);
    ck_assert_says(out, " 0 failed");
    histories_compare("f.db", "other.db");
    ck_assert_run("import stage-events events.csv --database=other.db", 0);
    ck_assert_says(out, " 0 created, 0 merged, ");
    ck_assert_run("check --database=other.db", 0);
    char *first = figures("f.db"), *second = figures("other.db");
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
}
END_TEST

START_TEST(test_only_where_nothing_is)
{
    with_daemon(_i);
    file_write("leads.csv", "email\nann@example.com\n");
    ck_assert_run("import leads leads.csv", 0);
    ck_assert_run(DEMO, 1);
    ck_assert_says(err, "f.db has leads already");
    ck_assert_run("check", 0);
    ck_assert_says(out, "no difference: 1 leads, ");
}
END_TEST

START_TEST(test_what_is_refused)
{
    static const char *const lines[] = {
        "demo --leads 0",        "demo --leads many",       "demo --leads 100001",
        "demo --until tomorrow", "demo --until 9999-01-01", "demo --until 1970-01-02",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        ck_assert_run(lines[i], 2);
        ck_assert(!file_exists("f.db"));
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("demo");
    TCase *tcase = tcase_create("demo");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_the_same_every_time, 0, 2);
    tcase_add_test(tcase, test_the_story_is_believable);
    tcase_add_loop_test(tcase, test_histories_there_and_back, 0, 2);
    tcase_add_loop_test(tcase, test_only_where_nothing_is, 0, 2);
    tcase_add_test(tcase, test_what_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
