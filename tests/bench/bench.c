/* bench.c: arguments, dice, the list of ids, and what is posted. */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void bench_must(const struct ctx *ctx, enum err err, const char *what)
{
    if (!err)
        return;
    const char *member = ctx->failure.member_count ? ctx->failure.members[0].member : "";
    const char *detail =
        ctx->failure.member_count ? ctx->failure.members[0].detail : ctx->failure.detail;
    bench_die("%s: %s %s: %s", what, err_info(err)->code, member, detail ? detail : "no detail");
}

int64_t bench_number(const char *text, const char *name, int64_t min, int64_t max)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max)
        bench_die("%s is a number from %lld to %lld, not \"%s\"", name, (long long)min,
                  (long long)max, text);
    return value;
}

/* ---- Dice: splitmix64 ---- */

static uint64_t dice_next(struct dice *dice)
{
    uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
    return dice_next(dice) % sides;
}

double dice_share(struct dice *dice)
{
    return (double)(dice_next(dice) >> 11) / (double)(UINT64_C(1) << 53);
}

bool dice_percent(struct dice *dice, unsigned percent)
{
    return dice_roll(dice, 100) < percent;
}

const char *dice_choose(struct dice *dice, const struct choice *choices, size_t count)
{
    unsigned total = 0;
    for (size_t i = 0; i < count; i++)
        total += choices[i].weight;
    uint64_t left = dice_roll(dice, total);
    for (size_t i = 0; i < count; i++) {
        if (left < choices[i].weight)
            return choices[i].text;
        left -= choices[i].weight;
    }
    return NULL;
}

/* ---- Ids ---- */

void id_list_read(struct id_list *list, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        bench_die("%s: %m", path);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    list->text = malloc(bytes + 1);
    if (!list->text || fread(list->text, 1, bytes, file) != bytes)
        bench_die("%s cannot be read", path);
    fclose(file);
    list->count = bytes / ID_TEXT_SIZE; /* the newline has the place of the NUL */
    if (list->count == 0)
        bench_die("%s is empty", path);
}

struct id id_list_get(const struct id_list *list, size_t index)
{
    char text[ID_TEXT_SIZE];
    struct id id;
    memcpy(text, list->text + index * ID_TEXT_SIZE, ID_TEXT_SIZE);
    text[ID_TEXT_SIZE - 1] = '\0';
    if (!id_parse(text, &id))
        bench_die("\"%s\" is no id", text);
    return id;
}

enum { HOT_EVERY = 50, HOT_PERCENT = 90 };

struct id id_list_draw(const struct id_list *list, struct dice *dice, bool hot)
{
    size_t count = list->count;
    if (hot && dice_percent(dice, HOT_PERCENT)) {
        size_t hot_count = (count + HOT_EVERY - 1) / HOT_EVERY;
        return id_list_get(list, dice_roll(dice, hot_count) * HOT_EVERY);
    }
    return id_list_get(list, dice_roll(dice, count));
}

/* ---- What is posted ---- */

static const struct choice activity_types[] = {
    { "page_view", 60 },         { "email_opened", 20 },  { "email_clicked", 12 },
    { "content_downloaded", 5 }, { "form_submitted", 3 },
};

void bench_activity(struct dice *dice, struct activity_input *ret)
{
    *ret = (struct activity_input){ .occurred_at = NO_INT, .engagement = -1 };
    ret->type = DICE_CHOOSE(dice, activity_types);
    ret->properties = "{\"url\":\"https://www.example.com/pricing\",\"referrer\":\"search\"}";
}

static const struct choice visited_pages[] = {
    { "pricing", 20 }, { "docs/start", 25 }, { "blog/news", 30 },
    { "jobs", 10 },    { "contact", 10 },    { "cases/retail", 5 },
};
static const struct choice referrers[] = {
    { "search", 50 },
    { "newsletter", 30 },
    { "partner", 20 },
};

void bench_visit(struct arena *arena, struct dice *dice, struct activity_input *ret)
{
    *ret = (struct activity_input){ .occurred_at = NO_INT, .engagement = -1 };
    ret->type = DICE_CHOOSE(dice, activity_types);
    const char *page = DICE_CHOOSE(dice, visited_pages);
    const char *referrer = DICE_CHOOSE(dice, referrers);
    ret->properties = arena_printf(
        arena, "{\"url\":\"https://www.example.com/%s\",\"referrer\":\"%s\",\"seconds\":%u}", page,
        referrer, (unsigned)dice_roll(dice, 300));
}

static const struct choice posted_sources[] = {
    { "search", 40 }, { "website", 30 }, { "social", 15 }, { "referral", 10 }, { "event", 5 },
};

void bench_lead(struct ctx *ctx, struct dice *dice, int64_t number, struct lead_input *ret)
{
    *ret = (struct lead_input){ .amount_minor = NO_INT, .created_at = NO_INT };
    ret->email = arena_printf(ctx->arena, "ann.miller.%llx.%lld@acme.example",
                              (unsigned long long)dice_roll(dice, UINT32_MAX), (long long)number);
    ret->first_name = "Ann";
    ret->last_name = "Miller";
    ret->company = "Acme Industries";
    ret->job_title = "Head of IT";
    ret->country = "DE";
    ret->source = DICE_CHOOSE(dice, posted_sources);
}
