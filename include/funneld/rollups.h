/* rollups.h: the cells that funnels are read from, by day and by one dimension: what each holds,
 * how it is added to and summed. Errors are those of db.h. */
#ifndef FUNNELD_ROLLUPS_H
#define FUNNELD_ROLLUPS_H

#include <funneld/base.h>
#include <funneld/db.h>
#include <funneld/field.h>

enum rollup_basis { ROLLUP_COHORT, ROLLUP_PERIOD, ROLLUP_OPEN };
enum dimension {
    DIMENSION_ALL,
    DIMENSION_SOURCE,
    DIMENSION_CAMPAIGN,
    DIMENSION_OWNER,
    DIMENSION_COUNT
};
extern const char *const dimension_names[];
extern const char *const basis_names[]; /* cohort, period */

/* What a cell counts: a stage (its id), or one of these. */
enum { ROLLUP_ITEM_WON = -1, ROLLUP_ITEM_LOST = -2, ROLLUP_ITEM_DISQUALIFIED = -3 };

/* Horizons of "reached within N days of creation". */
enum { HORIZON_COUNT = 8 };
extern const int horizon_days[HORIZON_COUNT];

struct rollup_key {
    enum rollup_basis basis;
    enum dimension dimension;
    int64_t rollups_id;  /* of a pipeline */
    int64_t day;         /* of creation (cohort) or of the event (period), 0 for open */
    struct bytes member; /* source text, campaign or owner id; empty: none */
    int64_t item;
};

struct rollup_value {
    int64_t entered; /* entries */
    int64_t reached; /* leads */
    int64_t value_minor;
    int64_t within[HORIZON_COUNT]; /* leads; cohort only */
};

/* A row of the table, or of a sum over days. */
struct rollup_row {
    int64_t basis, dimension, rollups_id, day;
    struct bytes member;
    int64_t item;
    struct rollup_value value; /* `within` is NO_INT where it was not asked for */
};
extern const struct table rollup_table;

void rollup_value_add(struct rollup_value *sum, const struct rollup_value *value);
/* Adds to a cell; the sums reach the table with the commit. Dropped again by db_rollback_to(). */
enum err rollup_add(struct ctx *ctx, struct db *db, const struct rollup_key *key,
                    const struct rollup_value *value) _must_check_;
/* Which cells to sum: of the days in [from_day, to_day). */
struct rollup_range {
    enum rollup_basis basis;
    enum dimension dimension;
    int64_t rollups_id; /* of a pipeline */
    int64_t from_day, to_day;
    bool with_horizons; /* the within_* members too; otherwise NO_INT */
};

/* Sums per (member, item), by member, then item: struct rollup_row. */
enum err rollup_sums(struct ctx *ctx, struct db *db, const struct rollup_range *range,
                     struct rows *ret) _must_check_;
enum err rollup_each(struct ctx *ctx, struct db *db, db_visit *visit, void *self) _must_check_;

/* A number for the cells of a pipeline that is not given out yet. */
enum err rollups_id_next(struct ctx *ctx, struct db *db, int64_t *ret) _must_check_;
/* Cells of that number are read by nobody any more. */
enum err rollups_retire(struct ctx *ctx, struct db *db, int64_t rollups_id) _must_check_;
enum err rollups_retired(struct ctx *ctx, struct db *db, struct rows *ret)
    _must_check_; /* struct rollup_row, of which only rollups_id is set */
/* Removes at most `limit` cells of a retired number and says how many; fewer: it is used up. */
enum err rollups_sweep(struct ctx *ctx, struct db *db, int64_t rollups_id, int64_t limit,
                       int64_t *ret_count) _must_check_;

#endif
