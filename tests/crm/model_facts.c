/* model_facts.c: what each use case does to the facts, and when it must refuse. */
#include "model.h"

#include <ctype.h>
#include <string.h>

enum { AHEAD_MS = 5 * 60 * 1000 };

/* ---- Attributes ---- */

static bool references_known(const struct attributes *given)
{
    return given->campaign != UNKNOWN && given->owner != UNKNOWN;
}

static bool when_reads(const struct model_when *when, const char *name)
{
    for (int i = 0; i < when->count; i++)
        if (!when->leaves[i].activity && strcmp(when->leaves[i].field, name) == 0)
            return true;
    return false;
}

static bool rules_read(const struct model *model, int attribute)
{
    const char *name = attribute_names[attribute];
    for (int i = 0; i < model->rules.rule_count; i++)
        if (when_reads(&model->rules.rules[i].when, name))
            return true;
    for (int i = 0; i < model->rules.criterion_count; i++)
        if (when_reads(&model->rules.criteria[i].when, name))
            return true;
    return false;
}

/* The lead's attributes become `after`: one version more if that differs. */
static bool change(struct model *model, int64_t now, size_t index, const struct attributes *after)
{
    struct model_lead *lead = lead_at(model, index);
    struct attributes before = *now_of(lead);
    bool any = before.campaign != after->campaign || before.owner != after->owner ||
               before.amount_minor != after->amount_minor;
    bool is_fact = false;
    for (int i = 0; i < ATTR_TEXTS; i++) {
        if (strcmp(before.text[i], after->text[i]) == 0)
            continue;
        any = true;
        is_fact |= rules_read(model, i);
    }
    if (!any)
        return false;
    LIST_ADD(&lead->states, (struct state){ now, is_fact, *after });
    model_phone_changed(model, index, before.text[ATTR_PHONE], after->text[ATTR_PHONE]);
    if (after->campaign != NOBODY)
        lead->member[after->campaign] |= after->campaign != before.campaign;
    return true;
}

static enum err fill_in(struct model *model, int64_t now, size_t index,
                        const struct attributes *given, enum lead_outcome *ret_outcome)
{
    model_derive(model, lead_at(model, index), now);
    struct attributes after = *now_of(lead_at(model, index));
    for (int i = 0; i < ATTR_TEXTS; i++)
        if (!*after.text[i])
            memcpy(after.text[i], given->text[i], sizeof after.text[i]);
    after.campaign = after.campaign == NOBODY ? given->campaign : after.campaign;
    after.owner = after.owner == NOBODY ? given->owner : after.owner;
    after.amount_minor = after.amount_minor == NO_INT ? given->amount_minor : after.amount_minor;
    int other = model_by_email(model, after.text[ATTR_EMAIL]);
    if (other != NO_LEAD && other != (int)index)
        return ERR_DUPLICATE;
    *ret_outcome = LEAD_UNCHANGED;
    bool has_one = *now_of(lead_at(model, index))->text[ATTR_EXTERNAL_ID];
    if (has_one && *given->text[ATTR_EXTERNAL_ID] && model_by_external(model, given) == NO_LEAD)
        LIST_ADD(&model->aliases, (struct alias){ *given, index });
    if (change(model, now, index, &after)) {
        lead_at(model, index)->version++;
        model_derive(model, lead_at(model, index), now);
        *ret_outcome = LEAD_MERGED;
    }
    return OK;
}

static bool names_somebody(const struct attributes *given)
{
    return *given->text[ATTR_EMAIL] || *given->text[ATTR_PHONE] || *given->text[ATTR_EXTERNAL_ID] ||
           *given->text[ATTR_FIRST_NAME] || *given->text[ATTR_COMPANY];
}

enum err model_put(struct model *model, int64_t now, const struct model_put *put,
                   enum lead_outcome *ret_outcome, size_t *ret_lead)
{
    struct attributes given = put->given;
    model_normalise(&given);
    if (put->created_at != NO_INT && put->created_at > now)
        return ERR_VALIDATION;
    if (!names_somebody(&given))
        return ERR_VALIDATION;
    int lead = model_known(model, &given);
    if (lead != NO_LEAD) {
        *ret_lead = (size_t)lead;
        if (!put->merge)
            return ERR_DUPLICATE;
        return references_known(&given) ? fill_in(model, now, (size_t)lead, &given, ret_outcome)
                                        : ERR_VALIDATION;
    }
    if (put->stage == UNKNOWN || !references_known(&given))
        return ERR_VALIDATION;
    *ret_outcome = LEAD_CREATED;
    *ret_lead = model->leads.count;
    LIST_ADD(&model->leads, (struct model_lead){ .number = put->number, .version = 1 });
    struct model_lead *made = lead_at(model, *ret_lead);
    made->created_at = put->created_at == NO_INT ? now : put->created_at;
    LIST_ADD(&made->states, (struct state){ made->created_at, true, given });
    model_phone_changed(model, *ret_lead, "", given.text[ATTR_PHONE]);
    if (given.campaign != NOBODY)
        made->member[given.campaign] = true;
    struct event creation = { .occurred_at = made->created_at,
                              .told = model->told++,
                              .creation = true,
                              .to = put->stage == NO_STAGE ? 0 : put->stage,
                              .status = LEAD_OPEN,
                              .cause = put->cause,
                              .owner = given.owner,
                              .score = model_score(model, made, made->created_at) };
    LIST_ADD(&made->decisions, creation);
    if (put->cause == CAUSE_IMPORT)
        LIST_ADD(&made->imported, creation);
    model_derive(model, made, now);
    return OK;
}

enum err model_edit(struct model *model, int64_t now, size_t index, const struct attributes *given,
                    unsigned present, int64_t expected_version)
{
    struct model_lead *lead = lead_at(model, index);
    model_derive(model, lead, now);
    struct attributes wanted = *given, after = *now_of(lead);
    model_normalise(&wanted);
    if (expected_version != NO_INT && expected_version != lead->version)
        return ERR_VERSION;
    for (unsigned i = 0; i < ATTR_TEXTS; i++)
        if (present & 1u << i)
            memcpy(after.text[i], wanted.text[i], sizeof after.text[i]);
    if (present & 1u << ATTR_CAMPAIGN)
        after.campaign = wanted.campaign;
    if (present & 1u << ATTR_OWNER)
        after.owner = wanted.owner;
    if (present & 1u << ATTR_AMOUNT)
        after.amount_minor = wanted.amount_minor;
    if (!references_known(&after))
        return ERR_VALIDATION;
    int other = model_by_email(model, after.text[ATTR_EMAIL]);
    if (other != NO_LEAD && other != (int)index)
        return ERR_DUPLICATE;
    if (change(model, now, index, &after)) {
        lead->version++;
        model_derive(model, lead, now);
    }
    return OK;
}

enum err model_attach(struct model *model, int64_t now, size_t index, int campaign, bool *ret_added)
{
    if (campaign == UNKNOWN)
        return ERR_NOT_FOUND;
    struct model_lead *lead = lead_at(model, index);
    *ret_added = !lead->member[campaign];
    lead->member[campaign] = true;
    struct attributes after = *now_of(lead);
    if (after.campaign != NOBODY)
        return OK;
    after.campaign = campaign;
    model_derive(model, lead, now);
    change(model, now, index, &after);
    model_derive(model, lead, now);
    lead->version++;
    return OK;
}

/* ---- Activities ---- */

static bool is_type(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text) &&
           islower((unsigned char)text[0]);
}

enum err model_record(struct model *model, int64_t now, size_t index,
                      const struct model_activity *activity, bool *ret_duplicate, size_t *ret_lead,
                      struct happening *ret_kept)
{
    int64_t at = activity->occurred_at == NO_INT ? now : activity->occurred_at;
    if (!is_type(activity->type) || at > now + AHEAD_MS || activity->campaign == UNKNOWN)
        return ERR_VALIDATION;
    for (size_t i = 0; i < model->keys.count; i++) {
        const struct told *told = &model->keys.items[i];
        if (activity->key == 0 || told->key != activity->key)
            continue;
        *ret_duplicate = true;
        *ret_lead = told->lead;
        *ret_kept = lead_at(model, told->lead)->happenings.items[told->happening];
        return ret_kept->gone ? ERR_GONE : OK;
    }
    struct model_lead *lead = lead_at(model, index);
    *ret_duplicate = false;
    *ret_lead = index;
    *ret_kept = (struct happening){ .at = at < now ? at : now,
                                    .type = activity->type,
                                    .url = activity->url };
    if (activity->key != 0)
        LIST_ADD(&model->keys, (struct told){ activity->key, index, lead->happenings.count });
    LIST_ADD(&lead->happenings, *ret_kept);
    model_derive(model, lead, now);
    return OK;
}

enum err model_amend(struct model *model, int64_t now, size_t index, size_t number,
                     enum amend amend, const struct model_activity *activity)
{
    struct model_lead *lead = lead_at(model, index);
    struct happening *happening = &lead->happenings.items[number];
    int64_t at = activity->occurred_at == NO_INT ? now : activity->occurred_at;
    if (happening->gone)
        return ERR_NOT_FOUND;
    if (amend == AMEND_TYPE && !is_type(activity->type))
        return ERR_VALIDATION;
    if (amend == AMEND_TIME && at > now + AHEAD_MS)
        return ERR_VALIDATION;
    if (amend == AMEND_TYPE)
        happening->type = activity->type;
    if (amend == AMEND_TIME)
        happening->at = at < now ? at : now;
    if (amend == AMEND_MACHINE || amend == AMEND_PERSON)
        happening->machine = amend == AMEND_MACHINE;
    happening->gone = amend == AMEND_REMOVE;
    model_derive(model, lead, now);
    return OK;
}

/* ---- Decisions ---- */

/* Everything about the lead is as it was at that instant, as far as is known. */
static void decide(struct model *model, struct model_lead *lead, int64_t now, struct event event)
{
    int64_t at = event.occurred_at > lead->created_at ? event.occurred_at : lead->created_at;
    event.told = model->told++;
    event.score = model_score(model, lead, at);
    event.owner = model_attributes(lead, at)->owner;
    LIST_ADD(&lead->decisions, event);
    model_derive(model, lead, now);
}

static void remove_event(struct model_lead *lead, int told)
{
    for (size_t i = 0; i < lead->decisions.count; i++)
        if (lead->decisions.items[i].told == told) {
            lead->decisions.count--;
            memmove(&lead->decisions.items[i], &lead->decisions.items[i + 1],
                    (lead->decisions.count - i) * sizeof *lead->decisions.items);
            return;
        }
    for (size_t i = 0; i < lead->automatic.count; i++)
        if (lead->automatic.items[i].told == told)
            lead->automatic.items[i] = lead->automatic.items[--lead->automatic.count];
}

/* A correction takes back what was entered beyond its target, back to the last that was not. */
static void take_back(struct model_lead *lead, const struct model_history *history, int stage)
{
    for (size_t i = history->count; i-- > 1;) {
        if (history->events[i].to == NO_STAGE)
            continue;
        if (history->events[i].to <= stage)
            return;
        remove_event(lead, history->events[i].told);
    }
}

enum err model_move(struct model *model, int64_t now, size_t index, int stage, bool reason,
                    enum cause cause, int64_t expected_version)
{
    struct model_lead *lead = lead_at(model, index);
    model_derive(model, lead, now);
    struct model_history history;
    model_history(lead, &history);
    if (expected_version != NO_INT && expected_version != lead->version)
        return ERR_VERSION;
    if (stage == UNKNOWN)
        return ERR_VALIDATION;
    if (history.standing.status != LEAD_OPEN || stage == history.standing.stage)
        return ERR_CONFLICT;
    if (stage < history.standing.stage && !reason)
        return ERR_VALIDATION;
    if (cause == CAUSE_CORRECTION)
        take_back(lead, &history, stage);
    decide(model, lead, now,
           (struct event){ .occurred_at = now,
                           .to = stage,
                           .status = SAME_STATUS,
                           .cause = cause,
                           .corrected = history.standing.stage });
    lead->version++;
    return OK;
}

static void set_amount(struct model *model, int64_t now, size_t index, int64_t amount_minor)
{
    if (amount_minor == NO_INT)
        return;
    struct attributes after = *now_of(lead_at(model, index));
    after.amount_minor = amount_minor;
    change(model, now, index, &after);
}

enum err model_close(struct model *model, int64_t now, size_t index, int status, bool reason,
                     int64_t amount_minor, int64_t expected_version)
{
    struct model_lead *lead = lead_at(model, index);
    model_derive(model, lead, now);
    struct model_history history;
    model_history(lead, &history);
    int before = history.standing.status;
    if (expected_version != NO_INT && expected_version != lead->version)
        return ERR_VERSION;
    if (status == before || (status != LEAD_OPEN && before != LEAD_OPEN))
        return ERR_CONFLICT;
    if ((status == LEAD_LOST || status == LEAD_DISQUALIFIED) && !reason)
        return ERR_VALIDATION;
    set_amount(model, now, index, amount_minor);
    decide(
        model, lead, now,
        (struct event){ .occurred_at = now, .to = NO_STAGE, .status = status, .cause = CAUSE_API });
    lead->version++;
    return OK;
}

/* to UNKNOWN: neither a stage nor a status. */
enum err model_import_event(struct model *model, int64_t now, size_t index, int to, int status,
                            int64_t occurred_at, int64_t amount_minor, bool *ret_new)
{
    struct model_lead *lead = lead_at(model, index);
    model_derive(model, lead, now);
    if (occurred_at > now || to == UNKNOWN)
        return ERR_VALIDATION;
    *ret_new = true;
    for (size_t i = 0; i < lead->imported.count; i++) {
        const struct event *told = &lead->imported.items[i];
        if (told->occurred_at == occurred_at && told->to == to &&
            (to != NO_STAGE || told->status == status))
            *ret_new = false;
    }
    if (!*ret_new)
        return OK;
    struct event event = {
        .occurred_at = occurred_at, .to = to, .status = status, .cause = CAUSE_IMPORT
    };
    LIST_ADD(&lead->imported, event);
    set_amount(model, now, index, amount_minor);
    decide(model, lead, now, event);
    lead->version++;
    return OK;
}

/* ---- Erasures ---- */

/* Whoever comes again is somebody new, and what is told again is told for the first time. */
void model_erase(struct model *model, size_t index, bool facts)
{
    struct model_lead *lead = lead_at(model, index);
    lead->presence = facts || lead->presence == REMOVED ? REMOVED : ERASED;
    for (size_t i = 0; i < model->keys.count;)
        if (model->keys.items[i].lead == index)
            model->keys.items[i] = model->keys.items[--model->keys.count];
        else
            i++;
    model_phone_changed(model, index, now_of(lead)->text[ATTR_PHONE], "");
    for (size_t i = 0; i < model->aliases.count;)
        if (model->aliases.items[i].lead == index)
            model->aliases.items[i] = model->aliases.items[--model->aliases.count];
        else
            i++;
}
