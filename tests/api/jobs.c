/* jobs.c: waits for the end of a job. */
#include "jobs.h"

#include <unistd.h>

enum { WAIT_MS = 20000 };

const struct answer *job_wait(const char *job)
{
    const struct answer *answer = NULL;
    for (int ms = 0; ms < WAIT_MS; ms += 5, usleep(5000)) {
        answer = get(fixture.client, "/v1/jobs/%s", job);
        expect_status(answer, 200);
        if (!answer_is_null(answer, "finished_at"))
            return answer;
        client_forget(fixture.client);
    }
    ck_abort_msg("the job does not end: %s", answer->body);
}
