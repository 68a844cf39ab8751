/* condition_holds.c: whether a lead is one of those that a condition means. Looks at what it is
 * given; where leads and activities come from it does not know. */
#include <funneld/condition.h>
#include <funneld/json_value.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- One value ---- */

struct value {
    bool blank;
    const char *text;
    int64_t whole;
    double real;
    struct id id;
};

static int compare(enum value_kind kind, const struct value *value, const struct operand *with)
{
    switch (kind) {
    case VALUE_TEXT: return strcasecmp(value->text, with->text);
    case VALUE_WHOLE:
    case VALUE_TRUTH: return (value->whole > with->whole) - (value->whole < with->whole);
    case VALUE_NUMBER: return (value->real > with->real) - (value->real < with->real);
    case VALUE_ID: return id_compare(&value->id, &with->id);
    }
    return 1;
}

static bool is_one_of(enum value_kind kind, const struct value *value, const struct test *test)
{
    for (size_t i = 0; i < test->count; i++)
        if (compare(kind, value, &test->operands[i]) == 0)
            return true;
    return false;
}

static bool text_ends(const char *text, const char *with)
{
    size_t length = strlen(text), bytes = strlen(with);
    return length >= bytes && strcasecmp(text + length - bytes, with) == 0;
}

static bool answers(enum value_kind kind, const struct value *value, const struct test *test)
{
    const struct operand *with = test->operands;
    if (value->blank)
        return false;
    switch (test->op) {
    case TEST_OP_PRESENT: return true;
    case TEST_OP_EQ: return compare(kind, value, with) == 0;
    case TEST_OP_IN: return is_one_of(kind, value, test);
    case TEST_OP_GT: return compare(kind, value, with) > 0;
    case TEST_OP_GTE: return compare(kind, value, with) >= 0;
    case TEST_OP_LT: return compare(kind, value, with) < 0;
    case TEST_OP_LTE: return compare(kind, value, with) <= 0;
    case TEST_OP_BETWEEN:
        return compare(kind, value, &with[0]) >= 0 && compare(kind, value, &with[1]) <= 0;
    case TEST_OP_CONTAINS: return strcasestr(value->text, with->text) != NULL;
    case TEST_OP_STARTS: return strncasecmp(value->text, with->text, strlen(with->text)) == 0;
    case TEST_OP_ENDS: return text_ends(value->text, with->text);
    case TEST_OP_COUNT: break;
    }
    return false;
}

static bool passes(enum value_kind kind, const struct value *value, const struct test *test)
{
    return answers(kind, value, test) != test->negated;
}

/* ---- Attributes ---- */

static struct value field_value(const struct field *field, const void *member,
                                enum value_kind *ret_kind)
{
    struct value value = { .blank = true };
    int name;
    switch (field->kind) {
    case FIELD_TEXT:
        *ret_kind = VALUE_TEXT;
        memcpy(&value.text, member, sizeof value.text);
        value.blank = !value.text || !*value.text;
        break;
    case FIELD_ID:
        *ret_kind = VALUE_ID;
        memcpy(&value.id, member, sizeof value.id);
        value.blank = id_is_nil(&value.id);
        break;
    case FIELD_ENUM:
        *ret_kind = VALUE_WHOLE;
        memcpy(&name, member, sizeof name);
        value.whole = name;
        value.blank = name < 0;
        break;
    default:
        *ret_kind = VALUE_WHOLE;
        memcpy(&value.whole, member, sizeof value.whole);
        value.blank = value.whole == NO_INT;
        break;
    }
    return value;
}

static struct value custom_value(const struct custom_field *custom, const struct lead *lead,
                                 enum value_kind *ret_kind)
{
    const struct custom_value *found = custom_values_find(&lead->fields, custom->field_id);
    bool is_text = custom->type == CUSTOM_TEXT || custom->type == CUSTOM_CHOICE;
    *ret_kind = is_text ? VALUE_TEXT : VALUE_WHOLE;
    if (!found || custom_value_is_blank(found))
        return (struct value){ .blank = true };
    return (struct value){ .text = found->text, .whole = found->number };
}

static bool attribute_passes(const struct condition *condition, const struct lead *lead)
{
    const struct field *field = condition->attribute.field;
    const struct custom_field *custom = condition->attribute.custom;
    enum value_kind kind;
    struct value value = custom ? custom_value(custom, lead, &kind)
                                : field_value(field, (const char *)lead + field->offset, &kind);
    return passes(kind, &value, &condition->test);
}

/* ---- Activities ---- */

enum { PROPERTY_TEXT_MAX = 64 * 1024 }; /* as much as a form takes; JSON brings less */

/* A number that came as a text is one, if it is nothing else besides. */
static bool text_number(const char *text, double *ret)
{
    size_t length = strlen(text);
    char *end;
    if (length == 0 || length > 40 || strspn(text, "0123456789+-.eE") != length)
        return false;
    *ret = strtod(text, &end);
    return *end == '\0';
}

static struct value property_value(const struct json_value *json, enum value_kind kind,
                                   char text[static PROPERTY_TEXT_MAX])
{
    struct value value = { .blank = true, .text = text };
    size_t length = 0;
    if (json->kind == JSON_KIND_TEXT) {
        length = json_value_text(json, text, PROPERTY_TEXT_MAX);
    } else if (json->kind == JSON_KIND_NUMBER || json->kind == JSON_KIND_BOOL) {
        length = json->bytes < PROPERTY_TEXT_MAX ? json->bytes : PROPERTY_TEXT_MAX - 1;
        memcpy(text, json->text, length);
        text[length] = '\0';
    }
    if (kind == VALUE_TEXT)
        value.blank = length == 0;
    else if (kind == VALUE_NUMBER)
        value.blank = !text_number(text, &value.real);
    else
        value.blank = (value.whole = strcmp(text, "true") == 0) == 0 && strcmp(text, "false") != 0;
    return value;
}

static bool property_passes(const struct property_test *test, const struct json_value *properties)
{
    struct json_value json = json_value_member(properties, test->property);
    char text[PROPERTY_TEXT_MAX];
    text[0] = '\0';
    struct value value = property_value(&json, test->kind, text);
    if (test->test.op == TEST_OP_PRESENT)
        value.blank = value.blank && json.kind != JSON_KIND_OBJECT && json.kind != JSON_KIND_LIST;
    return passes(test->kind, &value, &test->test);
}

bool selector_selects(const struct selector *selector, const struct activity *activity)
{
    if (strcmp(selector->activity, activity->type) != 0 ||
        !(selector->engagements & 1u << activity->engagement))
        return false;
    const char *text = activity->properties ? activity->properties : "";
    struct json_value properties = { 0 };
    if (selector->count > 0)
        properties = json_value_of(text, strlen(text));
    for (size_t i = 0; i < selector->count; i++)
        if (!property_passes(&selector->tests[i], &properties))
            return false;
    return true;
}

/* How many of the ascending times are at or before `at`. */
static size_t count_until(const struct selected *selected, int64_t at)
{
    size_t low = 0, high = selected->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (selected->times[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool activities_suffice(const struct condition *condition, const struct subject *subject)
{
    const struct selected *selected = &subject->selected[condition->selector];
    int64_t count = (int64_t)count_until(selected, subject->at);
    if (condition->within_days == NO_INT)
        count += selected->earlier;
    else
        count -= (int64_t)count_until(selected, subject->at - condition->within_days * MS_PER_DAY);
    return count >= condition->at_least &&
           (condition->at_most == NO_INT || count <= condition->at_most);
}

/* ---- The whole ---- */

static bool holds_plainly(const struct condition *condition, const struct subject *subject)
{
    bool is_all = condition->kind == CONDITION_ALL;
    switch (condition->kind) {
    case CONDITION_FIELD: return attribute_passes(condition, subject->lead);
    case CONDITION_ACTIVITY: return activities_suffice(condition, subject);
    case CONDITION_ALL:
    case CONDITION_ANY: break;
    }
    for (size_t i = 0; i < condition->count; i++)
        if (condition_holds(&condition->items[i], subject) != is_all)
            return !is_all;
    return is_all;
}

bool condition_holds(const struct condition *condition, const struct subject *subject)
{
    return holds_plainly(condition, subject) != condition->negated;
}

bool condition_reads_activities(const struct condition *condition)
{
    for (size_t i = 0; i < condition->count; i++)
        if (condition_reads_activities(&condition->items[i]))
            return true;
    return condition->kind == CONDITION_ACTIVITY;
}

const char *condition_costly_place(const struct condition *condition)
{
    const char *found = condition->kind == CONDITION_ACTIVITY ? condition->place : NULL;
    for (size_t i = 0; i < condition->count; i++) {
        const struct condition *item = &condition->items[i];
        const char *place = condition_costly_place(item);
        bool of_any_age = item->kind == CONDITION_ACTIVITY && item->within_days == NO_INT;
        if (place && (!found || of_any_age))
            found = place;
    }
    return found;
}

bool condition_reads_custom(const struct condition *condition)
{
    for (size_t i = 0; i < condition->count; i++)
        if (condition_reads_custom(&condition->items[i]))
            return true;
    return condition->kind == CONDITION_FIELD && condition->attribute.custom;
}

bool condition_reads(const struct condition *condition, const char *attribute)
{
    for (size_t i = 0; i < condition->count; i++)
        if (condition_reads(&condition->items[i], attribute))
            return true;
    return condition->kind == CONDITION_FIELD && condition->attribute.field &&
           strcmp(condition->attribute.field->name, attribute) == 0;
}
