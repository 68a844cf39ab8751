/* place.h: a data file's place on the disk, and the right to be there alone. Private to
 * server/store. */
#ifndef FUNNELD_STORE_PLACE_H
#define FUNNELD_STORE_PLACE_H

#include <funneld/base.h>

struct place {
    char *path;  /* absolute, no symbolic links: one file has one lock, whatever way leads to it */
    int lock_fd; /* held open for as long as the process has the file; -1: not held */
    int data_fd; /* of the file itself, likewise */
};

/* Resolves the path, takes the lock (ERR_CONFLICT: another process has it), and finishes a restore
 * that was interrupted. ERR_CONFIG: no place for a data file. */
enum err place_take(struct ctx *ctx, const char *path, struct place *ret) _must_check_;
/* Then, before the engine opens it, the file itself, which may have another name, or have lost its
 * lock's file to somebody who tidied up: ERR_CONFLICT. One that is not there yet is nobody's. */
enum err place_hold(struct ctx *ctx, struct place *place) _must_check_;
void place_leave(struct place *place);
/* Under this name a restored file is whole: from then on it is the data, and only has to be put in
 * its place. NULL: no memory. */
const char *place_restored_path(struct ctx *ctx, const char *path) _must_check_;
/* Does so, where there is one: under the lock. *ret_aside: where what was there is now, or NULL. */
enum err place_finish_restore(struct ctx *ctx, const char *path, const char **ret_aside)
    _must_check_;

#endif
