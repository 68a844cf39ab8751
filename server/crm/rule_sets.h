/* rule_sets.h: what the files about rule sets share. Private to crm. */
#ifndef FUNNELD_CRM_RULE_SETS_H
#define FUNNELD_CRM_RULE_SETS_H

#include <funneld/crm.h>

/* ERR_VALIDATION names every mistake by its place in a struct rule_set_input. */
enum err rule_set_check(struct ctx *ctx, const struct catalog *catalog,
                        const struct rule_set *rule_set) _must_check_;

/* Whether a pipeline in use has such a stage in use behind its first, into which leads are born. */
bool kind_can_be_entered(const struct rows *pipelines, enum stage_kind kind);

/* Before a custom field, or what a pipeline had, goes out of use. ERR_CONFLICT: the rule set in
 * force asks for it. *ret_drafts: ids of the drafts that do, and cannot be published without it. */
enum err rule_sets_release_field(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                                 const char *key, struct texts *ret_drafts) _must_check_;
/* changed: the pipeline as it would be. */
enum err rule_sets_release_stages(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                                  const struct pipeline *changed, struct texts *ret_drafts)
    _must_check_;

#endif
