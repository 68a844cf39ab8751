/* idempotency.c: answers kept for retries, row by row. When one is used again is not decided
 * here. */
#include "sql.h"

#include <funneld/records.h>

/* The console has no key: its id is nil, which a parameter would turn into NULL. */
static struct param key_param(const struct kept_answer *answer)
{
    return param_bytes(answer->key_id.bytes, sizeof answer->key_id.bytes);
}

enum err kept_answer_find(struct ctx *ctx, struct db *db, const struct id *key_id, const char *key,
                          struct kept_answer *ret)
{
    return db_one(ctx, db, SQL_KEPT_ANSWER_FIND, ret,
                  param_bytes(key_id->bytes, sizeof key_id->bytes), param_text(key));
}

enum err kept_answer_insert(struct ctx *ctx, struct db *db, const struct kept_answer *answer)
{
    return db_exec(ctx, db, SQL_KEPT_ANSWER_INSERT, key_param(answer), param_text(answer->key),
                   param_bytes(answer->fingerprint.data, answer->fingerprint.length),
                   param_int(answer->created_at));
}

enum err kept_answer_fill(struct ctx *ctx, struct db *db, const struct kept_answer *answer)
{
    return db_exec(ctx, db, SQL_KEPT_ANSWER_FILL, key_param(answer), param_text(answer->key),
                   param_int(answer->status), param_text(answer->location),
                   param_text(answer->etag), param_bytes(answer->body.data, answer->body.length),
                   param_id(&answer->lead_id));
}

enum err kept_answer_show(struct ctx *ctx, struct db *db, const struct kept_answer *answer,
                          const struct id *lead_id)
{
    return db_exec(ctx, db, SQL_KEPT_ANSWER_SHOW, key_param(answer), param_text(answer->key),
                   param_id(lead_id));
}

enum err kept_answer_delete(struct ctx *ctx, struct db *db, const struct kept_answer *answer)
{
    return db_exec(ctx, db, SQL_KEPT_ANSWER_DELETE, key_param(answer), param_text(answer->key));
}

enum err kept_answers_expire(struct ctx *ctx, struct db *db, int64_t before, int64_t limit)
{
    return db_exec(ctx, db, SQL_KEPT_ANSWERS_EXPIRE, param_int(before), param_int(limit));
}
