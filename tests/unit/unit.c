/* unit.c: the program that runs all unit tests of the base layer. */
#include "unit.h"

#include <stdlib.h>

void request_start(struct request *request)
{
    *request = (struct request){ 0 };
    request->ctx.arena = &request->arena;
    request->ctx.ids = &request->ids;
    request->ctx.now_ms = 1700000000000;
}

void request_done(struct request *request)
{
    arena_free(&request->arena);
}

const char *buffer_string(struct buffer *buffer)
{
    ck_assert(!buffer->failed);
    return arena_text(buffer->arena, buffer->data == NULL ? "" : buffer->data, buffer->length);
}

int main(void)
{
    static Suite *(*const suites[])(void) = {
        address_suite, arena_suite,    clock_suite,      config_suite, err_suite,
        id_suite,      identity_suite, json_value_suite, key_suite,    limiter_suite,
        log_suite,     metrics_suite,  table_suite,      text_suite,   values_suite,
    };
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
