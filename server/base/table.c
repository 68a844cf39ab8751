/* table.c: looking up and clearing the structs that field tables describe.
 * Reading and writing JSON or rows is done elsewhere; here is only what both need. */
#include <funneld/base.h>
#include <funneld/field.h>

#include <assert.h>
#include <string.h>

int table_find(const struct table *table, const char *name)
{
    size_t key_bytes = strlen(name) + 3; /* two quotes and a colon: most names differ in length */
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].key_bytes == key_bytes && strcmp(table->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool input_has(const struct table *table, const void *input, const char *name)
{
    int index = table_find(table, name);
    assert(index >= 0 && index < 64); /* a name that the table lacks is a slip of ours */
    uint64_t present;
    memcpy(&present, (const char *)input + offsetof(struct input, present), sizeof(present));
    return (present >> index & 1) != 0;
}

/* Only what is not null by being zero. */
static void field_clear(const struct field *field, void *member)
{
    switch (field->kind) {
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_NUMBER: memcpy(member, &(int64_t){ NO_INT }, sizeof(int64_t)); return;
    case FIELD_ENUM: memcpy(member, &(int){ -1 }, sizeof(int)); return;
    case FIELD_ROW: table_clear(field->of, member); return;
    case FIELD_ID:
    case FIELD_TEXT:
    case FIELD_JSON:
    case FIELD_TEXTS:
    case FIELD_BYTES:
    case FIELD_ROWS:
    case FIELD_REF:
    case FIELD_VALUES: return;
    }
}

void table_clear(const struct table *table, void *row)
{
    memset(row, 0, table->size);
    for (size_t i = 0; i < table->count; i++)
        field_clear(&table->fields[i], (char *)row + table->fields[i].offset);
}

int name_find(const char *const *names, const char *text)
{
    if (text == NULL)
        return -1;
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool bytes_equal(const struct bytes *a, const struct bytes *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}
