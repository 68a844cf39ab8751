/* gate.h: the header gate. Private to server/http. */
#ifndef FUNNELD_HTTP_GATE_H
#define FUNNELD_HTTP_GATE_H

#include <funneld/base.h>

enum {
    GATE_TARGET_MAX = 2048,
    GATE_HEADERS_MAX = 64,
    GATE_HEADER_BYTES_MAX =
        20 * 1024,         /* of all; the rest of a connection's memory is the reply's */
    GATE_SINGLE_COUNT = 4, /* headers that may come once: Authorization and so on */
};

/* What the gate looks at, gathered header by header. Texts belong to the connection. */
struct gate {
    const char *target; /* raw, with the query */
    size_t target_bytes;
    const char *version; /* "HTTP/1.1" */
    size_t header_count, header_bytes;
    size_t host_count;
    const char *host;
    size_t length_count;
    const char *length; /* Content-Length */
    size_t transfer_count;
    const char *transfer; /* Transfer-Encoding */
    const char *expect;
    size_t single_counts[GATE_SINGLE_COUNT];
    bool bad_name, bad_value, folded;
};

void gate_header(struct gate *gate, const char *name, size_t name_bytes, const char *value,
                 size_t value_bytes);
/* OK, or the error with which the request is refused; nothing of it may be trusted then, least
 * of all where it ends. */
enum err gate_check(struct ctx *ctx, const struct gate *gate) _must_check_;

/* Of a request that passed. */
bool gate_is_chunked(const struct gate *gate);
int64_t gate_body_bytes(
    const struct gate *gate); /* announced; 0 when there is none or it is chunked */
bool gate_expects_continue(const struct gate *gate);

#endif
