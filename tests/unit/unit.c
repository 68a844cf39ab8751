/* unit.c: the unit tests of server/base. */
#include "unit.h"

Suite *test_suite(void)
{
    Suite *suite = suite_create("base");
    address_tests(suite);
    arena_tests(suite);
    clock_tests(suite);
    config_tests(suite);
    err_tests(suite);
    id_tests(suite);
    identity_tests(suite);
    json_value_tests(suite);
    key_tests(suite);
    limiter_tests(suite);
    log_tests(suite);
    metrics_tests(suite);
    table_tests(suite);
    text_tests(suite);
    values_tests(suite);
    return suite;
}
