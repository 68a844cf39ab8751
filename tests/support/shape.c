/* shape.c: compares a JSON object with a line that lists its members. */
#include "shape.h"

#include <stdio.h>
#include <string.h>

static bool fits(const char *text, const char *pattern)
{
    for (; *pattern; pattern++, text++) {
        bool digit = *text >= '0' && *text <= '9';
        bool hex = digit || (*text >= 'a' && *text <= 'f');
        if (*pattern == '9' ? !digit : *pattern == 'x' ? !hex : *text != *pattern)
            return false;
    }
    return *text == '\0';
}

bool is_id_text(const char *text)
{
    return fits(text, "xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx");
}

bool is_time_text(const char *text)
{
    int64_t ms;
    return fits(text, "9999-99-99T99:99:99.999Z") && time_parse(text, &ms);
}

static bool is_day_text(const char *text)
{
    int64_t day;
    return fits(text, "9999-99-99") && day_parse(text, &day);
}

static bool is_kind(json_t *value, char kind)
{
    const char *text = json_string_value(value);
    switch (kind) {
    case 'i': return text && is_id_text(text);
    case 't': return text != NULL;
    case 'n': return json_is_integer(value);
    case 'd': return json_is_number(value);
    case 'b': return json_is_boolean(value);
    case 'T': return text && is_time_text(text);
    case 'D': return text && is_day_text(text);
    case 'o': return json_is_object(value);
    case 'a': return json_is_array(value);
    default: return false;
    }
}

void expect_shape(const struct answer *answer, const char *path, const char *shape)
{
    json_t *object = json_at(answer->json, path);
    ck_assert_msg(json_is_object(object), "%s: no object at \"%s\": %.3000s", answer->asked, path,
                  answer->body);
    size_t count = 0;
    char name[64], kind[4];
    int bytes;
    for (; sscanf(shape, " %63[^:]:%3[^ ]%n", name, kind, &bytes) == 2; shape += bytes) {
        json_t *value = json_object_get(object, name);
        bool null = json_is_null(value) && kind[1] == '?';
        ck_assert_msg(value && (null || is_kind(value, kind[0])), "%s: %s.%s is no %s: %.3000s",
                      answer->asked, path, name, kind, answer->body);
        count++;
    }
    ck_assert_msg(json_object_size(object) == count,
                  "%s: more members than known at \"%s\": %.3000s", answer->asked, path,
                  answer->body);
}
