/* export.c: `export leads`, `activities` and `stage-events`. Reads the data file itself, beside a
 * daemon or without one, page by page: no read is long enough to hold anything up. What is changed
 * meanwhile is exported as it was or as it is, and nothing twice. */
#include "export.h"
#include "control.h"
#include "progress.h"

#include <funneld/http.h>
#include <funneld/records.h>
#include <funneld/store.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_ROWS = 500 };

struct export_kind {
    const char *what; /* for people */
    const struct table *table;
    /* The next rows; `after` is the last of the page before, or NULL. */
    enum err (*page)(struct ctx *ctx, struct db *db, const void *after, struct rows *ret);
};

struct export
{
    const struct cli *cli;
    const struct export_kind *kind;
    struct export_conditions conditions;
    bool json;
    struct csv_form form;
    int64_t rows; /* written */
    struct watch watch;
};

static enum err leads_page(struct ctx *ctx, struct db *db, const void *after, struct rows *ret)
{
    const struct lead *last = after;
    struct lead_filter filter = {
        .pipeline_id = NO_INT,
        .stage_id = NO_INT,
        .status = -1,
        .sort = SORT_CREATED_AT,
        .after_value = NO_INT,
        .limit = PAGE_ROWS,
    };
    if (last != NULL) {
        filter.after_value = last->created_at;
        filter.after_id = last->id;
    }
    return lead_list(ctx, db, &filter, ret);
}

static enum err activities_page(struct ctx *ctx, struct db *db, const void *after, struct rows *ret)
{
    return activity_walk(ctx, db, after, PAGE_ROWS, ret);
}

static enum err stage_events_page(struct ctx *ctx, struct db *db, const void *after,
                                  struct rows *ret)
{
    const struct stage_event_told *last = after;
    return stage_event_walk(ctx, db, last == NULL ? NULL : &last->event, PAGE_ROWS, ret);
}

/* ---- Rows ---- */

static enum err row_write(struct ctx *ctx, struct export *export, const void *row)
{
    if (!export->json)
        return csv_row_write(ctx, &export->form, row);
    struct buffer text = { .arena = ctx->arena };
    json_row(&(struct json){ .out = &text }, NULL, export->kind->table, row);
    buffer_char(&text, '\n');
    if (text.failed)
        return fail(ctx, ERR_MEMORY, NULL, "not enough memory");
    fwrite(text.data, 1, text.length, export->form.file);
    return OK;
}

static enum err rows_write(struct ctx *ctx, struct export *export, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const void *row = (const char *)rows->items + i * export->kind->table->size;
        bool wanted;
        enum err err = conditions_hold(ctx, &export->conditions, row, &wanted);
        if (err == OK && wanted) {
            err = row_write(ctx, export, row);
            export->rows++;
        }
        if (err != OK)
            return err;
    }
    if (ferror(export->form.file))
        return fail(ctx, ERR_STORAGE, NULL, "the export cannot be written: %s", strerror(errno));
    if (!watch_step(&export->watch, export->kind->what, export->rows, 0))
        return fail(ctx, ERR_CONFLICT, NULL, "interrupted");
    return OK;
}

/* Two arenas take turns: the last row of a page is needed to find the next. */
static enum err pages_write(struct ctx *ctx, struct db *db, struct export *export)
{
    struct arena arenas[2] = { { 0 }, { 0 } }, *own = ctx->arena;
    const void *after = NULL;
    struct rows rows = { .count = PAGE_ROWS };
    enum err err = OK;
    for (int turn = 0; err == OK && rows.count == PAGE_ROWS; turn = !turn) {
        arena_reset(&arenas[turn]);
        ctx->arena = &arenas[turn];
        err = db_begin_read(ctx, db);
        if (err == OK)
            err = export->kind->page(ctx, db, after, &rows);
        db_end_read(db);
        if (err == OK)
            err = rows_write(ctx, export, &rows);
        if (err == OK && rows.count > 0)
            after = (const char *)rows.items + (rows.count - 1) * export->kind->table->size;
        ctx->arena = own;
        if (err != OK)
            failure_keep(ctx);
    }
    arena_free(&arenas[0]);
    arena_free(&arenas[1]);
    return err;
}

/* ---- Where it comes from and goes to ---- */

static void store_done(struct store **store)
{
    store_close(*store);
}

/* The columns of a file stay what they are at its beginning. */
static enum err custom_fields_read(struct ctx *ctx, struct db *db, struct export *export)
{
    struct rows all;
    enum err err = db_begin_read(ctx, db);
    if (err == OK)
        err = custom_fields_load(ctx, db, &all);
    db_end_read(db);
    struct custom_field *fields = err == OK ? all.items : NULL;
    size_t count = 0;
    for (size_t i = 0; err == OK && i < all.count; i++)
        if (fields[i].archived_at == NO_INT)
            fields[count++] = fields[i];
    export->form.custom_fields = (struct rows){ fields, count };
    return err;
}

static enum err data_write(struct ctx *ctx, struct export *export)
{
    _cleanup_(store_done) struct store *store = NULL;
    struct db *db;
    bool current;
    const char *path = export->cli->config->database;
    enum err err = data_expect(ctx, path);
    if (err == OK)
        err = store_look(ctx, path, &store, &current);
    if (err == OK && !current)
        err = fail(ctx, ERR_CONFIG, NULL,
                   "%s is of an older version: the daemon brings it up to date at its start, or "
                   "`funneld migrate`",
                   path);
    if (err == OK)
        err = store_reader(ctx, store, &db);
    if (err != OK)
        return err;
    err = custom_fields_read(ctx, db, export);
    if (err == OK)
        err = conditions_resolve(ctx, &export->conditions, &export->form.custom_fields);
    if (err == OK && !export->json)
        csv_header_write(&export->form);
    if (err == OK)
        err = pages_write(ctx, db, export);
    db_close(db);
    return err;
}

/* Nobody sees half a file: it has its name when it is whole. */
static enum err file_write(struct ctx *ctx, struct export *export, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return fail(ctx, ERR_CONFLICT, NULL, "%s is no regular file", path);
    const char *part = arena_printf(ctx->arena, "%s.part", path);
    int fd;
    enum err err = part == NULL ? fail(ctx, ERR_MEMORY, NULL, "not enough memory")
                                : file_begin(ctx, part, &fd);
    if (err != OK)
        return err;
    export->form.file = fdopen(fd, "w");
    if (export->form.file == NULL) {
        close(fd);
        return fail(ctx, ERR_MEMORY, NULL, "not enough memory");
    }
    err = data_write(ctx, export);
    if (err == OK && fflush(export->form.file) != 0)
        err = fail(ctx, ERR_STORAGE, NULL, "%s cannot be written: %s", path, strerror(errno));
    if (err == OK)
        err = file_publish(ctx, part, path);
    if (err != OK)
        unlink(part);
    fclose(export->form.file);
    return err;
}

static enum status format_read(const struct cli *cli, bool *ret_json)
{
    static const char *const names[] = { "csv", "ndjson", NULL };
    const char *given = option_value(cli, "--format");
    int format = given == NULL ? 0 : name_find(names, given);
    *ret_json = format == 1;
    return format >= 0 ? STATUS_OK : complain_usage(cli, "--format is csv or ndjson");
}

static enum status export_run(const struct cli *cli, const struct export_kind *kind)
{
    struct export export = {
        .cli = cli,
        .kind = kind,
        .form = { .file = stdout, .table = kind->table, .raw = option_given(cli, "--raw") },
    };
    struct progress progress;
    const char *path = option_value(cli, "--output");
    enum status status = format_read(cli, &export.json);
    if (status == STATUS_OK)
        status = conditions_read(cli, kind->table, &export.conditions);
    if (status != STATUS_OK)
        return status;
    export.watch = progress_watch(&progress);
    enum err err =
        path == NULL ? data_write(cli->ctx, &export) : file_write(cli->ctx, &export, path);
    progress_clear(&progress);
    if (err != OK)
        return complain_failure(cli->ctx);
    if (path != NULL)
        printf("%s: %lld %s in %.1f s\n", path, (long long)export.rows, kind->what,
               progress_seconds(&progress));
    return output_end(STATUS_OK);
}

enum status export_leads_command(const struct cli *cli)
{
    static const struct export_kind kind = { "leads", &lead_table, leads_page };
    return export_run(cli, &kind);
}

enum status export_activities_command(const struct cli *cli)
{
    static const struct export_kind kind = { "activities", &activity_table, activities_page };
    return export_run(cli, &kind);
}

enum status export_stage_events_command(const struct cli *cli)
{
    static const struct export_kind kind = { "stage events", &stage_event_told_table,
                                             stage_events_page };
    return export_run(cli, &kind);
}
