/* scoring.h: a rule set made ready to judge leads. Private to crm. */
#ifndef FUNNELD_CRM_SCORING_H
#define FUNNELD_CRM_SCORING_H

#include <funneld/crm.h>

/* Days for which a decay can run: that of 1000 points with the longest half-life. */
enum { DECAY_AGES_MAX = 8192 };

/* What a rule's `when` and `each` say: one leaf on a text of the lead, one activity type. */
struct ready_rule {
    const char *activity; /* type that it matches; NULL: one match */
    const char *field;    /* NULL: always */
    const char *op, *value;
};

struct scoring {
    const struct rule_set *rules;
    struct ready_rule ready[RULES_MAX]; /* by position */
};

#endif
