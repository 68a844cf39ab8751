/* value.h: single values of a request, checked against their row of a field table, and the
 * place in the request that a complaint names. Shared by the readers of JSON, of queries and of
 * conditions. */
#ifndef FUNNELD_VALUE_H
#define FUNNELD_VALUE_H

#include <funneld/base.h>
#include <funneld/field.h>

/* Where in the request a value stands; made on the stack, written out only for a complaint. */
struct path {
    const struct path *up; /* NULL at the top */
    const char *name;      /* a member's name, or NULL for an item of a list */
    size_t index;
    bool is_place; /* the name is a place already, "rules/2/when": taken as it is */
};

/* All of these return OK, ERR_VALIDATION after having recorded the wrong member, or ERR_MEMORY. A
 * caller goes on after ERR_VALIDATION, so that the client hears of every wrong member at once. */

enum err value_fail(struct ctx *ctx, const struct path *path, const char *code, const char *format,
                    ...) _must_check_ _printf_(4, 5);
/* "when/all/2", in ctx's arena. NULL: no memory, recorded. */
const char *path_text(struct ctx *ctx, const struct path *path) _must_check_;
/* The kinds that are texts on the wire: ID, TIME, DAY, ENUM, TEXT. */
enum err value_from_text(struct ctx *ctx, const struct path *path, const struct field *field,
                         const char *text, void *member) _must_check_;
enum err value_from_int(struct ctx *ctx, const struct path *path, const struct field *field,
                        int64_t value, void *member) _must_check_;
/* Stores nothing: the struct was cleared, so the member is null already. */
enum err value_null(struct ctx *ctx, const struct path *path, const struct field *field)
    _must_check_;
/* Whether so many items or code points are within the limits of the field. */
enum err value_count(struct ctx *ctx, const struct path *path, const struct field *field,
                     size_t count) _must_check_;
/* Whether one text of a TEXTS is sound. */
enum err value_list_text(struct ctx *ctx, const struct path *path, const char *text) _must_check_;
/* Complains about every required field that `present` lacks. */
enum err value_required(struct ctx *ctx, const struct path *path, const struct table *table,
                        uint64_t present) _must_check_;

/* Remembers the first failure of a list of checks; a failure of memory ends the list. */
static inline bool value_goes_on(enum err err, enum err *first)
{
    if (*first == OK || err == ERR_MEMORY)
        *first = err;
    return err != ERR_MEMORY;
}

#endif
