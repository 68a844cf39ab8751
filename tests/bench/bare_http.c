/* bare_http.c: the least that libmicrohttpd can do: two threads, each with an epoll set, that
 * answer whatever is asked with the same bytes. The ceiling of every answer of the daemon.
 *
 *   bench_bare STATUS BYTES
 *
 * Says on which port of loopback it listens; ends with SIGTERM, or with its parent. */
#include "bench.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 2, POOL_BYTES = 32 * 1024, BACKLOG = 1024, STEP_MS = 200 };

struct thread {
    pthread_t id;
    struct MHD_Daemon *daemon;
    struct MHD_Response *response;
    unsigned status;
};

static atomic_bool stopping;

static enum MHD_Result handle(void *self, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **context)
{
    (void)url, (void)method, (void)version, (void)upload;
    struct thread *thread = self;
    if (!*context) {
        *context = thread;
        return MHD_YES;
    }
    if (*upload_bytes) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, thread->status, thread->response);
}

/* The library's own loop blocks when exactly k x 128 connections are ready, so this is ours, as in
 * the daemon. */
static void *serve(void *self)
{
    struct thread *thread = self;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(thread->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd ready = { .fd = info->epoll_fd, .events = POLLIN };
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        MHD_UNSIGNED_LONG_LONG library_ms;
        bool due = MHD_get_timeout(thread->daemon, &library_ms) == MHD_YES && library_ms == 0;
        poll(&ready, 1, due ? 0 : STEP_MS);
        MHD_run(thread->daemon);
    }
    return NULL;
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        bench_die("cannot listen: %m");
    printf("listens on http://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void thread_start(struct thread *thread, int fd, const char *body, size_t bytes)
{
    thread->response =
        MHD_create_response_from_buffer(bytes, (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
    if (!thread->response)
        bench_die("no memory");
    if (bytes > 0)
        MHD_add_response_header(thread->response, "Content-Type", "application/json");
    thread->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, thread, MHD_OPTION_LISTEN_SOCKET, fd,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_END);
    if (!thread->daemon || pthread_create(&thread->id, NULL, serve, thread) != 0)
        bench_die("cannot start");
}

int main(int argc, char **argv)
{
    if (argc != 3)
        bench_die("usage: bench_bare STATUS BYTES");
    unsigned status = (unsigned)bench_number(argv[1], "STATUS", 200, 599);
    size_t bytes = (size_t)bench_number(argv[2], "BYTES", 0, 1 << 30);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);

    char *body = malloc(bytes + 1);
    if (!body)
        bench_die("no memory");
    memset(body, 'x', bytes);
    int fd = listen_on_loopback();
    struct thread threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){ .status = status };
        thread_start(&threads[i], i ? dup(fd) : fd, body, bytes);
    }
    int number;
    sigwait(&signals, &number);
    atomic_store(&stopping, true);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i].id, NULL);
        MHD_stop_daemon(threads[i].daemon);
        MHD_destroy_response(threads[i].response);
    }
    free(body);
    return 0;
}
