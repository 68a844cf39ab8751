/* handoff.c: marketing offers a lead to sales by its entry into a stage of kind mql; sales accept
 * or reject it. An offer is that stage event, an answer is another: nothing else is kept. Clocks
 * and states are worked out from them. */
#include "history.h"

/* ---- Answers ---- */

static const struct stage *stage_of(const struct history *history, int64_t stage_id)
{
    return stage_id == NO_INT ? NULL : catalog_stage(history->catalog, stage_id);
}

/* The nearest stage in use before the lead's own, or NULL. */
static const struct stage *stage_before(const struct history *history)
{
    const struct stage *stages = history->pipeline->stages.items, *before = NULL;
    for (size_t i = 0; i < history->pipeline->stages.count; i++) {
        if (stages[i].stage_id == history->lead.stage_id)
            break;
        before = stages[i].archived_at == NO_INT ? &stages[i] : before;
    }
    return before;
}

/* Where accepted leads go: to the stage of kind sql, or where there is none to the next. */
static const struct stage *stage_accepted(const struct history *history)
{
    const struct stage *stages = history->pipeline->stages.items, *next = NULL;
    int64_t position = stage_of(history, history->lead.stage_id)->position;
    for (size_t i = history->pipeline->stages.count; i-- > 0;) {
        if (stages[i].archived_at != NO_INT || stages[i].position <= position)
            continue;
        if (stages[i].kind == STAGE_SQL)
            return &stages[i];
        next = &stages[i];
    }
    return next;
}

static enum err open_offered(struct ctx *ctx, struct db *db, const struct id *id,
                             int64_t expected_version, struct history *ret)
{
    enum err err = history_open(ctx, db, id, ret);
    if (!err)
        err = lead_require_version(ctx, &ret->lead, expected_version);
    if (err)
        return err;
    const struct stage *stage = stage_of(ret, ret->lead.stage_id);
    if (ret->lead.status != LEAD_OPEN)
        return fail(ctx, ERR_CONFLICT, NULL, "the lead is %s; reopen it first",
                    lead_status_names[ret->lead.status]);
    if (stage->kind != STAGE_MQL)
        return fail(ctx, ERR_CONFLICT, NULL,
                    "leads are offered in a stage of kind mql, and this one is in %s", stage->key);
    return OK;
}

enum err lead_accept(struct ctx *ctx, struct db *db, const struct id *id, const struct id *owner,
                     const char *reason, int64_t expected_version, struct lead *ret)
{
    struct history history;
    enum err err = open_offered(ctx, db, id, expected_version, &history);
    if (!err && !id_is_nil(owner))
        err = lead_give(ctx, db, &history, owner);
    if (err)
        return err;
    const struct stage *to = stage_accepted(&history);
    if (!to)
        return fail(ctx, ERR_CONFLICT, NULL, "the pipeline has no stage behind this one");
    err = lead_check_move(ctx, &history, to, reason);
    struct stage_event event = { .to_stage_id = to->stage_id,
                                 .cause = CAUSE_USER,
                                 .reason = reason,
                                 .answer = ANSWER_ACCEPTED };
    if (!err)
        err = lead_decide(ctx, db, &history, &event);
    if (!err)
        *ret = history.lead;
    return err;
}

enum err lead_reject(struct ctx *ctx, struct db *db, const struct id *id, enum reject_kind kind,
                     const char *reason, int64_t expected_version, struct lead *ret)
{
    struct history history;
    enum err err = open_offered(ctx, db, id, expected_version, &history);
    if (err)
        return err;
    const struct stage *to = kind == REJECT_SPAM ? NULL : stage_before(&history);
    if (!to && kind != REJECT_SPAM)
        return fail(ctx, ERR_CONFLICT, NULL, "the pipeline has no stage before this one");
    struct stage_event event = { .to_stage_id = to ? to->stage_id : NO_INT,
                                 .to_status = to ? LEAD_OPEN : LEAD_DISQUALIFIED,
                                 .cause = CAUSE_USER,
                                 .reason = reason ? reason : reject_kind_names[kind],
                                 .answer = ANSWER_REJECTED,
                                 .reject_kind = kind };
    err = lead_decide(ctx, db, &history, &event);
    if (!err)
        *ret = history.lead;
    return err;
}

enum err lead_recycle(struct ctx *ctx, struct db *db, const struct id *id, const char *stage,
                      const char *reason, int64_t expected_version, struct lead *ret)
{
    struct history history;
    enum err err = history_load(ctx, db, id, &history);
    if (err)
        return err;
    const struct stage *now = stage_of(&history, history.lead.stage_id);
    const struct stage *to =
        stage ? pipeline_stage(history.pipeline, stage) : stage_before(&history);
    if (stage && !to)
        return fail_member(ctx, "stage", "unknown", "no stage of the pipeline %s has this key",
                           history.pipeline->key);
    if (!to || to->position >= now->position)
        return fail(ctx, ERR_CONFLICT, NULL, "a lead in %s is recycled to a stage before it",
                    now->key);
    return lead_move(ctx, db, id, to->key, reason, CAUSE_USER, expected_version, ret);
}

/* ---- What became of offers ---- */

static void begin(const struct history *history, const struct stage *stage,
                  const struct stage_event *event, struct handoff *ret)
{
    int64_t at = event_at(&history->lead, event);
    table_clear(&handoff_table, ret);
    ret->id = event->id;
    ret->stage = stage->key;
    ret->offered_at = at;
    ret->offered_to = event->owner;
    if (id_is_nil(&event->owner))
        ret->team = stage->offer_team;
    ret->expires_at = stage->offer_hours == NO_INT ? NO_INT : at + stage->offer_hours * 3600000;
    ret->cycle = event->cycle;
    ret->state = HANDOFF_OFFERED;
    ret->reject_kind = REJECT_NONE;
}

/* A person who moves the lead on, or wins it, has accepted it, in whatever words. */
static bool accepts(const struct history *history, const struct stage *from,
                    const struct stage_event *event)
{
    const struct stage *to = stage_of(history, event->to_stage_id);
    bool onwards = to ? to->position > from->position : event->to_status == LEAD_WON;
    return event->answer == ANSWER_ACCEPTED || (onwards && !event_is_automatic(event));
}

static void end(const struct history *history, const struct stage *from,
                const struct stage_event *event, struct handoff *handoff)
{
    bool accepted = accepts(history, from, event);
    handoff->state = accepted                           ? HANDOFF_ACCEPTED
                     : event->answer == ANSWER_REJECTED ? HANDOFF_REJECTED
                                                        : HANDOFF_WITHDRAWN;
    if (handoff->state == HANDOFF_WITHDRAWN)
        return;
    handoff->answered_at = event_at(&history->lead, event);
    handoff->answer_ms = handoff->answered_at - handoff->offered_at;
    handoff->answered_by = event->actor;
    handoff->reason = event->reason;
    handoff->reject_kind = event->reject_kind;
}

/* Up to but without `until`. */
static enum err find_response(struct ctx *ctx, struct db *db, const struct id *lead_id,
                              int64_t until, struct handoff *handoff)
{
    int64_t at;
    enum err err = activity_first_response(ctx, db, lead_id, handoff->offered_at, until, &at);
    if (err)
        return err == ERR_NOT_FOUND ? OK : err;
    handoff->first_response_at = at;
    handoff->response_ms = at - handoff->offered_at;
    return OK;
}

/* Into *ret, in order; a later offer ends the response clock of the one before. */
static size_t find_offers(const struct history *history, struct handoff *ret)
{
    struct standing standing = standing_after(history, 0);
    const struct stage *offered_in = NULL; /* where the last one still stands */
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct stage_event *event = &history->events[i];
        bool is_entry = event_is_entry(event, standing.stage_id);
        standing = standing_next(history, standing, event);
        if (offered_in && (is_entry || standing.status != LEAD_OPEN)) {
            end(history, offered_in, event, &ret[count - 1]);
            offered_in = NULL;
        }
        const struct stage *stage = stage_of(history, standing.stage_id);
        if (is_entry && stage->kind == STAGE_MQL && standing.status == LEAD_OPEN) {
            begin(history, stage, event, &ret[count++]);
            offered_in = stage;
        }
    }
    return count;
}

enum err lead_handoffs(struct ctx *ctx, struct db *db, const struct id *id, struct rows *ret)
{
    struct history history;
    enum err err = history_load(ctx, db, id, &history);
    if (err)
        return err;
    struct handoff *handoffs = ctx_alloc(ctx, (history.count + 1) * sizeof *handoffs);
    if (!handoffs)
        return ERR_MEMORY;
    size_t count = find_offers(&history, handoffs);
    for (size_t i = 0; i < count && !err; i++) {
        struct handoff *handoff = &handoffs[i];
        int64_t until = i + 1 < count ? handoffs[i + 1].offered_at : NO_INT;
        err = find_response(ctx, db, id, until, handoff);
        if (handoff->state == HANDOFF_OFFERED && handoff->expires_at != NO_INT &&
            handoff->expires_at <= ctx->now_ms)
            handoff->state = HANDOFF_EXPIRED;
    }
    *ret = (struct rows){ handoffs, count };
    return err;
}
