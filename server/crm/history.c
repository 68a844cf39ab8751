/* history.c: the stage events of a lead in order, and what a change of one does to the rest.
 * Every use case that changes a fact goes through here; which events a rule causes is replay.c's
 * business. */
#include "history.h"
#include "scoring.h"

#include <string.h>

static size_t put_in_order(struct history *history, const struct stage_event *event)
{
    size_t at = history->count++;
    for (; at > 0 && event_before(&history->lead, event, &history->events[at - 1]); at--)
        history->events[at] = history->events[at - 1];
    history->events[at] = *event;
    return at;
}

enum { EVENTS_ROOM = 16 }; /* that one command may add */

enum err history_judge(struct ctx *ctx, struct db *db, struct history *history)
{
    enum err err = catalog_get(ctx, db, &history->catalog);
    if (!err)
        history->rules = &history->catalog->rule_set;
    if (!err)
        history->scoring = history->catalog->scoring;
    return err;
}

static struct standing standing_of(const struct lead *lead)
{
    return (struct standing){ .stage_id = lead->stage_id,
                              .status = lead->status,
                              .stage_entered_at = lead->stage_entered_at,
                              .cycle = lead->cycle };
}

static enum err load_of(struct ctx *ctx, struct db *db, const struct lead *lead,
                        struct history *ret)
{
    *ret = (struct history){ .lead = *lead, .kept = standing_of(lead) };
    enum err err = history_judge(ctx, db, ret);
    struct rows rows = { 0 };
    if (!err)
        err = stage_events(ctx, db, &lead->id, &rows);
    if (err)
        return err;
    ret->pipeline = catalog_pipeline(ret->catalog, ret->lead.pipeline);
    if (!ret->pipeline)
        return fail(ctx, ERR_INTERNAL, NULL, "a lead in a pipeline that is not in the catalog");
    ret->told = rows;
    ret->capacity = rows.count + EVENTS_ROOM;
    ret->events = ctx_alloc(ctx, ret->capacity * sizeof *ret->events);
    if (!ret->events)
        return ERR_MEMORY;
    const struct stage_event *events = rows.items;
    for (size_t i = 0; i < rows.count; i++)
        if (events[i].voided_at == NO_INT)
            put_in_order(ret, &events[i]);
    return OK;
}

enum err history_load(struct ctx *ctx, struct db *db, const struct id *lead_id, struct history *ret)
{
    struct lead lead;
    enum err err = lead_load(ctx, db, lead_id, &lead);
    if (!err)
        err = load_of(ctx, db, &lead, ret);
    return err ? err : history_require(ctx, ret);
}

enum err history_require(struct ctx *ctx, const struct history *history)
{
    if (history->count > 0)
        return OK;
    return fail(ctx, ERR_CORRUPT, NULL, "a lead has no stage event, not even that of its creation");
}

enum err history_load_any(struct ctx *ctx, struct db *db, const struct id *lead_id,
                          struct history *ret)
{
    struct lead lead;
    enum err err = lead_load_any(ctx, db, lead_id, &lead);
    return err ? err : load_of(ctx, db, &lead, ret);
}

/* What was due before now happened before what is about to be told, under the rules of that
 * time. */
static enum err take_due(struct ctx *ctx, struct db *db, struct history *history)
{
    const struct scoring *in_force = history->scoring, *own;
    struct lead *lead = &history->lead;
    int64_t until = ctx->now_ms;
    enum err err = catalog_scoring(ctx, db, lead->rule_set_version, &own);
    if (err)
        return err == ERR_NOT_FOUND ? fail(ctx, ERR_INTERNAL, NULL, "a lead of no rule set") : err;
    if (own != in_force && history->rules->published_at <= until)
        until = history->rules->published_at - 1;
    if (lead->score_due_at > until)
        return OK;
    history->scoring = own;
    history->rules = own->rules;
    err = history_catch_up(ctx, db, history, until);
    history->caught_up = true;
    history->scoring = in_force;
    history->rules = in_force->rules;
    return err;
}

enum err history_open(struct ctx *ctx, struct db *db, const struct id *lead_id, struct history *ret)
{
    enum err err = history_load(ctx, db, lead_id, ret);
    if (!err)
        err = contributions_apply(ctx, db, ret, -1);
    bool due = !err && ret->lead.score_due_at != NO_INT && ret->lead.score_due_at <= ctx->now_ms;
    return due ? take_due(ctx, db, ret) : err;
}

/* Room for one more event. */
static enum err make_room(struct ctx *ctx, struct history *history)
{
    if (history->count < history->capacity)
        return OK;
    size_t capacity = history->count + EVENTS_ROOM;
    struct stage_event *events = ctx_alloc(ctx, capacity * sizeof *events);
    if (!events)
        return ERR_MEMORY;
    if (history->count > 0)
        memcpy(events, history->events, history->count * sizeof *events);
    history->events = events;
    history->capacity = capacity;
    return OK;
}

enum err history_add(struct ctx *ctx, struct db *db, struct history *history,
                     struct stage_event *event)
{
    enum err err = make_room(ctx, history);
    if (err)
        return err;
    event->id = id_new(ctx);
    event->lead_id = history->lead.id;
    event->recorded_at = ctx->now_ms;
    event->voided_at = NO_INT;
    event->rule_set_version = history->rules->version;
    size_t index = put_in_order(history, event);
    struct standing before = standing_after(history, index);
    struct standing after = standing_next(history, before, event);
    event->to_status = after.status;
    event->from_stage_id = before.stage_id;
    event->from_status = before.status;
    event->cycle = after.cycle;
    history->events[index] = *event;
    db_count(db, METRIC_STAGE_EVENTS);
    return stage_event_insert(ctx, db, event);
}

enum err history_void(struct ctx *ctx, struct db *db, struct history *history, size_t index)
{
    enum err err = stage_event_void(ctx, db, &history->events[index], ctx->now_ms);
    history->count--;
    memmove(&history->events[index], &history->events[index + 1],
            (history->count - index) * sizeof *history->events);
    return err;
}

/* Whether the event says where the lead came from and what it became. A correction keeps saying
 * which mistake it undid. */
static bool is_linked(const struct stage_event *event, const struct standing *before,
                      const struct standing *after)
{
    return (event->cause == CAUSE_CORRECTION || event->from_stage_id == before->stage_id) &&
           event->from_status == before->status && event->to_status == after->status &&
           event->cycle == after->cycle;
}

bool history_is_linked(const struct history *history)
{
    struct standing standing = standing_after(history, 0);
    for (size_t i = 0; i < history->count; i++) {
        struct standing after = standing_next(history, standing, &history->events[i]);
        if (!is_linked(&history->events[i], &standing, &after))
            return false;
        standing = after;
    }
    return true;
}

/* An event that came late, or was voided, changes where those behind it started from. */
static enum err relink(struct ctx *ctx, struct db *db, struct history *history)
{
    struct standing standing = standing_after(history, 0);
    for (size_t i = 0; i < history->count; i++) {
        struct stage_event *event = &history->events[i];
        struct standing after = standing_next(history, standing, event);
        if (!is_linked(event, &standing, &after)) {
            if (event->cause != CAUSE_CORRECTION)
                event->from_stage_id = standing.stage_id;
            event->from_status = standing.status;
            event->to_status = after.status;
            event->cycle = after.cycle;
            enum err err = stage_event_relink(ctx, db, event);
            if (err)
                return err;
        }
        standing = after;
    }
    return OK;
}

/* The lead is answered by another thread, when the writer may have renewed the catalog. */
static enum err lead_own_texts(struct ctx *ctx, struct lead *lead)
{
    const char **const texts[] = { &lead->pipeline, &lead->stage, &lead->currency };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (!*texts[i])
            continue;
        *texts[i] = ctx_text(ctx, *texts[i]);
        if (!*texts[i])
            return ERR_MEMORY;
    }
    return OK;
}

enum err history_relink(struct ctx *ctx, struct db *db, struct history *history)
{
    enum err err = relink(ctx, db, history);
    return err ? err : history_stand(ctx, history, standing_after(history, history->count));
}

enum err history_stand(struct ctx *ctx, struct history *history, struct standing standing)
{
    struct lead *lead = &history->lead;
    lead->stage_id = standing.stage_id;
    lead->stage = catalog_stage(history->catalog, standing.stage_id)->key;
    lead->status = standing.status;
    lead->stage_entered_at = standing.stage_entered_at;
    lead->cycle = standing.cycle;
    return lead_own_texts(ctx, lead);
}

/* Most of what happens to leads leaves them where they stand. */
static enum err save(struct ctx *ctx, struct db *db, const struct history *history)
{
    const struct lead *lead = &history->lead;
    const struct standing *kept = &history->kept;
    bool moved = lead->stage_id != kept->stage_id || lead->status != kept->status ||
                 lead->stage_entered_at != kept->stage_entered_at || lead->cycle != kept->cycle;
    return moved ? lead_save_state(ctx, db, lead) : lead_save_score(ctx, db, lead);
}

enum err history_leave(struct ctx *ctx, struct db *db, struct history *history)
{
    enum err err = history->caught_up ? save(ctx, db, history) : OK;
    return err ? err : contributions_apply(ctx, db, history, 1);
}

enum err history_settle(struct ctx *ctx, struct db *db, struct history *history)
{
    struct lead *lead = &history->lead;
    enum err err = history_relink(ctx, db, history);
    if (!err)
        err = history->is_new ? lead_insert(ctx, db, lead) : save(ctx, db, history);
    return err ? err : contributions_apply(ctx, db, history, 1);
}
