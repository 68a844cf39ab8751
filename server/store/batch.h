/* batch.h: commands run one behind the other in one transaction with one commit. Private to the
 * writer, on whose thread everything here happens. */
#ifndef FUNNELD_STORE_BATCH_H
#define FUNNELD_STORE_BATCH_H

#include <funneld/writer.h>

struct batch {
    struct db *db;
    struct command *first, **end; /* in the order they ran */
    size_t count;
    bool lost; /* the transaction could not begin, or the engine has rolled it back by itself */
    int64_t commit_us;

    /* From batch to batch. */
    struct ctx ctx; /* for what no command does: BEGIN, COMMIT, rollups */
    struct arena arena;
    struct id_source ids;
    int64_t now_ms;  /* never goes back, even when the clock does */
    int64_t kept_ms; /* what the file knows of it, at most TIME_KEPT_MS behind */
};

void batch_init(struct batch *batch, struct db *db);
/* Goes on from the time that the file knows. */
enum err batch_resume(struct ctx *ctx, struct batch *batch) _must_check_;
void batch_free(struct batch *batch);

void batch_begin(struct batch *batch);
/* Runs the command in a savepoint of its own. In a lost batch it only joins the others. */
void batch_run(struct batch *batch, struct command *command);
/* Commits. False: nothing of the batch was kept, and every command of it has ERR_STORAGE. */
bool batch_end(struct batch *batch);

/* A small real write and its commit: whether storage works again. */
bool batch_probe(struct batch *batch);
/* ERR_STORAGE for a command that was not run, or not kept. */
void command_fail_storage(struct command *command);

#endif
