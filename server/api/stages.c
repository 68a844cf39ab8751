/* stages.c: routes of moves and stage histories. */
#include "route.h"

/* ---- Moves ---- */

struct move_input {
    struct input input;
    const char *stage, *reason;
    int cause;
};

static const struct field move_fields[] = {
    FIELD(struct move_input, stage, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
          .note = "key of the stage"),
    FIELD(struct move_input, reason, TEXT, .min = 1, .max = 500, .note = "needed to go back"),
    FIELD_NAMED(struct move_input, cause, cause_names,
                .note = "user, api or correction; by default api"),
};
static const struct table move_table = TABLE(struct move_input, "move", move_fields);

struct close_input {
    struct input input;
    const char *reason;
    int64_t amount_minor;
};

static const struct field win_fields[] = {
    FIELD(struct close_input, reason, TEXT, .min = 1, .max = 500, .note = "why"),
    FIELD(struct close_input, amount_minor, INT, .min = 0, .max = INT64_C(1000000000000000),
          .note = "revenue in minor units"),
};
static const struct table win_table = TABLE(struct close_input, "win", win_fields);

static const struct field close_fields[] = {
    FIELD(struct close_input, reason, TEXT, .min = 1, .max = 500,
          .note = "why; needed for lost and disqualified"),
};
static const struct table close_table = TABLE(struct close_input, "close", close_fields);

static enum err run_move(struct call *call)
{
    const struct move_input *input = call->body;
    enum cause cause = input->cause < 0 ? CAUSE_API : (enum cause)input->cause;
    if (cause != CAUSE_API && cause != CAUSE_USER && cause != CAUSE_CORRECTION)
        return fail_member(call->ctx, "cause", "unknown_value", "user, api or correction");
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(call, lead_move(call->ctx, call->db, &call->id, input->stage, input->reason,
                                       cause, call->expected_version, lead));
}

static enum err close_as(struct call *call, enum lead_status status, int64_t amount_minor)
{
    const struct close_input *input = call->body;
    struct lead *lead = call_result(call, sizeof *lead);
    if (!lead)
        return ERR_MEMORY;
    return answer_lead(call, lead_close(call->ctx, call->db, &call->id, status, input->reason,
                                        amount_minor, call->expected_version, lead));
}

static enum err run_win(struct call *call)
{
    return close_as(call, LEAD_WON, ((const struct close_input *)call->body)->amount_minor);
}

static enum err run_lose(struct call *call)
{
    return close_as(call, LEAD_LOST, NO_INT);
}

static enum err run_disqualify(struct call *call)
{
    return close_as(call, LEAD_DISQUALIFIED, NO_INT);
}

static enum err run_reopen(struct call *call)
{
    return close_as(call, LEAD_OPEN, NO_INT);
}

/* ---- Histories ---- */

struct history_query {
    struct input input;
    int64_t voided;
};

static const struct field history_query_fields[] = {
    FIELD(struct history_query, voided, BOOL, .note = "true: those that were undone too"),
};
static const struct table history_query_table =
    TABLE(struct history_query, "history_query", history_query_fields);

static const struct order history_orders[] = {
    { .name = "occurred_at", .member = "occurred_at" },
    { 0 },
};

static enum err run_history(struct call *call)
{
    const struct history_query *query = call->query;
    struct rows rows;
    enum err err = lead_history(call->ctx, call->db, &call->id, query->voided == 1, &rows);
    return err ? err : page_of_all(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/leads/{id}/move" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &move_table,
      .run = run_move,
      .result = &lead_table,
      .status = 200,
      .operation = "moveLead",
      .summary = "Move a lead to another stage",
      .example = "{'stage':'demo'}" },
    { { HTTP_POST, "/v1/leads/{id}/win" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &win_table,
      .run = run_win,
      .result = &lead_table,
      .status = 200,
      .operation = "winLead",
      .summary = "Close a lead as won",
      .example = "{'amount_minor':1200000}" },
    { { HTTP_POST, "/v1/leads/{id}/lose" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &close_table,
      .run = run_lose,
      .result = &lead_table,
      .status = 200,
      .operation = "loseLead",
      .summary = "Close a lead as lost",
      .example = "{'reason':'price'}" },
    { { HTTP_POST, "/v1/leads/{id}/disqualify" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &close_table,
      .run = run_disqualify,
      .result = &lead_table,
      .status = 200,
      .operation = "disqualifyLead",
      .summary = "Close a lead that cannot buy",
      .example = "{'reason':'student'}" },
    { { HTTP_POST, "/v1/leads/{id}/reopen" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_VERSIONED,
      .body = &close_table,
      .run = run_reopen,
      .result = &lead_table,
      .status = 200,
      .operation = "reopenLead",
      .summary = "Open a closed lead again",
      .example = "{'reason':'a new budget'}" },
    { { HTTP_GET, "/v1/leads/{id}/stages" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &history_query_table,
      .orders = history_orders,
      .run = run_history,
      .result = &stage_event_table,
      .status = 200,
      .operation = "listStageEvents",
      .summary = "Stage events of a lead" },
};
const struct routes stage_routes = { rows, ARRAY_SIZE(rows) };
