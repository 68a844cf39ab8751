/* test_daemon_kill.c: kill -9 at any moment. What was acknowledged is there afterwards, what was
 * not is there whole or not at all, and what is sent again counts once. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    WORKERS = 6,
    KILLS = 25,
    BIRTHS = 15,
    KILLS_LONG = 500,
    LIFE_US = 150000,   /* at most, under load */
    START_US = 40000,   /* when it is killed while it starts */
    READY_US = 1500000, /* from the start until it takes work, after any kill */
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

/* One in five times it is killed again while it mends what the last kill left. */
static void restart(unsigned *seed)
{
    if (rand_r(seed) % 5 == 0) {
        daemon_launch(&daemon_);
        usleep((unsigned)rand_r(seed) % START_US);
        daemon_kill(&daemon_);
    }
    daemon_start(&daemon_);
}

START_TEST(test_kill_at_any_moment)
{
    int rounds = test_rounds(KILLS, KILLS_LONG);
    int64_t slowest_us = 0;
    unsigned seed = test_seed();
    daemon_start(&daemon_);
    ledger_make(&ledger, &daemon_, WORKERS);
    ck_assert_int_eq(ledger_make_form(&ledger).status, 201);
    for (int i = 0; i < rounds; i++) {
        ledger_begin(&ledger);
        usleep((unsigned)rand_r(&seed) % LIFE_US);
        daemon_kill(&daemon_);
        ledger_end(&ledger);
        restart(&seed);
        if (daemon_.ready_us > slowest_us)
            slowest_us = daemon_.ready_us;
        ledger_settle(&ledger);
    }
    ledger_verify(&ledger);
    daemon_stop(&daemon_);
    daemon_check_file(&daemon_);
    printf("%d kills, seed %u: %d writes acknowledged; ready after at most %lld ms\n", rounds,
           test_seed(), atomic_load(&ledger.acknowledged), (long long)slowest_us / 1000);
    ck_assert_int_gt(atomic_load(&ledger.acknowledged), rounds * WORKERS);
    ck_assert_int_lt(slowest_us, READY_US * TEST_SLOWNESS);
    ledger_done(&ledger);
}
END_TEST

/* The very first start, killed again and again while it makes the data file and the admin key. */
START_TEST(test_kill_while_the_file_is_made)
{
    int rounds = test_rounds(BIRTHS, KILLS_LONG);
    unsigned seed = test_seed();
    struct client client;
    for (int i = 0; i < rounds; i++) {
        struct daemon daemon;
        daemon_make(&daemon, NULL);
        for (int kills = 0; kills < 3; kills++) {
            daemon_launch(&daemon);
            usleep((unsigned)rand_r(&seed) % START_US);
            daemon_kill(&daemon);
        }
        daemon_start(&daemon);
        client_init(&client, &daemon);
        ck_assert_int_eq(client_post(&client, "/v1/leads", "{\"email\":\"a@b.example\"}").status,
                         201);
        client_close(&client);
        daemon_check(&daemon);
        daemon_stop(&daemon);
        daemon_check_file(&daemon);
        daemon_done(&daemon);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("faults daemon kill");
    TCase *tcase = tcase_create("kill");
    tcase_set_timeout(tcase, test_is_long() ? 1100 : 100);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_kill_at_any_moment);
    tcase_add_test(tcase, test_kill_while_the_file_is_made);
    suite_add_tcase(suite, tcase);
    return suite;
}
