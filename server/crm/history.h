/* history.h: a lead together with its stage events, and what follows from them. Private to crm.
 *
 * Every change of a fact runs the same way: history_open() takes away what the lead contributes
 * to the rollups, the change is made, history_close() derives stage, score and automatic events
 * again, and adds what it contributes now. So a late event, a correction and an import are all
 * the same code. */
#ifndef FUNNELD_CRM_HISTORY_H
#define FUNNELD_CRM_HISTORY_H

#include <funneld/crm.h>
#include <funneld/reports.h>
#include <funneld/rollups.h>

/* Where a lead stands after some of its events. */
struct standing {
    int64_t stage_id; /* NO_INT before the first event */
    enum lead_status status;
    int64_t stage_entered_at;
    int64_t cycle;
};

struct history {
    const struct catalog *catalog;
    const struct rule_set *rules;  /* what the lead is judged by: those in force */
    const struct scoring *scoring; /* of those */
    const struct pipeline *pipeline;
    struct lead lead;
    struct standing kept;       /* where the store has it */
    struct stage_event *events; /* not voided, in the order they happened */
    size_t count, capacity;
    struct rows told; /* struct stage_event: all there were, voided ones too, by id */
    bool caught_up;   /* what was due was done, and is still to be saved */
    bool is_new;      /* the lead is not in the store yet: history_settle() puts it there */
    /* The one fact that is new, in the log already; NULL: it is not known to be the only one. */
    const struct activity *added;
};

/* Sets what judges a lead that is not loaded but made. */
enum err history_judge(struct ctx *ctx, struct db *db, struct history *history) _must_check_;
/* Loads the lead (ERR_NOT_FOUND), takes its contributions away, and does what time had made due:
 * whoever goes on from here settles it. */
enum err history_open(struct ctx *ctx, struct db *db, const struct id *lead_id, struct history *ret)
    _must_check_;
/* Loads an erased one too, as long as it counts, and one whose history is gone: for recounts and
 * erasures. */
enum err history_load_any(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          struct history *ret) _must_check_;
/* ERR_CORRUPT: there is not even the event of its creation, and so nothing to go by. */
enum err history_require(struct ctx *ctx, const struct history *history) _must_check_;
/* Loads only. */
enum err history_load(struct ctx *ctx, struct db *db, const struct id *lead_id, struct history *ret)
    _must_check_;
/* Writes an event and puts it in its place. The caller says to_stage_id, or NO_INT and
 * to_status, and occurred_at, cause, actor, reason, score, owner; the rest is filled in. */
enum err history_add(struct ctx *ctx, struct db *db, struct history *history,
                     struct stage_event *event) _must_check_;
enum err history_void(struct ctx *ctx, struct db *db, struct history *history, size_t index)
    _must_check_;
/* Score and automatic events from the log again, then the rest as history_settle(). */
enum err history_replay(struct ctx *ctx, struct db *db, struct history *history) _must_check_;
/* The same up to an instant, under history->scoring, and without saving the lead's row. */
enum err history_catch_up(struct ctx *ctx, struct db *db, struct history *history, int64_t until)
    _must_check_;
/* What a replay at lead.score_as_of would give, without writing anything. */
struct replayed {
    int64_t score;
    bool events_agree;
    bool due_agrees;   /* when that changes next */
    bool tally_agrees; /* and what decides whether an activity is on time */
};
enum err history_rescore(struct ctx *ctx, struct db *db, const struct history *history,
                         struct replayed *ret) _must_check_;
/* Brings history->lead up to now, in memory alone. */
enum err history_foresee(struct ctx *ctx, struct db *db, struct history *history) _must_check_;
/* What is known now about the lead at an instant of its past. */
struct past_score {
    int64_t score;
    struct id owner;
};
enum err history_past(struct ctx *ctx, struct db *db, const struct history *history, int64_t at,
                      struct past_score *ret) _must_check_;
/* Where each event came from, and where the last one leaves the lead, in the lead. */
enum err history_relink(struct ctx *ctx, struct db *db, struct history *history) _must_check_;
/* Stage, status and the rest of the hot row from the events; saves it; adds the contributions. */
enum err history_settle(struct ctx *ctx, struct db *db, struct history *history) _must_check_;

/* Nothing was changed after all. */
enum err history_leave(struct ctx *ctx, struct db *db, struct history *history) _must_check_;
/* It was rejected as spam, and nobody has opened it again: it counts nowhere. */
bool history_is_spam(const struct history *history);

/* Whether each event says where those before it left the lead. */
bool history_is_linked(const struct history *history);

/* When an event counts as having happened: never before its lead was created. */
int64_t event_at(const struct lead *lead, const struct stage_event *event);
/* The order of what happened; ids settle it for what happened at once. */
bool event_before(const struct lead *lead, const struct stage_event *a,
                  const struct stage_event *b);
bool event_is_automatic(const struct stage_event *event);
/* An entry into a stage other than the one the lead is in. */
bool event_is_entry(const struct stage_event *event, int64_t stage_id_before);

/* Puts it into the lead. */
enum err history_stand(struct ctx *ctx, struct history *history, struct standing standing)
    _must_check_;
/* After its first `count` events. */
struct standing standing_after(const struct history *history, size_t count);
struct standing standing_next(const struct history *history, struct standing standing,
                              const struct stage_event *event);

/* Moves a lead on from its hot row to now, past the new activity (NULL: there is none), and saves
 * it. *ret_done stays false, and nothing is saved, where its history must decide: the activity is
 * late, or a rule would act. */
enum err lead_advance(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                      struct lead *lead, const struct activity *activity, bool *ret_done)
    _must_check_;

/* ---- Rollups ---- */

/* Calls visit with every cell that the lead adds to, and what. Pure: depends on the history
 * alone. */
typedef enum err contribution_visit(struct ctx *ctx, void *self, const struct rollup_key *key,
                                    const struct rollup_value *value);
enum err contributions(struct ctx *ctx, const struct history *history, contribution_visit *visit,
                       void *self) _must_check_;
/* Adds them to the rollups, or with sign -1 takes them away. */
enum err contributions_apply(struct ctx *ctx, struct db *db, const struct history *history,
                             int sign) _must_check_;
/* Adds to the next rollups of its pipeline what the lead, not recounted yet, adds to those. */
enum err contributions_recount(struct ctx *ctx, struct db *db, const struct history *history)
    _must_check_;
/* Saves the pipeline, whose stages are in another order, and has a job count all leads of those
 * that are being counted: from the first on. */
enum err recount_begin(struct ctx *ctx, struct db *db, const struct pipeline *reordered,
                       struct job *ret) _must_check_;

/* ---- The journal of form posts ---- */

/* By what the entries are found that name somebody: an address as match key, or an E.164 number. */
void submission_hash(const struct secret *secret, enum lead_key_kind kind, const char *key,
                     uint8_t hash[static HASH_BYTES]);
/* Notes whom the post names. */
enum err submission_index(struct ctx *ctx, struct db *db, const struct id *submission,
                          const struct form_post *post) _must_check_;

/* ---- Leads one by one ---- */

typedef enum err lead_visit(struct ctx *ctx, struct db *db, const struct id *lead_id, void *self);
/* One of them, in a savepoint. Where it fails by itself that is undone, *ret_why says why, and the
 * answer is OK, for others can go well; ret_why->err is OK where it did not. What would meet the
 * others too is returned, and ends the command. */
enum err lead_attempt(struct ctx *ctx, struct db *db, const struct id *lead_id, lead_visit *visit,
                      void *self, struct failure *ret_why) _must_check_;

/* A slice of a job that visits every lead in the order of their ids: as many as a few milliseconds
 * allow, one at least. Moves job->cursor and job->done on, and counts those that fail by
 * themselves, for which `instead` is done where it can be (NULL: nothing); erased leads are among
 * them. */
enum err job_each_lead(struct ctx *ctx, struct db *db, struct job *job, lead_visit *visit,
                       lead_visit *instead, void *self, bool *ret_more) _must_check_;

/* ---- What the use cases share ---- */

/* What an import says became of a lead, which is loaded again: an open one is closed. *ret_closed
 * is false where it was closed already, or told before. */
enum err lead_import_outcome(struct ctx *ctx, struct db *db, const struct lead_input *input,
                             struct lead *lead, bool *ret_closed) _must_check_;
/* ERR_CONFLICT, ERR_VALIDATION: the pipeline does not allow somebody to move the lead there. */
enum err lead_check_move(struct ctx *ctx, const struct history *history, const struct stage *to,
                         const char *reason) _must_check_;
/* Writes an event that somebody decided now, and what follows from it. The caller says where to, or
 * which status, and cause, reason and answer. */
enum err lead_decide(struct ctx *ctx, struct db *db, struct history *history,
                     struct stage_event *event) _must_check_;

/* The lead is that user's from now on, and its changes say so; the caller goes on to decide, which
 * saves it. ERR_VALIDATION names the owner. */
enum err lead_give(struct ctx *ctx, struct db *db, struct history *history, const struct id *owner)
    _must_check_;
/* The lead's amounts are in the currency of its pipeline from now on; kept among its changes. */
enum err lead_take_currency(struct ctx *ctx, struct db *db, struct history *history) _must_check_;
/* A member as text, for the log of changes; *ret NULL is null. */
enum err value_text(struct ctx *ctx, const struct field *field, const void *value, const char **ret)
    _must_check_;
/* Whether the member of that table is null. */
bool value_is_null(const struct field *field, const void *value);

/* ERR_VERSION unless the lead is at that version; NO_INT: any. */
enum err lead_require_version(struct ctx *ctx, const struct lead *lead, int64_t expected_version)
    _must_check_;
/* Their quotient, rounded half up; none where the denominator is 0. */
enum err rate_fill(struct ctx *ctx, int64_t numerator, int64_t denominator, struct rate *ret)
    _must_check_;
/* ERR_VALIDATION naming the member when there is no such team in use; nil is fine. */
enum err team_require(struct ctx *ctx, struct db *db, const char *member, const struct id *team)
    _must_check_;
/* Who acts, for the log: the key's name. */
const char *ctx_actor(const struct ctx *ctx);
/* ERR_VALIDATION naming the member when the campaign does not exist; nil is fine. */
enum err campaign_require(struct ctx *ctx, struct db *db, const char *member,
                          const struct id *campaign) _must_check_;

#endif
