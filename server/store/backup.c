/* backup.c: a copy of the data made while others write, and a copy put in the data's place. Both
 * are one and the same: copied row by row into a new file, looked through, and named when whole. */
#include "store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"

static void store_done(struct store **store)
{
    store_close(*store);
}

static void fd_done(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err path_make(struct ctx *ctx, const char *path, const char *suffix, const char **ret)
{
    *ret = arena_printf(ctx->arena, "%s%s", path, suffix);
    return *ret ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
}

/* ---- What both do ---- */

/* The whole of `from` in `part`, which `fd` keeps from others. */
static enum err part_fill(struct ctx *ctx, struct store *from, const char *part,
                          const struct watch *watch)
{
    _cleanup_(store_done) struct store *copy = NULL;
    bool current;
    enum err err = store_copy(ctx, from, part, watch);
    if (!err)
        err = store_look(ctx, part, &copy, &current);
    return err ? err : store_verify(ctx, copy, /* thorough= */ false, watch);
}

/* ---- The hash beside a backup, as `sha256sum -c` reads it ---- */

static enum err hash_write(struct ctx *ctx, const char *backup, const char *path, const char *hash)
{
    const char *part;
    char *copy = ctx_text(ctx, backup);
    enum err err = copy ? path_make(ctx, path, ".part", &part) : ERR_MEMORY;
    _cleanup_(fd_done) int fd = -1;
    if (!err)
        err = file_begin(ctx, part, &fd);
    if (!err && dprintf(fd, "%s  %s\n", hash, basename(copy)) < 0)
        err = fail(ctx, ERR_STORAGE, NULL, "%s cannot be written: %s", path, strerror(errno));
    return err ? err : file_publish(ctx, part, path);
}

enum err store_backup_compare(struct ctx *ctx, const char *backup, const struct watch *watch,
                              bool *ret_known)
{
    const char *path;
    char kept[FILE_HASH_SIZE] = "", hash[FILE_HASH_SIZE];
    *ret_known = false;
    enum err err = path_make(ctx, backup, ".sha256", &path);
    if (err)
        return err;
    _cleanup_(fd_done) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return OK;
    if (fd < 0 || read(fd, kept, sizeof kept - 1) != sizeof kept - 1)
        return fail(ctx, ERR_STORAGE, NULL, "%s cannot be read", path);
    err = file_hash(ctx, backup, watch, hash);
    if (!err && strcmp(hash, kept) != 0)
        err = fail(ctx, ERR_CORRUPT, NULL, "%s is not what %s says: it was changed or damaged",
                   backup, path);
    *ret_known = !err;
    return err;
}

/* ---- Backup ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static enum err target_check(struct ctx *ctx, const char *path, const char *target, bool replace)
{
    static const char *const belongings[] = { "", "-wal", "-shm", ".lock" };
    struct stat given, own;
    if (stat(target, &given) != 0)
        return OK;
    for (size_t i = 0; i < ARRAY_SIZE(belongings); i++) {
        const char *name;
        enum err err = path_make(ctx, path, belongings[i], &name);
        if (err)
            return err;
        if (stat(name, &own) == 0 && same_file(&given, &own))
            return fail(ctx, ERR_CONFLICT, NULL, "%s belongs to the data file itself", target);
    }
    if (!S_ISREG(given.st_mode))
        return fail(ctx, ERR_CONFLICT, NULL, "%s is no regular file: name the file to be made",
                    target);
    return replace
               ? OK
               : fail(ctx, ERR_CONFLICT, NULL,
                      "there is a file %s already: name another one, or replace it with --force",
                      target);
}

/* The old hash goes before the old file: a hash never stands beside a file that it is not of. */
static enum err backup_publish(struct ctx *ctx, const char *part, const char *target,
                               const struct backup *backup)
{
    const char *hash_path;
    enum err err = path_make(ctx, target, ".sha256", &hash_path);
    if (!err && unlink(hash_path) != 0 && errno != ENOENT)
        err = fail(ctx, ERR_STORAGE, NULL, "%s cannot be removed: %s", hash_path, strerror(errno));
    if (!err)
        err = file_publish(ctx, part, target);
    return err ? err : hash_write(ctx, target, hash_path, backup->hash);
}

enum err store_backup(struct ctx *ctx, const char *path, const char *target, bool replace,
                      const struct watch *watch, struct backup *ret)
{
    _cleanup_(store_done) struct store *store = NULL;
    const char *part;
    struct stat status;
    bool current;
    enum err err = store_look(ctx, path, &store, &current);
    if (!err)
        err = target_check(ctx, path, target, replace);
    if (!err)
        err = path_make(ctx, target, ".part", &part);
    _cleanup_(fd_done) int fd = -1; /* closed when no connection has the file any more */
    if (!err)
        err = file_begin(ctx, part, &fd);
    if (err)
        return err;
    err = part_fill(ctx, store, part, watch);
    if (!err)
        err = file_hash(ctx, part, watch, ret->hash);
    if (!err && fstat(fd, &status) == 0)
        ret->bytes = status.st_size;
    if (!err)
        err = backup_publish(ctx, part, target, ret);
    if (err)
        unlink(part);
    return err;
}

/* ---- Restore ---- */

static enum err place_check(struct ctx *ctx, const struct place *place, const char *backup,
                            bool replace)
{
    struct stat given, own;
    if (stat(place->path, &own) != 0)
        return OK;
    if (stat(backup, &given) == 0 && same_file(&given, &own))
        return fail(ctx, ERR_CONFLICT, NULL, "%s is the data file itself", backup);
    return replace ? OK
                   : fail(ctx, ERR_CONFLICT, NULL,
                          "there is a data file %s already: --force puts it aside and keeps it",
                          place->path);
}

static enum err backup_check(struct ctx *ctx, const char *backup, const struct watch *watch,
                             struct store **ret)
{
    bool known, current;
    enum err err = store_backup_compare(ctx, backup, watch, &known);
    if (!err)
        err = store_look(ctx, backup, ret, &current);
    return err ? err : store_verify(ctx, *ret, /* thorough= */ true, watch);
}

/* From file_publish() on the restored file is the data, and whoever takes the lock next finishes
 * what is left to do. Before it, nothing has changed. */
static enum err restore_in(struct ctx *ctx, const struct place *place, struct store *store,
                           const struct watch *watch, const char **ret_aside)
{
    const char *part, *restored = place_restored_path(ctx, place->path);
    enum err err = restored ? path_make(ctx, place->path, ".restoring", &part)
                            : fail(ctx, ERR_MEMORY, NULL, "no memory for a path");
    _cleanup_(fd_done) int fd = -1;
    if (!err)
        err = file_begin(ctx, part, &fd);
    if (err)
        return err;
    err = part_fill(ctx, store, part, watch);
    if (!err)
        err = file_publish(ctx, part, restored);
    if (err)
        unlink(part);
    return err ? err : place_finish_restore(ctx, place->path, ret_aside);
}

enum err store_restore(struct ctx *ctx, const char *backup, const char *path, bool replace,
                       const struct watch *watch, const char **ret_aside)
{
    _cleanup_(store_done) struct store *store = NULL;
    _cleanup_(place_leave) struct place place;
    enum err err = place_take(ctx, path, &place);
    if (!err)
        err = place_hold(ctx, &place);
    if (!err)
        err = place_check(ctx, &place, backup, replace);
    if (!err)
        err = backup_check(ctx, backup, watch, &store);
    return err ? err : restore_in(ctx, &place, store, watch, ret_aside);
}
