/* supervisor.h: what the daemon tells the service manager that has started it. Private to
 * server/cli. */
#ifndef FUNNELD_CLI_SUPERVISOR_H
#define FUNNELD_CLI_SUPERVISOR_H

#include <funneld/base.h>

struct supervisor {
    int socket;          /* -1: nobody listens, and every message goes nowhere */
    int64_t watchdog_us; /* it wants a sign of life within each; 0: none */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void supervisor_open(struct supervisor *supervisor);
void supervisor_close(struct supervisor *supervisor);
/* Lines such as "READY=1\nSTATUS=...". Once sent it is there, whatever happens to us. */
void supervisor_tell(const struct supervisor *supervisor, const char *format, ...) _printf_(2, 3);

#endif
