/* err.c: the table of errors, and the record of what went wrong in a request.
 * It neither logs nor answers, and does not know which layer failed. */
#include <funneld/base.h>

#include <string.h>

static const struct err_info infos[ERR_COUNT] = {
#define ERROR(name, status_, code_, title_)                                                        \
    [name] = { .status = status_, .code = code_, .title = title_ },
#include "errors.def"
#undef ERROR
};

const struct err_info *err_info(enum err err)
{
    if ((unsigned)err >= ERR_COUNT)
        err = ERR_INTERNAL;
    return &infos[err];
}

bool err_is_ours(enum err err)
{
    return err >= ERR_INTERNAL;
}

bool err_may_pass(enum err err)
{
    return err == ERR_STORAGE || err == ERR_BUSY || err == ERR_DEADLINE || err == ERR_MEMORY;
}

static void member_add(struct ctx *ctx, const char *member, const char *code, const char *detail)
{
    struct failure *failure = &ctx->failure;
    if (failure->member_count == MEMBER_ERRORS_MAX)
        return;
    const char *name = arena_text(ctx->arena, member, strlen(member));
    if (name == NULL)
        return;
    failure->members[failure->member_count++] = (struct member_error){
        .member = name,
        .code = code,
        .detail = detail,
    };
}

/* Records unless another failure stands. When memory is out the title stands in for the detail. */
static void failure_record(struct ctx *ctx, enum err err, const char *member, const char *code,
                           const char *format, va_list args)
{
    struct failure *failure = &ctx->failure;
    bool first = failure->err == OK;
    if (!first &&
        (failure->err != err || member == NULL || failure->member_count == MEMBER_ERRORS_MAX))
        return;
    const char *detail = arena_vprintf(ctx->arena, format, args);
    if (detail == NULL)
        detail = err_info(err)->title;
    if (first) {
        failure->err = err;
        failure->detail = detail;
        if (member != NULL) {
            const char *named = arena_printf(ctx->arena, "%s: %s", member, detail);
            failure->detail = named == NULL ? detail : named;
        }
    }
    if (member != NULL)
        member_add(ctx, member, code, detail);
}

enum err fail(struct ctx *ctx, enum err err, const char *member, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *code = err == ERR_VALIDATION ? "invalid" : err_info(err)->code;
    failure_record(ctx, err, member, code, format, args);
    va_end(args);
    return err;
}

enum err fail_member(struct ctx *ctx, const char *member, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failure_record(ctx, ERR_VALIDATION, member, code, format, args);
    va_end(args);
    return ERR_VALIDATION;
}

void failure_clear(struct ctx *ctx)
{
    ctx->failure = (struct failure){ 0 };
}

void failure_keep(struct ctx *ctx)
{
    struct failure *failure = &ctx->failure;
    struct failure there = *failure;
    if (there.err == OK)
        return;
    if (there.detail != NULL)
        failure->detail = arena_text(ctx->arena, there.detail, strlen(there.detail));
    if (failure->detail == NULL)
        failure->detail = err_info(there.err)->title;
    failure->member_count = 0;
    for (size_t i = 0; i < there.member_count; i++) {
        const struct member_error *error = &there.members[i];
        const char *detail = arena_text(ctx->arena, error->detail, strlen(error->detail));
        member_add(ctx, error->member, error->code, detail == NULL ? failure->detail : detail);
    }
}

static void memory_failed(struct ctx *ctx)
{
    if (ctx->failure.err != OK)
        return;
    ctx->failure.err = ERR_MEMORY;
    ctx->failure.detail = err_info(ERR_MEMORY)->title;
}

void *ctx_alloc(struct ctx *ctx, size_t bytes)
{
    void *data = arena_alloc(ctx->arena, bytes);
    if (data == NULL)
        memory_failed(ctx);
    return data;
}

char *ctx_text(struct ctx *ctx, const char *text)
{
    char *copy = arena_text(ctx->arena, text, strlen(text));
    if (copy == NULL)
        memory_failed(ctx);
    return copy;
}
