/* fields_activities.c: the field tables of activities, as they are kept, told and corrected. */
#include <funneld/types.h>

const char *const engagement_names[] = { "verified", "suspect", "bot", NULL };

static const struct field activity_fields[] = {
    FIELD(struct activity, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct activity, lead_id, ID, .flags = FIELD_NOT_NULL, .note = "whose"),
    FIELD(struct activity, type, TEXT, .flags = FIELD_NOT_NULL, .note = "what happened"),
    FIELD(struct activity, occurred_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it happened"),
    FIELD(struct activity, recorded_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "when it was heard of"),
    FIELD(struct activity, campaign, ID, .note = "that it belongs to"),
    FIELD(struct activity, source_system, TEXT, .flags = FIELD_NOT_NULL, .note = "who told"),
    FIELD(struct activity, external_id, TEXT, .note = "unique in its source_system"),
    FIELD_NAMED(struct activity, engagement, engagement_names, .flags = FIELD_NOT_NULL,
                .note = "whether a person did it"),
    FIELD(struct activity, engagement_given, BOOL, .flags = FIELD_NOT_NULL,
          .note = "who sent or corrected it said so; otherwise rules did"),
    FIELD(struct activity, properties, JSON, .note = "anything else about it"),
};
const struct table activity_table = TABLE(struct activity, "activity", activity_fields);

#define ACTIVITY_INPUT_FIELDS                                                                      \
    FIELD(struct activity_input, type, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64,         \
          .note = "page_view, email_clicked, demo_requested ... or any lower-case word"),          \
        FIELD(struct activity_input, occurred_at, TIME,                                            \
              .note = "when it happened; by default now"),                                         \
        FIELD(struct activity_input, campaign, ID, .note = "that it belongs to"),                  \
        FIELD(struct activity_input, source_system, TEXT, .min = 1, .max = 100,                    \
              .note = "who tells; by default the name of the key"),                                \
        FIELD(struct activity_input, external_id, TEXT, .min = 1, .max = 200,                      \
              .note = "unique in its source_system: sent twice it counts once"),                   \
        FIELD_NAMED(struct activity_input, engagement, engagement_names,                           \
                    .note = "whether a person did it; by default rules say so"),                   \
        FIELD(struct activity_input, properties, JSON, .note = "anything else about it")

static const struct field activity_create_fields[] = { ACTIVITY_INPUT_FIELDS };
const struct table activity_create_table =
    TABLE(struct activity_input, "activity_create", activity_create_fields);

static const struct field activity_item_fields[] = {
    FIELD(struct activity_input, lead_id, ID, .note = "whose; or email, or lead_external_id"),
    FIELD(struct activity_input, email, TEXT, .min = 1, .max = 254, .note = "of the lead"),
    FIELD(struct activity_input, lead_external_id, TEXT, .min = 1, .max = 200,
          .note = "of the lead"),
    FIELD(struct activity_input, lead_source_system, TEXT, .min = 1, .max = 100,
          .note = "of the lead; by default the activity's"),
    ACTIVITY_INPUT_FIELDS,
};
const struct table activity_item_table =
    TABLE(struct activity_input, "activity_item", activity_item_fields);

static const struct field activity_patch_fields[] = {
    FIELD(struct activity_input, type, TEXT, .flags = FIELD_NOT_NULL, .min = 1, .max = 64,
          .note = "what happened"),
    FIELD(struct activity_input, occurred_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "when it happened"),
    FIELD(struct activity_input, campaign, ID, .note = "that it belongs to"),
    FIELD_NAMED(struct activity_input, engagement, engagement_names,
                .note = "whether a person did it; null: rules say so again"),
    FIELD(struct activity_input, properties, JSON,
          .note = "those to set, null those to remove; what is not named stays"),
};
const struct table activity_patch_table =
    TABLE(struct activity_input, "activity_patch", activity_patch_fields);

static const struct field reclassification_fields[] = {
    FIELD(struct reclassification, job, ID),
    FIELD(struct reclassification, type, TEXT),
    FIELD(struct reclassification, occurred_gte, TIME),
    FIELD(struct reclassification, occurred_lt, TIME),
    FIELD(struct reclassification, campaign, ID),
    FIELD(struct reclassification, user_agent, TEXT),
    FIELD_NAMED(struct reclassification, engagement_was, engagement_names),
    FIELD_NAMED(struct reclassification, engagement, engagement_names),
    FIELD(struct reclassification, activities, INT),
    FIELD(struct reclassification, leads, INT),
};
const struct table reclassification_table =
    TABLE(struct reclassification, "reclassification", reclassification_fields);

static const struct field reclassification_input_fields[] = {
    FIELD_AS(struct reclassification_input, wanted.type, TEXT, "type", .min = 1, .max = 64,
             .note = "of this type; by default of any"),
    FIELD_AS(struct reclassification_input, wanted.occurred_gte, TIME, "occurred_gte",
             .note = "that happened then or later"),
    FIELD_AS(struct reclassification_input, wanted.occurred_lt, TIME, "occurred_lt",
             .note = "that happened before"),
    FIELD_AS(struct reclassification_input, wanted.campaign, ID, "campaign",
             .note = "of this campaign"),
    FIELD_AS(struct reclassification_input, wanted.user_agent, TEXT, "user_agent", .min = 1,
             .max = 200, .note = "whose user agent contains this"),
    { FIELD_NAME("engagement_was"), .kind = FIELD_ENUM, .names = engagement_names,
      .offset = offsetof(struct reclassification_input, wanted.engagement_was),
      .note = "that were taken for this" },
    { FIELD_NAME("engagement"), .kind = FIELD_ENUM, .names = engagement_names,
      .offset = offsetof(struct reclassification_input, wanted.engagement),
      .note = "what they are; by default what rules say, where nobody has given it" },
};
const struct table reclassification_input_table =
    TABLE(struct reclassification_input, "reclassification", reclassification_input_fields);
