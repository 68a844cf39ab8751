/* driver_sqlite.c: SQLite behind driver.h: statements, transactions, the log. Opening and guarding
 * the file is in driver_sqlite_open.c; no other file includes sqlite3.h. Knows no table of ours. */
#include "driver_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRUNCATE_WAIT_MS = 200 };

struct statement {
    sqlite3_stmt *handle;
    struct connection *connection;
    const char *name;
};

/* ---- Errors ---- */

static const struct {
    int code; /* primary or extended; extended ones first */
    enum err err;
} error_classes[] = {
    { SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS },
    { SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS },
    { SQLITE_CONSTRAINT_ROWID, ERR_EXISTS },
    { SQLITE_IOERR_NOMEM, ERR_MEMORY },
    { SQLITE_NOMEM, ERR_MEMORY },
    { SQLITE_FULL, ERR_STORAGE },
    { SQLITE_IOERR, ERR_STORAGE },
    { SQLITE_CANTOPEN, ERR_STORAGE },
    { SQLITE_BUSY, ERR_BUSY },
    { SQLITE_INTERRUPT, ERR_DEADLINE },
    { SQLITE_PROTOCOL, ERR_BUSY },
    { SQLITE_CORRUPT, ERR_CORRUPT },
    { SQLITE_NOTADB, ERR_CORRUPT },
};

static enum err error_class(int code)
{
    for (size_t i = 0; i < ARRAY_SIZE(error_classes); i++)
        if (error_classes[i].code == code || error_classes[i].code == (code & 0xff))
            return error_classes[i].err;
    return ERR_INTERNAL;
}

/* A failed fsync may have dropped the very pages it should have written, and the next one would say
 * all is well: see "fsyncgate". An I/O error inside COMMIT or a checkpoint leaves it just as open
 * what is on the disk. */
static enum fault fault_class(sqlite3 *handle, int code, bool settling)
{
    switch (code) {
    case SQLITE_IOERR_NOMEM: return FAULT_NONE;
    case SQLITE_IOERR_SHMSIZE: /* the index of the log did not get its space */ return FAULT_FULL;
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC: return FAULT_SYNC;
    default: break;
    }
    if ((code & 0xff) == SQLITE_FULL)
        return FAULT_FULL;
    if (code == SQLITE_IOERR_WRITE && sqlite3_system_errno(handle) == EDQUOT)
        return FAULT_FULL;
    if ((code & 0xff) == SQLITE_IOERR)
        return settling ? FAULT_SYNC : FAULT_IO;
    return FAULT_NONE;
}

static enum err connection_fail_at(struct ctx *ctx, struct connection *connection, int code,
                                   const char *name, bool settling)
{
    enum fault fault = fault_class(connection->handle, code, settling);
    if (fault > connection->fault)
        connection->fault = fault;
    enum err err = error_class(code);
    if (err == ERR_EXISTS)
        return err; /* what it means is the caller's to say */
    if (err == ERR_BUSY)
        return fail(ctx, err, NULL, "statement %s: the data file is locked", name);
    if (err == ERR_DEADLINE)
        return fail(ctx, err, NULL, "statement %s: took too long", name);
    const char *message = sqlite3_errmsg(connection->handle);
    /* Storage that fails is told by the writer, once for all who suffer from it. */
    if (err == ERR_INTERNAL || err == ERR_CORRUPT)
        log_line(LOG_ERROR, "store", "statement %s: %s (SQLite code %d)", name, message, code);
    return fail(ctx, err, NULL, "statement %s: %s (SQLite code %d)", name, message, code);
}

enum err connection_fail(struct ctx *ctx, struct connection *connection, int code, const char *name)
{
    return connection_fail_at(ctx, connection, code, name, /* settling= */ false);
}

static enum fault sqlite_take_fault(struct connection *connection)
{
    enum fault fault = connection->fault;
    connection->fault = FAULT_NONE;
    if (fault == FAULT_SYNC) /* closing must not settle what we do not know */
        sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return fault;
}

/* ---- Statements ---- */

/* The end of the quoted text or comment that begins at `at`, or `at` when none does. */
static const char *skip_quoted(const char *at)
{
    if (*at == '\'' || *at == '"' || *at == '`') {
        const char *end = strchr(at + 1, *at); /* a doubled quote just begins another quoted text */
        return end ? end + 1 : at + strlen(at);
    }
    if (at[0] == '-' && at[1] == '-')
        return strchrnul(at, '\n');
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    return at;
}

/* SQLite takes $1 for a name and numbers names by their first appearance; ?1 means the first. */
static void rewrite_params(char *text)
{
    for (char *at = text; *at;) {
        const char *end = skip_quoted(at);
        if (end != at) {
            at += end - at;
            continue;
        }
        if (at[0] == '$' && at[1] >= '0' && at[1] <= '9')
            *at = '?';
        at++;
    }
}

static enum err sqlite_prepare(struct ctx *ctx, struct connection *connection, const char *name,
                               const char *text, bool keep, struct statement **ret)
{
    struct statement *statement = calloc(1, sizeof *statement);
    char *copy = strdup(text);
    if (!statement || !copy) {
        free(statement);
        free(copy);
        return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", name);
    }
    rewrite_params(copy);
    const char *tail = NULL;
    int code = sqlite3_prepare_v3(connection->handle, copy, -1,
                                  keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement->handle, &tail);
    bool single = !code && statement->handle && tail[strspn(tail, " \t\r\n;")] == '\0';
    free(copy);
    if (!single) {
        sqlite3_finalize(statement->handle);
        free(statement);
        return code ? connection_fail(ctx, connection, code, name)
                    : fail(ctx, ERR_INTERNAL, NULL, "statement %s: is not one statement", name);
    }
    statement->connection = connection;
    statement->name = name;
    *ret = statement;
    return OK;
}

static void sqlite_finish(struct statement *statement)
{
    sqlite3_finalize(statement->handle);
    free(statement);
}

static bool sqlite_writes(const struct statement *statement)
{
    return !sqlite3_stmt_readonly(statement->handle);
}

static int sqlite_param_count(const struct statement *statement)
{
    return sqlite3_bind_parameter_count(statement->handle);
}

static int sqlite_column_count(const struct statement *statement)
{
    return sqlite3_column_count(statement->handle);
}

static const char *sqlite_column_name(const struct statement *statement, int column)
{
    return sqlite3_column_name(statement->handle, column);
}

static enum err sqlite_bind(struct ctx *ctx, struct statement *statement, int index,
                            const struct param *param)
{
    int code = SQLITE_MISUSE;
    /* SQLITE_STATIC: nothing is copied; the values outlive the run and are unbound at its end. */
    switch (param->kind) {
    case PARAM_NULL: code = sqlite3_bind_null(statement->handle, index); break;
    case PARAM_INT: code = sqlite3_bind_int64(statement->handle, index, param->integer); break;
    case PARAM_TEXT:
        code = sqlite3_bind_text64(statement->handle, index, param->data, param->length,
                                   SQLITE_STATIC, SQLITE_UTF8);
        break;
    case PARAM_BYTES:
        code = sqlite3_bind_blob64(statement->handle, index, param->data, param->length,
                                   SQLITE_STATIC);
        break;
    }
    return code ? connection_fail(ctx, statement->connection, code, statement->name) : OK;
}

static enum err sqlite_step(struct ctx *ctx, struct statement *statement, bool *ret_row)
{
    int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return connection_fail(ctx, statement->connection, code, statement->name);
    *ret_row = code == SQLITE_ROW;
    return OK;
}

static enum err column_misfit(struct ctx *ctx, const struct statement *statement, int column)
{
    return fail(ctx, ERR_INTERNAL, NULL, "statement %s: column %s holds a value of another type",
                statement->name, sqlite3_column_name(statement->handle, column));
}

/* In this threading mode a column's value may be used like any other. A text is taken as its bytes:
 * the engine would copy it only to end it with a NUL. */
static enum err sqlite_columns(struct ctx *ctx, struct statement *statement,
                               const enum param_kind *wants, int count, struct param *ret)
{
    static const int types[] = {
        [PARAM_INT] = SQLITE_INTEGER, [PARAM_TEXT] = SQLITE_TEXT, [PARAM_BYTES] = SQLITE_BLOB
    };
    for (int i = 0; i < count; i++) {
        sqlite3_value *value = sqlite3_column_value(statement->handle, i);
        int type = sqlite3_value_type(value);
        ret[i].kind = type == SQLITE_NULL ? PARAM_NULL : wants[i];
        if (type == SQLITE_NULL)
            continue;
        if (type != types[wants[i]])
            return column_misfit(ctx, statement, i);
        if (type == SQLITE_INTEGER) {
            ret[i].integer = sqlite3_value_int64(value);
            continue;
        }
        ret[i].data = sqlite3_value_blob(value);
        ret[i].length = (size_t)sqlite3_value_bytes(value);
        if (!ret[i].data && ret[i].length > 0)
            return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", statement->name);
    }
    return OK;
}

static void sqlite_reset(struct statement *statement)
{
    sqlite3_reset(statement->handle); /* repeats the error of the last step, which has been told */
    sqlite3_clear_bindings(statement->handle);
}

static int64_t sqlite_changes(const struct connection *connection)
{
    return sqlite3_changes64(connection->handle);
}

static enum err sqlite_script(struct ctx *ctx, struct connection *connection, const char *name,
                              const char *text)
{
    while (*text) {
        sqlite3_stmt *handle = NULL;
        int code = sqlite3_prepare_v2(connection->handle, text, -1, &handle, &text);
        if (!code && handle) /* a NULL handle is a comment at the end */
            while ((code = sqlite3_step(handle)) == SQLITE_ROW)
                ;
        enum err err =
            code && code != SQLITE_DONE ? connection_fail(ctx, connection, code, name) : OK;
        sqlite3_finalize(handle);
        if (err)
            return err;
    }
    return OK;
}

/* ---- Transactions ---- */

static const char *const control_texts[CONTROL_COUNT] = {
    [CONTROL_BEGIN_READ] = "BEGIN",
    /* At once, because a read transaction that turns into a writing one can fail for good
     * (BUSY_SNAPSHOT). */
    [CONTROL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [CONTROL_COMMIT] = "COMMIT",
    [CONTROL_ROLLBACK] = "ROLLBACK",
    /* One name for all: they nest, and the innermost of that name is meant. */
    [CONTROL_SAVEPOINT] = "SAVEPOINT step",
    [CONTROL_RELEASE] = "RELEASE step",
    [CONTROL_ROLLBACK_TO] = "ROLLBACK TO step",
};

enum err controls_prepare(struct ctx *ctx, struct connection *connection)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        int code = sqlite3_prepare_v3(connection->handle, control_texts[i], -1,
                                      SQLITE_PREPARE_PERSISTENT, &connection->controls[i], NULL);
        if (code)
            return connection_fail(ctx, connection, code, control_texts[i]);
    }
    return OK;
}

static enum err sqlite_control(struct ctx *ctx, struct connection *connection, enum control control)
{
    const char *name = control_texts[control];
    sqlite3_stmt **handle = &connection->controls[control];
    int code = sqlite3_step(*handle);
    enum err err = OK;
    if (code != SQLITE_DONE)
        err = connection_fail_at(ctx, connection, code, name,
                                 /* settling= */ control == CONTROL_COMMIT);
    sqlite3_reset(*handle);
    return err;
}

static bool sqlite_in_transaction(const struct connection *connection)
{
    return !sqlite3_get_autocommit(connection->handle);
}

static void sqlite_set_deadline(struct connection *connection, int64_t monotonic_us)
{
    atomic_store(&connection->deadline_us, monotonic_us);
}

static int64_t sqlite_looks(const struct connection *connection)
{
    return atomic_load(&connection->looks);
}

/* ---- The log ---- */

static enum err sqlite_checkpoint(struct ctx *ctx, struct connection *connection, bool truncate)
{
    const char *name = truncate ? "checkpoint_truncate" : "checkpoint";
    assert(!sqlite_in_transaction(connection));
    /* A connection that has not read the file yet would report success and do nothing. */
    int code =
        sqlite3_exec(connection->handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (code)
        return connection_fail(ctx, connection, code, name);
    if (truncate)
        sqlite3_busy_timeout(connection->handle, TRUNCATE_WAIT_MS);
    int frames = -1, copied = -1;
    code = sqlite3_wal_checkpoint_v2(
        connection->handle, NULL, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
        &frames, &copied);
    if (truncate)
        sqlite3_busy_timeout(connection->handle, BUSY_TIMEOUT_MS);
    if (frames >= 0) {
        connection->log_frames = frames;
        connection->log_copied = copied;
    }
    if (code == SQLITE_BUSY && !truncate)
        return OK; /* readers hold some of it: the next one goes on from there */
    return code ? connection_fail_at(ctx, connection, code, name, /* settling= */ true) : OK;
}

/* SQLite does not sync what it has cut: after a power cut the log could be there again. The pages
 * kept in memory go too, for what lies between their cells: see driver_sqlite_vfs.c. */
static enum err sqlite_wipe(struct ctx *ctx, struct connection *connection)
{
    enum err err = sqlite_checkpoint(ctx, connection, /* truncate= */ true);
    if (err)
        return err;
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (!code && log && log->pMethods)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    if (code)
        return connection_fail_at(ctx, connection, code, "wipe", /* settling= */ true);
    code = sqlite3_db_release_memory(connection->handle);
    return code ? connection_fail(ctx, connection, code, "wipe") : OK;
}

static int64_t sqlite_log_bytes(const struct connection *connection)
{
    return connection->log_frames * connection->frame_bytes;
}

static int64_t sqlite_log_backlog_bytes(const struct connection *connection)
{
    return (connection->log_frames - connection->log_copied) * connection->frame_bytes;
}

const struct driver driver_sqlite = {
    .name = "SQLite",
    .prepare_file = sqlite_prepare_file,
    .open = sqlite_open,
    .close = sqlite_close,
    .sizes = sqlite_sizes,
    .prepare = sqlite_prepare,
    .finish = sqlite_finish,
    .writes = sqlite_writes,
    .param_count = sqlite_param_count,
    .column_count = sqlite_column_count,
    .column_name = sqlite_column_name,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .columns = sqlite_columns,
    .reset = sqlite_reset,
    .changes = sqlite_changes,
    .script = sqlite_script,
    .control = sqlite_control,
    .in_transaction = sqlite_in_transaction,
    .set_deadline = sqlite_set_deadline,
    .looks = sqlite_looks,
    .take_fault = sqlite_take_fault,
    .checkpoint = sqlite_checkpoint,
    .wipe = sqlite_wipe,
    .log_bytes = sqlite_log_bytes,
    .log_backlog_bytes = sqlite_log_backlog_bytes,
    .copy = sqlite_copy,
    .verify = sqlite_verify,
};
