/* import.c: routes of bulk imports, for the command of that name. Each item fails alone, and
 * told again it changes nothing. They wait for everybody else's writes. */
#include "route.h"

enum { ITEMS_MAX = 1000 };

struct import_input {
    struct input input;
    struct rows items;
};

static const struct field lead_items_fields[] = {
    FIELD(struct import_input, items, ROWS, .flags = FIELD_REQUIRED | FIELD_EACH,
          .of = &lead_import_table, .min = 1, .max = ITEMS_MAX),
};
static const struct table lead_items_table =
    TABLE(struct import_input, "lead_items", lead_items_fields);

static const struct field event_items_fields[] = {
    FIELD(struct import_input, items, ROWS, .flags = FIELD_REQUIRED | FIELD_EACH,
          .of = &stage_event_import_table, .min = 1, .max = ITEMS_MAX),
};
static const struct table event_items_table =
    TABLE(struct import_input, "stage_event_items", event_items_fields);

struct import_result {
    int status; /* enum lead_outcome, or IMPORT_FAILED with a problem */
    const struct problem *problem;
};

enum { IMPORT_FAILED = LEAD_UNCHANGED + 1 };
static const char *const status_names[] = { "created", "merged", "unchanged", "failed", NULL };

static const struct field result_fields[] = {
    FIELD_NAMED(struct import_result, status, status_names, .flags = FIELD_NOT_NULL,
                .note = "what became of the row"),
    FIELD_POINT(struct import_result, problem, &problem_table, .flags = FIELD_INLINE),
};
static const struct table result_table =
    TABLE(struct import_result, "import_result", result_fields);

struct import_results {
    struct rows results;
};

static const struct field results_fields[] = {
    FIELD(struct import_results, results, ROWS, .of = &result_table,
          .note = "in the order of the items"),
};
static const struct table results_table =
    TABLE(struct import_results, "import_results", results_fields);

static struct import_result *result_at(struct call *call, size_t index)
{
    return (struct import_result *)((struct import_results *)call->result)->results.items + index;
}

static void item_failed(struct call *call, size_t index, enum err err,
                        const struct failure *failure)
{
    *result_at(call, index) =
        (struct import_result){ IMPORT_FAILED, problem_of_item(call->ctx, err, failure) };
}

static bool is_readable(struct call *call, size_t index, const struct input *input)
{
    if (input->failure)
        item_failed(call, index, ERR_VALIDATION, input->failure);
    return !input->failure;
}

static enum err import_lead(struct call *call, size_t index)
{
    const struct import_input *input = call->body;
    const struct lead_input *item = (const struct lead_input *)input->items.items + index;
    struct lead_created created;
    if (!is_readable(call, index, &item->input))
        return OK;
    enum err err = lead_import(call->ctx, call->db, item, &created);
    if (!err)
        result_at(call, index)->status = (int)created.outcome;
    return err;
}

static enum err import_event(struct call *call, size_t index)
{
    const struct import_input *input = call->body;
    const struct stage_event_input *item =
        (const struct stage_event_input *)input->items.items + index;
    bool is_new = false;
    if (!is_readable(call, index, &item->input))
        return OK;
    enum err err = stage_event_import(call->ctx, call->db, item, &is_new);
    result_at(call, index)->status = is_new ? LEAD_CREATED : LEAD_UNCHANGED;
    return err;
}

static enum err run_items(struct call *call, enum err (*item)(struct call *call, size_t index))
{
    const struct import_input *input = call->body;
    size_t count = input->items.count;
    struct import_results *results =
        call->result ? call->result : call_result(call, sizeof *results);
    if (!results)
        return ERR_MEMORY;
    if (!results->results.items)
        results->results =
            (struct rows){ ctx_alloc(call->ctx, count * sizeof(struct import_result)), count };
    if (!results->results.items)
        return ERR_MEMORY;
    return call_each(call, &(struct each){ "items", false, count, item, item_failed });
}

static enum err run_leads(struct call *call)
{
    return run_items(call, import_lead);
}

static enum err run_events(struct call *call)
{
    return run_items(call, import_event);
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/import/leads" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BACKGROUND,
      .body = &lead_items_table,
      .run = run_leads,
      .result = &results_table,
      .status = 200,
      .operation = "importLeads",
      .summary = "Import leads",
      .example =
          "{'items':[{'email':'cid@example.com','source_system':'old_crm','external_id':'7'}]}" },
    { { HTTP_POST, "/v1/import/stage-events" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BACKGROUND,
      .body = &event_items_table,
      .run = run_events,
      .result = &results_table,
      .status = 200,
      .operation = "importStageEvents",
      .summary = "Import stage events",
      .example = "{'items':[{'source_system':'old_crm','external_id':'7','to':'won','occurred_at':'"
                 "2026-03-05T09:00:00Z'}]}" },
};
const struct routes import_routes = { rows, ARRAY_SIZE(rows) };
