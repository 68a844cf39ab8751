/* score_at.c: a lead's score at any instant, and how it came about. Only reads. */
#include "past.h"

/* Its attributes at that instant; those of now where nothing was changed since. */
static enum err attributes_at(struct ctx *ctx, struct db *db, const struct lead *lead, int64_t at,
                              struct past *ret)
{
    if (at >= lead->updated_at || at >= ctx->now_ms) {
        *ret = (struct past){ .lead = *lead, .first_owner = lead->owner };
        return OK;
    }
    enum err err = past_begin(ctx, db, lead, false, ret);
    if (!err)
        past_advance(ret, at);
    return err;
}

enum err facts_at(struct ctx *ctx, struct db *db, const struct lead *lead, int64_t at,
                  const struct scoring *scoring, struct past *ret_past, struct facts *ret)
{
    enum err err = attributes_at(ctx, db, lead, at, ret_past);
    if (!err)
        err = facts_start(ctx, scoring, ret);
    if (err)
        return err;
    err = facts_judge_attributes(ctx, ret, &ret_past->lead);
    if (err)
        return err;
    struct log_times times = { .from = at, .until = at };
    return facts_read_log(ctx, db, &lead->id, &times, ret);
}

enum err score_of(struct ctx *ctx, struct db *db, const struct lead *lead, int64_t at,
                  const struct scoring *scoring, struct score_detail *ret)
{
    struct past past;
    struct facts facts;
    enum err err = facts_at(ctx, db, lead, at, scoring, &past, &facts);
    if (!err)
        score_explain(&facts, at, ret);
    return err;
}
