/* visitor.c: a background command of the writer that comes round each second and brings the leads
 * up to date that are due, a few in each transaction, the longest due first. What follows is dated
 * when it was due, so a visit may be late without harm. */
#include "visitor.h"

#include <stddef.h>

enum { LEADS_AT_ONCE = 32 };
#define EVERY_US INT64_C(1000000)

/* Once for each, whatever becomes of the tries that follow. */
static void tell(const struct due_failed *failed)
{
    char id[ID_TEXT_SIZE];
    const struct failure *why = &failed->why;
    if (failed->lead.tries > 1)
        return;
    id_format(&failed->lead.lead_id, id);
    log_line(LOG_ERROR, "visitor",
             "the lead %s is due and cannot be brought up to date (%s): it is tried again less and "
             "less often",
             id, err_is_ours(why->err) && why->detail ? why->detail : err_info(why->err)->title);
}

static enum err run(struct command *command, struct db *db)
{
    struct visitor *visitor =
        (struct visitor *)((char *)command - offsetof(struct visitor, command));
    struct due_taken taken;
    failure_clear(&visitor->ctx);
    arena_reset(&visitor->arena);
    enum err err = leads_take_due(&visitor->ctx, db, LEADS_AT_ONCE, &taken);
    command->more = !err && taken.count == LEADS_AT_ONCE;
    if (err)
        return err;
    for (size_t i = 0; i < taken.failed_count; i++)
        tell(&taken.failed[i]);
    metric_set(METRIC_SCORE_LAG_US, taken.lag_ms * 1000);
    metric_set(METRIC_LEADS_FAILING, taken.failing);
    return OK;
}

static void done(struct command *command)
{
    (void)command; /* the writer has stopped; what is due is visited after the next start */
}

enum err visitor_start(struct ctx *ctx, struct writer *writer, struct visitor *visitor)
{
    *visitor = (struct visitor){ .command = { .ctx = &visitor->ctx,
                                              .run = run,
                                              .done = done,
                                              .background = true,
                                              .every_us = EVERY_US } };
    visitor->ctx = (struct ctx){ .arena = &visitor->arena, .ids = &visitor->ids };
    return writer_submit(writer, &visitor->command)
               ? OK
               : fail(ctx, visitor->ctx.failure.err, NULL, "the writer takes no work");
}

void visitor_free(struct visitor *visitor)
{
    arena_free(&visitor->arena);
}
