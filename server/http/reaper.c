/* reaper.c: keeps slow clients from holding connections: a request must arrive whole, and a
 * reply be taken, in time; and whoever keeps others waiting for a place while doing nothing with
 * his own loses it. The library knows only inactivity, which one byte every few seconds defeats.
 * It must not know HTTP. */
#include "reaper.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SCAN_US = 1000 * 1000,
    SLACK_US = 100 * 1000,
    REST_US = 500 * 1000,     /* so long nobody who rests has to give way */
    READING_US = 250 * 1000,  /* nor who is sending: honest requests mostly come in one piece */
    STALL_US = 2 * SCAN_US,   /* a scan has seen that the reply stands still */
    WRITING_LOOKED_AT = 32,   /* of those that write, when others want a place */
    REPLY_BYTES_PER_S = 4096, /* who reads more slowly is not reading, but holding */
    STATE_ESTABLISHED = 1,    /* of struct tcp_info; no header of the kernel's names it */
};

/* ---- Queues and neighbours ---- */

static struct connection **neighbourhood(struct neighbours *neighbours, const struct address *site)
{
    uint64_t halves[2];
    memcpy(halves, site->bytes, sizeof(halves));
    uint64_t mixed = (halves[0] ^ halves[1] * 31) * UINT64_C(0x9e3779b97f4a7c15);
    return &neighbours->first[mixed >> 32 & (NEIGHBOURHOODS - 1)];
}

static void queue_append(struct reaper *reaper, struct connection *connection)
{
    struct connection_queue *queue = &reaper->queues[connection->state];
    connection->next = NULL;
    connection->previous = queue->last;
    *(queue->last ? &queue->last->next : &queue->first) = connection;
    queue->last = connection;
}

static void queue_remove(struct reaper *reaper, struct connection *connection)
{
    struct connection_queue *queue = &reaper->queues[connection->state];
    *(connection->previous ? &connection->previous->next : &queue->first) = connection->next;
    *(connection->next ? &connection->next->previous : &queue->last) = connection->previous;
}

/* Before the library closes the file, whose number may be another's then. */
static void neighbours_leave(struct connection *connection)
{
    struct neighbours *neighbours = connection->reaper->neighbours;
    pthread_mutex_lock(&neighbours->lock);
    *connection->place = connection->near;
    if (connection->near)
        connection->near->place = connection->place;
    pthread_mutex_unlock(&neighbours->lock);
}

/* When it gives way to others: where it rests, or has sent no whole request so far, or does not
 * take its reply. */
static int64_t yields_at(enum connection_state state, int64_t since_us)
{
    switch (state) {
    case CONNECTION_IDLE: return since_us + REST_US;
    case CONNECTION_READING: return since_us + READING_US;
    case CONNECTION_WRITING: return since_us + STALL_US;
    case CONNECTION_HANDLING:
    case CONNECTION_STATES: break;
    }
    return INT64_MAX;
}

static bool state_is_busy(enum connection_state state)
{
    return state == CONNECTION_HANDLING || state == CONNECTION_WRITING;
}

void connection_close(struct reaper *reaper, struct connection *connection)
{
    if (!connection->trusted)
        neighbours_leave(connection);
    reaper->busy -= state_is_busy(connection->state);
    queue_remove(reaper, connection);
    reaper->count--;
    reaper->cut_count -= connection->cut;
    metric_add(METRIC_HTTP_CONNECTIONS, -1);
    free(connection);
}

void connection_turn(struct reaper *reaper, struct connection *connection,
                     enum connection_state state, int64_t now_us)
{
    reaper->busy -= state_is_busy(connection->state);
    reaper->busy += state_is_busy(state);
    queue_remove(reaper, connection);
    connection->state = state;
    queue_append(reaper, connection);
    connection->since_us = now_us;
    connection->yields_us = yields_at(state, now_us);
    connection->due_us = 0;
}

/* A request has all of its time from its first byte on, though its client connected early; but who
 * has sent nothing for long on a new connection has not both times in full. */
static void request_begins(const struct reaper *reaper, struct connection *connection,
                           int64_t now_us)
{
    int64_t last_us = connection->since_us + reaper->timeout_us * 3 / 2;
    connection->due_us = now_us + reaper->timeout_us;
    if (connection->state == CONNECTION_READING && connection->due_us > last_us)
        connection->due_us = last_us;
}

/* Where the request line came so slowly that a scan has seen its beginning, its time goes on. */
void connection_begin(struct reaper *reaper, struct connection *connection, int64_t now_us)
{
    if (connection->due_us == 0)
        request_begins(reaper, connection, now_us);
    int64_t due_us = connection->due_us;
    connection_turn(reaper, connection, CONNECTION_READING, now_us);
    connection->due_us = due_us;
}

static void connection_cut(struct connection *connection)
{
    if (atomic_exchange(&connection->cut, true))
        return;
    atomic_fetch_add(&connection->reaper->cut_count, 1);
    shutdown(connection->fd, SHUT_RDWR); /* not close: the library owns the number */
}

/* With what it has not taken, which the kernel would go on offering for minutes. */
static void connection_drop(struct connection *connection, enum metric metric)
{
    struct linger at_once = { .l_onoff = 1 };
    if (connection->state != CONNECTION_READING)
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    connection_cut(connection);
    metric_add(metric, 1);
}

/* ---- Giving way ---- */

static bool gives_way(const struct connection *connection, int64_t now_us)
{
    return !connection->cut && now_us >= connection->yields_us;
}

static struct connection *queue_giver(const struct reaper *reaper, enum connection_state state,
                                      int64_t now_us)
{
    int left = WRITING_LOOKED_AT;
    for (struct connection *one = reaper->queues[state].first; one && left > 0; one = one->next) {
        if (gives_way(one, now_us))
            return one;
        if (one->cut)
            continue; /* it is soon out of the way */
        if (state != CONNECTION_WRITING)
            return NULL; /* those behind it have come later */
        left--;
    }
    return NULL;
}

/* Who has sent half a request goes first: a resting one has at least been of use. */
static struct connection *giver(const struct reaper *reaper, int64_t now_us)
{
    static const enum connection_state order[] = { CONNECTION_READING, CONNECTION_IDLE,
                                                   CONNECTION_WRITING };
    struct connection *found = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(order) && !found; i++)
        found = queue_giver(reaper, order[i], now_us);
    return found;
}

static bool has_place(const struct reaper *reaper)
{
    return reaper->count < reaper->limit + reaper->cut_count;
}

bool reaper_can_take(const struct reaper *reaper, int64_t now_us)
{
    return has_place(reaper) || giver(reaper, now_us) != NULL;
}

/* ---- Coming ---- */

static void neighbours_join(struct connection *connection)
{
    connection->near = *connection->place;
    if (connection->near)
        connection->near->place = &connection->near;
    *connection->place = connection;
}

/* Where an address has all it may have, one of its own gives way, whichever thread has it: they are
 * at most as many as that, and a few strangers. Counted and joined at once, or two threads would
 * find the same place. */
static bool neighbours_admit(struct connection *connection, int64_t now_us)
{
    struct neighbours *neighbours = connection->reaper->neighbours;
    struct address site = address_site(&connection->address);
    struct connection *oldest = NULL;
    size_t count = 0;
    pthread_mutex_lock(&neighbours->lock);
    connection->place = neighbourhood(neighbours, &site);
    for (struct connection *one = *connection->place; one; one = one->near) {
        struct address other = address_site(&one->address);
        if (one->cut || memcmp(&other, &site, sizeof(site)) != 0)
            continue;
        count++;
        if (gives_way(one, now_us) && (!oldest || one->yields_us < oldest->yields_us))
            oldest = one;
    }
    bool full = count >= neighbours->limit;
    if (full && oldest)
        connection_drop(oldest, METRIC_HTTP_DISPLACED);
    if (!full || oldest)
        neighbours_join(connection);
    pthread_mutex_unlock(&neighbours->lock);
    return !full || oldest;
}

static bool make_place(const struct reaper *reaper, int64_t now_us)
{
    if (has_place(reaper))
        return true;
    struct connection *other = giver(reaper, now_us);
    if (other)
        connection_drop(other, METRIC_HTTP_DISPLACED);
    return other != NULL;
}

struct connection *connection_open(struct reaper *reaper, int fd, const struct address *address,
                                   bool trusted, int64_t now_us)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return NULL;
    connection->reaper = reaper;
    connection->fd = fd;
    connection->address = *address;
    connection->trusted = trusted;
    connection->state = CONNECTION_READING; /* the first request is due at once */
    connection->since_us = now_us;
    connection->yields_us = yields_at(CONNECTION_READING, now_us);
    if (!trusted && !neighbours_admit(connection, now_us)) {
        free(connection);
        return NULL;
    }
    if (!make_place(reaper, now_us)) {
        if (!trusted)
            neighbours_leave(connection);
        reaper->cut_count -= connection->cut; /* by another thread, in between */
        free(connection);
        return NULL;
    }
    if (reaper->count == 0)
        reaper->next_scan_us = now_us + SCAN_US;
    queue_append(reaper, connection);
    reaper->count++;
    metric_add(METRIC_HTTP_CONNECTIONS, 1);
    return connection;
}

/* ---- Too slow ---- */

/* False for a unix socket: its peers are of our own user. */
static bool socket_info(const struct connection *connection, struct tcp_info *info)
{
    socklen_t bytes = sizeof(*info);
    *info = (struct tcp_info){ 0 };
    return getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, info, &bytes) == 0;
}

/* Whether the client will send no more. The library hears of that once, and misses it when it came
 * together with a request. */
bool connection_is_left(const struct connection *connection)
{
    struct pollfd file = { .fd = connection->fd, .events = POLLRDHUP };
    return poll(&file, 1, 0) == 1;
}

/* Acknowledged by the client's side, or held for it by the kernel. */
static uint64_t replies_end(const struct connection *connection, const struct tcp_info *info)
{
    int held_bytes = 0;
    (void)ioctl(connection->fd, SIOCOUTQ, &held_bytes);
    return info->tcpi_bytes_acked + (uint64_t)held_bytes;
}

/* What a scan finds waiting for the client must be taken in time, whatever comes behind it
 * meanwhile: who asks on and on has no more time for what lies there. */
static bool replies_go_on(const struct reaper *reaper, struct connection *connection,
                          const struct tcp_info *info, int64_t now_us)
{
    struct debt *debt = &connection->debt;
    uint64_t acked_bytes = info->tcpi_bytes_acked;
    bool progress = acked_bytes != debt->acked_bytes;
    if (acked_bytes >= debt->end_bytes) {
        debt->begin_bytes = acked_bytes;
        debt->end_bytes = replies_end(connection, info);
        debt->since_us = debt->progress_us = now_us;
    } else if (progress) {
        debt->progress_us = now_us;
    }
    debt->acked_bytes = acked_bytes;
    if (progress && connection->state == CONNECTION_WRITING)
        connection->yields_us = yields_at(CONNECTION_WRITING, now_us);
    int64_t taken_bytes = (int64_t)(acked_bytes - debt->begin_bytes);
    int64_t earned_us = taken_bytes * 1000 * 1000 / REPLY_BYTES_PER_S;
    return now_us - debt->progress_us < reaper->timeout_us &&
           now_us - debt->since_us < reaper->timeout_us + earned_us;
}

static bool owes_nothing(const struct connection *connection)
{
    return connection->debt.acked_bytes >= connection->debt.end_bytes;
}

/* The library announces a request with its whole first line; what came before is seen here. */
static bool reading_goes_on(const struct reaper *reaper, struct connection *connection,
                            const struct tcp_info *info, int64_t now_us)
{
    if (connection->due_us == 0 && info && info->tcpi_bytes_received > 0)
        request_begins(reaper, connection, now_us);
    return now_us < (connection->due_us != 0 ? connection->due_us
                                             : connection->since_us + reaper->timeout_us);
}

/* One that stays quiet is closed by the library after its own, longer time. */
static void check_idle(struct reaper *reaper, struct connection *connection,
                       const struct tcp_info *info, int64_t now_us)
{
    int64_t age_us = now_us - connection->since_us;
    if (age_us < REST_US || !owes_nothing(connection))
        return;
    if (info ? info->tcpi_state != STATE_ESTABLISHED : connection_is_left(connection)) {
        connection_cut(connection);
    } else if (info && (int64_t)info->tcpi_last_data_recv * 1000 < age_us - SLACK_US) {
        /* Something has arrived since, and it is no whole request line. */
        connection_turn(reaper, connection, CONNECTION_READING, now_us);
        request_begins(reaper, connection, now_us);
    }
}

static void connection_check(struct reaper *reaper, struct connection *connection, int64_t now_us)
{
    struct tcp_info known;
    const struct tcp_info *info = socket_info(connection, &known) ? &known : NULL;
    bool goes_on = !info || replies_go_on(reaper, connection, info, now_us);
    if (connection->state == CONNECTION_READING)
        goes_on = goes_on && reading_goes_on(reaper, connection, info, now_us);
    if (!goes_on && connection->state != CONNECTION_HANDLING)
        connection_drop(connection, METRIC_HTTP_REAPED);
    else if (connection->state == CONNECTION_IDLE)
        check_idle(reaper, connection, info, now_us);
}

void reaper_scan(struct reaper *reaper, int64_t now_us)
{
    for (size_t state = 0; state < CONNECTION_STATES; state++)
        for (struct connection *one = reaper->queues[state].first, *next; one; one = next) {
            next = one->next; /* checking it may take it out of this queue */
            if (!one->cut)
                connection_check(reaper, one, now_us);
        }
    reaper->next_scan_us = now_us + SCAN_US;
}
