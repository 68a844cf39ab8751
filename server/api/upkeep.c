/* upkeep.c: one background command of the writer that comes round each hour: ends erasures that a
 * crash has cut short, and removes what has expired, a little at a time. */
#include "upkeep.h"

#include "route.h"

#include <stddef.h>

enum { ROWS_AT_ONCE = 64 };
#define JOBS_KEPT_MS (30 * MS_PER_DAY)
#define EVERY_US INT64_C(3600000000)

static enum err expire_journal(struct upkeep *upkeep, struct db *db, bool *ret_more)
{
    int64_t count = 0, before = upkeep->ctx.now_ms - upkeep->journal_days * MS_PER_DAY;
    enum err err = OK;
    if (upkeep->journal_days > 0)
        err = submissions_expire(&upkeep->ctx, db, before, ROWS_AT_ONCE, &count);
    *ret_more = count == ROWS_AT_ONCE;
    return err;
}

static enum err expire_answers(struct upkeep *upkeep, struct db *db, bool *ret_more)
{
    enum err err = kept_answers_expire(&upkeep->ctx, db, upkeep->ctx.now_ms - IDEMPOTENCY_KEPT_MS,
                                       ROWS_AT_ONCE);
    *ret_more = !err && db_changes(db) == ROWS_AT_ONCE;
    return err;
}

static enum err expire_jobs(struct upkeep *upkeep, struct db *db, bool *ret_more)
{
    int64_t count, before = upkeep->ctx.now_ms - JOBS_KEPT_MS;
    enum err err = crossings_expire(&upkeep->ctx, db, before, ROWS_AT_ONCE, &count);
    *ret_more = !err && count == ROWS_AT_ONCE;
    if (err || *ret_more)
        return err;
    err = jobs_expire(&upkeep->ctx, db, before, ROWS_AT_ONCE);
    *ret_more = !err && db_changes(db) == ROWS_AT_ONCE;
    return err;
}

static enum err end_erasures(struct upkeep *upkeep, struct db *db, bool *ret_more)
{
    enum err err = lead_erase_unfinished(&upkeep->ctx, db, &upkeep->erasing, ret_more);
    upkeep->erased |= !err && *ret_more;
    return err;
}

static enum err run(struct command *command, struct db *db)
{
    static enum err (*const parts[])(struct upkeep * upkeep, struct db * db,
                                     bool *ret_more) = { end_erasures, expire_journal,
                                                         expire_answers, expire_jobs };
    struct upkeep *upkeep = (struct upkeep *)((char *)command - offsetof(struct upkeep, command));
    failure_clear(&upkeep->ctx);
    arena_reset(&upkeep->arena);
    if (command->result) /* whatever it had done is not there, and to be done again */
        upkeep->erasing = (struct lead_erasing){ 0 };
    enum err err = OK;
    for (size_t i = 0; i < ARRAY_SIZE(parts) && !err && !command->more; i++)
        err = parts[i](upkeep, db, &command->more);
    command->wipe = !command->more && upkeep->erased;
    if (err || command->wipe)
        upkeep->erased = false;
    return err;
}

static void done(struct command *command)
{
    (void)command; /* the writer has stopped, and what was not done is done at the next start */
}

enum err upkeep_start(struct ctx *ctx, const struct config *config, struct writer *writer,
                      struct upkeep *upkeep)
{
    *upkeep = (struct upkeep){ .journal_days = config->journal_days,
                               .command = { .ctx = &upkeep->ctx,
                                            .run = run,
                                            .done = done,
                                            .background = true,
                                            .every_us = EVERY_US } };
    upkeep->ctx = (struct ctx){ .arena = &upkeep->arena, .ids = &upkeep->ids };
    return writer_submit(writer, &upkeep->command)
               ? OK
               : fail(ctx, upkeep->ctx.failure.err, NULL, "the writer takes no work");
}

void upkeep_free(struct upkeep *upkeep)
{
    arena_free(&upkeep->arena);
}
