/* unit_cli.c: the program that runs the unit tests of server/cli. */
#include "unit_cli.h"

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
    SRunner *runner = srunner_create(csv_suite());
    srunner_add_suite(runner, arguments_suite());
    srunner_add_suite(runner, import_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
