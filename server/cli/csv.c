/* csv.c: a CSV reader that is pushed. It first finds the end of a row, byte by byte, and then
 * cuts the row into cells, so that where the pieces of the input end makes no difference. */
#include "csv.h"

#include <funneld/base.h>

#include <stdlib.h>
#include <string.h>

enum { RETRIES_MAX = 16 };

enum state {
    CELL_START,
    CELL_PLAIN,
    CELL_QUOTED,
    CELL_QUOTE,  /* in a quoted cell, after a quote: its end, or the first of two */
    ROW_SKIPPED, /* the rest of a line that is too long */
};

struct csv {
    csv_visit *visit;
    void *self;
    enum state state;
    char separator;   /* 0 until the first row has ended */
    bool started;     /* the byte order mark was looked for */
    bool line_feed;   /* the row before ended with CR: its LF is still to come */
    bool stray;       /* text after the quote that ends a cell, in this row */
    int64_t line;     /* of the row at `start` */
    size_t horizon;   /* in data: what is before it was read and given up, at least once */
    int retries;      /* how often so */
    size_t start;     /* of the row in data */
    size_t at;        /* next byte to look at */
    size_t length;    /* bytes in data */
    size_t first_end; /* in data: after the first line end within the row; 0: none yet */
    struct csv_cell cells[CSV_CELLS_MAX];
    char text[CSV_ROW_BYTES_MAX + CSV_CELLS_MAX + 1]; /* the cells' */
    char data[2 * CSV_ROW_BYTES_MAX];
};

struct csv *csv_new(csv_visit *visit, void *self)
{
    struct csv *csv = calloc(1, sizeof(*csv));
    if (csv == NULL)
        return NULL;
    csv->visit = visit;
    csv->self = self;
    csv->line = 1;
    return csv;
}

void csv_free(struct csv *csv)
{
    free(csv);
}

char csv_separator(const struct csv *csv)
{
    return csv->separator == '\0' ? ',' : csv->separator;
}

static const char separators[] = { ',', ';', '\t' };

/* In the first row each of them may be the one. */
static bool is_separator(const struct csv *csv, char byte)
{
    if (csv->separator != '\0')
        return byte == csv->separator;
    return byte != '\0' && memchr(separators, byte, sizeof(separators)) != NULL;
}

/* ---- A whole row into cells ---- */

/* What separates most, outside of quotes. */
static char separator_guess(const char *row, size_t bytes)
{
    size_t counts[sizeof(separators)] = { 0 };
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        if (row[i] == '"')
            quoted = !quoted;
        for (size_t j = 0; j < sizeof(separators); j++)
            counts[j] += !quoted && row[i] == separators[j];
    }
    size_t best = 0;
    for (size_t j = 1; j < sizeof(separators); j++)
        if (counts[j] > counts[best])
            best = j;
    return separators[best];
}

/* Copies the cell at *at to *out without its quotes; *at is then at the separator or at the end. */
static void cell_cut(const struct csv *csv, const char *row, size_t bytes, size_t *at, char **out)
{
    size_t i = *at;
    bool quoted = i < bytes && row[i] == '"';
    i += quoted;
    while (i < bytes) {
        if (quoted && row[i] == '"') {
            if (i + 1 == bytes || row[i + 1] != '"') {
                quoted = false; /* what may follow is kept as it stands */
                i++;
                continue;
            }
            i++;
        } else if (!quoted && row[i] == csv->separator) {
            break;
        }
        *(*out)++ = row[i++];
    }
    *at = i;
}

/* Returns the number of cells, which may be more than are kept. */
static size_t cells_cut(struct csv *csv, const char *row, size_t bytes)
{
    char *out = csv->text;
    size_t count = 0;
    for (size_t at = 0;; at++) {
        char *begin = out;
        cell_cut(csv, row, bytes, &at, &out);
        if (count < CSV_CELLS_MAX) {
            csv->cells[count] = (struct csv_cell){ begin, (size_t)(out - begin) };
            *out++ = '\0';
        } else {
            out = begin;
        }
        count++;
        if (at == bytes)
            return count;
    }
}

static const char *row_problem(const struct csv *csv, const char *row, size_t bytes, size_t count)
{
    if (memchr(row, '\0', bytes) != NULL)
        return "the row holds a NUL byte";
    if (!utf8_valid(row, bytes))
        return "the row is not valid UTF-8 (iconv converts files)";
    if (count > CSV_CELLS_MAX)
        return "the row has more than 1024 columns";
    if (csv->stray)
        return "text follows a closing quote; quotes in a quoted cell are doubled";
    return NULL;
}

/* Tells of the row in data[start, end). */
static void row_tell(struct csv *csv, size_t end, const char *problem)
{
    const char *row = csv->data + csv->start;
    size_t bytes = end - csv->start;
    if (bytes == 0) /* an empty line */
        return;
    if (csv->separator == '\0')
        csv->separator = separator_guess(row, bytes);
    size_t count = cells_cut(csv, row, bytes);
    if (problem == NULL)
        problem = row_problem(csv, row, bytes, count);
    struct csv_row told = {
        .line = csv->line, .count = count, .cells = csv->cells, .problem = problem
    };
    if (told.count > CSV_CELLS_MAX)
        told.count = CSV_CELLS_MAX;
    csv->visit(csv->self, &told);
}

/* ---- Finding where rows end ---- */

/* Line ends in data[start, end); CR LF is one. */
static int64_t lines_count(const struct csv *csv, size_t end)
{
    int64_t lines = 0;
    for (size_t i = csv->start; i < end; i++)
        lines += csv->data[i] == '\r' ||
                 (csv->data[i] == '\n' && (i == csv->start || csv->data[i - 1] != '\r'));
    return lines;
}

/* The next row starts at `next`, which is looked at from there, even for a second time. */
static void row_begin(struct csv *csv, size_t next)
{
    csv->line += lines_count(csv, next);
    csv->line_feed = csv->data[next - 1] == '\r';
    csv->start = csv->at = next;
    csv->first_end = 0;
    csv->state = CELL_START;
    csv->stray = false;
}

/* The row cannot be what was meant: only its first line is lost, and all that follows is read
 * anew. */
static void row_give_up(struct csv *csv, const char *problem)
{
    size_t end = csv->first_end - 1;
    if (csv->data[end] == '\n' && end > csv->start && csv->data[end - 1] == '\r')
        end--;
    row_tell(csv, end, problem);
    row_begin(csv, csv->first_end);
}

/* The same after a long search for the quote's end. Files could be made so that every line starts
 * one: what has been searched a few times over is then taken line by line. */
static void row_give_up_late(struct csv *csv, const char *problem)
{
    if (csv->start >= csv->horizon) {
        csv->horizon = csv->at;
        csv->retries = 0;
    }
    csv->retries++;
    row_give_up(csv, problem);
}

static bool patience_is_over(const struct csv *csv)
{
    return csv->start < csv->horizon && csv->retries >= RETRIES_MAX;
}

/* A row that is too long. Its start, cut anywhere, would only mislead: no cells. */
static void row_too_long(struct csv *csv)
{
    if (csv->first_end > 0) {
        row_give_up_late(csv, "a quote opens here and is not closed within 64 KiB");
        return;
    }
    struct csv_row told = { .line = csv->line, .problem = "the row is longer than 64 KiB" };
    csv->visit(csv->self, &told);
    csv->state = ROW_SKIPPED;
}

static void row_end(struct csv *csv)
{
    if (csv->state != ROW_SKIPPED)
        row_tell(csv, csv->at - 1, NULL);
    row_begin(csv, csv->at);
}

static void state_step(struct csv *csv, char byte)
{
    bool separator = is_separator(csv, byte);
    switch (csv->state) {
    case CELL_START:
        if (byte == '"')
            csv->state = CELL_QUOTED;
        else if (!separator)
            csv->state = CELL_PLAIN;
        return;
    case CELL_PLAIN:
        if (separator)
            csv->state = CELL_START;
        return;
    case CELL_QUOTED:
        if (byte == '"')
            csv->state = CELL_QUOTE;
        return;
    case CELL_QUOTE:
        csv->state = byte == '"' ? CELL_QUOTED : separator ? CELL_START : CELL_PLAIN;
        csv->stray = csv->stray || csv->state == CELL_PLAIN;
        return;
    case ROW_SKIPPED: return;
    }
}

static void byte_scan(struct csv *csv)
{
    char byte = csv->data[csv->at++];
    if (byte == '\n' && csv->line_feed) { /* belongs to the line end before */
        csv->line_feed = false;
        csv->start = csv->at;
        return;
    }
    csv->line_feed = false;
    bool line_end = byte == '\n' || byte == '\r';
    if (line_end && csv->state != CELL_QUOTED) {
        row_end(csv);
        return;
    }
    state_step(csv, byte);
    bool after_return = csv->first_end > 0 && csv->at == csv->first_end + 1 && byte == '\n' &&
                        csv->data[csv->first_end - 1] == '\r';
    if ((line_end && csv->first_end == 0) || after_return)
        csv->first_end = csv->at;
    if (csv->first_end > 0 && (csv->stray || patience_is_over(csv)))
        row_give_up(csv, "a quote opens here and is not closed properly");
    else if (csv->state != ROW_SKIPPED && csv->at - csv->start > CSV_ROW_BYTES_MAX)
        row_too_long(csv);
    else if (csv->state == ROW_SKIPPED)
        csv->start = csv->at;
}

/* ---- Pieces ---- */

/* The mark that some programs begin UTF-8 with. False while it may still be coming. */
static bool mark_skip(struct csv *csv, bool at_end)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t bytes = csv->length < 3 ? csv->length : 3;
    if (csv->started)
        return true;
    bool matches = memcmp(csv->data, mark, bytes) == 0;
    if (matches && bytes < 3 && !at_end)
        return false;
    csv->started = true;
    if (matches && bytes == 3)
        csv->start = csv->at = 3;
    return true;
}

static void data_scan(struct csv *csv)
{
    while (csv->at < csv->length)
        byte_scan(csv);
    memmove(csv->data, csv->data + csv->start, csv->length - csv->start);
    csv->length -= csv->start;
    csv->at -= csv->start;
    csv->first_end -= csv->first_end > 0 ? csv->start : 0;
    csv->horizon = csv->horizon > csv->start ? csv->horizon - csv->start : 0;
    csv->start = 0;
}

void csv_push(struct csv *csv, const char *data, size_t bytes)
{
    while (bytes > 0) {
        size_t room = sizeof(csv->data) - csv->length;
        size_t taken = bytes < room ? bytes : room;
        memcpy(csv->data + csv->length, data, taken);
        csv->length += taken;
        data += taken;
        bytes -= taken;
        if (mark_skip(csv, /* at_end= */ false))
            data_scan(csv);
    }
}

void csv_end(struct csv *csv)
{
    (void)mark_skip(csv, /* at_end= */ true);
    data_scan(csv);
    while (csv->at > 0) { /* giving up puts `at` back to read what follows anew */
        if (csv->state == ROW_SKIPPED) {
            csv->length = csv->at = 0;
        } else if (csv->state == CELL_QUOTED && csv->first_end > 0) {
            row_give_up_late(csv, "a quote opens here and is never closed");
            data_scan(csv);
        } else {
            row_tell(csv, csv->at, csv->state == CELL_QUOTED ? "a quote is never closed" : NULL);
            csv->length = csv->at = csv->start = csv->horizon = 0;
        }
    }
}
