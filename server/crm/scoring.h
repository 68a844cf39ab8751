/* scoring.h: a rule set made ready to judge leads, and what it makes of a lead's facts. Private to
 * crm.
 *
 * Between two facts a lead's score only changes where a match grows a day older or leaves a window.
 * So everything is asked of spans of time: the least and the most that a score can be in a span
 * tell whether anything happens in it at all, and halving finds when. A span of one instant gives
 * the score itself. */
#ifndef FUNNELD_CRM_SCORING_H
#define FUNNELD_CRM_SCORING_H

#include <funneld/condition.h>
#include <funneld/crm.h>

enum {
    DECAY_AGES_MAX = 8192, /* days: those of 1000 points with the longest half-life */
    HALF_LIFE_DAYS_MAX = 365,
};

#define NO_SELECTOR SIZE_MAX

_Static_assert(RULES_MAX <= 64, "struct facts has a bit for each rule");

/* A rule made ready. */
struct ready_rule {
    const struct condition *when; /* NULL: always */
    size_t selector;              /* of its matches; NO_SELECTOR: one match */
    size_t group;                 /* index in the rule set's groups */
    int64_t points_milli;
    int64_t cap_milli, cap_times; /* INT64_MAX: none */
    /* points by age in days, and none beyond; NULL: points_milli at any age */
    const int64_t *decayed;
    int64_t ages;
};

/* What of the times that a selector selects can matter at an instant and after it: those younger
 * than so many days, and of them so many of the latest. Of all others at most their number does. */
struct keep {
    int64_t days;
    size_t times;
    bool total;     /* that of the others matters too */
    uint64_t rules; /* those, by bits, that it matters to */
    bool criteria;  /* it matters to some of them */
};

struct scoring {
    const struct rule_set *rules;
    struct selectors selectors;
    struct keep *keep;                  /* by selector */
    size_t *by_type;                    /* selectors, ordered by their activity */
    size_t *type_ends;                  /* by_type[i] is of one type with those up to it */
    struct ready_rule ready[RULES_MAX]; /* by position */
    const struct condition *enters[CRITERIA_MAX]; /* `when` of criteria; NULL: always */
    int64_t days_max;      /* of what is kept: no time of this age or older matters any more */
    bool reads_properties; /* of activities */
    unsigned engagements;  /* bit i: those of that enum engagement count */
};

/* Whether a change of that member can change what the rules make of a lead. */
bool scoring_reads(const struct scoring *scoring, const char *field);

/* ---- A lead's facts, as its rules see them ---- */

/* What a condition is in a span of time: one of the bits, or both. */
enum { CAN_HOLD = 1, CAN_FAIL = 2 };

/* From instant to instant, both in it. */
struct span {
    int64_t from, to;
};

/* The least and the most that the score is in the span; of one instant they are the same. */
struct score_range {
    int64_t low, high;
};

struct facts {
    const struct scoring *scoring;
    /* by the number of a test of an attribute: whether the lead passes it in the time at hand */
    const uint8_t *passes;
    struct selected *selected; /* by selector; NULL: its activities are not known */
    /* No earlier instant is asked about: what is too old to matter from then on may be missing;
     * NO_INT: nothing is. */
    int64_t since;
    const int64_t *totals; /* by selector: how many there are in all; NULL: the log says */
    int64_t settled_at;    /* from then on no time matters any more, of those that are there */
    /* of each rule's and then each criterion's condition, as far as the attributes tell */
    uint8_t holds[RULES_MAX + CRITERIA_MAX];
    /* Rules, by bits, that are known to come to the same all the time that is looked at, and to
     * what in each group. */
    uint64_t fixed;
    int64_t fixed_milli[SCORE_GROUPS_MAX];
    /* That time, and the score in it. */
    bool is_narrow;
    struct span narrow;
    struct score_range narrow_score;
    /* How many spans may still be looked into; NULL: any number. Then what may happen in the next
     * one is taken for happening at its beginning. */
    int64_t *looks_left;
};

/* Judges the lead's attributes, which others take for granted from then on. A copy of the facts
 * keeps what was judged before. */
enum err facts_judge_attributes(struct ctx *ctx, struct facts *facts, const struct lead *lead)
    _must_check_;

/* The `when` of the criterion of that index. */
unsigned criterion_over(const struct facts *facts, size_t criterion, struct span span);

struct score_range score_over(const struct facts *facts, struct span span);
int64_t score_then(const struct facts *facts, int64_t at);
/* Makes looking at the span, and at parts of it, cheaper: finds rules that come to the same in all
 * of it, and what the score is in it. From then on nothing may be added to these facts, or asked
 * of another time, unless nothing changes any more at the end of the span: then of what follows. */
void score_narrow(struct facts *facts, struct span span);
/* The same where it is known that the score is this one in all of the span. */
void score_keep(struct facts *facts, struct span span, int64_t score);
/* The same from that instant on for ever, of what takes no counting to see. */
void score_fix(struct facts *facts, int64_t from);
void score_explain(const struct facts *facts, int64_t at, struct score_detail *ret);

/* ---- Where facts come from ---- */

/* Whether it says anything of the lead: what machines do by themselves does not, unless a rule asks
 * for that. */
bool scoring_counts(const struct scoring *scoring, const struct activity *activity);

/* The times that are dated up to `until`, from the log, but for those that facts->since leaves out.
 * latest: of any activity, NO_INT: none; first: the first one at or after `from`. Both are asked of
 * what is read: with facts->totals that is no more than may matter. */
struct log_times {
    int64_t from, until;
    int64_t first, latest; /* set */
};
enum err facts_read_log(struct ctx *ctx, struct db *db, const struct id *lead_id,
                        struct log_times *times, struct facts *facts) _must_check_;
/* Sees to settled_at where a selector has got times, the latest last. */
void facts_note_times(struct facts *facts, size_t selector);
/* Facts without any activity. */
enum err facts_start(struct ctx *ctx, const struct scoring *scoring, struct facts *ret)
    _must_check_;
/* One more activity: cheapest where it is not before any other. */
enum err facts_add(struct ctx *ctx, struct facts *facts, const struct activity *activity)
    _must_check_;

#endif
