/* condition_groups.c: conditions from the groups of filters that HubSpot's search takes, so that
 * what speaks to it can speak to us. */
#include "condition_reader.h"

#include <string.h>

/* What it calls attributes that we have under another name. */
static const struct {
    const char *theirs, *ours;
} aliases[] = {
    { "firstname", "first_name" },        { "lastname", "last_name" },
    { "jobtitle", "job_title" },          { "createdate", "created_at" },
    { "lastmodifieddate", "updated_at" }, { "hs_lastmodifieddate", "updated_at" },
    { "hubspot_owner_id", "owner" },      { "hubspotscore", "score" },
    { "lifecyclestage", "stage" },        { "hs_object_id", "id" },
};

const char *attribute_alias(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        if (strcmp(aliases[i].theirs, name) == 0)
            return aliases[i].ours;
    return name;
}

static const struct {
    const char *theirs, *ours;
} ops[] = {
    { "EQ", "eq" },
    { "NEQ", "ne" },
    { "LT", "lt" },
    { "LTE", "lte" },
    { "GT", "gt" },
    { "GTE", "gte" },
    { "BETWEEN", "between" },
    { "IN", "in" },
    { "NOT_IN", "not_in" },
    { "HAS_PROPERTY", "present" },
    { "NOT_HAS_PROPERTY", "absent" },
    { "CONTAINS_TOKEN", "contains" },
    { "NOT_CONTAINS_TOKEN", "not_contains" },
};

static const struct comparison *find_op(struct reader *reader, const struct path *path,
                                        const char *op)
{
    const char *names[ARRAY_SIZE(ops)];
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        if (strcmp(ops[i].theirs, op) == 0)
            return comparison_find(ops[i].ours);
        names[i] = ops[i].theirs;
    }
    COMPLAIN(reader, path, "unknown_value", "one of: %s",
             reader_names(reader, names, ARRAY_SIZE(names)));
    return NULL;
}

/* A token may begin or end with * for anything, which `contains` means anyway. */
static char *take_value(struct reader *reader, const char *text, enum test_op op)
{
    size_t length = strlen(text);
    if (op == TEST_OP_CONTAINS && length > 1 && *text == '*') {
        text++;
        length--;
    }
    if (op == TEST_OP_CONTAINS && length > 1 && text[length - 1] == '*')
        length--;
    return reader_copy(reader, text, length);
}

/* One of the members value and highValue, or an item of values. */
static void read_value(struct reader *reader, const struct path *path, const struct sort *sort,
                       const char *text, const struct test *test, struct operand *ret)
{
    char *value = text ? take_value(reader, text, test->op) : NULL;
    if (!text)
        COMPLAIN(reader, path, "required", "must be given with this operator");
    else if (value)
        operand_of_text(reader, path, sort, value, ret);
}

static void read_values(struct reader *reader, const struct path *path,
                        const struct group_filter *filter, const struct sort *sort,
                        enum arity arity, struct test *ret)
{
    struct path values = { .up = path, .name = "values" };
    size_t count = arity == ARITY_LIST ? filter->values.count : arity == ARITY_TWO ? 2 : 1;
    if (arity == ARITY_NONE)
        return;
    if (count == 0)
        COMPLAIN(reader, &values, "required", "must be given with this operator");
    struct operand *operands = count ? reader_take(reader, count * sizeof *operands) : NULL;
    for (size_t i = 0; operands && i < count; i++) {
        struct path item = { .up = &values, .index = i },
                    one = { .up = path, .name = i == 0 ? "value" : "highValue" };
        const char *text = arity == ARITY_LIST ? filter->values.items[i]
                           : i == 0            ? filter->value
                                               : filter->high_value;
        read_value(reader, arity == ARITY_LIST ? &item : &one, sort, text, ret, &operands[i]);
    }
    ret->operands = operands;
    ret->count = operands ? count : 0;
}

static void read_filter(struct reader *reader, const struct path *path,
                        const struct group_filter *filter, struct condition *ret)
{
    struct path property = { .up = path, .name = "propertyName" },
                op = { .up = path, .name = "operator" };
    const struct comparison *comparison = find_op(reader, &op, filter->op);
    ret->kind = CONDITION_FIELD;
    reader_count_leaf(reader, path);
    if (!attribute_find(reader, &property, attribute_alias(filter->property), &ret->attribute) ||
        !comparison)
        return;
    struct sort sort = { .field = ret->attribute.field };
    ret->test = (struct test){ .op = comparison->op, .negated = comparison->negated };
    comparison_check(reader, &op, &sort, comparison);
    read_values(reader, path, filter, &sort, comparison->arity, &ret->test);
}

static void read_group(struct reader *reader, const struct path *path,
                       const struct filter_group *group, struct condition *ret)
{
    struct path below = { .up = path, .name = "filters" };
    const struct group_filter *filters = group->filters.items;
    size_t count = group->filters.count;
    struct condition *items = reader_take(reader, count * sizeof *items);
    for (size_t i = 0; items && i < count; i++)
        read_filter(reader, &(struct path){ .up = &below, .index = i }, &filters[i], &items[i]);
    *ret = (struct condition){ .kind = CONDITION_ALL, .items = items, .count = items ? count : 0 };
}

enum err condition_of_groups(struct ctx *ctx, const struct condition_scope *scope,
                             const char *member, const struct rows *groups,
                             const struct condition **ret)
{
    struct reader reader = { .ctx = ctx, .scope = scope };
    struct path path = { .name = member, .is_place = true };
    const struct filter_group *all = groups->items;
    *ret = NULL;
    if (groups->count == 0)
        return OK;
    struct condition *any = reader_take(&reader, sizeof *any);
    struct condition *items = any ? reader_take(&reader, groups->count * sizeof *items) : NULL;
    if (!items)
        return ERR_MEMORY;
    for (size_t i = 0; i < groups->count; i++)
        read_group(&reader, &(struct path){ .up = &path, .index = i }, &all[i], &items[i]);
    *any = (struct condition){ .kind = CONDITION_ANY, .items = items, .count = groups->count };
    *ret = any;
    return reader.first;
}
