/* crossings.c: what a preview keeps of who crosses a threshold goes when the person goes: of those
 * that are kept already, and of those that it still had in its hands. */
#include "history.h"

#include <funneld/reports.h>

#include <string.h>

/* Ids are in the order of their time: behind this one are all that are not older. */
static struct id id_before(int64_t ms)
{
    struct id id = { 0 };
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)ms >> (8 * (5 - i)));
    return id;
}

static bool is_gone(const struct rows *erasures, const struct id *lead_id)
{
    const struct erasure *all = erasures->items;
    for (size_t i = 0; i < erasures->count; i++)
        if (all[i].facts == FACTS_REMOVED && id_compare(&all[i].lead_id, lead_id) == 0)
            return true;
    return false;
}

enum err crossings_keep(struct ctx *ctx, struct db *db, const struct job *job,
                        const struct crossing_part *part)
{
    struct rows erasures; /* since the preview began to read */
    struct id_range since = { .after = id_before(job->created_at), .limit = INT64_MAX };
    enum err err = erasure_list(ctx, db, &since, &erasures);
    if (err || erasures.count == 0)
        return err ? err : crossings_insert(ctx, db, &job->id, part);
    struct crossing_part *left = ctx_alloc(ctx, sizeof *left);
    if (!left)
        return ERR_MEMORY;
    *left = *part;
    left->count = 0;
    for (size_t i = 0; i < part->count; i++)
        if (!is_gone(&erasures, &part->items[i].lead_id))
            left->items[left->count++] = part->items[i];
    return left->count > 0 ? crossings_insert(ctx, db, &job->id, left) : OK;
}
