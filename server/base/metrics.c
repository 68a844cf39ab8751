/* metrics.c: one number per row of metrics.def, counted without locks, and the text to be scraped.
 * It does not know what is counted; labels and per-route numbers belong to the layers above. */
#include <funneld/base.h>

#include <stdatomic.h>

enum metric_type { COUNTER, GAUGE, COUNTER_US, GAUGE_US };

static const struct {
    const char *name, *help;
    enum metric_type type;
} infos[METRIC_COUNT] = {
#define METRIC(metric, type_, name_, help_)                                                        \
    [metric] = { .name = name_, .type = type_, .help = help_ },
#define HISTOGRAM(metric, bounds, name, help)
#include "metrics.def"
#undef METRIC
#undef HISTOGRAM
};

static const struct {
    const char *name, *help;
    enum histogram_bounds bounds;
} histogram_infos[METRIC_HISTOGRAM_COUNT] = {
#define METRIC(metric, type, name, help)
#define HISTOGRAM(metric, bounds_, name_, help_)                                                   \
    [metric] = { .name = name_, .bounds = bounds_, .help = help_ },
#include "metrics.def"
#undef METRIC
#undef HISTOGRAM
};

/* The last range has no bound. */
static const int64_t bounds_table[][HISTOGRAM_RANGES - 1] = {
    [BOUNDS_TIME] = { 500, 1000, 2500, 5000, 10000, 25000, 100000, 250000, 1000000, 5000000 },
    [BOUNDS_COUNT] = { 1, 2, 4, 8, 16, 32, 64, 128, 192, 256 },
};

static _Atomic int64_t values[METRIC_COUNT];
static struct histogram histograms[METRIC_HISTOGRAM_COUNT];

/* Relaxed: each number stands alone, and no reader concludes from one about another. */
static void add(_Atomic int64_t *number, int64_t amount)
{
    atomic_fetch_add_explicit(number, amount, memory_order_relaxed);
}

static int64_t get(const _Atomic int64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void metric_add(enum metric metric, int64_t amount)
{
    add(&values[metric], amount);
}

void metric_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_value(enum metric metric)
{
    return get(&values[metric]);
}

void metric_observe(enum metric_histogram histogram, int64_t value)
{
    histogram_add(&histograms[histogram], histogram_infos[histogram].bounds, value);
}

void histogram_add(struct histogram *histogram, enum histogram_bounds bounds, int64_t value)
{
    size_t range = 0;
    while (range < HISTOGRAM_RANGES - 1 && value > bounds_table[bounds][range])
        range++;
    add(&histogram->ranges[range], 1);
    add(&histogram->sum, value);
}

/* ---- The text ---- */

/* Microseconds (never negative) as seconds, without the detour of a floating point number. */
static void value_render(struct buffer *buffer, int64_t value, bool micros)
{
    int64_t whole = micros ? value / 1000000 : value, part = micros ? value % 1000000 : 0;
    int digits = 6;
    buffer_int(buffer, whole);
    if (part == 0)
        return;
    for (; part % 10 == 0; part /= 10)
        digits--;
    buffer_printf(buffer, ".%0*lld", digits, (long long)part);
}

void metric_family(struct buffer *buffer, const char *name, const char *type, const char *help)
{
    buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void histogram_render(struct buffer *buffer, const char *name, const char *labels,
                      enum histogram_bounds bounds, const struct histogram *histogram)
{
    const char *comma = *labels ? "," : "";
    bool micros = bounds == BOUNDS_TIME;
    int64_t count = 0; /* of the same look at the ranges, so that it equals the last of them */
    for (size_t i = 0; i < HISTOGRAM_RANGES; i++) {
        count += get(&histogram->ranges[i]);
        buffer_printf(buffer, "%s_bucket{%s%sle=\"", name, labels, comma);
        if (i < HISTOGRAM_RANGES - 1)
            value_render(buffer, bounds_table[bounds][i], micros);
        else
            buffer_text(buffer, "+Inf");
        buffer_printf(buffer, "\"} %lld\n", (long long)count);
    }
    const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    buffer_printf(buffer, "%s_sum%s%s%s ", name, open, labels, close);
    value_render(buffer, get(&histogram->sum), micros);
    buffer_printf(buffer, "\n%s_count%s%s%s %lld\n", name, open, labels, close, (long long)count);
}

void metrics_render(struct buffer *buffer)
{
    process_measure();
    metric_family(buffer, "funneld_build_info", "gauge", "The version that runs.");
    buffer_text(buffer, "funneld_build_info{version=\"" FUNNELD_VERSION "\"} 1\n");
    for (int i = 0; i < METRIC_COUNT; i++) {
        enum metric_type type = infos[i].type;
        bool counter = type == COUNTER || type == COUNTER_US;
        metric_family(buffer, infos[i].name, counter ? "counter" : "gauge", infos[i].help);
        buffer_printf(buffer, "%s ", infos[i].name);
        value_render(buffer, get(&values[i]), type == COUNTER_US || type == GAUGE_US);
        buffer_char(buffer, '\n');
    }
    for (int i = 0; i < METRIC_HISTOGRAM_COUNT; i++) {
        metric_family(buffer, histogram_infos[i].name, "histogram", histogram_infos[i].help);
        histogram_render(buffer, histogram_infos[i].name, "", histogram_infos[i].bounds,
                         &histograms[i]);
    }
}
