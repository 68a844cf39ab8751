/* engagement.c: judges whether people did what activities tell, from user agents and from what
 * happened with the same mail about the same time. */
#include "engagement.h"

#include <funneld/json_value.h>
#include <funneld/records.h>
#include <string.h>

enum {
    AFTER_DELIVERY_MS = 2000, /* faster than anybody reads */
    BURST_MS = 1000,
    BURST_LINKS = 3, /* different ones of a mail, so close together */
    NEIGHBOURS_MAX = 256,
};

/* ---- What an activity carries: by the names that senders have for it ---- */

static struct json_value property(const struct activity *activity, const char *const *names)
{
    struct json_value found = { JSON_KIND_NONE, NULL, 0 };
    if (!activity->properties)
        return found;
    struct json_value all = json_value_of(activity->properties, strlen(activity->properties));
    for (; *names && found.kind == JSON_KIND_NONE; names++)
        found = json_value_member(&all, *names);
    return found;
}

void activity_agent(const struct activity *activity, char ret[static AGENT_BYTES_MAX + 1])
{
    static const char *const agents[] = { "user_agent", "useragent", "userAgent", NULL };
    struct json_value value = property(activity, agents);
    ret[0] = '\0';
    if (value.kind == JSON_KIND_TEXT)
        json_value_text(&value, ret, AGENT_BYTES_MAX + 1);
}

enum engagement engagement_alone(const struct activity *activity)
{
    static const char *const machine_opens[] = { "machine_open", "sg_machine_open", NULL };
    char agent[AGENT_BYTES_MAX + 1];
    struct json_value value = property(activity, machine_opens);
    activity_agent(activity, agent);
    enum engagement ret = agent_engagement(agent);
    return ret == ENGAGEMENT_VERIFIED && json_value_true(&value) ? ENGAGEMENT_SUSPECT : ret;
}

/* ---- What happened with a mail ---- */

enum step { STEP_NONE, STEP_DELIVERED, STEP_OPENED, STEP_CLICKED };

static enum step step_of(const char *type)
{
    static const char *const types[] = { [STEP_DELIVERED] = "email_delivered",
                                         [STEP_OPENED] = "email_opened",
                                         [STEP_CLICKED] = "email_clicked" };
    for (enum step step = STEP_DELIVERED; step <= STEP_CLICKED; step++)
        if (strcmp(types[step], type) == 0)
            return step;
    return STEP_NONE;
}

struct mail_step {
    struct activity *activity;
    enum step step;
    struct json_value message, link;
};

static struct mail_step mail_step(struct activity *activity)
{
    static const char *const messages[] = { "message_id", "messageId", "sg_message_id", NULL };
    static const char *const links[] = { "url", "link", NULL };
    return (struct mail_step){ activity, step_of(activity->type), property(activity, messages),
                               property(activity, links) };
}

static bool same_value(const struct json_value *a, const struct json_value *b)
{
    return a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0;
}

static bool same_mail(const struct mail_step *a, const struct mail_step *b)
{
    if (a->message.kind == JSON_KIND_TEXT && b->message.kind == JSON_KIND_TEXT)
        return same_value(&a->message, &b->message);
    return !id_is_nil(&a->activity->campaign) &&
           id_compare(&a->activity->campaign, &b->activity->campaign) == 0;
}

static int64_t apart_ms(const struct mail_step *a, const struct mail_step *b)
{
    int64_t apart = a->activity->occurred_at - b->activity->occurred_at;
    return apart < 0 ? -apart : apart;
}

/* A link of a click close by that is none of those found already. */
static bool is_another_link(const struct mail_step *step, const struct mail_step *other,
                            const struct json_value *found, size_t count)
{
    if (other->step != STEP_CLICKED || other->link.kind != JSON_KIND_TEXT ||
        apart_ms(step, other) > BURST_MS)
        return false;
    for (size_t i = 0; i < count; i++)
        if (same_value(&found[i], &other->link))
            return false;
    return true;
}

static bool is_too_fast(const struct mail_step *step, const struct mail_step *all, size_t count)
{
    struct json_value links[BURST_LINKS] = { step->link };
    size_t link_count = step->step == STEP_CLICKED && step->link.kind == JSON_KIND_TEXT;
    bool clicks = link_count > 0;
    for (size_t i = 0; i < count; i++) {
        const struct mail_step *other = &all[i];
        if (!same_mail(step, other))
            continue;
        if (other->step == STEP_DELIVERED && apart_ms(step, other) < AFTER_DELIVERY_MS)
            return true;
        if (clicks && is_another_link(step, other, links, link_count))
            links[link_count++] = other->link;
        if (link_count == BURST_LINKS)
            return true;
    }
    return false;
}

/* ---- Judging again ---- */

static enum engagement judged(const struct mail_step *step, const struct mail_step *all,
                              size_t count)
{
    enum engagement alone = engagement_alone(step->activity);
    return alone == ENGAGEMENT_VERIFIED && is_too_fast(step, all, count) ? ENGAGEMENT_SUSPECT
                                                                         : alone;
}

static enum err judge(struct ctx *ctx, struct db *db, const struct mail_step *step,
                      const struct mail_step *all, size_t count, bool *ret_changed)
{
    struct activity *activity = step->activity;
    enum engagement before = activity->engagement;
    *ret_changed = false;
    if (step->step == STEP_DELIVERED || activity->engagement_given)
        return OK;
    activity->engagement = judged(step, all, count);
    *ret_changed = activity->engagement != before;
    return *ret_changed ? activity_save(ctx, db, activity, activity->occurred_at) : OK;
}

enum err engagement_settle(struct ctx *ctx, struct db *db, const struct id *lead_id,
                           const char *type, int64_t at, struct activity *about, bool *ret_others)
{
    enum { REACH_MS = AFTER_DELIVERY_MS }; /* the longer of both */
    struct rows rows;
    *ret_others = false;
    if (step_of(type) == STEP_NONE)
        return OK;
    /* What those within reach are judged by lies within their reach. */
    enum err err = activity_mail_steps(ctx, db, lead_id, at - 2 * REACH_MS, at + 2 * REACH_MS,
                                       NEIGHBOURS_MAX, &rows);
    if (err)
        return err;
    struct mail_step *steps = ctx_alloc(ctx, (rows.count + 1) * sizeof *steps);
    if (!steps)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows.count; i++)
        steps[i] = mail_step((struct activity *)rows.items + i);
    for (size_t i = 0; i < rows.count && !err; i++) {
        const struct activity *activity = steps[i].activity;
        bool is_about = about && id_compare(&activity->id, &about->id) == 0, changed;
        if (activity->occurred_at < at - REACH_MS || activity->occurred_at > at + REACH_MS)
            continue;
        err = judge(ctx, db, &steps[i], steps, rows.count, &changed);
        if (is_about)
            about->engagement = activity->engagement;
        *ret_others |= changed && !is_about;
    }
    return err;
}
