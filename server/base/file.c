/* file.c: files that others may read at any moment: they are made under another name, and get their
 * own when they are whole. Knows not what is in them. */
#include <funneld/base.h>

#include "sodium_ready.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 << 10 };

_Static_assert(FILE_HASH_SIZE == 2 * crypto_hash_sha256_BYTES + 1, "SHA-256 in hexadecimal");

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

bool watch_step(const struct watch *watch, const char *what, int64_t done, int64_t total)
{
    return !watch || watch->step(watch->self, what, done, total);
}

/* A wrong path stays wrong; whatever else it is may be right the next time. */
static enum err file_fail(struct ctx *ctx, const char *path, const char *what)
{
    bool is_path = errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == EROFS;
    return fail(ctx, is_path ? ERR_NOT_FOUND : ERR_STORAGE, NULL, "%s cannot be %s: %s", path, what,
                strerror(errno));
}

enum err file_begin(struct ctx *ctx, const char *path, int *ret_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return file_fail(ctx, path, "written");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return fail(ctx, ERR_BUSY, NULL, "another process is writing %s", path);
    }
    if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0) {
        enum err err = file_fail(ctx, path, "written");
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

enum err file_settle_names(struct ctx *ctx, const char *path)
{
    char *copy = ctx_text(ctx, path);
    if (!copy)
        return ERR_MEMORY;
    const char *folder = dirname(copy);
    _cleanup_(fd_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? OK : file_fail(ctx, folder, "written");
}

enum err file_publish(struct ctx *ctx, const char *unfinished, const char *path)
{
    _cleanup_(fd_close) int fd = open(unfinished, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return file_fail(ctx, unfinished, "written");
    if (rename(unfinished, path) != 0)
        return file_fail(ctx, path, "written");
    return file_settle_names(ctx, path);
}

enum err file_hash(struct ctx *ctx, const char *path, const struct watch *watch,
                   char text[static FILE_HASH_SIZE])
{
    sodium_ready();
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    struct stat status;
    uint8_t *piece = ctx_alloc(ctx, PIECE_BYTES);
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!piece)
        return ERR_MEMORY;
    if (fd < 0 || fstat(fd, &status) != 0)
        return file_fail(ctx, path, "read");
    crypto_hash_sha256_init(&state);
    ssize_t bytes;
    for (int64_t done = 0; (bytes = read(fd, piece, PIECE_BYTES)) > 0; done += bytes) {
        if (!watch_step(watch, "SHA-256", done, status.st_size))
            return fail(ctx, ERR_CONFLICT, NULL, "interrupted");
        crypto_hash_sha256_update(&state, piece, (size_t)bytes);
    }
    if (bytes < 0)
        return file_fail(ctx, path, "read");
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(text, FILE_HASH_SIZE, hash, sizeof hash);
    return OK;
}
