/* json_out.c: writes JSON straight into a buffer, by field tables or by hand. Nothing is built
 * first and dumped later; that is several times slower. Texts are valid UTF-8 already: they were
 * checked on their way in. */
#include <funneld/http.h>
#include <string.h>

/* Bytes that cannot stand in a JSON string as they are. */
static bool byte_needs_escape(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
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

/* Runs of plain bytes are copied whole: most texts are one run. */
static void string_append(struct buffer *out, const char *text)
{
    buffer_char(out, '"');
    const char *run = text;
    for (; *text; text++) {
        if (!byte_needs_escape((unsigned char)*text))
            continue;
        buffer_append(out, run, (size_t)(text - run));
        escape_append(out, (unsigned char)*text);
        run = text + 1;
    }
    buffer_append(out, run, (size_t)(text - run));
    buffer_char(out, '"');
}

/* What comes before every value: the comma, and the key unless this is an item of a list. */
static void value_begin(struct json *json, const char *key)
{
    if (json->comma)
        buffer_char(json->out, ',');
    json->comma = true;
    if (!key)
        return;
    string_append(json->out, key);
    buffer_char(json->out, ':');
}

static void null_write(struct json *json, const char *key)
{
    json_raw(json, key, NULL);
}

void json_open(struct json *json, const char *key, char bracket)
{
    value_begin(json, key);
    buffer_char(json->out, bracket);
    json->comma = false;
}

void json_close(struct json *json, char bracket)
{
    buffer_char(json->out, bracket);
    json->comma = true;
}

void json_raw(struct json *json, const char *key, const char *text)
{
    value_begin(json, key);
    buffer_text(json->out, text ? text : "null");
}

void json_text(struct json *json, const char *key, const char *text)
{
    if (!text) {
        null_write(json, key);
        return;
    }
    value_begin(json, key);
    string_append(json->out, text);
}

void json_int(struct json *json, const char *key, int64_t value)
{
    if (value == NO_INT) {
        null_write(json, key);
        return;
    }
    value_begin(json, key);
    buffer_int(json->out, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    json_raw(json, key, value ? "true" : "false");
}

/* Text of our own making, which needs no escapes. */
static void plain_write(struct json *json, const char *key, const char *text)
{
    value_begin(json, key);
    buffer_char(json->out, '"');
    buffer_text(json->out, text);
    buffer_char(json->out, '"');
}

void json_id(struct json *json, const char *key, const struct id *id)
{
    if (id_is_nil(id)) {
        null_write(json, key);
        return;
    }
    char text[ID_TEXT_SIZE];
    id_format(id, text);
    plain_write(json, key, text);
}

void json_time(struct json *json, const char *key, int64_t time_ms)
{
    if (time_ms == NO_INT) {
        null_write(json, key);
        return;
    }
    char text[TIME_TEXT_SIZE];
    time_format(time_ms, text);
    plain_write(json, key, text);
}

static void day_write(struct json *json, const char *key, int64_t day)
{
    if (day == NO_INT) {
        null_write(json, key);
        return;
    }
    char text[TIME_TEXT_SIZE];
    day_format(day, text);
    plain_write(json, key, text);
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

static void texts_write(struct json *json, const char *key, const void *member)
{
    struct texts texts;
    memcpy(&texts, member, sizeof(texts));
    json_open(json, key, '[');
    for (size_t i = 0; i < texts.count; i++)
        json_text(json, NULL, texts.items[i]);
    json_close(json, ']');
}

static void rows_write(struct json *json, const char *key, const struct table *of,
                       const void *member)
{
    struct rows rows;
    memcpy(&rows, member, sizeof(rows));
    json_open(json, key, '[');
    for (size_t i = 0; i < rows.count; i++)
        json_row(json, NULL, of, (const char *)rows.items + i * of->size);
    json_close(json, ']');
}

static void ref_write(struct json *json, const char *key, const struct table *of,
                      const void *member)
{
    const void *row = member_text(member); /* any pointer is read alike */
    if (row)
        json_row(json, key, of, row);
    else
        null_write(json, key);
}

static bool member_is_null(const struct field *field, const void *member)
{
    struct id id;
    switch (field->kind) {
    case FIELD_ID: memcpy(&id, member, sizeof(id)); return id_is_nil(&id);
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DAY: return member_int(member) == NO_INT;
    case FIELD_TEXT:
    case FIELD_JSON: return !member_text(member);
    case FIELD_ENUM: return member_enum(member) < 0;
    case FIELD_TEXTS: /* an empty list is a value, but one that may be left out */
        return ((const struct texts *)member)->count == 0;
    case FIELD_ROWS: return ((const struct rows *)member)->count == 0;
    case FIELD_BYTES: return true;
    case FIELD_REF: return !member_text(member);
    case FIELD_ROW: break;
    }
    return false;
}

static void member_write(struct json *json, const struct field *field, const void *member)
{
    const char *key = field->name;
    struct id id;
    switch (field->kind) {
    case FIELD_ID:
        memcpy(&id, member, sizeof(id));
        json_id(json, key, &id);
        return;
    case FIELD_INT: json_int(json, key, member_int(member)); return;
    case FIELD_BOOL:
        if (member_int(member) == NO_INT)
            null_write(json, key);
        else
            json_bool(json, key, member_int(member) != 0);
        return;
    case FIELD_TIME: json_time(json, key, member_int(member)); return;
    case FIELD_DAY: day_write(json, key, member_int(member)); return;
    case FIELD_TEXT: json_text(json, key, member_text(member)); return;
    case FIELD_ENUM:
        json_text(json, key, member_enum(member) < 0 ? NULL : field->names[member_enum(member)]);
        return;
    case FIELD_JSON: json_raw(json, key, member_text(member)); return;
    case FIELD_TEXTS: texts_write(json, key, member); return;
    case FIELD_ROWS: rows_write(json, key, field->of, member); return;
    case FIELD_ROW: json_row(json, key, field->of, member); return;
    case FIELD_REF: ref_write(json, key, field->of, member); return;
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
        if (field->flags & FIELD_INLINE)
            inline_write(json, field, member);
        else
            member_write(json, field, member);
    }
}

void json_row(struct json *json, const char *key, const struct table *table, const void *row)
{
    json_open(json, key, '{');
    json_members(json, table, row);
    json_close(json, '}');
}
