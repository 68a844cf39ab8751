/* gate.c: refuses requests whose framing is doubtful, before anything else looks at them. The
 * library lets several of them pass that another party could read as two requests. It must not
 * know the library nor what is asked for. */
#include "gate.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 15 }; /* far above any limit, and far below what overflows */

/* Names with their lengths: most headers are told apart from these by that alone. */
struct name {
    const char *text;
    size_t bytes;
};
#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Two of these would be read differently by different readers. */
static const struct name single_names[GATE_SINGLE_COUNT] = {
    NAME("Authorization"),
    NAME("Content-Type"),
    NAME("Idempotency-Key"),
    NAME("If-Match"),
};

/* The library adds a folded line (RFC 9112 5.2) to the name of the field: what stands here with
 * more behind it was one of these, whose value it has lost. No field of the web begins so. */
static const struct name whole_names[] = { NAME("Content-Length"), NAME("Transfer-Encoding"),
                                           NAME("Idempotency-Key") };

/* ---- Gathering ---- */

/* RFC 9110: the characters of a header's name. */
static const bool token_bytes[256] = {
    ['a' ... 'z'] = true,  ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,
    ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,         ['-'] = true,
    ['.'] = true,          ['^'] = true,         ['_'] = true,         ['`'] = true,
    ['|'] = true,          ['~'] = true,
};

static bool name_is_token(const char *name, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!token_bytes[(unsigned char)name[i]])
            return false;
    return bytes > 0;
}

static bool name_is_folded(const char *name, size_t bytes)
{
    for (size_t i = 0; i < ARRAY_SIZE(whole_names); i++)
        if (bytes > whole_names[i].bytes &&
            strncasecmp(name, whole_names[i].text, whole_names[i].bytes) == 0)
            return true;
    return false;
}

static bool name_is(const char *name, size_t bytes, struct name wanted)
{
    return bytes == wanted.bytes && strcasecmp(name, wanted.text) == 0;
}

/* Eight bytes at once: whether none is below `first` (at most 0x80) nor 0x7f, nor, in ASCII, above
 * it. */
static bool eight_are_from(const char *text, uint8_t first, bool ascii)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t eight;
    memcpy(&eight, text, sizeof(eight));
    uint64_t deletes = eight ^ ones * 0x7f;
    uint64_t below = (eight - ones * first) & ~eight, equal = (deletes - ones) & ~deletes;
    return ((below | equal | (ascii ? eight : 0)) & highs) == 0;
}

static bool value_is_clean(const char *value, size_t bytes)
{
    size_t i = 0;
    while (i + 8 <= bytes && eight_are_from(value + i, 0x20, false)) /* or with a tab, one by one */
        i += 8;
    for (; i < bytes; i++) {
        unsigned char byte = (unsigned char)value[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

void gate_header(struct gate *gate, const char *name, size_t name_bytes, const char *value,
                 size_t value_bytes)
{
    gate->header_count++;
    gate->header_bytes += name_bytes + value_bytes;
    gate->bad_name |= !name_is_token(name, name_bytes);
    gate->folded |= name_is_folded(name, name_bytes);
    gate->bad_value |= !value_is_clean(value, value_bytes);
    if (name_is(name, name_bytes, (struct name)NAME("Host"))) {
        gate->host_count++;
        gate->host = value;
    } else if (name_is(name, name_bytes, (struct name)NAME("Content-Length"))) {
        gate->length_count++;
        gate->length = value;
    } else if (name_is(name, name_bytes, (struct name)NAME("Transfer-Encoding"))) {
        gate->transfer_count++;
        gate->transfer = value;
    } else if (name_is(name, name_bytes, (struct name)NAME("Expect")))
        gate->expect = value;
    for (size_t i = 0; i < GATE_SINGLE_COUNT; i++)
        gate->single_counts[i] += name_is(name, name_bytes, single_names[i]);
}

/* ---- Checks: each says whether something is wrong ---- */

static bool version_is(const struct gate *gate, const char *version)
{
    return gate->version && strcmp(gate->version, version) == 0;
}

static bool version_wrong(const struct gate *gate)
{
    return !version_is(gate, "HTTP/1.1") && !version_is(gate, "HTTP/1.0");
}

static bool target_long(const struct gate *gate)
{
    return gate->target_bytes > GATE_TARGET_MAX;
}

static bool target_foreign(const struct gate *gate)
{
    return gate->target[0] != '/';
}

static bool target_dirty(const struct gate *gate)
{
    size_t i = 0;
    while (i + 8 <= gate->target_bytes && eight_are_from(gate->target + i, 0x21, true))
        i += 8;
    for (; i < gate->target_bytes; i++) {
        unsigned char byte = (unsigned char)gate->target[i];
        if (byte <= 0x20 || byte >= 0x7f)
            return true;
    }
    return false;
}

static bool headers_many(const struct gate *gate)
{
    return gate->header_count > GATE_HEADERS_MAX;
}

static bool headers_long(const struct gate *gate)
{
    return gate->header_bytes > GATE_HEADER_BYTES_MAX;
}

static bool name_wrong(const struct gate *gate)
{
    return gate->bad_name;
}

static bool name_folded(const struct gate *gate)
{
    return gate->folded;
}

static bool value_wrong(const struct gate *gate)
{
    return gate->bad_value;
}

/* RFC 3986: what a host and its port are written with. */
static const bool host_bytes[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['&' ... '.'] = true, ['0' ... ';'] = true,
    ['!'] = true,         ['$'] = true,         ['%'] = true,         ['='] = true,
    ['['] = true,         [']'] = true,         ['_'] = true,         ['~'] = true,
};

static bool host_wrong(const struct gate *gate)
{
    for (const char *c = gate->host; c && *c; c++)
        if (!host_bytes[(unsigned char)*c])
            return true;
    return version_is(gate, "HTTP/1.1") ? gate->host_count != 1 : gate->host_count > 1;
}

static bool framing_doubled(const struct gate *gate)
{
    return gate->length_count > 0 && gate->transfer_count > 0;
}

static bool length_repeated(const struct gate *gate)
{
    return gate->length_count > 1;
}

static bool length_wrong(const struct gate *gate)
{
    if (!gate->length)
        return false;
    size_t digits = strlen(gate->length);
    return digits == 0 || digits > LENGTH_DIGITS_MAX ||
           strspn(gate->length, "0123456789") != digits;
}

static bool transfer_wrong(const struct gate *gate)
{
    if (gate->transfer_count == 0)
        return false;
    return gate->transfer_count > 1 || strcasecmp(gate->transfer, "chunked") != 0 ||
           !version_is(gate, "HTTP/1.1");
}

static bool single_repeated(const struct gate *gate)
{
    for (size_t i = 0; i < GATE_SINGLE_COUNT; i++)
        if (gate->single_counts[i] > 1)
            return true;
    return false;
}

static bool expect_wrong(const struct gate *gate)
{
    return gate->expect && strcasecmp(gate->expect, "100-continue") != 0;
}

/* In this order: the first that is wrong gives the answer. */
static const struct {
    bool (*wrong)(const struct gate *gate);
    enum err err;
    const char *detail;
} checks[] = {
    { version_wrong, ERR_HTTP_VERSION, "HTTP/1.1 and HTTP/1.0 are spoken here" },
    { target_long, ERR_URI_TOO_LONG, "at most 2048 bytes" },
    { target_foreign, ERR_MALFORMED, "the target must begin with a slash" },
    { target_dirty, ERR_MALFORMED, "the target has bytes that must be percent-encoded" },
    { headers_many, ERR_MALFORMED, "at most 64 header fields" },
    { headers_long, ERR_HEADERS, "at most 20 KiB of header fields" },
    { name_wrong, ERR_MALFORMED, "a header field's name is not a token" },
    { name_folded, ERR_MALFORMED, "a header field that frames the request is folded" },
    { value_wrong, ERR_MALFORMED, "a header field has control characters" },
    { host_wrong, ERR_MALFORMED, "exactly one Host is needed, and nothing else in it" },
    { framing_doubled, ERR_MALFORMED, "Content-Length and Transfer-Encoding exclude each other" },
    { length_repeated, ERR_MALFORMED, "more than one Content-Length" },
    { length_wrong, ERR_MALFORMED, "Content-Length is not a number of bytes" },
    { transfer_wrong, ERR_MALFORMED, "Transfer-Encoding may be chunked, once, in HTTP/1.1" },
    { single_repeated, ERR_MALFORMED, "a header field that may come once was repeated" },
    { expect_wrong, ERR_EXPECTATION, "100-continue is the one expectation known here" },
};

enum err gate_check(struct ctx *ctx, const struct gate *gate)
{
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
        if (checks[i].wrong(gate))
            return fail(ctx, checks[i].err, NULL, "%s", checks[i].detail);
    return OK;
}

/* ---- Of a request that passed ---- */

bool gate_is_chunked(const struct gate *gate)
{
    return gate->transfer_count > 0;
}

int64_t gate_body_bytes(const struct gate *gate)
{
    int64_t bytes = 0;
    for (const char *digit = gate->length; digit && *digit; digit++)
        bytes = bytes * 10 + (*digit - '0'); /* no more than LENGTH_DIGITS_MAX of them */
    return bytes;
}

bool gate_expects_continue(const struct gate *gate)
{
    return gate->expect != NULL;
}
