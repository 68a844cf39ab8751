/* check.c: everything derived, derived again from the log and compared: where each lead stands,
 * and every rollup cell. Reads only; says what differs and mends nothing. */
#include "history.h"
#include "leads_identity.h"
#include "scoring.h"

#include <string.h>

enum { LEADS_PER_SLICE = 256, FINDINGS_MAX = 100 };

/* Counts of cells by their key, in a table with open addressing. */
struct recount {
    struct rollup_key *keys; /* member.data owned */
    struct rollup_value *values;
    size_t count, capacity; /* a power of two */
    struct check_report *report;
    struct arena *arena; /* of the request: for all of this */
    const struct watch *watch;
    int64_t leads;       /* that there are to count */
    struct rows retired; /* struct rollup_row: cells of these are on their way out */
};

static uint64_t key_hash_of(const struct rollup_key *key)
{
    uint64_t hash = 1469598103934665603u;
    const int64_t numbers[] = { key->basis, key->dimension, key->rollups_id, key->day, key->item };
    const uint8_t *parts[] = { (const uint8_t *)numbers, key->member.data };
    const size_t lengths[] = { sizeof numbers, key->member.length };
    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < lengths[part]; i++)
            hash = (hash ^ parts[part][i]) * 1099511628211u;
    return hash ^ (hash >> 29);
}

static bool keys_equal(const struct rollup_key *a, const struct rollup_key *b)
{
    return a->basis == b->basis && a->dimension == b->dimension && a->rollups_id == b->rollups_id &&
           a->day == b->day && a->item == b->item && bytes_equal(&a->member, &b->member);
}

/* Free slots are of rollups 0, which no pipeline has. */
static size_t slot_of(const struct recount *recount, const struct rollup_key *key)
{
    size_t slot = key_hash_of(key) & (recount->capacity - 1);
    while (recount->keys[slot].rollups_id && !keys_equal(&recount->keys[slot], key))
        slot = (slot + 1) & (recount->capacity - 1);
    return slot;
}

static bool grow(struct recount *recount)
{
    struct recount larger = *recount;
    larger.capacity = recount->capacity ? recount->capacity * 2 : 1024;
    larger.keys = arena_alloc(recount->arena, larger.capacity * sizeof *larger.keys);
    larger.values = arena_alloc(recount->arena, larger.capacity * sizeof *larger.values);
    if (!larger.keys || !larger.values)
        return false;
    for (size_t i = 0; i < recount->capacity; i++) {
        if (!recount->keys[i].rollups_id)
            continue;
        size_t slot = slot_of(&larger, &recount->keys[i]);
        larger.keys[slot] = recount->keys[i];
        larger.values[slot] = recount->values[i];
    }
    *recount = larger;
    return true;
}

static enum err count_cell(struct ctx *ctx, void *self, const struct rollup_key *key,
                           const struct rollup_value *value)
{
    struct recount *recount = self;
    if (recount->count * 2 >= recount->capacity && !grow(recount))
        return fail(ctx, ERR_MEMORY, NULL, "no memory to recount");
    size_t slot = slot_of(recount, key);
    if (!recount->keys[slot].rollups_id) {
        uint8_t *member = NULL;
        if (key->member.length > 0) {
            member = arena_copy(recount->arena, key->member.data, key->member.length);
            if (!member)
                return fail(ctx, ERR_MEMORY, NULL, "no memory to recount");
        }
        recount->keys[slot] = *key;
        recount->keys[slot].member.data = member;
        recount->count++;
    }
    rollup_value_add(&recount->values[slot], value);
    return OK;
}

static void find(struct recount *recount, const char *format, ...) _printf_(2, 3);
static void find(struct recount *recount, const char *format, ...)
{
    struct texts *findings = &recount->report->findings;
    if (findings->count == FINDINGS_MAX)
        return;
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(recount->arena, format, args);
    va_end(args);
    if (text)
        findings->items[findings->count++] = text;
}

/* A job comes by, which has rules act and cycles counted by the new order: until then no more is
 * settled than where the lead stands, and its score. */
static bool waits_for_recount(const struct history *history)
{
    const struct pipeline *pipeline = history->pipeline;
    return pipeline->next_rollups_id != NO_INT &&
           id_compare(&history->lead.id, &pipeline->recounted_to) > 0;
}

static const char *lead_difference(const struct lead *kept, const struct history *derived)
{
    struct standing standing = standing_after(derived, derived->count);
    if (kept->stage_id != standing.stage_id)
        return "its stage is not that of its last stage event";
    if (kept->status != standing.status)
        return "its status is not that of its last stage event";
    if (kept->stage_entered_at != standing.stage_entered_at)
        return "the time it entered its stage is not that of the stage event";
    if (kept->value_count != (int64_t)kept->fields.count)
        return "its custom fields have not as many values as it says";
    if (waits_for_recount(derived))
        return NULL;
    if (kept->cycle != standing.cycle)
        return "its cycle does not follow from its stage events";
    if (!history_is_linked(derived))
        return "its stage events do not follow from one another";
    return NULL;
}

static void find_lead(struct recount *recount, const struct id *id, const char *difference)
{
    char text[ID_TEXT_SIZE];
    id_format(id, text);
    recount->report->wrong_leads++;
    find(recount, "lead %s: %s", text, difference);
}

/* An erased lead says no more who it was. Its score stays: what it came of is gone. */
static enum err check_erased(struct ctx *ctx, struct db *db, const struct lead *lead,
                             const char **ret_difference)
{
    struct erasure erasure;
    struct lead facts;
    int64_t leftovers = 0;
    enum err err = erasure_find(ctx, db, &lead->id, &erasure);
    if (!err && erasure.finished_at == NO_INT)
        return OK;
    if (!err)
        err = lead_facts(ctx, db, &lead->id, &facts);
    if (!err)
        err = erasure_leftovers(ctx, db, &lead->id, &leftovers);
    if (err == ERR_NOT_FOUND)
        *ret_difference = "is erased, but nobody had it erased";
    if (err)
        return err == ERR_NOT_FOUND ? OK : err;
    for (size_t i = 0; i < lead_table.count; i++) {
        const struct field *field = &lead_table.fields[i];
        bool is_kept = table_find(&lead_patch_table, field->name) < 0 ||
                       !value_is_null(field, (const char *)&facts + field->offset);
        leftovers += !is_kept && !value_is_null(field, (const char *)lead + field->offset);
    }
    if (leftovers > 0)
        *ret_difference = "was erased, but something of it is left";
    return OK;
}

static enum err check_derived(struct ctx *ctx, struct db *db, const struct history *history,
                              const char **ret_difference)
{
    struct replayed replayed;
    struct history judged = *history;
    enum err err = catalog_scoring(ctx, db, history->lead.rule_set_version, &judged.scoring);
    if (err == ERR_NOT_FOUND) {
        *ret_difference = "its rule set is not there";
        return OK;
    }
    if (!err) {
        judged.rules = judged.scoring->rules;
        err = history_rescore(ctx, db, &judged, &replayed);
    }
    if (err)
        return err;
    if (history->lead.score != replayed.score)
        *ret_difference = "its score is not what its log gives";
    else if (waits_for_recount(history))
        return OK;
    else if (!replayed.events_agree)
        *ret_difference = "its automatic stage events are not what its log gives";
    else if (!replayed.due_agrees)
        *ret_difference = "when its score changes next is not what its log gives";
    else if (!replayed.tally_agrees)
        *ret_difference = "its tally is not what its log gives: later scores would be wrong";
    return OK;
}

static enum err check_facts(struct ctx *ctx, struct db *db, const struct id *id,
                            struct recount *recount)
{
    struct history history;
    const char *difference = NULL;
    enum err err = history_load_any(ctx, db, id, &history);
    if (!err && history.count == 0) { /* nothing can be derived */
        find_lead(recount, id, "it has no stage event, not even that of its creation");
        return OK;
    }
    if (!err)
        err = contributions(ctx, &history, count_cell, recount);
    if (!err)
        difference = lead_difference(&history.lead, &history);
    if (!err && !difference)
        err = history.lead.erased_at == NO_INT ? check_derived(ctx, db, &history, &difference)
                                               : check_erased(ctx, db, &history.lead, &difference);
    if (err)
        return err;
    if (difference)
        find_lead(recount, id, difference);
    bool due = history.lead.score_due_at != NO_INT && history.lead.score_due_at <= ctx->now_ms;
    recount->report->overdue_leads += due && history.lead.erased_at == NO_INT;
    return OK;
}

/* A phone, which people share, leads to another as long as this one waits for it. */
static enum err check_key(struct ctx *ctx, struct db *db, const struct lead *lead,
                          enum lead_key_kind kind, bool *ret_right)
{
    const char *key;
    struct id found;
    *ret_right = true;
    enum err err = lead_key_text(ctx, lead, kind, &key);
    if (err || !key)
        return err;
    err = lead_find(ctx, db, kind, key, &found);
    *ret_right = !err && id_compare(&found, &lead->id) == 0;
    if (err || *ret_right || kind != LEAD_KEY_PHONE)
        return err == ERR_NOT_FOUND ? OK : err;
    return shared_phone_has(ctx, db, key, &lead->id, ret_right);
}

/* What names the lead finds it. */
static enum err check_keys(struct ctx *ctx, struct db *db, const struct id *id,
                           struct recount *recount)
{
    static const char *const names[] = { [LEAD_KEY_EMAIL] = "e-mail address",
                                         [LEAD_KEY_EXTERNAL] = "external id",
                                         [LEAD_KEY_PHONE] = "phone number" };
    struct lead lead;
    enum err err = lead_load_any(ctx, db, id, &lead);
    if (err || lead.erased_at != NO_INT) /* which nothing finds, see check_erased() */
        return err == ERR_NOT_FOUND ? OK : err;
    for (enum lead_key_kind kind = LEAD_KEY_EMAIL; kind <= LEAD_KEY_PHONE && !err; kind++) {
        char text[ID_TEXT_SIZE];
        bool right;
        err = check_key(ctx, db, &lead, kind, &right);
        if (err || right)
            continue;
        id_format(id, text);
        recount->report->wrong_keys++;
        find(recount, "lead %s: its %s does not lead to it", text, names[kind]);
    }
    return err;
}

static enum err check_lost_keys(struct ctx *ctx, struct db *db, struct recount *recount)
{
    int64_t lost = 0;
    enum err err = lead_keys_lost(ctx, db, &lost);
    recount->report->wrong_keys += lost;
    if (!err && lost > 0)
        find(recount, "keys of leads: %lld lead to nobody", (long long)lost);
    return err;
}

static enum err check_lost_values(struct ctx *ctx, struct db *db, struct recount *recount)
{
    int64_t *lost = &recount->report->wrong_values;
    enum err err = lead_values_lost(ctx, db, lost);
    if (!err && *lost > 0)
        find(recount, "values of custom fields: %lld are of no lead or no field", (long long)*lost);
    return err;
}

/* What cannot even be counted again is a finding too, and ends nothing. */
static enum err check_lead(struct ctx *ctx, struct db *db, const struct id *id,
                           struct recount *recount)
{
    enum err err = check_facts(ctx, db, id, recount);
    if (!err)
        err = check_keys(ctx, db, id, recount);
    if (!err || err_may_pass(err))
        return err;
    find_lead(recount, id, ctx->failure.detail ? ctx->failure.detail : err_info(err)->title);
    failure_clear(ctx);
    return OK;
}

/* Each slice has an arena of its own, so that a million leads need no memory for all of them. */
static enum err check_leads(struct ctx *ctx, struct db *db, struct recount *recount)
{
    struct arena *request_arena = ctx->arena;
    _cleanup_(arena_free) struct arena slice = { 0 };
    struct id after = { 0 };
    enum err err = OK;
    size_t count;
    do {
        struct rows rows = { 0 };
        ctx->arena = &slice;
        err = lead_ids_after(ctx, db, &after, LEADS_PER_SLICE, &rows);
        count = err ? 0 : rows.count;
        for (size_t i = 0; i < count && !err; i++) {
            after = ((const struct lead *)rows.items)[i].id;
            err = check_lead(ctx, db, &after, recount);
            recount->report->leads++;
        }
        if (!err &&
            !watch_step(recount->watch, "counting leads", recount->report->leads, recount->leads))
            err = fail(ctx, ERR_CONFLICT, NULL, "interrupted");
        ctx->arena = request_arena;
        if (err)
            failure_keep(ctx);
        arena_reset(&slice);
    } while (!err && count == LEADS_PER_SLICE);
    return err;
}

static void find_cell(struct recount *recount, const struct rollup_key *key, const char *what)
{
    recount->report->wrong_cells++;
    find(recount, "rollup basis %d dimension %d of %lld day %lld item %lld: %s", key->basis,
         key->dimension, (long long)key->rollups_id, (long long)key->day, (long long)key->item,
         what);
}

static bool is_retired(const struct recount *recount, int64_t rollups_id)
{
    const struct rollup_row *retired = recount->retired.items;
    for (size_t i = 0; i < recount->retired.count; i++)
        if (retired[i].rollups_id == rollups_id)
            return true;
    return false;
}

/* Compares a cell of the table with its recount, which is then used up. */
static enum err check_cell(struct ctx *ctx, void *self, const void *data)
{
    (void)ctx;
    struct recount *recount = self;
    const struct rollup_row *row = data;
    struct rollup_key key = { .basis = (enum rollup_basis)row->basis,
                              .dimension = (enum dimension)row->dimension,
                              .rollups_id = row->rollups_id,
                              .day = row->day,
                              .member = row->member,
                              .item = row->item };
    if (is_retired(recount, row->rollups_id))
        return OK;
    recount->report->cells++;
    size_t slot = slot_of(recount, &key);
    struct rollup_value none = { 0 };
    struct rollup_value *value = recount->keys[slot].rollups_id ? &recount->values[slot] : &none;
    if (memcmp(&row->value, value, sizeof *value) != 0)
        find_cell(recount, &key, "is not what a recount gives");
    *value = none;
    return OK;
}

static void check_missing(struct recount *recount)
{
    static const struct rollup_value none;
    for (size_t i = 0; i < recount->capacity; i++)
        if (recount->keys[i].rollups_id && memcmp(&recount->values[i], &none, sizeof none) != 0)
            find_cell(recount, &recount->keys[i], "is missing");
}

enum err check_run(struct ctx *ctx, struct db *db, const struct watch *watch,
                   struct check_report *ret)
{
    *ret = (struct check_report){ .findings = { ctx_alloc(ctx, FINDINGS_MAX * sizeof(const char *)),
                                                0 } };
    struct recount recount = { .report = ret, .arena = ctx->arena, .watch = watch };
    if (!ret->findings.items || !grow(&recount))
        return fail(ctx, ERR_MEMORY, NULL, "no memory to recount");
    enum err err = lead_count_all(ctx, db, &recount.leads);
    if (!err)
        err = check_leads(ctx, db, &recount);
    if (!err)
        err = check_lost_keys(ctx, db, &recount);
    if (!err)
        err = check_lost_values(ctx, db, &recount);
    if (!err)
        err = rollups_retired(ctx, db, &recount.retired);
    if (!err)
        err = rollup_each(ctx, db, check_cell, &recount);
    if (!err)
        check_missing(&recount);
    return err;
}

static const struct field check_report_fields[] = {
    FIELD(struct check_report, leads, INT, .flags = FIELD_NOT_NULL, .note = "leads derived again"),
    FIELD(struct check_report, cells, INT, .flags = FIELD_NOT_NULL,
          .note = "rollup cells compared"),
    FIELD(struct check_report, wrong_leads, INT, .flags = FIELD_NOT_NULL, .note = "that differ"),
    FIELD(struct check_report, overdue_leads, INT, .flags = FIELD_NOT_NULL,
          .note = "whose score time has changed and nobody has brought up to date yet: no error"),
    FIELD(struct check_report, wrong_cells, INT, .flags = FIELD_NOT_NULL, .note = "that differ"),
    FIELD(struct check_report, wrong_keys, INT, .flags = FIELD_NOT_NULL,
          .note = "that do not lead to whom they name"),
    FIELD(struct check_report, wrong_values, INT, .flags = FIELD_NOT_NULL,
          .note = "values of custom fields that are of no lead or no field"),
    FIELD(struct check_report, findings, TEXTS, .note = "the first of them"),
};
const struct table check_report_table =
    TABLE(struct check_report, "check_report", check_report_fields);
