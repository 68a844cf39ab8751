/* unit_http.h: what the unit tests of server/http share. */
#ifndef FUNNELD_TESTS_UNIT_HTTP_H
#define FUNNELD_TESTS_UNIT_HTTP_H

#include "tests/support/suite.h"

#include <funneld/http.h>
#include <stdio.h>
#include <string.h>

void form_tests(Suite *suite);
void gate_tests(Suite *suite);
void json_in_tests(Suite *suite);
void json_out_tests(Suite *suite);
void query_in_tests(Suite *suite);
void router_tests(Suite *suite);

/* A context to call things with; fresh before every test. */
extern struct ctx ctx;
void ctx_start(void);
void ctx_done(void);

/* Every kind of field, for reading and writing. */
enum colour { COLOUR_RED, COLOUR_GREEN };
struct item {
    struct input input;
    const char *type;
    int64_t count;
};
struct thing {
    struct input input;
    struct id id;
    const char *name;
    int64_t number;
    int64_t yes;
    int64_t at;
    int64_t day;
    enum colour colour;
    const char *properties;
    struct texts tags;
    struct rows items; /* each alone */
    struct rows parts; /* all or nothing */
    struct item main;
    const char *wanted;
    const char *secret;
};
extern const struct table item_table, thing_table;

/* "member code, member code" of ctx.failure. */
const char *failure_members(const struct failure *failure);
/* The table as JSON. */
const char *thing_json(const struct thing *thing);

#endif
