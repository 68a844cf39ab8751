/* shim_io.c: libc's writing calls, with failures on demand. Knows nothing of who calls it. */
#include "shim_io.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct shim_control own_control;
static struct shim_control *control = &own_control;

struct shim_control *shim_control(void)
{
    return control;
}

__attribute__((constructor)) static void shim_start(void)
{
    const char *path = getenv("FUNNELD_TEST_SHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED)
        control = shared;
}

static bool matches(int fd)
{
    char link[32], path[1024];
    size_t suffix = strnlen(control->match, sizeof control->match);
    if (suffix == 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return length >= (ssize_t)suffix &&
           memcmp(path + length - (ssize_t)suffix, control->match, suffix) == 0;
}

/* Counts a call; whether it is to fail, with errno set. */
static bool counted_fails(void)
{
    long long number = atomic_fetch_add(&control->counted, 1) + 1;
    long long at = atomic_load(&control->fail_at);
    if (at == 0 || number < at || (number > at && !atomic_load(&control->for_good)))
        return false;
    atomic_fetch_add(&control->failed, 1);
    errno = atomic_load(&control->error);
    return true;
}

static bool fails(int fd, enum shim_call call)
{
    int saved = errno;
    bool counted = (atomic_load(&control->calls) & (int)call) && matches(fd);
    errno = saved;
    return counted && counted_fails();
}

int shim_allocation_fails(void)
{
    return (atomic_load(&control->calls) & SHIM_ALLOCATE) && counted_fails();
}

/* How much of a write up to `end` still fits on the disk that we pretend to have. */
static ssize_t room(int fd, off_t offset, size_t bytes)
{
    struct stat status;
    if (!atomic_load(&control->space_set) || !matches(fd) || fstat(fd, &status) != 0)
        return (ssize_t)bytes;
    long long growth = (long long)offset + (long long)bytes - (long long)status.st_size;
    if (growth <= 0)
        return (ssize_t)bytes;
    long long left = atomic_load(&control->space_bytes);
    long long fits = growth < left ? growth : left;
    atomic_fetch_sub(&control->space_bytes, fits);
    if (fits < growth)
        atomic_fetch_add(&control->failed, 1);
    return (ssize_t)bytes - (ssize_t)(growth - fits);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    if (fails(fd, SHIM_WRITE))
        return -1;
    ssize_t fits = room(fd, offset, bytes);
    if (fits <= 0 && bytes > 0) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(pwrite64)(fd, data, (size_t)fits, offset);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    if (fails(fd, SHIM_WRITE))
        return -1;
    return REAL(write)(fd, data, bytes);
}

int fdatasync(int fd)
{
    return fails(fd, SHIM_SYNC) ? -1 : REAL(fdatasync)(fd);
}

int fsync(int fd)
{
    return fails(fd, SHIM_SYNC) ? -1 : REAL(fsync)(fd);
}

int ftruncate64(int fd, off64_t bytes)
{
    return fails(fd, SHIM_TRUNCATE) ? -1 : REAL(ftruncate64)(fd, bytes);
}
