/* fields.c: routes of custom fields. */
#include "route.h"

static enum err run_create(struct call *call)
{
    struct custom_field *field = call_result(call, sizeof *field);
    enum err err = field ? custom_field_create(call->ctx, call->db, call->body, field) : ERR_MEMORY;
    const char *location = err ? NULL : arena_printf(call->ctx->arena, "/v1/fields/%s", field->key);
    if (location)
        http_reply_header(call->request, "Location", location);
    return err;
}

static enum err run_edit(struct call *call)
{
    struct custom_field *field = call_result(call, sizeof *field);
    return field ? custom_field_edit(call->ctx, call->db, call->params[0], call->body, field)
                 : ERR_MEMORY;
}

static enum err run_read(struct call *call)
{
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (!err)
        call->result = (void *)catalog_custom_field(catalog, call->params[0]);
    return err ? err : call->result ? OK : ERR_NOT_FOUND;
}

/* ---- The list ---- */

struct fields_query {
    struct input input;
    int archived;
};

static const char *const archived_names[] = { "hide", "show", NULL };
static const struct field fields_query_fields[] = {
    FIELD_NAMED(struct fields_query, archived, archived_names,
                .note = "show: those that are archived too"),
};
static const struct table fields_query_table =
    TABLE(struct fields_query, "custom_fields_query", fields_query_fields);

/* Their numbers are given out in the order of their making. */
static const struct order field_orders[] = {
    { .name = "created_at", .member = "field_id" },
    { 0 },
};

static enum err run_list(struct call *call)
{
    const struct fields_query *query = call->query;
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (err || query->archived == 1)
        return err ? err : page_of_all(call, &catalog->custom_fields);
    const struct custom_field *all = catalog->custom_fields.items;
    struct custom_field *used =
        ctx_alloc(call->ctx, (catalog->custom_fields.count + 1) * sizeof *used);
    struct rows rows = { used, 0 };
    if (!used)
        return ERR_MEMORY;
    for (size_t i = 0; i < catalog->custom_fields.count; i++)
        if (all[i].archived_at == NO_INT)
            used[rows.count++] = all[i];
    return page_of_all(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/fields" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &custom_field_create_table,
      .run = run_create,
      .result = &custom_field_table,
      .status = 201,
      .operation = "createField",
      .summary = "Create a custom field",
      .example = "{'key':'plan','name':'Plan','type':'choice','choices':['free','pro']}" },
    { { HTTP_GET, "/v1/fields" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &fields_query_table,
      .orders = field_orders,
      .run = run_list,
      .result = &custom_field_table,
      .status = 200,
      .operation = "listFields",
      .summary = "List custom fields" },
    { { HTTP_GET, "/v1/fields/{key}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &custom_field_table,
      .status = 200,
      .operation = "getField",
      .summary = "Read a custom field" },
    { { HTTP_PATCH, "/v1/fields/{key}" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &custom_field_patch_table,
      .run = run_edit,
      .result = &custom_field_table,
      .status = 200,
      .operation = "updateField",
      .summary = "Change or archive a custom field",
      .example = "{'choices':['free','pro','team']}" },
};
const struct routes field_routes = { rows, ARRAY_SIZE(rows) };
