/* test_metrics.c: counting from several threads, and the text that is scraped. */
#include "tests/support/prometheus.h"
#include "unit.h"

#include <pthread.h>
#include <string.h>

static void *count_up(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10000; i++)
        metric_add(METRIC_LEADS_CREATED, 1);
    return NULL;
}

START_TEST(test_adds_from_threads_are_not_lost)
{
    pthread_t threads[4];
    int64_t before = metric_value(METRIC_LEADS_CREATED);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(metric_value(METRIC_LEADS_CREATED) - before, 40000);
}
END_TEST

static const char *with_end(struct buffer *buffer)
{
    buffer_text(buffer, "# EOF\n");
    return buffer_string(buffer);
}

START_TEST(test_render)
{
    struct arena arena = { 0 };
    struct buffer buffer = { .arena = &arena };
    metric_set(METRIC_WRITER_QUEUE, 7);
    metric_add(METRIC_WRITER_QUEUE, -2);
    metrics_render(&buffer);
    const char *text = buffer_string(&buffer);
    ck_assert_ptr_nonnull(strstr(text,
                                 "# HELP funneld_writer_queue Commands waiting for the writer.\n"
                                 "# TYPE funneld_writer_queue gauge\n"
                                 "funneld_writer_queue 5\n"));
    ck_assert_ptr_nonnull(strstr(text, "# TYPE funneld_leads_created_total counter\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "\nfunneld_build_info{version=\"" FUNNELD_VERSION "\"} 1\n"));
    const char *complaint = prometheus_complaint(with_end(&buffer));
    ck_assert_msg(complaint == NULL, "%s", complaint);
    arena_free(&arena);
}
END_TEST

/* On a bound means below it; seconds come without a rounding. */
START_TEST(test_histogram)
{
    static const int64_t values[] = { 0, 500, 501, 2500000, 5000001, 3600000000 };
    struct arena arena = { 0 };
    struct buffer buffer = { .arena = &arena };
    struct histogram histogram = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        histogram_add(&histogram, BOUNDS_TIME, values[i]);
    metric_family(&buffer, "x_seconds", "histogram", "Help.");
    histogram_render(&buffer, "x_seconds", "a=\"b\"", BOUNDS_TIME, &histogram);
    const char *text = with_end(&buffer);
    static const char *const wanted[] = {
        "x_seconds_bucket{a=\"b\",le=\"0.0005\"} 2\n",
        "x_seconds_bucket{a=\"b\",le=\"0.001\"} 3\n",
        "x_seconds_bucket{a=\"b\",le=\"1\"} 3\n",
        "x_seconds_bucket{a=\"b\",le=\"5\"} 4\n",
        "x_seconds_bucket{a=\"b\",le=\"+Inf\"} 6\n",
        "x_seconds_sum{a=\"b\"} 3607.501002\n",
        "x_seconds_count{a=\"b\"} 6\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        ck_assert_msg(strstr(text, wanted[i]) != NULL, "%s%s", wanted[i], text);
    ck_assert_ptr_null(prometheus_complaint(text));
    arena_free(&arena);
}
END_TEST

/* The reader that judges the others must refuse. */
START_TEST(test_reader_refuses)
{
#define HEAD "# HELP a_total A.\n# TYPE a_total counter\n"
#define HEAD_H "# HELP h H.\n# TYPE h histogram\n"
    static const char *const right[] = {
        "# EOF\n",
        HEAD "# EOF\n",
        HEAD "a_total{x=\"1\\\"\",y=\"\"} 1e3\na_total 0\n# EOF\n",
        HEAD_H "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n# EOF\n",
    };
    static const char *const refused[] = {
        "",
        HEAD "a_total 1\n",
        HEAD "a_total 1 \n# EOF\n",
        HEAD "a_total  1\n# EOF\n",
        HEAD "a_total -1\n# EOF\n",
        HEAD "a_total x\n# EOF\n",
        HEAD "b_total 1\n# EOF\n",
        HEAD "a_total{x=1} 1\n# EOF\n",
        HEAD "a_total{x=\"\\t\"} 1\n# EOF\n",
        HEAD "a_total{x=\"1\",x=\"2\"} 1\n# EOF\n",
        HEAD "a_total 1\na_total 1\n# EOF\n",
        HEAD HEAD "# EOF\n",
        "a_total 1\n# EOF\n",
        "# TYPE a_total counter\na_total 1\n# EOF\n",
        "# HELP a A.\n# TYPE a counter\na 1\n# EOF\n",
        "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n# EOF\n",
        "# HELP a_total A\\x\n# TYPE a_total counter\n# EOF\n",
        HEAD_H "h_bucket{le=\"1\"} 1\nh_sum 3\nh_count 1\n# EOF\n",
        HEAD_H "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 3\nh_count 1\n# EOF\n",
        HEAD_H "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 1\n# EOF\n",
        HEAD_H "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n# EOF\n",
        HEAD_H "h_bucket{le=\"+Inf\"} 2\n# EOF\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(right); i++)
        ck_assert_msg(!prometheus_complaint(right[i]), "%s", prometheus_complaint(right[i]));
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        ck_assert_msg(prometheus_complaint(refused[i]) != NULL, "%s", refused[i]);
}
END_TEST

void metrics_tests(Suite *suite)
{
    TCase *tests = tcase_create("metrics");
    tcase_add_test(tests, test_adds_from_threads_are_not_lost);
    tcase_add_test(tests, test_render);
    tcase_add_test(tests, test_histogram);
    tcase_add_test(tests, test_reader_refuses);
    suite_add_tcase(suite, tests);
}
