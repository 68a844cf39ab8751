/* funnel.h: what the tests of the funnel share. */
#ifndef FUNNELD_TESTS_API_FUNNEL_H
#define FUNNELD_TESTS_API_FUNNEL_H

#include "fixture.h"

enum { STAGES = 6 };

/* What a group of a funnel must say. */
struct expected {
    int64_t entered[STAGES], reached[STAGES];
    int64_t won, value_minor, lost, disqualified;
};

/* GET /v1/metrics/funnel with its shape checked. */
const struct answer *funnel(const char *query);
/* The index of the group of that key; NULL: the one whose key is null. Fails without one. */
size_t funnel_group(const struct answer *answer, const char *key);
void expect_group(const struct answer *answer, size_t group, const struct expected *expected);
/* That the groups of `query`, by source, campaign and owner, add up to the whole. */
void expect_sums(const char *query);
/* The answer without the time at which it was given. */
const char *funnel_text(const char *query);
/* Posts {"items":[...]} and expects that outcome of every item. */
void import_items(const char *path, const char *items, const char *outcome);

TCase *olist_tcase(void);
TCase *board_tcase(void);

#endif
