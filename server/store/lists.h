/* lists.h: what lists are put together from: the order of rows that are told apart by their id, and
 * conditions; and lists of texts within a row. Private to server/store. */
#ifndef FUNNELD_STORE_LISTS_H
#define FUNNELD_STORE_LISTS_H

#include <funneld/records.h>

struct condition;

/* Ends the statement: where to go on, the order, how many. */
void query_by_id(struct query *query, const struct id_range *range);
/* The whole of it, where nothing else narrows the list. */
enum err rows_by_id(struct ctx *ctx, struct db *db, int sql, const struct id_range *range,
                    struct rows *ret) _must_check_;

/* Narrows a list of leads (l, and s where it asks how they stand) to those for which the condition
 * holds; false: to those and some others. */
bool query_condition(struct query *query, const struct condition *condition);
/* Sets what it asks for: who they are, how they stand. */
void condition_tables(const struct condition *condition, bool *ret_lead, bool *ret_state);

/* Narrows a list of leads (l and s), or of their stage events, to those that figures count. */
void query_counted(struct query *query);
/* Narrows a list of leads to those that got there. */
void query_reached(struct query *query, const struct reached_filter *reached);
/* As condition_tables(). */
void reached_tables(const struct reached_filter *reached, bool *ret_lead, bool *ret_state);

/* A list of texts is kept as lines; NULL when there are none. */
enum err lines_join(struct ctx *ctx, const struct texts *texts, const char **ret) _must_check_;

#endif
