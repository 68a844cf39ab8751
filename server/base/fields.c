/* fields.c: the field tables of types.h. One row per member says its kind, limits and meaning;
 * JSON in, JSON out and rows from the store follow from it. Nothing here computes. */
#include <funneld/types.h>

const char *const lead_status_names[] = { "open", "won", "lost", "disqualified", NULL };
const char *const verdict_names[] = { "created", "merged", "trapped", "failed", NULL };
const char *const scope_names[] = { "read", "write", "ingest", "admin", NULL };
const char *const erasure_facts_names[] = { "kept", "removed", NULL };

static const struct field lead_fields[] = {
    FIELD(struct lead, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct lead, email, TEXT, .note = "lower case; one lead per address, whatever its +tag"),
    FIELD(struct lead, phone, TEXT, .note = "E.164 where it is an international number"),
    FIELD(struct lead, first_name, TEXT, .note = "given name"),
    FIELD(struct lead, last_name, TEXT, .note = "family name"),
    FIELD(struct lead, company, TEXT, .note = "employer"),
    FIELD(struct lead, job_title, TEXT, .note = "position there"),
    FIELD(struct lead, website, TEXT, .note = "of the company"),
    FIELD(struct lead, industry, TEXT, .note = "of the company"),
    FIELD(struct lead, country, TEXT, .note = "as given"),
    FIELD(struct lead, city, TEXT, .note = "as given"),
    FIELD(struct lead, source, TEXT, .note = "where it came from; funnels group by it"),
    FIELD(struct lead, campaign, ID, .note = "the primary campaign; funnels group by it"),
    FIELD(struct lead, owner, ID, .note = "the user who works it"),
    FIELD(struct lead, amount_minor, INT, .note = "expected revenue in minor units"),
    FIELD(struct lead, currency, TEXT, .note = "ISO 4217, of its pipeline"),
    FIELD(struct lead, source_system, TEXT,
          .note = "with external_id: what another system calls it"),
    FIELD(struct lead, external_id, TEXT, .note = "unique in its source_system"),
    FIELD(struct lead, fields, VALUES,
          .note = "values of custom fields, by their keys; those without a value are left out"),
    FIELD(struct lead, value_count, INT, .flags = FIELD_HIDDEN),
    FIELD(struct lead, pipeline_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct lead, stage_id, INT, .flags = FIELD_HIDDEN),
    FIELD(struct lead, pipeline, TEXT, .flags = FIELD_NOT_NULL, .note = "key of its pipeline"),
    FIELD(struct lead, stage, TEXT, .flags = FIELD_NOT_NULL, .note = "key of its stage"),
    FIELD_NAMED(struct lead, status, lead_status_names, .flags = FIELD_NOT_NULL,
                .note = "orthogonal to the stage"),
    FIELD(struct lead, stage_entered_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "when it came into its stage"),
    FIELD(struct lead, cycle, INT, .flags = FIELD_NOT_NULL,
          .note = "1, and one more each time it is recycled"),
    FIELD(struct lead, score, INT, .flags = FIELD_NOT_NULL, .note = "fit and engagement points"),
    FIELD(struct lead, score_as_of, TIME, .flags = FIELD_NOT_NULL,
          .note = "when the score was last computed"),
    FIELD(struct lead, rule_set_version, INT, .flags = FIELD_NOT_NULL,
          .note = "of the rules behind the score"),
    FIELD(struct lead, version, INT, .flags = FIELD_NOT_NULL,
          .note = "counts what people and clients change"),
    FIELD(struct lead, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it became known"),
    FIELD(struct lead, updated_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "last change by a person or client"),
    FIELD(struct lead, tally, BYTES, .flags = FIELD_HIDDEN),
    FIELD(struct lead, last_fact_at, TIME, .flags = FIELD_HIDDEN),
    FIELD(struct lead, automatic_at, TIME, .flags = FIELD_HIDDEN),
    FIELD(struct lead, score_due_at, TIME, .flags = FIELD_HIDDEN),
    FIELD(struct lead, erased_at, TIME, .flags = FIELD_OMIT_NULL,
          .note = "since when there is nobody behind it"),
};
const struct table lead_table = TABLE(struct lead, "lead", lead_fields);

/* What a person or client may say of a lead, wherever they say it. */
#define LEAD_INPUT_FIELDS                                                                          \
    FIELD(struct lead_input, email, TEXT, .min = 1, .max = 254,                                    \
          .note = "address; one lead per address"),                                                \
        FIELD(struct lead_input, phone, TEXT, .min = 1, .max = 40,                                 \
              .note = "international numbers become E.164"),                                       \
        FIELD(struct lead_input, first_name, TEXT, .min = 1, .max = 100, .note = "given name"),    \
        FIELD(struct lead_input, last_name, TEXT, .min = 1, .max = 100, .note = "family name"),    \
        FIELD(struct lead_input, company, TEXT, .min = 1, .max = 200, .note = "employer"),         \
        FIELD(struct lead_input, job_title, TEXT, .min = 1, .max = 200, .note = "position there"), \
        FIELD(struct lead_input, website, TEXT, .min = 1, .max = 500, .note = "of the company"),   \
        FIELD(struct lead_input, industry, TEXT, .min = 1, .max = 100, .note = "of the company"),  \
        FIELD(struct lead_input, country, TEXT, .min = 1, .max = 100, .note = "as given"),         \
        FIELD(struct lead_input, city, TEXT, .min = 1, .max = 100, .note = "as given"),            \
        FIELD(struct lead_input, source, TEXT, .min = 1, .max = 100,                               \
              .note = "where it came from"),                                                       \
        FIELD(struct lead_input, campaign, ID, .note = "id of the primary campaign"),              \
        FIELD(struct lead_input, owner, ID, .note = "id of a user"),                               \
        FIELD(struct lead_input, amount_minor, INT, .min = 0, .max = INT64_C(1000000000000000),    \
              .note = "expected revenue in minor units"),                                          \
        FIELD(struct lead_input, currency, TEXT, .min = 3, .max = 3,                               \
              .note = "must be the pipeline's"),                                                   \
        FIELD(struct lead_input, source_system, TEXT, .min = 1, .max = 100,                        \
              .note = "goes with external_id"),                                                    \
        FIELD(struct lead_input, external_id, TEXT, .min = 1, .max = 200,                          \
              .note = "unique in its source_system"),                                              \
        FIELD(struct lead_input, fields, VALUES,                                                   \
              .note = "values of custom fields, by their keys; null removes one")

static const struct field lead_create_fields[] = {
    LEAD_INPUT_FIELDS,
    FIELD(struct lead_input, pipeline, TEXT, .min = 1, .max = 64,
          .note = "key; by default the default pipeline"),
    FIELD(struct lead_input, stage, TEXT, .min = 1, .max = 64,
          .note = "key; by default the first stage"),
};
const struct table lead_create_table = TABLE(struct lead_input, "lead_create", lead_create_fields);

static const struct field lead_patch_fields[] = { LEAD_INPUT_FIELDS };
const struct table lead_patch_table = TABLE(struct lead_input, "lead_patch", lead_patch_fields);

static const struct field lead_import_fields[] = {
    LEAD_INPUT_FIELDS,
    FIELD(struct lead_input, pipeline, TEXT, .min = 1, .max = 64,
          .note = "key; by default the default pipeline"),
    FIELD(struct lead_input, stage, TEXT, .min = 1, .max = 64,
          .note = "key; by default the first stage"),
    FIELD(struct lead_input, created_at, TIME, .note = "when it became known"),
    FIELD_NAMED(struct lead_input, status, lead_status_names, .flags = FIELD_NAMED_ONLY,
                .note = "what became of it; a known lead is closed only while it is open"),
    FIELD(struct lead_input, closed_at, TIME, .flags = FIELD_NAMED_ONLY,
          .note = "when it was won, lost or disqualified; by default now"),
};
const struct table lead_import_table = TABLE(struct lead_input, "lead_import", lead_import_fields);

static const struct field lead_change_fields[] = {
    FIELD(struct lead_change, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct lead_change, lead_id, ID, .flags = FIELD_HIDDEN),
    FIELD(struct lead_change, at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was changed"),
    FIELD(struct lead_change, field, TEXT, .flags = FIELD_NOT_NULL, .note = "name of the member"),
    FIELD(struct lead_change, old_value, TEXT, .note = "as text"),
    FIELD(struct lead_change, new_value, TEXT, .note = "as text"),
    FIELD(struct lead_change, actor, TEXT, .note = "name of the key or user"),
};
const struct table lead_change_table = TABLE(struct lead_change, "lead_change", lead_change_fields);

static const struct field erasure_fields[] = {
    FIELD(struct erasure, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct erasure, lead_id, ID, .flags = FIELD_NOT_NULL, .note = "the lead that was erased"),
    FIELD_NAMED(struct erasure, facts, erasure_facts_names, .flags = FIELD_NOT_NULL,
                .note = "whether what happened and when still counts in figures of the past"),
    FIELD(struct erasure, actor, TEXT, .note = "name of the key that had it erased"),
    FIELD(struct erasure, begun_at, TIME, .flags = FIELD_NOT_NULL, .note = "since when it is gone"),
    FIELD(struct erasure, finished_at, TIME, .note = "null while some of it is still removed"),
};
const struct table erasure_table = TABLE(struct erasure, "erasure", erasure_fields);

static const struct field campaign_fields[] = {
    FIELD(struct campaign, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct campaign, name, TEXT, .flags = FIELD_NOT_NULL, .note = "unique"),
    FIELD(struct campaign, channel, TEXT, .note = "email, search, event ..."),
    FIELD(struct campaign, starts_on, DAY, .note = "first day"),
    FIELD(struct campaign, ends_on, DAY, .note = "last day"),
    FIELD(struct campaign, budget_minor, INT, .note = "in minor units"),
    FIELD(struct campaign, member_count, INT, .flags = FIELD_NOT_NULL,
          .note = "leads attached to it"),
    FIELD(struct campaign, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was made"),
};
const struct table campaign_table = TABLE(struct campaign, "campaign", campaign_fields);

static const struct field campaign_member_fields[] = {
    FIELD(struct campaign_member, lead_id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct campaign_member, joined_at, TIME, .flags = FIELD_NOT_NULL,
          .note = "when it was attached"),
};
const struct table campaign_member_table =
    TABLE(struct campaign_member, "campaign_member", campaign_member_fields);

static const struct field campaign_create_fields[] = {
    FIELD(struct campaign_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .note = "unique"),
    FIELD(struct campaign_input, channel, TEXT, .min = 1, .max = 64,
          .note = "email, search, event ..."),
    FIELD(struct campaign_input, starts_on, DAY, .note = "first day"),
    FIELD(struct campaign_input, ends_on, DAY, .note = "last day"),
    FIELD(struct campaign_input, budget_minor, INT, .min = 0, .max = INT64_C(1000000000000000),
          .note = "in minor units"),
};
const struct table campaign_create_table =
    TABLE(struct campaign_input, "campaign_create", campaign_create_fields);

static const struct field user_fields[] = {
    FIELD(struct user, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct user, email, TEXT, .flags = FIELD_NOT_NULL, .note = "unique"),
    FIELD(struct user, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD(struct user, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was made"),
    FIELD(struct user, archived_at, TIME, .note = "since when no lead can be given to them"),
};
const struct table user_table = TABLE(struct user, "user", user_fields);

static const struct field user_create_fields[] = {
    FIELD(struct user_input, email, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 254,
          .note = "unique"),
    FIELD(struct user_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .note = "what people see"),
};
const struct table user_create_table = TABLE(struct user_input, "user_create", user_create_fields);

static const struct field user_patch_fields[] = {
    FIELD(struct user_input, name, TEXT, .flags = FIELD_NOT_NULL, .min = 1, .max = 200,
          .note = "what people see"),
    FIELD(struct user_input, archived, BOOL, .flags = FIELD_NOT_NULL,
          .note = "true: no lead can be given to them any more"),
};
const struct table user_patch_table = TABLE(struct user_input, "user_patch", user_patch_fields);

static const struct field team_fields[] = {
    FIELD(struct team, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct team, name, TEXT, .flags = FIELD_NOT_NULL, .note = "unique"),
    FIELD(struct team, members, TEXTS, .note = "ids of users"),
    FIELD(struct team, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was made"),
    FIELD(struct team, archived_at, TIME, .note = "since when nothing is offered to it"),
};
const struct table team_table = TABLE(struct team, "team", team_fields);

static const struct field team_create_fields[] = {
    FIELD(struct team_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .note = "unique"),
    FIELD(struct team_input, members, TEXTS, .max = TEAM_MEMBERS_MAX, .note = "ids of users"),
};
const struct table team_create_table = TABLE(struct team_input, "team_create", team_create_fields);

static const struct field team_patch_fields[] = {
    FIELD(struct team_input, name, TEXT, .flags = FIELD_NOT_NULL, .min = 1, .max = 200,
          .note = "unique"),
    FIELD(struct team_input, members, TEXTS, .max = TEAM_MEMBERS_MAX,
          .note = "ids of users: all of them"),
    FIELD(struct team_input, archived, BOOL, .flags = FIELD_NOT_NULL,
          .note = "true: nothing is offered to it any more"),
};
const struct table team_patch_table = TABLE(struct team_input, "team_patch", team_patch_fields);

static const struct field form_fields[] = {
    FIELD(struct form, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct form, name, TEXT, .flags = FIELD_NOT_NULL, .note = "what people see"),
    FIELD(struct form, key, TEXT, .flags = FIELD_NOT_NULL, .note = "public: POST /f/{key}"),
    FIELD(struct form, redirect_hosts, TEXTS, .note = "hosts that a post may be redirected to"),
    FIELD(struct form, allowed_origins, TEXTS,
          .note = "origins that scripts may post from; none: any"),
    FIELD(struct form, source, TEXT, .note = "of leads that bring none"),
    FIELD(struct form, campaign, ID, .note = "of leads that have none"),
    FIELD(struct form, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was made"),
};
const struct table form_table = TABLE(struct form, "form", form_fields);

static const struct field form_create_fields[] = {
    FIELD(struct form_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .note = "what people see"),
    FIELD(struct form_input, key, TEXT, .min = 8, .max = 64,
          .note = "letters, digits, - and _; by default made"),
    FIELD(struct form_input, redirect_hosts, TEXTS, .max = 20,
          .note = "hosts, like www.example.com"),
    FIELD(struct form_input, allowed_origins, TEXTS, .max = 20,
          .note = "origins, like https://www.example.com"),
    FIELD(struct form_input, source, TEXT, .min = 1, .max = 100,
          .note = "of leads that bring none"),
    FIELD(struct form_input, campaign, ID, .note = "of leads that have none"),
};
const struct table form_create_table = TABLE(struct form_input, "form_create", form_create_fields);

static const struct field submission_fields[] = {
    FIELD(struct submission, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct submission, form, ID, .flags = FIELD_NOT_NULL, .note = "posted to"),
    FIELD(struct submission, received_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it came"),
    FIELD(struct submission, content_type, TEXT, .note = "as sent"),
    FIELD(struct submission, body, BYTES, .flags = FIELD_HIDDEN),
    FIELD_NAMED(struct submission, verdict, verdict_names, .flags = FIELD_NOT_NULL,
                .note = "what became of it"),
    FIELD(struct submission, detail, TEXT, .note = "why it failed"),
    FIELD(struct submission, lead_id, ID, .note = "the lead it made or filled in"),
};
const struct table submission_table = TABLE(struct submission, "submission", submission_fields);

static const struct field submission_crowd_fields[] = {
    FIELD(struct submission_crowd, submission_id, ID),
    FIELD(struct submission_crowd, hashes, BYTES),
    FIELD(struct submission_crowd, lead_id, ID),
};
const struct table submission_crowd_table =
    TABLE(struct submission_crowd, "submission_crowd", submission_crowd_fields);

static const struct field setting_fields[] = {
    FIELD(struct setting, name, TEXT),
    FIELD(struct setting, value, TEXT),
};
const struct table setting_table = TABLE(struct setting, "setting", setting_fields);

static const struct field kept_answer_fields[] = {
    FIELD(struct kept_answer, key_id, ID),         FIELD(struct kept_answer, key, TEXT),
    FIELD(struct kept_answer, fingerprint, BYTES), FIELD(struct kept_answer, created_at, TIME),
    FIELD(struct kept_answer, status, INT),        FIELD(struct kept_answer, location, TEXT),
    FIELD(struct kept_answer, etag, TEXT),         FIELD(struct kept_answer, body, BYTES),
    FIELD(struct kept_answer, lead_id, ID),
};
const struct table kept_answer_table = TABLE(struct kept_answer, "kept_answer", kept_answer_fields);

static const struct field api_key_fields[] = {
    FIELD(struct api_key, id, ID, .flags = FIELD_NOT_NULL, .note = "UUIDv7"),
    FIELD(struct api_key, name, TEXT, .flags = FIELD_NOT_NULL,
          .note = "what people see; default source_system of its activities"),
    FIELD(struct api_key, hash, BYTES, .flags = FIELD_HIDDEN),
    FIELD(struct api_key, scope_bits, INT, .flags = FIELD_HIDDEN),
    FIELD(struct api_key, scopes, TEXTS, .note = "read, write, ingest, admin"),
    FIELD(struct api_key, created_at, TIME, .flags = FIELD_NOT_NULL, .note = "when it was made"),
    FIELD(struct api_key, revoked_at, TIME, .note = "since when it opens nothing"),
    FIELD(struct api_key, key, TEXT, .flags = FIELD_OMIT_NULL, .note = "the secret, shown once"),
};
const struct table api_key_table = TABLE(struct api_key, "api_key", api_key_fields);

static const struct field api_key_create_fields[] = {
    FIELD(struct api_key_input, name, TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100,
          .note = "what people see"),
    FIELD(struct api_key_input, scopes, TEXTS, .flags = FIELD_REQUIRED, .min = 1, .max = 4,
          .note = "read, write, ingest, admin"),
};
const struct table api_key_create_table =
    TABLE(struct api_key_input, "api_key_create", api_key_create_fields);
