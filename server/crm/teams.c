/* teams.c: teams of users, to whom leads without an owner are offered. */
#include "history.h"

static enum err check_members(struct ctx *ctx, struct db *db, const struct texts *members)
{
    for (size_t i = 0; i < members->count; i++) {
        struct id id;
        struct user user;
        enum err err =
            id_parse(members->items[i], &id) ? user_load(ctx, db, &id, &user) : ERR_NOT_FOUND;
        if (err == ERR_NOT_FOUND)
            return fail_member(ctx, "members", "unknown", "no user has the id %s",
                               members->items[i]);
        if (err)
            return err;
    }
    return OK;
}

/* Nobody else has it. */
static enum err check_name(struct ctx *ctx, struct db *db, const struct team *team)
{
    struct team other;
    enum err err = team_find(ctx, db, team->name, &other);
    if (err || id_compare(&other.id, &team->id) == 0)
        return err == ERR_NOT_FOUND ? OK : err;
    ctx->failure.existing = other.id;
    return fail(ctx, ERR_DUPLICATE, "name", "another team has it");
}

enum err team_require(struct ctx *ctx, struct db *db, const char *member, const struct id *team)
{
    struct team found;
    enum err err = id_is_nil(team) ? OK : team_load(ctx, db, team, &found);
    if (err == ERR_NOT_FOUND)
        return fail_member(ctx, member, "unknown", "no team has this id");
    if (!err && !id_is_nil(team) && found.archived_at != NO_INT)
        return fail_member(ctx, member, "archived", "nothing is offered to this team any more");
    return err;
}

enum err team_create(struct ctx *ctx, struct db *db, const struct team_input *input,
                     struct team *ret)
{
    *ret = (struct team){ .id = id_new(ctx),
                          .name = input->name,
                          .members = input->members,
                          .created_at = ctx->now_ms,
                          .archived_at = NO_INT };
    enum err err = check_name(ctx, db, ret);
    if (!err)
        err = check_members(ctx, db, &ret->members);
    return err ? err : team_insert(ctx, db, ret);
}

enum err team_edit(struct ctx *ctx, struct db *db, const struct id *id,
                   const struct team_input *input, struct team *ret)
{
    enum err err = team_load(ctx, db, id, ret);
    if (err)
        return err;
    if (input_has(&team_patch_table, input, "name"))
        ret->name = input->name;
    if (input_has(&team_patch_table, input, "members"))
        ret->members = input->members;
    if (input->archived != NO_INT && (input->archived == 1) != (ret->archived_at != NO_INT))
        ret->archived_at = input->archived == 1 ? ctx->now_ms : NO_INT;
    err = check_name(ctx, db, ret);
    if (!err)
        err = check_members(ctx, db, &ret->members);
    return err ? err : team_save(ctx, db, ret);
}
