/* property.h: the test cases of the program crm_property. */
#ifndef FUNNELD_TESTS_CRM_PROPERTY_H
#define FUNNELD_TESTS_CRM_PROPERTY_H

#include "tests/support/suite.h"

#include "random.h"

TCase *arrival_case(void);
TCase *catalog_case(void);
TCase *check_case(void);
TCase *cost_case(void);
TCase *damage_case(void);
TCase *erasures_case(void);
TCase *late_case(void);
TCase *ledger_case(void);

#endif
