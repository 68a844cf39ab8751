/* unit_cli.c: the unit tests of server/cli. */
#include "unit_cli.h"

Suite *test_suite(void)
{
    Suite *suite = suite_create("cli");
    csv_tests(suite);
    arguments_tests(suite);
    import_tests(suite);
    return suite;
}
