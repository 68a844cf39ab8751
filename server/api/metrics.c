/* metrics.c: routes of the funnel and the board. */
#include "route.h"

#include <stdio.h>

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
    return report ? funnel_report(call->ctx, call->db, call->query, report) : ERR_MEMORY;
}

/* Five decimals, rounded half up; numerator and denominator are exact. */
static void write_rate(struct json *json, const char *key, const struct rate *rate)
{
    if (rate->denominator == NO_INT) {
        json_raw(json, key, "null");
        return;
    }
    json_open(json, key, '{');
    json_int(json, "numerator", rate->numerator);
    json_int(json, "denominator", rate->denominator);
    if (rate->denominator == 0) {
        json_raw(json, "rate", "null");
    } else {
        char text[40];
        int64_t scaled = (rate->numerator * 200000 + rate->denominator) / (2 * rate->denominator);
        snprintf(text, sizeof text, "%lld.%05lld", (long long)(scaled / 100000),
                 (long long)(scaled % 100000));
        json_raw(json, "rate", text);
    }
    json_close(json, '}');
}

static void write_group(struct json *json, const struct funnel_report *report,
                        const struct funnel_group *group)
{
    json_open(json, NULL, '{');
    json_text(json, "key", group->key);
    json_open(json, "stages", '[');
    for (size_t i = 0; i < report->stage_count; i++) {
        const struct funnel_stage *stage = &group->stages[i];
        json_open(json, NULL, '{');
        json_text(json, "stage", stage->stage);
        json_int(json, "entered", stage->entered);
        json_int(json, "reached", stage->reached);
        write_rate(json, "from_previous", &stage->from_previous);
        write_rate(json, "cumulative", &stage->cumulative);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "won", '{');
    json_int(json, "leads", group->won_leads);
    json_int(json, "value_minor", group->won_value_minor);
    json_close(json, '}');
    json_open(json, "lost", '{');
    json_int(json, "leads", group->lost_leads);
    json_close(json, '}');
    json_open(json, "disqualified", '{');
    json_int(json, "leads", group->disqualified_leads);
    json_close(json, '}');
    json_close(json, '}');
}

static void write_funnel(struct call *call, struct json *json)
{
    const struct funnel_report *report = call->result;
    char day[TIME_TEXT_SIZE];
    json_text(json, "basis", basis_names[report->query.basis]);
    day_format(report->query.from, day);
    json_text(json, "from", day);
    day_format(report->query.to, day);
    json_text(json, "to", day);
    json_time(json, "as_of", report->as_of);
    json_text(json, "pipeline", report->pipeline->key);
    json_text(json, "currency", report->pipeline->currency);
    json_text(json, "group_by",
              report->query.group_by == DIMENSION_ALL ? NULL
                                                      : dimension_names[report->query.group_by]);
    json_int(json, "within_days", report->query.within_days);
    json_open(json, "units", '{');
    json_text(json, "entered", "entries");
    json_text(json, "reached", "leads");
    json_close(json, '}');
    json_open(json, "groups", '[');
    for (size_t i = 0; i < report->group_count; i++)
        write_group(json, report, &report->groups[i]);
    json_close(json, ']');
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
    return board ? board_read(call->ctx, call->db, call->params[0], limit, board) : ERR_MEMORY;
}

static void write_board(struct call *call, struct json *json)
{
    const struct board *board = call->result;
    json_text(json, "pipeline", board->pipeline->key);
    json_text(json, "currency", board->pipeline->currency);
    json_time(json, "as_of", call->ctx->now_ms);
    json_open(json, "stages", '[');
    for (size_t i = 0; i < board->column_count; i++) {
        const struct board_column *column = &board->columns[i];
        json_open(json, NULL, '{');
        json_text(json, "stage", column->stage->key);
        json_text(json, "name", column->stage->name);
        json_int(json, "leads", column->leads);
        json_int(json, "value_minor", column->value_minor);
        json_open(json, "first", '[');
        for (size_t j = 0; j < column->first.count; j++)
            json_row(json, NULL, &lead_table, (const struct lead *)column->first.items + j);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/metrics/funnel" },
      ACCESS_READ,
      SCOPE_READ,
      .query = &funnel_query_table,
      .run = run_funnel,
      .write = write_funnel,
      .status = 200,
      .summary = "Conversion from stage to stage" },
    { { HTTP_GET, "/v1/pipelines/{key}/board" },
      ACCESS_READ,
      SCOPE_READ,
      .query = &board_query_table,
      .run = run_board,
      .write = write_board,
      .status = 200,
      .summary = "Open leads per stage: count, value and the best of them" },
};
const struct routes metric_routes = { rows, ARRAY_SIZE(rows) };
