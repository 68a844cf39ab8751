/* csv.h: reads CSV (RFC 4180 and what passes for it) that comes in pieces of any size, and writes
 * cells of it. Private to server/cli.
 *
 * Knows nothing of columns beyond their number. A row that cannot be read is told as such, and
 * reading goes on with the next line: one open quote does not swallow the rest of the file. */
#ifndef FUNNELD_CLI_CSV_H
#define FUNNELD_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CSV_ROW_BYTES_MAX = 64 * 1024, /* of a row as it stands in the file */
    CSV_CELLS_MAX = 1024,
};

struct csv_cell {
    const char *text; /* ends in NUL; unquoted */
    size_t bytes;
};

struct csv_row {
    int64_t line; /* where it starts, from 1 */
    size_t count;
    const struct csv_cell *cells;
    const char *problem; /* NULL: the row is good; else cells are what could be made out */
};

/* Called for each row, the first (the header) included; not for empty lines. The row lives until
 * it returns. */
typedef void csv_visit(void *self, const struct csv_row *row);

struct csv;

/* NULL when memory is out. The separator (comma, semicolon or tab) is what the first row has
 * most of. */
struct csv *csv_new(csv_visit *visit, void *self);
void csv_push(struct csv *csv, const char *data, size_t bytes);
void csv_end(struct csv *csv); /* the last row needs no line end */
void csv_free(struct csv *csv);
/* The separator found; ',' before the first row has ended. */
char csv_separator(const struct csv *csv);

/* ---- Writing; csv_write.c ---- */

/* One cell, quoted where a reader could take it for something else. */
void csv_write(FILE *file, const char *text, size_t bytes);
/* Whether a spreadsheet could take the text for a formula. Such a cell is written with an
 * apostrophe before it; one that begins with apostrophes before such a text gets one more, so that
 * taking one away always gives what was meant. */
bool csv_needs_guard(const char *text);
/* The text without the guard, where it has one. */
const char *csv_unguard(const char *text);

#endif
