/* shared.c: what the handlers of several resources need: results, pages, long lists of items. */
#include "route.h"

#include <string.h>
#include <strings.h>

void *call_result(struct call *call, size_t bytes)
{
    call->result = ctx_alloc(call->ctx, bytes);
    return call->result;
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

/* ---- Pages ---- */

static const struct field list_query_fields[] = {
    FIELD(struct list_query, limit, INT, .flags = FIELD_NOT_NULL, .min = 1, .max = LIMIT_MAX,
          .note = "rows of a page"),
    FIELD(struct list_query, cursor, TEXT, .min = 1, .max = 200,
          .note = "next_cursor of the page before"),
};
const struct table list_query_table = TABLE(struct list_query, "list_query", list_query_fields);

static enum err list_start(struct call *call, struct id *ret_after, int64_t *ret_limit)
{
    const struct list_query *query = call->query;
    *ret_limit = query->limit == NO_INT ? LIMIT_DEFAULT : query->limit;
    *ret_after = (struct id){ 0 };
    if (query->cursor && !id_parse(query->cursor, ret_after))
        return fail_member(call->ctx, "cursor", "invalid", "a next_cursor of this list");
    return OK;
}

const char *cursor_by_id(struct call *call, const void *row)
{
    char text[ID_TEXT_SIZE];
    id_format(row, text);
    return ctx_text(call->ctx, text);
}

enum err page_cut(struct call *call, struct rows *rows, int64_t limit,
                  const char *(*cursor)(struct call *call, const void *row))
{
    struct page *page = call_result(call, sizeof *page);
    if (!page)
        return ERR_MEMORY;
    page->rows = *rows;
    if ((int64_t)rows->count <= limit)
        return OK;
    page->has_more = true;
    page->rows.count = (size_t)limit;
    const char *last =
        (const char *)rows->items + (page->rows.count - 1) * call->route->result->size;
    page->next_cursor = cursor(call, last);
    return page->next_cursor ? OK : ERR_MEMORY;
}

enum err list_by_id(struct call *call,
                    enum err (*list)(struct ctx *ctx, struct db *db, const struct id *after,
                                     int64_t limit, struct rows *ret))
{
    struct id after;
    int64_t limit;
    struct rows rows;
    enum err err = list_start(call, &after, &limit);
    if (!err)
        err = list(call->ctx, call->db, &after, limit + 1, &rows);
    return err ? err : page_cut(call, &rows, limit, cursor_by_id);
}
