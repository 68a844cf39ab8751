/* id.c: UUIDs of version 7: 48 bits of milliseconds, a 12-bit counter, 62 random bits.
 * Ids order by time within one source; they are names, never secrets. */
#include <funneld/base.h>

#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

enum { COUNTER_MAX = 0xfff, COUNTER_SEED_MASK = 0x1ff };

/* Moves the source on. The counter starts low, so that a millisecond has room for thousands of
 * ids; when it runs out, or the clock steps back, the source lives on its own time until the
 * clock catches up. */
static void source_advance(struct id_source *source, int64_t now_ms, uint32_t random)
{
    if (now_ms > source->last_ms) {
        source->last_ms = now_ms;
        source->counter = random & COUNTER_SEED_MASK;
        return;
    }
    source->counter++;
    if (source->counter > COUNTER_MAX) {
        source->last_ms++;
        source->counter = random & COUNTER_SEED_MASK;
    }
}

/* Sixteen random bytes. The library seeds a second generator for each id, which costs ten times
 * what is needed; it helps where the kernel cannot. */
static void source_draw(struct id_source *source, uint8_t bytes[static 16])
{
    if (source->random_left == 0 && getentropy(source->random, sizeof(source->random)) == 0)
        source->random_left = sizeof(source->random);
    if (source->random_left == 0) {
        uuid_generate_random(bytes);
        return;
    }
    memcpy(bytes, source->random + sizeof(source->random) - source->random_left, 16);
    source->random_left -= 16;
}

struct id id_make(struct id_source *source, int64_t now_ms)
{
    struct id id;
    source_draw(source, id.bytes);
    /* The bytes that the time will overwrite are random too: they seed the counter. */
    source_advance(source, now_ms, (uint32_t)id.bytes[0] << 8 | id.bytes[1]);
    uint64_t ms = (uint64_t)source->last_ms;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | source->counter >> 8);
    id.bytes[7] = (uint8_t)source->counter;
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f)); /* the variant */
    return id;
}

struct id id_new(struct ctx *ctx)
{
    return id_make(ctx->ids, ctx->now_ms);
}

/* ---- As text ---- */

/* Of each byte, where its two digits stand: there is a dash behind the fourth, sixth, eighth and
 * tenth. */
static const uint8_t digit_places[] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };
static const uint8_t dash_places[] = { 8, 13, 18, 23 };

/* 1 to 16; 0: none. */
static const uint8_t digit_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool id_parse(const char *text, struct id *ret)
{
    struct id id;
    if (text == NULL || strlen(text) != ID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(dash_places); i++)
        if (text[dash_places[i]] != '-')
            return false;
    for (size_t i = 0; i < ARRAY_SIZE(digit_places); i++) {
        const unsigned char *digits = (const unsigned char *)text + digit_places[i];
        unsigned high = digit_values[digits[0]], low = digit_values[digits[1]];
        if (high == 0 || low == 0)
            return false;
        id.bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    *ret = id;
    return true;
}

void id_format(const struct id *id, char text[static ID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < ARRAY_SIZE(digit_places); i++) {
        text[digit_places[i]] = digits[id->bytes[i] >> 4];
        text[digit_places[i] + 1] = digits[id->bytes[i] & 0x0f];
    }
    for (size_t i = 0; i < ARRAY_SIZE(dash_places); i++)
        text[dash_places[i]] = '-';
    text[ID_TEXT_SIZE - 1] = '\0';
}

bool id_is_nil(const struct id *id)
{
    uint64_t halves[2];
    memcpy(halves, id->bytes, sizeof(halves));
    return (halves[0] | halves[1]) == 0;
}

int id_compare(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
