/* condition.h: the one language in which rules, stages, lists and segments say which leads they
 * mean.
 *
 *   {"all":[...]}  {"any":[...]}  {"not":...}
 *   {"field":"country","op":"in","value":["US","CA"]}
 *   {"activity":"page_view","where":[{"property":"url","op":"starts","value":"/pricing"}],
 *    "engagement":["verified"],"count":{"gte":3},"within_days":30}
 *
 * It is kept and sent as JSON. Here is what it is once it has been read: a tree in an arena,
 * which any thread may judge leads by. Texts are compared without regard to the case of ASCII
 * letters. A blank attribute passes no test but `absent`, `ne`, `not_in` and `not_contains`:
 * each of these four is exactly what its opposite is not.
 *
 * The store turns the tests of fields into SQL; everything else is done by crm/condition_*.c,
 * without a database. */
#ifndef FUNNELD_CONDITION_H
#define FUNNELD_CONDITION_H

#include <funneld/json_value.h>
#include <funneld/types.h>

enum {
    CONDITION_BYTES_MAX = 16 * 1024, /* of its JSON */
    CONDITION_DEPTH_MAX = 8,
    CONDITION_LEAVES_MAX = 100,
    CONDITION_VALUES_MAX = 100, /* of one list */
    CONDITION_DAYS_MAX = 3650,
    CONDITION_COUNT_MAX = 1000000,
    SELECTORS_MAX = 512,
};

/* ---- What is asked of a value ---- */

/* The opposites (ne, not_in, not_contains, absent) are these, negated. */
enum test_op {
    TEST_OP_EQ,
    TEST_OP_IN,
    TEST_OP_GT,
    TEST_OP_GTE,
    TEST_OP_LT,
    TEST_OP_LTE,
    TEST_OP_BETWEEN, /* both ends among it */
    TEST_OP_CONTAINS,
    TEST_OP_STARTS,
    TEST_OP_ENDS,
    TEST_OP_PRESENT,
    TEST_OP_COUNT,
};
enum { CONDITION_OPS = 15 };
extern const char *const condition_op_names[]; /* those that a client may say, ending in NULL */

/* How a value is held and compared. */
enum value_kind {
    VALUE_TEXT,
    VALUE_WHOLE, /* INT, TIME, DAY, ENUM, BOOL and NUMBER of a field table */
    VALUE_ID,
    VALUE_NUMBER, /* of a property, which may have a fraction */
    VALUE_TRUTH,  /* of a property */
};

struct operand {
    const char *text; /* ASCII letters in lower case */
    int64_t whole;
    double real; /* a number that a property is compared with */
    struct id id;
};

struct test {
    enum test_op op;
    bool negated;
    const struct operand *operands; /* one; two of BETWEEN, any of IN, none of PRESENT */
    size_t count;
};

/* ---- Attributes of a lead ---- */

struct attribute {
    const struct field *field;         /* of lead_table; or made for a custom one: "fields.KEY" */
    const struct custom_field *custom; /* NULL: one of ours */
};

/* ---- Activities of a lead ---- */

struct property_test {
    const char *property; /* a member of the activity's properties */
    enum value_kind kind; /* of what it is compared with: TEXT, NUMBER, TRUTH */
    struct test test;
};

/* Activities of one type that pass every test, and that a person did, unless it says otherwise. */
struct selector {
    const char *activity;
    unsigned engagements; /* bit i: those of that enum engagement */
    const struct property_test *tests;
    size_t count;
};

/* Those that some conditions and rules need, each of them once, so that a lead's log is gone
 * through once for all. Zeroed at first; grows in the arena of whoever reads into it. */
struct selectors {
    struct selector *items;
    size_t count, capacity;
    size_t fields; /* how many tests of attributes were read along with them */
};

/* What of a lead's log a selector has selected. */
struct selected {
    const int64_t *times; /* occurred_at, ascending */
    size_t count;
    int64_t
        earlier; /* and so many more, before all of these and before any window that is asked of */
};

/* ---- The condition ---- */

enum condition_kind { CONDITION_ALL, CONDITION_ANY, CONDITION_FIELD, CONDITION_ACTIVITY };

struct condition {
    enum condition_kind kind;
    bool negated; /* it holds where what follows does not */

    /* ALL, ANY */
    const struct condition *items;
    size_t count;

    /* FIELD */
    struct attribute attribute;
    struct test test;
    size_t number; /* among those that were read with the same selectors */

    /* ACTIVITY: from at_least to at_most of what the selector selects, as young as within_days */
    size_t selector;           /* index in the selectors that it was read with */
    const char *activity;      /* its type */
    int64_t at_least, at_most; /* at_most NO_INT: any number */
    int64_t within_days;       /* age < within_days x 24 h; NO_INT: of any age */

    /* in the request, for complaints: "when/all/2"; of ACTIVITY, and of FIELD if it is custom */
    const char *place;
};

/* ---- Reading ---- */

enum condition_reach {
    CONDITION_OF_GIVEN, /* attributes that people and clients set, and created_at */
    CONDITION_OF_ALL,   /* what follows from them too: score, stage, status */
};

/* What a condition may name, and where the selectors of its activities go. */
struct condition_scope {
    const struct rows *pipelines;     /* struct pipeline: whose keys are known */
    const struct rows *custom_fields; /* struct custom_field; NULL: none */
    enum condition_reach reach;
    struct selectors *selectors; /* NULL: it may not ask for activities */
};

/* Sound JSON into a tree in ctx's arena, which keeps nothing of `json`. ERR_VALIDATION names every
 * mistake by its place below `member`: "when/all/2/op"; beside the codes of json_read() there are
 * too_deep, unknown (a key), not_allowed. */
enum err condition_read(struct ctx *ctx, const struct condition_scope *scope, const char *member,
                        const char *json, const struct condition **ret) _must_check_;
/* The same of a selector alone, {"activity":"page_view","where":[...]}: *ret is its index. */
enum err selector_read(struct ctx *ctx, const struct condition_scope *scope, const char *member,
                       const char *json, size_t *ret) _must_check_;

/* ---- Conditions written otherwise: *ret is NULL where nothing is asked ---- */

/* Parameters of a list, which all must hold: "score[gte]" "50", "country[in]" "US,CA",
 * "owner[present]" "true"; without an op it is eq. */
struct filter {
    const char *name, *value;
};
/* Whether a parameter of this name is one of those: an attribute, with or without an op. */
bool condition_names(const char *parameter);
enum err condition_of_filters(struct ctx *ctx, const struct condition_scope *scope,
                              const struct filter *filters, size_t count,
                              const struct condition **ret) _must_check_;

/* Groups of filters as HubSpot's search has them: any group, all filters of it. */
struct group_filter {
    struct input input;
    const char *property, *op, *value, *high_value;
    struct texts values;
};
struct filter_group {
    struct input input;
    struct rows filters; /* struct group_filter */
};
enum err condition_of_groups(struct ctx *ctx, const struct condition_scope *scope,
                             const char *member, const struct rows *groups,
                             const struct condition **ret) _must_check_;
/* Our name of an attribute that it calls otherwise; any other name as it is. */
const char *attribute_alias(const char *name);

/* ---- What it asks for ---- */

/* Whether any part of it asks for activities, for this attribute, or for any custom one. */
bool condition_reads_activities(const struct condition *condition);
/* Where it asks for activities, of those of any age if it does; NULL: nowhere. */
const char *condition_costly_place(const struct condition *condition);
bool condition_reads(const struct condition *condition, const char *attribute);
bool condition_reads_custom(const struct condition *condition);

/* ---- Judging ---- */

/* What a condition is judged against. An activity after `at` does not count. */
struct subject {
    const struct lead *lead;
    int64_t at;
    const struct selected *selected; /* one for each selector; NULL: none is asked for */
};

bool condition_holds(const struct condition *condition, const struct subject *subject);
bool selector_selects(const struct selector *selector, const struct activity *activity);

/* An activity looked at for several selectors: its properties are gone through once. It
 * points into the activity. */
enum { LOOK_PROPERTIES = 16, LOOK_TEXT_BYTES = 1024 };
struct look {
    const struct activity *activity;
    bool is_read;
    struct json_value whole; /* where there are more properties than are kept */
    size_t count;
    struct look_property {
        struct json_value name, value;
        const char *text; /* without quotes and escapes; NULL: not asked for yet, or it is long */
    } properties[LOOK_PROPERTIES];
    size_t text_bytes;
    char texts[LOOK_TEXT_BYTES];
};
void look_begin(struct look *look, const struct activity *activity);
bool selector_selects_look(const struct selector *selector, struct look *look);
/* The same of an activity that is known to be of the selector's type. */
bool selector_passes(const struct selector *selector, struct look *look);

#endif
