/* pipelines.c: pipelines and their stages: adding, naming, ordering and archiving them. What is
 * past stays as it was. How leads are counted by a new order, recount.c knows. */
#include "history.h"
#include "rule_sets.h"

#include <string.h>

/* ---- What is asked for ---- */

/* `of` is what the members stand in: "", or "stages/2/". NULL: no memory. */
static const char *member_of(struct ctx *ctx, const char *of, const char *name)
{
    return arena_printf(ctx->arena, "%s%s", of, name);
}

static enum err check_key(struct ctx *ctx, const char *of, const char *key)
{
    if (name_find(lead_status_names, key) >= 0)
        return fail_member(ctx, member_of(ctx, of, "key"), "invalid",
                           "is the name of a status, and events lead to stages and statuses");
    if (word_valid(key))
        return OK;
    return fail_member(ctx, member_of(ctx, of, "key"), "invalid",
                       "lower-case letters, digits and _, a letter first");
}

static enum err check_required(struct ctx *ctx, const struct catalog *catalog, const char *of,
                               const struct texts *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct custom_field *custom = catalog_custom_member(catalog, names->items[i]);
        if (table_find(&lead_patch_table, names->items[i]) < 0 && !custom)
            return fail_member(ctx, member_of(ctx, of, "required_fields"), "unknown",
                               "%s is no member of a lead that can be set", names->items[i]);
        if (custom && custom->archived_at != NO_INT)
            return fail_member(ctx, member_of(ctx, of, "required_fields"), "archived",
                               "%s takes no values any more", names->items[i]);
    }
    return OK;
}

static enum err pipeline_named(struct ctx *ctx, struct db *db, const char *key,
                               const struct catalog **ret_catalog, struct pipeline *ret)
{
    enum err err = catalog_get(ctx, db, ret_catalog);
    const struct pipeline *pipeline = err ? NULL : catalog_pipeline(*ret_catalog, key);
    if (!err && pipeline)
        *ret = *pipeline;
    return err ? err : pipeline ? OK : ERR_NOT_FOUND;
}

static bool in_use(const struct stage *stage)
{
    return stage->archived_at == NO_INT;
}

/* Refuses while leads are open there; stage NULL: in any. */
static enum err check_empty(struct ctx *ctx, struct db *db, const struct pipeline *pipeline,
                            const struct stage *stage)
{
    struct lead_filter filter = lead_filter_any();
    int64_t open;
    filter.pipeline_id = stage ? NO_INT : pipeline->pipeline_id;
    filter.stage_id = stage ? stage->stage_id : NO_INT;
    filter.status = LEAD_OPEN;
    enum err err = lead_count(ctx, db, &filter, &open);
    if (err || open == 0)
        return err;
    return fail(ctx, ERR_CONFLICT, NULL, "%lld of its leads are open: move or close them first",
                (long long)open);
}

/* ---- Changes of the order ---- */

/* For whoever asked for the job; NULL: there are none. */
static enum err tell_drafts(struct ctx *ctx, struct db *db, const struct texts *drafts,
                            struct job *job)
{
    struct buffer detail = { .arena = ctx->arena };
    if (drafts->count == 0)
        return OK;
    buffer_text(&detail, "drafts that cannot be published until a stage of such a kind is in use:");
    for (size_t i = 0; i < drafts->count; i++)
        buffer_printf(&detail, "%s %s", i > 0 ? "," : "", drafts->items[i]);
    buffer_char(&detail, '\0');
    if (detail.failed)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a detail");
    job->detail = detail.data;
    return job_save(ctx, db, job);
}

/* Its stages now stand as in `order`, which names all of them. */
static enum err reorder(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                        struct pipeline *pipeline, const struct stage *const *order,
                        struct job *ret_job)
{
    struct texts drafts;
    struct stage *stages = ctx_alloc(ctx, (pipeline->stages.count + 1) * sizeof *stages);
    if (!stages)
        return ERR_MEMORY;
    for (size_t i = 0; i < pipeline->stages.count; i++) {
        stages[i] = *order[i];
        stages[i].position = (int64_t)i + 1;
    }
    pipeline->stages.items = stages;
    enum err err = rule_sets_release_stages(ctx, db, catalog, pipeline, &drafts);
    for (size_t i = 0; i < pipeline->stages.count && !err; i++)
        err = stage_save(ctx, db, &stages[i]);
    pipeline->ordered_at = ctx->now_ms;
    if (!err)
        err = recount_begin(ctx, db, pipeline, ret_job);
    return err ? err : tell_drafts(ctx, db, &drafts, ret_job);
}

/* An archived stage stays behind the one that it stood behind. */
static enum err order_of(struct ctx *ctx, const struct pipeline *pipeline, const struct texts *keys,
                         const struct stage **ret)
{
    const struct stage *stages = pipeline->stages.items;
    size_t count = 0;
    for (size_t i = 0; i < pipeline->stages.count && !in_use(&stages[i]); i++)
        ret[count++] = &stages[i];
    for (size_t k = 0; k < keys->count; k++) {
        const struct stage *stage = pipeline_stage(pipeline, keys->items[k]);
        if (!stage || !in_use(stage))
            return fail_member(ctx, "stages", "unknown", "no stage in use has the key %s",
                               keys->items[k]);
        for (size_t i = 0; i < count; i++)
            if (ret[i] == stage)
                return fail_member(ctx, "stages", "repeated", "%s stands there twice",
                                   keys->items[k]);
        ret[count++] = stage;
        for (const struct stage *next = stage + 1;
             next < stages + pipeline->stages.count && !in_use(next); next++)
            ret[count++] = next;
    }
    if (count < pipeline->stages.count)
        return fail_member(ctx, "stages", "incomplete", "every stage in use, in the new order");
    return OK;
}

enum err pipeline_order(struct ctx *ctx, struct db *db, const char *key, const struct texts *stages,
                        struct job *ret_job)
{
    const struct catalog *catalog;
    struct pipeline pipeline;
    const struct stage *order[STAGES_MAX];
    enum err err = pipeline_named(ctx, db, key, &catalog, &pipeline);
    if (!err)
        err = order_of(ctx, &pipeline, stages, order);
    return err ? err : reorder(ctx, db, catalog, &pipeline, order, ret_job);
}

static void stage_fill(const struct stage_input *input, struct stage *ret)
{
    *ret = (struct stage){ .key = input->key,
                           .name = input->name,
                           .kind = input->kind < 0 ? STAGE_CUSTOM : (enum stage_kind)input->kind,
                           .probability_bp =
                               input->probability_bp == NO_INT ? 0 : input->probability_bp,
                           .required_fields = input->required_fields,
                           .offer_hours = input->offer_hours,
                           .offer_team = input->offer_team,
                           .archived_at = NO_INT };
}

/* A kind says what a stage means; two of one kind would both be meant. */
static enum err check_kind(struct ctx *ctx, const char *of, const struct stage *stages,
                           size_t count, enum stage_kind kind)
{
    for (size_t i = 0; i < count && kind != STAGE_CUSTOM; i++)
        if (stages[i].kind == kind && in_use(&stages[i]))
            return fail_member(ctx, member_of(ctx, of, "kind"), "repeated",
                               "the stage %s is of this kind already", stages[i].key);
    return OK;
}

enum err stage_create(struct ctx *ctx, struct db *db, const char *key,
                      const struct stage_input *input, struct job *ret_job)
{
    const struct catalog *catalog;
    struct pipeline pipeline;
    struct stage stage;
    const struct stage *order[STAGES_MAX];
    enum err err = pipeline_named(ctx, db, key, &catalog, &pipeline);
    if (err)
        return err;
    const struct stage *stages = pipeline.stages.items;
    size_t count = pipeline.stages.count, at = count;
    stage_fill(input, &stage);
    err = check_key(ctx, "", stage.key);
    if (!err && pipeline_stage(&pipeline, stage.key))
        return fail(ctx, ERR_DUPLICATE, "key", "another stage of the pipeline has it");
    if (!err && count == STAGES_MAX)
        return fail(ctx, ERR_CONFLICT, NULL, "a pipeline has at most %d stages", STAGES_MAX);
    if (!err)
        err = check_kind(ctx, "", stages, count, stage.kind);
    if (!err)
        err = check_required(ctx, catalog, "", &stage.required_fields);
    if (!err)
        err = team_require(ctx, db, "offer_team", &stage.offer_team);
    const struct stage *next = input->before ? pipeline_stage(&pipeline, input->before) : NULL;
    if (!err && input->before && !next)
        return fail_member(ctx, "before", "unknown", "no stage of the pipeline has this key");
    if (next)
        at = (size_t)(next - stages);
    if (!err)
        err = stage_id_next(ctx, db, &stage.stage_id);
    if (err)
        return err;
    stage.pipeline_id = pipeline.pipeline_id;
    stage.position = (int64_t)at + 1;
    /* Until it is counted, who comes to it has reached all that is before it. */
    stage.counted_position = at > 0 ? stages[at - 1].counted_position : 0;
    err = stage_insert(ctx, db, &stage);
    for (size_t i = 0; i <= count; i++)
        order[i] = i < at ? &stages[i] : i == at ? &stage : &stages[i - 1];
    pipeline.stages.count++; /* for reorder(), which reads the order alone */
    return err ? err : reorder(ctx, db, catalog, &pipeline, order, ret_job);
}

enum err stage_archive(struct ctx *ctx, struct db *db, const char *key, const char *stage_key,
                       bool archived, struct job *ret_job)
{
    const struct catalog *catalog;
    struct pipeline pipeline;
    const struct stage *order[STAGES_MAX];
    enum err err = pipeline_named(ctx, db, key, &catalog, &pipeline);
    const struct stage *known = err ? NULL : pipeline_stage(&pipeline, stage_key);
    if (err || !known)
        return err ? err : ERR_NOT_FOUND;
    if (archived == !in_use(known))
        return fail(ctx, ERR_CONFLICT, NULL, "the stage %s is %s already", known->key,
                    archived ? "archived" : "in use");
    const struct stage *stages = pipeline.stages.items;
    struct stage changed = *known;
    changed.archived_at = archived ? ctx->now_ms : NO_INT;
    size_t used = 0;
    for (size_t i = 0; i < pipeline.stages.count; i++) {
        order[i] = &stages[i] == known ? &changed : &stages[i];
        used += in_use(order[i]);
    }
    if (used == 0)
        return fail(ctx, ERR_CONFLICT, NULL, "a pipeline needs a stage: archive the pipeline");
    err = archived ? check_empty(ctx, db, &pipeline, known)
                   : check_kind(ctx, "", stages, pipeline.stages.count, known->kind);
    return err ? err : reorder(ctx, db, catalog, &pipeline, order, ret_job);
}

/* ---- What changes no order ---- */

/* As it stands now, in the request's own memory: another thread answers with it. */
static enum err read_again(struct ctx *ctx, struct db *db, const char *key, struct pipeline *ret)
{
    struct rows rows;
    enum err err = catalog_renew(ctx, db);
    if (!err)
        err = pipelines_load(ctx, db, &rows);
    const struct pipeline *pipelines = err ? NULL : rows.items;
    for (size_t i = 0; !err && i < rows.count; i++)
        if (strcmp(pipelines[i].key, key) == 0)
            *ret = pipelines[i];
    return err;
}

enum err stage_edit(struct ctx *ctx, struct db *db, const char *key, const char *stage_key,
                    const struct stage_input *input, struct pipeline *ret)
{
    const struct catalog *catalog;
    struct pipeline pipeline;
    enum err err = pipeline_named(ctx, db, key, &catalog, &pipeline);
    const struct stage *known = err ? NULL : pipeline_stage(&pipeline, stage_key);
    if (err || !known)
        return err ? err : ERR_NOT_FOUND;
    struct stage stage = *known;
    if (input_has(&stage_patch_table, input, "name"))
        stage.name = input->name;
    if (input_has(&stage_patch_table, input, "probability_bp"))
        stage.probability_bp = input->probability_bp == NO_INT ? 0 : input->probability_bp;
    if (input_has(&stage_patch_table, input, "required_fields"))
        stage.required_fields = input->required_fields;
    if (input_has(&stage_patch_table, input, "offer_hours"))
        stage.offer_hours = input->offer_hours;
    if (input_has(&stage_patch_table, input, "offer_team"))
        stage.offer_team = input->offer_team;
    /* what it has already may be told again, whatever became of it */
    if (input_has(&stage_patch_table, input, "required_fields"))
        err = check_required(ctx, catalog, "", &stage.required_fields);
    if (!err && id_compare(&stage.offer_team, &known->offer_team) != 0)
        err = team_require(ctx, db, "offer_team", &stage.offer_team);
    if (!err)
        err = stage_save(ctx, db, &stage);
    if (!err) /* for whoever polls its board */
        err = pipeline_save(ctx, db, &pipeline);
    return err ? err : read_again(ctx, db, key, ret);
}

/* There is one at a time. */
static enum err make_default(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                             struct pipeline *pipeline)
{
    struct pipeline former = *catalog_pipeline(catalog, NULL);
    if (pipeline->archived_at != NO_INT)
        return fail(ctx, ERR_CONFLICT, NULL, "an archived pipeline takes no leads");
    pipeline->is_default = 1;
    if (former.pipeline_id == pipeline->pipeline_id)
        return OK;
    former.is_default = 0;
    return pipeline_save(ctx, db, &former);
}

enum err pipeline_edit(struct ctx *ctx, struct db *db, const char *key,
                       const struct pipeline_input *input, struct pipeline *ret)
{
    const struct catalog *catalog;
    struct pipeline pipeline;
    enum err err = pipeline_named(ctx, db, key, &catalog, &pipeline);
    if (err)
        return err;
    if (input_has(&pipeline_patch_table, input, "name"))
        pipeline.name = input->name;
    if (input->is_default == 1)
        err = make_default(ctx, db, catalog, &pipeline);
    if (!err && input->is_default == 0 && pipeline.is_default == 1)
        return fail(ctx, ERR_CONFLICT, NULL, "make another pipeline the default instead");
    if (!err)
        err = pipeline_save(ctx, db, &pipeline);
    return err ? err : read_again(ctx, db, key, ret);
}

enum err pipeline_archive(struct ctx *ctx, struct db *db, const char *key, bool archived,
                          struct pipeline *ret)
{
    const struct catalog *catalog;
    struct pipeline pipeline;
    enum err err = pipeline_named(ctx, db, key, &catalog, &pipeline);
    if (err)
        return err;
    if (archived == (pipeline.archived_at != NO_INT))
        return fail(ctx, ERR_CONFLICT, NULL, "the pipeline %s is %s already", key,
                    archived ? "archived" : "in use");
    if (archived && pipeline.is_default == 1)
        return fail(ctx, ERR_CONFLICT, NULL, "make another pipeline the default first");
    struct texts drafts;
    err = archived ? check_empty(ctx, db, &pipeline, NULL) : OK;
    pipeline.archived_at = archived ? ctx->now_ms : NO_INT;
    if (!err && archived)
        err = rule_sets_release_stages(ctx, db, catalog, &pipeline, &drafts);
    if (!err)
        err = pipeline_save(ctx, db, &pipeline);
    return err ? err : read_again(ctx, db, key, ret);
}

/* The stages before this one are made. */
static enum err check_stage(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                            const struct stage *stages, size_t index)
{
    const struct stage *stage = &stages[index];
    const char *of = arena_printf(ctx->arena, "stages/%zu/", index);
    if (!of)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a name");
    for (size_t i = 0; i < index; i++)
        if (strcmp(stages[i].key, stage->key) == 0)
            return fail_member(ctx, member_of(ctx, of, "key"), "repeated", "another stage has it");
    enum err err = check_key(ctx, of, stage->key);
    if (!err)
        err = check_kind(ctx, of, stages, index, stage->kind);
    if (!err)
        err = check_required(ctx, catalog, of, &stage->required_fields);
    return err ? err : team_require(ctx, db, member_of(ctx, of, "offer_team"), &stage->offer_team);
}

static enum err make_stages(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                            const struct pipeline_input *input, struct pipeline *pipeline)
{
    const struct stage_input *inputs = input->stages.items;
    struct stage *stages = ctx_alloc(ctx, input->stages.count * sizeof *stages);
    int64_t stage_id;
    enum err err = stages ? stage_id_next(ctx, db, &stage_id) : ERR_MEMORY;
    for (size_t i = 0; i < input->stages.count && !err; i++) {
        stage_fill(&inputs[i], &stages[i]);
        stages[i].stage_id = stage_id + (int64_t)i;
        stages[i].pipeline_id = pipeline->pipeline_id;
        stages[i].position = stages[i].counted_position = (int64_t)i + 1;
        stages[i].is_counted = 1;
        err = check_stage(ctx, db, catalog, stages, i);
    }
    pipeline->stages = (struct rows){ stages, input->stages.count };
    return err;
}

enum err pipeline_create(struct ctx *ctx, struct db *db, const struct pipeline_input *input,
                         struct pipeline *ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (!err)
        err = check_key(ctx, "", input->key);
    if (err)
        return err;
    if (catalog_pipeline(catalog, input->key))
        return fail(ctx, ERR_DUPLICATE, "key", "another pipeline has it");
    const char *currency =
        input->currency ? input->currency : catalog_pipeline(catalog, NULL)->currency;
    if (!currency_is_valid(currency))
        return fail_member(ctx, "currency", "invalid", "three capitals, as EUR");
    struct pipeline pipeline = { .key = input->key,
                                 .name = input->name,
                                 .currency = currency,
                                 .archived_at = NO_INT,
                                 .ordered_at = NO_INT,
                                 .next_rollups_id = NO_INT };
    err = pipeline_id_next(ctx, db, &pipeline.pipeline_id);
    if (!err)
        err = rollups_id_next(ctx, db, &pipeline.rollups_id);
    if (!err)
        err = make_stages(ctx, db, catalog, input, &pipeline);
    if (!err && input->is_default == 1)
        err = make_default(ctx, db, catalog, &pipeline);
    if (!err)
        err = pipeline_insert(ctx, db, &pipeline);
    return err ? err : read_again(ctx, db, input->key, ret);
}
