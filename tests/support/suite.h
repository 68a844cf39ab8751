/* suite.h: Check, and what a test program is: this function, and the main() of main.c. */
#ifndef FUNNELD_TESTS_SUITE_H
#define FUNNELD_TESTS_SUITE_H

#include <check.h>
#undef fail /* an old macro of Check; ours is a function */

Suite *test_suite(void);

#endif
