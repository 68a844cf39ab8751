/* erasures.c: routes by which a person goes out of the data, and who had it done. */
#include "route.h"

struct erase_query {
    struct input input;
    int facts;
};

static const char *const erase_names[] = { "keep", "remove", NULL };
static const struct field erase_query_fields[] = {
    FIELD_NAMED(struct erase_query, facts, erase_names,
                .note = "remove: figures of the past fall too"),
};
static const struct table erase_query_table =
    TABLE(struct erase_query, "erase_query", erase_query_fields);

/* Slice by slice; the answer waits until nothing of it is left in the log either. */
static enum err run_erase(struct call *call)
{
    const struct erase_query *query = call->query;
    struct lead_erasing *erasing = call->result ? call->result : call_result(call, sizeof *erasing);
    if (!erasing)
        return ERR_MEMORY;
    erasing->lead_id = call->id;
    erasing->facts = query->facts == FACTS_REMOVED ? FACTS_REMOVED : FACTS_KEPT;
    return lead_erase(call->ctx, call->db, erasing, &call->command.more);
}

static enum err run_list(struct call *call)
{
    return list_by_id(call, erasure_list, erasure_count);
}

static const struct route rows[] = {
    { { HTTP_DELETE, "/v1/leads/{id}" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_BACKGROUND | ROUTE_WIPES,
      .query = &erase_query_table,
      .run = run_erase,
      .status = 204,
      .operation = "eraseLead",
      .summary = "Erase a lead: no byte of the person stays" },
    { { HTTP_GET, "/v1/erasures" },
      ACCESS_READ,
      SCOPE_ADMIN,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_list,
      .result = &erasure_table,
      .status = 200,
      .operation = "listErasures",
      .summary = "Who had which lead erased, and when" },
};
const struct routes erasure_routes = { rows, ARRAY_SIZE(rows) };
