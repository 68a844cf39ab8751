/* records.h: what is read from and written to the data file, row by row.
 *
 * No rules here: the functions of a resource move structs in and out. Every function takes the
 * connection it works on; writing ones are for the writer's. Errors are those of db.h. */
#ifndef FUNNELD_RECORDS_H
#define FUNNELD_RECORDS_H

#include <funneld/base.h>
#include <funneld/db.h>
#include <funneld/rules.h>
#include <funneld/stages.h>
#include <funneld/types.h>

/* ---- Lists ---- */

/* A page of rows that are told apart, and ordered, by their id. */
struct id_range {
    struct id after; /* of the last row seen; nil: from the start */
    bool descending;
    int64_t limit;
};

/* Bounds of a time, [gte, lt): NO_INT is none. */
struct time_filter {
    int64_t gte, lt;
};
/* Whom or what something belongs to: nil is anybody's, none is nobody's. */
struct member_filter {
    struct id id;
    bool none;
};

/* ---- Leads ---- */

/* ERR_GONE, as what follows: it was there, and was erased. */
enum err lead_load(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
    _must_check_;
/* An erased one too, as long as it counts. */
enum err lead_load_any(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
    _must_check_;
/* Only the hot row: id, stage, status, score, tally. Everything else of *ret is null. */
enum err lead_load_state(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
    _must_check_;
/* both rows */
enum err lead_insert(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
/* who it is, and how many values it has: of a lead that was loaded whole */
enum err lead_save(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
/* where it stands */
enum err lead_save_state(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
/* the same of a lead whose stage, status and cycle are as they were */
enum err lead_save_score(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
/* tally, as of */
enum err lead_save_tally(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
enum err lead_find(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                   struct id *ret) _must_check_;
enum err lead_key_add(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                      const struct id *lead_id) _must_check_; /* ERR_EXISTS */
/* Leaves the key with the lead that has it. */
enum err lead_key_offer(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                        const struct id *lead_id, bool *ret_added) _must_check_;
enum err lead_key_remove(struct ctx *ctx, struct db *db, enum lead_key_kind kind, const char *key,
                         const struct id *lead_id) _must_check_;
/* How many keys lead to no lead, or wait for one that does not have them: for checks. */
enum err lead_keys_lost(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
/* The leads that have a number which leads to another. */
enum err shared_phone_add(struct ctx *ctx, struct db *db, const char *phone,
                          const struct id *lead_id) _must_check_;
enum err shared_phone_remove(struct ctx *ctx, struct db *db, const char *phone,
                             const struct id *lead_id) _must_check_;
/* The oldest of them, or ERR_NOT_FOUND. */
enum err shared_phone_first(struct ctx *ctx, struct db *db, const char *phone, struct id *ret)
    _must_check_;
enum err shared_phone_has(struct ctx *ctx, struct db *db, const char *phone,
                          const struct id *lead_id, bool *ret) _must_check_;
enum err lead_change_add(struct ctx *ctx, struct db *db, const struct lead_change *change)
    _must_check_;
enum err lead_changes(struct ctx *ctx, struct db *db, const struct id *lead_id, struct rows *ret)
    _must_check_; /* struct lead_change, oldest first */
enum err lead_change_list(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          const struct id_range *range, struct rows *ret) _must_check_;
enum err lead_change_count(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t *ret)
    _must_check_;
/* The next leads by id, for recounts; nil starts. Only `id` of each struct lead is set. */
enum err lead_ids_after(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                        struct rows *ret) _must_check_;
/* struct due_lead: due at `at`, the first first, but for those that failed and wait. */
enum err leads_due(struct ctx *ctx, struct db *db, int64_t at, int64_t limit, struct rows *ret)
    _must_check_;
/* It could not be brought up to date in so many tries, and waits for the next one. */
enum err due_failure_put(struct ctx *ctx, struct db *db, const struct due_lead *due,
                         int64_t retry_at) _must_check_;
/* Forgets those that are due no more, or at another time; how many are left. */
enum err due_failures_tidy(struct ctx *ctx, struct db *db, int64_t *ret_left) _must_check_;
/* The next leads by id that there is somebody behind, as lists have them. */
enum err lead_walk(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                   struct rows *ret) _must_check_;
enum err lead_count_all(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;

struct condition;
enum lead_sort {
    SORT_CREATED_AT,
    SORT_SCORE,
    SORT_STAGE_ENTERED_AT,
    SORT_CUSTOM,     /* a custom field with numbers */
    SORT_CUSTOM_TEXT /* one with texts, whatever the case of their letters */
};

/* Leads that were ever there, as figures count them: at a stage, by an entry into it or one behind
 * it or by being won; or those of a status, by the event they came to it by. */
struct reached_filter {
    int64_t stage_id; /* NO_INT: it is a status */
    int status;       /* enum lead_status */
    /* Of the event it was first so by: */
    struct time_filter at;
    int64_t within_ms; /* so soon after the lead's creation; NO_INT: ever */
    struct member_filter owner;
};

/* What a list of leads is narrowed to; null members do not narrow. */
struct lead_filter {
    int64_t pipeline_id, stage_id;
    int status; /* enum lead_status, -1: any */
    struct id id;
    const char *source, *country;
    struct id campaign, owner;
    /* NULL: none. Where it is not exact, more leads are selected: see condition_is_exact(). */
    const struct condition *condition;
    const struct reached_filter *reached; /* NULL: wherever they got */
    bool counted;                         /* those that figures count: no spam */
    enum lead_sort sort;
    int64_t sort_field_id; /* CUSTOM: an indexed field; leads without a value are last */
    bool with_erased;      /* those that there is nobody behind any more too */
    bool descending;       /* ties go by id, upwards */
    /* Of the sort field in the last row seen; NO_INT: from the start, or, with an id, among those
     * that have no value. */
    int64_t after_value;
    const char *after_text; /* CUSTOM_TEXT: the value, where after_value is not NO_INT */
    struct id after_id;
    int64_t limit;
};
/* Everybody, the newest first. */
struct lead_filter lead_filter_any(void);
enum err lead_list(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                   struct rows *ret) _must_check_; /* struct lead */
/* The same one by one, until visit says otherwise. */
enum err lead_each(struct ctx *ctx, struct db *db, const struct lead_filter *filter,
                   db_visit *visit, void *self) _must_check_;
/* Of all pages; position, order and limit do not matter. */
enum err lead_count(struct ctx *ctx, struct db *db, const struct lead_filter *filter, int64_t *ret)
    _must_check_;

/* Whether lists and counts select by this condition exactly, and not some leads more, because it
 * asks for activities or is too long for the engine. */
bool condition_is_exact(struct ctx *ctx, const struct condition *condition);

/* ---- Custom fields and their values ---- */

enum err custom_field_insert(struct ctx *ctx, struct db *db, const struct custom_field *field)
    _must_check_;
/* All that may change of it, by its field_id. */
enum err custom_field_save(struct ctx *ctx, struct db *db, const struct custom_field *field)
    _must_check_;
/* struct custom_field, archived ones too, by field_id */
enum err custom_fields_load(struct ctx *ctx, struct db *db, struct rows *ret) _must_check_;
/* Fills `fields` of these leads by one statement, and by none where none of them has values.
 * lead_load() and lead_list() have done it. */
enum err lead_values_load(struct ctx *ctx, struct db *db, struct lead *leads, size_t count)
    _must_check_;
enum err lead_value_put(struct ctx *ctx, struct db *db, const struct id *lead_id,
                        const struct custom_value *value, bool indexed) _must_check_;
enum err lead_value_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                           int64_t field_id) _must_check_;
/* For checks: how many are of no lead, of one that says it has none, or of no field. */
enum err lead_values_lost(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;

/* ---- What became of leads: of all of them, lead by lead ---- */

struct outcome_filter {
    int64_t pipeline_id;
    int64_t created_gte, created_lt;
    bool any_status; /* else those that were won or lost */
};

/* struct lead: status, and what attributes are ranked by */
enum err outcome_leads(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                       db_visit *visit, void *self) _must_check_;
/* struct trait: each value of a custom field */
enum err outcome_values(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                        db_visit *visit, void *self) _must_check_;
/* struct trait: each activity before the lead was closed, without those of machines */
enum err outcome_activities(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                            db_visit *visit, void *self) _must_check_;

/* ---- Erasures ---- */

enum err erasure_insert(struct ctx *ctx, struct db *db, const struct erasure *erasure) _must_check_;
/* Who, when and what of it, by its id; unfinished. */
enum err erasure_begin_again(struct ctx *ctx, struct db *db, const struct erasure *erasure)
    _must_check_;
enum err erasure_finish(struct ctx *ctx, struct db *db, const struct erasure *erasure) _must_check_;
enum err erasure_find(struct ctx *ctx, struct db *db, const struct id *lead_id, struct erasure *ret)
    _must_check_;
enum err erasure_next_unfinished(struct ctx *ctx, struct db *db, struct erasure *ret) _must_check_;
enum err erasure_list(struct ctx *ctx, struct db *db, const struct id_range *range,
                      struct rows *ret) _must_check_;
enum err erasure_count(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
/* How many rows beside the lead's own still say something of who it was. */
enum err erasure_leftovers(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t *ret)
    _must_check_;

enum err lead_mark_erased(struct ctx *ctx, struct db *db, const struct lead *lead) _must_check_;
enum err lead_source_remove(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
enum err lead_state_remove(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
enum err lead_keys_remove(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
/* Its address and number, even when its state is gone. */
enum err lead_identity(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
    _must_check_;
/* The changes of these: struct lead_change. */
enum err lead_identities(struct ctx *ctx, struct db *db, const struct id *id, struct rows *ret)
    _must_check_;
/* What stays of who it is: all that figures are made of. */
enum err lead_facts(struct ctx *ctx, struct db *db, const struct id *id, struct lead *ret)
    _must_check_;
/* Takes from a loaded lead that is erased what does not stay: lists show no more. */
void lead_hide_person(struct lead *lead);
enum err lead_remove(struct ctx *ctx, struct db *db, const struct id *id)
    _must_check_; /* and its memberships */

/* Each of these takes at most `limit` rows and adds how many they were to *ret_count; fewer than
 * that: none are left. `whole`: the row goes, otherwise only what is personal in it. */
enum err lead_changes_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                             int64_t limit, int64_t *ret_count) _must_check_;
enum err lead_values_remove(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t limit,
                            int64_t *ret_count) _must_check_;
enum err stage_events_remove(struct ctx *ctx, struct db *db, const struct id *lead_id, bool whole,
                             int64_t limit, int64_t *ret_count) _must_check_;
enum err submissions_of_lead_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                                    int64_t limit, int64_t *ret_count) _must_check_;
enum err submissions_by_key_remove(struct ctx *ctx, struct db *db,
                                   const uint8_t hash[static HASH_BYTES], bool of_nobody,
                                   int64_t limit, int64_t *ret_count) _must_check_;
/* Leaves their keys behind with `status` and without an answer. */
enum err kept_answers_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                             int64_t status, int64_t limit, int64_t *ret_count) _must_check_;
/* Behind this one; at -1: from the first on. */
struct activity_place {
    struct id lead_id;
    int64_t at;
    struct id id;
};
/* The keys of activities that were removed one by one. */
enum err activity_keys_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                              int64_t limit, int64_t *ret_count) _must_check_;
enum err activities_remove(struct ctx *ctx, struct db *db, struct activity_place *after, bool whole,
                           int64_t limit, int64_t *ret_count) _must_check_; /* moves on */

/* ---- Pipelines, stages, stage events ---- */

enum err pipeline_insert(struct ctx *ctx, struct db *db, const struct pipeline *pipeline)
    _must_check_; /* with its stages */
/* What can change of it, and of a stage. */
enum err pipeline_save(struct ctx *ctx, struct db *db, const struct pipeline *pipeline)
    _must_check_;
enum err stage_insert(struct ctx *ctx, struct db *db, const struct stage *stage) _must_check_;
enum err stage_save(struct ctx *ctx, struct db *db, const struct stage *stage) _must_check_;
/* Numbers that are not given out yet. */
enum err pipeline_id_next(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
enum err stage_id_next(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
/* with their stages */
enum err pipelines_load(struct ctx *ctx, struct db *db, struct rows *ret) _must_check_;
enum err stage_event_insert(struct ctx *ctx, struct db *db, const struct stage_event *event)
    _must_check_;
enum err stage_event_void(struct ctx *ctx, struct db *db, const struct stage_event *event,
                          int64_t at) _must_check_;
enum err stage_event_relink(struct ctx *ctx, struct db *db, const struct stage_event *event)
    _must_check_;
enum err stage_events(struct ctx *ctx, struct db *db, const struct id *lead_id, struct rows *ret)
    _must_check_; /* struct stage_event, voided ones too, by id */

struct stage_event_filter {
    int64_t pipeline_id, from_stage_id, to_stage_id; /* NO_INT: any */
    int to_status, cause;       /* enums, -1: any; to_status: changes of status alone */
    struct id lead_id;          /* nil: any */
    struct member_filter owner; /* at entry */
    /* Of the lead, as it is now. */
    const char *source; /* NULL: any */
    bool no_source;
    struct member_filter campaign, lead_owner;
    struct time_filter occurred, created; /* created: the lead was */
    bool with_voided, with_erased;
    bool counted;        /* those that figures count: real entries and changes, and no spam */
    bool descending;     /* by occurred_at; ties go by id, upwards */
    int64_t after_value; /* occurred_at of the last row seen; NO_INT: from the start */
    struct id after_id;
    int64_t limit;
};
enum err stage_event_list(struct ctx *ctx, struct db *db, const struct stage_event_filter *filter,
                          struct rows *ret) _must_check_; /* struct stage_event */
/* Of all pages; position, order and limit do not matter. */
enum err stage_event_count(struct ctx *ctx, struct db *db, const struct stage_event_filter *filter,
                           int64_t *ret) _must_check_;

/* struct stage_event_told: of all leads, lead by lead, behind this one of the page before; NULL
 * starts. */
enum err stage_event_walk(struct ctx *ctx, struct db *db, const struct stage_event *after,
                          int64_t limit, struct rows *ret) _must_check_;

/* ---- Activities ---- */

enum err activity_insert(struct ctx *ctx, struct db *db, const struct activity *activity)
    _must_check_;
/* The one of this lead and id that was at occurred_before is from now on as it is here. */
enum err activity_save(struct ctx *ctx, struct db *db, const struct activity *activity,
                       int64_t occurred_before) _must_check_;
/* Its (source_system, external_id) stays taken. */
enum err activity_remove(struct ctx *ctx, struct db *db, const struct activity *activity)
    _must_check_;
/* Takes (source_system, external_id) for an activity; ERR_EXISTS when it was told before. */
enum err activity_key_add(struct ctx *ctx, struct db *db, const struct activity *activity)
    _must_check_;
enum err activity_load(struct ctx *ctx, struct db *db, const struct id *id, struct activity *ret)
    _must_check_;
enum err activity_find(struct ctx *ctx, struct db *db, const char *source_system,
                       const char *external_id, struct activity *ret) _must_check_;
/* Every activity of the lead after that instant, in the order it happened; only occurred_at, type
 * and engagement are set, and properties if they are asked for. */
enum err activity_log(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t after,
                      bool with_properties, db_visit *visit, void *self) _must_check_;

/* The same of what happened after one instant and up to another; with their properties. */
enum err activity_span(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t after,
                       int64_t until, db_visit *visit, void *self) _must_check_;
/* The same of all leads from one id to another, lead by lead. */
enum err activity_logs(struct ctx *ctx, struct db *db, const struct id *from, const struct id *to,
                       bool with_properties, db_visit *visit, void *self) _must_check_;

/* What happened with mail to the lead from `from` to `to`, in that order; source_system and
 * external_id are not set. */
enum err activity_mail_steps(struct ctx *ctx, struct db *db, const struct id *lead_id, int64_t from,
                             int64_t to, int64_t limit, struct rows *ret) _must_check_;

/* When somebody first called, wrote to or met the lead, from `from` up to but without `until`
 * (NO_INT: no end). ERR_NOT_FOUND: nobody did. */
enum err activity_first_response(struct ctx *ctx, struct db *db, const struct id *lead_id,
                                 int64_t from, int64_t until, int64_t *ret) _must_check_;

struct activity_filter {
    struct id lead_id;
    const char *type;
    struct id campaign; /* nil: any */
    int engagement;     /* enum engagement; -1: any */
    int64_t occurred_gte, occurred_lt;
    bool descending;
    int64_t after_at; /* of the last row seen; NO_INT: from the start */
    struct id after_id;
    int64_t limit;
};
enum err activity_list(struct ctx *ctx, struct db *db, const struct activity_filter *filter,
                       struct rows *ret) _must_check_; /* struct activity */
enum err activity_count(struct ctx *ctx, struct db *db, const struct activity_filter *filter,
                        int64_t *ret) _must_check_;

enum err reclassification_insert(struct ctx *ctx, struct db *db,
                                 const struct reclassification *wanted) _must_check_;
enum err reclassification_load(struct ctx *ctx, struct db *db, const struct id *job,
                               struct reclassification *ret) _must_check_;
/* How much it has done. */
enum err reclassification_save(struct ctx *ctx, struct db *db,
                               const struct reclassification *wanted) _must_check_;

/* Of all leads, lead by lead in the order they happened, behind this one; NULL starts. */
enum err activity_walk(struct ctx *ctx, struct db *db, const struct activity *after, int64_t limit,
                       struct rows *ret) _must_check_;

/* ---- Rule sets ---- */

enum err rule_set_insert(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
    _must_check_;
enum err rule_set_latest(struct ctx *ctx, struct db *db, struct rule_set *ret) _must_check_;
/* ERR_NOT_FOUND */
enum err rule_set_load(struct ctx *ctx, struct db *db, int64_t version, struct rule_set *ret)
    _must_check_;
/* What of it is not groups, rules or criteria. */
enum err rule_set_save(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
    _must_check_;
/* All of it anew. */
enum err rule_set_replace(struct ctx *ctx, struct db *db, const struct rule_set *rule_set)
    _must_check_;
enum err rule_set_delete(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
/* The version that was in force at that time, or the first there ever was. */
enum err rule_set_version_at(struct ctx *ctx, struct db *db, int64_t at, int64_t *ret) _must_check_;
enum err rule_set_find(struct ctx *ctx, struct db *db, const struct id *id, struct rule_set *ret)
    _must_check_;
struct rule_set_filter {
    int status; /* -1: any */
    struct id_range range;
};
enum err rule_set_list(struct ctx *ctx, struct db *db, const struct rule_set_filter *filter,
                       struct rows *ret) _must_check_;
enum err rule_set_count(struct ctx *ctx, struct db *db, const struct rule_set_filter *filter,
                        int64_t *ret) _must_check_;

/* ---- Jobs ---- */

struct job_filter {
    int kind, state; /* -1: any */
    struct id_range range;
};
enum err job_insert(struct ctx *ctx, struct db *db, const struct job *job) _must_check_;
/* ERR_NOT_FOUND: it is over already, and stays as it is. */
enum err job_save(struct ctx *ctx, struct db *db, const struct job *job) _must_check_;
enum err job_load(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
    _must_check_;
/* struct job, in the order they were asked for. */
enum err jobs_open(struct ctx *ctx, struct db *db, struct rows *ret) _must_check_;
enum err job_list(struct ctx *ctx, struct db *db, const struct job_filter *filter, struct rows *ret)
    _must_check_;
enum err job_count(struct ctx *ctx, struct db *db, const struct job_filter *filter, int64_t *ret)
    _must_check_;
/* Removes at most `limit` that were over before, once nothing hangs on them. */
enum err jobs_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit) _must_check_;

enum err crossings_insert(struct ctx *ctx, struct db *db, const struct id *job,
                          const struct crossing_part *part) _must_check_;
struct crossing_filter {
    struct id job;
    enum stage_kind criterion;
    enum crossing_direction direction;
    struct id_range range; /* of lead ids */
};
enum err crossing_list(struct ctx *ctx, struct db *db, const struct crossing_filter *filter,
                       struct rows *ret) _must_check_; /* struct crossing */
enum err crossing_count(struct ctx *ctx, struct db *db, const struct crossing_filter *filter,
                        int64_t *ret) _must_check_;
/* Takes a lead out of all parts that it is in; says how many they were. */
enum err crossings_forget(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          int64_t *ret_count) _must_check_;
/* At most `limit` parts; says how many they were. Of one job, or of those that were over before. */
enum err crossings_remove(struct ctx *ctx, struct db *db, const struct id *job, int64_t limit,
                          int64_t *ret_count) _must_check_;
enum err crossings_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit,
                          int64_t *ret_count) _must_check_;

/* ---- Campaigns, users, forms, keys, settings ---- */

enum err campaign_insert(struct ctx *ctx, struct db *db, const struct campaign *campaign)
    _must_check_;
enum err campaign_load(struct ctx *ctx, struct db *db, const struct id *id, struct campaign *ret)
    _must_check_;
enum err campaign_find(struct ctx *ctx, struct db *db, const char *name, struct id *ret)
    _must_check_;
enum err campaign_list(struct ctx *ctx, struct db *db, const struct id_range *range,
                       struct rows *ret) _must_check_;
enum err campaign_count(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
/* struct campaign_member; the range is one of lead ids. */
enum err campaign_members(struct ctx *ctx, struct db *db, const struct id *campaign,
                          const struct id_range *range, struct rows *ret) _must_check_;
enum err campaign_member_add(struct ctx *ctx, struct db *db, const struct id *campaign,
                             const struct id *lead_id, bool *ret_added) _must_check_;

/* ERR_EXISTS */
enum err user_insert(struct ctx *ctx, struct db *db, const struct user *user) _must_check_;
enum err user_save(struct ctx *ctx, struct db *db, const struct user *user) _must_check_;
enum err user_load(struct ctx *ctx, struct db *db, const struct id *id, struct user *ret)
    _must_check_;
enum err user_find(struct ctx *ctx, struct db *db, const char *email, struct user *ret)
    _must_check_;
enum err user_list(struct ctx *ctx, struct db *db, const struct id_range *range, struct rows *ret)
    _must_check_;
enum err user_count(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;

enum err team_insert(struct ctx *ctx, struct db *db, const struct team *team) _must_check_;
enum err team_save(struct ctx *ctx, struct db *db, const struct team *team) _must_check_;
enum err team_load(struct ctx *ctx, struct db *db, const struct id *id, struct team *ret)
    _must_check_;
enum err team_find(struct ctx *ctx, struct db *db, const char *name, struct team *ret) _must_check_;
enum err team_list(struct ctx *ctx, struct db *db, const struct id_range *range, struct rows *ret)
    _must_check_;
enum err team_count(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;

/* ERR_EXISTS */
enum err form_insert(struct ctx *ctx, struct db *db, const struct form *form) _must_check_;
enum err form_load(struct ctx *ctx, struct db *db, const struct id *id, struct form *ret)
    _must_check_;
enum err form_find(struct ctx *ctx, struct db *db, const char *key, struct form *ret) _must_check_;
enum err form_list(struct ctx *ctx, struct db *db, const struct id_range *range, struct rows *ret)
    _must_check_;
enum err form_count(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
enum err submission_insert(struct ctx *ctx, struct db *db, const struct submission *submission)
    _must_check_;
/* Notes that the post names whom this hash stands for; told twice it is noted once. */
enum err submission_key_add(struct ctx *ctx, struct db *db, const struct id *submission,
                            const uint8_t hash[static HASH_BYTES]) _must_check_;
/* The same of a post with very many of them, all at once: the first CROWD_HASH_BYTES of each. */
enum err submission_crowd_add(struct ctx *ctx, struct db *db, const struct id *submission,
                              const struct bytes *hashes) _must_check_;
/* Of those behind `after`: struct submission_crowd. */
enum err submission_crowds(struct ctx *ctx, struct db *db, const struct id *after, int64_t limit,
                           struct rows *ret) _must_check_;
enum err submission_remove(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;
/* Removes at most `limit` that no lead came of and that are older. */
enum err submissions_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit,
                            int64_t *ret_count) _must_check_;
enum err submission_load(struct ctx *ctx, struct db *db, const struct id *id,
                         struct submission *ret) _must_check_;

struct submission_filter {
    struct id form; /* nil: any */
    int verdict;    /* enum verdict, -1: any */
    struct id_range range;
};
/* Without the bodies. */
enum err submission_list(struct ctx *ctx, struct db *db, const struct submission_filter *filter,
                         struct rows *ret) _must_check_;
enum err submission_count(struct ctx *ctx, struct db *db, const struct submission_filter *filter,
                          int64_t *ret) _must_check_;

enum err api_key_insert(struct ctx *ctx, struct db *db, const struct api_key *key) _must_check_;
enum err api_key_find(struct ctx *ctx, struct db *db, const uint8_t hash[static KEY_HASH_BYTES],
                      struct api_key *ret) _must_check_;
enum err api_key_load(struct ctx *ctx, struct db *db, const struct id *id, struct api_key *ret)
    _must_check_;
enum err api_key_list(struct ctx *ctx, struct db *db, const struct id_range *range,
                      struct rows *ret) _must_check_;
enum err api_key_count(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
enum err api_key_revoke(struct ctx *ctx, struct db *db, const struct id *id) _must_check_;

enum err setting_get(struct ctx *ctx, struct db *db, const char *name, const char **ret)
    _must_check_;
enum err setting_put(struct ctx *ctx, struct db *db, const char *name, const char *value)
    _must_check_;

/* Answers kept for retries: begun with the effect, filled in when it is done. */
enum err kept_answer_find(struct ctx *ctx, struct db *db, const struct id *key_id, const char *key,
                          struct kept_answer *ret) _must_check_;
enum err kept_answer_insert(struct ctx *ctx, struct db *db, const struct kept_answer *answer)
    _must_check_;
enum err kept_answer_fill(struct ctx *ctx, struct db *db, const struct kept_answer *answer)
    _must_check_;
/* Notes that it shows this lead, beside that of answer->lead_id. */
enum err kept_answer_show(struct ctx *ctx, struct db *db, const struct kept_answer *answer,
                          const struct id *lead_id) _must_check_;
enum err kept_answer_delete(struct ctx *ctx, struct db *db, const struct kept_answer *answer)
    _must_check_;
/* Removes at most `limit` that are older. */
enum err kept_answers_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit)
    _must_check_;

#endif
