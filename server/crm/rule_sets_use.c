/* rule_sets_use.c: what rule sets ask an installation for: custom fields, and kinds of stages that
 * leads enter. Who takes such a thing out of use asks here first: what is in force keeps it, and
 * drafts are named that will have to wait for it. */
#include "rule_sets.h"

#include "scoring.h"

#include <string.h>

bool kind_can_be_entered(const struct rows *pipelines, enum stage_kind kind)
{
    const struct pipeline *all = pipelines->items;
    for (size_t i = 0; i < pipelines->count; i++) {
        const struct stage *stages = all[i].stages.items;
        bool behind_first = false;
        for (size_t j = 0; j < all[i].stages.count && all[i].archived_at == NO_INT; j++) {
            bool in_use = stages[j].archived_at == NO_INT;
            if (in_use && behind_first && stages[j].kind == kind)
                return true;
            behind_first |= in_use;
        }
    }
    return false;
}

static enum err refuse(struct ctx *ctx, const struct rule_set *in_force, struct buffer *why)
{
    if (why->failed)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a reason");
    return fail(ctx, ERR_CONFLICT, NULL, "version %lld (%s), which is in force, %.*s",
                (long long)in_force->version, in_force->name, (int)why->length, why->data);
}

/* ---- Drafts ---- */

/* Whether a draft asks for something; ERR_VALIDATION: it could not be published anyway. */
typedef enum err draft_asks(struct ctx *ctx, const void *self, const struct rule_set *draft,
                            bool *ret);

enum { DRAFTS_AT_ONCE = 100 };

/* Into *ret, their ids. */
static enum err find_drafts(struct ctx *ctx, struct db *db, draft_asks *asks, const void *self,
                            struct texts *ret)
{
    struct rule_set_filter filter = { .status = RULE_SET_DRAFT,
                                      .range = { .limit = DRAFTS_AT_ONCE } };
    struct rows rows = { .count = DRAFTS_AT_ONCE };
    int64_t count;
    enum err err = rule_set_count(ctx, db, &filter, &count);
    const char **ids = err ? NULL : ctx_alloc(ctx, ((size_t)count + 1) * sizeof *ids);
    if (!err && !ids)
        return ERR_MEMORY;
    *ret = (struct texts){ ids, 0 };
    while (!err && rows.count == DRAFTS_AT_ONCE) {
        err = rule_set_list(ctx, db, &filter, &rows);
        const struct rule_set *drafts = err ? NULL : rows.items;
        for (size_t i = 0; !err && i < rows.count; i++) {
            bool does = false;
            char *id = ctx_alloc(ctx, ID_TEXT_SIZE);
            err = id ? asks(ctx, self, &drafts[i], &does) : ERR_MEMORY;
            if (err == ERR_VALIDATION) {
                failure_clear(ctx);
                err = OK;
            }
            filter.range.after = drafts[i].id;
            if (!err && does) {
                id_format(&drafts[i].id, id);
                ids[ret->count++] = id;
            }
        }
    }
    return err;
}

/* ---- Custom fields ---- */

struct custom_use {
    const struct catalog *catalog;
    const char *name; /* fields.KEY */
};

static enum err draft_reads(struct ctx *ctx, const void *self, const struct rule_set *draft,
                            bool *ret)
{
    const struct custom_use *use = self;
    const struct scoring *scoring;
    enum err err = scoring_make(ctx, use->catalog, draft, &scoring);
    *ret = !err && scoring_reads(scoring, use->name);
    return err;
}

/* "rules a, b; criteria mql" */
static void list_readers(struct buffer *out, const struct scoring *scoring, const char *name)
{
    const struct rule *rules = scoring->rules->rules.items;
    const struct criterion *criteria = scoring->rules->criteria.items;
    const char *before = "rules ";
    for (size_t i = 0; i < scoring->rules->rules.count; i++) {
        if (!scoring->ready[i].when || !condition_reads(scoring->ready[i].when, name))
            continue;
        buffer_printf(out, "%s%s", before, rules[i].key);
        before = ", ";
    }
    before = before[0] == ',' ? "; criteria " : "criteria ";
    for (size_t i = 0; i < scoring->rules->criteria.count; i++) {
        if (!scoring->enters[i] || !condition_reads(scoring->enters[i], name))
            continue;
        buffer_printf(out, "%s%s", before, stage_kind_names[criteria[i].kind]);
        before = ", ";
    }
}

enum err rule_sets_release_field(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                                 const char *key, struct texts *ret_drafts)
{
    struct custom_use use = { catalog, arena_printf(ctx->arena, "fields.%s", key) };
    if (!use.name)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a name");
    if (!scoring_reads(catalog->scoring, use.name))
        return find_drafts(ctx, db, draft_reads, &use, ret_drafts);
    struct buffer why = { .arena = ctx->arena };
    buffer_text(&why, "asks for it: ");
    list_readers(&why, catalog->scoring, use.name);
    return refuse(ctx, &catalog->rule_set, &why);
}

/* ---- Kinds of stages ---- */

struct kinds_use {
    const struct rows *before, *after; /* pipelines */
};

/* The first kind that its criteria have leads enter and that none could enter any more; -1: none */
static int kind_lost(const struct kinds_use *use, const struct rule_set *rule_set)
{
    const struct criterion *criteria = rule_set->criteria.items;
    for (size_t i = 0; i < rule_set->criteria.count; i++)
        if (kind_can_be_entered(use->before, criteria[i].kind) &&
            !kind_can_be_entered(use->after, criteria[i].kind))
            return criteria[i].kind;
    return -1;
}

static enum err draft_enters(struct ctx *ctx, const void *self, const struct rule_set *draft,
                             bool *ret)
{
    (void)ctx;
    *ret = kind_lost(self, draft) >= 0;
    return OK;
}

enum err rule_sets_release_stages(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                                  const struct pipeline *changed, struct texts *ret_drafts)
{
    size_t count = catalog->pipelines.count;
    struct pipeline *after = ctx_alloc(ctx, (count + 1) * sizeof *after);
    if (!after)
        return ERR_MEMORY;
    memcpy(after, catalog->pipelines.items, count * sizeof *after);
    for (size_t i = 0; i < count; i++)
        if (after[i].pipeline_id == changed->pipeline_id)
            after[i] = *changed;
    struct rows rows = { after, count };
    struct kinds_use use = { &catalog->pipelines, &rows };
    int lost = kind_lost(&use, &catalog->rule_set);
    if (lost < 0)
        return find_drafts(ctx, db, draft_enters, &use, ret_drafts);
    struct buffer why = { .arena = ctx->arena };
    buffer_printf(&why, "has leads enter a stage of kind %s, and none would be left",
                  stage_kind_names[lost]);
    return refuse(ctx, &catalog->rule_set, &why);
}
