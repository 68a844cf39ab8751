/* leads_fields.h: the values that a lead has of custom fields. Private to crm. */
#ifndef FUNNELD_CRM_LEADS_FIELDS_H
#define FUNNELD_CRM_LEADS_FIELDS_H

#include "history.h"

/* What a change of a lead does to what it has. */
enum how { OVERWRITE, FILL_BLANKS };

struct changes {
    bool any;
    bool scores; /* a field that the rules read */
};

/* What the input says of custom fields, as it would be kept. `kept`: those of the lead that it is
 * said of, which may be said again; NULL: it has none. ERR_VALIDATION names every wrong one as
 * fields/KEY. */
enum err lead_fields_read(struct ctx *ctx, const struct catalog *catalog,
                          const struct lead_input *input, const struct custom_values *kept,
                          struct custom_values *ret) _must_check_;
/* One value, as it would be kept; ERR_VALIDATION. `as_text`: it has to be made from a text. */
enum err lead_field_read(struct ctx *ctx, const struct custom_field *field,
                         const struct custom_value *given, bool as_text, struct custom_value *ret)
    _must_check_;
/* The lead, which is being made, has these. */
enum err lead_fields_begin(struct ctx *ctx, struct lead *lead, const struct custom_values *values)
    _must_check_;
/* Puts those of a lead that is being made into the store. */
enum err lead_fields_insert(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                            const struct lead *lead) _must_check_;
/* Sets them on the lead and in the store, and logs what changes; the caller saves the lead. */
enum err lead_fields_set(struct ctx *ctx, struct db *db, struct history *history,
                         const struct custom_values *values, enum how how, struct changes *changes)
    _must_check_;

#endif
