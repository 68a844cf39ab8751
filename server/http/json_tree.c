/* json_tree.c: what jansson must not do with a request: nest too deeply, run out of memory, accept
 * what is behind a NUL, tell clients their own data. It must not know what any member means. */
#include "json_tree.h"

#include <funneld/http.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

/* ---- From text ---- */

/* Whether brackets outside of strings nest no deeper than DEPTH_MAX. jansson's own limit is 2048,
 * and its recursion needs more stack than we want to give a thread. */
static bool depth_is_allowed(const char *text, size_t bytes)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        char byte = text[i];
        if (quoted) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                quoted = false;
        } else if (byte == '"') {
            quoted = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > DEPTH_MAX)
                return false;
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
    }
    return true;
}

/* The library does not look whether its own texts could grow: where memory runs out within a token
 * it drops a byte of it, or writes behind its end. So it gets its memory from the tree's arena, and
 * is left by a jump when there is none. */
static _Thread_local struct tree
    *parsing; /* NULL: nothing; the other user of jansson, server/cli */

static void *tree_alloc(size_t bytes)
{
    if (parsing == NULL)
        return malloc(bytes);
    void *data = arena_alloc(&parsing->arena, bytes);
    if (data == NULL)
        longjmp(parsing->out, 1);
    return data;
}

static void tree_free(void *data)
{
    if (parsing == NULL)
        free(data);
}

static void library_start(void)
{
    json_set_alloc_funcs(tree_alloc, tree_free);
}

/* jansson adds what stands near the mistake: the client's own data, which has no place in our
 * answers and logs. */
static enum err syntax_fail(struct ctx *ctx, json_error_t *error)
{
    char *near = strstr(error->text, " near ");
    if (near)
        *near = '\0';
    bool is_nul = json_error_code(error) == json_error_null_character;
    return fail(ctx, ERR_MALFORMED, NULL, "line %d, column %d: %s", error->line, error->column,
                is_nul ? "a text with \\u0000 in it" : error->text);
}

/* False: no memory. */
static bool tree_build(struct tree *tree, const char *text, size_t bytes, json_error_t *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, library_start);
    parsing = tree;
    bool built = setjmp(tree->out) == 0;
    if (built)
        tree->root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, error);
    parsing = NULL;
    return built;
}

enum err tree_parse(struct ctx *ctx, const char *text, size_t bytes, struct tree *tree)
{
    if (bytes == 0)
        return fail(ctx, ERR_MALFORMED, NULL, "the body is empty; a JSON object is wanted");
    /* jansson takes NUL for the end of input and would accept anything after it. */
    if (memchr(text, '\0', bytes))
        return fail(ctx, ERR_MALFORMED, NULL, "the body contains a NUL byte");
    if (!depth_is_allowed(text, bytes))
        return fail(ctx, ERR_MALFORMED, NULL, "nested deeper than %d levels", DEPTH_MAX);

    json_error_t error;
    if (!tree_build(tree, text, bytes, &error))
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    if (!tree->root)
        return syntax_fail(ctx, &error);
    if (!json_is_object(tree->root))
        return fail(ctx, ERR_MALFORMED, NULL, "the body must be a JSON object");
    return OK;
}

void tree_done(struct tree *tree)
{
    arena_free(&tree->arena);
}

/* ---- To text ---- */

void real_format(double value, char text[static REAL_TEXT_SIZE])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, REAL_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (!strpbrk(text, ".e"))
        memcpy(text + strlen(text), ".0", 3); /* it came as a real and stays one */
}

static void value_write(struct json *json, const char *key, json_t *value)
{
    char real[REAL_TEXT_SIZE];
    const char *name;
    json_t *item;
    size_t index;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_open(json, key, '{');
        json_object_foreach(value, name, item) value_write(json, name, item);
        json_close(json, '}');
        return;
    case JSON_ARRAY:
        json_open(json, key, '[');
        json_array_foreach(value, index, item) value_write(json, NULL, item);
        json_close(json, ']');
        return;
    case JSON_STRING: json_text(json, key, json_string_value(value)); return;
    case JSON_INTEGER:
        snprintf(real, sizeof(real), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        json_raw(json, key, real); /* not json_int(): here INT64_MIN is a number like any other */
        return;
    case JSON_REAL:
        real_format(json_real_value(value), real);
        json_raw(json, key, real);
        return;
    case JSON_TRUE:
    case JSON_FALSE: json_bool(json, key, json_is_true(value)); return;
    case JSON_NULL: json_raw(json, key, "null"); return;
    }
}

void tree_write(struct buffer *out, json_t *value)
{
    struct json json = { .out = out };
    value_write(&json, NULL, value);
}
