/* shim_record.c: to be preloaded into a daemon: notes every write, truncation and sync of its data
 * file and log, in order, each after it was done. The notes survive kill -9, so that a test can
 * tell afterwards what a power cut at that moment would have left. */
#include "shim_record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int record_fd = -1;

__attribute__((constructor)) static void record_start(void)
{
    const char *path = getenv("FUNNELD_TEST_RECORD");
    if (path)
        record_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int file_of(int fd)
{
    static const char *const endings[RECORD_FILES] = { "/funneld.db", "/funneld.db-wal" };
    char link[32], path[1024];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    for (int i = 0; length > 0 && i < RECORD_FILES; i++) {
        size_t ending = strlen(endings[i]);
        path[length] = '\0';
        if ((size_t)length > ending && strcmp(path + length - ending, endings[i]) == 0)
            return i;
    }
    return -1;
}

static void note(int fd, enum record_call call, int64_t offset, const void *data, int64_t bytes)
{
    int saved = errno, file = record_fd >= 0 ? file_of(fd) : -1;
    struct record record = { (int32_t)call, file, offset, bytes };
    struct iovec parts[] = { { &record, sizeof record },
                             { (void *)(uintptr_t)data, data ? (size_t)bytes : 0 } };
    ssize_t whole = (ssize_t)(parts[0].iov_len + parts[1].iov_len);
    if (file >= 0 && writev(record_fd, parts, 2) != whole)
        abort();
    errno = saved;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    ssize_t written = REAL(pwrite64)(fd, data, bytes, offset);
    if (written > 0)
        note(fd, RECORD_WRITE, offset, data, written);
    return written;
}

int ftruncate64(int fd, off64_t bytes)
{
    int result = REAL(ftruncate64)(fd, bytes);
    if (result == 0)
        note(fd, RECORD_TRUNCATE, bytes, NULL, 0);
    return result;
}

int fdatasync(int fd)
{
    int result = REAL(fdatasync)(fd);
    if (result == 0)
        note(fd, RECORD_SYNC, 0, NULL, 0);
    return result;
}

int fsync(int fd)
{
    int result = REAL(fsync)(fd);
    if (result == 0)
        note(fd, RECORD_SYNC, 0, NULL, 0);
    return result;
}
