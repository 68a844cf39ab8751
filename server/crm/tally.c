/* tally.c: what of a lead's past its next activity needs, in as few bytes as can be: how its
 * conditions stand, where its course is, and for each selector the times that can still matter
 * and, where that does, how many there were before. Pure. */
#include "course.h"

/* Above some 2 KiB a row spills over to further pages. So long as it does not spill over too many,
 * reading and writing them is cheaper by far than the log that they stand for. */
enum { TALLY_BYTES_MAX = 64 * 1024, VARINT_BYTES_MAX = 10 };

/* No more of what only a late fact can need is kept of a selector, and of all of them. */
enum { REACH_TIMES = 64, REACH_TIMES_ALL = 4096 };

/* ---- Bytes ---- */

struct writer_to {
    uint8_t *data;
    size_t length, room;
    bool full; /* there was more */
};

static void put_number(struct writer_to *to, uint64_t number)
{
    if (to->room - to->length < VARINT_BYTES_MAX) {
        to->full = true;
        return;
    }
    for (; number >= 0x80; number >>= 7)
        to->data[to->length++] = (uint8_t)(number | 0x80);
    to->data[to->length++] = (uint8_t)number;
}

struct reader_from {
    const uint8_t *data;
    size_t length, at;
    bool broken;
};

static uint64_t take_number(struct reader_from *from)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (from->at >= from->length)
            break;
        uint8_t byte = from->data[from->at++];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return number;
    }
    from->broken = true;
    return 0;
}

/* ---- Conditions and attributes: a few bits each ---- */

enum { CONDITION_BITS = 2, PASSES_BITS = 1 };

static void put_packed(struct writer_to *to, const uint8_t *values, size_t count, unsigned bits)
{
    if (to->room - to->length < count) {
        to->full = true;
        return;
    }
    for (size_t i = 0; i < count;) {
        unsigned byte = 0;
        for (unsigned shift = 0; shift < 8 && i < count; shift += bits)
            byte |= (unsigned)values[i++] << shift;
        to->data[to->length++] = (uint8_t)byte;
    }
}

static void take_packed(struct reader_from *from, uint8_t *values, size_t count, unsigned bits)
{
    for (size_t i = 0; i < count; from->at++) {
        if (from->at >= from->length) {
            from->broken = true;
            return;
        }
        for (unsigned shift = 0; shift < 8 && i < count; shift += bits)
            values[i++] = from->data[from->at] >> shift & ((1u << bits) - 1);
    }
}

/* ---- Times: how many there were before those that are kept, where that matters; how many are
 * kept, and how far back each is from the one before ---- */

int64_t tally_reach(const struct facts *facts, int64_t at)
{
    size_t count = facts->scoring->selectors.count;
    size_t most = count * REACH_TIMES > REACH_TIMES_ALL ? REACH_TIMES_ALL / count : REACH_TIMES;
    int64_t reach = at - TALLY_REACH_MS;
    for (size_t i = 0; i < count; i++) {
        const struct selected *selected = &facts->selected[i];
        if (selected->count <= most)
            continue;
        int64_t time = selected->times[selected->count - 1 - most];
        reach = time > reach ? time : reach;
    }
    return reach < at ? reach : at;
}

static size_t first_kept(const struct selected *selected, const struct keep *keep, int64_t reach)
{
    size_t within = selected->count;
    while (within > 0 && selected->times[within - 1] >= reach)
        within--;
    size_t first = within;
    int64_t oldest = reach - keep->days * MS_PER_DAY; /* as old as this is too old */
    while (first > 0 && within - first < keep->times && selected->times[first - 1] > oldest)
        first--;
    return first;
}

static void put_times(struct writer_to *to, const struct selected *selected,
                      const struct keep *keep, int64_t reach, int64_t at)
{
    size_t first = first_kept(selected, keep, reach);
    if (keep->total)
        put_number(to, (uint64_t)selected->earlier + first);
    put_number(to, selected->count - first);
    int64_t last = at + 1; /* no fact is later */
    for (size_t i = selected->count; i-- > first; last = selected->times[i])
        put_number(to, (uint64_t)(last - selected->times[i]));
}

static enum err take_times(struct ctx *ctx, struct reader_from *from, struct facts *facts,
                           size_t selector, int64_t at)
{
    struct selected *selected = &facts->selected[selector];
    if (facts->scoring->keep[selector].total)
        selected->earlier = (int64_t)take_number(from);
    uint64_t kept = take_number(from);
    if (kept == 0)
        return OK;
    if (kept > from->length) {
        from->broken = true;
        return OK;
    }
    size_t capacity = 1; /* as facts_add() expects it */
    while (capacity < kept)
        capacity *= 2;
    int64_t *times = arena_take(ctx->arena, capacity * sizeof *times);
    if (!times)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for a tally");
    int64_t last = at + 1;
    for (size_t i = (size_t)kept; i-- > 0;)
        times[i] = last -= (int64_t)take_number(from);
    selected->times = times;
    selected->count = (size_t)kept;
    facts_note_times(facts, selector);
    return OK;
}

/* ---- The whole ---- */

enum { PENDING = 1, BELOW = 2 };

/* Room for as many numbers as there may be. */
static enum err make_room(struct ctx *ctx, const struct facts *facts, struct writer_to *ret)
{
    const struct scoring *scoring = facts->scoring;
    size_t numbers = 4 + RULES_MAX + CRITERIA_MAX + scoring->selectors.fields;
    for (size_t i = 0; i < scoring->selectors.count; i++)
        numbers += 2 + facts->selected[i].count;
    size_t bytes = numbers * VARINT_BYTES_MAX;
    *ret = (struct writer_to){ .room = bytes < TALLY_BYTES_MAX ? bytes : TALLY_BYTES_MAX };
    ret->data = arena_take(ctx->arena, ret->room);
    return ret->data ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for a tally");
}

enum err tally_encode(struct ctx *ctx, const struct tally *tally, const struct facts *facts,
                      struct bytes *ret)
{
    const struct scoring *scoring = facts->scoring;
    const struct course *course = &tally->course;
    int64_t reach = tally_reach(facts, course->at);
    struct writer_to to;
    enum err err = make_room(ctx, facts, &to);
    if (err)
        return err;
    bool below = course->below_since != NO_INT;
    put_number(&to, (tally->pending ? PENDING : 0) | (below ? BELOW : 0));
    put_number(&to, tally->pending ? 0 : course->muted); /* with a fact they count again */
    if (below)
        put_number(&to, (uint64_t)(course->at - course->below_since));
    put_packed(&to, facts->holds, scoring->rules->rules.count, CONDITION_BITS);
    put_packed(&to, facts->holds + RULES_MAX, scoring->rules->criteria.count, CONDITION_BITS);
    put_packed(&to, facts->passes, scoring->selectors.fields, PASSES_BITS);
    for (size_t i = 0; i < scoring->selectors.count; i++)
        put_times(&to, &facts->selected[i], &scoring->keep[i], reach, course->at);
    *ret = to.full ? (struct bytes){ 0 } : (struct bytes){ to.data, to.length };
    return OK;
}

enum err tally_decode(struct ctx *ctx, const struct scoring *scoring, const struct lead *lead,
                      struct tally *ret, struct facts *ret_facts)
{
    struct reader_from from = { lead->tally.data, lead->tally.length, 0, false };
    enum err err = facts_start(ctx, scoring, ret_facts);
    uint8_t *passes = err ? NULL : ctx_alloc(ctx, scoring->selectors.fields + 1);
    if (!passes)
        return ERR_MEMORY;
    ret_facts->passes = passes;
    uint64_t flags = take_number(&from);
    *ret = (struct tally){ .pending = flags & PENDING };
    ret->course = (struct course){ .at = lead->last_fact_at,
                                   .muted = (uint32_t)take_number(&from),
                                   .below_since = NO_INT };
    if (flags & BELOW)
        ret->course.below_since = lead->last_fact_at - (int64_t)take_number(&from);
    take_packed(&from, ret_facts->holds, scoring->rules->rules.count, CONDITION_BITS);
    take_packed(&from, ret_facts->holds + RULES_MAX, scoring->rules->criteria.count,
                CONDITION_BITS);
    take_packed(&from, passes, scoring->selectors.fields, PASSES_BITS);
    for (size_t i = 0; i < scoring->selectors.count && !err; i++)
        err = take_times(ctx, &from, ret_facts, i, lead->last_fact_at);
    if (!err && (from.broken || from.at != from.length))
        err = fail(ctx, ERR_CORRUPT, NULL, "a lead's tally cannot be read");
    return err;
}
