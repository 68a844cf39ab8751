/* reply.h: what a reply says besides its body. Private to server/http. */
#ifndef FUNNELD_HTTP_REPLY_H
#define FUNNELD_HTTP_REPLY_H

#include <funneld/http.h>

struct MHD_Response;
/* The request's reply for the library, with all headers; its body stays where it is. NULL: no
 * memory. */
struct MHD_Response *response_new(const struct http_request *request) _must_check_;

#endif
