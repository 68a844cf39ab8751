/* jobs_run.h: what works the jobs off. Private to server/api. */
#ifndef FUNNELD_API_JOBS_RUN_H
#define FUNNELD_API_JOBS_RUN_H

#include <funneld/crm.h>
#include <funneld/scanner.h>
#include <funneld/writer.h>

#include <stdatomic.h>

/* One job that reads for minutes, on the thread for that. */
struct job_reading {
    struct scan scan;
    struct ctx ctx;
    struct arena arena;
    struct id_source ids;
    struct id job_id; /* set before the scan is submitted */
    struct job job;
    atomic_bool at_work;
};

struct jobs_run {
    struct command command;
    struct ctx ctx;
    struct arena arena;
    struct id_source ids;
    struct writer *writer;
    struct scanner *long_work;
    struct job_reading reading;
};

/* What a job found, as JSON: struct preview_progress, struct reclassification. */
extern const struct table preview_result_table, reclassification_result_table;

/* Goes on with what a stop or a crash has left, and with what comes, until the writer stops. */
enum err jobs_run_start(struct ctx *ctx, struct writer *writer, struct scanner *long_work,
                        struct jobs_run *jobs) _must_check_;
/* Any thread, once a new job is committed. */
void jobs_run_wake(struct jobs_run *jobs);
void jobs_run_free(struct jobs_run *jobs); /* once the writer has stopped */

#endif
