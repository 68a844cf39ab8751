/* teams.c: teams of users, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

enum err team_insert(struct ctx *ctx, struct db *db, const struct team *team)
{
    const char *members;
    enum err err = lines_join(ctx, &team->members, &members);
    return err ? err
               : db_exec(ctx, db, SQL_TEAM_INSERT, param_id(&team->id), param_text(team->name),
                         param_text(members), param_int(team->created_at));
}

enum err team_save(struct ctx *ctx, struct db *db, const struct team *team)
{
    const char *members;
    enum err err = lines_join(ctx, &team->members, &members);
    return err ? err
               : db_exec(ctx, db, SQL_TEAM_UPDATE, param_id(&team->id), param_text(team->name),
                         param_text(members), param_int(team->archived_at));
}

enum err team_load(struct ctx *ctx, struct db *db, const struct id *id, struct team *ret)
{
    return db_one(ctx, db, SQL_TEAM_BY_ID, ret, param_id(id));
}

enum err team_find(struct ctx *ctx, struct db *db, const char *name, struct team *ret)
{
    return db_one(ctx, db, SQL_TEAM_BY_NAME, ret, param_text(name));
}

enum err team_list(struct ctx *ctx, struct db *db, const struct id_range *range, struct rows *ret)
{
    return rows_by_id(ctx, db, SQL_TEAM_LIST, range, ret);
}

enum err team_count(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_TEAM_COUNT, ret, NULL, 0);
}
