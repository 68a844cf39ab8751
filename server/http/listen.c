/* listen.c: opens listening sockets and says who is at the other end. It must not know HTTP. */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, HOST_MAX = 256, INHERITED_FD = 3 };

static void addresses_free(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

/* Splits at the last colon; brackets around an IPv6 host go. */
static bool address_split(const char *address, char host[static HOST_MAX], const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || colon[1] == '\0')
        return false;
    size_t digits = strlen(colon + 1);
    if (strspn(colon + 1, "0123456789") != digits || digits > 5 ||
        strtol(colon + 1, NULL, 10) > 65535)
        return false; /* getaddrinfo() would take 99999 for some other port */
    const char *begin = address, *end = colon;
    bool bracketed = begin[0] == '[' && end[-1] == ']';
    if (bracketed) {
        begin++;
        end--;
    }
    if (begin >= end || end - begin >= HOST_MAX)
        return false;
    if (!bracketed && memchr(begin, ':', (size_t)(end - begin)))
        return false; /* an IPv6 host without brackets could be read in two ways */
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    *ret_port = colon + 1;
    return true;
}

/* A bound and listening socket, or -1 with errno. */
static int socket_listen(int family, const struct sockaddr *address, socklen_t bytes)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* A restarted daemon must not wait for the closed connections of the one before it. */
    int yes = 1;
    bool ready =
        family == AF_UNIX || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0;
    if (family == AF_UNIX) /* before bind: there is no moment at which others could connect */
        ready = fchmod(fd, S_IRUSR | S_IWUSR) == 0;
    if (ready && bind(fd, address, bytes) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

enum err listen_tcp(struct ctx *ctx, const char *address, int *ret_fd)
{
    char host[HOST_MAX];
    const char *port;
    if (!address_split(address, host, &port))
        return fail(ctx, ERR_CONFIG, "listen", "\"%s\" is not like 127.0.0.1:8080 or [::1]:8080",
                    address);
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    _cleanup_(addresses_free) struct addrinfo *list = NULL;
    int why = getaddrinfo(host, port, &hints, &list);
    if (why != 0)
        return fail(ctx, ERR_CONFIG, "listen", "\"%s\": %s", address, gai_strerror(why));

    for (const struct addrinfo *one = list; one; one = one->ai_next) {
        int fd = socket_listen(one->ai_family, one->ai_addr, one->ai_addrlen);
        if (fd >= 0) {
            *ret_fd = fd;
            return OK;
        }
    }
    return fail(ctx, ERR_CONFIG, "listen",
                "cannot listen on %s: %m; choose another with --listen or FUNNELD_LISTEN", address);
}

/* A number from the environment, or 0. */
static long environment_number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t bytes = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value : -1;
}

/* The protocol of systemd: LISTEN_FDS sockets from number 3 on, meant for LISTEN_PID. One needs no
 * name, so LISTEN_FDNAMES is not looked at. */
enum err listen_inherited(struct ctx *ctx, int *ret_fd)
{
    *ret_fd = -1;
    long count = environment_number("LISTEN_FDS");
    if (count <= 0 || environment_number("LISTEN_PID") != (long)getpid())
        return OK;
    if (count != 1)
        return fail(ctx, ERR_CONFIG, "listen",
                    "the service manager passed %ld sockets, but one ListenStream= is served",
                    count);
    int family = socket_option(INHERITED_FD, SO_DOMAIN);
    if ((family != AF_INET && family != AF_INET6) ||
        socket_option(INHERITED_FD, SO_TYPE) != SOCK_STREAM ||
        socket_option(INHERITED_FD, SO_ACCEPTCONN) != 1)
        return fail(ctx, ERR_CONFIG, "listen",
                    "what the service manager passed is not a listening TCP socket");
    int flags = fcntl(INHERITED_FD, F_GETFL);
    if (flags < 0 || fcntl(INHERITED_FD, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(INHERITED_FD, F_SETFD, FD_CLOEXEC) != 0)
        return fail(ctx, ERR_CONFIG, "listen", "the passed socket cannot be used: %m");
    *ret_fd = INHERITED_FD;
    return OK;
}

enum err listen_unix(struct ctx *ctx, const char *path, int *ret_fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path))
        return fail(ctx, ERR_CONFIG, "database", "the path of the control socket is too long: %s",
                    path);
    memcpy(address.sun_path, path, strlen(path) + 1);

    /* Whoever holds the lock of the data file owns this path, so what is there is a leftover;
     * but only a socket. */
    struct stat status;
    if (lstat(path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode))
            return fail(ctx, ERR_CONFIG, "database", "%s is in the way of the control socket",
                        path);
        unlink(path);
    }
    int fd = socket_listen(AF_UNIX, (const struct sockaddr *)&address, sizeof(address));
    if (fd < 0)
        return fail(ctx, ERR_CONFIG, "database", "cannot listen on %s: %m", path);
    *ret_fd = fd;
    return OK;
}

struct address socket_host(const struct sockaddr *address)
{
    struct address host = { 0 };
    if (address->sa_family == AF_INET) {
        uint8_t four[4];
        memcpy(four, &((const struct sockaddr_in *)(const void *)address)->sin_addr, sizeof(four));
        host = address_v4(four);
    } else if (address->sa_family == AF_INET6) {
        memcpy(host.bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
               sizeof(host.bytes));
    }
    return host;
}

void listen_address(int fd, char text[static LISTEN_TEXT_SIZE])
{
    struct sockaddr_storage address = { 0 };
    socklen_t bytes = sizeof(address);
    text[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        return;
    struct address bound = socket_host((const struct sockaddr *)&address);
    char host[ADDRESS_TEXT_SIZE];
    address_format(&bound, host);
    bool six = address.ss_family == AF_INET6;
    in_port_t port = six ? ((const struct sockaddr_in6 *)(const void *)&address)->sin6_port
                         : ((const struct sockaddr_in *)(const void *)&address)->sin_port;
    bool brackets = strchr(host, ':') != NULL;
    snprintf(text, LISTEN_TEXT_SIZE, "%s%s%s:%u", brackets ? "[" : "", host, brackets ? "]" : "",
             ntohs(port));
}

bool peer_is_ours(int fd)
{
    struct ucred peer;
    socklen_t bytes = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0)
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}
