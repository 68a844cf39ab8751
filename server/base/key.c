/* key.c: API keys: making them, and the hash under which they are kept.
 * Does not know who holds a key or what it may do. */
#include <funneld/base.h>

#include "sodium_ready.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* A key is "fnl_", 43 characters that hold 32 random bytes, and 6 that check them: whoever finds
 * a text of this form (a scanner of repositories, our own door) can tell a key from a slip
 * without asking anybody. */
#define PREFIX "fnl_"

enum {
    PREFIX_LENGTH = sizeof(PREFIX) - 1,
    SECRET_BYTES = 32,
    SECRET_LENGTH = 43, /* 62^43 > 2^256 */
    CHECK_BYTES = 4,
    CHECK_LENGTH = 6, /* 62^6 > 2^32 */
    KEY_LENGTH = PREFIX_LENGTH + SECRET_LENGTH + CHECK_LENGTH,
};

static_assert(KEY_LENGTH < KEY_TEXT_SIZE, "a key fits its buffer");

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* The number in `bytes` (its first byte the highest), which is used up, as exactly `width`
 * characters. */
static void base62_write(uint8_t *bytes, size_t count, char *text, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        unsigned rest = 0;
        for (size_t j = 0; j < count; j++) {
            unsigned value = rest << 8 | bytes[j];
            bytes[j] = (uint8_t)(value / 62);
            rest = value % 62;
        }
        text[i] = base62[rest];
    }
}

static void key_check(const char *text, char check[static CHECK_LENGTH])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)text, PREFIX_LENGTH + SECRET_LENGTH);
    base62_write(hash, CHECK_BYTES, check, CHECK_LENGTH);
}

void key_generate(char text[static KEY_TEXT_SIZE])
{
    sodium_ready();
    uint8_t secret[SECRET_BYTES];
    randombytes_buf(secret, sizeof(secret));
    memset(text, 0, KEY_TEXT_SIZE);
    memcpy(text, PREFIX, PREFIX_LENGTH);
    base62_write(secret, sizeof(secret), text + PREFIX_LENGTH, SECRET_LENGTH);
    key_check(text, text + PREFIX_LENGTH + SECRET_LENGTH);
    sodium_memzero(secret, sizeof(secret));
}

bool key_is_well_formed(const char *text)
{
    if (strlen(text) != KEY_LENGTH || strncmp(text, PREFIX, PREFIX_LENGTH) != 0)
        return false;
    if (strspn(text + PREFIX_LENGTH, base62) != SECRET_LENGTH + CHECK_LENGTH)
        return false;
    sodium_ready();
    char check[CHECK_LENGTH];
    key_check(text, check);
    return memcmp(check, text + PREFIX_LENGTH + SECRET_LENGTH, CHECK_LENGTH) == 0;
}

bool key_equal(const char *a, const char *b)
{
    enum { HALF = crypto_verify_32_BYTES, SECOND = KEY_LENGTH - HALF };
    static_assert(SECOND <= HALF, "the two halves have no gap between them");
    if (strlen(a) != KEY_LENGTH || strlen(b) != KEY_LENGTH)
        return false;
    const uint8_t *left = (const uint8_t *)a, *right = (const uint8_t *)b;
    return (crypto_verify_32(left, right) | crypto_verify_32(left + SECOND, right + SECOND)) == 0;
}

void key_hash(const char *text, uint8_t hash[static KEY_HASH_BYTES])
{
    static_assert(KEY_HASH_BYTES == crypto_hash_sha256_BYTES, "SHA-256");
    sodium_ready();
    crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
}
