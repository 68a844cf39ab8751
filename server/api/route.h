/* route.h: what a route is, and a request on its way through it. Private to server/api. */
#ifndef FUNNELD_API_ROUTE_H
#define FUNNELD_API_ROUTE_H

#include "limits.h"
#include "problem.h"

#include <funneld/crm.h>
#include <funneld/http.h>
#include <funneld/scanner.h>
#include <funneld/writer.h>

enum access {
    ACCESS_NONE, /* touches no data */
    /* One read transaction on a read-only connection: the HTTP thread's own, and beyond its budget
     * that of the scan thread, where run() begins anew. */
    ACCESS_READ,
    ACCESS_WRITE, /* the writer */
};

enum {
    ROUTE_RAW_BODY = 1,    /* prepare() reads the body; it need not be JSON */
    ROUTE_BACKGROUND = 2,  /* waits for the others: imports */
    ROUTE_LIST = 4,        /* result is a struct page of rows of the result table */
    ROUTE_OWN_ORIGINS = 8, /* says itself which pages may read its answers */
    ROUTE_VERSIONED = 16,  /* takes If-Match: 412 when the lead was changed since it was read */
    ROUTE_WIPES = 32,      /* answers once what it has deleted is in no byte of the log either */
    ROUTE_BEGINS_JOB = 64, /* what it begins is worked off behind its answer */
};

/* What makes the answer of a read stale: known without reading it. */
enum freshness {
    FRESH_UNKNOWN,
    FRESH_BY_ROLLUPS, /* it says nothing but what rollups hold */
    FRESH_BY_COMMITS, /* it says what any write may change */
    FRESHNESS_COUNT
};

/* What a route's own reply() can be, besides its result and its problems. */
struct reply_kind {
    int status;
    const char *media_type; /* NULL: no body */
};

struct call;

/* One way to order a list: by a number, a time or the id in its rows. What is equal goes by id. */
struct order {
    const char *name; /* for `sort`; NULL ends the orders of a list */
    const char *member;
    bool descending; /* unless the client says which way */
    /* Instead of a member, of a name that ends with a dot: what the row has under the name that the
     * client puts behind it, list.order_key. */
    int64_t (*value)(const struct call *call, const void *row);
};
extern const struct order orders_by_id[];

/* One row says all of it; the router, 404, 405, 422, keys, scopes and per-route metrics follow. */
struct route {
    struct http_route http; /* first: the router reads it */
    enum access access;
    unsigned scopes; /* any of these opens it; SCOPE_NONE: needs no key */
    unsigned flags;
    const struct table *query; /* parameters after '?', NULL: none */
    const struct table *body;  /* members of the JSON body, NULL: none */
    /* Parameters besides, attribute[op]=value: whether it takes one of this name. NULL: none */
    bool (*filters)(const char *name);
    /* On the HTTP thread, on its read-only connection, once query and body are read. Short. */
    enum err (*prepare)(struct call *call);
    /* The use case, on the thread that `access` says; http_header() is for prepare and reply. */
    enum err (*run)(struct call *call);
    const struct table *result;   /* of call->result */
    const struct table *received; /* the same for a key that may only bring in; NULL: all of it */
    const struct order *orders;   /* of ROUTE_LIST: the first is the default */
    /* Instead of JSON: the whole reply. */
    void (*reply)(struct call *call);
    const struct reply_kind *replies; /* for the contract; ends with status 0 */
    enum freshness freshness;         /* of a GET that is polled */
    int status;                       /* of success; call->status overrides */
    int repeat_status;                /* of what was told before, where that is no error; else 0 */
    const char *operation;            /* its name in the contract and in clients made from it */
    const char *summary;              /* for people */
    const char *example;              /* a body, JSON with ' for "; NULL: none */
};

struct routes {
    const struct route *rows;
    size_t count;
};

struct page {
    struct rows rows;
    bool has_more;
    const char *next_cursor;
    int64_t total; /* NO_INT: was not asked for */
};

/* A place between two rows of a list. */
struct position {
    int64_t value; /* what the list is ordered by, in the row before; NO_INT where that is the id */
    struct id id;  /* of that row */
};

/* Which page was asked for. */
struct list {
    int64_t limit;
    const struct order *order;
    const char *order_key;    /* NULL: the order has a name of its own */
    int64_t order_id;         /* what the route has found by it */
    bool descending, started; /* started: there were pages before */
    struct position after;    /* NO_INT and nil at the start */
    bool count;               /* set total: how many rows the filters select */
    int64_t total;
};

struct service;

/* A lead that the answer of a list shows, or of a route that is not about it. */
struct shown_lead {
    struct id id;
    const struct shown_lead *next;
};

/* Lives in the arena of its request. */
struct call {
    struct service *service;
    const struct route *route;
    struct http_request *request;
    struct ctx *ctx;
    struct db *db; /* in prepare and run */
    const char *params[HTTP_PATH_PARAMS_MAX];
    struct id id;             /* of a path with {id} */
    int64_t expected_version; /* of If-Match, where the route takes it; NO_INT: any */
    void *query, *body;
    struct pairs filters;   /* parameters that the route's filters() takes */
    struct bytes selection; /* of a list: what selects its rows besides the query */
    const char *costly;     /* a place in the request that may make it too long; NULL: none */
    struct list list;       /* of ROUTE_LIST */
    void *result;
    const struct table *result_table; /* of the result; NULL: the route's */
    const char *const *value_keys;    /* custom fields it shows, ending in NULL; NULL: any */
    int status;                       /* 0: the route's */
    enum place reading;               /* what a failure names members of */
    size_t next;                      /* of a long list: the item to go on with */
    const char *idempotency_key;      /* NULL: none came */
    struct kept_answer kept;          /* what a retry will be told */
    const struct shown_lead *shown;   /* what it says of whom, beside the lead of {id} */
    /* freshness: of this answer. run() sets it to NULL where the answer depends on who asks. */
    const char *etag;
    struct call *next_at_work;
    bool replied;     /* the reply is complete already */
    enum err outcome; /* of a run on another thread */
    /* What every answer tells besides: what is left of the limit that counts, if any does; which
     * page may read it, and whether that depends on the page. */
    const char *policy; /* NULL: none */
    enum limit limit;
    struct allowance allowance;
    const char *origin; /* NULL: none */
    bool varies_by_origin;
    struct command command;
    struct scan scan;
};

/* ---- What handlers share ---- */

/* call->result of the route's result table. NULL: no memory, recorded. */
void *call_result(struct call *call, size_t bytes) _must_check_;
/* Whether the key may learn what is there, and not only bring in. */
bool call_may_read(const struct call *call);
void call_location(struct call *call, const char *collection, const struct id *id);
/* Whether a Content-Type is this one, whatever its parameters; NULL is none. */
bool media_type_is(const char *content_type, const char *type);
/* ERR_MEDIA_TYPE: the body is compressed. On the HTTP thread. */
enum err check_coding(struct call *call) _must_check_;
/* A request header as UTF-8, in which it is shown or kept; NULL: there is none. */
const char *header_text(const struct call *call, const char *name);

/* Runs `item` for the next slice of `count` items, each in a savepoint of its own, and asks for
 * another slice while there are more. A client's mistake fails its item alone and goes to
 * `failed`; anything else fails the call. */
struct each {
    const char *list; /* the member of the body that holds the items */
    bool texts;       /* they are texts, without members of their own */
    size_t count;
    enum err (*item)(struct call *call, size_t index);
    void (*failed)(struct call *call, size_t index, enum err err, const struct failure *failure);
};
enum err call_each(struct call *call, const struct each *each) _must_check_;

/* ---- Lists ---- */

/* The tables of all parameters that the route takes: its own, and those that it shares. */
enum { ROUTE_TABLES_MAX = 3 };
size_t route_parameters(const struct route *route, const struct table *ret[ROUTE_TABLES_MAX]);
/* Into call->query and call->list. */
enum err read_parameters(struct call *call) _must_check_;

/* What of a list's page a body asks for; then which members. */
enum { LIST_LIMIT_MAX = 200 };
struct list_asked {
    struct input input;
    const char *sort, *cursor;
    int64_t limit, count;
};
enum err list_ask(struct call *call, const struct list_asked *asked) _must_check_;
/* The answer has only these members, names with commas between, and the id. */
enum err members_ask(struct call *call, const char *list) _must_check_;
/* Whether the custom fields among them are there. */
enum err members_check(struct call *call, const struct catalog *catalog) _must_check_;

/* Whether the row of the route says how its list is ordered, by members that it has. */
bool orders_are_sound(const struct route *route);
/* Answers with the page of rows that were asked for with call->list.limit + 1. */
enum err page_cut(struct call *call, const struct rows *rows) _must_check_;
/* The same where all rows are at hand, in upward order. */
enum err page_of_all(struct call *call, const struct rows *all) _must_check_;
/* For lists with orders_by_id. */
struct id_range list_range(const struct call *call);
typedef enum err list_rows(struct ctx *ctx, struct db *db, const struct id_range *range,
                           struct rows *ret);
typedef enum err list_count(struct ctx *ctx, struct db *db, int64_t *ret);
enum err list_by_id(struct call *call, list_rows *list, list_count *count) _must_check_;

/* NULL: no memory, recorded. */
const char *cursor_write(struct call *call, const struct position *position) _must_check_;
enum err cursor_read(struct call *call, const char *text, struct position *ret) _must_check_;

/* The answer is the lead in call->result, with its ETag. Hands err on. */
enum err answer_lead(struct call *call, enum err err) _must_check_;

/* The reply as it stands; the body lives as long as the request. */
void reply_body(struct http_request *request, int status, const char *content_type,
                const char *body, size_t bytes);
/* The same of a buffer; 503 when it has failed. */
void reply_buffer(struct http_request *request, int status, const char *content_type,
                  const struct buffer *buffer);
/* Whether the client has named this ETag as one that it has. On the HTTP thread. */
bool client_has(const struct http_request *request, const char *etag);
/* The reply is this problem; type and request_id are filled in. */
void reply_problem(struct http_request *request, struct problem_reply *problem);

/* The list of cors_origins. */
enum err origins_read(struct ctx *ctx, const char *list, struct arena *arena, struct texts *ret)
    _must_check_;
/* Settle who may read the answer. ERR_FORBIDDEN: not from that page. */
void origin_of_api(struct call *call);
enum err origin_of_form(struct call *call, const struct texts *allowed) _must_check_;
void origin_tell(struct call *call);
/* To a browser that asks before it sends. */
void origin_tell_preflight(struct call *call, const char *methods, const char *headers);

enum err authenticate(struct call *call, const struct http_request *request) _must_check_;

#define IDEMPOTENCY_KEPT_MS MS_PER_DAY
/* Reads the header; on the HTTP thread. */
enum err idempotency_read(struct call *call) _must_check_;
/* On the writer, before and after the use case: call->replied when the answer was kept before. */
enum err idempotency_begin(struct call *call) _must_check_;
enum err idempotency_end(struct call *call) _must_check_;
/* Of an answer that may be kept: it shows this lead. */
enum err call_shows(struct call *call, const struct id *lead_id) _must_check_;
/* On the writer, once for every call, however it ended: another with its key may begin. */
void idempotency_leave(struct call *call);

/* ---- Routes, per resource ---- */

extern const struct routes lead_routes, lead_list_routes, stage_routes, activity_routes,
    rule_set_routes, campaign_routes, user_routes, team_routes, form_routes, metric_routes,
    key_routes, import_routes, erasure_routes, field_routes, job_routes, ledger_routes,
    health_routes, docs_routes, pipeline_routes, handoff_routes, stage_event_routes;

extern const char *const erased_names[]; /* hide, show: of lists */

/* ---- The service, as the routes see it ---- */

struct service_health {
    bool draining, writer_healthy;
};
struct service_health service_health(const struct service *service);
int64_t service_changes(const struct service *service, enum change change); /* store_changes() */
int64_t service_started_at(const struct service *service);
const struct limits *service_limits(const struct service *service);
const struct texts *service_origins(const struct service *service);
void service_metrics(const struct service *service, struct buffer *buffer);
/* The contract, in the process arena; made at start. */
struct bytes service_openapi(const struct service *service);
struct bytes service_docs(const struct service *service);
void docs_write(const struct service *service, struct buffer *page);
void openapi_write(const struct service *service, struct buffer *buffer);

#endif
