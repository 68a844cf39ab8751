/* course.h: which stages rules take a lead through, as time goes by. Private to crm.
 *
 * From the last decision of a person on, a lead's course follows from its facts alone: it enters a
 * further stage as soon as the score and the condition of its criterion allow, and goes back when
 * its score has stayed below the exit of its stage for the dwell time. */
#ifndef FUNNELD_CRM_COURSE_H
#define FUNNELD_CRM_COURSE_H

#include "scoring.h"

#define NEVER INT64_MAX
#define MS_PER_HOUR INT64_C(3600000)

struct course {
    const struct pipeline *pipeline;
    const struct stage *stage;
    bool acts;  /* the lead is open: rules may move it */
    int64_t at; /* all that happens up to here is behind it */
    /* Criteria, by bits, that held when somebody decided otherwise: they count again with the next
     * fact, or once they no longer hold. */
    uint32_t muted;
    int64_t below_since; /* score below the exit of its stage; NO_INT: it is not */
};

/* What rules do at an instant. */
struct step {
    int64_t at;
    const struct stage *stage;
    enum cause cause;
    int64_t score;
};

/* Takes the next step up to `until` and returns true; or goes on to there without one. No attribute
 * changes on the way. */
bool course_step(struct course *course, const struct facts *facts, int64_t until, struct step *ret);
/* Watches the score from `from` to `until`, where rules do not act yet. */
void course_watch(struct course *course, const struct facts *facts, int64_t from, int64_t until);
/* Somebody has just decided: mutes what already holds at course->at. */
void course_mute(struct course *course, const struct facts *facts);
/* Whether the stage is one that a lead falls back from. */
bool course_can_fall(const struct course *course, const struct facts *facts);
/* When time alone changes the score, which is `score` at course->at, or the stage next; NO_INT:
 * never. Not after that in any case: where rules nearly cancel each other out for long, it may be
 * an instant up to which nothing changes. */
int64_t course_due(const struct course *course, const struct facts *facts, int64_t score);

/* ---- How it is kept with the lead ---- */

/* How far before the latest fact a late one may come and the tally still tell all that follows:
 * a week, unless more happened in it than is kept. */
#define TALLY_REACH_MS (7 * MS_PER_DAY)

/* Where the next fact takes it up: the course as it was before the latest one. */
struct tally {
    struct course course; /* at, muted, below_since */
    bool pending;         /* there is a fact right behind course.at */
};

/* From which instant on facts that come from a tally, or go into one, are whole: `at` is that of
 * its course. Depends on the latest of the times alone. */
int64_t tally_reach(const struct facts *facts, int64_t at);
/* Of facts that are all up to the latest one. Empty where it would take too much room: then the log
 * must be asked each time. */
enum err tally_encode(struct ctx *ctx, const struct tally *tally, const struct facts *facts,
                      struct bytes *ret) _must_check_;
/* From lead->tally, which is not empty, and lead->last_fact_at, with attributes as they were judged
 * then. ERR_CORRUPT */
enum err tally_decode(struct ctx *ctx, const struct scoring *scoring, const struct lead *lead,
                      struct tally *ret, struct facts *ret_facts) _must_check_;

#endif
