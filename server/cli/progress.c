/* progress.c: one line on a terminal that is written anew a few times a second. Nothing goes to
 * pipes and files. */
#include "import.h"

#include <unistd.h>

enum { PROGRESS_STEP_US = 200000 };

void progress_start(struct progress *progress, int64_t total_bytes)
{
    int64_t now_us = clock_monotonic_us();
    *progress = (struct progress){ isatty(STDERR_FILENO) == 1, now_us, now_us, total_bytes };
}

double progress_seconds(const struct progress *progress)
{
    return (double)(clock_monotonic_us() - progress->start_us) / 1e6;
}

void progress_show(struct progress *progress, int64_t rows, int64_t failed, int64_t bytes)
{
    int64_t now_us = clock_monotonic_us();
    if (!progress->shown || now_us - progress->last_us < PROGRESS_STEP_US)
        return;
    progress->last_us = now_us;
    fprintf(stderr, "\r%lld rows, %.0f/s", (long long)rows,
            (double)rows / ((double)(now_us - progress->start_us) / 1e6));
    if (progress->total_bytes > 0)
        fprintf(stderr, ", %lld %%", (long long)(100 * bytes / progress->total_bytes));
    fprintf(stderr, ", %lld failed\x1b[K", (long long)failed); /* and clear the rest of the line */
}

void progress_clear(const struct progress *progress)
{
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
}
