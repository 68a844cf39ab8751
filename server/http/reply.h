/* reply.h: a reply as the library wants it. Private to server/http. */
#ifndef FUNNELD_HTTP_REPLY_H
#define FUNNELD_HTTP_REPLY_H

#include <funneld/base.h>

struct http_exchange;
struct MHD_Response;

/* The request's reply with all headers; its body stays where it is. An exchange keeps its last 304:
 * polls are answered much the same over and over, and making the library's copy of that anew costs
 * more than all else about it. Any other is to be destroyed once it is queued. NULL: no memory. */
struct MHD_Response *response_take(struct http_exchange *exchange) _must_check_;
/* Before the exchange itself goes. */
void response_forget(struct http_exchange *exchange);

#endif
