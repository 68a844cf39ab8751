/* metrics.c: routes of the funnel, of what won leads have in common, and of the board. */
#include "drilldown.h"
#include "route.h"
#include <funneld/reports.h>

/* ---- Funnel ---- */

static const struct field funnel_query_fields[] = {
    FIELD_NAMED(struct funnel_query, basis, basis_names,
                .note = "leads by creation, or entries by their time"),
    FIELD(struct funnel_query, from, DAY, .note = "first day; by default 90 days before to"),
    FIELD(struct funnel_query, to, DAY, .note = "the day after the last; by default tomorrow"),
    FIELD(struct funnel_query, pipeline, TEXT, .note = "key; by default the default pipeline"),
    FIELD_NAMED(struct funnel_query, group_by, dimension_names, .note = "source, campaign, owner"),
    FIELD(struct funnel_query, within_days, INT, .min = 1, .max = 180,
          .note = "cohort: only what was reached so soon after creation"),
};
static const struct table funnel_query_table =
    TABLE(struct funnel_query, "funnel_query", funnel_query_fields);

static enum err run_funnel(struct call *call)
{
    struct funnel_report *report = call_result(call, sizeof *report);
    enum err err = report ? funnel_report(call->ctx, call->db, call->query, report) : ERR_MEMORY;
    return err ? err : drilldown_funnel(call->ctx, report);
}

/* ---- What won leads have in common ---- */

static const struct field attributes_query_fields[] = {
    FIELD(struct attributes_query, pipeline, TEXT, .note = "key; by default the default pipeline"),
    FIELD(struct attributes_query, from, DAY, .note = "leads created from this day on"),
    FIELD(struct attributes_query, to, DAY, .note = "and before this one"),
    FIELD_NAMED(struct attributes_query, among, among_names,
                .note = "which leads the won ones are compared with: won and lost ones, or all"),
    FIELD(struct attributes_query, min_support, INT, .min = 1, .max = 1000000,
          .note = "what fewer leads have is left out; 30 unless it is given"),
    FIELD(struct attributes_query, limit, INT, .min = 1, .max = 200,
          .note = "how many of the greatest; 50 unless it is given"),
};
static const struct table attributes_query_table =
    TABLE(struct attributes_query, "attributes_query", attributes_query_fields);

static enum err run_attributes(struct call *call)
{
    struct attributes_report *report = call_result(call, sizeof *report);
    enum err err =
        report ? attributes_report(call->ctx, call->db, call->query, report) : ERR_MEMORY;
    return err ? err : drilldown_attributes(call->ctx, report);
}

/* ---- Board ---- */

enum { BOARD_LEADS_DEFAULT = 20, BOARD_LEADS_MAX = 50 };

struct board_query {
    struct input input;
    int64_t limit;
};

static const struct field board_query_fields[] = {
    FIELD(struct board_query, limit, INT, .flags = FIELD_NOT_NULL, .min = 0, .max = BOARD_LEADS_MAX,
          .note = "leads per stage"),
};
static const struct table board_query_table =
    TABLE(struct board_query, "board_query", board_query_fields);

static enum err run_board(struct call *call)
{
    const struct board_query *query = call->query;
    struct board *board = call_result(call, sizeof *board);
    int64_t limit = query->limit == NO_INT ? BOARD_LEADS_DEFAULT : query->limit;
    enum err err =
        board ? board_read(call->ctx, call->db, call->params[0], limit, board) : ERR_MEMORY;
    return err ? err : drilldown_board(call->ctx, board);
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/metrics/funnel" },
      ACCESS_READ,
      SCOPE_READ,
      .query = &funnel_query_table,
      .run = run_funnel,
      .result = &funnel_report_table,
      .freshness = FRESH_BY_ROLLUPS,
      .status = 200,
      .operation = "getFunnel",
      .summary = "Conversion from stage to stage" },
    { { HTTP_GET, "/v1/metrics/attributes" },
      ACCESS_READ,
      SCOPE_READ,
      .query = &attributes_query_table,
      .run = run_attributes,
      .result = &attributes_report_table,
      .status = 200,
      .operation = "getAttributes",
      .summary = "Which attribute values and activities won leads have in common" },
    { { HTTP_GET, "/v1/pipelines/{key}/board" },
      ACCESS_READ,
      SCOPE_READ,
      .query = &board_query_table,
      .run = run_board,
      .result = &board_table,
      .freshness = FRESH_BY_COMMITS,
      .status = 200,
      .operation = "getBoard",
      .summary = "Open leads per stage: count, value and the best of them" },
};
const struct routes metric_routes = { rows, ARRAY_SIZE(rows) };
