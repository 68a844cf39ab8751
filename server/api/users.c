/* users.c: routes of users, who own leads. */
#include "route.h"

static enum err run_create(struct call *call)
{
    struct user *user = call_result(call, sizeof *user);
    enum err err = user ? user_create(call->ctx, call->db, call->body, user) : ERR_MEMORY;
    if (!err)
        call_location(call, "users", &user->id);
    return err;
}

static enum err run_edit(struct call *call)
{
    struct user *user = call_result(call, sizeof *user);
    return user ? user_edit(call->ctx, call->db, &call->id, call->body, user) : ERR_MEMORY;
}

static enum err run_read(struct call *call)
{
    struct user *user = call_result(call, sizeof *user);
    return user ? user_load(call->ctx, call->db, &call->id, user) : ERR_MEMORY;
}

static enum err run_list(struct call *call)
{
    return list_by_id(call, user_list, user_count);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/users" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &user_create_table,
      .run = run_create,
      .result = &user_table,
      .status = 201,
      .operation = "createUser",
      .summary = "Create a user",
      .example = "{'email':'bob@example.com','name':'Bob'}" },
    { { HTTP_GET, "/v1/users" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_list,
      .result = &user_table,
      .status = 200,
      .operation = "listUsers",
      .summary = "List users" },
    { { HTTP_GET, "/v1/users/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &user_table,
      .status = 200,
      .operation = "getUser",
      .summary = "Read a user" },
    { { HTTP_PATCH, "/v1/users/{id}" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &user_patch_table,
      .run = run_edit,
      .result = &user_table,
      .status = 200,
      .operation = "updateUser",
      .summary = "Rename a user, or archive one who has left",
      .example = "{'archived':true}" },
};
const struct routes user_routes = { rows, ARRAY_SIZE(rows) };
