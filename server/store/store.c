/* store.c: the data file as a whole: one process at a time, the writer's connection, readers. Knows
 * neither engine nor resource. */
#include "store_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "migrate.h"

struct store {
    const struct driver *driver;
    struct catalogue catalogue;
    char *path;  /* absolute, no symbolic links: one file has one lock, whatever way leads to it */
    int lock_fd; /* held open for as long as the process has the file */
    struct db *writer;
    atomic_int readers;
    atomic_int_least64_t changes[CHANGE_COUNT];
};

/* ---- Where it lies ---- */

/* File systems over a network lie about locks and about what they have written. Their numbers are
 * in statfs(2). */
static const struct {
    long type;
    const char *name;
} network_filesystems[] = {
    { 0x6969, "NFS" },      { 0x517b, "SMB" },     { 0xff534d42, "CIFS" },
    { 0xfe534d42, "SMB2" }, { 0x5346414f, "AFS" },
};

static enum err directory_check(struct ctx *ctx, const char *path, const char *directory)
{
    struct stat status;
    if (stat(directory, &status) != 0 || !S_ISDIR(status.st_mode))
        return fail(ctx, ERR_CONFIG, "database",
                    "the directory %s of database %s does not exist: choose the file with "
                    "--database=FILE or FUNNELD_DATABASE, or create the directory for the user "
                    "that runs funneld (mkdir -p %s)",
                    directory, path, directory);
    if (access(directory, W_OK | X_OK) != 0)
        return fail(ctx, ERR_CONFIG, "database",
                    "the directory %s of database %s cannot be written to by this user: the log "
                    "and the lock lie beside the data file",
                    directory, path);
    struct statfs filesystem;
    if (statfs(directory, &filesystem) != 0)
        return OK;
    for (size_t i = 0; i < ARRAY_SIZE(network_filesystems); i++)
        if ((long)filesystem.f_type == network_filesystems[i].type)
            return fail(ctx, ERR_CONFIG, "database",
                        "%s lies on a network file system (%s), where locks and fsync cannot be "
                        "trusted: move it to a local disk",
                        path, network_filesystems[i].name);
    return OK;
}

/* The absolute path, in memory from malloc(). The file itself need not exist yet. */
static enum err path_resolve(struct ctx *ctx, const char *path, char **ret)
{
    char *in_directory = ctx_text(ctx, path), *in_name = ctx_text(ctx, path);
    if (!in_directory || !in_name)
        return ERR_MEMORY;
    const char *directory = dirname(in_directory), *name = basename(in_name);
    enum err err = directory_check(ctx, path, directory);
    if (err)
        return err;
    char *resolved = realpath(path, NULL);
    if (!resolved && errno == ENOENT) {
        char *parent = realpath(directory, NULL);
        if (parent &&
            asprintf(&resolved, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name) < 0)
            resolved = NULL;
        free(parent);
    }
    if (!resolved)
        return fail(ctx, ERR_CONFIG, "database", "%s cannot be resolved: %s", path,
                    strerror(errno));
    struct stat status;
    if (stat(resolved, &status) == 0 && !S_ISREG(status.st_mode)) {
        free(resolved);
        return fail(ctx, ERR_CONFIG, "database",
                    "%s is not a file: set \"database\" to the path of one", path);
    }
    *ret = resolved;
    return OK;
}

/* ---- The lock ---- */

/* The kernel lets go of it when the process dies in whatever way, so a lock file that lies about
 * means nothing. */
static enum err lock_take(struct ctx *ctx, struct store *store)
{
    const char *path = arena_printf(ctx->arena, "%s.lock", store->path);
    if (!path)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0)
        return fail(ctx, ERR_CONFIG, "database", "%s cannot be opened: %s", path, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        char holder[24] = "";
        ssize_t bytes = pread(store->lock_fd, holder, sizeof holder - 1, 0);
        holder[bytes > 0 ? strspn(holder, "0123456789") : 0] = '\0';
        return fail(ctx, ERR_CONFLICT, NULL,
                    "another process%s%s has the database %s: only one may", *holder ? " " : "",
                    holder, store->path);
    }
    /* For people who wonder who has it. */
    char pid[24];
    int length = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(store->lock_fd, 0) != 0 ||
        pwrite(store->lock_fd, pid, (size_t)length, 0) != length)
        log_line(LOG_WARN, "store", "%s: the process number could not be noted: %s", path,
                 strerror(errno));
    return OK;
}

/* ---- Opening and closing ---- */

enum err store_open_with(struct ctx *ctx, const char *path, const struct catalogue *catalogue,
                         struct store **ret)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the store");
    store->driver = &driver_sqlite;
    store->catalogue = *catalogue;
    store->lock_fd = -1;
    enum err err = path_resolve(ctx, path, &store->path);
    if (!err)
        err = lock_take(ctx, store);
    if (!err)
        err = store->driver->prepare_file(ctx, store->path);
    if (!err)
        err = db_open(ctx, store->driver, &store->catalogue, store->path, ACCESS_WRITE,
                      &store->writer);
    if (!err)
        err = migrate_run(ctx, store->writer, catalogue->migrations, catalogue->migration_count);
    if (err) {
        store_close(store);
        return err;
    }
    *ret = store;
    return OK;
}

enum err store_open(struct ctx *ctx, const char *path, struct store **ret)
{
    const struct catalogue embedded = {
        .texts = sql_texts,
        .text_count = SQL_COUNT,
        .migrations = migrations,
        .migration_count = migrations_count,
    };
    return store_open_with(ctx, path, &embedded, ret);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    assert(atomic_load(&store->readers) ==
           0); /* the writer's connection must be the last: it settles the log */
    db_close(store->writer);
    /* The lock goes last: whoever takes it finds the file at rest. Its file stays: removing it
     * would let two processes lock two different files of that name. */
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store);
}

struct db *store_writer(struct store *store)
{
    return store->writer;
}

static void reader_closed(void *self)
{
    struct store *store = self;
    atomic_fetch_sub(&store->readers, 1);
}

enum err store_reader(struct ctx *ctx, struct store *store, struct db **ret)
{
    struct db *db = NULL;
    enum err err = db_open(ctx, store->driver, &store->catalogue, store->path, ACCESS_READ, &db);
    if (err)
        return err;
    atomic_fetch_add(&store->readers, 1);
    db->closed = reader_closed;
    db->closed_self = store;
    *ret = db;
    return OK;
}

/* ---- Upkeep ---- */

enum err store_checkpoint(struct ctx *ctx, struct store *store, bool truncate)
{
    enum err err = store->driver->checkpoint(ctx, store->writer->connection, truncate);
    if (!err)
        metric_add(METRIC_CHECKPOINTS, 1);
    return err;
}

int64_t store_changes(const struct store *store, enum change change)
{
    return atomic_load(&store->changes[change]);
}

void store_changed(struct store *store, unsigned noted)
{
    for (int change = 0; change < CHANGE_COUNT; change++)
        if (noted & 1u << change)
            atomic_fetch_add(&store->changes[change], 1);
}

int64_t store_wal_bytes(const struct store *store)
{
    int64_t data, log;
    store->driver->sizes(store->path, &data, &log);
    return log;
}

int64_t store_file_bytes(const struct store *store)
{
    int64_t data, log;
    store->driver->sizes(store->path, &data, &log);
    return data;
}

/* Whether a text is a part of a query, which only makes sense behind a first one. */
static bool text_is_part(const char *text)
{
    static const char *const beginnings[] = { "AND ",    "OR ",    "ORDER ", "WHERE ", "GROUP ",
                                              "HAVING ", "LIMIT ", "JOIN ",  "LEFT ",  "UNION ",
                                              ",",       "(",      ")" };
    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
        if (strncasecmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

enum err store_check_statements(struct ctx *ctx, struct db *db)
{
    enum err first = OK;
    for (size_t i = 0; i < db->catalogue->text_count; i++) {
        if (text_is_part(db->catalogue->texts[i].text))
            continue;
        struct prepared *prepared = NULL;
        struct ctx own = { .arena = ctx->arena }; /* the failure of each, not only of the first */
        enum err err = prepared_named(&own, db, (int)i, &prepared);
        if (!err)
            continue;
        log_line(LOG_ERROR, "store", "%s", own.failure.detail);
        if (!first)
            first = fail(ctx, err, NULL, "%s", own.failure.detail);
    }
    return first;
}
