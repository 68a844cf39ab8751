/* demo_story.c: a company that sells software to other companies. All names are made up, addresses
 * are in domains and numbers in ranges that belong to nobody (RFC 2606; 555-01xx). Everything about
 * a lead follows from its number, by our own generator: no run differs from another. */
#include "demo.h"

#include <stdio.h>

#define MS_PER_HOUR INT64_C(3600000)
#define MS_PER_MINUTE INT64_C(60000)

/* ---- Chance ---- */

/* SplitMix64: any seed will do, and the same one gives the same numbers everywhere. */
struct chance {
    uint64_t state;
};

enum chapter { CHAPTER_LEAD = 1, CHAPTER_ACTIVITIES, CHAPTER_SALE, CHAPTER_FIELDS };

static uint64_t chance_next(struct chance *chance)
{
    uint64_t value = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* Each chapter of a lead's life has numbers of its own: one that grows longer moves no other. */
static struct chance chance_of(int number, enum chapter chapter)
{
    return (struct chance){ (uint64_t)number * 8 + chapter };
}

static int64_t below(struct chance *chance, int64_t limit)
{
    return (int64_t)(chance_next(chance) % (uint64_t)limit);
}

static bool percent(struct chance *chance, int percents)
{
    return below(chance, 100) < percents;
}

#define ONE_OF(chance, list) ((list)[below(chance, ARRAY_SIZE(list))])

/* ---- The company ---- */

const struct story_user story_users[STORY_USERS] = {
    { "Nora Lindqvist", "nora.lindqvist@sales.example" },
    { "Tomas Okafor", "tomas.okafor@sales.example" },
    { "Priya Raman", "priya.raman@sales.example" },
    { "Jonas Weber", "jonas.weber@sales.example" },
    { "Camila Duarte", "camila.duarte@sales.example" },
};

const struct story_campaign story_campaigns[STORY_CAMPAIGNS] = {
    { "Search: work orders", "paid_search", 0, 179, 4200000 },
    { "Spring trade fair", "event", 20, 26, 2800000 },
    { "Webinar: planning without sheets", "webinar", 60, 75, 600000 },
    { "Newsletter", "email", 0, 179, 300000 },
    { "Partner programme", "referral", 45, 179, 900000 },
    { "Autumn campaign", "paid_social", 120, 165, 1500000 },
};

/* Where leads come from, how many in a hundred, and how warm they are. */
static const struct source {
    const char *name;
    int share;
    int campaign;  /* that most of them belong to; -1: none */
    int hot, warm; /* in a hundred */
} sources[] = {
    { "organic", 24, -1, 7, 24 },    { "paid_search", 22, 0, 8, 26 },
    { "paid_social", 14, 5, 3, 14 }, { "newsletter", 11, 3, 6, 30 },
    { "webinar", 9, 2, 16, 44 },     { "trade_fair", 8, 1, 12, 34 },
    { "referral", 7, 4, 24, 40 },    { "direct", 5, -1, 10, 28 },
};

static const struct source *source_of(struct chance *chance)
{
    int64_t at = below(chance, 100);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        at -= sources[i].share;
        if (at < 0)
            return &sources[i];
    }
    return &sources[0];
}

/* ---- People ---- */

static const char *const first_names[] = {
    "Anna",  "Ben",   "Clara", "David", "Elena", "Felix", "Grace", "Hugo",  "Ines",   "Jakob",
    "Kira",  "Liam",  "Maria", "Noah",  "Olga",  "Paul",  "Rosa",  "Samir", "Tara",   "Viktor",
    "Wanda", "Yusuf", "Zoe",   "Amara", "Bruno", "Dalia", "Emil",  "Farah", "Goran",  "Helen",
    "Ivan",  "Julia", "Karim", "Lena",  "Mateo", "Nina",  "Oscar", "Petra", "Rafael", "Sofia",
};

static const char *const last_names[] = {
    "Adler",  "Berg",   "Costa",  "Dahl",   "Eriksen", "Fischer", "Garcia",  "Hansen",
    "Ivanov", "Jansen", "Keller", "Larsen", "Moreau",  "Novak",   "Olsen",   "Petit",
    "Quinn",  "Rossi",  "Silva",  "Tanaka", "Ulrich",  "Varga",   "Walsh",   "Young",
    "Zeman",  "Abbas",  "Brandt", "Chen",   "Duarte",  "Evans",   "Ferrari", "Grant",
};

static const char *const company_beginnings[] = {
    "North", "Blue",  "Silver", "Green", "Bright", "Iron",  "River",   "Stone", "Summit", "Harbour",
    "Maple", "Cedar", "Falcon", "Lunar", "Solar",  "Urban", "Pioneer", "Atlas", "Delta",  "Orchid",
};

/* With the domain's half of the name. */
static const struct {
    const char *ending, *domain, *industry;
} company_endings[] = {
    { "Logistics", "logistics", "logistics" },
    { "Foods", "foods", "food" },
    { "Engineering", "engineering", "machinery" },
    { "Health", "health", "health care" },
    { "Energy", "energy", "energy" },
    { "Textiles", "textiles", "textiles" },
    { "Software", "software", "software" },
    { "Builders", "builders", "construction" },
};

/* Those who decide, and those who look. */
static const char *const deciders[] = { "Head of Operations",      "Director of IT",
                                        "Chief Executive Officer", "Head of Production",
                                        "Chief Financial Officer", "Director of Purchasing" };
static const char *const lookers[] = { "Project Manager", "Engineer", "Analyst",  "Consultant",
                                       "Office Manager",  "Student",  "Team Lead" };

static const struct {
    const char *country, *city;
    const char *dial; /* with two digits behind it a number of nobody */
} places[] = {
    { "United States", "Chicago", "+131255501" }, { "United States", "Denver", "+130355501" },
    { "United States", "Boston", "+161755501" },  { "Canada", "Toronto", "+141655501" },
    { "Canada", "Vancouver", "+160455501" },      { "United States", "Austin", "+151255501" },
    { "United States", "Seattle", "+120655501" }, { "United States", "Atlanta", "+140455501" },
};

/* More by day than by night, and on working days. */
static int64_t working_time(struct chance *chance, int64_t day_ms)
{
    int64_t hour = percent(chance, 85) ? 8 + below(chance, 10) : below(chance, 24);
    return day_ms + hour * MS_PER_HOUR + below(chance, MS_PER_HOUR);
}

static int64_t created_at(const struct story *story, struct chance *chance, int campaign)
{
    int first = 0, last = STORY_DAYS - 1;
    if (campaign >= 0) {
        first = story_campaigns[campaign].first_day;
        last = story_campaigns[campaign].last_day;
    }
    int day = first + (int)below(chance, last - first + 1);
    int64_t day_ms = story->end_ms - (STORY_DAYS - day) * MS_PER_DAY;
    return working_time(chance, day_ms);
}

/* Only ASCII is in our tables. */
static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static void company_make(struct chance *chance, const char *number, struct story_lead *ret)
{
    const char *beginning = ONE_OF(chance, company_beginnings);
    size_t ending = (size_t)below(chance, ARRAY_SIZE(company_endings));
    snprintf(ret->company, sizeof(ret->company), "%s %s", beginning,
             company_endings[ending].ending);
    ret->industry = company_endings[ending].industry;
    snprintf(ret->email, sizeof(ret->email), "%s.%s%s@%s-%s.example", ret->first_name,
             ret->last_name, number, beginning, company_endings[ending].domain);
    lower(ret->email);
}

const char *const story_tools[STORY_TOOLS] = { "paper", "spreadsheet", "other software", "none" };

/* What not everybody says of the company. */
static void fields_make(int number, struct story_lead *ret)
{
    struct chance chance = chance_of(number, CHAPTER_FIELDS);
    ret->technicians = percent(&chance, 60) ? 2 + (int)below(&chance, 120) : 0;
    ret->tool = percent(&chance, 45) ? ONE_OF(&chance, story_tools) : NULL;
}

void story_lead_make(const struct story *story, int number, struct story_lead *ret)
{
    char digits[16];
    struct chance chance = chance_of(number, CHAPTER_LEAD);
    const struct source *source = source_of(&chance);
    *ret = (struct story_lead){ .source = source->name, .campaign = -1, .owner = -1 };
    if (percent(&chance, 85))
        ret->campaign = source->campaign;
    ret->created_at = created_at(story, &chance, ret->campaign);
    ret->first_name = ONE_OF(&chance, first_names);
    ret->last_name = ONE_OF(&chance, last_names);
    snprintf(digits, sizeof(digits), "%d", number);
    company_make(&chance, digits, ret);
    ret->job_title = percent(&chance, 40) ? ONE_OF(&chance, deciders) : ONE_OF(&chance, lookers);
    size_t place = (size_t)below(&chance, ARRAY_SIZE(places));
    ret->country = places[place].country;
    ret->city = places[place].city;
    if (percent(&chance, 45))
        snprintf(ret->phone, sizeof(ret->phone), "%s%02d", places[place].dial,
                 (int)below(&chance, 100));
    if (percent(&chance, 70))
        ret->owner = (int)below(&chance, STORY_USERS);
    fields_make(number, ret);
}

/* ---- What they do ---- */

enum warmth { COLD, WARM, HOT };

/* By warmth: how many, over how many days, and of which types (some stand there more than once). */
static const struct {
    int least, more, days;
    const char *types[10];
} habits[] = {
    [COLD] = { 0,
               4,
               20,
               { "page_view", "page_view", "page_view", "email_opened", "page_view", "email_opened",
                 "page_view", "page_view", "email_clicked", "page_view" } },
    [WARM] = { 3,
               7,
               35,
               { "page_view", "page_view", "email_opened", "email_clicked", "page_view",
                 "content_downloaded", "page_view", "email_clicked", "form_submitted",
                 "page_view" } },
    [HOT] = { 6,
              12,
              30,
              { "page_view", "content_downloaded", "email_clicked", "page_view", "webinar_attended",
                "page_view", "form_submitted", "email_clicked", "demo_requested", "page_view" } },
};

static enum warmth warmth_of(int number)
{
    struct chance chance = chance_of(number, CHAPTER_LEAD);
    const struct source *source = source_of(&chance); /* the same as story_lead_make() finds */
    chance = chance_of(number, CHAPTER_ACTIVITIES);
    int64_t at = below(&chance, 100);
    return at < source->hot ? HOT : at < source->hot + source->warm ? WARM : COLD;
}

size_t story_activities_make(const struct story *story, int number, int64_t created_at_ms,
                             struct story_activity ret[static STORY_ACTIVITIES_MAX])
{
    enum warmth warmth = warmth_of(number);
    struct chance chance = chance_of(number, CHAPTER_ACTIVITIES);
    (void)chance_next(&chance); /* the one that the warmth took */
    int64_t count = habits[warmth].least + below(&chance, habits[warmth].more + 1);
    int64_t step_ms = habits[warmth].days * MS_PER_DAY / (count + 1), at = created_at_ms;
    size_t made = 0;
    for (int64_t i = 0; i < count && made < STORY_ACTIVITIES_MAX; i++) {
        at += MS_PER_MINUTE + below(&chance, 2 * step_ms);
        const char *type = ONE_OF(&chance, habits[warmth].types);
        if (at >= story->end_ms)
            break;
        ret[made++] = (struct story_activity){ type, at };
    }
    return made;
}

/* ---- The sale ---- */

/* From one step to the next: how many in a hundred go on, and the days it takes. */
static const struct {
    const char *to;
    int percents, days;
} steps[] = {
    { "sql", 34, 4 },    { "demo", 72, 9 }, { "proposal", 64, 14 },
    { "close", 70, 16 }, { "won", 58, 10 },
};

static const char *const lost_reasons[] = { "price", "no budget this year", "chose a competitor",
                                            "no decision", "missing feature" };
static const char *const disqualified_reasons[] = { "student", "competitor", "outside our market" };

static int64_t amount_of(struct chance *chance)
{
    return (4 + below(chance, 36) + (percent(chance, 12) ? below(chance, 120) : 0)) * 100000;
}

/* Who does not go on is lost in most cases, or still being waited for. */
static void sale_ends(struct chance *chance, size_t step, struct story_event *event)
{
    bool early = step == 0;
    event->to = early ? "disqualified" : "lost";
    event->reason = early ? ONE_OF(chance, disqualified_reasons) : ONE_OF(chance, lost_reasons);
}

size_t story_events_make(const struct story *story, int number, int64_t mql_at,
                         struct story_event ret[static STORY_EVENTS_MAX])
{
    struct chance chance = chance_of(number, CHAPTER_SALE);
    int64_t amount_minor = amount_of(&chance), at = mql_at;
    size_t made = 0;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        at += 2 * MS_PER_HOUR + below(&chance, 2 * steps[i].days * MS_PER_DAY);
        bool goes_on = percent(&chance, steps[i].percents);
        bool waits = percent(&chance, i == 0 ? 80 : 35);
        struct story_event event = { .to = steps[i].to, .occurred_at = at, .amount_minor = NO_INT };
        if (at >= story->end_ms || (!goes_on && waits))
            break;
        if (i >= 2) /* a proposal names a price */
            event.amount_minor = amount_minor;
        if (!goes_on)
            sale_ends(&chance, i, &event);
        ret[made++] = event;
        if (!goes_on)
            break;
    }
    return made;
}
