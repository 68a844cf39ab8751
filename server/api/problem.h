/* problem.h: what went wrong, as a client reads it. Private to server/api. */
#ifndef FUNNELD_API_PROBLEM_H
#define FUNNELD_API_PROBLEM_H

#include <funneld/base.h>
#include <funneld/field.h>

/* Where the wrong members of a failure stand. */
enum place {
    IN_BODY,
    IN_QUERY,
    IN_HEADERS,
    IN_RECORD, /* what the path names: by the place in a body that would make it */
};

struct wrong_member {
    const char *pointer, *parameter, *header; /* one of the three */
    const char *code, *detail;
};
extern const struct table wrong_member_table;

struct problem {
    const char *code, *detail;
    struct id existing_id;
    struct rows errors; /* struct wrong_member */
};
extern const struct table problem_table;

/* Of a whole request. */
struct problem_reply {
    const char *type, *title;
    int64_t status;
    const char *instance, *request_id;
    struct problem problem;
    struct id submission;
};
extern const struct table problem_reply_table;

/* Without detail where the fault is ours. */
void problem_fill(struct ctx *ctx, enum err err, const struct failure *failure, enum place place,
                  struct problem *ret);
/* Of one item of many, kept in the arena; never NULL. */
const struct problem *problem_of_item(struct ctx *ctx, enum err err, const struct failure *failure);

#endif
