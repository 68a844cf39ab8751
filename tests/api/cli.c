/* cli.c: see cli.h. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { ARGUMENTS_MAX = 24, STOP_MS_MAX = 5000 };

char folder[64];
char out[TEXT_BYTES_MAX], err[TEXT_BYTES_MAX];
pid_t daemon_pid;

/* ---- Files of the test ---- */

const char *path_of(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

void file_write(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void file_read(const char *name, char text[static TEXT_BYTES_MAX])
{
    FILE *file = fopen(path_of(name), "r");
    ck_assert_msg(file != NULL, "%s is not there", name);
    text[fread(text, 1, TEXT_BYTES_MAX - 1, file)] = '\0';
    fclose(file);
}

bool file_exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

/* ---- Running the program ---- */

/* `arguments` separated by blanks. In the folder of the test. */
pid_t start(const char *arguments, const char *input, const char *output, const char *error)
{
    char text[4096], *rest = NULL;
    char *argv[ARGUMENTS_MAX + 1] = { getenv("FUNNELD_TEST_PROGRAM") };
    size_t count = 1;
    snprintf(text, sizeof(text), "%s", arguments);
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count < ARGUMENTS_MAX;
         word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    /* Emptied before anybody looks: what an earlier run has written is not this one's answer. */
    int files[] = { open(input, O_RDONLY | O_CLOEXEC),
                    open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
                    open(error, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) };
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0) {
        for (int i = 0; i < 3; i++)
            close(files[i]);
        return pid;
    }
    for (int i = 0; i < 3; i++)
        dup2(files[i], i);
    if (chdir(folder) == 0)
        execv(argv[0], argv);
    _exit(126);
}

int end(pid_t pid)
{
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int run_with(const char *input, const char *arguments)
{
    int status = end(start(arguments, input, path_of("out"), path_of("err")));
    file_read("out", out);
    file_read("err", err);
    return status;
}

int run(const char *arguments)
{
    return run_with("/dev/null", arguments);
}

void daemon_start(void)
{
    char log[TEXT_BYTES_MAX] = "";
    daemon_pid = start("serve", "/dev/null", path_of("daemon.out"), path_of("daemon.log"));
    for (int i = 0; i < 500 && strstr(log, "listens on http://") == NULL; i++) {
        usleep(10000);
        if (file_exists("daemon.log"))
            file_read("daemon.log", log);
    }
    ck_assert_says(log, "listens on http://");
}

void daemon_stop(void)
{
    int64_t begin_us = clock_monotonic_us();
    kill(daemon_pid, SIGTERM);
    ck_assert_int_eq(end(daemon_pid), 0);
    ck_assert_int_lt((clock_monotonic_us() - begin_us) / 1000, STOP_MS_MAX + 500);
    daemon_pid = 0;
}

void set_up(void)
{
    snprintf(folder, sizeof(folder), "/tmp/funneld_cli_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("FUNNELD_DATABASE", "f.db", 1);
    setenv("FUNNELD_LISTEN", "127.0.0.1:0", 1);
    setenv("FUNNELD_CONFIG", "/dev/null", 1);
    daemon_pid = 0;
}

void tear_down(void)
{
    if (daemon_pid > 0) {
        kill(daemon_pid, SIGKILL);
        end(daemon_pid);
    }
    nftw(folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

void with_daemon(int wanted)
{
    if (wanted)
        daemon_start();
}
