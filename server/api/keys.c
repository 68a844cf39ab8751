/* keys.c: routes of API keys. A key is shown once, when it is made. */
#include "route.h"

static enum err read_scopes(struct call *call, const struct texts *names, unsigned *ret)
{
    *ret = 0;
    for (size_t i = 0; i < names->count; i++) {
        int bit = name_find(scope_names, names->items[i]);
        if (bit < 0)
            return fail_member(call->ctx, "scopes", "unknown_value", "read, write, ingest, admin");
        *ret |= 1u << bit;
    }
    return OK;
}

static enum err run_create(struct call *call)
{
    const struct api_key_input *input = call->body;
    struct api_key *key = call_result(call, sizeof *key);
    unsigned scopes;
    enum err err = key ? read_scopes(call, &input->scopes, &scopes) : ERR_MEMORY;
    if (!err)
        err = api_key_create(call->ctx, call->db, input->name, scopes, key);
    if (!err)
        call_location(call, "keys", &key->id);
    return err;
}

static enum err run_read(struct call *call)
{
    struct api_key *key = call_result(call, sizeof *key);
    enum err err = key ? api_key_load(call->ctx, call->db, &call->id, key) : ERR_MEMORY;
    return err ? err : api_key_name_scopes(call->ctx, key);
}

static enum err run_list(struct call *call)
{
    enum err err = list_by_id(call, api_key_list, api_key_count);
    const struct page *page = call->result;
    for (size_t i = 0; !err && i < page->rows.count; i++)
        err = api_key_name_scopes(call->ctx, (struct api_key *)page->rows.items + i);
    return err;
}

static enum err run_revoke(struct call *call)
{
    struct api_key key;
    enum err err = api_key_load(call->ctx, call->db, &call->id, &key);
    return err ? err : api_key_revoke(call->ctx, call->db, &call->id);
}

/* ---- Who asks ---- */

struct me {
    struct id id;
    const char *name;
    struct texts scopes;
    int64_t created_at;
    const char *time_zone, *currency, *version;
};

static const struct field me_fields[] = {
    FIELD(struct me, id, ID, .note = "of the key; null on the console"),
    FIELD(struct me, name, TEXT, .flags = FIELD_NOT_NULL, .note = "of the key"),
    FIELD(struct me, scopes, TEXTS, .note = "read, write, ingest, admin"),
    FIELD(struct me, created_at, TIME, .note = "when the key was made; null on the console"),
    FIELD(struct me, time_zone, TEXT, .flags = FIELD_NOT_NULL, .note = "that days are in"),
    FIELD(struct me, currency, TEXT, .flags = FIELD_NOT_NULL,
          .note = "of the default pipeline's amounts, ISO 4217"),
    FIELD(struct me, version, TEXT, .flags = FIELD_NOT_NULL, .note = "of funneld"),
};
static const struct table me_table = TABLE(struct me, "me", me_fields);

static enum err run_me(struct call *call)
{
    const struct principal *principal = &call->ctx->principal;
    const struct catalog *catalog;
    struct api_key key = { .scope_bits = principal->scopes, .created_at = NO_INT };
    struct me *me = call_result(call, sizeof *me);
    enum err err = me ? catalog_get(call->ctx, call->db, &catalog) : ERR_MEMORY;
    if (!err && !id_is_nil(&principal->key_id))
        err = api_key_load(call->ctx, call->db, &principal->key_id, &key);
    if (!err)
        err = api_key_name_scopes(call->ctx, &key);
    if (err)
        return err;
    *me = (struct me){ .id = principal->key_id,
                       .name = principal->name,
                       .scopes = key.scopes,
                       .created_at = key.created_at,
                       .currency = catalog_pipeline(catalog, NULL)->currency,
                       .version = FUNNELD_VERSION };
    return installation_time_zone(call->ctx, call->db, &me->time_zone);
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/me" },
      ACCESS_READ,
      SCOPE_READ | SCOPE_WRITE | SCOPE_INGEST,
      .run = run_me,
      .result = &me_table,
      .status = 200,
      .operation = "getMe",
      .summary = "Who asks, and of what installation" },
    { { HTTP_POST, "/v1/keys" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &api_key_create_table,
      .run = run_create,
      .result = &api_key_table,
      .status = 201,
      .operation = "createKey",
      .summary = "Create an API key",
      .example = "{'name':'website','scopes':['ingest']}" },
    { { HTTP_GET, "/v1/keys" },
      ACCESS_READ,
      SCOPE_ADMIN,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_list,
      .result = &api_key_table,
      .status = 200,
      .operation = "listKeys",
      .summary = "List API keys" },
    { { HTTP_GET, "/v1/keys/{id}" },
      ACCESS_READ,
      SCOPE_ADMIN,
      .run = run_read,
      .result = &api_key_table,
      .status = 200,
      .operation = "getKey",
      .summary = "Read what is known of an API key" },
    { { HTTP_DELETE, "/v1/keys/{id}" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .run = run_revoke,
      .status = 204,
      .operation = "revokeKey",
      .summary = "Revoke an API key, effective at once" },
};
const struct routes key_routes = { rows, ARRAY_SIZE(rows) };
