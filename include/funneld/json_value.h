/* json_value.h: a look into JSON text that lies in memory: a member, the items of a list, a text or
 * a number.
 *
 * Nothing is allocated, copied or changed; a value is a slice of the text it was found in. The text
 * is meant to have been checked when it came in (json_in, our own tables). Of any other none of
 * these reads behind its end or fails to return, but what they find in it is of no use. */
#ifndef FUNNELD_JSON_VALUE_H
#define FUNNELD_JSON_VALUE_H

#include <funneld/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_KIND_NONE, /* there is nothing */
    JSON_KIND_OBJECT,
    JSON_KIND_LIST,
    JSON_KIND_TEXT,
    JSON_KIND_NUMBER,
    JSON_KIND_BOOL,
    JSON_KIND_NULL,
};

struct json_value {
    enum json_kind kind;
    const char *text; /* as it is written: with its quotes or brackets */
    size_t bytes;
};

/* The value that the text begins with. */
struct json_value json_value_of(const char *text, size_t bytes);

/* Goes through the members of an object, or the items of a list. */
struct json_walk {
    const char *at, *end;
};
struct json_walk json_walk(const struct json_value *whole);
/* False at the end. */
bool json_walk_member(struct json_walk *walk, struct json_value *ret_name, struct json_value *ret);
bool json_walk_item(struct json_walk *walk, struct json_value *ret);

/* The member of that name; kind NONE where there is none, or `object` is no object. */
struct json_value json_value_member(const struct json_value *object, const char *name);

/* A text without quotes and escapes, ending in NUL, as far as there is room: value->bytes are
 * enough. Returns its length; 0 of anything but a text. room > 0 */
size_t json_value_text(const struct json_value *value, char *to, size_t room);
/* Whether it is exactly this text. */
bool json_value_is(const struct json_value *value, const char *text);
/* A number without fraction and exponent that fits; false otherwise. INT64_MIN does not. */
bool json_value_int(const struct json_value *value, int64_t *ret);
bool json_value_real(const struct json_value *value, double *ret); /* any number */
bool json_value_true(const struct json_value *value);

/* What `patch` makes of the object `target` (NULL: there is none), by RFC 7396; both as our own
 * json_in writes them, so that equal names are equal bytes. In ctx's arena; ERR_MEMORY. */
enum err json_merge(struct ctx *ctx, const char *target, const char *patch, const char **ret)
    _must_check_;

#endif
