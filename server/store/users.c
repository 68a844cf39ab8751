/* users.c: people who own leads, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

enum err user_insert(struct ctx *ctx, struct db *db, const struct user *user)
{
    return db_exec(ctx, db, SQL_USER_INSERT, param_id(&user->id), param_text(user->email),
                   param_text(user->name), param_int(user->created_at));
}

enum err user_save(struct ctx *ctx, struct db *db, const struct user *user)
{
    return db_exec(ctx, db, SQL_USER_UPDATE, param_id(&user->id), param_text(user->name),
                   param_int(user->archived_at));
}

enum err user_load(struct ctx *ctx, struct db *db, const struct id *id, struct user *ret)
{
    return db_one(ctx, db, SQL_USER_BY_ID, ret, param_id(id));
}

enum err user_find(struct ctx *ctx, struct db *db, const char *email, struct user *ret)
{
    return db_one(ctx, db, SQL_USER_BY_EMAIL, ret, param_text(email));
}

enum err user_list(struct ctx *ctx, struct db *db, const struct id_range *range, struct rows *ret)
{
    return rows_by_id(ctx, db, SQL_USER_LIST, range, ret);
}

enum err user_count(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_USER_COUNT, ret, NULL, 0);
}
