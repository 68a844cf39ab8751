/* ledger.c: routes that tell a score line by line, and what is behind a line. */
#include "route.h"

#include <funneld/reports.h>

#define SCORE_QUERY_FIELDS(type)                                                                   \
    FIELD_AS(type, score.at, TIME, "at",                                                           \
             .note = "of what is known now and dated up to then, under the rule set in force "     \
                     "then; left out: now, under the rule set that the lead is on"),               \
        FIELD_AS(type, score.rule_set, TEXT, "rule_set", .max = 40,                                \
                 .note = "another one, by its version or its id: a draft too")

struct ledger_query {
    struct input input;
    struct score_query score;
};

static const struct field ledger_query_fields[] = { SCORE_QUERY_FIELDS(struct ledger_query) };
static const struct table ledger_query_table =
    TABLE(struct ledger_query, "ledger_query", ledger_query_fields);

static const struct field line_fields[] = {
    FIELD_NAMED(struct ledger_line, kind, ledger_kind_names, .flags = FIELD_NOT_NULL,
                .note = "what of: a rule, or what its cap, a clamp or the rounding takes or gives"),
    FIELD(struct ledger_line, rule, TEXT, .note = "key"),
    FIELD(struct ledger_line, name, TEXT, .note = "of the rule"),
    FIELD(struct ledger_line, score_group, TEXT, .note = "key"),
    FIELD(struct ledger_line, matches, INT,
          .note = "of the rule; their age may leave them nothing"),
    FIELD(struct ledger_line, points_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "thousandths of a point; all lines together are 1000 times the score"),
    FIELD(struct ledger_line, match_milli, INT, .flags = FIELD_OMIT_NULL,
          .note = "of a rule: what one match is worth before it decays"),
    FIELD_NAMED(struct ledger_line, decay, decay_names, .flags = FIELD_OMIT_NULL,
                .note = "of a rule"),
    FIELD(struct ledger_line, decay_days, INT, .flags = FIELD_OMIT_NULL, .note = "of a rule"),
    FIELD(struct ledger_line, decay_percent, INT, .flags = FIELD_OMIT_NULL, .note = "of a rule"),
    FIELD(struct ledger_line, cap_milli, INT, .flags = FIELD_OMIT_NULL,
          .note = "of a rule: at most so much of its sum"),
    FIELD(struct ledger_line, cap_times, INT, .flags = FIELD_OMIT_NULL,
          .note = "of a rule: at most so many matches, the largest"),
};
static const struct table line_table = TABLE(struct ledger_line, "ledger_line", line_fields);

static const struct field ledger_fields[] = {
    FIELD(struct ledger, score, INT, .flags = FIELD_NOT_NULL, .note = "at that instant"),
    FIELD(struct ledger, at, TIME, .flags = FIELD_NOT_NULL, .note = "the instant"),
    FIELD(struct ledger, rule_set, ID, .flags = FIELD_NOT_NULL, .note = "that judged"),
    FIELD(struct ledger, rule_set_version, INT, .note = "its version; null: a draft"),
    FIELD(struct ledger, lines, ROWS, .of = &line_table, .note = "that sum to the score"),
};
static const struct table ledger_table = TABLE(struct ledger, "ledger", ledger_fields);

static enum err run_ledger(struct call *call)
{
    const struct ledger_query *query = call->query;
    struct ledger *ledger = call_result(call, sizeof *ledger);
    return ledger ? score_ledger(call->ctx, call->db, &call->id, &query->score, ledger)
                  : ERR_MEMORY;
}

/* ---- What is behind a line ---- */

struct evidence_query {
    struct input input;
    struct score_query score;
    const char *rule;
};

static const struct field evidence_query_fields[] = {
    FIELD(struct evidence_query, rule, TEXT, .flags = FIELD_REQUIRED, .max = 64,
          .note = "key of a rule"),
    SCORE_QUERY_FIELDS(struct evidence_query),
};
static const struct table evidence_query_table =
    TABLE(struct evidence_query, "evidence_query", evidence_query_fields);

static const struct field evidence_fields[] = {
    FIELD(struct evidence, id, ID, .flags = FIELD_NOT_NULL, .note = "of the activity"),
    FIELD(struct evidence, type, TEXT, .flags = FIELD_NOT_NULL, .note = "of the activity"),
    FIELD(struct evidence, occurred_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it happened"),
    FIELD(struct evidence, age_days, INT, .flags = FIELD_NOT_NULL,
          .note = "whole days that have passed since"),
    FIELD(struct evidence, points_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "what the match is worth at that age"),
    FIELD(struct evidence, kept_milli, INT, .flags = FIELD_NOT_NULL,
          .note = "what the cap of its rule leaves of that; the latest count first"),
};
static const struct table evidence_table =
    TABLE(struct evidence, "score_evidence", evidence_fields);

static const struct order evidence_orders[] = {
    { .name = "occurred_at", .member = "occurred_at", .descending = true },
    { 0 },
};

static enum err run_evidence(struct call *call)
{
    const struct evidence_query *query = call->query;
    struct rows rows;
    enum err err =
        score_evidence(call->ctx, call->db, &call->id, &query->score, query->rule, &rows);
    return err ? err : page_of_all(call, &rows);
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/leads/{id}/score" },
      ACCESS_READ,
      SCOPE_READ,
      .query = &ledger_query_table,
      .run = run_ledger,
      .result = &ledger_table,
      .status = 200,
      .operation = "getScore",
      .summary = "A lead's score, told line by line" },
    { { HTTP_GET, "/v1/leads/{id}/score/evidence" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &evidence_query_table,
      .orders = evidence_orders,
      .run = run_evidence,
      .result = &evidence_table,
      .status = 200,
      .operation = "listScoreEvidence",
      .summary = "The activities that a rule of the score counts" },
};
const struct routes ledger_routes = { rows, ARRAY_SIZE(rows) };
