/* tally.c: what of a lead's past its next activity needs, in as few bytes as can be: how its
 * conditions stand, where its course is, and for each selector how much it has selected and the
 * times of that which can still matter. Pure. */
#include "course.h"

/* Above some 2 KiB a row spills over to further pages. So long as it does not spill over too many,
 * reading and writing them is cheaper by far than the log that they stand for. */
enum { TALLY_BYTES_MAX = 64 * 1024, VARINT_BYTES_MAX = 10 };

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

/* ---- Conditions: two bits each ---- */

static void put_conditions(struct writer_to *to, const uint8_t *holds, size_t count)
{
    for (size_t i = 0; i < count; i += 3) {
        uint64_t three = 0;
        for (size_t j = 0; j < 3 && i + j < count; j++)
            three |= (uint64_t)(holds[i + j] & 3) << (2 * j);
        put_number(to, three);
    }
}

static void take_conditions(struct reader_from *from, uint8_t *holds, size_t count)
{
    for (size_t i = 0; i < count; i += 3) {
        uint64_t three = take_number(from);
        for (size_t j = 0; j < 3 && i + j < count; j++)
            holds[i + j] = three >> (2 * j) & 3;
    }
}

/* ---- Times: how many there were, how many are kept, and how far back each is from the one
 * before ---- */

static size_t first_kept(const struct selected *selected, const struct keep *keep, int64_t at)
{
    size_t first = selected->count;
    int64_t oldest = at - keep->days * MS_PER_DAY; /* as old as this is too old */
    while (first > 0 && selected->count - first < keep->times &&
           selected->times[first - 1] > oldest)
        first--;
    return first;
}

static void put_times(struct writer_to *to, const struct selected *selected,
                      const struct keep *keep, int64_t at)
{
    size_t first = first_kept(selected, keep, at);
    put_number(to, (uint64_t)selected->earlier + selected->count);
    if (selected->earlier + (int64_t)selected->count == 0)
        return;
    put_number(to, selected->count - first);
    int64_t last = at + 1; /* no fact is later */
    for (size_t i = selected->count; i-- > first; last = selected->times[i])
        put_number(to, (uint64_t)(last - selected->times[i]));
}

static enum err take_times(struct ctx *ctx, struct reader_from *from, int64_t at,
                           struct selected *ret)
{
    uint64_t all = take_number(from), kept = all ? take_number(from) : 0;
    if (kept > from->length || kept > all) {
        from->broken = true;
        return OK;
    }
    size_t capacity = 1; /* as facts_add() expects it */
    while (capacity < kept)
        capacity *= 2;
    int64_t *times = kept ? ctx_alloc(ctx, capacity * sizeof *times) : NULL;
    if (kept && !times)
        return ERR_MEMORY;
    int64_t last = at + 1;
    for (size_t i = (size_t)kept; i-- > 0;)
        times[i] = last -= (int64_t)take_number(from);
    *ret = (struct selected){ times, (size_t)kept, (int64_t)(all - kept) };
    return OK;
}

/* ---- The whole ---- */

enum { PENDING = 1, BELOW = 2 };

/* Room for as many numbers as there may be, and no more than is kept. */
static enum err make_room(struct ctx *ctx, const struct facts *facts, int64_t at,
                          struct writer_to *ret)
{
    const struct scoring *scoring = facts->scoring;
    size_t numbers = 4 + RULES_MAX + CRITERIA_MAX;
    for (size_t i = 0; i < scoring->selectors.count; i++) {
        const struct selected *selected = &facts->selected[i];
        numbers += 2 + selected->count - first_kept(selected, &scoring->keep[i], at);
    }
    size_t bytes = numbers * VARINT_BYTES_MAX;
    *ret = (struct writer_to){ .room = bytes < TALLY_BYTES_MAX ? bytes : TALLY_BYTES_MAX };
    ret->data = ctx_alloc(ctx, ret->room);
    return ret->data ? OK : ERR_MEMORY;
}

enum err tally_encode(struct ctx *ctx, const struct tally *tally, const struct facts *facts,
                      struct bytes *ret)
{
    const struct scoring *scoring = facts->scoring;
    const struct course *course = &tally->course;
    struct writer_to to;
    enum err err = make_room(ctx, facts, course->at, &to);
    if (err)
        return err;
    bool below = course->below_since != NO_INT;
    put_number(&to, (tally->pending ? PENDING : 0) | (below ? BELOW : 0));
    put_number(&to, course->muted);
    if (below)
        put_number(&to, (uint64_t)(course->at - course->below_since));
    put_conditions(&to, facts->holds, scoring->rules->rules.count);
    put_conditions(&to, facts->holds + RULES_MAX, scoring->rules->criteria.count);
    for (size_t i = 0; i < scoring->selectors.count; i++)
        put_times(&to, &facts->selected[i], &scoring->keep[i], course->at);
    *ret = to.full ? (struct bytes){ 0 } : (struct bytes){ to.data, to.length };
    return OK;
}

enum err tally_decode(struct ctx *ctx, const struct scoring *scoring, const struct lead *lead,
                      struct tally *ret, struct facts *ret_facts)
{
    struct reader_from from = { lead->tally.data, lead->tally.length, 0, false };
    enum err err = facts_start(ctx, scoring, ret_facts);
    if (err)
        return err;
    uint64_t flags = take_number(&from);
    *ret = (struct tally){ .pending = flags & PENDING };
    ret->course = (struct course){ .at = lead->last_fact_at,
                                   .muted = (uint32_t)take_number(&from),
                                   .below_since = NO_INT };
    if (flags & BELOW)
        ret->course.below_since = lead->last_fact_at - (int64_t)take_number(&from);
    take_conditions(&from, ret_facts->holds, scoring->rules->rules.count);
    take_conditions(&from, ret_facts->holds + RULES_MAX, scoring->rules->criteria.count);
    for (size_t i = 0; i < scoring->selectors.count && !err; i++)
        err = take_times(ctx, &from, lead->last_fact_at, &ret_facts->selected[i]);
    if (!err && (from.broken || from.at != from.length))
        err = fail(ctx, ERR_CORRUPT, NULL, "a lead's tally cannot be read");
    return err;
}
