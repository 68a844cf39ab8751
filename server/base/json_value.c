/* json_value.c: finding values in JSON text by stepping over it, without a tree and without
 * recursion. Checks no more than it needs to stay within the text: that it is JSON, others have
 * seen to. */
#include <funneld/json_value.h>

#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* From an opening quote to behind the closing one. */
static const char *skip_text(const char *at, const char *end)
{
    const char *quote = ++at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
    if (quote && !memchr(at, '\\', (size_t)(quote - at)))
        return quote + 1; /* most have no escapes */
    for (; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && at + 1 < end)
            at++;
    }
    return end;
}

/* From an opening bracket to behind the one that closes it; which kinds they are does not matter in
 * sound text. */
static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_text(at, end);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if ((*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return end;
}

static bool ends_plain(char byte)
{
    switch (byte) {
    case ',':
    case ':':
    case '{':
    case '}':
    case '[':
    case ']':
    case '"':
    case ' ':
    case '\t':
    case '\r':
    case '\n': return true;
    default: return false;
    }
}

/* A number or a word. */
static const char *skip_plain(const char *at, const char *end)
{
    while (at < end && !ends_plain(*at))
        at++;
    return at;
}

static enum json_kind kind_of(char first)
{
    switch (first) {
    case '{': return JSON_KIND_OBJECT;
    case '[': return JSON_KIND_LIST;
    case '"': return JSON_KIND_TEXT;
    case 't':
    case 'f': return JSON_KIND_BOOL;
    case 'n': return JSON_KIND_NULL;
    default:
        return first == '-' || (first >= '0' && first <= '9') ? JSON_KIND_NUMBER : JSON_KIND_NONE;
    }
}

struct json_value json_value_of(const char *text, size_t bytes)
{
    const char *end = text + bytes, *at = skip_blanks(text, end), *behind;
    enum json_kind kind = at < end ? kind_of(*at) : JSON_KIND_NONE;
    if (kind == JSON_KIND_NONE)
        return (struct json_value){ JSON_KIND_NONE, at, 0 };
    if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_LIST)
        behind = skip_nested(at, end);
    else
        behind = kind == JSON_KIND_TEXT ? skip_text(at, end) : skip_plain(at, end);
    return (struct json_value){ kind, at, (size_t)(behind - at) };
}

struct json_walk json_walk(const struct json_value *whole)
{
    bool holds = whole->kind == JSON_KIND_OBJECT || whole->kind == JSON_KIND_LIST;
    const char *end = whole->text + whole->bytes;
    return holds ? (struct json_walk){ whole->text + 1, end } : (struct json_walk){ end, end };
}

/* The next value, behind a comma or a colon if one is there. */
static bool next(struct json_walk *walk, struct json_value *ret)
{
    const char *at = skip_blanks(walk->at, walk->end);
    if (at < walk->end && (*at == ',' || *at == ':'))
        at++;
    *ret = json_value_of(at, (size_t)(walk->end - at));
    walk->at = ret->kind == JSON_KIND_NONE ? walk->end : ret->text + ret->bytes;
    return ret->kind != JSON_KIND_NONE;
}

bool json_walk_member(struct json_walk *walk, struct json_value *ret_name, struct json_value *ret)
{
    return next(walk, ret_name) && next(walk, ret);
}

bool json_walk_item(struct json_walk *walk, struct json_value *ret)
{
    return next(walk, ret);
}

struct json_value json_value_member(const struct json_value *object, const char *name)
{
    struct json_value found, value;
    if (object->kind == JSON_KIND_OBJECT)
        for (struct json_walk walk = json_walk(object); json_walk_member(&walk, &found, &value);)
            if (json_value_is(&found, name))
                return value;
    return (struct json_value){ JSON_KIND_NONE, object->text, 0 };
}

/* ---- Texts ---- */

static unsigned hex4(const char *at, const char *end)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++, at++) {
        char digit = at < end ? *at : '0';
        value = value * 16 + (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return value & 0xffff;
}

static size_t utf8_put(unsigned point, char *to)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* The characters of a text, one after the other. */
struct reading {
    const char *at, *end;
};

static struct reading read_text(const struct json_value *value)
{
    const char *end = value->text + value->bytes;
    if (value->kind != JSON_KIND_TEXT || value->bytes < 2)
        return (struct reading){ end, end };
    return (struct reading){ value->text + 1, end[-1] == '"' ? end - 1 : end };
}

/* A character written as \uXXXX, or as a pair of them; never longer than it was written. */
static size_t read_point(struct reading *text, char to[static 4])
{
    unsigned point = hex4(text->at, text->end), low;
    text->at += 4;
    bool pair = point >= 0xd800 && point < 0xdc00 && text->end - text->at >= 6 &&
                text->at[0] == '\\' && text->at[1] == 'u';
    if (pair && (low = hex4(text->at + 2, text->end)) >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        text->at += 6;
    }
    return utf8_put(point, to);
}

/* The bytes that the next piece stands for; 0 at the end. */
static size_t read_piece(struct reading *text, char to[static 4])
{
    if (text->at >= text->end)
        return 0;
    char byte = *text->at++;
    if (byte == '\\' && text->at < text->end) {
        byte = *text->at++;
        if (byte == 'u' && text->end - text->at >= 4)
            return read_point(text, to);
        static const char escapes[] = "b\bf\fn\nr\rt\t";
        const char *escape = byte == '\0' ? NULL : strchr(escapes, byte);
        if (escape && (escape - escapes) % 2 == 0)
            byte = escape[1];
    }
    to[0] = byte;
    return 1;
}

/* Whether what is read is what it stands for, byte for byte: most texts have no escapes. */
static bool is_plain(const struct reading *text)
{
    return text->at == text->end || !memchr(text->at, '\\', (size_t)(text->end - text->at));
}

size_t json_value_text(const struct json_value *value, char *to, size_t room)
{
    size_t length = 0, bytes;
    char piece[4];
    struct reading text = read_text(value);
    if (is_plain(&text)) {
        bytes = (size_t)(text.end - text.at);
        length = bytes < room ? bytes : room - 1;
        memcpy(to, text.at, length);
        text.at = text.end;
    }
    for (; (bytes = read_piece(&text, piece)) > 0 && bytes < room - length; length += bytes)
        memcpy(to + length, piece, bytes);
    to[length] = '\0';
    return length;
}

bool json_value_is(const struct json_value *value, const char *text)
{
    size_t bytes;
    char piece[4];
    if (value->kind != JSON_KIND_TEXT)
        return false;
    struct reading read = read_text(value);
    if (is_plain(&read)) {
        bytes = (size_t)(read.end - read.at);
        return strlen(text) == bytes && memcmp(text, read.at, bytes) == 0;
    }
    for (; (bytes = read_piece(&read, piece)) > 0; text += bytes)
        if (piece[0] == '\0' || strncmp(text, piece, bytes) != 0) /* which ends with the text */
            return false;
    return *text == '\0';
}

/* ---- The rest ---- */

bool json_value_int(const struct json_value *value, int64_t *ret)
{
    if (value->kind != JSON_KIND_NUMBER)
        return false;
    bool negative = value->text[0] == '-';
    int64_t number = 0;
    for (size_t i = negative; i < value->bytes; i++) {
        char digit = value->text[i];
        if (digit < '0' || digit > '9' || __builtin_mul_overflow(number, INT64_C(10), &number) ||
            __builtin_add_overflow(number, (int64_t)(digit - '0'), &number))
            return false;
    }
    if (value->bytes == (size_t)negative)
        return false;
    *ret = negative ? -number : number;
    return true;
}

bool json_value_real(const struct json_value *value, double *ret)
{
    char text[64]; /* the longest that is written of a double has 24 characters */
    if (value->kind != JSON_KIND_NUMBER || value->bytes >= sizeof text)
        return false;
    memcpy(text, value->text, value->bytes);
    text[value->bytes] = '\0';
    *ret = strtod(text, NULL);
    return true;
}

bool json_value_true(const struct json_value *value)
{
    return value->kind == JSON_KIND_BOOL && value->text[0] == 't';
}
