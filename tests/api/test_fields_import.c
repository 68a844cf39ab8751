/* test_fields_import.c: custom fields and outcomes from a file, by the real command beside the
 * service: a file made up here, and one of 9,240 real leads. FUNNELD_TEST_DATA names the folder
 * that has that one; the repository carries none of it. */
#include "fields.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS_MAX = 64, OUTPUT_BYTES = 4000 };

static char output[OUTPUT_BYTES]; /* of the last import, both of its streams */

static const char *in_folder(const char *name)
{
    return textf("%s/%s", fixture.directory, name);
}

static void forget(const char *name)
{
    (void)!unlink(in_folder(name));
}

/* "VERB leads OPERAND OPTION VALUE ..."; the exit status. */
static int run(const char *verb, const char *operand, const char *const *options)
{
    const char *log = in_folder("import.out");
    const char *arguments[OPTIONS_MAX + 8] = { "funneld", verb, "leads", "--config=/dev/null",
                                               textf("--database=%s", fixture.database) };
    size_t count = 5;
    if (operand)
        arguments[count++] = operand;
    for (size_t i = 0; i < OPTIONS_MAX && options[i]; i++)
        arguments[count++] = options[i];
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    pid_t pid;
    int status;
    char *environment[] = { NULL };
    ck_assert_int_eq(posix_spawn(&pid, getenv("FUNNELD_TEST_PROGRAM"), &files, NULL,
                                 (char *const *)arguments, environment),
                     0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    posix_spawn_file_actions_destroy(&files);
    int fd = open(log, O_RDONLY);
    ssize_t bytes = read(fd, output, sizeof output - 1);
    output[bytes > 0 ? bytes : 0] = '\0';
    close(fd);
    forget("import.out");
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int import_leads(const char *file, const char *const *options)
{
    return run("import", file, options);
}

#define expect_said(what) ck_assert_msg(strstr(output, what), "\"%s\" is not in: %s", what, output)

static void make_field(const char *key, const char *type, const char *more)
{
    expect_status(post(fixture.client, "/v1/fields", "{'key':'%s','name':'%s','type':'%s'%s}", key,
                       key, type, more),
                  201);
}

static void file_read(const char *name, char text[static OUTPUT_BYTES])
{
    FILE *file = fopen(in_folder(name), "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, OUTPUT_BYTES - 1, file)] = '\0';
    fclose(file);
}

static void file_write(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static int64_t total(const char *query)
{
    return answer_int(get(fixture.client, "/v1/leads?count=true&limit=1&%s", query), "total");
}

/* ---- A file made up ---- */

static const char small_file[] = "Number,Origin,Size,Since,VIP,Plan,Won,\r\n"
                                 "1,\"Fair, Berlin\",12.50,2019-02-28,Yes,PRO,1,\r\n"
                                 "2,Web,,,no,free,0,\r\n"
                                 "3,Web,many,,0,,,\r\n"
                                 "4,Web,3,,1,gold,1,\r\n"
                                 "5,,,,,,,\r\n";

static const char *const small_options[] = {
    "--map", "Number=external_id", "--map",       "Origin=source",    "--map", "Size=fields.size",
    "--map", "Since=fields.since", "--map",       "VIP=fields.vip",   "--map", "Plan=fields.plan",
    "--map", "Won=status",         "--map-value", "Won:1=won,0=lost", "--set", "source_system=file",
    NULL
};

static void make_small(void)
{
    make_field("size", "number", ",'min':1");
    make_field("since", "date", "");
    make_field("vip", "boolean", "");
    make_field("plan", "choice", ",'choices':['free','pro']");
    file_write("small.csv", small_file);
}

static const struct answer *lead_of(const char *number)
{
    return get(fixture.client, "/v1/leads?source_system=file&external_id=%s", number);
}

START_TEST(small)
{
    make_small();
    ck_assert_int_eq(import_leads(in_folder("small.csv"), small_options), 1);
    expect_said("5 rows: 3 created, 0 merged, 0 unchanged, 2 failed in ");
    char errors[OUTPUT_BYTES];
    file_read("small.csv.errors.csv", errors);
    ck_assert(strstr(errors, "4,\"column \"\"Size\"\" (fields.size): must be a number"));
    ck_assert(strstr(errors, "5,\"column \"\"Plan\"\" (fields.plan): one of: free, pro\""));

    const struct answer *first = lead_of("1");
    expect_text(first, "won", "data.0.status");
    expect_text(first, "Fair, Berlin", "data.0.source");
    ck_assert(strstr(first->body, "\"fields\":{\"size\":12.5,\"since\":\"2019-02-28\",\"vip\":true,"
                                  "\"plan\":\"pro\"}"));
    expect_text(lead_of("2"), "lost", "data.0.status");
    ck_assert(strstr(lead_of("2")->body, "\"fields\":{\"vip\":false,\"plan\":\"free\"}"));
    expect_text(lead_of("5"), "open", "data.0.status");
    const struct answer *events =
        get(fixture.client, "/v1/leads/%s/stages", answer_text(first, "data.0.id"));
    ck_assert_uint_eq(answer_count(events, "data"), 2);
    expect_text(events, "import", "data.1.cause");
    expect_text(events, "won", "data.1.to_status");

    /* Told again it changes nothing; nor does it close what somebody has opened again. */
    expect_status(post(fixture.client,
                       textf("/v1/leads/%s/reopen", answer_text(lead_of("2"), "data.0.id")),
                       "{'reason':'x'}"),
                  200);
    ck_assert_int_eq(import_leads(in_folder("small.csv"), small_options), 1);
    expect_said("5 rows: 0 created, 0 merged, 3 unchanged, 2 failed in ");
    expect_text(lead_of("2"), "open", "data.0.status");

    /* What is known is filled in: an outcome of a lead that was open, at its own time. */
    file_write("later.csv", "external_id,created_at,Outcome,At,fields.plan,status\n"
                            "5,,disqualified,2024-05-06T07:08:09Z,free,won\n"
                            "6,2024-01-02,won,2024-02-03,,lost\n");
    const char *const later[] = {
        "--map", "external_id=external_id", "--map", "created_at=created_at",
        "--map", "Outcome=status",          "--map", "At=closed_at",
        "--map", "fields.plan=fields.plan", "--set", "source_system=file",
        NULL
    };
    ck_assert_int_eq(import_leads(in_folder("later.csv"), later), 0);
    expect_said("2 rows: 1 created, 1 merged, 0 unchanged, 0 failed in ");
    expect_text(lead_of("5"), "disqualified", "data.0.status");
    ck_assert(strstr(lead_of("5")->body, "\"fields\":{\"plan\":\"free\"}"));
    events = get(fixture.client, "/v1/leads/%s/stages", answer_text(lead_of("6"), "data.0.id"));
    expect_text(events, "2024-02-03T00:00:00.000Z", "data.1.occurred_at");
    const struct answer *won =
        get(fixture.client, "/v1/metrics/funnel?basis=period&from=2024-02-03&to=2024-02-04");
    expect_int(won, 1, "groups.0.won.leads");
    forget("small.csv");
    forget("small.csv.errors.csv");
    forget("later.csv");
}
END_TEST

/* Which of the three leads of the file an export has, and its exit status where it has none. */
static const char *exported(const char *where)
{
    const char *const options[] = { "--format", "ndjson", "--where", where, NULL };
    int status = run("export", NULL, options);
    struct buffer numbers = { .arena = &fixture.arena };
    if (status != 0)
        return textf("%d", status);
    for (const char *at = output; (at = strstr(at, "\"external_id\":\"")); at++)
        buffer_char(&numbers, at[strlen("\"external_id\":\"")]);
    buffer_char(&numbers, '\0');
    return numbers.data;
}

START_TEST(exported_by_values)
{
    static const struct {
        const char *where, *leads;
    } cases[] = {
        { "fields.size=12.5", "1" },
        { "fields.size=", "25" },
        { "fields.size[gte]=12.50", "1" },
        { "fields.size[gt]=12.5", "" },
        { "fields.since[lt]=2020-01-01", "1" },
        { "fields.vip=yes", "1" },
        { "fields.vip=false", "2" },
        { "fields.plan=free", "2" },
        { "fields.plan=", "5" },
    };
    make_small();
    ck_assert_int_eq(import_leads(in_folder("small.csv"), small_options), 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(exported(cases[i].where), cases[i].leads);
    static const struct {
        const char *where, *said;
    } wrong[] = {
        { "fields.sice=1", "there is no custom field sice (did you mean size?)" },
        { "fields.size=many", "--where fields.size: \"many\" is no value of it" },
        { "fields.plan[gte]=free", "--where fields.plan: only numbers, booleans and dates are" },
        { "fields.=1", "there is no field fields." },
        { "email.x=1", "there is no field email.x" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        ck_assert_str_ne(exported(wrong[i].where), "");
        expect_said(wrong[i].said);
    }
    forget("small.csv");
    forget("small.csv.errors.csv");
}
END_TEST

START_TEST(columns_by_their_names)
{
    make_small();
    file_write("named.csv", "email,fields.plan,fields.size,status\nann@example.com,pro,7,won\n");
    const char *const none[] = { NULL };
    ck_assert_int_eq(import_leads(in_folder("named.csv"), none), 0);
    const struct answer *lead = get(fixture.client, "/v1/leads?email=ann@example.com");
    ck_assert(strstr(lead->body, "\"fields\":{\"size\":7,\"plan\":\"pro\"}"));
    expect_text(lead, "open", "data.0.status"); /* a status is taken where --map says so */
    forget("small.csv");
    forget("named.csv");
}
END_TEST

START_TEST(mistakes_said_at_once)
{
    make_small();
    const char *const unknown[] = { "--map", "Number=external_id", "--map", "Size=fields.sice",
                                    NULL };
    ck_assert_int_eq(import_leads(in_folder("small.csv"), unknown), 2);
    expect_said("there is no custom field \"sice\"; there are: size, since, vip, plan");
    const char *const nowhere[] = { "--map", "Size=seats", NULL };
    ck_assert_int_eq(import_leads(in_folder("small.csv"), nowhere), 2);
    expect_said("fields.KEY of a custom field");
    expect_problem(post(fixture.client, "/v1/import/leads", "{'items':[]}"), 422,
                   "validation_failed", "/items", "too_few");
    const struct answer *answer =
        post(fixture.client, "/v1/import/leads",
             "{'items':[{'email':'a@example.com','closed_at':'2024-01-01T00:00:00Z'},"
             "{'email':'b@example.com','status':'won','closed_at':'2999-01-01T00:00:00Z'}]}");
    expect_text(answer, "/items/0/status", "results.0.errors.0.pointer");
    expect_text(answer, "in_the_future", "results.1.errors.0.code");
    ck_assert_int_eq(total("status=won"), 0);
    forget("small.csv");
}
END_TEST

/* ---- And out again ---- */

START_TEST(there_and_back)
{
    make_small();
    make_field("note", "text", "");
    make_field("old", "text", "");
    service_create("/v1/leads", "{'email':'ann@example.com','fields':{'size':12.5,'vip':false,"
                                "'since':'1962-02-28','plan':'pro','note':'=1+\\n2','old':'x'}}");
    service_create("/v1/leads", "{'email':'bob@example.com','fields':{'note':'-5'}}");
    service_create("/v1/leads", "{'email':'cid@example.com'}");
    expect_status(patch(fixture.client, "/v1/fields/old", "{'archived':true}"), 200);
    const char *const one[] = { "--output", in_folder("one.csv"), NULL };
    const char *const lines[] = { "--output", in_folder("one.json"), "--format", "ndjson", NULL };
    char first[OUTPUT_BYTES], second[OUTPUT_BYTES];
    ck_assert_int_eq(run("export", NULL, one), 0);
    file_read("one.csv", first);
    ck_assert(strstr(first, ",fields.size,fields.since,fields.vip,fields.plan,fields.note,"));
    ck_assert(strstr(first, ",12.5,1962-02-28,false,pro,\"'=1+\n2\","));
    ck_assert(strstr(first, ",,,,,'-5,"));
    ck_assert(strstr(first, ",,,,,,default,"));
    ck_assert_ptr_null(strstr(first, "fields.old"));
    ck_assert_int_eq(run("export", NULL, lines), 0);
    file_read("one.json", second);
    ck_assert(strstr(second, "\"fields\":{\"size\":12.5,\"since\":\"1962-02-28\",\"vip\":false,"
                             "\"plan\":\"pro\",\"note\":\"=1+\\n2\"}"));

    /* Into the same leads, with all they had taken from them. */
    const struct answer *all = get(fixture.client, "/v1/leads");
    for (size_t i = 0; i < 3; i++)
        expect_status(patch(fixture.client,
                            textf("/v1/leads/%s", answer_text(all, "data.%zu.id", i)),
                            "{'fields':null}"),
                      200);
    const char *const none[] = { NULL };
    ck_assert_int_eq(import_leads(in_folder("one.csv"), none), 0);
    expect_said("3 rows: 0 created, 2 merged, 1 unchanged, 0 failed in ");
    const struct answer *back = get(fixture.client, "/v1/leads");
    for (size_t i = 0; i < 3; i++)
        ck_assert(json_equal(answer_at(all, "data.%zu.fields", i),
                             answer_at(back, "data.%zu.fields", i)));
    forget("small.csv");
    forget("one.csv");
    forget("one.json");
}
END_TEST

/* ---- A real one ---- */

enum { REAL_LEADS = 9240, REAL_WON = 3561 };

static void expect_real_lift(const struct answer *lifts, const char *attribute, const char *value,
                             int64_t won, int64_t leads)
{
    for (size_t i = 0; i < answer_count(lifts, "lifts"); i++) {
        const char *name = json_string_value(answer_at(lifts, "lifts.%zu.attribute", i));
        const char *has = json_string_value(answer_at(lifts, "lifts.%zu.value", i));
        if (!name || !has || strcmp(name, attribute) != 0 || strcmp(has, value) != 0)
            continue;
        expect_int(lifts, won, "lifts.%zu.among_won.numerator", i);
        expect_int(lifts, leads, "lifts.%zu.among.numerator", i);
        return;
    }
    ck_abort_msg("no lift of %s %s: %.2000s", attribute, value, lifts->body);
}

START_TEST(real)
{
    const char *data = getenv("FUNNELD_TEST_DATA");
    const char *file = textf("%s/xeducation/leads.csv", data ? data : ".");
    if (!data || access(file, R_OK) != 0) {
        printf("SKIP: FUNNELD_TEST_DATA names no folder with xeducation/leads.csv\n");
        fflush(stdout);
        return;
    }
    make_field("origin", "text", ",'indexed':true");
    make_field("visits", "number", "");
    make_field("seconds_on_site", "number", ",'indexed':true");
    make_field("pages_per_visit", "number", "");
    make_field("no_email", "boolean", "");
    make_field("occupation", "text", "");
    make_field("last_activity", "text", "");
    const char *const options[] = {
        "--map",       "Lead Number=external_id",
        "--map",       "Lead Source=source",
        "--map",       "Country=country",
        "--map",       "City=city",
        "--map",       "Converted=status",
        "--map",       "Lead Origin=fields.origin",
        "--map",       "TotalVisits=fields.visits",
        "--map",       "Total Time Spent on Website=fields.seconds_on_site",
        "--map",       "Page Views Per Visit=fields.pages_per_visit",
        "--map",       "Do Not Email=fields.no_email",
        "--map",       "What is your current occupation=fields.occupation",
        "--map",       "Last Activity=fields.last_activity",
        "--map-value", "Converted:1=won,0=lost",
        "--map-value", "City:Select=",
        "--set",       "source_system=xeducation",
        "--errors",    in_folder("errors.csv"),
        NULL,
    };
    ck_assert_int_eq(import_leads(file, options), 0);
    expect_said("9240 rows: 9240 created, 0 merged, 0 unchanged, 0 failed in ");
    ck_assert_int_eq(total("status=won"), REAL_WON);
    ck_assert_int_eq(total("status=lost"), REAL_LEADS - REAL_WON);
    const struct answer *lead =
        get(fixture.client, "/v1/leads?source_system=xeducation&external_id=660727");
    ck_assert(strstr(lead->body,
                     "\"fields\":{\"origin\":\"Landing Page Submission\",\"visits\":2,"
                     "\"seconds_on_site\":1532,\"pages_per_visit\":2,\"no_email\":false,"
                     "\"occupation\":\"Student\",\"last_activity\":\"Email Opened\"}"));
    expect_text(lead, "won", "data.0.status");
    /* As a spreadsheet counts them. */
    const struct answer *lifts = get(fixture.client, "/v1/metrics/attributes?limit=200");
    expect_real_lift(lifts, "fields.seconds_on_site", "937", 1606, 2308);
    expect_real_lift(lifts, "fields.origin", "Lead Add Form", 664, 718);
    expect_real_lift(lifts, "source", "Reference", 490, 534);
    ck_assert_int_eq(import_leads(file, options), 0);
    expect_said("9240 rows: 0 created, 0 merged, 9240 unchanged, 0 failed in ");
}
END_TEST

TCase *fields_import_tcase(void)
{
    TCase *tcase = tcase_create("import");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, small);
    tcase_add_test(tcase, exported_by_values);
    tcase_add_test(tcase, columns_by_their_names);
    tcase_add_test(tcase, mistakes_said_at_once);
    tcase_add_test(tcase, there_and_back);
    tcase_add_test(tcase, real);
    return tcase;
}
