/* export.h: the parts of `export`: which rows are wanted, and how a row is written. Private to
 * server/cli. */
#ifndef FUNNELD_CLI_EXPORT_H
#define FUNNELD_CLI_EXPORT_H

#include "command.h"

#include <funneld/types.h>

/* One --where: FIELD=VALUE, or FIELD[gte], [gt], [lte], [lt] of numbers and times. */
struct export_condition {
    const struct field *field;
    int order;        /* -1 less, 0 equal, 1 greater */
    bool or_equal;    /* besides */
    const char *text; /* of texts; NULL: none is wanted */
    int64_t number;
    /* Of a field of values: the custom field's key, and which one that is. Until it is known `text`
     * is what was given. */
    const char *key;
    struct custom_value custom;
};

struct export_conditions {
    struct export_condition *items;
    size_t count;
};

/* From every --where. On STATUS_USAGE it has said what is wrong. */
enum status conditions_read(const struct cli *cli, const struct table *table,
                            struct export_conditions *ret) _must_check_;
/* What the data file alone knows: which custom fields there are. ERR_VALIDATION: not those. */
enum err conditions_resolve(struct ctx *ctx, struct export_conditions *conditions,
                            const struct rows *custom_fields) _must_check_;
/* ERR_MEMORY */
enum err conditions_hold(struct ctx *ctx, const struct export_conditions *conditions,
                         const void *row, bool *ret) _must_check_;

/* What the lines of a file have in common. */
struct csv_form {
    FILE *file;
    const struct table *table;
    struct rows custom_fields; /* struct custom_field: those that a table with values shows */
    bool raw;                  /* no guards */
};
/* The names of the fields, as a line of CSV. */
void csv_header_write(const struct csv_form *form);
/* ERR_MEMORY */
enum err csv_row_write(struct ctx *ctx, const struct csv_form *form, const void *row) _must_check_;

#endif
