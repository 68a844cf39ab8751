/* property.c: random operations on a real store, compared with the model again and again. A failure
 * prints the seed and the fewest operations that were found to bring it about. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "property.h"

enum { OPS_MAX = 400, OPS = 250, COMPARE_EVERY = 50, SHRINK_RUNS_MAX = 400, LINE_BYTES = 320 };

/* One run: which operations, and how often everything is compared. */
struct plan {
    uint64_t seed;
    enum world_kind kind;
    int count;
    bool skip[OPS_MAX];
    int compare_every; /* committed operations */
};

struct result {
    int failed_at; /* -1: never */
    char why[1024];
    size_t line_count;
    char lines[OPS_MAX][LINE_BYTES];
};

/* Operations of one transaction: until chance ends it; now and then all of it is lost. */
static bool ends_batch(const struct plan *plan, int number)
{
    struct random random = { plan->seed ^ (uint64_t)number * 31337 };
    return random_one_in(&random, 3);
}

static bool loses_batch(const struct plan *plan, int number)
{
    struct random random = { plan->seed ^ (uint64_t)number * 271828 };
    return random_one_in(&random, 25);
}

static void run(const struct plan *plan, struct result *ret)
{
    struct world world;
    bool open = false, lost = false;
    int since_compare = 0;
    *ret = (struct result){ .failed_at = -1 };
    world_make_seeded(&world, plan->kind, plan->seed);
    for (int number = 0; number < plan->count && ret->failed_at < 0; number++) {
        if (plan->skip[number])
            continue;
        if (!open) {
            world_begin(&world);
            lost = loses_batch(plan, number);
            open = true;
        }
        struct op op;
        op_make(&world, plan->seed, number, &op);
        op_print(&op, lost, &world.model, ret->lines[ret->line_count++], LINE_BYTES);
        bool agreed = op_run(&world, &op, lost);
        since_compare++;
        if (!agreed || ends_batch(plan, number) || number + 1 == plan->count ||
            plan->compare_every == 1) {
            world_end(&world, lost);
            open = false;
        }
        if (agreed && !open && since_compare >= plan->compare_every) {
            agreed = agree(&world);
            since_compare = 0;
        }
        if (!agreed)
            ret->failed_at = number;
    }
    if (open)
        world_end(&world, lost);
    if (ret->failed_at < 0 && !agree(&world))
        ret->failed_at = plan->count;
    memcpy(ret->why, world.why, sizeof ret->why);
    world_done(&world);
}

/* The same complaint but for its numbers. */
static bool same_complaint(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, "-0123456789");
        b += strspn(b, "-0123456789");
        if (*a != *b || !*a)
            return *a == *b;
    }
}

/* Leaves out what the failure does not need, in ever smaller pieces. */
static void shrink(struct plan *plan, struct result *result)
{
    int runs = 0;
    plan->count = result->failed_at < plan->count ? result->failed_at + 1 : plan->count;
    for (int piece = plan->count / 2; piece > 0; piece /= 2)
        for (int from = 0; from < plan->count && runs < SHRINK_RUNS_MAX; from += piece) {
            struct plan smaller = *plan;
            static struct result tried;
            bool any = false;
            for (int i = from; i < from + piece && i < plan->count; i++) {
                any |= !smaller.skip[i];
                smaller.skip[i] = true;
            }
            if (!any)
                continue;
            runs++;
            run(&smaller, &tried);
            if (tried.failed_at < 0 || !same_complaint(tried.why, result->why))
                continue;
            *plan = smaller;
            *result = tried;
        }
}

static void complain(struct plan *plan, struct result *result)
{
    fprintf(stderr, "seed %llu, operation %d: %s\nthe last operations:\n",
            (unsigned long long)plan->seed, result->failed_at, result->why);
    for (size_t i = result->line_count > 12 ? result->line_count - 12 : 0; i < result->line_count;
         i++)
        fprintf(stderr, "  %s\n", result->lines[i]);
    plan->compare_every = 1;
    run(plan, result);
    if (result->failed_at < 0)
        return;
    shrink(plan, result);
    fprintf(stderr, "as few as these suffice: %s\n", result->why);
    for (size_t i = 0; i < result->line_count; i++)
        fprintf(stderr, "  %s\n", result->lines[i]);
}

START_TEST(test_random_operations)
{
    static struct result result;
    uint64_t seed = (uint64_t)test_number("FUNNELD_TEST_SEED", 1);
    int64_t rounds = test_number("FUNNELD_TEST_ITERATIONS", getenv("FUNNELD_TEST_LONG") ? 200 : 30);
    for (int64_t round = 0; round < rounds; round++) {
        struct plan plan = { .seed = seed + (uint64_t)round,
                             .kind = (seed + (uint64_t)round) % WORLD_KINDS,
                             .count = OPS,
                             .compare_every = COMPARE_EVERY };
        run(&plan, &result);
        if (result.failed_at < 0)
            continue;
        complain(&plan, &result);
        ck_abort_msg("FUNNELD_TEST_SEED=%llu FUNNELD_TEST_ITERATIONS=1 fails again",
                     (unsigned long long)(seed + (uint64_t)round));
    }
}
END_TEST

static TCase *operations_case(void)
{
    TCase *operations = tcase_create("operations");
    tcase_set_timeout(operations, 600);
    tcase_add_test(operations, test_random_operations);
    return operations;
}

Suite *test_suite(void)
{
    log_setup(LOG_WARN, LOG_TEXT);
    /* Not durability is tried here, so nothing need wait for a disk. */
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    Suite *suite = suite_create("crm_property");
    suite_add_tcase(suite, operations_case());
    suite_add_tcase(suite, arrival_case());
    suite_add_tcase(suite, catalog_case());
    suite_add_tcase(suite, check_case());
    suite_add_tcase(suite, cost_case());
    suite_add_tcase(suite, damage_case());
    suite_add_tcase(suite, erasures_case());
    suite_add_tcase(suite, late_case());
    suite_add_tcase(suite, ledger_case());
    return suite;
}
