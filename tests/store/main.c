/* main.c: the program that runs all tests of the store's core. */
#include "core.h"

#include <stdlib.h>

int main(void)
{
    static Suite *(*const suites[])(void) = {
        rows_suite,    queries_suite, transactions_suite, open_suite,
        migrate_suite, writer_suite,  scanner_suite,      wipe_suite,
    };
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
