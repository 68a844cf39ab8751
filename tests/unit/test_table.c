/* test_table.c: finding, clearing and asking in structs that a field table describes. */
#include "unit.h"

#include <funneld/field.h>
#include <string.h>

enum colour { RED, GREEN };

struct inner {
    int64_t amount;
    const char *label;
};

struct sample {
    struct input input;
    struct id id;
    int64_t count, done, at, day;
    const char *text, *json;
    enum colour colour;
    struct texts tags;
    struct bytes raw;
    struct rows items;
    struct inner inner;
};

static const char *const colour_names[] = { "red", "green", NULL };
static const struct field inner_fields[] = {
    FIELD(struct inner, amount, INT, .note = "An amount."),
    FIELD(struct inner, label, TEXT),
};
static const struct table inner_table = TABLE(struct inner, "inner", inner_fields);
static const struct field sample_fields[] = {
    FIELD(struct sample, id, ID),
    FIELD(struct sample, count, INT, .min = 1, .max = 5),
    FIELD(struct sample, done, BOOL),
    FIELD(struct sample, at, TIME),
    FIELD(struct sample, day, DAY),
    FIELD(struct sample, text, TEXT),
    FIELD(struct sample, json, JSON),
    FIELD_NAMED(struct sample, colour, colour_names),
    FIELD(struct sample, tags, TEXTS),
    FIELD(struct sample, raw, BYTES),
    FIELD(struct sample, items, ROWS, .of = &inner_table),
    FIELD_EMBED(struct sample, inner, &inner_table),
};
static const struct table sample_table = TABLE(struct sample, "sample", sample_fields);

START_TEST(test_find)
{
    ck_assert_int_eq(table_find(&sample_table, "id"), 0);
    ck_assert_int_eq(table_find(&sample_table, "inner"), 11);
    ck_assert_int_eq(table_find(&sample_table, "Id"), -1);
    ck_assert_int_eq(table_find(&sample_table, ""), -1);
}
END_TEST

START_TEST(test_clear_makes_every_field_null)
{
    struct sample sample;
    memset(&sample, 0x55, sizeof(sample));
    table_clear(&sample_table, &sample);
    ck_assert_uint_eq(sample.input.present, 0);
    ck_assert_ptr_null(sample.input.failure);
    ck_assert(id_is_nil(&sample.id));
    ck_assert(sample.count == NO_INT && sample.done == NO_INT);
    ck_assert(sample.at == NO_INT && sample.day == NO_INT);
    ck_assert_ptr_null(sample.text);
    ck_assert_ptr_null(sample.json);
    ck_assert_int_eq((int)sample.colour, -1);
    ck_assert_uint_eq(sample.tags.count, 0);
    ck_assert_ptr_null(sample.raw.data);
    ck_assert_ptr_null(sample.items.items);
    ck_assert(sample.inner.amount == NO_INT);
    ck_assert_ptr_null(sample.inner.label);
}
END_TEST

START_TEST(test_input_has)
{
    struct sample sample;
    table_clear(&sample_table, &sample);
    sample.input.present = 1u << 1 | 1u << 11;
    ck_assert(input_has(&sample_table, &sample, "count"));
    ck_assert(input_has(&sample_table, &sample, "inner"));
    ck_assert(!input_has(&sample_table, &sample, "id"));
    ck_assert(!input_has(&sample_table, &sample, "done"));
}
END_TEST

START_TEST(test_input_has_stops_at_a_slip)
{
    struct sample sample;
    table_clear(&sample_table, &sample);
    input_has(&sample_table, &sample, "no_such_field");
}
END_TEST

START_TEST(test_name_find)
{
    ck_assert_int_eq(name_find(colour_names, "red"), RED);
    ck_assert_int_eq(name_find(colour_names, "green"), GREEN);
    ck_assert_int_eq(name_find(colour_names, "Red"), -1);
    ck_assert_int_eq(name_find(colour_names, ""), -1);
    ck_assert_int_eq(name_find(colour_names, NULL), -1);
}
END_TEST

void table_tests(Suite *suite)
{
    TCase *tests = tcase_create("table");
    tcase_add_test(tests, test_find);
    tcase_add_test(tests, test_clear_makes_every_field_null);
    tcase_add_test(tests, test_input_has);
    tcase_add_test_raise_signal(tests, test_input_has_stops_at_a_slip, 6 /* SIGABRT */);
    tcase_add_test(tests, test_name_find);
    suite_add_tcase(suite, tests);
}
