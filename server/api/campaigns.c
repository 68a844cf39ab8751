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
    return list_by_id(call, campaign_list, campaign_count);
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
    const char *lead_id;
    int64_t added;
    const struct problem *problem;
};

static const struct field member_result_fields[] = {
    FIELD(struct member_result, lead_id, TEXT, .flags = FIELD_NOT_NULL, .note = "as sent"),
    FIELD(struct member_result, added, BOOL, .flags = FIELD_OMIT_NULL,
          .note = "false: it was a member before"),
    FIELD_POINT(struct member_result, problem, &problem_table, .flags = FIELD_INLINE),
};
static const struct table member_result_table =
    TABLE(struct member_result, "member_result", member_result_fields);

struct members_result {
    struct rows results;
    int64_t added, failed;
};

static const struct field members_result_fields[] = {
    FIELD(struct members_result, results, ROWS, .of = &member_result_table,
          .note = "in the order of lead_ids"),
    FIELD(struct members_result, added, INT, .flags = FIELD_NOT_NULL, .note = "new members"),
    FIELD(struct members_result, failed, INT, .flags = FIELD_NOT_NULL, .note = "refused"),
};
static const struct table members_result_table =
    TABLE(struct members_result, "members_result", members_result_fields);

static struct member_result *member_at(struct call *call, size_t index)
{
    return (struct member_result *)((struct members_result *)call->result)->results.items + index;
}

static enum err attach(struct call *call, size_t index)
{
    const struct members_input *input = call->body;
    struct members_result *all = call->result;
    const char *text = input->lead_ids.items[index];
    struct id lead_id;
    bool added;
    if (!id_parse(text, &lead_id))
        return fail_member(call->ctx, "lead_ids", "invalid", "ids of leads");
    enum err err = campaign_attach(call->ctx, call->db, &call->id, &lead_id, &added);
    if (err == ERR_NOT_FOUND)
        return fail_member(call->ctx, "lead_ids", "unknown", "no such lead");
    if (err)
        return err;
    *member_at(call, index) = (struct member_result){ .lead_id = text, .added = added };
    all->added += added;
    return OK;
}

static void attach_failed(struct call *call, size_t index, enum err err,
                          const struct failure *failure)
{
    const struct members_input *input = call->body;
    ((struct members_result *)call->result)->failed++;
    *member_at(call, index) =
        (struct member_result){ .lead_id = input->lead_ids.items[index],
                                .added = NO_INT,
                                .problem = problem_of_item(call->ctx, err, failure) };
}

static enum err run_attach(struct call *call)
{
    const struct members_input *input = call->body;
    size_t count = input->lead_ids.count;
    struct campaign campaign;
    enum err err = campaign_load(call->ctx, call->db, &call->id, &campaign);
    if (err)
        return err;
    struct members_result *all = call->result ? call->result : call_result(call, sizeof *all);
    if (!all)
        return ERR_MEMORY;
    if (!all->results.items)
        all->results =
            (struct rows){ ctx_alloc(call->ctx, count * sizeof(struct member_result)), count };
    if (!all->results.items)
        return ERR_MEMORY;
    return call_each(call, &(struct each){ "lead_ids", true, count, attach, attach_failed });
}

static const struct order member_orders[] = {
    { .name = "lead_id", .member = "lead_id" },
    { 0 },
};

static enum err run_members(struct call *call)
{
    struct campaign campaign;
    struct rows rows;
    struct id_range range = list_range(call);
    enum err err = campaign_load(call->ctx, call->db, &call->id, &campaign);
    if (!err)
        err = campaign_members(call->ctx, call->db, &call->id, &range, &rows);
    if (!err && call->list.count)
        call->list.total = campaign.member_count;
    return err ? err : page_cut(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/campaigns" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &campaign_create_table,
      .run = run_create,
      .result = &campaign_table,
      .status = 201,
      .operation = "createCampaign",
      .summary = "Create a campaign",
      .example = "{'name':'Spring fair','channel':'event','starts_on':'2026-04-01'}" },
    { { HTTP_GET, "/v1/campaigns" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_list,
      .result = &campaign_table,
      .status = 200,
      .operation = "listCampaigns",
      .summary = "List campaigns" },
    { { HTTP_GET, "/v1/campaigns/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &campaign_table,
      .status = 200,
      .operation = "getCampaign",
      .summary = "Read a campaign" },
    { { HTTP_GET, "/v1/campaigns/{id}/members" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = member_orders,
      .run = run_members,
      .result = &campaign_member_table,
      .status = 200,
      .operation = "listCampaignMembers",
      .summary = "Leads of a campaign" },
    { { HTTP_POST, "/v1/campaigns/{id}/members" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      .body = &members_table,
      .run = run_attach,
      .result = &members_result_table,
      .status = 200,
      .operation = "attachLeads",
      .summary = "Attach leads to a campaign",
      .example = "{'lead_ids':['019aab3f-7c1e-7abc-8def-0123456789ab']}" },
};
const struct routes campaign_routes = { rows, ARRAY_SIZE(rows) };
