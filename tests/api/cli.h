/* cli.h: the commands as an operator gives them: the real program, with a daemon beside it and
 * without, on real files in a folder of the test's own. */
#ifndef FUNNELD_TESTS_API_CLI_H
#define FUNNELD_TESTS_API_CLI_H

#include "tests/support/suite.h"

#include <funneld/base.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 1 << 16 };

extern char folder[64];
extern char out[TEXT_BYTES_MAX], err[TEXT_BYTES_MAX]; /* of the last command */
extern pid_t daemon_pid;                              /* 0: none */

/* The fixture of every test. The data file is f.db. */
void set_up(void);
void tear_down(void);

/* ---- Files of the test ---- */

const char *path_of(const char *name); /* good for the next three calls */
void file_write(const char *name, const char *text);
void file_read(const char *name, char text[static TEXT_BYTES_MAX]);
bool file_exists(const char *name);

/* ---- Running the program ---- */

/* `arguments` separated by blanks. In the folder of the test. */
pid_t start(const char *arguments, const char *input, const char *output, const char *error);
int end(pid_t pid); /* the exit status, or 1000 and the signal */
int run_with(const char *input, const char *arguments);
int run(const char *arguments);

#define ck_assert_run(arguments, status_)                                                          \
    do {                                                                                           \
        int status__ = run(arguments);                                                             \
        ck_assert_msg(status__ == (status_), "%s ended with %d: %s%s", arguments, status__, out,   \
                      err);                                                                        \
    } while (0)
#define ck_assert_says(text, what)                                                                 \
    ck_assert_msg(strstr(text, what) != NULL, "\"%s\" is not in: %s", what, text)

void daemon_start(void);
void daemon_stop(void);
/* For tests that run with a daemon (1) and without (0). */
void with_daemon(int wanted);

void cli_import_tests(Suite *suite); /* the second half of the program api_cli */

#endif
