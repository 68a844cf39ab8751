/* reaper.h: the connections of one HTTP thread, and which of them are too slow. Private to
 * server/http. */
#ifndef FUNNELD_HTTP_REAPER_H
#define FUNNELD_HTTP_REAPER_H

#include "listen.h"

enum connection_state {
    CONNECTION_IDLE,     /* between requests */
    CONNECTION_READING,  /* a request has begun to arrive; also from connect to the first request */
    CONNECTION_HANDLING, /* all of it is here: the time it takes is ours, not the client's */
    CONNECTION_WRITING,  /* a reply is on its way */
};

struct connection {
    struct connection *previous, *next;
    enum connection_state state;
    int fd;           /* owned by the library */
    bool cut;         /* shut down already; the library will notice */
    bool linger;      /* closing it at once could destroy the reply on its way to the client */
    int64_t since_us; /* in this state; while writing, since the last progress */
    uint64_t acked_bytes;
    char peer[ADDRESS_TEXT_SIZE];
};

struct reaper {
    struct connection *first;
    size_t count, limit;
    size_t busy; /* in state HANDLING or WRITING: a stop waits for them */
    int64_t timeout_us;
    int64_t next_scan_us;
};

/* NULL: no memory. */
struct connection *connection_open(struct reaper *reaper, int fd, const struct sockaddr *address);
void connection_close(struct reaper *reaper, struct connection *connection);
/* The only way to another state. */
void connection_turn(struct reaper *reaper, struct connection *connection,
                     enum connection_state state);
/* Cuts the connections that have been too slow. To be called when next_scan_us is past and there
 * are connections; costs one walk of the list. */
void reaper_scan(struct reaper *reaper, int64_t now_us);

#endif
