/* stages.c: pipelines, their stages and stage events, row by row. No rules here. */
#include "lists.h"
#include "sql.h"

#include <funneld/records.h>

enum err stage_insert(struct ctx *ctx, struct db *db, const struct stage *stage)
{
    const char *required_fields;
    enum err err = lines_join(ctx, &stage->required_fields, &required_fields);
    if (err)
        return err;
    return db_exec(ctx, db, SQL_STAGE_INSERT, param_int(stage->stage_id),
                   param_int(stage->pipeline_id), param_text(stage->key), param_text(stage->name),
                   param_int(stage->kind), param_int(stage->position),
                   param_int(stage->probability_bp), param_text(required_fields),
                   param_int(stage->counted_position), param_int(stage->is_counted),
                   param_int(stage->offer_hours), param_id(&stage->offer_team));
}

enum err stage_save(struct ctx *ctx, struct db *db, const struct stage *stage)
{
    const char *required_fields;
    enum err err = lines_join(ctx, &stage->required_fields, &required_fields);
    if (err)
        return err;
    return db_exec(ctx, db, SQL_STAGE_UPDATE, param_int(stage->stage_id), param_text(stage->name),
                   param_int(stage->position), param_int(stage->probability_bp),
                   param_text(required_fields), param_int(stage->archived_at),
                   param_int(stage->counted_position), param_int(stage->is_counted),
                   param_int(stage->offer_hours), param_id(&stage->offer_team));
}

enum err pipeline_insert(struct ctx *ctx, struct db *db, const struct pipeline *pipeline)
{
    enum err err = db_exec(ctx, db, SQL_PIPELINE_INSERT, param_int(pipeline->pipeline_id),
                           param_text(pipeline->key), param_text(pipeline->name),
                           param_text(pipeline->currency), param_int(pipeline->is_default),
                           param_int(pipeline->rollups_id));
    const struct stage *stages = pipeline->stages.items;
    for (size_t i = 0; !err && i < pipeline->stages.count; i++)
        err = stage_insert(ctx, db, &stages[i]);
    return err;
}

/* What funnels and boards say depends on it. */
enum err pipeline_save(struct ctx *ctx, struct db *db, const struct pipeline *pipeline)
{
    db_note(db, CHANGE_ROLLUPS);
    return db_exec(ctx, db, SQL_PIPELINE_UPDATE, param_int(pipeline->pipeline_id),
                   param_text(pipeline->name), param_int(pipeline->is_default),
                   param_int(pipeline->archived_at), param_int(pipeline->ordered_at),
                   param_int(pipeline->rollups_id), param_int(pipeline->next_rollups_id),
                   param_id(&pipeline->recounted_to));
}

enum err pipeline_id_next(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_PIPELINE_ID_NEXT, ret, NULL, 0);
}

enum err stage_id_next(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_STAGE_ID_NEXT, ret, NULL, 0);
}

enum err pipelines_load(struct ctx *ctx, struct db *db, struct rows *ret)
{
    struct rows rows;
    enum err err = db_rows(ctx, db, SQL_PIPELINES, &rows);
    struct pipeline *pipelines = err ? NULL : rows.items;
    for (size_t i = 0; !err && i < rows.count; i++)
        err =
            db_rows(ctx, db, SQL_STAGES, &pipelines[i].stages, param_int(pipelines[i].pipeline_id));
    if (!err)
        *ret = rows;
    return err;
}

enum err stage_event_insert(struct ctx *ctx, struct db *db, const struct stage_event *event)
{
    return db_exec(ctx, db, SQL_STAGE_EVENT_INSERT, param_id(&event->lead_id), param_id(&event->id),
                   param_int(event->from_stage_id), param_int(event->to_stage_id),
                   param_int(event->from_status), param_int(event->to_status),
                   param_int(event->occurred_at), param_int(event->recorded_at),
                   param_int(event->cause), param_text(event->actor), param_text(event->reason),
                   param_int(event->score), param_int(event->rule_set_version),
                   param_id(&event->owner), param_int(event->cycle), param_int(event->answer),
                   param_int(event->reject_kind));
}

enum err stage_event_void(struct ctx *ctx, struct db *db, const struct stage_event *event,
                          int64_t at)
{
    return db_exec(ctx, db, SQL_STAGE_EVENT_VOID, param_id(&event->lead_id), param_id(&event->id),
                   param_int(at));
}

enum err stage_event_relink(struct ctx *ctx, struct db *db, const struct stage_event *event)
{
    return db_exec(ctx, db, SQL_STAGE_EVENT_RELINK, param_id(&event->lead_id), param_id(&event->id),
                   param_int(event->from_stage_id), param_int(event->from_status),
                   param_int(event->to_status), param_int(event->cycle));
}

enum err stage_events(struct ctx *ctx, struct db *db, const struct id *lead_id, struct rows *ret)
{
    return db_rows(ctx, db, SQL_STAGE_EVENTS, ret, param_id(lead_id));
}

enum err stage_event_walk(struct ctx *ctx, struct db *db, const struct stage_event *after,
                          int64_t limit, struct rows *ret)
{
    static const struct stage_event first; /* no id is as small as its */
    const struct stage_event *at = after ? after : &first;
    return db_rows(ctx, db, SQL_STAGE_EVENT_WALK, ret,
                   param_bytes(at->lead_id.bytes, sizeof at->lead_id.bytes),
                   param_bytes(at->id.bytes, sizeof at->id.bytes), param_int(limit));
}
