/* keys.c: the keys of those who call. A key is given out once; what is kept is its hash. */
#include <funneld/crm.h>

enum err api_key_name_scopes(struct ctx *ctx, struct api_key *key)
{
    size_t count = 0;
    while (scope_names[count])
        count++;
    struct texts names = { ctx_alloc(ctx, count * sizeof *names.items), 0 };
    if (!names.items)
        return ERR_MEMORY;
    for (size_t bit = 0; bit < count; bit++)
        if (key->scope_bits & (INT64_C(1) << bit))
            names.items[names.count++] = scope_names[bit];
    key->scopes = names;
    return OK;
}

enum err api_key_create(struct ctx *ctx, struct db *db, const char *name, unsigned scopes,
                        struct api_key *ret)
{
    char text[KEY_TEXT_SIZE];
    uint8_t hash[KEY_HASH_BYTES];
    key_generate(text);
    key_hash(text, hash);
    table_clear(&api_key_table, ret);
    ret->id = id_new(ctx);
    ret->name = name;
    ret->scope_bits = scopes;
    ret->created_at = ctx->now_ms;
    ret->key = ctx_text(ctx, text);
    ret->hash = (struct bytes){ arena_copy(ctx->arena, hash, sizeof hash), sizeof hash };
    if (!ret->key || !ret->hash.data)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a key");
    enum err err = api_key_name_scopes(ctx, ret);
    return err ? err : api_key_insert(ctx, db, ret);
}
