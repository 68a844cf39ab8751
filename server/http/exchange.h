/* exchange.h: one request and its reply, and what an HTTP thread has for them. Private to
 * server/http. */
#ifndef FUNNELD_HTTP_EXCHANGE_H
#define FUNNELD_HTTP_EXCHANGE_H

#include "forwarded.h"
#include "gate.h"
#include "headers.h"
#include "reaper.h"

#include <funneld/http.h>
#include <microhttpd.h>
#include <stdatomic.h>

enum { REQUEST_ID_MAX = 64 };

/* What all HTTP threads of a server share; only the last four change. */
struct http_shared {
    const struct http_app *app;
    size_t body_max_bytes;
    struct networks trusted; /* proxies */
    int64_t inflight_max_bytes;
    size_t answer_max_bytes;          /* that one reading request may take */
    _Atomic int64_t stop_deadline_us; /* written before draining */
    atomic_bool draining;
    atomic_int_fast64_t inflight_bytes; /* of bodies and replies in memory */
    struct neighbours neighbours;
};

struct http_thread {
    struct http_shared *shared;
    struct MHD_Daemon *daemon;
    bool control;
    void *app; /* of this thread: what thread_open() returned */
    struct reaper reaper;
    struct id_source ids;
    struct http_exchange *spare; /* ended ones, to be used again with the memory of their arenas */
    size_t spare_count;
    size_t suspended;
    int64_t now_us; /* the clock as this thread has last looked at it: in each round, and before and
                     * after each request */
    int64_t last_reply_us;
};

enum exchange_state {
    EXCHANGE_NEW,       /* the request line is here */
    EXCHANGE_BODY,      /* gathering the body, then on_body */
    EXCHANGE_SWALLOW,   /* the answer is known; the rest of the request is read and dropped */
    EXCHANGE_SUSPENDED, /* in other hands: nothing of it may be touched here */
    EXCHANGE_RESUMED,   /* back; the reply is next */
    EXCHANGE_REPLIED,
};

struct http_exchange {
    struct http_request request;
    enum exchange_state state;
    enum http_step step;        /* what on_headers wants, while the body is swallowed */
    struct http_exchange *next; /* spare, or on its way back from another thread */
    struct http_thread *thread;
    struct connection *connection;
    struct MHD_Connection *mhd;
    struct MHD_Response *unchanged; /* the last 304, whosever it was; NULL: none so far */
    struct gate gate;
    struct header_fields fields;
    struct forwarded forwarded;
    struct buffer body;
    int64_t charged_bytes; /* of the body, counted in inflight_bytes */
    enum err refused;      /* found while the body came; answered after it */
    bool known;            /* the app has seen the request, so on_end is due */
    char request_id[REQUEST_ID_MAX + 1];
};

/* The callbacks of the library for this thread, to be given to MHD_start_daemon. */
void *exchange_begin(void *thread, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_handle(void *thread, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_bytes, void **context);
void exchange_end(void *thread, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode why);

/* On the HTTP thread, for one that came back. */
void exchange_resume(struct http_exchange *exchange);
/* Frees the spare ones. */
void exchanges_free(struct http_thread *thread);

#endif
