/* thread.h: what an HTTP thread keeps between requests. Private to server/api. */
#ifndef FUNNELD_API_THREAD_H
#define FUNNELD_API_THREAD_H

#include "route.h"

enum { CACHED_ANSWERS = 64 };

struct cached_answer {
    struct arena arena;               /* of the three */
    const char *target, *etag, *body; /* NULL: free */
    size_t body_bytes;
};

struct thread {
    struct arena arena; /* which holds the thread itself */
    struct db *db;      /* read-only */
    struct cached_answer answers[CACHED_ANSWERS];
};

/* NULL without memory or a connection; ctx->failure says which. */
struct thread *thread_new(struct ctx *ctx, struct store *store);
void thread_free(struct thread *thread);

/* Works out the ETag, before anything is read: what changes in between is told by the next one. */
enum err freshness_begin(struct call *call) _must_check_;
/* True: the reply is complete, 304 or as it was written before. */
bool freshness_answer(struct call *call);
/* The reply was written anew: names its ETag and keeps it. */
void freshness_end(struct call *call);

#endif
