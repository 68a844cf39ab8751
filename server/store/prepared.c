/* prepared.c: turns a text into a statement that is ready to run, once per connection. Knows
 * nothing of rows. */
#include "db_private.h"

#include <stdlib.h>

enum err prepared_open(struct ctx *ctx, struct db *db, const struct sql_text *text, bool keep,
                       struct prepared *prepared)
{
    *prepared = (struct prepared){ .name = text->name, .row = text->row };
    enum err err = db->driver->prepare(ctx, db->connection, text->name, text->text, keep,
                                       &prepared->statement);
    if (err)
        return err;
    prepared->writes = db->driver->writes(prepared->statement);
    prepared->param_count = db->driver->param_count(prepared->statement);
    prepared->column_count = db->driver->column_count(prepared->statement);
    if (prepared->param_count != text->params)
        err = fail(ctx, ERR_INTERNAL, NULL, "statement %s: has %d parameters, not %d", text->name,
                   prepared->param_count, text->params);
    else if (prepared->row)
        err = row_map(ctx, db, prepared);
    if (err)
        prepared_close(db, prepared);
    return err;
}

void prepared_close(struct db *db, struct prepared *prepared)
{
    if (prepared->statement)
        db->driver->finish(prepared->statement);
    free(prepared->columns);
    free(prepared->wants);
    free(prepared->blank);
    *prepared = (struct prepared){};
}

enum err prepared_named(struct ctx *ctx, struct db *db, int sql, struct prepared **ret)
{
    if (sql < 0 || (size_t)sql >= db->catalogue->text_count)
        return fail(ctx, ERR_INTERNAL, NULL, "there is no statement %d", sql);
    struct prepared *prepared = &db->named[sql];
    if (!prepared->statement) {
        enum err err =
            prepared_open(ctx, db, &db->catalogue->texts[sql], /* keep= */ true, prepared);
        if (err)
            return err;
    }
    *ret = prepared;
    return OK;
}
