/* import.c: `import leads` and `import stage-events`: reads a CSV file in pieces, makes a plan
 * of its header line, hands its rows on and reports. */
#include "import.h"
#include "answer.h"
#include "control.h"

#include <funneld/crm.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 << 10 };

struct import_kind {
    const char *path; /* of the route */
    const struct table *table;
};

struct import {
    const struct cli *cli;
    const struct import_kind *kind;
    const char *name; /* of the file, for people */
    const char *errors_path;
    int file;
    int64_t bytes;           /* read so far */
    struct control *control; /* NULL until the header line is understood */
    struct csv *csv;
    struct csv_row header;
    struct import_plan plan;
    struct import_errors errors;
    struct progress progress;
    enum status status; /* other than STATUS_OK: stop */
    struct import_batch batch;
};

/* ---- Rows as they are read ---- */

/* ---- Custom fields: those that the service has ---- */

struct known_field {
    const char *key;
};
static const struct field known_field_fields[] = { FIELD(struct known_field, key, TEXT) };
static const struct table known_field_table =
    TABLE(struct known_field, "known_field", known_field_fields);

struct known_fields {
    struct rows data; /* struct known_field */
};
static const struct field known_fields_fields[] = {
    FIELD(struct known_fields, data, ROWS, .of = &known_field_table),
};
static const struct table known_fields_table =
    TABLE(struct known_fields, "known_fields", known_fields_fields);

static enum status custom_field_check(const struct import *import, const char *key,
                                      const struct known_fields *known)
{
    struct buffer list = { .arena = import->cli->ctx->arena };
    const struct known_field *fields = known->data.items;
    for (size_t i = 0; i < known->data.count; i++) {
        if (text_equal(fields[i].key, key))
            return STATUS_OK;
        buffer_printf(&list, "%s%s", i > 0 ? ", " : "", fields[i].key);
    }
    return complain(STATUS_USAGE, "there is no custom field \"%s\"; there are: %.*s", key,
                    list.length > 0 ? (int)list.length : 4, list.length > 0 ? list.data : "none");
}

/* A misspelt one is better said once than with every row. */
static enum status custom_fields_check(struct import *import)
{
    struct ctx *ctx = import->cli->ctx;
    struct answer answer;
    struct known_fields known;
    bool asked = false;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < import->plan.field_count && status == STATUS_OK; i++) {
        const struct plan_field *field = &import->plan.fields[i];
        const char *key = plan_custom_key(field);
        bool skipped = field->column < 0 && field->value == NULL;
        if (key == NULL || skipped)
            continue;
        if (!asked &&
            (control_request(import->control, "GET", "/v1/fields?limit=200", NULL, &answer) != OK ||
             answer_read(ctx, &answer, &known_fields_table, &known) != OK))
            return complain_failure(ctx);
        asked = true;
        status = custom_field_check(import, key, &known);
    }
    return status;
}

static enum status header_take(struct import *import, const struct csv_row *row)
{
    struct ctx *ctx = import->cli->ctx;
    if (row->problem != NULL)
        return complain(STATUS_FAILED,
                        "%s: line %lld, the header: %s; the file must be CSV in UTF-8",
                        import->name, (long long)row->line, row->problem);
    if (!import_row_copy(ctx->arena, row, &import->header))
        return complain(STATUS_TEMPORARY, "not enough memory");
    errors_init(&import->errors, import->errors_path, &import->header, csv_separator(import->csv));
    enum status status = plan_make(import->cli, import->kind->table, row, &import->plan);
    if (status != STATUS_OK)
        return status;
    if (control_open(ctx, import->cli->config, /* create= */ true, &import->control) != OK)
        return complain_failure(ctx);
    import->batch = (struct import_batch){ .ctx = ctx,
                                           .control = import->control,
                                           .path = import->kind->path,
                                           .plan = &import->plan,
                                           .errors = &import->errors,
                                           .progress = &import->progress };
    import_batch_init(&import->batch, import->cli->config);
    return custom_fields_check(import);
}

static void row_visit(void *self, const struct csv_row *row)
{
    struct import *import = self;
    if (import->status != STATUS_OK)
        return;
    if (import->control == NULL)
        import->status = header_take(import, row);
    else if (row->problem != NULL || !import_row_is_blank(row))
        import->status = import_batch_add(&import->batch, row);
}

/* ---- The file ---- */

static enum status file_open(struct import *import, const char *path)
{
    struct stat input, errors;
    bool is_stdin = strcmp(path, "-") == 0;
    import->name = is_stdin ? "standard input" : path;
    import->file = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (import->file < 0 || fstat(import->file, &input) != 0)
        return complain(STATUS_FAILED, "%s cannot be read: %s", import->name, strerror(errno));
    if (S_ISDIR(input.st_mode))
        return complain(STATUS_FAILED, "%s is a folder", import->name);
    const char *errors_path = option_value(import->cli, "--errors");
    if (errors_path == NULL)
        errors_path =
            arena_printf(import->cli->ctx->arena, "%s.errors.csv", is_stdin ? "stdin" : path);
    if (errors_path == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");
    if (stat(errors_path, &errors) == 0 && errors.st_dev == input.st_dev &&
        errors.st_ino == input.st_ino)
        return complain_usage(import->cli, "--errors names the imported file itself");
    import->errors_path = errors_path;
    progress_start(&import->progress, S_ISREG(input.st_mode) ? input.st_size : 0);
    return STATUS_OK;
}

static void file_read(struct import *import)
{
    char piece[PIECE_BYTES];
    while (import->status == STATUS_OK) {
        if (import->control != NULL && !control_wait_readable(import->control, import->file)) {
            progress_clear(&import->progress);
            import->status = complain(STATUS_FAILED, "interrupted");
            return;
        }
        ssize_t bytes = read(import->file, piece, sizeof(piece));
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            import->status =
                complain(STATUS_FAILED, "%s cannot be read: %s", import->name, strerror(errno));
        if (bytes <= 0)
            return;
        import->bytes += bytes;
        csv_push(import->csv, piece, (size_t)bytes);
        progress_show(&import->progress, import->batch.counts.rows, import->batch.counts.failed,
                      import->bytes);
    }
}

static enum status import_report(struct import *import)
{
    const struct counts *counts = &import->batch.counts;
    progress_clear(&import->progress);
    if (!errors_close(&import->errors) && import->status == STATUS_OK)
        import->status = complain(STATUS_FAILED, "%s cannot be written: %s", import->errors_path,
                                  strerror(errno));
    if (import->control == NULL)
        return import->status;
    printf("%lld row%s: %lld created, %lld merged, %lld unchanged, %lld failed in %.1f s",
           (long long)counts->rows, counts->rows == 1 ? "" : "s", (long long)counts->created,
           (long long)counts->merged, (long long)counts->unchanged, (long long)counts->failed,
           progress_seconds(&import->progress));
    if (import->errors.count > 0)
        printf("; those are in %s", import->errors_path);
    else if (import->status == STATUS_OK && errors_remove_old(&import->errors))
        printf("; %s of an earlier run is removed", import->errors_path);
    putchar('\n');
    if (import->status != STATUS_OK)
        complain(import->status,
                 "stopped after line %lld of %s: give the same command again, "
                 "what is in already stays as it is",
                 (long long)import->batch.last_line, import->name);
    else if (counts->failed > 0)
        import->status = STATUS_FAILED;
    return output_end(import->status);
}

static enum status import_run(const struct cli *cli, const struct import_kind *kind)
{
    struct import *import = arena_alloc(cli->ctx->arena, sizeof(*import));
    if (import == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");
    import->cli = cli;
    import->kind = kind;
    enum status status = file_open(import, cli->operands[0]);
    if (status != STATUS_OK)
        return status;
    import->csv = csv_new(row_visit, import);
    if (import->csv == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");

    file_read(import);
    if (import->status == STATUS_OK)
        csv_end(import->csv);
    if (import->status == STATUS_OK)
        import->status = import_batch_send(&import->batch);
    if (import->status == STATUS_OK && import->control == NULL)
        import->status =
            complain(STATUS_FAILED, "%s is empty: it needs a header line", import->name);
    status = import_report(import);

    csv_free(import->csv);
    control_done(&import->control);
    arena_free(&import->batch.arena);
    if (import->file > STDERR_FILENO)
        close(import->file);
    return status;
}

enum status import_leads_command(const struct cli *cli)
{
    static const struct import_kind kind = { "/v1/import/leads", &lead_import_table };
    return import_run(cli, &kind);
}

enum status import_stage_events_command(const struct cli *cli)
{
    static const struct import_kind kind = { "/v1/import/stage-events", &stage_event_import_table };
    return import_run(cli, &kind);
}
