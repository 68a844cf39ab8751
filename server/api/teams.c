/* teams.c: routes of teams, to whom leads are offered. */
#include "route.h"

static enum err run_create(struct call *call)
{
    struct team *team = call_result(call, sizeof *team);
    enum err err = team ? team_create(call->ctx, call->db, call->body, team) : ERR_MEMORY;
    if (!err)
        call_location(call, "teams", &team->id);
    return err;
}

static enum err run_edit(struct call *call)
{
    struct team *team = call_result(call, sizeof *team);
    return team ? team_edit(call->ctx, call->db, &call->id, call->body, team) : ERR_MEMORY;
}

static enum err run_read(struct call *call)
{
    struct team *team = call_result(call, sizeof *team);
    return team ? team_load(call->ctx, call->db, &call->id, team) : ERR_MEMORY;
}

static enum err run_list(struct call *call)
{
    return list_by_id(call, team_list, team_count);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/teams" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &team_create_table,
      .run = run_create,
      .result = &team_table,
      .status = 201,
      .operation = "createTeam",
      .summary = "Create a team",
      .example = "{'name':'Inside sales','members':[]}" },
    { { HTTP_GET, "/v1/teams" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_list,
      .result = &team_table,
      .status = 200,
      .operation = "listTeams",
      .summary = "List teams" },
    { { HTTP_GET, "/v1/teams/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &team_table,
      .status = 200,
      .operation = "getTeam",
      .summary = "Read a team" },
    { { HTTP_PATCH, "/v1/teams/{id}" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &team_patch_table,
      .run = run_edit,
      .result = &team_table,
      .status = 200,
      .operation = "updateTeam",
      .summary = "Rename a team, say who is in it, or archive it",
      .example = "{'members':[]}" },
};
const struct routes team_routes = { rows, ARRAY_SIZE(rows) };
