/* model_score.c: what rules make of a lead's facts, from the words of the design: its score at any
 * instant, its automatic events, and when time alone changes either next. Goes through every fact
 * each time; knows no shortcut. */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOUR_MS INT64_C(3600000)

/* ---- Conditions ---- */

static const char *text_of(const struct attributes *attributes, const char *name)
{
    for (int i = 0; i < ATTR_TEXTS; i++)
        if (strcmp(attribute_names[i], name) == 0)
            return attributes->text[i];
    abort(); /* a rule about an attribute that the model does not keep */
}

static bool attribute_leaf_holds(const struct model_leaf *leaf, const char *text)
{
    if (strcmp(leaf->op, "absent") == 0)
        return !*text;
    if (strcmp(leaf->op, "ne") == 0)
        return strcasecmp(text, leaf->value) != 0;
    if (!*text)
        return false;
    if (strcmp(leaf->op, "eq") == 0)
        return strcasecmp(text, leaf->value) == 0;
    if (strcmp(leaf->op, "in") == 0)
        return strcasecmp(text, leaf->value) == 0 || strcasecmp(text, "nowhere") == 0;
    if (strcmp(leaf->op, "contains") == 0)
        return strcasestr(text, leaf->value) != NULL;
    if (strcmp(leaf->op, "starts") == 0)
        return strncasecmp(text, leaf->value, strlen(leaf->value)) == 0;
    return strcmp(leaf->op, "present") == 0;
}

static bool is_selected(const struct happening *happening, const char *type, const char *url)
{
    return !happening->gone && !happening->machine && strcmp(happening->type, type) == 0 &&
           (!url || (happening->url && strncmp(happening->url, url, strlen(url)) == 0));
}

static bool leaf_holds(const struct model_leaf *leaf, const struct model_lead *lead, int64_t at)
{
    if (!leaf->activity)
        return attribute_leaf_holds(leaf, text_of(model_attributes(lead, at), leaf->field));
    int64_t count = 0;
    for (size_t i = 0; i < lead->happenings.count; i++) {
        const struct happening *happening = &lead->happenings.items[i];
        int64_t age = at - happening->at;
        if (age >= 0 && is_selected(happening, leaf->activity, leaf->url) &&
            (leaf->within_days == NO_INT || age < leaf->within_days * MS_PER_DAY))
            count++;
    }
    return count >= leaf->at_least && (leaf->at_most == NO_INT || count <= leaf->at_most);
}

static bool when_holds(const struct model_when *when, const struct model_lead *lead, int64_t at)
{
    int holding = 0;
    for (int i = 0; i < when->count; i++)
        holding += leaf_holds(&when->leaves[i], lead, at);
    switch (when->form) {
    case WHEN_ALWAYS: return true;
    case WHEN_ALL: return holding == when->count;
    case WHEN_ANY: return holding > 0;
    case WHEN_NONE: return holding == 0;
    }
    return false;
}

/* ---- Score ---- */

static int64_t clamped(int64_t value, int64_t least, int64_t most)
{
    if (value < least)
        return least;
    return value > most ? most : value;
}

static int64_t decayed(const struct model_rule *rule, int64_t age_days)
{
    double left = 1;
    switch (rule->decay) {
    case DECAY_NONE: break;
    case DECAY_WINDOW: left = age_days < rule->days; break;
    case DECAY_LINEAR: {
        int64_t percent = 100 - rule->percent * (age_days / rule->days);
        int64_t hundredfold = percent > 0 ? rule->points_milli * percent : 0;
        int64_t sign = hundredfold < 0 ? -1 : 1;
        return sign * ((sign * hundredfold + 50) / 100);
    }
    case DECAY_HALF_LIFE: left = pow(0.5, (double)age_days / (double)rule->days); break;
    }
    return llround((double)rule->points_milli * left);
}

static int compare_size(const void *left, const void *right)
{
    int64_t a = llabs(*(const int64_t *)left), b = llabs(*(const int64_t *)right);
    return (a < b) - (a > b);
}

/* Of the rule's matches the N largest, then the sum's cap. */
static int64_t rule_points(const struct model_rule *rule, const struct model_lead *lead, int64_t at)
{
    int64_t values[1024], sum = 0;
    int64_t count = 0;
    if (!when_holds(&rule->when, lead, at))
        return 0;
    if (!*rule->each)
        values[count++] = rule->points_milli;
    for (size_t i = 0; i < lead->happenings.count && *rule->each; i++) {
        const struct happening *happening = &lead->happenings.items[i];
        if (happening->at > at || !is_selected(happening, rule->each, rule->each_url))
            continue;
        if (count == 1024)
            abort();
        values[count++] = decayed(rule, (at - happening->at) / MS_PER_DAY);
    }
    qsort(values, (size_t)count, sizeof *values, compare_size);
    for (int64_t i = 0; i < count && (rule->cap_times == NO_INT || i < rule->cap_times); i++)
        sum += values[i];
    if (rule->cap_milli != NO_INT)
        sum = clamped(sum, -rule->cap_milli, rule->cap_milli);
    return sum;
}

/* score(lead, t) = floor(clamp(sum of groups clamp(sum of rules cap(sum of matches)))): what is
 * rounded down. */
int64_t model_milli(const struct model *model, const struct model_lead *lead, int64_t at)
{
    const struct model_rules *rules = &model->rules;
    int64_t total = 0;
    for (int group = 0; group < rules->group_count; group++) {
        int64_t sum = 0;
        for (int i = 0; i < rules->rule_count; i++)
            if (rules->rules[i].group == group)
                sum += rule_points(&rules->rules[i], lead, at);
        total += clamped(sum, rules->groups[group].min_milli, rules->groups[group].max_milli);
    }
    return clamped(total, rules->min_milli, rules->max_milli);
}

int64_t model_score(const struct model *model, const struct model_lead *lead, int64_t at)
{
    int64_t total = model_milli(model, lead, at);
    int64_t whole = total / 1000;
    return whole * 1000 > total ? whole - 1 : whole;
}

/* ---- Instants at which anything can change ---- */

/* Days after which nothing of an activity changes any more. */
static int64_t days_max(const struct model *model)
{
    const struct model_rules *rules = &model->rules;
    const struct model_when *whens[RULES_MAX + 4];
    int64_t days = 0;
    int count = 0;
    for (int i = 0; i < rules->rule_count; i++) {
        const struct model_rule *rule = &rules->rules[i];
        int64_t ends = 0;
        while (rule->decay != DECAY_NONE && decayed(rule, ends) != 0)
            ends++;
        days = ends > days ? ends : days;
        whens[count++] = &rule->when;
    }
    for (int i = 0; i < rules->criterion_count; i++)
        whens[count++] = &rules->criteria[i].when;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < whens[i]->count; j++)
            if (whens[i]->leaves[j].within_days > days)
                days = whens[i]->leaves[j].within_days;
    return days;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

struct instants {
    LIST(int64_t) times;
};

/* From `from` to `to`, in order, each once, both ends among them. */
static struct instants find_instants(const struct model *model, const struct model_lead *lead,
                                     int64_t from, int64_t to)
{
    struct instants found = { 0 };
    int64_t days = days_max(model);
    LIST_ADD(&found.times, from);
    LIST_ADD(&found.times, to);
    for (size_t i = 0; i < lead->states.count; i++)
        LIST_ADD(&found.times, lead->states.items[i].at);
    for (size_t i = 0; i < lead->happenings.count; i++)
        for (int64_t day = 0; day <= days; day++)
            LIST_ADD(&found.times, lead->happenings.items[i].at + day * MS_PER_DAY);
    qsort(found.times.items, found.times.count, sizeof *found.times.items, compare_times);
    size_t kept = 0;
    for (size_t i = 0; i < found.times.count; i++) {
        int64_t at = found.times.items[i];
        if (at >= from && at <= to && (kept == 0 || found.times.items[kept - 1] != at))
            found.times.items[kept++] = at;
    }
    found.times.count = kept;
    return found;
}

/* ---- What rules do ---- */

static const struct model_criterion *criterion_of(const struct model *model, int stage)
{
    const struct stage *stages = model->pipeline->stages.items;
    for (int i = 0; i < model->rules.criterion_count; i++)
        if (model->rules.criteria[i].kind == stages[stage].kind)
            return &model->rules.criteria[i];
    return NULL;
}

static bool is_met(const struct model *model, const struct model_lead *lead, int stage, int64_t at)
{
    const struct model_criterion *criterion = criterion_of(model, stage);
    return criterion && model_score(model, lead, at) >= criterion->score_min &&
           when_holds(&criterion->when, lead, at);
}

static bool is_fact(const struct model_lead *lead, int64_t at)
{
    for (size_t i = 0; i < lead->happenings.count; i++)
        if (lead->happenings.items[i].at == at && !lead->happenings.items[i].gone &&
            !lead->happenings.items[i].machine)
            return true;
    for (size_t i = 1; i < lead->states.count; i++)
        if (lead->states.items[i].is_fact && lead->states.items[i].at == at)
            return true;
    return false;
}

struct rules_at_work {
    struct model *model;
    struct model_lead *lead;
    int64_t start;          /* the first instant at which they act */
    bool muted[STAGES_MAX]; /* held already when somebody decided otherwise */
    int stage;
    int64_t below_since; /* NO_INT: not below its exit */
};

static void watch_exit(struct rules_at_work *work, int64_t at)
{
    const struct model_criterion *criterion = criterion_of(work->model, work->stage);
    bool below = work->stage > 0 && criterion && criterion->exit_below != NO_INT &&
                 model_score(work->model, work->lead, at) < criterion->exit_below;
    if (!below)
        work->below_since = NO_INT;
    else if (work->below_since == NO_INT)
        work->below_since = at;
}

static void goes_to(struct rules_at_work *work, int stage, enum cause cause, int64_t at)
{
    LIST_ADD(&work->lead->automatic,
             (struct event){ .occurred_at = at,
                             .told = work->model->told++,
                             .to = stage,
                             .status = SAME_STATUS,
                             .cause = cause,
                             .owner = model_attributes(work->lead, at)->owner,
                             .score = model_score(work->model, work->lead, at) });
    work->stage = stage;
    work->below_since = NO_INT;
    watch_exit(work, at);
}

static void promote(struct rules_at_work *work, int64_t at)
{
    int stages = (int)work->model->pipeline->stages.count;
    bool fact = is_fact(work->lead, at);
    for (int i = 0; i < stages; i++)
        work->muted[i] &= !fact && is_met(work->model, work->lead, i, at);
    for (int i = stages - 1; i > work->stage; i--)
        if (!work->muted[i] && is_met(work->model, work->lead, i, at)) {
            goes_to(work, i, CAUSE_RULE, at);
            return;
        }
}

static int stage_back(const struct rules_at_work *work, int64_t at)
{
    for (int i = work->stage - 1; i >= 0; i--)
        if (is_met(work->model, work->lead, i, at))
            return i;
    for (int i = work->stage - 1; i >= 0; i--)
        if (!criterion_of(work->model, i))
            return i;
    return 0;
}

/* From `from` on nothing changes before `before`, but the dwell time may end. */
static void demote(struct rules_at_work *work, int64_t from, int64_t before)
{
    while (work->below_since != NO_INT) {
        const struct model_criterion *criterion = criterion_of(work->model, work->stage);
        int64_t hours = criterion->dwell_hours == NO_INT ? 0 : criterion->dwell_hours;
        int64_t due = work->below_since + hours * HOUR_MS;
        due = due < work->start ? work->start : due;
        if (due < from || due >= before)
            return;
        goes_to(work, stage_back(work, due), CAUSE_DECAY, due);
    }
}

/* From the latest of the creation, the publication of the rules and the last decision: what lies
 * before stays, what lies behind is worked out anew. */
void model_derive(struct model *model, struct model_lead *lead, int64_t until)
{
    int64_t published_at = model->rules.published_at;
    struct rules_at_work work = { .model = model, .lead = lead, .below_since = NO_INT };
    work.start = lead->created_at > published_at ? lead->created_at : published_at;
    bool at_once = true;
    for (size_t i = 1; i < lead->decisions.count; i++) {
        int64_t at = lead->decisions.items[i].occurred_at;
        at = at > lead->created_at ? at : lead->created_at;
        if (at >= work.start) {
            work.start = at + 1; /* they have just decided */
            at_once = false;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < lead->automatic.count; i++)
        if (lead->automatic.items[i].occurred_at < work.start)
            lead->automatic.items[kept++] = lead->automatic.items[i];
    lead->automatic.count = kept;
    struct model_history history;
    model_history(lead, &history);
    if (history.standing.status != LEAD_OPEN || until < work.start)
        return;
    work.stage = history.standing.stage;
    for (int i = 0; i < STAGES_MAX && !at_once; i++)
        work.muted[i] =
            i < (int)model->pipeline->stages.count && is_met(model, lead, i, work.start - 1);
    int64_t watch = history.standing.entered_at;
    watch = watch > published_at ? watch : published_at;
    struct instants instants =
        find_instants(model, lead, watch < work.start ? watch : work.start, until);
    LIST_ADD(&instants.times, work.start);
    qsort(instants.times.items, instants.times.count, sizeof(int64_t), compare_times);
    for (size_t i = 0; i < instants.times.count; i++) {
        int64_t at = instants.times.items[i];
        int64_t next = i + 1 < instants.times.count ? instants.times.items[i + 1] : until + 1;
        if (at >= watch)
            watch_exit(&work, at);
        if (at >= work.start)
            promote(&work, at);
        if (at >= work.start)
            demote(&work, at, next);
    }
    free(instants.times.items);
}

int64_t model_due(struct model *model, struct model_lead *lead, int64_t at)
{
    int64_t far = at + (days_max(model) + 400) * MS_PER_DAY, due = NO_INT;
    int64_t score = model_score(model, lead, at);
    struct instants instants = find_instants(model, lead, at, far);
    for (size_t i = 1; i < instants.times.count && due == NO_INT; i++)
        if (model_score(model, lead, instants.times.items[i]) != score)
            due = instants.times.items[i];
    free(instants.times.items);
    model_derive(model, lead, far);
    for (size_t i = 0; i < lead->automatic.count; i++)
        if (lead->automatic.items[i].occurred_at > at &&
            (due == NO_INT || lead->automatic.items[i].occurred_at < due))
            due = lead->automatic.items[i].occurred_at;
    model_derive(model, lead, at);
    return due;
}
