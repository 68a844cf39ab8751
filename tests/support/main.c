/* main.c: runs the suite of a test program. */
#include "fixture.h"

#include <curl/curl.h>
#include <stdlib.h>

int main(void)
{
    curl_global_init(CURL_GLOBAL_ALL); /* before there are threads */
    SRunner *runner = srunner_create(test_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
