/* request.c: a request of nobody, to call things with. */
#include "unit.h"

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
