/* leads.c: what a lead says of itself: creating, merging and changing one. By what it is found is
 * leads_identity.c's; where it stands is history.c's to derive. */
#include "leads_fields.h"
#include "leads_identity.h"
#include "scoring.h"

#include <stdio.h>
#include <string.h>

const char *const lead_outcome_names[] = { "created", "merged", "unchanged", NULL };

const char *ctx_actor(const struct ctx *ctx)
{
    return ctx->principal.name;
}

enum err campaign_require(struct ctx *ctx, struct db *db, const char *member,
                          const struct id *campaign)
{
    struct campaign found;
    enum err err = id_is_nil(campaign) ? OK : campaign_load(ctx, db, campaign, &found);
    return err == ERR_NOT_FOUND ? fail_member(ctx, member, "unknown", "no campaign has this id")
                                : err;
}

static enum err user_require(struct ctx *ctx, struct db *db, const char *member,
                             const struct id *user)
{
    struct user found;
    enum err err = id_is_nil(user) ? OK : user_load(ctx, db, user, &found);
    if (err == ERR_NOT_FOUND)
        return fail_member(ctx, member, "unknown", "no user has this id");
    if (!err && !id_is_nil(user) && found.archived_at != NO_INT)
        return fail_member(ctx, member, "archived", "no lead can be given to this user any more");
    return err;
}

enum err lead_require_version(struct ctx *ctx, const struct lead *lead, int64_t expected_version)
{
    if (expected_version == NO_INT || expected_version == lead->version)
        return OK;
    return fail(ctx, ERR_VERSION, NULL, "it is at version %lld", (long long)lead->version);
}

/* What the lead has already may be told again, whatever became of it; NULL: it is being made. */
static enum err check_references(struct ctx *ctx, struct db *db, const struct lead_input *input,
                                 const struct lead *lead)
{
    enum err err = OK;
    if (!lead || id_compare(&input->campaign, &lead->campaign) != 0)
        err = campaign_require(ctx, db, "campaign", &input->campaign);
    if (!err && (!lead || id_compare(&input->owner, &lead->owner) != 0))
        err = user_require(ctx, db, "owner", &input->owner);
    return err;
}

static enum err check_currency(struct ctx *ctx, const struct pipeline *pipeline,
                               const char *currency)
{
    if (!currency || strcmp(currency, pipeline->currency) == 0)
        return OK;
    return fail_member(ctx, "currency", "wrong_currency", "amounts in the pipeline %s are in %s",
                       pipeline->key, pipeline->currency);
}

/* ---- Fields, one by one, by their tables ---- */

/* The same member of an input and of a lead. */
struct member {
    const struct field *field;
    const void *given;
    void *kept;
};

/* An object of many values is no single one: leads_fields.c sets those. */
static bool is_single(const struct field *field)
{
    return field->kind != FIELD_VALUES;
}

static struct member member_at(const struct lead_input *input, struct lead *lead, size_t index)
{
    const struct field *field = &lead_patch_table.fields[index];
    int at = table_find(&lead_table, field->name);
    return (struct member){ field, (const char *)input + field->offset,
                            (char *)lead + lead_table.fields[at].offset };
}

enum err value_text(struct ctx *ctx, const struct field *field, const void *value, const char **ret)
{
    char text[ID_TEXT_SIZE];
    *ret = NULL;
    if (field->kind == FIELD_TEXT || field->kind == FIELD_JSON) {
        *ret = *(const char *const *)value;
        return OK;
    }
    if (field->kind == FIELD_ID) {
        const struct id *id = value;
        if (id_is_nil(id))
            return OK;
        id_format(id, text);
    } else if (field->kind == FIELD_ENUM) {
        *ret = *(const int *)value < 0 ? NULL : field->names[*(const int *)value];
        return OK;
    } else {
        int64_t number = *(const int64_t *)value;
        if (number == NO_INT)
            return OK;
        snprintf(text, sizeof text, "%lld", (long long)number);
    }
    *ret = ctx_text(ctx, text);
    return *ret ? OK : ERR_MEMORY;
}

static void value_copy(const struct field *field, void *to, const void *from)
{
    if (field->kind == FIELD_TEXT)
        memcpy(to, from, sizeof(const char *));
    else if (field->kind == FIELD_ID)
        memcpy(to, from, sizeof(struct id));
    else
        memcpy(to, from, sizeof(int64_t));
}

/* Sets one member and logs it. */
static enum err set_member(struct ctx *ctx, struct db *db, const struct history *history,
                           const struct member *member, struct changes *changes)
{
    struct lead_change change = { .lead_id = history->lead.id,
                                  .at = ctx->now_ms,
                                  .field = member->field->name,
                                  .actor = ctx_actor(ctx) };
    enum err err = value_text(ctx, member->field, member->kept, &change.old_value);
    if (!err)
        err = value_text(ctx, member->field, member->given, &change.new_value);
    if (err || text_equal(change.old_value, change.new_value))
        return err;
    change.id = id_new(ctx);
    value_copy(member->field, member->kept, member->given);
    changes->any = true;
    changes->scores |= scoring_reads(history->scoring, change.field);
    return lead_change_add(ctx, db, &change);
}

bool value_is_null(const struct field *field, const void *value)
{
    switch (field->kind) {
    case FIELD_VALUES: return ((const struct custom_values *)value)->count == 0;
    case FIELD_TEXT: return !*(const char *const *)value;
    case FIELD_ID: return id_is_nil(value);
    default: return *(const int64_t *)value == NO_INT;
    }
}

static enum err set_members(struct ctx *ctx, struct db *db, struct history *history,
                            const struct lead_input *input, const struct table *table, enum how how,
                            struct changes *ret)
{
    *ret = (struct changes){ 0 };
    enum err err = OK;
    for (size_t i = 0; i < lead_patch_table.count && !err; i++) {
        if (!is_single(&lead_patch_table.fields[i]))
            continue;
        struct member member = member_at(input, &history->lead, i);
        bool given = how == OVERWRITE ? input_has(table, input, member.field->name)
                                      : !value_is_null(member.field, member.given) &&
                                            value_is_null(member.field, member.kept);
        if (given)
            err = set_member(ctx, db, history, &member, ret);
    }
    return err ? err : lead_fields_set(ctx, db, history, &input->fields, how, ret);
}

/* ---- Creating ---- */

static bool names_somebody(const struct lead_input *input)
{
    return input->email || input->phone || input->external_id || input->first_name ||
           input->last_name || input->company;
}

static enum err place(struct ctx *ctx, struct history *history, const struct lead_input *input)
{
    history->pipeline = catalog_pipeline(history->catalog, input->pipeline);
    if (!history->pipeline)
        return fail_member(ctx, "pipeline", "unknown", "no pipeline has this key");
    if (history->pipeline->archived_at != NO_INT)
        return fail_member(ctx, "pipeline", "archived", "it takes no leads any more");
    const struct stage *stage;
    enum err err = stage_find(ctx, history->pipeline, input->stage, &stage);
    if (err)
        return err;
    if (stage->archived_at != NO_INT)
        return fail_member(ctx, "stage", "archived", "no lead comes into it any more");
    struct lead *lead = &history->lead;
    lead->pipeline_id = history->pipeline->pipeline_id;
    lead->pipeline = history->pipeline->key;
    lead->stage_id = stage->stage_id;
    lead->stage = stage->key;
    return check_currency(ctx, history->pipeline, input->currency);
}

static enum err fill_new(struct ctx *ctx, struct history *history, const struct lead_input *input)
{
    struct lead *lead = &history->lead;
    struct custom_values values;
    for (size_t i = 0; i < lead_patch_table.count; i++) {
        if (!is_single(&lead_patch_table.fields[i]))
            continue;
        struct member member = member_at(input, lead, i);
        value_copy(member.field, member.kept, member.given);
    }
    if (lead->amount_minor != NO_INT)
        lead->currency = history->pipeline->currency;
    lead->id = id_new(ctx);
    lead->created_at = input->created_at != NO_INT ? input->created_at : ctx->now_ms;
    lead->updated_at = ctx->now_ms;
    lead->version = 1;
    enum err err = lead_fields_read(ctx, history->catalog, input, NULL, &values);
    return err ? err : lead_fields_begin(ctx, lead, &values);
}

static enum err create(struct ctx *ctx, struct db *db, const struct lead_input *input,
                       enum cause cause, struct lead *ret)
{
    struct history history = { .is_new = true };
    table_clear(&lead_table, &history.lead);
    enum err err = history_judge(ctx, db, &history);
    if (!err)
        err = place(ctx, &history, input);
    if (!err)
        err = check_references(ctx, db, input, NULL);
    if (!err)
        err = fill_new(ctx, &history, input);
    if (!err)
        err = lead_keys_update(ctx, db, NULL, &history.lead);
    if (!err)
        err = lead_fields_insert(ctx, db, history.catalog, &history.lead);
    if (err)
        return err;
    struct facts facts;
    err = facts_start(ctx, history.scoring, &facts);
    if (!err)
        err = facts_judge_attributes(ctx, &facts, &history.lead);
    if (err)
        return err;
    struct stage_event entry = { .to_stage_id = history.lead.stage_id,
                                 .occurred_at = history.lead.created_at,
                                 .cause = cause,
                                 .actor = ctx_actor(ctx),
                                 .score = score_then(&facts, history.lead.created_at),
                                 .owner = history.lead.owner };
    err = history_add(ctx, db, &history, &entry);
    if (!err)
        err = history_replay(ctx, db, &history);
    bool added;
    if (!err && !id_is_nil(&history.lead.campaign))
        err = campaign_member_add(ctx, db, &history.lead.campaign, &history.lead.id, &added);
    if (err)
        return err;
    db_count(db, METRIC_LEADS_CREATED);
    *ret = history.lead;
    return OK;
}

/* ---- Changing ---- */

enum err lead_take_currency(struct ctx *ctx, struct db *db, struct history *history)
{
    struct lead *lead = &history->lead;
    const char *currency = history->pipeline->currency;
    if (lead->amount_minor == NO_INT || text_equal(lead->currency, currency))
        return OK;
    struct lead_change change = { .id = id_new(ctx),
                                  .lead_id = lead->id,
                                  .at = ctx->now_ms,
                                  .field = "currency",
                                  .old_value = lead->currency,
                                  .new_value = currency,
                                  .actor = ctx_actor(ctx) };
    lead->currency = currency;
    return lead_change_add(ctx, db, &change);
}

enum err lead_give(struct ctx *ctx, struct db *db, struct history *history, const struct id *owner)
{
    struct lead_input input = { .owner = *owner };
    struct changes changes = { 0 };
    struct member member =
        member_at(&input, &history->lead, (size_t)table_find(&lead_patch_table, "owner"));
    if (id_compare(owner, &history->lead.owner) == 0)
        return OK;
    enum err err = user_require(ctx, db, "owner", owner);
    return err ? err : set_member(ctx, db, history, &member, &changes);
}

/* Saves what set_members() changed. */
static enum err save(struct ctx *ctx, struct db *db, struct history *history,
                     const struct lead *before, const struct changes *changes)
{
    struct lead *lead = &history->lead;
    lead->version++;
    lead->updated_at = ctx->now_ms;
    enum err err = lead_take_currency(ctx, db, history);
    if (!err)
        err = lead_keys_update(ctx, db, before, lead);
    if (!err)
        err = lead_save(ctx, db, lead);
    bool added;
    if (!err && !id_is_nil(&lead->campaign) && id_compare(&lead->campaign, &before->campaign) != 0)
        err = campaign_member_add(ctx, db, &lead->campaign, &lead->id, &added);
    if (err)
        return err;
    /* An entry of this very millisecond has the owner that it leaves behind. */
    bool replay = changes->scores || lead->automatic_at == ctx->now_ms;
    return replay ? history_replay(ctx, db, history) : history_settle(ctx, db, history);
}

/* Fills the blanks of a known lead; writes nothing when there is nothing to fill. */
static enum err merge_into(struct ctx *ctx, struct db *db, const struct id *id,
                           struct lead_input *input, const struct lead_identity *identity,
                           struct lead_created *ret)
{
    struct history history;
    enum err err = history_open(ctx, db, id, &history);
    struct changes changes = { 0 };
    struct lead before = history.lead;
    if (!err)
        err = check_currency(ctx, history.pipeline, input->currency);
    if (!err)
        err = check_references(ctx, db, input, &before);
    if (!err)
        err = lead_fields_read(ctx, history.catalog, input, &before.fields, &input->fields);
    if (!err)
        err = set_members(ctx, db, &history, input, &lead_import_table, FILL_BLANKS, &changes);
    /* The same person twice in another system: from now on both of its names lead here. */
    bool added;
    if (!err && identity->external && before.external_id)
        err = lead_key_offer(ctx, db, LEAD_KEY_EXTERNAL, identity->external, &before.id, &added);
    if (!err)
        err = changes.any ? save(ctx, db, &history, &before, &changes)
                          : history_leave(ctx, db, &history);
    if (!err)
        *ret = (struct lead_created){ changes.any ? LEAD_MERGED : LEAD_UNCHANGED, history.lead };
    return err;
}

static enum err create_or_merge(struct ctx *ctx, struct db *db, struct lead_input input, bool merge,
                                enum cause cause, struct lead_created *ret)
{
    if (!names_somebody(&input))
        return fail_member(
            ctx, "email", "required",
            "a lead needs an email, phone, external_id, first_name, last_name or company");
    struct lead_identity identity;
    struct id known;
    enum err err = lead_identity_read(ctx, &input, &identity);
    if (!err)
        err = lead_identity_find(ctx, db, &identity, &known);
    if (err == ERR_NOT_FOUND) {
        ret->outcome = LEAD_CREATED;
        return create(ctx, db, &input, cause, &ret->lead);
    }
    if (err)
        return err;
    if (merge)
        return merge_into(ctx, db, &known, &input, &identity, ret);
    ctx->failure.existing = known;
    return fail(ctx, ERR_DUPLICATE, NULL, "a lead with this identity is already there");
}

enum err lead_create(struct ctx *ctx, struct db *db, const struct lead_input *input, bool merge,
                     struct lead_created *ret)
{
    struct lead_input now = *input;
    now.created_at = now.closed_at = NO_INT; /* only imports bring a past */
    return create_or_merge(ctx, db, now, merge, CAUSE_API, ret);
}

enum err lead_import(struct ctx *ctx, struct db *db, const struct lead_input *input,
                     struct lead_created *ret)
{
    /* A guessed system would make the same leads again under the right one. */
    if (input->external_id && !input->source_system)
        return fail_member(ctx, "source_system", "required", "goes with external_id");
    if (input->created_at != NO_INT && input->created_at > ctx->now_ms)
        return fail_member(ctx, "created_at", "in_the_future", "must not lie in the future");
    if (input->closed_at != NO_INT && input->closed_at > ctx->now_ms)
        return fail_member(ctx, "closed_at", "in_the_future", "must not lie in the future");
    bool closes = input->status > LEAD_OPEN, closed = false;
    if (input->closed_at != NO_INT && !closes)
        return fail_member(ctx, "status", "required", "goes with closed_at");
    struct lead_input row = *input;
    row.fields_as_texts = true; /* a file has nothing else */
    enum err err = create_or_merge(ctx, db, row, true, CAUSE_IMPORT, ret);
    if (!err && closes)
        err = lead_import_outcome(ctx, db, input, &ret->lead, &closed);
    if (!err && closed && ret->outcome == LEAD_UNCHANGED)
        ret->outcome = LEAD_MERGED;
    return err;
}

/* One half of (source_system, external_id) may come alone: the other is what the lead has, or for
 * the system the name of the key. They go together: a system left behind alone would be paired
 * with the next external id, whatever system that is of. */
static enum err identify_edit(struct ctx *ctx, const struct lead *before, struct lead_input *input)
{
    bool has_system = input_has(&lead_patch_table, input, "source_system");
    bool has_external = input_has(&lead_patch_table, input, "external_id");
    if (input->external_id && !has_system)
        input->source_system = before->source_system;
    else if (input->source_system && !has_external)
        input->external_id = before->external_id;
    else if (has_system && !input->source_system && !has_external && before->external_id)
        return fail_member(ctx, "source_system", "required", "goes with external_id");
    struct lead_identity identity;
    enum err err = lead_identity_read(ctx, input, &identity);
    if (!err && (input->external_id || has_external))
        input->input.present |= UINT64_C(1) << table_find(&lead_patch_table, "source_system");
    return err;
}

/* An amount is in the currency of its pipeline: while there is one, null says nothing. */
static void keep_currency(const struct lead *lead, struct lead_input *input)
{
    bool given = input_has(&lead_patch_table, input, "amount_minor");
    int64_t amount = given ? input->amount_minor : lead->amount_minor;
    if (!input->currency && amount != NO_INT)
        input->input.present &= ~(UINT64_C(1) << table_find(&lead_patch_table, "currency"));
}

/* fields: null takes every value away that can be seen. */
static enum err read_fields_edit(struct ctx *ctx, const struct history *history,
                                 struct lead_input *input)
{
    const struct custom_values *kept = &history->lead.fields;
    bool none = input_has(&lead_patch_table, input, "fields") && !input->fields.items;
    if (!none || kept->count == 0)
        return lead_fields_read(ctx, history->catalog, input, kept, &input->fields);
    input->fields.items = ctx_alloc(ctx, kept->count * sizeof *kept->items);
    if (!input->fields.items)
        return ERR_MEMORY;
    for (size_t i = 0; i < kept->count; i++) {
        struct custom_value blank = kept->items[i];
        blank.text = NULL;
        blank.number = NO_INT;
        if (!blank.hidden)
            input->fields.items[input->fields.count++] = blank;
    }
    return OK;
}

enum err lead_edit(struct ctx *ctx, struct db *db, const struct id *id,
                   const struct lead_input *given, int64_t expected_version, struct lead *ret)
{
    struct lead_input input = *given;
    struct history history;
    struct changes changes = { 0 };
    enum err err = history_open(ctx, db, id, &history);
    if (!err)
        err = lead_require_version(ctx, &history.lead, expected_version);
    if (err)
        return err;
    struct lead before = history.lead;
    keep_currency(&before, &input);
    err = identify_edit(ctx, &before, &input);
    if (!err)
        err = check_currency(ctx, history.pipeline, input.currency);
    if (!err)
        err = check_references(ctx, db, &input, &before);
    if (!err)
        err = read_fields_edit(ctx, &history, &input);
    if (!err)
        err = set_members(ctx, db, &history, &input, &lead_patch_table, OVERWRITE, &changes);
    if (!err)
        err = changes.any ? save(ctx, db, &history, &before, &changes)
                          : history_leave(ctx, db, &history);
    if (!err)
        *ret = history.lead;
    return err;
}
