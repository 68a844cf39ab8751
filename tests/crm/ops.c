/* ops.c: random operations: each is made from the seed, its number and the world as it is, so that
 * leaving out others leaves it much the same. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#define MS_PER_HOUR INT64_C(3600000)

/* ---- Chance ---- */

/* The lead whose number fits this operation best: the same one as long as it is there. */
static int some_lead(const struct world *world, uint64_t salt)
{
    int best = -1;
    uint64_t best_fit = 0;
    for (size_t i = 0; i < world->model.leads.count; i++) {
        struct random fit = { salt ^ (uint64_t)world->model.leads.items[i].number * 77777 };
        uint64_t value = random_next(&fit);
        if (best < 0 || value > best_fit) {
            best = (int)i;
            best_fit = value;
        }
    }
    return best;
}

/* From nothing over milliseconds to weeks; where scores decay fast, to days. */
static int64_t some_span(struct random *random, const struct world *world)
{
    static const int64_t bounds[] = {
        1, 3, 20, 60000, MS_PER_HOUR, MS_PER_DAY, 3 * MS_PER_DAY, 7 * MS_PER_DAY, 40 * MS_PER_DAY
    };
    size_t count = world->kind == WORLD_RANDOM ? 7 : ARRAY_SIZE(bounds);
    return random_below(random, bounds[random_below(random, (int64_t)count)]);
}

static int64_t some_fact_time(struct random *random, const struct model_lead *lead)
{
    switch (random_below(random, 3)) {
    case 0:
        if (lead->happenings.count > 0)
            return lead->happenings.items[random_below(random, (int64_t)lead->happenings.count)].at;
        break;
    case 1: return lead->states.items[random_below(random, (int64_t)lead->states.count)].at;
    default: break;
    }
    if (lead->automatic.count > 0 && random_one_in(random, 2))
        return lead->automatic.items[lead->automatic.count - 1].occurred_at;
    return lead->decisions.items[random_below(random, (int64_t)lead->decisions.count)].occurred_at;
}

/* A time that may say something about the lead: on time, late, of the same millisecond as another
 * fact or beside it, before its creation. */
static int64_t some_past(struct random *random, const struct world *world,
                         const struct model_lead *lead, int64_t now)
{
    int64_t at = now;
    switch (random_below(random, 9)) {
    case 0: return now;
    case 1:
    case 2:
    case 3: at = some_fact_time(random, lead) + random_below(random, 3) - 1; break;
    case 4: at = lead->created_at - some_span(random, world); break;
    case 6:
        at = lead->created_at + horizon_days[random_below(random, HORIZON_COUNT)] * MS_PER_DAY;
        at += random_below(random, 3) - 1;
        break;
    case 5: at = now - random_below(random, now - lead->created_at + 1); break;
    default: at = now - some_span(random, world); break;
    }
    return at > now ? now : at;
}

/* ---- What people write ---- */

static void some_email(struct random *random, char *text)
{
    static const char *const names[] = { "lead", "Lead", "LEAD" };
    static const char *const tags[] = { "", "", "+tag", "+x+y" };
    static const char *const domains[] = { "example.com", "Example.COM" };
    int number = (int)random_below(random, 24);
    snprintf(text, 48, "%s%d%s@%s", names[random_below(random, 3)], number,
             tags[random_below(random, 4)], domains[random_below(random, 2)]);
}

static void some_phone(struct random *random, char *text)
{
    static const char *const beginnings[] = { "+49 30 555-0", "+49305550", "030 555 " };
    snprintf(text, 48, "%s%02d", beginnings[random_below(random, 3)], (int)random_below(random, 8));
}

static void some_text(struct random *random, enum attribute attribute, char *text)
{
    static const char *const companies[] = { "Acme", "Umbrella" };
    static const char *const titles[] = { "Chief of Staff", "Headmaster",    "director",
                                          "Student",        "HEAD Director", "Clerk" };
    static const char *const cities[] = { "Berlin", "Bonn", "BERLIN" };
    static const char *const sources[] = { "web", "Partner", "fair", "partner" };
    const char *chosen = "Ann";
    switch (attribute) {
    case ATTR_EMAIL: some_email(random, text); return;
    case ATTR_PHONE: some_phone(random, text); return;
    case ATTR_COMPANY: chosen = companies[random_below(random, 2)]; break;
    case ATTR_JOB_TITLE: chosen = titles[random_below(random, 6)]; break;
    case ATTR_CITY: chosen = cities[random_below(random, 3)]; break;
    case ATTR_SOURCE: chosen = sources[random_below(random, 4)]; break;
    default: break;
    }
    snprintf(text, 48, "%s", chosen);
}

/* An index below count, sometimes none, rarely one that is not there. */
static int some_index(struct random *random, int count)
{
    if (random_one_in(random, 40))
        return UNKNOWN;
    return random_one_in(random, 3) ? NOBODY : (int)random_below(random, count);
}

static void some_attribute(struct random *random, int attribute, struct attributes *given)
{
    if (attribute == ATTR_CAMPAIGN)
        given->campaign = some_index(random, CAMPAIGNS);
    else if (attribute == ATTR_OWNER)
        given->owner = some_index(random, PEOPLE);
    else if (attribute == ATTR_AMOUNT)
        given->amount_minor = random_below(random, 100000);
    else
        some_text(random, (enum attribute)attribute, given->text[attribute]);
}

static int some_stage(struct random *random)
{
    return random_one_in(random, 30) ? UNKNOWN : (int)random_below(random, 6);
}

/* ---- Operations, kind by kind ---- */

static void make_put(struct random *random, const struct world *world, struct op *op)
{
    struct model_put *put = &op->put;
    *put = (struct model_put){ .given = attributes_none(),
                               .created_at = NO_INT,
                               .stage = NO_STAGE,
                               .number = op->number,
                               .cause = op->kind == OP_CREATE ? CAUSE_API : CAUSE_IMPORT,
                               .merge = op->kind == OP_IMPORT || random_one_in(random, 2) };
    for (int i = 0; i < ATTR_COUNT; i++)
        if (i != ATTR_SOURCE_SYSTEM && i != ATTR_EXTERNAL_ID &&
            random_one_in(random, i == ATTR_EMAIL ? 1 : 2))
            some_attribute(random, i, &put->given);
    if (random_one_in(random, 6))
        put->given.text[ATTR_EMAIL][0] = '\0';
    if (random_one_in(random, 4)) {
        snprintf(put->given.text[ATTR_SOURCE_SYSTEM], 48, "crm%d", (int)random_below(random, 2));
        snprintf(put->given.text[ATTR_EXTERNAL_ID], 48, "%d", (int)random_below(random, 12));
    }
    if (random_one_in(random, 12)) /* of nobody */
        put->given = attributes_none();
    if (random_one_in(random, 4))
        put->stage = some_stage(random);
    if (op->kind == OP_IMPORT && !random_one_in(random, 4))
        put->created_at = op->now - some_span(random, world) * random_below(random, 8);
    if (op->kind == OP_IMPORT && random_one_in(random, 15))
        put->created_at = op->now + 1;
}

static void make_edit(struct random *random, struct op *op)
{
    op->put.given = attributes_none();
    for (int i = 0; i < ATTR_COUNT; i++) {
        if (i == ATTR_SOURCE_SYSTEM || i == ATTR_EXTERNAL_ID || !random_one_in(random, 5))
            continue;
        op->present |= 1u << i;
        if (!random_one_in(random, 3)) /* else null */
            some_attribute(random, i, &op->put.given);
    }
}

static void make_activity(struct random *random, const struct world *world, struct op *op)
{
    static const char *const types[] = {
        "page_view",
        "page_view",
        "email_opened",
        "email_clicked",
        "content_downloaded",
        "webinar_attended",
        "form_submitted",
        "meeting",
        "demo_requested",
        "demo_requested",
        "email_bounced",
        "email_bounced",
        "webchat",
        "note",
        "Page View",
    };
    struct model_activity *activity = &op->activity;
    *activity = (struct model_activity){ .type = types[random_below(random, ARRAY_SIZE(types))],
                                         .occurred_at = NO_INT,
                                         .campaign = random_one_in(random, 4)
                                                         ? some_index(random, CAMPAIGNS)
                                                         : NOBODY };
    static const char *const urls[] = { "/pricing", "/pricing/eu", "/blog", NULL };
    activity->url = urls[random_below(random, 4)];
    /* Many links of a mail clicked at once look like a machine's, of which the model knows
     * nothing: without a campaign they are of different mails. */
    if (strcmp(activity->type, "email_clicked") == 0)
        activity->campaign = NOBODY;
    if (op->lead >= 0 && !random_one_in(random, 3))
        activity->occurred_at =
            some_past(random, world, &world->model.leads.items[op->lead], op->now);
    if (random_one_in(random, 25)) /* clocks differ */
        activity->occurred_at = op->now + random_below(random, 2 * 5 * 60 * 1000 + 2);
    if (random_one_in(random, 2))
        activity->key = 1 + (int)random_below(random, 300);
}

static void make_amend(struct random *random, const struct world *world, struct op *op)
{
    const struct model_lead *lead = op->lead < 0 ? NULL : &world->model.leads.items[op->lead];
    make_activity(random, world, op);
    op->amend = (enum amend)random_below(random, AMEND_COUNT);
    if (!lead || lead->presence != THERE || lead->happenings.count == 0)
        op->kind = OP_ACTIVITY;
    else
        op->happening = (size_t)random_below(random, (int64_t)lead->happenings.count);
}

static void make_stage_import(struct random *random, const struct world *world, struct op *op)
{
    const struct model_lead *lead = op->lead < 0 ? NULL : &world->model.leads.items[op->lead];
    op->stage = random_one_in(random, 3) ? NO_STAGE : some_stage(random);
    op->status = op->stage == NO_STAGE ? (int)random_below(random, 4) : SAME_STATUS;
    op->occurred_at = lead ? some_past(random, world, lead, op->now) : op->now;
    if (random_one_in(random, 20))
        op->occurred_at = op->now + 1;
    if (lead && lead->imported.count > 0 && random_one_in(random, 4)) { /* told again */
        const struct event *event =
            &lead->imported.items[random_below(random, (int64_t)lead->imported.count)];
        op->occurred_at = event->occurred_at;
        op->stage = event->to;
        op->status = event->to == NO_STAGE ? event->status : SAME_STATUS;
    }
}

static void make_rest(struct random *random, struct op *op)
{
    static const enum cause causes[] = { CAUSE_USER, CAUSE_API, CAUSE_CORRECTION };
    if (op->kind != OP_STAGE_IMPORT) {
        op->stage = some_stage(random);
        op->status = (int)random_below(random, 4);
    }
    op->cause = causes[random_below(random, 3)];
    op->reason = !random_one_in(random, 5);
    op->amount_minor = random_one_in(random, 3) ? random_below(random, 50000) : NO_INT;
    op->facts = random_one_in(random, 2);
    op->campaign = some_index(random, CAMPAIGNS);
    if (op->campaign == NOBODY)
        op->campaign = 0;
}

static enum op_kind some_kind(struct random *random, const struct world *world)
{
    static const int mixed[OP_KINDS] = {
        [OP_CREATE] = 8, [OP_IMPORT] = 6, [OP_EDIT] = 15, [OP_ACTIVITY] = 28,
        [OP_AMEND] = 5,  [OP_MOVE] = 11,  [OP_CLOSE] = 6, [OP_STAGE_IMPORT] = 11,
        [OP_ATTACH] = 4, [OP_ERASE] = 3,  [OP_VISIT] = 3
    };
    /* Few leads with long histories. */
    static const int dense[OP_KINDS] = {
        [OP_CREATE] = 2, [OP_IMPORT] = 2, [OP_EDIT] = 10, [OP_ACTIVITY] = 58,
        [OP_AMEND] = 7,  [OP_MOVE] = 6,   [OP_CLOSE] = 3, [OP_STAGE_IMPORT] = 4,
        [OP_ATTACH] = 1, [OP_ERASE] = 1,  [OP_VISIT] = 6
    };
    const int *shares = world->kind == WORLD_RANDOM ? dense : mixed;
    int64_t chance = random_below(random, 100);
    int kind = 0;
    while (chance >= shares[kind])
        chance -= shares[kind++];
    return (enum op_kind)kind;
}

void op_make(const struct world *world, uint64_t seed, int number, struct op *ret)
{
    struct random random = { seed * 1000003 + (uint64_t)number };
    *ret = (struct op){ .number = number,
                        .kind = some_kind(&random, world),
                        .expected_version = NO_INT };
    ret->now = world->core.ctx.now_ms;
    if (number % 4 == 0 || random_one_in(&random, 2))
        ret->now += some_span(&random, world);
    ret->abandoned = random_one_in(&random, 15);
    /* Things come in bursts: half of the operations go to the lead of their neighbours. */
    struct random burst = { seed * 999983 + (uint64_t)number / 4 };
    ret->lead = some_lead(world, random_next(random_one_in(&random, 2) ? &burst : &random));
    if (ret->lead < 0 && ret->kind != OP_CREATE)
        ret->kind = OP_IMPORT;
    if (random_one_in(&random, 60))
        ret->lead = -1;
    int64_t version_off = random_one_in(&random, 4);
    if (ret->lead >= 0 && random_one_in(&random, 4))
        ret->expected_version = world->model.leads.items[ret->lead].version - version_off;
    switch (ret->kind) {
    case OP_CREATE:
    case OP_IMPORT: make_put(&random, world, ret); break;
    case OP_EDIT: make_edit(&random, ret); break;
    case OP_ACTIVITY: make_activity(&random, world, ret); break;
    case OP_AMEND: make_amend(&random, world, ret); break;
    case OP_STAGE_IMPORT: make_stage_import(&random, world, ret); break;
    default: break;
    }
    if (ret->kind >= OP_MOVE)
        make_rest(&random, ret);
}

/* ---- For people ---- */

static void print_attributes(FILE *out, const struct op *op)
{
    const struct attributes *given = &op->put.given;
    bool edit = op->kind == OP_EDIT;
    for (int i = 0; i < ATTR_TEXTS; i++)
        if (edit ? op->present & 1u << i : *given->text[i] != '\0')
            fprintf(out, " %s=\"%s\"", attribute_names[i], given->text[i]);
    if (edit ? op->present & 1u << ATTR_CAMPAIGN : given->campaign != NOBODY)
        fprintf(out, " campaign=%d", given->campaign);
    if (edit ? op->present & 1u << ATTR_OWNER : given->owner != NOBODY)
        fprintf(out, " owner=%d", given->owner);
    if (edit ? op->present & 1u << ATTR_AMOUNT : given->amount_minor != NO_INT)
        fprintf(out, " amount=%lld",
                (long long)(given->amount_minor == NO_INT ? -1 : given->amount_minor));
}

/* Times are told from the beginning of the world, in milliseconds. */
void op_print(const struct op *op, bool lost, const struct model *model, char *text, size_t size)
{
    static const char *const kinds[OP_KINDS] = { "create", "import", "edit",  "activity",
                                                 "amend",  "move",   "close", "stage_import",
                                                 "attach", "erase",  "visit" };
    FILE *out = fmemopen(text, size, "w");
    if (!out)
        return;
    fprintf(out, "#%d at %lld %s", op->number, (long long)(op->now - WORLD_START), kinds[op->kind]);
    if (op->kind > OP_IMPORT)
        fprintf(out, " lead #%d", op->lead < 0 ? -1 : model->leads.items[op->lead].number);
    if (op->kind <= OP_EDIT)
        print_attributes(out, op);
    if (op->kind <= OP_IMPORT)
        fprintf(out, "%s stage=%d", op->put.merge ? " merge" : "", op->put.stage);
    if (op->kind <= OP_IMPORT && op->put.created_at != NO_INT)
        fprintf(out, " created_at=%lld", (long long)(op->put.created_at - WORLD_START));
    if (op->kind == OP_AMEND)
        fprintf(out, " activity %zu how=%d", op->happening, (int)op->amend);
    if ((op->kind == OP_ACTIVITY || op->kind == OP_AMEND) && op->activity.occurred_at != NO_INT)
        fprintf(out, " occurred_at=%lld", (long long)(op->activity.occurred_at - WORLD_START));
    if (op->kind == OP_ACTIVITY || op->kind == OP_AMEND)
        fprintf(out, " %s %s key=%d", op->activity.type, op->activity.url ? op->activity.url : "",
                op->activity.key);
    if (op->kind == OP_MOVE)
        fprintf(out, " to=%d %s%s", op->stage, cause_names[op->cause], op->reason ? " reason" : "");
    if (op->kind == OP_ERASE && op->facts)
        fprintf(out, " with its facts");
    if (op->kind == OP_CLOSE)
        fprintf(out, " %s%s", lead_status_names[op->status], op->reason ? " reason" : "");
    if (op->kind == OP_STAGE_IMPORT)
        fprintf(out, " to=%d status=%d occurred_at=%lld", op->stage, op->status,
                (long long)(op->occurred_at - WORLD_START));
    fprintf(out, "%s%s", op->abandoned ? " (abandoned)" : "", lost ? " (lost)" : "");
    fclose(out);
}
