/* condition_read.c: conditions and selectors from their JSON. Each mistake is told with the place
 * where it stands and what would be right. Knows no lead and no activity. */
#include "condition_reader.h"

#include <string.h>

#define CUSTOM_PREFIX "fields."

/* ---- Attributes ---- */

/* What may be asked of at all: not what only we keep of a lead. */
static bool can_be_named(const struct field *field)
{
    return field->kind != FIELD_BYTES && field->kind != FIELD_VALUES &&
           !(field->flags & (FIELD_HIDDEN | FIELD_OMIT_NULL));
}

static bool is_given(const struct field *field)
{
    return table_find(&lead_patch_table, field->name) >= 0 ||
           strcmp(field->name, "created_at") == 0;
}

bool condition_names(const char *parameter)
{
    size_t bytes = strcspn(parameter, "[");
    if (strncmp(parameter, CUSTOM_PREFIX, strlen(CUSTOM_PREFIX)) == 0)
        return true; /* whether there is such a one will be seen */
    for (size_t i = 0; i < lead_table.count; i++)
        if (can_be_named(&lead_table.fields[i]) && strlen(lead_table.fields[i].name) == bytes &&
            memcmp(lead_table.fields[i].name, parameter, bytes) == 0)
            return true;
    return false;
}

static bool may_be_named(const struct condition_scope *scope, const struct field *field)
{
    return can_be_named(field) && (scope->reach == CONDITION_OF_ALL || is_given(field));
}

static const char *list_attributes(struct reader *reader)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < lead_table.count; i++)
        if (may_be_named(reader->scope, &lead_table.fields[i]))
            names[count++] = lead_table.fields[i].name;
    return reader_names(reader, names, count);
}

static const struct custom_field *find_custom(const struct condition_scope *scope, const char *key)
{
    const struct custom_field *fields = scope->custom_fields ? scope->custom_fields->items : NULL;
    for (size_t i = 0; fields && i < scope->custom_fields->count; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

/* What it would be if it were one of ours. */
static const struct field *make_field(struct reader *reader, const char *name,
                                      const struct custom_field *custom)
{
    static const enum field_kind kinds[] = {
        [CUSTOM_TEXT] = FIELD_TEXT, [CUSTOM_NUMBER] = FIELD_NUMBER, [CUSTOM_BOOLEAN] = FIELD_BOOL,
        [CUSTOM_DATE] = FIELD_DAY,  [CUSTOM_CHOICE] = FIELD_TEXT,
    };
    struct field *field = reader_take(reader, sizeof *field);
    if (!field)
        return NULL;
    *field = (struct field){ .name = reader_copy(reader, name, strlen(name)),
                             .kind = kinds[custom->type] };
    return field->name ? field : NULL;
}

static bool find_custom_attribute(struct reader *reader, const struct path *path, const char *name,
                                  struct attribute *ret)
{
    const struct custom_field *custom = find_custom(reader->scope, name + strlen(CUSTOM_PREFIX));
    if (!custom) {
        COMPLAIN(reader, path, "unknown_value", "no custom field has this key: see /v1/fields");
        return false;
    }
    *ret = (struct attribute){ make_field(reader, name, custom), custom };
    return ret->field;
}

bool attribute_find(struct reader *reader, const struct path *path, const char *name,
                    struct attribute *ret)
{
    if (strncmp(name, CUSTOM_PREFIX, strlen(CUSTOM_PREFIX)) == 0)
        return find_custom_attribute(reader, path, name, ret);
    int index = table_find(&lead_table, name);
    const struct field *field = index < 0 ? NULL : &lead_table.fields[index];
    if (field && may_be_named(reader->scope, field)) {
        *ret = (struct attribute){ .field = field };
        return true;
    }
    if (field && can_be_named(field))
        COMPLAIN(reader, path, "not_allowed",
                 "follows from rules, so none can depend on it; there are %s",
                 list_attributes(reader));
    else
        COMPLAIN(reader, path, "unknown_value", "no attribute of a lead; there are %s",
                 list_attributes(reader));
    return false;
}

static void read_field(struct reader *reader, const struct path *path,
                       const struct json_value *object, struct condition *ret)
{
    struct path at = { .up = path, .name = "field" };
    struct json_value json = reader_member(reader, path, object, "field");
    char *name = json.kind == JSON_KIND_NONE ? NULL : reader_text(reader, &at, &json);
    ret->kind = CONDITION_FIELD;
    if (reader->scope->selectors)
        ret->number = reader->scope->selectors->fields++;
    reader_count_leaf(reader, path);
    if (!name || !attribute_find(reader, &at, name, &ret->attribute))
        return;
    if (ret->attribute.custom && !(ret->place = path_text(reader->ctx, path)))
        reader_note(reader, ERR_MEMORY);
    struct sort sort = { .field = ret->attribute.field };
    test_read(reader, path, object, &sort, &ret->test);
}

/* ---- Activities ---- */

static void read_property_test(struct reader *reader, const struct path *path,
                               const struct json_value *json, struct property_test *ret)
{
    static const char *const members[] = { "property", "op", "value", NULL };
    reader_count_leaf(reader, path);
    if (json->kind != JSON_KIND_OBJECT) {
        COMPLAIN(reader, path, "wrong_type",
                 "must be an object like {\"property\":\"url\",\"op\":\"starts\",\"value\":\"/\"}");
        return;
    }
    reader_check_members(reader, path, json, members);
    struct json_value name = reader_member(reader, path, json, "property");
    if (name.kind != JSON_KIND_NONE)
        ret->property =
            reader_text(reader, &(struct path){ .up = path, .name = "property" }, &name);
    struct sort sort = { .kind = VALUE_TEXT };
    test_read(reader, path, json, &sort, &ret->test);
    ret->kind = sort.kind;
}

/* Names of enum engagement, as bits. */
static unsigned read_engagements(struct reader *reader, const struct path *path,
                                 const struct json_value *object)
{
    struct path at = { .up = path, .name = "engagement" };
    struct json_value list = json_value_member(object, at.name), item;
    unsigned bits = 0;
    size_t i = 0;
    if (list.kind == JSON_KIND_NONE)
        return 1u << ENGAGEMENT_VERIFIED;
    if (reader_count_items(reader, &at, &list, ENGAGEMENT_COUNT) == 0)
        return 0;
    for (struct json_walk walk = json_walk(&list); json_walk_item(&walk, &item); i++) {
        struct path place = { .up = &at, .index = i };
        char *name = reader_text(reader, &place, &item);
        int engagement = name ? name_find(engagement_names, name) : -1;
        if (engagement >= 0)
            bits |= 1u << engagement;
        else if (name)
            COMPLAIN(reader, &place, "unknown_value", "verified, suspect, bot");
    }
    return bits;
}

static void read_selector(struct reader *reader, const struct path *path,
                          const struct json_value *object, struct selector *ret)
{
    struct path type = { .up = path, .name = "activity" }, where = { .up = path, .name = "where" };
    struct json_value json = reader_member(reader, path, object, "activity"), item;
    if (json.kind != JSON_KIND_NONE)
        ret->activity = reader_text(reader, &type, &json);
    if (ret->activity && !word_valid(ret->activity))
        COMPLAIN(reader, &type, "invalid", "lower-case letters, digits and _, a letter first");
    ret->engagements = read_engagements(reader, path, object);
    json = json_value_member(object, "where");
    size_t count = reader_count_items(reader, &where, &json, CONDITION_LEAVES_MAX), i = 0;
    struct property_test *tests = count ? reader_take(reader, count * sizeof *tests) : NULL;
    if (!tests)
        return;
    for (struct json_walk walk = json_walk(&json); json_walk_item(&walk, &item); i++)
        read_property_test(reader, &(struct path){ .up = &where, .index = i }, &item, &tests[i]);
    ret->tests = tests;
    ret->count = count;
}

static bool same_operand(enum value_kind kind, const struct operand *a, const struct operand *b)
{
    return kind == VALUE_TEXT     ? text_equal(a->text, b->text)
           : kind == VALUE_NUMBER ? a->real == b->real
                                  : a->whole == b->whole;
}

static bool same_test(const struct property_test *a, const struct property_test *b)
{
    bool same = a->kind == b->kind && strcmp(a->property, b->property) == 0 &&
                a->test.op == b->test.op && a->test.negated == b->test.negated &&
                a->test.count == b->test.count;
    for (size_t i = 0; same && i < a->test.count; i++)
        same = same_operand(a->kind, &a->test.operands[i], &b->test.operands[i]);
    return same;
}

static bool same_selector(const struct selector *a, const struct selector *b)
{
    bool same = strcmp(a->activity, b->activity) == 0 && a->engagements == b->engagements &&
                a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_test(&a->tests[i], &b->tests[i]);
    return same;
}

/* Its place in the list, which it takes there unless it has it already. */
static size_t keep_selector(struct reader *reader, const struct path *path,
                            const struct selector *selector)
{
    struct selectors *all = reader->scope->selectors;
    for (size_t i = 0; i < all->count; i++)
        if (same_selector(&all->items[i], selector))
            return i;
    if (all->count == SELECTORS_MAX) {
        COMPLAIN(reader, path, "too_many", "at most %d different selections of activities",
                 SELECTORS_MAX);
        return 0;
    }
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 8;
        struct selector *items = reader_take(reader, capacity * sizeof *items);
        if (!items)
            return 0;
        if (all->count > 0)
            memcpy(items, all->items, all->count * sizeof *items);
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count] = *selector;
    return all->count++;
}

/* A whole number from `least` on; NO_INT where it is not there or wrong. */
static int64_t read_number(struct reader *reader, const struct path *path,
                           const struct json_value *json, int64_t least, int64_t most)
{
    int64_t number = NO_INT;
    if (json->kind == JSON_KIND_NONE)
        return NO_INT;
    if (!json_value_int(json, &number) || number < least || number > most)
        COMPLAIN(reader, path, "out_of_range", "a whole number, %lld to %lld", (long long)least,
                 (long long)most);
    return number;
}

static void read_count(struct reader *reader, const struct path *path,
                       const struct json_value *object, struct condition *ret)
{
    static const char *const members[] = { "eq", "gte", "lte", NULL };
    struct path at = { .up = path, .name = "count" };
    struct json_value count = json_value_member(object, "count");
    ret->at_least = 1;
    ret->at_most = NO_INT;
    if (count.kind == JSON_KIND_NONE)
        return;
    int64_t values[3];
    for (size_t i = 0; i < 3; i++) {
        struct json_value value = json_value_member(&count, members[i]);
        values[i] = read_number(reader, &(struct path){ .up = &at, .name = members[i] }, &value, 0,
                                CONDITION_COUNT_MAX);
    }
    reader_check_members(reader, &at, &count, members);
    bool exact = values[0] != NO_INT, range = values[1] != NO_INT || values[2] != NO_INT;
    if (count.kind != JSON_KIND_OBJECT || exact == range) {
        COMPLAIN(reader, &at, "invalid",
                 "must be an object like {\"gte\":3}, {\"gte\":1,\"lte\":5} or {\"eq\":0}");
        return;
    }
    ret->at_least = exact ? values[0] : values[1] == NO_INT ? 0 : values[1];
    ret->at_most = exact ? values[0] : values[2];
}

static void read_activity(struct reader *reader, const struct path *path,
                          const struct json_value *object, struct condition *ret)
{
    struct path days = { .up = path, .name = "within_days" };
    struct json_value within = json_value_member(object, "within_days");
    struct selector selector = { 0 };
    enum err before = reader->first;
    ret->kind = CONDITION_ACTIVITY;
    ret->place = path_text(reader->ctx, path);
    if (!ret->place)
        reader_note(reader, ERR_MEMORY);
    if (!reader->scope->selectors) {
        COMPLAIN(reader, path, "not_allowed", "activities cannot be asked for here");
        return;
    }
    reader->first = OK;
    reader_count_leaf(reader, path);
    read_selector(reader, path, object, &selector);
    read_count(reader, path, object, ret);
    ret->within_days = read_number(reader, &days, &within, 1, CONDITION_DAYS_MAX);
    if (reader->first == OK)
        ret->selector = keep_selector(reader, path, &selector);
    ret->activity = selector.activity;
    if (before)
        reader_note(reader, before);
}

/* ---- The tree ---- */

static void read_condition(struct reader *reader, const struct path *path, int depth,
                           const struct json_value *json, struct condition *ret);

static void read_items(struct reader *reader, const struct path *path, int depth,
                       const struct json_value *list, struct condition *ret)
{
    size_t count = reader_count_items(reader, path, list, CONDITION_LEAVES_MAX), i = 0;
    struct condition *items = count ? reader_take(reader, count * sizeof *items) : NULL;
    struct json_value item;
    if (!items)
        return;
    for (struct json_walk walk = json_walk(list); json_walk_item(&walk, &item); i++)
        read_condition(reader, &(struct path){ .up = path, .index = i }, depth + 1, &item,
                       &items[i]);
    ret->items = items;
    ret->count = count;
}

/* What an object is, by the member that it must have; and those it may have besides. */
static const char *const head_members[][6] = {
    { "all", NULL },
    { "any", NULL },
    { "not", NULL },
    { "field", "op", "value", NULL },
    { "activity", "where", "engagement", "count", "within_days", NULL },
};
enum head { HEAD_ALL, HEAD_ANY, HEAD_NOT, HEAD_FIELD, HEAD_ACTIVITY, HEAD_COUNT };

static void read_head(struct reader *reader, const struct path *path, int depth, enum head head,
                      const struct json_value *object, struct condition *ret)
{
    struct path below = { .up = path, .name = head_members[head][0] };
    struct json_value value = json_value_member(object, below.name);
    switch (head) {
    case HEAD_ALL:
    case HEAD_ANY:
        ret->kind = head == HEAD_ALL ? CONDITION_ALL : CONDITION_ANY;
        read_items(reader, &below, depth, &value, ret);
        return;
    case HEAD_NOT:
        read_condition(reader, &below, depth + 1, &value, ret);
        ret->negated = !ret->negated;
        return;
    case HEAD_FIELD: read_field(reader, path, object, ret); return;
    case HEAD_ACTIVITY: read_activity(reader, path, object, ret); return;
    case HEAD_COUNT: return;
    }
}

static void read_condition(struct reader *reader, const struct path *path, int depth,
                           const struct json_value *json, struct condition *ret)
{
    enum head head = 0;
    if (depth > CONDITION_DEPTH_MAX) {
        COMPLAIN(reader, path, "too_deep", "nested deeper than %d levels", CONDITION_DEPTH_MAX);
        return;
    }
    while (head < HEAD_COUNT &&
           json_value_member(json, head_members[head][0]).kind == JSON_KIND_NONE)
        head++;
    if (head == HEAD_COUNT) {
        COMPLAIN(reader, path, json->kind == JSON_KIND_OBJECT ? "invalid" : "wrong_type",
                 "must be an object with one of the members all, any, not, field, activity");
        return;
    }
    reader_check_members(reader, path, json, head_members[head]);
    read_head(reader, path, depth, head, json, ret);
}

enum err condition_read(struct ctx *ctx, const struct condition_scope *scope, const char *member,
                        const char *json, const struct condition **ret)
{
    struct reader reader = { .ctx = ctx, .scope = scope };
    struct path path = { .name = member, .is_place = true };
    size_t bytes = strlen(json);
    if (bytes > CONDITION_BYTES_MAX)
        return value_fail(ctx, &path, "too_long", "at most %d bytes", CONDITION_BYTES_MAX);
    struct json_value root = json_value_of(json, bytes);
    struct condition *condition = reader_take(&reader, sizeof *condition);
    if (condition)
        read_condition(&reader, &path, 1, &root, condition);
    *ret = condition;
    return reader.first;
}

enum err selector_read(struct ctx *ctx, const struct condition_scope *scope, const char *member,
                       const char *json, size_t *ret)
{
    static const char *const members[] = { "activity", "where", "engagement", NULL };
    struct reader reader = { .ctx = ctx, .scope = scope };
    struct path path = { .name = member, .is_place = true };
    struct json_value root = json_value_of(json, strlen(json));
    struct selector selector = { 0 };
    if (strlen(json) > CONDITION_BYTES_MAX)
        return value_fail(ctx, &path, "too_long", "at most %d bytes", CONDITION_BYTES_MAX);
    reader_check_members(&reader, &path, &root, members);
    read_selector(&reader, &path, &root, &selector);
    if (!reader.first)
        *ret = keep_selector(&reader, &path, &selector);
    return reader.first;
}
