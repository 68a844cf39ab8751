/* test_daemon_memory.c: the real daemon when memory runs out: at any one allocation, or at all from
 * one on. Never a crash; what cannot be done is a 503 or the end of that connection; what was
 * acknowledged is there; and once there is memory again, everything works as before. */
#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <funneld/base.h>

enum {
    SWEEP = 2000,     /* allocations that fail each in turn */
    ROUNDS_MAX = 400, /* beyond them, further and further apart */
    TEXT_SIZE = 400,  /* of a target or a body */
};

static struct daemon daemon_;

static void setup(void)
{
    daemon_make(&daemon_, NULL);
    daemon_add_shim(&daemon_);
    daemon_.preload = getenv("FUNNELD_TEST_MEMORY_LIBRARY");
    ck_assert_ptr_nonnull(daemon_.preload);
}

static void teardown(void)
{
    daemon_done(&daemon_);
}

/* ---- A session: a bit of everything ---- */

struct session {
    struct client client;
    unsigned number; /* of this session: makes its leads' names its own */
    bool strict;     /* nothing fails: every answer is as it should be */
    int answered;
    char lead[40], form[40], key[40], campaign[40];
};

/* %u in target and body is the session's number; @ is its lead, % its key, and so on. */
struct step {
    const char *method, *target, *body;
    int status;       /* when nothing fails */
    size_t keep;      /* where its id is kept, for later steps; 0: nowhere */
    size_t id;        /* the id that takes the place of @ */
    size_t needs;     /* the id without which it is left out */
    const char *type; /* of the body; NULL: JSON */
};

#define OF(member) offsetof(struct session, member)

static const struct step steps[] = {
    { "GET", "/healthz", NULL, 200 },
    { "GET", "/readyz", NULL, 200 },
    { "POST", "/v1/leads",
      "{\"email\":\"m#@example.com\",\"company\":\"Acme\",\"job_title\":\"Head of IT\","
      "\"source\":\"search\"}",
      201, .keep = OF(lead) },
    { "GET", "/v1/leads?limit=20&sort=-score", NULL, 200 },
    { "GET", "/v1/leads?stage=target&source=search&score[gte]=1", NULL, 200 },
    { "GET", "/v1/leads/@", NULL, 200, .id = OF(lead) },
    { "PATCH", "/v1/leads/@", "{\"country\":\"DE\",\"phone\":null}", 200, .id = OF(lead) },
    { "POST", "/v1/leads/@/activities", "{\"type\":\"page_view\",\"properties\":{\"url\":\"/\"}}",
      201, .id = OF(lead) },
    { "POST", "/v1/leads/@/activities",
      "{\"type\":\"demo_requested\",\"occurred_at\":\"2020-01-01T00:00:00Z\"}", 201,
      .id = OF(lead) },
    { "POST", "/v1/activities",
      "{\"activities\":[{\"type\":\"call\",\"email\":\"m#@example.com\"},{\"type\":\"No\"}]}",
      200 },
    { "GET", "/v1/leads/@/activities", NULL, 200, .id = OF(lead) },
    { "POST", "/v1/leads/@/move", "{\"stage\":\"demo\"}", 200, .id = OF(lead) },
    { "POST", "/v1/leads/@/win", "{\"amount_minor\":100}", 200, .id = OF(lead) },
    { "GET", "/v1/leads/@/stages", NULL, 200, .id = OF(lead) },
    { "POST", "/v1/campaigns", "{\"name\":\"c#\"}", 201, .keep = OF(campaign) },
    { "POST", "/v1/forms", "{\"name\":\"f\",\"key\":\"memory-form-#\"}", 201, .keep = OF(form) },
    { "POST", "/f/memory-form-#", "email=f%23#@example.com&name=F&message=Hello", 200,
      .needs = OF(form), .type = "application/x-www-form-urlencoded" },
    { "GET", "/v1/submissions?limit=5", NULL, 200 },
    { "POST", "/v1/keys", "{\"name\":\"k#\",\"scopes\":[\"read\"]}", 201, .keep = OF(key) },
    { "DELETE", "/v1/keys/@", NULL, 204, .id = OF(key) },
    { "GET", "/v1/pipelines/default/board?limit=3", NULL, 200 },
    { "GET", "/v1/metrics/funnel?basis=cohort&group_by=source", NULL, 200 },
    { "GET", "/v1/metrics/funnel?basis=period", NULL, 200 },
    { "GET", "/v1/rule-sets", NULL, 200 },
    { "GET", "/metrics", NULL, 200 },
    { "POST", "/v1/leads", "{\"email\":5,\"colour\":\"blue\"}", 422 },
    { "GET", "/nowhere", NULL, 404 },
};

/* The template with # and @ put in. */
static const char *fill(const struct session *session, const struct step *step, const char *text,
                        char filled[static TEXT_SIZE])
{
    char number[16], byte[2] = "";
    size_t length = 0;
    if (!text)
        return NULL;
    snprintf(number, sizeof number, "%u", session->number);
    for (; *text && length < TEXT_SIZE - 64; text++) {
        byte[0] = *text;
        const char *part = *text == '#'               ? number
                           : *text == '@' && step->id ? (const char *)session + step->id
                                                      : byte;
        length += (size_t)snprintf(filled + length, TEXT_SIZE - length, "%s", part);
    }
    return filled;
}

static bool is_ours(int status)
{
    return status == 503;
}

static void judge(struct session *session, const struct step *step, const struct answer *answer)
{
    if (answer->outcome == ANSWERED && answer->status == step->status) {
        session->answered++;
        return;
    }
    /* A connection may end without an answer, but never within one, and never in silence. */
    bool excused =
        answer->outcome == REFUSED || (answer->outcome == ANSWERED && is_ours(answer->status));
    ck_assert_msg(!session->strict && excused, "%s %s: outcome %d, status %d: %.300s", step->method,
                  step->target, answer->outcome, answer->status,
                  answer->outcome == ANSWERED ? answer->body : "");
}

static void take(struct session *session, const struct step *step)
{
    char target[TEXT_SIZE], body[TEXT_SIZE] = "";
    size_t needed = step->id ? step->id : step->needs;
    if (needed && !*((const char *)session + needed))
        return; /* what it is about was not made */
    fill(session, step, step->target, target);
    char *request =
        request_text(&daemon_, step->method, target, fill(session, step, step->body, body),
                     step->type ? step->type : "application/json");
    struct answer answer = { .outcome = REFUSED };
    if (session->client.fd >= 0 || client_connect(&session->client))
        if (client_send(&session->client, request, strlen(request)))
            answer = client_read(&session->client, CLIENT_TIMEOUT_MS);
    free(request);
    judge(session, step, &answer);
    if (answer.outcome == ANSWERED && answer.status == step->status && step->keep)
        answer_text(answer.body, "id", (char *)session + step->keep, sizeof session->lead);
    if (answer.outcome != ANSWERED || answer.close)
        client_close(&session->client);
}

/* How many of its steps were answered as they should be. */
static int session_run(bool strict, char lead[static 40])
{
    static unsigned number;
    struct session session = { .number = ++number, .strict = strict };
    client_init(&session.client, &daemon_);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        take(&session, &steps[i]);
    client_close(&session.client);
    memcpy(lead, session.lead, sizeof session.lead);
    return session.answered;
}

static void expect_lead(const char *id)
{
    char target[80];
    struct client client;
    if (!*id)
        return;
    client_init(&client, &daemon_);
    snprintf(target, sizeof target, "/v1/leads/%s", id);
    struct answer answer = client_get(&client, target);
    if (answer.status != 200)
        daemon_show_log(&daemon_);
    usleep(answer.status != 200 ? 200000 : 0);
    ck_assert_msg(daemon_is_running(&daemon_), "it has ended");
    ck_assert_msg(answer.status == 200, "GET %s: outcome %d, status %d: %s", target, answer.outcome,
                  answer.status, answer.outcome == ANSWERED ? answer.body : "");
    client_close(&client);
}

/* ---- At every allocation ---- */

/* One session in which an allocation fails; whether it had so many. */
static bool round_run(int64_t number, bool for_good)
{
    char lead[40], other[40];
    shim_arm(daemon_.shim, "", SHIM_ALLOCATE, ENOMEM, number, for_good);
    session_run(/* strict= */ false, lead);
    bool reached = atomic_load(&daemon_.shim->failed) > 0;
    shim_off(daemon_.shim);
    ck_assert_msg(daemon_is_running(&daemon_), "allocation %lld: it has ended", (long long)number);
    expect_lead(lead);
    if (number % 64 == 0 || for_good)
        ck_assert_int_eq(session_run(/* strict= */ true, other), (int)ARRAY_SIZE(steps));
    return reached;
}

static void sweep(bool for_good, int64_t first, int64_t rounds)
{
    int64_t number = first, reached = 0;
    for (int64_t i = 0; i < rounds; i++) {
        if (!round_run(number, for_good))
            break;
        reached++;
        number += number < SWEEP && !for_good ? 1 : 1 + number / 16;
    }
    printf("memory: %lld rounds, the last at allocation %lld\n", (long long)reached,
           (long long)number);
    daemon_check(&daemon_);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    ck_assert_int_gt(reached, 0);
}

/* A daemon that has worked before: what it asks memory for is what requests need. */
START_TEST(test_each_allocation_fails)
{
    char lead[40];
    daemon_start(&daemon_);
    session_run(/* strict= */ true, lead);
    sweep(/* for_good= */ false, 1, SWEEP + ROUNDS_MAX);
}
END_TEST

START_TEST(test_memory_is_gone_for_a_while)
{
    char lead[40];
    daemon_start(&daemon_);
    session_run(/* strict= */ true, lead);
    sweep(/* for_good= */ true, 1, ROUNDS_MAX);
}
END_TEST

/* Its start, failing further and further on: it says why and ends, or it works. */
START_TEST(test_start_without_memory)
{
    int failed = 0;
    for (int64_t number = 1;; number += 1 + number / 16) {
        int status = 0;
        shim_arm(daemon_.shim, "", SHIM_ALLOCATE, ENOMEM, number, false);
        daemon_launch(&daemon_);
        bool ready = daemon_wait_ready(&daemon_, &status);
        bool reached = atomic_load(&daemon_.shim->failed) > 0;
        shim_off(daemon_.shim);
        if (ready) /* it may still find that another of its threads cannot work */
            status = daemon_signal(&daemon_, SIGTERM, CLIENT_TIMEOUT_MS);
        ck_assert_msg(WIFEXITED(status) && (ready || WEXITSTATUS(status) != 0),
                      "allocation %lld: ended with %#x", (long long)number, (unsigned)status);
        failed += !ready;
        if (!reached)
            break;
    }
    ck_assert_int_gt(failed, 0);
    daemon_start(&daemon_);
    daemon_check(&daemon_);
    daemon_stop(&daemon_);
}
END_TEST

START_TEST(test_sanitized)
{
    printf("SKIP: a sanitizer has an allocator of its own\n");
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("faults daemon memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, test_is_long() ? 1800 : 280);
    if (TEST_SLOWNESS > 1) {
        tcase_add_test(tcase, test_sanitized);
    } else {
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_each_allocation_fails);
        tcase_add_test(tcase, test_memory_is_gone_for_a_while);
        tcase_add_test(tcase, test_start_without_memory);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
