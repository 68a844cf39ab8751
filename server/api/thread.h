/* thread.h: what an HTTP thread keeps between requests. Private to server/api. */
#ifndef FUNNELD_API_THREAD_H
#define FUNNELD_API_THREAD_H

#include "route.h"

#include <string.h>

enum { CACHED_ANSWERS = 64, KNOWN_KEYS = 64, ETAG_SIZE = 64 };

struct cached_answer {
    struct arena arena; /* of all that follows */
    const char *target; /* NULL: free */
    const char *etag, *body;
    const char *link; /* NULL: none */
    size_t body_bytes;
};

/* A key that was found in the data file, and has not changed for as long as no key has. */
struct known_key {
    int64_t changes; /* CHANGE_KEYS when it was looked up; NO_INT: free */
    char text[KEY_TEXT_SIZE];
    struct arena arena; /* of the name */
    struct principal principal;
};

/* An ETag as it was last written, and what it says. */
struct known_etag {
    int64_t changes, day;
    char text[ETAG_SIZE]; /* "": none yet */
};

struct thread {
    struct arena arena; /* which holds the thread itself */
    struct db *db;      /* read-only */
    /* By kind: those that any write makes stale come and go, and must not drive out the others. */
    struct cached_answer answers[FRESHNESS_COUNT][CACHED_ANSWERS];
    struct known_key keys[KNOWN_KEYS];
    struct known_etag etags[CHANGE_COUNT];
    int64_t erasures; /* CHANGE_ERASED when an answer was last kept */
};

/* Where a text has its place among so many; two that fall on the same one take turns. */
static inline size_t place_of_text(const char *text, size_t places)
{
    size_t bytes = strlen(text);
    uint64_t hash = bytes, word = 0;
    for (; bytes >= sizeof word; text += sizeof word, bytes -= sizeof word) {
        memcpy(&word, text, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, text, bytes);
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (hash >> 32) % places;
}

/* NULL without memory or a connection; ctx->failure says which. */
struct thread *thread_new(struct ctx *ctx, struct store *store);
void thread_free(struct thread *thread);

/* Works out the ETag, before anything is read: what changes in between is told by the next one. */
enum err freshness_begin(struct call *call) _must_check_;
/* True: the reply is complete, 304 or as it was written before, without a look at the arguments:
 * this thread has answered the same under the same ETag. */
bool freshness_recall(struct call *call);
/* The reply was written anew: names its ETag and keeps it. */
void freshness_end(struct call *call);

#endif
