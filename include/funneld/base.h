/* base.h: what every layer stands on: errors, memory, time, ids, logs, metrics.
 *
 * Four lifetimes: process (made in main), thread (made when a thread starts), request arena
 * (struct ctx), block (_cleanup_). Nothing here knows HTTP, SQL or what a lead is. */
#ifndef FUNNELD_BASE_H
#define FUNNELD_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _cleanup_(destructor) __attribute__((cleanup(destructor)))
#define _must_check_ __attribute__((warn_unused_result))
#define _printf_(text, first) __attribute__((format(printf, text, first)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* "Not known" for every whole number and time; SQL NULL, JSON null. Text uses NULL, ids all
 * zeroes. */
#define NO_INT INT64_MIN

/* ---- Errors. One row each in server/base/errors.def: name, HTTP status, code, title. ---- */

enum err {
    OK = 0,
#define ERROR(name, status, code, title) name,
#include "errors.def"
#undef ERROR
    ERR_COUNT
};

/* What is known about an error beyond its kind; err_info(OK) is all zeroes. */
struct err_info {
    int status;        /* HTTP status */
    const char *code;  /* stable, for machines: "validation_failed" */
    const char *title; /* short, for people */
};

const struct err_info *err_info(enum err err);
/* Whether it went wrong with us, and not with what the client sent. */
bool err_is_ours(enum err err);
/* Whether it would have met anything else at that moment too, and may go well later: for want of
 * storage, memory or time. */
bool err_may_pass(enum err err);

/* One wrong member of a request. */
struct member_error {
    const char *member; /* "email", "activities/3/type"; a query parameter's name */
    const char *code;   /* "required", "too_long", "invalid", "unknown_member" ... */
    const char *detail; /* what would be right */
};

enum { MEMBER_ERRORS_MAX = 20 };

struct id {
    uint8_t bytes[16];
};

/* Detail of the failure that a function reported through its enum err. Lives in the arena of its
 * ctx. */
struct failure {
    enum err err;
    const char *detail;
    struct id existing; /* ERR_DUPLICATE: the record that is already there */
    size_t member_count;
    struct member_error members[MEMBER_ERRORS_MAX]; /* more are counted away, not kept */
};

/* Who looks at long work while it runs; NULL where nobody does. */
struct watch {
    /* Called often, one call at a time, on whatever thread. total 0: not known. False: stop, which
     * ends the work with ERR_CONFLICT. */
    bool (*step)(void *self, const char *what, int64_t done, int64_t total);
    void *self;
};

/* True to go on. */
bool watch_step(const struct watch *watch, const char *what, int64_t done, int64_t total);

/* ---- Memory ---- */

struct arena_block;

/* A bump allocator: everything of a request dies together. One thread at a time. */
struct arena {
    struct arena_block *head;
    size_t total_bytes;
    size_t limit_bytes; /* 0: none */
};

/* Zeroed memory aligned for any type, or NULL when memory or the limit is exhausted. */
void *arena_alloc(struct arena *arena, size_t bytes) _must_check_;
/* the same, not zeroed: for what is written whole at once */
void *arena_take(struct arena *arena, size_t bytes) _must_check_;
void *arena_copy(struct arena *arena, const void *data, size_t bytes) _must_check_;
/* adds the NUL */
char *arena_text(struct arena *arena, const char *text, size_t bytes) _must_check_;
char *arena_printf(struct arena *arena, const char *format, ...) _must_check_ _printf_(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    _must_check_ _printf_(2, 0);
/* forgets everything, keeps the first block for the next use */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

/* Text that grows in an arena. After a failed allocation `failed` stays set and appends do
 * nothing. */
struct buffer {
    struct arena *arena;
    char *data; /* not NUL-terminated; NULL while empty */
    size_t length;
    size_t capacity;
    bool failed;
};

/* Room for so many bytes more, NULL without memory: whoever writes there adds to `length`. */
char *buffer_grow(struct buffer *buffer, size_t bytes) _must_check_; /* where there is not enough */
static inline char *buffer_room(struct buffer *buffer, size_t bytes)
{
    bool enough = buffer->capacity - buffer->length >= bytes && !buffer->failed;
    return enough ? buffer->data + buffer->length : buffer_grow(buffer, bytes);
}

void buffer_append(struct buffer *buffer, const char *data, size_t bytes);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char byte);
void buffer_int(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) _printf_(2, 3);

/* ---- Who asks, and in what circumstances ---- */

enum scope {
    SCOPE_NONE = 0, /* public */
    SCOPE_READ = 1,
    SCOPE_WRITE = 2,
    SCOPE_INGEST = 4,
    SCOPE_ADMIN = 8, /* includes all others */
};

struct principal {
    struct id key_id;
    const char *name;
    unsigned scopes;
};

/* Makes ids of one thread: UUIDv7 that never go backwards within it. */
struct id_source {
    int64_t last_ms;
    uint32_t counter;
    /* Random bytes, asked of the kernel for many ids at once; the last `random_left` are unused. */
    size_t random_left;
    uint8_t random[256];
};

/* Passed down every call of a request: where to allocate, what the time is, who asks, what went
 * wrong. */
struct ctx {
    struct arena *arena;
    struct id_source *ids;
    int64_t now_ms; /* set once per request or command, so that one request has one "now" */
    struct principal principal;
    const char *request_id;
    struct failure failure;
};

/* Both record the failure in ctx and return err, so that a caller can `return fail(...)`.
 * The first failure of a ctx stands; member errors add up. `member` may be NULL. */
enum err fail(struct ctx *ctx, enum err err, const char *member, const char *format, ...)
    _must_check_ _printf_(4, 5);
/* ERR_VALIDATION with a machine code of its own for the member. */
enum err fail_member(struct ctx *ctx, const char *member, const char *code, const char *format, ...)
    _must_check_ _printf_(4, 5);
/* Forgets a failure that the caller has dealt with. */
void failure_clear(struct ctx *ctx);
/* Copies the failure's texts into ctx->arena: for who lent the ctx another arena for a while. */
void failure_keep(struct ctx *ctx);

/* arena_alloc() that records ERR_MEMORY. */
void *ctx_alloc(struct ctx *ctx, size_t bytes) _must_check_;
char *ctx_text(struct ctx *ctx, const char *text) _must_check_;

/* ---- Ids: UUIDv7, 16 bytes in storage, lower-case text in JSON. Not secrets. ---- */

#define ID_TEXT_SIZE 37

struct id id_new(struct ctx *ctx);
struct id id_make(struct id_source *source, int64_t now_ms);
bool id_parse(const char *text, struct id *ret); /* accepts upper case; false leaves *ret alone */
void id_format(const struct id *id, char text[static ID_TEXT_SIZE]);
bool id_is_nil(const struct id *id);
int id_compare(const struct id *a, const struct id *b);

/* ---- Time: milliseconds since 1970 UTC; days are civil days of the installation's zone ---- */

#define TIME_TEXT_SIZE 32
#define MS_PER_DAY INT64_C(86400000)

int64_t clock_now_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_thread_us(void); /* processor time that the calling thread has used */
/* Sets the zone of days; call once in main, before threads. False: no such zone. "UTC" needs no
 * files. */
bool clock_set_zone(const char *name);
bool clock_has_zone(const char *name); /* whether clock_set_zone() would take it */
int64_t day_of(int64_t time_ms);       /* days since 1970-01-01 of the local date */
int64_t day_start_ms(int64_t day);     /* the instant at which that day begins */
char *time_format(int64_t time_ms, char text[static TIME_TEXT_SIZE]); /* 2026-11-22T22:05:22.123Z */
char *day_format(int64_t day, char text[static TIME_TEXT_SIZE]);      /* 2026-11-22 */
/* RFC 3339 with any offset. Strict: what is not a real date, hour or offset is false. Years 1970
 * to 9999. */
bool time_parse(const char *text, int64_t *ret_ms);
bool day_parse(const char *text, int64_t *ret_day); /* YYYY-MM-DD */
/* The same of any year from 1 on: what people were born on. */
bool date_parse(const char *text, int64_t *ret_day);
/* What files hold: RFC 3339, or "YYYY-MM-DD[ T]HH:MM[:SS[.mmm]]" or "YYYY-MM-DD" in the
 * installation's zone. */
bool time_parse_lenient(const char *text, int64_t *ret_ms);

/* ---- Text ---- */

/* Bytes of the character that the text starts with; 0 when it is not well formed: NUL, a
 * surrogate, an overlong or unfinished form. bytes > 0. */
size_t utf8_character(const char *text, size_t bytes);
bool utf8_valid(const char *text, size_t bytes);
size_t utf8_length(const char *text); /* code points of valid text */
/* Lower-case letters, digits and _, a letter first: types of activities, keys. */
bool word_valid(const char *text);
/* without white space at both ends */
char *text_trim(struct arena *arena, const char *text, size_t bytes);
/* What a name that is not known was perhaps to be: start with text and bytes set, try all that are
 * known, and find the nearest in `name`, "" where none is near. */
struct guess {
    const char *text; /* need not end with the bytes */
    size_t bytes;
    char name[64];
    size_t distance;
};
void guess_try(struct guess *guess, const char *name);
/* For "... no such option" GUESS_FORMAT "; funneld --help lists them". */
#define GUESS_FORMAT "%s%s%s"
#define GUESS_ARGUMENTS(guess)                                                                     \
    (guess)->name[0] == '\0' ? "" : " (did you mean ", (guess)->name,                              \
        (guess)->name[0] == '\0' ? "" : "?)"
/* The next item of a list with commas or blanks between, not NUL-terminated; NULL at its end. */
const char *list_item(const char **rest, size_t *bytes);
/* The address as kept: trimmed, lower case, domain as A-labels; *ret_key is the match key,
 * without the +tag. ERR_VALIDATION on `member` when it is no address. */
enum err email_normalise(struct ctx *ctx, const char *member, const char *text,
                         const char **ret_email, const char **ret_key) _must_check_;
/* RFC 4648 base64url without padding, in ctx's arena. NULL: no memory, recorded. */
char *base64url_text(struct ctx *ctx, const void *data, size_t bytes) _must_check_;
/* False unless the text is exactly that many bytes, written as base64url_text() writes them. */
bool base64url_parse(const char *text, void *data, size_t bytes);
/* E.164 of an international number ("+49 30 1234-5", "0049..."); NULL when it is not one, which is
 * no error. */
enum err phone_normalise(struct ctx *ctx, const char *text, const char **ret) _must_check_;

/* A name made by a client as a part of a JSON pointer: ~ and / become ~0 and ~1, and what is longer
 * than can be of use is cut. */
void pointer_append(struct buffer *out, const char *name);

/* true, yes, y, on or 1; false, no, n, off or 0; whatever the case */
bool boolean_parse_lenient(const char *text, int64_t *ret);

/* ---- Numbers with decimals: whole millionths ---- */

#define DECIMAL_ONE INT64_C(1000000)
#define DECIMAL_MAX (INT64_C(1000000000000) * DECIMAL_ONE) /* in size */
#define DECIMAL_TEXT_SIZE 24
#define DECIMAL_LIMITS "at most 1000000000000 in size, with at most six decimals"

/* "-12.5", "1e3": exact, or false. */
bool decimal_parse(const char *text, int64_t *ret);
void decimal_format(int64_t number, char text[static DECIMAL_TEXT_SIZE]); /* "-12.5" */

/* ---- Addresses of clients ---- */

#define ADDRESS_TEXT_SIZE 46

/* IPv6, or IPv4 as ::ffff:192.0.2.1, so that a client has one address on any socket. */
struct address {
    uint8_t bytes[16];
};

struct address address_v4(const uint8_t bytes[static 4]);
/* "192.0.2.1" or "2001:db8::1" */
bool address_parse(const char *text, size_t bytes, struct address *ret);
void address_format(const struct address *address, char text[static ADDRESS_TEXT_SIZE]);
/* What one client commands: the IPv4 address, or the /64 of an IPv6 address. */
struct address address_site(const struct address *address);

struct network {
    struct address address;
    int bits; /* of 128 */
};
enum { NETWORKS_MAX = 64 };
struct networks {
    size_t count;
    struct network items[NETWORKS_MAX];
};
/* "127.0.0.1, 10.0.0.0/8, fd00::/8"; false: malformed, or too many. */
bool networks_parse(const char *text, struct networks *ret);
bool networks_have(const struct networks *networks, const struct address *address);

/* ---- How often somebody may do something ---- */

/* Buckets that hold a minute's worth and fill steadily. Any thread. */
struct limiter;
struct limiter *limiter_new(void); /* NULL: no memory. Takes all it will ever need. */
void limiter_free(struct limiter *limiter);
struct allowance {
    bool granted;
    int64_t left;   /* more at once */
    int64_t full_s; /* until all of a minute's worth is there again; 0: it is */
    int64_t next_s; /* until one more is granted; 0: at once */
};
/* One more for whoever has this name. 1 <= per_minute, the same for a name each time. */
struct allowance limiter_take(struct limiter *limiter, const void *who, size_t bytes,
                              int64_t per_minute) _must_check_;
struct allowance limiter_look(struct limiter *limiter, const void *who, size_t bytes,
                              int64_t per_minute) _must_check_; /* takes nothing */

/* ---- Secrets ---- */

#define KEY_TEXT_SIZE 64
#define KEY_HASH_BYTES 32

/* A new API key, "fnl_" and base62 of 32 random bytes with a checksum. */
void key_generate(char text[static KEY_TEXT_SIZE]);
void key_hash(const char *text, uint8_t hash[static KEY_HASH_BYTES]);
/* Whether two texts are the same key, in a time that does not tell where they differ. */
bool key_equal(const char *a, const char *b);
/* Whether the text could be a key at all, by form and checksum; what is not needs no look-up. */
bool key_is_well_formed(const char *text);

/* What only this installation knows. */
struct secret {
    uint8_t bytes[32];
};

void secret_generate(struct secret *ret);
/* The same in hexadecimal, in ctx's arena: how it is kept. NULL: no memory, recorded. */
char *secret_text(struct ctx *ctx, const struct secret *secret) _must_check_;
bool secret_parse(const char *text, struct secret *ret);

#define HASH_BYTES 32
/* HMAC-SHA256 of the parts with the secret. `purpose` ("cursor") keeps uses apart: what one has
 * signed, no other accepts. Each part counts with its length, so that none runs into the next. */
struct bytes;
void secret_sign(const struct secret *secret, const char *purpose, const struct bytes *parts,
                 size_t count, uint8_t hash[static HASH_BYTES]);
/* In hexadecimal, in ctx's arena. NULL: no memory, recorded. */
char *hash_text(struct ctx *ctx, const uint8_t hash[static HASH_BYTES]);
/* In constant time. */
bool hashes_equal(const uint8_t *a, const uint8_t *b, size_t bytes);

/* ---- Files that are there whole or not at all ---- */

#define FILE_HASH_SIZE 65

/* Opens a file for what is still being made, empty and for its owner's eyes, and keeps others from
 * it until it is closed: what a killed process has left is begun anew. ERR_BUSY: another process is
 * at it; ERR_NOT_FOUND: there can be no file there; ERR_STORAGE. */
enum err file_begin(struct ctx *ctx, const char *path, int *ret_fd) _must_check_;
/* Gives the finished file its name, in place of what had it. What is in it is on the disk before it
 * has the name, and the name when this returns. ERR_STORAGE */
enum err file_publish(struct ctx *ctx, const char *unfinished, const char *path) _must_check_;
/* What is in the folder of this path is on the disk when this returns: names given and taken. */
enum err file_settle_names(struct ctx *ctx, const char *path) _must_check_;
/* SHA-256 in hexadecimal. ERR_STORAGE; ERR_CONFLICT: interrupted. */
enum err file_hash(struct ctx *ctx, const char *path, const struct watch *watch,
                   char text[static FILE_HASH_SIZE]) _must_check_;

/* ---- Logs: one line each to standard error, as text or JSON. No personal data, no keys. ---- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };
enum log_requests { LOG_REQUESTS_NONE, LOG_REQUESTS_FAILED, LOG_REQUESTS_ALL };
extern const char *const log_level_names[], *const log_format_names[],
                                                *const log_requests_names[]; /* ending in NULL */

/* Under systemd's journal each line begins with its priority, which the journal takes off. */
void log_setup(enum log_level level, enum log_format format);
/* `area` is a short constant ("writer"); control bytes in the message are escaped. */
void log_line(enum log_level level, const char *area, const char *format, ...) _printf_(3, 4);

/* A member of its own in JSON; name=value before the message in text, so without blanks. */
struct log_field {
    const char *name;
    const char *text; /* NULL: the number */
    int64_t number;
};

void log_fields(enum log_level level, const char *area, const struct log_field *fields,
                size_t count, const char *format, ...) _printf_(5, 6);
/* Whether one more line may be written of what can happen to every request: a few are each second.
 * *ret_left_out: how many were not, before this one. */
bool log_allowed(int64_t *ret_left_out);
void log_setup_requests(enum log_requests which);
/* The level for the line of a request that was answered so. */
enum log_level log_request_level(int status);

/* ---- Metrics. One row each in server/base/metrics.def, which says more. ---- */

enum metric {
#define METRIC(name, type, text, help) name,
#define HISTOGRAM(name, bounds, text, help)
#include "metrics.def"
#undef METRIC
#undef HISTOGRAM
    METRIC_COUNT
};

/* What a use case did is counted with db_count(), when it is committed. */
void metric_add(enum metric metric, int64_t amount);
void metric_set(enum metric metric, int64_t value);
int64_t metric_value(enum metric metric);

enum histogram_bounds {
    BOUNDS_TIME, /* values in microseconds; shown in seconds */
    BOUNDS_COUNT,
};

enum { HISTOGRAM_RANGES = 11 };

/* How many values fell into each range, and their sum. */
struct histogram {
    _Atomic int64_t ranges[HISTOGRAM_RANGES];
    _Atomic int64_t sum;
};

enum metric_histogram {
#define METRIC(name, type, text, help)
#define HISTOGRAM(name, bounds, text, help) name,
#include "metrics.def"
#undef METRIC
#undef HISTOGRAM
    METRIC_HISTOGRAM_COUNT
};

void metric_observe(enum metric_histogram histogram, int64_t value);
/* Two relaxed additions. */
void histogram_add(struct histogram *histogram, enum histogram_bounds bounds, int64_t value);

/* Every row in the Prometheus text format, and what is known of the process. */
void metrics_render(struct buffer *buffer);
/* For those that have labels: HELP and TYPE of a family, then the samples of one member. `labels`
 * are as they stand in braces, "" for none; no quote, backslash or line end is in their values. */
void metric_family(struct buffer *buffer, const char *name, const char *type, const char *help);
void histogram_render(struct buffer *buffer, const char *name, const char *labels,
                      enum histogram_bounds bounds, const struct histogram *histogram);
/* Sets the metrics of the process: memory, processor time, open files. */
void process_measure(void);

#endif
