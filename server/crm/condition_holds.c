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
    bool folded; /* the text is in lower case already, as operands are */
    const char *text;
    int64_t whole;
    double real;
    struct id id;
};

static int compare_texts(const struct value *value, const char *text, const char *with)
{
    return value->folded ? strcmp(text, with) : strcasecmp(text, with);
}

static int compare(enum value_kind kind, const struct value *value, const struct operand *with)
{
    switch (kind) {
    case VALUE_TEXT: return compare_texts(value, value->text, with->text);
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

static bool text_contains(const struct value *value, const char *with)
{
    return (value->folded ? strstr(value->text, with) : strcasestr(value->text, with)) != NULL;
}

static bool text_ends(const struct value *value, const char *with)
{
    size_t length = strlen(value->text), bytes = strlen(with);
    return length >= bytes && compare_texts(value, value->text + length - bytes, with) == 0;
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
    case TEST_OP_CONTAINS: return text_contains(value, with->text);
    case TEST_OP_STARTS: return strncasecmp(value->text, with->text, strlen(with->text)) == 0;
    case TEST_OP_ENDS: return text_ends(value, with->text);
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

/* The text that a value stands for, its ASCII in lower case; to: room for PROPERTY_TEXT_MAX, cut to
 * that. */
static void property_text(const struct json_value *json, char *to)
{
    size_t length = 0;
    if (json->kind == JSON_KIND_TEXT) {
        length = json_value_text(json, to, PROPERTY_TEXT_MAX);
    } else if (json->kind == JSON_KIND_NUMBER || json->kind == JSON_KIND_BOOL) {
        length = json->bytes < PROPERTY_TEXT_MAX ? json->bytes : PROPERTY_TEXT_MAX - 1;
        memcpy(to, json->text, length);
    }
    to[length] = '\0';
    for (size_t i = 0; i < length; i++)
        to[i] = (char)(to[i] + (to[i] >= 'A' && to[i] <= 'Z' ? 'a' - 'A' : 0));
}

/* Whether it says true or false, as a text or not. */
static bool truth_read(const struct json_value *json, int64_t *ret)
{
    bool is_text = json->kind == JSON_KIND_TEXT;
    *ret = is_text ? json_value_is(json, "true") : json_value_true(json);
    return json->kind == JSON_KIND_BOOL || *ret || (is_text && json_value_is(json, "false"));
}

/* A whole number, of which no digit is lost, needs no text. */
static bool is_small_number(const struct json_value *json, struct value *ret)
{
    int64_t whole;
    if (json->bytes >= 16 || !json_value_int(json, &whole))
        return false;
    *ret = (struct value){ .real = (double)whole };
    return true;
}

static bool text_passes(const struct property_test *test, const struct json_value *json,
                        const char *text)
{
    struct value value = { .text = text, .folded = true };
    if (test->kind == VALUE_TEXT)
        value.blank = *text == '\0';
    else if (test->kind == VALUE_TRUTH)
        value.blank = !truth_read(json, &value.whole);
    else
        value.blank = !text_number(text, &value.real);
    if (test->test.op == TEST_OP_PRESENT)
        value.blank = value.blank && json->kind != JSON_KIND_OBJECT && json->kind != JSON_KIND_LIST;
    return passes(test->kind, &value, &test->test);
}

/* Apart, as room for the longest text is a burden to those who do without. */
static __attribute__((noinline)) bool long_text_passes(const struct property_test *test,
                                                       const struct json_value *json)
{
    char text[PROPERTY_TEXT_MAX];
    property_text(json, text);
    return text_passes(test, json, text);
}

void look_begin(struct look *look, const struct activity *activity)
{
    look->activity = activity;
    look->is_read = false; /* what else there is is set when it is needed */
}

static void look_read(struct look *look)
{
    const char *text = look->activity->properties ? look->activity->properties : "";
    look->is_read = true;
    look->count = look->text_bytes = 0;
    if (*text != '{') /* it has none */
        text = "{}";
    look->whole = (struct json_value){ JSON_KIND_OBJECT, text, strlen(text) };
    struct json_value name, value;
    for (struct json_walk walk = json_walk(&look->whole);
         look->count < LOOK_PROPERTIES && json_walk_member(&walk, &name, &value);)
        look->properties[look->count++] = (struct look_property){ name, value, NULL };
}

/* Names are short, and have escapes only where somebody means to try us. */
static bool is_name(const struct json_value *name, const char *property)
{
    const char *at = name->text + 1, *with = property;
    for (; *with && *at == *with; with++)
        at++;
    return *at == '\\' ? json_value_is(name, property) : *with == '\0' && *at == '"';
}

/* The first of that name, as everywhere; NULL: not among those that are kept. */
static struct look_property *look_find(struct look *look, const char *property)
{
    for (size_t i = 0; i < look->count; i++)
        if (is_name(&look->properties[i].name, property))
            return &look->properties[i];
    return NULL;
}

static const char *look_text(struct look *look, struct look_property *property)
{
    size_t room = property->value.bytes + 1;
    if (!property->text && room <= LOOK_TEXT_BYTES - look->text_bytes) {
        char *to = look->texts + look->text_bytes;
        property_text(&property->value, to);
        look->text_bytes += room;
        property->text = to;
    }
    return property->text;
}

static bool property_passes(const struct property_test *test, struct look *look)
{
    struct look_property *found = look_find(look, test->property);
    if (!found && look->count == LOOK_PROPERTIES) {
        struct json_value json = json_value_member(&look->whole, test->property);
        return long_text_passes(test, &json);
    }
    static const struct json_value none = { .kind = JSON_KIND_NONE };
    if (!found)
        return text_passes(test, &none, "");
    struct value value;
    if (test->kind == VALUE_NUMBER && is_small_number(&found->value, &value))
        return passes(test->kind, &value, &test->test);
    const char *text = look_text(look, found);
    return text ? text_passes(test, &found->value, text) : long_text_passes(test, &found->value);
}

bool selector_passes(const struct selector *selector, struct look *look)
{
    if (!(selector->engagements & 1u << look->activity->engagement))
        return false;
    if (selector->count > 0 && !look->is_read)
        look_read(look);
    for (size_t i = 0; i < selector->count; i++)
        if (!property_passes(&selector->tests[i], look))
            return false;
    return true;
}

bool selector_selects_look(const struct selector *selector, struct look *look)
{
    return strcmp(selector->activity, look->activity->type) == 0 && selector_passes(selector, look);
}

bool selector_selects(const struct selector *selector, const struct activity *activity)
{
    struct look look;
    look_begin(&look, activity);
    return selector_selects_look(selector, &look);
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
