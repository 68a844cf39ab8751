/* test_limiter.c: token buckets in a table of fixed size. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static struct limiter *limiter;

static void set_up(void)
{
    limiter = limiter_new();
    ck_assert_ptr_nonnull(limiter);
}

static void tear_down(void)
{
    limiter_free(limiter);
}

static struct allowance take(const char *who, int64_t per_minute)
{
    return limiter_take(limiter, who, strlen(who), per_minute);
}

START_TEST(test_bucket)
{
    for (int i = 0; i < 5; i++) {
        struct allowance allowance = take("ann", 5);
        ck_assert(allowance.granted);
        ck_assert_int_eq(allowance.left, 4 - i);
        ck_assert_int_eq(allowance.full_s, 12 * (i + 1));
        ck_assert_int_eq(allowance.next_s, 0);
    }
    struct allowance allowance = take("ann", 5);
    ck_assert(!allowance.granted);
    ck_assert_int_eq(allowance.left, 0);
    ck_assert_int_eq(allowance.full_s, 60);
    ck_assert_int_eq(allowance.next_s, 12);
    ck_assert(take("bob", 5).granted);
    /* To look costs nothing. */
    struct allowance other = limiter_look(limiter, "carl", 4, 5);
    ck_assert(other.granted);
    ck_assert_int_eq(other.left, 5);
    ck_assert_int_eq(other.full_s, 0);
}
END_TEST

START_TEST(test_refills)
{
    enum { PER_MINUTE = 600 }; /* one in 100 ms */
    int granted = 0;
    while (take("ann", PER_MINUTE).granted)
        granted++;
    ck_assert_int_ge(granted, PER_MINUTE);
    ck_assert_int_le(granted, PER_MINUTE + 50); /* what came in meanwhile, on a slow machine */
    usleep(250 * 1000);
    ck_assert(take("ann", PER_MINUTE).granted);
    ck_assert(take("ann", PER_MINUTE).granted);
}
END_TEST

/* As many strangers as like change nothing for who has used up his share. */
START_TEST(test_strangers)
{
    while (take("abuser", 600).granted)
        ;
    int refused = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        struct allowance allowance = limiter_take(limiter, &i, sizeof i, 600);
        ck_assert(allowance.granted);
        if (i % 1000 == 0)
            refused += !take("abuser", 600).granted;
    }
    ck_assert_int_ge(refused, 80); /* time goes on, and with it he gets one now and then */
}
END_TEST

static atomic_int granted_in_all;

static void *taker_main(void *nothing)
{
    (void)nothing;
    for (int i = 0; i < 5000; i++)
        if (take("all", 1000).granted)
            atomic_fetch_add(&granted_in_all, 1);
    return NULL;
}

START_TEST(test_threads)
{
    pthread_t threads[4];
    int64_t start_us = clock_monotonic_us();
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_create(&threads[i], NULL, taker_main, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    int64_t refilled = (clock_monotonic_us() - start_us) / 60000 + 1;
    ck_assert_int_ge(granted_in_all, 1000);
    ck_assert_int_le(granted_in_all, 1000 + refilled);
}
END_TEST

/* Told, not judged: a machine may be slow. */
START_TEST(test_cost)
{
    enum { TIMES = 200000 };
    int granted = 0;
    int64_t start_us = clock_monotonic_us();
    for (uint32_t i = 0; i < TIMES; i++)
        granted += limiter_take(limiter, &(uint64_t[4]){ i % 100 }, 32, 6000000).granted;
    printf("one bucket asked: %lld ns\n",
           (long long)(clock_monotonic_us() - start_us) * 1000 / TIMES);
    ck_assert_int_eq(granted, TIMES);
}
END_TEST

void limiter_tests(Suite *suite)
{
    TCase *tcase = tcase_create("limiter");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_bucket);
    tcase_add_test(tcase, test_refills);
    tcase_add_test(tcase, test_strangers);
    tcase_add_test(tcase, test_threads);
    tcase_add_test(tcase, test_cost);
    suite_add_tcase(suite, tcase);
}
