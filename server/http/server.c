/* server.c: the HTTP server as a whole: its sockets, and its threads from the first to the last. It
 * must not know the library, nor what a thread does. */
#include "listen.h"
#include "runner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONTROL_CONNECTIONS_MAX = 64 };

struct http_server {
    struct http_shared shared;
    struct http_app app;
    int listen_fd, control_fd;
    char *control_path;
    char address[LISTEN_TEXT_SIZE];
    size_t runner_count;
    struct runner *runners;
};

static void server_free(struct http_server *server)
{
    for (size_t i = 0; i < server->runner_count; i++)
        runner_free(&server->runners[i]);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    if (server->control_fd >= 0)
        close(server->control_fd);
    if (server->control_path) {
        if (server->control_fd >= 0)
            unlink(server->control_path);
        free(server->control_path);
    }
    pthread_mutex_destroy(&server->shared.neighbours.lock);
    free(server->runners);
    free(server);
}

static struct http_server *server_new(const struct config *config, const struct http_app *app)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->app = *app;
    server->shared.app = &server->app;
    server->shared.body_max_bytes = (size_t)config->body_max_kib * 1024;
    /* One question, however it is put, leaves room for others. */
    server->shared.answer_max_bytes =
        (size_t)(config->inflight_max_mib < 16 ? 4 : config->inflight_max_mib / 4) * 1024 * 1024;
    server->shared.inflight_max_bytes = config->inflight_max_mib * 1024 * 1024;
    server->shared.neighbours.limit = (size_t)config->address_connections_max;
    server->listen_fd = server->control_fd = -1;
    pthread_mutex_init(&server->shared.neighbours.lock, NULL);
    server->runners = calloc((size_t)config->http_threads + 1, sizeof(*server->runners));
    if (server->runners)
        return server;
    server_free(server);
    return NULL;
}

static enum err sockets_open(struct ctx *ctx, const struct config *config, const char *control_path,
                             struct http_server *server)
{
    if (config->listen[0] != '\0') {
        enum err err = listen_inherited(ctx, &server->listen_fd);
        if (err == OK && server->listen_fd < 0)
            err = listen_tcp(ctx, config->listen, &server->listen_fd);
        if (err != OK)
            return err;
        listen_address(server->listen_fd, server->address);
    }
    if (!control_path)
        return OK;
    server->control_path = strdup(control_path);
    if (!server->control_path)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the HTTP server");
    return listen_unix(ctx, control_path, &server->control_fd);
}

static enum err runners_start(struct ctx *ctx, const struct config *config,
                              struct http_server *server)
{
    size_t public = server->listen_fd < 0 ? 0 : (size_t)config->http_threads;
    size_t count = public + (server->control_fd >= 0);
    for (size_t i = 0; i < count; i++) {
        bool control = i == public;
        struct runner *runner = &server->runners[server->runner_count++];
        runner_init(runner, &server->shared, control ? server->control_fd : server->listen_fd,
                    control);
        struct reaper *reaper = &runner->thread.reaper;
        reaper->limit = control ? CONTROL_CONNECTIONS_MAX
                                : ((size_t)config->connections_max + public - 1) / public;
        reaper->neighbours = &server->shared.neighbours;
        reaper->timeout_us = config->request_timeout_s * 1000 * 1000;
        if (!runner_start(runner))
            return fail(ctx, ERR_MEMORY, NULL, "cannot start an HTTP thread");
    }
    return OK;
}

enum err http_start(struct ctx *ctx, const struct config *config, const char *control_path,
                    const struct http_app *app, struct http_server **ret)
{
    struct http_server *server = server_new(config, app);
    if (!server)
        return fail(ctx, ERR_MEMORY, NULL, "no memory for the HTTP server");
    enum err err = sockets_open(ctx, config, control_path, server);
    if (!networks_parse(config->trusted_proxies, &server->shared.trusted))
        err = fail(ctx, ERR_CONFIG, "trusted_proxies", "\"%s\" is no list of networks",
                   config->trusted_proxies);
    if (err == OK)
        err = runners_start(ctx, config, server);
    if (err != OK) {
        http_stop(server, 0);
        return err;
    }
    *ret = server;
    return OK;
}

const char *http_address(const struct http_server *server)
{
    return server->address;
}

bool http_pulse(struct http_server *server)
{
    bool alive = true;
    for (size_t i = 0; i < server->runner_count; i++)
        alive = runner_pulse(&server->runners[i]) && alive;
    return alive;
}

/* ---- Stopping ---- */

void http_stop(struct http_server *server, int timeout_ms)
{
    if (!server)
        return;
    atomic_store(&server->shared.stop_deadline_us,
                 clock_monotonic_us() + (int64_t)timeout_ms * 1000);
    atomic_store(&server->shared.draining, true);
    for (size_t i = 0; i < server->runner_count; i++)
        if (server->runners[i].running)
            runner_wake(&server->runners[i]);
    bool abandoned = false;
    for (size_t i = 0; i < server->runner_count; i++) {
        runner_join(&server->runners[i]);
        abandoned |= server->runners[i].abandoned;
    }
    if (!abandoned)
        server_free(server);
}
