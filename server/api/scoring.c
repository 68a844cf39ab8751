/* scoring.c: routes of rule sets. */
#include "route.h"

static enum err run_list(struct call *call)
{
    const struct catalog *catalog;
    struct page *page = call_result(call, sizeof *page);
    if (!page)
        return ERR_MEMORY;
    enum err err = catalog_get(call->ctx, call->db, &catalog);
    if (!err)
        page->rows = (struct rows){ (void *)&catalog->rule_set, 1 };
    return err;
}

static const struct route rows[] = {
    { { HTTP_GET, "/v1/rule-sets" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .run = run_list,
      .result = &rule_set_table,
      .status = 200,
      .operation = "listRuleSets",
      .summary = "The rule set in force" },
};
const struct routes scoring_routes = { rows, ARRAY_SIZE(rows) };
