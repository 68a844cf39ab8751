/* leads_fields.c: the values that a lead has of custom fields: what one may be, and what a change
 * of one leaves behind. Which fields there are is said in fields.c. */
#include "leads_fields.h"
#include "scoring.h"

#include <string.h>
#include <strings.h>

/* ---- One value ---- */

/* Names it as a JSON pointer does: the client made up the key. */
static enum err refuse(struct ctx *ctx, const char *key, const char *code, const char *detail)
{
    struct buffer member = { .arena = ctx->arena };
    buffer_text(&member, "fields/");
    pointer_append(&member, key);
    buffer_char(&member, '\0');
    if (member.failed)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    return fail_member(ctx, member.data, code, "%s", detail);
}

static enum err refuse_type(struct ctx *ctx, const struct custom_value *given,
                            enum custom_type type)
{
    static const char *const wanted[] = {
        [CUSTOM_TEXT] = "must be a text",
        [CUSTOM_NUMBER] = "must be a number, " DECIMAL_LIMITS,
        [CUSTOM_BOOLEAN] = "must be true or false",
        [CUSTOM_DATE] = "must be a date like 2026-11-22",
        [CUSTOM_CHOICE] = "must be a text, one of the choices",
    };
    return refuse(ctx, given->name, "wrong_type", wanted[type]);
}

static enum err check_text(struct ctx *ctx, const struct custom_field *field,
                           const struct custom_value *given)
{
    if (utf8_length(given->text) <= (size_t)field->max_length)
        return OK;
    const char *detail =
        arena_printf(ctx->arena, "at most %lld characters", (long long)field->max_length);
    return detail ? refuse(ctx, given->name, "too_long", detail) : ERR_MEMORY;
}

static enum err check_number(struct ctx *ctx, const struct custom_field *field,
                             const struct custom_value *given, int64_t number)
{
    bool less = field->min != NO_INT && number < field->min;
    bool more = field->max != NO_INT && number > field->max;
    char limit[DECIMAL_TEXT_SIZE];
    if (!less && !more)
        return OK;
    decimal_format(less ? field->min : field->max, limit);
    const char *detail = arena_printf(ctx->arena, "at %s %s", less ? "least" : "most", limit);
    return detail ? refuse(ctx, given->name, "out_of_range", detail) : ERR_MEMORY;
}

/* A choice is kept as its field spells it, however it is written here. */
static enum err find_choice(struct ctx *ctx, const struct custom_field *field,
                            const struct custom_value *given, const char **ret)
{
    struct buffer detail = { .arena = ctx->arena };
    buffer_text(&detail, "one of: ");
    for (size_t i = 0; i < field->choices.count; i++) {
        *ret = field->choices.items[i];
        if (strcasecmp(*ret, given->text) == 0)
            return OK;
        buffer_printf(&detail, "%s%s", i > 0 ? ", " : "", *ret);
    }
    buffer_char(&detail, '\0');
    return refuse(ctx, given->name, "unknown_value", detail.failed ? "a choice" : detail.data);
}

/* Whether it comes as what the field is, or as a text that says it. */
static bool read_typed(const struct custom_value *given, bool as_text, struct custom_value *value)
{
    bool from_text =
        given->type == CUSTOM_TEXT && (as_text || value->type == CUSTOM_DATE ||
                                       value->type == CUSTOM_TEXT || value->type == CUSTOM_CHOICE);
    value->text = given->text;
    value->number = given->number;
    return from_text ? custom_value_parse(value, given->text) : given->type == value->type;
}

/* What the lead has already (NULL: nothing) is taken as it is, whatever the limits are by now. */
static enum err read_value(struct ctx *ctx, const struct custom_field *field,
                           const struct custom_value *given, bool as_text,
                           const struct custom_value *kept, struct custom_value *ret)
{
    *ret = (struct custom_value){
        .field_id = field->field_id, .name = given->name, .type = field->type, .number = NO_INT
    };
    if (custom_value_is_blank(given))
        return OK;
    if (!read_typed(given, as_text, ret))
        return refuse_type(ctx, given, field->type);
    if (kept && custom_values_equal(kept, ret))
        return OK;
    enum err err = OK;
    if (field->type == CUSTOM_TEXT)
        err = check_text(ctx, field, given);
    else if (field->type == CUSTOM_NUMBER)
        err = check_number(ctx, field, given, ret->number);
    else if (field->type == CUSTOM_CHOICE)
        err = find_choice(ctx, field, given, &ret->text);
    /* It outlives the catalog: the lead is answered by another thread. */
    if (!err && field->type == CUSTOM_CHOICE && !(ret->text = ctx_text(ctx, ret->text)))
        err = ERR_MEMORY;
    return err;
}

enum err lead_field_read(struct ctx *ctx, const struct custom_field *field,
                         const struct custom_value *given, bool as_text, struct custom_value *ret)
{
    return read_value(ctx, field, given, as_text, NULL, ret);
}

/* ---- Those of a request ---- */

static enum err find_field(struct ctx *ctx, const struct catalog *catalog,
                           const struct custom_value *given, const struct custom_field **ret)
{
    *ret = catalog_custom_field(catalog, given->name);
    if (!*ret)
        return refuse(ctx, given->name, "unknown_member", "there is no custom field of this key");
    if ((*ret)->archived_at != NO_INT)
        return refuse(ctx, given->name, "archived", "this custom field takes no values any more");
    return OK;
}

enum err lead_fields_read(struct ctx *ctx, const struct catalog *catalog,
                          const struct lead_input *input, const struct custom_values *kept,
                          struct custom_values *ret)
{
    const struct custom_values given = input->fields; /* *ret may be these */
    *ret = (struct custom_values){ 0 };
    if (given.count == 0)
        return OK;
    struct custom_values values = { .items = ctx_alloc(ctx, given.count * sizeof *values.items) };
    if (!values.items)
        return ERR_MEMORY;
    enum err first = OK;
    for (size_t i = 0; i < given.count; i++) {
        const struct custom_field *field;
        enum err err = find_field(ctx, catalog, &given.items[i], &field);
        if (!err)
            err = read_value(ctx, field, &given.items[i], input->fields_as_texts,
                             kept ? custom_values_find(kept, field->field_id) : NULL,
                             &values.items[values.count++]);
        if (err && err != ERR_VALIDATION)
            return err;
        first = first ? first : err;
    }
    *ret = values;
    return first;
}

/* ---- Those of a lead ---- */

/* Puts it in its place by field_id, of which there is none yet. */
static void insert(struct custom_values *values, const struct custom_value *value)
{
    size_t at = values->count++;
    for (; at > 0 && values->items[at - 1].field_id > value->field_id; at--)
        values->items[at] = values->items[at - 1];
    values->items[at] = *value;
}

enum err lead_fields_begin(struct ctx *ctx, struct lead *lead, const struct custom_values *values)
{
    lead->fields = (struct custom_values){ 0 };
    if (values->count > 0 &&
        !(lead->fields.items = ctx_alloc(ctx, values->count * sizeof *values->items)))
        return ERR_MEMORY;
    for (size_t i = 0; i < values->count; i++)
        if (!custom_value_is_blank(&values->items[i]))
            insert(&lead->fields, &values->items[i]);
    return OK;
}

static bool is_indexed(const struct catalog *catalog, int64_t field_id)
{
    const struct custom_field *fields = catalog->custom_fields.items;
    for (size_t i = 0; i < catalog->custom_fields.count; i++)
        if (fields[i].field_id == field_id)
            return fields[i].indexed;
    return false;
}

enum err lead_fields_insert(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                            const struct lead *lead)
{
    enum err err = OK;
    for (size_t i = 0; i < lead->fields.count && !err; i++) {
        const struct custom_value *value = &lead->fields.items[i];
        err = lead_value_put(ctx, db, &lead->id, value, is_indexed(catalog, value->field_id));
    }
    return err;
}

/* ---- Changes ---- */

static enum err log_change(struct ctx *ctx, struct db *db, const struct history *history,
                           const struct custom_value *before, const struct custom_value *after,
                           struct changes *changes)
{
    struct lead_change change = { .id = id_new(ctx),
                                  .lead_id = history->lead.id,
                                  .at = ctx->now_ms,
                                  .field = arena_printf(ctx->arena, "fields.%s", after->name),
                                  .actor = ctx_actor(ctx) };
    if (!change.field)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a change");
    enum err err = before ? custom_value_format(ctx, before, &change.old_value) : OK;
    if (!err)
        err = custom_value_format(ctx, after, &change.new_value);
    if (err)
        return err;
    changes->any = true;
    changes->scores |= scoring_reads(history->scoring, change.field);
    return lead_change_add(ctx, db, &change);
}

/* `values` has room for one more. */
static enum err set_value(struct ctx *ctx, struct db *db, struct history *history,
                          const struct custom_value *after, struct changes *changes)
{
    struct custom_values *values = &history->lead.fields;
    struct custom_value *before =
        (struct custom_value *)custom_values_find(values, after->field_id);
    bool blank = custom_value_is_blank(after);
    if (before ? custom_values_equal(before, after) : blank)
        return OK;
    enum err err = log_change(ctx, db, history, before, after, changes);
    if (!err && blank)
        err = lead_value_remove(ctx, db, &history->lead.id, after->field_id);
    else if (!err)
        err = lead_value_put(ctx, db, &history->lead.id, after,
                             is_indexed(history->catalog, after->field_id));
    if (err)
        return err;
    if (blank) {
        size_t at = (size_t)(before - values->items);
        memmove(before, before + 1, (--values->count - at) * sizeof *before);
    } else if (before) {
        *before = *after;
    } else {
        insert(values, after);
    }
    return OK;
}

enum err lead_fields_set(struct ctx *ctx, struct db *db, struct history *history,
                         const struct custom_values *values, enum how how, struct changes *changes)
{
    if (values->count == 0)
        return OK;
    /* A copy: what the lead was before is still looked at. */
    struct custom_values *kept = &history->lead.fields;
    struct custom_value *items = ctx_alloc(ctx, (kept->count + values->count) * sizeof *items);
    if (!items)
        return ERR_MEMORY;
    if (kept->count > 0)
        memcpy(items, kept->items, kept->count * sizeof *items);
    kept->items = items;
    enum err err = OK;
    for (size_t i = 0; i < values->count && !err; i++) {
        const struct custom_value *value = &values->items[i];
        bool given = how == OVERWRITE ||
                     (!custom_value_is_blank(value) && !custom_values_find(kept, value->field_id));
        if (given)
            err = set_value(ctx, db, history, value, changes);
    }
    return err;
}
