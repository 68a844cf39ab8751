/* api.h: the service as a whole: store, writer and HTTP put together, and the routes between
 * them. */
#ifndef FUNNELD_API_H
#define FUNNELD_API_H

#include <funneld/base.h>
#include <funneld/config.h>

struct service;

/* Opens (or creates and prepares) the data file, starts the writer, listens on config->listen
 * and on the control socket. An empty config->listen means the control socket alone, which is
 * how a command works without a daemon. ERR_CONFLICT: another process has the data file.
 * ERR_CONFIG, ERR_STORAGE: ctx->failure says what to do. */
enum err service_start(struct ctx *ctx, const struct config *config, struct service **ret)
    _must_check_;
/* The address it really listens on; "" when it listens on the control socket alone. */
const char *service_address(const struct service *service);
/* A failed fsync has left the state of the file unknown: the process must end and be started
 * again. */
bool service_failed(const struct service *service);
/* Whether data can be written at the moment. */
bool service_writable(const struct service *service);
/* main, now and then: whether every thread has shown life since the last call, and asks them again.
 */
bool service_pulse(struct service *service);
/* Every request fully received is answered, what was accepted is committed, the file is closed.
 * At most 5 s. */
void service_stop(struct service *service);

/* `<database>.sock`, where commands talk to the daemon that has the file. */
char *service_socket_path(struct arena *arena, const struct config *config) _must_check_;
/* The file in which the first start put the admin key, if nobody has moved it. */
const char *service_admin_key(struct arena *arena, const struct config *config) _must_check_;

#endif
