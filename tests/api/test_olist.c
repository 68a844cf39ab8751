/* test_olist.c: a real funnel: 8,000 MQLs of a marketplace and the 842 of them that were won.
 * FUNNELD_TEST_DATA names the folder that has the files; the repository carries none of them. */
#include "funnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 16, BATCH = 1000 };

#define RANGE "from=2017-06-14&to=2018-06-01"

/* ---- Files ---- */

static FILE *open_data(const char *name)
{
    const char *folder = getenv("FUNNELD_TEST_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/olist/%s", folder ? folder : ".", name);
    FILE *file = folder ? fopen(path, "re") : NULL;
    if (!file) {
        printf("SKIP: FUNNELD_TEST_DATA names no folder with olist/%s\n", name);
        fflush(stdout);
    }
    return file;
}

/* Splits in place; false at the end of the file. Quoted fields are there, quotes in them not. */
static bool read_row(FILE *file, char *line, size_t bytes, const char *columns[COLUMNS_MAX])
{
    if (!fgets(line, (int)bytes, file))
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    size_t count = 0;
    for (char *at = line; at && count < COLUMNS_MAX; count++) {
        bool quoted = *at == '"';
        columns[count] = at + quoted;
        char *end = quoted ? strchr(at + 1, '"') : at + strcspn(at, ",");
        ck_assert_ptr_nonnull(end);
        char *comma = strchr(end, ',');
        *end = '\0';
        at = comma ? comma + 1 : NULL;
    }
    while (count < COLUMNS_MAX)
        columns[count++] = "";
    return true;
}

static void append_lead(struct buffer *items, const char *columns[COLUMNS_MAX])
{
    buffer_printf(items,
                  "{'source_system':'olist','external_id':'%s','stage':'mql',"
                  "'created_at':'%sT00:00:00Z','source':'%s'}",
                  columns[0], columns[1], columns[3]);
}

/* 0.0 is a revenue that nobody declared. */
static void append_deal(struct buffer *items, const char *columns[COLUMNS_MAX])
{
    int64_t minor = (int64_t)(strtod(columns[13], NULL) * 100 + 0.5);
    buffer_printf(items,
                  "{'source_system':'olist','external_id':'%s','to':'won',"
                  "'occurred_at':'%.10sT%.8sZ'",
                  columns[0], columns[4], columns[4] + 11);
    if (minor > 0)
        buffer_printf(items, ",'amount_minor':%lld", (long long)minor);
    buffer_text(items, "}");
}

static void flush_items(const char *path, struct buffer *items, const char *outcome)
{
    if (items->length == 0)
        return;
    buffer_char(items, '\0');
    import_items(path, items->data, outcome);
    client_forget(fixture.client);
    items->length = 0;
}

static int import_file(const char *name, const char *path,
                       void (*append)(struct buffer *items, const char *columns[COLUMNS_MAX]),
                       const char *outcome)
{
    char line[1024];
    const char *columns[COLUMNS_MAX];
    struct buffer items = { .arena = &fixture.arena };
    FILE *file = open_data(name);
    ck_assert_ptr_nonnull(file);
    int rows = 0;
    for (bool heading = true; read_row(file, line, sizeof line, columns); heading = false) {
        if (heading)
            continue;
        if (items.length > 0)
            buffer_char(&items, ',');
        append(&items, columns);
        if (++rows % BATCH == 0)
            flush_items(path, &items, outcome);
    }
    flush_items(path, &items, outcome);
    fclose(file);
    return rows;
}

static void import_all(const char *outcome)
{
    ck_assert_int_eq(
        import_file("marketing_qualified_leads.csv", "/v1/import/leads", append_lead, outcome),
        8000);
    ck_assert_int_eq(
        import_file("closed_deals.csv", "/v1/import/stage-events", append_deal, outcome), 842);
}

/* ---- What a right funnel says ---- */

static const struct {
    const char *source;
    int64_t mqls, won;
    const char *rate;
} rows[] = {
    { "organic search", 2296, 271, "0.11803" },
    { "paid search", 1586, 195, "0.12295" },
    { "social", 1350, 75, "0.05556" },
    { "unknown", 1099, 179, "0.16288" },
    { "direct traffic", 499, 56, "0.11222" },
    { "email", 493, 15, "0.03043" },
    { "referral", 284, 24, "0.08451" },
    { "other", 150, 4, "0.02667" },
    { "display", 118, 6, "0.05085" },
    { "other publicities", 65, 3, "0.04615" },
    { NULL, 60, 14, "0.23333" },
};

static void expect_row(const struct answer *answer, size_t group, int64_t mqls, int64_t won,
                       const char *rate)
{
    expect_int(answer, mqls, "groups.%zu.stages.0.reached", group);
    expect_int(answer, mqls, "groups.%zu.stages.1.entered", group);
    expect_int(answer, mqls, "groups.%zu.stages.1.reached", group);
    for (int i = 2; i < STAGES; i++)
        expect_int(answer, won, "groups.%zu.stages.%d.reached", group, i);
    expect_int(answer, won, "groups.%zu.won.leads", group);
    const char *text = textf("\"cumulative\":{\"numerator\":%lld,\"denominator\":%lld,\"rate\":%s}",
                             (long long)won, (long long)mqls, rate);
    ck_assert_msg(strstr(answer->body, text), "%s: %.3000s", text, answer->body);
}

static void expect_table(const char *basis)
{
    const struct answer *answer = funnel(textf("group_by=source&basis=%s", basis));
    ck_assert_uint_eq(answer_count(answer, "groups"), ARRAY_SIZE(rows));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_row(answer, funnel_group(answer, rows[i].source), rows[i].mqls, rows[i].won,
                   rows[i].rate);
}

START_TEST(olist)
{
    FILE *there = open_data("closed_deals.csv");
    if (!there)
        return;
    fclose(there);
    import_all("created");
    expect_table("cohort&" RANGE);
    expect_table("period&from=2017-06-14&to=2018-12-01"); /* deals are closed until November */
    expect_row(funnel(RANGE), 0, 8000, 842, "0.10525");
    expect_sums(RANGE);
    expect_sums("within_days=30&" RANGE);
    expect_sums("basis=period&from=2018-01-01&to=2018-04-01");
    const char *queries[] = { RANGE "&group_by=source", "within_days=30&" RANGE,
                              "basis=period&group_by=owner&" RANGE };
    const char *before[ARRAY_SIZE(queries)];
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        before[i] = funnel_text(queries[i]);
    import_all("unchanged");
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        ck_assert_str_eq(funnel_text(queries[i]), before[i]);
}
END_TEST

TCase *olist_tcase(void)
{
    TCase *tcase = tcase_create("olist");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, olist);
    return tcase;
}
