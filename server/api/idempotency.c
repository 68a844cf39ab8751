/* idempotency.c: a retry is answered again instead of done again. The answer is kept in the
 * transaction of the effect, so there is never one without the other. Only what had an effect is
 * kept: a refusal costs nothing to find again. */
#include "dispatch.h"

#include <string.h>

enum { KEY_LENGTH_MAX = 255, EXPIRE_AT_ONCE = 2 };
#define KEPT_MS MS_PER_DAY

/* A quoted string by the draft, and bare as many clients send it. */
enum err idempotency_read(struct call *call)
{
    const char *text = http_header(call->request, "Idempotency-Key");
    if (!text || call->route->access != ACCESS_WRITE || call->route->reply)
        return OK;
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    bool visible = length > 0 && length <= KEY_LENGTH_MAX;
    for (size_t i = 0; i < length && visible; i++)
        visible = text[i] > 0x20 && text[i] < 0x7f;
    if (!visible)
        return fail(call->ctx, ERR_MALFORMED, NULL,
                    "Idempotency-Key: 1 to 255 visible ASCII characters");
    call->idempotency_key = arena_text(call->ctx->arena, text, length);
    return call->idempotency_key ? OK : ERR_MEMORY;
}

static enum err fingerprint(struct call *call, struct bytes *ret)
{
    const struct http_request *request = call->request;
    const struct bytes parts[] = {
        { (const uint8_t *)&request->method, sizeof request->method },
        { (const uint8_t *)request->path, strlen(request->path) + 1 },
        { (const uint8_t *)request->query, strlen(request->query) + 1 },
        { (const uint8_t *)request->body, request->body_bytes },
    };
    uint8_t *hash = ctx_alloc(call->ctx, HASH_BYTES);
    if (!hash)
        return ERR_MEMORY;
    hash_parts(parts, ARRAY_SIZE(parts), hash);
    *ret = (struct bytes){ hash, HASH_BYTES };
    return OK;
}

/* The reply as it was, with a header that says so. */
static enum err answer_again(struct call *call, const struct kept_answer *kept)
{
    struct http_request *request = call->request;
    request->reply = (struct http_reply){ .status = (int)kept->status,
                                          .content_type = "application/json",
                                          .body = (const char *)kept->body.data,
                                          .body_bytes = kept->body.length };
    if (kept->location)
        http_reply_header(request, "Location", kept->location);
    if (kept->etag)
        http_reply_header(request, "ETag", kept->etag);
    http_reply_header(request, "Idempotency-Replayed", "true");
    call->replied = true;
    return OK;
}

/* Whether a long list under this key waits for its next slice. */
static bool is_at_work(const struct call *call)
{
    for (const struct call *at = call->service->at_work; at; at = at->next_at_work)
        if (id_compare(&at->kept.key_id, &call->kept.key_id) == 0 &&
            strcmp(at->kept.key, call->kept.key) == 0)
            return true;
    return false;
}

void idempotency_leave(struct call *call)
{
    for (struct call **at = &call->service->at_work; *at; at = &(*at)->next_at_work)
        if (*at == call) {
            *at = call->next_at_work;
            return;
        }
}

/* What a known key means: the same request again, another one, or one that is still at work. One
 * that a crash or failed storage has cut short is taken up anew. */
static enum err use_known(struct call *call, const struct kept_answer *mine,
                          const struct kept_answer *known)
{
    if (!bytes_equal(&known->fingerprint, &mine->fingerprint))
        return fail_member(call->ctx, "Idempotency-Key", "reused",
                           "this key came with another request before");
    if (known->status != NO_INT)
        return answer_again(call, known);
    if (is_at_work(call))
        return fail(call->ctx, ERR_CONFLICT, NULL, "the first request with this key is at work");
    return OK;
}

/* Takes the key for this call, or says what became of it before. */
static enum err key_take(struct call *call)
{
    struct kept_answer known, *mine = &call->kept;
    *mine = (struct kept_answer){ .key_id = call->ctx->principal.key_id,
                                  .key = call->idempotency_key,
                                  .created_at = call->ctx->now_ms };
    enum err err = fingerprint(call, &mine->fingerprint);
    if (!err)
        err = kept_answer_find(call->ctx, call->db, &mine->key_id, mine->key, &known);
    if (!err && known.created_at >= call->ctx->now_ms - KEPT_MS)
        return use_known(call, mine, &known);
    if (!err)
        err = kept_answer_delete(call->ctx, call->db, &known);
    if (err && err != ERR_NOT_FOUND)
        return err;
    err = kept_answers_expire(call->ctx, call->db, call->ctx->now_ms - KEPT_MS, EXPIRE_AT_ONCE);
    return err ? err : kept_answer_insert(call->ctx, call->db, mine);
}

enum err idempotency_begin(struct call *call)
{
    enum err err = key_take(call);
    if (err || call->replied)
        return err;
    call->next_at_work = call->service->at_work;
    call->service->at_work = call;
    return OK;
}

static const char *reply_value(const struct http_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

enum err idempotency_end(struct call *call)
{
    const struct http_reply *reply = &call->request->reply;
    struct kept_answer *mine = &call->kept;
    mine->status = reply->status;
    mine->location = reply_value(reply, "Location");
    mine->etag = reply_value(reply, "ETag");
    mine->body = (struct bytes){ (const uint8_t *)reply->body, reply->body_bytes };
    mine->lead_id =
        call->route->result == &lead_table ? ((const struct lead *)call->result)->id : call->id;
    return kept_answer_fill(call->ctx, call->db, mine);
}
