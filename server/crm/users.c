/* users.c: people who own leads. */
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
