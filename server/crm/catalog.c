/* catalog.c: pipelines and the rule set in force, read once per connection and kept until they change. What they say is
 * data; how leads move and score is not decided here. */
#include <funneld/crm.h>

#include <stdlib.h>
#include <string.h>

/* Raised by whoever changes a pipeline or publishes a rule set. */
static const char catalog_setting[] = "catalog_version";

struct kept_catalog {
    struct arena arena;
    struct catalog catalog;
};

static void kept_catalog_free(void *data)
{
    struct kept_catalog *kept = data;
    arena_free(&kept->arena);
    free(kept);
}

static enum err catalog_load(struct ctx *ctx, struct db *db, struct catalog *ret)
{
    enum err err = pipelines_load(ctx, db, &ret->pipelines);
    if (!err)
        err = rule_set_latest(ctx, db, &ret->rule_set);
    if (err == ERR_NOT_FOUND || (!err && ret->rule_set.rules.count > RULES_MAX))
        return fail(ctx, ERR_INTERNAL, NULL, "the installation has no usable rule set");
    return err;
}

enum err catalog_get(struct ctx *ctx, struct db *db, const struct catalog **ret)
{
    const char *text = NULL;
    enum err err = setting_get(ctx, db, catalog_setting, &text);
    if (err)
        return err == ERR_NOT_FOUND ? fail(ctx, ERR_INTERNAL, NULL, "the installation is not prepared") : err;
    struct db_memo *memo = db_memo(db);
    int64_t version = strtoll(text, NULL, 10);
    if (memo->data && memo->version == version) {
        *ret = &((struct kept_catalog *)memo->data)->catalog;
        return OK;
    }
    struct kept_catalog *kept = calloc(1, sizeof *kept);
    if (!kept)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the catalog");
    struct arena *request_arena = ctx->arena;
    ctx->arena = &kept->arena; /* it outlives this request */
    err = catalog_load(ctx, db, &kept->catalog);
    ctx->arena = request_arena;
    if (err) {
        kept_catalog_free(kept);
        return err;
    }
    if (memo->data)
        memo->release(memo->data);
    *memo = (struct db_memo){.data = kept, .version = version, .release = kept_catalog_free};
    *ret = &kept->catalog;
    return OK;
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
        if (!key || strcmp(stages[i].key, key) == 0)
            return &stages[i];
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
