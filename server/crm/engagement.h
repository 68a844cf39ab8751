/* engagement.h: whether a person did what an activity tells. Private to crm.
 *
 * bot: the user agent is that of a program. suspect: nobody can tell: it is an image proxy, the
 * sender says that a machine may have opened the mail, or it came faster than people are: within
 * 2 s of the delivery of the same mail, or with clicks on two other links of it within 1 s.
 *
 * What is said depends on the activities alone and not on the order in which they came: each that
 * comes, moves or goes has those about it judged again. Two are of the same mail if their property
 * message_id is the same; where one of them has none, if they are of the same campaign. What a
 * sender or a person has given stays. */
#ifndef FUNNELD_CRM_ENGAGEMENT_H
#define FUNNELD_CRM_ENGAGEMENT_H

#include "agents.h"

#include <funneld/crm.h>

/* What the activity says of itself, whatever else happened. */
enum engagement engagement_alone(const struct activity *activity);
/* The user agent that it carries; blank: none. */
void activity_agent(const struct activity *activity, char ret[static AGENT_BYTES_MAX + 1]);
/* Judges those about an activity that is, or was, of that type at that time, and saves what came
 * out different; of `about` itself (NULL: it is gone) in memory too. *ret_others: one that had been
 * told before was among them. */
enum err engagement_settle(struct ctx *ctx, struct db *db, const struct id *lead_id,
                           const char *type, int64_t at, struct activity *about, bool *ret_others)
    _must_check_;

#endif
