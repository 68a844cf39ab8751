/* limits.c: how often one key, one address, or one address at one form may ask, and what an answer
 * tells of it. Proxies that are trusted, and so this machine, are not counted when they ask for
 * themselves. */
#include "limits.h"

#include "dispatch.h"

#include <string.h>

static const char *const names[LIMIT_COUNT] = {
    [LIMIT_KEY] = "key",
    [LIMIT_ADDRESS] = "address",
    [LIMIT_FORM] = "form",
};
static const char *const kinds[LIMIT_COUNT] = {
    [LIMIT_KEY] = "requests a minute with one key",
    [LIMIT_ADDRESS] = "requests a minute without a valid key from one address",
    [LIMIT_FORM] = "posts a minute from one address",
};

enum err limits_start(struct ctx *ctx, const struct config *config, struct arena *arena,
                      struct limits *ret)
{
    ret->per_minute[LIMIT_KEY] = config->key_requests_per_minute;
    ret->per_minute[LIMIT_ADDRESS] = config->address_requests_per_minute;
    ret->per_minute[LIMIT_FORM] = config->form_posts_per_minute;
    bool complete = true;
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        ret->policies[i] =
            arena_printf(arena, "\"%s\";q=%lld;w=60", names[i], (long long)ret->per_minute[i]);
        complete &= ret->policies[i] != NULL;
    }
    ret->limiter = limiter_new();
    return complete && ret->limiter ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for the limits");
}

void limits_stop(struct limits *limits)
{
    limiter_free(limits->limiter);
}

/* Whom a limit counts. */
struct counted {
    uint8_t limit;
    struct id id;        /* of the key or the form */
    struct address site; /* not with a key: it is the same wherever it comes from */
};

static struct counted counted_name(const struct call *call, enum limit limit, const struct id *id)
{
    struct counted counted = { .limit = (uint8_t)limit };
    if (id)
        counted.id = *id;
    if (limit != LIMIT_KEY)
        counted.site = address_site(&call->request->client);
    return counted;
}

static bool is_counted(const struct call *call, enum limit limit)
{
    return !call->request->trusted && service_limits(call->service)->per_minute[limit] > 0;
}

enum err limit_take(struct call *call, enum limit limit, const struct id *id)
{
    if (!is_counted(call, limit))
        return OK;
    const struct limits *limits = service_limits(call->service);
    struct counted counted = counted_name(call, limit, id);
    call->allowance =
        limiter_take(limits->limiter, &counted, sizeof counted, limits->per_minute[limit]);
    call->policy = limits->policies[limit];
    call->limit = limit;
    if (call->allowance.granted)
        return OK;
    metric_add(METRIC_REQUESTS_LIMITED, 1);
    return fail(call->ctx, ERR_TOO_MANY, NULL, "at most %lld %s",
                (long long)limits->per_minute[limit], kinds[limit]);
}

bool limit_is_reached(const struct call *call, enum limit limit)
{
    if (!is_counted(call, limit))
        return false;
    const struct limits *limits = service_limits(call->service);
    struct counted counted = counted_name(call, limit, NULL);
    return !limiter_look(limits->limiter, &counted, sizeof counted, limits->per_minute[limit])
                .granted;
}

enum err limit_stranger(struct call *call, enum err err)
{
    struct failure failure = call->ctx->failure;
    failure_clear(call->ctx);
    enum err limited = limit_take(call, LIMIT_ADDRESS, NULL);
    if (limited)
        return limited;
    call->ctx->failure = failure;
    return err;
}

void limit_tell(struct call *call)
{
    if (!call->policy)
        return;
    struct buffer buffer = { .arena = call->ctx->arena };
    const struct allowance *allowance = &call->allowance;
    buffer_char(&buffer, '"');
    buffer_text(&buffer, names[call->limit]);
    buffer_text(&buffer, "\";r=");
    buffer_int(&buffer, allowance->left);
    buffer_text(&buffer, ";t=");
    buffer_int(&buffer, allowance->granted ? allowance->full_s : allowance->next_s);
    buffer_char(&buffer, '\0');
    const char *wait = allowance->granted
                           ? NULL
                           : arena_printf(call->ctx->arena, "%lld", (long long)allowance->next_s);
    if (buffer.failed)
        return;
    http_reply_header(call->request, "RateLimit-Policy", call->policy);
    http_reply_header(call->request, "RateLimit", buffer.data);
    if (wait)
        http_reply_header(call->request, "Retry-After", wait);
}
