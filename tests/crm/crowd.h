/* crowd.h: a store full of random leads, their custom values and activities, and the same in
 * memory. */
#ifndef FUNNELD_TESTS_CRM_CROWD_H
#define FUNNELD_TESTS_CRM_CROWD_H

#include "random.h"
#include "tests/store/core.h"

#include <funneld/crm.h>

enum { CROWD_LEADS = 150, CROWD_FIELDS = 5, CROWD_DAYS = 60, ACTIVITIES_MAX = 12 };
#define CROWD_NOW INT64_C(1700000000000)

struct history {
    struct lead lead;
    size_t count;
    struct activity activities[ACTIVITIES_MAX];
    struct custom_value values[CROWD_FIELDS];
};

/* A store full of them, and the same in memory. */
struct crowd {
    struct core core;
    struct arena arena; /* of what lives as long */
    int addresses;
    struct id owners[3];
    const struct catalog *catalog;
    struct history histories[CROWD_LEADS];
};

void crowd_make(struct crowd *crowd, uint64_t seed);

/* What leads and their activities are made of, and so what conditions may hit. */
const char *some_text(struct random *random);
const char *some_type(struct random *random); /* of an activity */
int64_t some_time(struct random *random);
int64_t some_number(struct random *random, enum custom_type type);

#endif
