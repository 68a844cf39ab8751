/* leads.c: routes of leads: create, read, change. */
#include "route.h"

/* "v17-s83": the version that people and clients change, and the score that time and activities
 * move. */
static void set_etag(struct call *call, const struct lead *lead)
{
    struct buffer text = { .arena = call->ctx->arena };
    buffer_text(&text, "\"v");
    buffer_int(&text, lead->version);
    buffer_text(&text, "-s");
    buffer_int(&text, lead->score);
    buffer_text(&text, "\"");
    buffer_char(&text, '\0');
    if (!text.failed)
        http_reply_header(call->request, "ETag", text.data);
}

enum err answer_lead(struct call *call, enum err err)
{
    if (!err)
        set_etag(call, call->result);
    return err;
}

struct create_query {
    struct input input;
    int on_duplicate;
};

static const char *const duplicate_names[] = { "refuse", "merge", NULL };
static const struct field create_query_fields[] = {
    FIELD_NAMED(struct create_query, on_duplicate, duplicate_names,
                .note = "merge: fill the blanks of a known lead"),
};
static const struct table create_query_table =
    TABLE(struct create_query, "create_query", create_query_fields);

/* A key that may only bring leads in learns nothing of those that are there. */
static const struct field received_fields[] = {
    FIELD(struct lead, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
};
static const struct table received_table = TABLE(struct lead, "received_lead", received_fields);

static enum err run_create(struct call *call)
{
    const struct create_query *query = call->query;
    struct lead_created created;
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    enum err err = lead_create(call->ctx, call->db, call->body, query->on_duplicate == 1, &created);
    if (err)
        return err;
    *lead = created.lead;
    if (created.outcome != LEAD_CREATED)
        call->status = call->route->repeat_status;
    call_location(call, "leads", &lead->id);
    return call_may_read(call) ? answer_lead(call, OK) : OK; /* an ETag has the score */
}

static enum err run_read(struct call *call)
{
    const struct catalog *catalog;
    struct lead *lead = call_result(call, sizeof *lead);
    enum err err = lead ? OK : ERR_MEMORY;
    if (!err && call->value_keys)
        err = catalog_get(call->ctx, call->db, &catalog);
    if (!err && call->value_keys)
        err = members_check(call, catalog);
    return err ? err : answer_lead(call, lead_read(call->ctx, call->db, &call->id, lead));
}

static enum err run_edit(struct call *call)
{
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(
        call, lead_edit(call->ctx, call->db, &call->id, call->body, call->expected_version, lead));
}

/* ---- What was changed ---- */

static enum err run_changes(struct call *call)
{
    struct lead lead;
    struct rows rows;
    struct id_range range = list_range(call);
    enum err err = lead_load_state(call->ctx, call->db, &call->id, &lead);
    if (!err)
        err = lead_change_list(call->ctx, call->db, &call->id, &range, &rows);
    if (!err && call->list.count)
        err = lead_change_count(call->ctx, call->db, &call->id, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/leads" },
      ACCESS_WRITE,
      SCOPE_WRITE | SCOPE_INGEST,
      .query = &create_query_table,
      .body = &lead_create_table,
      .run = run_create,
      .result = &lead_table,
      .received = &received_table,
      .status = 201,
      .repeat_status = 200,
      .operation = "createLead",
      .summary = "Create a lead",
      .example = "{'email':'ann@example.com','company':'Acme','job_title':'Head of "
                 "IT','source':'search'}" },
    { { HTTP_GET, "/v1/leads/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &lead_table,
      .status = 200,
      .operation = "getLead",
      .summary = "Read a lead" },
    { { HTTP_PATCH, "/v1/leads/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &lead_patch_table,
      .run = run_edit,
      .result = &lead_table,
      .status = 200,
      .operation = "updateLead",
      .summary = "Change a lead",
      .example = "{'job_title':'Head of IT','phone':null}" },
    { { HTTP_GET, "/v1/leads/{id}/changes" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_changes,
      .result = &lead_change_table,
      .status = 200,
      .operation = "listChanges",
      .summary = "What was changed in a lead, by whom and when, oldest first" },
};
const struct routes lead_routes = { rows, ARRAY_SIZE(rows) };
