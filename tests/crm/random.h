/* random.h: numbers that look random and come again from the same seed, and what a run of a random
 * test may be told. */
#ifndef FUNNELD_TESTS_CRM_RANDOM_H
#define FUNNELD_TESTS_CRM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random) /* splitmix64 */
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline int64_t random_below(struct random *random, int64_t bound)
{
    return (int64_t)(random_next(random) % (uint64_t)bound);
}

static inline bool random_one_in(struct random *random, int64_t count)
{
    return random_below(random, count) == 0;
}

/* A whole number from the environment: FUNNELD_TEST_SEED, FUNNELD_TEST_ITERATIONS. */
static inline int64_t test_number(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoll(text, NULL, 10) : otherwise;
}

#endif
