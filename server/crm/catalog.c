/* catalog.c: pipelines and the rule set in force, read once per connection and kept until they
 * change. What they say is data; how leads move and score is not decided here. */
#include <funneld/crm.h>

#include <string.h>

/* Another text with every change of what is in the catalog, and never one again that was there
 * before, not even in a transaction that was rolled back: what was read in that one is still
 * kept. */
static const char catalog_setting[] = "catalog_version";

enum err catalog_renew(struct ctx *ctx, struct db *db)
{
    char version[ID_TEXT_SIZE];
    struct id id = id_new(ctx);
    id_format(&id, version);
    return setting_put(ctx, db, catalog_setting, version);
}

/* What scores and contributions have arrays for. */
static bool is_within_limits(const struct catalog *catalog)
{
    const struct pipeline *pipelines = catalog->pipelines.items;
    for (size_t i = 0; i < catalog->pipelines.count; i++)
        if (pipelines[i].stages.count > STAGES_MAX)
            return false;
    return catalog->rule_set.rules.count <= RULES_MAX &&
           catalog->rule_set.groups.count <= SCORE_GROUPS_MAX &&
           catalog->rule_set.criteria.count <= CRITERIA_MAX;
}

static enum err catalog_load(struct ctx *ctx, struct db *db, struct catalog *ret)
{
    enum err err = pipelines_load(ctx, db, &ret->pipelines);
    if (!err)
        err = custom_fields_load(ctx, db, &ret->custom_fields);
    if (!err)
        err = rule_set_latest(ctx, db, &ret->rule_set);
    if (err == ERR_NOT_FOUND || (!err && !is_within_limits(ret)))
        return fail(
            ctx, ERR_INTERNAL, NULL,
            "the installation has no rule set, or more of something than there is room for");
    return err ? err : scoring_make(ctx, ret, &ret->rule_set, &ret->scoring);
}

/* A rule set that is not in force, for the leads that are still judged by it. */
struct catalog_version {
    struct catalog_version *next;
    struct rule_set rule_set;
    const struct scoring *scoring;
};

static enum err version_load(struct ctx *ctx, struct db *db, const struct catalog *catalog,
                             int64_t version, struct catalog_version **ret)
{
    struct catalog_version *other = ctx_alloc(ctx, sizeof *other);
    if (!other)
        return ERR_MEMORY;
    enum err err = rule_set_load(ctx, db, version, &other->rule_set);
    if (!err)
        err = scoring_make(ctx, catalog, &other->rule_set, &other->scoring);
    *ret = other;
    return err;
}

enum err catalog_scoring(struct ctx *ctx, struct db *db, int64_t version,
                         const struct scoring **ret)
{
    const struct catalog *catalog;
    enum err err = catalog_get(ctx, db, &catalog);
    if (err)
        return err;
    if (version == catalog->rule_set.version) {
        *ret = catalog->scoring;
        return OK;
    }
    struct db_memo *memo = db_memo(db);
    struct catalog *kept = (struct catalog *)memo->data; /* the list alone grows */
    struct catalog_version *other = kept->others;
    while (other && other->rule_set.version != version)
        other = other->next;
    if (!other) {
        struct arena *request_arena = ctx->arena;
        ctx->arena = &memo->arena;
        err = version_load(ctx, db, catalog, version, &other);
        ctx->arena = request_arena;
        if (err) {
            failure_keep(ctx);
            return err;
        }
        other->next = kept->others;
        kept->others = other;
    }
    *ret = other->scoring;
    return OK;
}

/* Reads it into the memo's arena, which outlives this request. */
static enum err catalog_keep(struct ctx *ctx, struct db *db, struct db_memo *memo,
                             const char *version)
{
    memo->data = NULL;
    arena_reset(&memo->arena);
    struct arena *request_arena = ctx->arena;
    ctx->arena = &memo->arena;
    struct catalog *catalog = ctx_alloc(ctx, sizeof *catalog);
    const char *kept_version = catalog ? ctx_text(ctx, version) : NULL;
    enum err err = kept_version ? catalog_load(ctx, db, catalog) : ERR_MEMORY;
    ctx->arena = request_arena;
    if (err) {
        failure_keep(ctx);
        return err;
    }
    memo->data = catalog;
    memo->version = kept_version;
    return OK;
}

enum err catalog_own(struct ctx *ctx, struct db *db, const struct catalog **ret)
{
    struct catalog *catalog = ctx_alloc(ctx, sizeof *catalog);
    *ret = catalog;
    return catalog ? catalog_load(ctx, db, catalog) : ERR_MEMORY;
}

enum err catalog_get(struct ctx *ctx, struct db *db, const struct catalog **ret)
{
    const char *text = NULL;
    enum err err = setting_get(ctx, db, catalog_setting, &text);
    if (err)
        return err == ERR_NOT_FOUND
                   ? fail(ctx, ERR_INTERNAL, NULL, "the installation is not prepared")
                   : err;
    struct db_memo *memo = db_memo(db);
    if (!memo->data || strcmp(memo->version, text) != 0)
        err = catalog_keep(ctx, db, memo, text);
    if (!err)
        *ret = memo->data;
    return err;
}

const struct pipeline *catalog_pipeline(const struct catalog *catalog, const char *key)
{
    const struct pipeline *pipelines = catalog->pipelines.items;
    for (size_t i = 0; i < catalog->pipelines.count; i++)
        if (key ? strcmp(pipelines[i].key, key) == 0 : pipelines[i].is_default == 1)
            return &pipelines[i];
    return NULL;
}

const struct stage *pipeline_stage(const struct pipeline *pipeline, const char *key)
{
    const struct stage *stages = pipeline->stages.items;
    for (size_t i = 0; i < pipeline->stages.count; i++)
        if (key ? strcmp(stages[i].key, key) == 0 : stages[i].archived_at == NO_INT)
            return &stages[i];
    return NULL;
}

enum err stage_find(struct ctx *ctx, const struct pipeline *pipeline, const char *key,
                    const struct stage **ret)
{
    *ret = pipeline_stage(pipeline, key);
    if (*ret)
        return OK;
    struct buffer keys = { .arena = ctx->arena };
    const struct stage *stages = pipeline->stages.items;
    for (size_t i = 0; i < pipeline->stages.count; i++)
        buffer_printf(&keys, "%s%s", i > 0 ? ", " : "", stages[i].key);
    return fail_member(ctx, "stage", "unknown",
                       "no stage of the pipeline %s has this key; there are %.*s", pipeline->key,
                       (int)keys.length, keys.length ? keys.data : "");
}

enum err target_find(struct ctx *ctx, const struct pipeline *pipeline, const char *member,
                     const char *key, struct target *ret)
{
    *ret = (struct target){ NO_INT, name_find(lead_status_names, key) };
    if (ret->status >= 0)
        return OK;
    const struct stage *stage = pipeline_stage(pipeline, key);
    if (!stage)
        return fail_member(ctx, member, "unknown",
                           "neither a stage of the pipeline %s nor a status", pipeline->key);
    ret->stage_id = stage->stage_id;
    return OK;
}

const struct pipeline *catalog_pipeline_of(const struct catalog *catalog, const struct stage *stage)
{
    const struct pipeline *pipelines = catalog->pipelines.items;
    for (size_t i = 0; i < catalog->pipelines.count; i++)
        if (pipelines[i].pipeline_id == stage->pipeline_id)
            return &pipelines[i];
    return NULL;
}

const struct stage *catalog_stage(const struct catalog *catalog, int64_t stage_id)
{
    const struct pipeline *pipelines = catalog->pipelines.items;
    for (size_t i = 0; i < catalog->pipelines.count; i++) {
        const struct stage *stages = pipelines[i].stages.items;
        for (size_t j = 0; j < pipelines[i].stages.count; j++)
            if (stages[j].stage_id == stage_id)
                return &stages[j];
    }
    return NULL;
}
