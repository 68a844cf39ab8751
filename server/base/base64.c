/* base64.c: bytes as text that may stand in a URL. */
#include <funneld/base.h>

#include <sodium.h>
#include <string.h>

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

char *base64url_text(struct ctx *ctx, const void *data, size_t bytes)
{
    size_t size = sodium_base64_encoded_len(bytes, VARIANT);
    char *text = ctx_alloc(ctx, size);
    return text == NULL ? NULL : sodium_bin2base64(text, size, data, bytes, VARIANT);
}

bool base64url_parse(const char *text, void *data, size_t bytes)
{
    size_t length = strlen(text), read = 0;
    return length + 1 == sodium_base64_encoded_len(bytes, VARIANT) &&
           sodium_base642bin(data, bytes, text, length, NULL, &read, NULL, VARIANT) == 0 &&
           read == bytes;
}
