/* value.c: checks single values against their row of a field table and stores them. It must not
 * know whether they came as JSON or in a query. */
#include <funneld/value.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    LIST_TEXT_MAX = 2000, /* code points of one text of a TEXTS: an address of the web fits */
    LIMIT_DETAIL_MAX = 64,
};

/* ---- Complaints ---- */

static void path_append(struct buffer *out, const struct path *path)
{
    if (path->up) {
        path_append(out, path->up);
        buffer_char(out, '/');
    }
    if (path->is_place)
        buffer_text(out, path->name);
    else if (path->name)
        pointer_append(out, path->name);
    else
        buffer_int(out, (int64_t)path->index);
}

const char *path_text(struct ctx *ctx, const struct path *path)
{
    struct buffer text = { .arena = ctx->arena };
    path_append(&text, path);
    buffer_char(&text, '\0');
    if (!text.failed)
        return text.data;
    (void)!fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    return NULL;
}

enum err value_fail(struct ctx *ctx, const struct path *path, const char *code, const char *format,
                    ...)
{
    if (ctx->failure.member_count == MEMBER_ERRORS_MAX)
        return ERR_VALIDATION; /* would be counted away: save the work */
    const char *name = path_text(ctx, path);
    va_list args;
    va_start(args, format);
    char *detail = arena_vprintf(ctx->arena, format, args);
    va_end(args);
    if (!name || !detail)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the request");
    return fail_member(ctx, name, code, "%s", detail);
}

/* "a, b, c" of the names of an enum. */
static const char *names_list(struct ctx *ctx, const char *const *names)
{
    struct buffer out = { .arena = ctx->arena };
    for (size_t i = 0; names[i]; i++) {
        if (i > 0)
            buffer_text(&out, ", ");
        buffer_text(&out, names[i]);
    }
    buffer_char(&out, '\0');
    return out.failed ? "" : out.data;
}

/* "1 to 200", "at least 1", "at most 200". */
static void limits_describe(const struct field *field, char text[static LIMIT_DETAIL_MAX])
{
    if (field->max == INT64_MAX)
        snprintf(text, LIMIT_DETAIL_MAX, "at least %" PRId64, field->min);
    else if (field->min == 0 || field->min == INT64_MIN)
        snprintf(text, LIMIT_DETAIL_MAX, "at most %" PRId64, field->max);
    else
        snprintf(text, LIMIT_DETAIL_MAX, "%" PRId64 " to %" PRId64, field->min, field->max);
}

static bool field_is_limited(const struct field *field)
{
    return field->min != 0 || field->max != 0;
}

enum err value_null(struct ctx *ctx, const struct path *path, const struct field *field)
{
    if (field->flags & FIELD_REQUIRED)
        return value_fail(ctx, path, "required", "must not be null or blank");
    if (field->flags & FIELD_NOT_NULL)
        return value_fail(ctx, path, "not_null", "may be left out, but not be null or blank");
    return OK;
}

enum err value_required(struct ctx *ctx, const struct path *path, const struct table *table,
                        uint64_t present)
{
    enum err first = OK;
    for (size_t i = 0; i < table->count; i++) {
        if (!(table->fields[i].flags & FIELD_REQUIRED) || (present >> i & 1))
            continue;
        struct path member = { .up = path, .name = table->fields[i].name };
        if (!value_goes_on(value_fail(ctx, &member, "required", "must be given"), &first))
            break;
    }
    return first;
}

/* ---- Values ---- */

static enum err count_check(struct ctx *ctx, const struct path *path, const struct field *field,
                            size_t count, const char *less, const char *more, const char *unit)
{
    if (!field_is_limited(field))
        return OK;
    bool few = field->min > 0 && count < (size_t)field->min;
    bool many = field->max > 0 && count > (size_t)field->max;
    if (!few && !many)
        return OK;
    struct field limits = { .min = field->min, .max = field->max > 0 ? field->max : INT64_MAX };
    char text[LIMIT_DETAIL_MAX];
    limits_describe(&limits, text);
    return value_fail(ctx, path, few ? less : more, "%s %s", text, unit);
}

enum err value_count(struct ctx *ctx, const struct path *path, const struct field *field,
                     size_t count)
{
    return count_check(ctx, path, field, count, "too_few", "too_many", "items");
}

static bool text_is_blank(struct arena *arena, const char *text)
{
    unsigned char first = (unsigned char)text[0];
    if (first == '\0')
        return true;
    if (first > ' ' && first < 0x80)
        return false; /* nearly every text: no copy */
    const char *trimmed = text_trim(arena, text, strlen(text));
    return trimmed && trimmed[0] == '\0';
}

static enum err text_store(struct ctx *ctx, const struct path *path, const struct field *field,
                           const char *text, void *member)
{
    if (text_is_blank(ctx->arena, text))
        return value_null(ctx, path, field);
    enum err err =
        count_check(ctx, path, field, utf8_length(text), "too_short", "too_long", "characters");
    if (err != OK)
        return err;
    char *copy = ctx_text(ctx, text);
    if (!copy)
        return ERR_MEMORY;
    memcpy(member, &copy, sizeof(copy));
    return OK;
}

static enum err enum_store(struct ctx *ctx, const struct path *path, const struct field *field,
                           const char *text, void *member)
{
    int value = name_find(field->names, text);
    if (value < 0)
        return value_fail(ctx, path, "unknown_value", "one of: %s", names_list(ctx, field->names));
    memcpy(member, &value, sizeof(value));
    return OK;
}

static enum err time_store(struct ctx *ctx, const struct path *path, const char *text, void *member)
{
    int64_t time_ms;
    if (!time_parse(text, &time_ms))
        return value_fail(ctx, path, "invalid", "a time like 2026-11-22T22:05:22.123Z");
    memcpy(member, &time_ms, sizeof(time_ms));
    return OK;
}

static enum err day_store(struct ctx *ctx, const struct path *path, const char *text, void *member)
{
    int64_t day;
    if (!day_parse(text, &day))
        return value_fail(ctx, path, "invalid", "a date like 2026-11-22");
    memcpy(member, &day, sizeof(day));
    return OK;
}

static enum err id_store(struct ctx *ctx, const struct path *path, const char *text, void *member)
{
    struct id id;
    if (!id_parse(text, &id) || id_is_nil(&id))
        return value_fail(ctx, path, "invalid", "an id like 019aab3f-7c1e-7abc-8def-0123456789ab");
    memcpy(member, &id, sizeof(id));
    return OK;
}

enum err value_from_text(struct ctx *ctx, const struct path *path, const struct field *field,
                         const char *text, void *member)
{
    switch (field->kind) {
    case FIELD_ID: return id_store(ctx, path, text, member);
    case FIELD_TIME: return time_store(ctx, path, text, member);
    case FIELD_DAY: return day_store(ctx, path, text, member);
    case FIELD_ENUM: return enum_store(ctx, path, field, text, member);
    case FIELD_TEXT: return text_store(ctx, path, field, text, member);
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_JSON:
    case FIELD_TEXTS:
    case FIELD_BYTES:
    case FIELD_ROWS:
    case FIELD_ROW:
    case FIELD_REF:
    case FIELD_NUMBER:
    case FIELD_VALUES: break;
    }
    return fail(ctx, ERR_INTERNAL, NULL, "field %s is not a text", field->name);
}

enum err value_from_int(struct ctx *ctx, const struct path *path, const struct field *field,
                        int64_t value, void *member)
{
    struct field limits = { .min = INT64_MIN + 1,
                            .max = INT64_MAX }; /* INT64_MIN is our own mark for null */
    if (field_is_limited(field)) {
        limits.min = field->min;
        limits.max =
            field->max == 0 && field->min > 0 ? INT64_MAX : field->max; /* only .min was given */
    }
    if (value < limits.min || value > limits.max)
        return limits.max == INT64_MAX
                   ? value_fail(ctx, path, "out_of_range", "a whole number, at least %lld",
                                (long long)limits.min)
                   : value_fail(ctx, path, "out_of_range", "a whole number, %lld to %lld",
                                (long long)limits.min, (long long)limits.max);
    memcpy(member, &value, sizeof(value));
    return OK;
}

enum err value_list_text(struct ctx *ctx, const struct path *path, const char *text)
{
    if (text_is_blank(ctx->arena, text))
        return value_fail(ctx, path, "invalid", "must not be blank");
    if (strchr(text, '\n')) /* a list is stored as lines */
        return value_fail(ctx, path, "invalid", "must be one line");
    if (utf8_length(text) > LIST_TEXT_MAX)
        return value_fail(ctx, path, "too_long", "at most %d characters", LIST_TEXT_MAX);
    return OK;
}
