/* progress.h: what a terminal shows of long work. Private to server/cli. */
#ifndef FUNNELD_CLI_PROGRESS_H
#define FUNNELD_CLI_PROGRESS_H

#include <funneld/base.h>

struct progress {
    bool shown; /* standard error is a terminal */
    int64_t start_us, last_us;
    int64_t total_bytes; /* of the file; 0: not known */
};

void progress_start(struct progress *progress, int64_t total_bytes);
void progress_show(struct progress *progress, int64_t rows, int64_t failed, int64_t bytes);
void progress_clear(const struct progress *progress);
double progress_seconds(const struct progress *progress);
/* A watch that shows how far the work is, and stops it at SIGINT and SIGTERM, which are blocked
 * from here on. */
struct watch progress_watch(struct progress *progress);

#endif
