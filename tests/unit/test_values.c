/* test_values.c: numbers with decimals, exact or refused, and values whose type is data. */
#include "unit.h"

#include <funneld/field.h>

#include <string.h>

START_TEST(test_decimals_are_exact)
{
    static const struct {
        const char *text, *shown;
    } numbers[] = {
        { "0", "0" },
        { "-0", "0" },
        { "12", "12" },
        { "007", "7" },
        { "0.1", "0.1" },
        { "-12.50", "-12.5" },
        { "0.000001", "0.000001" },
        { "1e3", "1000" },
        { "1E+03", "1000" },
        { "12.5e-1", "1.25" },
        { "1.5000000000", "1.5" },
        { "0.0000000000", "0" },
        { "0e999", "0" },
        { "123456789012.1", "123456789012.1" },
        { "999999999999.999999", "999999999999.999999" },
        { "1000000000000", "1000000000000" },
        { "-1000000000000.000000", "-1000000000000" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        int64_t number;
        char text[DECIMAL_TEXT_SIZE];
        ck_assert_msg(decimal_parse(numbers[i].text, &number), "%s", numbers[i].text);
        decimal_format(number, text);
        ck_assert_str_eq(text, numbers[i].shown);
    }
}
END_TEST

START_TEST(test_decimals_refused)
{
    static const char *const texts[] = {
        "",
        "-",
        "+1",
        ".5",
        "1.",
        "1.2.3",
        " 1",
        "1 ",
        "1,5",
        "0x10",
        "1e",
        "1e+",
        "1e1000",
        "nan",
        "inf",
        "--1",
        "1e13",
        "0.0000001",
        "1e-7",
        "1.0000001",
        "1000000000000.000001",
        "-1000000000001",
        "99999999999999999999999999",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t number;
        ck_assert_msg(!decimal_parse(texts[i], &number), "%s", texts[i]);
    }
}
END_TEST

START_TEST(test_values_come_back_from_their_texts)
{
    static const struct {
        enum custom_type type;
        const char *text, *shown;
    } values[] = {
        { CUSTOM_TEXT, "Z\xc3\xbcrich", "Z\xc3\xbcrich" },
        { CUSTOM_CHOICE, "pro", "pro" },
        { CUSTOM_NUMBER, "3.50", "3.5" },
        { CUSTOM_BOOLEAN, "Yes", "true" },
        { CUSTOM_BOOLEAN, "0", "false" },
        { CUSTOM_DATE, "1962-02-28", "1962-02-28" },
        { CUSTOM_DATE, "0001-01-01", "0001-01-01" },
        { CUSTOM_TEXT, NULL, NULL },
        { CUSTOM_NUMBER, NULL, NULL },
    };
    _cleanup_(request_done) struct request request;
    request_start(&request);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct custom_value value = { .type = values[i].type };
        struct custom_value again = { .type = values[i].type };
        const char *text;
        ck_assert(custom_value_parse(&value, values[i].text));
        ck_assert(custom_value_is_blank(&value) == !values[i].text);
        ck_assert(custom_value_format(&request.ctx, &value, &text) == OK);
        ck_assert_pstr_eq(text, values[i].shown);
        ck_assert(custom_value_parse(&again, text) && custom_values_equal(&value, &again));
    }
    struct custom_value value = { .type = CUSTOM_BOOLEAN };
    ck_assert(!custom_value_parse(&value, "perhaps"));
    value.type = CUSTOM_DATE;
    ck_assert(!custom_value_parse(&value, "2026-02-29") &&
              !custom_value_parse(&value, "0000-01-01"));
    value.type = CUSTOM_NUMBER;
    ck_assert(!custom_value_parse(&value, "12 EUR"));
}
END_TEST

START_TEST(test_values_are_found_by_their_field)
{
    struct custom_value items[] = { { .field_id = 2, .number = 5 },
                                    { .field_id = 7, .text = "x" } };
    struct custom_values values = { items, ARRAY_SIZE(items) };
    ck_assert_ptr_eq(custom_values_find(&values, 7), &items[1]);
    ck_assert_ptr_null(custom_values_find(&values, 3));
    ck_assert_ptr_null(custom_values_find(&(struct custom_values){ 0 }, 2));
    ck_assert(!custom_values_equal(&items[0], &items[1]));
}
END_TEST

void values_tests(Suite *suite)
{
    TCase *tcase = tcase_create("values");
    tcase_add_test(tcase, test_decimals_are_exact);
    tcase_add_test(tcase, test_decimals_refused);
    tcase_add_test(tcase, test_values_come_back_from_their_texts);
    tcase_add_test(tcase, test_values_are_found_by_their_field);
    suite_add_tcase(suite, tcase);
}
