/* past.c: goes through what was changed in a lead: back to what it was created with, and forward
 * again. */
#include "past.h"

#include <stdlib.h>
#include <string.h>

static void set_attribute(struct lead *lead, const char *name, const char *value)
{
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
    for (size_t i = changes.count; i-- > 0;)
        set_attribute(&ret->lead, ret->changes[i].field, ret->changes[i].old_value);
    ret->first_owner = ret->lead.owner;
    return OK;
}

void past_advance(struct past *past, int64_t until)
{
    for (; past->next < past->count && past->changes[past->next].at <= until; past->next++)
        set_attribute(&past->lead, past->changes[past->next].field,
                      past->changes[past->next].new_value);
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
