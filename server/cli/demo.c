/* demo.c: `demo`: tells the story of demo_story.c to an empty installation, through the routes that
 * everybody uses. Knows not what the story is. */
#include "demo.h"
#include "answer.h"
#include "progress.h"

#include <funneld/api.h>
#include <funneld/http.h>
#include <funneld/types.h>

#include <stdlib.h>
#include <string.h>

enum { LEADS_DEFAULT = 2000, LEADS_MAX = 100000, BATCH_ITEMS = 400 };

#define SYSTEM "demo"

struct demo {
    const struct cli *cli;
    struct ctx *ctx;
    struct control *control;
    struct story story;
    int leads;
    struct id users[STORY_USERS], campaigns[STORY_CAMPAIGNS];
    int64_t activities, events;
    struct progress progress;
    struct watch watch;

    /* One body at a time. */
    struct arena arena;
    struct buffer body;
    struct json json;
    size_t items;
};

/* ---- Asking ---- */

static enum status ask(struct demo *demo, const char *method, const char *path,
                       const struct buffer *body, struct answer *ret)
{
    if (control_request(demo->control, method, path, body, ret) != OK)
        return complain_failure(demo->ctx);
    if (ret->status / 100 == 2)
        return STATUS_OK;
    progress_clear(&demo->progress);
    return answer_complain(demo->ctx, ret);
}

static void body_begin(struct demo *demo, const char *list)
{
    arena_reset(&demo->arena);
    demo->body = (struct buffer){ .arena = &demo->arena };
    demo->json = (struct json){ .out = &demo->body };
    demo->items = 0;
    json_open(&demo->json, NULL, '{');
    if (list != NULL)
        json_open(&demo->json, list, '[');
}

static enum status body_post(struct demo *demo, const char *path, struct answer *ret)
{
    json_close(&demo->json, '}');
    if (demo->body.failed)
        return complain(STATUS_TEMPORARY, "not enough memory");
    return ask(demo, "POST", path, &demo->body, ret);
}

/* What all lists of items say of those that were refused: here none may be. */
static enum status list_post(struct demo *demo, const char *path)
{
    struct answer answer;
    if (demo->items == 0)
        return STATUS_OK;
    json_close(&demo->json, ']');
    enum status status = body_post(demo, path, &answer);
    if (status != STATUS_OK)
        return status;
    const char *refused = strstr(answer.body, "\"errors\":[");
    if (refused == NULL)
        return STATUS_OK;
    progress_clear(&demo->progress);
    return complain(STATUS_FAILED, "the service refused what it was told: %.200s", refused);
}

/* Before an item: sends what is there when it is enough. */
static enum status item_begin(struct demo *demo, const char *path, const char *list)
{
    enum status status = STATUS_OK;
    if (demo->items == BATCH_ITEMS) {
        status = list_post(demo, path);
        body_begin(demo, list);
    }
    demo->items++;
    json_open(&demo->json, NULL, '{');
    return status;
}

static enum status step(struct demo *demo, const char *what, int done)
{
    if (watch_step(&demo->watch, what, done, demo->leads))
        return STATUS_OK;
    progress_clear(&demo->progress);
    return complain(STATUS_FAILED, "interrupted: remove the data file before you begin again");
}

/* ---- Is it empty? ---- */

struct page {
    struct rows data;
    const char *next_cursor;
};

static const struct field row_fields[] = {
    FIELD(struct lead, id, ID),
    FIELD(struct lead, external_id, TEXT),
};
static const struct table row_table = TABLE(struct lead, "row", row_fields);
static const struct field page_fields[] = {
    FIELD(struct page, data, ROWS, .of = &row_table),
    FIELD(struct page, next_cursor, TEXT),
};
static const struct table page_table = TABLE(struct page, "page", page_fields);

static enum status page_get(struct demo *demo, const char *path, struct page *ret)
{
    struct answer answer;
    struct ctx ctx = { .arena = &demo->arena };
    enum status status = ask(demo, "GET", path, NULL, &answer);
    if (status == STATUS_OK && answer_read(&ctx, &answer, &page_table, ret) != OK)
        status = complain_failure(&ctx);
    return status;
}

static enum status empty_check(struct demo *demo)
{
    static const char *const lists[] = { "leads", "users", "campaigns", "fields", "forms" };
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        char path[48];
        struct page page;
        snprintf(path, sizeof(path), "/v1/%s?limit=1", lists[i]);
        enum status status = page_get(demo, path, &page);
        if (status != STATUS_OK)
            return status;
        if (page.data.count > 0)
            return complain(STATUS_FAILED,
                            "%s has %s already: a demonstration only fills an empty data file; "
                            "name another one with --database",
                            demo->cli->config->database, lists[i]);
    }
    return STATUS_OK;
}

/* ---- The parts of the story ---- */

static enum status thing_post(struct demo *demo, const char *path, struct id *ret)
{
    struct answer answer;
    struct lead row; /* of which only the id is read */
    struct ctx ctx = { .arena = &demo->arena };
    enum status status = body_post(demo, path, &answer);
    if (status == STATUS_OK && answer_read(&ctx, &answer, &row_table, &row) != OK)
        status = complain_failure(&ctx);
    *ret = row.id;
    return status;
}

static enum status users_post(struct demo *demo)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < STORY_USERS && status == STATUS_OK; i++) {
        body_begin(demo, NULL);
        json_text(&demo->json, "email", story_users[i].email);
        json_text(&demo->json, "name", story_users[i].name);
        status = thing_post(demo, "/v1/users", &demo->users[i]);
    }
    return status;
}

static void day_write(struct demo *demo, const char *name, int day)
{
    char text[TIME_TEXT_SIZE];
    day_format(day_of(demo->story.end_ms - (STORY_DAYS - day) * MS_PER_DAY), text);
    json_text(&demo->json, name, text);
}

static enum status campaigns_post(struct demo *demo)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < STORY_CAMPAIGNS && status == STATUS_OK; i++) {
        const struct story_campaign *campaign = &story_campaigns[i];
        body_begin(demo, NULL);
        json_text(&demo->json, "name", campaign->name);
        json_text(&demo->json, "channel", campaign->channel);
        day_write(demo, "starts_on", campaign->first_day);
        day_write(demo, "ends_on", campaign->last_day);
        json_int(&demo->json, "budget_minor", campaign->budget_minor);
        status = thing_post(demo, "/v1/campaigns", &demo->campaigns[i]);
    }
    return status;
}

static enum status custom_field_post(struct demo *demo)
{
    struct answer ignored;
    return body_post(demo, "/v1/fields", &ignored);
}

static enum status custom_fields_post(struct demo *demo)
{
    struct json *json = &demo->json;
    body_begin(demo, NULL);
    json_text(json, "key", "technicians");
    json_text(json, "name", "Technicians in the field");
    json_text(json, "type", "number");
    json_int(json, "min", 0);
    json_bool(json, "indexed", true);
    enum status status = custom_field_post(demo);
    if (status != STATUS_OK)
        return status;
    body_begin(demo, NULL);
    json_text(json, "key", "planning_tool");
    json_text(json, "name", "Plans with");
    json_text(json, "type", "choice");
    json_open(json, "choices", '[');
    for (size_t i = 0; i < STORY_TOOLS; i++)
        json_text(json, NULL, story_tools[i]);
    json_close(json, ']');
    return custom_field_post(demo);
}

static enum status form_post(struct demo *demo)
{
    struct id ignored;
    body_begin(demo, NULL);
    json_text(&demo->json, "name", "Contact");
    json_text(&demo->json, "key", "demo-contact");
    json_text(&demo->json, "source", "organic");
    return thing_post(demo, "/v1/forms", &ignored);
}

static void number_write(struct demo *demo, const char *name, int number)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", number);
    json_text(&demo->json, name, text);
}

static void lead_write(struct demo *demo, int number)
{
    struct story_lead lead;
    struct json *json = &demo->json;
    story_lead_make(&demo->story, number, &lead);
    json_text(json, "source_system", SYSTEM);
    number_write(demo, "external_id", number);
    json_text(json, "email", lead.email);
    json_text(json, "phone", *lead.phone == '\0' ? NULL : lead.phone);
    json_text(json, "first_name", lead.first_name);
    json_text(json, "last_name", lead.last_name);
    json_text(json, "company", lead.company);
    json_text(json, "job_title", lead.job_title);
    json_text(json, "industry", lead.industry);
    json_text(json, "country", lead.country);
    json_text(json, "city", lead.city);
    json_text(json, "source", lead.source);
    if (lead.campaign >= 0)
        json_id(json, "campaign", &demo->campaigns[lead.campaign]);
    if (lead.owner >= 0)
        json_id(json, "owner", &demo->users[lead.owner]);
    json_time(json, "created_at", lead.created_at);
    json_open(json, "fields", '{');
    if (lead.technicians > 0)
        json_int(json, "technicians", lead.technicians);
    if (lead.tool != NULL)
        json_text(json, "planning_tool", lead.tool);
    json_close(json, '}');
}

static enum status leads_post(struct demo *demo)
{
    static const char path[] = "/v1/import/leads", list[] = "items";
    enum status status = STATUS_OK;
    body_begin(demo, list);
    for (int i = 0; i < demo->leads && status == STATUS_OK; i++) {
        status = item_begin(demo, path, list);
        lead_write(demo, i);
        json_close(&demo->json, '}');
        if (status == STATUS_OK)
            status = step(demo, "leads", i);
    }
    return status == STATUS_OK ? list_post(demo, path) : status;
}

static void activity_write(struct demo *demo, int lead, size_t number,
                           const struct story_activity *activity)
{
    char external_id[40];
    struct json *json = &demo->json;
    snprintf(external_id, sizeof(external_id), "%d-%zu", lead, number);
    json_text(json, "lead_source_system", SYSTEM);
    number_write(demo, "lead_external_id", lead);
    json_text(json, "source_system", SYSTEM);
    json_text(json, "external_id", external_id);
    json_text(json, "type", activity->type);
    json_time(json, "occurred_at", activity->occurred_at);
}

static enum status activities_post(struct demo *demo)
{
    static const char path[] = "/v1/activities", list[] = "activities";
    struct story_activity activities[STORY_ACTIVITIES_MAX];
    enum status status = STATUS_OK;
    body_begin(demo, list);
    for (int i = 0; i < demo->leads && status == STATUS_OK; i++) {
        struct story_lead lead;
        story_lead_make(&demo->story, i, &lead);
        size_t count = story_activities_make(&demo->story, i, lead.created_at, activities);
        for (size_t j = 0; j < count && status == STATUS_OK; j++) {
            status = item_begin(demo, path, list);
            activity_write(demo, i, j, &activities[j]);
            json_close(&demo->json, '}');
            demo->activities++;
        }
        if (status == STATUS_OK)
            status = step(demo, "activities", i);
    }
    return status == STATUS_OK ? list_post(demo, path) : status;
}

/* ---- The sales: of those whose score makes them MQLs ---- */

static enum status mqls_get(struct demo *demo, int **ret_numbers, size_t *ret_count)
{
    struct page page = { 0 };
    *ret_count = 0;
    *ret_numbers = ctx_alloc(demo->ctx, (size_t)demo->leads * sizeof(**ret_numbers));
    if (*ret_numbers == NULL)
        return complain_failure(demo->ctx);
    char path[512] = "/v1/leads?stage=mql&sort=created_at&limit=200";
    size_t length = strlen(path);
    do {
        arena_reset(&demo->arena);
        enum status status = page_get(demo, path, &page);
        if (status != STATUS_OK)
            return status;
        const struct lead *leads = page.data.items;
        for (size_t i = 0; i < page.data.count && *ret_count < (size_t)demo->leads; i++)
            (*ret_numbers)[(*ret_count)++] = (int)strtol(leads[i].external_id, NULL, 10);
        if (page.next_cursor != NULL)
            snprintf(path + length, sizeof(path) - length, "&cursor=%s",
                     control_escape(demo->control, page.next_cursor));
    } while (page.next_cursor != NULL);
    return STATUS_OK;
}

static enum status event_add(struct demo *demo, int lead, const struct story_event *event)
{
    static const char path[] = "/v1/import/stage-events", list[] = "items";
    struct json *json = &demo->json;
    enum status status = item_begin(demo, path, list);
    json_text(json, "source_system", SYSTEM);
    number_write(demo, "external_id", lead);
    json_text(json, "to", event->to);
    json_time(json, "occurred_at", event->occurred_at);
    json_text(json, "reason", event->reason);
    json_int(json, "amount_minor", event->amount_minor);
    json_close(json, '}');
    demo->events++;
    return status;
}

/* Rules act from their publication on, which is today; in the story they were always there. So the
 * lead became an MQL with the last thing it did, and what sales made of it comes behind that. */
static enum status sale_add(struct demo *demo, int number)
{
    struct story_lead lead;
    struct story_activity activities[STORY_ACTIVITIES_MAX];
    struct story_event events[STORY_EVENTS_MAX];
    story_lead_make(&demo->story, number, &lead);
    size_t count = story_activities_make(&demo->story, number, lead.created_at, activities);
    struct story_event mql = { .to = "mql",
                               .occurred_at =
                                   count == 0 ? lead.created_at : activities[count - 1].occurred_at,
                               .amount_minor = NO_INT };
    enum status status = event_add(demo, number, &mql);
    count = story_events_make(&demo->story, number, mql.occurred_at, events);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = event_add(demo, number, &events[i]);
    return status;
}

static enum status events_post(struct demo *demo)
{
    int *numbers;
    size_t count;
    enum status status = mqls_get(demo, &numbers, &count);
    body_begin(demo, "items");
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = sale_add(demo, numbers[i]);
    return status == STATUS_OK ? list_post(demo, "/v1/import/stage-events") : status;
}

/* ---- The command ---- */

static enum status options_read(const struct cli *cli, struct demo *demo)
{
    const char *leads = option_value(cli, "--leads"), *until = option_value(cli, "--until");
    char *end = NULL;
    long count = leads == NULL ? LEADS_DEFAULT : strtol(leads, &end, 10);
    if (count < 1 || count > LEADS_MAX || (end != NULL && *end != '\0'))
        return complain_usage(cli, "--leads must be a number from 1 to %d", LEADS_MAX);
    int64_t today = day_of(cli->ctx->now_ms), day = today - 1;
    if (until != NULL && (!day_parse(until, &day) || day >= today || day < 2 * STORY_DAYS))
        return complain_usage(cli, "--until must be a date like 2026-11-22, before today");
    demo->leads = (int)count;
    demo->story.end_ms = day_start_ms(day + 1);
    return STATUS_OK;
}

static enum status demo_tell(struct demo *demo)
{
    enum status (*const parts[])(struct demo * demo) = {
        empty_check, users_post, campaigns_post,  custom_fields_post,
        form_post,   leads_post, activities_post, events_post,
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(parts) && status == STATUS_OK; i++)
        status = parts[i](demo);
    progress_clear(&demo->progress);
    return status;
}

static enum status demo_report(const struct demo *demo)
{
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    const struct config *config = demo->cli->config;
    const char *listen = config->listen;
    day_format(day_of(demo->story.end_ms - STORY_DAYS * MS_PER_DAY), from);
    day_format(day_of(demo->story.end_ms), to);
    printf("%d leads, %lld activities, %lld steps of sales, %d users, %d campaigns in %.1f s\n\n"
           "Look at it, while the daemon runs (funneld serve --database=%s):\n",
           demo->leads, (long long)demo->activities, (long long)demo->events, STORY_USERS,
           STORY_CAMPAIGNS, progress_seconds(&demo->progress), config->database);
    printf("  KEY=$(cat %s)\n"
           "  curl -H \"Authorization: Bearer $KEY\" \\\n"
           "    'http://%s/v1/metrics/funnel?basis=cohort&group_by=source&from=%s&to=%s'\n"
           "  curl -H \"Authorization: Bearer $KEY\" \\\n"
           "    'http://%s/v1/pipelines/default/board?limit=5'\n",
           service_admin_key(demo->ctx->arena, config), listen, from, to, listen);
    return output_end(STATUS_OK);
}

enum status demo_command(const struct cli *cli)
{
    struct demo *demo = arena_alloc(cli->ctx->arena, sizeof(*demo));
    if (demo == NULL)
        return complain(STATUS_TEMPORARY, "not enough memory");
    *demo = (struct demo){ .cli = cli, .ctx = cli->ctx };
    enum status status = options_read(cli, demo);
    if (status != STATUS_OK)
        return status;
    _cleanup_(control_done) struct control *control = NULL;
    if (control_open(cli->ctx, cli->config, /* create= */ true, &control) != OK)
        return complain_failure(cli->ctx);
    demo->control = control;
    demo->watch = progress_watch(&demo->progress);
    status = demo_tell(demo);
    arena_free(&demo->arena);
    return status == STATUS_OK ? demo_report(demo) : status;
}
