/* shared.c: what the handlers of several resources need: results, long lists of items. */
#include "route.h"

#include <string.h>
#include <strings.h>

void *call_result(struct call *call, size_t bytes)
{
    call->result = ctx_alloc(call->ctx, bytes);
    return call->result;
}

bool call_may_read(const struct call *call)
{
    return call->ctx->principal.scopes & (SCOPE_READ | SCOPE_WRITE | SCOPE_ADMIN);
}

void call_location(struct call *call, const char *collection, const struct id *id)
{
    char text[ID_TEXT_SIZE];
    id_format(id, text);
    const char *location = arena_printf(call->ctx->arena, "/v1/%s/%s", collection, text);
    if (location)
        http_reply_header(call->request, "Location", location);
}

bool media_type_is(const char *content_type, const char *type)
{
    size_t length = strlen(type);
    return content_type && strncasecmp(content_type, type, length) == 0 &&
           strchr(" ;\t", content_type[length]) != NULL;
}

/* A header field may hold any byte above 0x7f. */
const char *header_text(const struct call *call, const char *name)
{
    const char *value = http_header(call->request, name);
    char *text = value ? ctx_text(call->ctx, value) : NULL;
    for (char *c = text; c && *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return text;
}

/* ---- Long lists of items ---- */

/* What the client got wrong; everything else is ours and fails the whole request, which can then
 * be sent again. */
static bool is_clients_mistake(enum err err)
{
    int status = err_info(err)->status;
    return status >= 400 && status < 500;
}

/* A use case names the item's own member; the client looks for it from the body's root. */
static enum err name_from_root(struct call *call, const struct each *each, size_t index)
{
    struct failure *failure = &call->ctx->failure;
    for (size_t i = 0; i < failure->member_count; i++) {
        struct member_error *error = &failure->members[i];
        error->member = arena_printf(call->ctx->arena, "%s/%zu%s%s", each->list, index,
                                     each->texts ? "" : "/", each->texts ? "" : error->member);
        if (!error->member)
            return ERR_MEMORY;
    }
    return OK;
}

static enum err run_item(struct call *call, const struct each *each, size_t index)
{
    struct savepoint savepoint;
    enum err err = db_savepoint(call->ctx, call->db, &savepoint);
    if (err)
        return err;
    err = each->item(call, index);
    if (!err)
        return db_release(call->ctx, call->db, &savepoint);
    /* the engine has given up the transaction, and the batch with it */
    if (!db_in_transaction(call->db))
        return err;
    db_rollback_to(call->db, &savepoint);
    if (!is_clients_mistake(err))
        return err;
    if (name_from_root(call, each, index))
        return ERR_MEMORY;
    each->failed(call, index, err, &call->ctx->failure);
    failure_clear(call->ctx);
    return OK;
}

enum err call_each(struct call *call, const struct each *each)
{
    size_t end = call->next + WRITER_SLICE_ITEMS < each->count ? call->next + WRITER_SLICE_ITEMS
                                                               : each->count;
    for (size_t i = call->next; i < end; i++) {
        enum err err = run_item(call, each, i);
        if (err)
            return err;
    }
    call->next = end;
    call->command.more = end < each->count;
    return OK;
}
