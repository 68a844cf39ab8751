/* journal.c: whom a form post names, so that an erasure finds it in the journal even where no lead
 * came of it. What is kept are hashes with the installation's secret, which say nothing. */
#include "history.h"

#include <ctype.h>
#include <string.h>

/* Who names more people than this in one post is none of them. */
enum { KEYS_MAX = 32, NUMBER_MAX = 40 };

struct index {
    struct ctx *ctx;
    struct db *db;
    struct secret secret;
    const struct id *submission;
    size_t count;
    enum err err; /* the first */
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
    uint8_t hash[HASH_BYTES];
    if (index->err || index->count >= KEYS_MAX)
        return;
    submission_hash(&index->secret, kind, key, hash);
    index->count++;
    index->err = submission_key_add(index->ctx, index->db, index->submission, hash);
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
    for (size_t at = 1; at + 1 < bytes && index->count < KEYS_MAX; at++) {
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

/* A body that could not be read, searched as it is, once its %40 is an @ again. */
static enum err add_raw(struct index *index, const char *body, size_t bytes)
{
    char *text = ctx_alloc(index->ctx, bytes + 1);
    size_t length = 0;
    if (!text)
        return ERR_MEMORY;
    for (size_t i = 0; i < bytes; i++) {
        bool encoded =
            body[i] == '%' && i + 2 < bytes && hex(body[i + 1]) >= 0 && hex(body[i + 2]) >= 0;
        text[length++] = encoded ? (char)(hex(body[i + 1]) * 16 + hex(body[i + 2])) : body[i];
        i += encoded ? 2 : 0;
    }
    add_addresses(index, text, length);
    return index->err;
}

enum err submission_index(struct ctx *ctx, struct db *db, const struct id *submission,
                          const struct form_post *post)
{
    struct index index = { .ctx = ctx, .db = db, .submission = submission };
    enum err err = installation_secret(ctx, db, &index.secret);
    if (err)
        return err;
    if (post->unreadable)
        return add_raw(&index, post->body, post->body_bytes);
    for (size_t i = 0; i < post->count; i++) {
        add_value(&index, post->names[i]);
        add_value(&index, post->values[i]);
    }
    return index.err;
}
