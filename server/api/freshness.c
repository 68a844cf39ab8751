/* freshness.c: answers that dashboards poll. What an answer depends on is known without reading it:
 * how often the rollups (or anything) have changed since the process started, and the day. That is
 * its ETag; the same one again is a 304, and one that this thread has written before is sent again
 * as it was. Knows nothing of what the answers say. */
#include "thread.h"

#include <funneld/store.h>

#include <stdio.h>
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

static void answers_free(struct thread *thread)
{
    for (size_t i = 0; i < FRESHNESS_COUNT; i++)
        for (size_t j = 0; j < CACHED_ANSWERS; j++) {
            arena_free(&thread->answers[i][j].arena);
            thread->answers[i][j] = (struct cached_answer){ 0 };
        }
}

void thread_free(struct thread *thread)
{
    db_close(thread->db);
    answers_free(thread);
    for (size_t i = 0; i < ARRAY_SIZE(thread->keys); i++)
        arena_free(&thread->keys[i].arena);
    struct arena arena = thread->arena;
    arena_free(&arena);
}

/* What makes the answer stale, and the first letter of its ETag. */
static const struct {
    enum change change;
    char letter;
} kinds[] = {
    [FRESH_BY_ROLLUPS] = { CHANGE_ROLLUPS, 'r' },
    [FRESH_BY_COMMITS] = { CHANGE_ANY, 'c' },
};

/* What is kept may show who is gone. Nobody would be told it, but it must not stay either. */
static void forget_erased(struct call *call)
{
    struct thread *thread = call->request->thread_app;
    int64_t erasures = service_changes(call->service, CHANGE_ERASED);
    if (erasures == thread->erasures)
        return;
    thread->erasures = erasures;
    answers_free(thread);
}

enum err freshness_begin(struct call *call)
{
    forget_erased(call);
    enum freshness by = call->route->freshness;
    enum change change = kinds[by].change;
    struct thread *thread = call->request->thread_app;
    struct known_etag *known = &thread->etags[change];
    int64_t changes = service_changes(call->service, change), day = day_of(call->ctx->now_ms);
    if (!*known->text || known->changes != changes || known->day != day) {
        *known = (struct known_etag){ .changes = changes, .day = day };
        snprintf(known->text, sizeof known->text, "\"%c%llx-%llx-%llx\"", kinds[by].letter,
                 (unsigned long long)service_started_at(call->service), (unsigned long long)changes,
                 (unsigned long long)day);
    }
    call->etag = ctx_text(call->ctx, known->text);
    return call->etag ? OK : ERR_MEMORY;
}

static struct cached_answer *place_of(const struct call *call)
{
    struct thread *thread = call->request->thread_app;
    return &thread->answers[call->route->freshness]
                           [place_of_text(call->request->target, CACHED_ANSWERS)];
}

/* The answer of this thread to the very same, or NULL. */
static const struct cached_answer *answer_find(const struct call *call)
{
    const struct cached_answer *answer = place_of(call);
    return answer->target && strcmp(answer->target, call->request->target) == 0 &&
                   strcmp(answer->etag, call->etag) == 0
               ? answer
               : NULL;
}

static const char *text_keep(struct arena *arena, const char *text)
{
    return arena_text(arena, text, strlen(text));
}

static void answer_keep(const struct call *call)
{
    struct cached_answer *answer = place_of(call);
    const struct http_reply *reply = &call->request->reply;
    const char *link = http_reply_value(reply, "Link");
    struct arena arena = answer->arena;
    arena_reset(&arena);
    *answer = (struct cached_answer){ .arena = arena, .body_bytes = reply->body_bytes };
    answer->body = arena_copy(&answer->arena, reply->body, reply->body_bytes);
    answer->etag = text_keep(&answer->arena, call->etag);
    answer->link = link ? text_keep(&answer->arena, link) : NULL;
    if (answer->body && answer->etag && (answer->link || !link))
        answer->target = text_keep(&answer->arena, call->request->target);
}

static void add_headers(struct call *call)
{
    http_reply_header(call->request, "ETag", call->etag);
    http_reply_header(call->request, "Cache-Control", "private, no-cache");
}

bool freshness_recall(struct call *call)
{
    struct http_request *request = call->request;
    const struct cached_answer *answer = answer_find(call);
    if (!answer)
        return false;
    if (client_has(request, call->etag)) {
        request->reply.status = 304;
        add_headers(call);
        metric_add(METRIC_ANSWERS_UNCHANGED, 1);
        return true;
    }
    /* Copied: the next answer of this thread may take its place before this one is sent. */
    const char *body = arena_copy(&request->arena, answer->body, answer->body_bytes);
    const char *link = answer->link ? ctx_text(call->ctx, answer->link) : NULL;
    if (!body || (answer->link && !link))
        return false;
    reply_body(request, 200, "application/json", body, answer->body_bytes);
    add_headers(call);
    if (link)
        http_reply_header(request, "Link", link);
    metric_add(METRIC_ANSWERS_CACHED, 1);
    return true;
}

void freshness_end(struct call *call)
{
    const struct http_reply *reply = &call->request->reply;
    add_headers(call);
    if (reply->status == 200 && reply->body_bytes <= CACHED_BYTES_MAX)
        answer_keep(call);
}
