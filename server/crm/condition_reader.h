/* condition_reader.h: what the readers of conditions share: complaints, pieces of JSON, tests of a
 * value. Private to server/crm. */
#ifndef FUNNELD_CRM_CONDITION_READER_H
#define FUNNELD_CRM_CONDITION_READER_H

#include <funneld/condition.h>
#include <funneld/json_value.h>
#include <funneld/value.h>

/* All of these go on after a mistake, so that every one is told; what they could not read is blank.
 */
struct reader {
    struct ctx *ctx;
    const struct condition_scope *scope;
    size_t leaves;
    enum err first; /* of what is wrong */
};

void reader_note(struct reader *reader, enum err err);
#define COMPLAIN(reader, path, code, ...)                                                          \
    reader_note(reader, value_fail((reader)->ctx, path, code, __VA_ARGS__))

/* Zeroed. NULL: no memory, noted. */
void *reader_take(struct reader *reader, size_t bytes);
/* The text of a value; NULL where it is none or blank, which is told. */
char *reader_text(struct reader *reader, const struct path *path, const struct json_value *value);
/* A member that must be there. */
struct json_value reader_member(struct reader *reader, const struct path *path,
                                const struct json_value *object, const char *name);
/* Tells of members besides these. */
void reader_check_members(struct reader *reader, const struct path *path,
                          const struct json_value *object, const char *const *known);
/* How many items a list has. 0: there is nothing to read; where it is no list, empty or too long
 * that is told. */
size_t reader_count_items(struct reader *reader, const struct path *path,
                          const struct json_value *list, size_t most);
/* "a, b, c" */
const char *reader_names(struct reader *reader, const char *const *names, size_t count);

/* What values are compared with: a field of a lead, or NULL of an activity's property. */
struct sort {
    const struct field *field;
    enum value_kind kind;
};

/* The members op and value of an object. */
void test_read(struct reader *reader, const struct path *path, const struct json_value *object,
               struct sort *sort, struct test *ret);

#endif
