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
/* NULL: no memory, noted. */
char *reader_copy(struct reader *reader, const char *text, size_t bytes);
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

/* One test more: too many are told. */
void reader_count_leaf(struct reader *reader, const struct path *path);

/* An attribute that may be asked for here. False: told. */
bool attribute_find(struct reader *reader, const struct path *path, const char *name,
                    struct attribute *ret);

/* ---- Tests ---- */

enum arity { ARITY_NONE, ARITY_ONE, ARITY_TWO, ARITY_LIST };

/* What a client calls an op. */
struct comparison {
    enum test_op op;
    bool negated;
    enum arity arity;
    unsigned kinds; /* of fields that it can be asked of */
};
const struct comparison *comparison_find(const char *op); /* or NULL */

/* What values are compared with: a field of a lead, or NULL of an activity's property. */
struct sort {
    const struct field *field;
    enum value_kind kind;
};

/* Tells of an op, standing there, that does not go with such values. */
void comparison_check(struct reader *reader, const struct path *path, const struct sort *sort,
                      const struct comparison *comparison);
/* A value of a field that came as a text whatever its kind, as in a query; a time may be a
 * number of milliseconds too. Keeps and changes the text. */
void operand_of_text(struct reader *reader, const struct path *path, const struct sort *sort,
                     char *text, struct operand *ret);
/* The members op and value of an object. */
void test_read(struct reader *reader, const struct path *path, const struct json_value *object,
               struct sort *sort, struct test *ret);

#endif
