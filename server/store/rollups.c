/* rollups.c: keeps nothing yet. Placeholder behind rollups.h so that the core links and can be tested. */
#include "rollups.h"

#include <stdlib.h>

struct rollup_log {
    size_t count;
};

struct rollup_log *rollups_new(void)
{
    return calloc(1, sizeof(struct rollup_log));
}

void rollups_free(struct rollup_log *log)
{
    free(log);
}

size_t rollups_mark(const struct rollup_log *log)
{
    return log->count;
}

void rollups_truncate(struct rollup_log *log, size_t mark)
{
    log->count = mark;
}

enum err rollups_flush(struct ctx *ctx, struct db *db)
{
    (void)ctx;
    (void)db;
    return OK;
}
