/* conditions.c: the scene of conditions.h. */
#include "conditions.h"

#include <string.h>

void scene_done(struct scene *scene)
{
    arena_free(&scene->arena);
}

void scene_start(struct scene *scene)
{
    *scene = (struct scene){
        .stages = { { .stage_id = 1, .key = "target" }, { .stage_id = 2, .key = "mql" } },
        .pipeline = { .key = "default" },
        .ctx.now_ms = 1700000000000,
    };
    scene->ctx.arena = &scene->arena;
    scene->pipeline.stages = (struct rows){ scene->stages, 2 };
    scene->pipelines = (struct rows){ &scene->pipeline, 1 };
    scene->scope = (struct condition_scope){ .pipelines = &scene->pipelines,
                                             .reach = CONDITION_OF_ALL,
                                             .selectors = &scene->selectors };
    struct lead *lead = &scene->lead;
    table_clear(&lead_table, lead);
    lead->email = "ann@example.com";
    lead->country = "US";
    lead->company = "Acme & S\xc3\xb6hne";
    lead->job_title = "Head of IT";
    lead->source = "";
    lead->amount_minor = 5000;
    lead->owner = (struct id){ { 1, 2, 3 } };
    lead->created_at = 1600000000000;
    lead->pipeline = "default";
    lead->stage = "mql";
    lead->status = LEAD_OPEN;
    lead->score = -3;
}

const char *quoted(struct scene *scene, const char *text)
{
    char *copy = arena_text(&scene->arena, text, strlen(text));
    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

const struct condition *condition_of(struct scene *scene, const char *text)
{
    const struct condition *condition = NULL;
    enum err err =
        condition_read(&scene->ctx, &scene->scope, "when", quoted(scene, text), &condition);
    const struct member_error *first = scene->ctx.failure.members;
    ck_assert_msg(err == OK, "%s: %s %s", text, first->member, first->detail);
    return condition;
}
