/* lists.h: lists whose rows are told apart, and ordered, by their id. Private to server/store. */
#ifndef FUNNELD_STORE_LISTS_H
#define FUNNELD_STORE_LISTS_H

#include <funneld/store.h>

/* Ends the statement: where to go on, the order, how many. */
void query_by_id(struct query *query, const struct id_range *range);
/* The whole of it, where nothing else narrows the list. */
enum err rows_by_id(struct ctx *ctx, struct db *db, int sql, const struct id_range *range,
                    struct rows *ret) _must_check_;

#endif
