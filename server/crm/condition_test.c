/* condition_test.c: what is asked of a value, {"op":"in","value":["US","CA"]}, from JSON: the
 * ops there are, and values by the type of what they are compared with. Knows neither the tree
 * around it nor what it will be asked of. */
#include "condition_reader.h"

#include <funneld/stages.h>

#include <ctype.h>
#include <string.h>

/* ---- Complaints ---- */

void reader_note(struct reader *reader, enum err err)
{
    if (reader->first == OK || err == ERR_MEMORY)
        reader->first = err;
}

/* Names that a table has, of those that may be said. */
const char *reader_names(struct reader *reader, const char *const *names, size_t count)
{
    struct buffer out = { .arena = reader->ctx->arena };
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "%s%s", i ? ", " : "", names[i]);
    buffer_char(&out, '\0');
    return out.failed ? "?" : out.data;
}

void *reader_take(struct reader *reader, size_t bytes)
{
    void *data = ctx_alloc(reader->ctx, bytes);
    if (!data)
        reader_note(reader, ERR_MEMORY);
    return data;
}

char *reader_copy(struct reader *reader, const char *text, size_t bytes)
{
    char *copy = reader_take(reader, bytes + 1);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

/* The text of a value, or NULL where it is none or blank, which has been told. */
char *reader_text(struct reader *reader, const struct path *path, const struct json_value *value)
{
    if (value->kind != JSON_KIND_TEXT) {
        COMPLAIN(reader, path, "wrong_type", "must be a text");
        return NULL;
    }
    char *text = reader_take(reader, value->bytes);
    if (text && json_value_text(value, text, value->bytes) == 0) {
        COMPLAIN(reader, path, "invalid", "must not be blank; the op absent asks for blank ones");
        return NULL;
    }
    return text;
}

/* A member of an object; what lacks one is told so. */
struct json_value reader_member(struct reader *reader, const struct path *path,
                                const struct json_value *object, const char *name)
{
    struct json_value value = json_value_member(object, name);
    if (value.kind == JSON_KIND_NONE)
        COMPLAIN(reader, (&(struct path){ .up = path, .name = name }), "required", "must be given");
    return value;
}

void reader_check_members(struct reader *reader, const struct path *path,
                          const struct json_value *object, const char *const *known)
{
    struct json_value name, value;
    for (struct json_walk walk = json_walk(object); json_walk_member(&walk, &name, &value);) {
        size_t i = 0;
        while (known[i] && !json_value_is(&name, known[i]))
            i++;
        char *text = known[i] ? NULL : reader_take(reader, name.bytes);
        if (!text)
            continue;
        json_value_text(&name, text, name.bytes);
        size_t count = 0;
        while (known[count])
            count++;
        COMPLAIN(reader, (&(struct path){ .up = path, .name = text }), "unknown_member",
                 "is not known here; there are %s", reader_names(reader, known, count));
    }
}

/* Items of a list, told when it is none, has none or too many. 0: there is nothing to read. */
size_t reader_count_items(struct reader *reader, const struct path *path,
                          const struct json_value *list, size_t most)
{
    struct json_value item;
    size_t count = 0;
    if (list->kind == JSON_KIND_NONE)
        return 0; /* told already */
    for (struct json_walk walk = json_walk(list);
         list->kind == JSON_KIND_LIST && json_walk_item(&walk, &item);)
        count++;
    if (list->kind != JSON_KIND_LIST)
        COMPLAIN(reader, path, "wrong_type", "must be a list");
    else if (count == 0)
        COMPLAIN(reader, path, "too_few", "must not be empty");
    else if (count > most)
        COMPLAIN(reader, path, "too_many", "at most %zu items", most);
    else
        return count;
    return 0;
}

void reader_count_leaf(struct reader *reader, const struct path *path)
{
    if (++reader->leaves == CONDITION_LEAVES_MAX + 1)
        COMPLAIN(reader, path, "too_many", "at most %d tests in one condition",
                 CONDITION_LEAVES_MAX);
}

/* ---- Names ---- */

#define OF(kind) (1u << FIELD_##kind)
enum {
    OF_ORDER = OF(TEXT) | OF(INT) | OF(TIME) | OF(DAY) | OF(NUMBER),
    OF_LIST = OF_ORDER | OF(ID) | OF(ENUM),
    OF_ANY = OF_LIST | OF(BOOL),
};

static const struct comparison comparisons[] = {
    { TEST_OP_EQ, false, ARITY_ONE, OF_ANY },
    { TEST_OP_EQ, true, ARITY_ONE, OF_ANY },
    { TEST_OP_IN, false, ARITY_LIST, OF_LIST },
    { TEST_OP_IN, true, ARITY_LIST, OF_LIST },
    { TEST_OP_GT, false, ARITY_ONE, OF_ORDER },
    { TEST_OP_GTE, false, ARITY_ONE, OF_ORDER },
    { TEST_OP_LT, false, ARITY_ONE, OF_ORDER },
    { TEST_OP_LTE, false, ARITY_ONE, OF_ORDER },
    { TEST_OP_BETWEEN, false, ARITY_TWO, OF_ORDER },
    { TEST_OP_CONTAINS, false, ARITY_ONE, OF(TEXT) },
    { TEST_OP_CONTAINS, true, ARITY_ONE, OF(TEXT) },
    { TEST_OP_STARTS, false, ARITY_ONE, OF(TEXT) },
    { TEST_OP_ENDS, false, ARITY_ONE, OF(TEXT) },
    { TEST_OP_PRESENT, false, ARITY_NONE, OF_ANY },
    { TEST_OP_PRESENT, true, ARITY_NONE, OF_ANY },
};
const char *const condition_op_names[] = {
    "eq",      "ne",       "in",           "not_in", "gt",   "gte",     "lt",     "lte",
    "between", "contains", "not_contains", "starts", "ends", "present", "absent", NULL,
};
_Static_assert(ARRAY_SIZE(comparisons) == CONDITION_OPS &&
                   ARRAY_SIZE(condition_op_names) == CONDITION_OPS + 1,
               "a name for each");

/* ---- Values ---- */

static bool is_key(const struct field *field, const char *name)
{
    return field && strcmp(field->name, name) == 0;
}

/* Keys of pipelines or stages are known; other texts may be anything. */
static bool key_exists(const struct condition_scope *scope, const struct field *field,
                       const char *text)
{
    bool stage = is_key(field, "stage");
    const struct pipeline *pipelines = scope->pipelines->items;
    for (size_t i = 0; i < scope->pipelines->count; i++) {
        const struct stage *stages = pipelines[i].stages.items;
        if (!stage && strcmp(pipelines[i].key, text) == 0)
            return true;
        for (size_t j = 0; stage && j < pipelines[i].stages.count; j++)
            if (strcmp(stages[j].key, text) == 0)
                return true;
    }
    return false;
}

static void store_text(struct reader *reader, const struct path *path, const struct sort *sort,
                       char *text, struct operand *ret)
{
    for (char *at = text; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    ret->text = text;
    bool keyed = is_key(sort->field, "stage") || is_key(sort->field, "pipeline");
    if (keyed && !key_exists(reader->scope, sort->field, text))
        COMPLAIN(reader, path, "unknown", "no %s has this key", sort->field->name);
}

static void store_named(struct reader *reader, const struct path *path, const struct field *field,
                        const char *text, struct operand *ret)
{
    int name = -1;
    void *to = field->kind == FIELD_ID     ? (void *)&ret->id
               : field->kind == FIELD_ENUM ? (void *)&name
                                           : (void *)&ret->whole;
    enum err err = value_from_text(reader->ctx, path, field, text, to);
    if (err)
        reader_note(reader, err);
    else if (field->kind == FIELD_ENUM)
        ret->whole = name;
}

static void store_whole(struct reader *reader, const struct path *path,
                        const struct json_value *json, struct operand *ret)
{
    if (!json_value_int(json, &ret->whole))
        COMPLAIN(reader, path, "wrong_type", "must be a whole number");
}

/* A number with decimals, as whole millionths. */
static void store_decimal(struct reader *reader, const struct path *path,
                          const struct json_value *json, struct operand *ret)
{
    char *text =
        json->kind == JSON_KIND_NUMBER ? reader_copy(reader, json->text, json->bytes) : NULL;
    if (json->kind != JSON_KIND_NUMBER)
        COMPLAIN(reader, path, "wrong_type", "must be a number");
    else if (text && !decimal_parse(text, &ret->whole))
        COMPLAIN(reader, path, "out_of_range", "a number, " DECIMAL_LIMITS);
}

static void store_truth(struct reader *reader, const struct path *path,
                        const struct json_value *json, struct operand *ret)
{
    if (json->kind != JSON_KIND_BOOL)
        COMPLAIN(reader, path, "wrong_type", "must be true or false");
    ret->whole = json_value_true(json);
}

static void read_field_value(struct reader *reader, const struct path *path,
                             const struct sort *sort, const struct json_value *json,
                             struct operand *ret)
{
    const struct field *field = sort->field;
    bool is_text =
        field->kind != FIELD_INT && field->kind != FIELD_BOOL && field->kind != FIELD_NUMBER;
    char *text = is_text ? reader_text(reader, path, json) : NULL;
    if (field->kind == FIELD_INT)
        store_whole(reader, path, json, ret);
    else if (field->kind == FIELD_NUMBER)
        store_decimal(reader, path, json, ret);
    else if (field->kind == FIELD_BOOL)
        store_truth(reader, path, json, ret);
    else if (text && field->kind == FIELD_TEXT)
        store_text(reader, path, sort, text, ret);
    else if (text)
        store_named(reader, path, field, text, ret);
}

void operand_of_text(struct reader *reader, const struct path *path, const struct sort *sort,
                     char *text, struct operand *ret)
{
    const struct field *field = sort->field;
    struct json_value json = json_value_of(text, strlen(text));
    if (json.bytes != strlen(text))
        json.kind = JSON_KIND_NONE; /* there is something before or behind it */
    if (!*text)
        COMPLAIN(reader, path, "invalid", "must not be blank; the op absent asks for blank ones");
    else if (field->kind == FIELD_INT)
        store_whole(reader, path, &json, ret);
    else if (field->kind == FIELD_NUMBER)
        store_decimal(reader, path, &json, ret);
    else if (field->kind == FIELD_BOOL)
        store_truth(reader, path, &json, ret);
    else if (field->kind == FIELD_TIME && json_value_int(&json, &ret->whole))
        return; /* in milliseconds */
    else if (field->kind == FIELD_TEXT)
        store_text(reader, path, sort, text, ret);
    else
        store_named(reader, path, field, text, ret);
}

/* A property has no type of its own: it is compared with what stands here. */
static void read_property_value(struct reader *reader, const struct path *path, struct sort *sort,
                                bool first, const struct json_value *json, struct operand *ret)
{
    enum value_kind kind = VALUE_TEXT;
    if (json_value_real(json, &ret->real)) {
        kind = VALUE_NUMBER;
    } else if (json->kind == JSON_KIND_BOOL) {
        kind = VALUE_TRUTH;
        ret->whole = json_value_true(json);
    } else if (json->kind == JSON_KIND_TEXT) {
        char *text = reader_text(reader, path, json);
        if (text)
            store_text(reader, path, sort, text, ret);
    } else {
        COMPLAIN(reader, path, "wrong_type", "must be a text, a number, true or false");
        return;
    }
    if (first)
        sort->kind = kind;
    else if (sort->kind != kind)
        COMPLAIN(reader, path, "wrong_type", "must be of the same type as the value before");
}

static void read_value(struct reader *reader, const struct path *path, struct sort *sort,
                       bool first, const struct json_value *json, struct operand *ret)
{
    if (sort->field)
        read_field_value(reader, path, sort, json, ret);
    else
        read_property_value(reader, path, sort, first, json, ret);
}

static void read_values(struct reader *reader, const struct path *path, struct sort *sort,
                        bool pair, const struct json_value *json, struct test *ret)
{
    size_t count = reader_count_items(reader, path, json, CONDITION_VALUES_MAX), i = 0;
    struct json_value item;
    if (pair && count > 0 && count != 2) {
        COMPLAIN(reader, path, "invalid", "must be [lowest, highest], both taken in");
        return;
    }
    struct operand *operands = count ? reader_take(reader, count * sizeof *operands) : NULL;
    if (!operands)
        return;
    for (struct json_walk walk = json_walk(json); json_walk_item(&walk, &item); i++)
        read_value(reader, &(struct path){ .up = path, .index = i }, sort, i == 0, &item,
                   &operands[i]);
    ret->operands = operands;
    ret->count = count;
}

/* ---- Tests: {"field" or "property", "op", "value"} ---- */

static unsigned kinds_of(const struct sort *sort)
{
    if (sort->field)
        return 1u << sort->field->kind;
    return sort->kind == VALUE_TRUTH ? OF(BOOL) : sort->kind == VALUE_NUMBER ? OF(INT) : OF(TEXT);
}

const struct comparison *comparison_find(const char *op)
{
    int index = name_find(condition_op_names, op);
    return index < 0 ? NULL : &comparisons[index];
}

static const struct comparison *read_comparison(struct reader *reader, const struct path *path,
                                                const struct json_value *object)
{
    struct path at = { .up = path, .name = "op" };
    struct json_value name = reader_member(reader, path, object, "op");
    for (size_t i = 0; condition_op_names[i]; i++)
        if (json_value_is(&name, condition_op_names[i]))
            return &comparisons[i];
    if (name.kind != JSON_KIND_NONE)
        COMPLAIN(reader, &at, "unknown_value", "one of: %s",
                 reader_names(reader, condition_op_names, CONDITION_OPS));
    return NULL;
}

void comparison_check(struct reader *reader, const struct path *path, const struct sort *sort,
                      const struct comparison *comparison)
{
    unsigned kinds = kinds_of(sort);
    const char *names[CONDITION_OPS];
    size_t count = 0;
    if (comparison->kinds & kinds)
        return;
    for (size_t i = 0; i < CONDITION_OPS; i++)
        if (comparisons[i].kinds & kinds)
            names[count++] = condition_op_names[i];
    COMPLAIN(reader, path, "invalid", "does not go with %s; there are %s",
             sort->field ? sort->field->name : "such a value", reader_names(reader, names, count));
}

void test_read(struct reader *reader, const struct path *path, const struct json_value *object,
               struct sort *sort, struct test *ret)
{
    struct path at = { .up = path, .name = "value" }, op = { .up = path, .name = "op" };
    const struct comparison *comparison = read_comparison(reader, path, object);
    if (!comparison)
        return;
    *ret = (struct test){ .op = comparison->op, .negated = comparison->negated };
    if (sort->field)
        comparison_check(reader, &op, sort, comparison);
    if (comparison->arity == ARITY_NONE) {
        if (json_value_member(object, "value").kind != JSON_KIND_NONE)
            COMPLAIN(reader, &at, "invalid", "must be left out: this op needs none");
        return;
    }
    struct json_value value = reader_member(reader, path, object, "value");
    struct operand *one = reader_take(reader, sizeof *one);
    if (value.kind == JSON_KIND_NONE || !one)
        return;
    if (comparison->arity != ARITY_ONE) {
        read_values(reader, &at, sort, comparison->arity == ARITY_TWO, &value, ret);
    } else {
        read_value(reader, &at, sort, true, &value, one);
        ret->operands = one;
        ret->count = 1;
    }
    if (!sort->field)
        comparison_check(reader, &op, sort, comparison);
}
