/* store.c: the tests of the store's core, in the order of its parts. */
#include "core.h"

Suite *test_suite(void)
{
    Suite *suite = suite_create("store");
    rows_tests(suite);
    queries_tests(suite);
    transactions_tests(suite);
    open_tests(suite);
    migrate_tests(suite);
    writer_tests(suite);
    writer_upkeep_tests(suite);
    scanner_tests(suite);
    wipe_tests(suite);
    return suite;
}
