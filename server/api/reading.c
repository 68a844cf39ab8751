/* reading.c: which thread a call reads on. Most reads take a fraction of a millisecond, and the
 * thread that answers does them itself. Which ones do not cannot be told from the outside: it
 * depends on the data. So each is given a small budget; one that exceeds it begins again on the
 * scan thread, and for a while others of its kind go there directly, so that not even the budget is
 * lost over and over. Knows no resource. */
#include "dispatch.h"
#include "thread.h"

#include <string.h>

enum {
    SLOW_FOR_US = 5 * 1000 * 1000, /* so at most one part in a hundred of a thread goes to a kind */
    LONG_QUEUE_MAX = 4,
    DRAIN_MS = 2500, /* leaves time for the answers within the 5 s of a stop */
};

/* ---- Kinds ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

/* Of a kind are reads of a route with the same arguments and the same sort, whatever the values of
 * the others. Two kinds that fall on the same place share their fate, which harms neither. */
/* A condition is a kind of its own: some take a thousand times as long as others. */
static uint64_t mix_conditions(uint64_t hash, const struct table *table, const void *args)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *text = NULL;
        if (table->fields[i].kind == FIELD_JSON)
            memcpy(&text, (const char *)args + table->fields[i].offset, sizeof text);
        for (; text && *text; text++)
            hash = mix(hash, (unsigned char)*text);
    }
    return hash;
}

static _Atomic int64_t *place_of(const struct call *call)
{
    struct reading *reading = &call->service->reading;
    const struct list *list = &call->list;
    uint64_t hash = mix(0, (uint64_t)(call->route - call->service->routes));
    if (call->query)
        hash = mix(hash, ((const struct input *)call->query)->present);
    for (size_t i = 0; i < call->filters.count; i++)
        for (const char *at = call->filters.items[i].name; *at; at++)
            hash = mix(hash, (unsigned char)*at);
    if (call->body)
        hash = mix_conditions(mix(hash, ((const struct input *)call->body)->present),
                              call->route->body, call->body);
    if (list->order)
        hash = mix(hash, (uint64_t)(list->order - call->route->orders) << 3 |
                             (uint64_t)list->descending << 2 | list->started << 1 | list->count);
    return &reading->slow_until_us[hash % SLOW_KINDS];
}

static bool was_slow(const struct call *call)
{
    int64_t until_us = atomic_load_explicit(place_of(call), memory_order_relaxed);
    return until_us && clock_monotonic_us() < until_us;
}

/* ---- On the HTTP thread ---- */

static enum err read_within(struct call *call, int64_t us, enum err (*run)(struct call *call))
{
    struct db *db = ((struct thread *)call->request->thread_app)->db;
    db_set_deadline(db, clock_monotonic_us() + us);
    enum err err = db_begin_read(call->ctx, db);
    if (!err) {
        call->db = db;
        err = run(call);
        call->db = NULL;
    }
    db_set_deadline(db, 0); /* which would hit the end too, and the next user of the connection */
    db_end_read(db);
    return err;
}

enum err reading_prepare(struct call *call)
{
    return read_within(call, call->service->reading.deadline_us, call->route->prepare);
}

enum err reading_try(struct call *call)
{
    struct http_request *request = call->request;
    struct call before = *call;
    struct http_reply reply = request->reply;
    int64_t work_us = -clock_thread_us();
    enum err err = read_within(call, call->service->reading.budget_us, call->route->run);
    if (err != ERR_DEADLINE)
        return err;
    *call = before; /* nothing of what was read so far must be left */
    request->reply = reply;
    failure_clear(call->ctx);
    work_us += clock_thread_us();
    /* One that only had to wait for a processor says nothing of its kind: on a busy machine all
     * would soon be scans, and refused for want of room. */
    if (work_us >= call->service->reading.budget_us / 2)
        atomic_store_explicit(place_of(call), clock_monotonic_us() + SLOW_FOR_US,
                              memory_order_relaxed);
    metric_add(METRIC_READS_HANDED_OVER, 1);
    return err;
}

bool reading_is_for_scanner(const struct call *call)
{
    return call->route->access == ACCESS_READ && was_slow(call);
}

/* ---- On the thread of a scanner ---- */

static struct call *call_of(struct scan *scan)
{
    return (struct call *)((char *)scan - offsetof(struct call, scan));
}

/* The answer is made here as well: what it says may be the connection's own, as the keys of stages
 * are, and the next scan may renew that. */
static enum err run_scan(struct scan *scan, struct db *db)
{
    struct call *call = call_of(scan);
    call->db = db;
    enum err err = db_begin_read(call->ctx, db);
    if (!err)
        err = call->route->run(call);
    call->db = NULL;
    call->replied = !err && !call->route->reply;
    if (call->replied)
        reply_result(call);
    return err;
}

static bool scan_is_wanted(struct scan *scan)
{
    return http_client_waits(call_of(scan)->request);
}

static void scanned(struct scan *scan)
{
    struct call *call = call_of(scan);
    call->outcome = scan->result;
    if (scan->result == ERR_DEADLINE && call->costly) {
        failure_clear(call->ctx);
        call->outcome =
            fail_member(call->ctx, call->costly, "too_costly",
                        "takes too long to be judged for so many leads: ask besides for what few "
                        "have and an index knows (stage, status, source, campaign, owner, "
                        "created_at, a custom field that is indexed), or for less than all time "
                        "(within_days)");
    }
    http_resume(call->request);
}

void reading_submit(struct call *call)
{
    call->scan = (struct scan){
        .ctx = call->ctx, .run = run_scan, .wanted = scan_is_wanted, .done = scanned
    };
    if (scanner_submit(call->service->reading.scans, &call->scan))
        return;
    call->outcome = call->ctx->failure.err;
    http_resume(call->request);
}

bool reading_pulse(struct service *service)
{
    bool scans = scanner_pulse(service->reading.scans);
    return scanner_pulse(service->reading.long_work) && scans;
}

/* ---- Start and stop ---- */

enum err reading_start(struct ctx *ctx, struct service *service, const struct config *config)
{
    struct reading *reading = &service->reading;
    reading->budget_us = config->read_budget_ms * 1000;
    reading->deadline_us = config->scan_deadline_ms * 1000;
    const struct scanner_options scans = {
        .name = "scans",
        .queue_max = (size_t)config->scan_queue_max,
        .deadline_us = reading->deadline_us,
        .metrics = { METRIC_SCAN_QUEUE, METRIC_SCANS, METRIC_SCANS_REFUSED, METRIC_SCANS_EXPIRED,
                     METRIC_SCAN_BUSY_US },
    };
    const struct scanner_options long_work = {
        .name = "long work",
        .queue_max = LONG_QUEUE_MAX,
        .metrics = { METRIC_LONG_QUEUE, METRIC_LONG_RUNS, METRIC_LONG_REFUSED, METRIC_LONG_EXPIRED,
                     METRIC_LONG_BUSY_US },
    };
    enum err err = scanner_start(ctx, service->store, &scans, &reading->scans);
    return err ? err : scanner_start(ctx, service->store, &long_work, &reading->long_work);
}

void reading_drain(struct service *service)
{
    if (service->reading.scans)
        scanner_drain(service->reading.scans, DRAIN_MS);
    if (service->reading.long_work)
        scanner_drain(service->reading.long_work, DRAIN_MS);
}

void reading_stop(struct service *service)
{
    scanner_end(service->reading.scans);
    scanner_end(service->reading.long_work);
}

void reading_free(struct service *service)
{
    scanner_stop(service->reading.scans);
    scanner_stop(service->reading.long_work);
}
