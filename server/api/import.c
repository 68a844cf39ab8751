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
    enum err err;
    enum lead_outcome outcome;
    const struct failure *failure;
};

static struct import_result *result_at(struct call *call, size_t index)
{
    return (struct import_result *)call->result + index;
}

static bool is_readable(struct call *call, size_t index, const struct input *input)
{
    if (!input->failure)
        return true;
    *result_at(call, index) =
        (struct import_result){ .err = ERR_VALIDATION, .failure = input->failure };
    return false;
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
        result_at(call, index)->outcome = created.outcome;
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
    result_at(call, index)->outcome = is_new ? LEAD_CREATED : LEAD_UNCHANGED;
    return err;
}

static void item_failed(struct call *call, size_t index, enum err err,
                        const struct failure *failure)
{
    *result_at(call, index) =
        (struct import_result){ .err = err,
                                .failure = arena_copy(call->ctx->arena, failure, sizeof *failure) };
}

static enum err run_items(struct call *call, enum err (*item)(struct call *call, size_t index))
{
    const struct import_input *input = call->body;
    if (!call->result && !call_result(call, input->items.count * sizeof(struct import_result)))
        return ERR_MEMORY;
    return call_each(call, &(struct each){ "items", false, input->items.count, item, item_failed });
}

static enum err run_leads(struct call *call)
{
    return run_items(call, import_lead);
}

static enum err run_events(struct call *call)
{
    return run_items(call, import_event);
}

static void write_results(struct call *call, struct json *json)
{
    static const struct failure unknown;
    const struct import_input *input = call->body;
    json_open(json, "results", '[');
    for (size_t i = 0; i < input->items.count; i++) {
        const struct import_result *result = result_at(call, i);
        json_open(json, NULL, '{');
        json_text(json, "status", result->err ? "failed" : lead_outcome_names[result->outcome]);
        if (result->err)
            write_failure(json, result->err, result->failure ? result->failure : &unknown, false);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/import/leads" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BACKGROUND,
      .body = &lead_items_table,
      .run = run_leads,
      .write = write_results,
      .status = 200,
      .summary = "Import leads" },
    { { HTTP_POST, "/v1/import/stage-events" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      ROUTE_BACKGROUND,
      .body = &event_items_table,
      .run = run_events,
      .write = write_results,
      .status = 200,
      .summary = "Import stage events" },
};
const struct routes import_routes = { rows, ARRAY_SIZE(rows) };
