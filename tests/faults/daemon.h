/* daemon.h: the real program as a child of the test, on a free port of the loopback address, with
 * a data file in a folder of its own. It dies with the test, whatever way the test ends. */
#ifndef FUNNELD_TESTS_FAULTS_DAEMON_H
#define FUNNELD_TESTS_FAULTS_DAEMON_H

#include "tests/support/suite.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim_io.h"

enum { DAEMON_SETTINGS_MAX = 8 };

struct daemon {
    char folder[256];
    char database[300];                        /* folder/funneld.db */
    char log[300];                             /* what all its lives have said */
    char key[64];                              /* the admin key */
    const char *settings[DAEMON_SETTINGS_MAX]; /* "FUNNELD_X=y", for its environment */
    int inherited;             /* a listening socket, passed as a service manager does; 0: none */
    const char *preload;       /* a library to stand in front of libc; NULL: none */
    struct shim_control *shim; /* of that library, where it is the shim */

    pid_t pid; /* 0: it does not run */
    int port;
    int64_t ready_us; /* from its start until it took work */
};

/* Makes the folder: in `parent`, or where temporary files go when that is NULL. */
void daemon_make(struct daemon *daemon, const char *parent);
/* Ends it if need be, and removes what it has left. */
void daemon_done(struct daemon *daemon);
/* From the next start on it runs with the shim, steered through daemon->shim. */
void daemon_add_shim(struct daemon *daemon);
/* The shim lets everything through again, and counts from nothing. */
void shim_off(struct shim_control *shim);
/* The number-th of these calls on files whose path ends so fails, and all after it if so wanted. */
void shim_arm(struct shim_control *shim, const char *match, int calls, int error, int64_t number,
              bool for_good);
/* Files whose path ends so can grow by so many bytes in all. */
void shim_space(struct shim_control *shim, const char *match, int64_t bytes);

/* Starts it and returns at once. */
void daemon_launch(struct daemon *daemon);
/* Waits until it takes work; false when it ended instead, and daemon->pid is then 0. */
bool daemon_wait_ready(struct daemon *daemon, int *ret_status);
/* Both; fails the test when it does not become ready. */
void daemon_start(struct daemon *daemon);

/* A command on its data file, as an operator gives it: words that end in NULL. Its exit status;
 * what it says goes to the log. */
int daemon_command(const struct daemon *daemon, const char *const *words);

/* Waits for its end; the status of waitpid(). Fails the test when it takes longer. */
int daemon_wait(struct daemon *daemon, int timeout_ms);
bool daemon_is_running(struct daemon *daemon); /* reaps it when it is not: pid is 0 then */
void daemon_kill(struct daemon *daemon);       /* SIGKILL, and waits */
int daemon_signal(struct daemon *daemon, int number, int timeout_ms); /* and waits */
/* SIGTERM, and fails the test unless it ends with status 0. */
void daemon_stop(struct daemon *daemon);
/* Prints how its log ends: for a failure. */
void daemon_show_log(const struct daemon *daemon);
/* Whether its log has this text. */
bool daemon_has_logged(const struct daemon *daemon, const char *text);

/* Recounts all that is derived: fails the test on any difference. */
void daemon_check(const struct daemon *daemon);
/* The same for SQLite's own view of the file, which no daemon may have at the moment. */
void daemon_check_file(const struct daemon *daemon);

int64_t daemon_cpu_us(const struct daemon *daemon);
int64_t daemon_memory_kib(const struct daemon *daemon); /* resident */
bool test_is_long(void);
unsigned test_seed(void);
/* FUNNELD_TEST_ITERATIONS, or one of the two. */
int test_rounds(int usual, int long_);

#endif
