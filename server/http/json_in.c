/* json_in.c: JSON bodies into structs by their field tables, or into flat pairs. The only file that
 * knows jansson; it must not know what any member means. */
#include <assert.h>
#include <funneld/http.h>
#include <funneld/value.h>
#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MAX = 32,
    REAL_TEXT_SIZE = 40,
    VALUES_MAX = 256, /* members of one FIELD_VALUES */
};

/* ---- Text to tree and back ---- */

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

/* A parsed body. The library does not look whether its own texts could grow: where memory runs out
 * within a token it drops a byte of it, or writes behind its end. So it gets its memory from an
 * arena, which goes with the tree as a whole, and is left by a jump when there is none. */
struct tree {
    struct arena arena;
    jmp_buf out;
    json_t *root;
};

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

/* One JSON object; its arena is the caller's to free. */
static enum err tree_parse(struct ctx *ctx, const char *text, size_t bytes, struct tree *tree)
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

static void tree_done(struct tree *tree)
{
    arena_free(&tree->arena);
}

/* The shortest decimal that reads back as the same number; jansson's own printing shows 1.1 with 17
 * digits. */
static void real_format(double value, char text[static REAL_TEXT_SIZE])
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

/* Any value as compact text, members in the order in which they came. */
static void tree_write(struct buffer *out, json_t *value)
{
    struct json json = { .out = out };
    value_write(&json, NULL, value);
}

/* ---- By field tables ---- */

static enum err object_read(struct ctx *ctx, const struct path *path, const struct table *table,
                            json_t *object, void *args);

static const char *type_name(const struct field *field)
{
    switch (field->kind) {
    case FIELD_INT: return "a whole number";
    case FIELD_NUMBER: return "a number";
    case FIELD_BOOL: return "true or false";
    case FIELD_ROW:
    case FIELD_REF:
    case FIELD_VALUES:
    case FIELD_JSON: return "an object";
    case FIELD_ROWS: return "a list of objects";
    case FIELD_TEXTS: return "a list of texts";
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_TEXT:
    case FIELD_ENUM:
    case FIELD_BYTES: break;
    }
    return "a text";
}

static enum err type_fail(struct ctx *ctx, const struct path *path, const struct field *field)
{
    return value_fail(ctx, path, "wrong_type", "must be %s", type_name(field));
}

/* ---- Lists ---- */

static enum err texts_read(struct ctx *ctx, const struct path *path, const struct field *field,
                           json_t *list, void *member)
{
    struct texts texts = { .count = json_array_size(list) };
    enum err first = value_count(ctx, path, field, texts.count);
    if (first != OK)
        return first;
    texts.items = ctx_alloc(ctx, (texts.count + 1) * sizeof(*texts.items));
    if (!texts.items)
        return ERR_MEMORY;

    for (size_t i = 0; i < texts.count; i++) {
        struct path item = { .up = path, .index = i };
        const char *text = json_string_value(json_array_get(list, i));
        enum err err = text ? value_list_text(ctx, &item, text)
                            : value_fail(ctx, &item, "wrong_type", "must be a text");
        if (!value_goes_on(err, &first))
            return first;
        texts.items[i] = text ? ctx_text(ctx, text) : "";
        if (!texts.items[i])
            return ERR_MEMORY;
    }
    memcpy(member, &texts, sizeof(texts));
    return first;
}

static enum err item_read(struct ctx *ctx, const struct path *path, const struct table *table,
                          json_t *item, void *row)
{
    if (!json_is_object(item))
        return value_fail(ctx, path, "wrong_type", "must be an object");
    return object_read(ctx, path, table, item, row);
}

/* The item's failure goes into its own struct input, and what had failed before stays as it was. */
static enum err item_read_alone(struct ctx *ctx, const struct path *path, const struct table *table,
                                json_t *item, void *row)
{
    struct failure before = ctx->failure;
    failure_clear(ctx);
    enum err err = item_read(ctx, path, table, item, row);
    if (err == OK) {
        ctx->failure = before;
        return OK;
    }
    if (err == ERR_MEMORY)
        return err;
    struct failure *own = arena_copy(ctx->arena, &ctx->failure, sizeof(ctx->failure));
    ctx->failure = before;
    if (!own)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    ((struct input *)row)->failure = own;
    return OK;
}

static enum err rows_read(struct ctx *ctx, const struct path *path, const struct field *field,
                          json_t *list, void *member)
{
    struct rows rows = { .count = json_array_size(list) };
    enum err first = value_count(ctx, path, field, rows.count);
    if (first != OK)
        return first;
    rows.items = ctx_alloc(ctx, (rows.count + 1) * field->of->size);
    if (!rows.items)
        return ERR_MEMORY;

    for (size_t i = 0; i < rows.count; i++) {
        struct path at = { .up = path, .index = i };
        json_t *item = json_array_get(list, i);
        void *row = (char *)rows.items + i * field->of->size;
        table_clear(field->of, row);
        enum err err = field->flags & FIELD_EACH ? item_read_alone(ctx, &at, field->of, item, row)
                                                 : item_read(ctx, &at, field->of, item, row);
        if (!value_goes_on(err, &first))
            return first;
    }
    memcpy(member, &rows, sizeof(rows));
    return first;
}

/* ---- Numbers with decimals, and objects whose members are data ---- */

/* What stands in the text is what counts: of a real, the shortest decimal that reads back as it. */
static enum err number_read(struct ctx *ctx, const struct path *path, json_t *value, int64_t *ret)
{
    char text[REAL_TEXT_SIZE];
    if (json_is_integer(value))
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        real_format(json_real_value(value), text);
    if (!decimal_parse(text, ret))
        return value_fail(ctx, path, "out_of_range", "a number, " DECIMAL_LIMITS);
    return OK;
}

static enum err data_read(struct ctx *ctx, const struct path *path, json_t *value,
                          struct custom_value *ret)
{
    *ret = (struct custom_value){ .name = ctx_text(ctx, path->name), .number = NO_INT };
    if (!ret->name)
        return ERR_MEMORY;
    switch (json_typeof(value)) {
    case JSON_NULL: return OK;
    case JSON_STRING: {
        const char *text =
            text_trim(ctx->arena, json_string_value(value), json_string_length(value));
        if (!text)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
        ret->text = *text ? ctx_text(ctx, json_string_value(value)) : NULL;
        return *text && !ret->text ? ERR_MEMORY : OK;
    }
    case JSON_TRUE:
    case JSON_FALSE:
        ret->type = CUSTOM_BOOLEAN;
        ret->number = json_is_true(value);
        return OK;
    case JSON_INTEGER:
    case JSON_REAL: ret->type = CUSTOM_NUMBER; return number_read(ctx, path, value, &ret->number);
    case JSON_OBJECT:
    case JSON_ARRAY: break;
    }
    return value_fail(ctx, path, "wrong_type", "must be a text, a number, true or false");
}

static enum err values_read(struct ctx *ctx, const struct path *path, json_t *object, void *member)
{
    struct custom_values values = { .count = json_object_size(object) };
    enum err first = OK;
    if (values.count > VALUES_MAX)
        return value_fail(ctx, path, "too_many", "at most %d members", VALUES_MAX);
    values.items = ctx_alloc(ctx, (values.count + 1) * sizeof(*values.items));
    if (!values.items)
        return ERR_MEMORY;
    struct custom_value *next = values.items;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct path at = { .up = path, .name = name };
        if (!value_goes_on(data_read(ctx, &at, value, next++), &first))
            return first;
    }
    memcpy(member, &values, sizeof(values));
    return first;
}

/* ---- Members ---- */

static enum err text_object_read(struct ctx *ctx, const struct path *path, json_t *object,
                                 void *member)
{
    struct buffer text = { .arena = ctx->arena };
    tree_write(&text, object);
    if (text.length > OBJECT_BYTES_MAX)
        return value_fail(ctx, path, "too_long", "at most %d bytes as text", OBJECT_BYTES_MAX);
    buffer_char(&text, '\0');
    if (text.failed)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    memcpy(member, &text.data, sizeof(text.data));
    return OK;
}

/* `slot` points to the member of the struct; its type follows from the field's kind. */
static enum err member_read(struct ctx *ctx, const struct path *path, const struct field *field,
                            json_t *value, void *slot)
{
    if (json_is_null(value))
        return value_null(ctx, path, field);
    switch (field->kind) {
    case FIELD_INT:
        if (!json_is_integer(value))
            break;
        return value_from_int(ctx, path, field, json_integer_value(value), slot);
    case FIELD_BOOL:
        if (!json_is_boolean(value))
            break;
        memcpy(slot, &(int64_t){ json_is_true(value) }, sizeof(int64_t));
        return OK;
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_DAY:
    case FIELD_TEXT:
    case FIELD_ENUM:
        if (!json_is_string(value))
            break;
        return value_from_text(ctx, path, field, json_string_value(value), slot);
    case FIELD_JSON:
        if (!json_is_object(value))
            break;
        return text_object_read(ctx, path, value, slot);
    case FIELD_TEXTS:
        if (!json_is_array(value))
            break;
        return texts_read(ctx, path, field, value, slot);
    case FIELD_ROWS:
        if (!json_is_array(value))
            break;
        return rows_read(ctx, path, field, value, slot);
    case FIELD_ROW:
        if (!json_is_object(value))
            break;
        return object_read(ctx, path, field->of, value, slot);
    case FIELD_NUMBER:
        if (!json_is_number(value))
            break;
        return number_read(ctx, path, value, slot);
    case FIELD_VALUES:
        if (!json_is_object(value))
            break;
        return values_read(ctx, path, value, slot);
    case FIELD_BYTES:
    case FIELD_REF:
        return fail(ctx, ERR_INTERNAL, NULL, "field %s is never read from JSON", field->name);
    }
    return type_fail(ctx, path, field);
}

static enum err unknown_fail(struct ctx *ctx, const struct path *at, const struct table *table,
                             const char *name)
{
    struct guess guess = { .text = name, .bytes = strlen(name) };
    for (size_t i = 0; i < table->count; i++)
        guess_try(&guess, table->fields[i].name);
    return value_fail(ctx, at, "unknown_member", "is not known here" GUESS_FORMAT,
                      GUESS_ARGUMENTS(&guess));
}

/* Into a struct that was cleared. Goes on after a wrong member, so that the client hears of all of
 * them. */
static enum err object_read(struct ctx *ctx, const struct path *path, const struct table *table,
                            json_t *object, void *args)
{
    assert(table->count <= 64);
    struct input *input = args;
    enum err first = OK;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct path at = { .up = path, .name = name };
        int index = table_find(table, name);
        enum err err;
        if (index < 0) {
            err = unknown_fail(ctx, &at, table, name);
        } else {
            const struct field *field = &table->fields[index];
            input->present |= UINT64_C(1) << index;
            err = member_read(ctx, &at, field, value, (char *)args + field->offset);
        }
        if (!value_goes_on(err, &first))
            return first;
    }
    value_goes_on(value_required(ctx, path, table, input->present), &first);
    return first;
}

enum err json_read(struct ctx *ctx, const char *text, size_t bytes, const struct table *table,
                   void *args)
{
    table_clear(table, args);
    _cleanup_(tree_done) struct tree tree = { 0 };
    enum err err = tree_parse(ctx, text, bytes, &tree);
    if (err != OK)
        return err;
    return object_read(ctx, NULL, table, tree.root, args);
}

/* ---- As pairs, for doors whose senders choose the names ---- */

struct flat {
    struct ctx *ctx;
    struct pairs *pairs;
};

static enum err pair_add(struct flat *flat, const char *name, json_t *value)
{
    if (flat->pairs->count == PAIRS_MAX)
        return fail(flat->ctx, ERR_TOO_LARGE, NULL, "more than %d values", PAIRS_MAX);
    const char *text = json_string_value(value);
    if (text) {
        text = ctx_text(flat->ctx, text);
    } else {
        struct buffer out = { .arena = flat->ctx->arena };
        tree_write(&out, value);
        buffer_char(&out, '\0');
        text = out.failed ? NULL : out.data;
    }
    if (!text)
        return fail(flat->ctx, ERR_MEMORY, NULL, "no memory for the request");
    flat->pairs->items[flat->pairs->count++] = (struct pair){ name, text };
    return OK;
}

/* Items of a list take the name of the list; null says nothing, so it makes no pair. The depth was
 * limited by the parser. */
static enum err value_flatten(struct flat *flat, const char *name, json_t *value)
{
    const char *key;
    json_t *item;
    size_t index;
    if (json_is_object(value)) {
        json_object_foreach(value, key, item)
        {
            const char *longer = name ? arena_printf(flat->ctx->arena, "%s.%s", name, key)
                                      : arena_text(flat->ctx->arena, key, strlen(key));
            if (!longer)
                return fail(flat->ctx, ERR_MEMORY, NULL, "no memory for the request");
            enum err err = value_flatten(flat, longer, item);
            if (err != OK)
                return err;
        }
        return OK;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, index, item)
        {
            enum err err = value_flatten(flat, name, item);
            if (err != OK)
                return err;
        }
        return OK;
    }
    return json_is_null(value) ? OK : pair_add(flat, name, value);
}

enum err json_pairs(struct ctx *ctx, const char *body, size_t bytes, struct pairs *ret)
{
    _cleanup_(tree_done) struct tree tree = { 0 };
    enum err err = tree_parse(ctx, body, bytes, &tree);
    if (err != OK)
        return err;
    struct pairs pairs = { .items = ctx_alloc(ctx, PAIRS_MAX * sizeof(struct pair)) };
    if (!pairs.items)
        return ERR_MEMORY;
    struct flat flat = { ctx, &pairs };
    err = value_flatten(&flat, NULL, tree.root);
    if (err != OK)
        return err;
    *ret = pairs;
    return OK;
}
