/* json_out.c: writes JSON straight into a buffer, by field tables or by hand. Nothing is built
 * first and dumped later; that is several times slower. Texts are valid UTF-8 already: they were
 * checked on their way in. */
#include <funneld/http.h>
#include <string.h>

/* What can stand in a JSON string as it is. NUL is not, so that the end of a text is an end too. */
static const bool plain_bytes[256] = {
    [' '] = true,
    ['!'] = true,
    ['#' ... '['] = true,
    [']' ... 0xff] = true,
};

/* Up to the first byte that is not plain, or the end. */
static size_t plain_length(const char *text)
{
    const char *at = text;
    while (plain_bytes[(unsigned char)*at])
        at++;
    return (size_t)(at - text);
}

static void escape_append(struct buffer *out, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char *const shorts[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",  ['\f'] = "\\f",
        ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\",
    };
    if (shorts[byte]) {
        buffer_append(out, shorts[byte], 2);
        return;
    }
    char text[] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
    buffer_append(out, text, sizeof(text));
}

/* ---- Values ---- */

static void null_value(struct buffer *out)
{
    char *at = buffer_room(out, 4);
    if (!at)
        return;
    memcpy(at, "null", 4);
    out->length += 4;
}

static void raw_value(struct buffer *out, const char *text)
{
    if (text)
        buffer_text(out, text);
    else
        null_value(out);
}

static void escaped_value(struct buffer *out, const char *text)
{
    buffer_char(out, '"');
    for (;;) {
        size_t run = plain_length(text);
        buffer_append(out, text, run);
        if (!text[run])
            break;
        escape_append(out, (unsigned char)text[run]);
        text += run + 1;
    }
    buffer_char(out, '"');
}

/* Most texts are plain from one end to the other. */
static void text_value(struct buffer *out, const char *text)
{
    if (!text) {
        null_value(out);
        return;
    }
    size_t length = plain_length(text);
    if (text[length]) {
        escaped_value(out, text);
        return;
    }
    char *at = buffer_room(out, length + 2);
    if (!at)
        return;
    at[0] = '"';
    memcpy(at + 1, text, length);
    at[length + 1] = '"';
    out->length += length + 2;
}

static void int_value(struct buffer *out, int64_t value)
{
    if (value == NO_INT)
        null_value(out);
    else
        buffer_int(out, value);
}

static void bool_value(struct buffer *out, int64_t value)
{
    raw_value(out, value == NO_INT ? NULL : value ? "true" : "false");
}

static void id_value(struct buffer *out, const struct id *id)
{
    char *at = id_is_nil(id) ? NULL : buffer_room(out, ID_TEXT_SIZE + 1);
    if (!at) {
        null_value(out);
        return;
    }
    at[0] = '"';
    id_format(id, at + 1);
    at[ID_TEXT_SIZE] = '"'; /* the NUL's place */
    out->length += ID_TEXT_SIZE + 1;
}

/* What time_format() or day_format() makes of it. */
static void date_value(struct buffer *out, int64_t value,
                       char *(*format)(int64_t value, char text[static TIME_TEXT_SIZE]))
{
    char *at = value == NO_INT ? NULL : buffer_room(out, TIME_TEXT_SIZE + 1);
    if (!at) {
        null_value(out);
        return;
    }
    at[0] = '"';
    char *end = format(value, at + 1);
    *end++ = '"'; /* the NUL's place */
    out->length += (size_t)(end - at);
}

static void number_value(struct buffer *out, int64_t value)
{
    char text[DECIMAL_TEXT_SIZE];
    if (value != NO_INT)
        decimal_format(value, text);
    raw_value(out, value == NO_INT ? NULL : text);
}

/* ---- Names and values ---- */

static void comma_write(struct json *json)
{
    if (json->comma)
        buffer_char(json->out, ',');
    json->comma = true;
}

/* An item of a list has no key. */
static void name_write(struct json *json, const char *key)
{
    comma_write(json);
    if (!key)
        return;
    text_value(json->out, key);
    buffer_char(json->out, ':');
}

static void value_open(struct json *json, char bracket)
{
    buffer_char(json->out, bracket);
    json->comma = false;
}

void json_open(struct json *json, const char *key, char bracket)
{
    name_write(json, key);
    value_open(json, bracket);
}

void json_close(struct json *json, char bracket)
{
    buffer_char(json->out, bracket);
    json->comma = true;
}

void json_raw(struct json *json, const char *key, const char *text)
{
    name_write(json, key);
    raw_value(json->out, text);
}

void json_text(struct json *json, const char *key, const char *text)
{
    name_write(json, key);
    text_value(json->out, text);
}

void json_int(struct json *json, const char *key, int64_t value)
{
    name_write(json, key);
    int_value(json->out, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    name_write(json, key);
    bool_value(json->out, value);
}

void json_id(struct json *json, const char *key, const struct id *id)
{
    name_write(json, key);
    id_value(json->out, id);
}

void json_time(struct json *json, const char *key, int64_t time_ms)
{
    name_write(json, key);
    date_value(json->out, time_ms, time_format);
}

/* ---- By field tables. Members are read with memcpy, so that no type is assumed behind the
 * compiler's back. ---- */

static int64_t member_int(const void *member)
{
    int64_t value;
    memcpy(&value, member, sizeof(value));
    return value;
}

static const char *member_text(const void *member)
{
    const char *text;
    memcpy(&text, member, sizeof(text));
    return text;
}

static int member_enum(const void *member)
{
    int value;
    memcpy(&value, member, sizeof(value));
    return value;
}

static void texts_value(struct json *json, const void *member)
{
    struct texts texts;
    memcpy(&texts, member, sizeof(texts));
    value_open(json, '[');
    for (size_t i = 0; i < texts.count; i++)
        json_text(json, NULL, texts.items[i]);
    json_close(json, ']');
}

static void row_value(struct json *json, const struct table *table, const void *row)
{
    value_open(json, '{');
    json_members(json, table, row);
    json_close(json, '}');
}

static void rows_value(struct json *json, const struct table *of, const void *member)
{
    struct rows rows;
    memcpy(&rows, member, sizeof(rows));
    value_open(json, '[');
    for (size_t i = 0; i < rows.count; i++)
        json_row(json, NULL, of, (const char *)rows.items + i * of->size);
    json_close(json, ']');
}

static void ref_value(struct json *json, const struct table *of, const void *member)
{
    const void *row = member_text(member); /* any pointer is read alike */
    if (row)
        row_value(json, of, row);
    else
        null_value(json->out);
}

static void data_value(struct buffer *out, const struct custom_value *value)
{
    switch (value->type) {
    case CUSTOM_TEXT:
    case CUSTOM_CHOICE: text_value(out, value->text); return;
    case CUSTOM_NUMBER: number_value(out, value->number); return;
    case CUSTOM_BOOLEAN: bool_value(out, value->number); return;
    case CUSTOM_DATE: date_value(out, value->number, day_format); return;
    }
}

static bool is_among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names;
}

static void values_value(struct json *json, const char *const *names, const void *member)
{
    struct custom_values values;
    memcpy(&values, member, sizeof(values));
    value_open(json, '{');
    for (size_t i = 0; i < values.count; i++) {
        if (values.items[i].hidden || (names && !is_among(names, values.items[i].name)))
            continue;
        name_write(json, values.items[i].name);
        data_value(json->out, &values.items[i]);
    }
    json_close(json, '}');
}

static bool member_is_null(const struct field *field, const void *member)
{
    struct id id;
    switch (field->kind) {
    case FIELD_ID: memcpy(&id, member, sizeof(id)); return id_is_nil(&id);
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_NUMBER: return member_int(member) == NO_INT;
    case FIELD_TEXT:
    case FIELD_JSON: return !member_text(member);
    case FIELD_ENUM: return member_enum(member) < 0;
    case FIELD_TEXTS: /* an empty list is a value, but one that may be left out */
        return ((const struct texts *)member)->count == 0;
    case FIELD_ROWS: return ((const struct rows *)member)->count == 0;
    case FIELD_BYTES: return true;
    case FIELD_REF: return !member_text(member);
    case FIELD_VALUES: return ((const struct custom_values *)member)->count == 0;
    case FIELD_ROW: break;
    }
    return false;
}

/* The field's key needs no look at its bytes. */
static void member_name(struct json *json, const struct field *field)
{
    struct buffer *out = json->out;
    char *at = buffer_room(out, field->key_bytes + 1);
    if (!at)
        return;
    if (json->comma)
        *at++ = ',';
    json->comma = true;
    memcpy(at, field->key, field->key_bytes);
    out->length = (size_t)(at - out->data) + field->key_bytes;
}

static void member_value(struct json *json, const struct field *field, const void *member)
{
    struct buffer *out = json->out;
    struct id id;
    switch (field->kind) {
    case FIELD_ID:
        memcpy(&id, member, sizeof(id));
        id_value(out, &id);
        return;
    case FIELD_INT: int_value(out, member_int(member)); return;
    case FIELD_BOOL: bool_value(out, member_int(member)); return;
    case FIELD_TIME: date_value(out, member_int(member), time_format); return;
    case FIELD_DAY: date_value(out, member_int(member), day_format); return;
    case FIELD_TEXT: text_value(out, member_text(member)); return;
    case FIELD_ENUM:
        text_value(out, member_enum(member) < 0 ? NULL : field->names[member_enum(member)]);
        return;
    case FIELD_JSON: raw_value(out, member_text(member)); return;
    case FIELD_TEXTS: texts_value(json, member); return;
    case FIELD_ROWS: rows_value(json, field->of, member); return;
    case FIELD_ROW: row_value(json, field->of, member); return;
    case FIELD_REF: ref_value(json, field->of, member); return;
    case FIELD_NUMBER: number_value(out, member_int(member)); return;
    case FIELD_VALUES: values_value(json, field->names, member); return;
    case FIELD_BYTES: return;
    }
}

static void inline_write(struct json *json, const struct field *field, const void *member)
{
    const void *row = field->kind == FIELD_REF ? (const void *)member_text(member) : member;
    if (row)
        json_members(json, field->of, row);
}

void json_members(struct json *json, const struct table *table, const void *row)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        const void *member = (const char *)row + field->offset;
        if (field->kind == FIELD_BYTES || (field->flags & FIELD_HIDDEN))
            continue;
        if ((field->flags & FIELD_OMIT_NULL) && member_is_null(field, member))
            continue;
        if (field->flags & FIELD_INLINE) {
            inline_write(json, field, member);
            continue;
        }
        member_name(json, field);
        member_value(json, field, member);
    }
}

void json_row(struct json *json, const char *key, const struct table *table, const void *row)
{
    name_write(json, key);
    row_value(json, table, row);
}
