/* import_batch.c: rows gathered, sent together, and told apart again by the answers. A row that
 * fails stops nothing; a service that does not answer for a minute does. */
#include "answer.h"
#include "import.h"

#include <errno.h>
#include <string.h>

enum {
    BATCH_COPY_BYTES_MAX = 4 << 20, /* of rows as they came */
    BODY_BYTES_MAX = 1 << 20,
    BODY_FRAME_BYTES = 64,
    RETRY_FIRST_MS = 100,
    RETRY_STEP_MAX_MS = 5000,
    RETRY_TOTAL_MS = 60000,
};

/* ---- Answers ---- */

struct result_error {
    const char *pointer, *code, *detail;
};

static const struct field result_error_fields[] = {
    FIELD(struct result_error, pointer, TEXT),
    FIELD(struct result_error, code, TEXT),
    FIELD(struct result_error, detail, TEXT),
};
static const struct table result_error_table =
    TABLE(struct result_error, "result_error", result_error_fields);

struct result {
    const char *status;
    struct rows errors; /* struct result_error */
};

static const struct field result_fields[] = {
    FIELD(struct result, status, TEXT),
    FIELD(struct result, errors, ROWS, .of = &result_error_table),
};
static const struct table result_table = TABLE(struct result, "result", result_fields);

struct results {
    struct rows results; /* struct result */
};

static const struct field results_fields[] = {
    FIELD(struct results, results, ROWS, .of = &result_table),
};
static const struct table results_table = TABLE(struct results, "results", results_fields);

/* "email" of "/items/3/email", and "fields.seats" of "/items/3/fields/seats". */
static const char *field_of(struct arena *arena, const char *pointer)
{
    const char *slash = pointer == NULL ? NULL : strrchr(pointer, '/');
    const char *custom = pointer == NULL ? NULL : strstr(pointer, "/fields/");
    const char *name =
        custom == NULL ? NULL : arena_printf(arena, "fields.%s", custom + strlen("/fields/"));
    return name != NULL ? name : slash != NULL ? slash + 1 : pointer == NULL ? "" : pointer;
}

/* "column "E-Mail" (email) must be an address; ..." */
static const char *result_reason(struct import_batch *batch, const struct result *result)
{
    struct buffer reason = { .arena = &batch->arena };
    const struct result_error *errors = result->errors.items;
    for (size_t i = 0; i < result->errors.count; i++) {
        const char *field = field_of(&batch->arena, errors[i].pointer);
        const char *column = plan_column(batch->plan, field);
        const char *detail = errors[i].detail != NULL ? errors[i].detail : errors[i].code;
        buffer_text(&reason, i > 0 ? "; " : "");
        if (column != NULL)
            buffer_printf(&reason, "column \"%s\" (%s): ", column, field);
        else if (*field != '\0')
            buffer_printf(&reason, "%s: ", field);
        buffer_text(&reason, detail == NULL ? "refused" : detail);
    }
    if (reason.length == 0)
        return "refused";
    buffer_char(&reason, '\0');
    return reason.failed ? "refused" : reason.data;
}

static void result_apply(struct import_batch *batch, struct pending_row *row,
                         const struct result *result)
{
    struct counts *counts = &batch->counts;
    const char *status = result->status == NULL ? "" : result->status;
    if (strcmp(status, "created") == 0)
        counts->created++;
    else if (strcmp(status, "merged") == 0)
        counts->merged++;
    else if (strcmp(status, "unchanged") == 0)
        counts->unchanged++;
    else
        row->reason = result_reason(batch, result);
}

/* ---- Sending ---- */

/* Everything that says "later": no answer, 503. The same request again never counts twice. (429 is
 * not said to the operator.) */
static bool is_temporary(enum err err, const struct answer *answer)
{
    if (err != OK)
        return err == ERR_BUSY;
    return answer->status == 503;
}

static enum err request_with_patience(struct import_batch *batch, const struct buffer *body,
                                      struct answer *ret)
{
    struct ctx *ctx = batch->ctx;
    int waited_ms = 0;
    for (int step_ms = RETRY_FIRST_MS;; step_ms *= 2) {
        enum err err = control_request(batch->control, "POST", batch->path, body, ret);
        if (!is_temporary(err, ret) || waited_ms >= RETRY_TOTAL_MS ||
            control_failed(batch->control))
            return err;
        if (step_ms > RETRY_STEP_MAX_MS)
            step_ms = RETRY_STEP_MAX_MS;
        control_sleep(batch->control, step_ms);
        waited_ms += step_ms;
        failure_clear(ctx);
    }
}

static enum status results_apply(struct import_batch *batch, const struct answer *answer,
                                 struct pending_row *rows, size_t count, size_t sent)
{
    struct results results;
    struct ctx ctx = { .arena = &batch->arena };
    if (answer_read(&ctx, answer, &results_table, &results) != OK)
        return complain_failure(&ctx);
    if (results.results.count != sent)
        return complain(STATUS_FAILED, "the service answered for %zu rows instead of %zu",
                        results.results.count, sent);
    const struct result *next = results.results.items;
    for (size_t i = 0; i < count; i++)
        if (rows[i].item != NULL)
            result_apply(batch, &rows[i], next++);
    return STATUS_OK;
}

static size_t body_write(const struct pending_row *rows, size_t count, struct buffer *body)
{
    size_t sent = 0;
    buffer_text(body, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        if (rows[i].item == NULL)
            continue;
        if (sent++ > 0)
            buffer_char(body, ',');
        buffer_append(body, rows[i].item, rows[i].item_bytes);
    }
    buffer_text(body, "]}");
    return sent;
}

/* Halves what is too large for a service that is set to take less. */
static enum status rows_send(struct import_batch *batch, struct pending_row *rows, size_t count)
{
    struct answer answer;
    struct buffer body = { .arena = &batch->arena };
    size_t sent = body_write(rows, count, &body);
    if (body.failed)
        return complain(STATUS_TEMPORARY, "not enough memory");
    if (sent == 0)
        return STATUS_OK;
    enum err err = request_with_patience(batch, &body, &answer);
    if (err != OK || answer.status != 200)
        progress_clear(batch->progress); /* what is said now gets a line of its own */
    if (err != OK)
        return complain_failure(batch->ctx);
    if (answer.status == 413 && count == 1) {
        rows[0].reason = "the row is larger than the service takes (body_max_kib)";
        return STATUS_OK;
    }
    if (answer.status == 413) {
        enum status status = rows_send(batch, rows, count / 2);
        if (status != STATUS_OK)
            return status;
        return rows_send(batch, rows + count / 2, count - count / 2);
    }
    if (answer.status != 200)
        return answer_complain(batch->ctx, &answer);
    return results_apply(batch, &answer, rows, count, sent);
}

static enum status failed_rows_keep(struct import_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct pending_row *row = &batch->rows[i];
        if (row->reason == NULL)
            continue;
        batch->counts.failed++;
        if (!errors_add(batch->errors, row->row.line, row->reason, row->row.cells, row->row.count))
            return complain(STATUS_FAILED, "%s cannot be written: %s", batch->errors->path,
                            strerror(errno));
    }
    return STATUS_OK;
}

enum status import_batch_send(struct import_batch *batch)
{
    enum status status = rows_send(batch, batch->rows, batch->count);
    if (status == STATUS_OK)
        status = failed_rows_keep(batch);
    if (status == STATUS_OK && batch->count > 0) {
        batch->counts.rows += (int64_t)batch->count;
        batch->last_line = batch->rows[batch->count - 1].row.line;
    }
    batch->count = 0;
    batch->body_bytes = 0;
    arena_reset(&batch->arena);
    return status;
}

/* ---- Gathering ---- */

bool import_row_copy(struct arena *arena, const struct csv_row *row, struct csv_row *ret)
{
    struct csv_cell *cells = arena_alloc(arena, (row->count + 1) * sizeof(*cells));
    for (size_t i = 0; i < row->count && cells != NULL; i++) {
        cells[i].bytes = row->cells[i].bytes;
        cells[i].text = arena_text(arena, row->cells[i].text, row->cells[i].bytes);
        if (cells[i].text == NULL)
            cells = NULL;
    }
    *ret = *row;
    ret->cells = cells;
    return cells != NULL;
}

void import_batch_init(struct import_batch *batch, const struct config *config)
{
    int64_t bytes = config->body_max_kib * 1024;
    if (bytes > BODY_BYTES_MAX)
        bytes = BODY_BYTES_MAX;
    batch->body_limit = (size_t)bytes - BODY_FRAME_BYTES;
}

static bool batch_is_full(const struct import_batch *batch)
{
    return batch->count == BATCH_ROWS || batch->arena.total_bytes > BATCH_COPY_BYTES_MAX;
}

enum status import_batch_add(struct import_batch *batch, const struct csv_row *row)
{
    enum status status = batch_is_full(batch) ? import_batch_send(batch) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    struct buffer item = { .arena = &batch->arena };
    const char *reason = import_row_write(batch->plan, &batch->arena, row, &item);
    size_t bytes = reason == NULL ? item.length + 1 : 0;
    if (batch->count > 0 && batch->body_bytes + bytes > batch->body_limit) {
        status = import_batch_send(
            batch); /* and the item is written anew, the first of the next batch */
        return status == STATUS_OK ? import_batch_add(batch, row) : status;
    }
    struct pending_row *pending = &batch->rows[batch->count];
    *pending = (struct pending_row){ .reason = reason };
    if (!import_row_copy(&batch->arena, row, &pending->row))
        return complain(STATUS_TEMPORARY, "not enough memory");
    if (reason == NULL) {
        pending->item = item.data;
        pending->item_bytes = item.length;
    }
    batch->body_bytes += bytes;
    batch->count++;
    return STATUS_OK;
}
