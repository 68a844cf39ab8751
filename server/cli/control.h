/* control.h: requests of commands to the service that has the data file. Private to server/cli. */
#ifndef FUNNELD_CLI_CONTROL_H
#define FUNNELD_CLI_CONTROL_H

#include <funneld/base.h>
#include <funneld/config.h>

struct control;

struct answer {
    int status;       /* HTTP */
    const char *body; /* ends in NUL; lives until the next request */
    size_t bytes;
};

/* The daemon that has the data file, or else a service of our own for the time of the command.
 * With `create` the file need not be there yet. Call before any other thread starts: SIGINT and
 * SIGTERM are blocked from here on and end every wait and request. ctx must outlive it. */
enum err control_open(struct ctx *ctx, const struct config *config, bool create,
                      struct control **ret) _must_check_;
/* For _cleanup_. */
void control_done(struct control **control);

/* ERR_CONFIG: there is no data file, and what to do. */
enum err data_expect(struct ctx *ctx, const char *database) _must_check_;
/* Refuses to let root make or change files beside the data of another user: they would keep the
 * daemon from starting later. ERR_CONFIG; also where there is no data file, unless `create`. */
enum err owner_check(struct ctx *ctx, const char *database, bool create) _must_check_;

/* Any status is an answer and OK. ERR_BUSY: there was none, and the same request may get one later.
 * ERR_CONFLICT: interrupted. `body` NULL: none. */
enum err control_request(struct control *control, const char *method, const char *path,
                         const struct buffer *body, struct answer *ret) _must_check_;
/* Our own service has lost its storage: no request will be answered well any more. */
bool control_failed(const struct control *control);
/* Waits so long, or until a signal comes. */
void control_sleep(struct control *control, int ms);
/* Waits until something can be read from the file; false when a signal comes first. */
bool control_wait_readable(struct control *control, int file);
/* Text as part of a query. */
const char *control_escape(struct control *control, const char *text);

#endif
