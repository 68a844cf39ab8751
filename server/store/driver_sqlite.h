/* driver_sqlite.h: what the files of the SQLite driver share. For nobody else: no other file
 * sees sqlite3.h. */
#ifndef FUNNELD_STORE_DRIVER_SQLITE_H
#define FUNNELD_STORE_DRIVER_SQLITE_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "driver.h"

/* Only the writer's connection writes, so nothing should ever be locked for long. */
enum { BUSY_TIMEOUT_MS = 50 };

struct connection {
    sqlite3 *handle;
    sqlite3_stmt *controls[CONTROL_COUNT];
    _Atomic int64_t deadline_us; /* 0: none */
    _Atomic int64_t looks;       /* how often it was looked at */
    enum fault fault;
    /* The log as of the last commit or checkpoint of this connection. */
    int64_t log_frames, log_copied, frame_bytes;
};

/* Records what SQLite reported. `name` is that of a statement, or says what was tried. */
enum err connection_fail(struct ctx *ctx, struct connection *connection, int code, const char *name)
    _must_check_;

/* Prepares what begins and ends transactions, so that no transaction stays open for want of memory
 * to end it. */
enum err controls_prepare(struct ctx *ctx, struct connection *connection) _must_check_;

/* ---- driver_sqlite_vfs.c ---- */

/* The name under which a connection is opened that writes. */
#define SQLITE_CLEAN_VFS "funneld"
/* Makes it known to SQLite; once. Without memory nothing can be opened by that name. */
void sqlite_vfs_start(void);

/* ---- driver_sqlite_open.c ---- */

/* The first column of the first row, as text; "" without a row. */
enum err sqlite_pragma(struct ctx *ctx, struct connection *connection, const char *text,
                       char value[static 32]) _must_check_;

enum err sqlite_prepare_file(struct ctx *ctx, const char *path) _must_check_;
enum err sqlite_open(struct ctx *ctx, const char *path, enum access access, struct connection **ret)
    _must_check_;
void sqlite_close(struct connection *connection);
void sqlite_sizes(const char *path, int64_t *ret_data_bytes, int64_t *ret_log_bytes);

/* ---- driver_sqlite_copy.c ---- */

enum err sqlite_copy(struct ctx *ctx, struct connection *connection, const char *target,
                     const struct watch *watch) _must_check_;
enum err sqlite_verify(struct ctx *ctx, struct connection *connection, bool thorough,
                       const struct watch *watch) _must_check_;

#endif
