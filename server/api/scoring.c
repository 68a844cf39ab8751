/* scoring.c: routes of rule sets. */
#include "route.h"

static const struct order orders[] = { { .name = "version", .member = "version" }, { 0 } };

static enum err run_list(struct call *call)
{
    const struct catalog *catalog;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    return err ? err : page_of_all(call, &(struct rows){ (void *)&catalog->rule_set, 1 });
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
      .summary = "The rule set in force" },
};
const struct routes scoring_routes = { rows, ARRAY_SIZE(rows) };
