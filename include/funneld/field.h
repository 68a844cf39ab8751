/* field.h: a struct's fields, told once.
 *
 * One table per struct drives JSON in, query parameters in, JSON out and row -> struct by column
 * name. The JSON member, the SQL column and the struct member are the same snake_case word. */
#ifndef FUNNELD_FIELD_H
#define FUNNELD_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_ID,     /* struct id; JSON: UUID text; row: blob of 16 bytes; nil is null */
    FIELD_INT,    /* int64_t; NO_INT is null */
    FIELD_BOOL,   /* int64_t 0 or 1; NO_INT is null */
    FIELD_TIME,   /* int64_t ms; JSON: RFC 3339 with milliseconds */
    FIELD_DAY,    /* int64_t civil day; JSON: YYYY-MM-DD */
    FIELD_TEXT,   /* const char *; NULL is null, and so is a blank one on its way in */
    FIELD_ENUM,   /* int; JSON: the name of the value in `names`; row: integer; -1 is null */
    FIELD_JSON,   /* const char *: a JSON object as text, passed through; NULL is null */
    FIELD_TEXTS,  /* struct texts; JSON: array of strings; row: lines joined by '\n' */
    FIELD_BYTES,  /* struct bytes; rows only, never in JSON */
    FIELD_ROWS,   /* struct rows of `of`; JSON only: array of objects */
    FIELD_ROW,    /* a struct of `of` embedded at offset; JSON only: object */
    FIELD_REF,    /* const void *: a struct of `of`; JSON out only: object; NULL is null */
    FIELD_NUMBER, /* int64_t millionths; JSON: a number; NO_INT is null */
    FIELD_VALUES, /* struct custom_values; JSON only: an object whose members are data, not ours */
};

enum { OBJECT_BYTES_MAX = 16 * 1024 }; /* of a FIELD_JSON, written compactly */

enum {
    FIELD_REQUIRED = 1,  /* in: must be there and not null */
    FIELD_HIDDEN = 2,    /* out: a row's column that JSON never shows */
    FIELD_NOT_NULL = 4,  /* in: may be absent, but null is refused; out: is never null */
    FIELD_OMIT_NULL = 8, /* out: left out when null */
    /* in, FIELD_ROWS: a bad item fails alone (struct input.failure), not the request */
    FIELD_EACH = 16,
    /* in a file: taken only from the column that is named for it, not from one of its name */
    FIELD_NAMED_ONLY = 128,
    FIELD_DECIMAL = 64, /* out, JSON: the text is a number */
    FIELD_INLINE = 32,  /* out, ROW and REF: its members stand in this object itself */
};

struct bytes {
    const uint8_t *data;
    size_t length;
};

struct texts {
    const char **items;
    size_t count;
};

struct rows {
    void *items; /* count structs of the row's table, one after another */
    size_t count;
};

/* What a value is whose name and type are data. The numbers stand in the data file. */
enum custom_type { CUSTOM_TEXT, CUSTOM_NUMBER, CUSTOM_BOOLEAN, CUSTOM_DATE, CUSTOM_CHOICE };
extern const char *const custom_type_names[];

/* Exactly one of text and number is set; neither: null. */
struct custom_value {
    int64_t field_id; /* which custom field it is of; in a request 0: only the name is known */
    const char *name;
    enum custom_type type; /* in a request what it is in JSON: text, number or boolean */
    bool hidden;           /* JSON never shows it: its field is archived */
    const char *text;      /* of TEXT and CHOICE */
    int64_t number;        /* NUMBER: millionths; BOOLEAN: 0 or 1; DATE: civil day */
};

struct custom_values {
    struct custom_value *items; /* in: NULL where the member was null or absent, and not for {} */
    size_t count;
};

struct ctx;
bool custom_value_is_blank(const struct custom_value *value);
bool custom_values_equal(const struct custom_value *a,
                         const struct custom_value *b); /* of the same field */
/* NULL: there is none of that field. */
const struct custom_value *custom_values_find(const struct custom_values *values, int64_t field_id);
/* What a cursor notes of it: the number, or one that tells a text from others whatever the case of
 * its letters. NO_INT: it is blank. */
int64_t custom_value_mark(const struct custom_value *value);
/* By its type, which is set: text and number from a text; NULL makes it blank. False: it is none of
 * that type. The text is not copied. */
bool custom_value_parse(struct custom_value *value, const char *text);
/* The same backwards; NULL for a blank one. May point into the value. ERR_MEMORY */
enum err custom_value_format(struct ctx *ctx, const struct custom_value *value, const char **ret);

struct failure;

/* First member of every struct that a request is read into. */
struct input {
    /* bit i: field i of the table was in the request, perhaps as null */
    uint64_t present;
    const struct failure *failure; /* set for one bad item of a FIELD_EACH list, else NULL */
};

struct field {
    const char *name;
    const char *key; /* the name as JSON has it before a value: quoted, with the colon */
    size_t key_bytes;
    const char *column; /* of the row, where `name` is a word of SQL; else NULL */
    enum field_kind kind;
    unsigned flags;
    size_t offset;
    int64_t min, max; /* INT: value; TEXT: code points; TEXTS, ROWS: items; 0,0: no limit */
    /* ENUM: texts of 0, 1, 2 ... ending in NULL; VALUES: the only ones that JSON shows, or NULL */
    const char *const *names;
    const struct table *of; /* ROWS, ROW */
    const char *schema;     /* JSON: the part of the contract that says what is in it */
    const char *note;       /* for people: what it means, unit, example */
};

struct table {
    const char *name;
    const struct field *fields;
    size_t count; /* <= 64 */
    size_t size;  /* of the struct */
};

/* Rows of a table: FIELD(struct lead, email, TEXT, .max = 254, .note = "..."). The member's type
 * is checked. */
#define FIELD_TYPE_ID struct id
#define FIELD_TYPE_INT int64_t
#define FIELD_TYPE_BOOL int64_t
#define FIELD_TYPE_TIME int64_t
#define FIELD_TYPE_DAY int64_t
#define FIELD_TYPE_TEXT const char *
#define FIELD_TYPE_JSON const char *
#define FIELD_TYPE_TEXTS struct texts
#define FIELD_TYPE_NUMBER int64_t
#define FIELD_TYPE_VALUES struct custom_values
#define FIELD_TYPE_BYTES struct bytes
#define FIELD_TYPE_ROWS struct rows
#define FIELD_OFFSET(type, member, member_type)                                                    \
    (offsetof(type, member) +                                                                      \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), member_type)    \
                         ? 1                                                                       \
                         : -1]))
#define FIELD_NAME(text) .name = text, .key = "\"" text "\":", .key_bytes = sizeof(text) + 2
#define FIELD(type, member, field_kind_, ...)                                                      \
    {                                                                                              \
        FIELD_NAME(#member), .kind = FIELD_##field_kind_,                                          \
                             .offset = FIELD_OFFSET(type, member, FIELD_TYPE_##field_kind_),       \
                             __VA_ARGS__                                                           \
    }
/* The same under another name: a query parameter like score[gte]. */
#define FIELD_AS(type, member, field_kind_, name_, ...)                                            \
    {                                                                                              \
        FIELD_NAME(name_), .kind = FIELD_##field_kind_,                                            \
                           .offset = FIELD_OFFSET(type, member, FIELD_TYPE_##field_kind_),         \
                           __VA_ARGS__                                                             \
    }
/* An enum member: any enum type of the size of int. */
#define FIELD_NAMED(type, member, names_, ...)                                                     \
    {                                                                                              \
        FIELD_NAME(#member),                                                                       \
            .kind = FIELD_ENUM, .names = names_,                                                   \
            .offset = offsetof(type, member) +                                                     \
                      0 * sizeof(char[sizeof(((type *)0)->member) == sizeof(int) ? 1 : -1]),       \
            __VA_ARGS__                                                                            \
    }
/* The same under another name. */
#define FIELD_NAMED_AS(type, member, names_, name_, ...)                                           \
    {                                                                                              \
        FIELD_NAME(name_),                                                                         \
            .kind = FIELD_ENUM, .names = names_,                                                   \
            .offset = offsetof(type, member) +                                                     \
                      0 * sizeof(char[sizeof(((type *)0)->member) == sizeof(int) ? 1 : -1]),       \
            __VA_ARGS__                                                                            \
    }
#define FIELD_EMBED(type, member, table_, ...)                                                     \
    {                                                                                              \
        FIELD_NAME(#member), .kind = FIELD_ROW, .of = table_, .offset = offsetof(type, member),    \
                             __VA_ARGS__                                                           \
    }
/* A pointer to a struct of another table, for answers. */
#define FIELD_POINT(type, member, table_, ...)                                                     \
    {                                                                                              \
        FIELD_NAME(#member), .kind = FIELD_REF, .of = table_, .offset = offsetof(type, member),    \
                             __VA_ARGS__                                                           \
    }
#define TABLE(struct_type, name_, fields_)                                                         \
    {                                                                                              \
        .name = name_, .fields = fields_, .count = sizeof(fields_) / sizeof((fields_)[0]),         \
        .size = sizeof(struct_type)                                                                \
    }

/* NULL is equal to NULL alone. */
bool text_equal(const char *a, const char *b);
bool bytes_equal(const struct bytes *a, const struct bytes *b);
/* Index of the field of that name, or -1. */
int table_find(const struct table *table, const char *name);
/* Whether the request named this member (even as null). */
bool input_has(const struct table *table, const void *input, const char *name);
/* A fresh struct of the table with every field null (NO_INT, -1, NULL, nil). */
void table_clear(const struct table *table, void *row);
/* Value of an enum's name, or -1. */
int name_find(const char *const *names, const char *text);

#endif
