/* daemon.c: the child process of daemon.h. */
#include "client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <funneld/base.h>

enum { START_MS = 10000 * TEST_SLOWNESS, STOP_MS = 6000 * TEST_SLOWNESS };

/* ---- Its folder ---- */

void daemon_make(struct daemon *daemon, const char *parent)
{
    *daemon = (struct daemon){ 0 };
    const char *home = parent ? parent : getenv("TMPDIR");
    snprintf(daemon->folder, sizeof daemon->folder, "%s/funneld-XXXXXX", home ? home : "/tmp");
    ck_assert_msg(mkdtemp(daemon->folder) != NULL, "%s: %m", daemon->folder);
    snprintf(daemon->database, sizeof daemon->database, "%s/funneld.db", daemon->folder);
    snprintf(daemon->log, sizeof daemon->log, "%s/log", daemon->folder);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void daemon_done(struct daemon *daemon)
{
    if (daemon->pid)
        daemon_kill(daemon);
    if (daemon->shim)
        munmap(daemon->shim, sizeof *daemon->shim);
    daemon->shim = NULL;
    nftw(daemon->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void shim_path(const struct daemon *daemon, char path[static 320])
{
    snprintf(path, 320, "%s/shim", daemon->folder);
}

void daemon_add_shim(struct daemon *daemon)
{
    char path[320];
    shim_path(daemon, path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_msg(fd >= 0 && ftruncate(fd, sizeof *daemon->shim) == 0, "%s: %m", path);
    daemon->shim = mmap(NULL, sizeof *daemon->shim, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(daemon->shim, MAP_FAILED);
    daemon->preload = getenv("FUNNELD_TEST_SHIM_LIBRARY");
    ck_assert_ptr_nonnull(daemon->preload);
    close(fd);
}

void shim_off(struct shim_control *shim)
{
    atomic_store(&shim->fail_at, 0);
    atomic_store(&shim->space_set, 0);
    atomic_store(&shim->calls, 0);
    atomic_store(&shim->for_good, 0);
    atomic_store(&shim->counted, 0);
    atomic_store(&shim->failed, 0);
}

void shim_arm(struct shim_control *shim, const char *match, int calls, int error, int64_t number,
              bool for_good)
{
    shim_off(shim);
    memset(shim->match, 0, sizeof shim->match);
    memcpy(shim->match, match, strlen(match));
    atomic_store(&shim->error, error);
    atomic_store(&shim->for_good, for_good);
    atomic_store(&shim->fail_at, number);
    atomic_store(&shim->calls, calls);
}

void shim_space(struct shim_control *shim, const char *match, int64_t bytes)
{
    shim_off(shim);
    memset(shim->match, 0, sizeof shim->match);
    memcpy(shim->match, match, strlen(match));
    atomic_store(&shim->space_bytes, bytes);
    atomic_store(&shim->space_set, 1);
}

/* ---- Starting ---- */

static _Noreturn void child_run(const struct daemon *daemon, const char *program)
{
    char setting[340];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0)
        _exit(99);
    setenv("FUNNELD_LISTEN", "127.0.0.1:0", 1);
    setenv("FUNNELD_DATABASE", daemon->database, 1);
    for (size_t i = 0; i < DAEMON_SETTINGS_MAX && daemon->settings[i]; i++)
        putenv((char *)(uintptr_t)daemon->settings[i]);
    if (daemon->inherited) {
        snprintf(setting, sizeof setting, "%d", (int)getpid());
        setenv("LISTEN_PID", setting, 1);
        setenv("LISTEN_FDS", "1", 1);
        if (dup2(daemon->inherited, 3) < 0)
            _exit(97);
    }
    if (daemon->shim) {
        shim_path(daemon, setting);
        setenv("FUNNELD_TEST_SHIM", setting, 1);
    }
    if (daemon->preload) {
        setenv("LD_PRELOAD", daemon->preload, 1);
        /* The sanitizer wants to be the first library; ours calls none of its functions. */
        const char *options = getenv("ASAN_OPTIONS");
        snprintf(setting, sizeof setting, "%s:verify_asan_link_order=0", options ? options : "");
        setenv("ASAN_OPTIONS", setting, 1);
    }
    execl(program, program, "serve", (char *)NULL);
    _exit(98);
}

void daemon_launch(struct daemon *daemon)
{
    const char *program = getenv("FUNNELD_TEST_PROGRAM");
    ck_assert_msg(program && access(program, X_OK) == 0,
                  "FUNNELD_TEST_PROGRAM must name the program to test");
    daemon->port = 0;
    daemon->ready_us = -clock_monotonic_us();
    daemon->pid = fork();
    ck_assert_int_ge(daemon->pid, 0);
    if (daemon->pid == 0)
        child_run(daemon, program);
}

/* Whether the descriptor of that name is the socket of this inode. */
static bool is_socket(const char *folder, const char *name, unsigned long inode)
{
    char path[320], link[64] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unsigned long found = 0;
    return readlink(path, link, sizeof link - 1) > 0 && sscanf(link, "socket:[%lu]", &found) == 1 &&
           found == inode;
}

static bool has_socket(pid_t pid, unsigned long inode)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%d/fd", (int)pid);
    DIR *descriptors = opendir(folder);
    bool found = false;
    for (struct dirent *entry; descriptors && !found && (entry = readdir(descriptors));)
        found = is_socket(folder, entry->d_name, inode);
    if (descriptors)
        closedir(descriptors);
    return found;
}

/* The port that this very process listens on, as the kernel tells it; 0: none yet. */
static int listening_port(pid_t pid)
{
    FILE *sockets = fopen("/proc/net/tcp", "r");
    char line[256];
    int found = 0;
    while (sockets && !found && fgets(line, sizeof line, sockets)) {
        unsigned address, port, state;
        unsigned long inode;
        if (sscanf(line, " %*d: %x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", &address, &port,
                   &state, &inode) == 4 &&
            state == 0x0a && has_socket(pid, inode))
            found = (int)port;
    }
    if (sockets)
        fclose(sockets);
    return found;
}

static void read_key(struct daemon *daemon)
{
    char path[320];
    snprintf(path, sizeof path, "%s/admin.key", daemon->folder);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    if (fgets(daemon->key, sizeof daemon->key, file))
        daemon->key[strcspn(daemon->key, "\n")] = '\0';
    fclose(file);
}

/* Reaps it if it has ended. */
static bool has_ended(struct daemon *daemon, int *ret_status)
{
    pid_t pid = waitpid(daemon->pid, ret_status, WNOHANG);
    if (pid == daemon->pid)
        daemon->pid = 0;
    return pid != 0;
}

bool daemon_wait_ready(struct daemon *daemon, int *ret_status)
{
    int64_t until_us = clock_monotonic_us() + START_MS * INT64_C(1000);
    struct client client;
    client_init(&client, daemon);
    int status = 0;
    while (status != 200) {
        if (has_ended(daemon, ret_status)) {
            client_close(&client);
            return false;
        }
        if (clock_monotonic_us() > until_us) {
            daemon_show_log(daemon);
            ck_abort_msg("not ready after %d ms: /readyz %d", START_MS, status);
        }
        if (daemon->port == 0)
            daemon->port = listening_port(daemon->pid);
        if (daemon->port != 0)
            status = client_get(&client, "/readyz").status;
        if (status != 200)
            usleep(500);
    }
    daemon->ready_us += clock_monotonic_us();
    client_close(&client);
    read_key(daemon);
    return true;
}

void daemon_start(struct daemon *daemon)
{
    int status = 0;
    daemon_launch(daemon);
    if (daemon_wait_ready(daemon, &status))
        return;
    daemon_show_log(daemon);
    ck_abort_msg("it did not start: status %#x", (unsigned)status);
}

int daemon_command(const struct daemon *daemon, const char *const *words)
{
    enum { WORDS_MAX = 8 };
    const char *program = getenv("FUNNELD_TEST_PROGRAM");
    char *argv[WORDS_MAX + 2] = { (char *)(uintptr_t)program };
    for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int log = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0)
            _exit(99);
        setenv("FUNNELD_DATABASE", daemon->database, 1);
        execv(program, argv);
        _exit(98);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- Ending ---- */

int daemon_wait(struct daemon *daemon, int timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    int status = 0;
    while (!has_ended(daemon, &status)) {
        if (clock_monotonic_us() > until_us) {
            daemon_show_log(daemon);
            ck_abort_msg("process %d has not ended after %d ms", (int)daemon->pid, timeout_ms);
        }
        usleep(500);
    }
    return status;
}

bool daemon_is_running(struct daemon *daemon)
{
    int status;
    return daemon->pid != 0 && !has_ended(daemon, &status);
}

int daemon_signal(struct daemon *daemon, int number, int timeout_ms)
{
    ck_assert_int_gt(daemon->pid, 0);
    kill(daemon->pid, number);
    return daemon_wait(daemon, timeout_ms);
}

void daemon_kill(struct daemon *daemon)
{
    daemon_signal(daemon, SIGKILL, STOP_MS);
}

void daemon_stop(struct daemon *daemon)
{
    int status = daemon_signal(daemon, SIGTERM, STOP_MS);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    daemon_show_log(daemon);
    ck_abort_msg("SIGTERM ended it with status %#x", (unsigned)status);
}

/* ---- What it says ---- */

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (!file)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

void daemon_show_log(const struct daemon *daemon)
{
    enum { SHOWN = 4000 };
    char *text = file_read(daemon->log);
    size_t bytes = text ? strlen(text) : 0;
    fprintf(stderr, "---- end of %s\n%s----\n", daemon->log,
            text ? text + (bytes > SHOWN ? bytes - SHOWN : 0) : "nothing\n");
    free(text);
}

bool daemon_has_logged(const struct daemon *daemon, const char *wanted)
{
    char *text = file_read(daemon->log);
    bool found = text && strstr(text, wanted);
    free(text);
    return found;
}

void daemon_check(const struct daemon *daemon)
{
    static const char *const check[] = { "check", NULL };
    int status = daemon_command(daemon, check);
    if (status == 0)
        return;
    daemon_show_log(daemon);
    ck_abort_msg("a recount ended with %d", status);
}

void daemon_check_file(const struct daemon *daemon)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(daemon->database, &handle, SQLITE_OPEN_READWRITE, NULL), 0);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    ck_assert_int_eq(sqlite3_prepare_v2(handle, "PRAGMA integrity_check", -1, &statement, NULL), 0);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    sqlite3_close(handle);
}

/* ---- What it uses ---- */

int64_t daemon_cpu_us(const struct daemon *daemon)
{
    char path[64];
    long long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)daemon->pid);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    int read = fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld",
                      &user, &system);
    fclose(file);
    ck_assert_int_eq(read, 2);
    return (user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

int64_t daemon_memory_kib(const struct daemon *daemon)
{
    char path[64];
    long long size = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)daemon->pid);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    int read = fscanf(file, "%lld %lld", &size, &resident);
    fclose(file);
    ck_assert_int_eq(read, 2);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

bool test_is_long(void)
{
    const char *value = getenv("FUNNELD_TEST_LONG");
    return value && *value && strcmp(value, "0") != 0;
}

unsigned test_seed(void)
{
    const char *value = getenv("FUNNELD_TEST_SEED");
    return value ? (unsigned)strtoul(value, NULL, 10) : 1;
}

int test_rounds(int usual, int long_)
{
    const char *value = getenv("FUNNELD_TEST_ITERATIONS");
    return value ? (int)strtol(value, NULL, 10) : test_is_long() ? long_ : usual;
}
