/* store.h: the data file, and what is read from and written to it, row by row.
 *
 * No rules here: the functions of a resource move structs in and out. Every function takes the connection it works
 * on; writing ones are for the writer's. Errors are those of db.h. */
#ifndef FUNNELD_STORE_H
#define FUNNELD_STORE_H

#include <funneld/base.h>
#include <funneld/db.h>
#include <funneld/types.h>

/* ---- The file ---- */

struct store;

/* Takes the lock beside the file (ERR_CONFLICT when another process has it), opens or creates it, checks and runs
 * the migrations (ERR_CONFIG with the reason: newer, altered, not ours), sets and asserts the pragmas. */
enum err store_open(struct ctx *ctx, const char *path, struct store **ret) _must_check_;
void store_close(struct store *store); /* after every connection it gave out is closed */
struct db *store_writer(struct store *store); /* the one that writes and checkpoints; owned by the store */
enum err store_reader(struct ctx *ctx, struct store *store, struct db **ret) _must_check_; /* read-only */
void db_close(struct db *db);

/* Copies the WAL into the file: passive, or waiting up to 200 ms for readers and cutting the WAL to nothing. Writer
 * thread only. */
enum err store_checkpoint(struct ctx *ctx, struct store *store, bool truncate) _must_check_;
int64_t store_wal_bytes(const struct store *store);
int64_t store_file_bytes(const struct store *store);

/* Prepares every named statement and checks that its columns are fields of its row table. For tests and `check`. */
enum err store_check_statements(struct ctx *ctx, struct db *db) _must_check_;

#endif
