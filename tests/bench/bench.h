/* bench.h: what the programs of scripts/bench share. They measure, or prepare what is measured;
 * nothing in them is part of the daemon. Every one ends by itself. */
#ifndef FUNNELD_TESTS_BENCH_H
#define FUNNELD_TESTS_BENCH_H

#include <funneld/crm.h>

/* Ends the program with the failure's own words. A benchmark that goes on after an error measures
 * something else. */
void bench_must(const struct ctx *ctx, enum err err, const char *what);
_Noreturn void bench_die(const char *format, ...) _printf_(1, 2);

/* A number in [min, max] from an argument. */
int64_t bench_number(const char *text, const char *name, int64_t min, int64_t max);

/* Random numbers that are the same in every run. */
struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice, uint64_t sides); /* 0 ... sides - 1 */
double dice_share(struct dice *dice);                  /* [0, 1) */
bool dice_percent(struct dice *dice, unsigned percent);

/* A text in proportion to its weight; NULL may be one. */
struct choice {
    const char *text;
    unsigned weight;
};
const char *dice_choose(struct dice *dice, const struct choice *choices, size_t count);
#define DICE_CHOOSE(dice, choices) dice_choose(dice, choices, ARRAY_SIZE(choices))

/* The lead ids that bench_seed has written, one a line. */
struct id_list {
    char *text;
    size_t count;
};
void id_list_read(struct id_list *list, const char *path);
struct id id_list_get(const struct id_list *list, size_t index);
/* Any of them; or, `hot`, nine times of ten one of every fiftieth: scripts/lib/bench.lua does the
 * same. */
struct id id_list_draw(const struct id_list *list, struct dice *dice, bool hot);

/* What is posted: scripts/lib/bench.lua posts the same. */
void bench_activity(struct dice *dice, struct activity_input *ret);
/* One that rules can tell from others by its page, its referrer and its seconds. */
void bench_visit(struct arena *arena, struct dice *dice, struct activity_input *ret);
void bench_lead(struct ctx *ctx, struct dice *dice, int64_t number, struct lead_input *ret);

#endif
