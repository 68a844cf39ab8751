/* import_plan.c: which column goes into which field, what is set for all rows, and which values
 * are read as others. Knows the header line and the command line, but no row. */
#include "import.h"

#include <assert.h>
#include <string.h>

#define CUSTOM_PREFIX "fields."

/* ---- Saying what there is ---- */

static void list_add(struct buffer *list, const char *text)
{
    if (*text != '\0')
        buffer_printf(list, "%s%s", list->length > 0 ? ", " : "", text);
}

static enum status complain_columns(const struct cli *cli, const struct import_plan *plan,
                                    const char *asked)
{
    struct buffer list = { .arena = cli->ctx->arena };
    for (size_t i = 0; i < plan->column_count; i++)
        list_add(&list, plan->columns[i]);
    return complain_usage(cli, "the file has no column \"%s\"; it has: %.*s", asked,
                          (int)list.length, list.data == NULL ? "" : list.data);
}

static enum status complain_fields(const struct cli *cli, const struct import_plan *plan,
                                   const char *asked)
{
    struct buffer list = { .arena = cli->ctx->arena };
    for (size_t i = 0; i < plan->table->count; i++)
        list_add(&list, plan->table->fields[i].kind == FIELD_VALUES ? "fields.KEY of a custom field"
                                                                    : plan->table->fields[i].name);
    if (asked != NULL)
        return complain_usage(cli, "there is no field \"%s\"; there are: %.*s", asked,
                              (int)list.length, list.data);
    return complain_usage(cli,
                          "no column has the name of a field: say which is which with --map.\n"
                          "There are the fields %.*s",
                          (int)list.length, list.data);
}

static enum status complain_memory(void)
{
    return complain(STATUS_TEMPORARY, "not enough memory");
}

/* ---- Looking up ---- */

/* Index of the column, -1 when there is none, -2 when there are several. */
static int column_find(const struct import_plan *plan, const char *name)
{
    int found = -1;
    for (size_t i = 0; i < plan->column_count; i++) {
        if (strcmp(plan->columns[i], name) != 0)
            continue;
        if (found >= 0)
            return -2;
        found = (int)i;
    }
    return found;
}

static enum status column_get(const struct cli *cli, const struct import_plan *plan,
                              const char *name, int *ret)
{
    *ret = *name == '\0' ? -1 : column_find(plan, name);
    if (*ret == -2)
        return complain_usage(cli, "the file has more than one column \"%s\"", name);
    return *ret < 0 ? complain_columns(cli, plan, name) : STATUS_OK;
}

static int field_find(const struct import_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->field_count; i++)
        if (strcmp(plan->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void field_add(struct import_plan *plan, const char *name, const struct field *of)
{
    if (plan->field_count < PLAN_FIELDS_MAX)
        plan->fields[plan->field_count++] = (struct plan_field){ name, of, -1, NULL };
}

/* Whether the table takes custom fields, and this is the name of one. */
static bool is_custom(const struct import_plan *plan, const char *name)
{
    size_t prefix = strlen(CUSTOM_PREFIX);
    if (strncmp(name, CUSTOM_PREFIX, prefix) != 0 || name[prefix] == '\0')
        return false;
    for (size_t i = 0; i < plan->table->count; i++)
        if (plan->table->fields[i].kind == FIELD_VALUES)
            return true;
    return false;
}

/* NULL: there is no such field. Custom ones are there once they are asked for: whether the service
 * knows them is asked before the first row. */
static struct plan_field *field_get(struct import_plan *plan, const char *name)
{
    if (field_find(plan, name) < 0 && is_custom(plan, name))
        field_add(plan, name, NULL);
    int index = field_find(plan, name);
    return index < 0 ? NULL : &plan->fields[index];
}

const char *plan_custom_key(const struct plan_field *field)
{
    return field->of == NULL ? field->name + strlen(CUSTOM_PREFIX) : NULL;
}

const char *plan_column(const struct import_plan *plan, const char *field)
{
    int index = field_find(plan, field);
    if (index < 0 || plan->fields[index].column < 0)
        return NULL;
    return plan->columns[plan->fields[index].column];
}

/* ---- The header line ---- */

static enum status columns_read(const struct cli *cli, const struct csv_row *header,
                                struct import_plan *plan)
{
    struct arena *arena = cli->ctx->arena;
    plan->columns = arena_alloc(arena, (header->count + 1) * sizeof(*plan->columns));
    if (plan->columns == NULL)
        return complain_memory();
    for (size_t i = 0; i < header->count; i++) {
        plan->columns[i] = text_trim(arena, header->cells[i].text, header->cells[i].bytes);
        if (plan->columns[i] == NULL)
            return complain_memory();
    }
    plan->column_count = header->count;
    plan->unnamed_last = header->count > 1 && plan->columns[header->count - 1][0] == '\0';
    plan->column_count -= plan->unnamed_last;
    return STATUS_OK;
}

/* ---- --map, --skip, --set, --map-value ---- */

/* Text before and after the separator at `at`, both trimmed; false when memory is out. */
static bool text_split(struct arena *arena, const char *text, const char *at, const char **ret_left,
                       const char **ret_right)
{
    *ret_left = text_trim(arena, text, (size_t)(at - text));
    *ret_right = text_trim(arena, at + 1, strlen(at + 1));
    return *ret_left != NULL && *ret_right != NULL;
}

static enum status map_read(const struct cli *cli, struct import_plan *plan, const char *text)
{
    const char *column, *field;
    const char *equals = strrchr(text, '='); /* no field has one in its name, but columns may */
    if (equals == NULL)
        return complain_usage(cli, "--map \"%s\" must be COLUMN=FIELD", text);
    if (!text_split(cli->ctx->arena, text, equals, &column, &field))
        return complain_memory();
    struct plan_field *target = field_get(plan, field);
    if (target == NULL)
        return complain_fields(cli, plan, field);
    if (target->column >= 0)
        return complain_usage(cli, "--map names the field %s twice", field);
    return column_get(cli, plan, column, &target->column);
}

static enum status skip_read(const struct cli *cli, struct import_plan *plan, const char *text)
{
    int column;
    enum status status = column_get(cli, plan, text, &column);
    for (size_t i = 0; i < plan->field_count && status == STATUS_OK; i++)
        if (plan->fields[i].column == column)
            plan->fields[i].column = -1;
    return status;
}

static enum status set_read(const struct cli *cli, struct import_plan *plan, const char *text)
{
    const char *field, *value;
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return complain_usage(cli, "--set \"%s\" must be FIELD=VALUE", text);
    if (!text_split(cli->ctx->arena, text, equals, &field, &value))
        return complain_memory();
    struct plan_field *target = field_get(plan, field);
    if (target == NULL)
        return complain_fields(cli, plan, field);
    if (target->value != NULL)
        return complain_usage(cli, "--set names the field %s twice", field);
    if (!utf8_valid(value, strlen(value)))
        return complain_usage(cli, "--set %s is not valid UTF-8", field);
    target->value = *value == '\0' ? NULL : value;
    return STATUS_OK;
}

/* The column may have a colon in its name: the longest name that the text begins with. */
static const char *map_value_colon(const struct import_plan *plan, const char *text)
{
    const char *found = NULL;
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':'))
        for (size_t i = 0; i < plan->column_count; i++)
            if (strlen(plan->columns[i]) == (size_t)(colon - text) &&
                strncmp(plan->columns[i], text, (size_t)(colon - text)) == 0)
                found = colon;
    return found == NULL ? strchr(text, ':') : found;
}

/* "VALUE=VALUE,VALUE=VALUE" of one column. */
static enum status value_maps_read(const struct cli *cli, struct import_plan *plan, size_t column,
                                   const char *text)
{
    struct arena *arena = cli->ctx->arena;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const char *pair = arena_text(arena, text, length);
        if (pair == NULL)
            return complain_memory();
        const char *equals = strchr(pair, '=');
        if (equals == NULL)
            return complain_usage(cli, "--map-value \"%s\" must be VALUE=VALUE", pair);
        struct value_map *map = &plan->maps[plan->map_count++];
        map->column = column;
        if (!text_split(arena, pair, equals, &map->from, &map->to))
            return complain_memory();
        if (!utf8_valid(map->to, strlen(map->to)))
            return complain_usage(cli, "--map-value is not valid UTF-8");
        text += length + (text[length] == ',');
    }
    return STATUS_OK;
}

static enum status map_value_read(const struct cli *cli, struct import_plan *plan, const char *text)
{
    const char *name, *pairs;
    int column;
    const char *colon = map_value_colon(plan, text);
    if (colon == NULL)
        return complain_usage(cli, "--map-value \"%s\" must be COLUMN:VALUE=VALUE,...", text);
    if (!text_split(cli->ctx->arena, text, colon, &name, &pairs))
        return complain_memory();
    enum status status = column_get(cli, plan, name, &column);
    if (status != STATUS_OK)
        return status;
    bool used = false;
    for (size_t i = 0; i < plan->field_count; i++)
        used = used || plan->fields[i].column == column;
    if (!used)
        return complain_usage(cli, "--map-value: the column \"%s\" is not mapped to a field", name);
    return value_maps_read(cli, plan, (size_t)column, pairs);
}

/* Room for every pair of every --map-value. */
static bool maps_alloc(const struct cli *cli, struct import_plan *plan, const struct texts *given)
{
    size_t pairs = 1;
    for (size_t i = 0; i < given->count; i++)
        for (const char *text = given->items[i]; *text != '\0'; text++)
            pairs += *text == '=';
    plan->maps = arena_alloc(cli->ctx->arena, pairs * sizeof(*plan->maps));
    return plan->maps != NULL;
}

static enum status columns_map_by_name(const struct cli *cli, struct import_plan *plan)
{
    bool any = false;
    for (size_t i = 0; i < plan->column_count; i++)
        (void)field_get(plan, plan->columns[i]);
    for (size_t i = 0; i < plan->field_count; i++) {
        struct plan_field *field = &plan->fields[i];
        if (field->of != NULL && (field->of->flags & FIELD_NAMED_ONLY))
            continue;
        field->column = column_find(plan, field->name);
        if (field->column == -2)
            return complain_usage(cli,
                                  "the file has more than one column \"%s\": say with --map "
                                  "which columns to take",
                                  field->name);
        any = any || field->column >= 0;
    }
    return any ? STATUS_OK : complain_fields(cli, plan, NULL);
}

/* What is set for every row must be right before the first one. */
static enum status values_check(const struct cli *cli, const struct import_plan *plan)
{
    struct csv_row none = { 0 };
    struct import_plan alone = *plan;
    struct buffer ignored = { .arena = cli->ctx->arena };
    alone.column_count = 0;
    for (size_t i = 0; i < plan->field_count; i++)
        alone.fields[i].column = -1;
    const char *reason = import_row_write(&alone, cli->ctx->arena, &none, &ignored);
    return reason == NULL ? STATUS_OK : complain_usage(cli, "--set: %s", reason);
}

static enum status options_read(const struct cli *cli, struct import_plan *plan)
{
    static const struct {
        const char *option;
        enum status (*read)(const struct cli *cli, struct import_plan *plan, const char *text);
    } readers[] = {
        { "--map", map_read },
        { "--skip", skip_read },
        { "--set", set_read },
        { "--map-value", map_value_read },
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(readers) && status == STATUS_OK; i++) {
        struct texts values = option_values(cli, readers[i].option);
        if (values.items == NULL ||
            (readers[i].read == map_value_read && !maps_alloc(cli, plan, &values)))
            return complain_memory();
        if (readers[i].read == map_read && values.count == 0)
            status = columns_map_by_name(cli, plan);
        for (size_t j = 0; j < values.count && status == STATUS_OK; j++)
            status = readers[i].read(cli, plan, values.items[j]);
    }
    return status;
}

enum status plan_make(const struct cli *cli, const struct table *table,
                      const struct csv_row *header, struct import_plan *ret)
{
    assert(table->count <= PLAN_FIELDS_MAX);
    *ret = (struct import_plan){ .table = table };
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].kind != FIELD_VALUES)
            field_add(ret, table->fields[i].name, &table->fields[i]);
    enum status status = columns_read(cli, header, ret);
    if (status == STATUS_OK)
        status = options_read(cli, ret);
    return status == STATUS_OK ? values_check(cli, ret) : status;
}
