/* replay.c: automatic stage events, derived from the facts. Walks through a lead's time, from its
 * beginning or from the only new fact, and finds what the rules would have done by now; what
 * stands in the history and came out different is voided and replaced. So the order in which facts
 * arrive never matters. Knows nothing of requests or rollups. */
#include "course.h"
#include "history.h"
#include "past.h"

#include <string.h>

struct derived {
    struct step step;
    struct id owner;
};

struct walk {
    const struct history *history;
    struct ctx *ctx;
    enum err err; /* the first */
    struct past past;
    struct facts facts;
    struct log_times log;
    int64_t until;        /* what is behind it is passed over */
    int64_t last_fact;    /* NO_INT: none */
    int64_t open_from;    /* the first instant at which rules may act */
    bool acts_at_once;    /* there too, even without a fact */
    int64_t settled_from; /* what rules did from here on, and before open_from, stands */
    int64_t watch_from;   /* from here on the score may have been below the exit of the stage */
    int64_t automatic_at; /* when rules acted last in what stands; NO_INT: they did not */
    struct course course;
    bool started;
    struct tally tally; /* its course: as the next fact will find it */
    struct derived *derived;
    size_t derived_count, derived_capacity;
};

/* The latest event that a rule cannot have caused, the creation aside, or NULL. */
static const struct stage_event *last_decision(const struct history *history)
{
    for (size_t i = history->count; i-- > 1;)
        if (!event_is_automatic(&history->events[i]))
            return &history->events[i];
    return NULL;
}

/* Whether all that came before the only new fact has been judged, by these rules and this order of
 * the stages: then nothing before that fact changes. */
static bool stands_before(const struct history *history)
{
    return history->added && history->lead.rule_set_version == history->rules->version &&
           history->pipeline->next_rollups_id == NO_INT;
}

/* Rules act from the latest of the creation, the publication of the rule set, the last change of
 * the order of the stages, and the last decision by a person, the API or an import: at the first
 * three at once; what held already when a person decided waits for the next fact, for the person
 * knew of it. And from the only new fact, where all before it stands. */
static void find_start(struct walk *walk)
{
    const struct history *history = walk->history;
    int64_t created_at = history->lead.created_at, published_at = history->rules->published_at;
    walk->open_from = published_at > created_at ? published_at : created_at;
    walk->acts_at_once = true;
    if (history->pipeline->ordered_at != NO_INT && history->pipeline->ordered_at > walk->open_from)
        walk->open_from = history->pipeline->ordered_at;
    const struct stage_event *decision = last_decision(history);
    if (decision && event_at(&history->lead, decision) >= walk->open_from) {
        walk->open_from = event_at(&history->lead, decision) + 1;
        walk->acts_at_once = false;
    }
    walk->settled_from = walk->open_from;
    if (stands_before(history) && history->added->occurred_at >= walk->open_from) {
        walk->open_from = history->added->occurred_at;
        walk->acts_at_once = true; /* it is a fact */
    }
}

static bool rule_may_change(const struct history *history, const struct stage_event *event,
                            int64_t open_from)
{
    return event_is_automatic(event) && event_at(&history->lead, event) >= open_from;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Where rules could act before, whoever is still in a stage has not been below its exit for the
 * dwell time. */
static void start_watch(struct walk *walk, const struct standing *standing)
{
    const struct rule_set *rules = walk->history->rules;
    const struct criterion *criteria = rules->criteria.items;
    int64_t dwell_hours = 0;
    for (size_t i = 0; i < rules->criteria.count; i++)
        dwell_hours = later(dwell_hours, criteria[i].dwell_hours);
    walk->watch_from = later(standing->stage_entered_at, rules->published_at);
    if (walk->open_from > walk->settled_from)
        walk->watch_from = later(walk->watch_from, walk->open_from - 1 - dwell_hours * MS_PER_HOUR);
}

/* The stage and status in which the rules find the lead: what people decided, and what rules did
 * before that. */
static void start_standing(struct walk *walk)
{
    const struct history *history = walk->history;
    size_t count = 0;
    while (count < history->count &&
           !rule_may_change(history, &history->events[count], walk->open_from))
        count++;
    struct standing standing = standing_after(history, count);
    walk->automatic_at = NO_INT;
    for (size_t i = 0; i < count; i++)
        if (rule_may_change(history, &history->events[i], walk->settled_from))
            walk->automatic_at = event_at(&history->lead, &history->events[i]);
    start_watch(walk, &standing);
    walk->course = (struct course){ .pipeline = history->pipeline,
                                    .stage = catalog_stage(history->catalog, standing.stage_id),
                                    .acts = standing.status == LEAD_OPEN,
                                    .at = walk->open_from - 1,
                                    .below_since = NO_INT };
}

static void add_derived(struct walk *walk, const struct step *step)
{
    if (walk->derived_count == walk->derived_capacity) {
        size_t capacity = walk->derived_capacity * 2 + 8;
        struct derived *derived = ctx_alloc(walk->ctx, capacity * sizeof *derived);
        if (!derived) {
            walk->err = ERR_MEMORY;
            return;
        }
        if (walk->derived_count > 0)
            memcpy(derived, walk->derived, walk->derived_count * sizeof *derived);
        walk->derived = derived;
        walk->derived_capacity = capacity;
    }
    walk->derived[walk->derived_count++] =
        (struct derived){ *step, past_owner_at(&walk->past, step->at) };
}

/* The course as a fact at or behind the latest one must find it: before that, but behind every
 * step. */
static void keep_course(struct walk *walk)
{
    walk->tally.course = walk->course;
}

static void go_on(struct walk *walk, int64_t until)
{
    struct step step;
    while (!walk->err && course_step(&walk->course, &walk->facts, until, &step)) {
        add_derived(walk, &step);
        keep_course(walk);
    }
}

static void walk_to(struct walk *walk, int64_t until)
{
    int64_t before_last = walk->last_fact == NO_INT ? NO_INT : walk->last_fact - 1;
    if (before_last != NO_INT && before_last > walk->course.at && before_last <= until) {
        go_on(walk, before_last);
        keep_course(walk);
    }
    go_on(walk, until);
}

/* From instant to instant, while no attribute changes that the rules read. */
static void walk_stretch(struct walk *walk, int64_t from, int64_t to)
{
    struct course *course = &walk->course;
    int64_t decided = walk->open_from - 1;
    if (course->acts && !walk->started) {
        int64_t start = from > walk->watch_from ? from : walk->watch_from;
        course_watch(course, &walk->facts, start, to < decided ? to : decided);
        if (!walk->acts_at_once && from <= decided && decided <= to)
            course_mute(course, &walk->facts);
    }
    if (to < walk->open_from)
        return;
    if (!walk->started)
        keep_course(walk);
    walk->started = true;
    if (course->muted && walk->log.first != NO_INT && walk->log.first <= to) {
        walk_to(walk, walk->log.first - 1);
        course->muted = 0;
    }
    walk_to(walk, to);
}

static void judge_attributes(struct walk *walk)
{
    enum err err = facts_judge_attributes(walk->ctx, &walk->facts, &walk->past.lead);
    if (err)
        walk->err = err;
}

static void walk_log(struct walk *walk)
{
    int64_t from = INT64_MIN, next;
    judge_attributes(walk);
    while (!walk->err && (next = past_next(&walk->past, walk->facts.scoring)) <= walk->until) {
        walk_stretch(walk, from, next - 1);
        past_advance(&walk->past, next);
        judge_attributes(walk);
        if (next >= walk->open_from)
            walk->course.muted = 0; /* a fact */
        from = next;
    }
    past_advance(&walk->past, walk->until);
    walk_stretch(walk, from, walk->until);
    if (!walk->started)
        keep_course(walk);
    walk->tally.pending = walk->last_fact == walk->tally.course.at + 1;
}

/* The first instant that the walk asks about. */
static int64_t first_asked(const struct walk *walk)
{
    int64_t first = walk->open_from - 1 < walk->watch_from ? walk->open_from - 1 : walk->watch_from;
    return first < walk->until ? first : walk->until;
}

/* Whether the tally says all that the walk asks of the log: when the latest fact was, unless that
 * is behind the walk anyway, and the first one from which on rules act again. */
static bool tells_enough(const struct walk *walk, const struct tally *tally,
                         const struct facts *facts)
{
    int64_t latest = tally->course.at + (tally->pending ? 1 : 0);
    if (latest >= walk->open_from && (!tally->pending || !walk->acts_at_once))
        return false;
    return first_asked(walk) >= tally_reach(facts, tally->course.at);
}

/* How many each selector has selected in all. */
static enum err count_all(struct ctx *ctx, const struct facts *facts, const int64_t **ret)
{
    size_t count = facts->scoring->selectors.count;
    int64_t *totals = ctx_alloc(ctx, (count + 1) * sizeof *totals);
    for (size_t i = 0; totals && i < count; i++)
        totals[i] = facts->selected[i].earlier + (int64_t)facts->selected[i].count;
    *ret = totals;
    return totals ? OK : ERR_MEMORY;
}

/* The facts from the tally and the only new one: all of them where the walk asks of no time before
 * the tally's reach. Where it does, the tally still says how many there are that no log needs to
 * be read for. */
static enum err read_tally(struct ctx *ctx, struct walk *walk, bool *ret_done)
{
    const struct history *history = walk->history;
    const struct lead *lead = &history->lead;
    struct tally tally;
    const int64_t *totals;
    *ret_done = false;
    enum err err = tally_decode(ctx, history->scoring, lead, &tally, &walk->facts);
    bool suffices = !err && tells_enough(walk, &tally, &walk->facts);
    if (!err)
        err = facts_add(ctx, &walk->facts, history->added);
    if (!err && suffices) {
        *ret_done = true;
        walk->log.latest =
            later(tally.course.at + (tally.pending ? 1 : 0), history->added->occurred_at);
        return OK;
    }
    if (!err)
        err = count_all(ctx, &walk->facts, &totals);
    if (!err)
        err = facts_start(ctx, history->scoring, &walk->facts);
    if (!err)
        walk->facts.totals = totals;
    return err;
}

static enum err read_facts(struct ctx *ctx, struct db *db, struct walk *walk)
{
    const struct history *history = walk->history;
    enum err err = facts_start(ctx, history->scoring, &walk->facts);
    if (err || history->is_new)
        return err;
    bool done = false;
    if (stands_before(history) && !history->caught_up && history->lead.tally.length > 0)
        err = read_tally(ctx, walk, &done);
    if (err == ERR_CORRUPT) { /* the log makes it anew */
        failure_clear(ctx);
        err = facts_start(ctx, history->scoring, &walk->facts);
    }
    if (err || done)
        return err;
    walk->facts.since = first_asked(walk) - TALLY_REACH_MS;
    return facts_read_log(ctx, db, &history->lead.id, &walk->log, &walk->facts);
}

/* The walk that replays need: from the first fact to `until`. */
static enum err walk_history(struct ctx *ctx, struct db *db, const struct history *history,
                             int64_t until, struct walk *ret)
{
    *ret = (struct walk){ .history = history, .ctx = ctx, .until = until };
    find_start(ret);
    start_standing(ret);
    ret->log = (struct log_times){ ret->open_from, until, NO_INT, NO_INT };
    enum err err = past_begin(ctx, db, &history->lead, history->is_new, &ret->past);
    if (!err)
        err = read_facts(ctx, db, ret);
    if (err)
        return err;
    ret->last_fact = ret->log.latest;
    int64_t changed = past_latest(&ret->past, history->scoring);
    if (changed != NO_INT && (ret->last_fact == NO_INT || changed > ret->last_fact))
        ret->last_fact = changed;
    walk_log(ret);
    return ret->err;
}

static bool same_event(const struct history *history, const struct stage_event *event,
                       const struct derived *derived)
{
    return event_at(&history->lead, event) == derived->step.at &&
           event->to_stage_id == derived->step.stage->stage_id &&
           event->score == derived->step.score && event->cause == derived->step.cause &&
           event->rule_set_version == history->rules->version &&
           id_compare(&event->owner, &derived->owner) == 0;
}

/* Voids the automatic events that came out different and writes those that are missing. */
static enum err replace_derived(struct ctx *ctx, struct db *db, struct history *history,
                                const struct walk *walk)
{
    size_t kept = 0;
    for (size_t i = 0; i < history->count;) {
        const struct stage_event *event = &history->events[i];
        if (!rule_may_change(history, event, walk->open_from)) {
            i++;
        } else if (kept < walk->derived_count && same_event(history, event, &walk->derived[kept])) {
            kept++;
            i++;
        } else {
            enum err err = history_void(ctx, db, history, i);
            if (err)
                return err;
        }
    }
    for (; kept < walk->derived_count; kept++) {
        const struct derived *derived = &walk->derived[kept];
        struct stage_event event = { .to_stage_id = derived->step.stage->stage_id,
                                     .occurred_at = derived->step.at,
                                     .cause = derived->step.cause,
                                     .score = derived->step.score,
                                     .owner = derived->owner };
        enum err err = history_add(ctx, db, history, &event);
        if (err)
            return err;
    }
    return OK;
}

/* What the walk makes of the hot row. */
static enum err fill_state(struct ctx *ctx, const struct walk *walk, struct lead *lead)
{
    lead->score = score_then(&walk->facts, walk->until);
    lead->score_as_of = walk->until;
    lead->rule_set_version = walk->history->rules->version;
    lead->last_fact_at = walk->tally.course.at;
    lead->automatic_at = walk->automatic_at;
    if (walk->derived_count > 0)
        lead->automatic_at = walk->derived[walk->derived_count - 1].step.at;
    lead->score_due_at =
        course_due(&walk->course, &walk->facts, score_then(&walk->facts, walk->course.at));
    return tally_encode(ctx, &walk->tally, &walk->facts, &lead->tally);
}

enum err history_past(struct ctx *ctx, struct db *db, const struct history *history, int64_t at,
                      struct past_score *ret)
{
    struct past past;
    struct facts facts;
    enum err err = facts_at(ctx, db, &history->lead, at, history->scoring, &past, &facts);
    if (!err)
        *ret = (struct past_score){ score_then(&facts, at), past_owner_at(&past, at) };
    return err;
}

static bool events_agree(const struct history *history, const struct walk *walk)
{
    size_t found = 0;
    for (size_t i = 0; i < history->count; i++) {
        if (!rule_may_change(history, &history->events[i], walk->open_from))
            continue;
        if (found == walk->derived_count ||
            !same_event(history, &history->events[i], &walk->derived[found]))
            return false;
        found++;
    }
    return found == walk->derived_count;
}

enum err history_rescore(struct ctx *ctx, struct db *db, const struct history *history,
                         struct replayed *ret)
{
    struct walk walk;
    const struct lead *kept = &history->lead;
    struct lead again = *kept;
    enum err err = walk_history(ctx, db, history, kept->score_as_of, &walk);
    if (!err)
        err = fill_state(ctx, &walk, &again);
    if (err)
        return err;
    *ret = (struct replayed){
        .score = again.score,
        .events_agree = events_agree(history, &walk),
        .due_agrees = again.score_due_at == kept->score_due_at,
        /* None kept: the log is asked, whatever time its last fact was of. */
        .tally_agrees = (kept->tally.length == 0 || (bytes_equal(&again.tally, &kept->tally) &&
                                                     again.last_fact_at == kept->last_fact_at)) &&
                        again.automatic_at == kept->automatic_at,
    };
    return OK;
}

/* What rules do comes behind all that stays as it is. */
static struct standing standing_foreseen(const struct history *history, const struct walk *walk)
{
    size_t count = 0;
    while (count < history->count &&
           !rule_may_change(history, &history->events[count], walk->open_from))
        count++;
    struct standing standing = standing_after(history, count);
    for (size_t i = 0; i < walk->derived_count; i++)
        standing = standing_next(
            history, standing,
            &(struct stage_event){ .to_stage_id = walk->derived[i].step.stage->stage_id,
                                   .occurred_at = walk->derived[i].step.at,
                                   .cause = walk->derived[i].step.cause });
    return standing;
}

enum err history_foresee(struct ctx *ctx, struct db *db, struct history *history)
{
    struct walk walk;
    enum err err = walk_history(ctx, db, history, ctx->now_ms, &walk);
    if (!err)
        err = fill_state(ctx, &walk, &history->lead);
    return err ? err : history_stand(ctx, history, standing_foreseen(history, &walk));
}

enum err history_catch_up(struct ctx *ctx, struct db *db, struct history *history, int64_t until)
{
    struct walk walk;
    enum err err = walk_history(ctx, db, history, until, &walk);
    if (!err)
        err = replace_derived(ctx, db, history, &walk);
    if (!err)
        err = fill_state(ctx, &walk, &history->lead);
    return err ? err : history_relink(ctx, db, history);
}

enum err history_replay(struct ctx *ctx, struct db *db, struct history *history)
{
    if (!history->is_new)
        db_count(db, METRIC_REPLAYS);
    enum err err = history_catch_up(ctx, db, history, ctx->now_ms);
    return err ? err : history_settle(ctx, db, history);
}
