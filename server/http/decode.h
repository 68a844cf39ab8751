/* decode.h: percent-decoding, once and in one place. Private to server/http. */
#ifndef FUNNELD_HTTP_DECODE_H
#define FUNNELD_HTTP_DECODE_H

#include <funneld/base.h>

/* Strict: OK and NUL-terminated valid UTF-8 in *ret, or ERR_MALFORMED (an incomplete or wrong %xx,
 * %00, what is not UTF-8 after decoding), or ERR_MEMORY. `plus`: + is a space, as in queries and
 * forms, but never in paths. */
enum err decode_strict(struct arena *arena, const char *text, size_t bytes, bool plus,
                       const char **ret) _must_check_;

/* Lenient, for posts of web forms that nobody can mend: a wrong %xx stays as it is, NUL is dropped,
 * a byte that belongs to no UTF-8 becomes U+FFFD. NULL: no memory. */
const char *decode_lenient(struct arena *arena, const char *text, size_t bytes) _must_check_;

#endif
