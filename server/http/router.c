/* router.c: from a method and a raw path to a row of the app's route table. It must not know what a
 * route does. */
#include "decode.h"

#include <assert.h>
#include <funneld/http.h>
#include <string.h>

enum {
    SEGMENTS_MAX = 16,
    METHOD_COUNT = 7,
};

const char *const http_method_names[] = { "GET",     "POST", "PATCH", "DELETE",
                                          "OPTIONS", "PUT",  "HEAD",  NULL };

/* One segment of one or more templates. Routes hang on the node of their last segment. */
struct node {
    const char *text; /* literal, not NUL-terminated; NULL: the parameter of its parent */
    size_t length;
    struct node *next; /* other literals of the same parent */
    struct node *literals;
    struct node *parameter;
    unsigned methods;
    size_t routes[METHOD_COUNT]; /* by bit number of the method, where `methods` has it */
};

struct router {
    struct arena *arena;
    struct node root;
};

struct segments {
    size_t count;
    const char *items[SEGMENTS_MAX];
};

static int method_bit(enum http_method method)
{
    return __builtin_ctz((unsigned)method);
}

/* ---- Building ---- */

static struct node *node_child(struct router *router, struct node *parent, const char *text,
                               size_t length)
{
    bool parameter = text[0] == '{';
    assert(length > 0 && parameter == (text[length - 1] == '}'));
    if (parameter && parent->parameter)
        return parent->parameter;
    for (struct node *child = parent->literals; child && !parameter; child = child->next)
        if (child->length == length && memcmp(child->text, text, length) == 0)
            return child;

    struct node *child = arena_alloc(router->arena, sizeof(*child));
    if (!child)
        return NULL;
    if (parameter) {
        parent->parameter = child;
        return child;
    }
    child->text = text;
    child->length = length;
    child->next = parent->literals;
    parent->literals = child;
    return child;
}

static bool route_add(struct router *router, const struct http_route *route, size_t index)
{
    struct node *node = &router->root;
    size_t parameters = 0, depth = 0;
    const char *text = route->path;
    assert(text[0] == '/');
    while (*text == '/' && text[1] != '\0') {
        text++;
        size_t length = strcspn(text, "/");
        parameters += text[0] == '{';
        depth++;
        node = node_child(router, node, text, length);
        if (!node)
            return false;
        text += length;
    }
    assert(parameters <= HTTP_PATH_PARAMS_MAX && depth <= SEGMENTS_MAX);
    assert(!(node->methods &
             (unsigned)route->method)); /* the same route twice is a mistake in the table */
    node->methods |= (unsigned)route->method;
    node->routes[method_bit(route->method)] = index;
    return true;
}

struct router *router_new(struct arena *arena, const void *routes, size_t count, size_t stride)
{
    struct router *router = arena_alloc(arena, sizeof(*router));
    if (!router)
        return NULL;
    router->arena = arena;
    for (size_t i = 0; i < count; i++) {
        /* Rows begin with their struct http_route, whatever else the app keeps in them. */
        const void *row = (const char *)routes + i * stride;
        if (!route_add(router, row, i))
            return NULL;
    }
    return router;
}

/* ---- Matching ---- */

/* Splits first and decodes once after: %2F never separates. Empty segments match nothing, so they
 * end it. */
static enum err path_split(struct arena *arena, const char *raw_path, struct segments *segments)
{
    if (raw_path[0] != '/')
        return ERR_NOT_FOUND;
    segments->count = 0;
    enum err result = OK;
    for (const char *text = raw_path; *text == '/' && (text[1] != '\0' || text != raw_path);) {
        text++;
        size_t length = strcspn(text, "/");
        const char *decoded;
        enum err err = decode_strict(arena, text, length, false, &decoded);
        if (err != OK)
            return err;
        if (decoded[0] == '\0' || segments->count == SEGMENTS_MAX)
            result =
                ERR_NOT_FOUND; /* not at once: a malformed later segment is the better answer */
        else
            segments->items[segments->count++] = decoded;
        text += length;
    }
    return result;
}

/* The node of the last segment. Tries a literal before the parameter, and comes back when the
 * literal's branch has no route for the rest: /a/{x}/c is found although /a/b exists. No deeper
 * than the longest template. */
static const struct node *node_find(const struct node *node, const struct segments *segments,
                                    size_t at, const char **params)
{
    if (at == segments->count)
        return node->methods ? node : NULL;

    const char *text = segments->items[at];
    size_t length = strlen(text);
    for (const struct node *child = node->literals; child; child = child->next) {
        if (child->length != length || memcmp(child->text, text, length) != 0)
            continue;
        const struct node *found = node_find(child, segments, at + 1, params);
        if (found)
            return found;
        break;
    }
    if (!node->parameter)
        return NULL;
    params[0] = text;
    return node_find(node->parameter, segments, at + 1, params + 1);
}

enum err router_match(const struct router *router, struct arena *arena, enum http_method method,
                      const char *raw_path, struct http_match *ret)
{
    struct segments segments;
    enum err err = path_split(arena, raw_path, &segments);
    if (err != OK)
        return err;

    *ret = (struct http_match){ 0 };
    const struct node *node = node_find(&router->root, &segments, 0, ret->params);
    if (!node)
        return ERR_NOT_FOUND;
    ret->allowed = node->methods;
    if (node->methods & HTTP_GET)
        ret->allowed |= HTTP_HEAD;
    if (method == HTTP_HEAD && !(node->methods & HTTP_HEAD))
        method = HTTP_GET;
    if (!(node->methods & (unsigned)method))
        return ERR_METHOD;
    ret->route = node->routes[method_bit(method)];
    return OK;
}

void router_allow(unsigned methods, char text[static 64])
{
    static const enum http_method order[] = { HTTP_GET,   HTTP_HEAD,   HTTP_POST,   HTTP_PUT,
                                              HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS };
    char *end = text;
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        if (!(methods & (unsigned)order[i]))
            continue;
        if (end != text)
            end = stpcpy(end, ", ");
        end = stpcpy(end, http_method_names[method_bit(order[i])]);
    }
    *end = '\0';
}
