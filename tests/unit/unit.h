/* unit.h: what the unit tests share: the suites, and a request context to call things with. */
#ifndef FUNNELD_TESTS_UNIT_H
#define FUNNELD_TESTS_UNIT_H

#include "tests/support/suite.h"

#include <funneld/base.h>
#include <stdio.h>

void address_tests(Suite *suite);
void arena_tests(Suite *suite);
void clock_tests(Suite *suite);
void config_tests(Suite *suite);
void err_tests(Suite *suite);
void id_tests(Suite *suite);
void identity_tests(Suite *suite);
void json_value_tests(Suite *suite);
void key_tests(Suite *suite);
void limiter_tests(Suite *suite);
void log_tests(Suite *suite);
void metrics_tests(Suite *suite);
void table_tests(Suite *suite);
void text_tests(Suite *suite);
void values_tests(Suite *suite);

/* A request of nobody. Declare it with _cleanup_(request_done). */
struct request {
    struct arena arena;
    struct id_source ids;
    struct ctx ctx;
};

void request_start(struct request *request);
void request_done(struct request *request);

/* The text of a buffer, ending in NUL. */
const char *buffer_string(struct buffer *buffer);

#endif
