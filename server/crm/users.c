/* users.c: people who own leads, and the keys of those who call. */
#include <funneld/crm.h>

enum err user_create(struct ctx *ctx, struct db *db, const struct user_input *input,
                     struct user *ret)
{
    const char *email, *match_key;
    enum err err = email_normalise(ctx, "email", input->email, &email, &match_key);
    if (err)
        return err;
    struct user existing;
    err = user_find(ctx, db, email, &existing);
    if (err == OK) {
        ctx->failure.existing = existing.id;
        return fail(ctx, ERR_DUPLICATE, "email", "another user has it");
    }
    if (err != ERR_NOT_FOUND)
        return err;
    *ret = (struct user){ .id = id_new(ctx),
                          .email = email,
                          .name = input->name,
                          .created_at = ctx->now_ms,
                          .archived_at = NO_INT };
    return user_insert(ctx, db, ret);
}

enum err user_edit(struct ctx *ctx, struct db *db, const struct id *id,
                   const struct user_input *input, struct user *ret)
{
    enum err err = user_load(ctx, db, id, ret);
    if (err)
        return err;
    if (input_has(&user_patch_table, input, "name"))
        ret->name = input->name;
    if (input->archived != NO_INT && (input->archived == 1) != (ret->archived_at != NO_INT))
        ret->archived_at = input->archived == 1 ? ctx->now_ms : NO_INT;
    return user_save(ctx, db, ret);
}

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
