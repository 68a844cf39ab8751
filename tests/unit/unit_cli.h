/* unit_cli.h: what the unit tests of server/cli share. */
#ifndef FUNNELD_TESTS_UNIT_CLI_H
#define FUNNELD_TESTS_UNIT_CLI_H

#include "unit.h"

Suite *arguments_suite(void);
Suite *csv_suite(void);
Suite *import_suite(void);

#endif
