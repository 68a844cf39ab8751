/* fields_custom.c: the field tables of custom fields, which installations make themselves, and of
 * their values. Nothing here computes. */
#include <funneld/types.h>

const char *const custom_type_names[] = { "text", "number", "boolean", "date", "choice", NULL };

static const struct field custom_field_fields[] = {
    FIELD(struct custom_field, field_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct custom_field, key, TEXT, .flags = FIELD_NOT_NULL,
          .note = "its name in JSON; fields.KEY in filters, orders, rules and imports"),
    FIELD(struct custom_field, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD_NAMED(struct custom_field, type, custom_type_names, .flags = FIELD_NOT_NULL,
                .note = "what its values are"),
    FIELD(struct custom_field, choices, TEXTS, .note = "the values that a choice takes"),
    FIELD(struct custom_field, min, NUMBER, .note = "the least value of a number"),
    FIELD(struct custom_field, max, NUMBER, .note = "the greatest value of a number"),
    FIELD(struct custom_field, max_length, INT, .note = "of a text, in characters"),
    FIELD(struct custom_field, indexed, BOOL, .flags = FIELD_NOT_NULL,
          .note = "whether lists can be sorted by it, and are filtered by it at no cost"),
    FIELD(struct custom_field, created_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "when it was made"),
    FIELD(struct custom_field, archived_at, TIME,
          .note = "since when it takes no values and shows none; null: it is in use"),
    FIELD(struct custom_field, drafts, TEXTS, .flags = FIELD_OMIT_NULL,
          .note = "as it is archived: ids of the rule sets, drafts, that ask for it and cannot be "
                  "published until it is in use again"),
};
const struct table custom_field_table =
    TABLE(struct custom_field, "custom_field", custom_field_fields);

/* What may be said of one at any time. */
#define CUSTOM_FIELD_INPUT_FIELDS                                                                  \
    FIELD(struct custom_field_input, choices, TEXTS, .max = CHOICES_MAX,                           \
          .note = "the values that a choice takes; those that leads have stay when one goes"),     \
        FIELD(struct custom_field_input, min, NUMBER, .note = "the least value of a number"),      \
        FIELD(struct custom_field_input, max, NUMBER, .note = "the greatest value of a number"),   \
        FIELD(struct custom_field_input, max_length, INT, .min = 1, .max = CUSTOM_TEXT_MAX,        \
              .note = "of a text, in characters; by default 1000")

static const struct field custom_field_create_fields[] = {
    FIELD(struct custom_field_input, key, TEXT, .flags = FIELD_REQUIRED, .min = 1,
          .max = CUSTOM_KEY_MAX, .note = "lower-case letters, digits and _, a letter first"),
    FIELD(struct custom_field_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .note = "what people see"),
    FIELD_NAMED(struct custom_field_input, type, custom_type_names, .flags = FIELD_REQUIRED,
                .note = "what its values are; never changes"),
    FIELD(struct custom_field_input, indexed, BOOL,
          .note = "true: lists can be sorted by it, and are filtered by it at no cost; never "
                  "changes"),
    CUSTOM_FIELD_INPUT_FIELDS,
};
const struct table custom_field_create_table =
    TABLE(struct custom_field_input, "custom_field_create", custom_field_create_fields);

static const struct field custom_field_patch_fields[] = {
    FIELD(struct custom_field_input, name, TEXT, .flags = FIELD_NOT_NULL, .min = 1, .max = 200,
          .note = "what people see"),
    FIELD(struct custom_field_input, archived, BOOL, .flags = FIELD_NOT_NULL,
          .note = "true: it takes no values and shows none; false: as before"),
    CUSTOM_FIELD_INPUT_FIELDS,
};
const struct table custom_field_patch_table =
    TABLE(struct custom_field_input, "custom_field_patch", custom_field_patch_fields);

static const struct field trait_fields[] = {
    FIELD(struct trait, lead_id, ID),   FIELD_NAMED(struct trait, status, lead_status_names),
    FIELD(struct trait, field_id, INT), FIELD(struct trait, text, TEXT),
    FIELD(struct trait, number, INT),
};
const struct table trait_table = TABLE(struct trait, "trait", trait_fields);

static const struct field lead_value_fields[] = {
    FIELD(struct lead_value, lead_id, ID),
    FIELD(struct lead_value, field_id, INT),
    FIELD(struct lead_value, key, TEXT),
    FIELD_NAMED(struct lead_value, type, custom_type_names),
    FIELD(struct lead_value, text, TEXT),
    FIELD(struct lead_value, number, INT),
    FIELD(struct lead_value, archived_at, TIME),
};
const struct table lead_value_table = TABLE(struct lead_value, "lead_value", lead_value_fields);
