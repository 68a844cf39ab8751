/* reaper.h: the connections of one HTTP thread: which of them are too slow, and which give way
 * when others want their place; and those of one address with all threads. Private to
 * server/http. */
#ifndef FUNNELD_HTTP_REAPER_H
#define FUNNELD_HTTP_REAPER_H

#include <funneld/base.h>

#include <pthread.h>
#include <stdatomic.h>

enum connection_state {
    CONNECTION_IDLE,     /* between requests */
    CONNECTION_READING,  /* a request has begun to arrive; also from connect to the first request */
    CONNECTION_HANDLING, /* all of it is here: the time it takes is ours, not the client's */
    CONNECTION_WRITING,  /* a reply is on its way */
    CONNECTION_STATES
};

struct reaper;

struct connection {
    struct reaper *reaper;
    struct connection *previous, *next; /* in the queue of its state */
    struct connection **place, *near;   /* among those of its address; not when it is trusted */
    /* Other threads look at these three, and may cut it, while it is among its neighbours. */
    _Atomic enum connection_state state;
    _Atomic int64_t yields_us; /* from then on it gives way to others; INT64_MAX: it does not */
    atomic_bool cut;           /* shut down already; the library will notice */
    int fd;                    /* owned by the library */
    bool trusted; /* a proxy: may have any number of connections, and speak for others */
    bool linger;  /* closing it at once could destroy the reply on its way to the client */
    struct address address; /* all zeroes for a unix socket */
    int64_t since_us;       /* in this state */
    int64_t due_us;         /* when the request that is read must be here; 0: it has not begun */
    struct debt {           /* what the client has to take; bytes count from the first reply on */
        uint64_t begin_bytes, acked_bytes, end_bytes;
        int64_t since_us, progress_us; /* as scans have seen it */
    } debt;
};

enum { NEIGHBOURHOODS = 512 };

/* The connections of all threads by address. */
struct neighbours {
    pthread_mutex_t lock; /* for all that hang here, and their places */
    struct connection *first[NEIGHBOURHOODS];
    size_t limit; /* of one address */
};

struct reaper {
    struct connection_queue {
        struct connection *first, *last;
    } queues[CONNECTION_STATES]; /* in order of since_us */
    struct neighbours *neighbours;
    size_t count, limit;
    atomic_size_t cut_count; /* of those counted: they will be gone in a moment */
    size_t busy;             /* in state HANDLING or WRITING: a stop waits for them */
    int64_t timeout_us;
    int64_t next_scan_us;
};

/* One more, who has been accepted; others may have to give way. NULL: not for one of this address,
 * or no memory. */
struct connection *connection_open(struct reaper *reaper, int fd, const struct address *address,
                                   bool trusted, int64_t now_us);
void connection_close(struct reaper *reaper, struct connection *connection);
/* The only way to another state. */
void connection_turn(struct reaper *reaper, struct connection *connection,
                     enum connection_state state, int64_t now_us);
/* Its request line is here. */
void connection_begin(struct reaper *reaper, struct connection *connection, int64_t now_us);

/* Whether the client has closed its side. Any thread, while the library keeps it open. */
bool connection_is_left(const struct connection *connection);

/* Whether there is a place for one more, or one who would give way. */
bool reaper_can_take(const struct reaper *reaper, int64_t now_us);
/* Cuts the connections that have been too slow. To be called when next_scan_us is past and there
 * are connections; costs one walk of the list. */
void reaper_scan(struct reaper *reaper, int64_t now_us);

#endif
