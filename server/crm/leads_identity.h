/* leads_identity.h: by what a lead is found. Private to crm. */
#ifndef FUNNELD_CRM_LEADS_IDENTITY_H
#define FUNNELD_CRM_LEADS_IDENTITY_H

#include <funneld/crm.h>

/* The keys of the identities of an input. NULL: it has none of that kind. */
struct lead_identity {
    const char *email, *external, *phone;
};

/* Brings the identities of the input into the form in which they are kept, in place. */
enum err lead_identity_read(struct ctx *ctx, struct lead_input *input, struct lead_identity *ret)
    _must_check_;
/* Whom they name, or ERR_NOT_FOUND. A phone number alone names a lead only where nothing else says
 * otherwise: people share phones. */
enum err lead_identity_find(struct ctx *ctx, struct db *db, const struct lead_identity *identity,
                            struct id *ret) _must_check_;
/* Brings the keys from those of `before` (NULL: none) to those of `after`. ERR_DUPLICATE: another
 * lead has one. */
enum err lead_keys_update(struct ctx *ctx, struct db *db, const struct lead *before,
                          const struct lead *after) _must_check_;
/* Nothing leads to it any more, not even by the names that it was told by later. */
enum err lead_keys_drop(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
/* The key of that kind that leads to this lead; NULL: it has none. */
enum err lead_key_text(struct ctx *ctx, const struct lead *lead, enum lead_key_kind kind,
                       const char **ret) _must_check_;

#endif
