/* attempt.c: leads one by one, so that one whose data are damaged stops nothing but itself. What is
 * done with them, and who is told of those that failed, is the caller's business. */
#include "history.h"

enum err lead_attempt(struct ctx *ctx, struct db *db, const struct id *lead_id, lead_visit *visit,
                      void *self, struct failure *ret_why)
{
    struct savepoint savepoint;
    *ret_why = (struct failure){ 0 };
    enum err err = db_savepoint(ctx, db, &savepoint);
    if (err)
        return err;
    err = visit(ctx, db, lead_id, self);
    if (!err)
        return db_release(ctx, db, &savepoint);
    /* the engine has given up the transaction, and with it all that was done before */
    if (!db_in_transaction(db))
        return err;
    db_rollback_to(db, &savepoint);
    if (err_may_pass(err) || !db_in_transaction(db))
        return err;
    *ret_why = ctx->failure;
    ret_why->err = err; /* who finds nothing records nothing */
    failure_clear(ctx);
    return OK;
}
