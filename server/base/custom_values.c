/* custom_values.c: values whose type is data: as texts, from texts, and compared. Which fields
 * there are it must not know. */
#include <funneld/base.h>
#include <funneld/field.h>

#include <strings.h>

bool custom_value_is_blank(const struct custom_value *value)
{
    return !value->text && value->number == NO_INT;
}

bool custom_values_equal(const struct custom_value *a, const struct custom_value *b)
{
    return a->number == b->number && text_equal(a->text, b->text);
}

bool boolean_parse_lenient(const char *text, int64_t *ret)
{
    static const char *const words[][5] = { { "false", "no", "n", "0", "off" },
                                            { "true", "yes", "y", "1", "on" } };
    for (size_t value = 0; value < ARRAY_SIZE(words); value++)
        for (size_t i = 0; i < ARRAY_SIZE(words[value]); i++)
            if (strcasecmp(text, words[value][i]) == 0) {
                *ret = (int64_t)value;
                return true;
            }
    return false;
}

bool custom_value_parse(struct custom_value *value, const char *text)
{
    value->text = NULL;
    value->number = NO_INT;
    if (!text)
        return true;
    switch (value->type) {
    case CUSTOM_TEXT:
    case CUSTOM_CHOICE: value->text = text; return true;
    case CUSTOM_NUMBER: return decimal_parse(text, &value->number);
    case CUSTOM_BOOLEAN: return boolean_parse_lenient(text, &value->number);
    case CUSTOM_DATE: return date_parse(text, &value->number);
    }
    return false;
}

enum err custom_value_format(struct ctx *ctx, const struct custom_value *value, const char **ret)
{
    char text[DECIMAL_TEXT_SIZE > TIME_TEXT_SIZE ? DECIMAL_TEXT_SIZE : TIME_TEXT_SIZE];
    *ret = value->text;
    if (value->number == NO_INT)
        return OK;
    if (value->type == CUSTOM_BOOLEAN) {
        *ret = value->number ? "true" : "false";
        return OK;
    }
    if (value->type == CUSTOM_DATE)
        day_format(value->number, text);
    else
        decimal_format(value->number, text);
    *ret = ctx_text(ctx, text);
    return *ret ? OK : ERR_MEMORY;
}

/* FNV-1a, without the sign. */
int64_t custom_value_mark(const struct custom_value *value)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    if (!value || !value->text)
        return value ? value->number : NO_INT;
    for (const char *at = value->text; *at; at++) {
        bool upper = *at >= 'A' && *at <= 'Z';
        hash = (hash ^ (uint8_t)(upper ? *at - 'A' + 'a' : *at)) * UINT64_C(0x100000001b3);
    }
    return (int64_t)(hash & INT64_MAX);
}

const struct custom_value *custom_values_find(const struct custom_values *values, int64_t field_id)
{
    for (size_t i = 0; i < values->count; i++)
        if (values->items[i].field_id == field_id)
            return &values->items[i];
    return NULL;
}
