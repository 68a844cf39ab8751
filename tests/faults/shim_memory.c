/* shim_memory.c: malloc and its like, with failures on demand. shim_io.c says which; this file
 * knows only how memory is asked for. Preloaded into a daemon, and of no use under a sanitizer,
 * which has an allocator of its own. */
#include "shim_io.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* What stands behind the C library's own names. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *data, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes)
{
    return shim_allocation_fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return shim_allocation_fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *data, size_t bytes)
{
    return shim_allocation_fails() ? NULL : __libc_realloc(data, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return shim_allocation_fails() ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **ret, size_t alignment, size_t bytes)
{
    if (shim_allocation_fails())
        return ENOMEM;
    *ret = __libc_memalign(alignment, bytes);
    return *ret ? 0 : ENOMEM;
}
