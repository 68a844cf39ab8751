/* problem.c: what went wrong, as a client reads it: RFC 9457 for a whole request, the same members
 * for one item of many. What went wrong with us is for the log alone. */
#include "problem.h"

#include "route.h"

static const struct field wrong_member_fields[] = {
    FIELD(struct wrong_member, pointer, TEXT, .flags = FIELD_OMIT_NULL, .note = "into the body"),
    FIELD(struct wrong_member, parameter, TEXT, .flags = FIELD_OMIT_NULL, .note = "of the query"),
    FIELD(struct wrong_member, header, TEXT, .flags = FIELD_OMIT_NULL, .note = "of the request"),
    FIELD(struct wrong_member, code, TEXT, .flags = FIELD_NOT_NULL,
          .note = "for machines: required, too_long ..."),
    FIELD(struct wrong_member, detail, TEXT, .flags = FIELD_NOT_NULL,
          .note = "what would be right"),
};
const struct table wrong_member_table =
    TABLE(struct wrong_member, "wrong_member", wrong_member_fields);

static const struct field problem_fields[] = {
    FIELD(struct problem, code, TEXT, .flags = FIELD_NOT_NULL,
          .note = "for machines: validation_failed ..."),
    FIELD(struct problem, detail, TEXT, .flags = FIELD_OMIT_NULL, .note = "for people"),
    FIELD(struct problem, existing_id, ID, .flags = FIELD_OMIT_NULL,
          .note = "duplicate: the record that is already there"),
    FIELD(struct problem, errors, ROWS, .flags = FIELD_OMIT_NULL, .of = &wrong_member_table,
          .note = "the wrong members, one by one"),
};
const struct table problem_table = TABLE(struct problem, "item_problem", problem_fields);

static const struct field reply_fields[] = {
    FIELD(struct problem_reply, type, TEXT, .flags = FIELD_NOT_NULL, .note = "about:blank"),
    FIELD(struct problem_reply, title, TEXT, .flags = FIELD_NOT_NULL, .note = "for people"),
    FIELD(struct problem_reply, status, INT, .flags = FIELD_NOT_NULL,
          .note = "as in the status line"),
    FIELD(struct problem_reply, instance, TEXT, .flags = FIELD_OMIT_NULL, .note = "path asked for"),
    FIELD(struct problem_reply, request_id, TEXT, .note = "stands in the log"),
    FIELD_EMBED(struct problem_reply, problem, &problem_table, .flags = FIELD_INLINE),
    FIELD(struct problem_reply, submission, ID, .flags = FIELD_OMIT_NULL,
          .note = "forms: what the journal holds of the post"),
};
const struct table problem_reply_table = TABLE(struct problem_reply, "problem", reply_fields);

static void fill_members(struct ctx *ctx, const struct failure *failure, enum place place,
                         struct problem *problem)
{
    struct wrong_member *members = arena_alloc(ctx->arena, failure->member_count * sizeof *members);
    for (size_t i = 0; members && i < failure->member_count; i++) {
        const struct member_error *error = &failure->members[i];
        members[i] = (struct wrong_member){ .code = error->code, .detail = error->detail };
        switch (place) {
        case IN_RECORD:
        case IN_BODY: members[i].pointer = arena_printf(ctx->arena, "/%s", error->member); break;
        case IN_QUERY: members[i].parameter = error->member; break;
        case IN_HEADERS: members[i].header = error->member; break;
        }
    }
    problem->errors = (struct rows){ members, members ? failure->member_count : 0 };
}

void problem_fill(struct ctx *ctx, enum err err, const struct failure *failure, enum place place,
                  struct problem *ret)
{
    *ret = (struct problem){ .code = err_info(err)->code };
    if (!failure || err_is_ours(err))
        return;
    ret->detail = failure->detail;
    ret->existing_id = failure->existing;
    if (failure->member_count > 0)
        fill_members(ctx, failure, place, ret);
}

const struct problem *problem_of_item(struct ctx *ctx, enum err err, const struct failure *failure)
{
    static const struct problem without_memory = { .code = "out_of_memory" };
    struct problem *problem = arena_alloc(ctx->arena, sizeof *problem);
    if (!problem)
        return &without_memory;
    problem_fill(ctx, err, failure, IN_BODY, problem);
    return problem;
}
