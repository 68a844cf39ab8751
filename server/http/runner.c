/* runner.c: one HTTP thread: how it starts, waits, wakes, accepts and ends. It runs a daemon of the
 * library by its own poll, because the library's internal loop blocks when exactly k x 128
 * connections are ready at once; so the library is only ever touched by the thread whose daemon
 * it is. It must not know what is in a request, nor of the other threads. */
#include "runner.h"

#include "listen.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    POOL_BYTES =
        32 * 1024, /* of a connection: request line, headers and reply headers; more is 431 */
    IDLE_TIMEOUT_S = 60,
    ACCEPTS_MAX = 16, /* in one round: what is open already has a turn between */
    EVENTS_MAX = 32,
    COMING_MAX =
        2 * ACCEPTS_MAX, /* above the limit, while those that gave way are on their way out */
    QUIET_US =
        300 * 1000, /* a stop waits so long for what clients have sent or are about to send */
    BUSY_LATELY_US = 1000 * 1000,
    PAUSE_US = 200 * 1000, /* without accepting, when the process is out of file descriptors */
    FULL_ROUND_US = 20 * 1000,
    DRAIN_ROUND_MS = 10,
};

/* What an epoll event is about; a lingering connection is EVENT_LINGER plus its place. */
enum { EVENT_LIBRARY, EVENT_WAKE, EVENT_LISTEN, EVENT_LINGER };

/* ---- Waking ---- */

void runner_wake(struct runner *runner)
{
    uint64_t one = 1;
    while (write(runner->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void http_resume(struct http_request *request)
{
    struct http_exchange *exchange = request->exchange;
    struct runner *runner = (struct runner *)exchange->thread;
    pthread_mutex_lock(&runner->lock);
    exchange->next = NULL;
    bool first = runner->done == NULL;
    *(first ? &runner->done : runner->done_tail) = exchange;
    runner->done_tail = &exchange->next;
    /* Once for all that come back together. Within the lock: after it the thread may end and
     * close the eventfd. */
    if (first)
        runner_wake(runner);
    pthread_mutex_unlock(&runner->lock);
}

static void done_take(struct runner *runner)
{
    uint64_t count;
    (void)!read(runner->wake_fd, &count,
                sizeof(count)); /* before the list: what comes later wakes again */
    pthread_mutex_lock(&runner->lock);
    struct http_exchange *exchange = runner->done;
    runner->done = NULL;
    pthread_mutex_unlock(&runner->lock);
    while (exchange) {
        struct http_exchange *next = exchange->next;
        exchange_resume(exchange);
        exchange = next;
    }
}

/* ---- Connections ---- */

/* The control socket is for our own user alone, and proxies may have any number of connections. */
static bool is_trusted(const struct http_thread *thread, const struct address *address)
{
    return thread->control || networks_have(&thread->shared->trusted, address);
}

static void connection_notify(void *runner_, struct MHD_Connection *mhd, void **context,
                              enum MHD_ConnectionNotificationCode what)
{
    (void)mhd;
    struct runner *runner = runner_;
    struct http_thread *thread = &runner->thread;
    struct connection *connection = *context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = runner->arriving;
        runner->arriving = NULL;
        return;
    }
    if (!connection)
        return;
    if (connection->linger && !connection->cut && runner->draining_since_us == 0)
        linger_begin(&runner->lingerers, connection->fd);
    connection_close(&thread->reaper, connection);
    *context = NULL;
}

/* True: it has been handed to the library, which closes it in the end. */
static bool connection_take(struct runner *runner, int fd, const struct sockaddr *address,
                            socklen_t bytes)
{
    struct http_thread *thread = &runner->thread;
    if (thread->control && !peer_is_ours(fd))
        return false;
    struct address host = socket_host(address);
    runner->arriving = connection_open(&thread->reaper, fd, &host, is_trusted(thread, &host),
                                       clock_monotonic_us());
    if (!runner->arriving) {
        metric_add(METRIC_HTTP_DISPLACED, 1);
        return false;
    }
    (void)MHD_add_connection(thread->daemon, fd, address, bytes); /* closes it when it fails */
    if (runner->arriving)
        connection_close(&thread->reaper, runner->arriving);
    runner->arriving = NULL;
    return true;
}

/* Accepting is ours and not the library's, so that a foreign peer of the control socket is
 * turned away before the library reads a byte, and so that there is nothing to undo when a stop
 * begins. */
static void connections_accept(struct runner *runner)
{
    struct reaper *reaper = &runner->thread.reaper;
    for (int i = 0; i < ACCEPTS_MAX && reaper_can_take(reaper, clock_monotonic_us()); i++) {
        struct sockaddr_storage address = { 0 };
        socklen_t bytes = sizeof(address);
        int fd = accept4(runner->listen_fd, (struct sockaddr *)&address, &bytes,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                log_line(LOG_WARN, "http", "cannot accept connections: %m");
                runner->paused_until_us = clock_monotonic_us() + PAUSE_US;
            }
            return;
        }
        if (bytes >
            sizeof(address)) /* a unix peer's own path may be longer, and is of no interest */
            bytes = sizeof(address);
        if (!connection_take(runner, fd, (const struct sockaddr *)&address, bytes))
            close(fd);
    }
}

/* At its limit of connections, when all of them are at work, a thread leaves new ones in the queue
 * of the kernel, for the others or for later. */
static void listening_update(struct runner *runner, int64_t now_us)
{
    struct reaper *reaper = &runner->thread.reaper;
    bool wanted = runner->draining_since_us == 0 && now_us >= runner->paused_until_us &&
                  reaper_can_take(reaper, now_us);
    if (wanted == runner->listening)
        return;
    if (wanted)
        runner->listening = epoll_watch(runner->epoll_fd, runner->listen_fd, EVENT_LISTEN);
    else if (epoll_ctl(runner->epoll_fd, EPOLL_CTL_DEL, runner->listen_fd, NULL) == 0)
        runner->listening = false;
}

/* ---- The loop ---- */

static void wait_shorten(int64_t *wait_us, int64_t until_us, int64_t now_us)
{
    int64_t left_us = until_us > now_us ? until_us - now_us : 0;
    if (*wait_us < 0 || left_us < *wait_us)
        *wait_us = left_us;
}

/* For ever, where nothing is due. */
static int wait_ms(struct runner *runner, int64_t now_us)
{
    struct http_thread *thread = &runner->thread;
    int64_t wait_us = -1;
    MHD_UNSIGNED_LONG_LONG library_ms;
    if (MHD_get_timeout(thread->daemon, &library_ms) == MHD_YES) {
        if (library_ms == 0)
            return 0;
        wait_us = (int64_t)library_ms * 1000;
    }
    if (thread->reaper.count > 0)
        wait_shorten(&wait_us, thread->reaper.next_scan_us, now_us);
    if (runner->lingerers.count > 0)
        wait_shorten(&wait_us, runner->lingerers.next_expiry_us, now_us);
    if (!runner->listening) /* somebody may have rested for long enough to give way */
        wait_shorten(&wait_us, now_us + FULL_ROUND_US, now_us);
    if (runner->paused_until_us > now_us)
        wait_shorten(&wait_us, runner->paused_until_us, now_us);
    if (runner->draining_since_us != 0)
        wait_shorten(&wait_us, now_us + DRAIN_ROUND_MS * 1000, now_us);
    return wait_us < 0 ? -1 : (int)((wait_us + 999) / 1000);
}

static void events_handle(struct runner *runner, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t about = events[i].data.u64;
        if (about == EVENT_WAKE)
            done_take(runner);
        else if (about == EVENT_LISTEN)
            connections_accept(runner);
        else if (about >= EVENT_LINGER)
            linger_read(&runner->lingerers, about - EVENT_LINGER);
    }
}

/* Whether a stop is over for this thread: every request that is here is answered, and what was
 * on the wire has had its moment to arrive; or time is up. */
static bool drain_is_over(struct runner *runner, int64_t now_us)
{
    struct http_thread *thread = &runner->thread;
    if (!atomic_load(&thread->shared->draining))
        return false;
    if (runner->draining_since_us == 0)
        runner->draining_since_us = now_us;
    if (now_us >= atomic_load(&thread->shared->stop_deadline_us))
        return true;
    /* Clients that had a reply a moment ago may have sent their next request without knowing. */
    bool lately = thread->last_reply_us > runner->draining_since_us - BUSY_LATELY_US;
    int64_t since_us = thread->last_reply_us > runner->draining_since_us
                           ? thread->last_reply_us
                           : runner->draining_since_us;
    bool quiet = !lately || thread->reaper.count == 0 || now_us - since_us >= QUIET_US;
    return thread->reaper.busy == 0 && quiet;
}

static void runner_loop(struct runner *runner)
{
    struct http_thread *thread = &runner->thread;
    struct reaper *reaper = &thread->reaper;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        thread->now_us = clock_monotonic_us();
        atomic_store(&runner->pulse_given, atomic_load(&runner->pulse_asked));
        if (drain_is_over(runner, thread->now_us))
            return;
        listening_update(runner, thread->now_us);
        int wait = wait_ms(runner, thread->now_us);
        int count = epoll_wait(runner->epoll_fd, events, EVENTS_MAX, wait);
        thread->now_us = clock_monotonic_us();
        events_handle(runner, events, count);
        /* After the resumes: it works on those connections in the same call. */
        MHD_run(thread->daemon);
        if (reaper->count > 0 && thread->now_us >= reaper->next_scan_us)
            reaper_scan(reaper, thread->now_us);
        lingerers_expire(&runner->lingerers, thread->now_us);
    }
}

static void *runner_main(void *runner_)
{
    struct runner *runner = runner_;
    struct http_thread *thread = &runner->thread;
    const struct http_app *app = thread->shared->app;
    thread->app = app->thread_open(app->self);
    pthread_mutex_lock(&runner->lock);
    runner->state = thread->app ? RUNNER_READY : RUNNER_FAILED;
    pthread_cond_signal(&runner->started);
    pthread_mutex_unlock(&runner->lock);
    if (!thread->app)
        return NULL;

    runner_loop(runner);
    if (thread->suspended > 0) {
        /* Another thread still has them and may write to them at any time: better a leak at the
         * end than that. The library would abort the process. */
        log_line(LOG_ERROR, "http", "%zu requests were not answered in time", thread->suspended);
        runner->abandoned = true;
    } else {
        MHD_stop_daemon(thread->daemon);
        thread->daemon = NULL;
        exchanges_free(thread);
    }
    app->thread_close(thread->app);
    return NULL;
}

/* ---- Beginning and end ---- */

static size_t target_keep(void *nothing, struct MHD_Connection *mhd, char *text)
{
    (void)nothing;
    (void)mhd;
    return strlen(text); /* decoded once, by us, after splitting; the library would cut it at %00 */
}

/* Nearly all of it is about what clients did, so it is not for everyday logs. */
static void library_log(void *nothing, const char *format, va_list args)
{
    (void)nothing;
    char text[256];
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_line(LOG_DEBUG, "http", "%s", text);
}

static struct MHD_Daemon *daemon_start(struct runner *runner)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, exchange_handle, &runner->thread, MHD_OPTION_EXTERNAL_LOGGER, library_log,
        NULL,                             /* first: it hears of the others */
        MHD_OPTION_STRICT_FOR_CLIENT, -1, /* the one value that refuses "Content-Length : 5" */
        MHD_OPTION_UNESCAPE_CALLBACK, target_keep, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, &runner->thread, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, &runner->thread,
        MHD_OPTION_NOTIFY_CONNECTION, connection_notify, runner, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)runner->thread.reaper.limit + COMING_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_END);
}

void runner_init(struct runner *runner, struct http_shared *shared, int listen_fd, bool control)
{
    *runner = (struct runner){ .listen_fd = listen_fd,
                               .epoll_fd = -1,
                               .wake_fd = -1,
                               .thread = { .shared = shared, .control = control } };
    pthread_mutex_init(&runner->lock, NULL);
    pthread_cond_init(&runner->started, NULL);
}

static bool runner_open(struct runner *runner)
{
    runner->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    lingerers_init(&runner->lingerers, runner->epoll_fd, EVENT_LINGER);
    runner->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (runner->epoll_fd < 0 || runner->wake_fd < 0 ||
        !epoll_watch(runner->epoll_fd, runner->wake_fd, EVENT_WAKE))
        return false;
    runner->thread.daemon = daemon_start(runner);
    if (!runner->thread.daemon)
        return false;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(runner->thread.daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info && epoll_watch(runner->epoll_fd, info->epoll_fd, EVENT_LIBRARY);
}

/* Signals are for main alone. */
static bool runner_spawn(struct runner *runner)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    runner->running = pthread_create(&runner->id, NULL, runner_main, runner) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (runner->running)
        pthread_setname_np(runner->id, runner->thread.control ? "control" : "http");
    return runner->running;
}

bool runner_start(struct runner *runner)
{
    if (!runner_open(runner) || !runner_spawn(runner))
        return false;
    pthread_mutex_lock(&runner->lock);
    while (runner->state == RUNNER_STARTING)
        pthread_cond_wait(&runner->started, &runner->lock);
    bool ready = runner->state == RUNNER_READY;
    pthread_mutex_unlock(&runner->lock);
    return ready;
}

bool runner_pulse(struct runner *runner)
{
    bool alive = atomic_load(&runner->pulse_given) == atomic_load(&runner->pulse_asked);
    atomic_fetch_add(&runner->pulse_asked, 1);
    runner_wake(runner);
    return alive;
}

void runner_join(struct runner *runner)
{
    if (runner->running)
        pthread_join(runner->id, NULL);
}

void runner_free(struct runner *runner)
{
    if (runner->thread.daemon)
        MHD_stop_daemon(runner->thread.daemon);
    lingerers_done(&runner->lingerers);
    if (runner->epoll_fd >= 0)
        close(runner->epoll_fd);
    if (runner->wake_fd >= 0)
        close(runner->wake_fd);
    pthread_cond_destroy(&runner->started);
    pthread_mutex_destroy(&runner->lock);
}
