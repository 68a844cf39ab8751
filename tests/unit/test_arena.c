/* test_arena.c: the arena's alignment, zeroing, limits and reuse; the buffer's growth and
 * failure. */
#include "unit.h"

#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

/* Check notes each assertion in a file; for every byte that would take seconds. */
static bool is_filled(const uint8_t *data, size_t bytes, uint8_t value)
{
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != value)
            return false;
    return true;
}

START_TEST(test_alloc_is_aligned_and_zeroed)
{
    struct arena arena = { 0 };
    for (int round = 0; round < 2; round++) {
        for (size_t bytes = 0; bytes < 600; bytes++) {
            uint8_t *data = arena_alloc(&arena, bytes);
            ck_assert_ptr_nonnull(data);
            ck_assert_uint_eq((uintptr_t)data % 16, 0);
            ck_assert(is_filled(data, bytes, 0));
            memset(data, 0xff, bytes);
        }
        arena_reset(&arena); /* the second round gets memory that was used */
    }
    arena_free(&arena);
}
END_TEST

START_TEST(test_allocations_do_not_overlap)
{
    struct arena arena = { 0 };
    enum { COUNT = 400 };
    uint8_t *data[COUNT];
    size_t bytes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        bytes[i] = i % 7 == 0 ? 20000 + i * 100 : i * 3 + 1;
        data[i] = arena_alloc(&arena, bytes[i]);
        ck_assert_ptr_nonnull(data[i]);
        memset(data[i], (int)(i % 251), bytes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        ck_assert(is_filled(data[i], bytes[i], (uint8_t)(i % 251)));
    arena_free(&arena);
}
END_TEST

START_TEST(test_limit_makes_allocation_fail)
{
    struct arena arena = { .limit_bytes = 100000 };
    size_t got = 0;
    while (arena_alloc(&arena, 1000) != NULL)
        got += 1000;
    ck_assert_uint_ge(got, 90000);
    ck_assert_uint_le(arena.total_bytes, 100000);
    ck_assert_ptr_null(arena_copy(&arena, "x", 1000000));
    ck_assert_ptr_null(arena_printf(&arena, "%100000d", 1));
    arena_reset(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1000));
    arena_free(&arena);
    ck_assert_uint_eq(arena.total_bytes, 0);
}
END_TEST

START_TEST(test_limit_below_a_block_still_serves)
{
    struct arena arena = { .limit_bytes = 100 };
    ck_assert_ptr_nonnull(arena_alloc(&arena, 48));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 48));
    ck_assert_ptr_null(arena_alloc(&arena, 1));
    arena_free(&arena);
}
END_TEST

START_TEST(test_absurd_sizes_fail)
{
    struct arena arena = { 0 };
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, (size_t)PTRDIFF_MAX };
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        ck_assert_ptr_null(arena_alloc(&arena, sizes[i]));
        ck_assert_ptr_null(arena_text(&arena, "", sizes[i]));
    }
    ck_assert_uint_eq(arena.total_bytes, 0);
    arena_free(&arena);
}
END_TEST

START_TEST(test_reset_keeps_one_small_block)
{
    struct arena arena = { 0 };
    for (int order = 0; order < 2; order++) {
        for (int i = 0; i < 100; i++)
            ck_assert_ptr_nonnull(arena_alloc(&arena, (i + order) % 2 == 0 ? 1 << 20 : 5000));
        arena_reset(&arena);
        ck_assert_uint_eq(arena.total_bytes, 16 * 1024);
    }
    struct arena single = { 0 };
    ck_assert_ptr_nonnull(arena_alloc(&single, 12000));
    arena_reset(&single);
    ck_assert_uint_eq(single.total_bytes, 0);

    struct arena_block *kept = arena.head;
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100));
    ck_assert_ptr_eq(arena.head, kept);
    arena_free(&arena);
    arena_free(&arena); /* harmless */
    arena_reset(&arena);
}
END_TEST

START_TEST(test_big_allocation_leaves_the_block_in_use)
{
    struct arena arena = { 0 };
    char *before = arena_alloc(&arena, 16);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1 << 20));
    char *after = arena_alloc(&arena, 16);
    ck_assert_ptr_eq(after, before + 16);
    arena_free(&arena);
}
END_TEST

START_TEST(test_text_and_printf)
{
    struct arena arena = { 0 };
    ck_assert_str_eq(arena_text(&arena, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_text(&arena, NULL, 0), "");
    ck_assert_str_eq(arena_printf(&arena, "%s-%05d", "x", 42), "x-00042");
    const char *wide = arena_printf(&arena, "%40000d", 7);
    ck_assert_uint_eq(strlen(wide), 40000);
    ck_assert_int_eq(memcmp(arena_copy(&arena, "a\0b", 3), "a\0b", 3), 0);
    arena_free(&arena);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
START_TEST(test_unused_memory_is_poisoned)
{
    struct arena arena = { 0 };
    char *data = arena_alloc(&arena, 5);
    ck_assert_ptr_null(__asan_region_is_poisoned(data, 5));
    ck_assert_ptr_nonnull(__asan_region_is_poisoned(data, 6));
    arena_reset(&arena);
    ck_assert_ptr_nonnull(__asan_region_is_poisoned(data, 1));
    arena_free(&arena);
}
END_TEST
#endif

START_TEST(test_buffer_grows)
{
    struct arena arena = { 0 };
    struct buffer buffer = { .arena = &arena };
    buffer_append(&buffer, NULL, 0);
    buffer_text(&buffer, "");
    ck_assert_ptr_null(buffer.data);
    for (int i = 0; i < 20000; i++) {
        buffer_char(&buffer, 'a');
        buffer_text(&buffer, "bc");
        buffer_printf(&buffer, "%03d", i % 1000);
    }
    ck_assert_uint_eq(buffer.length, 20000 * 6);
    for (int i = 0; i < 20000; i++) {
        char expected[16];
        snprintf(expected, sizeof(expected), "abc%03d", i % 1000);
        ck_assert_int_eq(memcmp(buffer.data + i * 6, expected, 6), 0);
    }
    ck_assert(!buffer.failed);
    arena_free(&arena);
}
END_TEST

START_TEST(test_buffer_int)
{
    struct arena arena = { 0 };
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { -1, "-1" },
        { 10, "10" },
        { INT64_MAX, "9223372036854775807" },
        { INT64_MIN, "-9223372036854775808" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buffer buffer = { .arena = &arena };
        buffer_int(&buffer, cases[i].value);
        ck_assert_str_eq(buffer_string(&buffer), cases[i].text);
    }
    arena_free(&arena);
}
END_TEST

START_TEST(test_buffer_fails_and_stays_failed)
{
    struct arena arena = { .limit_bytes = 4096 };
    struct buffer buffer = { .arena = &arena };
    buffer_text(&buffer, "kept");
    for (int i = 0; i < 1000 && !buffer.failed; i++)
        buffer_text(&buffer, "0123456789");
    ck_assert(buffer.failed);
    size_t length = buffer.length;
    buffer_char(&buffer, 'x'); /* would fit */
    buffer_int(&buffer, 1);
    buffer_printf(&buffer, "x");
    ck_assert_uint_eq(buffer.length, length);
    ck_assert_int_eq(memcmp(buffer.data, "kept0123456789", 14), 0);
    arena_free(&arena);
}
END_TEST

void arena_tests(Suite *suite)
{
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, test_alloc_is_aligned_and_zeroed);
    tcase_add_test(tests, test_allocations_do_not_overlap);
    tcase_add_test(tests, test_limit_makes_allocation_fail);
    tcase_add_test(tests, test_limit_below_a_block_still_serves);
    tcase_add_test(tests, test_absurd_sizes_fail);
    tcase_add_test(tests, test_reset_keeps_one_small_block);
    tcase_add_test(tests, test_big_allocation_leaves_the_block_in_use);
    tcase_add_test(tests, test_text_and_printf);
#ifdef __SANITIZE_ADDRESS__
    tcase_add_test(tests, test_unused_memory_is_poisoned);
#endif
    tcase_add_test(tests, test_buffer_grows);
    tcase_add_test(tests, test_buffer_int);
    tcase_add_test(tests, test_buffer_fails_and_stays_failed);
    suite_add_tcase(suite, tests);
}
