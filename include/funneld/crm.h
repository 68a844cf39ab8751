/* crm.h: the use cases. What a request, an import or a test can ask of funneld, whatever the
 * door.
 *
 * Writing ones run on the writer's connection inside its transaction; after an error the caller
 * rolls back to its savepoint. Errors a client can cause: ERR_VALIDATION (names the member),
 * ERR_NOT_FOUND, ERR_DUPLICATE (failure.existing says which), ERR_CONFLICT (the state does not
 * allow it), ERR_VERSION. Everything returned lives in ctx's arena, except that reports hold keys
 * and names of the catalog. */
#ifndef FUNNELD_CRM_H
#define FUNNELD_CRM_H

#include <funneld/config.h>
#include <funneld/records.h>
#include <funneld/rules.h>
#include <funneld/stages.h>
#include <funneld/types.h>

/* ---- Installation ---- */

/* First start: the default pipeline and rule set, the settings, and an admin key, whose text is
 * returned so that the caller can keep it where only the operator reads; NULL on any later
 * start. ERR_CONFIG when the configured time zone is not the one that the days of this file are
 * in. */
enum err installation_prepare(struct ctx *ctx, struct db *db, const struct config *config,
                              const char **ret_admin_key) _must_check_;
/* What cursors and the journal's hashes are signed with. It lies in the data file, so that a
 * restored backup still knows both. */
enum err installation_secret(struct ctx *ctx, struct db *db, struct secret *ret) _must_check_;

/* The zone that its days are in, as it was settled at the first start. */
enum err installation_time_zone(struct ctx *ctx, struct db *db, const char **ret) _must_check_;

/* ---- Catalog: pipelines and the rule set in force, kept with each connection until they change
 * ---- */

struct scoring; /* a rule set made ready: see server/crm/scoring.h */

struct catalog {
    struct rows pipelines;          /* struct pipeline */
    struct rows custom_fields;      /* struct custom_field, archived ones too, by field_id */
    struct rule_set rule_set;       /* in force */
    const struct scoring *scoring;  /* of that */
    struct catalog_version *others; /* that somebody has asked for */
};

/* *ret belongs to the connection and lives until the next catalog_get() on it. What another
 * thread will read must be copied: on the writer's connection that next one may be any moment. */
enum err catalog_get(struct ctx *ctx, struct db *db, const struct catalog **ret) _must_check_;
/* One of the caller's own, in ctx's arena, for work that takes several transactions: it stays as it
 * is while the connection reads a changed one. catalog_scoring() does not know it. */
enum err catalog_own(struct ctx *ctx, struct db *db, const struct catalog **ret) _must_check_;
/* For whoever changes what is in it: with the commit every connection reads it anew. */
enum err catalog_renew(struct ctx *ctx, struct db *db) _must_check_;
/* NULL key: the default pipeline, the first stage. NULL when there is none of that key. */
const struct pipeline *catalog_pipeline(const struct catalog *catalog, const char *key);
const struct stage *pipeline_stage(const struct pipeline *pipeline, const char *key);
/* The same, or a failure of the member "stage" that says which there are. */
enum err stage_find(struct ctx *ctx, const struct pipeline *pipeline, const char *key,
                    const struct stage **ret) _must_check_;
/* Where a stage event leads: to a stage, or to a status alone. */
struct target {
    int64_t stage_id; /* NO_INT: it is a status */
    int status;       /* enum lead_status; -1: it is a stage */
};
/* By the name of a status or the key of a stage. ERR_VALIDATION names the member. */
enum err target_find(struct ctx *ctx, const struct pipeline *pipeline, const char *member,
                     const char *key, struct target *ret) _must_check_;
const struct stage *catalog_stage(const struct catalog *catalog, int64_t stage_id);
/* The one that the stage is of. */
const struct pipeline *catalog_pipeline_of(const struct catalog *catalog,
                                           const struct stage *stage);
/* That of another version, as long-lived as the rest of it; ERR_NOT_FOUND. */
enum err catalog_scoring(struct ctx *ctx, struct db *db, int64_t version,
                         const struct scoring **ret) _must_check_;

/* Archived ones too. NULL: there is none of that key. */
const struct custom_field *catalog_custom_field(const struct catalog *catalog, const char *key);
/* The same by the name that it has among the members of a lead, as fields.plan. */
const struct custom_field *catalog_custom_member(const struct catalog *catalog, const char *name);
/* Three capitals, as ISO 4217 has them. */
bool currency_is_valid(const char *currency);

/* ---- Scores ---- */

/* Makes a rule set ready, in ctx's arena; `rules` must live as long. ERR_VALIDATION names the
 * places of what is wrong with conditions and selectors: "rules/3/when/all/0/op". */
enum err scoring_make(struct ctx *ctx, const struct catalog *catalog, const struct rule_set *rules,
                      const struct scoring **ret) _must_check_;
/* Fills rule->decayed from its points and decay. */
enum err rule_decay(struct ctx *ctx, struct rule *rule) _must_check_;

/* How a score came about. rules[i] is the rule of position i, groups[i] the i-th group of the rule
 * set. score * 1000 + the fraction that was cut off = total_milli. */
struct rule_detail {
    bool holds;         /* its `when` */
    int64_t matches;    /* while it holds, whatever their points are by now */
    int64_t sum_milli;  /* of all of them, decayed */
    int64_t kept_milli; /* what the caps leave of that */
};

struct group_detail {
    int64_t sum_milli;  /* of its rules */
    int64_t kept_milli; /* clamped */
};

struct score_detail {
    int64_t at;
    int64_t rule_set_version;
    struct rule_detail rules[RULES_MAX];
    struct group_detail groups[SCORE_GROUPS_MAX];
    int64_t sum_milli;      /* of the groups */
    int64_t total_milli;    /* clamped */
    int64_t score;          /* rounded down */
    bool met[CRITERIA_MAX]; /* criteria[i]: score_min is reached and `when` holds */
};

/* The score of a lead that was loaded (lead_load()), at an instant: of the facts known now that are
 * dated up to then, under `scoring`. Reads what changed in the lead and its activities; writes
 * nothing. */
enum err score_of(struct ctx *ctx, struct db *db, const struct lead *lead, int64_t at,
                  const struct scoring *scoring, struct score_detail *ret) _must_check_;

/* ---- Custom fields ---- */

enum err custom_field_create(struct ctx *ctx, struct db *db, const struct custom_field_input *input,
                             struct custom_field *ret) _must_check_;
/* Sets what the input has present (custom_field_patch_table). ERR_CONFLICT: it is to be archived,
 * and the rules in force or a stage ask for it. */
enum err custom_field_edit(struct ctx *ctx, struct db *db, const char *key,
                           const struct custom_field_input *input, struct custom_field *ret)
    _must_check_;

/* ---- Pipelines ---- */

/* Whatever changes which stages there are, or their order, has a job count the leads anew; until it
 * is done funnels keep to the order before. */
enum err pipeline_create(struct ctx *ctx, struct db *db, const struct pipeline_input *input,
                         struct pipeline *ret) _must_check_;
enum err pipeline_edit(struct ctx *ctx, struct db *db, const char *key,
                       const struct pipeline_input *input, struct pipeline *ret) _must_check_;
/* Or into use again. ERR_CONFLICT: it is the default, leads are open in it, or the rules in force
 * have leads enter a stage that it alone has. */
enum err pipeline_archive(struct ctx *ctx, struct db *db, const char *key, bool archived,
                          struct pipeline *ret) _must_check_;
enum err stage_create(struct ctx *ctx, struct db *db, const char *pipeline,
                      const struct stage_input *input, struct job *ret_job) _must_check_;
enum err stage_edit(struct ctx *ctx, struct db *db, const char *pipeline, const char *stage,
                    const struct stage_input *input, struct pipeline *ret) _must_check_;
/* ERR_CONFLICT: leads are open in it, it is the last, or the rules in force have leads enter it. */
enum err stage_archive(struct ctx *ctx, struct db *db, const char *pipeline, const char *stage,
                       bool archived, struct job *ret_job) _must_check_;
enum err pipeline_order(struct ctx *ctx, struct db *db, const char *pipeline,
                        const struct texts *stages, struct job *ret_job) _must_check_;
/* One slice of JOB_RECOUNT. */
enum err recount_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more)
    _must_check_;

/* ---- Leads ---- */

enum lead_outcome { LEAD_CREATED, LEAD_MERGED, LEAD_UNCHANGED };
extern const char *const lead_outcome_names[];

struct lead_created {
    enum lead_outcome outcome;
    struct lead lead;
};

/* merge: a known identity gets its blanks filled instead of ERR_DUPLICATE. */
enum err lead_create(struct ctx *ctx, struct db *db, const struct lead_input *input, bool merge,
                     struct lead_created *ret) _must_check_;
/* The same for one row of an import: keeps its created_at and stage, merges, and is the cause of
 * its entry. */
enum err lead_import(struct ctx *ctx, struct db *db, const struct lead_input *input,
                     struct lead_created *ret) _must_check_;
/* Sets what the input has present (lead_patch_table); expected_version NO_INT: any. */
enum err lead_edit(struct ctx *ctx, struct db *db, const struct id *id,
                   const struct lead_input *input, int64_t expected_version, struct lead *ret)
    _must_check_;
/* The lead that these identities name, or ERR_NOT_FOUND; NULL ones are not looked for, and a
 * source_system says nothing without an external_id. */
enum err lead_identify(struct ctx *ctx, struct db *db, const char *email, const char *source_system,
                       const char *external_id, struct id *ret) _must_check_;

/* The lead as it stands now: one that is due is brought up to date in the answer alone.
 * ERR_NOT_FOUND, ERR_GONE */
enum err lead_read(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
    _must_check_;

struct due_failed {
    struct due_lead lead; /* with this try */
    struct failure why;
};
struct due_taken {
    int64_t count;
    int64_t lag_ms;            /* for how long the first that never failed had been due */
    struct due_failed *failed; /* those of now */
    size_t failed_count;
    int64_t failing; /* all that wait for another try */
};
/* Brings the leads up to date whose score or stage time alone has changed, the first first, at most
 * `limit`. One that fails by itself holds nobody up. */
enum err leads_take_due(struct ctx *ctx, struct db *db, int64_t limit, struct due_taken *ret)
    _must_check_;

/* ---- Finding leads ---- */

/* A list of leads, or how many there are, by a condition that may ask for activities: it narrows
 * the list as far as the engine knows how, and each lead that is left is judged. */
struct selectors;
struct lead_search {
    struct lead_filter filter; /* with the condition, or without any */
    const struct selectors *selectors;
    bool nobody; /* it is known that there is none */
};
/* Where the condition asks for a stage, a status or an address plainly, the filter does too, so
 * that an index serves. Finds the text that a page of texts goes on behind, which after_value is
 * the mark of: ERR_VALIDATION on "cursor" where it is that no longer. */
enum err lead_search_ready(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                           struct lead_search *search) _must_check_;
enum err lead_search(struct ctx *ctx, struct db *db, const struct lead_search *search,
                     struct rows *ret) _must_check_; /* struct lead */
enum err lead_search_count(struct ctx *ctx, struct db *db, const struct lead_search *search,
                           int64_t *ret) _must_check_;

/* ---- Erasures ---- */

/* Set lead_id and facts; the rest is zeroed, and belongs to lead_erase() from slice to slice. */
struct lead_erasing {
    struct id lead_id;
    enum erasure_facts facts;
    struct erasure erasure;
    struct activity_place after;
    struct id after_crowd;
};
/* One slice, to be committed before the next; begun again it goes on. From the first on the lead is
 * ERR_GONE everywhere, and its keys are free. ERR_NOT_FOUND: there never was one. What was deleted
 * may stand in the log until store_wipe(). */
enum err lead_erase(struct ctx *ctx, struct db *db, struct lead_erasing *erasing, bool *ret_more)
    _must_check_;
/* A slice of those that a crash has cut short; *erasing is zeroed at first, and again after an
 * error or a failed commit. */
enum err lead_erase_unfinished(struct ctx *ctx, struct db *db, struct lead_erasing *erasing,
                               bool *ret_more) _must_check_;

/* ---- Stages ---- */

enum err lead_move(struct ctx *ctx, struct db *db, const struct id *id, const char *stage,
                   const char *reason, enum cause cause, int64_t expected_version, struct lead *ret)
    _must_check_;
/* To won, lost, disqualified or open again. amount_minor NO_INT leaves the amount. */
enum err lead_close(struct ctx *ctx, struct db *db, const struct id *id, enum lead_status status,
                    const char *reason, int64_t amount_minor, int64_t expected_version,
                    struct lead *ret) _must_check_;
/* Its stage events in the order they happened; voided ones only on request. */
enum err lead_history(struct ctx *ctx, struct db *db, const struct id *id, bool with_voided,
                      struct rows *ret) _must_check_;

/* Answers to an offer, by a person: ERR_CONFLICT where the lead is not offered. owner nil leaves
 * the owner; otherwise the lead is theirs from now on. */
enum err lead_accept(struct ctx *ctx, struct db *db, const struct id *id, const struct id *owner,
                     const char *reason, int64_t expected_version, struct lead *ret) _must_check_;
/* Back to the stage before; spam is disqualified, and counts nowhere as long as it is. */
enum err lead_reject(struct ctx *ctx, struct db *db, const struct id *id, enum reject_kind kind,
                     const char *reason, int64_t expected_version, struct lead *ret) _must_check_;
/* Back for nurture: to that stage, or with NULL to the one before. */
enum err lead_recycle(struct ctx *ctx, struct db *db, const struct id *id, const char *stage,
                      const char *reason, int64_t expected_version, struct lead *ret) _must_check_;
/* Each time that it was offered, oldest first: struct handoff. */
enum err lead_handoffs(struct ctx *ctx, struct db *db, const struct id *id, struct rows *ret)
    _must_check_;

struct stage_event_input {
    struct input input;
    struct id id;
    struct id lead_id; /* one of the three names the lead: the others, where no lead has this id */
    const char *email;
    const char *source_system, *external_id;
    const char *to;             /* a stage's key, or won, lost, disqualified, open */
    enum lead_status to_status; /* where `to` is not told */
    int64_t occurred_at;
    const char *reason;
    int64_t amount_minor;
    int64_t voided_at;
};
extern const struct table stage_event_import_table;

/* An event of the past, at its own time. Told again it changes nothing: *ret_new is false. Also as
 * `export` writes it: an event that has this id here, or was undone, is nothing new. */
enum err stage_event_import(struct ctx *ctx, struct db *db, const struct stage_event_input *input,
                            bool *ret_new) _must_check_;

/* ---- Activities ---- */

struct activity_recorded {
    struct activity activity;
    bool duplicate; /* it was told before; activity is what was kept then */
    int64_t score_before, score_after;
    const char *stage_before, *stage_after; /* keys */
};

enum err activity_record(struct ctx *ctx, struct db *db, const struct id *lead_id,
                         const struct activity_input *input, struct activity_recorded *ret)
    _must_check_;

/* Corrects what the input has present (activity_patch_table). It is `duplicate` where that changes
 * nothing. ERR_NOT_FOUND; ERR_GONE: its lead was erased. */
enum err activity_edit(struct ctx *ctx, struct db *db, const struct id *id,
                       const struct activity_input *input, struct activity_recorded *ret)
    _must_check_;
/* It is as if it had not happened; told again by its external_id it is ERR_GONE. */
enum err activity_withdraw(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;

/* Says anew of many whether people did them; *ret is the job that does it. */
enum err activities_reclassify(struct ctx *ctx, struct db *db,
                               const struct reclassification_input *input, struct job *ret)
    _must_check_;
/* One slice of JOB_RECLASSIFY, as rescore_slice(). */
enum err reclassify_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more)
    _must_check_;

/* ---- Jobs ---- */

enum err job_create(struct ctx *ctx, struct db *db, enum job_kind kind, const struct id *subject,
                    struct job *ret) _must_check_;
/* Says how far it is; ERR_CONFLICT: it was cancelled meanwhile, and nothing more is to be done. */
enum err job_go_on(struct ctx *ctx, struct db *db, struct job *job) _must_check_;
/* state: done, failed or cancelled; detail NULL or why. ERR_CONFLICT: it was over already. */
enum err job_end(struct ctx *ctx, struct db *db, struct job *job, enum job_state state,
                 const char *detail) _must_check_;
/* All leads are worked off: it is done, or failed where some of them have. */
enum err job_finish(struct ctx *ctx, struct db *db, struct job *job) _must_check_;
enum err job_cancel(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
    _must_check_;
/* All that are open. */
enum err jobs_cancel_kind(struct ctx *ctx, struct db *db, enum job_kind kind, const char *detail)
    _must_check_;
/* Fills in what its row does not hold. */
enum err job_show(struct ctx *ctx, struct job *job) _must_check_;

/* One slice of JOB_RESCORE; its progress, in *job, is the caller's to commit with it. */
enum err rescore_slice(struct ctx *ctx, struct db *db, struct job *job, bool *ret_more)
    _must_check_;

/* ---- Rule sets ---- */

/* A draft. ERR_VALIDATION names every mistake by its place: "rules/3/when/all/0/op". */
enum err rule_set_create(struct ctx *ctx, struct db *db, const struct rule_set_input *input,
                         struct rule_set *ret) _must_check_;
/* All of it anew. ERR_CONFLICT: it was published. */
enum err rule_set_edit(struct ctx *ctx, struct db *db, const struct id *id,
                       const struct rule_set_input *input, struct rule_set *ret) _must_check_;
enum err rule_set_discard(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
/* As it would be published now: a stage or a field that it names may be gone. */
enum err rule_set_validate(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
/* Puts it in force: what was in force before comes again as a version of its own, for a published
 * one never changes. *ret is the job that scores every lead again. ERR_CONFLICT: it is in force
 * already, and its job has left no lead behind. */
enum err rule_set_publish(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
    _must_check_;

/* ---- Campaigns, users, keys ---- */

enum err campaign_create(struct ctx *ctx, struct db *db, const struct campaign_input *input,
                         struct campaign *ret) _must_check_;
/* Makes the lead a member; the first campaign a lead is attached to becomes its primary one. */
enum err campaign_attach(struct ctx *ctx, struct db *db, const struct id *campaign,
                         const struct id *lead_id, bool *ret_added) _must_check_;
enum err user_create(struct ctx *ctx, struct db *db, const struct user_input *input,
                     struct user *ret) _must_check_;
enum err team_create(struct ctx *ctx, struct db *db, const struct team_input *input,
                     struct team *ret) _must_check_;
enum err team_edit(struct ctx *ctx, struct db *db, const struct id *id,
                   const struct team_input *input, struct team *ret) _must_check_;
/* ERR_NOT_FOUND */
enum err user_edit(struct ctx *ctx, struct db *db, const struct id *id,
                   const struct user_input *input, struct user *ret) _must_check_;
enum err api_key_create(struct ctx *ctx, struct db *db, const char *name, unsigned scopes,
                        struct api_key *ret) _must_check_; /* ret->key is the secret */
/* Fills scopes from scope_bits. */
enum err api_key_name_scopes(struct ctx *ctx, struct api_key *key) _must_check_;

/* ---- Forms ---- */

enum err form_create(struct ctx *ctx, struct db *db, const struct form_input *input,
                     struct form *ret) _must_check_;

struct form_post {
    struct id form;
    const char *content_type;
    const char *body; /* raw, as it came */
    size_t body_bytes;
    /* What was read from it, names in order; NULL with `unreadable` saying why. */
    const char *const *names, *const *values;
    size_t count;
    const char *properties; /* the same as a JSON object: what the activity keeps of it */
    const char *unreadable;
};

/* Journals the post, then makes or fills in a lead. Returns OK whenever the journal holds it,
 * with the verdict in *ret: a post that makes no lead is kept all the same. *ret_why then says what
 * was wrong with it, by the names that came; of an unreadable one it stays as it is. */
enum err form_submit(struct ctx *ctx, struct db *db, const struct form_post *post,
                     struct submission *ret, struct failure *ret_why) _must_check_;

/* ---- Check: everything derived, derived again and compared ---- */

struct check_report {
    int64_t leads, cells;
    int64_t wrong_leads, wrong_cells;
    int64_t overdue_leads; /* right as of when they were scored, but due since: no error */
    int64_t wrong_keys;    /* by which leads are found: they lead to nobody, or to another */
    int64_t wrong_values;  /* of custom fields: of no lead, or of no field */
    struct texts findings; /* the first of them, for people: no personal data */
};
extern const struct table check_report_table;

/* Recounts in the read transaction that is open on db. ERR_CONFLICT: `watch` (or NULL) stopped
 * it. */
enum err check_run(struct ctx *ctx, struct db *db, const struct watch *watch,
                   struct check_report *ret) _must_check_;

#endif
