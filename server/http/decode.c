/* decode.c: percent-decoding of paths, queries and form posts. It must not know what the text is
 * for. */
#include "decode.h"

#include <string.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* The byte that text[0..2] encodes, or -1. */
static int escape_value(const char *text, const char *end)
{
    if (end - text < 3)
        return -1;
    int high = hex_value(text[1]), low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* How many bytes at the beginning stand for themselves, with or without decoding. */
static size_t plain_bytes(const char *text, size_t bytes)
{
    size_t count = 0;
    while (count < bytes && (signed char)text[count] > 0 && text[count] != '%' &&
           text[count] != '+')
        count++;
    return count;
}

enum err decode_strict(struct arena *arena, const char *text, size_t bytes, bool plus,
                       const char **ret)
{
    char *out = arena_take(arena, bytes + 1);
    if (!out)
        return ERR_MEMORY;

    const char *end = text + bytes;
    size_t plain = plain_bytes(text, bytes), length = plain; /* mostly all of it */
    memcpy(out, text, plain);
    text += plain;
    while (text < end) {
        int byte = (unsigned char)*text;
        size_t used = 1;
        if (byte == '%') {
            byte = escape_value(text, end);
            used = 3;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte <= 0)
            return ERR_MALFORMED;
        out[length++] = (char)byte;
        text += used;
    }
    if (!utf8_valid(out + plain, length - plain))
        return ERR_MALFORMED;
    out[length] = '\0';
    *ret = out;
    return OK;
}

/* The same text with U+FFFD for every byte that belongs to no character, and without NUL. */
static const char *utf8_mend(struct arena *arena, const char *text, size_t bytes)
{
    char *out = arena_alloc(arena, bytes * 3 + 1); /* U+FFFD takes three bytes */
    if (!out)
        return NULL;
    size_t length = 0;
    for (size_t at = 0; at < bytes;) {
        size_t used = utf8_character(text + at, bytes - at);
        if (used > 0) {
            memcpy(out + length, text + at, used);
            length += used;
        } else if (text[at] != '\0') {
            memcpy(out + length, "\xef\xbf\xbd", 3);
            length += 3;
        }
        at += used > 0 ? used : 1;
    }
    out[length] = '\0';
    return out;
}

const char *decode_lenient(struct arena *arena, const char *text, size_t bytes)
{
    char *out = arena_alloc(arena, bytes + 1);
    if (!out)
        return NULL;

    size_t length = 0;
    const char *end = text + bytes;
    while (text < end) {
        int byte = *text == '%' ? escape_value(text, end) : -1;
        if (byte < 0) {
            out[length++] = *text == '+' ? ' ' : *text;
            text++;
            continue;
        }
        out[length++] = (char)byte;
        text += 3;
    }
    if (utf8_valid(out, length)) {
        out[length] = '\0';
        return out;
    }
    return utf8_mend(arena, out, length);
}
