/* test_daemon_storage.c: the real daemon on storage that fails: an fsync, a full disk, any single
 * call. Never a crash, never a half write; reads stay up; what was acknowledged is there. */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <funneld/base.h>

enum {
    WORKERS = 8,
    STATUS_AGAIN = 75, /* EX_TEMPFAIL: a supervisor starts it again */
    END_MS = 6000 * TEST_SLOWNESS,
    FULL_US = 1500000,     /* how long the disk stays full */
    RECOVERY_US = 4000000, /* until writes are taken again */
};

static struct daemon daemon_;
static struct ledger ledger;

static void setup(void)
{
    daemon_make(&daemon_, NULL);
}

static void teardown(void)
{
    daemon_done(&daemon_);
}

/* Until the condition holds; the condition is looked at every millisecond. */
#define wait_for(condition, microseconds)                                                          \
    do {                                                                                           \
        int64_t until_us_ = clock_monotonic_us() + (microseconds);                                 \
        while (!(condition) && clock_monotonic_us() < until_us_)                                   \
            usleep(1000);                                                                          \
        ck_assert_msg(condition, "waited in vain for: %s", #condition);                            \
    } while (0)

/* ---- A COMMIT whose fsync fails ---- */

/* Reads go on and writes are refused from the failure to the end of the process; how often it
 * answered. */
static int call_until_end(void)
{
    static const struct {
        const char *method, *target, *body;
        int status;
    } calls[] = { { "GET", "/v1/leads?limit=1", NULL, 200 },
                  { "GET", "/healthz", NULL, 200 },
                  { "GET", "/readyz", NULL, 503 },
                  { "POST", "/v1/leads", "{\"phone\":\"+49301234567\"}", 503 } };
    struct client client;
    int answered = 0;
    client_init(&client, &daemon_);
    for (int i = 0; i < 10000; i++) {
        size_t at = (size_t)i % ARRAY_SIZE(calls);
        struct answer answer =
            client_call(&client, calls[at].method, calls[at].target, calls[at].body);
        if (answer.outcome != ANSWERED)
            break;
        if (answer.close) /* it is about to end */
            continue;
        ck_assert_msg(answer.status == calls[at].status, "%s %s: %d", calls[at].method,
                      calls[at].target, answer.status);
        answered++;
        usleep(2000);
    }
    client_close(&client);
    return answered;
}

/* After a failed fsync nobody knows what the disk holds: the kernel may have dropped the pages,
 * or they may reach it later. So the answer is 503 for the whole batch, and what the file then
 * holds of the batch is all or nothing. Here the pages are in the kernel's memory, so all of it is
 * there after the restart; a client that sends again what was answered 503 is always right. */
START_TEST(test_failed_fsync)
{
    static const struct {
        const char *match;
        int number;
    } syncs[] = { { "funneld.db-wal", 1 },
                  { "funneld.db-wal", 2 },
                  { "funneld.db-wal", 20 },
                  { "funneld.db", 1 } /* of a checkpoint */ };
    int calls = 0;
    daemon_add_shim(&daemon_);
    daemon_start(&daemon_);
    ledger_make(&ledger, &daemon_, WORKERS);
    ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
    atomic_store(&ledger.may_refuse, true);
    for (size_t i = 0; i < ARRAY_SIZE(syncs); i++) {
        atomic_store(&ledger.refused, 0);
        ledger_begin(&ledger);
        usleep(30000);
        shim_arm(daemon_.shim, syncs[i].match, SHIM_SYNC, EIO, syncs[i].number, false);
        wait_for(atomic_load(&ledger.refused) > 0, 10000000 * TEST_SLOWNESS);
        atomic_store(&ledger.stopping, true);
        /* The disk would say yes again; it is not asked. */
        ck_assert_int_eq(atomic_load(&daemon_.shim->failed), 1);
        shim_arm(daemon_.shim, "funneld.db-wal", SHIM_SYNC | SHIM_WRITE | SHIM_TRUNCATE, EIO, 0,
                 false);
        calls += call_until_end();
        int status = daemon_wait(&daemon_, END_MS);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_AGAIN, "status %#x",
                      (unsigned)status);
        ck_assert_int_eq(atomic_load(&daemon_.shim->counted), 0);
        ledger_end(&ledger);
        daemon_start(&daemon_);
        ledger_settle(&ledger);
    }
    ledger_verify(&ledger);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    ck_assert_int_gt(calls, 0);
    printf("failed fsync: %d calls were answered between the failure and the end\n", calls);
    ledger_done(&ledger);
}
END_TEST

/* ---- A full disk ---- */

/* Reads go on, writes are refused in good order, and it says of itself that it takes none. */
static void expect_full(void)
{
    static int number; /* a phone number names one lead */
    struct client client;
    int not_ready = 0, refused = 0;
    int64_t until_us = clock_monotonic_us() + FULL_US;
    client_init(&client, &daemon_);
    while (clock_monotonic_us() < until_us) {
        char body[128];
        ck_assert_int_eq(client_get(&client, "/healthz").status, 200);
        ck_assert_int_eq(client_get(&client, "/v1/leads?limit=5").status, 200);
        not_ready += client_get(&client, "/readyz").status == 503;
        snprintf(body, sizeof body, "{\"first_name\":\"F\",\"phone\":\"+4930%07d\"}", number++);
        struct answer answer = client_post(&client, "/v1/leads", body);
        /* A small write may still fit into what the log has been given before. */
        ck_assert_msg(answer.status == 503 || answer.status == 201, "%d", answer.status);
        if (answer.status == 503) {
            ck_assert_ptr_nonnull(strcasestr(answer.head, "\r\nRetry-After: "));
            refused++;
        }
        usleep(10000);
    }
    ck_assert_int_gt(not_ready, 0);
    ck_assert_int_gt(refused, 0);
    client_close(&client);
}

static bool takes_work(void)
{
    struct client client;
    client_init(&client, &daemon_);
    bool ready = client_get(&client, "/readyz").status == 200;
    client_close(&client);
    return ready;
}

/* From full to full: `begin` makes the disk full, `end` gives it room again. */
static void full_and_back(void (*begin)(void), void (*end)(void))
{
    daemon_start(&daemon_);
    ledger_make(&ledger, &daemon_, WORKERS);
    ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
    atomic_store(&ledger.may_refuse, true);
    for (int i = 0; i < 2; i++) {
        atomic_store(&ledger.refused, 0);
        ledger_begin(&ledger);
        usleep(50000);
        begin();
        wait_for(atomic_load(&ledger.refused) > 0, 20000000);
        atomic_store(&ledger.stopping, true);
        ledger_end(&ledger);
        expect_full();
        end();
        wait_for(takes_work(), RECOVERY_US * TEST_SLOWNESS);
        ledger_expect_gone(&ledger);
        ledger_settle(&ledger);
    }
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    ck_assert(daemon_has_logged(&daemon_, "storage works again"));
    ledger_done(&ledger);
}

static void shim_begin(void)
{
    shim_space(daemon_.shim, "funneld.db-wal", 100000);
}

static void shim_end(void)
{
    shim_off(daemon_.shim);
}

START_TEST(test_full_disk)
{
    daemon_add_shim(&daemon_);
    full_and_back(shim_begin, shim_end);
}
END_TEST

static char filler[320];

static void filler_begin(void)
{
    static const char block[4096];
    int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
}

static void filler_end(void)
{
    ck_assert_int_eq(unlink(filler), 0);
}

/* A file system of 24 MiB, seen by this test and its children alone, and gone with them. */
static bool small_disk(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", folder, "tmpfs", 0, "size=24m,mode=0700") == 0;
}

START_TEST(test_really_full_disk)
{
    struct daemon outer = daemon_;
    if (geteuid() != 0 || !small_disk(outer.folder)) {
        printf("SKIP: a small file system can only be mounted by root\n");
        return;
    }
    daemon_make(&daemon_, outer.folder);
    snprintf(filler, sizeof filler, "%s/filler", outer.folder);
    full_and_back(filler_begin, filler_end);
    daemon_done(&daemon_);
    ck_assert_int_eq(umount2(outer.folder, MNT_DETACH), 0);
    daemon_ = outer;
}
END_TEST

/* ---- Every call in turn ---- */

static const struct torture {
    const char *match;
    int calls, error;
    bool for_good;
} tortures[] = {
    { "funneld.db-wal", SHIM_SYNC, EIO, false },
    { "funneld.db-wal", SHIM_SYNC, EIO, true },
    { "funneld.db-wal", SHIM_WRITE | SHIM_TRUNCATE, EIO, false },
    { "funneld.db-wal", SHIM_WRITE, ENOSPC, true },
    { "funneld.db", SHIM_WRITE | SHIM_SYNC | SHIM_TRUNCATE, EIO, true },
    { "funneld.db", SHIM_WRITE, ENOSPC, false },
    { "funneld.db-shm", SHIM_WRITE | SHIM_TRUNCATE, ENOSPC, true },
    { "funneld.db.lock", SHIM_WRITE | SHIM_TRUNCATE, ENOSPC, true },
    { "admin.key", SHIM_WRITE | SHIM_SYNC, ENOSPC, false },
};

enum { CALLS_MAX = 2000 };

static void expect_read(struct client *client, const char *target)
{
    struct answer answer = client_get(client, target);
    ck_assert_msg(answer.outcome == REFUSED || answer.status == 200 || answer.status == 503,
                  "GET %s: outcome %d, status %d", target, answer.outcome, answer.status);
}

/* A short life that writes a bit of everything. Every answer is 2xx or 503; there is none only
 * when the process is about to end by itself. */
static void session(void)
{
    static const enum entry_kind steps[] = { ENTRY_LEAD, ENTRY_ACTIVITY, ENTRY_FORM, ENTRY_BATCH,
                                             ENTRY_MOVE, ENTRY_ACTIVITY, ENTRY_LEAD, ENTRY_FORM };
    struct client client;
    struct answer answer = ledger_make_form(&ledger);
    ck_assert_msg(answer.outcome == REFUSED || answer.status == 201 || answer.status == 503,
                  "form: outcome %d, status %d", answer.outcome, answer.status);
    client_init(&client, &daemon_);
    for (size_t i = 0; i < ARRAY_SIZE(steps) && ledger_step(&ledger, steps[i]); i++)
        expect_read(&client, "/v1/leads");
    client_close(&client);
    client_close(&ledger.workers[0].client);
}

/* Whether the daemon came so far that something could fail. */
static void torture_life(const struct torture *torture, int64_t number)
{
    int status = 0;
    shim_arm(daemon_.shim, torture->match, torture->calls, torture->error, number,
             torture->for_good);
    daemon_launch(&daemon_);
    if (daemon_wait_ready(&daemon_, &status)) {
        session();
        status = daemon_.pid ? daemon_signal(&daemon_, SIGTERM, END_MS) : status;
        ck_assert_msg(
            WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == STATUS_AGAIN),
            "%s, call %lld: ended with %#x", torture->match, (long long)number, (unsigned)status);
        return;
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != 0, "%s, call %lld: start: %#x",
                  torture->match, (long long)number, (unsigned)status);
    ck_assert(daemon_has_logged(&daemon_, "cannot start"));
}

/* One life in which that call fails, and one after it. False: the session came to its end
 * without that many calls. */
static bool torture_round(const struct torture *torture, int64_t number)
{
    daemon_make(&daemon_, NULL);
    daemon_add_shim(&daemon_);
    ledger_make(&ledger, &daemon_, 1);
    atomic_store(&ledger.may_refuse, true);
    torture_life(torture, number);
    bool reached = atomic_load(&daemon_.shim->failed) > 0;
    shim_off(daemon_.shim);
    daemon_start(&daemon_);
    ledger.has_form = true;
    ledger_verify(&ledger);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    ledger_done(&ledger);
    daemon_done(&daemon_);
    return reached;
}

START_TEST(test_every_call_in_turn)
{
    int64_t number = 1;
    int rounds = 0;
    for (; number < CALLS_MAX; rounds++) {
        if (!torture_round(&tortures[_i], number))
            break;
        /* By default the first ones, and then fewer and fewer. */
        number += test_is_long() ? 1 : 1 + number / 2;
    }
    ck_assert_int_lt(number, CALLS_MAX);
    ck_assert_int_gt(rounds, 0);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("faults daemon storage");
    TCase *tcase = tcase_create("storage"), *torture = tcase_create("torture");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_failed_fsync);
    tcase_add_test(tcase, test_full_disk);
    tcase_add_test(tcase, test_really_full_disk);
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(torture, test_is_long() ? 900 : 60);
    tcase_add_loop_test(torture, test_every_call_in_turn, 0, ARRAY_SIZE(tortures));
    suite_add_tcase(suite, torture);
    return suite;
}
