/* driver_sqlite_open.c: opens an SQLite file so that it keeps what we promise: checks that it is
 * ours, sets every guard and reads the settings back. The file itself is never opened and closed by
 * us while SQLite has it: closing any descriptor of a file drops all of the process' POSIX locks on
 * it. */
#include "driver_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "FNLD" in the header of the file says whose it is. */
#define APPLICATION_ID 0x464e4c44

enum { LOG_HEADER_BYTES = 32, LOG_FRAME_HEADER_BYTES = 24 };

static const struct {
    int limit, value;
} limits[] = {
    { SQLITE_LIMIT_LENGTH, 2 << 20 },      { SQLITE_LIMIT_SQL_LENGTH, 64 << 10 },
    { SQLITE_LIMIT_VARIABLE_NUMBER, 999 }, { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100 },
    { SQLITE_LIMIT_EXPR_DEPTH, 100 }, /* which counts a subquery within another on top of it */
};

/* How many of SQLite's own steps pass between two looks at the clock: some tens of microseconds. */
enum { DEADLINE_OPS = 1000 };

/* Settings of a connection, and what they must read afterwards. */
struct pragma {
    const char *set, *get, *value;
};

static const struct pragma settings[] = {
    { "PRAGMA mmap_size = 0", NULL, NULL },
    { "PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1" },
    { "PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1" },
    { "PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2" },
    { "PRAGMA case_sensitive_like = ON", NULL,
      NULL }, /* as the other engine has it; both get folded text */
    /* A commit is on the disk when it returns. Some builds ship with less. */
    { "PRAGMA synchronous = FULL", "PRAGMA synchronous", "2" },
    /* Two connections that write the log at the same instant can corrupt it in this version: only
     * the writer's connection checkpoints, and only when told to. */
    { "PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0" },
    { "PRAGMA journal_size_limit = 67108864", "PRAGMA journal_size_limit", "67108864" },
};

static const struct pragma writer_settings[] = {
    { "PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal" },
    { "PRAGMA cache_size = -65536", "PRAGMA cache_size", "-65536" },
    /* What is deleted is overwritten. */
    { "PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1" },
    /* Both for driver_sqlite_vfs.c: no page but those of a tree begins with the mark of one. */
    { "PRAGMA auto_vacuum = NONE", "PRAGMA auto_vacuum", "0" },
    { "PRAGMA max_page_count = 33554431", "PRAGMA max_page_count", "33554431" },
};

static const struct pragma reader_settings[] = {
    { "PRAGMA query_only = ON", "PRAGMA query_only", "1" },
    { "PRAGMA cache_size = -8192", "PRAGMA cache_size", "-8192" },
};

/* ---- Once per process ---- */

static void sqlite_log(void *self, int code, const char *message)
{
    (void)self;
    switch (code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
    case SQLITE_WARNING: log_line(LOG_WARN, "sqlite", "%s (code %d)", message, code); break;
    case SQLITE_NOTICE: log_line(LOG_INFO, "sqlite", "%s", message); break;
    default: /* what a statement reports is told by who ran it */ break;
    }
}

static void sqlite_start(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* its counters are one lock for all threads */
    sqlite3_config(SQLITE_CONFIG_LOG, sqlite_log, NULL);
    sqlite3_initialize();
    sqlite_vfs_start();
}

/* ---- Settings ---- */

enum err sqlite_pragma(struct ctx *ctx, struct connection *connection, const char *text,
                       char value[static 32])
{
    sqlite3_stmt *handle = NULL;
    value[0] = '\0';
    int code = sqlite3_prepare_v2(connection->handle, text, -1, &handle, NULL);
    if (!code)
        code = sqlite3_step(handle);
    if (code == SQLITE_ROW) {
        const char *column = (const char *)sqlite3_column_text(handle, 0);
        strncat(value, column ? column : "", 31);
    }
    enum err err = OK;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        err = connection_fail(ctx, connection, code, text);
    sqlite3_finalize(handle);
    return err;
}

static enum err settings_apply(struct ctx *ctx, struct connection *connection,
                               const struct pragma *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char value[32];
        enum err err = sqlite_pragma(ctx, connection, list[i].set, value);
        if (!err && list[i].get)
            err = sqlite_pragma(ctx, connection, list[i].get, value);
        if (err)
            return err;
        if (list[i].get && strcmp(value, list[i].value) != 0)
            return fail(ctx, ERR_CONFIG, NULL,
                        "SQLite refuses \"%s\" and stays at \"%s\": does the database lie on a "
                        "file system that supports locks and shared memory?",
                        list[i].set, value);
    }
    return OK;
}

static int deadline_passed(void *self)
{
    struct connection *connection = self;
    atomic_fetch_add_explicit(&connection->looks, 1, memory_order_relaxed);
    int64_t deadline_us = atomic_load(&connection->deadline_us);
    return deadline_us && clock_monotonic_us() > deadline_us;
}

static void connection_guard(struct connection *connection)
{
    sqlite3 *handle = connection->handle;
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    /* Until the file is known to be ours, closing it must leave it as it was. Readers keep it so:
     * they never write. */
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
    /* Always there: another thread may set a deadline, but not tell SQLite of a handler. */
    sqlite3_progress_handler(handle, DEADLINE_OPS, deadline_passed, connection);
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        sqlite3_limit(handle, limits[i].limit, limits[i].value);
}

/* ---- Whose file it is ---- */

static enum err file_refuse(struct ctx *ctx, const char *path, const char *why)
{
    return fail(ctx, ERR_CONFIG, "database",
                "%s is %s, and is left as it is: set \"database\" to another path", path, why);
}

/* Readers come second, as a rule; but a backup is read by nobody else. */
static enum err file_is_ours(struct ctx *ctx, struct connection *connection, const char *path)
{
    char application[32];
    enum err err = sqlite_pragma(ctx, connection, "PRAGMA application_id", application);
    if (!err && strtoll(application, NULL, 10) != APPLICATION_ID)
        err = fail(ctx, ERR_CONFIG, "database", "%s is no data file of funneld", path);
    return err;
}

/* Makes an empty file ours; refuses one that has something in it and is not. */
static enum err file_claim(struct ctx *ctx, struct connection *connection, const char *path)
{
    char application[32], tables[32];
    enum err err = sqlite_pragma(ctx, connection, "PRAGMA application_id", application);
    if (!err)
        err = sqlite_pragma(ctx, connection, "SELECT count(*) FROM sqlite_schema", tables);
    if (err)
        return err;
    if (strtoll(application, NULL, 10) == APPLICATION_ID)
        return OK;
    if (strcmp(application, "0") != 0 || strcmp(tables, "0") != 0)
        return file_refuse(ctx, path, "an SQLite file of another program");
    /* The page size can only be chosen before the first write, and the log mode is one. */
    static const struct pragma creation[] = {
        { "PRAGMA page_size = 4096", "PRAGMA page_size", "4096" },
        { "PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal" },
        { "PRAGMA application_id = 1179536452", "PRAGMA application_id", "1179536452" },
    };
    _Static_assert(APPLICATION_ID == 1179536452, "the pragma sets our id");
    return settings_apply(ctx, connection, creation, ARRAY_SIZE(creation));
}

/* A file with these first bytes, or an empty one, is for SQLite to judge. Anything else we do not
 * touch. Before SQLite has the file, so opening and closing it is harmless. New files are for their
 * owner's eyes, whatever the umask. */
enum err sqlite_prepare_file(struct ctx *ctx, const char *path)
{
    static const char magic[16] = "SQLite format 3";
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool created = fd >= 0;
    if (!created && errno == EEXIST)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(ctx, ERR_CONFIG, "database", "%s cannot be opened: %s", path, strerror(errno));
    char head[sizeof magic] = "";
    ssize_t bytes = 0;
    struct stat status = {};
    bool usable = created ? fchmod(fd, 0600) == 0 : fstat(fd, &status) == 0;
    if (usable && !created)
        bytes = read(fd, head, sizeof head);
    int reason = errno;
    close(fd);
    if (!usable || bytes < 0)
        return fail(ctx, ERR_CONFIG, "database", "%s cannot be used: %s", path, strerror(reason));
    if (bytes > 0 && (bytes < (ssize_t)sizeof head || memcmp(head, magic, sizeof magic) != 0))
        return file_refuse(ctx, path, "not an SQLite file");
    if (status.st_mode & 077)
        log_line(LOG_WARN, "store", "%s can be read by other users: chmod 600 it", path);
    return OK;
}

/* ---- Opening ---- */

static int64_t file_bytes(const char *path, const char *suffix)
{
    char name[4096 + 8] = "";
    struct stat status;
    if (strlen(path) >= 4096)
        return 0;
    stpcpy(stpcpy(name, path), suffix);
    return stat(name, &status) == 0 ? (int64_t)status.st_size : 0;
}

static int log_grown(void *self, sqlite3 *handle, const char *schema, int frames)
{
    (void)handle;
    (void)schema;
    struct connection *connection = self;
    if (frames <= connection->log_frames) /* it has begun anew */
        connection->log_copied = 0;
    connection->log_frames = frames;
    return SQLITE_OK;
}

static enum err connection_start(struct ctx *ctx, struct connection *connection, const char *path,
                                 enum access access)
{
    char page[32];
    connection_guard(connection);
    enum err err = access == ACCESS_WRITE ? file_claim(ctx, connection, path)
                                          : file_is_ours(ctx, connection, path);
    if (!err)
        err = settings_apply(ctx, connection, settings, ARRAY_SIZE(settings));
    if (!err && access == ACCESS_WRITE)
        err = settings_apply(ctx, connection, writer_settings, ARRAY_SIZE(writer_settings));
    if (!err && access == ACCESS_READ)
        err = settings_apply(ctx, connection, reader_settings, ARRAY_SIZE(reader_settings));
    if (!err)
        err = sqlite_pragma(ctx, connection, "PRAGMA page_size", page);
    if (!err)
        err = controls_prepare(ctx, connection);
    if (err)
        return err;
    connection->frame_bytes = strtoll(page, NULL, 10) + LOG_FRAME_HEADER_BYTES;
    if (access == ACCESS_WRITE) {
        /* What a killed process has left is to be copied too; at most so much of it is valid. */
        int64_t left_bytes = file_bytes(path, "-wal") - LOG_HEADER_BYTES;
        connection->log_frames = left_bytes > 0 ? left_bytes / connection->frame_bytes : 0;
        /* After the settings: wal_autocheckpoint takes the hook away. */
        sqlite3_wal_hook(connection->handle, log_grown, connection);
        sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    return OK;
}

enum err sqlite_open(struct ctx *ctx, const char *path, enum access access, struct connection **ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, sqlite_start);
    enum err err = OK;
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a connection");
    int flags = access == ACCESS_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(path, &connection->handle,
                               flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               access == ACCESS_WRITE ? SQLITE_CLEAN_VFS : NULL);
    if (code && !connection->handle)
        err = fail(ctx, ERR_MEMORY, NULL, "no memory for a connection");
    else if (code)
        err = connection_fail(ctx, connection, code, "open");
    else
        err = connection_start(ctx, connection, path, access);
    if (err) {
        sqlite_close(connection);
        return err;
    }
    *ret = connection;
    return OK;
}

void sqlite_close(struct connection *connection)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(connection->controls[i]);
    /* The last connection of all checkpoints and removes the log here, unless told not to. */
    int code = sqlite3_close(connection->handle);
    assert(code == SQLITE_OK); /* every statement was finished */
    (void)code;
    free(connection);
}

void sqlite_sizes(const char *path, int64_t *ret_data_bytes, int64_t *ret_log_bytes)
{
    *ret_data_bytes = file_bytes(path, "");
    *ret_log_bytes = file_bytes(path, "-wal");
}
