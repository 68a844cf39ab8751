/* test_config.c: where options come from, what is refused and how it is said, and the shipped
 * example. */
#include "unit.h"

#include <funneld/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64]; /* of the configuration file of a test */

static void config_setup(void)
{
    static const char *const names[] = { "CONFIG", "LISTEN", "DATABASE", "QUEUE_MAX", "LOG_LEVEL" };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char name[40];
        snprintf(name, sizeof(name), "FUNNELD_%s", names[i]);
        unsetenv(name);
    }
    snprintf(path, sizeof(path), "/tmp/funneld_unit_XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void config_teardown(void)
{
    unlink(path);
}

static void file_write(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Loads from the file `path` and the given arguments (NULL-terminated, after the program's
 * name). */
static enum err load(struct request *request, struct config *config, const char *const *arguments)
{
    char *argv[20] = { (char[]){ "funneld" }, (char[]){ "--config" }, path };
    int argc = 3;
    for (; arguments != NULL && *arguments != NULL; arguments++)
        argv[argc++] = (char *)(uintptr_t)*arguments;
    return config_load(&request->ctx, config, &argc, argv);
}

START_TEST(test_defaults)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    ck_assert_int_eq(load(&request, &config, NULL), OK);
    ck_assert_str_eq(config.listen, "127.0.0.1:8080");
    ck_assert_str_eq(config.database, "/var/lib/funneld/funneld.db");
    ck_assert_str_eq(config.admin_key_file, "");
    ck_assert_str_eq(config.time_zone, "UTC");
    ck_assert_int_eq(config.log_level, LOG_INFO);
    ck_assert_int_eq(config.log_format, LOG_TEXT);
    ck_assert_int_eq(config.http_threads, 2);
    ck_assert_int_eq(config.connections_max, 4096);
    ck_assert_int_eq(config.request_timeout_s, 8);
}
END_TEST

START_TEST(test_file_then_environment_then_flags)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    file_write("# comment\n; another\n\n  listen = [::1]:0 ; note\ndatabase=/tmp/a b.db\n"
               "queue_max: 100\nlog_level = debug\r\n\tlog_format = json");
    setenv("FUNNELD_DATABASE", "/tmp/env.db", 1);
    setenv("FUNNELD_QUEUE_MAX", "200", 1);
    static const char *const arguments[] = { "--queue-max=300", "--log-level", "warn", NULL };
    ck_assert_int_eq(load(&request, &config, arguments), OK);
    ck_assert_str_eq(config.listen, "[::1]:0");
    ck_assert_str_eq(config.database, "/tmp/env.db");
    ck_assert_int_eq(config.queue_max, 300);
    ck_assert_int_eq(config.log_level, LOG_WARN);
    ck_assert_int_eq(config.log_format, LOG_JSON);
}
END_TEST

START_TEST(test_file_is_named_by_the_environment)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    file_write("database = x.db\n");
    setenv("FUNNELD_CONFIG", path, 1);
    char *argv[] = { (char[]){ "funneld" }, NULL };
    int argc = 1;
    ck_assert_int_eq(config_load(&request.ctx, &config, &argc, argv), OK);
    ck_assert_str_eq(config.database, "x.db");
}
END_TEST

/* A misspelt option must not pass for one that is left at its default. */
START_TEST(test_variables_of_the_environment)
{
    static const char *const refused[] = { "FUNNELD_LISTNE", "FUNNELD_listen", "FUNNELD_",
                                           "FUNNELD_LISTEN_", "FUNNELD_CONFIGURATION" };
    static const char *const ignored[] = { "FUNNELD_SERVICE_HOST",  "FUNNELD_PORT",
                                           "FUNNELD_PORT_8080_TCP", "FUNNELD_TEST_ANYTHING",
                                           "FUNNELDLISTEN",         "XFUNNELD_LISTNE" };
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        setenv(ignored[i], "tcp://10.0.0.1:8080", 1);
    ck_assert_int_eq(load(&request, &config, NULL), OK);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        setenv(refused[i], "secret", 1);
        failure_clear(&request.ctx);
        ck_assert_msg(load(&request, &config, NULL) == ERR_CONFIG, "%s", refused[i]);
        const char *detail = request.ctx.failure.detail;
        ck_assert_msg(strstr(detail, refused[i]) && !strstr(detail, "secret"), "%s", detail);
        unsetenv(refused[i]);
    }
}
END_TEST

/* The file is read anew, flags stay above it. */
START_TEST(test_reload)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config, again;
    file_write("queue_max = 100\nlog_level = warn\n");
    static const char *const arguments[] = { "--listen=[::1]:0", NULL };
    ck_assert_int_eq(load(&request, &config, arguments), OK);
    file_write("queue_max = 101\nlisten = [::1]:1\ncurrency = EUR\n");
    ck_assert_int_eq(config_reload(&request.ctx, &config, &again), OK);
    ck_assert_int_eq(again.queue_max, 101);
    ck_assert_str_eq(again.listen, "[::1]:0");
    ck_assert_int_eq(again.log_level, LOG_INFO);
    struct buffer buffer = { .arena = &request.arena };
    config_differences(&buffer, &config, &again);
    ck_assert_str_eq(buffer_string(&buffer), "currency, log_level, queue_max");

    file_write("nothing\n");
    ck_assert_int_eq(config_reload(&request.ctx, &config, &again), ERR_CONFIG);
}
END_TEST

START_TEST(test_missing_file)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    unlink(path);
    ck_assert_int_eq(load(&request, &config, NULL), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(request.ctx.failure.detail, path));
    if (access("/etc/funneld/funneld.conf", F_OK) == 0)
        return; /* this machine has a default file of its own */
    failure_clear(&request.ctx);
    char *argv[] = { (char[]){ "funneld" }, NULL };
    int argc = 1;
    ck_assert_int_eq(config_load(&request.ctx, &config, &argc, argv), OK);
}
END_TEST

START_TEST(test_folder_as_file)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    unlink(path);
    snprintf(path, sizeof(path), "/tmp");
    ck_assert_int_eq(load(&request, &config, NULL), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(request.ctx.failure.detail, "/tmp: cannot be read"));
    path[0] = '\0';
}
END_TEST

START_TEST(test_bad_files)
{
    static const struct {
        const char *text, *detail; /* what follows the path */
    } cases[] = {
        { "\nlisten = 80\n", ":2: listen must be an address and a port such as 127.0.0.1:8080 or "
                             "[::1]:8080, not \"80\"" },
        { "listn = x\n",
          ":1: listn: no such option (did you mean listen?); funneld --help lists them" },
        { "LISTEN = 127.0.0.1:80\n",
          ":1: LISTEN: no such option (did you mean listen?); funneld --help lists them" },
        { "queue-max = 64\n",
          ":1: queue-max: no such option (did you mean queue_max?); funneld --help lists them" },
        { "workers = 4\n", ":1: workers: no such option; funneld --help lists them" },
        { "queue_max = many\n",
          ":1: queue_max must be a whole number from 16 to 1048576, not \"many\"" },
        { "queue_max = 1048577\n",
          ":1: queue_max must be a whole number from 16 to 1048576, not \"1048577\"" },
        { "http_threads = 1\n", ":1: http_threads must be a whole number from 2 to 16, not \"1\"" },
        { "\n\nlog_level = loud\n",
          ":3: log_level must be debug, info, warn or error, not \"loud\"" },
        { "time_zone = Mars/City\n", ":1: time_zone must be UTC, or a zone of this system such as "
                                     "Europe/Berlin, not \"Mars/City\"" },
        { "currency = usd\n", ":1: currency must be an ISO 4217 code such as EUR, not \"usd\"" },
        { "database =\n", ":1: database must be the path of a file, not \"\"" },
        { "queue_max = 100\nqueue_max = 200\n", ":2: queue_max: is set for a second time" },
        { "listen = 127.0.0.1:80\n  and more\n", ":2: must be \"option = value\" or a # comment" },
        { "[server]\nlisten = 127.0.0.1:80\n",
          ":2: listen: options stand outside of sections such as [section]" },
        { "nonsense\n", ":1: must be \"option = value\" or a # comment" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct config config;
        file_write(cases[i].text);
        ck_assert_msg(load(&request, &config, NULL) == ERR_CONFIG, "accepted %s", cases[i].text);
        ck_assert_int_eq(strncmp(request.ctx.failure.detail, path, strlen(path)), 0);
        ck_assert_str_eq(request.ctx.failure.detail + strlen(path), cases[i].detail);
    }
}
END_TEST

START_TEST(test_line_too_long)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    char text[600] = "\ndatabase = ";
    memset(text + strlen(text), 'x', 500);
    file_write(text);
    ck_assert_int_eq(load(&request, &config, NULL), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(request.ctx.failure.detail, ":2: the line is too long"));
}
END_TEST

START_TEST(test_bad_values_elsewhere_name_their_source)
{
    struct config config;
    _cleanup_(request_done) struct request request;
    request_start(&request);
    setenv("FUNNELD_QUEUE_MAX", "15", 1);
    ck_assert_int_eq(load(&request, &config, NULL), ERR_CONFIG);
    ck_assert_str_eq(request.ctx.failure.detail,
                     "FUNNELD_QUEUE_MAX: queue_max must be a whole number "
                     "from 16 to 1048576, not \"15\"");
    unsetenv("FUNNELD_QUEUE_MAX");
    failure_clear(&request.ctx);
    ck_assert_int_eq(load(&request, &config, (const char *const[]){ "--queue-max=", NULL }),
                     ERR_CONFIG);
    ck_assert_int_eq(strncmp(request.ctx.failure.detail, "--queue-max: queue_max must be", 30), 0);
    failure_clear(&request.ctx);
    ck_assert_int_eq(load(&request, &config, (const char *const[]){ "--queue-max", NULL }),
                     ERR_CONFIG);
    ck_assert_str_eq(request.ctx.failure.detail, "--queue-max: needs a value");
}
END_TEST

START_TEST(test_numbers)
{
    static const char *const bad[] = { " 100", "100 ", "1e3", "0x64", "+100",
                                       "1.5",  "-100", "",    "-",    "99999999999999999999" };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct config config;
        const char *const arguments[] = { "--queue-max", bad[i], NULL };
        ck_assert_msg(load(&request, &config, arguments) == ERR_CONFIG, "accepted \"%s\"", bad[i]);
    }
}
END_TEST

START_TEST(test_listen_addresses)
{
    static const struct {
        const char *listen;
        bool right;
    } cases[] = {
        { "127.0.0.1:8080", true },
        { "[::1]:0", true },
        { "0.0.0.0:65535", true },
        { "localhost:80", true },
        { "[::ffff:1.2.3.4]:1", true },
        { "127.0.0.1:65536", false },
        { "127.0.0.1", false },
        { ":8080", false },
        { "::1:8080", false },
        { "[::1]", false },
        { "[]:80", false },
        { "127.0.0.1:", false },
        { "127.0.0.1:-1", false },
        { "127.0.0.1:-0", false },
        { "127.0.0.1:80 ", false },
        { "http://127.0.0.1:80", false },
        { "", false },
        { "127.0.0.1:000080", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct config config;
        const char *const arguments[] = { "--listen", cases[i].listen, NULL };
        ck_assert_msg((load(&request, &config, arguments) == OK) == cases[i].right, "\"%s\"",
                      cases[i].listen);
    }
}
END_TEST

START_TEST(test_lists)
{
    static const struct {
        const char *option, *value;
        bool right;
    } cases[] = {
        { "--trusted-proxies", "", true },
        { "--trusted-proxies", "127.0.0.1, 10.0.0.0/8 fd00::/8", true },
        { "--trusted-proxies", "proxy.example.com", false },
        { "--trusted-proxies", "10.0.0.0/33", false },
        { "--cors-origins", "", true },
        { "--cors-origins", "https://a.example, http://localhost:3000 http://[::1]:80", true },
        { "--cors-origins", "*", false },
        { "--cors-origins", "null", false },
        { "--cors-origins", "https://", false },
        { "--cors-origins", "a.example", false },
        { "--cors-origins", "https://a.example/", false },
        { "--cors-origins", "https://a.example https://A.example", false },
        { "--cors-origins", "https://me@a.example", false },
        { "--cors-origins", "ftp://a.example", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct config config;
        const char *const arguments[] = { cases[i].option, cases[i].value, NULL };
        ck_assert_msg((load(&request, &config, arguments) == OK) == cases[i].right, "%s \"%s\"",
                      cases[i].option, cases[i].value);
    }
}
END_TEST

START_TEST(test_other_arguments_stay_in_order)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config;
    static const char *const given[] = { "funneld",
                                         "key",
                                         "--listen=127.0.0.1:1",
                                         "create",
                                         "--name",
                                         "N",
                                         "--config",
                                         path,
                                         "--queue-max",
                                         "77",
                                         "--queue_max=1",
                                         "--listening=x",
                                         "--",
                                         "--database=x" };
    static const char *const kept[] = { "funneld",       "key", "create",
                                        "--name",        "N",   "--queue_max=1",
                                        "--listening=x", "--",  "--database=x" };
    char *argv[ARRAY_SIZE(given) + 1] = { NULL };
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        argv[i] = (char *)(uintptr_t)given[i];
    int argc = ARRAY_SIZE(given);
    ck_assert_int_eq(config_load(&request.ctx, &config, &argc, argv), OK);
    ck_assert_int_eq(argc, ARRAY_SIZE(kept));
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        ck_assert_str_eq(argv[i], kept[i]);
    ck_assert_ptr_null(argv[argc]);
    ck_assert_int_eq(config.queue_max, 77);
    ck_assert_str_eq(config.listen, "127.0.0.1:1");
    ck_assert_str_eq(config.database, "/var/lib/funneld/funneld.db");
}
END_TEST

static const char *example(struct arena *arena)
{
    struct buffer buffer = { .arena = arena };
    config_example(&buffer);
    return buffer_string(&buffer);
}

START_TEST(test_shipped_file_is_the_example)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    const char *source = getenv("FUNNELD_TEST_SOURCE");
    char name[4096];
    snprintf(name, sizeof(name), "%s/config/funneld.conf", source == NULL ? "." : source);
    FILE *file = fopen(name, "r");
    ck_assert_msg(file != NULL, "cannot read %s", name);
    static char text[65536];
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    ck_assert_msg(
        strcmp(text, example(&request.arena)) == 0,
        "config/funneld.conf and server/base/options.def differ; write: funneld config example");
}
END_TEST

/* With the options no longer commented out, the example still means the defaults. */
START_TEST(test_example_loads_as_the_defaults)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config defaults, config;
    ck_assert_int_eq(load(&request, &defaults, NULL), OK);
    struct buffer buffer = { .arena = &request.arena };
    size_t options = 0;
    for (const char *line = example(&request.arena); *line != '\0';) {
        size_t bytes = strcspn(line, "\n") + 1;
        bool option = line[0] == '#' && line[1] != ' ';
        buffer_append(&buffer, line + option, bytes - option);
        options += option;
        line += bytes;
    }
    file_write(buffer_string(&buffer));
    ck_assert_msg(load(&request, &config, NULL) == OK, "%s", request.ctx.failure.detail);
    static const char *const members[] = {
#define OPTION_TEXT(member, fallback, help) #member,
#define OPTION_INT(member, fallback, min, max, help) #member,
#define OPTION_NAME(member, fallback, names, help) #member,
#include "options.def"
#undef OPTION_TEXT
#undef OPTION_INT
#undef OPTION_NAME
    };
    ck_assert_uint_eq(options, ARRAY_SIZE(members));
#define OPTION_TEXT(member, fallback, help) ck_assert_str_eq(config.member, defaults.member);
#define OPTION_INT(member, fallback, min, max, help)                                               \
    ck_assert_int_eq(config.member, defaults.member);
#define OPTION_NAME(member, fallback, names, help) ck_assert_int_eq(config.member, defaults.member);
#include "options.def"
#undef OPTION_TEXT
#undef OPTION_INT
#undef OPTION_NAME
}
END_TEST

START_TEST(test_show_is_a_file_that_means_the_same)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct config config, again;
    static const char *const arguments[] = { "--listen=[::1]:0", "--log-level=warn",
                                             "--queue-max=77", "--database=/tmp/a b.db", NULL };
    ck_assert_int_eq(load(&request, &config, arguments), OK);
    struct buffer shown = { .arena = &request.arena }, shown_again = { .arena = &request.arena };
    config_show(&shown, &config);
    file_write(buffer_string(&shown));
    ck_assert_msg(load(&request, &again, NULL) == OK, "%s", request.ctx.failure.detail);
    config_show(&shown_again, &again);
    ck_assert_str_eq(buffer_string(&shown), buffer_string(&shown_again));
    ck_assert_int_eq(again.queue_max, 77);
    ck_assert_str_eq(again.database, "/tmp/a b.db");
}
END_TEST

START_TEST(test_help_names_every_flag)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct buffer buffer = { .arena = &request.arena };
    config_help(&buffer);
    const char *help = buffer_string(&buffer);
    ck_assert_ptr_nonnull(strstr(help, "  --config=FILE "));
    ck_assert_ptr_nonnull(strstr(help, "[127.0.0.1:8080]\n"));
    ck_assert_ptr_nonnull(strstr(help, "  --log-level=NAME "));
    ck_assert_ptr_nonnull(strstr(help, "[info; debug, info, warn or error]\n"));
    ck_assert_ptr_nonnull(strstr(help, "  --queue-max=N "));
    ck_assert_ptr_nonnull(strstr(help, "[4096; 16 to 1048576]\n"));
}
END_TEST

void config_tests(Suite *suite)
{
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, config_setup, config_teardown);
    tcase_add_test(tests, test_defaults);
    tcase_add_test(tests, test_file_then_environment_then_flags);
    tcase_add_test(tests, test_file_is_named_by_the_environment);
    tcase_add_test(tests, test_variables_of_the_environment);
    tcase_add_test(tests, test_reload);
    tcase_add_test(tests, test_missing_file);
    tcase_add_test(tests, test_folder_as_file);
    tcase_add_test(tests, test_bad_files);
    tcase_add_test(tests, test_line_too_long);
    tcase_add_test(tests, test_bad_values_elsewhere_name_their_source);
    tcase_add_test(tests, test_numbers);
    tcase_add_test(tests, test_listen_addresses);
    tcase_add_test(tests, test_lists);
    tcase_add_test(tests, test_other_arguments_stay_in_order);
    tcase_add_test(tests, test_shipped_file_is_the_example);
    tcase_add_test(tests, test_example_loads_as_the_defaults);
    tcase_add_test(tests, test_show_is_a_file_that_means_the_same);
    tcase_add_test(tests, test_help_names_every_flag);
    suite_add_tcase(suite, tests);
}
