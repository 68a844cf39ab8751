/* linger.c: reads and drops what a refused client still sends, for a moment, so that it can read
 * its reply. It must not know HTTP. */
#include "linger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_US = 2 * 1000 * 1000, WASTE_BYTES = 16 * 1024 };

bool epoll_watch(int epoll_fd, int fd, uint64_t about)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = about };
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void lingerers_init(struct lingerers *lingerers, int epoll_fd, uint64_t first_event)
{
    *lingerers = (struct lingerers){ .epoll_fd = epoll_fd, .first_event = first_event };
}

void linger_begin(struct lingerers *lingerers, int fd)
{
    if (lingerers->count == LINGERERS_MAX)
        return;
    size_t place = 0;
    while (lingerers->items[place].fd > 0)
        place++;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 1);
    if (own < 0)
        return;
    shutdown(own, SHUT_WR);
    if (!epoll_watch(lingerers->epoll_fd, own, lingerers->first_event + place)) {
        close(own);
        return;
    }
    lingerers->items[place].fd = own;
    lingerers->items[place].until_us = clock_monotonic_us() + LINGER_US;
    if (lingerers->count++ == 0)
        lingerers->next_expiry_us = lingerers->items[place].until_us;
}

static void linger_end(struct lingerers *lingerers, size_t place)
{
    close(lingerers->items[place].fd);
    lingerers->items[place].fd = 0;
    lingerers->count--;
}

void linger_read(struct lingerers *lingerers, size_t place)
{
    char waste[WASTE_BYTES];
    if (lingerers->items[place].fd == 0)
        return;
    ssize_t bytes = read(lingerers->items[place].fd, waste, sizeof(waste));
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR))
        linger_end(lingerers, place);
}

void lingerers_expire(struct lingerers *lingerers, int64_t now_us)
{
    if (lingerers->count == 0 || now_us < lingerers->next_expiry_us)
        return;
    int64_t next_us = INT64_MAX;
    for (size_t place = 0; place < LINGERERS_MAX; place++) {
        if (lingerers->items[place].fd == 0)
            continue;
        if (lingerers->items[place].until_us <= now_us)
            linger_end(lingerers, place);
        else if (lingerers->items[place].until_us < next_us)
            next_us = lingerers->items[place].until_us;
    }
    lingerers->next_expiry_us = next_us;
}

void lingerers_done(struct lingerers *lingerers)
{
    for (size_t place = 0; place < LINGERERS_MAX; place++)
        if (lingerers->items[place].fd > 0)
            linger_end(lingerers, place);
}
