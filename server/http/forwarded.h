/* forwarded.h: for whom a proxy speaks. Private to server/http. */
#ifndef FUNNELD_HTTP_FORWARDED_H
#define FUNNELD_HTTP_FORWARDED_H

#include <funneld/base.h>

/* Of one request, whose X-Forwarded-For came from a proxy that is trusted. Each proxy adds at the
 * end whom it heard: what stands before the last one that is not trusted is hearsay. */
struct forwarded {
    bool found; /* client is known */
    struct address client;
    bool lost; /* what came last could not be read: the next one is as far as can be seen */
};

/* The values of all such fields, in their order. */
void forwarded_add(struct forwarded *forwarded, const struct networks *trusted, const char *value);

#endif
