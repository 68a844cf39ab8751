/* metrics_attributes.c: which attribute values and activities go with leads that are won: counted
 * over all leads in one pass, so that criteria can be chosen from what has been. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

enum {
    VALUES_MAX = 2000, /* different ones of an attribute; what has more says little of any */
    MIN_SUPPORT_DEFAULT = 30,
    RANGES_ABOVE = 20, /* different numbers: then quarters of the leads are ranked */
    RANGES = 4,
    LIFTS_DEFAULT = 50,
};

/* What leads are told apart by. Of the last ones only whether they are known. */
static const struct {
    const char *name;
    bool presence;
} attributes[] = {
    { "source" },        { "campaign" },    { "owner" },       { "job_title" },
    { "company" },       { "industry" },    { "country" },     { "city" },
    { "source_system" }, { "email", true }, { "phone", true }, { "website", true },
};

const char *const lift_op_names[] = { "eq", "present", "absent", "between", NULL };
enum lift_op { LIFT_EQ, LIFT_PRESENT, LIFT_ABSENT, LIFT_BETWEEN };

/* How many leads have one value, or did one thing. */
struct tallied {
    const char *value; /* NULL: absent or present, as op says */
    enum lift_op op;
    int64_t leads, won;
    int64_t last_lead; /* which was counted last: each counts once */
};

/* One lead's value of a custom field that is a number or a date. */
struct measured {
    int64_t number;
    bool won;
};

/* The different values of one attribute, in a table with open addressing. */
struct tallies {
    const char *attribute; /* NULL: types of activities */
    struct tallied *slots;
    size_t count, capacity; /* a power of two */
    bool overflowed;
    struct measured *measured; /* of all leads that have one; NULL: it has no order */
    size_t measured_count, measured_room;
};

struct counting {
    struct tallies of[ARRAY_SIZE(attributes) + 1];
    struct tallies *customs; /* by position in the catalog */
    const struct catalog *catalog;
    const struct field *fields[ARRAY_SIZE(attributes)]; /* of lead_table */
    int64_t leads, won;
    struct id lead_id; /* of the row before, in walks with many rows for a lead */
    int64_t lead;      /* its number */
};

#define ACTIVITIES ARRAY_SIZE(attributes)

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* As conditions compare: without regard to the case of ASCII letters. */
static int compare_texts(const char *a, const char *b)
{
    for (; *a && fold(*a) == fold(*b); a++, b++)
        ;
    return fold(*a) - fold(*b);
}

static struct tallied *slot_of(const struct tallies *tallies, const char *value, enum lift_op op)
{
    uint64_t hash = 1469598103934665603u + op;
    for (const char *c = value; c && *c; c++)
        hash = (hash ^ fold(*c)) * 1099511628211u;
    size_t at = (hash ^ (hash >> 29)) & (tallies->capacity - 1);
    for (;; at = (at + 1) & (tallies->capacity - 1)) {
        struct tallied *slot = &tallies->slots[at];
        bool same =
            slot->leads > 0 && slot->op == op &&
            (slot->value && value ? compare_texts(slot->value, value) == 0 : slot->value == value);
        if (slot->leads == 0 || same)
            return slot;
    }
}

static enum err grow(struct ctx *ctx, struct tallies *tallies)
{
    struct tallies larger = *tallies;
    larger.capacity = tallies->capacity ? tallies->capacity * 2 : 64;
    larger.slots = ctx_alloc(ctx, larger.capacity * sizeof *larger.slots);
    if (!larger.slots)
        return ERR_MEMORY;
    for (size_t i = 0; i < tallies->capacity; i++)
        if (tallies->slots[i].leads > 0)
            *slot_of(&larger, tallies->slots[i].value, tallies->slots[i].op) = tallies->slots[i];
    *tallies = larger;
    return OK;
}

/* The value is of the row at hand and copied. Of several spellings the first in order is shown,
 * whichever came first. */
static enum err count_value(struct ctx *ctx, struct tallies *tallies, const char *value,
                            enum lift_op op, int64_t lead, bool won)
{
    if (tallies->overflowed)
        return OK;
    enum err err = tallies->count * 2 >= tallies->capacity ? grow(ctx, tallies) : OK;
    if (err)
        return err;
    struct tallied *slot = slot_of(tallies, value, op);
    bool is_new = slot->leads == 0;
    if (is_new && ++tallies->count > VALUES_MAX) {
        tallies->overflowed = true;
        return OK;
    }
    if (!is_new && slot->last_lead == lead)
        return OK;
    if (value && (is_new || strcmp(value, slot->value) < 0) &&
        !(slot->value = ctx_text(ctx, value)))
        return ERR_MEMORY;
    slot->op = op;
    slot->last_lead = lead;
    slot->leads++;
    slot->won += won;
    return OK;
}

/* ---- The three walks ---- */

static enum err count_lead(struct ctx *ctx, void *self, const void *row)
{
    struct counting *counting = self;
    const struct lead *lead = row;
    bool won = lead->status == LEAD_WON;
    int64_t number = ++counting->leads;
    counting->won += won;
    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
        const struct field *field = counting->fields[i];
        const void *member = (const char *)row + field->offset;
        bool blank = value_is_null(field, member);
        char id[ID_TEXT_SIZE];
        const char *value = NULL;
        if (!blank && !attributes[i].presence && field->kind == FIELD_ID) {
            id_format(member, id);
            value = id;
        } else if (!blank && !attributes[i].presence) {
            value = *(const char *const *)member;
        }
        enum lift_op op = blank ? LIFT_ABSENT : attributes[i].presence ? LIFT_PRESENT : LIFT_EQ;
        enum err err = count_value(ctx, &counting->of[i], value, op, number, won);
        if (err)
            return err;
    }
    return OK;
}

/* Numbers the leads of a walk with many rows for each. */
static int64_t number_lead(struct counting *counting, const struct id *lead_id)
{
    if (counting->lead == 0 || id_compare(lead_id, &counting->lead_id) != 0)
        counting->lead++;
    counting->lead_id = *lead_id;
    return counting->lead;
}

static enum err measure(struct ctx *ctx, struct tallies *tallies, int64_t number, bool won)
{
    if (tallies->measured_count == tallies->measured_room) {
        size_t room = tallies->measured_room ? tallies->measured_room * 2 : 64;
        struct measured *measured = arena_take(ctx->arena, room * sizeof *measured);
        if (!measured)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for a figure");
        if (tallies->measured_count > 0)
            memcpy(measured, tallies->measured, tallies->measured_count * sizeof *measured);
        tallies->measured = measured;
        tallies->measured_room = room;
    }
    tallies->measured[tallies->measured_count++] = (struct measured){ number, won };
    return OK;
}

static enum err count_custom(struct ctx *ctx, void *self, const void *row)
{
    struct counting *counting = self;
    const struct trait *trait = row;
    const struct custom_field *fields = counting->catalog->custom_fields.items;
    int64_t number = number_lead(counting, &trait->lead_id);
    size_t at = 0;
    while (at < counting->catalog->custom_fields.count && fields[at].field_id != trait->field_id)
        at++;
    if (at == counting->catalog->custom_fields.count || fields[at].archived_at != NO_INT)
        return OK;
    struct custom_value value = { .type = fields[at].type,
                                  .text = trait->text,
                                  .number = trait->number };
    const char *text;
    bool won = trait->status == LEAD_WON;
    enum err err = OK;
    if (value.type == CUSTOM_NUMBER || value.type == CUSTOM_DATE)
        err = measure(ctx, &counting->customs[at], value.number, won);
    if (!err && !counting->customs[at].overflowed)
        err = custom_value_format(ctx, &value, &text);
    return err || counting->customs[at].overflowed
               ? err
               : count_value(ctx, &counting->customs[at], text, LIFT_EQ, number, won);
}

static enum err count_activity(struct ctx *ctx, void *self, const void *row)
{
    struct counting *counting = self;
    const struct trait *trait = row;
    return count_value(ctx, &counting->of[ACTIVITIES], trait->text, LIFT_EQ,
                       number_lead(counting, &trait->lead_id), trait->status == LEAD_WON);
}

/* Those that no value was seen of. */
static enum err count_absent(struct ctx *ctx, struct counting *counting)
{
    enum err err = OK;
    for (size_t i = 0; i < counting->catalog->custom_fields.count && !err; i++) {
        struct tallies *tallies = &counting->customs[i];
        int64_t leads = counting->leads, won = counting->won;
        for (size_t j = 0; j < tallies->capacity && !tallies->measured; j++) {
            leads -= tallies->slots[j].leads;
            won -= tallies->slots[j].won;
        }
        for (size_t j = 0; j < tallies->measured_count; j++) {
            leads--;
            won -= tallies->measured[j].won;
        }
        bool unknown = tallies->overflowed && !tallies->measured;
        if (unknown || tallies->count == 0 || leads == 0)
            continue;
        err = tallies->count * 2 >= tallies->capacity ? grow(ctx, tallies) : OK;
        if (!err)
            *slot_of(tallies, NULL, LIFT_ABSENT) =
                (struct tallied){ NULL, LIFT_ABSENT, leads, won, 0 };
    }
    return err;
}

static enum err count_all(struct ctx *ctx, struct db *db, const struct outcome_filter *filter,
                          struct counting *counting)
{
    const struct custom_field *fields = counting->catalog->custom_fields.items;
    size_t count = counting->catalog->custom_fields.count;
    counting->customs = ctx_alloc(ctx, (count + 1) * sizeof *counting->customs);
    if (!counting->customs)
        return ERR_MEMORY;
    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
        counting->of[i].attribute = attributes[i].name;
        counting->fields[i] = &lead_table.fields[table_find(&lead_table, attributes[i].name)];
    }
    for (size_t i = 0; i < count; i++)
        if (!(counting->customs[i].attribute =
                  arena_printf(ctx->arena, "fields.%s", fields[i].key)))
            return fail(ctx, ERR_MEMORY, NULL, "no memory for a figure");
    enum err err = outcome_leads(ctx, db, filter, count_lead, counting);
    if (!err && count > 0)
        err = outcome_values(ctx, db, filter, count_custom, counting);
    counting->lead = 0;
    if (!err)
        err = outcome_activities(ctx, db, filter, count_activity, counting);
    return err ? err : count_absent(ctx, counting);
}

/* ---- Ranking ---- */

struct ranking {
    struct attribute_lift *items;
    size_t count;
};

/* The larger share of won leads first, then the larger support, then by name: never by chance. */
static int compare_lifts(const void *left, const void *right)
{
    const struct attribute_lift *a = left, *b = right;
    int64_t won_a = a->among_won.numerator * b->among.numerator;
    int64_t won_b = b->among_won.numerator * a->among.numerator;
    if (won_a != won_b)
        return won_a > won_b ? -1 : 1;
    if (a->among.numerator != b->among.numerator)
        return a->among.numerator > b->among.numerator ? -1 : 1;
    int order = strcmp(a->attribute ? a->attribute : "", b->attribute ? b->attribute : "");
    if (order == 0)
        order = strcmp(a->activity ? a->activity : "", b->activity ? b->activity : "");
    if (order == 0)
        order = a->op - b->op;
    return order ? order : strcmp(a->value ? a->value : "", b->value ? b->value : "");
}

static int compare_measured(const void *left, const void *right)
{
    const struct measured *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static bool has_ranges(const struct tallies *tallies)
{
    return tallies->measured && (tallies->overflowed || tallies->count > RANGES_ABOVE);
}

/* Four parts of as many leads, as far as leads with the same number stay together. */
static enum err rank_ranges(struct ctx *ctx, struct ranking *ranking, struct tallies *tallies,
                            const struct counting *counting, const struct custom_field *field,
                            int64_t min_support)
{
    struct measured *all = tallies->measured;
    size_t count = tallies->measured_count, from = 0;
    qsort(all, count, sizeof *all, compare_measured);
    enum err err = OK;
    for (size_t part = 1; part <= RANGES && !err; part++) {
        size_t to = count * part / RANGES;
        while (to > 0 && to < count && all[to].number == all[to - 1].number)
            to++;
        int64_t won = 0, leads = (int64_t)to - (int64_t)from;
        for (size_t i = from; i < to; i++)
            won += all[i].won;
        if (leads > 0 && leads >= min_support) {
            struct custom_value low = { .type = field->type, .number = all[from].number };
            struct custom_value high = { .type = field->type, .number = all[to - 1].number };
            struct attribute_lift *lift = &ranking->items[ranking->count++];
            *lift = (struct attribute_lift){ .attribute = tallies->attribute,
                                             .op = LIFT_BETWEEN,
                                             .among_won = { won, counting->won, NULL },
                                             .among = { leads, counting->leads, NULL } };
            err = custom_value_format(ctx, &low, &lift->value);
            if (!err)
                err = custom_value_format(ctx, &high, &lift->high_value);
        }
        from = to > from ? to : from;
    }
    return err;
}

static void rank(struct ranking *ranking, const struct tallies *tallies,
                 const struct counting *counting, int64_t min_support)
{
    bool ranges = has_ranges(tallies);
    for (size_t i = 0; i < tallies->capacity && (ranges || !tallies->overflowed); i++) {
        const struct tallied *slot = &tallies->slots[i];
        if (slot->leads < min_support || slot->leads == 0 || (ranges && slot->op == LIFT_EQ))
            continue;
        bool activity = !tallies->attribute;
        ranking->items[ranking->count++] = (struct attribute_lift){
            .attribute = tallies->attribute,
            .activity = activity ? slot->value : NULL,
            .op = activity ? -1 : (int)slot->op,
            .value = activity ? NULL : slot->value,
            .among_won = { slot->won, counting->won, NULL },
            .among = { slot->leads, counting->leads, NULL },
        };
    }
}

static enum err fill_rates(struct ctx *ctx, struct attribute_lift *lift)
{
    struct rate times;
    enum err err = rate_fill(ctx, lift->among_won.numerator * lift->among.denominator,
                             lift->among_won.denominator * lift->among.numerator, &times);
    lift->lift = times.rate;
    if (!err)
        err = rate_fill(ctx, lift->among_won.numerator, lift->among_won.denominator,
                        &lift->among_won);
    if (!err)
        err = rate_fill(ctx, lift->among.numerator, lift->among.denominator, &lift->among);
    return err;
}

static enum err rank_all(struct ctx *ctx, const struct counting *counting, int64_t min_support,
                         int64_t limit, struct attributes_report *ret)
{
    size_t count = counting->catalog->custom_fields.count, most = 0;
    for (size_t i = 0; i < ARRAY_SIZE(counting->of); i++)
        most += counting->of[i].count;
    for (size_t i = 0; i < count; i++)
        most += counting->customs[i].count + 1 + RANGES;
    struct ranking ranking = { ctx_alloc(ctx, (most + 1) * sizeof *ranking.items), 0 };
    ret->left_out.items = ctx_alloc(ctx, (count + ARRAY_SIZE(counting->of)) * sizeof(char *));
    if (!ranking.items || !ret->left_out.items)
        return ERR_MEMORY;
    const struct custom_field *fields = counting->catalog->custom_fields.items;
    enum err err = OK;
    for (size_t i = 0; i < count && !err; i++)
        if (has_ranges(&counting->customs[i]))
            err = rank_ranges(ctx, &ranking, &counting->customs[i], counting, &fields[i],
                              min_support);
    for (size_t i = 0; i < ARRAY_SIZE(counting->of) + count && !err; i++) {
        const struct tallies *tallies = i < ARRAY_SIZE(counting->of)
                                            ? &counting->of[i]
                                            : &counting->customs[i - ARRAY_SIZE(counting->of)];
        if (tallies->overflowed && !has_ranges(tallies))
            ret->left_out.items[ret->left_out.count++] =
                tallies->attribute ? tallies->attribute : "activity";
        rank(&ranking, tallies, counting, min_support);
    }
    if (ranking.count > 1)
        qsort(ranking.items, ranking.count, sizeof *ranking.items, compare_lifts);
    if (ranking.count > (size_t)limit)
        ranking.count = (size_t)limit;
    for (size_t i = 0; i < ranking.count && !err; i++)
        err = fill_rates(ctx, &ranking.items[i]);
    ret->lifts = (struct rows){ ranking.items, ranking.count };
    return err;
}

enum err attributes_report(struct ctx *ctx, struct db *db, const struct attributes_query *query,
                           struct attributes_report *ret)
{
    struct counting counting = { 0 };
    enum err err = catalog_get(ctx, db, &counting.catalog);
    if (err)
        return err;
    const struct pipeline *pipeline = catalog_pipeline(counting.catalog, query->pipeline);
    if (!pipeline)
        return fail_member(ctx, "pipeline", "unknown", "no pipeline has this key");
    if (query->from != NO_INT && query->to != NO_INT && query->from >= query->to)
        return fail_member(ctx, "to", "out_of_range", "must be after from");
    const struct outcome_filter filter = {
        .pipeline_id = pipeline->pipeline_id,
        .created_gte = query->from == NO_INT ? 0 : day_start_ms(query->from),
        .created_lt = query->to == NO_INT ? INT64_MAX : day_start_ms(query->to),
        .any_status = query->among == AMONG_ALL,
    };
    *ret = (struct attributes_report){
        .as_of = ctx->now_ms,
        .from = query->from,
        .to = query->to,
        .pipeline = ctx_text(ctx, pipeline->key), /* answered by another thread */
        .among = query->among == AMONG_ALL ? AMONG_ALL : AMONG_CLOSED,
        .min_support = query->min_support == NO_INT ? MIN_SUPPORT_DEFAULT : query->min_support,
    };
    err = ret->pipeline ? count_all(ctx, db, &filter, &counting) : ERR_MEMORY;
    ret->leads = counting.leads;
    ret->won = counting.won;
    return err || counting.won == 0
               ? err
               : rank_all(ctx, &counting, ret->min_support,
                          query->limit == NO_INT ? LIFTS_DEFAULT : query->limit, ret);
}

const char *const among_names[] = { "closed", "all", NULL };

static const struct field rate_of_leads_fields[] = {
    FIELD(struct rate, numerator, INT, .flags = FIELD_NOT_NULL, .note = "leads that have it"),
    FIELD(struct rate, denominator, INT, .flags = FIELD_NOT_NULL, .note = "leads"),
    FIELD(struct rate, rate, JSON, .flags = FIELD_DECIMAL | FIELD_NOT_NULL,
          .note = "with five places"),
};
static const struct table rate_of_leads_table =
    TABLE(struct rate, "rate_of_leads", rate_of_leads_fields);

static const struct field lift_fields[] = {
    FIELD(struct attribute_lift, attribute, TEXT,
          .note = "as conditions name it; null: it is an activity"),
    FIELD_NAMED(struct attribute_lift, op, lift_op_names,
                .note = "eq with the value; between value and high_value, both taken in; present; "
                        "absent; null: it is an activity"),
    FIELD(struct attribute_lift, value, TEXT, .note = "as text, whatever its case"),
    FIELD(struct attribute_lift, high_value, TEXT,
          .note =
              "of between: numbers and dates of many values are ranked by quarters of the leads"),
    FIELD(struct attribute_lift, activity, TEXT,
          .note = "type of which the lead had one or more before it was closed"),
    FIELD(struct attribute_lift, lift, JSON, .flags = FIELD_DECIMAL | FIELD_NOT_NULL,
          .note = "among_won / among: how many times as frequent it is among won leads"),
    FIELD_EMBED(struct attribute_lift, among_won, &rate_of_leads_table,
                .note = "share of the won leads that have it"),
    FIELD_EMBED(struct attribute_lift, among, &rate_of_leads_table,
                .note = "share of all leads of the population; its numerator is the support"),
};
static const struct table lift_table = TABLE(struct attribute_lift, "attribute_lift", lift_fields);

static const struct field attributes_drilldown_fields[] = {
    FIELD(struct attributes_drilldown, leads, TEXT, .flags = FIELD_NOT_NULL,
          .note = "a path under /v1/leads"),
    FIELD(struct attributes_drilldown, won, TEXT, .flags = FIELD_NOT_NULL,
          .note = "a path under /v1/leads"),
};
static const struct table attributes_drilldown_table =
    TABLE(struct attributes_drilldown, "attributes_drilldown", attributes_drilldown_fields);

static const struct field attributes_report_fields[] = {
    FIELD(struct attributes_report, as_of, TIME, .flags = FIELD_NOT_NULL, .note = "when counted"),
    FIELD(struct attributes_report, pipeline, TEXT, .flags = FIELD_NOT_NULL, .note = "key"),
    FIELD(struct attributes_report, from, DAY, .note = "leads created from this day on"),
    FIELD(struct attributes_report, to, DAY, .note = "and before this one"),
    FIELD_NAMED(struct attributes_report, among, among_names, .flags = FIELD_NOT_NULL,
                .note = "the population: closed is won and lost leads, all is leads of any status"),
    FIELD(struct attributes_report, leads, INT, .flags = FIELD_NOT_NULL,
          .note = "of the population"),
    FIELD(struct attributes_report, won, INT, .flags = FIELD_NOT_NULL, .note = "of them"),
    FIELD_EMBED(struct attributes_report, drilldown, &attributes_drilldown_table,
                .note = "paths of those leads: with count=true the total is the figure"),
    FIELD(struct attributes_report, min_support, INT, .flags = FIELD_NOT_NULL,
          .note = "what fewer leads have is not ranked"),
    FIELD(struct attributes_report, left_out, TEXTS,
          .note = "attributes with more than 2000 different values"),
    FIELD(struct attributes_report, lifts, ROWS, .of = &lift_table,
          .note = "the greatest lift first; then the greatest support, then by name"),
};
const struct table attributes_report_table =
    TABLE(struct attributes_report, "attributes_report", attributes_report_fields);
