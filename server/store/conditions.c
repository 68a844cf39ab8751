/* conditions.c: tests of attributes as parts of a statement. Columns and ops are texts from
 * sql/conditions.sql, chosen by number; what a client wrote is only ever a parameter. */
#include "lists.h"
#include "sql.h"

#include <funneld/condition.h>
#include <string.h>

enum {
    PARAMS_MAX = 600,        /* of all conditions of a list: the engine takes 999 */
    PATTERN_BYTES_MAX = 100, /* which it takes for LIKE */
    PLAIN_MAX = 12,
};

struct attribute_column {
    const char *name;
    int sql;
    bool of_state;
};

static const struct attribute_column columns[] = {
    { "id", SQL_CONDITION_ID, false },
    { "email", SQL_CONDITION_EMAIL, false },
    { "phone", SQL_CONDITION_PHONE, false },
    { "first_name", SQL_CONDITION_FIRST_NAME, false },
    { "last_name", SQL_CONDITION_LAST_NAME, false },
    { "company", SQL_CONDITION_COMPANY, false },
    { "job_title", SQL_CONDITION_JOB_TITLE, false },
    { "website", SQL_CONDITION_WEBSITE, false },
    { "industry", SQL_CONDITION_INDUSTRY, false },
    { "country", SQL_CONDITION_COUNTRY, false },
    { "city", SQL_CONDITION_CITY, false },
    { "source", SQL_CONDITION_SOURCE, false },
    { "campaign", SQL_CONDITION_CAMPAIGN, false },
    { "owner", SQL_CONDITION_OWNER, false },
    { "amount_minor", SQL_CONDITION_AMOUNT_MINOR, false },
    { "currency", SQL_CONDITION_CURRENCY, false },
    { "source_system", SQL_CONDITION_SOURCE_SYSTEM, false },
    { "external_id", SQL_CONDITION_EXTERNAL_ID, false },
    { "created_at", SQL_CONDITION_CREATED_AT, false },
    { "updated_at", SQL_CONDITION_UPDATED_AT, false },
    { "pipeline", SQL_CONDITION_PIPELINE, true },
    { "stage", SQL_CONDITION_STAGE, true },
    { "status", SQL_CONDITION_STATUS, true },
    { "stage_entered_at", SQL_CONDITION_STAGE_ENTERED_AT, true },
    { "cycle", SQL_CONDITION_CYCLE, true },
    { "score", SQL_CONDITION_SCORE, true },
    { "score_as_of", SQL_CONDITION_SCORE_AS_OF, true },
    { "rule_set_version", SQL_CONDITION_RULE_SET_VERSION, true },
    { "version", SQL_CONDITION_VERSION, true },
};

static const struct attribute_column *column_of(const struct attribute *attribute)
{
    static const struct attribute_column text = { .sql = SQL_CONDITION_CUSTOM_TEXT },
                                         number = { .sql = SQL_CONDITION_CUSTOM_NUMBER };
    if (attribute->custom)
        return attribute->field->kind == FIELD_TEXT ? &text : &number;
    for (size_t i = 0; attribute->field && i < ARRAY_SIZE(columns); i++)
        if (strcmp(columns[i].name, attribute->field->name) == 0)
            return &columns[i];
    return NULL;
}

struct writing {
    struct query *query;
    size_t params_left;
    bool exact;        /* nothing was left out so far */
    size_t plain_left; /* links of the chain of what must all hold, which is a deep tree too */
};

static void put(struct writing *writing, int sql)
{
    query_part_params(writing->query, sql, NULL, 0);
}

static void put_column(struct writing *writing, const struct attribute *attribute)
{
    int sql = column_of(attribute)->sql;
    if (attribute->custom)
        query_part(writing->query, sql, param_int(attribute->custom->field_id));
    else
        put(writing, sql);
}

/* ---- Ops ---- */

static struct param param_of(const struct field *field, const struct operand *operand)
{
    switch (field->kind) {
    case FIELD_TEXT: return param_text(operand->text);
    case FIELD_ID: return param_id(&operand->id);
    default: return param_int(operand->whole);
    }
}

/* %text% with what LIKE would take for more than it is escaped, or NULL where that is too long. */
static const char *pattern_of(struct query *query, const struct test *test)
{
    struct buffer out = { .arena = query->arena };
    if (test->op != TEST_OP_STARTS)
        buffer_char(&out, '%');
    for (const char *at = test->operands[0].text; *at; at++) {
        if (strchr("%_\\", *at))
            buffer_char(&out, '\\');
        buffer_char(&out, *at);
    }
    if (test->op != TEST_OP_ENDS)
        buffer_char(&out, '%');
    buffer_char(&out, '\0');
    return out.failed || out.length > PATTERN_BYTES_MAX ? NULL : out.data;
}

static const struct {
    size_t room;
    int sql;
} lists[] = { { 4, SQL_CONDITION_IN_4 },
              { 16, SQL_CONDITION_IN_16 },
              { 100, SQL_CONDITION_IN_100 } };

static void put_list(struct writing *writing, const struct field *field, const struct test *test)
{
    struct param params[CONDITION_VALUES_MAX];
    size_t i = 0;
    while (lists[i].room < test->count)
        i++;
    for (size_t j = 0; j < lists[i].room; j++)
        params[j] = param_of(field, &test->operands[j < test->count ? j : test->count - 1]);
    query_part_params(writing->query, lists[i].sql, params, lists[i].room);
}

static void put_op(struct writing *writing, const struct field *field, const struct test *test)
{
    static const int plain[TEST_OP_COUNT] = {
        [TEST_OP_EQ] = SQL_CONDITION_EQ,         [TEST_OP_GT] = SQL_CONDITION_GT,
        [TEST_OP_GTE] = SQL_CONDITION_GTE,       [TEST_OP_LT] = SQL_CONDITION_LT,
        [TEST_OP_LTE] = SQL_CONDITION_LTE,       [TEST_OP_BETWEEN] = SQL_CONDITION_BETWEEN,
        [TEST_OP_CONTAINS] = SQL_CONDITION_LIKE, [TEST_OP_STARTS] = SQL_CONDITION_LIKE,
        [TEST_OP_ENDS] = SQL_CONDITION_LIKE,     [TEST_OP_PRESENT] = SQL_CONDITION_PRESENT,
    };
    struct param params[2];
    if (test->op == TEST_OP_IN) {
        put_list(writing, field, test);
        return;
    }
    for (size_t i = 0; i < test->count; i++)
        params[i] = param_of(field, &test->operands[i]);
    if (plain[test->op] == SQL_CONDITION_LIKE)
        params[0] = param_text(pattern_of(writing->query, test));
    query_part_params(writing->query, plain[test->op], params, test->count);
}

/* Whether the engine can take the test; that is counted. */
static bool fits(struct writing *writing, const struct condition *condition)
{
    const struct test *test = &condition->test;
    bool is_like =
        test->op == TEST_OP_CONTAINS || test->op == TEST_OP_STARTS || test->op == TEST_OP_ENDS;
    size_t params = test->op == TEST_OP_IN ? CONDITION_VALUES_MAX : test->count;
    for (size_t i = ARRAY_SIZE(lists); test->op == TEST_OP_IN && i-- > 0;)
        if (test->count <= lists[i].room)
            params = lists[i].room;
    params += condition->attribute.custom != NULL;
    bool fits = condition->kind == CONDITION_FIELD && params <= writing->params_left &&
                column_of(&condition->attribute) && (!is_like || pattern_of(writing->query, test));
    if (fits)
        writing->params_left -= params;
    writing->exact &= fits;
    return fits;
}

/* ---- The tree ---- */

/* Whether it passes who has never done such a thing. */
static bool passes_idle(const struct condition *condition, bool negated)
{
    return (condition->at_least <= 0) != negated;
}

/* A test, true or false. One that does not fit is taken for true, which as no NOT stands over a
 * test lets through more and never less. Of activities no more is asked than that there is one. */
static void put_leaf(struct writing *writing, const struct condition *condition, bool negated)
{
    bool did = condition->kind == CONDITION_ACTIVITY && !passes_idle(condition, negated) &&
               writing->params_left > 0;
    bool exact = fits(writing, condition);
    if (did) {
        writing->params_left--;
        query_part(writing->query, SQL_CONDITION_DID, param_text(condition->activity));
    } else if (!exact) {
        put(writing, SQL_CONDITION_TRUE);
    }
    if (did || !exact)
        return;
    put(writing, negated != condition->test.negated ? SQL_CONDITION_UNLESS : SQL_CONDITION_IF);
    put_column(writing, &condition->attribute);
    put_op(writing, condition->attribute.field, &condition->test);
    put(writing, SQL_CONDITION_KNOWN);
}

static bool is_leaf(const struct condition *condition)
{
    return condition->kind == CONDITION_FIELD || condition->kind == CONDITION_ACTIVITY;
}

static void put_tree(struct writing *writing, const struct condition *condition, bool negated);

/* By halves: the engine does not like deep trees, and a long chain is one. */
static void put_items(struct writing *writing, const struct condition *items, size_t count,
                      int between, bool negated)
{
    if (count == 1) {
        put_tree(writing, items, negated);
        return;
    }
    put(writing, SQL_CONDITION_OPEN);
    put_items(writing, items, count / 2, between, negated);
    put(writing, between);
    put_items(writing, items + count / 2, count - count / 2, between, negated);
    put(writing, SQL_CONDITION_CLOSE);
}

/* A NOT goes down to the tests: not all of them is any that is not. */
static void put_tree(struct writing *writing, const struct condition *condition, bool negated)
{
    negated ^= condition->negated;
    if (is_leaf(condition)) {
        put_leaf(writing, condition, negated);
        return;
    }
    bool is_and = (condition->kind == CONDITION_ALL) != negated;
    put_items(writing, condition->items, condition->count,
              is_and ? SQL_CONDITION_AND : SQL_CONDITION_OR, negated);
}

/* An index may serve it: of a custom field by going from the values to the leads. */
static void put_plainly(struct writing *writing, const struct attribute *attribute,
                        const struct test *test)
{
    bool among = attribute->custom && attribute->custom->indexed == 1;
    if (among)
        query_part(writing->query,
                   attribute->field->kind == FIELD_TEXT ? SQL_CONDITION_AMONG_TEXT
                                                        : SQL_CONDITION_AMONG_NUMBER,
                   param_int(attribute->custom->field_id));
    else
        put_column(writing, attribute);
    put_op(writing, attribute->field, test);
    if (among)
        put(writing, SQL_CONDITION_CLOSE);
}

/* What must all hold stands plainly one behind the other, so that an index may serve it. */
static void put_conjunct(struct writing *writing, const struct condition *condition, bool negated)
{
    negated ^= condition->negated;
    bool is_and = !is_leaf(condition) &&
                  ((condition->kind == CONDITION_ALL) != negated || condition->count == 1);
    for (size_t i = 0; is_and && i < condition->count; i++) {
        if (writing->plain_left == 0) {
            put(writing, SQL_CONDITION_AND);
            put_items(writing, &condition->items[i], condition->count - i, SQL_CONDITION_AND,
                      negated);
            return;
        }
        put_conjunct(writing, &condition->items[i], negated);
    }
    if (is_and)
        return;
    put(writing, SQL_CONDITION_AND);
    writing->plain_left -= writing->plain_left > 0;
    if (condition->kind == CONDITION_FIELD && negated == condition->test.negated &&
        fits(writing, condition)) {
        put_plainly(writing, &condition->attribute, &condition->test);
    } else if (is_leaf(condition)) {
        put_leaf(writing, condition, negated);
    } else {
        put_items(writing, condition->items, condition->count, SQL_CONDITION_OR, negated);
    }
}

bool query_condition(struct query *query, const struct condition *condition)
{
    struct writing writing = { query, PARAMS_MAX, true, PLAIN_MAX };
    put_conjunct(&writing, condition, false);
    return writing.exact;
}

bool condition_is_exact(struct ctx *ctx, const struct condition *condition)
{
    struct query query = { .arena = ctx->arena };
    return query_condition(&query, condition);
}

void condition_tables(const struct condition *condition, bool *ret_lead, bool *ret_state)
{
    for (size_t i = 0; i < condition->count; i++)
        condition_tables(&condition->items[i], ret_lead, ret_state);
    const struct attribute_column *column = column_of(&condition->attribute);
    *ret_lead |= condition->kind == CONDITION_ACTIVITY;
    if (condition->kind == CONDITION_FIELD && column)
        *(column->of_state ? ret_state : ret_lead) = true;
}
