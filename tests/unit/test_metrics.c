/* test_metrics.c: counting from several threads, and the text that is scraped. */
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
    int families = 0;
    for (const char *next = text; (next = strstr(next, "# TYPE funneld_")) != NULL; next++)
        families++;
    ck_assert_int_eq(families, METRIC_COUNT);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    /* Counters, and only they, end in _total. */
    for (const char *line = strstr(text, "# TYPE"); line != NULL;
         line = strstr(line + 1, "# TYPE")) {
        const char *end = strchr(line, '\n');
        bool counter = strncmp(end - 8, " counter", 8) == 0;
        const char *name_end = end - (counter ? 8 : 6);
        ck_assert_int_eq(counter, strncmp(name_end - 6, "_total", 6) == 0);
    }
    arena_free(&arena);
}
END_TEST

Suite *metrics_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    tcase_add_test(tests, test_adds_from_threads_are_not_lost);
    tcase_add_test(tests, test_render);
    suite_add_tcase(suite, tests);
    return suite;
}
