/* past.c: goes through what was changed in a lead: back to what it was created with, and forward
 * again. */
#include "past.h"

#include <stdlib.h>
#include <string.h>

#define CUSTOM_PREFIX "fields."

static bool is_custom(const char *name)
{
    return strncmp(name, CUSTOM_PREFIX, strlen(CUSTOM_PREFIX)) == 0;
}

/* A copy that has room for each value that a change may bring: those of the lead as it is now are
 * still looked at. */
static enum err begin_custom(struct ctx *ctx, struct db *db, struct past *past)
{
    struct custom_values *values = &past->lead.fields;
    size_t room = 0;
    for (size_t i = 0; i < past->count; i++)
        room += is_custom(past->changes[i].field);
    if (room == 0)
        return OK;
    struct custom_value *items = ctx_alloc(ctx, (values->count + room) * sizeof *items);
    if (!items)
        return ERR_MEMORY;
    if (values->count > 0)
        memcpy(items, values->items, values->count * sizeof *items);
    values->items = items;
    return catalog_get(ctx, db, &past->catalog);
}

static void set_custom(struct past *past, const char *key, const char *text)
{
    const struct custom_field *field = catalog_custom_field(past->catalog, key);
    struct custom_values *values = &past->lead.fields;
    if (!field)
        return;
    struct custom_value value = { .field_id = field->field_id,
                                  .name = field->key,
                                  .type = field->type };
    struct custom_value *at = (struct custom_value *)custom_values_find(values, field->field_id);
    bool set = custom_value_parse(&value, text) && text;
    if (set && !at)
        values->items[values->count++] = value;
    else if (set)
        *at = value;
    else if (at)
        *at = values->items[--values->count]; /* in no order */
}

static void set_attribute(struct past *past, const char *name, const char *value)
{
    struct lead *lead = &past->lead;
    if (is_custom(name)) {
        set_custom(past, name + strlen(CUSTOM_PREFIX), value);
        return;
    }
    int index = table_find(&lead_table, name);
    if (index < 0)
        return;
    const struct field *field = &lead_table.fields[index];
    char *member = (char *)lead + field->offset;
    struct id id = { 0 };
    int64_t number = value ? strtoll(value, NULL, 10) : NO_INT;
    switch (field->kind) {
    case FIELD_TEXT: memcpy(member, &value, sizeof value); break;
    case FIELD_ID:
        if (!value || !id_parse(value, &id))
            id = (struct id){ 0 };
        memcpy(member, &id, sizeof id);
        break;
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY: memcpy(member, &number, sizeof number); break;
    default: break; /* nothing that a client changes */
    }
}

enum err past_begin(struct ctx *ctx, struct db *db, const struct lead *lead, bool is_new,
                    struct past *ret)
{
    struct rows changes = { 0 };
    enum err err = is_new ? OK : lead_changes(ctx, db, &lead->id, &changes);
    if (err)
        return err;
    *ret = (struct past){ .lead = *lead, .changes = changes.items, .count = changes.count };
    err = begin_custom(ctx, db, ret);
    if (err)
        return err;
    for (size_t i = changes.count; i-- > 0;)
        set_attribute(ret, ret->changes[i].field, ret->changes[i].old_value);
    ret->first_owner = ret->lead.owner;
    return OK;
}

void past_advance(struct past *past, int64_t until)
{
    for (; past->next < past->count && past->changes[past->next].at <= until; past->next++)
        set_attribute(past, past->changes[past->next].field, past->changes[past->next].new_value);
}

int64_t past_next(const struct past *past, const struct scoring *scoring)
{
    for (size_t i = past->next; i < past->count; i++)
        if (scoring_reads(scoring, past->changes[i].field))
            return past->changes[i].at;
    return INT64_MAX;
}

int64_t past_latest(const struct past *past, const struct scoring *scoring)
{
    for (size_t i = past->count; i-- > 0;)
        if (scoring_reads(scoring, past->changes[i].field))
            return past->changes[i].at;
    return NO_INT;
}

struct id past_owner_at(const struct past *past, int64_t at)
{
    struct id owner = past->first_owner;
    for (size_t i = 0; i < past->count && past->changes[i].at <= at; i++) {
        if (strcmp(past->changes[i].field, "owner") != 0)
            continue;
        const char *text = past->changes[i].new_value;
        if (!text || !id_parse(text, &owner))
            owner = (struct id){ 0 };
    }
    return owner;
}
