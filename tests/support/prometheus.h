/* prometheus.h: reads the text format of Prometheus as strictly as its specification allows. */
#ifndef FUNNELD_TESTS_SUPPORT_PROMETHEUS_H
#define FUNNELD_TESTS_SUPPORT_PROMETHEUS_H

/* What is wrong with the text, with the line, until the next call; NULL when nothing is. Families
 * come once and whole, HELP before TYPE before samples; no series comes twice; counters, and only
 * they, end in _total; histograms have rising bounds, growing counts, +Inf, _sum and _count. */
const char *prometheus_complaint(const char *text);

#endif
