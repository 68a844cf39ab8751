/* control.c: the client of the control socket. Commands change data only through the routes that
 * everybody uses; who answers them, a daemon or this very process, is decided and hidden here. */
#include "control.h"

#include <funneld/api.h>

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPEN_WAIT_MS = 10000, /* for a daemon that is about to listen, or to give the file back */
    OPEN_STEP_MS = 100,
    ANSWER_BYTES_MAX = 16 << 20,
};

struct control {
    struct ctx *ctx;
    struct service *service; /* NULL: a daemon answers */
    CURL *curl;
    struct curl_slist *headers;
    const char *socket_path;
    int signal_file;
    bool interrupted;
    struct arena answer_arena;
    struct buffer answer;
};

/* ---- Signals: a file to poll, so that no wait of ours can miss one ---- */

static enum err signals_open(struct control *control)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    control->signal_file = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (control->signal_file < 0)
        return fail(control->ctx, ERR_BUSY, NULL, "signals cannot be read: %s", strerror(errno));
    return OK;
}

/* Waits for the file (-1: none) or a signal; true when the file has something. */
static bool file_wait(struct control *control, int file, int timeout_ms)
{
    struct pollfd files[] = { { .fd = control->signal_file, .events = POLLIN },
                              { .fd = file, .events = POLLIN } };
    if (control->interrupted)
        return false;
    int ready;
    do
        ready = poll(files, 2, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return false;
    control->interrupted = files[0].revents != 0;
    return !control->interrupted && files[1].revents != 0;
}

static bool control_interrupted(struct control *control)
{
    (void)file_wait(control, -1, 0);
    return control->interrupted;
}

void control_sleep(struct control *control, int ms)
{
    (void)file_wait(control, -1, ms);
}

bool control_wait_readable(struct control *control, int file)
{
    return file_wait(control, file, -1);
}

/* ---- Requests ---- */

static size_t answer_take(char *data, size_t size, size_t count, void *user)
{
    struct control *control = user;
    size_t bytes = size * count;
    if (control->answer.length + bytes > ANSWER_BYTES_MAX)
        return 0;
    buffer_append(&control->answer, data, bytes);
    return control->answer.failed ? 0 : bytes;
}

/* Called by curl about once a second while it waits; anything but 0 gives up. */
static int transfer_watch(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                          curl_off_t up)
{
    (void)down_total, (void)down, (void)up_total, (void)up;
    return control_interrupted(user);
}

static enum err client_open(struct control *control)
{
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK || !(control->curl = curl_easy_init()))
        return fail(control->ctx, ERR_MEMORY, NULL, "not enough memory");
    control->headers = curl_slist_append(control->headers, "Content-Type: application/json");
    control->headers = curl_slist_append(control->headers, "Expect:");
    CURL *curl = control->curl;
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, control->socket_path);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, control->headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, control);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, transfer_watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, control);
    return OK;
}

static enum err request_fail(struct control *control, CURLcode code)
{
    if (control->interrupted || code == CURLE_ABORTED_BY_CALLBACK)
        return fail(control->ctx, ERR_CONFLICT, NULL, "interrupted");
    return fail(control->ctx, ERR_BUSY, NULL, "%s does not answer: %s", control->socket_path,
                curl_easy_strerror(code));
}

enum err control_request(struct control *control, const char *method, const char *path,
                         const struct buffer *body, struct answer *ret)
{
    CURL *curl = control->curl;
    arena_reset(&control->answer_arena);
    control->answer = (struct buffer){ .arena = &control->answer_arena };
    char *url = arena_printf(&control->answer_arena, "http://localhost%s", path);
    if (url == NULL)
        return fail(control->ctx, ERR_MEMORY, NULL, "not enough memory");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);

    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return request_fail(control, code);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    buffer_char(&control->answer, '\0');
    if (control->answer.failed)
        return fail(control->ctx, ERR_MEMORY, NULL, "not enough memory");
    *ret = (struct answer){ (int)status, control->answer.data, control->answer.length - 1 };
    return OK;
}

const char *control_escape(struct control *control, const char *text)
{
    char *escaped = curl_easy_escape(control->curl, text, 0);
    const char *copy = escaped == NULL ? NULL : ctx_text(control->ctx, escaped);
    curl_free(escaped);
    return copy;
}

/* ---- Who answers ---- */

static bool daemon_answers(struct control *control)
{
    struct answer answer;
    enum err err = control_request(control, "GET", "/healthz", NULL, &answer);
    failure_clear(control->ctx);
    return err == OK;
}

enum err data_expect(struct ctx *ctx, const char *database)
{
    if (access(database, F_OK) == 0)
        return OK;
    if (errno != ENOENT)
        return fail(ctx, ERR_CONFIG, NULL, "%s: %s", database, strerror(errno));
    return fail(ctx, ERR_CONFIG, NULL,
                "there is no data file %s: name it with --database, or start `funneld serve`",
                database);
}

enum err owner_check(struct ctx *ctx, const char *database, bool create)
{
    struct stat file;
    enum err err = create ? OK : data_expect(ctx, database);
    if (err == OK && geteuid() == 0 && stat(database, &file) == 0 && file.st_uid != 0)
        err =
            fail(ctx, ERR_CONFIG, NULL, "%s belongs to user %u: run this as that user, not as root",
                 database, (unsigned)file.st_uid);
    return err;
}

static enum err service_open(struct control *control, const struct config *config)
{
    struct config own = *config;
    own.listen = "";
    /* Its own log lines would only disturb; what goes wrong is told by the command. */
    log_setup(config->log_level > LOG_WARN ? LOG_ERROR : LOG_WARN,
              (enum log_format)config->log_format);
    bool is_new = access(config->database, F_OK) != 0;
    enum err err = service_start(control->ctx, &own, &control->service);
    if (err == OK && is_new)
        fprintf(stderr, "funneld: made a new data file, %s; its admin key is in %s\n",
                config->database, service_admin_key(control->ctx->arena, config));
    return err;
}

/* A daemon may be just starting or just stopping: then neither way works for a moment. */
static enum err server_find(struct control *control, const struct config *config, bool create)
{
    for (int waited_ms = 0;; waited_ms += OPEN_STEP_MS) {
        if (daemon_answers(control))
            return OK;
        enum err err = owner_check(control->ctx, config->database, create);
        if (err == OK)
            err = service_open(control, config);
        if (err != ERR_CONFLICT)
            return err;
        if (control_interrupted(control) || waited_ms >= OPEN_WAIT_MS)
            break;
        failure_clear(control->ctx);
        control_sleep(control, OPEN_STEP_MS);
    }
    failure_clear(control->ctx);
    return fail(
        control->ctx, ERR_BUSY, NULL,
        "another process has %s, but does not answer on %s: run this as the user it runs as",
        config->database, control->socket_path);
}

static void control_close(struct control *control)
{
    if (control->curl != NULL)
        curl_easy_cleanup(control->curl); /* before the service, which waits for open connections */
    curl_slist_free_all(control->headers);
    if (control->service != NULL)
        service_stop(control->service);
    if (control->signal_file >= 0)
        close(control->signal_file);
    arena_free(&control->answer_arena);
}

enum err control_open(struct ctx *ctx, const struct config *config, bool create,
                      struct control **ret)
{
    struct control *control = ctx_alloc(ctx, sizeof(*control));
    if (control == NULL)
        return ERR_MEMORY;
    *control = (struct control){ .ctx = ctx, .signal_file = -1 };
    control->socket_path = service_socket_path(ctx->arena, config);
    enum err err = control->socket_path == NULL ? fail(ctx, ERR_MEMORY, NULL, "not enough memory")
                                                : signals_open(control);
    if (err == OK)
        err = client_open(control);
    if (err == OK)
        err = server_find(control, config, create);
    if (err != OK) {
        control_close(control);
        return err;
    }
    *ret = control;
    return OK;
}

void control_done(struct control **control)
{
    if (*control != NULL)
        control_close(*control);
}

bool control_failed(const struct control *control)
{
    return control->service != NULL && service_failed(control->service);
}
