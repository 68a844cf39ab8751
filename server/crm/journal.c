/* journal.c: whom a form post names, so that an erasure finds it in the journal even where no lead
 * came of it. What is kept are hashes with the installation's secret, which say nothing. */
#include "history.h"

#include <ctype.h>
#include <string.h>

enum {
    KEYS_FEW = 32, /* are found by an index; a post that names more is looked through */
    NUMBER_MAX = 40,
};

struct index {
    struct ctx *ctx;
    struct db *db;
    struct secret secret;
    const struct id *submission;
    struct buffer hashes; /* HASH_BYTES each */
    enum err err;         /* the first */
};

void submission_hash(const struct secret *secret, enum lead_key_kind kind, const char *key,
                     uint8_t hash[static HASH_BYTES])
{
    const uint8_t kind_byte = (uint8_t)kind;
    const struct bytes parts[] = { { &kind_byte, 1 }, { (const uint8_t *)key, strlen(key) } };
    secret_sign(secret, "submission", parts, ARRAY_SIZE(parts), hash);
}

static void add_key(struct index *index, enum lead_key_kind kind, const char *key)
{
    char *room = index->err ? NULL : buffer_room(&index->hashes, HASH_BYTES);
    if (room) {
        submission_hash(&index->secret, kind, key, (uint8_t *)room);
        index->hashes.length += HASH_BYTES;
    } else if (!index->err) {
        index->err = fail(index->ctx, ERR_MEMORY, NULL, "no memory for an address");
    }
}

static void add_address(struct index *index, const char *text)
{
    const char *email, *key;
    struct ctx own = *index->ctx; /* that it is no address is no failure of the post */
    own.failure = (struct failure){ 0 };
    enum err err = email_normalise(&own, "email", text, &email, &key);
    if (!err)
        add_key(index, LEAD_KEY_EMAIL, key);
    else if (err == ERR_MEMORY && !index->err)
        index->err = fail(index->ctx, ERR_MEMORY, NULL, "no memory for an address");
}

/* What an address in the middle of a text is made of; as a whole value it may be more. */
static bool is_address_byte(char byte)
{
    return (unsigned char)byte >= 0x80 || isalnum((unsigned char)byte) ||
           (byte && strchr("._+-", byte));
}

static void add_addresses(struct index *index, const char *text, size_t bytes)
{
    for (size_t at = 1; at + 1 < bytes && !index->err; at++) {
        if (text[at] != '@')
            continue;
        size_t from = at, to = at + 1;
        while (from > 0 && is_address_byte(text[from - 1]))
            from--;
        while (to < bytes && is_address_byte(text[to]))
            to++;
        while (to > at && (text[to - 1] == '.' || text[to - 1] == '-'))
            to--;
        char *address = arena_text(index->ctx->arena, text + from, to - from);
        if (!address && !index->err)
            index->err = fail(index->ctx, ERR_MEMORY, NULL, "no memory for an address");
        if (address)
            add_address(index, address);
        at = to;
    }
}

static void add_value(struct index *index, const char *text)
{
    const char *number = NULL;
    if (!index->err && strlen(text) <= NUMBER_MAX)
        index->err = phone_normalise(index->ctx, text, &number);
    if (number)
        add_key(index, LEAD_KEY_PHONE, number);
    if (strchr(text, '@')) {
        add_address(index, text);
        add_addresses(index, text, strlen(text));
    }
}

static int hex(char digit)
{
    return digit >= '0' && digit <= '9'     ? digit - '0'
           : isxdigit((unsigned char)digit) ? tolower((unsigned char)digit) - 'a' + 10
                                            : -1;
}

/* The character that %40, or in JSON \u0040, stands for, and how long that is; 0: nothing else. */
static size_t escaped(const char *text, size_t left, char *ret)
{
    size_t digits = *text == '%' ? 1 : left > 5 && strncmp(text, "\\u00", 4) == 0 ? 4 : 0;
    if (digits == 0 || left < digits + 2 || hex(text[digits]) < 0 || hex(text[digits + 1]) < 0)
        return 0;
    *ret = (char)(hex(text[digits]) * 16 + hex(text[digits + 1]));
    return digits + 2;
}

/* A body that could not be read, searched as it is, once its %40 is an @ again. */
static enum err add_raw(struct index *index, const char *body, size_t bytes)
{
    char *text = ctx_alloc(index->ctx, bytes + 1);
    size_t length = 0;
    if (!text)
        return ERR_MEMORY;
    for (size_t i = 0; i < bytes;) {
        text[length] = body[i];
        size_t used = escaped(body + i, bytes - i, &text[length]);
        i += used ? used : 1;
        length++;
    }
    add_addresses(index, text, length);
    return index->err;
}

static enum err add_crowd(struct index *index, size_t count)
{
    const uint8_t *hashes = (const uint8_t *)index->hashes.data;
    uint8_t *starts = ctx_alloc(index->ctx, count * CROWD_HASH_BYTES);
    if (!starts)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(starts + i * CROWD_HASH_BYTES, hashes + i * HASH_BYTES, CROWD_HASH_BYTES);
    return submission_crowd_add(index->ctx, index->db, index->submission,
                                &(struct bytes){ starts, count * CROWD_HASH_BYTES });
}

static enum err keep(struct index *index)
{
    size_t count = index->hashes.length / HASH_BYTES;
    if (index->err || count > KEYS_FEW)
        return index->err ? index->err : add_crowd(index, count);
    const uint8_t *hashes = (const uint8_t *)index->hashes.data;
    for (size_t i = 0; i < count && !index->err; i++)
        index->err =
            submission_key_add(index->ctx, index->db, index->submission, hashes + i * HASH_BYTES);
    return index->err;
}

enum err submission_index(struct ctx *ctx, struct db *db, const struct id *submission,
                          const struct form_post *post)
{
    struct index index = {
        .ctx = ctx, .db = db, .submission = submission, .hashes.arena = ctx->arena
    };
    enum err err = installation_secret(ctx, db, &index.secret);
    if (!err && post->unreadable)
        err = add_raw(&index, post->body, post->body_bytes);
    if (err)
        return err;
    for (size_t i = 0; i < post->count; i++) {
        add_value(&index, post->names[i]);
        add_value(&index, post->values[i]);
    }
    return keep(&index);
}
