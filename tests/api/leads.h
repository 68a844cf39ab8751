/* leads.h: the parts of the program that tests leads. */
#ifndef FUNNELD_TESTS_API_LEADS_H
#define FUNNELD_TESTS_API_LEADS_H

#include "fixture.h"

#define UNKNOWN "019aab3f-7c1e-7abc-8def-0123456789ab"

TCase *lists_tcase(void);

#endif
