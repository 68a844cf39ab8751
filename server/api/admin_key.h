/* admin_key.h: the file of the key that a first start makes. Private to server/api. */
#ifndef FUNNELD_API_ADMIN_KEY_H
#define FUNNELD_API_ADMIN_KEY_H

#include <funneld/base.h>
#include <funneld/config.h>

/* Before the commit that makes the key: a crash in between leaves a file without a key, and the
 * next start writes it anew. ERR_CONFIG, ERR_STORAGE. */
enum err admin_key_write(struct ctx *ctx, const struct config *config, const char *key)
    _must_check_;
/* After it, and at every later start, which makes up for what one before could not do: gives the
 * file its name, admin_key_file, or admin.key where no other data file has put its own there, or
 * `<database>.admin.key`. *ret_path: the name, when it is new; else NULL. ERR_CONFIG */
enum err admin_key_publish(struct ctx *ctx, const struct config *config, bool is_new,
                           const char **ret_path) _must_check_;

#endif
