/* serve.c: the daemon's life as a process: start, wait for a signal, stop. What it serves is
 * behind api.h. */
#include "command.h"
#include "supervisor.h"

#include <funneld/api.h>

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A migration may take minutes on a slow disk: better to wait for it. A last checkpoint that is cut
 * short is only made up for at the next start. */
#define START_PATIENCE "EXTEND_TIMEOUT_USEC=600000000"
#define STOP_PATIENCE "EXTEND_TIMEOUT_USEC=60000000"

enum { FILES_BESIDE = 256 }; /* the data file, threads, libraries */

/* Every connection is a file, and the usual limit of 1024 is less than connections_max. Returns
 * how many fit: the one after them takes the place of one that is slow, and waits for no file. */
static int64_t file_limit_raise(int64_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + FILES_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return connections;
    struct rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    if (limit.rlim_cur >= wanted)
        return connections;
    int64_t files = (int64_t)limit.rlim_cur;
    int64_t fit = files >= 2 * FILES_BESIDE ? files - FILES_BESIDE : files / 2;
    log_line(LOG_WARN, "serve",
             "only %lld files may be open, too few for connections_max = %lld: %lld must do",
             (long long)files, (long long)connections, (long long)fit);
    return fit;
}

/* Before any thread starts, so that all inherit it and signals reach only sigtimedwait(). */
static sigset_t signals_block(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of one write, no more */
    return signals;
}

static void log_apply(const struct config *config)
{
    log_setup((enum log_level)config->log_level, (enum log_format)config->log_format);
    log_setup_requests((enum log_requests)config->log_requests);
}

/* SIGHUP: what is told of the log holds at once, all else from the next start on. */
static void log_reload(struct config *running)
{
    struct arena arena = { 0 };
    struct ctx ctx = { .arena = &arena, .now_ms = clock_now_ms() };
    struct buffer later = { .arena = &arena };
    struct config fresh = { 0 };
    enum err err = config_reload(&ctx, running, &fresh);
    if (err != OK) {
        log_line(LOG_ERROR, "serve", "goes on with the old options: %s",
                 ctx.failure.detail == NULL ? err_info(err)->title : ctx.failure.detail);
    } else {
        running->log_level = fresh.log_level;
        running->log_format = fresh.log_format;
        running->log_requests = fresh.log_requests;
        log_apply(running);
        config_differences(&later, running, &fresh);
        log_line(LOG_INFO, "serve", "has read its options again%s%.*s",
                 later.length == 0 ? "" : "; a restart is needed for ", (int)later.length,
                 later.length == 0 ? "" : later.data);
    }
    arena_free(&arena);
}

/* The daemon while it serves, as its own main thread sees it. */
struct serving {
    struct config config; /* as reloaded */
    struct service *service;
    struct supervisor supervisor;
    int64_t ping_us; /* when the next sign of life is due */
    bool writable;   /* as the supervisor was told */
};

/* Four times as often as it must, because a ping that did not see life is left out. */
static void supervise(struct serving *serving)
{
    const struct supervisor *supervisor = &serving->supervisor;
    int64_t now_us = clock_monotonic_us();
    bool writable = service_writable(serving->service);
    if (writable != serving->writable)
        supervisor_tell(supervisor,
                        writable ? "STATUS=Listening on http://%s."
                                 : "STATUS=Listening on http://%s; storage has no room "
                                   "or does not work: writes are refused.",
                        service_address(serving->service));
    serving->writable = writable;
    if (supervisor->watchdog_us == 0 || now_us < serving->ping_us)
        return;
    serving->ping_us = now_us + supervisor->watchdog_us / 4;
    if (service_pulse(serving->service))
        supervisor_tell(supervisor, "WATCHDOG=1");
    else
        log_line(LOG_ERROR, "serve", "a thread shows no life: the watchdog is not told of any");
}

/* Returns the signal that ends the daemon, or 0 when its storage has failed. */
static int signal_wait(struct serving *serving, const sigset_t *signals)
{
    /* From a terminal it means that the terminal has gone, and who started us with it. */
    bool reloads = !isatty(STDERR_FILENO);
    int64_t watchdog_us = serving->supervisor.watchdog_us;
    int64_t round_us = watchdog_us > 0 && watchdog_us < 4000000 ? watchdog_us / 4 : 1000000;
    struct timespec round = { .tv_sec = round_us / 1000000, .tv_nsec = round_us % 1000000 * 1000 };
    while (!service_failed(serving->service)) {
        supervise(serving);
        int number = sigtimedwait(signals, NULL, &round);
        if (number == SIGHUP && reloads)
            log_reload(&serving->config);
        else if (number > 0)
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

static enum status serve(struct serving *serving, const sigset_t *signals)
{
    const struct supervisor *supervisor = &serving->supervisor;
    const char *address = service_address(serving->service);
    log_line(LOG_INFO, "serve", "funneld " FUNNELD_VERSION " listens on http://%s, data in %s",
             address, serving->config.database);
    serving->writable = true;
    supervisor_tell(supervisor, "READY=1\nSTATUS=Listening on http://%s.", address);

    int number = signal_wait(serving, signals);
    supervisor_tell(supervisor, "STOPPING=1\nSTATUS=Answering what has arrived.\n" STOP_PATIENCE);
    if (number > 0)
        log_line(LOG_INFO, "serve", "stops because of SIG%s", sigabbrev_np(number));
    else
        log_line(LOG_ERROR, "serve", "storage has failed: ends with status %d to be started again",
                 STATUS_TEMPORARY);
    service_stop(serving->service);
    log_line(LOG_INFO, "serve", "has stopped");
    return number > 0 ? STATUS_OK : STATUS_TEMPORARY;
}

enum status serve_command(const struct cli *cli)
{
    struct serving serving = { .config = *cli->config };
    log_apply(&serving.config);
    sigset_t signals = signals_block();
    struct config config = serving.config; /* connections_max as it can be, not as it is told */
    config.connections_max = file_limit_raise(config.connections_max);

    supervisor_open(&serving.supervisor);
    supervisor_tell(&serving.supervisor, "STATUS=Opening the data file.\n" START_PATIENCE);
    enum err err = service_start(cli->ctx, &config, &serving.service);
    enum status status = err == OK ? serve(&serving, &signals) : start_fail(cli, err);
    supervisor_close(&serving.supervisor);
    return status;
}
