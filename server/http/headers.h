/* headers.h: the header fields of a request. Private to server/http. */
#ifndef FUNNELD_HTTP_HEADERS_H
#define FUNNELD_HTTP_HEADERS_H

#include <funneld/base.h>

/* One field as it came; the texts are the library's, until the reply is sent. */
struct header_field {
    const char *name, *value;
    size_t name_bytes;
};

struct header_fields {
    struct header_field *items; /* in the request's arena */
    size_t count, room;
};

struct http_exchange;

/* Goes through all fields once: for the gate, for http_header(), and for who the client is. False:
 * no memory; the gate has seen them all the same. */
bool headers_gather(struct http_exchange *exchange) _must_check_;

#endif
