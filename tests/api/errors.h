/* errors.h: the parts of the program that sends what is wrong. */
#ifndef FUNNELD_TESTS_API_ERRORS_H
#define FUNNELD_TESTS_API_ERRORS_H

#include "routes.h"

TCase *members_tcase(void);
TCase *fuzz_tcase(void);

#endif
