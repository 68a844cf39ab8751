/* idempotency.c: a retry is answered again instead of done again. The answer is kept in the
 * transaction of the effect, so there is never one without the other. Only what had an effect is
 * kept: a refusal costs nothing to find again. */
#include "dispatch.h"

#include <string.h>

enum { KEY_LENGTH_MAX = 255, EXPIRE_AT_ONCE = 2 };

/* A quoted string by the draft, and bare as many clients send it. */
enum err idempotency_read(struct call *call)
{
    const char *text = http_header(call->request, "Idempotency-Key");
    if (!text || call->route->access != ACCESS_WRITE || call->route->reply)
        return OK;
    if (call->route->http.method == HTTP_DELETE)
        return OK; /* done again it does the same, and waits for the same */
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    bool visible = length > 0 && length <= KEY_LENGTH_MAX;
    for (size_t i = 0; i < length && visible; i++)
        visible = text[i] > 0x20 && text[i] < 0x7f;
    if (!visible)
        return fail(call->ctx, ERR_MALFORMED, "Idempotency-Key",
                    "1 to 255 visible ASCII characters");
    call->idempotency_key = arena_text(call->ctx->arena, text, length);
    return call->idempotency_key ? OK : ERR_MEMORY;
}

/* What stands in the file says neither what the client chose nor what it sent: both may name
 * somebody who is erased. */
static enum err sign(struct call *call, const char *purpose, const struct bytes *parts,
                     size_t count, uint8_t **ret)
{
    *ret = ctx_alloc(call->ctx, HASH_BYTES);
    if (!*ret)
        return ERR_MEMORY;
    secret_sign(&call->service->secret, purpose, parts, count, *ret);
    return OK;
}

static enum err key_text(struct call *call, const char **ret)
{
    const struct bytes part = { (const uint8_t *)call->idempotency_key,
                                strlen(call->idempotency_key) };
    uint8_t *hash;
    enum err err = sign(call, "idempotency_key", &part, 1, &hash);
    if (err)
        return err;
    *ret = hash_text(call->ctx, hash);
    return *ret ? OK : ERR_MEMORY;
}

static enum err fingerprint(struct call *call, struct bytes *ret)
{
    const struct http_request *request = call->request;
    const struct bytes parts[] = {
        { (const uint8_t *)&request->method, sizeof request->method },
        { (const uint8_t *)request->path, strlen(request->path) },
        { (const uint8_t *)request->query, strlen(request->query) },
        { (const uint8_t *)request->body, request->body_bytes },
    };
    uint8_t *hash;
    enum err err = sign(call, "idempotency_fingerprint", parts, ARRAY_SIZE(parts), &hash);
    if (!err)
        *ret = (struct bytes){ hash, HASH_BYTES };
    return err;
}

/* The reply as it was, with a header that says so. */
static enum err answer_again(struct call *call, const struct kept_answer *kept)
{
    struct http_request *request = call->request;
    if (kept->status == err_info(ERR_GONE)->status)
        return fail(call->ctx, ERR_GONE, NULL,
                    "it was done, but the answer named a lead that was erased since");
    request->reply = (struct http_reply){ .status = (int)kept->status,
                                          .content_type = "application/json",
                                          .body = (const char *)kept->body.data,
                                          .body_bytes = kept->body.length };
    if (kept->location)
        http_reply_header(request, "Location", kept->location);
    if (kept->etag)
        http_reply_header(request, "ETag", kept->etag);
    http_reply_header(request, "Idempotency-Replayed", "true");
    reply_besides(call); /* of this request, not of the first */
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
    if (!bytes_equal(&known->fingerprint, &mine->fingerprint)) {
        call->reading = IN_HEADERS;
        return fail_member(call->ctx, "Idempotency-Key", "reused",
                           "this key came with another request before");
    }
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
                                  .created_at = call->ctx->now_ms };
    enum err err = key_text(call, &mine->key);
    if (!err)
        err = fingerprint(call, &mine->fingerprint);
    if (!err)
        err = kept_answer_find(call->ctx, call->db, &mine->key_id, mine->key, &known);
    if (!err && known.created_at >= call->ctx->now_ms - IDEMPOTENCY_KEPT_MS)
        return use_known(call, mine, &known);
    if (!err)
        err = kept_answer_delete(call->ctx, call->db, &known);
    if (err && err != ERR_NOT_FOUND)
        return err;
    err = kept_answers_expire(call->ctx, call->db, call->ctx->now_ms - IDEMPOTENCY_KEPT_MS,
                              EXPIRE_AT_ONCE);
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

/* The leads that the answer shows, so that an erasure finds it. One that was erased while a long
 * list was worked off takes the answer with it at once. */
static enum err keep_shown(struct call *call, struct kept_answer *mine)
{
    for (const struct shown_lead *shown = call->shown; shown; shown = shown->next) {
        struct erasure erasure;
        enum err err = erasure_find(call->ctx, call->db, &shown->id, &erasure);
        if (!err)
            *mine = (struct kept_answer){ .key_id = mine->key_id,
                                          .key = mine->key,
                                          .status = err_info(ERR_GONE)->status };
        else if (err == ERR_NOT_FOUND)
            err = kept_answer_show(call->ctx, call->db, mine, &shown->id);
        if (err)
            return err;
    }
    return OK;
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
    enum err err = keep_shown(call, mine);
    return err ? err : kept_answer_fill(call->ctx, call->db, mine);
}

enum err call_shows(struct call *call, const struct id *lead_id)
{
    if (!call->idempotency_key || id_compare(lead_id, &call->id) == 0)
        return OK;
    struct shown_lead *shown = ctx_alloc(call->ctx, sizeof *shown);
    if (!shown)
        return ERR_MEMORY;
    *shown = (struct shown_lead){ *lead_id, call->shown };
    call->shown = shown;
    return OK;
}
