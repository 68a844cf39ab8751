/* docs.c: /docs, the contract for people: RapiDoc on /openapi.json where the build had it, and a
 * plain list of the routes where it had not, or where scripts are off. Nothing is loaded from
 * elsewhere. */
#include "docs.h"

#include "openapi.h"

#include <string.h>

/* ---- The page ---- */

static void write_routes(struct buffer *page, const struct service *service, const char *tag)
{
    for (size_t i = 0; i < service->route_count; i++) {
        const struct route *route = &service->routes[i];
        char name[OPENAPI_TAG_BYTES];
        if (strcmp(openapi_tag(route, name), tag) == 0)
            buffer_printf(page, "<tr><td>%s<td><code>%s</code><td>%s\n",
                          http_method_names[__builtin_ctz(route->http.method)], route->http.path,
                          route->summary);
    }
}

/* Words of our own tables, without anything that HTML would take for markup. */
static void write_list(struct buffer *page, const struct service *service)
{
    buffer_text(page, "<h1>funneld</h1>\n<p>The whole contract: "
                      "<a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1).</p>\n");
    for (const struct openapi_tag *tag = openapi_tags; tag->name; tag++) {
        buffer_printf(page, "<h2>%s</h2>\n<p>%s.</p>\n<table>\n", tag->name, tag->description);
        write_routes(page, service, tag->name);
        buffer_text(page, "</table>\n");
    }
}

void docs_write(const struct service *service, struct buffer *page)
{
    buffer_text(page, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n"
                      "<title>funneld: the contract</title>\n");
    if (docs_script.gzip.length == 0) {
        write_list(page, service);
        return;
    }
    buffer_printf(page,
                  "<script type=\"module\" src=\"/docs/%s\"></script>\n"
                  "<rapi-doc spec-url=\"/openapi.json\" load-fonts=\"false\" "
                  "render-style=\"view\" show-header=\"false\" allow-spec-file-load=\"false\" "
                  "allow-spec-url-load=\"false\" allow-server-selection=\"false\"></rapi-doc>\n"
                  "<noscript>\n",
                  docs_script.name);
    write_list(page, service);
    buffer_text(page, "</noscript>\n");
}

/* ---- Routes ---- */

static enum err run_page(struct call *call)
{
    (void)call;
    return OK;
}

static void reply_page(struct call *call)
{
    struct bytes page = service_docs(call->service);
    /* No eval, no other host, no frame. RapiDoc writes style attributes. */
    http_reply_header(call->request, "Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
                      "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
                      "form-action 'none'; frame-ancestors 'none'");
    reply_body(call->request, 200, "text/html; charset=utf-8", (const char *)page.data,
               page.length);
}

static enum err run_script(struct call *call)
{
    bool known = docs_script.gzip.length > 0 && strcmp(call->params[0], docs_script.name) == 0;
    return known ? OK : ERR_NOT_FOUND;
}

/* Always gzip: what asks for a script of a page takes it, and whoever says nothing takes all. */
static void reply_script(struct call *call)
{
    struct http_request *request = call->request;
    http_reply_header(request, "ETag", docs_script.etag);
    http_reply_header(request, "Cache-Control", "public, max-age=31536000, immutable");
    if (client_has(request, docs_script.etag)) {
        request->reply.status = 304;
        return;
    }
    http_reply_header(request, "Content-Encoding", "gzip");
    reply_body(request, 200, "text/javascript; charset=utf-8", (const char *)docs_script.gzip.data,
               docs_script.gzip.length);
}

static const struct reply_kind page_replies[] = { { 200, "text/html" }, { 0 } };
static const struct reply_kind script_replies[] = {
    { 200, "text/javascript" },
    { 304, NULL },
    { 0 },
};

static const struct route rows[] = {
    { { HTTP_GET, "/docs" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_page,
      .reply = reply_page,
      .replies = page_replies,
      .status = 200,
      .operation = "getDocs",
      .summary = "This contract, for people" },
    { { HTTP_GET, "/docs/{file}" },
      ACCESS_NONE,
      SCOPE_NONE,
      .run = run_script,
      .reply = reply_script,
      .replies = script_replies,
      .status = 200,
      .operation = "getDocsFile",
      .summary = "The script of that page" },
};
const struct routes docs_routes = { rows, ARRAY_SIZE(rows) };
