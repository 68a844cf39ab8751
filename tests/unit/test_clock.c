/* test_clock.c: civil dates against the C library, days across changes of the clock, and strict
 * parsing. */
#include "unit.h"

#include <string.h>
#include <time.h>

static void zone_back_to_utc(void)
{
    ck_assert(clock_set_zone("UTC"));
}

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 16;
}

START_TEST(test_format_agrees_with_the_library)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        int64_t time_ms = (int64_t)(random_next(&state) % 253402300800000u);
        time_t time_s = (time_t)(time_ms / 1000);
        struct tm utc;
        gmtime_r(&time_s, &utc);
        char expected[80], text[TIME_TEXT_SIZE];
        size_t length = strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(expected + length, sizeof(expected) - length, ".%03dZ", (int)(time_ms % 1000));
        time_format(time_ms, text);
        ck_assert_str_eq(text, expected);
        int64_t again;
        ck_assert(time_parse(text, &again));
        ck_assert_int_eq(again, time_ms);
    }
}
END_TEST

START_TEST(test_format_edges)
{
    static const struct {
        int64_t time_ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 4107542399999, "2100-02-28T23:59:59.999Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { 253402300800000, "10000-01-01T00:00:00.000Z" },
        { -62167219200001, "-0001-12-31T23:59:59.999Z" },
        { NO_INT, "" },
    };
    char text[TIME_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        time_format(cases[i].time_ms, text);
        ck_assert_str_eq(text, cases[i].text);
    }
    static const int64_t extremes[] = { INT64_MAX, INT64_MIN + 1 };
    for (size_t i = 0; i < ARRAY_SIZE(extremes); i++) {
        time_format(extremes[i], text);
        ck_assert_uint_ge(strlen(text), 24);
        day_format(extremes[i], text);
        ck_assert_str_eq(text, "");
        (void)day_of(extremes[i]);
        (void)day_start_ms(extremes[i]);
    }
    day_format(NO_INT, text);
    ck_assert_str_eq(text, "");
    ck_assert(day_of(NO_INT) == NO_INT && day_start_ms(NO_INT) == NO_INT);
}
END_TEST

START_TEST(test_every_day_has_its_text)
{
    int64_t expected = 0;
    char text[TIME_TEXT_SIZE];
    for (int64_t day = 0; day <= 2932896; day += day < 20000 ? 1 : 97) {
        int64_t parsed = -1;
        day_format(day, text);
        ck_assert_msg(day_parse(text, &parsed) && parsed == day, "%s", text);
        ck_assert_int_eq(day_of(day_start_ms(day)), day);
        ck_assert_int_eq(day_of(day_start_ms(day) - 1), day - 1);
        expected = parsed;
    }
    ck_assert_int_gt(expected, 2932000);
}
END_TEST

START_TEST(test_time_parse_accepts)
{
    static const struct {
        const char *text;
        int64_t time_ms;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-22T22:05:22.123Z", 1795385122123 },
        { "2026-11-22t22:05:22.123z", 1795385122123 },
        { "2026-11-22T22:05:22.1Z", 1795385122100 },
        { "2026-11-22T22:05:22.1239999999999999999999999999999999999Z", 1795385122123 },
        { "2026-11-22T22:05:22.000000001Z", 1795385122000 },
        { "2026-11-23T03:35:22.123+05:30", 1795385122123 },
        { "2026-11-22T12:05:22.123-10:00", 1795385122123 },
        { "2026-11-22T22:05:22.123+00:00", 1795385122123 },
        { "2026-11-22T22:05:22.123-00:00", 1795385122123 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
        { "2000-02-29T23:59:59Z", 951868799000 },
        { "9999-12-31T23:59:59.999Z", 253402300799999 },
        { "1969-12-31T19:00:00-05:00", 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t time_ms = -1;
        ck_assert_msg(time_parse(cases[i].text, &time_ms), "refused %s", cases[i].text);
        ck_assert_msg(time_ms == cases[i].time_ms, "%s is %lld", cases[i].text, (long long)time_ms);
    }
}
END_TEST

START_TEST(test_time_parse_refuses)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T22:05:22",
        "2026-11-22 22:05:22Z",
        "2026-11-22T22:05Z",
        "2026-11-22T22:05:22,5Z",
        "2026-11-22T22:05:22.Z",
        "2026-11-22T22:05:60Z",
        "2016-12-31T23:59:60Z", /* there was such a second */
        "2026-11-22T24:00:00Z",
        "2026-11-22T22:60:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-11-22T22:05:22+24:00",
        "2026-11-22T22:05:22+05:60",
        "2026-11-22T22:05:22+0530",
        "2026-11-22T22:05:22+05",
        "2026-11-22T22:05:22 Z",
        "2026-11-22T22:05:22Z ",
        " 2026-11-22T22:05:22Z",
        "2026-11-22T22:05:22ZZ",
        "+2026-11-22T22:05:22Z",
        "26-11-22T22:05:22Z",
        "2026-1-22T22:05:22Z",
        "2026-11-22T-2:05:22Z",
        "2026-11-22T22:05:22.-1Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "1795385122",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t time_ms = 42;
        ck_assert_msg(!time_parse(texts[i], &time_ms), "accepted %s", texts[i]);
        ck_assert_int_eq(time_ms, 42);
    }
    ck_assert(!time_parse(NULL, &(int64_t){ 0 }));
}
END_TEST

START_TEST(test_day_parse_refuses)
{
    static const char *const texts[] = { "",           "2026-02-29",  "2026-1-01",
                                         "20260101",   "2026-01-01 ", "2026-01-01T",
                                         "1969-12-31", "2026-06-31" };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t day = 42;
        ck_assert_msg(!day_parse(texts[i], &day), "accepted %s", texts[i]);
        ck_assert_int_eq(day, 42);
    }
    ck_assert(!day_parse(NULL, &(int64_t){ 0 }));
}
END_TEST

START_TEST(test_zone_names)
{
    static const char *const bad[] = {
        "",
        "/etc/passwd",
        "../../../etc/passwd",
        "Europe/../Europe/Berlin",
        "/Europe/Berlin",
        "leapseconds",
        "Mars/City",
        "Europe",
        "europe/berlin ",
        "right/UTC",
        ":UTC",
        "Europe/Berlin\n",
        "EST5EDT,M3.2.0",
        "zone.tab",
        "Europe/BerlinEurope/BerlinEurope/BerlinEurope/BerlinEurope/BerlinEurope/Berlin",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(!clock_has_zone(bad[i]), "has %s", bad[i]);
        ck_assert_msg(!clock_set_zone(bad[i]), "set %s", bad[i]);
    }
    ck_assert_int_eq(day_start_ms(10), 10 * MS_PER_DAY); /* still UTC */
    ck_assert(clock_has_zone("UTC") && clock_has_zone("Europe/Berlin"));
    ck_assert(clock_set_zone("Europe/Berlin"));
    ck_assert_int_eq(day_start_ms(10), 10 * MS_PER_DAY - 3600000);
}
END_TEST

/* First instants of days, taken from another implementation of the zone files. */
static const struct {
    const char *zone, *day;
    int64_t start_s;
} day_starts[] = {
    { "Europe/Berlin", "2026-03-29", 1774738800 }, /* a day of 23 hours */
    { "Europe/Berlin", "2026-03-30", 1774821600 },
    { "Europe/Berlin", "2026-10-25", 1792879200 }, /* of 25 */
    { "Europe/Berlin", "2026-10-26", 1792969200 },
    { "America/Sao_Paulo", "2018-11-04", 1541300400 }, /* begins at 01:00 */
    { "America/Sao_Paulo", "2018-02-18", 1518922800 }, /* clocks went from 24:00 back to 23:00 */
    { "America/Havana", "2025-11-02", 1762056000 },    /* 00:00 comes twice */
    { "America/Havana", "2025-03-09", 1741496400 },    /* 00:00 does not come */
    { "America/St_Johns", "2008-11-02", 1225593000 },  /* at 00:01 it was the day before again */
    { "America/St_Johns", "2008-11-03", 1225683000 },
    { "Pacific/Apia", "2011-12-30", 1325239200 }, /* skipped */
    { "Pacific/Apia", "2011-12-31", 1325239200 },
    { "Antarctica/Casey", "2010-03-05", 1267707600 }, /* three hours back at 02:00 */
    { "Asia/Kolkata", "2026-01-01", 1767205800 },
    { "Pacific/Kiritimati", "2026-01-01", 1767175200 },
    { "Pacific/Pago_Pago", "2026-01-01", 1767265200 },
};

START_TEST(test_day_starts)
{
    for (size_t i = 0; i < ARRAY_SIZE(day_starts); i++) {
        int64_t day;
        ck_assert(clock_set_zone(day_starts[i].zone));
        ck_assert(day_parse(day_starts[i].day, &day));
        ck_assert_msg(day_start_ms(day) == day_starts[i].start_s * 1000, "%s %s begins at %lld",
                      day_starts[i].zone, day_starts[i].day, (long long)day_start_ms(day));
    }
}
END_TEST

/* What rollups by day and scans by instant rest on: t is in day_of(t), and in no other day. */
START_TEST(test_each_instant_is_in_one_day)
{
    static const char *const zones[] = { "UTC",
                                         "Europe/Berlin",
                                         "America/Sao_Paulo",
                                         "America/Havana",
                                         "America/St_Johns",
                                         "Pacific/Apia",
                                         "Antarctica/Casey",
                                         "Africa/Monrovia",
                                         "Australia/Lord_Howe" };
    for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
        ck_assert(clock_set_zone(zones[i]));
        int64_t previous = day_start_ms(0);
        for (int64_t day = 1; day < 25000; day++) { /* to 2038 */
            int64_t start = day_start_ms(day);
            bool joined = start == previous || day_of(start - 1) == day - 1;
            if (start < previous || !joined || day_of(start) < day) /* > where the day is empty */
                ck_abort_msg("%s day %lld", zones[i], (long long)day);
            previous = start;
        }
        uint64_t state = i;
        for (int j = 0; j < 50000; j++) {
            int64_t time_ms = (int64_t)(random_next(&state) % (25000 * (uint64_t)MS_PER_DAY));
            int64_t day = day_of(time_ms);
            if (time_ms < day_start_ms(day) || time_ms >= day_start_ms(day + 1))
                ck_abort_msg("%s at %lld", zones[i], (long long)time_ms);
        }
    }
}
END_TEST

START_TEST(test_repeated_evening_belongs_to_the_new_day)
{
    ck_assert(clock_set_zone("America/St_Johns"));
    int64_t day;
    ck_assert(day_parse("2008-11-02", &day));
    ck_assert_int_eq(day_of(1225593000 * INT64_C(1000) - 1), day - 1);
    ck_assert_int_eq(day_of(1225593030 * INT64_C(1000)), day); /* 00:00:30 */
    ck_assert_int_eq(day_of(1225593060 * INT64_C(1000)), day); /* 23:01:00 by the wall, once more */
    ck_assert_int_eq(day_of(1225596600 * INT64_C(1000)), day); /* 00:00:00 once more */
}
END_TEST

START_TEST(test_lenient)
{
    static const struct {
        const char *zone, *text;
        int64_t time_s;
    } cases[] = {
        { "UTC", "2026-11-22", 1795305600 },
        { "UTC", "2026-11-22 22:05", 1795385100 },
        { "UTC", "2026-11-22T22:05:22", 1795385122 },
        { "Europe/Berlin", "2026-11-22 23:05:22", 1795385122 },
        { "Europe/Berlin", "2026-11-22T22:05:22Z", 1795385122 },
        { "Europe/Berlin", "2026-07-01", 1782856800 },
        { "Europe/Berlin", "2026-03-29 01:59:59", 1774745999 },
        { "Europe/Berlin", "2026-03-29 02:30", 1774747800 }, /* jumped over: 03:30 */
        { "Europe/Berlin", "2026-03-29 03:00", 1774746000 },
        { "Europe/Berlin", "2026-10-25 02:30", 1792888200 }, /* twice: the first */
        { "Europe/Berlin", "2026-10-25 03:00", 1792893600 },
        { "America/Sao_Paulo", "2018-11-04", 1541300400 },
        { "America/Sao_Paulo", "2018-11-04 00:30", 1541302200 },
        { "Asia/Kolkata", "2026-01-01 05:30", 1767225600 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t time_ms = -1;
        ck_assert(clock_set_zone(cases[i].zone));
        ck_assert_msg(time_parse_lenient(cases[i].text, &time_ms), "refused %s", cases[i].text);
        ck_assert_msg(time_ms == cases[i].time_s * 1000, "%s %s is %lld", cases[i].zone,
                      cases[i].text, (long long)time_ms);
    }
    int64_t time_ms = 42;
    ck_assert(clock_set_zone("UTC"));
    ck_assert(time_parse_lenient("2026-11-22 22:05:22.98765", &time_ms));
    ck_assert_int_eq(time_ms, 1795385122987);
    static const char *const bad[] = { "",           "2026-11-22 ",         "2026-11-22 2:05",
                                       "22.11.2026", "2026-11-22 22:05 PM", "2026-11-22  22:05",
                                       "11/22/2026", "2026-11-22 24:00",    "2026-11-22 22:05:60",
                                       "1969-12-31", "2026-11-22T22:05+01" };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!time_parse_lenient(bad[i], &time_ms), "accepted %s", bad[i]);
    ck_assert_int_eq(time_ms, 1795385122987);
}
END_TEST

START_TEST(test_clocks_move)
{
    int64_t before_us = clock_monotonic_us(), before_ms = clock_now_ms();
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    ck_assert_int_ge(clock_monotonic_us() - before_us, 20000);
    ck_assert_int_ge(clock_now_ms() - before_ms, 10);
    int64_t apart_s = clock_now_ms() / 1000 - (int64_t)time(NULL);
    ck_assert(apart_s >= -1 && apart_s <= 1);
}
END_TEST

void clock_tests(Suite *suite)
{
    TCase *tests = tcase_create("clock");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, zone_back_to_utc, zone_back_to_utc);
    tcase_add_test(tests, test_format_agrees_with_the_library);
    tcase_add_test(tests, test_format_edges);
    tcase_add_test(tests, test_every_day_has_its_text);
    tcase_add_test(tests, test_time_parse_accepts);
    tcase_add_test(tests, test_time_parse_refuses);
    tcase_add_test(tests, test_day_parse_refuses);
    tcase_add_test(tests, test_zone_names);
    tcase_add_test(tests, test_day_starts);
    tcase_add_test(tests, test_each_instant_is_in_one_day);
    tcase_add_test(tests, test_repeated_evening_belongs_to_the_new_day);
    tcase_add_test(tests, test_lenient);
    tcase_add_test(tests, test_clocks_move);
    suite_add_tcase(suite, tests);
}
