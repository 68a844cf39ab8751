/* supervisor.c: systemd's notify protocol, datagrams of NAME=value lines to a unix socket. It needs
 * no library, and must not know what is told. */
#include "supervisor.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_BYTES_MAX = 512 };

/* Connected, so that the address need not be kept; -1 when there is none or nobody is there. */
static int notify_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
        return -1;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0'; /* the abstract name space: the length counts, no NUL ends it */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, bytes) == 0)
        return fd;
    close(fd);
    return -1;
}

void supervisor_open(struct supervisor *supervisor)
{
    const char *watchdog = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    bool ours = !whose || strtol(whose, NULL, 10) == (long)getpid();
    supervisor->socket = notify_connect(getenv("NOTIFY_SOCKET"));
    supervisor->watchdog_us = watchdog && ours ? strtoll(watchdog, NULL, 10) : 0;
}

void supervisor_close(struct supervisor *supervisor)
{
    if (supervisor->socket >= 0)
        close(supervisor->socket);
    supervisor->socket = -1;
}

void supervisor_tell(const struct supervisor *supervisor, const char *format, ...)
{
    char message[MESSAGE_BYTES_MAX];
    va_list args;
    if (supervisor->socket < 0)
        return;
    va_start(args, format);
    int length = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (length > 0 && (size_t)length < sizeof(message))
        (void)!send(supervisor->socket, message, (size_t)length, MSG_NOSIGNAL);
}
