/* handoff.c: routes of offers of leads to sales, and the answers. */
#include "route.h"

struct accept_input {
    struct input input;
    struct id owner;
    const char *reason;
};

static const struct field accept_fields[] = {
    FIELD(struct accept_input, owner, ID, .note = "the user who takes it; by default its owner"),
    FIELD(struct accept_input, reason, TEXT, .min = 1, .max = 500, .note = "a note"),
};
static const struct table accept_table = TABLE(struct accept_input, "accept", accept_fields);

struct reject_input {
    struct input input;
    enum reject_kind beyond_none; /* REJECT_NONE is no answer: 0 is the kind behind it */
    const char *reason;
};

static const struct field reject_fields[] = {
    FIELD_NAMED_AS(struct reject_input, beyond_none, reject_kind_names + 1, "kind",
                   .flags = FIELD_REQUIRED,
                   .note = "procedural: wrong people; clerical: something missing or wrong; "
                           "definitional: not what was agreed on; spam: counts nowhere"),
    FIELD(struct reject_input, reason, TEXT, .min = 1, .max = 500, .note = "a note"),
};
static const struct table reject_table = TABLE(struct reject_input, "reject", reject_fields);

struct recycle_input {
    struct input input;
    const char *stage, *reason;
};

static const struct field recycle_fields[] = {
    FIELD(struct recycle_input, stage, TEXT, .min = 1, .max = 64,
          .note = "key of a stage before; by default the nearest"),
    FIELD(struct recycle_input, reason, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500,
          .note = "why"),
};
static const struct table recycle_table = TABLE(struct recycle_input, "recycle", recycle_fields);

static enum err run_accept(struct call *call)
{
    const struct accept_input *input = call->body;
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(call, lead_accept(call->ctx, call->db, &call->id, &input->owner,
                                         input->reason, call->expected_version, lead));
}

static enum err run_reject(struct call *call)
{
    const struct reject_input *input = call->body;
    enum reject_kind kind = input->beyond_none + 1;
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(call, lead_reject(call->ctx, call->db, &call->id, kind, input->reason,
                                         call->expected_version, lead));
}

static enum err run_recycle(struct call *call)
{
    const struct recycle_input *input = call->body;
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(call, lead_recycle(call->ctx, call->db, &call->id, input->stage,
                                          input->reason, call->expected_version, lead));
}

static const struct order orders[] = {
    { .name = "offered_at", .member = "offered_at" },
    { 0 },
};

static enum err run_list(struct call *call)
{
    struct rows rows;
    enum err err = lead_handoffs(call->ctx, call->db, &call->id, &rows);
    return err ? err : page_of_all(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/leads/{id}/accept" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &accept_table,
      .run = run_accept,
      .result = &lead_table,
      .status = 200,
      .operation = "acceptLead",
      .summary = "Accept a lead that is offered to sales",
      .example = "{'reason':'called back'}" },
    { { HTTP_POST, "/v1/leads/{id}/reject" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &reject_table,
      .run = run_reject,
      .result = &lead_table,
      .status = 200,
      .operation = "rejectLead",
      .summary = "Reject a lead that is offered to sales",
      .example = "{'kind':'definitional','reason':'a student'}" },
    { { HTTP_POST, "/v1/leads/{id}/recycle" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &recycle_table,
      .run = run_recycle,
      .result = &lead_table,
      .status = 200,
      .operation = "recycleLead",
      .summary = "Send a lead back for nurture",
      .example = "{'reason':'next year'}" },
    { { HTTP_GET, "/v1/leads/{id}/handoffs" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders,
      .run = run_list,
      .result = &handoff_table,
      .status = 200,
      .operation = "listHandoffs",
      .summary = "Each time that a lead was offered to sales" },
};
const struct routes handoff_routes = { rows, ARRAY_SIZE(rows) };
