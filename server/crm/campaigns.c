/* campaigns.c: campaigns and who is in them. */
#include "history.h"

enum err campaign_create(struct ctx *ctx, struct db *db, const struct campaign_input *input,
                         struct campaign *ret)
{
    struct id existing;
    enum err err = campaign_find(ctx, db, input->name, &existing);
    if (err == OK) {
        ctx->failure.existing = existing;
        return fail(ctx, ERR_DUPLICATE, "name", "another campaign has it");
    }
    if (err != ERR_NOT_FOUND)
        return err;
    if (input->starts_on != NO_INT && input->ends_on != NO_INT && input->ends_on < input->starts_on)
        return fail_member(ctx, "ends_on", "out_of_range", "must not lie before starts_on");
    *ret = (struct campaign){ .id = id_new(ctx),
                              .name = input->name,
                              .channel = input->channel,
                              .starts_on = input->starts_on,
                              .ends_on = input->ends_on,
                              .budget_minor = input->budget_minor,
                              .created_at = ctx->now_ms };
    return campaign_insert(ctx, db, ret);
}

/* The first campaign becomes the primary one, by which funnels group. */
static enum err make_primary(struct ctx *ctx, struct db *db, const struct id *campaign,
                             const struct id *lead_id)
{
    struct lead lead;
    enum err err = lead_load(ctx, db, lead_id, &lead);
    if (err || !id_is_nil(&lead.campaign))
        return err;
    struct lead_input input;
    table_clear(&lead_patch_table, &input);
    input.input.present = UINT64_C(1) << table_find(&lead_patch_table, "campaign");
    input.campaign = *campaign;
    return lead_edit(ctx, db, lead_id, &input, NO_INT, &lead);
}

enum err campaign_attach(struct ctx *ctx, struct db *db, const struct id *campaign,
                         const struct id *lead_id, bool *ret_added)
{
    struct campaign found;
    struct lead lead;
    enum err err = campaign_load(ctx, db, campaign, &found);
    if (!err)
        err = lead_load_state(ctx, db, lead_id, &lead);
    if (!err)
        err = campaign_member_add(ctx, db, campaign, lead_id, ret_added);
    return err ? err : make_primary(ctx, db, campaign, lead_id);
}
