/* condition_filters.c: conditions from the parameters of a list, attribute[op]=value. */
#include "condition_reader.h"

#include <string.h>

/* "a,b,c" as values, each of them told where it is wrong. */
static void read_list(struct reader *reader, const struct path *path, const struct sort *sort,
                      bool pair, const char *text, struct test *ret)
{
    size_t count = 1;
    for (const char *at = text; (at = strchr(at, ',')); at++)
        count++;
    if (pair && count != 2) {
        COMPLAIN(reader, path, "invalid", "must be lowest,highest, both taken in");
        return;
    }
    if (count > CONDITION_VALUES_MAX) {
        COMPLAIN(reader, path, "too_many", "at most %d values", CONDITION_VALUES_MAX);
        return;
    }
    struct operand *operands = reader_take(reader, count * sizeof *operands);
    for (size_t i = 0; operands && i < count; i++) {
        size_t bytes = strcspn(text, ",");
        char *value = reader_copy(reader, text, bytes);
        if (!value)
            return;
        operand_of_text(reader, path, sort, value, &operands[i]);
        text += bytes + (text[bytes] == ',');
    }
    ret->operands = operands;
    ret->count = operands ? count : 0;
}

/* present=false is absent=true. */
static void read_truth(struct reader *reader, const struct path *path, const char *text,
                       struct test *ret)
{
    if (strcmp(text, "false") == 0)
        ret->negated = !ret->negated;
    else if (strcmp(text, "true") != 0)
        COMPLAIN(reader, path, "wrong_type", "must be true or false");
}

static void read_values(struct reader *reader, const struct path *path, const struct sort *sort,
                        enum arity arity, const char *text, struct test *ret)
{
    if (arity == ARITY_NONE) {
        read_truth(reader, path, text, ret);
    } else if (arity != ARITY_ONE) {
        read_list(reader, path, sort, arity == ARITY_TWO, text, ret);
    } else {
        struct operand *operand = reader_take(reader, sizeof *operand);
        char *value = operand ? reader_copy(reader, text, strlen(text)) : NULL;
        if (!value)
            return;
        operand_of_text(reader, path, sort, value, operand);
        ret->operands = operand;
        ret->count = 1;
    }
}

/* "score[gte]": the op in its brackets, "eq" without any; NULL: there is no such op. */
static const struct comparison *read_op(struct reader *reader, const char *brackets)
{
    size_t length = strlen(brackets);
    if (length == 0)
        return comparison_find("eq");
    char *op = reader_copy(reader, brackets + 1, length - 1);
    if (!op || length < 3 || op[length - 2] != ']')
        return NULL;
    op[length - 2] = '\0';
    return comparison_find(op);
}

static void read_filter(struct reader *reader, const struct filter *filter, struct condition *ret)
{
    struct path path = { .name = filter->name };
    size_t bytes = strcspn(filter->name, "[");
    char *name = reader_copy(reader, filter->name, bytes);
    ret->kind = CONDITION_FIELD;
    reader_count_leaf(reader, &path);
    if (!name || !attribute_find(reader, &path, name, &ret->attribute))
        return;
    const struct comparison *comparison = read_op(reader, filter->name + bytes);
    if (!comparison) {
        COMPLAIN(reader, &path, "unknown_parameter",
                 "known here: %s, and %s[op] where op is one of: %s", name, name,
                 reader_names(reader, condition_op_names, CONDITION_OPS));
        return;
    }
    struct sort sort = { .field = ret->attribute.field };
    ret->test = (struct test){ .op = comparison->op, .negated = comparison->negated };
    comparison_check(reader, &path, &sort, comparison);
    read_values(reader, &path, &sort, comparison->arity, filter->value, &ret->test);
}

static void check_repeated(struct reader *reader, const struct filter *filters, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(filters[i].name, filters[index].name) == 0)
            COMPLAIN(reader, (&(struct path){ .name = filters[index].name }), "repeated",
                     "may be given once; [in] takes several, with commas between");
}

enum err condition_of_filters(struct ctx *ctx, const struct condition_scope *scope,
                              const struct filter *filters, size_t count,
                              const struct condition **ret)
{
    struct reader reader = { .ctx = ctx, .scope = scope };
    *ret = NULL;
    if (count == 0)
        return OK;
    struct condition *all = reader_take(&reader, sizeof *all);
    struct condition *items = all ? reader_take(&reader, count * sizeof *items) : NULL;
    if (!items)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        check_repeated(&reader, filters, i);
        read_filter(&reader, &filters[i], &items[i]);
    }
    *all = (struct condition){ .kind = CONDITION_ALL, .items = items, .count = count };
    *ret = all;
    return reader.first;
}
