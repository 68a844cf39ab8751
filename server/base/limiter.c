/* limiter.c: how often somebody may do something: token buckets in a table of fixed size. Does not
 * know who anybody is: a name is some bytes. */
#include <funneld/base.h>

#include "sodium_ready.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    SETS = 2048,
    WAYS = 8, /* buckets that a name may be in: two lines of the cache */
    LOCKS = 64,
    WINDOW_US = 60 * 1000 * 1000,
};

/* A bucket is one number: the time at which it will be full again. Who takes something moves it
 * ahead, by the time in which one drop falls; it may be a window ahead at most. Of a full bucket
 * nothing needs to be remembered, so the fullest of a set makes room for a new name, and nobody
 * loses anything until more names than there is room for are within one window. */
struct drops {
    uint64_t name; /* hash */
    int64_t full_us;
};

struct limiter {
    uint8_t secret[crypto_shorthash_KEYBYTES]; /* nobody can choose names that meet in one set */
    pthread_mutex_t locks[LOCKS];
    struct drops sets[SETS][WAYS];
};

struct limiter *limiter_new(void)
{
    struct limiter *limiter = calloc(1, sizeof(*limiter));
    if (!limiter)
        return NULL;
    sodium_ready();
    crypto_shorthash_keygen(limiter->secret);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&limiter->locks[i], NULL);
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (!limiter)
        return;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&limiter->locks[i]);
    free(limiter);
}

static struct drops *find(struct drops *set, uint64_t name)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].name == name)
            return &set[i];
    return NULL;
}

static struct drops *fullest(struct drops *set)
{
    struct drops *found = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].full_us < found->full_us)
            found = &set[i];
    return found;
}

static int64_t seconds_up(int64_t us)
{
    return (us + 999999) / 1000000;
}

static struct allowance ask(struct limiter *limiter, const void *who, size_t bytes,
                            int64_t per_minute, bool take)
{
    uint64_t name;
    crypto_shorthash((uint8_t *)&name, who, bytes, limiter->secret);
    int64_t now_us = clock_monotonic_us(), drop_us = WINDOW_US / per_minute;
    size_t at = name % SETS;
    pthread_mutex_lock(&limiter->locks[at % LOCKS]);
    struct drops *own = find(limiter->sets[at], name);
    int64_t full_us = own && own->full_us > now_us ? own->full_us : now_us;
    bool granted = full_us + drop_us - now_us <= WINDOW_US;
    if (granted && take) {
        full_us += drop_us;
        if (!own)
            own = fullest(limiter->sets[at]);
        *own = (struct drops){ name, full_us };
    }
    pthread_mutex_unlock(&limiter->locks[at % LOCKS]);
    int64_t missing_us = full_us - now_us;
    int64_t left = (WINDOW_US - missing_us) / drop_us;
    return (struct allowance){
        .granted = granted,
        .left = left < per_minute ? left : per_minute,
        .full_s = seconds_up(missing_us),
        .next_s = granted ? 0 : seconds_up(missing_us + drop_us - WINDOW_US),
    };
}

struct allowance limiter_take(struct limiter *limiter, const void *who, size_t bytes,
                              int64_t per_minute)
{
    return ask(limiter, who, bytes, per_minute, true);
}

struct allowance limiter_look(struct limiter *limiter, const void *who, size_t bytes,
                              int64_t per_minute)
{
    return ask(limiter, who, bytes, per_minute, false);
}
