/* client.c: an HTTP client for tests. It must not know what funneld answers, only how. */
#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct client {
    CURL *curl;
    char *address, *socket_path, *key;
    struct answer *answers;
    long connections;
};

/* ---- Life ---- */

/* Before main(), and so before there are threads. */
__attribute__((constructor)) static void curl_ready(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
}

static char *copy_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    ck_assert(!text || copy);
    return copy;
}

struct client *client_new(const char *address, const char *socket_path, const char *key)
{
    struct client *client = calloc(1, sizeof *client);
    ck_assert_ptr_nonnull(client);
    client->curl = curl_easy_init();
    ck_assert_ptr_nonnull(client->curl);
    client->address = copy_text(address && *address ? address : "localhost");
    client->socket_path = copy_text(socket_path);
    client->key = copy_text(key);
    return client;
}

void client_forget(struct client *client)
{
    while (client->answers) {
        struct answer *answer = client->answers;
        client->answers = answer->next;
        json_decref(answer->json);
        free(answer->head);
        free(answer->body);
        free(answer->asked);
        free(answer);
    }
}

void client_free(struct client *client)
{
    if (!client)
        return;
    client_forget(client);
    curl_easy_cleanup(client->curl);
    free(client->address);
    free(client->socket_path);
    free(client->key);
    free(client);
}

void client_done(struct client **client)
{
    client_free(*client);
}

long client_connections(const struct client *client)
{
    return client->connections;
}

/* ---- Asking ---- */

static size_t append(char **text, size_t *length, const char *data, size_t bytes)
{
    char *grown = realloc(*text, *length + bytes + 1);
    if (!grown)
        return 0;
    memcpy(grown + *length, data, bytes);
    grown[*length + bytes] = '\0';
    *text = grown;
    *length += bytes;
    return bytes;
}

static size_t on_head(char *data, size_t size, size_t count, void *self)
{
    struct answer *answer = self;
    if (strncmp(data, "HTTP/", 5) == 0) /* of a final answer after a 100 Continue */
        answer->head_bytes = 0;
    return append(&answer->head, &answer->head_bytes, data, size * count);
}

static size_t on_body(char *data, size_t size, size_t count, void *self)
{
    struct answer *answer = self;
    return append(&answer->body, &answer->body_bytes, data, size * count);
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[1024];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*list, line);
    ck_assert_ptr_nonnull(longer);
    *list = longer;
}

static struct curl_slist *headers_of(const struct client *client, const struct ask *ask)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    const char *key = ask->key ? ask->key : client->key;
    if (key && *key) {
        char bearer[512];
        snprintf(bearer, sizeof bearer, "Bearer %s", key);
        add_header(&list, "Authorization", bearer);
    }
    const char *type = ask->content_type ? ask->content_type : "application/json";
    if (ask->body && *type)
        add_header(&list, "Content-Type", type);
    else
        list = curl_slist_append(list, "Content-Type:"); /* not the one libcurl makes up */
    for (size_t i = 0; i < ASK_HEADERS_MAX && ask->headers[i]; i++)
        list = curl_slist_append(list, ask->headers[i]);
    ck_assert_ptr_nonnull(list);
    return list;
}

static void set_target(struct client *client, const char *path)
{
    char url[8192];
    int length = snprintf(url, sizeof url, "http://%s%s", client->address, path);
    ck_assert_int_lt(length, (int)sizeof url);
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_PATH_AS_IS, 1L);
    if (client->socket_path)
        curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
}

static void set_method(CURL *curl, const struct ask *ask, const char *method)
{
    if (ask->body) {
        size_t bytes = ask->body_bytes ? ask->body_bytes : strlen(ask->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)bytes);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->body);
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

const struct answer *client_ask(struct client *client, const struct ask *ask)
{
    struct answer *answer = calloc(1, sizeof *answer);
    ck_assert_ptr_nonnull(answer);
    answer->next = client->answers;
    client->answers = answer;
    const char *method = ask->method ? ask->method : ask->body ? "POST" : "GET";
    char asked[200];
    snprintf(asked, sizeof asked, "%s %.180s", method, ask->path);
    answer->asked = copy_text(asked);

    CURL *curl = client->curl;
    curl_easy_reset(curl); /* keeps the connection */
    set_target(client, ask->path);
    set_method(curl, ask, method);
    struct curl_slist *headers = headers_of(client, ask);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 60000L);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    ck_assert_msg(code == CURLE_OK, "%s: %s", asked, curl_easy_strerror(code));

    long status = 0, opened = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &opened);
    client->connections += opened;
    answer->status = (int)status;
    if (!answer->body)
        append(&answer->body, &answer->body_bytes, "", 0);
    answer->json = json_loadb(answer->body, answer->body_bytes, 0, NULL);
    return answer;
}

/* "{'email':'ann@example.com'}" reads better in C. */
static char *json_text_of(const char *format, va_list args)
{
    char *text = NULL;
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    return text;
}

const struct answer *get(struct client *client, const char *path, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, path);
    ck_assert_int_ge(vasprintf(&text, path, args), 0);
    va_end(args);
    const struct answer *answer = client_ask(client, &(struct ask){ .path = text });
    free(text);
    return answer;
}

const struct answer *post(struct client *client, const char *path, const char *json, ...)
{
    va_list args;
    va_start(args, json);
    char *body = json_text_of(json, args);
    va_end(args);
    const struct answer *answer = client_ask(client, &(struct ask){ .path = path, .body = body });
    free(body);
    return answer;
}

const struct answer *patch(struct client *client, const char *path, const char *json, ...)
{
    va_list args;
    va_start(args, json);
    char *body = json_text_of(json, args);
    va_end(args);
    const struct answer *answer =
        client_ask(client, &(struct ask){ .method = "PATCH", .path = path, .body = body });
    free(body);
    return answer;
}

const struct answer *put(struct client *client, const char *path, const char *json, ...)
{
    va_list args;
    va_start(args, json);
    char *body = json_text_of(json, args);
    va_end(args);
    const struct answer *answer =
        client_ask(client, &(struct ask){ .method = "PUT", .path = path, .body = body });
    free(body);
    return answer;
}
