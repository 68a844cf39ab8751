/* replay.c: automatic stage events, derived from the facts. Walks a lead's log from its
 * beginning, instant by instant, and finds what the rules would have done; what stands in the
 * history and came out different is voided and replaced. So the order in which facts arrive
 * never matters. Knows nothing of requests or rollups. */
#include "history.h"

#include <string.h>

enum { DERIVED_MAX = STAGES_MAX };

struct derived {
    int64_t at;
    const struct stage *stage;
    int64_t score;
    struct id owner;
};

struct walk {
    const struct history *history;
    struct lead past; /* its attributes as they were at `at` */
    struct id first_owner;
    const struct lead_change *changes;
    size_t change_count, next_change;
    struct tally tally;
    int64_t at;        /* every fact up to here is in the tally */
    int64_t until;     /* facts behind it are passed over */
    int64_t last_fact; /* latest fact seen */
    int64_t open_from; /* the first instant at which a rule may act */
    bool acts_at_once; /* there too, even without a fact */
    bool acts;         /* false: the lead was closed then */
    const struct stage *stage;
    struct derived derived[DERIVED_MAX];
    size_t derived_count;
};

/* The latest event that a rule cannot have caused, the creation aside, or NULL. */
static const struct stage_event *last_decision(const struct history *history)
{
    for (size_t i = history->count; i-- > 1;)
        if (!event_is_automatic(&history->events[i]))
            return &history->events[i];
    return NULL;
}

/* Rules act from the latest of the creation, the publication of the rule set, and the last
 * decision by a person, the API or an import: at the first two at once, after a decision with
 * the next fact, for the person has just decided. */
static void find_start(struct walk *walk)
{
    const struct history *history = walk->history;
    int64_t created_at = history->lead.created_at, published_at = history->rules->published_at;
    walk->open_from = published_at > created_at ? published_at : created_at;
    walk->acts_at_once = true;
    const struct stage_event *decision = last_decision(history);
    if (decision && event_at(&history->lead, decision) >= walk->open_from) {
        walk->open_from = event_at(&history->lead, decision) + 1;
        walk->acts_at_once = false;
    }
}

static bool rule_may_change(const struct history *history, const struct stage_event *event,
                            int64_t open_from)
{
    return event_is_automatic(event) && event_at(&history->lead, event) >= open_from;
}

static struct id owner_from(const char *text)
{
    struct id owner = { 0 };
    return text && id_parse(text, &owner) ? owner : (struct id){ 0 };
}

/* Changes are taken up to the next fact before the rules act on this one, so it is not that of
 * `past`. */
static struct id owner_at(const struct walk *walk, int64_t at)
{
    struct id owner = walk->first_owner;
    for (size_t i = 0; i < walk->change_count && walk->changes[i].at <= at; i++)
        if (strcmp(walk->changes[i].field, "owner") == 0)
            owner = owner_from(walk->changes[i].new_value);
    return owner;
}

/* What the rules make of the state at one instant, all its facts counted. */
static void act(struct walk *walk, int64_t at)
{
    if (!walk->acts || walk->derived_count == DERIVED_MAX)
        return;
    const struct rule_set *rules = walk->history->rules;
    /* Most instants of a long log lie behind the last stage that a rule can give. */
    if (!stage_earned(rules, walk->history->pipeline, walk->stage, INT64_MAX))
        return;
    int64_t score = tally_score(rules, &walk->tally);
    const struct stage *earned = stage_earned(rules, walk->history->pipeline, walk->stage, score);
    if (!earned)
        return;
    walk->derived[walk->derived_count++] =
        (struct derived){ at, earned, score, owner_at(walk, at) };
    walk->stage = earned;
}

/* Goes on to instant `to`: whatever lies before it is complete. */
static void walk_to(struct walk *walk, int64_t to)
{
    if (to <= walk->at)
        return;
    if (walk->at >= walk->open_from)
        act(walk, walk->at);
    else if (to > walk->open_from && walk->acts_at_once)
        act(walk, walk->open_from);
    walk->at = to;
}

static void set_attribute(struct lead *lead, const char *field, const char *value)
{
    const char **text = lead_text(lead, field);
    if (text)
        *text = value;
    else if (strcmp(field, "owner") == 0)
        lead->owner = owner_from(value);
}

/* Changes dated up to `until` take effect, each at its instant. */
static void take_changes(struct walk *walk, int64_t until)
{
    const struct scoring *scoring = walk->history->scoring;
    while (walk->next_change < walk->change_count && walk->changes[walk->next_change].at <= until) {
        const struct lead_change *change = &walk->changes[walk->next_change++];
        bool is_fact = scoring_reads(scoring, change->field);
        if (is_fact)
            walk_to(walk, change->at);
        set_attribute(&walk->past, change->field, change->new_value);
        if (!is_fact)
            continue;
        tally_attributes(scoring, &walk->past, &walk->tally);
        walk->last_fact = change->at > walk->last_fact ? change->at : walk->last_fact;
    }
}

static enum err take_activity(struct ctx *ctx, void *self, const void *row)
{
    (void)ctx;
    struct walk *walk = self;
    const struct activity *activity = row;
    if (activity->occurred_at > walk->until)
        return OK;
    take_changes(walk, activity->occurred_at);
    walk_to(walk, activity->occurred_at);
    tally_activity(walk->history->scoring, activity, &walk->tally);
    walk->last_fact =
        activity->occurred_at > walk->last_fact ? activity->occurred_at : walk->last_fact;
    return OK;
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
    walk->acts = standing.status == LEAD_OPEN;
    walk->stage = catalog_stage(history->catalog, standing.stage_id);
}

static enum err walk_log(struct ctx *ctx, struct db *db, struct walk *walk)
{
    struct rows changes = { 0 };
    bool is_new = walk->history->is_new;
    enum err err = is_new ? OK : lead_changes(ctx, db, &walk->history->lead.id, &changes);
    if (err)
        return err;
    walk->changes = changes.items;
    walk->change_count = changes.count;
    for (size_t i = changes.count; i-- > 0;) /* back to the attributes it was created with */
        set_attribute(&walk->past, walk->changes[i].field, walk->changes[i].old_value);
    walk->first_owner = walk->past.owner;
    tally_attributes(walk->history->scoring, &walk->past, &walk->tally);
    if (!is_new)
        err = activity_log(ctx, db, &walk->history->lead.id, take_activity, walk);
    if (err)
        return err;
    take_changes(walk, walk->until);
    walk_to(walk, INT64_MAX);
    return OK;
}

static bool same_event(const struct history *history, const struct stage_event *event,
                       const struct derived *derived)
{
    return event_at(&history->lead, event) == derived->at &&
           event->to_stage_id == derived->stage->stage_id && event->score == derived->score &&
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
        struct stage_event event = { .to_stage_id = derived->stage->stage_id,
                                     .occurred_at = derived->at,
                                     .cause = CAUSE_RULE,
                                     .score = derived->score,
                                     .owner = derived->owner };
        enum err err = history_add(ctx, db, history, &event);
        if (err)
            return err;
    }
    return OK;
}

/* The walk that both replays need: from the first fact to the last. */
static enum err walk_history(struct ctx *ctx, struct db *db, const struct history *history,
                             struct walk *ret)
{
    *ret = (struct walk){ .history = history,
                          .past = history->lead,
                          .at = INT64_MIN,
                          .until = INT64_MAX,
                          .last_fact = history->lead.created_at };
    find_start(ret);
    start_standing(ret);
    return walk_log(ctx, db, ret);
}

enum err history_past(struct ctx *ctx, struct db *db, const struct history *history, int64_t at,
                      struct past *ret)
{
    /* It never acts: only what is known counts, not what followed from it. */
    struct walk walk = { .history = history, .past = history->lead, .at = INT64_MIN, .until = at };
    enum err err = walk_log(ctx, db, &walk);
    *ret = (struct past){ tally_score(history->rules, &walk.tally), walk.past.owner };
    return err;
}

static int64_t automatic_at(const struct walk *walk)
{
    return walk->derived_count > 0 ? walk->derived[walk->derived_count - 1].at : NO_INT;
}

enum err history_rescore(struct ctx *ctx, struct db *db, const struct history *history,
                         struct replayed *ret)
{
    struct walk walk;
    enum err err = walk_history(ctx, db, history, &walk);
    if (err)
        return err;
    const struct rule_set *rules = history->rules;
    const struct lead *kept = &history->lead;
    struct bytes tally;
    err = tally_encode(ctx, rules, &walk.tally, &tally);
    if (err)
        return err;
    *ret = (struct replayed){ tally_score(rules, &walk.tally), true,
                              (kept->tally.length == 0 || bytes_equal(&tally, &kept->tally)) &&
                                  walk.last_fact == kept->last_fact_at &&
                                  automatic_at(&walk) == kept->automatic_at };
    size_t found = 0;
    for (size_t i = 0; i < history->count; i++) {
        if (!rule_may_change(history, &history->events[i], walk.open_from))
            continue;
        bool same = found < walk.derived_count &&
                    same_event(history, &history->events[i], &walk.derived[found]);
        ret->events_agree &= same;
        found++;
    }
    ret->events_agree &= found == walk.derived_count;
    return OK;
}

enum err history_replay(struct ctx *ctx, struct db *db, struct history *history)
{
    struct lead *lead = &history->lead;
    struct walk walk;
    enum err err = walk_history(ctx, db, history, &walk);
    if (!err)
        err = replace_derived(ctx, db, history, &walk);
    if (err)
        return err;
    if (!history->is_new)
        db_count(db, METRIC_REPLAYS);
    const struct rule_set *rules = history->rules;
    lead->score = tally_score(rules, &walk.tally);
    lead->score_as_of = ctx->now_ms;
    lead->rule_set_version = rules->version;
    lead->last_fact_at = walk.last_fact;
    lead->automatic_at = automatic_at(&walk);
    err = tally_encode(ctx, rules, &walk.tally, &lead->tally);
    return err ? err : history_settle(ctx, db, history);
}
