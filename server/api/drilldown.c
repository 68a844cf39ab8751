/* drilldown.c: figures as paths of the lists that count them, with the parameters of
 * leads_list.c and stage_events.c. That each total equals its figure, a test holds. */
#include "drilldown.h"

#include <ctype.h>
#include <string.h>

/* What begins the paths of one group: all but which stage or status. */
struct beginning {
    struct buffer entries, leads;
};

static void append_encoded(struct buffer *out, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buffer_char(out, *text);
        else
            buffer_printf(out, "%%%02X", (unsigned char)*text);
}

/* "&created_at[gte]=...": the instant at which the day begins. Nothing happened before 1970. */
static void append_bound(struct buffer *out, const char *name, const char *op, int64_t day)
{
    char time[TIME_TEXT_SIZE];
    int64_t at = day_start_ms(day);
    time_format(at > 0 ? at : 0, time);
    buffer_printf(out, "&%s%%5B%s%%5D=%s", name, op, time);
}

static void append_days(struct buffer *out, const char *name, int64_t from, int64_t to)
{
    if (from != NO_INT)
        append_bound(out, name, "gte", from);
    if (to != NO_INT)
        append_bound(out, name, "lt", to);
}

static void append_member(struct buffer *out, const char *name, const char *key)
{
    buffer_printf(out, key ? "&%s=" : "&%s%%5Babsent%%5D=true", name);
    if (key)
        append_encoded(out, key);
}

/* In a period an owner is who it was then. */
static const struct {
    const char *entries_at, *entries_owner, *leads_at, *leads_owner;
} words[] = {
    [ROLLUP_COHORT] = { "lead_created_at", "lead_owner", "created_at", "owner" },
    [ROLLUP_PERIOD] = { "occurred_at", "owner", "reached_at", "reached_owner" },
};

static void begin(const struct funnel_report *report, const struct funnel_group *group,
                  struct beginning *ret)
{
    ret->entries.length = ret->leads.length = 0;
    buffer_text(&ret->entries, "/v1/stage-events?");
    buffer_text(&ret->leads, "/v1/leads?");
    struct buffer *const both[] = { &ret->entries, &ret->leads };
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        bool leads = both[i] == &ret->leads;
        const char *owner =
            leads ? words[report->basis].leads_owner : words[report->basis].entries_owner;
        buffer_printf(both[i], "erased=show&counted=true&pipeline=%s", report->pipeline);
        append_days(both[i],
                    leads ? words[report->basis].leads_at : words[report->basis].entries_at,
                    report->from, report->to);
        if (report->group_by >= 0)
            append_member(both[i],
                          report->group_by == DIMENSION_OWNER ? owner
                                                              : dimension_names[report->group_by],
                          group->key);
    }
}

/* beginning + name + key + end; NULL: no memory. */
static const char *path(struct ctx *ctx, const struct buffer *beginning, const char *name,
                        const char *key, const char *end)
{
    size_t name_bytes = strlen(name), key_bytes = strlen(key), end_bytes = strlen(end) + 1;
    char *text =
        beginning->failed
            ? NULL
            : arena_take(ctx->arena, beginning->length + name_bytes + key_bytes + end_bytes);
    if (!text)
        return NULL;
    memcpy(text, beginning->data, beginning->length);
    memcpy(text + beginning->length, name, name_bytes);
    memcpy(text + beginning->length + name_bytes, key, key_bytes);
    memcpy(text + beginning->length + name_bytes + key_bytes, end, end_bytes);
    return text;
}

static bool drill_group(struct ctx *ctx, const struct funnel_group *group,
                        const struct beginning *beginning, const char *within)
{
    struct funnel_stage *stages = group->stages.items;
    bool made = true;
    for (size_t i = 0; i < group->stages.count; i++) {
        struct funnel_drilldown *to = &stages[i].drilldown;
        if (name_find(lead_status_names, stages[i].stage) >= 0)
            continue; /* the lists take it for the status */
        to->entered = path(ctx, &beginning->entries, "&to=", stages[i].stage, "");
        to->reached = path(ctx, &beginning->leads, "&reached=", stages[i].stage, within);
        made &= to->entered && to->reached;
    }
    return made;
}

static bool drill_closed(struct ctx *ctx, struct funnel_group *group,
                         const struct beginning *beginning)
{
    struct funnel_closed *const closed[] = { [LEAD_WON] = &group->won,
                                             [LEAD_LOST] = &group->lost,
                                             [LEAD_DISQUALIFIED] = &group->disqualified };
    bool made = true;
    for (int status = LEAD_WON; status < LEAD_STATUS_COUNT; status++) {
        closed[status]->drilldown =
            path(ctx, &beginning->leads, "&reached=", lead_status_names[status], "");
        made &= closed[status]->drilldown != NULL;
    }
    return made;
}

enum err drilldown_funnel(struct ctx *ctx, const struct funnel_report *report)
{
    struct beginning beginning = { { .arena = ctx->arena }, { .arena = ctx->arena } };
    struct funnel_group *groups = report->groups.items;
    const char *within = "";
    if (report->within_days != NO_INT)
        within = arena_printf(ctx->arena, "&within_days=%lld", (long long)report->within_days);
    bool made = within != NULL;
    for (size_t i = 0; i < report->groups.count && made; i++) {
        begin(report, &groups[i], &beginning);
        made = drill_group(ctx, &groups[i], &beginning, within) &&
               drill_closed(ctx, &groups[i], &beginning);
    }
    return made ? OK : fail(ctx, ERR_MEMORY, NULL, "no memory for the paths of figures");
}

enum err drilldown_board(struct ctx *ctx, const struct board *board)
{
    struct board_stage *stages = board->stages.items;
    for (size_t i = 0; i < board->stages.count; i++) {
        stages[i].drilldown = arena_printf(ctx->arena, "/v1/leads?pipeline=%s&stage=%s&status=open",
                                           board->pipeline, stages[i].stage);
        if (!stages[i].drilldown)
            return fail(ctx, ERR_MEMORY, NULL, "no memory for the paths of figures");
    }
    return OK;
}

enum err drilldown_attributes(struct ctx *ctx, struct attributes_report *report)
{
    struct buffer out = { .arena = ctx->arena };
    buffer_printf(&out, "/v1/leads?counted=true&pipeline=%s", report->pipeline);
    append_days(&out, "created_at", report->from, report->to);
    report->drilldown = (struct attributes_drilldown){
        .leads = path(ctx, &out, report->among == AMONG_CLOSED ? "&status%5Bin%5D=won,lost" : "",
                      "", ""),
        .won = path(ctx, &out, "&status=", lead_status_names[LEAD_WON], ""),
    };
    return report->drilldown.leads && report->drilldown.won
               ? OK
               : fail(ctx, ERR_MEMORY, NULL, "no memory for the paths of figures");
}
