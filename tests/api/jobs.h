/* jobs.h: what the tests of long work share. */
#ifndef FUNNELD_TESTS_API_JOBS_H
#define FUNNELD_TESTS_API_JOBS_H

#include "fixture.h"

#define JOB_SHAPE                                                                                  \
    "id:i kind:t state:t subject:i? done:n total:n? failed:n failed_leads:a progress:d? "          \
    "result:o? detail:t? actor:t? created_at:T started_at:T? finished_at:T?"

/* The job once it is over. */
const struct answer *job_wait(const char *job);

#endif
