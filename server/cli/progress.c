/* progress.c: one line on a terminal that is written anew a few times a second. Nothing goes to
 * pipes and files. */
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
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

static bool signal_came(void)
{
    static const struct timespec at_once = { 0 };
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return sigtimedwait(&signals, NULL, &at_once) > 0;
}

static bool progress_step(void *self, const char *what, int64_t done, int64_t total)
{
    struct progress *progress = self;
    int64_t now_us = clock_monotonic_us();
    if (now_us - progress->last_us < PROGRESS_STEP_US)
        return true;
    progress->last_us = now_us;
    if (progress->shown && total > 0) /* what is copied may take a little more room than it had */
        fprintf(stderr, "\r%s, %lld %%\x1b[K", what,
                (long long)(100 * (done < total ? done : total) / total));
    else if (progress->shown && done > 0)
        fprintf(stderr, "\r%s, %lld\x1b[K", what, (long long)done);
    else if (progress->shown)
        fprintf(stderr, "\r%s ...\x1b[K", what);
    return !signal_came();
}

struct watch progress_watch(struct progress *progress)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    progress_start(progress, 0);
    return (struct watch){ progress_step, progress };
}
