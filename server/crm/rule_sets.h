/* rule_sets.h: what the files about rule sets share. Private to crm. */
#ifndef FUNNELD_CRM_RULE_SETS_H
#define FUNNELD_CRM_RULE_SETS_H

#include <funneld/crm.h>

/* ERR_VALIDATION names every mistake by its place in a struct rule_set_input. */
enum err rule_set_check(struct ctx *ctx, const struct catalog *catalog,
                        const struct rule_set *rule_set) _must_check_;

#endif
