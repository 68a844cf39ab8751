/* activities.h: what recording, correcting and removing an activity share. Private to crm. */
#ifndef FUNNELD_CRM_ACTIVITIES_H
#define FUNNELD_CRM_ACTIVITIES_H

#include "history.h"

enum err activity_check_type(struct ctx *ctx, const char *type) _must_check_;
/* When it happened, as the client has it: NO_INT is now, and so is what a clock that is a little
 * ahead says. ERR_VALIDATION of what lies further ahead. */
enum err activity_read_time(struct ctx *ctx, int64_t given, int64_t *ret) _must_check_;
/* The key of the lead's stage, as the answer's own text. */
enum err lead_stage_key(struct ctx *ctx, const struct catalog *catalog, const struct lead *lead,
                        const char **ret) _must_check_;

#endif
