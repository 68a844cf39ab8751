/* model.h: leads, scores, stages and funnels told a second time, from the words of the design and
 * as naively as can be: plain lists of facts, from which everything is worked out anew whenever it
 * is asked. Shares no code with server/crm, and does not know that there is a store. */
#ifndef FUNNELD_TESTS_CRM_MODEL_H
#define FUNNELD_TESTS_CRM_MODEL_H

#include "rules.h"

#include <funneld/crm.h>
#include <funneld/reports.h>

enum attribute {
    ATTR_EMAIL,
    ATTR_PHONE,
    ATTR_FIRST_NAME,
    ATTR_COMPANY,
    ATTR_JOB_TITLE,
    ATTR_CITY,
    ATTR_SOURCE,
    ATTR_SOURCE_SYSTEM,
    ATTR_EXTERNAL_ID,
    ATTR_TEXTS, /* those above are texts */
    ATTR_CAMPAIGN = ATTR_TEXTS,
    ATTR_OWNER,
    ATTR_AMOUNT,
    ATTR_COUNT
};
extern const char *const attribute_names[ATTR_COUNT]; /* members of struct lead */

enum { NOBODY = -1, UNKNOWN = 99, PEOPLE = 3, CAMPAIGNS = 3, NO_STAGE = -1, SAME_STATUS = -1 };

struct attributes {
    char text[ATTR_TEXTS][48]; /* empty: null */
    int campaign, owner;       /* numbers; NOBODY; UNKNOWN: one that is not there */
    int64_t amount_minor;      /* NO_INT: null */
};

/* The attributes from an instant on. */
struct state {
    int64_t at;
    bool is_fact; /* it changed an attribute that a rule reads */
    struct attributes attributes;
};

struct happening {
    int64_t at;
    const char *type;
    const char *url; /* in its properties; NULL: none */
    struct id id;
    bool machine, gone; /* no person did it; it was taken back */
};

struct event {
    int64_t occurred_at;
    int told; /* grows: the order in which they were told */
    bool creation;
    int to; /* stage, from 0; NO_STAGE: only the status */
    int status;
    enum cause cause;
    int owner;
    int64_t score;
    int corrected; /* correction: the stage that was a mistake */
    /* Worked out by model_history(). */
    int64_t at; /* not before the creation */
    int from, from_status;
    int64_t cycle;
    bool entry;
};

/* A told (source_system, external_id) of an activity. */
struct told {
    int key;
    size_t lead, happening;
};

#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* Whether there is still somebody behind a lead, and whether it still counts. */
enum presence { THERE, ERASED, REMOVED };

struct model_lead {
    struct id id;
    enum presence presence;
    int number; /* stable name: of the operation that made it */
    int64_t created_at, version;
    LIST(struct state) states; /* the first is that of the creation */
    LIST(struct happening) happenings;
    LIST(struct event) decisions; /* the first is the creation; undone ones are gone */
    LIST(struct event) automatic;
    LIST(struct event) imported; /* undone ones too */
    bool member[CAMPAIGNS];
};

/* Another name of a lead in another system than the one it shows. */
struct alias {
    struct attributes given; /* its source_system and external_id */
    size_t lead;
};

struct model {
    struct model_rules rules;
    const struct pipeline *pipeline;
    struct id people[PEOPLE], campaigns[CAMPAIGNS];
    int told;
    LIST(struct model_lead) leads;
    LIST(struct told) keys;
    LIST(struct told) phones; /* key: index of a phone; lead: whom it names */
    LIST(char *) phone_texts;
    LIST(struct alias) aliases;
};

void model_free(struct model *model);

/* ---- What follows from the facts ---- */

const struct attributes *model_attributes(const struct model_lead *lead, int64_t at);
/* In thousandths, before it is rounded down. */
int64_t model_milli(const struct model *model, const struct model_lead *lead, int64_t at);
int64_t model_score(const struct model *model, const struct model_lead *lead, int64_t at);

struct model_standing {
    int stage, status;
    int64_t entered_at, cycle;
};

enum { EVENTS_MAX = 512 };
struct model_history {
    size_t count;
    struct event events[EVENTS_MAX];
    struct model_standing standing; /* after them */
};

/* Every event that stands, in order. */
void model_history(const struct model_lead *lead, struct model_history *ret);

/* ---- Identities: the number of a lead, or NO_LEAD ---- */

enum { NO_LEAD = -1 };

static inline struct model_lead *lead_at(struct model *model, size_t lead)
{
    return &model->leads.items[lead];
}

static inline struct attributes *now_of(struct model_lead *lead)
{
    return &lead->states.items[lead->states.count - 1].attributes;
}

/* As a lead keeps them. */
void model_normalise(struct attributes *given);
int model_by_email(struct model *model, const char *email);
int model_by_external(struct model *model, const struct attributes *given);
/* By whatever names it. */
int model_known(struct model *model, const struct attributes *given);
void model_phone_changed(struct model *model, size_t lead, const char *before, const char *after);

/* ---- Facts: each returns what the use case must answer, and is kept when that is OK ---- */

struct model_put {
    struct attributes given; /* as the client wrote them */
    int64_t created_at;      /* NO_INT: now */
    int stage;               /* UNKNOWN: a key that no stage has */
    enum cause cause;
    bool merge;
    int number;
};
/* *ret_lead: the lead it is, or for ERR_DUPLICATE the one it collides with, if it names one. */
enum err model_put(struct model *model, int64_t now, const struct model_put *put,
                   enum lead_outcome *ret_outcome, size_t *ret_lead);
enum err model_edit(struct model *model, int64_t now, size_t lead, const struct attributes *given,
                    unsigned present, int64_t expected_version);
enum err model_attach(struct model *model, int64_t now, size_t lead, int campaign, bool *ret_added);

struct model_activity {
    const char *type;
    const char *url;
    int64_t occurred_at; /* NO_INT: now */
    int key;             /* of its source system; 0: none */
    int campaign;
};
enum err model_record(struct model *model, int64_t now, size_t lead,
                      const struct model_activity *activity, bool *ret_duplicate, size_t *ret_lead,
                      struct happening *ret_kept);

/* What is said of an activity afterwards. */
enum amend { AMEND_TYPE, AMEND_TIME, AMEND_MACHINE, AMEND_PERSON, AMEND_REMOVE, AMEND_COUNT };
enum err model_amend(struct model *model, int64_t now, size_t lead, size_t happening,
                     enum amend amend, const struct model_activity *activity);

enum err model_move(struct model *model, int64_t now, size_t lead, int stage, bool reason,
                    enum cause cause, int64_t expected_version);
enum err model_close(struct model *model, int64_t now, size_t lead, int status, bool reason,
                     int64_t amount_minor, int64_t expected_version);
enum err model_import_event(struct model *model, int64_t now, size_t lead, int to, int status,
                            int64_t occurred_at, int64_t amount_minor, bool *ret_new);

/* The person goes; `facts` too: as if the lead had never been. */
void model_erase(struct model *model, size_t lead, bool facts);

/* ---- Funnels, counted lead by lead ---- */

struct model_group {
    char key[64]; /* empty: null */
    int64_t entered[STAGES_MAX], reached[STAGES_MAX];
    int64_t leads[4], value[4]; /* by status */
};

enum { MODEL_GROUPS_MAX = 64 };
struct model_funnel {
    size_t count;
    struct model_group groups[MODEL_GROUPS_MAX];
};

void model_funnel(const struct model *model, const struct funnel_query *query, int64_t now,
                  struct model_funnel *ret);
void model_board(const struct model *model, int64_t leads[STAGES_MAX], int64_t value[STAGES_MAX]);

/* ---- For model's own files and who drives it ---- */

void *list_room(void *items, size_t count, size_t *capacity, size_t size);
#define LIST_ADD(list, ...)                                                                        \
    ((list)->items =                                                                               \
         list_room((list)->items, (list)->count, &(list)->capacity, sizeof *(list)->items),        \
     (list)->items[(list)->count++] = (__VA_ARGS__))
struct attributes attributes_none(void);
/* Its automatic events up to that instant. */
void model_derive(struct model *model, struct model_lead *lead, int64_t until);
/* When time alone changes its score or stage next after that; NO_INT: never. */
int64_t model_due(struct model *model, struct model_lead *lead, int64_t at);

#endif
