/* load.c: posts activities to a daemon, and measures how long each takes.
 *
 *   bench_load PORT IDS FIRST STRIDE LEADS COUNT CONNECTIONS RATE AGE_S
 *
 * COUNT posts go to LEADS of the leads in IDS, which bench_seed wrote: the one of index FIRST, and
 * each STRIDE further. With RATE 0 each of them gets as many, and each as soon as a connection is
 * free. With a RATE they go to any
 * of them, so many a second whether answers come or not, and a post's time counts from when it was
 * meant to be sent: who waits behind a slow answer has waited too. AGE_S: they happened about so
 * long ago, 0: they say nothing of that.
 *
 * The key is that of BENCH_KEY, so that it stands in no list of processes. Prints one line of
 * JSON. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, ANSWER_BYTES_MAX = 8192, GIVE_UP_US = 30000000, NOBODY = -1 };

struct connection {
    int64_t meant_us; /* of the post under way; NOBODY: there is none */
    size_t length;
    char answer[ANSWER_BYTES_MAX + 1];
};

struct load {
    uint16_t port;
    const char *key;
    struct id_list list;
    struct dice dice;
    struct arena arena;
    int64_t first, stride, leads, count, connection_count, rate, age_s;
    int64_t begin_us, sent, answered, refused;
    int64_t *latencies_us;
    struct pollfd polls[CONNECTIONS_MAX];
    struct connection connections[CONNECTIONS_MAX];
};

static void connection_open(struct load *load, int64_t index)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(load->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        bench_die("port %u: %m", (unsigned)load->port);
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    load->polls[index] = (struct pollfd){ .fd = fd, .events = POLLIN };
    load->connections[index].meant_us = NOBODY;
}

/* ---- One post ---- */

#define SCATTER INT64_C(7919) /* a prime, so that neighbours do not come one after the other */

static struct id lead_of(struct load *load)
{
    int64_t place = load->rate > 0 ? (int64_t)dice_roll(&load->dice, (uint64_t)load->leads)
                                   : load->sent * SCATTER % load->leads;
    return id_list_get(&load->list, (size_t)(load->first + place * load->stride));
}

static const char *occurred(struct load *load)
{
    char text[TIME_TEXT_SIZE];
    if (load->age_s == 0)
        return "";
    uint64_t about_ms = (uint64_t)load->age_s * 1000;
    int64_t age_ms = (int64_t)(about_ms / 2 + dice_roll(&load->dice, about_ms));
    time_format(clock_now_ms() - age_ms, text);
    return arena_printf(&load->arena, ",\"occurred_at\":\"%s\"", text);
}

static void post(struct load *load, int64_t index, int64_t meant_us)
{
    struct activity_input input;
    char id[ID_TEXT_SIZE];
    struct id lead_id = lead_of(load);
    arena_reset(&load->arena);
    bench_visit(&load->arena, &load->dice, &input);
    id_format(&lead_id, id);
    const char *body = arena_printf(&load->arena, "{\"type\":\"%s\",\"properties\":%s%s}",
                                    input.type, input.properties, occurred(load));
    const char *request =
        arena_printf(&load->arena,
                     "POST /v1/leads/%s/activities HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                     "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     id, (unsigned)load->port, load->key, strlen(body), body);
    size_t length = strlen(request);
    if (send(load->polls[index].fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
        bench_die("sending: %m"); /* far less than a socket takes at once */
    load->connections[index].meant_us = meant_us;
    load->connections[index].length = 0;
    load->sent++;
}

/* ---- One answer ---- */

/* How long the whole answer is; 0: it has not said so yet. */
static size_t answer_length(const char *answer)
{
    static const char name[] = "\r\nContent-Length:";
    const char *head_end = strstr(answer, "\r\n\r\n");
    const char *told = strcasestr(answer, name);
    if (!head_end)
        return 0;
    if (!told || told > head_end)
        bench_die("an answer without a length: %s", answer);
    return (size_t)(head_end - answer) + 4 + strtoul(told + strlen(name), NULL, 10);
}

static void take_answer(struct load *load, int64_t index)
{
    struct connection *connection = &load->connections[index];
    ssize_t got = recv(load->polls[index].fd, connection->answer + connection->length,
                       ANSWER_BYTES_MAX - connection->length, 0);
    if (got <= 0)
        bench_die("a connection was closed: %m");
    connection->length += (size_t)got;
    connection->answer[connection->length] = '\0';
    size_t whole = answer_length(connection->answer);
    if (whole == 0 || connection->length < whole) {
        if (connection->length == ANSWER_BYTES_MAX)
            bench_die("an answer is too long");
        return;
    }
    load->latencies_us[load->answered++] = clock_monotonic_us() - connection->meant_us;
    if (strncmp(connection->answer, "HTTP/1.1 201", 12) != 0 && load->refused++ == 0)
        fprintf(stderr, "bench_load: %.300s\n", connection->answer);
    connection->meant_us = NOBODY;
}

/* ---- All of them ---- */

static int64_t meant_us(const struct load *load, int64_t now_us)
{
    return load->rate > 0 ? load->begin_us + load->sent * 1000000 / load->rate : now_us;
}

static void send_what_is_due(struct load *load)
{
    for (int64_t i = 0; i < load->connection_count && load->sent < load->count; i++) {
        if (load->connections[i].meant_us != NOBODY)
            continue;
        int64_t now_us = clock_monotonic_us(), meant = meant_us(load, now_us);
        if (meant > now_us)
            return;
        post(load, i, meant);
    }
}

/* Until an answer comes, or the next post is due and somebody is free to send it. */
static void await(struct load *load)
{
    int64_t now_us = clock_monotonic_us(), wait_us = GIVE_UP_US;
    bool free = load->sent - load->answered < load->connection_count;
    if (load->sent < load->count && free)
        wait_us = meant_us(load, now_us) - now_us;
    wait_us = wait_us < 0 ? 0 : wait_us;
    struct timespec wait = { wait_us / 1000000, wait_us % 1000000 * 1000 };
    int ready = ppoll(load->polls, (nfds_t)load->connection_count, &wait, NULL);
    if (ready < 0)
        bench_die("waiting: %m");
    if (ready == 0 && wait_us == GIVE_UP_US)
        bench_die("no answer for %d s", GIVE_UP_US / 1000000);
    for (int64_t i = 0; ready > 0 && i < load->connection_count; i++)
        if (load->polls[i].revents)
            take_answer(load, i);
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The least that so many of a hundred are not above. */
static double percentile_ms(const struct load *load, int64_t percent)
{
    return (double)load->latencies_us[(load->count * percent + 99) / 100 - 1] / 1000;
}

static void report(struct load *load)
{
    double seconds = (double)(clock_monotonic_us() - load->begin_us) / 1e6;
    qsort(load->latencies_us, (size_t)load->count, sizeof *load->latencies_us, compare);
    printf("{\"count\": %lld, \"seconds\": %.3f, \"rate\": %.1f, \"refused\": %lld, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
           (long long)load->count, seconds, (double)load->count / seconds, (long long)load->refused,
           percentile_ms(load, 50), percentile_ms(load, 99), percentile_ms(load, 100));
}

int main(int argc, char **argv)
{
    static struct load load;
    if (argc != 10)
        bench_die("usage: bench_load PORT IDS FIRST STRIDE LEADS COUNT CONNECTIONS RATE AGE_S");
    load.key = getenv("BENCH_KEY");
    if (!load.key)
        bench_die("BENCH_KEY is not set");
    load.port = (uint16_t)bench_number(argv[1], "PORT", 1, UINT16_MAX);
    id_list_read(&load.list, argv[2]);
    int64_t known = (int64_t)load.list.count;
    load.first = bench_number(argv[3], "FIRST", 0, known - 1);
    load.stride = bench_number(argv[4], "STRIDE", 1, known);
    load.leads = bench_number(argv[5], "LEADS", 1, (known - load.first - 1) / load.stride + 1);
    load.count = bench_number(argv[6], "COUNT", 1, 10000000);
    load.connection_count = bench_number(argv[7], "CONNECTIONS", 1, CONNECTIONS_MAX);
    load.rate = bench_number(argv[8], "RATE", 0, 1000000);
    load.age_s = bench_number(argv[9], "AGE_S", 0, INT32_MAX);
    load.dice.state = (uint64_t)clock_monotonic_us();
    load.latencies_us = calloc((size_t)load.count, sizeof *load.latencies_us);
    if (!load.latencies_us)
        bench_die("no memory for what is measured");
    for (int64_t i = 0; i < load.connection_count; i++)
        connection_open(&load, i);
    load.begin_us = clock_monotonic_us();
    while (load.answered < load.count) {
        send_what_is_due(&load);
        await(&load);
    }
    report(&load);
    for (int64_t i = 0; i < load.connection_count; i++)
        close(load.polls[i].fd);
    free(load.latencies_us);
    free(load.list.text);
    arena_free(&load.arena);
    return load.refused > 0;
}
