/* row.c: a row of a result into a struct, column by column, through the field table. The only place
 * where the name of a column meets a struct member. Knows no statement by name. */
#include "db_private.h"

#include <stdlib.h>
#include <string.h>

/* What the engine must hand out for a field of that kind; PARAM_NULL: such a field can be no
 * column. */
static const enum param_kind wanted_kinds[] = {
    [FIELD_ID] = PARAM_BYTES,    [FIELD_INT] = PARAM_INT,    [FIELD_BOOL] = PARAM_INT,
    [FIELD_TIME] = PARAM_INT,    [FIELD_DAY] = PARAM_INT,    [FIELD_TEXT] = PARAM_TEXT,
    [FIELD_ENUM] = PARAM_INT,    [FIELD_JSON] = PARAM_TEXT,  [FIELD_TEXTS] = PARAM_TEXT,
    [FIELD_BYTES] = PARAM_BYTES, [FIELD_ROWS] = PARAM_NULL,  [FIELD_ROW] = PARAM_NULL,
    [FIELD_REF] = PARAM_NULL,    [FIELD_NUMBER] = PARAM_INT, [FIELD_VALUES] = PARAM_NULL,
};

static int names_count(const char *const *names)
{
    int count = 0;
    while (names && names[count])
        count++;
    return count;
}

/* The field that a column of that name fills: its own name, unless the table says another. */
static const struct field *field_of_column(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (strcmp(field->column ? field->column : field->name, name) == 0)
            return field;
    }
    return NULL;
}

static enum err column_map(struct ctx *ctx, struct db *db, struct prepared *prepared, int index)
{
    const char *name = db->driver->column_name(prepared->statement, index);
    if (!name)
        return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", prepared->name);
    const struct field *field = field_of_column(prepared->row, name);
    if (!field)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: column %s is no field of %s",
                    prepared->name, name, prepared->row->name);
    if (wanted_kinds[field->kind] == PARAM_NULL)
        return fail(ctx, ERR_INTERNAL, NULL,
                    "statement %s: column %s: a list or an object can be no column", prepared->name,
                    name);
    for (int i = 0; i < index; i++)
        if (prepared->columns[i].field == field)
            return fail(ctx, ERR_INTERNAL, NULL, "statement %s: column %s is there twice",
                        prepared->name, name);
    prepared->wants[index] = wanted_kinds[field->kind];
    prepared->columns[index] =
        (struct column){ .field = field, .names_count = names_count(field->names) };
    return OK;
}

enum err row_map(struct ctx *ctx, struct db *db, struct prepared *prepared)
{
    if (prepared->column_count == 0)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: has no columns for %s", prepared->name,
                    prepared->row->name);
    if (prepared->column_count > COLUMNS_MAX)
        return fail(ctx, ERR_INTERNAL, NULL, "statement %s: has more than %d columns",
                    prepared->name, COLUMNS_MAX);
    prepared->columns = calloc((size_t)prepared->column_count, sizeof(struct column));
    prepared->wants = calloc((size_t)prepared->column_count, sizeof(enum param_kind));
    prepared->blank = malloc(prepared->row->size);
    if (!prepared->columns || !prepared->wants || !prepared->blank)
        return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", prepared->name);
    table_clear(prepared->row, prepared->blank);
    for (int i = 0; i < prepared->column_count; i++) {
        enum err err = column_map(ctx, db, prepared, i);
        if (err)
            return err; /* prepared_open() frees what is there */
    }
    return OK;
}

/* The lines of a text as a list. An empty text is an empty list: texts in lists are never empty. */
static enum err texts_fill(struct ctx *ctx, struct arena *arena, const struct param *value,
                           struct texts *ret)
{
    if (value->length == 0)
        return OK;
    char *text = arena_text(arena, value->data, value->length);
    size_t count = 1;
    for (size_t i = 0; text && i < value->length; i++)
        count += text[i] == '\n';
    const char **items = text ? arena_alloc(arena, count * sizeof *items) : NULL;
    if (!items)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a list of texts");
    for (size_t i = 0; i < count; i++) {
        items[i] = text;
        text = strchrnul(text, '\n');
        if (*text)
            *text++ = '\0';
    }
    *ret = (struct texts){ .items = items, .count = count };
    return OK;
}

/* The engine's text does not end with a NUL. */
static enum err text_fill(struct ctx *ctx, struct arena *arena, const struct param *value,
                          const char **ret)
{
    *ret = arena_text(arena, value->data, value->length);
    return *ret ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a text");
}

static enum err bytes_fill(struct ctx *ctx, struct arena *arena, const struct param *value,
                           struct bytes *ret)
{
    const void *data = value->data;
    if (value->length == 0)
        data = "";
    else if (arena)
        data = arena_copy(arena, value->data, value->length);
    if (!data)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for bytes");
    *ret = (struct bytes){ .data = data, .length = value->length };
    return OK;
}

static enum err column_misfit(struct ctx *ctx, const struct prepared *prepared,
                              const struct column *column)
{
    return fail(ctx, ERR_INTERNAL, NULL,
                "statement %s: column %s holds a value that does not fit its field", prepared->name,
                column->field->name);
}

static enum err column_fill(struct ctx *ctx, struct db *db, const struct prepared *prepared,
                            const struct column *column, const struct param *value,
                            struct arena *arena, void *to)
{
    switch (column->field->kind) {
    case FIELD_ID:
        if (value->length != sizeof(struct id))
            return column_misfit(ctx, prepared, column);
        memcpy(to, value->data, sizeof(struct id));
        return OK;
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_NUMBER: *(int64_t *)to = value->integer; return OK;
    case FIELD_ENUM:
        if (value->integer < 0 || value->integer > INT32_MAX ||
            (column->names_count && value->integer >= column->names_count))
            return column_misfit(ctx, prepared, column);
        *(int *)to = (int)value->integer;
        return OK;
    case FIELD_TEXT:
    case FIELD_JSON: return text_fill(ctx, arena ? arena : &db->scratch, value, to);
    case FIELD_TEXTS: return texts_fill(ctx, arena ? arena : &db->scratch, value, to);
    case FIELD_BYTES: return bytes_fill(ctx, arena, value, to);
    case FIELD_ROWS:
    case FIELD_ROW:
    case FIELD_REF:
    case FIELD_VALUES: break;
    }
    return column_misfit(ctx, prepared, column);
}

enum err row_fill(struct ctx *ctx, struct db *db, const struct prepared *prepared,
                  struct arena *arena, void *row)
{
    /* First all null: so are the fields that have no column here, and the columns that are NULL. */
    memcpy(row, prepared->blank, prepared->row->size);
    struct param values[COLUMNS_MAX];
    enum err err = db->driver->columns(ctx, prepared->statement, prepared->wants,
                                       prepared->column_count, values);
    for (int i = 0; !err && i < prepared->column_count; i++) {
        const struct column *column = &prepared->columns[i];
        if (values[i].kind != PARAM_NULL)
            err = column_fill(ctx, db, prepared, column, &values[i], arena,
                              (char *)row + column->field->offset);
    }
    return err;
}
