/* metrics.c: one number per row of metrics.def, counted without locks.
 * It does not know what is counted; labels and per-route numbers belong to the HTTP layer. */
#include <funneld/base.h>

#include <stdatomic.h>

static const struct {
    const char *name, *type, *help;
} infos[METRIC_COUNT] = {
#define COUNTER "counter"
#define GAUGE "gauge"
#define METRIC(metric, type_, name_, help_)                                                        \
    [metric] = { .name = name_, .type = type_, .help = help_ },
#include "metrics.def"
#undef METRIC
};

static _Atomic int64_t values[METRIC_COUNT];

/* Relaxed: each number stands alone, and no reader concludes from one about another. */
void metric_add(enum metric metric, int64_t amount)
{
    atomic_fetch_add_explicit(&values[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_value(enum metric metric)
{
    return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

void metrics_render(struct buffer *buffer)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", infos[i].name, infos[i].help,
                      infos[i].name, infos[i].type, infos[i].name,
                      (long long)metric_value((enum metric)i));
}
