/* admin_key.c: the file of the key that a first start makes. It never takes the place of the key of
 * another data file in the same folder. */
#include "admin_key.h"

#include <funneld/api.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct key_paths {
    const char *first;  /* as told, or admin.key beside the data file */
    const char *own;    /* where another data file has that */
    const char *unborn; /* until the key is in the data file; NULL: it is written in its place */
};

static bool key_paths_make(struct arena *arena, const struct config *config, struct key_paths *ret)
{
    *ret = (struct key_paths){ .first = config->admin_key_file };
    if (*config->admin_key_file)
        return true;
    const char *slash = strrchr(config->database, '/');
    int folder = slash ? (int)(slash - config->database) + 1 : 0;
    ret->first = arena_printf(arena, "%.*sadmin.key", folder, config->database);
    ret->own = arena_printf(arena, "%s.admin.key", config->database);
    ret->unborn = arena_printf(arena, "%s.new.admin.key", config->database);
    return ret->first && ret->own && ret->unborn;
}

/* Readable by this user alone, and on the disk before the key can be used. */
static enum err file_write(struct ctx *ctx, const char *path, const char *key)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return fail(ctx, ERR_CONFIG, "admin_key_file", "cannot write %s: %s", path,
                    strerror(errno));
    size_t length = strlen(key);
    bool written = fchmod(file, 0600) == 0 && write(file, key, length) == (ssize_t)length &&
                   write(file, "\n", 1) == 1 && fsync(file) == 0;
    int error = errno;
    close(file);
    return written ? OK
                   : fail(ctx, ERR_STORAGE, NULL, "cannot write %s: %s", path, strerror(error));
}

enum err admin_key_write(struct ctx *ctx, const struct config *config, const char *key)
{
    struct key_paths paths;
    if (!key_paths_make(ctx->arena, config, &paths))
        return fail(ctx, ERR_MEMORY, NULL, "no memory at start");
    return file_write(ctx, paths.unborn ? paths.unborn : paths.first, key);
}

/* Where the file system knows no renaming that spares what is there, its own name will do. */
enum err admin_key_publish(struct ctx *ctx, const struct config *config, bool is_new,
                           const char **ret_path)
{
    struct key_paths paths;
    *ret_path = NULL;
    if (!key_paths_make(ctx->arena, config, &paths))
        return fail(ctx, ERR_MEMORY, NULL, "no memory at start");
    if (!paths.unborn)
        *ret_path = is_new ? paths.first : NULL;
    else if (renameat2(AT_FDCWD, paths.unborn, AT_FDCWD, paths.first, RENAME_NOREPLACE) == 0)
        *ret_path = paths.first;
    else if (errno != ENOENT && rename(paths.unborn, paths.own) == 0)
        *ret_path = paths.own;
    else if (errno != ENOENT)
        return fail(ctx, ERR_CONFIG, "admin_key_file", "cannot name %s: %s", paths.unborn,
                    strerror(errno));
    return OK;
}

const char *service_admin_key(struct arena *arena, const struct config *config)
{
    struct key_paths paths;
    if (!key_paths_make(arena, config, &paths))
        return NULL;
    return paths.own && access(paths.own, F_OK) == 0 ? paths.own : paths.first;
}
