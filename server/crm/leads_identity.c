/* leads_identity.c: by what a lead is found: its identities brought into one form, looked up, and
 * kept as keys. What else a lead says is leads.c's. */
#include "leads_identity.h"

#include "history.h"

#include <string.h>

/* Between the halves of an external key. No source_system holds it, so that no two read alike. */
enum { KEY_SEPARATOR = '\x1f' };

static enum err external_key(struct ctx *ctx, const char *source_system, const char *external_id,
                             const char **ret)
{
    *ret = arena_printf(ctx->arena, "%s%c%s", source_system, KEY_SEPARATOR, external_id);
    return *ret ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a key");
}

static enum err read_external(struct ctx *ctx, struct lead_input *input, const char **ret)
{
    if (!input->external_id)
        return input->source_system
                   ? fail_member(ctx, "external_id", "required", "goes with source_system")
                   : OK;
    if (!input->source_system)
        input->source_system = ctx_actor(ctx);
    if (!input->source_system)
        return fail_member(ctx, "source_system", "required", "goes with external_id");
    if (strchr(input->source_system, KEY_SEPARATOR))
        return fail_member(ctx, "source_system", "invalid", "must not hold control characters");
    return external_key(ctx, input->source_system, input->external_id, ret);
}

enum err lead_identity_read(struct ctx *ctx, struct lead_input *input, struct lead_identity *ret)
{
    *ret = (struct lead_identity){ 0 };
    enum err err = OK;
    if (input->email)
        err = email_normalise(ctx, "email", input->email, &input->email, &ret->email);
    if (!err && input->phone)
        err = phone_normalise(ctx, input->phone, &ret->phone);
    if (ret->phone)
        input->phone = ret->phone;
    return err ? err : read_external(ctx, input, &ret->external);
}

enum err lead_identity_find(struct ctx *ctx, struct db *db, const struct lead_identity *identity,
                            struct id *ret)
{
    enum err err = ERR_NOT_FOUND;
    if (identity->external)
        err = lead_find(ctx, db, LEAD_KEY_EXTERNAL, identity->external, ret);
    if (err == ERR_NOT_FOUND && identity->email)
        err = lead_find(ctx, db, LEAD_KEY_EMAIL, identity->email, ret);
    if (err == ERR_NOT_FOUND && identity->phone && !identity->email && !identity->external)
        err = lead_find(ctx, db, LEAD_KEY_PHONE, identity->phone, ret);
    return err;
}

enum err lead_identify(struct ctx *ctx, struct db *db, const char *email, const char *source_system,
                       const char *external_id, struct id *ret)
{
    struct lead_input input = { .email = email,
                                .source_system = external_id ? source_system : NULL,
                                .external_id = external_id };
    struct lead_identity identity;
    enum err err = lead_identity_read(ctx, &input, &identity);
    return err ? err : lead_identity_find(ctx, db, &identity, ret);
}

/* ---- Keys ---- */

enum err lead_key_text(struct ctx *ctx, const struct lead *lead, enum lead_key_kind kind,
                       const char **ret)
{
    *ret = NULL;
    if (kind == LEAD_KEY_EMAIL && lead->email) {
        const char *email;
        return email_normalise(ctx, "email", lead->email, &email, ret);
    }
    if (kind == LEAD_KEY_EXTERNAL && lead->external_id && lead->source_system)
        return external_key(ctx, lead->source_system, lead->external_id, ret);
    return kind == LEAD_KEY_PHONE && lead->phone ? phone_normalise(ctx, lead->phone, ret) : OK;
}

/* The key is there already: with this lead, as another name it was told by, or with another. */
static enum err taken(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                      const struct id *lead_id)
{
    struct id existing;
    enum err err = lead_find(ctx, db, kind, key, &existing);
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (!err && id_compare(&existing, lead_id) == 0)
        return OK;
    if (!err)
        ctx->failure.existing = existing;
    return fail(ctx, ERR_DUPLICATE, kind == LEAD_KEY_EMAIL ? "email" : "external_id",
                "another lead has it");
}

/* People share phones: the first keeps the number, the others wait for it. */
static enum err key_take(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                         const struct id *lead_id)
{
    if (kind != LEAD_KEY_PHONE) {
        enum err err = lead_key_add(ctx, db, kind, key, lead_id);
        return err == ERR_EXISTS ? taken(ctx, db, kind, key, lead_id) : err;
    }
    bool added;
    enum err err = lead_key_offer(ctx, db, kind, key, lead_id, &added);
    return err || added ? err : shared_phone_add(ctx, db, key, lead_id);
}

static enum err key_give_up(struct ctx *ctx, struct db *db, enum lead_key_kind kind,
                            const char *key, const struct id *lead_id)
{
    struct id next;
    bool added;
    enum err err = lead_key_remove(ctx, db, kind, key, lead_id);
    if (err || kind != LEAD_KEY_PHONE)
        return err;
    err = shared_phone_remove(ctx, db, key, lead_id);
    if (!err)
        err = shared_phone_first(ctx, db, key, &next);
    if (err)
        return err == ERR_NOT_FOUND ? OK : err;
    err = lead_key_offer(ctx, db, kind, key, &next, &added);
    return err || !added ? err : shared_phone_remove(ctx, db, key, &next);
}

enum err lead_keys_update(struct ctx *ctx, struct db *db, const struct lead *before,
                          const struct lead *after)
{
    static const struct lead nobody;
    enum err err = OK;
    for (enum lead_key_kind kind = LEAD_KEY_EMAIL; kind <= LEAD_KEY_PHONE && !err; kind++) {
        const char *old_key, *new_key;
        err = lead_key_text(ctx, before ? before : &nobody, kind, &old_key);
        if (!err)
            err = lead_key_text(ctx, after, kind, &new_key);
        if (err || text_equal(old_key, new_key))
            continue;
        if (old_key)
            err = key_give_up(ctx, db, kind, old_key, &after->id);
        if (!err && new_key)
            err = key_take(ctx, db, kind, new_key, &after->id);
    }
    return err;
}

enum err lead_keys_drop(struct ctx *ctx, struct db *db, const struct lead *lead)
{
    const char *phone;
    enum err err = lead_key_text(ctx, lead, LEAD_KEY_PHONE, &phone);
    if (!err && phone)
        err = key_give_up(ctx, db, LEAD_KEY_PHONE, phone, &lead->id);
    return err ? err : lead_keys_remove(ctx, db, &lead->id);
}
