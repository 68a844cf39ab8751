/* unit.h: what the unit tests share: the suites, and a request context to call things with. */
#ifndef FUNNELD_TESTS_UNIT_H
#define FUNNELD_TESTS_UNIT_H

#include <check.h>
#undef fail /* an old macro of Check; ours is a function */

#include <funneld/base.h>
#include <stdio.h>

Suite *address_suite(void);
Suite *arena_suite(void);
Suite *clock_suite(void);
Suite *config_suite(void);
Suite *err_suite(void);
Suite *id_suite(void);
Suite *identity_suite(void);
Suite *json_value_suite(void);
Suite *key_suite(void);
Suite *limiter_suite(void);
Suite *log_suite(void);
Suite *metrics_suite(void);
Suite *table_suite(void);
Suite *text_suite(void);
Suite *values_suite(void);

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
