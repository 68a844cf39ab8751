/* campaigns.c: routes of campaigns and their members. */
#include "route.h"

static enum err run_create(struct call *call)
{
    struct campaign *campaign = call_result(call, sizeof *campaign);
    enum err err =
        campaign ? campaign_create(call->ctx, call->db, call->body, campaign) : ERR_MEMORY;
    if (!err)
        call_location(call, "campaigns", &campaign->id);
    return err;
}

static enum err run_read(struct call *call)
{
    struct campaign *campaign = call_result(call, sizeof *campaign);
    return campaign ? campaign_load(call->ctx, call->db, &call->id, campaign) : ERR_MEMORY;
}

static enum err run_list(struct call *call)
{
    struct id after;
    int64_t limit;
    struct rows rows;
    enum err err = list_start(call, &after, &limit);
    if (!err)
        err = campaign_list(call->ctx, call->db, &after, limit + 1, &rows);
    return err ? err : page_cut(call, &rows, limit, cursor_by_id);
}

/* ---- Members ---- */

enum { MEMBERS_MAX = 1000 };

struct members_input {
    struct input input;
    struct texts lead_ids;
};

static const struct field members_fields[] = {
    FIELD(struct members_input, lead_ids, TEXTS, .flags = FIELD_REQUIRED, .min = 1,
          .max = MEMBERS_MAX, .note = "each fails alone"),
};
static const struct table members_table =
    TABLE(struct members_input, "campaign_members", members_fields);

struct member_result {
    bool added;
    enum err err;
    const struct failure *failure;
};

static enum err attach(struct call *call, size_t index)
{
    const struct members_input *input = call->body;
    struct member_result *result = (struct member_result *)call->result + index;
    struct id lead_id;
    if (!id_parse(input->lead_ids.items[index], &lead_id))
        return fail_member(call->ctx, "lead_ids", "invalid", "ids of leads");
    enum err err = campaign_attach(call->ctx, call->db, &call->id, &lead_id, &result->added);
    return err == ERR_NOT_FOUND ? fail_member(call->ctx, "lead_ids", "unknown", "no such lead")
                                : err;
}

static void attach_failed(struct call *call, size_t index, enum err err,
                          const struct failure *failure)
{
    struct member_result *result = (struct member_result *)call->result + index;
    *result = (struct member_result){ false, err,
                                      arena_copy(call->ctx->arena, failure, sizeof *failure) };
}

static enum err run_attach(struct call *call)
{
    const struct members_input *input = call->body;
    struct campaign campaign;
    enum err err = campaign_load(call->ctx, call->db, &call->id, &campaign);
    if (!err && !call->result &&
        !call_result(call, input->lead_ids.count * sizeof(struct member_result)))
        err = ERR_MEMORY;
    return err ? err
               : call_each(call, &(struct each){ "lead_ids", true, input->lead_ids.count, attach,
                                                 attach_failed });
}

static void write_attached(struct call *call, struct json *json)
{
    static const struct failure unknown;
    const struct members_input *input = call->body;
    const struct member_result *results = call->result;
    int64_t added = 0, failed = 0;
    json_open(json, "results", '[');
    for (size_t i = 0; i < input->lead_ids.count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "lead_id", input->lead_ids.items[i]);
        if (results[i].err)
            write_failure(json, results[i].err, results[i].failure ? results[i].failure : &unknown,
                          false);
        else
            json_bool(json, "added", results[i].added);
        json_close(json, '}');
        added += results[i].added;
        failed += results[i].err != OK;
    }
    json_close(json, ']');
    json_int(json, "added", added);
    json_int(json, "failed", failed);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/campaigns" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &campaign_create_table,
      .run = run_create,
      .result = &campaign_table,
      .status = 201,
      .summary = "Create a campaign" },
    { { HTTP_GET, "/v1/campaigns" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &list_query_table,
      .run = run_list,
      .result = &campaign_table,
      .status = 200,
      .summary = "List campaigns" },
    { { HTTP_GET, "/v1/campaigns/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &campaign_table,
      .status = 200,
      .summary = "Read a campaign" },
    { { HTTP_POST, "/v1/campaigns/{id}/members" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &members_table,
      .run = run_attach,
      .write = write_attached,
      .status = 200,
      .summary = "Attach leads to a campaign" },
};
const struct routes campaign_routes = { rows, ARRAY_SIZE(rows) };
