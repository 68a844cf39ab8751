/* store.c: the data file as a whole: the writer's connection, readers. Knows neither engine nor
 * resource; where the file lies and whose it is is place.c's. */
#include "store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "migrate.h"
#include "place.h"

struct store {
    const struct driver *driver;
    struct catalogue catalogue;
    struct place place;
    struct db *writer; /* NULL: it is only looked at */
    atomic_int readers;
    atomic_int_least64_t changes[CHANGE_COUNT];
};

/* ---- Opening and closing ---- */

static enum err store_new(struct ctx *ctx, const struct catalogue *catalogue, struct store **ret)
{
    struct store *store = *ret = calloc(1, sizeof *store);
    if (!store)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the store");
    store->driver = &driver_sqlite;
    store->catalogue = *catalogue;
    store->place.lock_fd = store->place.data_fd = -1;
    return OK;
}

static struct catalogue embedded(void)
{
    return (struct catalogue){ .texts = sql_texts,
                               .text_count = SQL_COUNT,
                               .migrations = migrations,
                               .migration_count = migrations_count };
}

enum err store_open_with(struct ctx *ctx, const char *path, const struct catalogue *catalogue,
                         struct store **ret)
{
    struct store *store;
    enum err err = store_new(ctx, catalogue, &store);
    if (err)
        return err;
    err = place_take(ctx, path, &store->place);
    if (!err)
        err = store->driver->prepare_file(ctx, store->place.path);
    if (!err)
        err = place_hold(ctx, &store->place);
    if (!err)
        err = db_open(ctx, store->driver, &store->catalogue, store->place.path, ACCESS_WRITE,
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
    const struct catalogue catalogue = embedded();
    return store_open_with(ctx, path, &catalogue, ret);
}

/* Its own connection, which is closed again: whoever reads gets one of store_reader(). */
static enum err look_at_schema(struct ctx *ctx, struct store *store, bool *ret_current)
{
    struct db *db;
    enum err err = store_reader(ctx, store, &db);
    if (err == ERR_CORRUPT) {
        failure_clear(ctx);
        err = fail(ctx, err, NULL, "%s is damaged, or no data file of funneld", store->place.path);
    }
    if (err)
        return err;
    err = migrate_look(ctx, db, store->catalogue.migrations, store->catalogue.migration_count,
                       ret_current);
    db_close(db);
    return err;
}

enum err store_look(struct ctx *ctx, const char *path, struct store **ret, bool *ret_current)
{
    const struct catalogue catalogue = embedded();
    struct store *store;
    enum err err = store_new(ctx, &catalogue, &store);
    if (err)
        return err;
    store->place.path = realpath(path, NULL);
    if (!store->place.path)
        err = fail(ctx, ERR_NOT_FOUND, NULL, "%s cannot be read: %s", path, strerror(errno));
    struct stat status;
    if (!err && (stat(path, &status) != 0 || !S_ISREG(status.st_mode)))
        err = fail(ctx, ERR_CONFIG, NULL, "%s is no regular file", path);
    if (!err)
        err = look_at_schema(ctx, store, ret_current);
    if (err) {
        store_close(store);
        return err;
    }
    *ret = store;
    return OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    assert(atomic_load(&store->readers) ==
           0); /* the writer's connection must be the last: it settles the log */
    db_close(store->writer);
    /* The lock goes last: whoever takes it finds the file at rest. */
    place_leave(&store->place);
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
    enum err err =
        db_open(ctx, store->driver, &store->catalogue, store->place.path, ACCESS_READ, &db);
    if (err)
        return err;
    atomic_fetch_add(&store->readers, 1);
    db->closed = reader_closed;
    db->closed_self = store;
    *ret = db;
    return OK;
}

enum err store_verify(struct ctx *ctx, struct store *store, bool thorough,
                      const struct watch *watch)
{
    struct db *db;
    enum err err = store_reader(ctx, store, &db);
    if (err)
        return err;
    err = store->driver->verify(ctx, db->connection, thorough, watch);
    db_close(db);
    return err;
}

enum err store_copy(struct ctx *ctx, struct store *store, const char *target,
                    const struct watch *watch)
{
    struct db *db;
    enum err err = store_reader(ctx, store, &db);
    if (err)
        return err;
    err = store->driver->copy(ctx, db->connection, target, watch);
    db_close(db);
    return err;
}

/* ---- Upkeep ---- */

enum err store_checkpoint(struct ctx *ctx, struct store *store, bool truncate)
{
    enum err err = store->driver->checkpoint(ctx, store->writer->connection, truncate);
    if (!err)
        metric_add(METRIC_CHECKPOINTS, 1);
    return err;
}

enum err store_wipe(struct ctx *ctx, struct store *store)
{
    enum err err = store->driver->wipe(ctx, store->writer->connection);
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
    store->driver->sizes(store->place.path, &data, &log);
    return log;
}

int64_t store_file_bytes(const struct store *store)
{
    int64_t data, log;
    store->driver->sizes(store->place.path, &data, &log);
    return data;
}

/* Whether a text is a statement, and not a part of a query that only makes sense among others. */
static bool text_is_whole(const char *text)
{
    static const char *const beginnings[] = { "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH " };
    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
        if (strncasecmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

enum err store_check_statements(struct ctx *ctx, struct db *db)
{
    enum err first = OK;
    for (size_t i = 0; i < db->catalogue->text_count; i++) {
        if (!text_is_whole(db->catalogue->texts[i].text))
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
