/* routes.h: every route as its users know it, for tests that go through all of them. */
#ifndef FUNNELD_TESTS_API_ROUTES_H
#define FUNNELD_TESTS_API_ROUTES_H

#include "fixture.h"

struct known_route {
    const char *method, *path; /* the template */
    const char *scopes;        /* any of these opens it; "": public */
    const char *body;          /* one it takes, with ' for "; NULL: it takes none */
};

extern const struct known_route known_routes[];
extern const size_t known_route_count;

/* One record of each kind, for the ids in paths. */
struct seeds {
    const char *submission, *lead, *activity, *campaign, *user, *team, *form, *key, *form_key,
        *rule_set, *job;
};
void seeds_make(struct seeds *ret);
/* The path with what stands in braces filled in: `id`, or NULL for the seed of that resource. */
const char *route_path(const struct known_route *route, const struct seeds *seeds, const char *id);
/* Its body with " for '. */
/* What one asks it with a valid request. */
struct ask route_ask(const struct known_route *route, const struct seeds *seeds);

#define UNKNOWN_ID "019aab3f-7c1e-7abc-8def-0123456789ab"

#endif
