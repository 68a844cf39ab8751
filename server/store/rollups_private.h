/* rollups_private.h: deltas of rollup cells that wait for the commit of a batch. */
#ifndef FUNNELD_STORE_ROLLUPS_PRIVATE_H
#define FUNNELD_STORE_ROLLUPS_PRIVATE_H

#include <funneld/db.h>

struct rollup_log *rollups_new(void); /* NULL without memory */
void rollups_free(struct rollup_log *log);
size_t rollups_mark(const struct rollup_log *log);
/* drops what was added since the mark */
void rollups_truncate(struct rollup_log *log, size_t mark);
/* Writes the sums; the writer calls it right before COMMIT, and truncates to 0 after commit or
 * rollback. */
enum err rollups_flush(struct ctx *ctx, struct db *db) _must_check_;

#endif
