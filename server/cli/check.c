/* check.c: `check` and `migrate`: what an operator does to be sure of the data file. A check reads
 * the file itself, beside a daemon or without one, like a backup. */
#include "command.h"
#include "control.h"
#include "progress.h"

#include <funneld/crm.h>
#include <funneld/store.h>

static void store_done(struct store **store)
{
    store_close(*store);
}

static enum status report_print(const char *path, const struct check_report *report)
{
    bool differs = report->wrong_leads > 0 || report->wrong_cells > 0 || report->wrong_keys > 0 ||
                   report->wrong_values > 0;
    for (size_t i = 0; i < report->findings.count; i++) {
        output_text(stdout, report->findings.items[i]);
        putchar('\n');
    }
    if (report->overdue_leads > 0)
        printf("%lld leads are due: time has changed their score or stage since they were scored\n",
               (long long)report->overdue_leads);
    if (!differs)
        printf("no damage, no difference: %lld leads, %lld figures\n", (long long)report->leads,
               (long long)report->cells);
    else
        printf(
            "different: %lld of %lld leads, %lld of %lld figures, %lld keys, %lld values, in %s\n",
            (long long)report->wrong_leads, (long long)report->leads,
            (long long)report->wrong_cells, (long long)report->cells, (long long)report->wrong_keys,
            (long long)report->wrong_values, path);
    return output_end(differs ? STATUS_FAILED : STATUS_OK);
}

/* The days of the reports are those of the file's own zone, whatever the configuration says. */
static enum err zone_set(struct ctx *ctx, struct db *db)
{
    const char *zone = NULL;
    enum err err = setting_get(ctx, db, "time_zone", &zone);
    if (err == ERR_NOT_FOUND)
        return OK; /* made, and never started */
    if (err == OK && !clock_set_zone(zone))
        err = fail(ctx, ERR_CONFIG, NULL, "this system has no zone \"%s\"", zone);
    return err;
}

static enum err recount(struct ctx *ctx, struct store *store, const struct watch *watch,
                        struct check_report *ret)
{
    struct db *db;
    enum err err = store_reader(ctx, store, &db);
    if (err != OK)
        return err;
    err = db_begin_read(ctx, db);
    if (err == OK)
        err = zone_set(ctx, db);
    if (err == OK)
        err = check_run(ctx, db, watch, ret);
    db_end_read(db);
    db_close(db);
    return err;
}

enum status check_command(const struct cli *cli)
{
    struct ctx *ctx = cli->ctx;
    bool is_data = cli->operand_count == 0, current = true, known;
    const char *path = is_data ? cli->config->database : cli->operands[0];
    _cleanup_(store_done) struct store *store = NULL;
    struct progress progress;
    struct watch watch = progress_watch(&progress);
    struct check_report report;
    enum err err = is_data ? data_expect(ctx, path) : OK;
    if (err == OK)
        err = store_look(ctx, path, &store, &current);
    if (err == OK && !is_data)
        err = store_backup_compare(ctx, path, &watch, &known);
    if (err == OK)
        err = store_verify(ctx, store, /* thorough= */ true, &watch);
    if (err == OK && current)
        err = recount(ctx, store, &watch, &report);
    progress_clear(&progress);
    if (err != OK)
        return complain_failure(ctx);
    if (!current)
        return complain(STATUS_FAILED,
                        "%s is undamaged, but of an older version, whose reports cannot be "
                        "counted: the daemon brings its data file up to date at its start",
                        path);
    return report_print(path, &report);
}

enum status migrate_command(const struct cli *cli)
{
    struct store *store = NULL;
    log_setup(LOG_INFO,
              (enum log_format)cli->config->log_format); /* a line for each migration it runs */
    enum err err = store_open(cli->ctx, cli->config->database, &store);
    if (err == ERR_CONFLICT)
        return complain(STATUS_FAILED,
                        "another process has %s; stop it first (the daemon migrates at its start)",
                        cli->config->database);
    if (err != OK)
        return complain_failure(cli->ctx);
    store_close(store);
    printf("%s is up to date for funneld " FUNNELD_VERSION "\n", cli->config->database);
    return output_end(STATUS_OK);
}
