/* unit_cli.h: what the unit tests of server/cli share. */
#ifndef FUNNELD_TESTS_UNIT_CLI_H
#define FUNNELD_TESTS_UNIT_CLI_H

#include "unit.h"

void arguments_tests(Suite *suite);
void csv_tests(Suite *suite);
void import_tests(Suite *suite);

#endif
