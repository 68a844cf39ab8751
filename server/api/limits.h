/* limits.h: how often somebody may ask. Private to server/api. */
#ifndef FUNNELD_API_LIMITS_H
#define FUNNELD_API_LIMITS_H

#include <funneld/base.h>
#include <funneld/config.h>

enum limit {
    LIMIT_KEY,     /* all requests with one key */
    LIMIT_ADDRESS, /* all without a valid one, from one address */
    LIMIT_FORM,    /* posts to one form from one address */
    LIMIT_COUNT
};

struct limits {
    struct limiter *limiter;
    int64_t per_minute[LIMIT_COUNT]; /* 0: any number */
    const char *policies[LIMIT_COUNT];
};

enum err limits_start(struct ctx *ctx, const struct config *config, struct arena *arena,
                      struct limits *ret) _must_check_;
void limits_stop(struct limits *limits);

struct call;
/* One more request, of that key or to that form; NULL of an address. ERR_TOO_MANY: one too many. */
enum err limit_take(struct call *call, enum limit limit, const struct id *id) _must_check_;
bool limit_is_reached(const struct call *call, enum limit limit);
/* Counts a request of somebody without a valid key, whatever its answer is: err, or
 * ERR_TOO_MANY. */
enum err limit_stranger(struct call *call, enum err err) _must_check_;
/* RateLimit, RateLimit-Policy, and Retry-After when it was one too many: of the limit that was
 * asked last. */
void limit_tell(struct call *call);

#endif
