/* driver.h: what an engine must be able to do, statement by statement. Private to server/store.
 *
 * The layer above (db.c) knows names, caches, rows and savepoint marks; a driver knows one engine
 * and nothing else. Every function with a ctx records the failure there, except ERR_EXISTS. A
 * connection and its statements belong to one thread at a time. */
#ifndef FUNNELD_STORE_DRIVER_H
#define FUNNELD_STORE_DRIVER_H

#include <funneld/base.h>
#include <funneld/db.h>

struct connection; /* the driver's */
struct statement;  /* the driver's */

enum access { ACCESS_WRITE, ACCESS_READ };

/* Statements of transactions. Savepoints nest; RELEASE and ROLLBACK_TO mean the innermost one, and
 * ROLLBACK_TO leaves it open. */
enum control {
    CONTROL_BEGIN_READ,
    CONTROL_BEGIN_WRITE,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVEPOINT,
    CONTROL_RELEASE,
    CONTROL_ROLLBACK_TO,
    CONTROL_COUNT
};

/* The worst thing that storage did since the last look, mildest first. */
enum fault {
    FAULT_NONE,
    FAULT_IO,   /* something could not be read or written; what was committed is as it was */
    FAULT_FULL, /* no space left */
    FAULT_SYNC, /* a commit or a checkpoint failed half-way: the state of the file is unknown */
};

struct driver {
    const char *name;

    /* Creates a missing file, refuses (ERR_CONFIG) one of another kind. Once, before any open(): it
     * may not be called while a connection of this process has the file. */
    enum err (*prepare_file)(struct ctx *ctx, const char *path);
    /* Refuses (ERR_CONFIG) data that is not ours. */
    enum err (*open)(struct ctx *ctx, const char *path, enum access access,
                     struct connection **ret);
    void (*close)(struct connection *connection);
    /* Any thread. 0 for what is not there. */
    void (*sizes)(const char *path, int64_t *ret_data_bytes, int64_t *ret_log_bytes);

    /* `keep`: the statement will be used again and again. `name` is for messages, and is not
     * copied. */
    enum err (*prepare)(struct ctx *ctx, struct connection *connection, const char *name,
                        const char *text, bool keep, struct statement **ret);
    void (*finish)(struct statement *statement);
    bool (*writes)(const struct statement *statement);
    int (*param_count)(const struct statement *statement);
    int (*column_count)(const struct statement *statement);
    const char *(*column_name)(const struct statement *statement, int column);
    /* Index counts from 1. The data must outlive the steps: it is not copied. */
    enum err (*bind)(struct ctx *ctx, struct statement *statement, int index,
                     const struct param *param);
    enum err (*step)(struct ctx *ctx, struct statement *statement, bool *ret_row);
    /* The first `count` values of the row, each as wanted or PARAM_NULL; their data is valid
     * until the next step, and texts do not end with a NUL. */
    enum err (*columns)(struct ctx *ctx, struct statement *statement, const enum param_kind *wants,
                        int count, struct param *ret);
    void (*reset)(struct statement *statement); /* ends the run, forgets the parameters */
    int64_t (*changes)(const struct connection *connection);

    /* Statements one behind the other, as in a migration. */
    enum err (*script)(struct ctx *ctx, struct connection *connection, const char *name,
                       const char *text);
    enum err (*control)(struct ctx *ctx, struct connection *connection, enum control control);
    bool (*in_transaction)(const struct connection *connection);
    /* Any thread. */
    void (*set_deadline)(struct connection *connection, int64_t monotonic_us);
    int64_t (*looks)(const struct connection *connection);
    enum fault (*take_fault)(struct connection *connection); /* and forgets it */

    /* Upkeep of the engine's log. backlog: bytes of it that the data file does not have yet. */
    enum err (*checkpoint)(struct ctx *ctx, struct connection *connection, bool truncate);
    /* Cuts the log, on the disk, and forgets every page it keeps in memory. */
    enum err (*wipe)(struct ctx *ctx, struct connection *connection);
    int64_t (*log_bytes)(const struct connection *connection);
    int64_t (*log_backlog_bytes)(const struct connection *connection);

    /* The whole of what is committed into `target`, an empty file, while others write: every row,
     * and nothing that was deleted. Not on the disk yet when it returns. For ACCESS_READ. */
    enum err (*copy)(struct ctx *ctx, struct connection *connection, const char *target,
                     const struct watch *watch);
    /* Looks at every page, and if `thorough` holds indexes against their tables. ERR_CORRUPT says
     * what is wrong. */
    enum err (*verify)(struct ctx *ctx, struct connection *connection, bool thorough,
                       const struct watch *watch);
};

extern const struct driver driver_sqlite;

#endif
