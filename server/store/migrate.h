/* migrate.h: brings the schema of a data file up to what the program knows. Private to
 * server/store. */
#ifndef FUNNELD_STORE_MIGRATE_H
#define FUNNELD_STORE_MIGRATE_H

#include "db_private.h"

/* Checks those applied against the list and runs the rest, each in a transaction of its own.
 * Numbers of the list count from 1. ERR_CONFIG: the file is newer than the list, or a migration was
 * altered after it had been applied. */
enum err migrate_run(struct ctx *ctx, struct db *db, const struct migration *list, size_t count)
    _must_check_;

/* Checks those applied in the same way, and runs none. *ret_current: there are no more to run. */
enum err migrate_look(struct ctx *ctx, struct db *db, const struct migration *list, size_t count,
                      bool *ret_current) _must_check_;

/* A small write, inside the caller's transaction: whether it can be committed tells whether the
 * disk has room. */
enum err migrate_probe(struct ctx *ctx, struct db *db) _must_check_;

/* The time that the writer has left in the file; NO_INT: none yet. */
enum err migrate_time_read(struct ctx *ctx, struct db *db, int64_t *ret_ms) _must_check_;
enum err migrate_time_write(struct ctx *ctx, struct db *db, int64_t now_ms) _must_check_;

#endif
