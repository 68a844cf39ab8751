/* driver_sqlite_copy.c: whole files of SQLite's: copied while others write, and looked through for
 * damage. */
#include "driver_sqlite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_US = 10000 };

/* One statement at work, and who looks at it. */
struct watched {
    const struct watch *watch;
    const char *what, *path; /* the file that grows; NULL: none does */
    int64_t total_bytes;
    sqlite3 *handle;
    atomic_bool ended, stopped;
};

static bool watched_step(const struct watched *watched)
{
    struct stat status = { 0 };
    if (watched->path && stat(watched->path, &status) != 0)
        return true;
    return watch_step(watched->watch, watched->what, status.st_size, watched->total_bytes);
}

/* On a thread of its own, because SQLite looks through a whole file without a call of its progress
 * handler, but not without seeing that it was interrupted. Again and again: what comes before a
 * statement has begun is lost on it. */
static void *watched_look(void *self)
{
    struct watched *watched = self;
    for (; !atomic_load(&watched->ended); usleep(LOOK_US))
        if (!watched_step(watched)) {
            atomic_store(&watched->stopped, true);
            sqlite3_interrupt(watched->handle);
        }
    return NULL;
}

static int statement_step(sqlite3_stmt *handle, struct watched *watched)
{
    pthread_t looker;
    if (!watched->watch)
        return sqlite3_step(handle);
    if (pthread_create(&looker, NULL, watched_look, watched) != 0)
        return SQLITE_NOMEM;
    int code = sqlite3_step(handle);
    atomic_store(&watched->ended, true);
    pthread_join(looker, NULL);
    return code;
}

/* Runs one statement under the watch; *ret_text: the first column of its row. */
static enum err watched_run(struct ctx *ctx, struct connection *connection, const char *text,
                            const char *param, struct watched *watched, const char **ret_text)
{
    sqlite3_stmt *handle = NULL;
    watched->handle = connection->handle;
    int code = sqlite3_prepare_v2(connection->handle, text, -1, &handle, NULL);
    if (!code && param)
        code = sqlite3_bind_text(handle, 1, param, -1, SQLITE_STATIC);
    if (!code)
        code = statement_step(handle, watched);
    enum err err = OK;
    if (atomic_load(&watched->stopped)) /* even where it came to an end: to which is not known */
        err = fail(ctx, ERR_CONFLICT, NULL, "interrupted");
    else if (code != SQLITE_ROW && code != SQLITE_DONE)
        err = connection_fail(ctx, connection, code, watched->what);
    if (!err && code == SQLITE_ROW && ret_text) {
        const char *column = (const char *)sqlite3_column_text(handle, 0);
        *ret_text = ctx_text(ctx, column ? column : "");
        if (!*ret_text)
            err = ERR_MEMORY;
    }
    sqlite3_finalize(handle);
    return err;
}

/* VACUUM INTO and not sqlite3_backup_step(), which copies pages as they are: what was deleted may
 * still stand in free pages and in the gaps of others. This writes every row anew into a new file,
 * so no byte of an erased lead gets there, and the file is as small as it can be. It reads what was
 * committed when it began, and holds nobody up; only the log grows meanwhile. */
enum err sqlite_copy(struct ctx *ctx, struct connection *connection, const char *target,
                     const struct watch *watch)
{
    struct watched watched = { .watch = watch, .what = "copying", .path = target };
    char pages[32], page_bytes[32];
    enum err err = sqlite_pragma(
        ctx, connection,
        "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count", pages);
    if (!err)
        err = sqlite_pragma(ctx, connection, "PRAGMA page_size", page_bytes);
    /* It is the new file that is written, but the setting knows no difference. The connection has
     * the other one read-only all the same. */
    char ignored[32];
    if (!err)
        err = sqlite_pragma(ctx, connection, "PRAGMA query_only = OFF", ignored);
    if (err)
        return err;
    watched.total_bytes = strtoll(pages, NULL, 10) * strtoll(page_bytes, NULL, 10);
    err = watched_run(ctx, connection, "VACUUM INTO ?1", target, &watched, NULL);
    enum err closed = sqlite_pragma(ctx, connection, "PRAGMA query_only = ON", ignored);
    return err ? err : closed;
}

enum err sqlite_verify(struct ctx *ctx, struct connection *connection, bool thorough,
                       const struct watch *watch)
{
    struct watched watched = { .watch = watch, .what = "looking for damage" };
    const char *finding = NULL;
    enum err err = watched_run(ctx, connection,
                               thorough ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)",
                               NULL, &watched, &finding);
    if (!err && (!finding || strcmp(finding, "ok") != 0))
        err = fail(ctx, ERR_CORRUPT, NULL, "the file is damaged: %s", finding ? finding : "?");
    return err;
}
