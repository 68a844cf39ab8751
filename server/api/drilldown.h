/* drilldown.h: from figures to the lists of what they count. Private to server/api. */
#ifndef FUNNELD_API_DRILLDOWN_H
#define FUNNELD_API_DRILLDOWN_H

#include <funneld/reports.h>

/* Fill in the `drilldown` of each figure, in ctx's arena. */
enum err drilldown_funnel(struct ctx *ctx, const struct funnel_report *report) _must_check_;
enum err drilldown_board(struct ctx *ctx, const struct board *board) _must_check_;
enum err drilldown_attributes(struct ctx *ctx, struct attributes_report *report) _must_check_;

#endif
