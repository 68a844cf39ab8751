/* lists.c: what every list takes beside its own filters, and how it is answered: a page at a time,
 * in an order that the client may choose, with the way to the next page. Which rows there are, the
 * routes know. */
#include "route.h"

#include <string.h>

enum { LIMIT_DEFAULT = 50 };

static const struct field list_query_fields[] = {
    FIELD(struct list_asked, sort, TEXT,
          .note = "a member to order by, with - before it for the highest first"),
    FIELD(struct list_asked, limit, INT, .flags = FIELD_NOT_NULL, .min = 1, .max = LIST_LIMIT_MAX,
          .note = "rows of a page; 50 unless it is given"),
    FIELD(struct list_asked, cursor, TEXT, .max = 200, .note = "next_cursor of the page before"),
    FIELD(struct list_asked, count, BOOL,
          .note = "true: total says how many rows the filters select, on all pages"),
};
static const struct table list_query_table =
    TABLE(struct list_asked, "list_query", list_query_fields);

struct fields_query {
    struct input input;
    const char *fields;
};

static const struct field fields_query_fields[] = {
    FIELD(struct fields_query, fields, TEXT, .max = 1000,
          .note = "members of the answer (of each row), with commas between: the others are left "
                  "out, but for the id; of custom fields fields.KEY"),
};
static const struct table fields_query_table =
    TABLE(struct fields_query, "fields_query", fields_query_fields);

/* A read of what a table describes, for whoever has a key. */
static bool takes_fields(const struct route *route)
{
    return route->http.method == HTTP_GET && route->result && !route->reply &&
           route->scopes != SCOPE_NONE;
}

size_t route_parameters(const struct route *route, const struct table *ret[ROUTE_TABLES_MAX])
{
    size_t count = 0;
    if (route->query)
        ret[count++] = route->query;
    if ((route->flags & ROUTE_LIST) && !route->body)
        ret[count++] = &list_query_table;
    if (takes_fields(route))
        ret[count++] = &fields_query_table;
    return count;
}

bool orders_are_sound(const struct route *route)
{
    for (const struct order *order = route->orders; order && order->name; order++) {
        if (order->value)
            continue;
        int index = table_find(route->result, order->member);
        enum field_kind kind = index < 0 ? FIELD_BYTES : route->result->fields[index].kind;
        if (kind != FIELD_ID && kind != FIELD_INT && kind != FIELD_TIME)
            return false;
    }
    return (route->flags & ROUTE_LIST) ? route->orders != NULL : !route->orders;
}

/* ---- What was asked for ---- */

static const char *order_names(struct call *call)
{
    struct buffer out = { .arena = call->ctx->arena };
    for (const struct order *order = call->route->orders; order->name; order++) {
        if (out.length > 0)
            buffer_text(&out, " or ");
        buffer_printf(&out, "%s%s", order->name, order->value ? "KEY" : "");
    }
    buffer_char(&out, '\0');
    return out.failed ? "?" : out.data;
}

/* "-score", "-score,id": what is equal always goes by id. */
static enum err read_sort(struct call *call, const char *text)
{
    struct list *list = &call->list;
    list->order = call->route->orders;
    list->descending = list->order->descending;
    if (!text)
        return OK;
    list->descending = *text == '-';
    const char *name = text + list->descending;
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ",id") == 0)
        length -= 3;
    for (; list->order->name; list->order++) {
        size_t bytes = strlen(list->order->name);
        bool open = list->order->value && length > bytes;
        bool named = list->order->value ? open : bytes == length;
        if (!named || strncmp(list->order->name, name, bytes) != 0)
            continue;
        if (open)
            list->order_key = arena_text(call->ctx->arena, name + bytes, length - bytes);
        return open && !list->order_key ? ERR_MEMORY : OK;
    }
    return fail_member(call->ctx, "sort", "invalid", "%s, with - before it for the highest first",
                       order_names(call));
}

enum err list_ask(struct call *call, const struct list_asked *query)
{
    struct list *list = &call->list;
    list->limit = query->limit == NO_INT ? LIMIT_DEFAULT : query->limit;
    list->count = query->count == 1;
    list->total = NO_INT;
    list->after = (struct position){ .value = NO_INT };
    enum err err = read_sort(call, query->sort);
    if (err || !query->cursor)
        return err;
    list->started = true;
    return cursor_read(call, query->cursor, &list->after);
}

/* ---- All of it ---- */

#define FILTERS_KNOWN "and attributes, ATTRIBUTE[op]=VALUE"

/* They select, as they stand. */
static enum err note_filters(struct call *call)
{
    struct buffer out = { .arena = call->ctx->arena };
    for (size_t i = 0; i < call->filters.count; i++)
        buffer_printf(&out, "%s=%s&", call->filters.items[i].name, call->filters.items[i].value);
    call->selection = (struct bytes){ (const uint8_t *)out.data, out.length };
    return out.failed ? fail(call->ctx, ERR_MEMORY, NULL, "no memory for the request") : OK;
}

enum err read_parameters(struct call *call)
{
    const struct route *route = call->route;
    struct list_asked list;
    struct fields_query fields = { 0 };
    struct arguments all[ROUTE_TABLES_MAX];
    const struct table *tables[ROUTE_TABLES_MAX];
    size_t count = route_parameters(route, tables);
    if (route->query && !(call->query = ctx_alloc(call->ctx, route->query->size)))
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        all[i] = (struct arguments){ tables[i], tables[i] == &list_query_table     ? (void *)&list
                                                : tables[i] == &fields_query_table ? (void *)&fields
                                                                                   : call->query };
    const struct other_arguments others = { route->filters, FILTERS_KNOWN, &call->filters };
    enum err err =
        query_read(call->ctx, call->request->query, all, count, route->filters ? &others : NULL);
    if (!err && route->filters)
        err = note_filters(call);
    if (!err && (route->flags & ROUTE_LIST) && !route->body)
        err = list_ask(call, &list);
    return err || !fields.fields ? err : members_ask(call, fields.fields);
}

/* ---- Pages ---- */

static const void *row_at(const struct call *call, const struct rows *rows, size_t index)
{
    return (const char *)rows->items + index * call->route->result->size;
}

/* The number that the order goes by, unless that is the id alone; and the id, if there is one. */
static struct position position_of(const struct call *call, const void *row)
{
    const struct table *table = call->route->result;
    struct position position = { .value = NO_INT };
    const struct order *order = call->list.order;
    if (order->value) {
        position.value = order->value(call, row);
    } else {
        const struct field *by = &table->fields[table_find(table, order->member)];
        if (by->kind != FIELD_ID)
            memcpy(&position.value, (const char *)row + by->offset, sizeof position.value);
    }
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].kind == FIELD_ID) {
            memcpy(&position.id, (const char *)row + table->fields[i].offset, sizeof position.id);
            break;
        }
    return position;
}

/* What a target may hold but no URI, and > would end the link. */
static void append_uri(struct buffer *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (strchr("\"<>\\^`{|}", text[i]))
            buffer_printf(out, "%%%02X", (unsigned)text[i]);
        else
            buffer_char(out, text[i]);
}

/* The target of this request with another cursor, or with none. */
static void append_target(struct buffer *out, const struct http_request *request,
                          const char *cursor)
{
    char before = '?';
    append_uri(out, request->path, strlen(request->path));
    for (const char *part = request->query; *part != '\0';) {
        size_t length = strcspn(part, "&");
        if (length > 0 && strncmp(part, "cursor=", 7) != 0) {
            buffer_char(out, before);
            append_uri(out, part, length);
            before = '&';
        }
        part += length + (part[length] == '&');
    }
    if (cursor)
        buffer_printf(out, "%ccursor=%s", before, cursor);
}

enum { LINK_BYTES_MAX = 4000 }; /* a longer one might not fit among a reply's headers */

/* RFC 8288: for whoever pages without looking into the body. */
static void add_links(struct call *call, const char *next_cursor)
{
    struct buffer link = { .arena = call->ctx->arena };
    bool by_body = call->route->body; /* no target leads to another page */
    if (by_body || (!next_cursor && !call->list.started))
        return;
    if (next_cursor) {
        buffer_char(&link, '<');
        append_target(&link, call->request, next_cursor);
        buffer_text(&link, ">; rel=\"next\"");
    }
    if (call->list.started) {
        buffer_text(&link, next_cursor ? ", <" : "<");
        append_target(&link, call->request, NULL);
        buffer_text(&link, ">; rel=\"first\"");
    }
    buffer_char(&link, '\0');
    if (!link.failed && link.length <= LINK_BYTES_MAX)
        http_reply_header(call->request, "Link", link.data);
}

enum err page_cut(struct call *call, const struct rows *rows)
{
    size_t limit = (size_t)call->list.limit;
    struct page *page = call_result(call, sizeof *page);
    if (!page)
        return ERR_MEMORY;
    page->rows = *rows;
    page->total = call->list.total;
    if (rows->count > limit) {
        page->has_more = true;
        page->rows.count = limit;
        struct position last = position_of(call, row_at(call, rows, limit - 1));
        page->next_cursor = cursor_write(call, &last);
        if (!page->next_cursor)
            return ERR_MEMORY;
    }
    add_links(call, page->next_cursor);
    return OK;
}

enum err page_of_all(struct call *call, const struct rows *all)
{
    struct list *list = &call->list;
    size_t size = call->route->result->size, at = 0;
    if (list->count)
        list->total = (int64_t)all->count;
    for (bool seen = !list->started; !seen; at++) {
        if (at == all->count)
            return fail_member(call->ctx, "cursor", "invalid",
                               "the row it ended at is gone; leave it out to start again");
        size_t index = list->descending ? all->count - 1 - at : at;
        struct position here = position_of(call, row_at(call, all, index));
        seen = here.value == list->after.value && id_compare(&here.id, &list->after.id) == 0;
    }
    char *items = ctx_alloc(call->ctx, (size_t)(list->limit + 1) * size);
    if (!items)
        return ERR_MEMORY;
    struct rows rows = { items, 0 };
    for (; at < all->count && rows.count <= (size_t)list->limit; at++)
        memcpy(items + rows.count++ * size,
               row_at(call, all, list->descending ? all->count - 1 - at : at), size);
    return page_cut(call, &rows);
}

const struct order orders_by_id[] = { { .name = "id", .member = "id" }, { 0 } };

enum err list_by_id(struct call *call, list_rows *list, list_count *count)
{
    struct rows rows;
    struct id_range range = list_range(call);
    enum err err = list(call->ctx, call->db, &range, &rows);
    if (!err && call->list.count)
        err = count(call->ctx, call->db, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

struct id_range list_range(const struct call *call)
{
    return (struct id_range){ .after = call->list.after.id,
                              .descending = call->list.descending,
                              .limit = call->list.limit + 1 };
}
