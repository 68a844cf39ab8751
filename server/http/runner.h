/* runner.h: one HTTP thread. Private to server/http. */
#ifndef FUNNELD_HTTP_RUNNER_H
#define FUNNELD_HTTP_RUNNER_H

#include "exchange.h"
#include "linger.h"

#include <pthread.h>
#include <stdatomic.h>

struct runner {
    struct http_thread thread; /* first: http_resume() comes from there */
    pthread_t id;
    bool running;
    bool abandoned; /* ended with requests in other hands; nothing of it may be freed */
    atomic_uint pulse_asked, pulse_given; /* equal: it has gone round its loop since it was asked */

    pthread_mutex_t lock;
    enum { RUNNER_STARTING, RUNNER_READY, RUNNER_FAILED } state; /* under lock */
    pthread_cond_t started;
    struct http_exchange *done, **done_tail; /* under lock: back from other threads */

    int listen_fd, epoll_fd, wake_fd;
    bool listening;              /* listen_fd is in the epoll set */
    struct connection *arriving; /* being handed to the library, which has not told of it yet */
    int64_t paused_until_us;
    int64_t draining_since_us; /* 0: not draining */
    struct lingerers lingerers;
};

/* Takes nothing yet; runner_free() may follow. The caller sets thread.reaper's limits then. */
void runner_init(struct runner *runner, struct http_shared *shared, int listen_fd, bool control);
/* Starts the thread and waits until it works. False: it cannot; runner_join() is due even so. */
bool runner_start(struct runner *runner);
/* Any thread: it goes round its loop once, and sees what has changed. */
void runner_wake(struct runner *runner);
/* One thread, now and then: whether it has gone round since the last call, and asks it again. */
bool runner_pulse(struct runner *runner);
/* Waits for its end, which shared->draining brings about. */
void runner_join(struct runner *runner);
/* Of one that is not abandoned. */
void runner_free(struct runner *runner);

#endif
