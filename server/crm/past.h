/* past.h: a lead's attributes as they were, told from its log of changes. Private to crm. */
#ifndef FUNNELD_CRM_PAST_H
#define FUNNELD_CRM_PAST_H

#include "scoring.h"

struct past {
    struct lead lead; /* as it was, once every change before `next` had been made */
    struct id first_owner;
    const struct catalog *catalog; /* NULL: no custom field was changed */
    const struct lead_change *changes;
    size_t count, next;
};

/* At its creation. is_new: the store does not know it yet. */
enum err past_begin(struct ctx *ctx, struct db *db, const struct lead *lead, bool is_new,
                    struct past *ret) _must_check_;
/* Makes the changes dated up to `until`. */
void past_advance(struct past *past, int64_t until);
/* When the next change comes of an attribute that these rules read; INT64_MAX: none. */
int64_t past_next(const struct past *past, const struct scoring *scoring);
/* The latest of all such changes; NO_INT: none. */
int64_t past_latest(const struct past *past, const struct scoring *scoring);
/* The facts of a lead up to an instant, and its attributes then in *ret_past, to which they
 * point. */
enum err facts_at(struct ctx *ctx, struct db *db, const struct lead *lead, int64_t at,
                  const struct scoring *scoring, struct past *ret_past, struct facts *ret)
    _must_check_;
struct id past_owner_at(const struct past *past, int64_t at);

#endif
