/* test_key.c: the form of API keys, their checksum and their hash; what is signed with a secret. */
#include "unit.h"

#include <funneld/field.h>

#include <string.h>

START_TEST(test_generate)
{
    char keys[200][KEY_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        memset(keys[i], 'x', KEY_TEXT_SIZE);
        key_generate(keys[i]);
        ck_assert_uint_eq(strlen(keys[i]), 53);
        ck_assert_int_eq(strncmp(keys[i], "fnl_", 4), 0);
        ck_assert(key_is_well_formed(keys[i]));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(keys[i], keys[j]);
    }
}
END_TEST

START_TEST(test_every_slip_is_seen)
{
    char key[KEY_TEXT_SIZE];
    key_generate(key);
    for (size_t i = 0; i < strlen(key); i++) {
        char kept = key[i];
        key[i] = kept == 'A' ? 'B' : 'A';
        ck_assert_msg(!key_is_well_formed(key), "byte %zu", i);
        key[i] = '-';
        ck_assert(!key_is_well_formed(key));
        key[i] = kept;
    }
    ck_assert(key_is_well_formed(key));
    ck_assert(!key_is_well_formed(""));
    ck_assert(!key_is_well_formed("fnl_"));
    key[52] = '\0';
    ck_assert(!key_is_well_formed(key));
}
END_TEST

/* All 62 characters come up, and about equally often where each is free. */
START_TEST(test_characters_are_spread)
{
    int counts[128] = { 0 };
    for (int i = 0; i < 2000; i++) {
        char key[KEY_TEXT_SIZE];
        key_generate(key);
        for (int j = 10; j < 47; j++)
            counts[(int)key[j]]++;
    }
    for (const char *next = "09AZaz5Mm"; *next != '\0'; next++) {
        ck_assert_int_gt(counts[(int)*next], 900); /* 1194 expected, deviation 34 */
        ck_assert_int_lt(counts[(int)*next], 1500);
    }
}
END_TEST

START_TEST(test_hash_is_sha256)
{
    static const uint8_t abc[] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    uint8_t hash[KEY_HASH_BYTES];
    key_hash("abc", hash);
    ck_assert_mem_eq(hash, abc, sizeof(abc));
}
END_TEST

START_TEST(test_secret_keeps_its_text)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct secret secret, again, other;
    secret_generate(&secret);
    secret_generate(&other);
    ck_assert_mem_ne(&secret, &other, sizeof(secret));
    const char *text = secret_text(&request.ctx, &secret);
    ck_assert(secret_parse(text, &again));
    ck_assert_mem_eq(&secret, &again, sizeof(secret));
    ck_assert(!secret_parse("", &again));
    ck_assert(!secret_parse(text + 2, &again));
    ck_assert(!secret_parse("zz", &again));
}
END_TEST

static void sign(const struct secret *secret, const char *purpose, const char *a, const char *b,
                 uint8_t hash[static HASH_BYTES])
{
    const struct bytes parts[] = { { (const uint8_t *)a, strlen(a) },
                                   { (const uint8_t *)b, strlen(b) } };
    secret_sign(secret, purpose, parts, ARRAY_SIZE(parts), hash);
}

START_TEST(test_signatures_differ_by_all_that_is_signed)
{
    static const char *const signed_texts[][3] = {
        { "cursor", "ab", "c" }, { "cursor", "a", "bc" },  { "cursora", "b", "c" },
        { "cursor", "abc", "" }, { "journal", "ab", "c" },
    };
    struct secret secret = { { 1 } }, other = { { 2 } };
    uint8_t hashes[ARRAY_SIZE(signed_texts)][HASH_BYTES], again[HASH_BYTES];
    for (size_t i = 0; i < ARRAY_SIZE(signed_texts); i++) {
        const char *const *texts = signed_texts[i];
        sign(&secret, texts[0], texts[1], texts[2], hashes[i]);
        sign(&secret, texts[0], texts[1], texts[2], again);
        ck_assert(hashes_equal(hashes[i], again, HASH_BYTES));
        sign(&other, texts[0], texts[1], texts[2], again);
        ck_assert(!hashes_equal(hashes[i], again, HASH_BYTES));
        for (size_t j = 0; j < i; j++)
            ck_assert(!hashes_equal(hashes[i], hashes[j], HASH_BYTES));
    }
}
END_TEST

void key_tests(Suite *suite)
{
    TCase *tests = tcase_create("key");
    tcase_add_test(tests, test_generate);
    tcase_add_test(tests, test_every_slip_is_seen);
    tcase_add_test(tests, test_characters_are_spread);
    tcase_add_test(tests, test_hash_is_sha256);
    tcase_add_test(tests, test_secret_keeps_its_text);
    tcase_add_test(tests, test_signatures_differ_by_all_that_is_signed);
    suite_add_tcase(suite, tests);
}
