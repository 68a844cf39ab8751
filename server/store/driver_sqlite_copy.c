/* driver_sqlite_copy.c: whole files of SQLite's: copied while others write, and looked through for
 * damage. */
#include "driver_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As for deadlines: some tens of microseconds between two looks. */
enum { WATCH_OPS = 1000 };

struct watched {
    const struct watch *watch;
    const char *what, *path; /* the file that grows; NULL: none does */
    int64_t total_bytes;
};

static int watched_look(void *self)
{
    const struct watched *watched = self;
    struct stat status = { 0 };
    if (watched->path && stat(watched->path, &status) != 0)
        return 0;
    return !watch_step(watched->watch, watched->what, status.st_size, watched->total_bytes);
}

/* Runs one statement under the watch; *ret_text: the first column of its row. */
static enum err watched_run(struct ctx *ctx, struct connection *connection, const char *text,
                            const char *param, struct watched *watched, const char **ret_text)
{
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v2(connection->handle, text, -1, &handle, NULL);
    if (!code && param)
        code = sqlite3_bind_text(handle, 1, param, -1, SQLITE_STATIC);
    sqlite3_progress_handler(connection->handle, WATCH_OPS, watched_look, watched);
    if (!code)
        code = sqlite3_step(handle);
    sqlite3_progress_handler(connection->handle, 0, NULL, NULL);
    enum err err = OK;
    if (code == SQLITE_INTERRUPT)
        err = fail(ctx, ERR_CONFLICT, NULL, "interrupted");
    else if (code != SQLITE_ROW && code != SQLITE_DONE)
        err = connection_fail(ctx, connection, code, watched->what);
    if (code == SQLITE_ROW && ret_text) {
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
