/* activities_edit.c: activities that were recorded wrongly: correcting one, and taking one back.
 * The lead then comes out as if it had been told right at first; that it was not stands among its
 * changes. */
#include "activities.h"
#include "engagement.h"

#include <funneld/json_value.h>
#include <string.h>

/* ---- What is changed ---- */

/* With whose it is, which must be somebody. */
static enum err load(struct ctx *ctx, struct db *db, const struct id *id, struct activity *ret,
                     struct lead *ret_lead)
{
    enum err err = activity_load(ctx, db, id, ret);
    return err ? err : lead_load_state(ctx, db, &ret->lead_id, ret_lead);
}

static enum err merge_properties(struct ctx *ctx, const char *patch, const char **properties)
{
    const char *merged = NULL;
    enum err err = patch ? json_merge(ctx, *properties, patch, &merged) : OK;
    if (!err && merged && strlen(merged) > OBJECT_BYTES_MAX)
        err = fail_member(ctx, "properties", "too_long", "at most %d bytes as text",
                          OBJECT_BYTES_MAX);
    *properties = merged;
    return err;
}

static enum err apply(struct ctx *ctx, struct db *db, const struct activity_input *input,
                      struct activity *activity)
{
    enum err err = OK;
    if (input_has(&activity_patch_table, input, "type")) {
        err = activity_check_type(ctx, input->type);
        activity->type = input->type;
    }
    if (!err && input_has(&activity_patch_table, input, "occurred_at"))
        err = activity_read_time(ctx, input->occurred_at, &activity->occurred_at);
    if (!err && input_has(&activity_patch_table, input, "campaign")) {
        err = campaign_require(ctx, db, "campaign", &input->campaign);
        activity->campaign = input->campaign;
    }
    if (!err && input_has(&activity_patch_table, input, "properties"))
        err = merge_properties(ctx, input->properties, &activity->properties);
    if (input_has(&activity_patch_table, input, "engagement"))
        activity->engagement_given = input->engagement >= 0;
    if (!activity->engagement_given)
        activity->engagement = engagement_alone(activity);
    else if (input_has(&activity_patch_table, input, "engagement"))
        activity->engagement = (enum engagement)input->engagement;
    return err;
}

/* ---- What stands among the changes of the lead ---- */

/* The member that the field of a patch is about. */
static const void *member_of(const struct activity *activity, const struct field *field)
{
    int at = table_find(&activity_table, field->name);
    return (const char *)activity + activity_table.fields[at].offset;
}

static enum err note_member(struct ctx *ctx, struct db *db, const struct activity *before,
                            const struct field *field, const char *old_value, const char *new_value)
{
    char id[ID_TEXT_SIZE];
    id_format(&before->id, id);
    struct lead_change change = {
        .id = id_new(ctx),
        .lead_id = before->lead_id,
        .at = ctx->now_ms,
        .field = arena_printf(ctx->arena, "activities/%s/%s", id, field->name),
        .old_value = old_value,
        .new_value = new_value,
        .actor = ctx_actor(ctx),
    };
    return change.field ? lead_change_add(ctx, db, &change) : ERR_MEMORY;
}

/* after NULL: it is removed, and what it carried is not kept anywhere. */
static enum err note_changes(struct ctx *ctx, struct db *db, const struct activity *before,
                             const struct activity *after)
{
    enum err err = OK;
    for (size_t i = 0; i < activity_patch_table.count && !err; i++) {
        const struct field *field = &activity_patch_table.fields[i];
        const char *old_value = NULL, *new_value = NULL;
        if (!after && field->kind == FIELD_JSON)
            continue;
        err = value_text(ctx, field, member_of(before, field), &old_value);
        if (!err && after)
            err = value_text(ctx, field, member_of(after, field), &new_value);
        if (!err && !text_equal(old_value, new_value))
            err = note_member(ctx, db, before, field, old_value, new_value);
    }
    return err;
}

/* ---- The use cases ---- */

/* What rules say of both follows from the rest. */
static bool same(const struct activity *a, const struct activity *b)
{
    return strcmp(a->type, b->type) == 0 && a->occurred_at == b->occurred_at &&
           id_compare(&a->campaign, &b->campaign) == 0 &&
           a->engagement_given == b->engagement_given &&
           (!a->engagement_given || a->engagement == b->engagement) &&
           text_equal(a->properties, b->properties);
}

/* Those about where it was, and where it is now. */
static enum err settle(struct ctx *ctx, struct db *db, const struct activity *before,
                       struct activity *after)
{
    bool others; /* all of it is replayed anyway */
    enum err err = engagement_settle(ctx, db, &before->lead_id, before->type, before->occurred_at,
                                     after, &others);
    return err || !after ? err
                         : engagement_settle(ctx, db, &before->lead_id, after->type,
                                             after->occurred_at, after, &others);
}

static enum err change(struct ctx *ctx, struct db *db, const struct activity *before,
                       struct activity *after, struct lead *ret_lead)
{
    struct history history;
    enum err err = history_open(ctx, db, &before->lead_id, &history);
    if (!err)
        err = after ? activity_save(ctx, db, after, before->occurred_at)
                    : activity_remove(ctx, db, before);
    if (!err)
        err = settle(ctx, db, before, after);
    if (!err)
        err = note_changes(ctx, db, before, after);
    if (!err)
        err = history_replay(ctx, db, &history);
    if (!err)
        *ret_lead = history.lead;
    return err;
}

enum err activity_edit(struct ctx *ctx, struct db *db, const struct id *id,
                       const struct activity_input *input, struct activity_recorded *ret)
{
    *ret = (struct activity_recorded){ 0 };
    const struct catalog *catalog;
    struct activity before;
    struct lead lead;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = load(ctx, db, id, &before, &lead);
    if (!err)
        err = lead_stage_key(ctx, catalog, &lead, &ret->stage_before);
    if (err)
        return err;
    ret->score_before = lead.score;
    ret->activity = before;
    err = apply(ctx, db, input, &ret->activity);
    ret->duplicate = !err && same(&before, &ret->activity);
    if (ret->duplicate)
        ret->activity = before;
    if (!err && !ret->duplicate)
        err = change(ctx, db, &before, &ret->activity, &lead);
    ret->score_after = lead.score;
    return err ? err : lead_stage_key(ctx, catalog, &lead, &ret->stage_after);
}

enum err activity_withdraw(struct ctx *ctx, struct db *db, const struct id *id)
{
    struct activity activity;
    struct lead lead;
    enum err err = load(ctx, db, id, &activity, &lead);
    return err ? err : change(ctx, db, &activity, NULL, &lead);
}
