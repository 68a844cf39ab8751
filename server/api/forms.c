/* forms.c: routes of forms and their journal, and the public door POST /f/{form_key}. A person
 * gets a page or a redirect, a script gets JSON; both only once the journal holds the post. */
#include "route.h"

#include <string.h>
#include <strings.h>

static enum err run_create(struct call *call)
{
    struct form *form = call_result(call, sizeof *form);
    enum err err = form ? form_create(call->ctx, call->db, call->body, form) : ERR_MEMORY;
    if (!err)
        call_location(call, "forms", &form->id);
    return err;
}

static enum err run_read(struct call *call)
{
    struct form *form = call_result(call, sizeof *form);
    return form ? form_load(call->ctx, call->db, &call->id, form) : ERR_MEMORY;
}

static enum err run_list(struct call *call)
{
    return list_by_id(call, form_list, form_count);
}

/* A post as it came, for whoever wants to work it by hand. */
struct submission_answer {
    struct submission submission;
    const char *body; /* NULL where it is no UTF-8 text */
};

static const struct field submission_answer_fields[] = {
    FIELD_EMBED(struct submission_answer, submission, &submission_table, .flags = FIELD_INLINE),
    FIELD(struct submission_answer, body, TEXT, .note = "as it came; null where it is no text"),
};
static const struct table submission_answer_table =
    TABLE(struct submission_answer, "submission_with_body", submission_answer_fields);

static enum err run_submission(struct call *call)
{
    struct submission_answer *answer = call_result(call, sizeof *answer);
    if (!answer)
        return ERR_MEMORY;
    enum err err = submission_load(call->ctx, call->db, &call->id, &answer->submission);
    const struct bytes *body = &answer->submission.body;
    if (err || !utf8_valid((const char *)body->data, body->length))
        return err;
    answer->body = arena_text(call->ctx->arena, (const char *)body->data, body->length);
    if (!answer->body)
        return fail(call->ctx, ERR_MEMORY, NULL, "no memory for a form post");
    return OK;
}

struct journal_query {
    struct input input;
    struct id form;
    int verdict;
};

static const struct field journal_query_fields[] = {
    FIELD(struct journal_query, form, ID, .note = "posted to"),
    FIELD_NAMED(struct journal_query, verdict, verdict_names, .note = "what became of it"),
};
static const struct table journal_query_table =
    TABLE(struct journal_query, "journal_query", journal_query_fields);

static const struct order submission_orders[] = {
    { .name = "id", .member = "id", .descending = true },
    { 0 },
};

static enum err run_submissions(struct call *call)
{
    const struct journal_query *query = call->query;
    struct submission_filter filter = { .form = query->form,
                                        .verdict = query->verdict,
                                        .range = list_range(call) };
    struct rows rows;
    enum err err = submission_list(call->ctx, call->db, &filter, &rows);
    if (!err && call->list.count)
        err = submission_count(call->ctx, call->db, &filter, &call->list.total);
    return err ? err : page_cut(call, &rows);
}

/* ---- The door ---- */

enum {
    FORM_BODY_MAX = 64 * 1024,
    REDIRECT_MAX = 2000, /* bytes; what does not fit into a reply's headers would end it unsent */
};

struct door {
    struct form form;
    struct form_post post;
    struct pairs pairs;
    struct submission submission;
    struct failure failure; /* what to tell a script */
    enum place place;       /* where its members stand */
};

static enum err find_form(struct call *call)
{
    struct door *door = call_result(call, sizeof *door);
    return door ? form_find(call->ctx, call->db, call->params[0], &door->form) : ERR_MEMORY;
}

static enum err run_preflight(struct call *call)
{
    enum err err = find_form(call);
    return err ? err : origin_of_form(call, &((struct door *)call->result)->form.allowed_origins);
}

static enum err read_body(struct call *call, struct door *door)
{
    const struct http_request *request = call->request;
    const char *type = door->post.content_type;
    door->place = IN_HEADERS;
    enum err err = check_coding(call);
    if (err)
        return err;
    door->place = IN_BODY;
    if (media_type_is(type, "application/json"))
        return json_pairs(call->ctx, request->body, request->body_bytes, &door->pairs);
    if (!type || media_type_is(type, "application/x-www-form-urlencoded"))
        return form_read(call->ctx, request->body, request->body_bytes, &door->pairs);
    door->place = IN_HEADERS;
    return fail(call->ctx, ERR_MEDIA_TYPE, "Content-Type",
                "send application/x-www-form-urlencoded or application/json");
}

/* What cannot be read, comes from a page that may not post, or comes too often, is journalled all
 * the same; `unreadable` says why. So a person behind a busy address sees no error page, and loses
 * nothing: only a flood that is above the limit of its address too is turned away at the door. */
static enum err read_pairs(struct call *call, struct door *door)
{
    enum err err = origin_of_form(call, &door->form.allowed_origins);
    if (!err)
        err = read_body(call, door);
    if (!err)
        err = limit_take(call, LIMIT_FORM, &door->form.id);
    if (err == ERR_MEMORY)
        return err;
    limit_tell(call);
    if (!err)
        return OK;
    door->failure = call->ctx->failure;
    door->failure.err = err;
    door->post.unreadable = door->failure.detail ? door->failure.detail : err_info(err)->title;
    failure_clear(call->ctx);
    return OK;
}

enum { PROPERTIES_MAX = 16 * 1024 };

static bool came_before(const struct pairs *pairs, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(pairs->items[i].name, pairs->items[index].name) == 0)
            return true;
    return false;
}

/* Every value of that name, with ; between: boxes that were ticked come one by one. */
static const char *all_values(struct call *call, const struct pairs *pairs, size_t first)
{
    const char *text = pairs->items[first].value;
    for (size_t i = first + 1; i < pairs->count && text; i++)
        if (strcmp(pairs->items[i].name, pairs->items[first].name) == 0)
            text = arena_printf(call->ctx->arena, "%s;%s", text, pairs->items[i].value);
    return text;
}

/* What was said, as one JSON object; what is longer than an activity may carry stands in the
 * journal alone. */
static enum err write_properties(struct call *call, struct door *door)
{
    struct buffer buffer = { .arena = call->ctx->arena };
    struct json json = { .out = &buffer };
    json_open(&json, NULL, '{');
    json_text(&json, "form", door->form.name);
    json_open(&json, "fields", '{');
    for (size_t i = 0; i < door->pairs.count; i++) {
        const struct pair *pair = &door->pairs.items[i];
        size_t room = strlen(pair->name) + strlen(pair->value);
        if (came_before(&door->pairs, i) || buffer.length + 2 * room > PROPERTIES_MAX)
            continue;
        json_text(&json, pair->name, all_values(call, &door->pairs, i));
    }
    json_close(&json, '}');
    json_close(&json, '}');
    buffer_char(&buffer, '\0');
    door->post.properties = buffer.data;
    return buffer.failed ? ERR_MEMORY : OK;
}

static enum err prepare_post(struct call *call)
{
    enum err err = find_form(call);
    if (err)
        return err;
    const struct http_request *request = call->request;
    struct door *door = call->result;
    if (request->body_bytes > FORM_BODY_MAX)
        return fail(call->ctx, ERR_TOO_LARGE, NULL, "at most 64 KiB");
    door->post = (struct form_post){ .form = door->form.id,
                                     .content_type = header_text(call, "Content-Type"),
                                     .body = request->body,
                                     .body_bytes = request->body_bytes };
    err = read_pairs(call, door);
    if (err)
        return err;
    const char **names = ctx_alloc(call->ctx, (door->pairs.count + 1) * 2 * sizeof *names);
    if (!names)
        return ERR_MEMORY;
    const char **values = names + door->pairs.count + 1;
    for (size_t i = 0; i < door->pairs.count; i++) {
        names[i] = door->pairs.items[i].name;
        values[i] = door->pairs.items[i].value;
    }
    door->post.names = names;
    door->post.values = values;
    door->post.count = door->pairs.count;
    return write_properties(call, door);
}

static enum err run_post(struct call *call)
{
    struct door *door = call->result;
    return form_submit(call->ctx, call->db, &door->post, &door->submission, &door->failure);
}

/* A page navigates; a script fetches, and so do servers. */
static bool is_navigation(const struct http_request *request)
{
    const char *mode = http_header(request, "Sec-Fetch-Mode");
    const char *accept = http_header(request, "Accept");
    return mode ? strcmp(mode, "navigate") == 0 : accept && strstr(accept, "text/html");
}

/* Only http(s), only a host that the form names, nothing that a browser could read as another
 * host. */
static bool may_redirect(const struct form *form, const char *url)
{
    const char *host = strncasecmp(url, "https://", 8) == 0  ? url + 8
                       : strncasecmp(url, "http://", 7) == 0 ? url + 7
                                                             : NULL;
    if (!host || strlen(url) > REDIRECT_MAX)
        return false;
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '\\')
            return false;
    size_t length = strcspn(host, "/?#");
    if (memchr(host, '@', length))
        return false;
    const char *colon = memchr(host, ':', length);
    if (colon && strspn(colon + 1, "0123456789") != (size_t)(host + length - colon - 1))
        return false;
    size_t name_length = colon ? (size_t)(colon - host) : length;
    for (size_t i = 0; i < form->redirect_hosts.count; i++) {
        const char *allowed = form->redirect_hosts.items[i];
        size_t allowed_length = strlen(allowed);
        if ((allowed_length == name_length || allowed_length == length) &&
            strncasecmp(allowed, host, allowed_length) == 0)
            return true;
    }
    return false;
}

static const char *redirect_target(const struct door *door)
{
    static const char *const names[] = { "_next", "_redirect", "redirect", "retURL" };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *url = pairs_get(&door->pairs, names[i]);
        if (url && may_redirect(&door->form, url))
            return url;
    }
    return NULL;
}

static void reply_page(struct call *call, const struct door *door)
{
    static const char page[] =
        "<!doctype html><html lang=en><meta charset=utf-8><title>Thank you</title>"
        "<p>Thank you. We have received your message.</p></html>\n";
    const char *url = redirect_target(door);
    if (url) {
        call->request->reply.status = 303;
        http_reply_header(call->request, "Location", url);
        return;
    }
    reply_body(call->request, 200, "text/html; charset=utf-8", page, sizeof page - 1);
}

/* A script that sent what cannot be used is told so; the post is in the journal all the same. */
static void reply_post(struct call *call)
{
    static const char taken[] = "{\"ok\":true}";
    const struct door *door = call->result;
    struct http_request *request = call->request;
    if (is_navigation(request)) {
        reply_page(call, door);
        return;
    }
    if (door->submission.verdict != VERDICT_FAILED) { /* a trapped bot gets the same */
        reply_body(request, 200, "application/json", taken, sizeof taken - 1);
        return;
    }
    const struct err_info *info = err_info(door->failure.err);
    struct problem_reply problem = { .title = info->title,
                                     .status = info->status,
                                     .instance = request->path,
                                     .submission = door->submission.id };
    problem_fill(call->ctx, door->failure.err, &door->failure, door->place, &problem.problem);
    reply_problem(request, &problem);
}

static const struct reply_kind post_replies[] = { { 200, "application/json" },
                                                  { 200, "text/html" },
                                                  { 303, NULL },
                                                  { 0 } };

static void reply_preflight(struct call *call)
{
    call->request->reply.status = 204;
    origin_tell_preflight(call, "POST, OPTIONS", "Content-Type");
}

static const struct route rows[] = {
    { { HTTP_POST, "/v1/forms" },
      ACCESS_WRITE,
      SCOPE_ADMIN,
      .body = &form_create_table,
      .run = run_create,
      .result = &form_table,
      .status = 201,
      .operation = "createForm",
      .summary = "Create a form",
      .example = "{'name':'Contact','key':'contact-us','redirect_hosts':['www.example.com']}" },
    { { HTTP_GET, "/v1/forms" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .orders = orders_by_id,
      .run = run_list,
      .result = &form_table,
      .status = 200,
      .operation = "listForms",
      .summary = "List forms" },
    { { HTTP_GET, "/v1/forms/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_read,
      .result = &form_table,
      .status = 200,
      .operation = "getForm",
      .summary = "Read a form" },
    { { HTTP_GET, "/v1/submissions" },
      ACCESS_READ,
      SCOPE_READ,
      ROUTE_LIST,
      .query = &journal_query_table,
      .orders = submission_orders,
      .run = run_submissions,
      .result = &submission_table,
      .status = 200,
      .operation = "listSubmissions",
      .summary = "The journal of form posts, latest first" },
    { { HTTP_GET, "/v1/submissions/{id}" },
      ACCESS_READ,
      SCOPE_READ,
      .run = run_submission,
      .result = &submission_answer_table,
      .status = 200,
      .operation = "getSubmission",
      .summary = "A form post as it came" },
    { { HTTP_POST, "/f/{form_key}" },
      ACCESS_WRITE,
      SCOPE_NONE,
      ROUTE_RAW_BODY | ROUTE_OWN_ORIGINS,
      .prepare = prepare_post,
      .run = run_post,
      .reply = reply_post,
      .replies = post_replies,
      .status = 200,
      .operation = "submitForm",
      .summary = "Post a form",
      .example = "{'email':'bob@example.com','name':'Bob','company':'Globex'}" },
    { { HTTP_OPTIONS, "/f/{form_key}" },
      ACCESS_READ,
      SCOPE_NONE,
      ROUTE_RAW_BODY | ROUTE_OWN_ORIGINS,
      .run = run_preflight,
      .reply = reply_preflight,
      .status = 204,
      .operation = "preflightForm",
      .summary = "Ask whether a page may post" },
};
const struct routes form_routes = { rows, ARRAY_SIZE(rows) };
