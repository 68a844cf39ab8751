/* client.c: the connection of client.h. */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <funneld/base.h>

void client_init(struct client *client, const struct daemon *daemon)
{
    *client = (struct client){ .daemon = daemon, .fd = -1 };
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->data);
    *client = (struct client){ .daemon = client->daemon, .fd = -1 };
}

static int connect_tcp(const struct daemon *daemon, int receive_bytes)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)daemon->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (receive_bytes > 0) /* before it tells the other side of its window */
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

bool client_connect(struct client *client)
{
    client_close(client);
    client->fd = connect_tcp(client->daemon, client->receive_bytes);
    return client->fd >= 0;
}

bool client_send(struct client *client, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(client->fd, data, bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        data += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

/* More bytes; false at the end of the connection or of the time. */
static bool read_more(struct client *client, int64_t until_us, bool *ret_ended)
{
    int64_t left_us = until_us - clock_monotonic_us();
    struct pollfd wait = { .fd = client->fd, .events = POLLIN };
    int ready = poll(&wait, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
    if (ready < 0 && errno == EINTR)
        return true;
    if (ready <= 0)
        return false;
    if (client->capacity - client->length < 16384) {
        client->capacity = client->capacity * 2 + 65536;
        client->data = realloc(client->data, client->capacity);
        if (!client->data)
            abort();
    }
    ssize_t bytes =
        recv(client->fd, client->data + client->length, client->capacity - client->length - 1, 0);
    if (bytes <= 0) {
        *ret_ended = true;
        return false;
    }
    client->length += (size_t)bytes;
    client->data[client->length] = '\0';
    return true;
}

/* Whether a whole answer is there; `at` is where its body begins. */
static bool parse(const struct client *client, struct answer *answer, size_t *at)
{
    char *end = client->data ? strstr(client->data, "\r\n\r\n") : NULL;
    if (!end)
        return false;
    *at = (size_t)(end - client->data) + 4;
    const char *length = strcasestr(client->data, "\r\nContent-Length: ");
    answer->body_bytes = 0;
    if (length && length < end)
        answer->body_bytes = strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
    const char *closing = strcasestr(client->data, "\r\nConnection: close\r\n");
    answer->close = closing && closing < end;
    return client->length >= *at + answer->body_bytes;
}

struct answer client_read(struct client *client, int timeout_ms)
{
    struct answer answer = { .outcome = SILENT };
    int64_t until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    bool ended = false;
    size_t at = 0;
    client->length -= client->taken;
    if (client->taken)
        memmove(client->data, client->data + client->taken, client->length + 1);
    client->taken = 0;
    while (!parse(client, &answer, &at))
        if (!read_more(client, until_us, &ended)) {
            answer.outcome = !ended ? SILENT : client->length ? HALF : REFUSED;
            return answer;
        }
    client->taken = at + answer.body_bytes;
    client->data[at - 2] = '\0';
    answer.outcome = ANSWERED;
    answer.status = (int)strtol(client->data + strlen("HTTP/1.1 "), NULL, 10);
    answer.head = client->data;
    answer.body = client->data + at;
    return answer;
}

char *request_text(const struct daemon *daemon, const char *method, const char *target,
                   const char *body, const char *content_type)
{
    char *text = NULL, more[96] = "";
    if (body)
        snprintf(more, sizeof more, "Content-Type: %s\r\nContent-Length: %zu\r\n", content_type,
                 strlen(body));
    if (asprintf(&text, "%s %s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n%s\r\n%s",
                 method, target, daemon->key, more, body ? body : "") < 0)
        abort();
    return text;
}

static struct answer call(struct client *client, const char *method, const char *target,
                          const char *body, const char *content_type)
{
    struct answer answer = { .outcome = REFUSED };
    int64_t start_us = clock_monotonic_us();
    if (client->fd < 0 && !client_connect(client))
        return answer;
    char *text = request_text(client->daemon, method, target, body, content_type);
    /* What cannot be sent to its end may have been answered all the same. */
    (void)client_send(client, text, strlen(text));
    free(text);
    answer = client_read(client, CLIENT_TIMEOUT_MS);
    answer.us = clock_monotonic_us() - start_us;
    if (answer.outcome != ANSWERED || answer.close) {
        close(client->fd);
        client->fd = -1;
    }
    return answer;
}

struct answer client_call(struct client *client, const char *method, const char *target,
                          const char *body)
{
    return call(client, method, target, body, "application/json");
}

struct answer client_get(struct client *client, const char *target)
{
    return call(client, "GET", target, NULL, NULL);
}

struct answer client_post(struct client *client, const char *target, const char *body)
{
    return call(client, "POST", target, body, "application/json");
}

struct answer client_post_form(struct client *client, const char *target, const char *body)
{
    return call(client, "POST", target, body, "application/x-www-form-urlencoded");
}

/* ---- Looking into answers ---- */

static const char *member_value(const char *body, const char *member)
{
    char name[64];
    snprintf(name, sizeof name, "\"%s\":", member);
    const char *at = body ? strstr(body, name) : NULL;
    return at ? at + strlen(name) : NULL;
}

bool answer_text(const char *body, const char *member, char *ret, size_t size)
{
    const char *value = member_value(body, member);
    const char *end = value && *value == '"' ? strchr(value + 1, '"') : NULL;
    if (!end || (size_t)(end - value) > size)
        return false;
    memcpy(ret, value + 1, (size_t)(end - value) - 1);
    ret[end - value - 1] = '\0';
    return true;
}

long long answer_number(const char *body, const char *member)
{
    const char *value = member_value(body, member);
    return value && *value >= '0' && *value <= '9' ? strtoll(value, NULL, 10) : -1;
}

int answer_count(const char *body, const char *text)
{
    int count = 0;
    for (const char *at = body; at && (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}
