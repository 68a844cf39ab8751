/* headers.c: the header fields of a request, gone through once: the gate sees each of them, and
 * what is asked for later is found among them without the library, whose own search costs more. It
 * must not know what the app makes of any. */
#include "headers.h"

#include "exchange.h"

#include <string.h>
#include <strings.h>

static bool field_is(const struct header_field *field, const char *name, size_t bytes)
{
    return field->name_bytes == bytes && strcasecmp(field->name, name) == 0;
}

/* ---- For whom a proxy speaks ---- */

static void forwarded_look(struct http_exchange *exchange, const struct header_field *field)
{
    static const char name[] = "X-Forwarded-For";
    if (exchange->connection->trusted && !exchange->thread->control &&
        field_is(field, name, sizeof(name) - 1))
        forwarded_add(&exchange->forwarded, &exchange->thread->shared->trusted, field->value);
}

/* Whoever cannot be told from the header is one client like others: the proxy. */
static void client_find(struct http_exchange *exchange)
{
    const struct forwarded *forwarded = &exchange->forwarded;
    struct http_request *request = &exchange->request;
    if (!forwarded->found && !forwarded->lost)
        return;
    if (!forwarded->lost)
        request->client = forwarded->client;
    request->trusted =
        !forwarded->lost && networks_have(&exchange->thread->shared->trusted, &forwarded->client);
}

/* ---- All of them ---- */

static enum MHD_Result field_visit(void *exchange_, enum MHD_ValueKind kind, const char *name,
                                   size_t name_bytes, const char *value, size_t value_bytes)
{
    (void)kind;
    struct http_exchange *exchange = exchange_;
    struct header_fields *fields = &exchange->fields;
    const struct header_field field = { name, value ? value : "", name_bytes };
    gate_header(&exchange->gate, name, name_bytes, field.value, value_bytes);
    if (fields->count < fields->room)
        fields->items[fields->count++] = field;
    forwarded_look(exchange, &field);
    return MHD_YES;
}

bool headers_gather(struct http_exchange *exchange)
{
    struct header_fields *fields = &exchange->fields;
    int count = MHD_get_connection_values_n(exchange->mhd, MHD_HEADER_KIND, NULL, NULL);
    /* With more of them the gate refuses the request. */
    size_t room = count < GATE_HEADERS_MAX ? (size_t)count : GATE_HEADERS_MAX;
    fields->items = arena_take(&exchange->request.arena, room * sizeof(*fields->items));
    fields->room = fields->items ? room : 0;
    MHD_get_connection_values_n(exchange->mhd, MHD_HEADER_KIND, field_visit, exchange);
    client_find(exchange);
    return fields->items != NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
    const struct header_fields *fields = &request->exchange->fields;
    size_t bytes = strlen(name);
    for (size_t i = 0; i < fields->count; i++)
        if (field_is(&fields->items[i], name, bytes))
            return fields->items[i].value;
    return NULL;
}
