/* csv_write.c: cells of CSV on their way out: quoted, and guarded against spreadsheets that run
 * what they read. */
#include "csv.h"

#include <string.h>

void csv_write(FILE *file, const char *text, size_t bytes)
{
    static const char special[] = { '"', '\n', '\r', ',', ';', '\t', ' ' };
    bool quote = false;
    for (size_t i = 0; i < bytes && !quote; i++)
        quote = memchr(special, text[i], sizeof(special)) != NULL;
    if (quote)
        putc('"', file);
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"')
            putc('"', file);
        putc(text[i], file);
    }
    if (quote)
        putc('"', file);
}

bool csv_needs_guard(const char *text)
{
    /* The last four are the full-width forms of the first. */
    static const char *const beginnings[] = { "=",
                                              "+",
                                              "-",
                                              "@",
                                              "\t",
                                              "\r",
                                              "\n",
                                              "\xef\xbc\x9d",
                                              "\xef\xbc\x8b",
                                              "\xef\xbc\x8d",
                                              "\xef\xbc\xa0" };
    text += strspn(text, "'");
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

const char *csv_unguard(const char *text)
{
    return text[0] == '\'' && csv_needs_guard(text) ? text + 1 : text;
}
