/* linger.h: connections that are closed a moment later than the library closes them. Private to
 * server/http. */
#ifndef FUNNELD_HTTP_LINGER_H
#define FUNNELD_HTTP_LINGER_H

#include <funneld/base.h>

enum { LINGERERS_MAX = 64 };

/* When a reply is sent while the client still sends, and the connection is closed at once, the
 * kernel answers the rest with a reset, and the client can lose the reply. */
struct lingerers {
    int epoll_fd;
    uint64_t first_event; /* epoll data of the first place; the others follow */
    int64_t next_expiry_us;
    size_t count;
    struct {
        int fd; /* 0: free place */
        int64_t until_us;
    } items[LINGERERS_MAX];
};

bool epoll_watch(int epoll_fd, int fd, uint64_t about); /* for reading; false: it could not */

void lingerers_init(struct lingerers *lingerers, int epoll_fd, uint64_t first_event);
/* Keeps the connection open by a duplicate; where there is no room it simply closes. */
void linger_begin(struct lingerers *lingerers, int fd);
void linger_read(struct lingerers *lingerers, size_t place);
void lingerers_expire(struct lingerers *lingerers, int64_t now_us);
void lingerers_done(struct lingerers *lingerers);

#endif
