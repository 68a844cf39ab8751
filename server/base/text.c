/* text.c: UTF-8 and white space. Knows no field and no language. */
#include <funneld/base.h>

#include <string.h>

/* The forms are those of Unicode's table 3-7. */
size_t utf8_character(const char *text_, size_t bytes)
{
    const uint8_t *text = (const uint8_t *)text_;
    static const struct {
        uint8_t first_low, first_high;   /* of the first byte */
        uint8_t second_low, second_high; /* of the second; all others are 80 to BF */
        uint8_t length;
    } forms[] = {
        { 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (text[0] < forms[i].first_low || text[0] > forms[i].first_high)
            continue;
        size_t length = forms[i].length;
        if (length > bytes)
            return 0;
        if (length > 1 && (text[1] < forms[i].second_low || text[1] > forms[i].second_high))
            return 0;
        for (size_t j = 2; j < length; j++)
            if ((text[j] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

bool utf8_valid(const char *text, size_t bytes)
{
    while (bytes > 0) {
        if (*text >= 1 && (unsigned char)*text < 0x80) { /* most of most texts */
            text++;
            bytes--;
            continue;
        }
        size_t length = utf8_character(text, bytes);
        if (length == 0)
            return false;
        text += length;
        bytes -= length;
    }
    return true;
}

size_t utf8_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++)
        length += ((uint8_t)*text & 0xc0) != 0x80;
    return length;
}

bool word_valid(const char *text)
{
    return *text >= 'a' && *text <= 'z' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* White space of Unicode, and the two invisible characters that copying from pages and sheets
 * brings along. */
static const char *const spaces[] = {
    " ",
    "\t",
    "\n",
    "\r",
    "\v",
    "\f",
    "\xc2\x85",
    "\xc2\xa0",
    "\xe1\x9a\x80",
    "\xe2\x80\x80",
    "\xe2\x80\x81",
    "\xe2\x80\x82",
    "\xe2\x80\x83",
    "\xe2\x80\x84",
    "\xe2\x80\x85",
    "\xe2\x80\x86",
    "\xe2\x80\x87",
    "\xe2\x80\x88",
    "\xe2\x80\x89",
    "\xe2\x80\x8a",
    "\xe2\x80\x8b",
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xe2\x80\xaf",
    "\xe2\x81\x9f",
    "\xe3\x80\x80",
    "\xef\xbb\xbf",
};

/* Bytes of the white space that the text starts with, or ends with; 0 if none. */
static size_t space_bytes(const char *text, size_t bytes, bool at_end)
{
    if (bytes == 0)
        return 0;
    unsigned char edge = (unsigned char)text[at_end ? bytes - 1 : 0];
    if (edge > ' ' && edge < 0x7f) /* what texts mostly begin and end with */
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
        size_t length = strlen(spaces[i]);
        if (length <= bytes &&
            memcmp(at_end ? text + bytes - length : text, spaces[i], length) == 0)
            return length;
    }
    return 0;
}

char *text_trim(struct arena *arena, const char *text, size_t bytes)
{
    size_t space;
    while ((space = space_bytes(text, bytes, false)) > 0) {
        text += space;
        bytes -= space;
    }
    while ((space = space_bytes(text, bytes, true)) > 0)
        bytes -= space;
    return arena_text(arena, text, bytes);
}

const char *list_item(const char **rest, size_t *bytes)
{
    static const char between[] = ", \t";
    const char *item = *rest + strspn(*rest, between);
    *bytes = strcspn(item, between);
    *rest = item + *bytes;
    return *bytes > 0 ? item : NULL;
}

enum { NAME_SHOWN_MAX = 64 }; /* bytes */

void pointer_append(struct buffer *out, const char *name)
{
    size_t shown = strlen(name);
    if (shown > NAME_SHOWN_MAX) {
        shown = NAME_SHOWN_MAX;
        while (shown > 0 && ((unsigned char)name[shown] & 0xc0) == 0x80)
            shown--; /* not within a character */
    }
    for (size_t i = 0; i < shown; i++) {
        if (name[i] == '~')
            buffer_text(out, "~0");
        else if (name[i] == '/')
            buffer_text(out, "~1");
        else
            buffer_char(out, name[i]);
    }
}
