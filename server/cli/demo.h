/* demo.h: the company that `demo` tells of: who its leads are and what they do. The same every time
 * for the same number of a lead. Private to server/cli. */
#ifndef FUNNELD_CLI_DEMO_H
#define FUNNELD_CLI_DEMO_H

#include <funneld/base.h>

/* It ends before this instant, and is STORY_DAYS long. */
struct story {
    int64_t end_ms;
};

enum { STORY_DAYS = 180, STORY_USERS = 5, STORY_CAMPAIGNS = 6, STORY_ACTIVITIES_MAX = 24 };

struct story_user {
    const char *name, *email;
};
extern const struct story_user story_users[STORY_USERS];

struct story_campaign {
    const char *name, *channel;
    int first_day, last_day; /* of the story */
    int64_t budget_minor;
};
extern const struct story_campaign story_campaigns[STORY_CAMPAIGNS];

enum { STORY_TOOLS = 4 };
extern const char *const story_tools[STORY_TOOLS];

struct story_lead {
    char email[96], phone[24], company[48];
    const char *first_name, *last_name, *job_title, *industry, *country, *city, *source;
    int campaign, owner; /* -1: none */
    int64_t created_at;
    int technicians;  /* a custom field; 0: not known */
    const char *tool; /* another: what they plan with today; NULL: not known */
};
void story_lead_make(const struct story *story, int number, struct story_lead *ret);

struct story_activity {
    const char *type;
    int64_t occurred_at;
};
/* What the lead does, in order. Returns how much. */
size_t story_activities_make(const struct story *story, int number, int64_t created_at,
                             struct story_activity ret[static STORY_ACTIVITIES_MAX]);

/* One step of a sale. */
struct story_event {
    const char *to, *reason; /* reason NULL: none is needed */
    int64_t occurred_at;
    int64_t amount_minor; /* NO_INT: not known */
};
enum { STORY_EVENTS_MAX = 8 };
/* What sales make of a lead that became an MQL at that time. */
size_t story_events_make(const struct story *story, int number, int64_t mql_at,
                         struct story_event ret[static STORY_EVENTS_MAX]);

#endif
