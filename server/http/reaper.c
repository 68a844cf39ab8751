/* reaper.c: keeps slow clients from holding connections: a request must arrive whole, and a
 * reply be taken, in time. The library knows only inactivity, which one byte every few seconds
 * defeats. It must not know HTTP. */
#include "reaper.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCAN_US = 1000 * 1000, SLACK_US = 100 * 1000, REST_US = 500 * 1000 };

struct connection *connection_open(struct reaper *reaper, int fd, const struct sockaddr *address)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return NULL;
    connection->fd = fd;
    connection->state = CONNECTION_READING; /* the first request is due at once */
    connection->since_us = clock_monotonic_us();
    address_host(address, connection->peer);
    connection->next = reaper->first;
    if (reaper->first)
        reaper->first->previous = connection;
    else
        reaper->next_scan_us = connection->since_us + SCAN_US;
    reaper->first = connection;
    reaper->count++;
    metric_add(METRIC_HTTP_CONNECTIONS, 1);
    return connection;
}

static bool state_is_busy(enum connection_state state)
{
    return state == CONNECTION_HANDLING || state == CONNECTION_WRITING;
}

void connection_close(struct reaper *reaper, struct connection *connection)
{
    reaper->busy -= state_is_busy(connection->state);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        reaper->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    reaper->count--;
    metric_add(METRIC_HTTP_CONNECTIONS, -1);
    free(connection);
}

void connection_turn(struct reaper *reaper, struct connection *connection,
                     enum connection_state state)
{
    reaper->busy -= state_is_busy(connection->state);
    reaper->busy += state_is_busy(state);
    connection->state = state;
    connection->since_us = clock_monotonic_us();
    connection->acked_bytes = 0;
}

static void connection_cut(struct connection *connection)
{
    if (connection->cut)
        return;
    connection->cut = true;
    shutdown(connection->fd, SHUT_RDWR); /* not close: the library owns the number */
}

static bool socket_info(int fd, struct tcp_info *info)
{
    socklen_t bytes = sizeof(*info);
    *info = (struct tcp_info){ 0 };
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &bytes) == 0;
}

/* Whether anything has arrived since the connection fell idle. The library has no request yet,
 * so it must be the beginning of one. */
static bool idle_was_broken(const struct connection *connection, int64_t age_us)
{
    struct tcp_info info;
    if (!socket_info(connection->fd, &info))
        return false; /* a unix socket: its peers are of our own user */
    return (int64_t)info.tcpi_last_data_recv * 1000 < age_us - SLACK_US;
}

/* Whether the client will send no more. The library hears of that once, and misses it when it came
 * together with a request. */
static bool client_is_gone(const struct connection *connection)
{
    struct pollfd file = { .fd = connection->fd, .events = POLLRDHUP };
    return poll(&file, 1, 0) == 1;
}

/* Resting is a favour: whoever rests gives way when others wait for a place. */
static bool idle_is_over(const struct reaper *reaper, const struct connection *connection,
                         int64_t age_us)
{
    if (age_us < REST_US)
        return false;
    return reaper->count >= reaper->limit || client_is_gone(connection);
}

/* Progress is what the client's side has acknowledged: it stops when the client stops reading. */
static bool writing_goes_on(struct connection *connection)
{
    struct tcp_info info;
    if (!socket_info(connection->fd, &info))
        return true;
    bool progress = info.tcpi_bytes_acked != connection->acked_bytes;
    connection->acked_bytes = info.tcpi_bytes_acked;
    return progress;
}

static void connection_check(struct reaper *reaper, struct connection *connection, int64_t now_us)
{
    int64_t age_us = now_us - connection->since_us;
    switch (connection->state) {
    case CONNECTION_HANDLING: return;
    case CONNECTION_IDLE:
        if (idle_is_over(reaper, connection, age_us)) {
            connection_cut(connection);
            return;
        }
        /* One that stays quiet is closed by the library after its own, longer time. */
        if (age_us >= reaper->timeout_us && idle_was_broken(connection, age_us))
            connection_turn(reaper, connection, CONNECTION_READING);
        return;
    case CONNECTION_WRITING:
        if (writing_goes_on(connection)) {
            connection->since_us = now_us;
            return;
        }
        break;
    case CONNECTION_READING: break;
    }
    if (age_us < reaper->timeout_us)
        return;
    connection_cut(connection);
    metric_add(METRIC_HTTP_REAPED, 1);
}

void reaper_scan(struct reaper *reaper, int64_t now_us)
{
    for (struct connection *connection = reaper->first; connection; connection = connection->next)
        if (!connection->cut)
            connection_check(reaper, connection, now_us);
    reaper->next_scan_us = now_us + SCAN_US;
}
