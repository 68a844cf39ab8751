/* conditions.h: the program crm_conditions: a lead to judge, in a scene that conditions are read
 * in, and the test cases. */
#ifndef FUNNELD_TESTS_CRM_CONDITIONS_H
#define FUNNELD_TESTS_CRM_CONDITIONS_H

#include "tests/support/suite.h"

#include <funneld/condition.h>
#include <funneld/stages.h>

struct scene {
    struct arena arena;
    struct ctx ctx;
    struct stage stages[2];
    struct pipeline pipeline;
    struct rows pipelines;
    struct selectors selectors;
    struct condition_scope scope;
    struct lead lead;
};

/* Of the lead in the scene the first holds, and the second does not. */
#define YES "{'field':'country','op':'eq','value':'US'}"
#define NO "{'field':'country','op':'eq','value':'DE'}"

void scene_start(struct scene *scene);
void scene_done(struct scene *scene);
/* The text with ' for ". */
const char *quoted(struct scene *scene, const char *text);
/* Fails the test where there is a mistake in it. */
const struct condition *condition_of(struct scene *scene, const char *text);

TCase *conditions_mistakes_case(void);
TCase *conditions_random_case(void);

#endif
