/* import_errors.c: the file of rows that failed: as they came, with their line and the reason in
 * front. */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool cell_is(const struct csv_row *row, size_t index, const char *name)
{
    return index < row->count && strcmp(row->cells[index].text, name) == 0;
}

void errors_init(struct import_errors *errors, const char *path, const struct csv_row *header,
                 char separator)
{
    *errors = (struct import_errors){
        .path = path,
        .header = header,
        .separator = separator,
        .again = cell_is(header, 0, ERRORS_LINE_COLUMN) && cell_is(header, 1, ERRORS_REASON_COLUMN),
    };
}

static void row_put(const struct import_errors *errors, const char *line, const char *reason,
                    const struct csv_cell *cells, size_t count)
{
    csv_write(errors->file, line, strlen(line));
    putc(errors->separator, errors->file);
    csv_write(errors->file, reason, strlen(reason));
    for (size_t i = errors->again ? 2 : 0; i < count; i++) {
        putc(errors->separator, errors->file);
        csv_write(errors->file, cells[i].text, cells[i].bytes);
    }
    putc('\n', errors->file);
}

/* Only its owner can read it: these are people. */
static bool errors_open(struct import_errors *errors)
{
    int file = open(errors->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    errors->file = fdopen(file, "w");
    if (errors->file == NULL) {
        close(file);
        return false;
    }
    row_put(errors, ERRORS_LINE_COLUMN, ERRORS_REASON_COLUMN, errors->header->cells,
            errors->header->count);
    return true;
}

bool errors_add(struct import_errors *errors, int64_t line, const char *reason,
                const struct csv_cell *cells, size_t count)
{
    char number[24];
    if (errors->file == NULL && !errors_open(errors))
        return false;
    snprintf(number, sizeof(number), "%lld", (long long)line);
    row_put(errors, number, reason, cells, count);
    errors->count++;
    return !ferror(errors->file);
}

bool errors_close(struct import_errors *errors)
{
    if (errors->file == NULL)
        return true;
    bool right = !ferror(errors->file);
    right = fclose(errors->file) == 0 && right;
    errors->file = NULL;
    return right;
}

bool errors_remove_old(const struct import_errors *errors)
{
    char begin[sizeof(ERRORS_LINE_COLUMN) + sizeof(ERRORS_REASON_COLUMN)] = "";
    FILE *file = fopen(errors->path, "re");
    if (file == NULL)
        return false;
    bool ours = fgets(begin, sizeof(begin), file) != NULL &&
                strncmp(begin, ERRORS_LINE_COLUMN, strlen(ERRORS_LINE_COLUMN)) == 0 &&
                strncmp(begin + sizeof(ERRORS_LINE_COLUMN), ERRORS_REASON_COLUMN,
                        strlen(ERRORS_REASON_COLUMN)) == 0;
    fclose(file);
    return ours && unlink(errors->path) == 0;
}
