/* freshness.c: answers that dashboards poll. What an answer depends on is known without reading it:
 * how often the rollups (or anything) have changed since the process started, and the day. That is
 * its ETag; the same one again is a 304, and one that this thread has written before is sent again
 * as it was. Knows nothing of what the answers say. */
#include "thread.h"

#include <string.h>

enum { CACHED_BYTES_MAX = 256 * 1024 }; /* a larger answer is written anew each time */

struct thread *thread_new(struct ctx *ctx, struct store *store)
{
    struct arena arena = { 0 };
    struct thread *thread = arena_alloc(&arena, sizeof *thread);
    enum err err =
        thread ? store_reader(ctx, store, &thread->db) : fail(ctx, ERR_MEMORY, NULL, "no memory");
    if (err) {
        arena_free(&arena);
        return NULL;
    }
    thread->arena = arena;
    return thread;
}

void thread_free(struct thread *thread)
{
    db_close(thread->db);
    for (size_t i = 0; i < ARRAY_SIZE(thread->answers); i++)
        arena_free(&thread->answers[i].arena);
    struct arena arena = thread->arena;
    arena_free(&arena);
}

enum err freshness_begin(struct call *call)
{
    static const char letters[] = { [FRESH_BY_ROLLUPS] = 'r', [FRESH_BY_COMMITS] = 'c' };
    const struct http_request *request = call->request;
    enum freshness by = call->route->freshness;
    call->etag =
        arena_printf(call->ctx->arena, "\"%c%llx-%llx-%llx\"", letters[by],
                     (unsigned long long)service_started_at(call->service),
                     (unsigned long long)service_changes(call->service, by == FRESH_BY_ROLLUPS),
                     (unsigned long long)day_of(call->ctx->now_ms));
    call->target = arena_printf(call->ctx->arena, "%s?%s", request->path, request->query);
    return call->etag && call->target ? OK : fail(call->ctx, ERR_MEMORY, NULL, "no memory");
}

/* By the target's bytes; two that fall on the same place take turns. */
static struct cached_answer *place_of(struct thread *thread, const char *target)
{
    uint32_t hash = 2166136261u;
    for (const char *c = target; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &thread->answers[hash % ARRAY_SIZE(thread->answers)];
}

static void add_headers(struct call *call)
{
    http_reply_header(call->request, "ETag", call->etag);
    http_reply_header(call->request, "Cache-Control", "private, no-cache");
}

bool freshness_answer(struct call *call)
{
    struct http_request *request = call->request;
    const char *known = http_header(request, "If-None-Match");
    if (known && strstr(known, call->etag)) {
        request->reply.status = 304;
        add_headers(call);
        metric_add(METRIC_ANSWERS_UNCHANGED, 1);
        return true;
    }
    const struct cached_answer *answer = place_of(request->thread_app, call->target);
    if (!answer->target || strcmp(answer->target, call->target) != 0 ||
        strcmp(answer->etag, call->etag) != 0)
        return false;
    /* Copied: the next answer of this thread may take its place before this one is sent. */
    const char *body = arena_copy(&request->arena, answer->body, answer->body_bytes);
    if (!body)
        return false;
    request->reply.status = 200;
    request->reply.content_type = "application/json";
    request->reply.body = body;
    request->reply.body_bytes = answer->body_bytes;
    add_headers(call);
    metric_add(METRIC_ANSWERS_CACHED, 1);
    return true;
}

void freshness_end(struct call *call)
{
    const struct http_reply *reply = &call->request->reply;
    add_headers(call);
    if (reply->status != 200 || reply->body_bytes > CACHED_BYTES_MAX)
        return;
    struct cached_answer *answer = place_of(call->request->thread_app, call->target);
    struct arena arena = answer->arena;
    arena_reset(&arena);
    *answer = (struct cached_answer){
        .arena = arena,
        .body_bytes = reply->body_bytes,
    };
    answer->etag = arena_text(&answer->arena, call->etag, strlen(call->etag));
    answer->body = arena_copy(&answer->arena, reply->body, reply->body_bytes);
    const char *target = arena_text(&answer->arena, call->target, strlen(call->target));
    if (answer->etag && answer->body)
        answer->target = target;
}
