/* rule_sets.c: rule sets are drafts first, which may change, and then come into force one after the
 * other, each a version that never changes again. What they mean for a score is not decided
 * here. */
#include "rule_sets.h"

#include "history.h"

#define MAX_MILLI_DEFAULT 100000

/* ---- What people say of one ---- */

/* Arrays of what each input holds. */
static enum err take_parts(struct ctx *ctx, const struct rule_set_input *input,
                           struct rule_set *ret)
{
    const struct score_group_input *groups = input->groups.items;
    const struct rule_input *rules = input->rules.items;
    const struct criterion_input *criteria = input->criteria.items;
    struct score_group *own_groups = ctx_alloc(ctx, (input->groups.count + 1) * sizeof *own_groups);
    struct rule *own_rules = ctx_alloc(ctx, (input->rules.count + 1) * sizeof *own_rules);
    struct criterion *own_criteria =
        ctx_alloc(ctx, (input->criteria.count + 1) * sizeof *own_criteria);
    if (!own_groups || !own_rules || !own_criteria)
        return ERR_MEMORY;
    for (size_t i = 0; i < input->groups.count; i++)
        own_groups[i] = groups[i].group;
    for (size_t i = 0; i < input->rules.count; i++) {
        own_rules[i] = rules[i].rule;
        own_rules[i].position = (int64_t)i;
        if ((int)own_rules[i].decay < 0)
            own_rules[i].decay = DECAY_NONE;
    }
    for (size_t i = 0; i < input->criteria.count; i++)
        own_criteria[i] = criteria[i].criterion;
    ret->groups = (struct rows){ own_groups, input->groups.count };
    ret->rules = (struct rows){ own_rules, input->rules.count };
    ret->criteria = (struct rows){ own_criteria, input->criteria.count };
    return OK;
}

static enum err take(struct ctx *ctx, struct db *db, const struct rule_set_input *input,
                     struct rule_set *ret)
{
    const struct catalog *catalog;
    ret->name = input->name;
    ret->min_milli = input->min_milli == NO_INT ? 0 : input->min_milli;
    ret->max_milli = input->max_milli == NO_INT ? MAX_MILLI_DEFAULT : input->max_milli;
    ret->updated_at = ctx->now_ms;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = take_parts(ctx, input, ret);
    if (!err)
        err = rule_set_check(ctx, catalog, ret);
    struct rule *rules = err ? NULL : ret->rules.items;
    for (size_t i = 0; !err && i < ret->rules.count; i++)
        err = rule_decay(ctx, &rules[i]);
    return err;
}

/* ---- Drafts ---- */

enum err rule_set_create(struct ctx *ctx, struct db *db, const struct rule_set_input *input,
                         struct rule_set *ret)
{
    *ret = (struct rule_set){ .id = id_new(ctx),
                              .status = RULE_SET_DRAFT,
                              .version = NO_INT,
                              .created_at = ctx->now_ms,
                              .published_at = NO_INT,
                              .retired_at = NO_INT };
    enum err err = take(ctx, db, input, ret);
    return err ? err : rule_set_insert(ctx, db, ret);
}

static enum err find_draft(struct ctx *ctx, struct db *db, const struct id *id,
                           struct rule_set *ret)
{
    enum err err = rule_set_find(ctx, db, id, ret);
    if (!err && ret->status != RULE_SET_DRAFT)
        return fail(ctx, ERR_CONFLICT, NULL,
                    "it was published and never changes again: make another draft");
    return err;
}

enum err rule_set_edit(struct ctx *ctx, struct db *db, const struct id *id,
                       const struct rule_set_input *input, struct rule_set *ret)
{
    enum err err = find_draft(ctx, db, id, ret);
    if (!err)
        err = take(ctx, db, input, ret);
    return err ? err : rule_set_replace(ctx, db, ret);
}

enum err rule_set_discard(struct ctx *ctx, struct db *db, const struct id *id)
{
    struct rule_set draft;
    enum err err = find_draft(ctx, db, id, &draft);
    return err ? err : rule_set_delete(ctx, db, id);
}

enum err rule_set_validate(struct ctx *ctx, struct db *db, const struct id *id)
{
    struct rule_set rule_set;
    const struct catalog *catalog;
    enum err err = rule_set_find(ctx, db, id, &rule_set);
    if (!err)
        err = catalog_get(ctx, db, &catalog);
    return err ? err : rule_set_check(ctx, catalog, &rule_set);
}

/* ---- In force ---- */

/* A draft becomes the next version itself; what was published before comes again as another. */
static enum err put_in_force(struct ctx *ctx, struct db *db, struct rule_set *rule_set)
{
    bool is_draft = rule_set->status == RULE_SET_DRAFT;
    struct rule_set latest;
    enum err err = rule_set_latest(ctx, db, &latest);
    if (err)
        return err;
    latest.status = RULE_SET_RETIRED;
    latest.retired_at = ctx->now_ms;
    err = rule_set_save(ctx, db, &latest);
    if (!is_draft) {
        rule_set->copied_from = rule_set->id;
        rule_set->id = id_new(ctx);
        rule_set->created_at = rule_set->updated_at = ctx->now_ms;
        rule_set->retired_at = NO_INT;
    }
    rule_set->status = RULE_SET_PUBLISHED;
    rule_set->version = latest.version + 1;
    rule_set->published_at = ctx->now_ms;
    if (err)
        return err;
    return is_draft ? rule_set_save(ctx, db, rule_set) : rule_set_insert(ctx, db, rule_set);
}

static bool same_id(const struct id *a, const struct id *b)
{
    return !id_is_nil(a) && id_compare(a, b) == 0;
}

/* Whether one of them is the other, taken up again. */
static bool is_same(const struct rule_set *a, const struct rule_set *b)
{
    return same_id(&a->id, &b->id) || same_id(&a->id, &b->copied_from) ||
           same_id(&a->copied_from, &b->id) || same_id(&a->copied_from, &b->copied_from);
}

/* Nothing is to be published. Its leads are scored again all the same where the job that was to do
 * it is over and has left some behind. */
static enum err score_the_rest(struct ctx *ctx, struct db *db, const struct rule_set *in_force,
                               struct job *ret)
{
    struct job_filter filter = { .kind = JOB_RESCORE,
                                 .state = -1,
                                 .range = { .descending = true, .limit = 1 } };
    struct rows rows;
    enum err err = job_list(ctx, db, &filter, &rows);
    if (err)
        return err;
    const struct job *last = rows.count > 0 ? rows.items : NULL;
    bool left_some = last && same_id(&last->subject, &in_force->id) &&
                     (last->state == JOB_FAILED || last->state == JOB_CANCELLED);
    if (left_some)
        return job_create(ctx, db, JOB_RESCORE, &in_force->id, ret);
    return fail(ctx, ERR_CONFLICT, NULL, "it is in force already, as version %lld",
                (long long)in_force->version);
}

enum err rule_set_publish(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
{
    struct rule_set rule_set;
    const struct catalog *catalog;
    enum err err = rule_set_validate(ctx, db, id); /* what it names may be gone by now */
    if (!err)
        err = rule_set_find(ctx, db, id, &rule_set);
    if (!err)
        err = catalog_get(ctx, db, &catalog);
    if (!err && is_same(&rule_set, &catalog->rule_set))
        return score_the_rest(ctx, db, &catalog->rule_set, ret);
    if (!err)
        err = put_in_force(ctx, db, &rule_set);
    if (!err)
        err = catalog_renew(ctx, db);
    if (!err)
        err = jobs_cancel_kind(ctx, db, JOB_RESCORE, "another rule set was published");
    return err ? err : job_create(ctx, db, JOB_RESCORE, &rule_set.id, ret);
}

enum err rule_set_preview(struct ctx *ctx, struct db *db, const struct id *id, struct job *ret)
{
    enum err err = rule_set_validate(ctx, db, id);
    return err ? err : job_create(ctx, db, JOB_PREVIEW, id, ret);
}
