/* conditions.h: the test cases of the program crm_conditions. */
#ifndef FUNNELD_TESTS_CRM_CONDITIONS_H
#define FUNNELD_TESTS_CRM_CONDITIONS_H

#include "tests/support/suite.h"

TCase *conditions_random_case(void);

#endif
