/* rule_sets.c: routes of rule sets. */
#include "route.h"

static const struct order orders[] = { { .name = "version", .member = "version" }, { 0 } };

static enum err run_list(struct call *call)
{
    struct rows rows;
    enum err err = rule_set_list(call->ctx, call->db, &rows);
    return err ? err : page_of_all(call, &rows);
}

static enum err run_read(struct call *call)
{
    struct rule_set *rule_set = call_result(call, sizeof *rule_set);
    return rule_set ? rule_set_find(call->ctx, call->db, &call->id, rule_set) : ERR_MEMORY;
}

static enum err run_publish(struct call *call)
{
    struct job *job = call_result(call, sizeof *job);
    enum err err = job ? rule_set_publish(call->ctx, call->db, &call->id, job) : ERR_MEMORY;
    if (!err)
        call_location(call, "jobs", &job->id);
    return err ? err : job_show(call->ctx, job);
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/rule-sets" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders,
      .run = run_list,
      .result = &rule_set_table,
      .status = 200,
      .operation = "listRuleSets",
      .summary = "Rule sets, the one in force last" },
    { { HTTP_GET, "/v1/rule-sets/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &rule_set_table,
      .status = 200,
      .operation = "getRuleSet",
      .summary = "Read a rule set" },
    { { HTTP_POST, "/v1/rule-sets/{id}/publish" },
      ACCESS_WRITE,
      SCOPE_WRITE,
      ROUTE_BEGINS_JOB,
      .run = run_publish,
      .result = &job_table,
      .status = 202,
      .operation = "publishRuleSet",
      .summary =
          "Put a rule set in force; an older one comes again as a new version. Every lead is "
          "scored again by the job that this answers with" },
};
const struct routes rule_set_routes = { rows, ARRAY_SIZE(rows) };
