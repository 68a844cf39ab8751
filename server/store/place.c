/* place.c: where a data file lies and whose it is: its real path, the lock beside it, and the last
 * steps of a restore, which whoever takes the file next must finish. Knows neither engine nor
 * what is in it. */
#include "place.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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
static enum err place_resolve(struct ctx *ctx, const char *path, char **ret)
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
static enum err lock_take(struct ctx *ctx, struct place *place)
{
    const char *path = arena_printf(ctx->arena, "%s.lock", place->path);
    if (!path)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
    place->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (place->lock_fd < 0)
        return fail(ctx, ERR_CONFIG, "database", "%s cannot be opened: %s", path, strerror(errno));
    if (flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        char holder[24] = "";
        ssize_t bytes = pread(place->lock_fd, holder, sizeof holder - 1, 0);
        holder[bytes > 0 ? strspn(holder, "0123456789") : 0] = '\0';
        return fail(ctx, ERR_CONFLICT, NULL,
                    "another process%s%s has the database %s, and only one may: stop it first, or "
                    "name another file with --database",
                    *holder ? " " : "", holder, place->path);
    }
    /* For people who wonder who has it. */
    char pid[24];
    int length = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(place->lock_fd, 0) != 0 ||
        pwrite(place->lock_fd, pid, (size_t)length, 0) != length)
        log_line(LOG_WARN, "store", "%s: the process number could not be noted: %s", path,
                 strerror(errno));
    return OK;
}

/* ---- Putting a restored file in its place ---- */

/* What belongs to a data file and must not meet another one: its log would be taken for the new
 * file's. The file itself first: without it nobody takes the rest for anything. */
static const char *const belongings[] = { "", "-wal", "-journal" };

const char *place_restored_path(struct ctx *ctx, const char *path)
{
    return arena_printf(ctx->arena, "%s.restored", path);
}

/* The same name however often it is begun: it comes from the restored file. */
static const char *aside_path(struct ctx *ctx, const char *path, const struct stat *restored)
{
    char time[TIME_TEXT_SIZE];
    size_t length = 0;
    time_format(restored->st_mtim.tv_sec * 1000 + restored->st_mtim.tv_nsec / 1000000, time);
    for (const char *at = time; *at; at++)
        if (isalnum((unsigned char)*at))
            time[length++] = *at;
    return arena_printf(ctx->arena, "%s.replaced-%.*s", path, (int)length, time);
}

static enum err put_aside(struct ctx *ctx, const char *path, const char *aside)
{
    for (size_t i = 0; i < ARRAY_SIZE(belongings); i++) {
        const char *from = arena_printf(ctx->arena, "%s%s", path, belongings[i]);
        const char *to = arena_printf(ctx->arena, "%s%s", aside, belongings[i]);
        if (!from || !to)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
        if (rename(from, to) != 0 && errno != ENOENT)
            return fail(ctx, ERR_STORAGE, NULL, "%s cannot be moved to %s: %s", from, to,
                        strerror(errno));
    }
    const char *index = arena_printf(ctx->arena, "%s-shm", path);
    if (!index)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
    if (unlink(index) != 0 && errno != ENOENT)
        return fail(ctx, ERR_STORAGE, NULL, "%s cannot be removed: %s", index, strerror(errno));
    return OK;
}

enum err place_finish_restore(struct ctx *ctx, const char *path, const char **ret_aside)
{
    struct stat status;
    *ret_aside = NULL;
    const char *restored = place_restored_path(ctx, path);
    if (!restored)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
    if (stat(restored, &status) != 0)
        return OK;
    const char *aside = aside_path(ctx, path, &status);
    enum err err =
        aside ? put_aside(ctx, path, aside) : fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
    if (!err)
        err = file_settle_names(ctx, path); /* the old log is away before the new file comes */
    if (!err)
        err = file_publish(ctx, restored, path);
    if (!err && access(aside, F_OK) == 0)
        *ret_aside = aside;
    return err;
}

/* ---- Taking and leaving ---- */

enum err place_take(struct ctx *ctx, const char *path, struct place *ret)
{
    *ret = (struct place){ .lock_fd = -1, .data_fd = -1 };
    enum err err = place_resolve(ctx, path, &ret->path);
    if (!err)
        err = lock_take(ctx, ret);
    const char *aside = NULL;
    if (!err)
        err = place_finish_restore(ctx, ret->path, &aside);
    if (aside)
        log_line(LOG_WARN, "store",
                 "finished a restore that was interrupted; the data of before "
                 "is in %s",
                 aside);
    if (err)
        place_leave(ret);
    return err;
}

enum err place_hold(struct ctx *ctx, struct place *place)
{
    place->data_fd = open(place->path, O_RDONLY | O_CLOEXEC);
    if (place->data_fd < 0) /* the engine will say why */
        return OK;
    if (flock(place->data_fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (errno != EWOULDBLOCK)
        return fail(ctx, ERR_CONFIG, "database", "%s cannot be locked: %s: move it to a local disk",
                    place->path, strerror(errno));
    return fail(ctx, ERR_CONFLICT, NULL,
                "another process has the database %s, under another name or because its lock, "
                "%s.lock, was removed: stop that process first",
                place->path, place->path);
}

void place_leave(struct place *place)
{
    /* Not before the engine has closed it: with any of them the process loses its record locks. */
    if (place->data_fd >= 0)
        close(place->data_fd);
    /* The lock's file stays: removing it would let two processes lock two different files of that
     * name. */
    if (place->lock_fd >= 0)
        close(place->lock_fd);
    free(place->path);
    *place = (struct place){ .lock_fd = -1, .data_fd = -1 };
}
