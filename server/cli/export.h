/* export.h: the parts of `export`: which rows are wanted, and how a row is written. Private to
 * server/cli. */
#ifndef FUNNELD_CLI_EXPORT_H
#define FUNNELD_CLI_EXPORT_H

#include "command.h"

/* One --where: FIELD=VALUE, or FIELD[gte], [gt], [lte], [lt] of numbers and times. */
struct export_condition {
    const struct field *field;
    int order;        /* -1 less, 0 equal, 1 greater */
    bool or_equal;    /* besides */
    const char *text; /* of texts; NULL: none is wanted */
    int64_t number;
};

struct export_conditions {
    struct export_condition *items;
    size_t count;
};

/* From every --where. On STATUS_USAGE it has said what is wrong. */
enum status conditions_read(const struct cli *cli, const struct table *table,
                            struct export_conditions *ret) _must_check_;
/* ERR_MEMORY */
enum err conditions_hold(struct ctx *ctx, const struct export_conditions *conditions,
                         const void *row, bool *ret) _must_check_;

/* The names of the fields, as a line of CSV. */
void csv_header_write(FILE *file, const struct table *table);
/* ERR_MEMORY. `raw`: no guards. */
enum err csv_row_write(struct ctx *ctx, FILE *file, const struct table *table, const void *row,
                       bool raw) _must_check_;

#endif
