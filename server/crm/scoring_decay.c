/* scoring_decay.c: what a match is worth by its age, made once when a rule is written. Stored with
 * the rule, so that no later computer's arithmetic can change a score. */
#include "scoring.h"

#include <math.h>

/* Rounded half away from zero. */
static int64_t divide(int64_t value, int64_t by)
{
    return (value < 0 ? value - by / 2 : value + by / 2) / by;
}

static int64_t decayed_milli(const struct rule *rule, int64_t age_days)
{
    switch (rule->decay) {
    case DECAY_NONE: break;
    case DECAY_WINDOW: return age_days < rule->decay_days ? rule->points_milli : 0;
    case DECAY_LINEAR: {
        int64_t percent = 100 - rule->decay_percent * (age_days / rule->decay_days);
        return percent > 0 ? divide(rule->points_milli * percent, 100) : 0;
    }
    case DECAY_HALF_LIFE:
        /* Exact after whole half-lives, and never a tie in between. */
        return (int64_t)roundl((long double)rule->points_milli *
                               exp2l(-(long double)age_days / (long double)rule->decay_days));
    }
    return rule->points_milli;
}

enum err rule_decay(struct ctx *ctx, struct rule *rule)
{
    rule->decayed = (struct bytes){ 0 };
    if (rule->decay == DECAY_NONE)
        return OK;
    size_t ages = 0;
    while (ages < DECAY_AGES_MAX && decayed_milli(rule, (int64_t)ages) != 0)
        ages++;
    uint8_t *data = ctx_alloc(ctx, ages * sizeof(int64_t) + 1);
    if (!data)
        return ERR_MEMORY;
    for (size_t age = 0; age < ages; age++) {
        uint64_t value = (uint64_t)decayed_milli(rule, (int64_t)age);
        for (size_t byte = 0; byte < sizeof value; byte++)
            data[age * sizeof value + byte] = (uint8_t)(value >> (8 * byte));
    }
    rule->decayed = (struct bytes){ data, ages * sizeof(int64_t) };
    return OK;
}
