/* seed.c: fills a new data file with leads of two years, through the use cases that requests go
 * through, each at its own time, in large transactions. What a lead does is made up here; what
 * follows from it is not.
 *
 *   bench_seed FILE LEADS ACTIVITIES                   about so many activities of each
 *   bench_seed FILE exactly LEADS ACTIVITIES ...       so many of each, in equal steps up to now;
 *                                                      50,0: of every other one
 *
 * Beside FILE it writes admin.key and leads.txt, one id a line. The same numbers give the same
 * leads, ids aside. */
#include "bench.h"

#include "server/store/rollups_private.h"

#include <funneld/store.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LEADS_PER_COMMIT = 20000,
    CAMPAIGNS = 48,
    USERS = 25,
    DAYS = 730,
    INTEREST_MAX = 12,
    ACTIVITIES_MAX = 100000,
    ACTIVITIES_LIST_MAX = 8,
    EXACTLY_DAYS_EACH = 2, /* between activities, and no more than DAYS altogether */
};
#define MS_PER_HOUR INT64_C(3600000)

struct seed {
    struct ctx ctx;
    struct arena arena;
    struct id_source ids;      /* of what is made once, and of leads: they grow with time */
    struct id_source lead_ids; /* of what one lead does: the next lead starts before it ends */
    struct dice dice;
    struct store *store;
    struct db *db;
    int64_t start_ms, end_ms;
    struct id campaigns[CAMPAIGNS], users[USERS];
    FILE *id_file;
    int64_t each; /* activities of a lead, about */
    int64_t activities, moves, closed;
};

/* ---- Who they are ---- */

static const struct choice sources[] = {
    { "search", 26 }, { "website", 20 }, { "social", 14 }, { "referral", 10 }, { "newsletter", 8 },
    { "event", 6 },   { "partner", 5 },  { "webinar", 4 }, { NULL, 7 },
};
static const struct choice first_names[] = {
    { "Ann", 1 },   { "Bob", 1 },   { "Carla", 1 },  { "David", 1 }, { "Elif", 1 },
    { "Fatma", 1 }, { "Georg", 1 }, { "Hana", 1 },   { "Ivan", 1 },  { "Julia", 1 },
    { "Kenji", 1 }, { "Lucia", 1 }, { "Mehmet", 1 }, { "Nina", 1 },  { "Omar", 1 },
};
static const struct choice last_names[] = {
    { "Miller", 1 }, { "Rossi", 1 },  { "Schmidt", 1 }, { "Garcia", 1 }, { "Yilmaz", 1 },
    { "Novak", 1 },  { "Tanaka", 1 }, { "Dubois", 1 },  { "Jensen", 1 }, { "Kowalski", 1 },
    { "Smith", 1 },  { "Brown", 1 },  { "Silva", 1 },   { "Weber", 1 },  { "Larsen", 1 },
};
static const struct choice company_first[] = {
    { "Nord", 1 }, { "Alpha", 1 }, { "Blue", 1 },  { "Terra", 1 }, { "Silver", 1 }, { "Metro", 1 },
    { "Pro", 1 },  { "Delta", 1 }, { "Green", 1 }, { "Inter", 1 }, { "Omni", 1 },   { "Swift", 1 },
};
static const struct choice company_second[] = {
    { "tech", 1 },  { "works", 1 }, { "logic", 1 }, { "steel", 1 }, { "foods", 1 },
    { "media", 1 }, { "trans", 1 }, { "soft", 1 },  { "build", 1 }, { "care", 1 },
};
static const struct choice job_titles[] = {
    { "Engineer", 18 },
    { "Marketing Manager", 14 },
    { "Head of IT", 10 },
    { "Sales Manager", 12 },
    { "Chief Executive", 5 },
    { "Director of Operations", 7 },
    { "Buyer", 8 },
    { "Student", 4 },
    { NULL, 22 },
};
static const struct choice countries[] = {
    { "DE", 30 }, { "US", 20 }, { "GB", 10 }, { "FR", 10 }, { "TR", 8 },
    { "IT", 6 },  { "ES", 6 },  { "NL", 5 },  { "PL", 5 },
};
static const struct choice industries[] = {
    { "software", 20 }, { "manufacturing", 25 }, { "retail", 15 },
    { "health", 10 },   { "logistics", 10 },     { NULL, 20 },
};

static void lead_make_up(struct seed *seed, int64_t number, struct lead_input *ret)
{
    struct dice *dice = &seed->dice;
    struct arena *arena = &seed->arena;
    *ret = (struct lead_input){ .amount_minor = NO_INT, .created_at = NO_INT };
    ret->first_name = DICE_CHOOSE(dice, first_names);
    ret->last_name = DICE_CHOOSE(dice, last_names);
    const char *first = DICE_CHOOSE(dice, company_first);
    const char *second = DICE_CHOOSE(dice, company_second);
    unsigned long long which = dice_roll(dice, 400);
    ret->email = arena_printf(arena, "%s.%s.%lld@%s%s%llu.example", ret->first_name, ret->last_name,
                              (long long)number, first, second, which);
    if (dice_percent(dice, 80))
        ret->company = arena_printf(arena, "%s%s %llu", first, second, which);
    if (dice_percent(dice, 35))
        ret->phone = arena_printf(arena, "+49 30 %07lld", (long long)number);
    ret->job_title = DICE_CHOOSE(dice, job_titles);
    ret->country = DICE_CHOOSE(dice, countries);
    ret->industry = DICE_CHOOSE(dice, industries);
    ret->source = DICE_CHOOSE(dice, sources);
    if (dice_percent(dice, 20))
        ret->amount_minor = (int64_t)(500 + dice_roll(dice, 20000)) * 100;
    if (dice_percent(dice, 70))
        ret->owner = seed->users[dice_roll(dice, USERS)];
    /* One campaign starts every half month, and brings leads for two. */
    if (dice_percent(dice, 60)) {
        int64_t part =
            (seed->ctx.now_ms - seed->start_ms) * CAMPAIGNS / (seed->end_ms - seed->start_ms + 1);
        int64_t at = part - (int64_t)dice_roll(dice, 4);
        ret->campaign = seed->campaigns[at < 0 ? 0 : at];
    }
}

/* ---- When: more each month, and most of a day's leads between 8 and 18 h ---- */

static int64_t lead_time(struct seed *seed, int64_t number, int64_t count)
{
    double share = ((double)number + dice_share(&seed->dice)) / (double)count;
    /* The rate grows from 1 to 3 over the time: share = (x + x * x) / 2, solved for x. */
    double day = (sqrt(1 + 8 * share) - 1) / 2 * DAYS, hour = (day - floor(day)) * 24;
    hour = hour < 4 ? hour * 2 : hour < 20 ? 8 + (hour - 4) * 10 / 16 : 18 + (hour - 20) * 1.5;
    return seed->start_ms + (int64_t)((floor(day) * 24 + hour) * (double)MS_PER_HOUR);
}

/* Lets time pass; false when that is beyond the present. */
static bool pass(struct seed *seed, int64_t about_ms)
{
    int64_t next = seed->ctx.now_ms + 1000 + (int64_t)dice_roll(&seed->dice, 2 * about_ms);
    if (next >= seed->end_ms)
        return false;
    seed->ctx.now_ms = next;
    return true;
}

/* ---- What they do ---- */

static const struct choice interest_cold[] = {
    { "page_view", 55 },
    { "email_opened", 30 },
    { "email_clicked", 10 },
    { "form_submitted", 5 },
};
static const struct choice interest_warm[] = {
    { "page_view", 40 },        { "email_clicked", 15 },  { "content_downloaded", 15 },
    { "webinar_attended", 10 }, { "form_submitted", 10 }, { "demo_requested", 7 },
    { "meeting", 3 },
};

static const struct {
    const char *stage;
    unsigned percent; /* of those at the stage before */
} journey[] = { { "sql", 60 }, { "demo", 60 }, { "proposal", 55 }, { "close", 60 } };

static const struct choice reasons[] = {
    { "price", 3 },
    { "no answer", 4 },
    { "competitor", 2 },
    { "no budget", 2 },
};

static void close_lead(struct seed *seed, const struct id *id, enum lead_status status)
{
    struct lead lead;
    const char *reason = status == LEAD_WON ? NULL : DICE_CHOOSE(&seed->dice, reasons);
    int64_t amount =
        status == LEAD_WON ? (int64_t)(500 + dice_roll(&seed->dice, 30000)) * 100 : NO_INT;
    bench_must(&seed->ctx,
               lead_close(&seed->ctx, seed->db, id, status, reason, amount, NO_INT, &lead),
               "closing a lead");
    seed->closed++;
}

/* Sales has it: stage by stage, until somebody gives up. */
static void pursue(struct seed *seed, const struct id *id)
{
    struct lead lead;
    for (size_t i = 0; i < ARRAY_SIZE(journey); i++) {
        if (!dice_percent(&seed->dice, journey[i].percent)) {
            if (dice_percent(&seed->dice, 60) && pass(seed, 20 * MS_PER_DAY))
                close_lead(seed, id, LEAD_LOST);
            return;
        }
        if (!pass(seed, 5 * MS_PER_DAY))
            return;
        bench_must(
            &seed->ctx,
            lead_move(&seed->ctx, seed->db, id, journey[i].stage, NULL, CAUSE_USER, NO_INT, &lead),
            "moving a lead");
        seed->moves++;
    }
    if (pass(seed, 10 * MS_PER_DAY))
        close_lead(seed, id, dice_percent(&seed->dice, 55) ? LEAD_WON : LEAD_LOST);
}

/* Returns the key of the stage it is in afterwards. */
static const char *act(struct seed *seed, const struct id *id, const char *type)
{
    struct activity_recorded recorded;
    struct activity_input input = { .type = type, .occurred_at = NO_INT, .engagement = -1 };
    if (strcmp(type, "page_view") == 0)
        input.properties = "{\"url\":\"https://www.example.com/pricing\"}";
    bench_must(&seed->ctx, activity_record(&seed->ctx, seed->db, id, &input, &recorded),
               "recording an activity");
    seed->activities++;
    return recorded.stage_after;
}

static void visit(struct seed *seed, const struct id *id)
{
    struct activity_recorded recorded;
    struct activity_input input;
    bench_visit(&seed->arena, &seed->dice, &input);
    bench_must(&seed->ctx, activity_record(&seed->ctx, seed->db, id, &input, &recorded),
               "recording an activity");
    seed->activities++;
}

/* What it has done by itself, up to twice as much as is wanted on average, comes behind all else:
 * every few days something. */
static void stay(struct seed *seed, const struct id *id, int64_t done)
{
    int64_t wanted = (int64_t)dice_roll(&seed->dice, 2 * (uint64_t)seed->each + 1);
    for (; done < wanted && pass(seed, 4 * MS_PER_DAY); done++)
        visit(seed, id);
}

static void live(struct seed *seed, const struct id *id)
{
    int64_t before = seed->activities;
    struct dice *dice = &seed->dice;
    bool warm = dice_percent(dice, 25), qualified = false;
    for (int i = 0; i < INTEREST_MAX && dice_percent(dice, warm ? 82 : 55) && !qualified; i++) {
        if (!pass(seed, 4 * MS_PER_DAY))
            return;
        const char *type =
            warm ? DICE_CHOOSE(dice, interest_warm) : DICE_CHOOSE(dice, interest_cold);
        qualified = strcmp(act(seed, id, type), "mql") == 0;
    }
    if (qualified || dice_percent(dice, 2))
        pursue(seed, id);
    else if (dice_percent(dice, 6) && pass(seed, 30 * MS_PER_DAY))
        close_lead(seed, id, LEAD_DISQUALIFIED);
    stay(seed, id, seed->activities - before);
}

static struct id lead_add(struct seed *seed, int64_t number)
{
    struct lead_input input;
    struct lead_created created;
    char text[ID_TEXT_SIZE];
    seed->ctx.ids = &seed->ids;
    lead_make_up(seed, number, &input);
    bench_must(&seed->ctx, lead_create(&seed->ctx, seed->db, &input, false, &created),
               "creating a lead");
    id_format(&created.lead.id, text);
    fprintf(seed->id_file, "%s\n", text);
    seed->lead_ids = (struct id_source){ 0 };
    seed->ctx.ids = &seed->lead_ids;
    return created.lead.id;
}

/* ---- The file ---- */

static FILE *create_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    char *full = NULL;
    int folder = slash ? (int)(slash - path) + 1 : 0;
    if (asprintf(&full, "%.*s%s", folder, path, name) < 0)
        bench_die("no memory");
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        bench_die("%s: %m", full);
    free(full);
    return file;
}

static void file_close(FILE *file)
{
    bool failed = ferror(file);
    if (fclose(file) != 0 || failed)
        bench_die("a file could not be written");
}

static void commit(struct seed *seed)
{
    bench_must(&seed->ctx, rollups_flush(&seed->ctx, seed->db), "writing rollups");
    bench_must(&seed->ctx, db_commit(&seed->ctx, seed->db), "committing");
    bench_must(&seed->ctx, store_checkpoint(&seed->ctx, seed->store, true), "checkpointing");
}

static void campaigns_make(struct seed *seed)
{
    static const char *const channels[] = { "ads", "email", "event", "social" };
    for (size_t i = 0; i < CAMPAIGNS; i++) {
        struct campaign campaign;
        int64_t from = day_of(seed->start_ms) + (int64_t)i * DAYS / CAMPAIGNS;
        struct campaign_input input = { .name = arena_printf(&seed->arena, "Campaign %02zu", i + 1),
                                        .channel = channels[i % ARRAY_SIZE(channels)],
                                        .starts_on = from,
                                        .ends_on = from + 60,
                                        .budget_minor = 1000000 };
        bench_must(&seed->ctx, campaign_create(&seed->ctx, seed->db, &input, &campaign),
                   "creating a campaign");
        seed->campaigns[i] = campaign.id;
    }
}

static void users_make(struct seed *seed)
{
    for (size_t i = 0; i < USERS; i++) {
        struct user user;
        struct user_input input = { .email =
                                        arena_printf(&seed->arena, "sales%02zu@example.com", i),
                                    .name = arena_printf(&seed->arena, "Sales %02zu", i) };
        bench_must(&seed->ctx, user_create(&seed->ctx, seed->db, &input, &user), "creating a user");
        seed->users[i] = user.id;
    }
}

/* What the first start of a daemon does, two years ago. */
static void installation_make(struct seed *seed, const char *file)
{
    char *argv[] = { (char[]){ "bench_seed" }, (char[]){ "--config=/dev/null" }, NULL };
    int argc = 2;
    struct config config = { 0 };
    const char *key = NULL;
    bench_must(&seed->ctx, config_load(&seed->ctx, &config, &argc, argv), "configuration");
    seed->ctx.now_ms = seed->start_ms;
    bench_must(&seed->ctx, db_begin_write(&seed->ctx, seed->db), "beginning");
    bench_must(&seed->ctx, installation_prepare(&seed->ctx, seed->db, &config, &key),
               "preparing the installation");
    if (!key)
        bench_die("%s is in use already", file);
    FILE *key_file = create_beside(file, "admin.key");
    fprintf(key_file, "%s\n", key);
    file_close(key_file);
    campaigns_make(seed);
    users_make(seed);
    commit(seed);
}

static void progress(int64_t done, int64_t count, int64_t begin_us, bool terminal)
{
    int64_t us = clock_monotonic_us() - begin_us;
    if (!terminal && done < count && done / LEADS_PER_COMMIT % 5 != 0)
        return;
    fprintf(stderr, "%sseeded %lld of %lld leads, %.0f/s%s", terminal ? "\r" : "", (long long)done,
            (long long)count, (double)done * 1e6 / (double)(us ? us : 1),
            terminal && done < count ? "" : "\n");
}

static void leads_make(struct seed *seed, int64_t count)
{
    int64_t begin_us = clock_monotonic_us();
    bool terminal = isatty(STDERR_FILENO);
    for (int64_t done = 0; done < count;) {
        bench_must(&seed->ctx, db_begin_write(&seed->ctx, seed->db), "beginning");
        for (int i = 0; i < LEADS_PER_COMMIT && done < count; i++) {
            arena_reset(&seed->arena);
            seed->ctx.now_ms = lead_time(seed, done, count);
            struct id id = lead_add(seed, done++);
            live(seed, &id);
        }
        commit(seed);
        progress(done, count, begin_us, terminal);
    }
}

/* It began a step before its first activity; its last one is of now. */
static void lead_add_exactly(struct seed *seed, int64_t number, int64_t activities)
{
    int64_t step_ms = activities * EXACTLY_DAYS_EACH < DAYS ? EXACTLY_DAYS_EACH * MS_PER_DAY
                                                            : DAYS * MS_PER_DAY / activities;
    arena_reset(&seed->arena);
    seed->ctx.now_ms = seed->end_ms - step_ms * (activities + 1);
    struct id id = lead_add(seed, number);
    for (int64_t i = 0; i < activities; i++) {
        arena_reset(&seed->arena);
        seed->ctx.now_ms += step_ms;
        visit(seed, &id);
    }
}

static int64_t leads_read(const char *text)
{
    return bench_number(text, "LEADS", 1, 100000000);
}

static int64_t activities_read(const char *text)
{
    return bench_number(text, "ACTIVITIES", 0, ACTIVITIES_MAX);
}

/* "50,0": in turns. They are neighbours in the file, whatever they have done. */
static void leads_make_exactly(struct seed *seed, int64_t from, int64_t count, char *list)
{
    int64_t activities[ACTIVITIES_LIST_MAX];
    int64_t turns = 0;
    char *next = NULL;
    for (char *word = strtok_r(list, ",", &next); word; word = strtok_r(NULL, ",", &next)) {
        if (turns == ACTIVITIES_LIST_MAX)
            bench_die("at most %d numbers of ACTIVITIES", ACTIVITIES_LIST_MAX);
        activities[turns++] = activities_read(word);
    }
    if (turns == 0)
        bench_die("ACTIVITIES is missing");
    for (int64_t i = 0; i < count; i++) {
        if (i % LEADS_PER_COMMIT == 0)
            bench_must(&seed->ctx, db_begin_write(&seed->ctx, seed->db), "beginning");
        lead_add_exactly(seed, from + i, activities[i % turns]);
        if (i == count - 1 || i % LEADS_PER_COMMIT == LEADS_PER_COMMIT - 1)
            commit(seed);
    }
}

/* Returns how many leads there are. */
static int64_t make(struct seed *seed, int argc, char **argv)
{
    int64_t count = 0;
    if (strcmp(argv[2], "exactly") != 0) {
        count = leads_read(argv[2]);
        seed->each = activities_read(argv[3]);
        leads_make(seed, count);
        return count;
    }
    for (int i = 3; i + 1 < argc; i += 2) {
        int64_t leads = leads_read(argv[i]);
        leads_make_exactly(seed, count, leads, argv[i + 1]);
        count += leads;
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc < 4 || (argc > 4 && argc % 2 == 0))
        bench_die("usage: bench_seed FILE LEADS ACTIVITIES, or FILE exactly LEADS ACTIVITIES ...");
    struct seed seed = { .dice = { 1 } };
    seed.ctx = (struct ctx){ .arena = &seed.arena, .ids = &seed.ids };
    seed.ctx.principal.name = "seed";
    log_setup(LOG_WARN, LOG_TEXT);
    seed.end_ms = clock_now_ms();
    seed.start_ms = day_start_ms(day_of(seed.end_ms) - DAYS);
    bench_must(&seed.ctx, store_open(&seed.ctx, argv[1], &seed.store), "opening the file");
    seed.db = store_writer(seed.store);
    installation_make(&seed, argv[1]);
    seed.id_file = create_beside(argv[1], "leads.txt");
    int64_t count = make(&seed, argc, argv);
    file_close(seed.id_file);
    printf("{\"leads\": %lld, \"activities\": %lld, \"moves\": %lld, \"closed\": %lld, "
           "\"bytes\": %lld}\n",
           (long long)count, (long long)seed.activities, (long long)seed.moves,
           (long long)seed.closed, (long long)store_file_bytes(seed.store));
    store_close(seed.store);
    arena_free(&seed.arena);
    return 0;
}
