/* answer.h: what the service answers, read into structs by field tables. Private to server/cli. */
#ifndef FUNNELD_CLI_ANSWER_H
#define FUNNELD_CLI_ANSWER_H

#include "command.h"
#include "control.h"

/* JSON object -> *row by the table, cleared first. Members that the table lacks are passed over,
 * so that a newer daemon may say more. ERR_INTERNAL: not such an object. */
enum err answer_read(struct ctx *ctx, const struct answer *answer, const struct table *table,
                     void *row) _must_check_;
/* Complains about an answer that is no success, with what its problem document says. */
enum status answer_complain(struct ctx *ctx, const struct answer *answer);

#endif
