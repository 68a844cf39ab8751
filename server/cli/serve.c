/* serve.c: the daemon's life as a process: start, wait for a signal, stop. What it serves is
 * behind api.h. */
#include "command.h"

#include <funneld/api.h>

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Every connection is a file, and the usual limit of 1024 is less than connections_max. */
static void file_limit_raise(int64_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + 256; /* the data file, threads, libraries */
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_line(LOG_WARN, "serve",
                 "only %llu files may be open, too few for connections_max = %lld",
                 (unsigned long long)limit.rlim_cur, (long long)connections);
}

/* Before any thread starts, so that all inherit it and signals reach only sigtimedwait(). */
static sigset_t signals_block(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of one write, no more */
    return signals;
}

/* Returns the signal that ends the daemon, or 0 when its storage has failed. */
static int signal_wait(const sigset_t *signals, const struct service *service)
{
    static const struct timespec second = { .tv_sec = 1 };
    while (!service_failed(service)) {
        int number = sigtimedwait(signals, NULL, &second);
        if (number > 0)
            return number;
    }
    return 0;
}

static enum status start_fail(const struct cli *cli, enum err err)
{
    const char *detail = cli->ctx->failure.detail;
    log_line(LOG_ERROR, "serve", "cannot start: %s",
             detail == NULL ? err_info(err)->title : detail);
    return status_of(err);
}

enum status serve_command(const struct cli *cli)
{
    const struct config *config = cli->config;
    log_setup((enum log_level)config->log_level, (enum log_format)config->log_format);
    sigset_t signals = signals_block();
    file_limit_raise(config->connections_max);

    struct service *service = NULL;
    enum err err = service_start(cli->ctx, config, &service);
    if (err != OK)
        return start_fail(cli, err);
    log_line(LOG_INFO, "serve", "funneld " FUNNELD_VERSION " listens on http://%s, data in %s",
             service_address(service), config->database);

    int number = signal_wait(&signals, service);
    if (number > 0)
        log_line(LOG_INFO, "serve", "stops because of SIG%s", sigabbrev_np(number));
    else
        log_line(LOG_ERROR, "serve", "storage has failed: ends with status %d to be started again",
                 STATUS_TEMPORARY);
    service_stop(service);
    log_line(LOG_INFO, "serve", "has stopped");
    return number > 0 ? STATUS_OK : STATUS_TEMPORARY;
}
