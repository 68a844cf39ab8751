/* http.h: requests and replies over libmicrohttpd.
 *
 * The one state machine. It knows no CRM and no database: what a request means is asked of a
 * struct http_app. Every connection belongs to one HTTP thread, and so does its request, except
 * between HTTP_LATER and http_resume(), when it belongs to whoever the app handed it to. */
#ifndef FUNNELD_HTTP_H
#define FUNNELD_HTTP_H

#include <funneld/base.h>
#include <funneld/config.h>
#include <funneld/field.h>

/* ---- Requests and replies ---- */

enum http_method {
    HTTP_GET = 1,
    HTTP_POST = 2,
    HTTP_PATCH = 4,
    HTTP_DELETE = 8,
    HTTP_OPTIONS = 16,
    HTTP_PUT = 32,
    HTTP_HEAD = 64, /* answered as GET without a body */
};
extern const char *const http_method_names[]; /* by bit number, ending in NULL */

struct http_header {
    const char *name; /* a constant */
    const char *value;
};

enum { HTTP_REPLY_HEADERS_MAX = 16 };

struct http_reply {
    int status;
    const char *content_type; /* a constant; NULL without a body */
    /* in the request's arena; freed with the request, after it was sent */
    const char *body;
    size_t body_bytes;
    size_t header_count;
    struct http_header headers[HTTP_REPLY_HEADERS_MAX];
    bool close; /* this connection ends with this reply */
};

/* From the first header byte to the last reply byte. Everything it points to lives in its arena. */
struct http_request {
    /* ctx.request_id: the client's X-Request-Id if well formed, else a new id; echoed. ctx.ids
     * belongs to the HTTP thread: another thread makes ids from a source of its own. */
    struct ctx ctx;
    struct arena arena;
    enum http_method method; /* 0: one we do not know; router_match() says ERR_METHOD */
    const char *target;      /* as it came: path and query */
    const char *path;        /* raw: still percent-encoded, without the query */
    const char *query;       /* raw, without '?'; "" when there is none */
    bool control;            /* came over the control socket */
    struct address client;   /* who asks: the peer, or for whom a trusted proxy speaks */
    bool trusted;            /* which is one of those proxies itself, or the control socket */
    const char *body;        /* NUL-terminated for convenience; body_bytes counts without it */
    size_t body_bytes;
    size_t body_limit_bytes;  /* on_headers may lower it; above it the answer is 413 */
    int64_t start_us, end_us; /* monotonic; the end is known in on_end */
    struct http_reply reply;  /* in on_end: status 0 when the client was gone before a reply */
    void *app;                /* the app's own state of this request */
    void *thread_app; /* what app.thread_open() returned for the thread of this request, which alone
                       * may use it */
    struct http_exchange *exchange; /* private to server/http */
};

/* Value of a request header, or NULL. Only on the HTTP thread. */
const char *http_header(const struct http_request *request, const char *name);
/* Replaces one of the same name, and what server/http says unless the app does: Cache-Control
 * no-store, Content-Security-Policy (nothing may be loaded, nobody may frame it), Referrer-Policy,
 * X-Content-Type-Options. X-Request-Id is always there. The value lives as long as the request. */
void http_reply_header(struct http_request *request, const char *name, const char *value);
/* What was set so far, or NULL. */
const char *http_reply_value(const struct http_reply *reply, const char *name);

enum http_step {
    HTTP_CONTINUE, /* on_headers: read the body, then on_body */
    HTTP_REPLY,    /* request->reply is complete; of on_headers: the body is dropped, and a long
                    * one ends the connection */
    HTTP_LATER,    /* suspend, then call submit(); http_resume() wakes it */
};

/* What the layer above does; `self` is passed through. All on the thread of the request unless
 * said otherwise. */
struct http_app {
    void *self;
    void *(*thread_open)(void *self); /* NULL: the thread cannot work, start fails */
    void (*thread_close)(void *thread_app);
    enum http_step (*on_headers)(void *self, struct http_request *request);
    enum http_step (*on_body)(void *self, struct http_request *request);
    /* hands it on; http_resume() may come at once */
    void (*submit)(void *self, struct http_request *request);
    void (*on_resume)(void *self, struct http_request *request); /* completes request->reply */
    /* Writes the reply for a failure (ctx.failure or only err); used for the gate's own refusals
     * too, which come without on_headers or after it. ERR_BUSY gets a Retry-After. */
    void (*on_failure)(void *self, struct http_request *request, enum err err);
    /* Reply sent, or the client is gone: count, log. Once for every request that on_headers or
     * on_failure saw. METRIC_HTTP_* are counted by server/http itself. */
    void (*on_end)(void *self, struct http_request *request);
};

/* Any thread, once per submit(). The request goes back to its HTTP thread, which calls
 * on_resume. */
void http_resume(struct http_request *request);
/* Any thread, between submit() and http_resume(): whether its client may still send or is waiting
 * to be told; one that has closed its side of the connection is taken as gone. */
bool http_client_waits(const struct http_request *request);

/* ---- The server ---- */

struct http_server;

/* Listens on config->listen (unless it is "") with config->http_threads threads, and on the unix
 * socket at control_path (unless NULL; mode 0600, peers of the same user or root only) with one
 * more. A socket that the service manager has passed takes the place of config->listen.
 * ERR_CONFIG: the address is taken or malformed. */
enum err http_start(struct ctx *ctx, const struct config *config, const char *control_path,
                    const struct http_app *app, struct http_server **ret) _must_check_;
/* The address it really listens on, with the port that was given for 0: "127.0.0.1:40123". */
const char *http_address(const struct http_server *server);
/* One thread, now and then: whether each thread has gone round since the last call, and asks for
 * the next. */
bool http_pulse(struct http_server *server);
/* Stops in this order: accept nothing new, answer new requests of open connections 503 with
 * Connection: close, wait until every request fully received is answered (at most timeout_ms),
 * close half-sent ones, end the threads. A request that is still in other hands then is left to
 * them, with all it needs: http_resume() may still come, and does nothing. */
void http_stop(struct http_server *server, int timeout_ms);

/* ---- Routes ---- */

/* First member of the app's own route row. */
struct http_route {
    enum http_method method;
    /* "/v1/leads/{id}/move": a segment in braces matches one segment that is not empty */
    const char *path;
};

enum { HTTP_PATH_PARAMS_MAX = 4 };

struct http_match {
    size_t route;     /* index, when err is OK */
    unsigned allowed; /* methods of that path, for Allow; set with ERR_METHOD */
    const char *params[HTTP_PATH_PARAMS_MAX]; /* decoded once, in order of the template */
};

struct router;
/* count rows of `stride` bytes, each beginning with a struct http_route. Process lifetime. */
struct router *router_new(struct arena *arena, const void *routes, size_t count, size_t stride);
/* OK, ERR_NOT_FOUND, ERR_METHOD, ERR_MEMORY, or ERR_MALFORMED (bad percent-encoding, %00,
 * invalid UTF-8). Works on the raw path: segments are split first and decoded once after, so %2F
 * never separates and %2e%2e never climbs. HEAD matches GET routes. A literal segment beats a
 * parameter, whatever the method. Method 0 (unknown) is always ERR_METHOD. */
enum err router_match(const struct router *router, struct arena *arena, enum http_method method,
                      const char *raw_path, struct http_match *ret) _must_check_;
void router_allow(unsigned methods, char text[static 64]); /* "GET, HEAD, POST, OPTIONS" */

/* ---- Reading ---- */

/* JSON object -> *args by the table; args is cleared first. ERR_MALFORMED: not one JSON object
 * in valid UTF-8 without NUL or duplicate keys, at most 32 deep. ERR_VALIDATION: every wrong
 * member is named ("activities/3/type"; within a name that the client made up, ~ and / are
 * written ~0 and ~1, as in a JSON pointer), also in the failures of single items (FIELD_EACH).
 * Codes: required, not_null, wrong_type, out_of_range, too_short, too_long, too_few, too_many,
 * unknown_value, invalid, unknown_member; in queries also unknown_parameter, repeated. */
enum err json_read(struct ctx *ctx, const char *text, size_t bytes, const struct table *table,
                   void *args) _must_check_;
/* The same from a raw query string: name=value, repeated names are 422 except for TEXTS. Each name
 * belongs to one of `all_count` tables. */
struct arguments {
    const struct table *table;
    void *args;
};
/* Parameters whose names no table has: those that `takes` are put into pairs, in order. */
struct pairs;
struct other_arguments {
    bool (*takes)(const char *name);
    const char *known; /* what they are called, for who has misspelt one */
    struct pairs *pairs;
};
/* others NULL: there are none. */
enum err query_read(struct ctx *ctx, const char *raw_query, const struct arguments *all,
                    size_t all_count, const struct other_arguments *others) _must_check_;

/* Names and values of a form post, in order; nested JSON becomes "a.b", "a[0]" is "a", and null
 * makes no pair. Form posts are mended, never refused; ERR_TOO_LARGE: more than PAIRS_MAX. JSON
 * is as strict as json_read(). */
struct pair {
    const char *name, *value;
};
struct pairs {
    struct pair *items;
    size_t count;
};
enum { PAIRS_MAX = 1000 };
enum err form_read(struct ctx *ctx, const char *body, size_t bytes, struct pairs *ret) _must_check_;
enum err json_pairs(struct ctx *ctx, const char *body, size_t bytes, struct pairs *ret)
    _must_check_;
/* The first value of that name, or NULL. */
const char *pairs_get(const struct pairs *pairs, const char *name);

/* ---- Writing JSON straight into a buffer ---- */

struct json {
    struct buffer *out;
    bool comma; /* the next member or item needs one */
};

/* '{' or '['; key NULL in arrays and at the top */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);                     /* '}' or ']' */
void json_text(struct json *json, const char *key, const char *text); /* NULL writes null */
void json_int(struct json *json, const char *key, int64_t value);     /* NO_INT writes null */
void json_bool(struct json *json, const char *key, bool value);
void json_raw(struct json *json, const char *key, const char *text); /* JSON as it is */
void json_id(struct json *json, const char *key, const struct id *id);
void json_time(struct json *json, const char *key, int64_t time_ms);
/* The row as an object, FIELD_HIDDEN left out. */
void json_row(struct json *json, const char *key, const struct table *table, const void *row);
/* Only the members, into an object that is open. */
void json_members(struct json *json, const struct table *table, const void *row);

#endif
