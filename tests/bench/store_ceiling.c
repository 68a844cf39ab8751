/* store_ceiling.c: what the disk and SQLite give without HTTP, on one thread, on a copy of the
 * data file.
 *
 *   bench_store statements KIND FILE IDS SECONDS   SQLite alone: the statements of the use case
 *   bench_store use_case KIND FILE IDS SECONDS     the use case, in the writer's batches
 *   bench_store visits FILE SECONDS                leads that time makes due, on a fast clock
 *   bench_store fdatasync FILE SECONDS             a page written and made durable, again and again
 *
 * KIND is activity, hot (nine of ten go to every fiftieth lead) or lead; IDS is what bench_seed
 * wrote. Both commit every 64 and copy the log back as the writer does. Prints one line of JSON.
 *
 * `statements` first runs the use case and takes every statement down with its parameters, rolls
 * back, and then gives the very same to SQLite, with nothing of ours between. So whatever a use
 * case does, the ceiling does too. It works on the writer's own connection: same pragmas. */
#include "bench.h"

#include "server/store/batch.h"
#include "server/store/db_private.h"
#include "server/store/driver_sqlite.h"
#include "server/store/rollups_private.h"
#include "server/store/upkeep.h"
#include "trace.h"

#include <funneld/store.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 64,
    RECORD_PER_SECOND = 30000, /* of what is measured: more than is ever committed */
};

enum kind { KIND_ACTIVITY, KIND_HOT, KIND_LEAD };
static const char *const kind_names[] = { "activity", "hot", "lead", NULL };

struct bench {
    enum kind kind;
    int64_t duration_us;
    struct id_list list;
    struct dice dice;
    struct arena arena;
    struct id_source ids;
    struct ctx ctx;
    struct store *store;
    struct db *db;
    int64_t checkpoint_us, number;
    int64_t frames_before, frames; /* pages that went into the log */
};

static void report(const struct bench *bench, int64_t count, int64_t us)
{
    printf("{\"rate\": %.1f, \"count\": %lld, \"seconds\": %.3f, \"pages_each\": %.2f}\n",
           (double)count * 1e6 / (double)us, (long long)count, (double)us / 1e6,
           count ? (double)bench->frames / (double)count : 0);
}

/* Once after each commit. */
static void upkeep(struct bench *bench)
{
    const struct connection *connection = bench->db->connection;
    int64_t grown = connection->log_frames - bench->frames_before;
    bench->frames += grown >= 0 ? grown : connection->log_frames;
    bench->frames_before = connection->log_frames;
    int64_t now_us = clock_monotonic_us();
    const struct driver *driver = bench->db->driver;
    if (now_us < bench->checkpoint_us ||
        driver->log_backlog_bytes(bench->db->connection) <= PASSIVE_BYTES)
        return;
    bool truncate = driver->log_bytes(bench->db->connection) > TRUNCATE_BYTES;
    bench_must(&bench->ctx, store_checkpoint(&bench->ctx, bench->store, truncate), "checkpointing");
    bench->checkpoint_us = now_us + CHECKPOINT_US;
}

/* One post, as a request would make it. */
static enum err post(struct bench *bench, struct ctx *ctx)
{
    if (bench->kind == KIND_LEAD) {
        struct lead_input input;
        struct lead_created created;
        bench_lead(ctx, &bench->dice, bench->number++, &input);
        return lead_create(ctx, bench->db, &input, false, &created);
    }
    struct activity_input input;
    struct activity_recorded recorded;
    struct id lead_id = id_list_draw(&bench->list, &bench->dice, bench->kind == KIND_HOT);
    bench_activity(&bench->dice, &input);
    return activity_record(ctx, bench->db, &lead_id, &input, &recorded);
}

/* ---- The statements alone ---- */

static void record(struct bench *bench, struct trace *trace)
{
    struct ctx *ctx = &bench->ctx;
    int64_t count = bench->duration_us / 1000 * RECORD_PER_SECOND / 1000;
    bench_must(ctx, db_begin_write(ctx, bench->db), "beginning");
    trace_start(trace);
    int64_t end_us = clock_monotonic_us() + 2 * bench->duration_us;
    for (int64_t done = 0; done < count && clock_monotonic_us() < end_us; done += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            arena_reset(&bench->arena);
            ctx->now_ms = clock_now_ms();
            bench_must(ctx, post(bench, ctx), "the use case");
        }
        bench_must(ctx, rollups_flush(ctx, bench->db), "writing rollups");
        rollups_truncate(db_rollups(bench->db), 0);
        trace_commit();
    }
    trace_stop();
    db_rollback(bench->db);
    bench_must(ctx, store_checkpoint(ctx, bench->store, true), "checkpointing");
}

static void run_statements(struct bench *bench)
{
    struct trace trace = { 0 };
    record(bench, &trace);
    struct replay replay;
    replay_open(&replay, bench->db->connection->handle, &trace);
    int64_t begin_us = clock_monotonic_us(), us = 0, count = 0;
    bench->checkpoint_us = begin_us + CHECKPOINT_US;
    while (us < bench->duration_us && replay_batch(&replay)) {
        count += BATCH;
        upkeep(bench);
        us = clock_monotonic_us() - begin_us;
    }
    report(bench, count, us);
    replay_close(&replay);
    trace_free(&trace);
}

/* ---- The use case ---- */

struct task {
    struct command command;
    struct bench *bench;
    struct arena arena;
    struct ctx ctx;
};

static enum err task_run(struct command *command, struct db *db)
{
    (void)db;
    return post(((struct task *)command)->bench, command->ctx);
}

static int64_t run_batch(struct batch *batch, struct task *tasks)
{
    batch_begin(batch);
    for (int i = 0; i < BATCH; i++) {
        arena_reset(&tasks[i].arena);
        batch_run(batch, &tasks[i].command);
        bench_must(&tasks[i].ctx, tasks[i].command.result, "the use case");
    }
    if (!batch_end(batch))
        bench_die("a commit failed");
    return BATCH;
}

static void run_use_case(struct bench *bench)
{
    static struct task tasks[BATCH];
    for (int i = 0; i < BATCH; i++) {
        struct task *task = &tasks[i];
        task->bench = bench;
        task->ctx = (struct ctx){ .arena = &task->arena, .principal.name = "admin" };
        task->command = (struct command){ .ctx = &task->ctx, .run = task_run };
    }
    struct batch batch;
    batch_init(&batch, bench->db);
    int64_t begin_us = clock_monotonic_us(), us = 0, count = 0;
    bench->checkpoint_us = begin_us + CHECKPOINT_US;
    for (; us < bench->duration_us; us = clock_monotonic_us() - begin_us) {
        count += run_batch(&batch, tasks);
        upkeep(bench);
    }
    report(bench, count, us);
    batch_free(&batch);
    for (int i = 0; i < BATCH; i++)
        arena_free(&tasks[i].arena);
}

/* ---- Visits ---- */

enum { VISITS_AT_ONCE = 32 }; /* as many as the daemon's visitor */
#define CLOCK_STEP_MS INT64_C(60000)

struct visit {
    struct command command;
    struct ctx ctx;
    struct arena arena;
    int64_t now_ms, count;
};

/* The next that are due, as far as the clock must be put forward for it. */
static enum err visit_run(struct command *command, struct db *db)
{
    struct visit *visit = (struct visit *)command;
    struct due_taken taken = { 0 };
    int64_t end_ms = visit->now_ms + 100 * MS_PER_DAY;
    enum err err = OK;
    while (!err && taken.count == 0 && visit->now_ms < end_ms) {
        arena_reset(&visit->arena);
        visit->ctx.now_ms = visit->now_ms;
        err = leads_take_due(&visit->ctx, db, VISITS_AT_ONCE, &taken);
        if (taken.count < VISITS_AT_ONCE)
            visit->now_ms += CLOCK_STEP_MS;
    }
    visit->count += taken.count;
    return err;
}

static double cpu_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

/* What was due before is no measure: it is done first. */
static void run_visits(struct bench *bench)
{
    struct visit visit = { .now_ms = clock_now_ms() };
    visit.ctx = (struct ctx){ .arena = &visit.arena, .principal.name = "funneld" };
    visit.command = (struct command){ .ctx = &visit.ctx, .run = visit_run };
    struct batch batch;
    batch_init(&batch, bench->db);
    int64_t begin_us = 0, us = 0, start_ms = visit.now_ms;
    double cpu_before_us = 0;
    while (us < bench->duration_us) {
        int64_t before = visit.count;
        batch_begin(&batch);
        batch_run(&batch, &visit.command);
        bench_must(&visit.ctx, visit.command.result, "visiting");
        if (!batch_end(&batch))
            bench_die("a commit failed");
        upkeep(bench);
        if (visit.count == before)
            break; /* nobody is due any more */
        if (visit.now_ms > start_ms && cpu_before_us == 0) {
            visit.count = 0;
            begin_us = clock_monotonic_us();
            cpu_before_us = cpu_us();
        }
        us = cpu_before_us == 0 ? 0 : clock_monotonic_us() - begin_us;
    }
    printf("{\"count\": %lld, \"cpu_us_each\": %.2f}\n", (long long)visit.count,
           visit.count ? (cpu_us() - cpu_before_us) / (double)visit.count : 0);
    batch_free(&batch);
    arena_free(&visit.arena);
}

/* ---- The disk ---- */

/* As the log is used: the same few megabytes over and over, their place on the disk settled. */
static void run_fdatasync(const char *path, int64_t duration_us)
{
    enum { PAGE = 4096, PAGES = 1024 };
    static char page[PAGE];
    struct bench bench = { 0 };
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_die("%s: %m", path);
    unlink(path);
    for (int i = 0; i < PAGES; i++)
        if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
            bench_die("%s: %m", path);
    if (fsync(fd) != 0)
        bench_die("%s: %m", path);
    int64_t begin_us = clock_monotonic_us(), us = 0, count = 0;
    for (; us < duration_us; us = clock_monotonic_us() - begin_us, count++) {
        memset(page, (int)count, PAGE);
        if (pwrite(fd, page, PAGE, count % PAGES * PAGE) != PAGE || fdatasync(fd) != 0)
            bench_die("%s: %m", path);
    }
    close(fd);
    report(&bench, count, us);
}

static int64_t seconds_us(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || seconds <= 0 || seconds > 3600)
        bench_die("SECONDS is a number up to 3600, not \"%s\"", text);
    return (int64_t)(seconds * 1e6);
}

int main(int argc, char **argv)
{
    log_setup(LOG_WARN, LOG_TEXT);
    if (argc == 4 && strcmp(argv[1], "fdatasync") == 0) {
        run_fdatasync(argv[2], seconds_us(argv[3]));
        return 0;
    }
    bool visits = argc == 4 && strcmp(argv[1], "visits") == 0;
    bool statements = argc == 6 && strcmp(argv[1], "statements") == 0;
    if (!visits && !statements && !(argc == 6 && strcmp(argv[1], "use_case") == 0))
        bench_die("usage: statements|use_case activity|hot|lead FILE IDS SECONDS, or "
                  "visits|fdatasync FILE SECONDS");
    int kind = visits ? KIND_ACTIVITY : name_find(kind_names, argv[2]);
    if (kind < 0)
        bench_die("KIND is activity, hot or lead, not \"%s\"", argv[2]);
    struct bench bench = { .kind = (enum kind)kind, .duration_us = seconds_us(argv[argc - 1]) };
    bench.dice.state = (uint64_t)clock_monotonic_us(); /* other leads in each round */
    bench.ctx = (struct ctx){ .arena = &bench.arena, .ids = &bench.ids, .principal.name = "admin" };
    if (!visits)
        id_list_read(&bench.list, argv[4]);
    bench_must(&bench.ctx, store_open(&bench.ctx, argv[visits ? 2 : 3], &bench.store),
               "opening the file");
    bench.db = store_writer(bench.store);
    if (visits)
        run_visits(&bench);
    else if (statements)
        run_statements(&bench);
    else
        run_use_case(&bench);
    bench_must(&bench.ctx, store_checkpoint(&bench.ctx, bench.store, true), "checkpointing");
    store_close(bench.store);
    free(bench.list.text);
    arena_free(&bench.arena);
    return 0;
}
