/* driver_sqlite_vfs.c: what SQLite writes to a data file passes through here on its way to the
 * disk, so that no page takes along what is not in it any more. With secure_delete SQLite
 * overwrites a cell that it deletes; but where it moves cells from a full page to others, it leaves
 * their old bytes lying between the cell pointers and the cells, and deleting one later finds only
 * where it is now. That space is never read, so it is made zero here. Knows the format of pages,
 * and nothing of what is in them. */
#include "driver_sqlite.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 4096,
    FILE_HEADER_BYTES = 100, /* page 1 begins behind it */
    LEAF_HEADER_BYTES = 8,
    INNER_HEADER_BYTES = 12,
};

/* First byte of a page of a tree. Others (overflow, free) begin with the number of a page, whose
 * first byte is 0 or 1: see max_page_count. */
enum { INDEX_INNER = 2, TABLE_INNER = 5, INDEX_LEAF = 10, TABLE_LEAF = 13 };

/* A way of opening files, and the system's own. */
struct clean_vfs {
    sqlite3_vfs vfs; /* first: SQLite knows no more */
    sqlite3_vfs *system;
};

/* What can be done with one file, and the system's way of it. */
struct clean_methods {
    sqlite3_io_methods methods; /* first */
    const sqlite3_io_methods *system;
};

static size_t number_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* Finds the gap of a page; false where it is no page of a tree. */
static bool find_gap(const uint8_t *page, size_t header, size_t *ret_from, size_t *ret_to)
{
    uint8_t mark = page[header];
    bool inner = mark == INDEX_INNER || mark == TABLE_INNER;
    if (!inner && mark != INDEX_LEAF && mark != TABLE_LEAF)
        return false;
    size_t cells = number_at(page + header + 3), content = number_at(page + header + 5);
    *ret_from = header + (inner ? INNER_HEADER_BYTES : LEAF_HEADER_BYTES) + 2 * cells;
    *ret_to = content == 0 ? 65536 : content;
    return *ret_from < *ret_to && *ret_to <= PAGE_BYTES;
}

static const sqlite3_io_methods *system_methods(const sqlite3_file *file)
{
    return ((const struct clean_methods *)file->pMethods)->system;
}

static int write_clean(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 offset)
{
    size_t from, to;
    const sqlite3_io_methods *system = system_methods(file);
    if (bytes != PAGE_BYTES || !find_gap(data, offset == 0 ? FILE_HEADER_BYTES : 0, &from, &to))
        return system->xWrite(file, data, bytes, offset);
    uint8_t page[PAGE_BYTES];
    memcpy(page, data, PAGE_BYTES);
    memset(page + from, 0, to - from);
    return system->xWrite(file, page, bytes, offset);
}

static int close_clean(sqlite3_file *file)
{
    const struct clean_methods *methods = (const struct clean_methods *)file->pMethods;
    int code = methods->system->xClose(file);
    free((void *)methods);
    return code;
}

static int open_clean(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *ret_flags)
{
    sqlite3_vfs *system = ((struct clean_vfs *)vfs)->system;
    int code = system->xOpen(vfs, name, file, flags, ret_flags);
    if (code || !(flags & SQLITE_OPEN_MAIN_DB))
        return code;
    struct clean_methods *methods = calloc(1, sizeof *methods);
    if (!methods) {
        file->pMethods->xClose(file);
        file->pMethods = NULL;
        return SQLITE_NOMEM;
    }
    methods->methods = *file->pMethods;
    methods->methods.xWrite = write_clean;
    methods->methods.xClose = close_clean;
    methods->system = file->pMethods;
    file->pMethods = &methods->methods;
    return SQLITE_OK;
}

void sqlite_vfs_start(void)
{
    struct clean_vfs *clean = calloc(1, sizeof *clean); /* of the process */
    if (!clean)
        return;
    clean->system = sqlite3_vfs_find(NULL);
    clean->vfs = *clean->system;
    clean->vfs.pNext = NULL;
    clean->vfs.zName = SQLITE_CLEAN_VFS;
    clean->vfs.xOpen = open_clean;
    sqlite3_vfs_register(&clean->vfs, /* as the default: */ 0);
}
