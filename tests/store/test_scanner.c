/* test_scanner.c: the thread that reads for long: order, limits, deadlines, ends. */
#include "core.h"

#include <funneld/scanner.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

enum { PROBES = 8, QUEUE_MAX = 4, FOR_EVER = 1 << 30 };

struct probe {
    struct scan scan;
    struct arena arena;
    struct id_source ids;
    struct ctx ctx;
    sem_t begun, finished;
    int64_t steps; /* how many rows its statement makes */
    sem_t *gate;   /* waited for before that, unless NULL */
    int64_t value;
    int order; /* the how manieth to be done */
    struct id id;
};

static struct core core;
static struct scanner *scanner;
static struct probe probes[PROBES];
static atomic_int done_count;
static sem_t gate;

static enum err probe_run(struct scan *scan, struct db *db)
{
    struct probe *probe = (struct probe *)scan;
    ck_assert(!db_in_transaction(db));
    sem_post(&probe->begun);
    if (probe->gate)
        sem_wait(probe->gate);
    probe->id = id_new(scan->ctx);
    enum err err = db_begin_read(scan->ctx, db);
    return err ? err : db_int(scan->ctx, db, CORE_SLOW, &probe->value, param_int(probe->steps));
}

static void probe_done(struct scan *scan)
{
    struct probe *probe = (struct probe *)scan;
    probe->order = atomic_fetch_add(&done_count, 1);
    sem_post(&probe->finished);
}

static const struct scanner_options options = {
    .name = "scan",
    .queue_max = QUEUE_MAX,
    .metrics = { METRIC_SCAN_QUEUE, METRIC_SCANS, METRIC_SCANS_REFUSED, METRIC_SCANS_EXPIRED,
                 METRIC_SCAN_BUSY_US },
};

static void start(int64_t deadline_us)
{
    struct scanner_options own = options;
    own.deadline_us = deadline_us;
    ck_assert_ok(&core.ctx, scanner_start(&core.ctx, core.store, &own, &scanner));
}

static void setup(void)
{
    core_make(&core);
    core_open(&core);
    atomic_store(&done_count, 0);
    sem_init(&gate, 0, 0);
    for (size_t i = 0; i < PROBES; i++) {
        struct probe *probe = &probes[i];
        *probe = (struct probe){ .steps = 10 };
        probe->ctx = (struct ctx){ .arena = &probe->arena, .ids = &probe->ids, .now_ms = 1 };
        probe->scan = (struct scan){ .ctx = &probe->ctx, .run = probe_run, .done = probe_done };
        sem_init(&probe->begun, 0, 0);
        sem_init(&probe->finished, 0, 0);
    }
}

static void teardown(void)
{
    scanner_stop(scanner);
    scanner = NULL;
    for (size_t i = 0; i < PROBES; i++)
        arena_free(&probes[i].arena);
    core_done(&core);
}

static enum err probe_wait(struct probe *probe)
{
    sem_wait(&probe->finished);
    return probe->scan.result;
}

/* The first of them runs until the gate opens. */
static void submit_behind_gate(size_t count)
{
    probes[0].gate = &gate;
    ck_assert(scanner_submit(scanner, &probes[0].scan));
    sem_wait(&probes[0].begun);
    for (size_t i = 1; i < count; i++)
        ck_assert(scanner_submit(scanner, &probes[i].scan));
}

START_TEST(test_in_order)
{
    start(0);
    int64_t runs = metric_value(METRIC_SCANS);
    submit_behind_gate(4);
    ck_assert_int_eq(metric_value(METRIC_SCAN_QUEUE), 3);
    sem_post(&gate);
    for (int i = 0; i < 4; i++) {
        ck_assert_ok(&probes[i].ctx, probe_wait(&probes[i]));
        ck_assert_int_eq(probes[i].value, 10);
        ck_assert_int_eq(probes[i].order, i);
        ck_assert_ptr_eq(probes[i].ctx.ids, &probes[i].ids); /* its own again */
        if (i > 0)
            ck_assert_int_lt(id_compare(&probes[i - 1].id, &probes[i].id), 0);
    }
    ck_assert_int_eq(metric_value(METRIC_SCAN_QUEUE), 0);
    scanner_stop(scanner);
    scanner = NULL;
    ck_assert_int_eq(metric_value(METRIC_SCANS) - runs, 4);
}
END_TEST

START_TEST(test_full)
{
    start(0);
    int64_t refused = metric_value(METRIC_SCANS_REFUSED);
    submit_behind_gate(1 + QUEUE_MAX);
    struct probe *probe = &probes[1 + QUEUE_MAX];
    ck_assert(!scanner_submit(scanner, &probe->scan));
    ck_assert_int_eq(probe->ctx.failure.err, ERR_BUSY);
    ck_assert_int_eq(metric_value(METRIC_SCANS_REFUSED) - refused, 1);
    sem_post(&gate);
    for (int i = 0; i <= QUEUE_MAX; i++)
        ck_assert_ok(&probes[i].ctx, probe_wait(&probes[i]));
    failure_clear(&probe->ctx);
    ck_assert(scanner_submit(scanner, &probe->scan));
    ck_assert_ok(&probe->ctx, probe_wait(probe));
}
END_TEST

/* Each run has its own. */
START_TEST(test_deadline)
{
    start(50000);
    int64_t expired = metric_value(METRIC_SCANS_EXPIRED);
    probes[0].steps = INT64_C(1) << 50;
    probes[1].steps = INT64_C(1) << 50;
    for (int i = 0; i < 3; i++) {
        ck_assert(scanner_submit(scanner, &probes[i].scan));
        enum err err = probe_wait(&probes[i]);
        ck_assert_err(&probes[i].ctx, err, i < 2 ? ERR_DEADLINE : OK);
    }
    ck_assert_int_eq(metric_value(METRIC_SCANS_EXPIRED) - expired, 2);
}
END_TEST

/* Who has waited for longer than a run may take is told so, whatever goes on before it, and read
 * for no more. */
START_TEST(test_wait_has_a_deadline)
{
    start(50000);
    int64_t refused = metric_value(METRIC_SCANS_REFUSED), runs = metric_value(METRIC_SCANS);
    int64_t start_us = clock_monotonic_us();
    submit_behind_gate(4);
    for (int i = 1; i < 4; i++) {
        ck_assert_err(&probes[i].ctx, probe_wait(&probes[i]), ERR_BUSY);
        ck_assert_int_eq(probes[i].order, i - 1);
    }
    ck_assert_int_ge(clock_monotonic_us() - start_us, 50000);
    ck_assert_int_eq(metric_value(METRIC_SCANS_REFUSED) - refused, 3);
    ck_assert_int_eq(metric_value(METRIC_SCAN_QUEUE), 0);
    sem_post(&gate);
    probe_wait(&probes[0]);
    ck_assert(scanner_submit(scanner, &probes[4].scan));
    ck_assert_ok(&probes[4].ctx, probe_wait(&probes[4]));
    ck_assert_int_eq(metric_value(METRIC_SCANS) - runs, 2);
}
END_TEST

static bool not_wanted(struct scan *scan)
{
    (void)scan;
    return false;
}

/* Nor for whom has left meanwhile; who had not to wait has had no time for that. */
START_TEST(test_not_wanted)
{
    start(0);
    int64_t runs = metric_value(METRIC_SCANS);
    for (int i = 0; i < 4; i++)
        probes[i].scan.wanted = i == 2 ? NULL : not_wanted;
    submit_behind_gate(3);
    usleep(30000);
    sem_post(&gate);
    ck_assert_ok(&probes[0].ctx, probe_wait(&probes[0]));
    ck_assert_err(&probes[1].ctx, probe_wait(&probes[1]), ERR_BUSY);
    ck_assert_ok(&probes[2].ctx, probe_wait(&probes[2]));
    ck_assert_int_eq(metric_value(METRIC_SCANS) - runs, 2);
}
END_TEST

static bool shows_life(void)
{
    (void)scanner_pulse(scanner);
    usleep(20000);
    return scanner_pulse(scanner);
}

/* It lives while it rests and while it reads, but not where it does neither. */
START_TEST(test_pulse)
{
    start(0);
    ck_assert(shows_life());
    probes[1].steps = INT64_C(1) << 50;
    submit_behind_gate(2);
    ck_assert(!shows_life());
    sem_post(&gate);
    sem_wait(&probes[1].begun);
    usleep(1000);
    ck_assert(shows_life());
    ck_assert(shows_life());
    scanner_stop(scanner);
    scanner = NULL;
}
END_TEST

/* A stop leaves nobody without an answer, however long it would take. */
START_TEST(test_stop)
{
    start(0);
    for (int i = 0; i < 3; i++) {
        probes[i].steps = INT64_C(1) << 50;
        ck_assert(scanner_submit(scanner, &probes[i].scan));
    }
    sem_wait(&probes[0].begun);
    int64_t start_us = clock_monotonic_us();
    scanner_stop(scanner);
    scanner = NULL;
    ck_assert_int_lt(clock_monotonic_us() - start_us, 2000000);
    for (int i = 0; i < 3; i++)
        ck_assert_err(&probes[i].ctx, probe_wait(&probes[i]), ERR_BUSY);
}
END_TEST

/* What waits is still run, as far as the time goes; nothing new is taken. */
START_TEST(test_drain)
{
    start(0);
    submit_behind_gate(3);
    probes[2].steps = INT64_C(1) << 50;
    scanner_drain(scanner, 300);
    ck_assert(!scanner_submit(scanner, &probes[3].scan));
    ck_assert_int_eq(probes[3].ctx.failure.err, ERR_BUSY);
    sem_post(&gate);
    ck_assert_ok(&probes[0].ctx, probe_wait(&probes[0]));
    ck_assert_ok(&probes[1].ctx, probe_wait(&probes[1]));
    ck_assert_err(&probes[2].ctx, probe_wait(&probes[2]), ERR_BUSY);
    scanner_stop(scanner);
    scanner = NULL;
}
END_TEST

void scanner_tests(Suite *suite)
{
    TCase *tcase = tcase_create("scanner");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, test_in_order);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_deadline);
    tcase_add_test(tcase, test_wait_has_a_deadline);
    tcase_add_test(tcase, test_not_wanted);
    tcase_add_test(tcase, test_pulse);
    tcase_add_test(tcase, test_stop);
    tcase_add_test(tcase, test_drain);
    suite_add_tcase(suite, tcase);
}
