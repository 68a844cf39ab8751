/* store_private.h: a store with a catalogue of its own, as the tests of the core bring one. Private
 * to server/store. */
#ifndef FUNNELD_STORE_STORE_PRIVATE_H
#define FUNNELD_STORE_STORE_PRIVATE_H

#include <funneld/store.h>

#include "db_private.h"

/* store_open() with other statements and migrations than the embedded ones. */
enum err store_open_with(struct ctx *ctx, const char *path, const struct catalogue *catalogue,
                         struct store **ret) _must_check_;

/* Everything committed into `target`, an empty file: see driver.h. */
enum err store_copy(struct ctx *ctx, struct store *store, const char *target,
                    const struct watch *watch) _must_check_;

#endif
