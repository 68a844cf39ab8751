/* store.h: the data file as a whole: who has it, its connections, its copies, its upkeep. What
 * stands in it is records.h. Errors are those of db.h. */
#ifndef FUNNELD_STORE_H
#define FUNNELD_STORE_H

#include <funneld/base.h>
#include <funneld/db.h>

/* ---- The file ---- */

struct store;

/* Takes the lock beside the file (ERR_CONFLICT when another process has it), opens or creates
 * it, checks and runs the migrations (ERR_CONFIG with the reason: newer, altered, not ours),
 * sets and asserts the pragmas. */
enum err store_open(struct ctx *ctx, const char *path, struct store **ret) _must_check_;
void store_close(struct store *store); /* after every connection it gave out is closed */
/* the one that writes and checkpoints; owned by the store */
struct db *store_writer(struct store *store);
/* read-only */
enum err store_reader(struct ctx *ctx, struct store *store, struct db **ret) _must_check_;
void db_close(struct db *db);

/* ---- The file as a whole, beside whoever has it ---- */

/* For looking at a data file or a backup: read-only and without the lock, so that a daemon may have
 * it meanwhile; store_writer() is NULL. Nothing is migrated: unless *ret_current, the file is older
 * than this program and its rows are not to be read. ERR_NOT_FOUND; ERR_CONFIG: newer, altered, not
 * ours; ERR_CORRUPT. */
enum err store_look(struct ctx *ctx, const char *path, struct store **ret, bool *ret_current)
    _must_check_;
/* Looks at every page, and if `thorough` holds indexes against their tables. ERR_CORRUPT says what
 * is wrong; ERR_CONFLICT: interrupted. */
enum err store_verify(struct ctx *ctx, struct store *store, bool thorough,
                      const struct watch *watch) _must_check_;

struct backup {
    int64_t bytes;
    char hash[FILE_HASH_SIZE];
};

/* Copies what is committed in the data file to `target`, without anything that was deleted, looks
 * the copy through, and only then gives it its name; its hash goes beside it into
 * `<target>.sha256`. ERR_CONFLICT: there is such a file (unless `replace`), or interrupted. */
enum err store_backup(struct ctx *ctx, const char *path, const char *target, bool replace,
                      const struct watch *watch, struct backup *ret) _must_check_;
/* Compares a backup with its `<backup>.sha256`. *ret_known false: it has none. ERR_CORRUPT */
enum err store_backup_compare(struct ctx *ctx, const char *backup, const struct watch *watch,
                              bool *ret_known) _must_check_;
/* Looks a backup through and makes it the data file. Whatever happens on the way, the file is as it
 * was or what the backup holds. ERR_CONFLICT: another process has the data file, or there is one
 * (unless `replace`, which keeps it in *ret_aside), or interrupted. */
enum err store_restore(struct ctx *ctx, const char *backup, const char *path, bool replace,
                       const struct watch *watch, const char **ret_aside) _must_check_;

/* ---- Upkeep ---- */

/* Copies the WAL into the file: passive, or waiting up to 200 ms for readers and cutting the WAL
 * to nothing. Writer thread only. */
enum err store_checkpoint(struct ctx *ctx, struct store *store, bool truncate) _must_check_;
/* As a cutting checkpoint, and more: nothing that was deleted and committed is in a byte of file or
 * log afterwards, nor among the pages that the writer's connection keeps. ERR_BUSY: readers hold
 * the log. */
enum err store_wipe(struct ctx *ctx, struct store *store) _must_check_;
/* How often such a change has been committed since the file was opened. Any thread. Never behind
 * what a client has been told. */
int64_t store_changes(const struct store *store, enum change change);
/* Counts a commit by what db_noted() says; the writer does, before it tells anybody. */
void store_changed(struct store *store, unsigned noted);
int64_t store_wal_bytes(const struct store *store);
int64_t store_file_bytes(const struct store *store);

/* For tests: prepares every named statement, and checks that its columns are fields of its row
 * table. */
enum err store_check_statements(struct ctx *ctx, struct db *db) _must_check_;

#endif
