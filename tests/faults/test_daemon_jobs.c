/* test_daemon_jobs.c: kill -9 while jobs are worked off. A rescoring goes on where it was, a
 * preview begins anew, and both come to what they come to without a kill. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEADS = 3000, BATCH = 500, KILLS = 6, LIFE_US = 60000, WAIT_US = 60000000 };

static struct daemon daemon_;
static struct client client;

static void setup(void)
{
    daemon_make(&daemon_, NULL);
}

static void teardown(void)
{
    client_close(&client);
    daemon_done(&daemon_);
}

static void start(void)
{
    client_close(&client);
    daemon_start(&daemon_);
    client_init(&client, &daemon_);
}

static void make_leads(void)
{
    static char body[BATCH * 60];
    for (int first = 0; first < LEADS; first += BATCH) {
        int at = snprintf(body, sizeof body, "{\"items\":[");
        for (int i = first; i < first + BATCH; i++)
            at += snprintf(body + at, sizeof body - (size_t)at,
                           "%s{\"email\":\"u%d@example.com\",\"company\":\"A\"}",
                           i > first ? "," : "", i);
        snprintf(body + at, sizeof body - (size_t)at, "]}");
        ck_assert_int_eq(client_post(&client, "/v1/import/leads", body).status, 200);
    }
}

static void post_for_id(const char *target, const char *body, int status, char id[static 40])
{
    struct answer answer = client_post(&client, target, body);
    ck_assert_msg(answer.status == status, "%d to %s: %s", answer.status, target, answer.body);
    ck_assert(answer_text(answer.body, "id", id, 40));
}

static bool is_over(const char *job)
{
    char path[80], state[40];
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    struct answer answer = client_get(&client, path);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer_text(answer.body, "state", state, sizeof state));
    ck_assert_msg(strcmp(state, "failed") != 0, "%s", answer.body);
    return strcmp(state, "done") == 0;
}

/* Killed and started again a few times on its way; returns how many kills it was at work in. */
static int kill_until_over(const char *job)
{
    unsigned seed = test_seed();
    int kills = 0;
    for (; kills < test_rounds(KILLS, 100) && !is_over(job); kills++) {
        usleep((unsigned)rand_r(&seed) % LIFE_US);
        daemon_kill(&daemon_);
        start();
    }
    for (int us = 0; !is_over(job); us += 20000, usleep(20000))
        ck_assert_int_lt(us, WAIT_US * TEST_SLOWNESS);
    return kills;
}

static const char draft[] =
    "{\"name\":\"Draft\",\"groups\":[{\"key\":\"fit\",\"min_milli\":0,\"max_milli\":90000}],"
    "\"rules\":[{\"key\":\"company\",\"name\":\"Company\",\"score_group\":\"fit\","
    "\"points_milli\":60000,\"when\":{\"field\":\"company\",\"op\":\"present\"}}],"
    "\"criteria\":[{\"kind\":\"mql\",\"score_min\":50}]}";

START_TEST(test_jobs_survive_kills)
{
    char id[40], job[40], path[120];
    start();
    make_leads();
    post_for_id("/v1/rule-sets", draft, 201, id);
    snprintf(path, sizeof path, "/v1/rule-sets/%s/preview", id);
    post_for_id(path, "", 202, job);
    int previewing = kill_until_over(job);
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    struct answer answer = client_get(&client, path);
    ck_assert_int_eq(answer_number(answer.body, "done"), LEADS);
    ck_assert_int_eq(answer_number(answer.body, "up"), LEADS);
    snprintf(path, sizeof path, "/v1/jobs/%s/crossings?criterion=mql&direction=up&count=true", job);
    ck_assert_int_eq(answer_number(client_get(&client, path).body, "total"), LEADS);
    snprintf(path, sizeof path, "/v1/rule-sets/%s/publish", id);
    post_for_id(path, "", 202, job);
    int rescoring = kill_until_over(job);
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    ck_assert_int_eq(answer_number(client_get(&client, path).body, "done"), LEADS);
    answer = client_get(&client, "/v1/leads?stage=mql&score=60&count=true&limit=1");
    ck_assert_int_eq(answer_number(answer.body, "total"), LEADS);
    ck_assert_int_eq(answer_number(answer.body, "rule_set_version"), 2);
    printf("%d leads: %d kills in the preview, %d in the rescoring\n", LEADS, previewing,
           rescoring);
    client_close(&client);
    daemon_check(&daemon_);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("daemon jobs");
    TCase *tcase = tcase_create("jobs");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, test_jobs_survive_kills);
    suite_add_tcase(suite, tcase);
    return suite;
}
