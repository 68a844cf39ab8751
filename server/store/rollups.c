/* rollups.c: rollup cells. A batch of commands mostly touches the same few cells, so deltas are
 * gathered, and each cell is written once, in the transaction that changed the facts. What cells
 * mean is crm/metrics.c's to know. */
#include "rollups_private.h"
#include "sql.h"

#include <funneld/rollups.h>

#include <stdlib.h>
#include <string.h>

const char *const dimension_names[] = { "all", "source", "campaign", "owner", NULL };
const char *const basis_names[] = { "cohort", "period", NULL };
const int horizon_days[HORIZON_COUNT] = { 1, 3, 7, 14, 30, 60, 90, 180 };

static const struct field rollup_fields[] = {
    FIELD(struct rollup_row, basis, INT),
    FIELD(struct rollup_row, dimension, INT),
    FIELD(struct rollup_row, rollups_id, INT),
    FIELD(struct rollup_row, day, INT),
    FIELD(struct rollup_row, member, BYTES),
    FIELD(struct rollup_row, item, INT),
    FIELD_AS(struct rollup_row, value.entered, INT, "entered"),
    FIELD_AS(struct rollup_row, value.reached, INT, "reached"),
    FIELD_AS(struct rollup_row, value.value_minor, INT, "value_minor"),
    FIELD_AS(struct rollup_row, value.within[0], INT, "within_1"), /* in the order of */
    FIELD_AS(struct rollup_row, value.within[1], INT, "within_3"), /* horizon_days */
    FIELD_AS(struct rollup_row, value.within[2], INT, "within_7"),
    FIELD_AS(struct rollup_row, value.within[3], INT, "within_14"),
    FIELD_AS(struct rollup_row, value.within[4], INT, "within_30"),
    FIELD_AS(struct rollup_row, value.within[5], INT, "within_60"),
    FIELD_AS(struct rollup_row, value.within[6], INT, "within_90"),
    FIELD_AS(struct rollup_row, value.within[7], INT, "within_180"),
};
const struct table rollup_table = TABLE(struct rollup_row, "rollup", rollup_fields);

#define VALUE_MAX (INT64_C(1) << 62) /* of the sums over all cells of all bases */

enum { MEMBER_BYTES_MAX = 400 }; /* 100 code points of a source */

struct delta {
    /* member.data points at the log's bytes only from rollups_flush() on */
    struct rollup_key key;
    struct rollup_value value;
    size_t member_at; /* of the key's member in the log's bytes */
};

struct rollup_log {
    struct delta *deltas;
    size_t count, capacity;
    uint8_t *members;
    size_t member_bytes, member_capacity;
    /* At least what the amounts of all leads add up to; NO_INT: not read yet. */
    int64_t value_bound;
};

struct rollup_log *rollups_new(void)
{
    struct rollup_log *log = calloc(1, sizeof *log);
    if (log)
        log->value_bound = NO_INT;
    return log;
}

void rollups_free(struct rollup_log *log)
{
    if (!log)
        return;
    free(log->deltas);
    free(log->members);
    free(log);
}

size_t rollups_mark(const struct rollup_log *log)
{
    return log->count;
}

void rollups_truncate(struct rollup_log *log, size_t mark)
{
    if (mark < log->count)
        log->member_bytes = log->deltas[mark].member_at;
    log->count = mark;
}

/* Makes room for `need` more elements of `size` bytes; false without memory. */
static bool reserve(void **items, size_t *capacity, size_t count, size_t need, size_t size)
{
    if (count + need <= *capacity)
        return true;
    size_t wanted = *capacity * 2 > count + need ? *capacity * 2 : count + need + 256;
    void *grown = realloc(*items, wanted * size);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

/* What the table and the log hold together, exactly. */
static enum err read_value(struct ctx *ctx, struct db *db, const struct rollup_log *log,
                           int64_t *ret)
{
    *ret = 0;
    for (int basis = ROLLUP_COHORT; basis <= ROLLUP_OPEN; basis++) {
        int64_t sum;
        enum err err =
            db_int(ctx, db, SQL_ROLLUP_VALUE, &sum, param_int(basis), param_int(DIMENSION_ALL));
        if (err)
            return err;
        *ret += sum;
    }
    for (size_t i = 0; i < log->count; i++)
        if (log->deltas[i].key.dimension == DIMENSION_ALL)
            *ret += log->deltas[i].value.value_minor;
    return OK;
}

/* Keeps every sum of amounts, over whatever cells, within 64 bits. The bound only ever grows, so
 * when it passes the limit it is read anew before anybody is refused. */
static enum err bound_value(struct ctx *ctx, struct db *db, struct rollup_log *log, int64_t more)
{
    if (more <= 0)
        return OK;
    if (log->value_bound == NO_INT || log->value_bound > VALUE_MAX - more) {
        enum err err = read_value(ctx, db, log, &log->value_bound);
        if (err)
            return err;
    }
    if (log->value_bound > VALUE_MAX - more)
        return fail_member(ctx, "amount_minor", "too_large",
                           "the amounts of all leads together would be too large to add up");
    log->value_bound += more;
    return OK;
}

enum err rollup_add(struct ctx *ctx, struct db *db, const struct rollup_key *key,
                    const struct rollup_value *value)
{
    struct rollup_log *log = db_rollups(db);
    enum err err =
        key->dimension == DIMENSION_ALL ? bound_value(ctx, db, log, value->value_minor) : OK;
    if (err)
        return err;
    if (key->member.length > MEMBER_BYTES_MAX)
        return fail(ctx, ERR_INTERNAL, NULL, "a rollup member of %zu bytes", key->member.length);
    if (!reserve((void **)&log->deltas, &log->capacity, log->count, 1, sizeof *log->deltas) ||
        !reserve((void **)&log->members, &log->member_capacity, log->member_bytes,
                 key->member.length + 1, 1))
        return fail(ctx, ERR_MEMORY, NULL, "no memory for rollups");
    if (key->member.length > 0)
        memcpy(log->members + log->member_bytes, key->member.data, key->member.length);
    log->deltas[log->count++] =
        (struct delta){ .key = *key, .value = *value, .member_at = log->member_bytes };
    log->member_bytes += key->member.length;
    return OK;
}

static int compare_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* In the order of the table's primary key, so that neighbours share pages. */
static int delta_compare(const void *left, const void *right)
{
    const struct rollup_key *a = &((const struct delta *)left)->key,
                            *b = &((const struct delta *)right)->key;
    int order = compare_ints(a->basis, b->basis);
    if (!order)
        order = compare_ints(a->dimension, b->dimension);
    if (!order)
        order = compare_ints(a->rollups_id, b->rollups_id);
    if (!order)
        order = compare_ints(a->day, b->day);
    if (!order) {
        size_t common = a->member.length < b->member.length ? a->member.length : b->member.length;
        order = common > 0 ? memcmp(a->member.data, b->member.data, common) : 0;
    }
    if (!order)
        order = compare_ints((int64_t)a->member.length, (int64_t)b->member.length);
    return order ? order : compare_ints(a->item, b->item);
}

void rollup_value_add(struct rollup_value *sum, const struct rollup_value *value)
{
    sum->entered += value->entered;
    sum->reached += value->reached;
    sum->value_minor += value->value_minor;
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        sum->within[i] += value->within[i];
}

static uint64_t hash_int(uint64_t hash, int64_t value)
{
    hash = (hash ^ (uint64_t)value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 32);
}

static uint64_t cell_hash(const struct rollup_key *key)
{
    uint64_t hash = hash_int((uint64_t)key->basis << 8 | (uint64_t)key->dimension, key->day);
    hash = hash_int(hash_int(hash, key->rollups_id), key->item);
    for (size_t i = 0; i < key->member.length; i++)
        hash = (hash ^ key->member.data[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 32);
}

/* Adds up what is of the same cell, before anything is sorted: a batch moves few cells, often. */
static enum err gather(struct ctx *ctx, struct rollup_log *log)
{
    size_t places = 64, cells = 0;
    while (places < 2 * log->count)
        places *= 2;
    uint32_t *cell_at = ctx_alloc(ctx, places * sizeof *cell_at); /* its number from 1; 0: none */
    if (!cell_at)
        return ERR_MEMORY;
    for (size_t i = 0; i < log->count; i++) {
        const struct delta *delta = &log->deltas[i];
        size_t place = cell_hash(&delta->key) & (places - 1);
        while (cell_at[place] && delta_compare(&log->deltas[cell_at[place] - 1], delta) != 0)
            place = (place + 1) & (places - 1);
        if (cell_at[place]) {
            rollup_value_add(&log->deltas[cell_at[place] - 1].value, &delta->value);
        } else {
            log->deltas[cells] = *delta;
            cell_at[place] = (uint32_t)++cells;
        }
    }
    log->count = cells;
    return OK;
}

static bool value_is_zero(const struct rollup_value *value)
{
    return memcmp(value, &(struct rollup_value){ 0 }, sizeof *value) == 0;
}

static bool has_horizons(const struct rollup_value *value)
{
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        if (value->within[i])
            return true;
    return false;
}

static enum err write_cell(struct ctx *ctx, struct db *db, const struct rollup_key *key,
                           const struct rollup_value *value)
{
    const int64_t *within = value->within;
    const struct param params[] = { param_int(key->basis),
                                    param_int(key->dimension),
                                    param_int(key->rollups_id),
                                    param_int(key->day),
                                    param_bytes(key->member.data, key->member.length),
                                    param_int(key->item),
                                    param_int(value->entered),
                                    param_int(value->reached),
                                    param_int(value->value_minor),
                                    param_int(within[0]),
                                    param_int(within[1]),
                                    param_int(within[2]),
                                    param_int(within[3]),
                                    param_int(within[4]),
                                    param_int(within[5]),
                                    param_int(within[6]),
                                    param_int(within[7]) };
    enum { WITHOUT_HORIZONS = ARRAY_SIZE(params) - HORIZON_COUNT };
    enum err err = has_horizons(value)
                       ? db_exec_params(ctx, db, SQL_ROLLUP_ADD_WITHIN, params, ARRAY_SIZE(params))
                       : db_exec_params(ctx, db, SQL_ROLLUP_ADD, params, WITHOUT_HORIZONS);
    if (err || db_changes(db) > 0)
        return err;
    return db_exec_params(ctx, db, SQL_ROLLUP_INSERT, params, ARRAY_SIZE(params));
}

static bool takes_away(const struct rollup_value *value)
{
    bool takes = value->entered < 0 || value->reached < 0 || value->value_minor < 0;
    for (size_t i = 0; i < HORIZON_COUNT; i++)
        takes |= value->within[i] < 0;
    return takes;
}

/* A cell that counts nothing any more goes where its member is what somebody wrote: that stays in
 * the file for no longer than a lead has it. */
static enum err tidy_cell(struct ctx *ctx, struct db *db, const struct rollup_key *key,
                          const struct rollup_value *added)
{
    if (key->dimension != DIMENSION_SOURCE || !takes_away(added))
        return OK;
    return db_exec(ctx, db, SQL_ROLLUP_REMOVE_EMPTY, param_int(key->basis),
                   param_int(key->dimension), param_int(key->rollups_id), param_int(key->day),
                   param_bytes(key->member.data, key->member.length), param_int(key->item));
}

enum err rollups_flush(struct ctx *ctx, struct db *db)
{
    struct rollup_log *log = db_rollups(db);
    for (size_t i = 0; i < log->count; i++)
        log->deltas[i].key.member.data = log->members + log->deltas[i].member_at;
    enum err err = gather(ctx, log);
    if (!err && log->count > 1)
        qsort(log->deltas, log->count, sizeof *log->deltas, delta_compare);
    for (size_t i = 0; i < log->count && !err; i++) {
        const struct delta *cell = &log->deltas[i];
        if (value_is_zero(&cell->value))
            continue;
        err = write_cell(ctx, db, &cell->key, &cell->value);
        if (!err)
            err = tidy_cell(ctx, db, &cell->key, &cell->value);
        db_note(db, CHANGE_ROLLUPS);
    }
    return err;
}

enum err rollup_sums(struct ctx *ctx, struct db *db, const struct rollup_range *range,
                     struct rows *ret)
{
    int sql = range->with_horizons ? SQL_ROLLUP_SUMS_WITHIN : SQL_ROLLUP_SUMS;
    return db_rows(ctx, db, sql, ret, param_int(range->basis), param_int(range->dimension),
                   param_int(range->rollups_id), param_int(range->from_day),
                   param_int(range->to_day));
}

enum err rollups_id_next(struct ctx *ctx, struct db *db, int64_t *ret)
{
    return db_int_params(ctx, db, SQL_ROLLUPS_ID_NEXT, ret, NULL, 0);
}

enum err rollups_retire(struct ctx *ctx, struct db *db, int64_t rollups_id)
{
    return db_exec(ctx, db, SQL_ROLLUPS_RETIRE, param_int(rollups_id));
}

enum err rollups_retired(struct ctx *ctx, struct db *db, struct rows *ret)
{
    return db_rows_params(ctx, db, SQL_ROLLUPS_RETIRED, ret, NULL, 0);
}

enum err rollups_sweep(struct ctx *ctx, struct db *db, int64_t rollups_id, int64_t limit,
                       int64_t *ret_count)
{
    enum err err = OK;
    *ret_count = 0;
    for (int basis = ROLLUP_COHORT; basis <= ROLLUP_OPEN && !err; basis++)
        for (int dimension = 0; dimension < DIMENSION_COUNT && !err; dimension++) {
            if (*ret_count == limit)
                return OK;
            err = db_exec(ctx, db, SQL_ROLLUPS_SWEEP, param_int(basis), param_int(dimension),
                          param_int(rollups_id), param_int(limit - *ret_count));
            *ret_count += err ? 0 : db_changes(db);
        }
    if (err || *ret_count == limit)
        return err;
    return db_exec(ctx, db, SQL_ROLLUPS_RETIRED_REMOVE, param_int(rollups_id));
}

enum err rollup_each(struct ctx *ctx, struct db *db, db_visit *visit, void *self)
{
    struct rollup_row row;
    return db_each(ctx, db, SQL_ROLLUP_ALL, &row, visit, self);
}
