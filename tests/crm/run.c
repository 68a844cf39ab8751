/* run.c: an operation on the store, in its savepoint, and on the model; what the two answer must
 * agree at once, and the lead that was touched too. */
#include "world.h"

#include <stdio.h>
#include <string.h>

/* What the use case answered. */
struct answer {
    enum err err;
    enum lead_outcome outcome;
    struct lead lead;
    struct activity_recorded activity;
    bool flag; /* new, added */
};

static struct id person(const struct world *world, int number)
{
    if (number == NOBODY)
        return (struct id){ 0 };
    return number == UNKNOWN ? world->model.campaigns[0] : world->model.people[number];
}

static struct id campaign(const struct world *world, int number)
{
    if (number == NOBODY)
        return (struct id){ 0 };
    return number == UNKNOWN ? world->model.people[0] : world->model.campaigns[number];
}

static const char *stage_key(const struct world *world, int stage)
{
    if (stage == NO_STAGE)
        return NULL;
    if (stage == UNKNOWN)
        return "nowhere";
    return ((const struct stage *)world->model.pipeline->stages.items)[stage].key;
}

static void write_input(const struct world *world, const struct op *op, const struct table *table,
                        struct lead_input *ret)
{
    const struct attributes *given = &op->put.given;
    table_clear(table, ret);
    const char **const texts[ATTR_TEXTS] = {
        &ret->email, &ret->phone,  &ret->first_name,    &ret->company,    &ret->job_title,
        &ret->city,  &ret->source, &ret->source_system, &ret->external_id
    };
    for (int i = 0; i < ATTR_TEXTS; i++)
        *texts[i] = *given->text[i] ? given->text[i] : NULL;
    ret->campaign = campaign(world, given->campaign);
    ret->owner = person(world, given->owner);
    ret->amount_minor = given->amount_minor;
    if (op->kind != OP_EDIT) {
        ret->created_at = op->put.created_at;
        ret->stage = stage_key(world, op->put.stage);
        return;
    }
    for (int i = 0; i < ATTR_COUNT; i++)
        if (op->present & 1u << i)
            ret->input.present |= UINT64_C(1) << table_find(table, attribute_names[i]);
}

static struct id lead_id(struct world *world, const struct op *op)
{
    return op->lead < 0 ? world->model.people[0] : world->model.leads.items[op->lead].id;
}

static enum err record(struct world *world, const struct op *op, struct answer *answer)
{
    char key[32];
    struct id id = lead_id(world, op);
    struct activity_input input;
    table_clear(&activity_create_table, &input);
    input.type = op->activity.type;
    input.occurred_at = op->activity.occurred_at;
    input.campaign = campaign(world, op->activity.campaign);
    snprintf(key, sizeof key, "e%d", op->activity.key);
    if (op->activity.key != 0)
        input.external_id = key;
    if (op->activity.url)
        input.properties =
            arena_printf(world->core.ctx.arena, "{\"url\":\"%s\"}", op->activity.url);
    return activity_record(&world->core.ctx, world->core.db, &id, &input, &answer->activity);
}

static enum err amend(struct world *world, const struct op *op, struct answer *answer)
{
    struct id id = world->model.people[0];
    if (op->lead >= 0)
        id = world->model.leads.items[op->lead].happenings.items[op->happening].id;
    static const char *const named[] = { [AMEND_TYPE] = "type",
                                         [AMEND_TIME] = "occurred_at",
                                         [AMEND_MACHINE] = "engagement",
                                         [AMEND_PERSON] = "engagement" };
    struct activity_input input;
    if (op->amend == AMEND_REMOVE)
        return activity_withdraw(&world->core.ctx, world->core.db, &id);
    table_clear(&activity_patch_table, &input);
    input.input.present = UINT64_C(1) << table_find(&activity_patch_table, named[op->amend]);
    input.type = op->activity.type;
    input.occurred_at = op->activity.occurred_at;
    input.engagement = op->amend == AMEND_MACHINE ? ENGAGEMENT_BOT : ENGAGEMENT_VERIFIED;
    return activity_edit(&world->core.ctx, world->core.db, &id, &input, &answer->activity);
}

static enum err import_event(struct world *world, const struct op *op, struct answer *answer)
{
    struct stage_event_input input;
    table_clear(&stage_event_import_table, &input);
    input.lead_id = lead_id(world, op);
    input.to = op->stage == NO_STAGE ? lead_status_names[op->status] : stage_key(world, op->stage);
    input.occurred_at = op->occurred_at;
    input.amount_minor = op->amount_minor;
    return stage_event_import(&world->core.ctx, world->core.db, &input, &answer->flag);
}

static enum err erase(struct world *world, const struct op *op)
{
    struct lead_erasing erasing = { .lead_id = lead_id(world, op),
                                    .facts = op->facts ? FACTS_REMOVED : FACTS_KEPT };
    enum err err;
    bool more;
    do
        err = lead_erase(&world->core.ctx, world->core.db, &erasing, &more);
    while (!err && more);
    return err;
}

static enum err run_on_store(struct world *world, const struct op *op, struct answer *answer)
{
    struct ctx *ctx = &world->core.ctx;
    struct db *db = world->core.db;
    struct id id = lead_id(world, op), member = campaign(world, op->campaign);
    struct lead_input input;
    struct lead_created created = { 0 };
    enum err err = OK;
    switch (op->kind) {
    case OP_CREATE:
        write_input(world, op, &lead_create_table, &input);
        err = lead_create(ctx, db, &input, op->put.merge, &created);
        break;
    case OP_IMPORT:
        write_input(world, op, &lead_import_table, &input);
        err = lead_import(ctx, db, &input, &created);
        break;
    case OP_EDIT:
        write_input(world, op, &lead_patch_table, &input);
        return lead_edit(ctx, db, &id, &input, op->expected_version, &answer->lead);
    case OP_ACTIVITY: return record(world, op, answer);
    case OP_AMEND: return amend(world, op, answer);
    case OP_MOVE:
        return lead_move(ctx, db, &id, stage_key(world, op->stage), op->reason ? "why" : NULL,
                         op->cause, op->expected_version, &answer->lead);
    case OP_CLOSE:
        return lead_close(ctx, db, &id, (enum lead_status)op->status, op->reason ? "why" : NULL,
                          op->amount_minor, op->expected_version, &answer->lead);
    case OP_STAGE_IMPORT: return import_event(world, op, answer);
    case OP_ATTACH: return campaign_attach(ctx, db, &member, &id, &answer->flag);
    case OP_ERASE: return erase(world, op);
    case OP_VISIT: {
        struct due_taken taken;
        return leads_take_due(ctx, db, 10000, &taken);
    }
    case OP_KINDS: break;
    }
    answer->outcome = created.outcome;
    answer->lead = created.lead;
    return err;
}

/* ---- The same on the model ---- */

struct expected {
    enum err err;
    enum lead_outcome outcome;
    size_t lead;
    bool flag; /* new, added, duplicate */
    struct happening kept;
};

/* What is said of a lead that was erased, unless something else is wrong first. */
static enum err of_nobody(const struct op *op)
{
    if (op->kind == OP_STAGE_IMPORT && op->occurred_at > op->now)
        return ERR_VALIDATION;
    return op->kind == OP_ATTACH && op->campaign == UNKNOWN ? ERR_NOT_FOUND : ERR_GONE;
}

static void run_on_model(struct world *world, const struct op *op, struct expected *ret)
{
    struct model *model = &world->model;
    *ret = (struct expected){ .lead = (size_t)op->lead };
    if (op->kind == OP_VISIT)
        return;
    if (op->kind <= OP_IMPORT) {
        ret->err = model_put(model, op->now, &op->put, &ret->outcome, &ret->lead);
        return;
    }
    if (op->lead < 0) {
        ret->err = op->kind == OP_STAGE_IMPORT ? ERR_VALIDATION : ERR_NOT_FOUND;
        return;
    }
    if (model->leads.items[op->lead].presence != THERE && op->kind != OP_ERASE) {
        ret->err = of_nobody(op);
        return;
    }
    switch (op->kind) {
    case OP_ERASE: model_erase(model, ret->lead, op->facts); break;
    case OP_EDIT:
        ret->err = model_edit(model, op->now, ret->lead, &op->put.given, op->present,
                              op->expected_version);
        break;
    case OP_ACTIVITY:
        ret->err = model_record(model, op->now, ret->lead, &op->activity, &ret->flag, &ret->lead,
                                &ret->kept);
        break;
    case OP_AMEND:
        ret->err = model_amend(model, op->now, ret->lead, op->happening, op->amend, &op->activity);
        break;
    case OP_MOVE:
        ret->err = model_move(model, op->now, ret->lead, op->stage, op->reason, op->cause,
                              op->expected_version);
        break;
    case OP_CLOSE:
        ret->err = model_close(model, op->now, ret->lead, op->status, op->reason, op->amount_minor,
                               op->expected_version);
        break;
    case OP_STAGE_IMPORT:
        ret->err = model_import_event(model, op->now, ret->lead, op->stage, op->status,
                                      op->occurred_at, op->amount_minor, &ret->flag);
        break;
    case OP_ATTACH:
        ret->err = model_attach(model, op->now, ret->lead, op->campaign, &ret->flag);
        break;
    default: break;
    }
}

/* What an activity is said to have changed. */
struct place {
    int64_t score;
    int stage;
};

/* As the store knows it. */
static struct place place_of(struct world *world, int lead)
{
    if (lead < 0)
        return (struct place){ 0 };
    struct model_lead *found = &world->model.leads.items[lead];
    struct model_history history;
    struct lead kept;
    enum err err = lead_load_any(&world->core.ctx, world->core.db, &found->id, &kept);
    failure_clear(&world->core.ctx);
    if (err)
        return (struct place){ 0 };
    model_derive(&world->model, found, kept.score_as_of);
    model_history(found, &history);
    return (struct place){ model_score(&world->model, found, kept.score_as_of),
                           history.standing.stage };
}

static bool agree_recorded(struct world *world, const struct op *op, const struct answer *answer,
                           const struct expected *expected, struct place before)
{
    const struct activity_recorded *told = &answer->activity;
    struct place after = place_of(world, (int)expected->lead);
    if (expected->flag)
        before = after; /* of the lead that it was told of first */
    (void)op;
    if (told->duplicate != expected->flag || told->score_before != before.score ||
        told->score_after != after.score ||
        strcmp(told->stage_before, stage_key(world, before.stage)) != 0 ||
        strcmp(told->stage_after, stage_key(world, after.stage)) != 0)
        return !differs(world,
                        "answer: duplicate %d, score %lld to %lld, %s to %s; expected %d, "
                        "%lld to %lld, %s to %s",
                        told->duplicate, (long long)told->score_before,
                        (long long)told->score_after, told->stage_before, told->stage_after,
                        expected->flag, (long long)before.score, (long long)after.score,
                        stage_key(world, before.stage), stage_key(world, after.stage));
    if (told->activity.occurred_at != expected->kept.at ||
        strcmp(told->activity.type, expected->kept.type) != 0)
        return !differs(world, "answer: a %s at %lld was kept, expected %s at %lld",
                        told->activity.type, (long long)(told->activity.occurred_at - WORLD_START),
                        expected->kept.type, (long long)(expected->kept.at - WORLD_START));
    return true;
}

/* Nothing is due any more. */
static bool agree_visited(struct world *world)
{
    struct rows rows;
    ck_assert_ok(&world->core.ctx,
                 leads_due(&world->core.ctx, world->core.db, world->core.ctx.now_ms, 1, &rows));
    if (rows.count > 0)
        return !differs(world, "visit: %zu still due", rows.count);
    for (size_t i = 0; i < world->model.leads.count; i++)
        if (world->model.leads.items[i].presence == THERE &&
            !agree_lead(world, world->core.db, &world->model.leads.items[i]))
            return false;
    return true;
}

static bool agree_answer(struct world *world, const struct op *op, const struct answer *answer,
                         const struct expected *expected, struct place before)
{
    if (answer->err != expected->err)
        return !differs(world, "answer: error %d (%s), expected %d", answer->err,
                        world->core.ctx.failure.detail ? world->core.ctx.failure.detail : "none",
                        expected->err);
    if (expected->err)
        return true;
    if (op->kind == OP_VISIT)
        return agree_visited(world);
    if (op->kind <= OP_IMPORT && answer->outcome != expected->outcome)
        return !differs(world, "answer: %s, expected %s", lead_outcome_names[answer->outcome],
                        lead_outcome_names[expected->outcome]);
    if (op->kind >= OP_STAGE_IMPORT && answer->flag != expected->flag)
        return !differs(world, "answer: new is %d, expected %d", answer->flag, expected->flag);
    if (op->kind == OP_ACTIVITY && !agree_recorded(world, op, answer, expected, before))
        return false;
    if (op->kind == OP_ACTIVITY && !expected->flag) {
        struct model_lead *of = &world->model.leads.items[expected->lead];
        of->happenings.items[of->happenings.count - 1].id = answer->activity.activity.id;
    }
    if (op->kind <= OP_IMPORT && expected->outcome == LEAD_CREATED)
        world->model.leads.items[expected->lead].id = answer->lead.id;
    struct model_lead *lead = &world->model.leads.items[expected->lead];
    if (op->kind <= OP_IMPORT && id_compare(&lead->id, &answer->lead.id) != 0)
        return !differs(world, "answer: it is not lead #%d", lead->number);
    return agree_lead(world, world->core.db, lead);
}

bool op_run(struct world *world, const struct op *op, bool lost)
{
    struct ctx *ctx = &world->core.ctx;
    struct savepoint savepoint;
    struct answer answer = { 0 };
    ctx->now_ms = op->now;
    failure_clear(ctx);
    ck_assert_ok(ctx, db_savepoint(ctx, world->core.db, &savepoint));
    struct place before = place_of(world, op->lead);
    answer.err = run_on_store(world, op, &answer);
    bool kept = !answer.err && !op->abandoned;
    if (kept)
        ck_assert_ok(ctx, db_release(ctx, world->core.db, &savepoint));
    else
        db_rollback_to(world->core.db, &savepoint);
    if (lost || (op->abandoned && !answer.err))
        return true;
    struct expected expected;
    run_on_model(world, op, &expected);
    return agree_answer(world, op, &answer, &expected, before);
}
