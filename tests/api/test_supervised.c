/* test_supervised.c: the daemon under a service manager: what it tells, when it tells that it
 * lives, the socket it is passed, and what SIGHUP does. The manager is a datagram socket of the
 * test. */
#include "tests/faults/client.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <funneld/base.h>

enum { WATCHDOG_MS = 800 * TEST_SLOWNESS, PATIENCE_MS = 10000 * TEST_SLOWNESS };

static struct daemon the_daemon;
static int manager; /* the notify socket */
static char notify_setting[160], watchdog_setting[64], config_setting[340], config_path[320];

static void set_up(void)
{
    daemon_make(&the_daemon, NULL);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length =
        snprintf(address.sun_path, sizeof address.sun_path, "%.80s/notify", the_daemon.folder);
    ck_assert_int_lt(length, (int)sizeof address.sun_path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(notify_setting, sizeof notify_setting, "NOTIFY_SOCKET=%.108s", address.sun_path);
    snprintf(watchdog_setting, sizeof watchdog_setting, "WATCHDOG_USEC=%d000", WATCHDOG_MS);
    snprintf(config_path, sizeof config_path, "%s/funneld.conf", the_daemon.folder);
    snprintf(config_setting, sizeof config_setting, "FUNNELD_CONFIG=%s", config_path);
    the_daemon.settings[0] = notify_setting;
}

static void tear_down(void)
{
    close(manager);
    daemon_done(&the_daemon);
}

static void config_write(const char *text)
{
    FILE *file = fopen(config_path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* The next message, or NULL after so long. */
static const char *told(int timeout_ms)
{
    static char text[1024];
    struct pollfd wait = { .fd = manager, .events = POLLIN };
    if (poll(&wait, 1, timeout_ms) <= 0)
        return NULL;
    ssize_t bytes = recv(manager, text, sizeof text - 1, 0);
    ck_assert_int_gt(bytes, 0);
    text[bytes] = '\0';
    return text;
}

/* Skips what comes before a message that holds this line. */
static void expect_told(const char *line)
{
    const char *text;
    size_t length = strlen(line);
    while ((text = told(PATIENCE_MS)))
        for (const char *at = text; (at = strstr(at, line)); at++)
            if ((at == text || at[-1] == '\n') && (at[length] == '\0' || at[length] == '\n'))
                return;
    daemon_show_log(&the_daemon);
    ck_abort_msg("the manager was not told %s", line);
}

/* How many pings come in so long. */
static int pings(int64_t for_ms)
{
    int count = 0;
    int64_t until_us = clock_monotonic_us() + for_ms * 1000;
    for (int64_t left_us; (left_us = until_us - clock_monotonic_us()) > 0;) {
        const char *text = told((int)(left_us / 1000) + 1);
        count += text && strcmp(text, "WATCHDOG=1") == 0;
    }
    return count;
}

/* ---- Telling ---- */

START_TEST(ready_when_it_answers)
{
    int status = 0;
    daemon_launch(&the_daemon);
    expect_told("EXTEND_TIMEOUT_USEC=600000000"); /* the file comes first, however long it takes */
    expect_told("READY=1");
    /* From here on it needs no second try. */
    ck_assert(daemon_wait_ready(&the_daemon, &status));
    ck_assert_ptr_null(told(100)); /* no watchdog was asked for */
    kill(the_daemon.pid, SIGTERM);
    expect_told("STOPPING=1");
    status = daemon_wait(&the_daemon, PATIENCE_MS);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(start_that_fails_is_not_ready)
{
    the_daemon.settings[1] = "FUNNELD_LISTEN=192.0.2.1:80"; /* nobody's address */
    daemon_launch(&the_daemon);
    int status = daemon_wait(&the_daemon, PATIENCE_MS);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 78);
    for (const char *text; (text = told(0));)
        ck_assert_ptr_null(strstr(text, "READY=1"));
}
END_TEST

START_TEST(manager_that_is_gone)
{
    char path[300];
    snprintf(path, sizeof path, "%s/notify", the_daemon.folder);
    ck_assert_int_eq(unlink(path), 0);
    daemon_start(&the_daemon);
    daemon_stop(&the_daemon);
}
END_TEST

/* ---- Life ---- */

static pid_t thread_named(const char *name)
{
    char path[300], comm[32];
    snprintf(path, sizeof path, "/proc/%d/task", (int)the_daemon.pid);
    DIR *tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    pid_t found = 0;
    for (struct dirent *entry; !found && (entry = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/comm", (int)the_daemon.pid, entry->d_name);
        FILE *file = fopen(path, "r");
        if (file && fgets(comm, sizeof comm, file) && strcspn(comm, "\n") == strlen(name) &&
            strncmp(comm, name, strlen(name)) == 0)
            found = (pid_t)strtol(entry->d_name, NULL, 10);
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return found;
}

/* Halts one thread of the daemon and no other, which a signal cannot do. False: not allowed
 * here. */
static bool thread_halt(pid_t thread)
{
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) != 0) {
        ck_assert_int_eq(errno, EPERM);
        return false;
    }
    ck_assert_int_eq(ptrace(PTRACE_INTERRUPT, thread, 0, 0), 0);
    ck_assert_int_eq(waitpid(thread, NULL, __WALL), thread);
    return true;
}

static const char *const threads[] = { "writer", "http", "control", "scans", "long work" };

/* An idle thread is alive; one that hangs is told of to nobody, until it goes on. */
START_TEST(watchdog_sees_a_thread_that_hangs)
{
    the_daemon.settings[1] = watchdog_setting;
    daemon_start(&the_daemon);
    expect_told("READY=1");
    ck_assert_int_ge(pings(2 * WATCHDOG_MS), 4);
    pid_t thread = thread_named(threads[_i]);
    ck_assert_int_gt(thread, 0);
    if (!thread_halt(thread)) {
        printf("SKIP: threads cannot be traced here\n");
        return;
    }
    pings(WATCHDOG_MS); /* one that was due before may still come */
    ck_assert_int_eq(pings(2 * WATCHDOG_MS), 0);
    ck_assert(daemon_has_logged(&the_daemon, "shows no life"));
    ck_assert_int_eq(ptrace(PTRACE_DETACH, thread, 0, 0), 0);
    ck_assert_int_ge(pings(2 * WATCHDOG_MS), 3);
    daemon_stop(&the_daemon);
}
END_TEST

START_TEST(watchdog_of_another_process)
{
    the_daemon.settings[1] = watchdog_setting;
    the_daemon.settings[2] = "WATCHDOG_PID=1";
    daemon_start(&the_daemon);
    ck_assert_int_eq(pings(WATCHDOG_MS), 0);
    daemon_stop(&the_daemon);
}
END_TEST

/* A full disk is to be seen where an operator looks first. */
START_TEST(status_tells_of_refused_writes)
{
    daemon_add_shim(&the_daemon);
    daemon_start(&the_daemon);
    expect_told("READY=1");
    shim_space(the_daemon.shim, "funneld.db-wal", 0);
    struct client client;
    client_init(&client, &the_daemon);
    ck_assert_int_eq(client_post(&client, "/v1/leads", "{\"email\":\"a@example.com\"}").status,
                     503);
    const char *text;
    do
        ck_assert_ptr_nonnull(text = told(PATIENCE_MS));
    while (!strstr(text, "writes are refused"));
    shim_off(the_daemon.shim);
    do
        ck_assert_ptr_nonnull(text = told(PATIENCE_MS));
    while (!strstr(text, "STATUS=Listening") || strstr(text, "refused"));
    client_close(&client);
    daemon_stop(&the_daemon);
}
END_TEST

/* ---- The socket ---- */

static int socket_make(int type, bool listens, int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, bytes), 0);
    ck_assert(!listens || listen(fd, 16) == 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Who connects before the daemon is there is answered once it is, and a restart refuses nobody. */
START_TEST(socket_is_taken_over)
{
    int port;
    the_daemon.inherited = socket_make(SOCK_STREAM, true, &port);
    the_daemon.port = port;
    struct client early;
    client_init(&early, &the_daemon);
    for (int i = 0; i < 2; i++) {
        daemon_launch(&the_daemon);
        the_daemon.port = port;
        ck_assert_int_eq(client_get(&early, "/healthz").status, 200);
        client_close(&early);
        int status = 0;
        ck_assert(daemon_wait_ready(&the_daemon, &status));
        ck_assert_int_eq(the_daemon.port, port);
        daemon_stop(&the_daemon);
    }
    close(the_daemon.inherited);
}
END_TEST

/* Of no use to us: told, and not served by accident. */
START_TEST(socket_of_another_kind)
{
    int port;
    the_daemon.inherited =
        _i == 0 ? socket_make(SOCK_DGRAM, false, &port) : socket_make(SOCK_STREAM, false, &port);
    daemon_launch(&the_daemon);
    int status = daemon_wait(&the_daemon, PATIENCE_MS);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 78);
    ck_assert(daemon_has_logged(&the_daemon, "not a listening TCP socket"));
    close(the_daemon.inherited);
}
END_TEST

/* ---- SIGHUP ---- */

static void expect_logged(const char *text)
{
    for (int i = 0; i < 1000 && !daemon_has_logged(&the_daemon, text); i++)
        usleep(5000);
    if (!daemon_has_logged(&the_daemon, text))
        daemon_show_log(&the_daemon);
    ck_assert(daemon_has_logged(&the_daemon, text));
}

START_TEST(reload)
{
    config_write("log_level = info\n");
    the_daemon.settings[1] = config_setting;
    daemon_start(&the_daemon);
    struct client client;
    client_init(&client, &the_daemon);
    client_get(&client, "/healthz");
    ck_assert(!daemon_has_logged(&the_daemon, " debug "));

    config_write("log_level = loud\n");
    kill(the_daemon.pid, SIGHUP);
    expect_logged("goes on with the old options: ");

    config_write("log_level = debug\nlog_format = json\nqueue_max = 99\n");
    kill(the_daemon.pid, SIGHUP);
    expect_logged("has read its options again; a restart is needed for queue_max\"}");
    ck_assert_int_eq(client_get(&client, "/healthz").status, 200);
    expect_logged("\"level\":\"debug\"");
    client_close(&client);
    daemon_stop(&the_daemon);
}
END_TEST

/* ---- The log ---- */

/* Whatever clients send, a line is one JSON object and names nobody. */
START_TEST(log_of_a_session)
{
    static const char secret[] = "fnl_0123456789abcdefghijklmnopqrstuvwxyz0123456789";
    static const char *const raw[] = {
        "GET /v1/leads?email=ann%40example.com HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        "fnl_0123456789abcdefghijklmnopqrstuvwxyz0123456789\r\n\r\n",
        "GET /ann@example.com\x1b[31m\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: \"\xff\x1b\n\r\n\r\n",
        "nonsense ann@example.com\r\n\r\n",
        "GET /healthz HTTP/1.9\r\nHost: x\r\n\r\n",
        "POST /v1/leads HTTP/1.1\r\nHost: x\r\nContent-Length: ann@example.com\r\n\r\n",
    };
    static const char *const words[] = { "ann@", "ann%40", "Annabel", secret, "not-a-key" };
    the_daemon.settings[1] = "FUNNELD_LOG_FORMAT=json";
    the_daemon.settings[2] = "FUNNELD_LOG_LEVEL=debug";
    the_daemon.settings[3] = "FUNNELD_LOG_REQUESTS=all";
    daemon_start(&the_daemon);
    struct client client;
    client_init(&client, &the_daemon);
    static const char lead[] = "{\"email\":\"ann@example.com\",\"first_name\":\"Annabel\"}";
    ck_assert_int_eq(client_post(&client, "/v1/leads", lead).status, 201);
    ck_assert_int_eq(client_post(&client, "/v1/leads", lead).status, 409);
    client_post(&client, "/v1/leads", "{\"email\":\"ann@\",\"Annabel\":1}");
    client_post(&client, "/v1/forms", "{\"name\":\"F\",\"key\":\"contact-form\"}");
    client_post_form(&client, "/f/contact-form", "email=ann%40example.com&name=Annabel");
    client_get(&client, "/v1/leads?email=ann@example.com");
    client_get(&client, "/v1/leads?ann@example.com=Annabel");
    client_get(&client, "/Annabel");
    client_close(&client);
    for (size_t i = 0; i < ARRAY_SIZE(raw); i++) {
        client_init(&client, &the_daemon);
        ck_assert(client_connect(&client) && client_send(&client, raw[i], strlen(raw[i])));
        client_read(&client, 2000);
        client_close(&client);
    }
    daemon_stop(&the_daemon);

    FILE *log = fopen(the_daemon.log, "r");
    ck_assert_ptr_nonnull(log);
    char line[8192];
    int lines = 0, answered = 0;
    for (; fgets(line, sizeof line, log); lines++) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json_is_object(json), "%s", line);
        ck_assert_msg(json_is_string(json_object_get(json, "time")) &&
                          json_is_string(json_object_get(json, "level")) &&
                          json_is_string(json_object_get(json, "area")) &&
                          json_is_string(json_object_get(json, "message")),
                      "%s", line);
        /* All of it is what clients did. */
        ck_assert_str_ne(json_string_value(json_object_get(json, "level")), "error");
        answered += json_is_integer(json_object_get(json, "status")) &&
                    json_is_string(json_object_get(json, "request_id"));
        json_decref(json);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
            ck_assert_msg(!strstr(line, words[i]), "%s", line);
        ck_assert_msg(!strstr(line, the_daemon.key), "%s", line);
    }
    fclose(log);
    ck_assert_int_ge(answered, 9);
    ck_assert_int_gt(lines, answered);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("supervised");
    TCase *tcase = tcase_create("supervised");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60 * TEST_SLOWNESS);
    tcase_add_test(tcase, ready_when_it_answers);
    tcase_add_test(tcase, start_that_fails_is_not_ready);
    tcase_add_test(tcase, manager_that_is_gone);
    tcase_add_loop_test(tcase, watchdog_sees_a_thread_that_hangs, 0, ARRAY_SIZE(threads));
    tcase_add_test(tcase, watchdog_of_another_process);
    tcase_add_test(tcase, status_tells_of_refused_writes);
    tcase_add_test(tcase, socket_is_taken_over);
    tcase_add_loop_test(tcase, socket_of_another_kind, 0, 2);
    tcase_add_test(tcase, reload);
    tcase_add_test(tcase, log_of_a_session);
    suite_add_tcase(suite, tcase);
    return suite;
}
