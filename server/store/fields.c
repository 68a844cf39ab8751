/* fields.c: custom fields, and the values that leads have of them, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

#include <string.h>

enum err custom_field_insert(struct ctx *ctx, struct db *db, const struct custom_field *field)
{
    const char *choices;
    enum err err = lines_join(ctx, &field->choices, &choices);
    if (err)
        return err;
    return db_exec(ctx, db, SQL_CUSTOM_FIELD_INSERT, param_int(field->field_id),
                   param_text(field->key), param_text(field->name), param_int(field->type),
                   param_text(choices), param_int(field->min), param_int(field->max),
                   param_int(field->max_length), param_int(field->indexed),
                   param_int(field->created_at));
}

enum err custom_field_save(struct ctx *ctx, struct db *db, const struct custom_field *field)
{
    const char *choices;
    enum err err = lines_join(ctx, &field->choices, &choices);
    if (err)
        return err;
    return db_exec(ctx, db, SQL_CUSTOM_FIELD_UPDATE, param_int(field->field_id),
                   param_text(field->name), param_text(choices), param_int(field->min),
                   param_int(field->max), param_int(field->max_length),
                   param_int(field->archived_at));
}

enum err custom_fields_load(struct ctx *ctx, struct db *db, struct rows *ret)
{
    return db_rows_params(ctx, db, SQL_CUSTOM_FIELDS, ret, NULL, 0);
}

/* ---- Values ---- */

/* The ids of those leads that have values, one behind the other. */
static enum err gather(struct ctx *ctx, const struct lead *leads, size_t count, struct bytes *ret)
{
    *ret = (struct bytes){ 0 };
    uint8_t *ids = NULL;
    for (size_t i = 0; i < count; i++) {
        if (leads[i].value_count <= 0)
            continue;
        if (!ids && !(ids = ctx_alloc(ctx, (count - i) * sizeof leads->id)))
            return ERR_MEMORY;
        memcpy(ids + ret->length, &leads[i].id, sizeof leads->id);
        ret->length += sizeof leads->id;
    }
    ret->data = ids;
    return OK;
}

static struct custom_value value_of(const struct lead_value *row)
{
    return (struct custom_value){ .field_id = row->field_id,
                                  .name = row->key,
                                  .type = row->type,
                                  .hidden = row->archived_at != NO_INT,
                                  .text = row->text,
                                  .number = row->number };
}

enum err lead_values_load(struct ctx *ctx, struct db *db, struct lead *leads, size_t count)
{
    struct bytes ids;
    struct rows rows;
    enum err err = gather(ctx, leads, count, &ids);
    if (err || ids.length == 0)
        return err;
    err = db_rows(ctx, db, SQL_LEAD_VALUES, &rows, param_bytes(ids.data, ids.length));
    struct custom_value *values = err ? NULL : ctx_alloc(ctx, (rows.count + 1) * sizeof *values);
    if (!values)
        return err ? err : ERR_MEMORY;
    const struct lead_value *row = rows.items, *end = row + rows.count;
    for (size_t i = 0; i < count && row < end; i++) {
        leads[i].fields.items = values;
        for (; row < end && id_compare(&row->lead_id, &leads[i].id) == 0; row++)
            *values++ = value_of(row);
        leads[i].fields.count = (size_t)(values - leads[i].fields.items);
    }
    return OK;
}

enum err lead_value_put(struct ctx *ctx, struct db *db, const struct id *lead_id,
                        const struct custom_value *value, bool indexed)
{
    return db_exec(ctx, db, SQL_LEAD_VALUE_PUT, param_id(lead_id), param_int(value->field_id),
                   param_text(value->text), param_int(value->number), param_int(indexed));
}

enum err lead_value_remove(struct ctx *ctx, struct db *db, const struct id *lead_id,
                           int64_t field_id)
{
    return db_exec(ctx, db, SQL_LEAD_VALUE_REMOVE, param_id(lead_id), param_int(field_id));
}

enum err lead_values_lost(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_LEAD_VALUES_LOST, ret, NULL, 0);
}
