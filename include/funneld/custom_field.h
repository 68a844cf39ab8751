/* custom_field.h: what an installation keeps of its leads beyond our own members. Read by types.h,
 * and in its terms. */
#ifndef FUNNELD_CUSTOM_FIELD_H
#define FUNNELD_CUSTOM_FIELD_H

#include <funneld/base.h>
#include <funneld/field.h>

enum {
    CUSTOM_FIELDS_MAX = 64, /* that are not archived */
    CUSTOM_KEY_MAX = 64,
    CUSTOM_TEXT_MAX = 1000, /* characters of a value */
    CHOICES_MAX = 100,
    CHOICE_TEXT_MAX = 100,
};

/* Said as fields.KEY wherever a member of a lead is named by its name. Key, type and indexed never
 * change. An archived one takes no values and shows none; those it has are kept, and count. */
struct custom_field {
    int64_t field_id; /* small and ours, never in JSON: it stands in every value */
    const char *key;
    const char *name; /* what people see */
    enum custom_type type;
    struct texts choices; /* of a choice */
    int64_t min, max;     /* of a number, in millionths; NO_INT: none */
    int64_t max_length;   /* of a text, in characters */
    int64_t indexed;      /* lists are sorted by it, and filtered at no cost */
    int64_t created_at;
    int64_t archived_at; /* NO_INT: it is in use */
    /* ids of drafts of rules that ask for it; only as it is being archived, and not in the row */
    struct texts drafts;
};
extern const struct table custom_field_table;

struct custom_field_input {
    struct input input;
    const char *key, *name;
    int type; /* enum custom_type */
    struct texts choices;
    int64_t min, max, max_length;
    int64_t indexed, archived;
};
extern const struct table custom_field_create_table; /* POST /v1/fields */
extern const struct table custom_field_patch_table;  /* PATCH /v1/fields/{key} */

/* One value of one lead, as a row. */
struct lead_value {
    struct id lead_id;
    int64_t field_id;
    const char *key; /* of the field */
    enum custom_type type;
    const char *text;
    int64_t number;
    int64_t archived_at; /* of the field */
};
extern const struct table lead_value_table;

#endif
