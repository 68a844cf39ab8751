/* query.c: statements of parts: constant texts put one behind the other, and the 64 combinations
 * used last. Only texts from the .sql files are put together here, never values. */
#include "db_private.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

/* Room for `count` items; false: no memory. */
static bool grow(struct arena *arena, void **items, size_t count, size_t *room, size_t size)
{
    if (count <= *room)
        return true;
    size_t more = *room ? *room * 2 : 32;
    more = more < count ? count : more;
    void *larger = arena_take(arena, more * size);
    if (!larger)
        return false;
    if (*room)
        memcpy(larger, *items, *room * size);
    *items = larger;
    *room = more;
    return true;
}

void query_part_params(struct query *query, int sql, const struct param *params, size_t count)
{
    assert(query->arena); /* it begins as { .arena = ctx->arena } */
    /* Too much is remembered as one more than fits, and refused when the query is run. */
    bool fits =
        query->part_count < QUERY_PARTS_MAX && query->param_count + count <= QUERY_PARAMS_MAX;
    if (!fits ||
        !grow(query->arena, (void **)&query->parts, query->part_count + 1, &query->part_room,
              sizeof *query->parts) ||
        !grow(query->arena, (void **)&query->params, query->param_count + count, &query->param_room,
              sizeof *query->params)) {
        query->part_count = QUERY_PARTS_MAX + (fits ? 2 : 1);
        return;
    }
    query->parts[query->part_count++] = sql;
    for (size_t i = 0; i < count; i++)
        query->params[query->param_count++] = params[i];
}

/* The text of a part, its $1 becoming $(offset + 1) and so on. Quoted texts hold no parameters:
 * embed_sql leaves quoted '$1' as it is, so they are stepped over here too. */
static void part_append(struct buffer *buffer, const char *text, int offset)
{
    bool quoted = false;
    while (*text) {
        quoted ^= *text == '\'';
        if (quoted || text[0] != '$' || !isdigit((unsigned char)text[1])) {
            buffer_char(buffer, *text++);
            continue;
        }
        int64_t number = 0;
        for (text++; isdigit((unsigned char)*text); text++)
            number = number * 10 + (*text - '0');
        buffer_char(buffer, '$');
        buffer_int(buffer, number + offset);
    }
}

static enum err query_check(struct ctx *ctx, const struct db *db, const struct query *query)
{
    if (query->part_count == QUERY_PARTS_MAX + 2)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a statement of parts");
    if (query->part_count == 0 || query->part_count > QUERY_PARTS_MAX)
        return fail(ctx, ERR_INTERNAL, NULL,
                    "a statement of parts has none, or more than %d with %d parameters",
                    QUERY_PARTS_MAX, QUERY_PARAMS_MAX);
    for (size_t i = 0; i < query->part_count; i++)
        if (query->parts[i] < 0 || (size_t)query->parts[i] >= db->catalogue->text_count)
            return fail(ctx, ERR_INTERNAL, NULL, "there is no statement %d", query->parts[i]);
    return OK;
}

static enum err query_prepare(struct ctx *ctx, struct db *db, const struct query *query,
                              struct prepared *prepared)
{
    const struct sql_text *texts = db->catalogue->texts;
    struct sql_text whole = { .name = texts[query->parts[0]].name,
                              .row = texts[query->parts[0]].row };
    struct buffer buffer = { .arena = ctx->arena };
    for (size_t i = 0; i < query->part_count; i++) {
        const struct sql_text *part = &texts[query->parts[i]];
        if (i > 0)
            buffer_char(&buffer, ' ');
        part_append(&buffer, part->text, whole.params);
        whole.params += part->params;
    }
    buffer_char(&buffer, '\0');
    if (buffer.failed)
        return fail(ctx, ERR_MEMORY, NULL, "statement %s: no memory", whole.name);
    whole.text = buffer.data;
    db->query_prepares++;
    return prepared_open(ctx, db, &whole, /* keep= */ true, prepared);
}

static struct kept_query *query_find(struct db *db, const struct query *query)
{
    for (size_t i = 0; i < QUERIES_KEPT; i++) {
        struct kept_query *kept = &db->queries[i];
        if (kept->used && kept->part_count == query->part_count &&
            memcmp(kept->parts, query->parts, query->part_count * sizeof query->parts[0]) == 0)
            return kept;
    }
    return NULL;
}

/* The slot used longest ago whose statement does not run: a walk over one query may run others. */
static struct kept_query *query_slot(struct db *db)
{
    struct kept_query *oldest = NULL;
    for (size_t i = 0; i < QUERIES_KEPT; i++) {
        struct kept_query *kept = &db->queries[i];
        if (!kept->prepared.running && (!oldest || kept->used < oldest->used))
            oldest = kept;
    }
    return oldest;
}

static enum err query_prepared(struct ctx *ctx, struct db *db, const struct query *query,
                               struct prepared **ret)
{
    enum err err = query_check(ctx, db, query);
    if (err)
        return err;
    struct kept_query *kept = query_find(db, query);
    if (!kept) {
        kept = query_slot(db);
        if (!kept)
            return fail(ctx, ERR_INTERNAL, NULL, "%d statements of parts run at once",
                        QUERIES_KEPT);
        prepared_close(db, &kept->prepared);
        kept->used = 0;
        err = query_prepare(ctx, db, query, &kept->prepared);
        if (err)
            return err;
        bool found_again = query->part_count <= QUERY_KEPT_PARTS_MAX;
        kept->part_count = found_again ? query->part_count : 0;
        memcpy(kept->parts, query->parts, kept->part_count * sizeof kept->parts[0]);
    }
    kept->used = ++db->query_clock;
    *ret = &kept->prepared;
    return OK;
}

enum err query_rows(struct ctx *ctx, struct db *db, const struct query *query, struct rows *ret)
{
    struct prepared *prepared = NULL;
    enum err err = query_prepared(ctx, db, query, &prepared);
    return err ? err : run_rows(ctx, db, prepared, ret, query->params, query->param_count);
}

enum err query_each(struct ctx *ctx, struct db *db, const struct query *query, void *row,
                    db_visit *visit, void *self)
{
    struct prepared *prepared = NULL;
    enum err err = query_prepared(ctx, db, query, &prepared);
    return err ? err
               : run_each(ctx, db, prepared, row, visit, self, query->params, query->param_count);
}

enum err query_int(struct ctx *ctx, struct db *db, const struct query *query, int64_t *ret)
{
    struct prepared *prepared = NULL;
    enum err err = query_prepared(ctx, db, query, &prepared);
    return err ? err : run_int(ctx, db, prepared, ret, query->params, query->param_count);
}

void queries_close(struct db *db)
{
    for (size_t i = 0; i < QUERIES_KEPT; i++)
        prepared_close(db, &db->queries[i].prepared);
}
