/* suite.h: Check, and what a test program is: this function, and the main() of main.c. */
#ifndef FUNNELD_TESTS_SUITE_H
#define FUNNELD_TESTS_SUITE_H

#include <check.h>
#undef fail /* an old macro of Check; ours is a function */

Suite *test_suite(void);

/* How much slower than usual things may be; where that is more than once, a sanitizer is here, and
 * memory is not what it would be either. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TEST_SLOWNESS = 4 };
#else
enum { TEST_SLOWNESS = 1 };
#endif

#endif
