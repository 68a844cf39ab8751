/* keys.c: API keys and settings, row by row. Knows hashes of keys, never keys. */
#include "lists.h"
#include "sql.h"

enum err api_key_insert(struct ctx *ctx, struct db *db, const struct api_key *key)
{
    db_note(db, CHANGE_KEYS);
    return db_exec(ctx, db, SQL_API_KEY_INSERT, param_id(&key->id), param_text(key->name),
                   param_bytes(key->hash.data, key->hash.length), param_int(key->scope_bits),
                   param_int(key->created_at));
}

enum err api_key_find(struct ctx *ctx, struct db *db, const uint8_t hash[static KEY_HASH_BYTES],
                      struct api_key *ret)
{
    return db_one(ctx, db, SQL_API_KEY_BY_HASH, ret, param_bytes(hash, KEY_HASH_BYTES));
}

enum err api_key_load(struct ctx *ctx, struct db *db, const struct id *id, struct api_key *ret)
{
    return db_one(ctx, db, SQL_API_KEY_BY_ID, ret, param_id(id));
}

enum err api_key_list(struct ctx *ctx, struct db *db, const struct id_range *range,
                      struct rows *ret)
{
    return rows_by_id(ctx, db, SQL_API_KEY_LIST, range, ret);
}

enum err api_key_count(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_API_KEY_COUNT, ret, NULL, 0);
}

enum err api_key_revoke(struct ctx *ctx, struct db *db, const struct id *id)
{
    db_note(db, CHANGE_KEYS);
    return db_exec(ctx, db, SQL_API_KEY_REVOKE, param_id(id), param_int(ctx->now_ms));
}

enum err setting_get(struct ctx *ctx, struct db *db, const char *name, const char **ret)
{
    struct setting setting;
    enum err err = db_one(ctx, db, SQL_SETTING_GET, &setting, param_text(name));
    if (!err)
        *ret = setting.value;
    return err;
}

enum err setting_put(struct ctx *ctx, struct db *db, const char *name, const char *value)
{
    return db_exec(ctx, db, SQL_SETTING_PUT, param_text(name), param_text(value));
}
