/* world.h: what the property tests of crm share: a real store in a directory of its own with the
 * model beside it, operations on both, and the comparison of the two. */
#ifndef FUNNELD_TESTS_CRM_WORLD_H
#define FUNNELD_TESTS_CRM_WORLD_H

#include "model.h"
#include "random.h"
#include "tests/store/core.h"

#define WORLD_START INT64_C(1700000000000)

/* ---- The world ---- */

enum world_kind {
    WORLD_DEFAULT, /* the rules of a new installation */
    WORLD_ODD,     /* rules with fractions, penalties and two stages; days of another zone */
    WORLD_RANDOM,  /* rules of the world's seed */
    WORLD_KINDS
};

struct world {
    enum world_kind kind;
    struct core core; /* core.ctx.now_ms is the time of this world */
    struct db *reader;
    struct model model;
    struct arena catalog_arena; /* what the model reads of the installation */
    char why[1024];             /* the first thing that was not as it should be */
};

void world_make(struct world *world, enum world_kind kind);
void world_make_seeded(struct world *world, enum world_kind kind, uint64_t seed);
void world_done(struct world *world);

/* What the writer does around commands: see server/store/batch.c. */
void world_begin(struct world *world);
/* Rollups, then COMMIT; lost: everything since world_begin() is gone instead. */
void world_end(struct world *world, bool lost);
/* SQL behind everybody's back. */
void world_tamper(struct world *world, const char *text);
/* What check_run() finds wrong: leads and cells. */
int64_t world_findings(struct world *world);

/* A lead with that address; an activity of it, at NO_INT: now. */
struct id world_lead(struct world *world, const char *email);
void world_record(struct world *world, const struct id *lead, const char *type, int64_t at);

bool differs(struct world *world, const char *format, ...) _printf_(2, 3); /* notes; true */

/* ---- Operations ---- */

enum op_kind {
    OP_CREATE,
    OP_IMPORT,
    OP_EDIT,
    OP_ACTIVITY,
    OP_AMEND, /* an activity is corrected, reclassified or taken back */
    OP_MOVE,
    OP_CLOSE,
    OP_STAGE_IMPORT,
    OP_ATTACH,
    OP_ERASE,
    OP_VISIT, /* what is due is brought up to date */
    OP_KINDS
};

struct op {
    int number;
    enum op_kind kind;
    int64_t now;
    bool abandoned; /* its savepoint is rolled back although it succeeded */
    int lead;       /* index into the model's; -1: one that is not there */
    struct model_put put;
    unsigned present; /* attributes that an edit names */
    int64_t expected_version;
    struct model_activity activity;
    enum amend amend;
    size_t happening;  /* of the lead, that is amended */
    int stage, status; /* NO_STAGE, UNKNOWN; enum lead_status */
    enum cause cause;
    bool reason, facts; /* it says why; an erasure takes them too */
    int64_t occurred_at, amount_minor;
    int campaign;
};

/* The operation of that number under that seed, in the world as it is. */
void op_make(const struct world *world, uint64_t seed, int number, struct op *ret);
/* lost: with its whole transaction */
void op_print(const struct op *op, bool lost, const struct model *model, char *text, size_t size);
/* On the store, and on the model unless `lost`; false with world->why when they differ. */
bool op_run(struct world *world, const struct op *op, bool lost);

/* ---- Comparison ---- */

/* One lead, on that connection. */
bool agree_lead(struct world *world, struct db *db, struct model_lead *lead);
/* Everything that is committed. */
bool agree(struct world *world);

#endif
