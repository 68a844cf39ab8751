/* stages.c: what people and imports decide about a lead's stage and status. Refuses what the
 * pipeline does not allow, and says why. What rules decide is replay.c's. */
#include "history.h"

#include <string.h>

/* Entries beyond the target were made by mistake: they are voided, back to the last one that was
 * not. */
static enum err undo_entries(struct ctx *ctx, struct db *db, struct history *history,
                             const struct stage *target)
{
    for (size_t i = history->count; i-- > 1;) {
        const struct stage_event *event = &history->events[i];
        if (event->to_stage_id == NO_INT)
            continue;
        if (catalog_stage(history->catalog, event->to_stage_id)->position <= target->position)
            break;
        enum err err = history_void(ctx, db, history, i);
        if (err)
            return err;
    }
    return OK;
}

static bool has_member(const struct history *history, const char *name)
{
    const struct lead *lead = &history->lead;
    const struct custom_field *custom = catalog_custom_member(history->catalog, name);
    if (custom)
        return custom_values_find(&lead->fields, custom->field_id) != NULL;
    int index = table_find(&lead_table, name);
    return index >= 0 && !value_is_null(&lead_table.fields[index],
                                        (const char *)lead + lead_table.fields[index].offset);
}

/* What its stage asks for before a lead goes on from it. */
static enum err check_required(struct ctx *ctx, const struct history *history)
{
    const struct stage *stage = catalog_stage(history->catalog, history->lead.stage_id);
    for (size_t i = 0; i < stage->required_fields.count; i++)
        if (!has_member(history, stage->required_fields.items[i]))
            return fail(ctx, ERR_CONFLICT, NULL, "a lead goes on from %s once it has %s",
                        stage->key, stage->required_fields.items[i]);
    return OK;
}

enum err lead_check_move(struct ctx *ctx, const struct history *history, const struct stage *to,
                         const char *reason)
{
    const struct lead *lead = &history->lead;
    if (lead->status != LEAD_OPEN)
        return fail(ctx, ERR_CONFLICT, NULL, "the lead is %s; reopen it first",
                    lead_status_names[lead->status]);
    if (to->stage_id == lead->stage_id)
        return fail(ctx, ERR_CONFLICT, NULL, "the lead is already in the stage %s", to->key);
    if (to->archived_at != NO_INT)
        return fail(ctx, ERR_CONFLICT, NULL, "the stage %s is archived", to->key);
    bool back = to->position < catalog_stage(history->catalog, lead->stage_id)->position;
    if (back && !reason)
        return fail_member(ctx, "reason", "required", "a move back needs a reason");
    return back ? OK : check_required(ctx, history);
}

/* Somebody changed where the lead stands: that is a new version of it. */
static enum err settle_decision(struct ctx *ctx, struct db *db, struct history *history)
{
    history->lead.version++;
    history->lead.updated_at = ctx->now_ms;
    enum err err = lead_save(ctx, db, &history->lead);
    return err ? err : history_replay(ctx, db, history);
}

enum err lead_decide(struct ctx *ctx, struct db *db, struct history *history,
                     struct stage_event *event)
{
    event->occurred_at = ctx->now_ms;
    event->actor = ctx_actor(ctx);
    event->score = history->lead.score;
    event->owner = history->lead.owner;
    enum err err = history_add(ctx, db, history, event);
    if (err)
        return err;
    return settle_decision(ctx, db, history);
}

enum err lead_move(struct ctx *ctx, struct db *db, const struct id *id, const char *stage,
                   const char *reason, enum cause cause, int64_t expected_version, struct lead *ret)
{
    struct history history;
    enum err err = history_open(ctx, db, id, &history);
    if (!err)
        err = lead_require_version(ctx, &history.lead, expected_version);
    if (err)
        return err;
    const struct stage *to;
    err = stage_find(ctx, history.pipeline, stage, &to);
    if (!err)
        err = lead_check_move(ctx, &history, to, reason);
    if (err)
        return err;
    struct stage_event event = { .to_stage_id = to->stage_id, .cause = cause, .reason = reason };
    int64_t from_stage_id = history.lead.stage_id;
    if (cause == CAUSE_CORRECTION)
        err = undo_entries(ctx, db, &history, to);
    if (!err)
        err = lead_decide(ctx, db, &history, &event);
    if (!err && cause == CAUSE_CORRECTION) { /* it keeps saying which mistake it undid */
        event.from_stage_id = from_stage_id;
        err = stage_event_relink(ctx, db, &event);
    }
    if (!err)
        *ret = history.lead;
    return err;
}

static enum err check_close(struct ctx *ctx, const struct lead *lead, enum lead_status status,
                            const char *reason)
{
    if (lead->status == status)
        return fail(ctx, ERR_CONFLICT, NULL, "the lead is already %s", lead_status_names[status]);
    if (status != LEAD_OPEN && lead->status != LEAD_OPEN)
        return fail(ctx, ERR_CONFLICT, NULL, "the lead is %s; reopen it first",
                    lead_status_names[lead->status]);
    if ((status == LEAD_LOST || status == LEAD_DISQUALIFIED) && !reason)
        return fail_member(ctx, "reason", "required", "say why it is %s",
                           lead_status_names[status]);
    return OK;
}

/* An amount told with the closing; settle_decision() saves it. */
static enum err set_amount(struct ctx *ctx, struct db *db, struct history *history,
                           int64_t amount_minor)
{
    struct lead *lead = &history->lead;
    if (amount_minor == NO_INT || amount_minor == lead->amount_minor)
        return OK;
    struct lead_change change = { .id = id_new(ctx),
                                  .lead_id = lead->id,
                                  .at = ctx->now_ms,
                                  .field = "amount_minor",
                                  .actor = ctx_actor(ctx) };
    if (lead->amount_minor != NO_INT)
        change.old_value = arena_printf(ctx->arena, "%lld", (long long)lead->amount_minor);
    change.new_value = arena_printf(ctx->arena, "%lld", (long long)amount_minor);
    lead->amount_minor = amount_minor;
    enum err err = lead_change_add(ctx, db, &change);
    return err ? err : lead_take_currency(ctx, db, history);
}

enum err lead_close(struct ctx *ctx, struct db *db, const struct id *id, enum lead_status status,
                    const char *reason, int64_t amount_minor, int64_t expected_version,
                    struct lead *ret)
{
    struct history history;
    enum err err = history_open(ctx, db, id, &history);
    if (!err)
        err = lead_require_version(ctx, &history.lead, expected_version);
    if (!err)
        err = check_close(ctx, &history.lead, status, reason);
    if (!err)
        err = set_amount(ctx, db, &history, amount_minor);
    if (!err && status == LEAD_WON)
        err = check_required(ctx, &history);
    struct stage_event event = {
        .to_stage_id = NO_INT, .to_status = status, .cause = CAUSE_API, .reason = reason
    };
    if (!err)
        err = lead_decide(ctx, db, &history, &event);
    if (!err)
        *ret = history.lead;
    return err;
}

/* history_load() has put those in order that are not voided; with the others it is done here. */
enum err lead_history(struct ctx *ctx, struct db *db, const struct id *id, bool with_voided,
                      struct rows *ret)
{
    struct history history;
    enum err err = history_load(ctx, db, id, &history);
    if (err)
        return err;
    *ret = (struct rows){ history.events, history.count };
    if (!with_voided)
        return OK;
    struct stage_event *events = history.told.items;
    *ret = history.told;
    for (size_t i = 1; i < ret->count; i++) { /* few, and nearly in order */
        struct stage_event event = events[i];
        size_t at = i;
        for (; at > 0 && event_before(&history.lead, &event, &events[at - 1]); at--)
            events[at] = events[at - 1];
        events[at] = event;
    }
    return OK;
}

/* ---- Imports ---- */

static const struct field stage_event_import_fields[] = {
    FIELD(struct stage_event_input, id, ID,
          .note = "as exported; one that has this id here is known"),
    FIELD(struct stage_event_input, lead_id, ID, .note = "whose; or email, or external_id"),
    FIELD(struct stage_event_input, email, TEXT, .min = 1, .max = 254, .note = "of the lead"),
    FIELD(struct stage_event_input, source_system, TEXT, .min = 1, .max = 100,
          .note = "of the lead"),
    FIELD(struct stage_event_input, external_id, TEXT, .min = 1, .max = 200, .note = "of the lead"),
    FIELD(struct stage_event_input, to, TEXT, .min = 1, .max = 64,
          .note = "a stage's key, or won, lost, disqualified, open"),
    FIELD_NAMED(struct stage_event_input, to_status, lead_status_names,
                .note = "where there is no `to`: the status alone"),
    FIELD(struct stage_event_input, occurred_at, TIME, .flags = FIELD_REQUIRED,
          .note = "when it happened"),
    FIELD(struct stage_event_input, reason, TEXT, .min = 1, .max = 500, .note = "why"),
    FIELD(struct stage_event_input, amount_minor, INT, .min = 0, .max = INT64_C(1000000000000000),
          .note = "of the lead, in minor units"),
    FIELD(struct stage_event_input, voided_at, TIME, .note = "it was undone then: it is left out"),
};
const struct table stage_event_import_table =
    TABLE(struct stage_event_input, "stage_event_import", stage_event_import_fields);

static enum err no_such_lead(struct ctx *ctx, const char *member, enum err err)
{
    return err == ERR_NOT_FOUND ? fail_member(ctx, member, "unknown", "no such lead") : err;
}

/* By its id, which only this installation knows, or by what it is called elsewhere. */
static enum err open_lead(struct ctx *ctx, struct db *db, const struct stage_event_input *input,
                          struct history *ret)
{
    struct id id;
    bool is_called = input->email || input->external_id;
    enum err err = ERR_NOT_FOUND;
    if (!id_is_nil(&input->lead_id))
        err = history_open(ctx, db, &input->lead_id, ret);
    else if (!is_called)
        return fail_member(ctx, "external_id", "required",
                           "name the lead by lead_id, email or external_id");
    if (err != ERR_NOT_FOUND || !is_called)
        return no_such_lead(ctx, "lead_id", err);
    failure_clear(ctx);
    err = lead_identify(ctx, db, input->email, input->source_system, input->external_id, &id);
    if (!err)
        err = history_open(ctx, db, &id, ret);
    return no_such_lead(ctx, input->external_id ? "external_id" : "email", err);
}

static enum err read_target(struct ctx *ctx, const struct history *history,
                            const struct stage_event_input *input, struct stage_event *ret)
{
    struct target to = { NO_INT, (int)input->to_status };
    enum err err = input->to ? target_find(ctx, history->pipeline, "to", input->to, &to) : OK;
    if (err)
        return err;
    if (!input->to && to.status < 0)
        return fail_member(ctx, "to", "required", "must be given");
    ret->to_stage_id = to.stage_id;
    if (to.stage_id == NO_INT)
        ret->to_status = (enum lead_status)to.status;
    return OK;
}

/* Into a stage that was still in use then: how leads went their way before is history. */
static enum err check_in_use(struct ctx *ctx, const struct history *history,
                             const struct stage_event *event)
{
    const struct stage *stage =
        event->to_stage_id == NO_INT ? NULL : catalog_stage(history->catalog, event->to_stage_id);
    if (!stage || stage->archived_at == NO_INT || event->occurred_at < stage->archived_at)
        return OK;
    return fail_member(ctx, "to", "archived", "the stage %s was archived before that", stage->key);
}

/* One that a correction took back was told too: a file that is imported again must not undo the
 * correction. */
static bool already_told(const struct history *history, const struct id *id,
                         const struct stage_event *event)
{
    const struct stage_event *told = history->told.items;
    for (size_t i = 0; i < history->told.count; i++) {
        const struct stage_event *known = &told[i];
        if (id_compare(&known->id, id) == 0)
            return true;
        if (known->cause == CAUSE_IMPORT && known->occurred_at == event->occurred_at &&
            known->to_stage_id == event->to_stage_id &&
            (event->to_stage_id != NO_INT || known->to_status == event->to_status))
            return true;
    }
    return false;
}

/* Writes an event of the past, and what follows from it. */
static enum err tell(struct ctx *ctx, struct db *db, struct history *history,
                     struct stage_event *event)
{
    struct past_score past;
    enum err err = history_past(ctx, db, history, event_at(&history->lead, event), &past);
    if (err)
        return err;
    event->score = past.score;
    event->owner = past.owner;
    err = history_add(ctx, db, history, event);
    return err ? err : settle_decision(ctx, db, history);
}

enum err stage_event_import(struct ctx *ctx, struct db *db, const struct stage_event_input *input,
                            bool *ret_new)
{
    struct history history;
    *ret_new = false;
    if (input->voided_at != NO_INT)
        return OK;
    if (input->occurred_at > ctx->now_ms)
        return fail_member(ctx, "occurred_at", "in_the_future", "must not lie in the future");
    enum err err = open_lead(ctx, db, input, &history);
    struct stage_event event = { .occurred_at = input->occurred_at,
                                 .cause = CAUSE_IMPORT,
                                 .reason = input->reason,
                                 .actor = ctx_actor(ctx) };
    if (!err)
        err = read_target(ctx, &history, input, &event);
    if (err)
        return err;
    *ret_new = !already_told(&history, &input->id, &event);
    if (!*ret_new)
        return history_leave(ctx, db, &history);
    err = check_in_use(ctx, &history, &event);
    if (!err)
        err = set_amount(ctx, db, &history, input->amount_minor);
    return err ? err : tell(ctx, db, &history, &event);
}

/* Without a time it was told whenever an import said so. */
static bool outcome_told(const struct history *history, enum lead_status status, int64_t closed_at)
{
    const struct stage_event *told = history->told.items;
    for (size_t i = 0; i < history->told.count; i++)
        if (told[i].cause == CAUSE_IMPORT && told[i].to_stage_id == NO_INT &&
            told[i].to_status == status &&
            (closed_at == NO_INT || told[i].occurred_at == closed_at))
            return true;
    return false;
}

enum err lead_import_outcome(struct ctx *ctx, struct db *db, const struct lead_input *input,
                             struct lead *lead, bool *ret_closed)
{
    struct history history;
    enum lead_status status = (enum lead_status)input->status;
    struct stage_event event = { .to_stage_id = NO_INT,
                                 .to_status = status,
                                 .occurred_at = input->closed_at,
                                 .cause = CAUSE_IMPORT,
                                 .actor = ctx_actor(ctx) };
    if (event.occurred_at == NO_INT)
        event.occurred_at = ctx->now_ms;
    enum err err = history_open(ctx, db, &lead->id, &history);
    if (err)
        return err;
    *ret_closed =
        history.lead.status == LEAD_OPEN && !outcome_told(&history, status, input->closed_at);
    err = *ret_closed ? tell(ctx, db, &history, &event) : history_leave(ctx, db, &history);
    *lead = history.lead;
    return err;
}
