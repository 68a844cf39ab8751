/* import.h: the parts of `import`: what the command line makes of a header line, rows as JSON,
 * and the file of failed rows. Private to server/cli. */
#ifndef FUNNELD_CLI_IMPORT_H
#define FUNNELD_CLI_IMPORT_H

#include "command.h"
#include "control.h"
#include "csv.h"
#include "progress.h"

/* ---- The plan: from the columns of a file to fields ---- */

/* Those of a table, and as many custom ones as there can be. */
enum { PLAN_FIELDS_MAX = 128 };

struct plan_field {
    const char *name;
    const struct field *of; /* of the table; NULL: it is a custom one, and the name fields.KEY */
    int column;             /* where its value stands, or -1 */
    const char *value;      /* what it is where the row has none, or NULL */
};

struct value_map {
    size_t column;
    const char *from, *to;
};

struct import_plan {
    const struct table *table;
    size_t column_count; /* without an unnamed last one */
    const char **columns;
    bool unnamed_last;
    struct plan_field fields[PLAN_FIELDS_MAX];
    size_t field_count;
    struct value_map *maps;
    size_t map_count;
};

/* From the header line and --map, --skip, --set and --map-value. On STATUS_USAGE it has said what
 * is wrong and what there is. Everything in it lives in cli's arena. */
enum status plan_make(const struct cli *cli, const struct table *table,
                      const struct csv_row *header, struct import_plan *ret) _must_check_;
bool import_row_is_blank(const struct csv_row *row);
/* Writes the row as a JSON object; or returns why it cannot be one, in the arena, for people. */
const char *import_row_write(const struct import_plan *plan, struct arena *arena,
                             const struct csv_row *row, struct buffer *out) _must_check_;
/* The key of a custom field, or NULL when the field is one of the table. */
const char *plan_custom_key(const struct plan_field *field);
/* The column that a field is taken from; NULL when it is none. */
const char *plan_column(const struct import_plan *plan, const char *field);

/* ---- Failed rows, kept with their line and reason in front, to be mended and imported again
 * ---- */

struct import_errors {
    const char *path;
    const struct csv_row *header; /* must stay */
    char separator;
    bool again; /* the imported file is such a file: its two columns are made anew */
    FILE *file; /* NULL until there is a failed row */
    int64_t count;
};

#define ERRORS_LINE_COLUMN "import_line"
#define ERRORS_REASON_COLUMN "import_error"

void errors_init(struct import_errors *errors, const char *path, const struct csv_row *header,
                 char separator);
/* False when the file cannot be written; errno says why. */
bool errors_add(struct import_errors *errors, int64_t line, const char *reason,
                const struct csv_cell *cells, size_t count) _must_check_;
bool errors_close(struct import_errors *errors) _must_check_;
/* When no row failed: true when there was such a file, of an earlier run, and it is gone. */
bool errors_remove_old(const struct import_errors *errors);

/* ---- Batches: rows on their way to the service ---- */

enum { BATCH_ROWS = 500 };

struct pending_row {
    struct csv_row row; /* a copy */
    const char *item;   /* JSON; NULL: cannot be sent */
    size_t item_bytes;
    const char *reason; /* why it failed; NULL: it did not */
};

struct counts {
    int64_t rows, created, merged, unchanged, failed;
};

struct import_batch {
    /* Set by whoever makes it. */
    struct ctx *ctx;
    struct control *control;
    const char *path; /* of the route */
    const struct import_plan *plan;
    struct import_errors *errors;
    struct progress *progress;

    struct counts counts; /* of all batches so far */
    int64_t last_line;    /* start of the last row that is done */

    /* Fields below belong to import_batch.c. */
    struct arena arena; /* until it is sent */
    size_t body_bytes, body_limit;
    size_t count;
    struct pending_row rows[BATCH_ROWS];
};

void import_batch_init(struct import_batch *batch, const struct config *config);
/* Adds a row, good or bad; sends what was there when it is full. Not STATUS_OK: said why, and the
 * import must stop. */
enum status import_batch_add(struct import_batch *batch, const struct csv_row *row) _must_check_;
enum status import_batch_send(struct import_batch *batch) _must_check_;
/* False when memory is out. */
bool import_row_copy(struct arena *arena, const struct csv_row *row, struct csv_row *ret)
    _must_check_;

#endif
