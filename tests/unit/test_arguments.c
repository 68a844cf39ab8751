/* test_arguments.c: from a command line to a command with its options and operands, and that
 * every row of the table of commands is fit to be used and to be helped with. */
#include "unit_cli.h"

#include "server/cli/command.h"

#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 12 };

/* Complaints go to standard error; here nobody wants to read them. */
static void silence(void)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

static size_t words_count(const char *const *words)
{
    size_t count = 0;
    while (count < WORDS_MAX && words[count] != NULL)
        count++;
    return count;
}

START_TEST(test_commands_are_found)
{
    static const struct {
        const char *words[4];
        const char *command; /* NULL: none */
        size_t used;
    } lines[] = {
        { { "serve" }, "serve", 1 },
        { { "key", "create", "--name" }, "key create", 2 },
        { { "key", "list" }, "key list", 2 },
        { { "import", "leads", "x.csv" }, "import leads", 2 },
        { { "import", "stage-events" }, "import stage-events", 2 },
        { { "help", "key", "create" }, "help", 1 },
        { { "--version" }, "--version", 1 },
        { { "key" }, NULL, 0 },
        { { "key", "creat" }, NULL, 0 },
        { { "key create" }, NULL, 0 },
        { { "serv" }, NULL, 0 },
        { { "" }, NULL, 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        size_t used;
        const struct command *command =
            command_find(words_count(lines[i].words), (char *const *)lines[i].words, &used);
        ck_assert_msg((command == NULL) == (lines[i].command == NULL), "line %zu", i);
        if (command != NULL)
            ck_assert_str_eq(command->words, lines[i].command);
        ck_assert_uint_eq(used, lines[i].used);
    }
}
END_TEST

static enum status read_words(struct request *request, struct cli *cli, const char *const *words)
{
    size_t used;
    size_t count = words_count(words);
    *cli = (struct cli){ .ctx = &request->ctx };
    cli->command = command_find(count, (char *const *)words, &used);
    ck_assert_ptr_nonnull(cli->command);
    return arguments_read(cli, count - used, (char *const *)words + used);
}

START_TEST(test_options_and_operands)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct cli cli;
    static const char *const words[WORDS_MAX] = {
        "import", "leads", "--map=a=b", "-", "--map", "c=d", "--set", "--odd=", "--errors=",
    };
    ck_assert_int_eq(read_words(&request, &cli, words), STATUS_OK);
    ck_assert_uint_eq(cli.operand_count, 1);
    ck_assert_str_eq(cli.operands[0], "-");
    struct texts maps = option_values(&cli, "--map");
    ck_assert_uint_eq(maps.count, 2);
    ck_assert_str_eq(maps.items[0], "a=b");
    ck_assert_str_eq(maps.items[1], "c=d");
    ck_assert_str_eq(option_value(&cli, "--set"), "--odd=");
    ck_assert_str_eq(option_value(&cli, "--errors"), "");
    ck_assert_ptr_null(option_value(&cli, "--map-value"));
    ck_assert_uint_eq(option_values(&cli, "--map-value").count, 0);
}
END_TEST

START_TEST(test_after_two_dashes_all_are_operands)
{
    _cleanup_(request_done) struct request request;
    request_start(&request);
    struct cli cli;
    static const char *const words[WORDS_MAX] = { "import", "leads", "--", "--map" };
    ck_assert_int_eq(read_words(&request, &cli, words), STATUS_OK);
    ck_assert_str_eq(cli.operands[0], "--map");
}
END_TEST

START_TEST(test_wrong_lines)
{
    static const char *const lines[][WORDS_MAX] = {
        { "serve", "now" },
        { "serve", "--fast" },
        { "key", "create" },
        { "key", "create", "--name", "x" },
        { "key", "create", "--name", "x", "--scopes" },
        { "key", "create", "--name", "x", "--scopes", "read", "--name", "y" },
        { "key", "revoke" },
        { "key", "revoke", "a", "b" },
        { "import", "leads" },
        { "import", "leads", "a.csv", "--maps", "x=y" },
        { "import", "leads", "a.csv", "--ma", "x=y" },
        { "import", "leads", "a.csv", "--errors", "x", "--errors", "y" },
        { "check", "-v" },
    };
    silence();
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        _cleanup_(request_done) struct request request;
        request_start(&request);
        struct cli cli;
        ck_assert_msg(read_words(&request, &cli, lines[i]) == STATUS_USAGE, "line %zu", i);
    }
}
END_TEST

START_TEST(test_every_command_has_help)
{
    for (size_t i = 0; i < command_count; i++) {
        char text[8192] = "";
        const struct command *command = &commands[i];
        FILE *file = fmemopen(text, sizeof(text), "w");
        help_of_command(file, command);
        fclose(file);
        ck_assert_msg(strstr(text, command->words) != NULL, "%s", command->words);
        ck_assert_ptr_nonnull(command->run);
        ck_assert_msg(strlen(command->help) > 0 && strlen(command->help) <= 77, "%s is too long",
                      command->help);
        for (size_t j = 0; j < COMMAND_OPTIONS_MAX && command->options[j].name != NULL; j++)
            ck_assert_msg(strstr(text, command->options[j].help) != NULL, "%s %s", command->words,
                          command->options[j].name);
        for (size_t j = 0; command->fields != NULL && j < command->fields->count; j++)
            ck_assert_msg(strstr(text, command->fields->fields[j].name) != NULL ||
                              command->fields->fields[j].flags & FIELD_HIDDEN,
                          "%s %s", command->words, command->fields->fields[j].name);
    }
}
END_TEST

START_TEST(test_errors_have_a_status)
{
    ck_assert_int_eq(status_of(OK), 0);
    ck_assert_int_eq(status_of(ERR_CONFIG), 78);
    ck_assert_int_eq(status_of(ERR_STORAGE), 75);
    ck_assert_int_eq(status_of(ERR_BUSY), 75);
    ck_assert_int_eq(status_of(ERR_CORRUPT), 1);
    ck_assert_int_eq(status_of(ERR_CONFLICT), 1);
    ck_assert_int_eq(status_of(ERR_VALIDATION), 1);
}
END_TEST

START_TEST(test_output_is_safe_for_a_terminal)
{
    char text[64] = "";
    FILE *file = fmemopen(text, sizeof(text), "w");
    output_text(file, "a\x1b[31m\n\x7f\xc3\xa4");
    fclose(file);
    ck_assert_str_eq(text, "a?[31m??\xc3\xa4");
}
END_TEST

void arguments_tests(Suite *suite)
{
    TCase *tests = tcase_create("arguments");
    tcase_add_test(tests, test_commands_are_found);
    tcase_add_test(tests, test_options_and_operands);
    tcase_add_test(tests, test_after_two_dashes_all_are_operands);
    tcase_add_test(tests, test_wrong_lines);
    tcase_add_test(tests, test_every_command_has_help);
    tcase_add_test(tests, test_errors_have_a_status);
    tcase_add_test(tests, test_output_is_safe_for_a_terminal);
    suite_add_tcase(suite, tests);
}
