/* secret.c: what only this installation knows, and what is signed with it. Knows not what for. */
#include <funneld/base.h>
#include <funneld/field.h>

#include "sodium_ready.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void sodium_start(void)
{
    if (sodium_init() >= 0)
        return;
    log_line(LOG_ERROR, "secret", "libsodium cannot start: the system gives no random numbers");
    abort();
}

void sodium_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, sodium_start);
}

void secret_generate(struct secret *ret)
{
    sodium_ready();
    randombytes_buf(ret->bytes, sizeof(ret->bytes));
}

static char *hex_text(struct ctx *ctx, const uint8_t *bytes, size_t count)
{
    size_t size = 2 * count + 1;
    char *text = ctx_alloc(ctx, size);
    return text == NULL ? NULL : sodium_bin2hex(text, size, bytes, count);
}

char *secret_text(struct ctx *ctx, const struct secret *secret)
{
    return hex_text(ctx, secret->bytes, sizeof(secret->bytes));
}

char *hash_text(struct ctx *ctx, const uint8_t hash[static HASH_BYTES])
{
    return hex_text(ctx, hash, HASH_BYTES);
}

bool secret_parse(const char *text, struct secret *ret)
{
    struct secret secret;
    size_t bytes;
    const char *end;
    if (sodium_hex2bin(secret.bytes, sizeof(secret.bytes), text, strlen(text), NULL, &bytes,
                       &end) != 0 ||
        bytes != sizeof(secret.bytes) || *end != '\0')
        return false;
    *ret = secret;
    return true;
}

static void part_add(crypto_auth_hmacsha256_state *state, const void *data, size_t bytes)
{
    uint64_t length = bytes; /* what is signed is read again by this machine alone */
    crypto_auth_hmacsha256_update(state, (const uint8_t *)&length, sizeof(length));
    crypto_auth_hmacsha256_update(state, data, bytes);
}

void secret_sign(const struct secret *secret, const char *purpose, const struct bytes *parts,
                 size_t count, uint8_t hash[static HASH_BYTES])
{
    _Static_assert(HASH_BYTES == crypto_auth_hmacsha256_BYTES, "SHA-256");
    sodium_ready();
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->bytes, sizeof(secret->bytes));
    part_add(&state, purpose, strlen(purpose));
    for (size_t i = 0; i < count; i++)
        part_add(&state, parts[i].data, parts[i].length);
    crypto_auth_hmacsha256_final(&state, hash);
}

bool hashes_equal(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    return sodium_memcmp(a, b, bytes) == 0;
}
