/* types.h: the things funneld keeps, as plain structs and enums. No functions.
 *
 * Each struct has its field table in field.h's terms, declared beside it and defined in
 * server/base/fields.c. Members are the words of the design: the same in SQL and JSON. Texts are
 * NULL, whole numbers NO_INT, ids nil when unknown. */
#ifndef FUNNELD_TYPES_H
#define FUNNELD_TYPES_H

#include <funneld/base.h>
#include <funneld/custom_field.h>
#include <funneld/field.h>

/* ---- Leads ---- */

enum lead_status { LEAD_OPEN, LEAD_WON, LEAD_LOST, LEAD_DISQUALIFIED };
enum { LEAD_STATUS_COUNT = 4 };
extern const char *const lead_status_names[];

struct lead {
    struct id id;
    const char *email; /* as normalised, with its +tag */
    const char *phone;
    const char *first_name;
    const char *last_name;
    const char *company;
    const char *job_title;
    const char *website;
    const char *industry;
    const char *country;
    const char *city;
    const char *source;
    struct id campaign; /* the primary one; funnels group by it */
    struct id owner;
    int64_t amount_minor;
    const char *currency;
    const char *source_system;
    const char *external_id;
    int64_t created_at;
    int64_t updated_at;          /* last change by a person or client */
    int64_t value_count;         /* as kept, how many `fields` has: 0 saves the look-up */
    struct custom_values fields; /* of custom fields, those of archived ones too, by field_id */

    /* The hot row. */
    int64_t pipeline_id;
    int64_t stage_id;
    const char *pipeline; /* key */
    const char *stage;    /* key */
    enum lead_status status;
    int64_t stage_entered_at;
    int64_t cycle; /* 1, and one more each time the lead is recycled */
    int64_t version;
    int64_t score;
    int64_t score_as_of;
    int64_t rule_set_version;
    /* What its activities and attributes come to under that rule set: see crm/tally.c. Empty: not
     * made yet, ask the log. */
    struct bytes tally;
    int64_t last_fact_at; /* latest activity or change of an attribute that the tally holds */
    /* latest automatic stage event that a replay may still change; NO_INT: none */
    int64_t automatic_at;
    /* when time alone changes the score or the stage next; NO_INT: never */
    int64_t score_due_at;
    int64_t erased_at; /* from then on it is nobody's; NO_INT: it is somebody's */
};
extern const struct table lead_table;

/* What a client may set on a lead. On a change, what is not `present` stays. */
struct lead_input {
    struct input input;
    const char *email, *phone, *first_name, *last_name, *company, *job_title, *website, *industry,
        *country, *city;
    const char *source;
    struct id campaign, owner;
    int64_t amount_minor;
    const char *currency;
    const char *source_system, *external_id;
    struct custom_values fields;
    bool fields_as_texts; /* whoever sends them has nothing but texts, whatever their type */
    /* Creation only. */
    const char *pipeline, *stage;
    /* Imports only. */
    int64_t created_at;
    int status; /* enum lead_status: what became of it */
    int64_t closed_at;
};
extern const struct table lead_create_table; /* POST /v1/leads */
extern const struct table lead_patch_table;  /* PATCH /v1/leads/{id} */
extern const struct table lead_import_table; /* one row of an import */

/* One value or one activity of a lead, and what became of it. */
struct trait {
    struct id lead_id;
    enum lead_status status;
    int64_t field_id; /* of a value */
    const char *text; /* value; or type of the activity */
    int64_t number;
};
extern const struct table trait_table;

/* One change of one field of a lead: the audit trail, and what a score at a past instant needs. */
struct lead_change {
    struct id id;
    struct id lead_id;
    int64_t at;
    const char *field;
    const char *old_value;
    const char *new_value;
    const char *actor;
};
extern const struct table lead_change_table;

enum lead_key_kind { LEAD_KEY_EMAIL = 1, LEAD_KEY_EXTERNAL = 2, LEAD_KEY_PHONE = 3 };

/* ---- Erasures ---- */

enum erasure_facts {
    FACTS_KEPT,   /* ids, times, types, stages: figures of the past stay as they are */
    FACTS_REMOVED /* figures fall as if the lead had never been */
};
extern const char *const erasure_facts_names[];

/* Who had which lead erased. It says nothing of the person. */
struct erasure {
    struct id id;
    struct id lead_id;
    enum erasure_facts facts;
    const char *actor;
    int64_t begun_at;
    int64_t finished_at; /* NO_INT: some of it is still to be removed */
};
extern const struct table erasure_table;

/* ---- Activities ---- */

enum engagement { ENGAGEMENT_VERIFIED, ENGAGEMENT_SUSPECT, ENGAGEMENT_BOT };
enum { ENGAGEMENT_COUNT = 3 };
extern const char *const engagement_names[];

struct activity {
    struct id id;
    struct id lead_id;
    const char *type; /* "page_view"; any lower-case word is a type */
    int64_t occurred_at;
    int64_t recorded_at;
    struct id campaign;
    const char *source_system; /* with external_id: what makes a repeat count once */
    const char *external_id;
    enum engagement engagement;
    int64_t engagement_given; /* by the sender or a person: no rule says it anew */
    const char *properties;   /* JSON object */
};
extern const struct table activity_table;

struct activity_input {
    struct input input;
    struct id lead_id; /* batches: one of lead_id, email and lead_external_id names the lead */
    const char *email;
    const char *lead_external_id;   /* external_id alone is the activity's own */
    const char *lead_source_system; /* by default the activity's */
    const char *type;
    int64_t occurred_at;
    struct id campaign;
    const char *source_system;
    const char *external_id;
    int engagement; /* enum engagement; -1: the rules say it */
    const char *properties;
};
extern const struct table activity_create_table; /* POST /v1/leads/{id}/activities */
extern const struct table activity_item_table;   /* one item of POST /v1/activities */
extern const struct table activity_patch_table;  /* PATCH /v1/activities/{id} */

/* Which activities a job says anew of whether people did them, and what it has done so far. */
struct reclassification {
    struct id job;
    const char *type;
    int64_t occurred_gte, occurred_lt;
    struct id campaign;
    const char *user_agent; /* that the agent contains, without regard to the case of ASCII */
    int engagement_was;     /* enum engagement, -1: any */
    int engagement;         /* -1: what rules say, where nobody has given it */
    int64_t activities, leads;
};
extern const struct table reclassification_table;

struct reclassification_input {
    struct input input;
    struct reclassification wanted;
};
extern const struct table reclassification_input_table; /* POST /v1/activities/reclassify */

/* ---- Campaigns, users ---- */

struct campaign {
    struct id id;
    const char *name;
    const char *channel;
    int64_t starts_on, ends_on; /* days */
    int64_t budget_minor;
    int64_t created_at;
    int64_t member_count;
};
extern const struct table campaign_table;

/* One lead of a campaign. */
struct campaign_member {
    struct id lead_id;
    int64_t joined_at;
};
extern const struct table campaign_member_table;

struct campaign_input {
    struct input input;
    const char *name;
    const char *channel;
    int64_t starts_on, ends_on;
    int64_t budget_minor;
};
extern const struct table campaign_create_table;

struct user {
    struct id id;
    const char *email;
    const char *name;
    int64_t created_at;
    int64_t archived_at; /* NO_INT: leads can be given to them */
};
extern const struct table user_table;

struct user_input {
    struct input input;
    const char *email, *name;
    int64_t archived;
};
extern const struct table user_create_table;
extern const struct table user_patch_table;

enum { TEAM_MEMBERS_MAX = 200 };

struct team {
    struct id id;
    const char *name;
    struct texts members; /* ids of users */
    int64_t created_at;
    int64_t archived_at; /* NO_INT: leads can be offered to it */
};
extern const struct table team_table;

struct team_input {
    struct input input;
    const char *name;
    struct texts members;
    int64_t archived;
};
extern const struct table team_create_table;
extern const struct table team_patch_table;

/* ---- Forms and their journal ---- */

struct form {
    struct id id;
    const char *name;
    const char *key; /* public, in the form's URL */
    struct texts redirect_hosts;
    struct texts allowed_origins; /* of script posts; empty: any */
    const char *source;           /* of leads that bring none */
    struct id campaign;
    int64_t created_at;
};
extern const struct table form_table;

struct form_input {
    struct input input;
    const char *name, *key;
    struct texts redirect_hosts, allowed_origins;
    const char *source;
    struct id campaign;
};
extern const struct table form_create_table;

enum verdict {
    VERDICT_CREATED, /* made a lead */
    VERDICT_MERGED,  /* filled in a known lead */
    VERDICT_TRAPPED, /* a bot fell into the honeypot */
    VERDICT_FAILED,  /* kept, but no lead came of it: detail says why */
};
extern const char *const verdict_names[];

/* One post to a form, as it came. */
struct submission {
    struct id id;
    struct id form;
    int64_t received_at;
    const char *content_type;
    struct bytes body;
    enum verdict verdict;
    const char *detail;
    struct id lead_id;
};
extern const struct table submission_table;

enum { CROWD_HASH_BYTES = 8 };
/* A post that names very many. */
struct submission_crowd {
    struct id submission_id;
    struct bytes hashes; /* CROWD_HASH_BYTES of each */
    struct id lead_id;   /* that came of it; nil: none */
};
extern const struct table submission_crowd_table;

/* ---- Keys and settings ---- */

struct setting {
    const char *name, *value;
};
extern const struct table setting_table;

struct api_key {
    struct id id;
    const char *name;
    struct bytes hash;
    int64_t scope_bits;  /* of enum scope */
    struct texts scopes; /* their names */
    int64_t created_at;
    int64_t revoked_at;
    const char *key; /* the secret: only in the answer that creates it */
};
extern const struct table api_key_table;

struct api_key_input {
    struct input input;
    const char *name;
    struct texts scopes;
};
extern const struct table api_key_create_table;
extern const char *const scope_names[]; /* by bit number of enum scope */

/* The answer to a request that carried an Idempotency-Key. */
struct kept_answer {
    struct id key_id;         /* of the API key; nil for the console */
    const char *key;          /* a keyed hash of what the client chose */
    struct bytes fingerprint; /* a keyed hash of the request */
    int64_t created_at;
    int64_t status; /* NO_INT: being worked on; 410: it named a lead that was erased since */
    const char *location, *etag;
    struct bytes body;
    struct id lead_id; /* whose data the body shows */
};
extern const struct table kept_answer_table;

#endif
